"""Peers that repeat themselves without end, over TCP: before the handshake, in it and behind it. Each is cut off after little, with
an alert; all at once take no memory that stays, and good clients are served meanwhile."""
import os
import select
import socket
import sys
import threading
import time

from tools import ROOT, expect
from web import populate

sys.path.insert(0, os.path.join(ROOT, "tests", "errors"))
import tls12  # noqa: E402
from tls12 import ALERT, CCS, DATA, HANDSHAKE  # noqa: E402

WARNING, REQUEST, HELLO = bytes([1, 90]), bytes(4), bytes([1, 0, 0, 2, 3, 3])
FATAL = {(2, 10)}  # unexpected_message
MOST = 1 << 20  # bytes until the refusal is heard, with what lies in the sockets
GROWTH_KB = 3000

# Name, whether keys are in use, the records that take turns, the alerts that may answer.
FLOODS = [
    ("warning alerts before a hello", "nothing", [(ALERT, WARNING)], {(2, 10)}),
    ("warning alerts after a hello", "hello", [(ALERT, WARNING)], FATAL),
    ("hello after hello", "hello", [(HANDSHAKE, HELLO)], FATAL),
    ("ChangeCipherSpec after a hello", "hello", [(CCS, b"\1")], FATAL),
    ("warning alerts", "open", [(ALERT, WARNING)], FATAL),
    ("empty records", "open", [(DATA, b"")], FATAL),
    ("alerts and empty records", "open", [(ALERT, WARNING), (DATA, b"")], FATAL),
    ("ClientHellos", "open", [(HANDSHAKE, HELLO)], FATAL),
    ("ClientHellos and data", "open", [(HANDSHAKE, HELLO), (DATA, b"\r\n")], FATAL),
    ("HelloRequests", "open", [(HANDSHAKE, REQUEST)], FATAL),
    ("ChangeCipherSpecs", "open", [(CCS, b"\1")], FATAL),
]


def pour(port, state, records, told):
    """Sends until the server says that it has enough; how many bytes that took, and the alerts."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        client = tls12.Client(sock)
        if state == "open":
            client.handshake()
        elif state == "hello":
            client.client_hello()
            client.server_flight()
        sent, end = 0, time.monotonic() + 15
        sock.settimeout(0.2)
        while sent < 4 * MOST and time.monotonic() < end and not heard_enough(client):
            for kind, body in records:
                piece = client.seal(kind, body) if client.out else tls12.record(kind, body)
                try:
                    sock.sendall(piece)
                except OSError:
                    end = 0
                    break
                sent += len(piece)
        client.limit = 5
        client.rest()
        told.append((sent, [a for a in client.alerts if a[0] == 2]))


def heard_enough(client):
    """A fatal alert, or the end. Warnings may answer too, and stop nobody."""
    if select.select([client.sock], [], [], 0)[0]:
        client.limit = 0.02
        try:
            client.hear()
        except tls12.Ended as why:
            return str(why) == "closed" or any(level == 2 for level, _ in client.alerts)
    return False


def floods(scene):
    populate(scene)
    with scene.server("--workers", "2", scene.root) as server:
        expect(server.get("/a.txt")[2] == b"hello\n", "a good connection before")
        before, descriptors = server.memory(), server.descriptors()
        rounds = 1 if scene.quick else 10
        for _ in range(rounds):
            threads, answers = [], {}
            for name, state, records, _ in FLOODS:
                answers[name] = []
                threads.append(threading.Thread(target=pour, args=(server.port, state, records, answers[name])))
                threads[-1].start()
            good = 0
            while any(t.is_alive() for t in threads):
                expect(server.get("/a.txt")[2] == b"hello\n", "a good connection meanwhile")
                good += 1
            for t in threads:
                t.join()
            for name, _, _, alerts in FLOODS:
                expect(len(answers[name]) == 1, f"{name}: the flood did not come to its end")
                sent, heard = answers[name][0]
                expect(sent < MOST, f"{name}: {sent} bytes were borne")
                expect(set(heard) == alerts, f"{name}: alerts {heard}")
        end = time.monotonic() + 5
        while server.descriptors() > descriptors:
            expect(time.monotonic() < end, f"{server.descriptors()} descriptors, {descriptors} before")
            time.sleep(0.05)
        grown = server.memory() - before
        expect(scene.sanitized or grown < GROWTH_KB, f"{grown} KB more than before")
        expect(server.get("/a.txt")[2] == b"hello\n", "a good connection afterwards")
        return f"{len(FLOODS)} kinds at once, {good} good requests meanwhile, {grown} KB more"


TESTS = [("floods", floods)]
