"""Several servers as one: sessions made by one are resumed by the other, by a shared file of ticket keys and by a shared Redis."""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

from tools import ROOT, Failed, Skipped, expect, run

RATE = 200  # handshakes a second
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


def crowd(scene, kind, servers, seconds, lifetime, between=lambda: None):
    """visits.c at 200 connections a second and a few more, each with a session that another server made half a second ago;
    between() is called when some have been made. All that was offered must be resumed, and nothing may fail."""
    program, log = f"{scene.place}/visits", f"{scene.place}/visits.log"
    code, out = run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-pthread", "-o", program, f"{ROOT}/tests/serve/visits.c", "-lssl", "-lcrypto"])
    expect(code == 0, f"the visiting client could not be built: {out}")
    words = [program, scene.ca, kind, str(RATE + 20), str(seconds), str(lifetime), *(str(s.port) for s in servers)]
    with open(log, "wb") as errors:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
    try:
        process.stdout.readline()
        between()
        last = process.stdout.read().decode().splitlines()[-1:]
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with open(log, errors="replace") as errors:
        said = errors.read()[-600:]
    told = re.fullmatch(r"visits (\d+) offered (\d+) resumed (\d+) failed (\d+) rate (\d+)", "".join(last))
    expect(told, f"the visiting client ends with {process.returncode}: {said}")
    visits, offered, resumed, failed, rate = map(int, told.groups())
    note = f"{visits} connections at {rate}/s, {offered} offered a session, {resumed} resumed, {failed} failed"
    expect(failed == 0, f"{note}: {said}")
    expect(resumed == offered and offered > visits / 5, note)
    expect(rate >= RATE or scene.quick, f"{note}; {RATE}/s were wanted")  # the quick form runs on machines that are busy or slow
    return note


def tickets(scene):
    """Keys change by the clock every four seconds, and once the file gets a new secret in front."""
    path = f"{scene.place}/shared.keys"
    secret = os.urandom(32)
    with open(path, "wb") as f:
        f.write(secret)
    words = ("--echo", "--ticket-key", path, "--ticket-lifetime", str(LIFETIME), "--workers", "1")
    with scene.server(*words) as a, scene.server(*words) as b:

        def new_secret():
            with open(path + ".new", "wb") as f:
                f.write(os.urandom(32) + secret)
            os.replace(path + ".new", path)
            for server in (a, b):
                server.signal(signal.SIGHUP)
            for server in (a, b):
                server.wait_text("SIGHUP: certificates and keys are read again")

        return crowd(scene, "tickets", (a, b), 7 if scene.quick else 60, LIFETIME, new_secret)


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
            note = crowd(scene, "ids", (a, b), 5 if scene.quick else 60, 7200)
            client = Client(scene, False)
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
            return note
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
