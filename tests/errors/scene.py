"""What a case is, who stands on the other side, and how one case is run and judged."""
import contextlib
import dataclasses
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import threading
import time

import tls12

LIMIT = 25  # seconds for one process
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CRASH = re.compile(r"Sanitizer|runtime error:|Assertion|core dumped|\(null\)|\(nil\)|stack smashing|Traceback")
ALERTS = {0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
          42: "bad_certificate", 43: "unsupported_certificate", 45: "certificate_expired", 46: "certificate_unknown",
          47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
          113: "bad_certificate_status_response", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
          110: "unsupported_extension", 112: "unrecognized_name", 120: "no_application_protocol"}


@dataclasses.dataclass
class Case:
    group: str
    title: str                  # what is wrong, in a few words
    reason: str                 # lower-case name in reasons.def; "usage": the command line was not understood
    code: int                   # exit code
    command: list               # words behind "fede", with {port}
    peer: object = None         # a factory: called with the scene, a context manager with .port and .alerts
    sees: tuple = ()            # patterns that the sentence or the advice must have: the concrete values
    alert: str = None           # what the peer must have received; None: nothing
    advice: bool = True         # there must be some
    stdin: object = b""
    stdout: str = None          # a file instead of the pipe
    env: dict = dataclasses.field(default_factory=dict)
    interrupt: bool = False     # SIGINT when the peer has heard something
    answer: str = None          # pattern in what the client of a server read
    once: bool = True           # False: the text form says this in passing, more than once or in other words
    note: str = ""              # shown beside the command in the table
    nobody: bool = False        # as a user without rights, when the tests run as root


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(ok, what):
    if not ok:
        raise Failed(what)


# ---- The other side of fede connect

class Listener:
    """A server on a free port of 127.0.0.1. Each connection gets `talk` in a thread of its own."""

    def __init__(self, talk, certs, backlog=16):
        self.talk, self.certs = talk, certs
        self.alerts, self.threads = [], []
        self.heard = threading.Event()
        self.problem = None
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.sock.getsockname()[1]

    def __enter__(self):
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()
        return self

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.one, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def one(self, sock):
        peer = tls12.Server(sock, self.certs)
        peer.told = self.heard
        try:
            with sock:
                self.talk(peer)
                peer.rest()
        except tls12.Ended:
            pass
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass
        except OSError as error:
            if error.errno != 9:  # closed on purpose
                self.problem = repr(error)
        except Exception as error:  # a defect of the case
            self.problem = repr(error)
        finally:
            self.alerts += peer.alerts

    def __exit__(self, *_):
        end = time.monotonic() + 0.5  # fede may be through before its connection was taken up here
        while not self.threads and time.monotonic() < end:
            time.sleep(0.01)
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.accepting.join(LIMIT)
        for thread in self.threads:
            thread.join(LIMIT)


def script(talk):
    """A server that does what `talk` says with a tls12.Server."""
    return lambda scene: Listener(talk, scene.certs)


def says(data, then="wait", first=False):
    """Says these bytes behind the ClientHello (first: at once), then waits, closes or resets."""
    def talk(s):
        if not first:
            s.fill(5)
            s.client_hello()
        s.raw(data)
        if then == "close":
            with contextlib.suppress(OSError):
                s.sock.shutdown(socket.SHUT_WR)
        elif then == "reset":
            tls12.reset(s.sock)
    return script(talk)


def https(answer, alpn=None, unclean=False, chain="good_chain"):
    """A TLS 1.2 server on Python's ssl that reads something and answers with bytes."""
    def talk(s):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(f"{s.certs.place}/{chain}.pem", f"{s.certs.place}/good.key")
        if alpn:
            context.set_alpn_protocols([alpn])
        s.sock.settimeout(5)
        with context.wrap_socket(s.sock, server_side=True) as tls:
            tls.recv(4096)
            s.told.set()
            if callable(answer):
                answer(tls)
            else:
                tls.sendall(answer)
            if unclean:
                s.sock = socket.socket(fileno=tls.detach())
                s.sock.close()
            else:
                with contextlib.suppress(OSError, ssl.SSLError):
                    tls.unwrap()
                    tls.close()
    return script(talk)


