#!/usr/bin/env python3
"""make.py FOLDER [PART or NAME]...: captures of real peers on loopback: openssl, gnutls, nginx and curl, with their key logs; peers.py
has further parts.

FOLDER/NAME.pcapng (those of peers.py with .gz behind) and FOLDER/NAME.keys, one connection or a few each. Needs dumpcap and the
right to capture on lo. What is in them is found out by run.py and against.py with tshark; nothing is taken from fede."""
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
import certs  # noqa: E402
import peers  # noqa: E402
import peers_old  # noqa: E402
import peers_udp  # noqa: E402

PORT = 44310


class Scene:
    """One capture: a server runs, clients connect, both end, the capture is closed."""

    def __init__(self, folder, name, port, small=False, transport="tcp"):
        self.folder, self.name, self.port, self.small, self.transport = folder, name, port, small, transport
        self.keys = f"{folder}/{name}.keys"
        self.file = f"{folder}/{name}.pcapng"
        self.server = None

    def __enter__(self):
        for path in (self.keys, self.file):
            if os.path.exists(path):
                os.remove(path)
        self.dump = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", f"{self.transport} port {self.port}", "-w", self.file],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.dump.stderr.readline()  # "Capturing on …"
        for _ in range(100):
            if os.path.exists(self.file) and os.path.getsize(self.file) > 0:
                break
            time.sleep(0.02)
        time.sleep(0.15)
        return self

    @staticmethod
    def free_port():
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def no_keys(self):
        with open(self.keys, "w", encoding="ascii"):
            pass

    def serve(self, *words, listens=None, **more):
        self.server = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, **more)
        for _ in range(150):
            with socket.socket() as s:
                with open("/proc/net/tcp", encoding="ascii") as f, open("/proc/net/tcp6", encoding="ascii") as g:
                    if re.search(rf":{listens or self.port:04X} [0-9A-F]+:0000 0A", f.read() + g.read()):
                        return
            time.sleep(0.02)

    def run(self, *words, stdin=b"", env=None, timeout=10):
        try:
            return subprocess.run([str(w) for w in words], input=stdin, capture_output=True, timeout=timeout,
                                  env=dict(os.environ, **(env or {})), check=False)
        except subprocess.TimeoutExpired:
            return None

    def end_server(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(3)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
            self.server = None

    def __exit__(self, *_):
        time.sleep(0.25)
        self.end_server()
        time.sleep(0.25)
        self.dump.send_signal(signal.SIGINT)
        self.dump.wait(10)
        self.dump.stderr.close()
        if not os.path.exists(self.keys):
            self.no_keys()
        if self.small:
            with open(self.file, "rb") as f, open(self.file + ".gz", "wb") as g:
                g.write(gzip.compress(f.read(), 9, mtime=0))
            os.remove(self.file)


class Stage:
    """Where the parts of peers.py play: gives each scene a port, and leaves out the rows of tables that are not asked for."""

    def __init__(self, folder, wanted, transport="tcp"):
        self.folder, self.wanted, self.transport = folder, wanted, transport

    def __call__(self, name, port=None):
        return Scene(self.folder, name, port or Scene.free_port(), small=True, transport=self.transport)

    def rows(self, table):
        return [(name, row) for name, row in table.items() if not self.wanted or name in self.wanted]


GET = b"GET / HTTP/1.0\r\n\r\n"
# name: (certificate, options of s_server, options of s_client)
OPENSSL = {
    "t12-ecdsa-aes256": ("p256", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], []),
    "t12-ecdsa-aes128": ("p256", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], []),
    "t12-ecdsa-chacha": ("p256", ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], []),
    "t12-rsa-aes128": ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], []),
    "t12-rsa-aes256": ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"], []),
    "t12-rsa-chacha": ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"], []),
    "t12-p384": ("p384", ["-tls1_2"], ["-groups", "P-384"]),
    "t12-ed25519": ("ed25519", ["-tls1_2"], []),
    "t12-static-rsa": ("rsa", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], []),
    "t12-dhe": ("rsa", ["-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"], []),
    "t12-no-ticket": ("p256", ["-tls1_2", "-no_ticket"], []),
    "t12-client-certificate": ("p256", ["-tls1_2", "-Verify", "1"], ["-cert", "{certs}/p256-leaf.pem", "-key", "{certs}/p256.key"]),
    "t12-small-records": ("rsa", ["-tls1_2", "-max_send_frag", "512"], ["-max_send_frag", "512"]),
    "t12-cbc": ("rsa", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], []),
    "t12-ccm": ("p256", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM"], []),
    "t11": ("rsa", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]),
    "t10": ("rsa", ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]),
    "t13-aes128": ("p256", ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], []),
    "t13-aes256": ("p256", ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"], []),
    "t13-chacha": ("rsa", ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], []),
    "t13-retry": ("p256", ["-tls1_3", "-groups", "P-521"], ["-groups", "X25519:P-521"]),
    "t13-client-certificate": ("p256", ["-tls1_3", "-Verify", "1"], ["-cert", "{certs}/p256-leaf.pem", "-key", "{certs}/p256.key"]),
    "t13-small-records": ("rsa", ["-tls1_3", "-max_send_frag", "512"], []),
}


