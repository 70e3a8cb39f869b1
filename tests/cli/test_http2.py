"""HTTP/2: against nginx, and frames of a scripted peer."""
import os
import struct
import subprocess

from scene import Failed, Process, Skipped, expect, same, test, unwrap


def nginx(s):
    os.makedirs(f"{s.place}/www", exist_ok=True)
    with open(f"{s.place}/www/big.bin", "wb") as f:
        f.write(os.urandom(5000000))
    with open(f"{s.place}/www/index.html", "w") as f:
        f.write("front\n")
    temps = "".join(f"{kind}_temp_path {s.place}/tmp-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root; " if os.geteuid() == 0 else ""
    conf = f"""{user}daemon off; pid {s.place}/nginx.pid; error_log /dev/null; worker_processes 1; events {{}}
    http {{ access_log off; {temps} client_max_body_size 100m; default_type text/plain;
    server {{ listen 127.0.0.1:PORT ssl http2; ssl_certificate {s.cert}; ssl_certificate_key {s.key}; ssl_protocols TLSv1.2; root {s.place}/www;
    location /echo {{ return 200 "$request_method $content_length $http_x $host"; }} location /r {{ return 302 /index.html; }} location /404 {{ return 404 "no"; }} }} }}"""
    path = f"{s.place}/nginx.conf"

    class Nginx(Process):
        def __init__(self):
            for name in ("nginx", "/usr/sbin/nginx"):
                try:
                    subprocess.run([name, "-v"], capture_output=True)
                    break
                except OSError:
                    continue
            else:
                raise Skipped("nginx is not installed")
            import scene
            port, free = scene.free_port(), scene.free_port
            with open(path, "w") as f:
                f.write(conf.replace("PORT", str(port)))
            scene.free_port = lambda: port
            try:
                super().__init__(s, name, "-c", path, "-e", "/dev/null")
            finally:
                scene.free_port = free
    return Nginx()


@test
def http2_nginx(s):
    with nginx(s) as p:
        s.connect(p.url).ends(0, "HTTP/2 200", "ALPN h2").gives(b"front\n")
        s.connect("-I", p.url).says("HTTP/2 200").ends(0)
        for _ in range(5):  # nginx leaves without close_notify when it has got one: in order, and no warning
            r = s.connect(p.url).ends(0)
            expect("without close_notify" not in r.err, f"a warning for nothing: {r}")
        expect(s.connect("-I", p.url).out.startswith(b"HTTP/2 200 \r\n"), "-I")
        s.connect("-d", "x=1", "-H", "X: y", "-H", "Connection: close", p.url + "/echo").ends(0).gives(b"POST 3 y localhost")
        s.connect("-X", "PUT", "-H", "Host: www.fede.test", p.url + "/echo").gives(b"PUT   www.fede.test")
        s.connect("-L", p.url + "/r").ends(0, "Redirect 1").gives(b"front\n")
        s.connect("-f", p.url + "/404").ends(8)
        s.connect("-o", "big.back", p.url + "/big.bin").ends(0, "5,000,000 bytes of content")
        expect(open(f"{s.place}/big.back", "rb").read() == open(f"{s.place}/www/big.bin", "rb").read(), "the bytes differ")
        process = s.start("-q", p.url + "/big.bin")  # a reader that goes away is none of HTTP/2's failures
        process.stdout.read(10)
        process.stdout.close()
        same((process.stderr.read(), process.wait(20)), (b"", 0), "| head")
        process.stdin.close()
        process.stderr.close()
        s.connect("-T", f"{s.place}/www/big.bin", p.url + "/echo").gives(b"PUT 5000000  localhost")
        r = s.connect("-vv", p.url).ends(0, "HTTP/2 > SETTINGS", "HTTP/2 < HEADERS", "END_STREAM", "WINDOW_UPDATE", "GOAWAY")
        expect("content-type: text/" in r.err, f"fields: {r}")
        same(s.connect("-q", "-w", "%{http_version} %{tls_alpn}", p.url).out, b"front\n2 h2", "-w")
        s.connect("--http1.1", p.url).ends(0, "HTTP/1.1 200").gives(b"front\n")
        s.connect("--no-alpn", p.url).ends(0, "HTTP/1.1 200").gives(b"front\n")


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


SETTINGS = frame(4) + frame(4, 1)
STATUS_200 = b"\x88"


def frames(*parts, close=True):
    def handler(connection, peer):
        seen = b""
        while b"\0\0\0\1" not in seen[24 + 9:]:  # the request's HEADERS on stream 1
            seen += connection.recv(65536)
        for part in parts:
            connection.sendall(part)
        if close:
            unwrap(connection)
        return seen
    return handler


@test
def http2_scripted(s):
    """http2_failed"""
    with s.peer(frames(SETTINGS, frame(1, 4, 1, STATUS_200), frame(0, 1, 1, b"hello")), alpn=["h2"]) as p:
        s.connect(p.url).ends(0).gives(b"hello")
        expect(p.seen[0].startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "preface")
    cases = (
        ((SETTINGS, frame(7, 0, 0, struct.pack(">II", 0, 11) + b"calm \x1b[1m")), 13, "ENHANCE_YOUR_CALM"),
        ((SETTINGS, frame(3, 0, 1, struct.pack(">I", 2))), 13, "INTERNAL_ERROR"),
        ((SETTINGS, frame(1, 4, 1, STATUS_200), frame(3, 0, 1, struct.pack(">I", 8))), 13, "CANCEL"),
        ((b"HTTP/1.1 200 OK\r\n\r\n" * 4,), 13, "HTTP/2 failed"),
        ((SETTINGS, frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff")), 13, "HTTP/2 failed"),
        ((SETTINGS, frame(1, 4, 1, STATUS_200), frame(0, 0, 1, b"part")), 13, "ended too early"),
        ((SETTINGS,), 13, "ended too early"),
        ((SETTINGS, frame(1, 5, 1, b"\x00\x03abc\x01d")), 13, "HTTP/2 failed"),  # no :status
        ((SETTINGS, frame(0, 0, 0, b"x")), 13, "HTTP/2 failed"),
    )
    for parts, code, words in cases:
        with s.peer(frames(*parts), alpn=["h2"]) as p:
            r = s.connect("-vv", p.url).ends(code, words)
            expect("\x1b" not in r.err, "a control character")
    with s.peer(frames(SETTINGS, frame(1, 4, 1, STATUS_200), frame(0, 0, 1, b"part"), close=False), alpn=["h2"]) as p:
        s.connect(p.url).ends(6).gives(b"part")  # truncated, or reset where our last frames were not read
    interim = frame(1, 4, 1, b"\x08\x03103")
    with s.peer(frames(SETTINGS, interim, frame(1, 4, 1, STATUS_200), frame(0, 1, 1, b"x")), alpn=["h2"]) as p:
        s.connect("-v", p.url).ends(0, "103").gives(b"x")
