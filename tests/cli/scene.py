"""What the tests of fede connect share: the tool, a CA, scripted peers in threads, real peers as processes."""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import traceback

LIMIT = 30
TESTS = []


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise Failed(what)


def same(seen, wanted, what):
    expect(seen == wanted, f"{what}: {seen!r} instead of {wanted!r}")


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode(errors="replace")

    def __str__(self):
        return f"exit {self.code}\nstdout: {self.out[:600]!r}\nstderr:\n{self.err[-3000:]}"

    def ends(self, code, *words):
        """The exit code, its line at the end of stderr, and words that the story has."""
        last = self.err.rstrip("\n").split("\n")[-1]
        if self.code != code or not last.startswith(f"exit {code}: "):
            raise Failed(f"exit {code} was wanted, the last line is {last!r}\n{self}")
        return self.says(*words)

    def says(self, *words):
        flat = re.sub(r"\s+", " ", self.err)
        for word in words:
            expect(word in flat, f"the story does not say {word!r}\n{self}")
        return self

    def gives(self, data):
        expect(self.out == data, f"{data[:100]!r} was wanted\n{self}")
        return self


class Scene:
    def __init__(self, fede, place):
        self.fede, self.place = os.path.abspath(fede), place
        self.sanitized = b"__asan_init" in open(fede, "rb").read()
        self.ca, self.cert, self.key = f"{place}/ca.pem", f"{place}/srv.pem", f"{place}/srv.key"
        make = f"""set -e; cd {place}
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=Test CA' \\
            -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout srv.key -out srv.csr -subj '/CN=srv'
        printf 'subjectAltName=DNS:localhost,DNS:www.fede.test,DNS:other.fede.test,IP:127.0.0.1,IP:::1\\nextendedKeyUsage=serverAuth\\n' > ext
        openssl x509 -req -in srv.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile ext -out srv.pem
        mkdir -p capath; cp ca.pem capath/$(openssl x509 -in ca.pem -noout -hash).0"""
        done = subprocess.run(["sh", "-c", make], capture_output=True, timeout=60)
        expect(done.returncode == 0, f"no CA: {done.stderr.decode()}")

    def environment(self, more):
        clean = {k: v for k, v in os.environ.items() if not re.search(r"(?i)proxy|SSLKEYLOGFILE|COLOR|SSL_CERT", k)}
        return {**clean, "LC_ALL": "C.UTF-8", **(more or {})}

    def run(self, *words, stdin=b"", env=None, limit=LIMIT, **more):
        """fede with these words; stdin None: the parent's closed one."""
        if stdin is not None:
            more["input"] = stdin
        done = subprocess.run([self.fede, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit,
                              env=self.environment(env), cwd=self.place, **more)
        if b"AddressSanitizer" in done.stderr or b"runtime error" in done.stderr or b"LeakSanitizer" in done.stderr:
            raise Failed(f"sanitizer: {done.stderr.decode(errors='replace')}")
        expect(done.returncode >= 0, f"ended by signal {-done.returncode}")
        return Result(done.returncode, done.stdout, done.stderr)

    def connect(self, *words, **more):
        return self.run("connect", "--cacert", self.ca, *words, **more)

    def start(self, *words, **more):
        return subprocess.Popen([self.fede, "connect", "--cacert", self.ca, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment(None), cwd=self.place, **more)

    def peer(self, handler, **more):
        return Peer(self, handler, **more)

    def file(self, name, content):
        path = f"{self.place}/{name}"
        with open(path, "wb") as f:
            f.write(content)
        return path


class Peer:
    """A scripted server on loopback: handler(connection, self) for each connection, in a thread. Collects what handlers return in
    `seen`, in the order of the connections, and what goes wrong in them in `wrong`."""
    nothing = object()

    def __init__(self, scene, handler, tls=True, alpn=None, host="127.0.0.1", maximum=None, unix=None, ciphers=None):
        self.scene, self.handler, self.tls, self.unix = scene, handler, tls, unix
        self.told, self.wrong, self.names = [], [], []
        if unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(unix)
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host, 0))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(20)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(scene.cert, scene.key)
        self.context.maximum_version = maximum or ssl.TLSVersion.TLSv1_2
        self.context.sni_callback = lambda s, name, c: self.names.append(name) and None
        self.context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        if alpn:
            self.context.set_alpn_protocols(alpn)
        if ciphers:
            self.context.set_ciphers(ciphers)
        self.threads = []
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.told.append(Peer.nothing)  # its place is by arrival, however long an earlier one takes to end
            self.threads.append(threading.Thread(target=self.serve, args=(connection, len(self.threads)), daemon=True))
            self.threads[-1].start()

    def secure(self, connection):
        return self.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)

    def serve(self, connection, place):
        connection.settimeout(LIMIT)
        if not self.unix:  # what was sent is on its way, also when the connection is then reset
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.tls:
                try:
                    connection = self.secure(connection)
                except (ssl.SSLError, OSError) as error:
                    self.told[place] = error
                    return
            self.told[place] = self.handler(connection, self)
        except Exception:  # told by the test that looks
            self.wrong.append(traceback.format_exc())
        finally:
            connection.close()

    @property
    def seen(self):
        """What the handlers returned, once all of them have."""
        for thread in self.threads:
            thread.join(LIMIT)
        return [told for told in self.told if told is not Peer.nothing]

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    @property
    def address(self):
        return f"localhost:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for thread in self.threads:
            thread.join(5)
        if kind is None and self.wrong:
            raise Failed(f"the peer: {self.wrong[0]}")


def unwrap(connection):
    """close_notify, without waiting for the other's."""
    try:
        connection.settimeout(0.001)
        connection.unwrap()
    except (ssl.SSLError, OSError):
        pass


def head(connection):
    """A request's head, as text, and what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise Failed(f"the request's head is not complete: {data!r}")
        data += piece
    text, rest = data.split(b"\r\n\r\n", 1)
    return text.decode("latin-1"), rest


def request(connection):
    """Head and content."""
    text, content = head(connection)
    length = re.search(r"(?mi)^content-length: (\d+)", text)
    while length and len(content) < int(length.group(1)):
        content += connection.recv(65536)
    return text, content


def answers(data, close=True):
    """A handler: reads a request, sends data, closes in order."""
    def handler(connection, peer):
        seen = request(connection)
        connection.sendall(data)
        if close and peer.tls:
            unwrap(connection)
        return seen
    return handler


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nyes"


def echo(connection, peer):
    while True:
        try:
            data = connection.recv(65536)
        except ssl.SSLEOFError:
            return "cut"
        if not data:
            unwrap(connection)
            return "closed"
        connection.sendall(data)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A real server as a process; words may hold PORT."""

    def __init__(self, scene, *words):
        if not shutil.which(words[0]):
            raise Skipped(f"{words[0]} is not installed")
        self.port = free_port()
        words = [w.replace("PORT", str(self.port)) for w in words]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        cwd=scene.place)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                expect(time.monotonic() < end and self.process.poll() is None, f"{words[0]} does not start")
                time.sleep(0.02)

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def address(self):
        return f"localhost:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main(fede, wanted):
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="fede-connect-") as place:
        scene = Scene(fede, place)
        for function in TESTS:
            name = function.__name__
            if wanted and not any(w in name for w in wanted):
                continue
            try:
                function(scene)
                passed += 1
                print(f"ok {name}", flush=True)
            except Skipped as why:
                skipped += 1
                print(f"ok {name} # skipped: {why}", flush=True)
            except Failed as why:
                failed += 1
                print(f"not ok {name}: {why}", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {name}: {traceback.format_exc()}", flush=True)
    print(f"connect: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0
