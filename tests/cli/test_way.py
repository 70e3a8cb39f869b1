"""The way there: names, addresses, TCP, proxies, STARTTLS."""
import os
import signal
import socket
import ssl
import time

from scene import LIMIT, OK, Failed, Peer, answers, echo, expect, head, same, test


@test
def way_names(s):
    """name_not_resolved"""
    with open("/etc/hosts") if os.path.exists("/etc/hosts") else open(os.devnull) as f:
        from_hosts = "from the hosts file" if "localhost" in f.read() else "the loopback address (RFC 6761)"
    s.connect("https://nosuch.invalid/").ends(4, "nosuch.invalid", "could not be resolved")
    with s.peer(answers(OK)) as p:
        s.connect(p.url).ends(0, from_hosts)
        s.connect(f"https://www.fede.test:{p.port}/", "--resolve", f"www.fede.test:{p.port}:127.0.0.1").ends(0, "from --resolve").gives(b"yes")
        s.connect(f"https://www.fede.test:{p.port}/", "--resolve", f"*:{p.port}:127.0.0.1").ends(0, "from --resolve")
        s.connect("--resolve", f"lokalhost:{p.port}:127.0.0.9", "--resolve", f"localhost:1:127.0.0.9", p.url).ends(0, from_hosts)
        s.connect(f"https://127.0.0.1:{p.port}/").ends(0, "is an address")
        s.connect("https://www.fede.test/", "--connect-to", f"www.fede.test:443:localhost:{p.port}").ends(0, "--connect-to", "default").gives(b"yes")
        s.connect("https://www.fede.test/", "--connect-to", f"::127.0.0.1:{p.port}").ends(0).gives(b"yes")
        s.connect("https://www.fede.test/", "--connect-to", "x:1").ends(2)
        same(p.names[-1], "www.fede.test", "server_name")
        s.connect("-6", f"https://127.0.0.1:{p.port}/").ends(4, "no IPv6 address")


@test
def way_tcp(s):
    """not_connected"""
    s.connect("https://127.0.0.1:1/").ends(5, "127.0.0.1 port 1: Connection refused")
    with s.peer(answers(OK)) as p:  # listens on IPv4 only
        r = s.connect("-v", "--resolve", f"localhost:{p.port}:[::1],127.0.0.1", p.url).ends(0).gives(b"yes")
        expect(r.err.index("Trying ::1") < r.err.index("Trying 127.0.0.1"), "IPv6 first")
        s.connect("-4", p.url).ends(0)
        s.connect("-q", "--interface", "127.0.0.1", p.url).gives(b"yes")
        s.connect("-q", "--interface", "lo", p.url).gives(b"yes")
        s.connect("--interface", "nosuch0", p.url).ends(5)
    try:
        six = s.peer(answers(OK), host="::1")
    except OSError:
        return
    with six as p:
        s.connect("-6", f"https://[::1]:{p.port}/").ends(0, "connected to [::1]").gives(b"yes")
        same(p.seen[-1][0].split("\r\n")[1], f"Host: [::1]:{p.port}", "Host")


class Deaf:
    """An address that does not answer: a listener whose queue is full drops what knocks."""

    def __init__(self, host, port):
        self.listener = socket.socket()
        self.listener.bind((host, port))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.knocking = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((host, self.port))
            self.knocking.append(one)
        time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self.listener, *self.knocking):
            one.close()


@test
def way_silent_addresses(s):
    """time_limit; RFC 8305: the next address is tried after 250 ms."""
    with s.peer(answers(OK)) as p, Deaf("127.0.0.2", p.port):
        began = time.monotonic()
        r = s.connect("-v", "--resolve", f"localhost:{p.port}:127.0.0.2,127.0.0.1", p.url).ends(0, "connected to 127.0.0.1").gives(b"yes")
        took = time.monotonic() - began
        expect(0.24 < took < 5, f"{took} s")
        expect(r.err.index("Trying 127.0.0.2") < r.err.index("Trying 127.0.0.1"), "order")
        began = time.monotonic()
        s.connect("--connect-timeout", "0.4", f"https://127.0.0.2:{p.port}/").ends(28, "400 ms", "127.0.0.2", "no answer")
        s.connect("-m", "0.4", f"https://127.0.0.2:{p.port}/").ends(28, "400 ms")
        expect(time.monotonic() - began < 8, "the time limit")


