"""Clients that are tried against fede's server. A command line client is a process for each connection; our own peer
programs are started once and given their jobs one after the other."""
import threading

from cases import NSS_CURVE, NSS_SUITE
from servers import agents, nss_database
from tools import Failed, Process, Unable, converse, run

TEXT = ("The quick brown fox jumps over the lazy dog, and 0123456789 too. " * 40).encode() + b"\n"


class Client:
    answer = "echo"

    def __init__(self, place):
        self.place, self.certs = place, f"{place}/certs"

    def start(self):
        pass

    def stop(self):
        pass


class Piped(Client):
    """Sends what it reads, writes what comes."""

    def connect(self, case, port, send=TEXT, limit=25, skip=0):
        log = f"{self.place}/logs/{self.name.split()[0]}-{case}-{threading.get_ident()}.log".replace(" ", "-")
        code, out = converse(
            self.words(case, port), send, lambda o: len(o) >= len(send) and TEXT[-20:] in o[-200:], limit, log
        )
        said = open(log, errors="replace").read()
        if send not in out:
            raise Failed(f"exit status {code}, {len(out)} of {len(send)} bytes came back: {said[-300:]} {out[:200]!r}")
        return out


class OpenSSL(Piped):
    name = "openssl s_client"

    def words(self, case, port):
        return [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{port}",
            "-servername",
            "localhost",
            "-tls1_2",
            "-verify_return_error",
            "-verify_hostname",
            "localhost",
            "-CAfile",
            f"{self.certs}/ca.pem",
            "-quiet",
            "-no_ign_eof",
            "-nocommands",
            "-cipher",
            case.openssl_suite,
            "-groups",
            case.openssl_curves,
        ]


class GnuTLS(Piped):
    name = "gnutls-cli"

    def words(self, case, port):
        return [
            "gnutls-cli",
            "--logfile",
            "/dev/stderr",
            "--x509cafile",
            f"{self.certs}/{case.key}-root.pem",
            "--sni-hostname",
            "localhost",
            "--verify-hostname",
            "localhost",
            "--priority",
            case.gnutls_priority,
            "-p",
            port,
            "127.0.0.1",
        ]


class NSS(Client):
    """It never ends by itself when its input has: it asks for a file and is stopped when that is there."""

    name, answer = "NSS tstclnt", "files"

    def start(self):
        self.folder = f"{self.place}/nss-roots"
        wrong = nss_database(self.folder, roots={k: f"{self.certs}/{k}-root.pem" for k in ("rsa", "p256", "p384")})
        self.ed25519 = nss_database(f"{self.place}/nss-ed", roots={"ed": f"{self.certs}/ed25519-root.pem"})
        if wrong:
            raise Failed(wrong)

    def connect(self, case, port):
        if case.key == "ed25519" and self.ed25519:
            raise Unable(self.ed25519)
        log = f"{self.place}/logs/tstclnt-{case}.log".replace(" ", "-")
        words = [
            "tstclnt",
            "-h",
            "127.0.0.1",
            "-a",
            "localhost",
            "-p",
            port,
            "-d",
            f"sql:{self.folder}",
            "-V",
            "tls1.2:tls1.2",
            "-c",
            NSS_SUITE[case.kind, case.suite],
            "-I",
            ",".join(NSS_CURVE[c] for c in case.curves),
            "-f",
        ]
        text = open(f"{self.place}/files/hello.txt", "rb").read()
        code, out = converse(words, b"GET /hello.txt HTTP/1.0\r\n\r\n", lambda o: o.endswith(text), log=log, stop=True)
        if not out.endswith(text):
            raise Failed(
                f"exit status {code}, {len(out)} bytes: {open(log, errors='replace').read()[-200:]} {out[:100]!r}"
            )


class Curl(Client):
    name, answer = "curl", "files"

    def connect(self, case, port):
        code, out = run(
            [
                "curl",
                "-sS",
                "--cacert",
                f"{self.certs}/ca.pem",
                "--tls-max",
                "1.2",
                "--ciphers",
                case.openssl_suite,
                "--curves",
                case.openssl_curves,
                "--resolve",
                f"localhost:{port}:127.0.0.1",
                f"https://localhost:{port}/hello.txt",
            ]
        )
        if code != 0 or out != open(f"{self.place}/files/hello.txt").read():
            raise Failed(f"exit status {code}: {out[-300:]}")


class Agent(Client):
    def __init__(self, place, name, words):
        super().__init__(place)
        self.name, self.words, self.lock, self.n, self.process = name, words, threading.Lock(), 0, None

    def start(self):
        self.log = f"{self.place}/logs/{self.name.split()[0]}-client.log"
        self.process = Process([*self.words, "client", self.certs], log=self.log)

    def connect(self, case, port, size=20000, chunk=7000, manner="echo", limit=60):
        with self.lock:
            self.n += 1
            self.process.say(f"{self.n} {port} {case.key} {case.suite} {case.curve} {size} {chunk} {manner}\n")
            answer = (self.process.line(limit) or "? failed the peer's process has ended").split(" ", 2)
        if answer[1] == "unable":
            raise Unable(answer[2])
        if answer[1] != "ok":
            raise Failed(answer[2])
        return answer[2] if len(answer) > 2 else ""

    def stop(self):
        if self.process:
            self.process.stop()


def clients(place):
    return [OpenSSL(place), GnuTLS(place), NSS(place), Curl(place)] + [
        Agent(place, n, w) for n, w in agents(place).items()
    ]
