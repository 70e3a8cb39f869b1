"""Several servers as one: sessions made by one are resumed by the other, by a shared file of ticket keys and by a shared Redis."""
import collections
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

from tools import Failed, Skipped, expect

PACE = 0.005  # 200 handshakes a second
LIFETIME = 4  # seconds; ticket keys change as often


class Client:
    """OpenSSL, through Python's ssl: one context, so that sessions may be offered anywhere."""

    def __init__(self, scene, tickets):
        self.context = ssl.create_default_context(cafile=scene.ca)
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        if not tickets:
            self.context.options |= ssl.OP_NO_TICKET

    def visit(self, server, session=None):
        """One connection with a request: was it resumed, and the session for the next."""
        with socket.create_connection(("127.0.0.1", server.port), 20) as plain:
            with self.context.wrap_socket(plain, server_hostname="localhost", session=session) as s:
                s.sendall(b"x")
                expect(s.recv(1) == b"x", "the echo")
                return s.session_reused, s.session


def crowd(client, servers, seconds, lifetime, between=lambda i: None):
    """Visits in turn, each with a session that is half a second old, for as long after the full handshake as a session
    lives; returns visits, how many offered a session, how many of these were resumed, failures and the rate."""
    kept, visits, offered, resumed, failed = collections.deque(), 0, 0, 0, []
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        between(visits)
        time.sleep(max(0, began + visits * PACE - time.monotonic()))
        session, first = None, time.monotonic()
        if kept and (len(kept) >= 100 or first - kept[0][0] > 0.5):
            _, origin, candidate = kept.popleft()
            if first - origin < lifetime - 1.5:  # the servers count whole seconds
                session, first = candidate, origin
        try:
            reused, new = client.visit(servers[visits % len(servers)], session)
            offered += session is not None
            resumed += reused
            kept.append((time.monotonic(), first, new))
        except OSError as problem:
            failed.append(str(problem))
        visits += 1
    return visits, offered, resumed, failed, visits / (time.monotonic() - began)


def judge(what, visits, offered, resumed, failed, rate):
    print(f"{what}: {visits} connections at {rate:.0f}/s, {offered} offered a session, {resumed} resumed, {len(failed)} failed")
    expect(not failed, f"failed: {failed[:3]}")
    expect(resumed == offered and offered > visits / 5, f"{resumed} of {offered} were resumed, of {visits} visits")


def tickets(scene):
    """Keys change by the clock every four seconds, and once the file gets a new secret in front."""
    path = f"{scene.place}/shared.keys"
    secret = os.urandom(32)
    with open(path, "wb") as f:
        f.write(secret)
    words = ("--echo", "--ticket-key", path, "--ticket-lifetime", str(LIFETIME), "--workers", "1")
    with scene.server(*words) as a, scene.server(*words) as b:
        changed = []

        def new_secret(i):
            if not changed and i >= 100:
                with open(path + ".new", "wb") as f:
                    f.write(os.urandom(32) + secret)
                os.replace(path + ".new", path)
                for server in (a, b):
                    server.signal(signal.SIGHUP)
                for server in (a, b):
                    server.wait_text("SIGHUP: certificates and keys are read again")
                changed.append(i)

        judge("shared ticket keys", *crowd(Client(scene, True), (a, b), 8 if scene.quick else 60, LIFETIME, new_secret))
        expect(changed, "the secret was changed")


def redis(place):
    """A Redis on a local socket."""
    path = f"{place}/redis.sock"
    process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", place],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > end:
            raise Failed("redis-server does not start")
        time.sleep(0.02)
    return process, path


def stop(process):
    process.terminate()
    process.wait(20)


def store(scene):
    if shutil.which("redis-server") is None:
        raise Skipped("redis-server is not installed")
    process, path = redis(scene.place)
    try:
        words = ("--echo", "--session-store", f"unix:{path}", "--workers", "1")
        with scene.server(*words) as a, scene.server(*words) as b:
            client = Client(scene, False)
            judge("shared session store", *crowd(client, (a, b), 4 if scene.quick else 60, 7200))
            _, session = client.visit(a)
            stop(process)
            reused, _ = client.visit(b, session)
            expect(not reused, "without the store nothing can be resumed")
            b.wait_text("session store .* can't be used")
            process, path = redis(scene.place)
            time.sleep(1.1)
            _, session = client.visit(a)
            reused, _ = client.visit(b, session)
            expect(reused, "the store is used again")
    finally:
        stop(process)


def silent_store(scene):
    """A store that accepts and never answers holds nobody up for longer than its time limit."""
    path = f"{scene.place}/silent.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen(20)
        with scene.server("--echo", "--session-store", f"unix:{path}", "--workers", "1") as server:
            client, began = Client(scene, False), time.monotonic()
            _, session = client.visit(server)
            reused, _ = client.visit(server, session)
            expect(not reused and time.monotonic() - began < 15, "a full handshake in time")
            server.wait_text("does not answer")


TESTS = [("ticket keys", tickets), ("session store", store), ("silent session store", silent_store)]
