"""What is served: files, uploads, the page, echo; over HTTP/1.1, HTTP/2 and bare TLS."""
import hashlib
import os
import select
import shutil
import socket
import ssl

from tools import Failed, Skipped, expect, receive_all, run

BIG = 100_000_000


def populate(scene):
    scene.file("a.txt", b"hello\n")
    scene.file("page.html", b"<!doctype html><p>page\n")
    scene.file("empty", b"")
    scene.file("sub/index.html", b"index of sub\n")
    scene.file("sub/deep/with space & <sign>.txt", b"odd name\n")
    scene.file(".secret", b"not served\n")
    scene.file("digits", b"0123456789")
    for name, target in (("inside", "a.txt"), ("outside", "/etc/passwd"), ("up", "../certs/localhost.key"),
                         ("sub/deep/back", "../../a.txt"), ("folder", "sub"), ("rootdir", "/")):
        if not os.path.lexists(f"{scene.root}/{name}"):
            os.symlink(target, f"{scene.root}/{name}")
    if not os.path.lexists(f"{scene.root}/pipe"):
        os.mkfifo(f"{scene.root}/pipe")


def big_file(scene):
    path = f"{scene.root}/big.bin"
    if not os.path.exists(path):
        with open(path, "wb") as f:
            for _ in range(BIG // 1_000_000):
                f.write(os.urandom(1_000_000))
    return path


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha256(f.read()).hexdigest()


FILES = [
    # path, status, body or None, content type or None
    ("/a.txt", 200, b"hello\n", "text/plain; charset=utf-8"),
    ("/a.txt?query=1#x", 200, b"hello\n", None),
    ("/page.html", 200, b"<!doctype html><p>page\n", "text/html; charset=utf-8"),
    ("/empty", 200, b"", "application/octet-stream"),
    ("/sub/", 200, b"index of sub\n", "text/html; charset=utf-8"),
    ("/sub", 301, None, None),
    ("//sub", 301, None, None),
    ("/sub/deep/with%20space%20%26%20%3csign%3E.txt", 200, b"odd name\n", None),
    ("/./sub/./deep/../x", 404, None, None),
    ("/inside", 200, b"hello\n", None),
    ("/folder/", 200, b"index of sub\n", None),
    ("/sub/deep/back", 200, b"hello\n", None),
    ("/outside", 403, None, None),
    ("/up", 403, None, None),
    ("/rootdir/etc/passwd", 403, None, None),
    ("/../certs/localhost.key", 404, None, None),
    ("/sub/../../certs/localhost.key", 404, None, None),
    ("/%2e%2e/certs/localhost.key", 404, None, None),
    ("/..%2fcerts/localhost.key", 404, None, None),
    ("/sub%2findex.html", 404, None, None),
    ("/.secret", 404, None, None),
    ("/%00", 400, None, None),
    ("/%zz", 400, None, None),
    ("/%2", 400, None, None),
    ("/pipe", 403, None, None),
    ("/nothing", 404, None, None),
    ("/a.txt/", 404, None, None),
    ("/a.txt/b", 404, None, None),
    ("/" + "x" * 300, 414, None, None),   # longer than a file name can be
    ("/" + "x" * 3000, 414, None, None),  # longer than a path may be
]


def check_files(server, files):
    for path, status, body, kind in files:
        got, headers, content = server.get(path)
        expect(got == status, f"GET {path[:60]}: status {got}, not {status}")
        expect(body is None or content == body, f"GET {path[:60]}: the body is {content[:100]!r}")
        expect(kind is None or headers["content-type"] == kind, f"GET {path[:60]}: type {headers['content-type']}")
        expect(int(headers["content-length"]) == len(content), f"GET {path[:60]}: content-length")


def files(scene):
    populate(scene)
    with scene.server(scene.root) as server:
        check_files(server, FILES)
        for path in ("/sub", "//sub"):
            _, headers, _ = server.get(path)
            expect(headers["location"] == "/sub/", f"{path} leads to {headers['location']}")
        status, headers, content = server.get("/a.txt", method="HEAD")
        expect((status, headers["content-length"], content) == (200, "6", b""), "HEAD")
        status, headers, content = server.get("/")
        page = content.decode()
        expect('href="./a.txt"' in page and 'href="./sub/"' in page and ".secret" not in page, f"listing: {page}")
        page = server.get("/sub/deep/")[2].decode()
        expect("with%20space%20%26%20%3Csign%3E.txt" in page and "<sign>" not in page, f"names are not escaped: {page}")


def without_openat2(scene):
    """On a kernel without openat2 the same holds, but that links are not followed at all."""
    populate(scene)
    if not shutil.which("strace"):
        raise Skipped("no strace")
    wrap = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=openat2", "-e", "inject=openat2:error=ENOSYS"]
    code, out = run([*wrap, "true"])
    if code:
        raise Skipped(f"strace can't trace here: {out[:100]}")
    changed = {"/inside": 403, "/folder/": 403, "/sub/deep/back": 403}
    with scene.server("--workers", "1", scene.root, wrap=wrap,
                      env={"ASAN_OPTIONS": "detect_leaks=0"}) as server:
        check_files(server, [(p, changed.get(p, s), None if p in changed else b, k) for p, s, b, k in FILES])


def ranges(scene):
    populate(scene)
    with scene.server(scene.root) as server:
        for value, status, body, told in (
                ("bytes=2-5", 206, b"2345", "bytes 2-5/10"), ("bytes=7-", 206, b"789", "bytes 7-9/10"),
                ("bytes=-3", 206, b"789", "bytes 7-9/10"), ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
                ("bytes=0-0", 206, b"0", "bytes 0-0/10"), ("bytes=9-99", 206, b"9", "bytes 9-9/10"),
                ("bytes=10-", 416, None, "bytes */10"), ("bytes=-0", 416, None, "bytes */10"),
                ("bytes=5-2", 200, b"0123456789", None), ("bytes=a-", 200, b"0123456789", None),
                ("bytes=-", 200, b"0123456789", None), ("bytes=1-2,4-5", 200, b"0123456789", None),
                ("lines=1-2", 200, b"0123456789", None), ("bytes=99999999999999999999-", 200, b"0123456789", None)):
            got, headers, content = server.get("/digits", Range=value)
            expect(got == status and (body is None or content == body), f"Range: {value}: {got} {content!r}")
            expect(headers["content-range"] == told, f"Range: {value}: {headers['content-range']}")
        status, headers, _ = server.get("/digits")
        changed = headers["last-modified"]
        expect(server.get("/digits", If_Modified_Since=changed)[0] == 304, "If-Modified-Since of its own date")
        expect(server.get("/digits", If_Modified_Since="Tue, 01 Jan 2019 00:00:00 GMT")[0] == 200, "an old date")
        expect(server.get("/digits", If_Modified_Since="yesterday")[0] == 200, "no date at all")
        expect(server.get("/empty", Range="bytes=0-")[0] == 416, "a range of an empty file")


def http1(scene):
    populate(scene)
    with scene.server(scene.root, "--max-fragment", "512") as server:
        connection = server.http()
        for _ in range(20):
            connection.request("GET", "/a.txt")
            expect(connection.getresponse().read() == b"hello\n", "keep-alive")
        connection.request("POST", "/x", body=(b"x" * 1000 for _ in range(50)), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        expect(connection.getresponse().read() == b"received 50000 bytes\n", "chunked upload")
        connection.close()
        get = b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n"
        out = server.exchange((get + b"\r\n") * 60 + get + b"Connection: close\r\n\r\n")
        expect(out.count(b"HTTP/1.1 200 OK") == 61 and out.count(b"\r\n\r\nhello\n") == 61, f"pipelining: {out[-200:]!r}")
        for sent, told in (
                (b"GET /a.txt HTTP/1.0\r\n\r\n", b"200 OK"), (b"GET /a.txt HTTP/1.1\r\n\r\n", b"400 Bad"),
                (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400 Bad"),
                (b"DELETE /a.txt HTTP/1.0\r\n\r\n", b"405 Method"), (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"405 Method"),
                (b"\x00\x01\x02\r\n\r\n", b"400 Bad"), (b"NONSENSE\r\n\r\n", b"400 Bad"),
                (b"GET /" + b"x" * 5000 + b" HTTP/1.0\r\n\r\n", b"414 URI"),
                (b"GET / HTTP/1.0\r\nX: " + b"x" * 40000 + b"\r\n\r\n", b"431 Request"),
                (b"GET / HTTP/1.0\r\n" + b"A: b\r\n" * 4000 + b"\r\n", b"431 Request"),
                (b"GET /a.txt HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n", b"200 OK"),
                (b"OPTIONS * HTTP/1.0\r\n\r\n", b"204 No"),
                (b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", b"received 3 bytes")):
            out = server.exchange(sent)
            expect(told in out and out.startswith(b"HTTP/1.1 "), f"{sent[:60]!r}: {out[:200]!r}")
        with server.connect() as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
            expect(s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n", "100-continue")
            s.sendall(b"abc")
            expect(receive_all(s).endswith(b"received 3 bytes\n"), "the body after 100-continue")


def curl(server, *words, limit=60):
    code, out = run(["curl", "-sS", "--cacert", server.scene.ca, "-m", str(limit), *words], limit + 5)
    expect(code == 0, f"curl {' '.join(words)}: exit status {code}: {out[-500:]}")
    return out


def http2(scene):
    populate(scene)
    with scene.server(scene.root) as server:
        expect(curl(server, server.url("/a.txt"), "-w", "%{http_version}") == "hello\n2", "HTTP/2 is not spoken")
        expect(curl(server, server.url("/a.txt"), "--http1.1", "-w", "%{http_version}") == "hello\n1.1", "--http1.1")
        for path, status, body, _ in FILES:
            if "\0" not in path and "#" not in path:
                out = curl(server, "--path-as-is", "-w", "\n%{http_code}", server.url(path))
                expect(out.endswith(f"\n{status}"), f"GET {path[:60]}: {out[-200:]}")
                expect(body is None or out == body.decode() + f"\n{status}", f"GET {path[:60]}: {out[-200:]}")
        out = curl(server, "-r", "2-5", "-w", " %{http_code}", server.url("/digits"))
        expect(out == "2345 206", f"a range: {out}")
        expect("200" in curl(server, "-I", server.url("/a.txt")), "HEAD")
        expect("405" in curl(server, "-X", "DELETE", "-i", server.url("/a.txt")), "DELETE")
        many = curl(server, "--parallel", "--parallel-max", "50", *[server.url(f"/digits?{i}") for i in range(200)])
        expect(many.count("0123456789") == 200, f"200 requests at once: {len(many)} bytes")
        expect(curl(server, "-H", "X: " + "x" * 20000, "-o", "/dev/null", "-w", "%{http_code}", server.url("/")) == "431",
               "long header fields")


def http2_broken(scene):
    """What is no HTTP/2 ends the connection with GOAWAY and nothing else."""
    populate(scene)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    with scene.server(scene.root) as server:
        for sent in (b"GET / HTTP/1.1\r\n\r\n" * 3, preface + b"\xff" * 200, preface + settings + b"\x00\x00\x04\x03\x00\x00\x00\x00\x01abcd",
                     preface + settings + b"\x00\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 65535):
            with server.connect(alpn=["h2"]) as s:
                expect(s.selected_alpn_protocol() == "h2", "ALPN")
                s.sendall(sent)
                out = receive_all(s)
                expect(b"\x07\x00\x00\x00\x00\x00" in out, f"no GOAWAY for {sent[:60]!r}: {out!r}")
        expect(curl(server, server.url("/a.txt")) == "hello\n", "the server lives on")


def big(scene):
    """100 MB each way over both HTTP versions."""
    path = big_file(scene)
    wanted = sha256(path)
    with scene.server(scene.root) as server:
        for version in ("--http1.1", "--http2"):
            out = f"{scene.place}/out.bin"
            curl(server, version, "-o", out, server.url("/big.bin"))
            expect(sha256(out) == wanted, f"{version}: what arrived differs")
            os.remove(out)
            got = curl(server, version, "-T", path, server.url("/up"))
            expect(got == f"received {BIG} bytes\n", f"{version}: {got}")
    return "100 MB down and up, HTTP/1.1 and HTTP/2"


def shrinking(scene):
    """A file that gets shorter while it is sent: the peer must not take the answer for whole."""
    path = scene.file("shrinks", os.urandom(20_000_000))
    with scene.server(scene.root) as server:
        with server.connect(buffer=4096, ragged=False) as s:
            s.sendall(b"GET /shrinks HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(1000)
            os.truncate(path, 1000)
            try:
                out = b""
                while True:
                    more = s.recv(65536)
                    if not more:
                        raise Failed("an orderly end of a cut file")
                    out += more
            except OSError:
                pass
            expect(len(out) < 20_000_000, "all of it came")


def both_ways(s, data, piece):
    """Sends data in pieces while reading as much back; the hash of what came. One thread: OpenSSL's objects are for one."""
    digest, sent, left = hashlib.sha256(), 0, len(data)
    view = memoryview(data)
    s.setblocking(False)
    while left > 0:
        moved = False
        try:
            if sent < len(data):
                sent += s.send(view[sent:sent + piece])
                moved = True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            more = s.recv(1 << 16)
            if not more:
                raise Failed(f"the end came with {left} bytes missing")
            digest.update(more)
            left -= len(more)
            moved = True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        if not moved and select.select([s], [s] if sent < len(data) else [], [], 10) == ([], [], []):
            raise Failed(f"nothing moves any more, with {left} bytes missing")
    s.setblocking(True)
    return digest.digest()


def echo(scene):
    with scene.server("--echo") as server:
        for size, piece in ((BIG, 16384), (3000, 1), (1_000_000, 16385), (500_000, 17)):
            data = os.urandom(size)
            with server.connect() as s:
                s.settimeout(120)
                expect(both_ways(s, data, piece) == hashlib.sha256(data).digest(), f"{size} bytes in pieces of {piece} differ")
    with scene.server("--echo", "--max-fragment", "64") as server:
        with server.connect() as s:
            data = os.urandom(200_000)
            expect(both_ways(s, data, 5000) == hashlib.sha256(data).digest(), "--max-fragment 64")
    return "100 MB both ways at once; pieces of 1, 17, 16384 and 16385 bytes"


def plain(scene):
    populate(scene)
    with scene.server("--plain", scene.root, bare=True) as server:
        code, out = run(["curl", "-sS", f"http://localhost:{server.port}/a.txt"])
        expect(out == "hello\n", f"plain HTTP: {out}")


def wrong_protocol(scene):
    """Plain HTTP on the TLS port is told so in plain HTTP."""
    populate(scene)
    with scene.server(scene.root) as server:
        with socket.create_connection(("127.0.0.1", server.port), 5) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            out = receive_all(s)
        expect(out.startswith(b"HTTP/1.1 400 ") and b"https://" in out, f"{out!r}")
        server.wait_text("plain HTTP")
        for sent in (b"SSH-2.0-x\r\n", b"\x80\x2e\x01\x00\x02", os.urandom(200), b"\x16\x03\x01\xff\xff" + b"x" * 70000):
            with socket.create_connection(("127.0.0.1", server.port), 5) as s:
                try:
                    s.sendall(sent)
                    receive_all(s)
                except OSError:
                    pass
        expect(server.get("/a.txt")[2] == b"hello\n", "the server lives on")


def page(scene):
    with scene.server() as server:
        status, headers, content = server.get("/")
        text = content.decode()
        expect(status == 200 and "TLS_ECDHE_ECDSA_WITH" in text and "localhost" in text, text)
        expect(server.get("/x")[0] == 404, "only / is there")
    with scene.server("--www") as server:
        text = server.get("/")[2].decode()
        expect("ClientHello" in text and "supported_groups" in text, f"the handshake's story: {text[:3000]}")


def uncompressed(scene):
    """No answer is compressed, however much a client would like it, and no length depends on what it guesses (BREACH)."""
    populate(scene)
    secret = b"token=7c1b2f; " * 2000
    scene.file("secret.html", secret)
    wishes = "gzip, deflate, br, zstd, *;q=1"
    for words in ([scene.root], [], ["--www"]):
        with scene.server(*words) as server:
            path = "/secret.html" if words == [scene.root] else "/"
            for version in ("--http1.1", "--http2"):
                head, _, body = curl(server, "-i", version, "-H", f"Accept-Encoding: {wishes}", server.url(path)).partition("\r\n\r\n")
                expect("200" in head.split("\r\n")[0] and "content-encoding" not in head.lower(), head)
                expect("transfer-encoding: gzip" not in head.lower(), head)
                expect(body.encode() == secret if path != "/" else "TLS" in body, f"{version}: {len(body)} characters that are not the text")
            lengths = set()
            for guess in ("token=7c1b2f;", "token=zzzzzz;", "qwertyuiopas;"):
                status, headers, content = server.get(f"{path}?{guess}", Accept_Encoding=wishes, X=guess)
                expect(status == 200 and headers["content-encoding"] is None, f"{status} {headers}")
                lengths.add(len(content))
            expect(len(lengths) == 1 or path == "/", f"lengths: {lengths}")  # pages about the connection tell what is each time another


TESTS = [("files", files), ("files without openat2", without_openat2), ("ranges and dates", ranges), ("HTTP/1.1", http1),
         ("HTTP/2", http2), ("broken HTTP/2", http2_broken), ("large files", big), ("shrinking file", shrinking),
         ("echo", echo), ("--plain", plain), ("wrong protocol", wrong_protocol), ("page", page), ("nothing compressed", uncompressed)]