@test
def way_unix_socket(s):
    path = f"{s.place}/sock"
    with s.peer(answers(OK), unix=path):
        s.connect("--unix-socket", path, "https://localhost/").ends(0, path).gives(b"yes")
    s.connect("--unix-socket", "/nonexistent", "https://localhost/").ends(5, "/nonexistent")


def proxy(connection, peer):
    """An HTTP proxy: CONNECT to the port named, or an answer to a plain request."""
    text, _ = head(connection)
    words = text.split()
    if words[0] != "CONNECT":
        connection.sendall(OK)
        return text
    if "forbidden" in words[1]:
        connection.sendall(b"HTTP/1.1 403 Forbidden\x1b[1m\r\n\r\n")
        return text
    connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
    out = socket.create_connection(("127.0.0.1", int(words[1].rsplit(":", 1)[1])), LIMIT)
    import threading

    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    thread = threading.Thread(target=pump, args=(out, connection), daemon=True)
    thread.start()
    pump(connection, out)
    thread.join(LIMIT)
    out.close()
    return text


@test
def way_proxy(s):
    """proxy_refused"""
    with s.peer(answers(OK)) as p, s.peer(proxy, tls=False) as x:
        at = f"localhost:{x.port}"
        s.connect("-v", "-x", at, p.url).ends(0, "through the proxy", "> CONNECT localhost:", "opened a way").gives(b"yes")
        s.connect("-x", f"http://joe:pw@{at}", p.url).ends(0).gives(b"yes")
        expect("Proxy-Authorization: Basic am9lOnB3" in x.seen[-1], x.seen[-1])
        s.connect("-x", at, "-U", "a:b", p.url).ends(0)
        expect("Proxy-Authorization: Basic YTpi" in x.seen[-1], x.seen[-1])
        expect("Proxy-Authorization" not in p.seen[-1][0], "credentials reached the server")
        s.connect(p.url, env={"https_proxy": f"http://{at}"}).ends(0, "https_proxy", "opened a way")
        n = len(x.seen)
        s.connect(p.url, env={"https_proxy": f"http://{at}", "no_proxy": "x,localhost"}).ends(0)
        s.connect("--noproxy", "*", "-x", at, p.url).ends(0)
        s.connect(p.url, env={"HTTP_PROXY": f"http://{at}"}).ends(0)
        same(len(x.seen), n, "visits of the proxy")
        r = s.connect("-x", at, "https://forbidden.test/").ends(5, "403 Forbidden")
        expect("\x1b" not in r.err, "escaped")
        s.connect("-x", "socks5://h:1", p.url).ends(2, "HTTP proxy")
        s.connect("-x", "https://h:1", p.url).ends(2)
        s.run("connect", "-x", at, "http://plain.test/a").ends(0).gives(b"yes")
        expect(x.seen[-1].startswith("GET http://plain.test/a HTTP/1.1\r\nHost: plain.test\r\n"), x.seen[-1])
        s.connect("--linger", "0.3", "-x", at, p.address, stdin=b"GET / HTTP/1.1\r\n\r\n").ends(0).gives(OK)
    s.connect("-x", "localhost:1", "https://localhost/").ends(5, "port 1")


def script(*steps):
    """Lines to send and to expect before TLS; then echo."""
    def handler(connection, peer):
        connection.settimeout(LIMIT)
        for step in steps:
            if isinstance(step, tuple):
                seen = connection.recv(1000)
                expect(step[0] in seen, f"{step[0]!r} was wanted, {seen!r} came")
            else:
                connection.sendall(step)
        return echo(peer.secure(connection), peer)
    return handler


