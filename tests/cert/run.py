#!/usr/bin/env python3
"""fede cert and fede ca, judged by what OpenSSL makes and says. run.py [--fede PATH] [--only WORD]; ends with `cert: N passed, N failed`.

Keys, certificates, lists and OCSP responses are made by openssl in an empty folder; nothing leaves this machine.
"""
import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import attempts
import ca
import compare
import keys
import lists
import online
import responder
import transparency
import wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEAF = ("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        "subjectAltName={alt}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n{more}")
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
tests = []


def test(function):
    tests.append(function)
    return function


class Scene:
    def __init__(self, fede, place):
        self.fede, self.place = os.path.abspath(fede), place
        for kind, make in (("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            self.openssl("req", "-x509", "-newkey", *make, "-nodes", "-keyout", f"{kind}ca.key", "-out", f"{kind}ca.pem",
                         "-days", "30", "-subj", f"/O=Test/CN={kind} root", "-addext", "basicConstraints=critical,CA:TRUE",
                         "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.issue("mid", "rsaca", CA + "authorityKeyIdentifier=keyid\n", key="rsa")
        self.issue("site", "mid")
        self.issue("ecsite", "ecca")
        self.issue("staple", "rsaca", more="tlsfeature=status_request\n")
        self.join("chain.pem", "site.pem", "mid.pem")

    def path(self, name):
        return os.path.join(self.place, name)

    def openssl(self, *arguments, ok=True, text=None):
        done = subprocess.run(["openssl", *arguments], cwd=self.place, capture_output=True, text=True, timeout=60, input=text)
        if ok and done.returncode:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")
        return done.stdout + done.stderr

    def issue(self, name, ca, extensions=None, more="", alt=None, days="20", key="ec", subject=None, hash="sha256"):
        make = ["rsa:2048"] if key == "rsa" else [key, "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else [key]
        self.openssl("req", "-newkey", *make, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                     subject or f"/O=Test/CN={name}.test")
        with open(self.path(f"{name}.ext"), "w") as f:
            f.write(extensions or LEAF.format(alt=alt or f"DNS:{name}.test,IP:127.0.0.1", more=more))
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days",
                     days, f"-{hash}", "-extfile", f"{name}.ext", "-out", f"{name}.pem")

    def join(self, out, *names):
        with open(self.path(out), "w") as f:
            for name in names:
                with open(self.path(name)) as part:
                    f.write(part.read())

    def der(self, name):
        with open(self.path(name)) as f:
            body = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", f.read(), re.S).group(1)
        return base64.b64decode(body)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)

    def run(self, *arguments, code=0, text=None):
        done = subprocess.run([self.fede, "cert", *arguments], cwd=self.place, capture_output=True, timeout=60, input=text)
        out, err = done.stdout.decode("utf-8", "strict"), done.stderr.decode("utf-8", "replace")
        expect(done.returncode == code, f"fede cert {' '.join(arguments)}: exit {done.returncode}, wanted {code}\n{out[-2000:]}{err}")
        expect(code == 0 or re.search(rf"^exit {code}: ", err, re.M), f"the last line names the code:\n{err}")
        return out

    def json(self, *arguments, code=0):
        return json.loads(self.run(*arguments, "--json", code=code))


def expect(ok, message):
    if not ok:
        raise AssertionError(message)


def holds(text, *parts):
    flat = re.sub(r"\s+", " ", text)
    for part in parts:
        expect(part in flat, f"\"{part}\" is not in:\n{text}")


@test
def card(s):
    out = s.run("site.pem")
    holds(out, "site.pem: 1 certificate", "CN=site.test", "EC P-256", "sha256WithRSAEncryption", "site.test, 127.0.0.1",
          hashlib.sha256(s.der("site.pem")).hexdigest()[:40])


@test
def every_byte_once(s):
    der = s.der("site.pem")
    out = s.run("-vv", "--width", "110", "site.pem")
    bytes_shown = b""
    for line in out.splitlines():
        row = re.match(r"^ {0,5}(\d+)  ((?:[0-9a-f]{2} ?)+)(?:  |$)", line)
        if row:
            expect(int(row.group(1)) == len(bytes_shown), f"the row comes at {len(bytes_shown)}: {line}")
            bytes_shown += bytes.fromhex(row.group(2))
    expect(bytes_shown == der, f"{len(bytes_shown)} of {len(der)} bytes are shown")


@test
def fields_as_openssl_has_them(s):
    fields = s.json("site.pem")["certificates"][0]
    names = json.dumps(fields["fields"])
    serial = s.openssl("x509", "-in", "site.pem", "-noout", "-serial").split("=")[1].strip().lower()
    expect(serial.lstrip("0") in names.replace("0x", ""), "the serial number")
    expect(bytes.fromhex(fields["der"]) == s.der("site.pem"), "the DER")
    offsets = re.findall(r"^\s*(\d+):d=", s.openssl("asn1parse", "-in", "site.pem"), re.M)
    own = set()

    def walk(list):
        for field in list:
            own.add(field["offset"])
            walk(field.get("fields", []))
    walk(fields["fields"])
    missing = [int(o) for o in offsets if int(o) not in own]
    # Tags that only wrap one item share the line of what they wrap.
    expect(len(missing) < len(offsets) // 4, f"of {len(offsets)} nodes {len(missing)} have no field: {missing}")


@test
def digest_a_is_digest_b(s):
    out = s.run("--verify", "--cacert", "rsaca.pem", "--name", "site.test", "chain.pem")
    holds(out, "accepted", "A equals B: the issuer's private key signed exactly these bytes", "digest A", "digest B",
          "DigestInfo names sha256")
    check = [c for c in s.json("--cacert", "rsaca.pem", "chain.pem")["verification"]["checks"] if "signature" in c][0]
    der = s.der("site.pem")
    tbs_len = 4 + int.from_bytes(der[6:8], "big")
    wanted = hashlib.sha256(der[4:4 + tbs_len]).hexdigest()
    expect(check["signature"]["digest_a"] == wanted == check["signature"]["digest_b"], "both are the hash of tbsCertificate")


@test
def a_changed_byte_makes_them_differ(s):
    der = bytearray(s.der("site.pem"))
    at = der.index(b"site.test")
    der[at] ^= 1
    s.write("changed.der", bytes(der))
    s.join("changed-chain.pem", "mid.pem")
    out = s.run("--cacert", "rsaca.pem", "changed.der", "mid.pem", code=7)
    holds(out, "A DIFFERS from B", "signature does NOT verify", "NOT accepted")


@test
def other_signatures_verify(s):
    holds(s.run("--cacert", "ecca.pem", "--name", "ecsite.test", "ecsite.pem"), "accepted",
          "verifies: only the holder of the issuer's private key could make it")


@test
def names(s):
    s.run("--cacert", "ecca.pem", "--name", "127.0.0.1", "ecsite.pem")
    holds(s.run("--cacert", "ecca.pem", "--name", "other.test", "ecsite.pem", code=7), "other.test is not among its names")
    s.run("--cacert", "ecca.pem", "--name", "127.0.0.2", "ecsite.pem", code=7)
    s.run("--cacert", "ecca.pem", "--name", "no name at all", "ecsite.pem", code=7)


@test
def all_problems_are_listed(s):
    out = s.run("--cacert", "ecca.pem", "--name", "other.test", "--attime", "2040-01-01", "ecsite.pem", code=7)
    expect(out.count("✗") >= 3, out)
    holds(out, "name", "validity")


@test
def times(s):
    s.run("--cacert", "ecca.pem", "--attime", "2020-01-01", "ecsite.pem", code=7)
    s.run("--cacert", "ecca.pem", "--attime", "2060-01-01", "ecsite.pem", code=7)


@test
def purposes(s):
    s.issue("onlyclient", "ecca", LEAF.format(alt="DNS:onlyclient.test", more="").replace("serverAuth,clientAuth", "clientAuth"))
    s.run("--cacert", "ecca.pem", "onlyclient.pem", code=7)
    s.run("--cacert", "ecca.pem", "--purpose", "client", "onlyclient.pem")


@test
def missing_intermediate_and_depth(s):
    holds(s.run("--cacert", "rsaca.pem", "site.pem", code=7), "candidates", "none: no certificate of that name was sent")
    s.run("--cacert", "rsaca.pem", "--max-depth", "0", "chain.pem", code=7)
    s.run("--cacert", "rsaca.pem", "--max-depth", "1", "chain.pem")


@test
def order_and_surplus_root(s):
    holds(s.run("site.pem", "mid.pem", "rsaca.pem"), "a root: whoever trusts it has it already")
    holds(s.run("site.pem", "rsaca.pem", "mid.pem"), "out of order")
    holds(s.run("site.pem", "mid.pem", "mid.pem"), "the same as one before it")
    expect("out of order" not in s.run("chain.pem"), "a good chain is in order")
    # Any order is put right by the search for a path.
    s.run("--cacert", "rsaca.pem", "site.pem", "rsaca.pem", "mid.pem")


@test
def candidates(s):
    s.openssl("x509", "-in", "mid.pem", "-outform", "DER", "-out", "mid.der")
    s.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "twin.key", "-out", "twin.pem", "-days", "9", "-subj",
              "/O=Test/CN=mid.test", "-addext", "basicConstraints=critical,CA:TRUE")
    out = s.run("--cacert", "rsaca.pem", "site.pem", "twin.pem", "mid.der")
    holds(out, "certificate 1 of the list: key identifier different, signature does NOT verify",
          "certificate 2 of the list: key identifier equal, signature verifies; taken", "accepted")


@test
def pins_as_openssl_and_curl(s):
    key = subprocess.run(["openssl", "x509", "-in", "site.pem", "-pubkey", "-noout"], cwd=s.place, capture_output=True).stdout
    spki = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], cwd=s.place, capture_output=True, input=key).stdout
    expect(s.run("--pins", "chain.pem").split()[0] == "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode(), "pin")


@test
def conversion(s):
    done = subprocess.run([s.fede, "cert", "--der", "--only", "1", "chain.pem"], cwd=s.place, capture_output=True, timeout=60)
    expect(done.returncode == 0 and done.stdout == s.der("mid.pem"), "DER of the second")
    s.write("site.der", s.der("site.pem"))
    pem = s.run("--pem", "site.der")
    expect(s.openssl("x509", "-outform", "PEM", text=pem) == pem, "PEM as openssl writes it")
    s.run("--pem", "-o", "both.pem", "chain.pem")
    expect(s.run("both.pem").count("SHA-256") == 2, "both")
    s.run("--only", "2", "chain.pem", code=9)


@test
def crl(s):
    with open(s.path("ca.cnf"), "w") as f:
        f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=9\n")
    s.write("index.txt", b"")
    s.write("crlnumber", b"01\n")
    crl = ("ca", "-config", "ca.cnf", "-cert", "ecca.pem", "-keyfile", "ecca.key")
    s.openssl(*crl, "-gencrl", "-out", "empty.crl")
    holds(s.run("--cacert", "ecca.pem", "--crl", "empty.crl", "ecsite.pem"), "not on the revocation list of its issuer", "accepted")
    s.openssl(*crl, "-revoke", "ecsite.pem")
    s.openssl(*crl, "-gencrl", "-out", "full.crl")
    holds(s.run("--cacert", "ecca.pem", "--crl", "full.crl", "ecsite.pem", code=7), "revoked on")
    s.run("--cacert", "rsaca.pem", "--crl", "empty.crl", "chain.pem", code=7)
    s.run("--cacert", "rsaca.pem", "--crl", "empty.crl", "--revocation", "soft", "chain.pem")
    s.run("--cacert", "ecca.pem", "--revocation", "soft", "--crl", "full.crl", "ecsite.pem", code=7)
    s.run("--cacert", "ecca.pem", "--revocation", "hard", "ecsite.pem", code=7)


def respond(s, name, out, *more, ca="rsaca", signer=None, revoked=False):
    """An OCSP response of the CA's index, made by openssl."""
    serial = s.openssl("x509", "-in", f"{name}.pem", "-noout", "-serial").split("=")[1].strip()
    dates = "R\t360101000000Z\t260101000000Z" if revoked else "V\t360101000000Z\t"
    s.write("ocsp.txt", f"{dates}\t{serial}\tunknown\t/CN={name}\n".encode())
    s.openssl("ocsp", "-issuer", f"{ca}.pem", "-cert", f"{name}.pem", "-reqout", "ask.der")
    s.openssl("ocsp", "-index", "ocsp.txt", "-CA", f"{ca}.pem", "-rsigner", f"{signer or ca}.pem", "-rkey", f"{signer or ca}.key",
              "-reqin", "ask.der", "-respout", out, *more)


@test
def ocsp(s):
    base = ("--cacert", "rsaca.pem", "--name", "staple.test", "staple.pem")
    s.run(*base)
    holds(s.run(*base, "--must-staple", code=7), "must-staple")
    expect(s.json(*base, "--must-staple", code=7)["verification"]["reason"] == "cert_staple_missing", "its reason")
    respond(s, "staple", "good.der", "-ndays", "3")
    holds(s.run(*base, "--staple", "good.der", "--must-staple"), "good by the OCSP response", "accepted")
    respond(s, "staple", "bad.der", "-ndays", "3", revoked=True)
    holds(s.run(*base, "--staple", "bad.der", code=7), "by the OCSP response")
    s.run(*base, "--staple", "bad.der", "--revocation", "soft", code=7)
    respond(s, "staple", "unlimited.der")
    holds(s.run(*base, "--staple", "unlimited.der", code=7), "does not say until when")
    late = str(int(time.time()) + 5 * 86400)
    holds(s.run(*base, "--attime", late, "--staple", "good.der", code=7), "out of date")
    holds(s.run("--cacert", "rsaca.pem", "--name", "site.test", "chain.pem", "--staple", "good.der", code=7), "other certificates")
    s.run("--cacert", "rsaca.pem", "--name", "site.test", "chain.pem", "--staple", "good.der", "--revocation", "soft")


@test
def ocsp_of_others(s):
    """Delegates with and without the right to answer; foreign CAs; changed bytes."""
    base = ("--cacert", "rsaca.pem", "--name", "staple.test", "staple.pem")
    eku = LEAF.format(alt="DNS:ocsp.test", more="noCheck=ignored\n")
    s.issue("delegate", "rsaca", eku.replace("serverAuth,clientAuth", "OCSPSigning"))
    s.issue("usurper", "rsaca", eku)
    s.issue("stranger", "ecca", eku.replace("serverAuth,clientAuth", "OCSPSigning"))
    for signer, sentence in (("delegate", None), ("usurper", "may not sign responses"), ("stranger", "was not put in charge")):
        respond(s, "staple", f"{signer}.der", "-ndays", "3", signer=signer)
        out = s.run(*base, "--staple", f"{signer}.der", code=7 if sentence else 0)
        holds(out, sentence or "good by the OCSP response")
    respond(s, "staple", "key.der", "-ndays", "3", "-resp_key_id", signer="delegate")
    s.run(*base, "--staple", "key.der")
    with open(s.path("good.der"), "rb") as f:
        good = f.read()
    unsigned = good.index(s.der("rsaca.pem"))
    for at in range(0, len(good), 7):
        s.write("flipped.der", good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1:])
        done = subprocess.run([s.fede, "cert", *base, "--staple", "flipped.der", "--must-staple", "-q"], cwd=s.place,
                              capture_output=True, timeout=60)
        # Only what is not signed may change without consequence: the certificates that came along.
        expect(done.returncode in (3, 7) or at >= unsigned, f"byte {at} changed: exit {done.returncode}")
    for cut in range(1, len(good), 11):
        s.write("cut.der", good[:cut])
        done = subprocess.run([s.fede, "cert", *base, "--staple", "cut.der", "-q"], cwd=s.place, capture_output=True, timeout=60)
        expect(done.returncode in (3, 7), f"cut at {cut}: exit {done.returncode}")