def then_listens(data):
    """Says these bytes and hears all that comes."""
    def answer(tls):
        tls.sendall(data)
        with contextlib.suppress(OSError):
            while tls.recv(4096):
                pass
    return answer


def silent(tls):
    with contextlib.suppress(OSError):
        tls.recv(1)


class Process:
    """A server of the openssl command; its alerts are in what it prints."""

    def __init__(self, scene, words):
        self.output = open(os.path.join(scene.place, f"s{id(self)}.log"), "w+b")
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", *words], cwd=scene.certs.place,
                                        stdin=subprocess.PIPE, stdout=self.output, stderr=subprocess.STDOUT)

    def text(self):
        with open(self.output.name, errors="replace") as f:
            return f.read()

    def __enter__(self):
        end = time.monotonic() + LIMIT
        while not (found := re.search(r"ACCEPT .*:(\d+)", self.text())):
            expect(self.process.poll() is None and time.monotonic() < end, f"openssl s_server did not start: {self.text()}")
            time.sleep(0.01)
        self.port = int(found.group(1))
        self.problem = None
        self.heard = threading.Event()
        return self

    def __exit__(self, *_):
        end = time.monotonic() + 1
        while time.monotonic() < end and not re.search(r"SSL alert number|CONNECTION CLOSED", self.text()):
            time.sleep(0.01)
        self.alerts = [(2, int(n)) for n in re.findall(r"SSL alert number (\d+)", self.text())]
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.output.close()
        os.unlink(self.output.name)


def s_server(cert, *words, chain=None, key=None, version="-tls1_2"):
    more = ["-cert_chain", f"{chain}.pem"] if chain else []
    return lambda scene: Process(scene, ["-cert", f"{cert}.pem", "-key", f"{key or cert}.key", *more, version, *words])


@contextlib.contextmanager
def _nobody(scene, backlog=None):
    """A port that nobody listens on, held so that nobody else can; or one whose queue is full, so that no answer comes."""
    with socket.socket() as sock, contextlib.ExitStack() as stack:
        sock.bind(("127.0.0.1", 0))
        if backlog is not None:
            sock.listen(backlog)
            for _ in range(backlog + 2):
                more = stack.enter_context(socket.socket())
                more.setblocking(False)
                more.connect_ex(sock.getsockname())
            time.sleep(0.05)
        yield type("Nobody", (), {"port": sock.getsockname()[1], "alerts": [], "problem": None})


def nobody(scene):
    return _nobody(scene)


def full(scene):
    return _nobody(scene, backlog=0)


# ---- The other side of fede serve

