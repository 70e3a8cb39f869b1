"""fede ca: what it issues is judged by OpenSSL, GnuTLS, curl and by fede itself; every flaw is noticed by them."""
import os
import socket
import stat
import subprocess
import time

tests = []
# What fede says of each flaw, and whether OpenSSL notices it too. wrong-order is put right by every path builder.
FLAWS = {"expired": "cert_expired", "future": "cert_not_yet_valid", "wrong-name": "cert_name_mismatch",
         "self-signed": "cert_self_signed", "no-issuer": "cert_unknown_issuer", "weak-key": "cert_weak_key", "sha1": "cert_algorithm",
         "no-san": "cert_no_names", "bad-signature": "cert_signature", "not-a-ca": "cert_not_ca",
         "path-too-long": "cert_path_length", "constraint-broken": "cert_name_constraint", "revoked": "cert_revoked",
         "no-staple": "cert_staple_missing"}


def test(function):
    tests.append(function)
    return function


def expect(ok, message):
    if not ok:
        raise AssertionError(message)


skipped = {}  # what could not be judged here: the reason, once each


def skip(reason):
    skipped[reason] = True


def ca(s, *arguments, code=0):
    done = subprocess.run([s.fede, "ca", *arguments], cwd=s.place, capture_output=True, text=True, timeout=60)
    expect(done.returncode == code, f"fede ca {' '.join(arguments)}: exit {done.returncode}, wanted {code}: {done.stderr}")
    return done.stdout


def openssl_accepts(s, root, file, name, *more):
    """Leaf and intermediates stand in one file."""
    out = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root, "-untrusted", file,
                          "-auth_level", "2", "-verify_hostname" if name[0].isalpha() else "-verify_ip", name, *more, file],
                         cwd=s.place, capture_output=True, text=True, timeout=60)
    return out.returncode == 0, out.stdout + out.stderr


def gnutls_accepts(s, root, file, name):
    out = subprocess.run(["certtool", "--verify", "--load-ca-certificate", root, "--infile", file, "--verify-hostname", name,
                          "--verify-purpose", "1.3.6.1.5.5.7.3.1"], cwd=s.place, capture_output=True, text=True, timeout=60)
    return out.returncode == 0, out.stdout + out.stderr


@test
def every_kind_of_key(s):
    for kind in ("p256", "p384", "p521", "ed25519", "rsa", "rsa:3072"):
        folder = "kind-" + kind.replace(":", "")
        ca(s, "init", "--ca", folder, "--key", kind)
        ca(s, "issue", "--ca", folder, "--key", kind, "localhost", "127.0.0.1", "::1", "*.example.test")
        for name in ("localhost", "127.0.0.1", "www.example.test"):
            s.run("--profile", "web", "--cacert", f"{folder}/ca.pem", "--name", name, f"{folder}/localhost.pem")
            ok, out = openssl_accepts(s, f"{folder}/ca.pem", f"{folder}/localhost.pem", name)
            expect(ok, f"openssl, {kind}, {name}: {out}")
        ok, out = gnutls_accepts(s, f"{folder}/ca.pem", f"{folder}/localhost.pem", "localhost")
        expect(ok, f"certtool, {kind}: {out}")
        for file in ("ca.key", "localhost.key"):
            expect(stat.S_IMODE(os.stat(s.path(f"{folder}/{file}")).st_mode) == 0o600, f"{file} is for its owner alone")
        expect(s.openssl("pkey", "-in", f"{folder}/localhost.key", "-pubout") ==
               s.openssl("x509", "-in", f"{folder}/localhost.pem", "-pubkey", "-noout"), "key and certificate belong together")


@test
def nothing_is_written_over(s):
    ca(s, "init", "--ca", "keep")
    before = open(s.path("keep/ca.key")).read()
    ca(s, "init", "--ca", "keep", code=1)
    ca(s, "issue", "--ca", "keep", "a.test")
    ca(s, "issue", "--ca", "keep", "a.test", code=1)
    expect(open(s.path("keep/ca.key")).read() == before, "the key is as it was")


