"""Certificates and keys in every wrapping: encrypted PKCS#8 and PEM, PKCS#12, several at once, replaced under load; each shown
live to openssl s_client, or by fede connect to openssl s_server."""
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from ca import ca, expect

tests = []


def test(function):
    tests.append(function)
    return function


class Serve:
    """fede serve on a free port."""

    def __init__(self, s, *arguments, env=None):
        self.log = open(s.path("serve.log"), "w+b")
        self.process = subprocess.Popen([s.fede, "serve", "--listen", "127.0.0.1:0", "--echo", *arguments], cwd=s.place,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})})
        try:
            self.port = int(self.wait(rb"listens on 127\.0\.0\.1:(\d+)"))
        except AssertionError:
            self.__exit__()
            raise

    def said(self):
        with open(self.log.name, "rb") as f:
            return f.read()

    def wait(self, pattern):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = re.search(pattern, self.said())
            if found:
                return found.group(1) if found.groups() else True
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"{pattern} was not said: {self.said().decode(errors='replace')}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def certificate(port, name="localhost", ciphers=None, sigalgs=None):
    """The certificate that a server shows, and its serial number, by openssl s_client."""
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, "-tls1_2"]
    words += (["-cipher", ciphers] if ciphers else []) + (["-sigalgs", sigalgs] if sigalgs else [])
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", done.stdout, re.S)
    expect(found, f"s_client got no certificate: {done.stdout}{done.stderr}")
    expect("New, TLSv1.2" in done.stdout, f"no handshake: {done.stdout}{done.stderr}")
    return ssl.PEM_cert_to_DER_cert(found.group(0))