@test
def findings(s):
    s.run("--lint", "--fail-on", "error", "site.pem")
    s.issue("long", "rsaca", days="900")
    out = s.run("--lint", "--fail-on", "warning", "long.pem", code=10)
    holds(out, "it lives longer than the web allows")
    s.issue("cn", "rsaca", alt="DNS:else.test")
    holds(s.run("--lint", "cn.pem"), "the common name is not among the alternative names")
    s.issue("nosan", "rsaca", LEAF.format(alt="x", more="").replace("subjectAltName=x\n", ""))
    holds(s.run("--lint", "--fail-on", "error", "nosan.pem", code=10), "it has no name that a client would accept")
    s.openssl("req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes", "-keyout", "weak.key", "-out", "weak.pem", "-days", "9",
              "-subj", "/CN=weak.test", "-set_serial", "5", "-addext", "subjectAltName=DNS:weak.test")
    out = s.run("--lint", "--fail-on", "error", "weak.pem", code=10)
    holds(out, "RSA 1024 bits; 2048 are the least")
    s.issue("sha1", "rsaca", hash="sha1")
    holds(s.run("--lint", "sha1.pem"), "sha1WithRSAEncryption")
    holds(s.run("--cacert", "rsaca.pem", "sha1.pem", code=7), "digest A", "SHA-1")
    found = s.json("--lint", "long.pem")["certificates"][0]["findings"]
    expect({"warning", "notice"} <= {f["level"] for f in found}, found)


