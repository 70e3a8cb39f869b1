"""What is tested: fede's tool, or, to test the tests themselves, the openssl command line in its place.

A client runs one connection as a process. A server is started once for each key, curve and kind of answer."""
import itertools
import json
import os
import threading

from cases import OPENSSL_CURVE
from tools import Failed, Process, converse, free_port, run, wait_for_port

_number = itertools.count()


class Subject:
    def __init__(self, program, place):
        self.program, self.place, self.certs = program, place, f"{place}/certs"
        self.servers, self.lock = {}, threading.Lock()

    def log(self, name):
        return f"{self.place}/logs/{self.name}-{name}-{next(_number)}.log"

    def talk(self, port, case, send, enough, options=(), limit=25, slowly=0, ca=None, host="localhost"):
        """One connection as a client: returns (output, what the client says was agreed)."""
        log = self.log("client")
        code, out = converse(
            self.client_words(port, case, options, ca, log, host), send, enough, limit, log + ".err", slowly
        )
        if code != 0:
            raise Failed(f"exit status {code}: {self.complaint(log)}")
        agreed = self.agreed(log)
        for f in (log, log + ".err"):
            if os.path.exists(f):
                os.remove(f)
        return out, agreed

    def server(self, key, curve, answer, options=()):
        """A running server's port; answer: echo, or files (of the folder place/files)."""
        with self.lock:
            name = (key, curve, answer, tuple(options))
            if name not in self.servers:
                self.servers[name] = self.start(key, curve, answer, options)
            return self.servers[name][0]

    def start(self, key, curve, answer, options=()):
        """(port, process) of a new server."""
        for attempt in (1, 2, 3):
            port = free_port()
            words, log = self.server_words(port, key, curve, answer, options), self.log(f"server-{key}-{curve}")
            process = Process(words, log=log, cwd=f"{self.place}/files")
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            try:
                wait_for_port(port, process)
                return port, process
            except Failed:
                process.stop()
                if attempt == 3:
                    raise

    def stop(self, report=None):
        """Ends the servers; each must end in order, by itself, with nothing to complain about."""
        for name, (_, process) in self.servers.items():
            code = process.stop()
            if report and self.name == "fede":
                good = code == 0 and "Sanitizer" not in process.said()
                report.add(
                    "fede serve, at its end",
                    name,
                    "passed" if good else "failed",
                    f"exit status {code}: " + process.said()[-300:] if not good else "",
                )
        self.servers.clear()


def _drain(process):
    try:
        while process.p.stdout.read(4096):
            pass
    except (OSError, ValueError):
        pass


class Fede(Subject):
    name = "fede"

    def client_words(self, port, case, options, ca, log, host):
        words = [
            self.program,
            "connect",
            "--json",
            "--stderr",
            log,
            "--linger",
            "0.001",
            "--resolve",
            f"{host}:{port}:127.0.0.1",
            "--cacert",
            ca or f"{self.certs}/ca.pem",
        ]
        if case:
            words += ["--ciphers", case.openssl_suite, "--curves", ":".join(case.curves)]
        return words + [*options, f"{host}:{port}"]

    def server_words(self, port, key, curve, answer, options):
        words = [
            self.program,
            "serve",
            "--listen",
            f"127.0.0.1:{port}",
            "--cert",
            f"{self.certs}/{key}-chain.pem",
            "--key",
            f"{self.certs}/{key}.key",
            *options,
        ]
        if curve:
            words += ["--curves", curve]
        return words + (["--echo"] if answer == "echo" else [f"{self.place}/files"])

    def complaint(self, log):
        """The story's error, and its last line."""
        try:
            story = json.load(open(log))
            return f"{story['exit']['reason']}: {json.dumps(story.get('error', ''))}"
        except (OSError, ValueError, KeyError):
            return open(log + ".err", errors="replace").read()[-400:]

    def agreed(self, log):
        return json.load(open(log))

    def check(self, agreed, case, scheme=None, ems=None):
        """Did the client say that it agreed on what was asked for, and verified the peer?"""
        choice = agreed["choice"]
        wanted = {"cipher_suite": case.iana_suite, "group": case.curve, "version": "TLS 1.2"}
        if scheme:
            wanted["signature_scheme"] = scheme
        for what, name in wanted.items():
            if choice[what]["name"] != name:
                raise Failed(f"agreed on {what} {choice[what]['name']}, wanted {name}")
        if ems is not None and choice["extended_master_secret"] != ems:
            raise Failed(f"extended master secret: {choice['extended_master_secret']}, wanted {ems}")
        if not agreed["established"] or not agreed["verification"]["accepted"]:
            raise Failed("the story says that the connection was not established or the peer not verified")


class OpenSSL(Subject):
    name = "openssl"

    def client_words(self, port, case, options, ca, log, host):
        words = [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{port}",
            "-servername",
            host,
            "-tls1_2",
            "-verify_return_error",
            "-verify_hostname",
            host,
            "-CAfile",
            ca or f"{self.certs}/ca.pem",
            "-quiet",
            "-no_ign_eof",
            "-nocommands",
        ]
        if case:
            words += ["-cipher", case.openssl_suite, "-groups", case.openssl_curves]
        return words + list(options)

    def server_words(self, port, key, curve, answer, options):
        words = [
            "openssl",
            "s_server",
            "-accept",
            f"127.0.0.1:{port}",
            "-cert",
            f"{self.certs}/{key}-leaf.pem",
            "-key",
            f"{self.certs}/{key}.key",
            "-cert_chain",
            f"{self.certs}/{key}-int.pem",
            "-tls1_2",
            *options,
        ]
        if curve:
            words += ["-groups", OPENSSL_CURVE[curve]]
        return words + [{"files": "-WWW", "rev": "-rev"}[answer]]

    def start(self, key, curve, answer, options=()):
        if answer == "echo":  # openssl has none: Go's stands in
            return self.echo.ports[key, curve, "echo"], self.echo.processes[0]
        return super().start(key, curve, answer, options)

    def complaint(self, log):
        return open(log + ".err", errors="replace").read()[-300:].replace("\n", " ")

    def agreed(self, log):
        return {}

    def check(self, agreed, case, scheme=None, ems=None):
        pass


def openssl_agrees(port, case):
    """Does an openssl client come to terms with that server on just this suite and curve?"""
    code, out = run(
        [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{port}",
            "-tls1_2",
            "-cipher",
            case.openssl_suite,
            "-groups",
            case.openssl_curves,
        ]
    )
    names = {
        "x25519": "X25519",
        "secp256r1": "ECDH, prime256v1",
        "secp384r1": "ECDH, secp384r1",
        "secp521r1": "ECDH, secp521r1",
    }
    return f"Server Temp Key: {names[case.curve]}," in out and f"Cipher is {case.openssl_suite}" in out