def first(s, file):
    with open(s.path(file)) as f:
        return ssl.PEM_cert_to_DER_cert(re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", f.read(), re.S).group(0))


def lab(s):
    if not os.path.exists(s.path("keys/ca.pem")):
        ca(s, "init", "--ca", "keys")
        ca(s, "init", "--ca", "keys/mid", "--parent", "keys")
        for name, kind, host in (("ec", "p256", "localhost"), ("rsa", "rsa", "localhost"), ("other", "p256", "other.test"), ("again", "p256", "localhost")):
            ca(s, "issue", "--ca", "keys/mid", "--key", kind, "-o", f"keys/{name}", host)
        with open(s.path("word"), "w") as f:
            f.write("secret word\nnot this\n")


def wrapped(s):
    """Name of a file with a key in it, whose certificate, and what made it."""
    lab(s)
    word = ("-passout", "file:word")
    s.openssl("pkcs8", "-topk8", "-in", "keys/ec.key", *word, "-out", "k1")
    s.openssl("pkcs8", "-topk8", "-in", "keys/rsa.key", *word, "-v1", "PBE-SHA1-3DES", "-out", "k2")
    s.openssl("pkcs8", "-topk8", "-in", "keys/ec.key", *word, "-scrypt", "-outform", "DER", "-out", "k3")
    s.openssl("ec", "-in", "keys/ec.key", "-aes256", *word, "-out", "k4")
    s.openssl("rsa", "-traditional", "-in", "keys/rsa.key", "-des3", *word, "-out", "k5")
    yield from (("k1", "ec"), ("k2", "rsa"), ("k3", "ec"), ("k4", "ec"), ("k5", "rsa"))


@test
def encrypted_keys_serve(s):
    for file, name in wrapped(s):
        for source, env in (("file:word", None), ("env:WORD", {"WORD": "secret word"}), ("secret word", None)):
            with Serve(s, "--cert", f"keys/{name}.pem", "--key", file, "--pass", source, env=env) as serve:
                expect(certificate(serve.port) == first(s, f"keys/{name}.pem"), f"{file}, {source}: another certificate")
            if file != "k1":
                break


def refused(s, *arguments, says, env=None):
    done = subprocess.run([s.fede, "serve", "--listen", "127.0.0.1:0", *arguments], cwd=s.place, capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    expect(done.returncode == 3 and says in done.stderr, f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
    expect("secret word" not in done.stderr, f"the password is in the error: {done.stderr}")


@test
def passwords_that_do_not_open(s):
    files = list(wrapped(s))
    for file, name in files:
        pair = ["--cert", f"keys/{name}.pem", "--key", file]
        refused(s, *pair, says="is encrypted, and no password was given")
        refused(s, *pair, "--pass", "wrong", says="The password does not open the private key")
        refused(s, *pair, "--pass", "", says="The password does not open the private key")
    refused(s, *pair, "--pass", "env:NOT_THERE", says="no variable NOT_THERE")
    refused(s, *pair, "--pass", "file:missing", says="missing")
    s.openssl("pkcs12", "-export", "-in", "keys/ec.pem", "-inkey", "keys/ec.key", "-passout", "file:word", "-out", "p1")
    refused(s, "--cert", "p1", says="The PKCS#12 file is encrypted, and no password was given")
    refused(s, "--cert", "p1", "--pass", "wrong", says="The password does not open the PKCS#12 file")
    refused(s, "--cert", "p1", "--pass", "file:word", "--chain", "keys/ca.pem", says="brings its chain along")
    s.openssl("pkcs12", "-export", "-legacy", "-in", "keys/ec.pem", "-inkey", "keys/ec.key", "-passout", "file:word", "-out", "p2")
    refused(s, "--cert", "p2", "--pass", "file:word", says="encrypted in a way that this libcrypto does not open")
    s.openssl("pkcs12", "-export", "-nokeys", "-in", "keys/ec.pem", "-passout", "file:word", "-out", "p3")
    refused(s, "--cert", "p3", "--pass", "file:word", says="PKCS#12 file with a certificate and its key")


@test
def pkcs12_serves_its_chain(s):
    lab(s)
    with open(s.path("all.pem"), "w") as out:  # in a wrong order, with the root
        for part in ("keys/ca.pem", "keys/mid/ca.pem"):
            with open(s.path(part)) as f:
                out.write(f.read())
    for name, word in (("ec", "file:word"), ("rsa", "pass:")):
        s.openssl("x509", "-in", f"keys/{name}.pem", "-out", "one.pem")
        s.openssl("pkcs12", "-export", "-in", "one.pem", "-inkey", f"keys/{name}.key", "-certfile", "all.pem", "-passout", word, "-out", "a.p12")
        more = ["--pass", word] if word != "pass:" else []
        with Serve(s, "--cert", "a.p12", *more) as serve:
            expect(certificate(serve.port) == first(s, f"keys/{name}.pem"), name)
            done = s.openssl("s_client", "-connect", f"127.0.0.1:{serve.port}", "-tls1_2", "-CAfile", "keys/ca.pem", "-showcerts",
                             "-verify_return_error", "-verify_hostname", "localhost", text="")
            expect("Verify return code: 0 (ok)" in done and done.count("BEGIN CERTIFICATE") == 2, done)


@test
def client_certificates_of_every_wrapping(s):
    lab(s)
    s.openssl("pkcs12", "-export", "-in", "keys/ec.pem", "-inkey", "keys/ec.key", "-passout", "file:word", "-out", "c.p12")
    ways = [(["--cert", "c.p12", "--cert-type", "P12"], "ec")] + [(["--cert", f"keys/{n}.pem", "--key", f], n) for f, n in wrapped(s)]
    with Serve(s, "--cert", "keys/rsa.pem", "--key", "keys/rsa.key", "--require-cert", "--ca", "keys/ca.pem") as serve:
        for way, name in ways:
            done = subprocess.run([s.fede, "connect", "--cacert", "keys/ca.pem", *way, "--pass", "file:word", f"localhost:{serve.port}"],
                                  cwd=s.place, input="", capture_output=True, text=True, timeout=30)
            expect(done.returncode == 0, f"{way}: exit {done.returncode}: {done.stderr}")


@test
def chosen_by_name_kind_and_scheme(s):
    """One server, four certificates: which one each client sees."""
    lab(s)
    with Serve(s, "--cert", "keys/ec.pem", "--key", "keys/ec.key", "--cert", "keys/rsa.pem", "--key", "keys/rsa.key",
               "--sni", "other.test:keys/other.pem:keys/other.key") as serve:
        for wanted, more in (("ec", {}), ("rsa", {"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}),
                             ("ec", {"ciphers": "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"}),
                             ("rsa", {"sigalgs": "RSA-PSS+SHA256"}), ("ec", {"sigalgs": "ECDSA+SHA256"}),
                             ("other", {"name": "other.test"}), ("ec", {"name": "nobody.test"})):
            expect(certificate(serve.port, **more) == first(s, f"keys/{wanted}.pem"), f"{more}: not the certificate {wanted}")


@test
def replaced_under_load(s):
    """SIGHUP with other files in place while four clients connect without a pause and one connection stays: none fails, new
    ones get the new certificate, the old connection goes on."""
    lab(s)

    def place(name):
        for end in ("pem", "key"):
            with open(s.path(f"keys/{name}.{end}")) as f, open(s.path(f"live.{end}.new"), "w") as t:
                t.write(f.read())
        for end in ("pem", "key"):
            os.rename(s.path(f"live.{end}.new"), s.path(f"live.{end}"))
    place("ec")
    trust = ssl.create_default_context(cafile=s.path("keys/ca.pem"))
    seen, failures, stop = {}, [], threading.Event()
    with Serve(s, "--cert", "live.pem", "--key", "live.key") as serve:
        def connect():
            return trust.wrap_socket(socket.create_connection(("127.0.0.1", serve.port), 20), server_hostname="localhost")

        def client():
            while not stop.is_set():
                try:
                    with connect() as c:
                        c.sendall(b"hello")
                        expect(c.recv(5) == b"hello", "the echo")
                        shown = c.getpeercert(True)
                        seen[shown] = seen.get(shown, 0) + 1
                except Exception as problem:
                    failures.append(repr(problem))
        lasting = connect()
        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        try:
            for turn in range(6):
                name = ("again", "rsa", "ec")[turn % 3]
                place(name)
                serve.process.send_signal(signal.SIGHUP)
                end, before = time.monotonic() + 20, seen.get(first(s, f"keys/{name}.pem"), 0)
                while seen.get(first(s, f"keys/{name}.pem"), 0) < before + 5 and time.monotonic() < end and not failures:
                    time.sleep(0.01)
                lasting.sendall(b"still")
                expect(lasting.recv(5) == b"still", "the connection from before the first change")
        finally:
            stop.set()
            for one in clients:
                one.join()
            lasting.close()
    expect(not failures, f"{len(failures)} connections failed: {failures[:3]}")
    expect(len(seen) == 3, f"{len(seen)} of 3 certificates were seen")