@test
def must_staple_said(s):
    holds(s.run("staple.pem"), "must-staple")


@test
def live(s):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "site.pem", "-key", "site.key",
                               "-cert_chain", "mid.pem", "-tls1_2", "-quiet"], cwd=s.place, stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        where = f"127.0.0.1:{port}"
        out = s.run("--cacert", "rsaca.pem", where)
        holds(out, f"{where} sent 2 certificates", "trusted whoever answered", "accepted", "named 127.0.0.1")
        s.run("--cacert", "rsaca.pem", "--name", "other.test", where, code=7)
        s.run("--cacert", "ecca.pem", where, code=7)
        expect(s.json("--cacert", "rsaca.pem", where)["unauthenticated_fetch"] is True, "marked in JSON")
        expect(s.openssl("x509", text=s.run("--pem", "--only", "0", where)) == s.openssl("x509", "-in", "site.pem"), "the same")
    finally:
        server.kill()
        server.wait()
    s.run(where, code=5)


@test
def store(s):
    out = s.run("--store", "--cacert", "rsaca.pem", "--cacert", "ecca.pem", "RSA")
    holds(out, "CN=rsa root", "1 of 2 certificates", "RSA 2048")
    expect("ec root" not in out, out)
    s.run("--store", "--cacert", "rsaca.pem", "nobody", code=9)
    expect(s.json("--store", "--cacert", "ecca.pem")["certificates"][0]["valid"] is True, "valid")
    holds(s.run("--store", "--cacert", "ecca.pem", "--attime", "2060-01-01"), "1 of them not valid")


