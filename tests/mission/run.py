#!/usr/bin/env python3
"""The mission, row by row: one result for each of its 130 rows and of its statements, each with the command that shows it.

run.py [--fede PATH] [--only N,N] [-v]; ends with `mission: N passed, N failed, N skipped`. One lab for all, on free ports of
loopback; captures are made here or taken from tests/captures/data. No network is needed.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "captures")]
import attacks
import decrypted
import packets
import rows

SPAN = 30  # ports of a lab


def free_base():
    """The first of SPAN ports that nobody has at the moment."""
    for _ in range(100):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            base = s.getsockname()[1]
        if base + SPAN > 32767 and base + SPAN > 60000:
            continue
        try:
            for port in range(base, base + SPAN):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise SystemExit("no free ports")


def children_of(pid):
    found = []
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{other}/stat") as f:
                if f.read().rpartition(")")[2].split()[1] == str(pid):
                    found.append(other)
        except OSError:
            pass  # it has gone
    return found


class Lab:
    """fede lab up, until stop(); another process may take a port in between, so that it is tried again."""

    def __init__(self, fede, place):
        for attempt in range(5):
            self.base, self.folder = free_base(), os.path.join(place, f"lab{attempt}")
            began = time.monotonic()
            self.process = subprocess.Popen([fede, "lab", "up", "--folder", self.folder, "--base-port", str(self.base)],
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
            self.table = ""
            for line in self.process.stdout:
                self.table += line
                if "Ctrl-C" in line:
                    self.started = time.monotonic() - began
                    return
            self.process.wait()
            if self.process.returncode != 5:
                break
        raise SystemExit(f"fede lab up did not start: {self.table}")

    def stop(self):
        """Its exit status, and how many of its servers are left."""
        children = children_of(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        return code, len(children), sum(os.path.exists(f"/proc/{pid}") for pid in children)


def hello():
    """A real ClientHello, of Python's own TLS."""
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(come, go, server_hostname="www.example.test")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return go.read()


def make_captures(place):
    """What no recording has: names before a connection, data in a SYN, other protocols, a heartbeat that asks for too much."""
    p, first = packets, hello()
    question = p.udp(p.dns(0x1234, 0x0100, "www.example.test", 1), p.CLIENT, p.RESOLVER, 40001, 53)
    answer = p.udp(p.dns(0x1234, 0x8180, "www.example.test", 1, [
        ("www.example.test", 5, 60, p.name("host.example.test")), ("host.example.test", 1, 60, socket.inet_aton(p.SERVER))]),
        p.RESOLVER, p.CLIENT, 53, 40001)
    p.pcapng(os.path.join(place, "dns-and-tls.pcapng"), [question, answer, *p.Talk(to=443).say(0, first).end()])
    p.pcapng(os.path.join(place, "tfo.pcapng"), p.Talk(to=443, fast=first).end())
    arp = p.ethernet(bytes.fromhex("0001080006040001020000000001c0000207000000000000c0000250"), 0x0806)
    ping = p.ip(1, bytes.fromhex("0800f7ff00000000"), p.CLIENT, p.SERVER)
    p.pcapng(os.path.join(place, "mixed.pcapng"), [arp, ping, question, answer, *p.Talk(to=443).say(0, first).end()])
    beat = bytes.fromhex("1803020003014000")
    p.pcapng(os.path.join(place, "heartbleed.pcapng"), p.Talk(to=443).say(0, first).say(0, beat).say(1, beat[:3] + b"\0\x13\x02\x40\0" + b"m" * 16).end())


