"""fede connect --ocsp: the responder of a live server's certificate is asked during the handshake; `fede ca ocsp` and openssl's
responder answer, or nobody does. And servers on names below localhost, which no resolver knows."""
import json
import re
import subprocess

from ca import ca, expect
from keys import Serve
from responder import Responder, free_port, ours

tests = []


def test(function):
    tests.append(function)
    return function


def connect(s, folder, port, *more, code=0, anchor="ca.pem"):
    done = subprocess.run([s.fede, "connect", "--cacert", f"{folder}/{anchor}", *more, f"127.0.0.1:{port}"], cwd=s.place, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=60)
    expect(done.returncode == code, f"fede connect {' '.join(more)}: exit {done.returncode}, wanted {code}: {done.stderr}")
    return done.stderr if "--json" in more else re.sub(r"\s+", " ", done.stderr)


def site(s, folder, port, *more):
    ca(s, "init", "--ca", folder)
    ca(s, "issue", "--ca", folder, "--ocsp-url", f"http://127.0.0.1:{port}/", *more, "-o", f"{folder}/site", "127.0.0.1")
    return ["--cert", f"{folder}/site.pem", "--key", f"{folder}/site.key"]


@test
def connect_asks_the_responder(s):
    port = free_port()
    pair = site(s, "onl", port)
    with Serve(s, *pair) as serve:
        with ours(s, "onl", port):
            out = connect(s, "onl", serve.port, "-v", "--ocsp")
            expect("with our nonce" in out and "good by the OCSP response" in out, out)
            story = json.loads(connect(s, "onl", serve.port, "--ocsp", "--json"))
            checks = [c for c in story["verification"]["checks"] if c["check"] == "revocation"]
            expect(story["verification"]["accepted"] and len(checks) == 1 and "good by the OCSP" in checks[0]["detail"], str(checks))
            out = connect(s, "onl", serve.port, "--ocsp", "--reconnect=2")
            expect(out.count("with our nonce") == 1, f"resumed connections ask nobody: {out}")
            ca(s, "revoke", "--ca", "onl", s.path("onl/site.pem"))
            out = connect(s, "onl", serve.port, "--ocsp", code=7)
            expect("was revoked on" in out and "certificate_revoked" in out, out)
            expect("was revoked on" in connect(s, "onl", serve.port, "--ocsp", "--revocation", "soft", code=7), "soft forgives no revocation")
            connect(s, "onl", serve.port, "--ocsp", "-k")
        out = connect(s, "onl", serve.port, "--ocsp", code=7)
        expect("no answer" in out and "It is not known whether" in out, out)
        out = connect(s, "onl", serve.port, "--ocsp", "--revocation", "soft")
        expect("no answer" in out, out)
        ca(s, "init", "--ca", "onl-other")
        out = connect(s, "onl-other", serve.port, "--ocsp", code=7)
        expect("is refused already" in out and "not among the trust anchors" in out, out)


@test
def connect_asks_the_responder_of_openssl(s):
    port = free_port()
    pair = site(s, "onlo", port)
    ca(s, "issue", "--ca", "onlo", "--purpose", "ocsp", "-o", "onlo/signer", "responder.test")
    serial = re.search("serial=(.*)", s.openssl("x509", "-in", "onlo/site.pem", "-noout", "-serial")).group(1)
    for state, since, code, says in (("V", "", 0, "good by the OCSP response"), ("R", "260101000000Z,keyCompromise", 7, "was revoked on 2026-01-01")):
        s.write("onlo/index.txt", f"{state}\t270101000000Z\t{since}\t{serial}\tunknown\t/CN=site\n".encode())
        with Serve(s, *pair) as serve, Responder(s, "openssl", "ocsp", "-index", "onlo/index.txt", "-port", str(port), "-rsigner", "onlo/signer.pem", "-rkey",
                                                 "onlo/signer.key", "-CA", "onlo/ca.pem", "-ndays", "1", says=rb"[Ww]aiting for OCSP"):
            out = connect(s, "onlo", serve.port, "-v", "--ocsp", code=code)
            expect(says in out, out)


@test
def staples_come_first(s):
    port = free_port()
    pair = site(s, "onls", port, "--must-staple")
    ca(s, "ocsp", "--ca", "onls", "-o", "onls.ocsp", "onls/site.pem")
    with Serve(s, *pair, "--staple", "onls.ocsp") as serve:
        out = connect(s, "onls", serve.port, "-v", "--status", "--ocsp")
        expect("no responder is asked" in out and "good by the OCSP response" in out, out)
    with ours(s, "onls", port), Serve(s, *pair) as serve:
        out = connect(s, "onls", serve.port, "--status", "--ocsp", code=7)
        expect("promises a good OCSP response" in out and "refused already" in out, out)
        connect(s, "onls", serve.port, "--ocsp")
    ca(s, "issue", "--ca", "onls", "-o", "onls/bare", "127.0.0.1")
    with Serve(s, "--cert", "onls/bare.pem", "--key", "onls/bare.key") as serve:
        expect("names no responder" in connect(s, "onls", serve.port, "--ocsp", code=7), "nobody to ask is no good answer")
        expect("names no responder" in connect(s, "onls", serve.port, "--ocsp", "--revocation", "soft"), "soft")


@test
def names_below_localhost(s):
    """RFC 6761 6.3: they are this machine, whatever the hosts file and the name servers say."""
    ca(s, "init", "--ca", "onll")
    ca(s, "issue", "--ca", "onll", "-o", "onll/site", "site.localhost", "localhost")
    with Serve(s, "--cert", "onll/site.pem", "--key", "onll/site.key") as serve:
        for name in ("site.localhost", "localhost"):
            s.run("--cacert", "onll/ca.pem", f"{name}:{serve.port}")
    done = subprocess.run([s.fede, "cert", "nosuch.invalid"], capture_output=True, text=True, timeout=30)
    expect(done.returncode == 4 and "nosuch.invalid" in done.stderr, f"{done.returncode}: {done.stderr}")
    port = free_port()
    done = subprocess.run([s.fede, "cert", f"localhost:{port}"], capture_output=True, text=True, timeout=30)
    expect(done.returncode == 5 and "refused" in done.stderr, f"{done.returncode}: {done.stderr}")