@test
def every_flaw_is_noticed(s):
    ca(s, "init", "--ca", "flawed")
    for flaw, reason in FLAWS.items():
        ca(s, "issue", "--ca", "flawed", "--flaw", flaw, "localhost", "-o", f"flawed/{flaw}")
        file, root = f"flawed/{flaw}.pem", "flawed/ca.pem"
        more = {"revoked": ("--crl", "flawed/revoked.crl"), "no-staple": ("--must-staple",)}.get(flaw, ())
        said = s.json("--cacert", root, "--name", "localhost", *more, file, code=7)["verification"]["reason"]
        expect(said == reason, f"{flaw}: fede says {said}, wanted {reason}")
        if flaw == "revoked":
            ok, out = openssl_accepts(s, root, file, "localhost", "-crl_check", "-CRLfile", "flawed/revoked.crl")
        else:
            ok, out = openssl_accepts(s, root, file, "localhost")
        # OpenSSL takes the common name where there is no other, and asks for no response by itself.
        expect(not ok or flaw in ("no-san", "no-staple"), f"{flaw}: openssl accepts it: {out}")
        if flaw not in ("no-san", "no-staple", "revoked"):
            ok, out = gnutls_accepts(s, root, file, "localhost")
            expect(not ok or flaw == "weak-key", f"{flaw}: certtool accepts it: {out}")


@test
def wrong_order(s):
    ca(s, "init", "--ca", "order")
    ca(s, "issue", "--ca", "order", "--flaw", "wrong-order", "localhost")
    out = s.run("--cacert", "order/ca.pem", "--name", "localhost", "order/localhost.pem")
    expect("out of order" in out and "accepted" in out, out)


@test
def intermediate_with_constraints(s):
    ca(s, "init", "--ca", "top")
    ca(s, "init", "--ca", "top/mid", "--parent", "top", "--path-length", "0", "--permit", "example.test", "--permit", "10.0.0.0/8",
       "--exclude", "bad.example.test", "--subject", "C=NL, O=Example\\, Inc., CN=Mid")
    for name, fits in (("www.example.test", True), ("10.1.2.3", True), ("other.test", False), ("x.bad.example.test", False),
                       ("11.0.0.1", False)):
        ca(s, "issue", "--ca", "top/mid", name)
        file = f"top/mid/{name}.pem"
        s.run("--cacert", "top/ca.pem", "--name", name, file, code=0 if fits else 7)
        ok, out = openssl_accepts(s, "top/ca.pem", file, name)
        expect(ok == fits, f"openssl, {name}: {out}")
    expect("Example, Inc." in s.openssl("x509", "-in", "top/mid/ca.pem", "-noout", "-subject", "-nameopt", "utf8"), "the comma")
    ca(s, "init", "--ca", "top/deep", "--parent", "top/mid")
    ca(s, "issue", "--ca", "top/deep", "www.example.test")
    s.run("--cacert", "top/ca.pem", "--name", "www.example.test", "top/deep/www.example.test.pem", code=7)


@test
def requests(s):
    ca(s, "init", "--ca", "sign")
    for kind in (("rsa:2048",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), ("ed25519",)):
        s.openssl("req", "-newkey", *kind, "-nodes", "-keyout", "ask.key", "-out", "ask.csr", "-subj", "/O=Asker/CN=ask.test", "-addext",
                  "subjectAltName=DNS:ask.test,DNS:www.ask.test")
        with open(s.path("asked.pem"), "w") as f:
            f.write(ca(s, "sign", "--ca", "sign", "ask.csr"))
        s.run("--cacert", "sign/ca.pem", "--profile", "web", "--name", "www.ask.test", "asked.pem")
        ok, out = openssl_accepts(s, "sign/ca.pem", "asked.pem", "www.ask.test")
        expect(ok and s.openssl("pkey", "-in", "ask.key", "-pubout") == s.openssl("x509", "-in", "asked.pem", "-pubkey", "-noout"), out)
    with open(s.path("asked.pem"), "w") as f:
        f.write(ca(s, "sign", "--ca", "sign", "--name", "only.test", "ask.csr"))
    s.run("--cacert", "sign/ca.pem", "--name", "only.test", "asked.pem")
    s.run("--cacert", "sign/ca.pem", "--name", "ask.test", "asked.pem", code=7)
    # Without a subject the names are critical, RFC 5280 4.1.2.6; with one they are not.
    s.openssl("req", "-new", "-key", "ask.key", "-out", "bare.csr", "-subj", "/", "-addext", "subjectAltName=DNS:bare.test")
    for request, critical, more in (("bare.csr", True, ()), ("bare.csr", True, ("--name", "bare.test")), ("ask.csr", False, ("--name", "bare.test"))):
        with open(s.path("bare.pem"), "w") as f:
            f.write(ca(s, "sign", "--ca", "sign", *more, request))
        shown = s.openssl("x509", "-in", "bare.pem", "-noout", "-ext", "subjectAltName")
        expect(("critical" in shown) == critical, f"{request} {more}: {shown}")
        s.run("--cacert", "sign/ca.pem", "--name", "bare.test", "bare.pem")
    s.openssl("req", "-in", "ask.csr", "-outform", "DER", "-out", "ask.der")
    der = open(s.path("ask.der"), "rb").read()
    for at in range(0, len(der), 3):
        s.write("bad.der", der[:at] + bytes([der[at] ^ 4]) + der[at + 1:])
        ca(s, "sign", "--ca", "sign", "bad.der", code=3)
    ca(s, "sign", "--ca", "sign", "sign/ca.pem", code=3)


