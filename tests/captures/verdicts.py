#!/usr/bin/env python3
"""verdicts.py FEDE: what fede explain says of the certificates in a capture, and of what came with them.

Chains, staples and names are made by the openssl command, and so is what the verdict has to be: `openssl verify` and `openssl
ocsp` judge the same files. Peers talk through the relay of decrypted.py. Prints `verdicts: N passed, N failed`."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import decrypted
from decrypted import check, explain, pcap, play

decrypted.fede = os.path.abspath(sys.argv[1])
NOW = int(time.time()) + 60  # the time of the packets: certificates are made now
TODAY = time.strftime("%Y-%m-%d", time.gmtime(NOW))


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=more.pop("check", True), capture_output=True, **more)


def authorities(work):
    """A root, an intermediate, a leaf; responses about the leaf by the intermediate, one of them of another CA."""
    def request(name, subject):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{work}/{name}.key",
                "-out", f"{work}/{name}.csr", "-subj", f"/CN={subject}")

    def issue(name, by, serial, text):
        with open(f"{work}/{name}.ext", "w", encoding="ascii") as f:
            f.write(text)
        signer = ["-CA", f"{work}/{by}.pem", "-CAkey", f"{work}/{by}.key"] if by else ["-signkey", f"{work}/{name}.key"]
        openssl("x509", "-req", "-in", f"{work}/{name}.csr", "-out", f"{work}/{name}.pem", *signer, "-set_serial", str(serial),
                "-days", "3650", "-extfile", f"{work}/{name}.ext")
    ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign,digitalSignature\nsubjectKeyIdentifier=hash\n"
    for name, by, serial, subject, text in (
            ("root", None, 1, "Root of Verdicts", ca), ("other", None, 2, "Root of Others", ca),
            ("inter", "root", 3, "Intermediate of Verdicts", ca + "authorityKeyIdentifier=keyid\n"),
            ("leaf", "inter", 4, "verdicts.example", "subjectAltName=DNS:verdicts.example\nextendedKeyUsage=serverAuth\n"),
            ("me", "inter", 5, "a client", "extendedKeyUsage=clientAuth\n")):
        request(name, subject)
        issue(name, by, serial, text)
    with open(f"{work}/index", "w", encoding="ascii") as f:
        f.write("V\t360101000000Z\t\t04\tunknown\t/CN=verdicts.example\n")
    with open(f"{work}/index.revoked", "w", encoding="ascii") as f:
        f.write("R\t360101000000Z\t260101000000Z\t04\tunknown\t/CN=verdicts.example\n")
    for name, signer, index in (("good", "inter", "index"), ("revoked", "inter", "index.revoked"), ("foreign", "other", "index")):
        openssl("ocsp", "-index", f"{work}/{index}", "-CA", f"{work}/inter.pem", "-issuer", f"{work}/inter.pem", "-cert", f"{work}/leaf.pem",
                "-rsigner", f"{work}/{signer}.pem", "-rkey", f"{work}/{signer}.key", "-ndays", "365", "-respout", f"{work}/{name}.staple", "-noverify")


def connection(work, version, staple=None, client=(), name="verdicts.example"):
    """The capture of one connection; its key log is beside it."""
    if os.path.exists(f"{work}/keys"):
        os.remove(f"{work}/keys")
    flows = play(work, ["openssl", "s_server", "-accept", "{port}", "-cert", f"{work}/leaf.pem", "-key", f"{work}/leaf.key",
                        "-cert_chain", f"{work}/inter.pem", "-rev", version, *(["-status_file", f"{work}/{staple}.staple"] if staple else []),
                        *(["-Verify", "2", "-CAfile", f"{work}/root.pem", "-chainCAfile", f"{work}/root.pem"] if client else [])],
                 ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-keylogfile", "{keys}", "-status",
                  *(["-servername", name] if name else ["-noservername"]), *client])
    with open(f"{work}/capture", "wb") as f:
        f.write(pcap(flows, began=NOW))
    return f"{work}/capture"


def told(path, work, *options):
    code, d = explain(path, "--keylog", f"{work}/keys", *options)
    c = d["connections"][0]
    return code, c, {k["name"] + (" of the client" if "a client" in k["text"] else ""): (k["outcome"], k["text"]) for k in c["checks"]}


def openssl_says(work, *options):
    return openssl("verify", "-attime", str(NOW), "-untrusted", f"{work}/inter.pem", *options, f"{work}/leaf.pem", check=False).returncode == 0


def chains(work):
    for version in ("-tls1_2", "-tls1_3"):
        path = connection(work, version)
        code, c, checks = told(path, work)
        check(code == 0 and checks["certificate chain"][0] == "not checkable", f"{version} without anchors: {code} {checks}")
        for name, options, theirs, where in (
                ("root", ("--cacert", f"{work}/root.pem"), ("-CAfile", f"{work}/root.pem"), "accepted"),
                ("another root", ("--cacert", f"{work}/other.pem"), ("-CAfile", f"{work}/other.pem"), "cert_unknown_issuer"),
                ("too late", ("--cacert", f"{work}/root.pem", "--attime", str(NOW + 4000 * 86400)), None, "cert_expired"),
                ("too early", ("--cacert", f"{work}/root.pem", "--attime", "2020-01-01T00:00:00Z"), None, "cert_not_yet_valid")):
            code, c, checks = told(path, work, *options)
            good = where == "accepted"
            outcome, text = checks["certificate chain"]
            check(theirs is None or openssl_says(work, *theirs) == good, f"{name}: openssl says otherwise")
            check(code == 0 and outcome == ("verified" if good else "failed"), f"{version} {name}: {code} {outcome} {text}")
            check(c["verification"]["accepted"] == good and (good or where in text), f"{version} {name}: {c['verification']['accepted']} {text}")
            check(any(f["finding"] == "chain_refused" for f in c["findings"]) == (not good), f"{version} {name}: {[f['finding'] for f in c['findings']]}")
    # Judged at the time of the packets, which the relay's clock says.
    check(f"judged at {TODAY}" in checks_text(path, work), "time of the packets")
    text = subprocess.run([decrypted.fede, "explain", "-v", "--keylog", f"{work}/keys", "--cacert", f"{work}/root.pem", path], capture_output=True, text=True, check=False).stdout
    check(f"chain verification for verdicts.example at {TODAY}" in text and "SSL certificate verify ok." in text, "the trail in text")
    page = subprocess.run([decrypted.fede, "explain", "-T", "html", "--keylog", f"{work}/keys", "--cacert", f"{work}/other.pem", path], capture_output=True, text=True, check=False).stdout
    check("cert_unknown_issuer" in page and "chain_refused" in page, "the verdict in the page")


def checks_text(path, work):
    return told(path, work, "--cacert", f"{work}/root.pem")[2]["certificate chain"][1]


def names(work):
    path = connection(work, "-tls1_2", name="elsewhere.example")
    _, c, checks = told(path, work, "--cacert", f"{work}/root.pem")
    check(checks["certificate chain"][0] == "failed" and "cert_name_mismatch" in checks["certificate chain"][1], f"another name: {checks}")
    path = connection(work, "-tls1_2", name=None)
    _, c, checks = told(path, work, "--cacert", f"{work}/root.pem")
    check(checks["certificate chain"][0] == "verified" and "the client did not say it" in checks["certificate chain"][1], f"no name: {checks}")


def staples(work):
    for version in ("-tls1_2", "-tls1_3"):
        for staple, outcome, words in (("good", "verified", "is good"), ("revoked", "failed", "REVOKED"), ("foreign", "failed", "signer of the response")):
            path = connection(work, version, staple)
            code, c, checks = told(path, work)
            got = checks.get("stapled OCSP response", ("none", ""))
            check(code == 0 and got[0] == outcome and words in got[1], f"{version} staple {staple}: {code} {got}")
            check(any(f["finding"] == "staple_wrong" for f in c["findings"]) == (outcome == "failed"), f"{version} staple {staple}: finding")
            code, c, checks = told(path, work, "--cacert", f"{work}/root.pem")
            check(c["verification"]["accepted"] == (staple != "revoked"), f"{version} staple {staple}: chain")
    # One altered byte of the response's signature: only clear text can be altered without notice.
    path = connection(work, "-tls1_2", "good")
    with open(path, "rb") as f:
        data = f.read()
    with open(f"{work}/good.staple", "rb") as f:
        staple = f.read()
    inside = staple.index(bytes.fromhex("300a06082a8648ce3d040302")) + 30  # behind the algorithm: in the signature
    signature = data.find(staple[inside:inside + 8])
    check(signature > 0, "the signature of the response is in one packet")
    _, c, checks = told(path, work, "--cacert", f"{work}/root.pem", "--attime", str(NOW + 500 * 86400))
    late = checks["stapled OCSP response"]
    check(late[0] == "verified" and "out of date" in late[1], f"a late staple: {late}")
    with open(f"{work}/altered", "wb") as f:
        f.write(data[:signature] + bytes([data[signature] ^ 1]) + data[signature + 1:])
    _, c, checks = told(f"{work}/altered", work)
    check("signature" in checks["stapled OCSP response"][1] and checks["stapled OCSP response"][0] == "failed", f"altered staple: {checks['stapled OCSP response']}")


def clients(work):
    for version in ("-tls1_2", "-tls1_3"):
        path = connection(work, version, client=("-cert", f"{work}/me.pem", "-key", f"{work}/me.key", "-cert_chain", f"{work}/inter.pem"))
        code, c, checks = told(path, work, "--cacert", f"{work}/root.pem")
        check(code == 0 and checks.get("certificate chain of the client", ("",))[0] == "verified", f"{version} client: {code} {checks}")


def tickets(work):
    """Connections of fede's own server, resumed by its tickets: opened with the ticket key alone, no key log."""
    for name in ("ticket", "stranger"):
        with open(f"{work}/{name}.key", "wb") as f:
            f.write(os.urandom(64))
    for lifetime in ("7200", "4711"):
        again = ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-tls1_2", "-servername", "verdicts.example", "-sess_in", f"{work}/session"]
        flows = play(work, [decrypted.fede, "serve", "--listen", "127.0.0.1:{port}", "--cert", f"{work}/leaf.pem", "--key", f"{work}/leaf.key", "--echo",
                            "--ticket-key", f"{work}/ticket.key", "--ticket-lifetime", lifetime],
                     [[*again[:-2], "-sess_out", f"{work}/session"], again], runs=2)
        path = f"{work}/capture"
        with open(path, "wb") as f:
            f.write(pcap(flows, began=NOW))
        code, d = explain(path, "--ticket-key", f"{work}/ticket.key")
        first, second = d["connections"]
        got = [(k["outcome"], k["text"]) for c in (first, second) for k in c["checks"] if k["name"] == "session ticket"]
        wanted = ("TLS 1.2, TLS_ECDHE_", "no compression, extended master secret of 48 bytes", f"good for {lifetime} s", "not asked for a certificate", "server_name verdicts.example")
        check(len(got) >= 2 and all(o == "verified" and all(w in t for w in wanted) for o, t in got), f"tickets of {lifetime} s: {got}")
        check(second["onlooker"]["keys"] == "used" and second["onlooker"]["resumed"], f"resumed, {lifetime} s: {second['onlooker']}")
        for n, c in enumerate((first, second)):
            check(c["traffic"]["client"]["data_bytes"] == len(decrypted.TEXT), f"connection {n + 1}, {lifetime} s: {c['traffic']['client']}")
            check(not [k for k in c["checks"] if k["outcome"] == "failed"], f"connection {n + 1}, {lifetime} s: {c['checks']}")
        code, d = explain(path, "--ticket-key", f"{work}/stranger.key")
        got = [k["outcome"] for c in d["connections"] for k in c["checks"] if k["name"] == "session ticket"]
        check(set(got) == {"not checkable"} and [c["onlooker"]["keys"] for c in d["connections"]] == ["no line"] * 2, f"another ticket key: {got}")
    r = subprocess.run([decrypted.fede, "explain", "--ticket-key", f"{work}/good.staple", path], capture_output=True, check=False)
    check(r.returncode == 3 and b"32 bytes each" in r.stderr, f"a ticket key that is none: {r.returncode} {r.stderr}")


def main():
    with tempfile.TemporaryDirectory() as work:
        authorities(work)
        chains(work)
        names(work)
        staples(work)
        clients(work)
        tickets(work)
    print(f"verdicts: {decrypted.passed} passed, {decrypted.failed} failed")
    sys.exit(decrypted.failed > 0)


if __name__ == "__main__":
    main()
