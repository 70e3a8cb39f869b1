"""Where things go: data, story, colour, width, JSON."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time

from scene import OK, Skipped, answers, expect, request, same, test, unwrap


def on_terminal(s, *words, columns=80, env=None, stdout_too=True):
    """Runs fede with stderr (and stdout) on a terminal; returns what stands there."""
    try:
        master, slave = pty.openpty()
    except OSError as why:
        raise Skipped(f"no terminal can be made here: {why}") from None
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = dict(s.environment(None), TERM="xterm")
    environment.update(env or {})
    process = subprocess.Popen([s.fede, "connect", "--cacert", s.ca, *words], stdin=subprocess.DEVNULL, stdout=slave if stdout_too else
                               subprocess.PIPE, stderr=slave, env=environment, cwd=s.place)
    os.close(slave)
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    if process.stdout:
        process.stdout.read()
        process.stdout.close()
    return process.wait(20), seen.decode(errors="replace").replace("\r\n", "\n")


@test
def output_colour(s):
    with s.peer(answers(OK)) as p:
        for env, words, wanted in (({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True), ({"TERM": "dumb"}, [], False),
                                   ({"NO_COLOR": "1"}, ["--color", "always"], True), ({}, ["--color=never"], False),
                                   ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, [], True)):
            code, seen = on_terminal(s, *words, p.url, env=env)
            same(code, 0, "exit")
            same("\x1b[" in seen, wanted, f"colour with {env} {words}")
        expect("\x1b" not in s.connect(p.url).err, "colour in a pipe")
        expect("\x1b[" in s.connect(p.url, env={"CLICOLOR_FORCE": "1"}).err, "CLICOLOR_FORCE")
        expect("\x1b" not in s.connect(p.url, env={"CLICOLOR_FORCE": "0"}).err, "CLICOLOR_FORCE=0")


def widest(text):
    return max(len(re.sub(r"\x1b\[[0-9;]*[mK]", "", line)) for line in text.splitlines())


@test
def output_width(s):
    with s.peer(answers(OK)) as p:
        for columns in (80, 120):
            for level in ([], ["-v"], ["-vv"]):
                code, seen = on_terminal(s, *level, p.url, columns=columns)
                expect(widest(seen) <= columns, f"{widest(seen)} columns at {columns} with {level}")
        expect(widest(s.connect(p.url).err) <= 80, "in a pipe: 80")
        r = s.connect("--width", "60", p.url)
        expect(widest(r.err) <= 60, f"--width 60: {max(r.err.splitlines(), key=len)}")
        ascii_only = s.connect("-vv", p.url, env={"LC_ALL": "C", "LANG": "C"}).err
        expect(ascii_only.isascii(), "without UTF-8")


@test
def output_levels(s):
    with s.peer(answers(OK)) as p:
        lines = [len(s.connect("-4", *level, p.url).ends(0).err.splitlines()) for level in ([], ["-v"], ["-vv"], ["-vvv"])]
        expect(lines[0] <= 40 and lines == sorted(lines) and len(set(lines)) == 4, f"lines {lines}")
        same(s.connect("-q", p.url).err, "", "-q")
        same(s.connect("-s", p.url).err, "", "-s")
        same(s.connect("-sS", p.url).err, "", "-sS")
    same(s.connect("-s", "localhost:1").err, "", "-s hides errors")
    s.connect("-sS", "localhost:1").ends(5, "No TCP connection")
    s.connect("-q", "localhost:1").ends(5, "No TCP connection")


@test
def output_json(s):
    with s.peer(answers(OK)) as p:
        r = s.connect("--json", p.url).gives(b"yes")
        story = json.loads(r.err)
        same(story["exit"]["code"], 0, "exit")
        names = [phase["name"] for phase in story["phases"]]
        same(names[:3], ["url", "dns", "tcp"], "phases")
        expect("request" in names and "response" in names and "close" in names, names)
        r = s.connect("--json=lines", p.url).gives(b"yes")
        events = [json.loads(line) for line in r.err.splitlines()]
        expect(len(events) > 20, "events")
        r = s.connect("--json", "--stderr", "-", "-o", "/dev/null", p.url)
        same((json.loads(r.out)["exit"]["code"], r.err), (0, ""), "--stderr -")
        s.connect("--stderr", f"{s.place}/story.txt", p.url).gives(b"yes")
        expect(open(f"{s.place}/story.txt").read().rstrip().endswith("exit 0: all done, nothing failed"), "--stderr FILE")
        for more, wanted in (([], "(hidden)"), (["--show-secrets"], "Basic bWU6c2VjcmV0")):
            story = json.loads(s.connect("--json", "-u", "me:secret", *more, p.url).gives(b"yes").err)
            sent, got = story["http"]
            same({h["name"].lower(): h["value"] for h in sent["headers"]}["authorization"], wanted, f"authorization with {more}")
            same((sent["method"], got["status"], got["content"]["length"], got["content"].get("text")), ("GET", 200, 3, "yes" if more else None), f"HTTP with {more}")
    for words in (["localhost:1"], ["https://nosuch.invalid/"], ["https://h:0/"]):
        story = json.loads(s.connect("--json", *words).err)
        expect(story["exit"]["code"] > 0, f"{words}: {story}")


@test
def output_files(s):
    """output_failed"""
    with s.peer(answers(OK)) as p:
        s.connect("-o", "out.txt", p.url).ends(0).gives(b"")
        same(open(f"{s.place}/out.txt", "rb").read(), b"yes", "-o")
        s.connect("-O", p.url + "/dir/name.txt?x=y").ends(0)
        same(open(f"{s.place}/name.txt", "rb").read(), b"yes", "-O")
        s.connect("-o", "/nonexistent/dir/x", p.url).ends(1, "/nonexistent/dir/x")
        s.connect("-o", "-", p.url).gives(b"yes")
        s.connect("-i", p.url).gives(OK)
        if os.path.exists("/dev/full"):
            s.connect("-o", "/dev/full", p.url).ends(1, "No space left")
        with open("/dev/null") as null:
            done = subprocess.run([s.fede, "connect", "--cacert", s.ca, p.url], stdin=null, stderr=subprocess.PIPE, env=s.environment(None),
                                  preexec_fn=lambda: os.close(1))
        same(done.returncode, 1, "closed standard output")


@test
def output_failed_input(s):
    """input_failed"""
    s.connect("-H", "@/nonexistent/fields", "https://localhost:1/").ends(5)
    with s.peer(lambda connection, peer: connection.recv(10)) as p:
        s.connect("-H", "@/nonexistent/fields", p.url).ends(3, "/nonexistent/fields")
        same(p.seen, [b""], "nothing is sent")


@test
def output_binary_and_terminal(s):
    with s.peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\0bc")) as p:
        code, seen = on_terminal(s, p.url)
        same(code, 1, "exit")
        expect("binary" in seen and "\0" not in seen, seen)
        code, seen = on_terminal(s, "-o", "-", p.url)
        expect(code == 0 and "\0" in seen, "-o - prints it")
        s.connect(p.url).ends(0).gives(b"a\0bc")


@test
def output_progress(s):
    def slow(connection, peer):
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
        for _ in range(4):
            connection.sendall(b"x" * 1000)
            time.sleep(0.5)
        unwrap(connection)
    with s.peer(slow) as p:
        code, seen = on_terminal(s, "-o", "slow.out", p.url)
        expect(code == 0 and "\r3,000 of 4,000 bytes" in seen, f"no progress: {seen[-1500:]!r}")
        expect("bytes, " in seen and seen.rindex("\r\x1b[K") > seen.rindex(" of 4,000"), "the line is not removed")
        for words in (["-s"], ["-q"], ["--json"]):
            expect(" of 4,000" not in on_terminal(s, *words, "-o", "slow.out", p.url)[1], words)
        expect("of 4,000" not in s.connect("-o", "slow.out", p.url).err, "in a pipe")


@test
def output_reader_goes_away(s):
    def handler(connection, peer):
        try:
            answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5000000)(connection, peer)
        except OSError:
            pass
    with s.peer(handler) as p:
        process = s.start(p.url)
        same(process.stdout.read(10), b"x" * 10, "data")
        process.stdout.close()
        err = process.stderr.read().decode()
        same(process.wait(20), 0, "exit\n" + err)
        process.stdin.close()
        process.stderr.close()


@test
def output_diagram(s):
    """The story as a drawing, when all is done."""
    with s.peer(answers(OK)) as p:
        for columns in (60, 100):
            drawn = s.connect("--diagram", "--width", str(columns), p.url, env={"LC_ALL": "C.UTF-8"}).gives(b"yes").err
            expect(widest(drawn) <= columns, f"{widest(drawn)} columns at {columns}")
            drawn, at = re.sub(r"[\s│╌]+", " ", drawn), 0
            for words in ("TCP: ", "ClientHello (1)", "ServerHelloDone (14)", "round trip 2", "from here on the client's records are encrypted", "Finished (20)",
                          "the handshake is complete", "GET /", "200 ", "round trips before application data: 3 (TCP 1, TLS 2)", "exit 0: "):
                found = drawn.find(words, at)
                expect(found >= 0, f"the diagram lacks {words!r} in its place: {drawn}")
                at = found
    drawn = s.connect("--diagram", "localhost:1").ends(5, "No TCP connection").err
    expect("exit 5" in drawn, drawn)