class Caller:
    """A client: talks once the server's port is known."""

    def __init__(self, talk, certs):
        self.talk, self.certs, self.alerts, self.got, self.problem = talk, certs, [], "", None

    def call(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
                peer = tls12.Client(sock)
                try:
                    self.talk(peer)
                    peer.rest()
                except tls12.Ended:
                    pass
                except OSError as error:
                    if error.errno not in (9, 32, 104):
                        raise
                self.alerts += peer.alerts
                self.got = peer.buffer.decode(errors="replace")
        except Exception as error:  # a defect of the case
            self.problem = repr(error)


def calls(talk):
    return lambda scene: Caller(talk, scene.certs)


class Foreign:
    """A client that is another program."""

    def __init__(self, scene, words):
        self.scene, self.words, self.alerts, self.problem, self.got = scene, words, [], None, ""

    def call(self, port):
        words = [w.replace("{port}", str(port)) for w in self.words]
        done = subprocess.run(words, cwd=self.scene.certs.place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT)
        self.got = done.stdout.decode(errors="replace")
        self.alerts = [(2, int(n)) for n in re.findall(r"SSL alert number (\d+)", self.got)]


def s_client(*words):
    return lambda scene: Foreign(scene, ["openssl", "s_client", "-connect", "127.0.0.1:{port}", *words])


# ---- Running

class Scene:
    def __init__(self, fede, certs, place):
        self.fede, self.certs, self.place = fede, certs, place
        self.templates = reasons()

    def start(self, words, case, **more):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("SSLKEYLOGFILE", "SSL_CERT_DIR", "NO_COLOR", "CLICOLOR_FORCE") and not k.lower().endswith("_proxy")}
        environment.update({"LC_ALL": "C.UTF-8", "SSL_CERT_FILE": f"{self.certs.place}/root.pem"} | case.env)
        if case.nobody and os.geteuid() == 0:
            more.update(user=65534, group=65534, extra_groups=[])
        stdin = subprocess.PIPE if isinstance(case.stdin, bytes) else os.open(case.stdin, os.O_RDONLY)
        stdout = open(case.stdout, "wb") if case.stdout else subprocess.PIPE
        try:
            return subprocess.Popen([self.fede, *words], cwd=self.certs.place, stdin=stdin, stdout=stdout,
                                    stderr=subprocess.PIPE, env=environment, **more)
        except PermissionError as error:
            raise Skipped("a user without rights can't run the tool from where it is") from error
        finally:
            if not isinstance(stdin, int) or stdin >= 0:
                os.close(stdin)
            if case.stdout:
                stdout.close()

    def connect(self, case, *words):
        """Exit code, standard error, and the peer's alerts."""
        with case.peer(self) if case.peer else contextlib.nullcontext() as peer:
            port = str(peer.port) if peer else "1"
            given = [w.replace("{port}", port) for w in case.command]
            process = self.start([*given[:1], *words, *given[1:]], case)
            try:
                if case.interrupt:
                    expect(peer.heard.wait(10), "the peer heard nothing")
                    process.send_signal(signal.SIGINT)
                _, text = process.communicate(case.stdin if isinstance(case.stdin, bytes) else None, timeout=LIMIT)
            except subprocess.TimeoutExpired as error:
                raise Failed(f"fede did not end within {LIMIT} s") from error
            finally:
                process.kill()
                process.wait()
        expect(not peer or not peer.problem, f"the peer: {peer and peer.problem}")
        return process.returncode, text.decode(errors="replace"), peer.alerts if peer else []

    def serve(self, case, *words):
        peer = case.peer(self)
        process = self.start([*case.command[:1], "--once", "--listen", "127.0.0.1:0", *words, *case.command[1:]], case)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(process.stderr.readline, b"")), daemon=True)
        reader.start()
        try:
            end = time.monotonic() + LIMIT
            while not (found := re.search(rb"listens on 127\.0\.0\.1:(\d+)", b"".join(lines))):
                expect(process.poll() is None and time.monotonic() < end, f"no port: {b''.join(lines).decode()}")
                time.sleep(0.005)
            peer.call(int(found.group(1)))
            process.wait(LIMIT)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"fede serve did not end within {LIMIT} s") from error
        finally:
            process.kill()
            process.wait()
            reader.join(5)
            process.stdin.close()
            process.stdout.close()
            process.stderr.close()
        expect(not peer.problem, f"the client: {peer.problem}")
        if case.answer:
            expect(re.search(case.answer, peer.got), f"the client read {peer.got[:300]!r}, not {case.answer!r}")
        return process.returncode, b"".join(lines).decode(errors="replace"), peer.alerts


def words_of(text):
    return " ".join(text.split())