def openssl(folder, at):
    """One server, one client, one page each."""
    for n, (name, (key, server, client)) in enumerate(OPENSSL.items()):
        port = PORT + n
        with Scene(folder, name, port) as s:
            s.serve("openssl", "s_server", "-accept", port, "-cert", f"{at}/{key}-leaf.pem", "-cert_chain", f"{at}/{key}-chain.pem",
                    "-key", f"{at}/{key}.key", "-www", *server)
            s.run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "www.fede.test", "-keylogfile",
                  s.keys, "-ign_eof", *[w.replace("{certs}", at) for w in client], stdin=GET)


def special(folder, at):
    """What needs a hand of its own."""
    def server(s, *words, key="p256"):
        s.serve("openssl", "s_server", "-accept", s.port, "-cert", f"{at}/{key}-chain.pem", "-key", f"{at}/{key}.key", *words)

    def client(s, *words, stdin=GET):
        return s.run("openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-servername", "www.fede.test", "-keylogfile",
                     s.keys, *words, stdin=stdin)

    for version in ("1_2", "1_3"):
        with Scene(folder, f"t{version.replace('_', '')}-resumed", PORT + 40) as s:
            server(s, "-www", f"-tls{version}")
            client(s, "-ign_eof", "-sess_out", f"{folder}/session")
            client(s, "-ign_eof", "-sess_in", f"{folder}/session")
            os.remove(f"{folder}/session")
    def type_in(s, lines, *words):
        p = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-keylogfile", s.keys, *words],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for line in lines:
                time.sleep(0.3)
                p.stdin.write(line)
                p.stdin.flush()
            time.sleep(0.3)
            p.stdin.close()
        except BrokenPipeError:
            pass
        p.wait(5)

    with Scene(folder, "t12-renegotiated", PORT + 41) as s:
        server(s, "-tls1_2", "-client_renegotiation")
        type_in(s, (b"one\n", b"R\n", b"two\n"), "-tls1_2")
    with Scene(folder, "t13-key-update", PORT + 42) as s:
        server(s, "-tls1_3")
        type_in(s, (b"one\n", b"K\n", b"two\n", b"k\n", b"three\n"))
    with Scene(folder, "t13-early-data", PORT + 43) as s:
        server(s, "-tls1_3", "-early_data")
        type_in(s, (b"",), "-sess_out", f"{folder}/session")
        with open(f"{folder}/early", "wb") as f:
            f.write(b"early words\n")
        client(s, "-sess_in", f"{folder}/session", "-early_data", f"{folder}/early", stdin=b"late words\n")
        os.remove(f"{folder}/session")
        os.remove(f"{folder}/early")
    for version in ("1_2", "1_3"):
        with Scene(folder, f"t{version.replace('_', '')}-unknown-ca", PORT + 44) as s:
            server(s, f"-tls{version}", "-www")
            s.run("curl", "-s", "--cacert", f"{at}/rsa-root.pem", "--connect-to", f"::127.0.0.1:{s.port}", "https://www.fede.test/",
                  env={"SSLKEYLOGFILE": s.keys})
    with Scene(folder, "t12-no-shared-suite", PORT + 45) as s:
        server(s, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")
        client(s, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")
    with Scene(folder, "starttls-smtp", PORT + 46) as s:
        starttls_server(s, at)
    with Scene(folder, "several", PORT + 47) as s:
        server(s, "-www")
        peers = [subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-servername", f"n{i}.fede.test",
                                   "-keylogfile", s.keys, "-ign_eof", "-tls1_2" if i % 2 else "-tls1_3"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for i in range(6)]
        time.sleep(0.3)
        for p in peers:
            p.stdin.write(GET)
            p.stdin.close()
        for p in peers:
            p.wait(8)
    with Scene(folder, "port-445", 445) as s:
        server(s, "-www", "-tls1_2")
        client(s, "-ign_eof")
    with Scene(folder, "ipv6", PORT + 48) as s:
        s.serve("openssl", "s_server", "-accept", f"[::1]:{s.port}", "-6", "-cert", f"{at}/p256-chain.pem", "-key",
                f"{at}/p256.key", "-www")
        s.run("openssl", "s_client", "-connect", f"[::1]:{s.port}", "-servername", "www.fede.test", "-keylogfile", s.keys,
              "-ign_eof", stdin=GET)
    with Scene(folder, "large", PORT + 49) as s:
        with open(f"{folder}/page", "wb") as f:
            f.write(bytes(range(256)) * 800)
        s.serve("openssl", "s_server", "-accept", s.port, "-cert", f"{at}/p256-chain.pem", "-key", f"{at}/p256.key", "-WWW",
                "-tls1_2", cwd=folder)
        client(s, "-ign_eof", stdin=b"GET /page HTTP/1.0\r\n\r\n")
        os.remove(f"{folder}/page")


def starttls_server(s, at):
    """A server that speaks enough SMTP to get to STARTTLS, then TLS by Python's ssl."""
    code = f"""
import socket, ssl
l = socket.create_server(("127.0.0.1", {s.port}))
c, _ = l.accept()
f = c.makefile("rwb", buffering=0)
f.write(b"220 mail.fede.test ESMTP\\r\\n"); f.readline()
f.write(b"250-mail.fede.test\\r\\n250 STARTTLS\\r\\n"); f.readline()
f.write(b"220 Go ahead\\r\\n")
x = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); x.load_cert_chain("{at}/p256-chain.pem", "{at}/p256.key")
t = x.wrap_socket(c, server_side=True)
t.recv(100); t.send(b"221 bye\\r\\n"); t.unwrap()
"""
    s.serve(sys.executable, "-c", code)
    s.run("openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{s.port}", "-keylogfile", s.keys, "-quiet",
          stdin=b"QUIT\r\n")


def gnutls(folder, at):
    for n, (name, priority) in enumerate({
            "gnutls-t12": "NORMAL:-VERS-ALL:+VERS-TLS1.2", "gnutls-t13": "NORMAL:-VERS-ALL:+VERS-TLS1.3",
            "gnutls-t12-secp384": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-GROUP-ALL:+GROUP-SECP384R1",
            "gnutls-t12-chacha": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305"}.items()):
        with Scene(folder, name, PORT + 60 + n) as s:
            s.serve("gnutls-serv", "--port", s.port, "--http", "--x509certfile", f"{at}/p256-chain.pem", "--x509keyfile",
                    f"{at}/p256.key", "--priority", priority)
            s.run("gnutls-cli", "--port", s.port, "127.0.0.1", "--sni-hostname", "www.fede.test", "--no-ca-verification",
                  "--priority", priority, stdin=GET, env={"SSLKEYLOGFILE": s.keys})


def nginx(folder, at):
    for n, (name, protocol, more) in enumerate((("nginx-t12-h2", "TLSv1.2", []), ("nginx-t13-h2", "TLSv1.3", []),
                                                ("nginx-t12-http1", "TLSv1.2", ["--http1.1"]))):
        with Scene(folder, name, PORT + 70 + n) as s:
            root = f"{folder}/nginx"
            os.makedirs(f"{root}/html", exist_ok=True)
            with open(f"{root}/html/index.html", "w", encoding="ascii") as f:
                f.write("hello\n" * 200)
            with open(f"{root}/conf", "w", encoding="ascii") as f:
                f.write(f"daemon off; pid {root}/pid; error_log {root}/error; worker_processes 1; events {{}}\n"
                        f"http {{ access_log off; server {{ listen 127.0.0.1:{s.port} ssl http2; root {root}/html;"
                        f" ssl_certificate {at}/rsa-chain.pem; ssl_certificate_key {at}/rsa.key; ssl_protocols {protocol}; }} }}\n")
            s.serve("nginx", "-c", f"{root}/conf", "-p", root)
            s.run("curl", "-s", "--cacert", f"{at}/ca.pem", "--connect-to", f"::127.0.0.1:{s.port}", *more,
                  "https://localhost/", "https://localhost/again", env={"SSLKEYLOGFILE": s.keys})
    subprocess.run(["rm", "-rf", f"{folder}/nginx"], check=True)


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    at = certs.make(f"{folder}/certs")
    for part in (openssl, special, gnutls, nginx):
        if len(sys.argv) < 3 or part.__name__ in sys.argv[2:]:
            part(folder, at)
    peers.certificates(at)
    for part in (*peers.PARTS, *peers_old.PARTS):
        named = len(sys.argv) < 3 or part.__name__ in sys.argv[2:]
        if named or part in (*peers.TABLES, *peers_old.TABLES):
            part(Stage(folder, [] if named else sys.argv[2:]), at)
    os.makedirs(f"{folder}/udp", exist_ok=True)
    for part in peers_udp.PARTS:
        named = len(sys.argv) < 3 or part.__name__ in sys.argv[2:]
        if named or part in peers_udp.TABLES:
            part(Stage(f"{folder}/udp", [] if named else sys.argv[2:], "udp"), at)
    print(f"{len([f for f in os.listdir(folder) if '.pcapng' in f])} captures in {folder}")


if __name__ == "__main__":
    main()
