"""Peers that stall in the middle of the handshake (Slowloris): good clients are served as fast as without them, and each holds
little memory, whatever it sent before it fell silent."""
import resource
import socket
import ssl
import time

from crowd import Load, settled
from tools import Skipped, expect
from web import populate

SHARE = 0.8  # of the rate without the crowd
MOST_KB = 20  # that one half-open connection may hold
STAGES = {"said nothing": lambda hello: b"", "half a ClientHello": lambda hello: hello[:len(hello) // 2],
          "a whole ClientHello": lambda hello: hello}


def client_hello():
    context = ssl.create_default_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


def room_for(n):
    """The descriptors that the crowd needs, here and in the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = n + 300
    if hard != resource.RLIM_INFINITY and hard < need:
        raise Skipped(f"{need} open files are needed, {hard} are allowed")
    if soft != resource.RLIM_INFINITY and soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))


def rate(scene, server, n, times):
    """Handshakes per second: the best of some runs, so that what else this machine does counts little."""
    best = 0
    for _ in range(times):
        began = time.monotonic()
        Load(scene, server, "seq", n, "/a.txt", 6).end()
        best = max(best, n / (time.monotonic() - began))
    return best


def half_open(server, n, said):
    sockets = []
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", server.port))
        if said:
            s.sendall(said)
        sockets.append(s)
    return sockets


def accepted(server, n):
    """Waits until the server has taken that many connections, and done all it could for them."""
    end, last = time.monotonic() + 30, -1
    while True:
        now = server.memory()
        if server.descriptors() >= n and now == last:
            return now
        expect(time.monotonic() < end, f"{server.descriptors()} of {n} connections were accepted")
        last = now
        time.sleep(0.3)


def at_rest(server):
    """The server's descriptors when none of the connections before is left: the number that stays for a second."""
    end, since, count = time.monotonic() + 15, time.monotonic(), server.descriptors()
    while time.monotonic() < min(end, since + 1):
        time.sleep(0.05)
        now = server.descriptors()
        since, count = (since, count) if now == count else (time.monotonic(), now)
    return count


def stalled(scene):
    n, runs, each = (300, 2, 200) if scene.quick else (2000, 3, 400)
    room_for(n)
    populate(scene)
    hello, notes, crowd = client_hello(), [], []
    with scene.server("--handshake-timeout", "200", scene.root) as server:
        rate(scene, server, 100, 1)  # every path has been taken once
        before = server.memory()
        descriptors = at_rest(server)
        alone = rate(scene, server, each, runs)
        for i, (stage, part) in enumerate(STAGES.items()):
            count, start = n // 3 + (i < n % 3), accepted(server, descriptors + len(crowd))
            crowd += half_open(server, count, part(hello))
            each_kb = (accepted(server, descriptors + len(crowd)) - start) / count
            notes.append(f"{stage}: {each_kb:.1f} KB each")
            if not scene.sanitized:
                expect(each_kb <= MOST_KB, f"a half-open connection ({stage}) holds {each_kb:.1f} KB, {MOST_KB} are allowed")
        among = rate(scene, server, each, runs)
        for _ in range(3):  # once more, then both: the machine may have been busy
            if among < SHARE * alone:
                among = max(among, rate(scene, server, each, runs))
        expect(server.descriptors() >= descriptors + n, "the crowd was not there all the time")
        for s in crowd:
            s.close()
        if among < SHARE * alone:
            alone = rate(scene, server, each, runs)
        expect(among >= SHARE * alone, f"{among:.0f} handshakes/s among {n} half-open connections, {alone:.0f} without them")
        notes.insert(0, f"{among:.0f} handshakes/s among {n} half-open connections, {alone:.0f} without")
        end = time.monotonic() + 10
        while server.descriptors() > descriptors and time.monotonic() < end:
            time.sleep(0.1)
        expect(server.descriptors() == descriptors, f"{server.descriptors()} descriptors, {descriptors} at first")
        if not scene.sanitized:
            after = settled(server, before + 4096)
            expect(after <= before + 4096, f"memory: {before} KB before the crowd, {after} KB behind it")
    return "; ".join(notes)


TESTS = [("stalled handshakes", stalled)]
