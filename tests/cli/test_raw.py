"""The raw connection: standard input through TLS."""
import hashlib
import os
import signal
import time

from scene import Failed, echo, expect, same, test, unwrap


@test
def raw_echo(s):
    with s.peer(echo) as p:
        s.connect("--linger", "0.3", p.address, stdin=b"hello\n").ends(0, "6 bytes sent", "6 bytes received").gives(b"hello\n")
        s.connect("--linger", "0.3", f"tls://localhost:{p.port}", stdin=b"hi").ends(0).gives(b"hi")
        s.connect("--linger", "0.3", "--crlf", p.address, stdin=b"a\nb\r\n\n").ends(0).gives(b"a\r\nb\r\r\n\r\n")
        s.connect("--linger", "0.3", "-o", "raw.out", p.address, stdin=b"file").gives(b"")
        same(open(f"{s.place}/raw.out", "rb").read(), b"file", "-o")
        s.connect("--linger", "0.3", p.address, stdin=bytes(range(256))).gives(bytes(range(256)))


@test
def raw_much(s):
    data = os.urandom(1 << 20) * (4 if s.sanitized else 20)
    with s.peer(echo) as p:
        r = s.connect("-q", p.address, stdin=data, limit=60)
        same((r.code, hashlib.sha256(r.out).digest()), (0, hashlib.sha256(data).digest()), "echo of 20 MB")


@test
def raw_never_hangs_on_stdin(s):
    def greets(connection, peer):
        connection.sendall(b"welcome\n")
        try:
            connection.recv(1)
        except OSError:
            pass
    with s.peer(greets) as p:
        began = time.monotonic()
        s.connect(p.address).ends(0, "silent for 2.0 s").gives(b"welcome\n")
        took = time.monotonic() - began
        expect(1.9 < took < 8, f"{took} s")
        s.connect("--linger", "0", p.address).ends(0)
        s.connect("--linger", "0.2", p.address, stdin=None, preexec_fn=lambda: os.close(0)).ends(0).gives(b"welcome\n")

    def leaves(connection, peer):
        connection.sendall(b"bye\n")
        unwrap(connection)
    with s.peer(leaves) as p:  # the peer's end ends it, whatever standard input does
        process = s.start(p.address)
        same(process.stdout.read(), b"bye\n", "data")
        same(process.wait(20), 0, "exit")
        process.stdin.close()
        process.stderr.close()


@test
def raw_interactive_waits(s):
    def late(connection, peer):
        connection.recv(100)
        time.sleep(1.5)
        connection.sendall(b"late\n")
        unwrap(connection)
    with s.peer(late) as p:
        s.connect("--linger", "0.2", p.address, stdin=b"x").gives(b"")
        s.connect("--linger", "0.2", "--interactive", p.address, stdin=b"x").ends(0).gives(b"late\n")
        s.connect("--linger", "4", p.address, stdin=b"x").ends(0).gives(b"late\n")


@test
def raw_stdin_and_peer_take_turns(s):
    with s.peer(echo) as p:
        process = s.start("-q", "--linger", "0.2", p.address)
        for i in range(5):
            process.stdin.write(b"%d\n" % i)
            process.stdin.flush()
            same(process.stdout.readline(), b"%d\n" % i, "answer")
        process.stdin.close()
        same((process.stdout.read(), process.wait(20)), (b"", 0), "end")
        process.stderr.close()


@test
def raw_cut(s):
    """truncated"""
    def cut(connection, peer):
        connection.sendall(b"part")
    with s.peer(cut) as p:
        s.connect(p.address, stdin=b"").ends(6, "without close_notify").gives(b"part")


@test
def raw_alert(s):
    """A peer that refuses late."""
    def handler(connection, peer):
        connection.sendall(b"x")
        time.sleep(0.1)
        os.close(connection.detach())
    with s.peer(handler) as p:
        r = s.connect("--interactive", p.address, stdin=b"x" * 100000)
        expect(r.code == 6, str(r))


@test
def raw_signal(s):
    """interrupted"""
    with s.peer(echo) as p:
        for number in (signal.SIGINT, signal.SIGTERM):
            process = s.start(p.address)
            process.stdin.write(b"x")
            process.stdin.flush()
            same(process.stdout.read(1), b"x", "echo")
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
            same(process.returncode, 130, "exit")
            expect(err.rstrip().endswith(b"exit 130: interrupted"), err)
    same(p.seen, ["closed", "closed"], "close_notify is sent all the same")


@test
def raw_reader_goes_away(s):
    def chatter(connection, peer):
        try:
            while True:
                connection.sendall(b"x" * 10000)
        except OSError:
            return "gone"
    with s.peer(chatter) as p:
        process = s.start(p.address)
        process.stdout.read(100)
        process.stdout.close()
        err = process.stderr.read().decode()
        same(process.wait(20), 0, "exit")
        expect("reader" in err, err)
        process.stdin.close()
        process.stderr.close()
