"""Processes, ports and the record of what passed."""
import atexit
import os
import random
import selectors
import signal
import socket
import subprocess
import threading
import time

LIMIT = 25  # seconds for one connection


class Failed(Exception):
    """The case failed; the text says how."""


class Unable(Exception):
    """The peer has no such thing; the text says which."""


class Report:
    """What happened, by peer; printed as it happens only when it failed."""

    def __init__(self, verbose=False):
        self.rows, self.lock, self.verbose = {}, threading.Lock(), verbose

    def add(self, peer, case, outcome, why=""):
        why = " ".join(why.split())[:400]
        with self.lock:
            row = self.rows.setdefault(peer, {"passed": [], "failed": [], "skipped": {}})
            if outcome == "skipped":
                row["skipped"].setdefault(why, []).append(str(case))
            else:
                row[outcome].append((str(case), why))
            if outcome == "failed" or self.verbose:
                print(f"{outcome}: {peer}: {case}{': ' + why if why else ''}", flush=True)

    def run(self, peer, case, work, *arguments):
        """Calls work and records how it ends."""
        try:
            work(*arguments)
            self.add(peer, case, "passed")
        except Unable as e:
            self.add(peer, case, "skipped", str(e))
        except Failed as e:
            self.add(peer, case, "failed", str(e))
        except Exception as e:  # a mistake in the harness is a failure too
            self.add(peer, case, "failed", f"{type(e).__name__}: {e}")

    def total(self, what):
        if what == "skipped":
            return sum(len(c) for r in self.rows.values() for c in r["skipped"].values())
        return sum(len(r[what]) for r in self.rows.values())

    def table(self):
        width = max(map(len, self.rows), default=10)
        print(f"\n{'':{width}}  passed  failed  not possible at the peer")
        for peer, r in self.rows.items():
            notes = "; ".join(f"{len(cases)}: {why}" for why, cases in r["skipped"].items())
            print(f"{peer:{width}}  {len(r['passed']):6}  {len(r['failed']):6}  {notes}")


_alive = []


class Process:
    """A process in a session of its own that ends with the run at the latest; what it says is kept."""

    def __init__(self, words, stdin=subprocess.PIPE, log=None, cwd=None, env=None, stdout=subprocess.PIPE):
        self.words = [str(w) for w in words]
        error = open(log, "wb") if log else subprocess.DEVNULL
        self.p = subprocess.Popen(
            self.words,
            stdin=stdin,
            stdout=stdout,
            stderr=error,
            start_new_session=True,
            cwd=cwd,
            env=dict(os.environ, **(env or {})),
        )
        if log:
            error.close()
        self.log = log
        _alive.append(self)

    def line(self, limit=LIMIT):
        """The next line of standard output, None at its end."""
        with selectors.DefaultSelector() as s:
            s.register(self.p.stdout, selectors.EVENT_READ)
            out, end = b"", time.monotonic() + limit
            while not out.endswith(b"\n"):
                if not s.select(max(0, end - time.monotonic())):
                    raise Failed(f"{self.words[0]} said nothing for {limit} s")
                c = os.read(self.p.stdout.fileno(), 1)
                if not c:
                    return None
                out += c
        return out.decode(errors="replace").rstrip("\n")

    def say(self, text):
        self.p.stdin.write(text.encode())
        self.p.stdin.flush()

    def said(self):
        """What is in the log."""
        return open(self.log, errors="replace").read() if self.log else ""

    def stop(self, how=signal.SIGTERM):
        """Ends it and all it started."""
        if self.p.poll() is None:
            for s in (how, signal.SIGKILL):
                try:
                    os.killpg(self.p.pid, s)
                    self.p.wait(5)
                    break
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
        for f in (self.p.stdin, self.p.stdout):
            if f:
                try:
                    f.close()
                except OSError:
                    pass
        if self in _alive:
            _alive.remove(self)
        return self.p.returncode


@atexit.register
def stop_all():
    for p in list(_alive):
        p.stop()


def free_port():
    """A port that nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("", port))
                return port
            except OSError:
                continue


def wait_for_port(port, process=None, host="127.0.0.1"):
    for _ in range(800):
        if process and process.p.poll() is not None:
            raise Failed(f"{process.words[0]} ended at once: {process.said()[-300:]}")
        try:
            socket.create_connection((host, port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Failed(f"nothing listens on port {port}")


def converse(words, send, enough, limit=LIMIT, log=None, slowly=0, stop=False, env=None):
    """Runs words, gives it send on standard input (slowly: byte by byte with that pause), reads its standard output
    until enough(output so far) is true or it ends, then closes standard input and waits (stop: ends it). Returns
    (exit code, output)."""
    process = Process(words, log=log, env=env)
    p, out, end = process.p, bytearray(), time.monotonic() + limit
    os.set_blocking(p.stdin.fileno(), False)
    at, open_in = 0, True
    with selectors.DefaultSelector() as s:
        s.register(p.stdout, selectors.EVENT_READ)
        if send:
            s.register(p.stdin, selectors.EVENT_WRITE)

        def close_in():
            nonlocal open_in
            if open_in:
                open_in = False
                if at < len(send):
                    try:
                        s.unregister(p.stdin)
                    except KeyError:
                        pass
                try:
                    p.stdin.close()
                except OSError:
                    pass

        if not send and enough(out):
            close_in()
        try:
            while True:
                ready = s.select(min(0.2, max(0, end - time.monotonic())))  # enough may look at other things too
                if time.monotonic() >= end:
                    raise Failed(f"no end after {limit} s; {len(out)} bytes came")
                eof = False
                for key, _ in ready:
                    if key.fileobj is p.stdout:
                        data = os.read(p.stdout.fileno(), 1 << 16)
                        eof = not data
                        out += data
                    elif open_in:
                        try:
                            at += os.write(p.stdin.fileno(), send[at : at + (1 if slowly else 1 << 16)])
                            if slowly:
                                time.sleep(slowly)
                        except BrokenPipeError:
                            at = len(send)
                        if at >= len(send):
                            s.unregister(p.stdin)
                if open_in and at >= len(send) and enough(out):
                    close_in()
                if eof or (stop and not open_in):
                    break
            close_in()
            try:
                code = process.stop() if stop else p.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise Failed(f"the process does not end; {len(out)} bytes came") from None
        finally:
            process.stop(signal.SIGKILL)
    return code, bytes(out)


def run(words, limit=LIMIT, **more):
    """Runs to the end; (exit code, standard output and error as text)."""
    try:
        r = subprocess.run(
            [str(w) for w in words],
            timeout=limit,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **more,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{words[0]} does not end within {limit} s") from None
    return r.returncode, r.stdout.decode(errors="replace")
