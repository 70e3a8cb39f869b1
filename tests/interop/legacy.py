"""The quarantine with other libraries, both roles: static RSA, DHE over the groups of RFC 7919, CBC with each hash, with and
without encrypt-then-MAC. What a peer can't do at all is not asked of it; NSS, Go and Java know no encrypt-then-MAC."""
import threading

import clients
import servers
from cases import Case
from tools import Failed, Process, Unable, converse, free_port, wait_for_port

PERMIT = ("--legacy", "rsa,dhe,cbc", "--legacy-until", "2099-12-31", "--legacy-reason", "interoperation is tested")
LINE = b"once more\n"
KX = {"ECDHE-RSA": "ECDHE-RSA-", "ECDHE-ECDSA": "ECDHE-ECDSA-", "DHE-RSA": "DHE-RSA-", "RSA": ""}
IDS = {  # by key exchange and protection: code points
    "RSA": {"AES128-SHA": "002F", "AES256-SHA": "0035", "AES128-SHA256": "003C", "AES256-SHA256": "003D",
            "AES128-GCM-SHA256": "009C", "AES256-GCM-SHA384": "009D"},
    "DHE-RSA": {"AES128-SHA": "0033", "AES256-SHA": "0039", "AES128-SHA256": "0067", "AES256-SHA256": "006B",
                "AES128-GCM-SHA256": "009E", "AES256-GCM-SHA384": "009F", "CHACHA20-POLY1305": "CCAA"},
    "ECDHE-RSA": {"AES128-SHA": "C013", "AES256-SHA": "C014", "AES128-SHA256": "C027", "AES256-SHA384": "C028"},
    "ECDHE-ECDSA": {"AES128-SHA": "C009", "AES256-SHA": "C00A", "AES128-SHA256": "C023", "AES256-SHA384": "C024"},
}
GNUTLS_CIPHER = {
    "AES128-GCM-SHA256": "+AES-128-GCM:+AEAD", "AES256-GCM-SHA384": "+AES-256-GCM:+AEAD",
    "CHACHA20-POLY1305": "+CHACHA20-POLY1305:+AEAD", "AES128-SHA": "+AES-128-CBC:+SHA1", "AES256-SHA": "+AES-256-CBC:+SHA1",
    "AES128-SHA256": "+AES-128-CBC:+SHA256", "AES256-SHA256": "+AES-256-CBC:+SHA256", "AES256-SHA384": "+AES-256-CBC:+SHA384",
}
FIELDS = {"ffdhe2048": "FFDHE2048", "ffdhe3072": "FFDHE3072", "ffdhe4096": "FFDHE4096"}
ALL = [(kx, cipher) for kx, ciphers in IDS.items() for cipher in ciphers]
GO = [(k, c) for k, c in ALL if k != "DHE-RSA" and c not in ("AES256-SHA256", "AES256-SHA384")]
WOLFSSL = [(k, c) for k, c in ALL if k != "RSA"]
JAVA = [(k, c) for k, c in ALL if c != "CHACHA20-POLY1305"]


def is_cbc(cipher):
    return "GCM" not in cipher and "CHACHA" not in cipher


def key_of(kx):
    return "p256" if kx == "ECDHE-ECDSA" else "rsa"


def openssl_name(kx, cipher):
    return KX[kx] + cipher


def iana_name(kx, cipher):
    aes, _, mac = cipher.partition("-")
    if aes == "CHACHA20":
        return "TLS_%s_WITH_CHACHA20_POLY1305_SHA256" % kx.replace("-", "_")
    middle = "AES_%s_%s" % (aes[3:], mac.replace("-", "_")) if "GCM" in cipher else "AES_%s_CBC_%s" % (aes[3:], mac)
    return "TLS_%s_WITH_%s" % (kx.replace("-", "_"), middle)


def priority(kx, ciphers, etm, field="ffdhe2048"):
    words = f"NONE:+VERS-TLS1.2:+{kx}:{':'.join(GNUTLS_CIPHER[c] for c in ciphers)}:+COMP-NULL:+SIGN-ALL:+CTYPE-ALL"
    words += f":+GROUP-{FIELDS[field]}" if kx == "DHE-RSA" else ":+GROUP-SECP256R1:+GROUP-X25519"
    return words + ("" if etm else ":%NO_ETM")


# ---- fede is the client --------------------------------------------------------------------------------------------