def make_own_ticket(fede, place):
    """A connection of fede's server with a ticket of its own, and the key that sealed it; no key log."""
    folder = os.path.join(place, "own")
    for words in (["init", "--ca", folder], ["issue", "--ca", folder, "localhost"]):
        subprocess.run([fede, "ca", *words], check=True, capture_output=True)
    with open(os.path.join(place, "captures", "ticket.key"), "wb") as f:
        f.write(os.urandom(32))
    flows = decrypted.play(folder, [fede, "serve", "--listen", "127.0.0.1:{port}", "--cert", f"{folder}/localhost.pem", "--key", f"{folder}/localhost.key",
                                    "--echo", "--ticket-key", f.name], ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-tls1_2"])
    with open(os.path.join(place, "captures", "own.pcap"), "wb") as f:
        f.write(decrypted.pcap(flows, began=int(time.time())))  # which key it was depends on the hour


class Shell:
    def __init__(self, fede, place, lab):
        os.makedirs(os.path.join(place, "bin"))
        os.symlink(fede, os.path.join(place, "bin", "fede"))
        self.place, self.n = place, 0
        self.environment = dict(os.environ, PATH=os.path.join(place, "bin") + ":" + os.environ["PATH"], LC_ALL="C.UTF-8", NO_COLOR="1",
                                LAB=f"--cacert {lab.folder}/ca.pem --connect-to www.fede.test::127.0.0.1:", L="https://www.fede.test",
                                C=os.path.join(ROOT, "tests/captures/data"), D=lab.folder,
                                G="046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                                  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
                                **{f"P{8440 + i}": str(lab.base + i) for i in range(SPAN)})
        for name in ("SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            self.environment.pop(name, None)

    def run(self, number, command):
        """Exit status and what was said, in a folder of its own that has the captures."""
        folder = os.path.join(self.place, f"row{number}")
        os.makedirs(folder)
        for name in os.listdir(os.path.join(self.place, "captures")):
            os.symlink(os.path.join(self.place, "captures", name), os.path.join(folder, name))
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        # Boxes and columns are for the eye: words are looked for.
        return done.returncode, re.sub(r"[\s│]+", " ", done.stdout.decode("utf-8", "replace"))


def judge(shell, number, command, seen, code):
    """What is wrong; empty: nothing."""
    try:
        status, text = shell.run(number, command)
    except subprocess.TimeoutExpired:
        return "no end within 60 seconds"
    if code is not None and status != code:
        return f"exit status {status}, not {code}: …{text[-300:]}"
    for pattern in seen:
        if (re.search(pattern.lstrip("!"), text) is None) != pattern.startswith("!"):
            return f"{'it says' if pattern.startswith('!') else 'nothing says'} {pattern.lstrip('!')!r}: …{text[-200:]}"
    return ""


def cases(fede):
    listed = subprocess.run([fede, "lab", "list"], capture_output=True, text=True, check=True).stdout.partition("Cases")[2]
    return [line.split()[0] for line in listed.splitlines()[1:]]


def same_twice(fede, name):
    """A case goes as it says, and the same bytes come out of two runs, as text and as JSON."""
    for form in ([], ["--json", "-vvv"]):
        runs = [subprocess.run([fede, "lab", "run", name, *form], capture_output=True) for _ in range(2)]
        if any(r.returncode for r in runs):
            return f"exit status {runs[0].returncode}: {runs[0].stderr.decode()[-300:]}"
        if runs[0].stdout != runs[1].stdout or not runs[0].stdout:
            return "two runs differ" if runs[0].stdout else "it says nothing"
    return ""


def main():
    parser = argparse.ArgumentParser(description="The mission, row by row.")
    parser.add_argument("--fede", default=os.path.join(ROOT, "build/release/fede"))
    parser.add_argument("--only", help="numbers of rows, separated by commas")
    parser.add_argument("-v", action="store_true", help="show what passes too")
    arguments = parser.parse_args()
    fede, only = os.path.abspath(arguments.fede), arguments.only and {int(n) for n in arguments.only.split(",")}
    place, counts = tempfile.mkdtemp(prefix="fede-mission-"), {"ok": 0, "not ok": 0, "skipped": 0}

    def tell(name, command, wrong, pending=None):
        result = "ok" if not wrong else "skipped" if pending else "not ok"
        counts[result] += 1
        if arguments.v or result != "ok":
            print(f"{result}: {name}\n    {command}" + (f"\n    pending: {pending}" if result == "skipped" else f"\n    {wrong}" if wrong else ""),
                  flush=True)

    lab = None
    try:
        os.makedirs(os.path.join(place, "captures"))
        make_captures(os.path.join(place, "captures"))
        make_own_ticket(fede, place)
        lab = Lab(fede, place)
        shell = Shell(fede, place, lab)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            chosen = [row for row in rows.ROWS if not only or row[0] in only]
            results = pool.map(lambda row: judge(shell, row[0], *row[2:]), chosen)
            for row, wrong in zip(chosen, results):
                tell(f"row {row[0]}, {row[1]}", row[2], wrong, rows.PENDING.get(row[0]))
            if not only:
                said = list(enumerate(rows.STATEMENTS, 1001))
                for (n, s), wrong in zip(said, pool.map(lambda s: judge(shell, s[0], s[1][1], [s[1][2]], None), said)):
                    tell(f"statement: {s[0]}", s[1], wrong)
                unknown = [n for n in attacks.NAMED if subprocess.run([fede, "lookup", n], capture_output=True).returncode]
                tell("lookup knows the attacks of docs/attacks.md", "fede lookup NAME", ", ".join(unknown))
                names = cases(fede)
                for name, wrong in zip(names, pool.map(lambda n: same_twice(fede, n), names)):
                    tell(f"case {name}", f"fede lab run {name}, twice", wrong)
        if not only:
            numbers = [row[0] for row in rows.ROWS]
            tell("every row is there once", "rows.py", "" if numbers == list(range(1, 131)) else f"{numbers}")
            tell("the lab starts in time", "fede lab up", "" if lab.started < 8 else f"{lab.started:.1f} s")
            print(f"the lab started in {lab.started:.2f} s")
            code, had, left = lab.stop()
            lab = None
            tell("the lab stops clean", "SIGINT", "" if code == 0 and had > 20 and left == 0 else f"exit {code}, {left} of {had} left")
    finally:
        if lab:
            lab.stop()
        shutil.rmtree(place)
    print(f"mission: {counts['ok']} passed, {counts['not ok']} failed, {counts['skipped']} skipped")
    return 1 if counts["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