@test
def input_that_is_none(s):
    s.write("junk", b"nothing\n")
    s.write("empty", b"")
    s.write("binary", bytes(range(256)) * 20)
    for name in ("junk", "empty", "binary", "missing.pem", "site.key"):
        s.run(name, code=3)
    s.run("--cacert", "junk", "site.pem", code=3)
    s.run("--cacert", "ecca.pem", "--crl", "junk", "ecsite.pem", code=3)
    s.run(code=2)
    s.run("--profile", "other", "site.pem", code=2)
    with open(s.path("site.pem"), "rb") as f:
        expect("CN=site.test" in s.run("-", text=f.read()), "standard input")


@test
def changed_certificates_never_crash(s):
    """Every byte of a certificate changed once: shown, examined and judged; accepted by no means."""
    der = s.der("ecsite.pem")
    for at in range(len(der)):
        s.write("odd.der", der[:at] + bytes([der[at] ^ (1 << at % 8)]) + der[at + 1:])
        done = subprocess.run([s.fede, "cert", "--lint", "--verify", "-vv", "--cacert", "ecca.pem", "odd.der"], cwd=s.place,
                              capture_output=True, timeout=60)
        expect(done.returncode in (3, 7), f"byte {at} changed: exit {done.returncode}\n{done.stderr.decode(errors='replace')}")


def main():
    parser = argparse.ArgumentParser(description="Tests of fede cert and fede ca.")
    parser.add_argument("--fede", default=os.environ.get("FEDE", f"{ROOT}/build/release/fede"))
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    place = tempfile.mkdtemp(prefix="fede-cert-")
    os.environ.update(LC_ALL="C.UTF-8", NO_COLOR="1")
    passed = failed = 0
    try:
        scene = Scene(arguments.fede, place)
        modules = (ca, wire, keys, lists, responder, online, attempts, compare, transparency)
        for function in tests + [test for module in modules for test in module.tests]:
            if arguments.only not in function.__name__:
                continue
            try:
                function(scene)
                passed += 1
            except Exception as problem:
                failed += 1
                print(f"not ok: {function.__name__}: {problem}")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for reason in ca.skipped:
        print(f"skipped: {reason}")
    print(f"cert: {passed} passed, {failed} failed, {len(ca.skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