def ask(scene, port, answer, kx, cipher, options=(), etm=None):
    """One connection of fede's client; etm, and a group among the options, must be what was agreed on."""
    send, enough = {
        "echo": (LINE, lambda o: o == LINE),
        "rev": (LINE, lambda o: o == LINE[-2::-1] + b"\n"),
        "http": (b"GET /hello HTTP/1.0\r\n\r\n", lambda o: b"200 OK" in o),
    }[answer]
    words = (*PERMIT, "--ciphers", openssl_name(kx, cipher), *options)
    _, agreed = scene.fede(port, send, enough, None, options=words)
    if agreed["choice"]["cipher_suite"]["number"] != int(IDS[kx][cipher], 16):
        raise Failed(f"another suite: {agreed['choice']['cipher_suite']}")
    told = agreed["choice"].get("quarantine", {})
    if (told.get("until"), told.get("reason")) != ("2099-12-31", PERMIT[-1]) or not told.get("used"):
        raise Failed(f"the story tells of the permission: {told}")
    if etm is not None and is_cbc(cipher) and ("'server_hello.extensions.encrypt_then_mac'" in str(agreed)) != etm:
        raise Failed(f"{cipher}: encrypt-then-MAC: {not etm}")
    if "--groups" in options and agreed["choice"]["group"]["name"] != options[-1]:
        raise Failed(f"another group: {agreed['choice']['group']}")


def to_openssl(scene, kx, etm):
    peer = servers.OpenSSL(scene.place)
    port = peer.listen(key_of(kx), "-cipher", "ALL:@SECLEVEL=0", *([] if etm else ["-no_etm"]))
    try:
        for cipher in IDS[kx]:
            if etm or is_cbc(cipher):
                ask(scene, port, "rev", kx, cipher, etm=etm)
    finally:
        peer.stop()


def to_gnutls(scene, kx, etm):
    """One server for each group, with every suite of that key exchange."""
    for field in FIELDS if kx == "DHE-RSA" and etm else ("ffdhe2048",):
        peer = servers.GnuTLS(scene.place)
        port = peer.listen(key_of(kx), "--priority", priority(kx, IDS[kx], etm, field))
        try:
            for cipher in IDS[kx]:
                if is_cbc(cipher) if field == "ffdhe2048" and not etm else field == "ffdhe2048" or "GCM" in cipher:
                    ask(scene, port, "echo", kx, cipher, ("--groups", field) if kx == "DHE-RSA" else (), etm)
        finally:
            peer.stop()


def to_nss(scene, kx):
    folder = f"{scene.place}/nss-legacy-{kx}"
    wrong = servers.nss_database(folder, f"{scene.certs}/{key_of(kx)}.p12")
    if wrong:
        raise Unable(wrong)
    port = free_port()
    suites = "".join(":" + n for n in IDS[kx].values())
    words = f"selfserv -d sql:{folder} -n {key_of(kx)} -p {port} -V tls1.2:tls1.2 -c {suites}".split()
    p = Process(words, log=f"{folder}.log")
    threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
    try:
        wait_for_port(port, p)
        for cipher in IDS[kx]:
            ask(scene, port, "http", kx, cipher)
    finally:
        p.stop()


def to_agent(scene, name, pairs):
    peer = scene.server_peer(name)
    for kx, cipher in pairs:
        if name.startswith("Go") and cipher == "AES128-SHA256":
            continue  # Go's server has it only when told
        ask(scene, peer.port(Case(key_of(kx), "", "secp256r1")), "echo", kx, cipher)


def to_knower(scene, name, pairs, etm):
    """One of our programs around a library that knows encrypt-then-MAC."""
    for kx, cipher in pairs:
        if etm or is_cbc(cipher):
            port = scene.server_peer(name).port(Case(key_of(kx), "", "any"), "legacy" if etm else "legacy-no-etm")
            ask(scene, port, "echo", kx, cipher, etm=etm)


# ---- fede is the server --------------------------------------------------------------------------------------------


class Serve:
    def __init__(self, scene, key, answer="echo", options=()):
        self.port, self.process = scene.tested.start(key, None, answer, (*PERMIT, *options))

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.stop()


def named(kx, options=()):
    return (*options, "--ciphers", ":".join(openssl_name(kx, c) for c in IDS[kx]))


