"""What the tests of fede serve share: a server under test, certificates, TLS clients on Python's ssl (OpenSSL)."""
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def run(words, limit=30, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, **more)
    return done.returncode, done.stdout.decode(errors="replace")


class Scene:
    """Where the tests run: the tool, a place for files, a CA, a directory to serve."""

    def __init__(self, fede, place, quick):
        self.fede, self.place, self.quick = fede, place, quick
        self.certs = f"{place}/certs"
        self.root = f"{place}/root"
        with open(fede, "rb") as f:
            content = f.read()
        self.sanitized = b"__asan_init" in content or b"__tsan_init" in content
        code, out = run([f"{ROOT}/scripts/throw-away-ca", self.certs, "localhost", "other.example"])
        expect(code == 0, f"no CA could be made: {out}")
        self.ca = f"{self.certs}/ca.pem"
        self.pair = ["--cert", f"{self.certs}/localhost.pem", "--key", f"{self.certs}/localhost.key"]
        os.makedirs(f"{self.root}/sub/deep", exist_ok=True)
        self.load = f"{place}/load"
        code, out = run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-o", self.load, f"{ROOT}/tests/serve/load.c", "-lssl",
                         "-lcrypto"])
        expect(code == 0, f"the load client could not be built: {out}")

    def file(self, name, content):
        path = f"{self.root}/{name}"
        with open(path, "wb") as f:
            f.write(content)
        return path

    def server(self, *words, **more):
        return Server(self, list(words), **more)


class Server:
    """fede serve, with a free port and the usual certificate unless `bare`. Ends with the with-block, which checks that it ends
    in order."""

    def __init__(self, scene, words, bare=False, env=None, preexec=None, expected=0, wrap=()):
        self.scene, self.expected = scene, expected
        self.output = tempfile.NamedTemporaryFile(dir=scene.place, suffix=".log", delete=False)
        words = [*wrap, scene.fede, "serve", *([] if bare else scene.pair), "--listen", "127.0.0.1:0", *words]
        environment = dict(os.environ, **(env or {}))
        if not env or "SSLKEYLOGFILE" not in env:
            environment.pop("SSLKEYLOGFILE", None)
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
                                        env=environment, preexec_fn=preexec)
        self.pid = self.process.pid
        self.port = None
        end = time.monotonic() + 20
        while self.port is None:
            found = re.search(r"listens on .*?127\.0\.0\.1:(\d+)", self.text())
            if found:
                self.port = int(found.group(1))
            elif self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"the server did not start: {' '.join(words)}\n{self.text()}")
            else:
                time.sleep(0.01)
        told = re.search(r"process (\d+)", self.text())
        self.pid = int(told.group(1)) if told else self.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.process.kill()
            self.process.wait()
            value.args = (f"{value}\n--- the server said:\n{self.text()[-3000:]}",)

    def text(self):
        with open(self.output.name, errors="replace") as f:
            return f.read()

    def wait_text(self, pattern, limit=10):
        end = time.monotonic() + limit
        while not re.search(pattern, self.text()):
            expect(time.monotonic() < end, f"the server did not say {pattern!r} within {limit} s:\n{self.text()[-2000:]}")
            time.sleep(0.02)

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, limit=30):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        self.wait(limit)

    def wait(self, limit=30):
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"the server did not end within {limit} s:\n{self.text()[-2000:]}") from None
        expect(code == self.expected, f"the server's exit status is {code}, not {self.expected}:\n{self.text()[-4000:]}")
        expect("Sanitizer" not in self.text(), f"the sanitizers complain:\n{self.text()[-6000:]}")

    def memory(self):
        """Resident memory in KB."""
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def url(self, path="/"):
        return f"https://localhost:{self.port}{path}"

    # ---- clients

    def context(self, alpn=None):
        context = ssl.create_default_context(cafile=self.scene.ca)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        # Some builds of Python take the end of the stream for an orderly end; here the difference counts.
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def connect(self, name="localhost", alpn=None, limit=20, buffer=None, ragged=True):
        plain = socket.socket()
        if buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        plain.settimeout(limit)
        plain.connect(("127.0.0.1", self.port))
        try:
            return self.context(alpn).wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=ragged)
        except BaseException:
            plain.close()
            raise

    def http(self):
        """To 127.0.0.1 under the name localhost, which a bare system may not resolve."""
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context(), timeout=20)
        connection._create_connection = lambda _, *rest: socket.create_connection(("127.0.0.1", self.port), *rest)
        return connection

    def get(self, path, method="GET", body=None, **headers):
        """One request on a connection of its own: status, headers, body."""
        connection = self.http()
        connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def exchange(self, data, limit=5):
        """Raw bytes through TLS; everything that comes back until the server closes."""
        with self.connect(limit=limit) as s:
            s.sendall(data)
            return receive_all(s)


def receive_all(s):
    out = b""
    while True:
        try:
            more = s.recv(65536)
        except (ssl.SSLZeroReturnError, ConnectionError):
            more = b""
        if not more:
            return out
        out += more