DIALOGUES = {
    "smtp": (b"220-hello\r\n220 mail\r\n", (b"EHLO ",), b"250-mail\r\n250-STARTTLS\r\n250 8BITMIME\r\n", (b"STARTTLS\r\n",), b"220 go\r\n"),
    "lmtp": (b"220 mail\r\n", (b"LHLO ",), b"250 mail\r\n", (b"STARTTLS\r\n",), b"220 go\r\n"),
    "imap": (b"* OK ready\r\n", (b"a STARTTLS\r\n",), b"* CAPABILITY x\r\na OK begin\r\n"),
    "pop3": (b"+OK ready\r\n", (b"STLS\r\n",), b"+OK go\r\n"),
    "ftp": (b"220-a\r\n220 b\r\n", (b"AUTH TLS\r\n",), b"234 go\r\n"),
    "nntp": (b"201 ready\r\n", (b"STARTTLS\r\n",), b"382 go\r\n"),
    "sieve": (b"\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n", (b"STARTTLS\r\n",), b"OK go\r\n"),
    "postgres": ((b"\0\0\0\x08\x04\xd2\x16\x2f",), b"S"),
    "ldap": ((b"1.3.6.1.4.1.1466.20037",), b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"),
    "xmpp": ((b"<stream:stream",), b"<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls xmlns='x'/></stream:features>",
             (b"<starttls",), b"<proceed xmlns='x'/>"),
}


@test
def way_starttls(s):
    for name, steps in DIALOGUES.items():
        with s.peer(script(*steps), tls=False) as p:
            r = s.connect("-v", "--linger", "0.2", "--starttls", name, p.address, stdin=b"inside")
            expect(r.code == 0 and r.out == b"inside", f"{name}: {r}")
    topic = s.run("--help", "starttls").out.decode()
    expect(all(name in topic for name in DIALOGUES), "--help starttls")


@test
def way_starttls_interrupted(s):
    """A signal while a silent server is waited for is told as that, not as the server's refusal."""
    with s.peer(lambda connection, peer: connection.recv(1), tls=False) as p:
        process = s.start("--starttls", "smtp", p.address)
        while b"TCP" not in process.stderr.readline():
            pass
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[1].decode()
        expect(process.returncode == 130 and "did not agree" not in said, said)


@test
def way_starttls_refused(s):
    """starttls_refused"""
    cases = {
        "smtp": (b"220 mail\r\n", (b"EHLO ",), b"250 mail\r\n", (b"STARTTLS\r\n",), b"502 what? \x1b[1m\r\n"),
        "imap": (b"* BYE no\r\n",),
        "pop3": (b"-ERR\r\n",),
        "ftp": (b"SSH-2.0\r\n",),
        "postgres": ((b"\0",), b"N"),
        "ldap": ((b"1466",), b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"),
        "xmpp": ((b"<stream",), b"<stream:stream></stream:stream>"),
        "sieve": (b"x" * 5000,),
    }
    for name, steps in cases.items():
        def handler(connection, peer, steps=steps):
            for step in steps:
                if isinstance(step, tuple):
                    connection.recv(1000)
                else:
                    connection.sendall(step)
        with s.peer(handler, tls=False) as p:
            r = s.connect("--starttls", name, p.address).ends(6, "did not agree to start TLS")
            expect("ClientHello" not in r.err and "\x1b" not in r.err, f"{name}: {r}")

    def silent(connection, peer):
        connection.recv(1)
    with s.peer(silent, tls=False) as p:
        s.connect("--connect-timeout", "0.3", "--starttls", "smtp", p.address).ends(28)


@test
def way_starttls_nothing_slips_in(s):
    """What comes in the clear right behind the agreement is TLS's to refuse (RFC 3207 6)."""
    def handler(connection, peer):
        connection.sendall(b"220 mail\r\n")
        connection.recv(1000)
        connection.sendall(b"250 mail\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go\r\n250 injected\r\n")
        try:
            connection.recv(1000)
            connection.recv(1000)
        except OSError:
            pass
    with s.peer(handler, tls=False) as p:
        r = s.connect("--starttls", "smtp", p.address)
        expect(r.code == 6 and b"injected" not in r.out, str(r))
