"""How the server lives: time limits, reload, stopping, too many connections, peers that behave badly."""
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

from tools import Failed, expect, receive_all
from web import big_file, populate, sha256


def closes_within(s, limit):
    """Seconds until the peer ends the connection."""
    s.settimeout(limit)
    began = time.monotonic()
    try:
        while s.recv(4096):
            pass
    except TimeoutError:
        raise Failed(f"still open after {limit} s") from None
    except OSError:
        pass
    return time.monotonic() - began


def time_limits(scene):
    with scene.server("--handshake-timeout", "1", "--idle-timeout", "1.5") as server:
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            took = closes_within(s, 10)
            expect(0.8 < took < 3, f"silence in the handshake was borne for {took:.1f} s")
        server.wait_text("--handshake-timeout")
        with socket.create_connection(("127.0.0.1", server.port)) as s:  # one byte now and then does not help
            began = time.monotonic()
            try:
                for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20):
                    s.sendall(bytes([byte]))
                    time.sleep(0.25)
            except OSError:
                pass
            took = time.monotonic() - began
            expect(took < 4, f"a trickling handshake was borne for {took:.1f} s")
        with server.connect(ragged=False) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(1)
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")  # keeps it alive
            took = closes_within(s, 10)
            expect(1 < took < 4, f"an idle connection lived for {took:.1f} s")