def judge(scene, case):
    """Runs a case in both forms and returns (sentence, advice) as the user reads them."""
    name = case.command[0] if case.command else ""
    act = scene.serve if name == "serve" and case.peer else scene.connect
    code, text, alerts = act(case, "--width", "1000") if name in ("connect", "serve") else act(case)
    plain = words_of(text)
    expect(not CRASH.search(text), f"crash or hole in the text:\n{text}")
    expect(code == case.code, f"exit code {code}, not {case.code}:\n{text}")
    expect(re.search(rf"exit {code}: .+$", text.strip().splitlines()[-1]), f"the last line is not the exit code:\n{text}")
    if case.reason == "usage":
        found = re.search(r"^(fede[\w ]*): (.*)\nTry: (.*)$", text, re.M)
        expect(found, f"no usage error:\n{text}")
        sentence, advice, section = found.group(2), f"Try: {found.group(3)}", ""
    elif case.once == "text":
        expect(not case.reason or scene.templates[case.reason].search(plain), f"no sentence of {case.reason}:\n{text}")
        sentence, advice = words_of(re.sub(r"^.*?fede serve: |exit \d+: [^.]*$", "", plain)), ""
    else:
        sentence, advice = told_in_json(act, case, code, plain)
    check_alert(case, alerts)
    for pattern in case.sees:
        expect(re.search(pattern, f"{sentence} {advice}"), f"nothing like {pattern!r} in: {sentence} {advice}")
    return sentence, advice


def told_in_json(act, case, code, plain):
    """The same as JSON: the reason's name, the sentence that the text form has once, the advice, the alert."""
    code_again, story, alerts = act(case, "--json")
    error = exit_told = None
    for document in documents(story):
        error, exit_told = document.get("error", error), document.get("exit", exit_told)
    expect(code_again == code, f"exit code {code_again} with --json, {code} without")
    expect(error, f"no error in the JSON:\n{story[-2000:]}")
    expect(exit_told and exit_told["code"] == code, f"the JSON says exit {exit_told}, not {code}")
    expect(error["reason"] == case.reason, f"reason {error['reason']}, not {case.reason}: {error['text']}")
    sentence, advice = words_of(error["text"]), words_of(error.get("advice", ""))
    check_alert(case, alerts)
    told = plain.count(ports(sentence)) or ports(plain).count(ports(sentence))
    expect(told == 1, f"the text form says it {told} times: {sentence}\n{plain}")
    expect(not case.advice or advice, f"no advice: {sentence}")
    expect(not advice or advice in plain, f"advice not in the text form: {advice}\n{plain}")
    return sentence, advice


def documents(text):
    """JSON documents, one behind the other; other lines between them are skipped."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            document, at = decoder.raw_decode(text, at)
            yield document
        except ValueError:
            at += 1


def check_alert(case, alerts):
    fatal = [ALERTS.get(n, str(n)) for level, n in alerts if level == 2]
    want = [case.alert] if case.alert else []
    expect(fatal[:1] == want, f"the peer got the alert {fatal or 'none'}, not {case.alert}")


def ports(text):
    """Without what differs from run to run."""
    text = re.sub(r"(127\.0\.0\.1|\[::1\]|::1|localhost)(:| port )\d+", r"\1\2PORT", text)
    return re.sub(r"clock here says (?!2050)[\d-]{10}[T ][\d:]{8}(Z| UTC)?", "clock here says NOW", text)


def reasons():
    """Patterns for the sentences of reasons.def, by name."""
    found = {}
    with open(f"{ROOT}/include/fede/reasons.def", encoding="utf-8") as f:
        rows = re.findall(r'^FEDE_REASON\((\w+), \w+, "((?:[^"\\]|\\.)*)"', f.read(), re.M)
    for name, sentence in rows:
        pieces = re.split(r"\{[^}]*\}", sentence.replace('\\"', '"'))
        found[name.lower()] = re.compile(".+".join(re.escape(p) for p in pieces))
    return found


def command_text(case):
    """The command as the table shows it."""
    words = [w.replace("{port}", "PORT") for w in case.command]
    if words[:1] == ["serve"] and case.peer:
        words = [w for w in words if w not in ("--cert", "--key", "good_chain.pem", "good.key")]
    return " ".join(["fede", *(shlex.quote(w) if not re.fullmatch(r"[\w@%+=:,./\[\]*-]+", w) else w for w in words)])
