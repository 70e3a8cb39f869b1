"""Who did what: for each thing that TLS 1.2 needs between libraries, which independent stacks did it with fede in each role, read
from the tests that passed. Fewer than the stated number is a failure of a full run; where no five are to be had the reason stands
beside it."""
import re

STACKS = {
    "OpenSSL": r"openssl|nginx|curl|OpenSSL",
    "GnuTLS": r"gnutls",
    "NSS": r"NSS",
    "Go": r"Go crypto/tls",
    "Java": r"Java JSSE",
    "Mbed TLS": r"Mbed TLS",
    "wolfSSL": r"wolfSSL",
    "BearSSL": r"BearSSL",
    "Botan": r"Botan",
}
CLIENT, SERVER = r"(fede -> |\bto )", r"(-> fede|\bfrom )"
TICKETS = "OpenSSL, Go and Java alone renew a ticket that they take"
STATIC = "wolfSSL is built without static RSA; NSS, Go and Java know no encrypt-then-MAC"


def cbc(kx, how):
    """NSS and Java, which have no encrypt-then-MAC, run every suite in tests without the word; Go has not all of them. Our own
    programs run those of each key exchange in one test."""
    words = rf"^(?!fede|ffdhe)({kx}, {how} encrypt-then-MAC|{how} encrypt-then-MAC, \w+ (Mbed TLS{'' if kx == 'RSA' else '|wolfSSL'}))"
    return words if how == "with" else rf"{words}|^{kx}, \w+ NSS|^(to|from) Java"


# what, row of the report, pattern of the test's name, stacks needed with fede as client and as server, why fewer than five
ITEMS = [
    ("resumed by session id", "resumption", r"^(?!two|renewed|tshark).*, id(, \w+)?$|ticket and id", 5, 5, ""),
    ("resumed by ticket", "resumption", r"^(?!two|renewed|tshark).*, ticket", 5, 5, ""),
    ("ticket renewed", "resumption", r"^renewed, ", 3, 5, TICKETS),
    ("client certificate, RSA", "client certificates", r", rsa$", 5, 5, ""),
    ("client certificate, ECDSA", "client certificates", r", p256$", 5, 5, ""),
    ("client certificate, Ed25519", "client certificates", r", ed25519$", 5, 5, ""),
    ("OCSP response stapled", "stapling", r"^(?!a new|refused)", 5, 5, "NSS signs its responses with SHA-1: fede's client says so and refuses them"),
    ("exporter values equal", "exported", r"", 5, 5, ""),
    ("static RSA", "the quarantine", r"^RSA, |^(to|from) (Go|Java)|^with encrypt-then-MAC, \w+ Mbed", 5, 5, ""),
    ("DHE, ffdhe2048", "the quarantine", r"^ffdhe2048, ", 5, 5, ""),
    ("DHE, ffdhe3072", "the quarantine", r"^ffdhe3072, ", 5, 5, ""),
    *((f"CBC, {kx}, {how} encrypt-then-MAC", "the quarantine", cbc(kx, how), 4 if (kx, how) == ("RSA", "with") else 5,
       4 if (kx, how) == ("RSA", "with") else 5, STATIC if (kx, how) == ("RSA", "with") else "")
      for kx in ("RSA", "DHE-RSA", "ECDHE-RSA", "ECDHE-ECDSA") for how in ("with", "without")),
    ("False Start", "False Start", r"nginx", 1, 0, "asked for against nginx; a server does nothing for it"),
]


def who(names, pattern, role):
    """The stacks of the tests that have all of this in their names."""
    found = [n for n in names if re.search(pattern, n) and re.search(role, n)]
    return [stack for stack, words in STACKS.items() if any(re.search(words, n) for n in found)]


def table(report, full):
    """Prints it; in a full run each item is a test too."""
    rows = []
    for what, row, pattern, clients, servers, why in ITEMS:
        names = [name for name, _ in report.rows.get(row, {"passed": []})["passed"]]
        for role, pattern_of, needed in (("client", CLIENT, clients), ("server", SERVER, servers)):
            stacks = who(names, pattern, pattern_of)
            rows.append((what, role, len(stacks), ", ".join(stacks)))
            if full and needed:
                few = f"only {len(stacks)}: {', '.join(stacks)}; {needed} were expected"
                report.add("five stacks in each role", f"{what}, fede is the {role}", "passed" if len(stacks) >= needed else "failed",
                           few if len(stacks) < needed else "")
    width = max(len(what) for what, *_ in rows)
    print(f"\n{'Who did what':{width}}  fede is the")
    for what, role, n, stacks in rows:
        if n:
            print(f"{what if role == 'client' else '':{width}}  {role}  {n}: {stacks}")
    for what, *_, why in ITEMS:
        if why:
            print(f"{what}: {why}")