@test
def revocation(s):
    ca(s, "init", "--ca", "rev")
    for name in ("one.test", "two.test"):
        ca(s, "issue", "--ca", "rev", name)
    ca(s, "revoke", "--ca", "rev", "--reason", "1", "rev/one.test.pem")
    ca(s, "crl", "--ca", "rev", "-o", "rev/list.crl")
    listed = s.openssl("crl", "-in", "rev/list.crl", "-noout", "-text", "-CAfile", "rev/ca.pem")
    serial = s.openssl("x509", "-in", "rev/one.test.pem", "-noout", "-serial").split("=")[1].strip()
    expect(serial in listed and "Key Compromise" in listed and "verify OK" in listed, listed)
    s.run("--cacert", "rev/ca.pem", "--crl", "rev/list.crl", "rev/one.test.pem", code=7)
    s.run("--cacert", "rev/ca.pem", "--crl", "rev/list.crl", "--profile", "web", "rev/two.test.pem")
    ok, out = openssl_accepts(s, "rev/ca.pem", "rev/two.test.pem", "two.test", "-crl_check", "-CRLfile", "rev/list.crl")
    expect(ok, out)
    expect("BEGIN X509 CRL" in ca(s, "crl", "--ca", "rev"), "to standard output")


@test
def ocsp_responses_are_those_of_openssl(s):
    ca(s, "init", "--ca", "ocsp")
    for name in ("good.test", "bad.test"):
        ca(s, "issue", "--ca", "ocsp", name)
    ca(s, "revoke", "--ca", "ocsp", "--reason", "1", "ocsp/bad.test.pem")
    for name, says, code in (("good.test", "good", 0), ("bad.test", "revoked", 7)):
        ca(s, "ocsp", "--ca", "ocsp", "-o", f"ocsp/{name}.ocsp", f"ocsp/{name}.pem")
        said = s.openssl("ocsp", "-respin", f"ocsp/{name}.ocsp", "-issuer", "ocsp/ca.pem", "-cert", f"ocsp/{name}.pem",
                         "-CAfile", "ocsp/ca.pem")
        expect(f"{name}.pem: {says}" in said, said)
        s.run("--cacert", "ocsp/ca.pem", "--staple", f"ocsp/{name}.ocsp", "--name", name, f"ocsp/{name}.pem", code=code)
    s.run("--cacert", "ocsp/ca.pem", "--staple", "ocsp/bad.test.ocsp", "ocsp/good.test.pem", code=7)
    ca(s, "ocsp", "--ca", "ocsp", "ocsp/ca.key", code=3)


@test
def content(s):
    ca(s, "init", "--ca", "full", "--subject", "C=NL, ST=Utrecht, L=Utrecht, O=Example, OU=Tests, CN=Root")
    ca(s, "issue", "--ca", "full", "--serial", "0102ff", "--not-before", "2026-01-01", "--not-after", "2051-06-30T12:34:56Z", "--policy",
       "2.23.140.1.2.1", "--must-staple", "--ocsp-url", "http://o.test/", "--issuer-url", "http://i.test/ca.der", "--crl-url",
       "http://c.test/x.crl", "--purpose", "server", "site.test", "me@site.test", "https://site.test/me")
    text = s.openssl("x509", "-in", "full/site.test.pem", "-noout", "-text")
    for part in ("66303", "Not After : Jun 30 12:34:56 2051 GMT", "2.23.140.1.2.1", "status_request", "OCSP - URI:http://o.test/",
                 "CA Issuers - URI:http://i.test/ca.der", "URI:http://c.test/x.crl", "email:me@site.test",
                 "URI:https://site.test/me", "C = NL, ST = Utrecht, L = Utrecht"):
        expect(part in text, f"{part} is not in:\n{text}")


