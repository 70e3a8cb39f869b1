"""OCSP over HTTP: `fede ca ocsp --listen` judged by `openssl ocsp`, `fede cert --ocsp` against it, against openssl's responder and
against responders that misbehave; `fede ca p12` judged by openssl, keytool and pk12util. Loopback alone."""
import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from ca import ca, expect, skip

tests = []


def test(function):
    tests.append(function)
    return function


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def lab(s, port, folder):
    """A CA whose certificates name a responder on that port: good, revoked, and one that may answer."""
    url = ["--ocsp-url", f"http://127.0.0.1:{port}/"]
    ca(s, "init", "--ca", folder)
    for name in ("good.test", "bad.test"):
        ca(s, "issue", "--ca", folder, *url, name)
    ca(s, "issue", "--ca", folder, "--purpose", "ocsp", "-o", f"{folder}/signer", "responder.test")
    ca(s, "issue", "--ca", folder, "-o", f"{folder}/not-a-signer", "site.test")
    ca(s, "revoke", "--ca", folder, "--reason", "1", s.path(f"{folder}/bad.test.pem"))


class Responder:
    def __init__(self, s, *command, says=rb"answers at"):
        self.log = open(s.path("responder.log"), "w+b")
        self.process = subprocess.Popen(command, cwd=s.place, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 20
        while not re.search(says, self.said()):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise AssertionError(f"no responder: {self.said()}")
            time.sleep(0.02)

    def said(self):
        with open(self.log.name, "rb") as f:
            return f.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()


def ours(s, folder, port, *more):
    return Responder(s, s.fede, "ca", "ocsp", "--ca", folder, "--listen", f"127.0.0.1:{port}", *more)


def judged(s, folder, name, *more, code=0):
    return re.sub(r"\s+", " ", s.run("--verify", "--ocsp", "--cacert", f"{folder}/ca.pem", *more, f"{folder}/{name}.pem", code=code))


@test
def responder_by_ca_and_delegate(s):
    for folder, more in (("rca", ()), ("rdel", ("--signer", "rdel/signer"))):
        port = free_port()
        lab(s, port, folder)
        with ours(s, folder, port, *more) as r:
            said = s.openssl("ocsp", "-issuer", f"{folder}/ca.pem", "-cert", f"{folder}/good.test.pem", "-cert", f"{folder}/bad.test.pem",
                             "-serial", "0x1234", "-url", f"http://127.0.0.1:{port}/", "-CAfile", f"{folder}/ca.pem")
            for words in ("Response verify OK", "good.test.pem: good", "bad.test.pem: revoked", "Reason: keyCompromise", "0x1234: unknown"):
                expect(words in said, f"{words}: {said}")
            expect("no nonce" not in said, said)
            out = judged(s, folder, "good.test")
            expect("with our nonce" in out and "good by the OCSP response" in out, out)
            expect("was revoked on" in judged(s, folder, "bad.test", code=7), "a revoked one is refused")
            ca(s, "revoke", "--ca", folder, s.path(f"{folder}/good.test.pem"))
            expect("was revoked on" in judged(s, folder, "good.test", code=7), "a revocation counts at once")
            # GET, as RFC 6960 A.1 has it.
            s.openssl("ocsp", "-issuer", f"{folder}/ca.pem", "-cert", f"{folder}/bad.test.pem", "-no_nonce", "-reqout", "ask.der")
            with open(s.path("ask.der"), "rb") as f:
                where = urllib.parse.quote(base64.b64encode(f.read()).decode(), safe="")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{where}", timeout=20) as answer:
                expect(answer.headers["Content-Type"] == "application/ocsp-response", str(answer.headers))
                s.write("get.der", answer.read())
            said = s.openssl("ocsp", "-respin", "get.der", "-issuer", f"{folder}/ca.pem", "-cert", f"{folder}/bad.test.pem", "-CAfile", f"{folder}/ca.pem")
            expect("Response verify OK" in said and "bad.test.pem: revoked" in said, said)
        expect(r.process.returncode == 0, f"exit {r.process.returncode} after SIGTERM")
        story = s.json("--verify", "--ocsp", "--revocation", "soft", "--cacert", f"{folder}/ca.pem", f"{folder}/good.test.pem")
        expect("no answer" in story["responder"] and story["verification"]["accepted"], "soft: nobody answers, and that is said")
        expect("It is not known" in judged(s, folder, "good.test", code=7), "without soft that is a refusal")


def exchange(port, data):
    with socket.create_connection(("127.0.0.1", port), 20) as c:
        c.sendall(data)
        c.shutdown(socket.SHUT_WR)
        got = b""
        while part := c.recv(65536):
            got += part
    return got


@test
def responder_under_bad_requests(s):
    port = free_port()
    lab(s, port, "rbad")
    lab(s, port, "rother")
    with ours(s, "rbad", port) as r:
        for data, want in ((b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\njunk", b"\x30\x03\x0a\x01\x01"), (b"GET /***** HTTP/1.1\r\n\r\n", b"\x30\x03\x0a\x01\x01"),
                           (b"GET / HTTP/1.1\r\n\r\n", b"\x30\x03\x0a\x01\x01"), (b"PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"405"),
                           (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999, b"413"), (b"nonsense\r\n\r\n", b"400"),
                           (b"\x16\x03\x01\x00\x05hello", b"400"), (b"GET /" + b"A" * 20000 + b" HTTP/1.1\r\n\r\n", b"413"), (b"", b"")):
            try:
                got = exchange(port, data)
            except OSError:
                continue  # what was not read any more is answered by a reset
            expect(want in got, f"{data[:40]}: {got}")
        # The request of another CA's client: unauthorized.
        s.openssl("ocsp", "-issuer", "rother/ca.pem", "-cert", "rother/good.test.pem", "-reqout", "ask.der")
        with open(s.path("ask.der"), "rb") as f:
            ask = f.read()
        for at in range(len(ask)):  # damaged anywhere: an answer all the same
            body = ask[:at] + bytes([ask[at] ^ 0x55]) + ask[at + 1:]
            got = exchange(port, b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            expect(b"200 OK" in got, f"byte {at}: {got[:60]}")
        got = exchange(port, b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(ask) + ask)
        expect(got.endswith(b"\x30\x03\x0a\x01\x06"), got)
        idle = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(40)]
        expect("good by the OCSP" in judged(s, "rbad", "good.test"), "others that say nothing keep nobody waiting")
        for c in idle:
            c.close()
        expect(r.process.poll() is None, "it lives")
    done = subprocess.run([s.fede, "ca", "ocsp", "--ca", "rbad", "--listen", "localhost"], cwd=s.place, capture_output=True, timeout=20)
    expect(done.returncode == 2 and b"ADDRESS:PORT" in done.stderr, str(done))


@test
def asks_the_responder_of_openssl(s):
    port = free_port()
    lab(s, port, "ropen")
    rows = []
    for name, state in (("good.test", "V"), ("bad.test", "R")):
        serial = re.search("serial=(.*)", s.openssl("x509", "-in", f"ropen/{name}.pem", "-noout", "-serial")).group(1)
        rows.append(f"{state}\t270101000000Z\t{'260101000000Z,keyCompromise' if state == 'R' else ''}\t{serial}\tunknown\t/CN={name}\n")
    with open(s.path("ropen/index.txt"), "w") as f:
        f.writelines(rows)
    with Responder(s, "openssl", "ocsp", "-index", "ropen/index.txt", "-port", str(port), "-rsigner", "ropen/signer.pem", "-rkey", "ropen/signer.key",
                   "-CA", "ropen/ca.pem", "-ndays", "1", says=rb"[Ww]aiting for OCSP"):
        out = judged(s, "ropen", "good.test")
        expect("with our nonce" in out and "good by the OCSP response" in out, out)
        for _ in range(3):  # openssl's responder may still be busy with the connection before
            out = judged(s, "ropen", "bad.test", code=7)
            if "was revoked" in out:
                break
        expect("was revoked on 2026-01-01" in out, out)
    with Responder(s, "openssl", "ocsp", "-index", "ropen/index.txt", "-port", str(port), "-rsigner", "ropen/not-a-signer.pem", "-rkey",
                   "ropen/not-a-signer.key", "-CA", "ropen/ca.pem", "-ndays", "1", says=rb"[Ww]aiting for OCSP"):
        out = judged(s, "ropen", "good.test", code=7)
        expect("may not sign responses" in out, out)


@test
def responders_that_misbehave(s):
    """Silence, too much, other types, replays: each refused in bounded time, and told; soft goes on."""
    port = free_port()
    lab(s, port, "rmis")
    with ours(s, "rmis", port):
        other = subprocess.run(["openssl", "ocsp", "-issuer", "rmis/ca.pem", "-cert", "rmis/good.test.pem", "-url", f"http://127.0.0.1:{port}/",
                                "-respout", "replay.der", "-noverify"], cwd=s.place, capture_output=True, timeout=30)
        expect(other.returncode == 0, str(other))
    with open(s.path("replay.der"), "rb") as f:
        replay = f.read()

    def http(body, status=b"200 OK", kind=b"application/ocsp-response"):
        return b"HTTP/1.1 " + status + b"\r\nContent-Type: " + kind + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    cases = ((http(replay), "with another nonce"), (b"", "ended before the answer"), (None, "no answer within"), (b"SSH-2.0-x\r\n", "is not HTTP"),
             (http(b"x" * 70000), "longer than 65536"), (http(replay, b"500 No"), "the status 500"), (http(replay, kind=b"text/html"), "not of type"),
             (http(replay)[:-9], "ended before the answer"), (http(b"\x30\x03\x0a\x01\x03"), "try later"), (http(b"junk"), "NOT accepted"))
    for data, says in cases:
        with socket.create_server(("127.0.0.1", port)) as listener:
            def serve():
                c = listener.accept()[0]
                with c:
                    got = b""
                    while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < 20:
                        got += c.recv(65536)
                    if data is None:
                        c.recv(65536)  # until the other side gives up
                    else:
                        c.sendall(data)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            began = time.monotonic()
            out = judged(s, "rmis", "good.test", "--max-time", "0.7" if data is None else "10", code=7)
            expect(says in out and time.monotonic() - began < 10, f"{says}: {out[-1500:]}")
            thread.join(20)
    s.run("--verify", "--ocsp", "--cacert", "rmis/ca.pem", "rmis/signer.pem", code=7)


@test
def one_file_for_browsers_and_java(s):
    s.write("word", b"secret word\n")
    for kind in ("p256", "rsa", "ed25519"):
        folder = f"p12-{kind}"
        ca(s, "init", "--ca", folder)
        ca(s, "init", "--ca", f"{folder}/mid", "--parent", folder, "--subject", "CN=Between")
        ca(s, "issue", "--ca", f"{folder}/mid", "--key", kind, "-o", f"{folder}/site", "site.test")
        ca(s, "p12", "--pass", "file:word", f"{folder}/site")
        ca(s, "p12", "--pass", "file:word", f"{folder}/site", code=1)  # nothing is written over
        expect(os.stat(s.path(f"{folder}/site.p12")).st_mode & 0o777 == 0o600, "it holds a key")
        said = s.openssl("pkcs12", "-in", f"{folder}/site.p12", "-passin", "file:word", "-nodes")
        expect(said.count("BEGIN CERTIFICATE") == 2 and said.count("BEGIN PRIVATE KEY") == 1, said)
        keytool, pk12util = shutil.which("keytool"), shutil.which("pk12util")
        if not keytool:
            skip("keytool is not installed: no PKCS#12 file is judged by it")
        else:
            done = subprocess.run([keytool, "-list", "-v", "-keystore", f"{folder}/site.p12", "-storepass", "secret word"], cwd=s.place, capture_output=True,
                                  text=True, timeout=60)
            expect(done.returncode == 0 and "PrivateKeyEntry" in done.stdout and "chain length: 2" in done.stdout, done.stdout + done.stderr)
        if not pk12util:
            skip("pk12util is not installed (libnss3-tools): no PKCS#12 file is judged by it")
        elif kind != "ed25519":  # NSS of 2023 knows no such key
            done = subprocess.run([pk12util, "-l", f"{folder}/site.p12", "-W", "secret word"], cwd=s.place, capture_output=True, text=True, timeout=60)
            expect(done.returncode == 0 and "site.test" in done.stdout, done.stdout + done.stderr)
    ca(s, "p12", f"{folder}/site", code=2)
    with open(s.path(f"{folder}/mid/ca.pem")) as f:
        s.write("mixed.pem", f.read().encode())
    shutil.copy(s.path(f"{folder}/site.key"), s.path("mixed.key"))
    ca(s, "p12", "--pass", "x", "mixed", code=3)


@test
def a_live_server_is_asked_for_its_staple(s):
    from keys import Serve
    ca(s, "init", "--ca", "rlive")
    ca(s, "issue", "--ca", "rlive", "--must-staple", "127.0.0.1", "-o", "rlive/localhost")
    ca(s, "ocsp", "--ca", "rlive", "-o", "rlive.ocsp", "rlive/localhost.pem")
    pair = ["--cert", "rlive/localhost.pem", "--key", "rlive/localhost.key"]
    with Serve(s, *pair, "--staple", "rlive.ocsp") as serve:
        out = re.sub(r"\s+", " ", s.run("--cacert", "rlive/ca.pem", f"127.0.0.1:{serve.port}"))
        expect("good by the OCSP response" in out, out)
    with Serve(s, *pair) as serve:
        out = s.run("--cacert", "rlive/ca.pem", f"127.0.0.1:{serve.port}", code=7)
        expect("must-staple" in out, out)