def reload(scene):
    """SIGHUP under load: nothing is dropped, new connections get the new certificate, old ones live on."""
    populate(scene)
    pair = [f"{scene.place}/live.pem", f"{scene.place}/live.key"]
    sources = [(f"{scene.certs}/{n}.pem", f"{scene.certs}/{n}.key") for n in ("localhost", "fresh")]
    subprocess.run(["openssl", "x509", "-x509toreq", "-in", sources[0][0], "-signkey", sources[0][1], "-out",
                    f"{scene.place}/req"], check=True, stderr=subprocess.DEVNULL)
    with open(f"{scene.place}/ext", "w") as f:
        f.write("subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n")
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=fresh",
                    "-keyout", sources[1][1], "-out", f"{scene.place}/req"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "x509", "-req", "-in", f"{scene.place}/req", "-CA", scene.ca, "-CAkey", f"{scene.certs}/ca.key",
                    "-CAcreateserial", "-days", "2", "-extfile", f"{scene.place}/ext", "-out", sources[1][0]], check=True,
                   stderr=subprocess.DEVNULL)

    def put(source):
        for to, origin in zip(pair, source):
            shutil.copy(origin, to + ".new")
            os.rename(to + ".new", to)

    def name(s):
        return dict(x[0] for x in s.getpeercert()["subject"])["commonName"]

    put(sources[0])
    times = 4 if scene.quick else 20
    with scene.server("--cert", pair[0], "--key", pair[1], scene.root, bare=True) as server:
        old = server.connect()
        expect(name(old) == "localhost", "the first certificate")
        load = [subprocess.Popen([scene.load, "localhost", str(server.port), scene.ca, "seq", str(400 * times // 2), "/a.txt", "6"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        for i in range(times):
            put(sources[(i + 1) % 2])
            before = server.text().count("are read again")
            server.signal(signal.SIGHUP)
            end = time.monotonic() + 10
            while server.text().count("are read again") == before:
                expect(time.monotonic() < end, "no word about the reload")
                time.sleep(0.01)
            with server.connect() as s:
                expect(name(s) == ("fresh", "localhost")[i % 2], f"reload {i + 1}: {name(s)}")
        with open(pair[0], "w") as f:
            f.write("not a certificate\n")
        server.signal(signal.SIGHUP)
        server.wait_text("the certificates and keys in use stay")
        with server.connect() as s:
            expect(name(s) == "localhost", "the certificate in use stays")
        old.sendall(b"GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        expect(b"hello" in old.recv(4096), "a connection from before the reloads")
        old.close()
        for process in load:
            out, err = process.communicate(timeout=120)
            wanted = b"good %d of %d" % (400 * times // 2, 400 * times // 2)
            expect(process.returncode == 0 and wanted in out, f"under load: {out} {err[-500:]}")
        server.stop()
        expect("handshake failed" not in server.text(), "a handshake failed")
    return f"{times} reloads during {400 * times} connections"


def stopping(scene):
    """SIGTERM: what is open is completed, idle connections get close_notify, no new ones are taken, exit status 0."""
    path = big_file(scene)
    populate(scene)
    with scene.server("--grace", "20", scene.root) as server:
        idle = server.connect(ragged=False)
        idle.sendall(b"GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        expect(b"hello" in idle.recv(4096), "a first request")
        idle2 = server.connect(alpn=["h2"], ragged=False)
        idle2.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        idle2.recv(4096)
        out = f"{scene.place}/stop.bin"
        loads = [subprocess.Popen(["curl", "-sS", "--cacert", scene.ca, v, "--limit-rate", "60M", "-o", out + v, server.url("/big.bin")])
                 for v in ("--http1.1", "--http2")]
        end = time.monotonic() + 10
        while not all(os.path.exists(out + v) and os.path.getsize(out + v) > 1000 for v in ("--http1.1", "--http2")):
            expect(time.monotonic() < end, "the downloads do not start")
            time.sleep(0.01)
        server.signal(signal.SIGTERM)
        began = time.monotonic()
        expect(idle.recv(100) == b"", "close_notify on an idle connection")  # ragged ends raise
        expect(time.monotonic() - began < 2, "at once")
        rest = b""
        while more := idle2.recv(4096):
            rest += more
        expect(b"\x08\x07\x00\x00\x00\x00\x00" in rest, f"no GOAWAY: {rest!r}")
        expect(time.monotonic() - began < 3, "an idle HTTP/2 connection is kept")
        while True:  # refused as soon as all workers have heard of it
            try:
                socket.create_connection(("127.0.0.1", server.port), 5).close()
            except ConnectionError:
                break
            expect(time.monotonic() - began < 2, "new connections are taken after SIGTERM")
            time.sleep(0.02)
        for v, load in zip(("--http1.1", "--http2"), loads):
            expect(load.wait(60) == 0, f"{v}: the download was cut")
            expect(sha256(out + v) == sha256(path), f"{v}: the download differs")
            os.remove(out + v)
        server.wait(10)
    with scene.server("--grace", "1", scene.root) as server:  # those who never end are cut off when the time is over
        stuck = server.connect(buffer=4096)
        stuck.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        half = socket.create_connection(("127.0.0.1", server.port))
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        began = time.monotonic()
        server.wait(10)
        took = time.monotonic() - began
        expect(0.8 < took < 3, f"--grace 1 took {took:.1f} s")
        stuck.close()
        half.close()
    with scene.server("--grace", "60", scene.root) as server:  # a second signal ends it at once
        half = socket.create_connection(("127.0.0.1", server.port))
        time.sleep(0.2)
        server.signal(signal.SIGINT)
        server.wait_text("Stopping")
        server.signal(signal.SIGINT)
        server.wait(3)
        half.close()


def descriptors(scene):
    """No file descriptor left: told once, those in the queue are served when others end."""
    populate(scene)

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))

    with scene.server("--workers", "2", scene.root, preexec=few) as server:
        sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
        server.wait_text("No connection can be accepted now")
        time.sleep(0.5)
        expect(server.text().count("No connection can be accepted now") == 1, "told more than once")
        began = os.times()
        use = open(f"/proc/{server.pid}/stat").read().split()
        time.sleep(0.5)
        later = open(f"/proc/{server.pid}/stat").read().split()
        ticks = int(later[13]) + int(later[14]) - int(use[13]) - int(use[14])
        expect(ticks < 15, f"a busy loop: {ticks} ticks in half a second")
        del began
        for s in sockets:
            s.close()
        expect(server.get("/a.txt")[2] == b"hello\n", "a good connection afterwards")


def most_connections(scene):
    populate(scene)
    with scene.server("--workers", "2", "--max-connections", "5", scene.root) as server:
        first = [server.connect() for _ in range(5)]
        answer = []
        thread = threading.Thread(target=lambda: answer.append(server.get("/a.txt")[2]))
        thread.start()
        time.sleep(0.5)
        expect(not answer, "a sixth connection was served")
        server.wait_text("--max-connections")
        first.pop().close()
        thread.join(10)
        expect(answer == [b"hello\n"], "the sixth waits for its turn")
        for s in first:
            s.close()


def bad_peers(scene):
    """Resets and silent ends at each moment; the descriptors come back."""
    populate(scene)
    big_file(scene)
    with scene.server("--handshake-timeout", "2", scene.root) as server:
        server.get("/a.txt")
        time.sleep(0.3)
        before = server.descriptors()
        hello = bytes.fromhex("16030100") + b"\x05\x01\x00\x01\xfc\x03"
        for i in range(60):
            s = socket.create_connection(("127.0.0.1", server.port))
            if i % 3:
                s.sendall(hello[:i % len(hello)])
            if i % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            s.close()
        for i in range(30):
            s = server.connect(buffer=4096)
            s.sendall(b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n"[:37 if i % 3 else 12])
            if i % 3 == 2:
                s.recv(1000)
            if i % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            s.close()
        end = time.monotonic() + 10
        while server.descriptors() > before:
            expect(time.monotonic() < end, f"{server.descriptors()} descriptors, {before} before")
            time.sleep(0.05)
        expect(server.get("/a.txt")[2] == b"hello\n", "a good connection afterwards")


def local_socket(scene):
    path = f"{scene.place}/sock"
    populate(scene)
    for _ in range(2):
        stale = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.remove(path)
        stale.bind(path)  # left behind by a process that is gone
        stale.close()
        with scene.server("--unix-socket", path, scene.root) as server:
            with socket.socket(socket.AF_UNIX) as plain:
                plain.connect(path)
                with server.context().wrap_socket(plain, server_hostname="localhost") as s:
                    s.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                    expect(receive_all(s).endswith(b"hello\n"), "over the local socket")
        expect(not os.path.exists(path), "the local socket stays behind")


TESTS = [("time limits", time_limits), ("reload under load", reload), ("stopping", stopping), ("no descriptors", descriptors),
         ("--max-connections", most_connections), ("bad peers", bad_peers), ("local socket", local_socket)]