@test
def refusals(s):
    ca(s, "init", "--ca", "refuse")
    for wrong in (("issue", "--ca", "nowhere", "a.test"), ("issue", "--ca", "refuse", "not a name"), ("init", "--ca", "r2", "--subject", "X"),
                  ("init", "--ca", "r3", "--permit", "10.0.0.0/99"), ("issue", "--ca", "refuse", "--policy", "1.x", "b.test"),
                  ("revoke", "--ca", "refuse", "missing.pem"), ("issue", "--ca", "refuse", "--not-after", "2000-01-01", "c.test")):
        ca(s, *wrong, code=3)
    for wrong in ((), ("sing",), ("issue", "--ca", "refuse"), ("issue", "--ca", "refuse", "--flaw", "none", "a.test"),
                  ("init", "--key", "rsa:512"), ("issue", "--ca", "refuse", "--serial", "80", "a.test")):
        ca(s, *wrong, code=2)
    left = sorted(os.listdir(s.path("refuse")))
    expect(left == ["ca.key", "ca.pem"], f"nothing is left behind: {left}")


@test
def curl_and_fede_connect(s):
    ca(s, "init", "--ca", "net")
    ca(s, "issue", "--ca", "net", "localhost", "127.0.0.1")
    ca(s, "issue", "--ca", "net", "--flaw", "expired", "localhost", "-o", "net/expired")
    for file, code in (("localhost", 0), ("expired", 7)):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen([s.fede, "serve", "--listen", f"127.0.0.1:{port}", "--cert", f"net/{file}.pem", "--key",
                                   f"net/{file}.key", "--www"], cwd=s.place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            url = f"https://127.0.0.1:{port}/"
            curl = subprocess.run(["curl", "-sS", "--cacert", "net/ca.pem", url], cwd=s.place, capture_output=True, timeout=30)
            expect((curl.returncode == 0) == (code == 0), f"curl, {file}: {curl.returncode} {curl.stderr}")
            own = subprocess.run([s.fede, "connect", "-q", "--cacert", "net/ca.pem", url], cwd=s.place, capture_output=True, timeout=30)
            expect(own.returncode == code, f"fede connect, {file}: {own.returncode}")
            s.run("--cacert", "net/ca.pem", f"127.0.0.1:{port}", code=code)
        finally:
            server.terminate()
            server.wait(20)


@test
def kinds_of_validation(s):
    """DV, OV, IV or EV: the row that says how the owner was checked, by the policies of the CA/Browser Forum."""
    ca(s, "init", "--ca", "kinds")
    for policy, kind in (("2.23.140.1.1", "EV, extended validation"), ("2.23.140.1.2.1", "DV, domain validated"), ("2.23.140.1.2.2", "OV, organisation validated"),
                         ("2.23.140.1.2.3", "IV, individual validated"), (None, "no policy says how its owner was checked")):
        name = f"kinds/{policy or 'none'}"
        ca(s, "issue", "--ca", "kinds", *(["--policy", policy] if policy else []), "-o", name, "site.test")
        card = s.json(f"{name}.pem")["certificates"][0]
        expect(kind in card["kind"], f"{policy}: {card['kind']}")
        expect(kind in " ".join(s.run(f"{name}.pem").split()), f"{policy} in the card")


@test
def validity_as_asked_for(s):
    ca(s, "init", "--ca", "valid", "--days", "30")
    ca(s, "issue", "--ca", "valid", "--days", "7", "-o", "valid/week", "site.test")
    ca(s, "issue", "--ca", "valid", "--not-before", "2026-01-02T03:04:05Z", "--not-after", "2027-01-02T03:04:05Z", "-o", "valid/exact", "site.test")
    dates = s.openssl("x509", "-in", "valid/exact.pem", "-noout", "-dates")
    expect("notBefore=Jan  2 03:04:05 2026" in dates and "notAfter=Jan  2 03:04:05 2027" in dates, dates)
    for name, days in (("ca", 30), ("week", 7)):
        s.openssl("x509", "-in", f"valid/{name}.pem", "-noout", "-checkend", str(days * 86400 - 7200))
        expect("will expire" in s.openssl("x509", "-in", f"valid/{name}.pem", "-noout", "-checkend", str(days * 86400 + 7200), ok=False), f"{name}: {days} days")
