"""The pages that run.py looks at: each made by a real connection on loopback."""
import glob
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

from chromium import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/tests/captures")
import packets  # noqa: E402
# What stands in the hostile certificate and answer, and how it has to show.
ORGANIZATION = "</script><script>window.hostile=1</script>\u2028\u202e\x07"
COMMON_NAME = "<img src=x onerror=window.hostile=1><!--<b>&amp;"
SERVER_NAME = "x</script><img src=z>"
TARGET = "/<img/src=x/onerror=window.hostile=1>"
HEADER = "</noscript><!--<script><marquee>\u2028\u202e&amp;'"
HOSTILE_WORDS = ["</script><script>window.hostile=1</script>", "<img src=x onerror=window.hostile=1><!--<b>&amp;", "</noscript><!--<script><marquee>",
                 "\\xe2\\x80\\xae", "\\x07", "<img src=y>"]


def command(*words, place=None, limit=30, code=0, **options):
    done = subprocess.run(words, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit,
                          env=dict(os.environ, SSLKEYLOGFILE=""), **options)
    if code is not None and done.returncode != code:
        raise Failed(f"{words[0]} {words[1]}: exit status {done.returncode}: {(done.stdout + done.stderr)[-600:].decode(errors='replace')}")
    return done


class Server:
    """A TLS server in a thread: answer(request) gives the bytes of each answer; then the connection is closed in order."""

    def __init__(self, cert, key, answer):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(cert, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(.2)
        self.port = self.socket.getsockname()[1]
        self.answer, self.over = answer, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                continue
            try:
                plain.settimeout(5)
                with self.context.wrap_socket(plain, server_side=True) as s:
                    s.sendall(self.answer(s.recv(65536)))
                    s.unwrap()
            except OSError:
                pass
            plain.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join(5)
        self.socket.close()


def make(fede, place):
    """{name: (page, the same story as JSON or None)}"""
    command("sh", f"{ROOT}/scripts/throw-away-ca", f"{place}/ca", "localhost")
    with open(f"{place}/hostile.conf", "w", encoding="utf-8") as f:
        f.write(f"[req]\ndistinguished_name = name\nprompt = no\nutf8 = yes\nstring_mask = utf8only\nx509_extensions = more\n[name]\n"
                f"O = {ORGANIZATION}\nCN = {COMMON_NAME}\n[more]\nsubjectAltName = DNS:localhost\n")
    command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{place}/hostile.key",
            "-out", f"{place}/hostile.pem", "-days", "2", "-config", f"{place}/hostile.conf")
    pages = {}
    plain = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\nConnection: close\r\n\r\n<p>application\n\n"

    def connect(name, port, *options, code=0, secrets=True, path="/"):
        page, document = f"{place}/{name}.html", f"{place}/{name}.json"
        words = [fede, "connect", "-vvv", "--json", "--stderr", document, "--report", page, "--http1.1", *(["--show-secrets"] if secrets else []),
                 *options, f"https://localhost:{port}{path}"]
        command(*words, code=code)
        pages[name] = (page, document)

    with Server(f"{place}/ca/localhost.pem", f"{place}/ca/localhost.key", lambda _: plain) as server:
        connect("good", server.port, "--cacert", f"{place}/ca/ca.pem", "-u", "somebody:password")
        connect("refused", server.port, "--cacert", f"{place}/hostile.pem", code=7, secrets=False)
    with Server(f"{place}/hostile.pem", f"{place}/hostile.key", lambda _: plain.replace(b"text/html", b"text/html; " + HEADER.encode())) as server:
        connect("hostile", server.port, "-k", "-A", "agent </script><b>", "-H", "X-Hostile: <img src=y>", path="/%3Cscript%3E", code=None)

    def redirect(request):
        if b"GET /second" in request:
            return plain
        return b"HTTP/1.1 302 Found\r\nLocation: /second\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with Server(f"{place}/ca/localhost.pem", f"{place}/ca/localhost.key", redirect) as server:
        connect("redirect", server.port, "--cacert", f"{place}/ca/ca.pem", "-L")
        pages["redirect"] = (pages["redirect"][0], None)  # two documents stand in that file
    for name, capture in (("captured", "nginx-t12-h2"), ("captured 1.3", "gnutls-t13"), ("captured several", "several")):
        data, page = f"{ROOT}/tests/captures/data/{capture}", f"{place}/{capture}.html"
        command(fede, "explain", "-vvv", "--keylog", f"{data}.keys", "--report", page, f"{data}.pcapng")
        pages[name] = (page, None)
    # Hostile words in HTTP without TLS, and around it.
    talk, content = packets.Talk(to=8000), b"</script><script>window.hostile=1</script>"
    talk.say(0, f"GET {TARGET} HTTP/1.1\r\nHost: {COMMON_NAME}\r\n\r\n".encode())
    talk.say(1, f"HTTP/1.1 200 {SERVER_NAME}\r\nContent-Type: text/html\r\nX-Hostile: {HEADER}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    packets.pcapng(f"{place}/talk.pcapng", talk.end(), about=COMMON_NAME.encode())
    command(fede, "explain", "-vvv", "--report", f"{place}/talk.html", f"{place}/talk.pcapng", code=9)
    pages["captured hostile"] = (f"{place}/talk.html", None)
    os.makedirs(f"{place}/served", exist_ok=True)
    port = Server(f"{place}/ca/localhost.pem", f"{place}/ca/localhost.key", lambda _: b"")
    free = port.port
    port.__exit__()
    process = subprocess.Popen([fede, "serve", "--cert", f"{place}/ca/localhost.pem", "--key", f"{place}/ca/localhost.key", "--listen", f"127.0.0.1:{free}",
                                "--report", f"{place}/served"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(50):
            try:
                with socket.create_connection(("127.0.0.1", free), 5):
                    pass
                break
            except OSError:
                time.sleep(.1)
        command("openssl", "s_client", "-connect", f"127.0.0.1:{free}", "-servername", SERVER_NAME, "-alpn", "http/1.1,</script>", "-tls1_2")
        time.sleep(.3)
        process.terminate()
        process.wait(10)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    found = sorted(glob.glob(f"{place}/served/*.html"))
    if len(found) != 2:
        raise Failed(f"fede serve --report wrote {found}")
    pages["served"] = (found[1], None)
    return pages
