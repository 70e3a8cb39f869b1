"""Many connections: one after the other, at once, slow, vanishing. No good one fails, and memory returns to where it was."""
import socket
import subprocess
import time

from tools import Failed, expect
from web import big_file, populate

HELLO_START = bytes.fromhex("1603010200010001fc0303")  # a ClientHello's first bytes, and then nothing


class Load:
    def __init__(self, scene, server, kind, n, path, size):
        self.process = subprocess.Popen([scene.load, "localhost", str(server.port), scene.ca, kind, str(n), path, str(size)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def line(self, wanted):
        got = self.process.stdout.readline().strip()
        expect(got.startswith(wanted), f"the load client says {got!r}, not {wanted!r}: {self.process.poll()}")
        return got

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self, limit=120):
        out, err = self.process.communicate(timeout=limit)
        expect(self.process.returncode == 0, f"the load client fails: {out} {err[-800:]}")
        return out


def settled(server, most, limit=8):
    """Memory once the server has come to rest, KB; stops looking when it is at most `most`."""
    end = time.monotonic() + limit
    while server.memory() > most and time.monotonic() < end:
        time.sleep(0.2)
    return server.memory()


def crowd(scene):
    if scene.sanitized and scene.quick:
        sequential, simultaneous, slow, vanishing = 500, 200, 20, 20
    elif scene.quick:
        sequential, simultaneous, slow, vanishing = 2000, 1000, 100, 100
    else:
        sequential, simultaneous, slow, vanishing = 10000, 1000, 100, 100
    populate(scene)
    big_file(scene)
    notes = []
    with scene.server("--handshake-timeout", "5", scene.root) as server:
        Load(scene, server, "seq", 100, "/a.txt", 6).end()  # every path has been taken once
        time.sleep(1)
        start = server.memory()
        allowed = start + 2048
        descriptors = server.descriptors()

        out = Load(scene, server, "seq", sequential, "/a.txt", 6).end(300)
        notes.append(f"{sequential} in turn: {out.split(' in ')[1].strip()}")

        load = Load(scene, server, "many", simultaneous, "/a.txt", 6)
        load.line(f"handshakes {simultaneous} of {simultaneous} ")
        peak = server.memory()
        time.sleep(2)
        rest = server.memory()
        notes.append(f"{simultaneous} at once: {(rest - start) / simultaneous:.1f} KB each at rest")
        if not scene.sanitized:
            # Mostly holes that a thousand handshakes at once leave in the heap; what a connection takes is counted by bench.
            expect((rest - start) / simultaneous < 16, f"an idle connection holds {(rest - start) / simultaneous:.1f} KB")
        load.go_on()
        load.line(f"answers {simultaneous} of {simultaneous} ")
        load.go_on()
        load.end()

        reading = Load(scene, server, "slow", slow, "/big.bin", 0)
        reading.line(f"reading {slow} of {slow}")
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(vanishing)]
        for i, s in enumerate(silent):
            s.sendall(HELLO_START[:1 + i % len(HELLO_START)])
        time.sleep(1)
        busy = server.memory()
        if not scene.sanitized:  # 100 MB are asked for by each: it must not lie in memory
            expect((busy - start) / slow < 128, f"a slow reader holds {(busy - start) / slow:.0f} KB")
        # Meanwhile good ones are served.
        out = Load(scene, server, "seq", 300, "/a.txt", 6).end()
        notes.append(f"{slow} slow and {vanishing} silent: {(busy - start) / (slow + vanishing):.1f} KB each, 300 good ones "
                     f"meanwhile in {out.split(' in ')[1].strip()}")
        for i, s in enumerate(silent):  # half of them go, half stay silent until the time limit
            if i % 2:
                s.close()
        reading.go_on()
        reading.process.stdin.close()
        reading.process.wait(30)
        expect(reading.process.returncode == 0, "slow readers fail")
        for s in silent[::2]:
            s.settimeout(10)
            try:
                s.recv(100)
            except ConnectionError:
                pass
            except TimeoutError:
                raise Failed("a silent peer is still there after the handshake's time limit") from None
            s.close()
        if scene.sanitized:
            after = server.memory()  # the sanitizer keeps freed memory; leaks are its own business, at the end
        else:
            after = settled(server, allowed)
            expect(after <= allowed, f"memory: {start} KB at first, {after} KB at the end (peak {max(peak, busy)} KB)")
        end = time.monotonic() + 5
        while server.descriptors() > descriptors and time.monotonic() < end:
            time.sleep(0.1)
        expect(server.descriptors() == descriptors, f"{server.descriptors()} descriptors, {descriptors} at first")
        notes.append(f"memory {start} KB, {after} KB after it all")
        server.stop()
        told = server.text()
        expect(f"{vanishing} failed" in told, f"other failures than the {vanishing} silent ones: {told.splitlines()[-3:]}")
    return "; ".join(notes)


TESTS = [("crowd", crowd)]