def from_openssl(scene, kx, etm):
    with Serve(scene, key_of(kx), options=named(kx)) as server:
        for cipher in IDS[kx]:
            if not etm and not is_cbc(cipher):
                continue
            words = (
                f"openssl s_client -connect 127.0.0.1:{server.port} -servername localhost -tls1_2 -verify_return_error -quiet "
                f"-no_ign_eof -nocommands -CAfile {scene.certs}/ca.pem -cipher {openssl_name(kx, cipher)}:@SECLEVEL=0"
            ).split() + ([] if etm else ["-no_etm"])
            code, out = converse(words, LINE, lambda o: LINE in o, log=f"{scene.place}/logs/legacy-{kx}-{cipher}.log")
            if LINE not in out:
                raise Failed(f"{cipher}: exit status {code}: {out[-200:]!r}")


def from_gnutls(scene, kx, etm):
    with Serve(scene, key_of(kx), options=named(kx)) as server:
        for cipher in IDS[kx]:
            for field in FIELDS if kx == "DHE-RSA" and "GCM" in cipher else ("ffdhe2048",):
                if not etm and not is_cbc(cipher):
                    continue
                words = (
                    f"gnutls-cli --logfile /dev/stderr --x509cafile {scene.certs}/{key_of(kx)}-root.pem --sni-hostname localhost "
                    f"--verify-hostname localhost --priority {priority(kx, [cipher], etm, field)} -p {server.port} 127.0.0.1"
                ).split()
                code, out = converse(words, LINE, lambda o: LINE in o, log=f"{scene.place}/logs/legacy-g-{kx}-{cipher}.log")
                if LINE not in out:
                    raise Failed(f"{cipher} {field}: exit status {code}: {out[-200:]!r}")


def from_nss(scene, kx):
    folder = f"{scene.place}/nss-legacy-roots-{kx}"
    wrong = servers.nss_database(folder, roots={k: f"{scene.certs}/{k}-root.pem" for k in ("rsa", "p256")})
    if wrong:
        raise Unable(wrong)
    text = open(f"{scene.place}/files/hello.txt", "rb").read()
    with Serve(scene, key_of(kx), "files", options=named(kx)) as server:
        for cipher, number in IDS[kx].items():
            words = f"tstclnt -h 127.0.0.1 -a localhost -p {server.port} -d sql:{folder} -V tls1.2:tls1.2 -c :{number} -f"
            code, out = converse(
                words.split(), b"GET /hello.txt HTTP/1.0\r\n\r\n", lambda o: o.endswith(text),
                log=f"{scene.place}/logs/legacy-n-{kx}-{cipher}.log", stop=True,
            )
            if not out.endswith(text):
                raise Failed(f"{cipher}: exit status {code}: {out[-200:]!r}")


def from_agent(scene, name, pairs):
    words = servers.agents(scene.place)[name]
    peer = clients.Agent(scene.place, name, words)
    peer.start()
    try:
        for kx in IDS:
            with Serve(scene, key_of(kx), options=named(kx)) as server:
                for one, cipher in pairs:
                    if one == kx:
                        peer.connect(Case(key_of(kx), iana_name(kx, cipher), "secp256r1"), server.port)
    finally:
        peer.stop()


def from_knower(scene, name, pairs, etm):
    for kx in IDS:
        with Serve(scene, key_of(kx), options=named(kx)) as server:
            for one, cipher in pairs:
                if one == kx and (etm or is_cbc(cipher)):
                    case = Case(key_of(kx), iana_name(kx, cipher), "secp256r1")
                    scene.client_peer(name).connect(case, server.port, 300, 100, "legacy" if etm else "legacy-no-etm")


TESTS = (
    [(f"{kx}, {'with' if etm else 'without'} encrypt-then-MAC, {way} {n}", f, (kx, etm))
     for kx in IDS for etm in (True, False)
     for way, n, f in (("to", "openssl s_server", to_openssl), ("from", "openssl s_client", from_openssl),
                       ("to", "gnutls-serv", to_gnutls), ("from", "gnutls-cli", from_gnutls))]
    + [(f"{kx}, {way} {n}", f, (kx,)) for kx in IDS
       for way, n, f in (("to", "NSS selfserv", to_nss), ("from", "NSS tstclnt", from_nss))]
    + [(f"{way} {n}", f, (n, pairs)) for n, pairs in (("Go crypto/tls", GO), ("Java JSSE", JAVA))
       for way, f in (("to", to_agent), ("from", from_agent))]
    + [(f"{'with' if etm else 'without'} encrypt-then-MAC, {way} {n}", f, (n, pairs, etm))
       for n, pairs in (("Mbed TLS", ALL), ("wolfSSL", WOLFSSL)) for etm in (True, False)
       for way, f in (("to", to_knower), ("from", from_knower))]
)
