"""OCSP responses stapled to fede's client by servers that make or fetch them: NSS signs its own, wolfSSL and Java ask a
responder, which here gives what tests/interop/staple.py made."""
import http.server
import socketserver
import threading

import servers
from cases import Case
from staple import LINE, PLAIN, folder
from tools import Failed, Process, Unable, free_port, run, wait_for_port

# selfserv's own kinds of response, and what fede's story says against them: NSS signs with SHA-1 and nothing else.
NSS = [
    *((mode, "signed with an algorithm that is not accepted") for mode in ("good", "revoked", "unknown", "badsig")),
    ("failure", "tryLater"),
    ("corrupted", "not one DER SEQUENCE"),
]


def accepted(scene, port, send, enough, case, sentence):
    """The story must tell of a staple that says so."""
    _, story = scene.fede(port, send, enough, case, options=("--status",))
    told = str(story)
    if "CertificateStatus" not in told or sentence not in told:
        raise Failed(f"wanted {sentence}; the story has {'a' if 'CertificateStatus' in told else 'no'} CertificateStatus")


def to_nss(scene):
    """It staples to RSA certificates only, with the issuer's key in its database. fede must have got each response, and say why
    it does not count."""
    base, case = f"{scene.place}/nss-staples", Case("rsa", "aes128", "x25519")
    wrong = servers.nss_database(base, f"{scene.certs}/rsa.p12")
    if wrong:
        raise Unable(wrong)
    issuer = ["-inkey", f"{scene.certs}/rsa-int.key", "-in", f"{scene.certs}/rsa-int.pem"]
    run(["openssl", "pkcs12", "-export", *issuer, "-name", "issuer", "-passout", "pass:issuer", "-out", f"{base}/issuer.p12"])
    code, out = run(["pk12util", "-i", f"{base}/issuer.p12", "-d", f"sql:{base}", "-W", "issuer", "-K", ""])
    if code != 0:
        raise Failed(out)
    for mode, sentence in NSS[::4] if scene.quick else NSS:
        port = free_port()
        words = f"selfserv -d sql:{base} -n rsa -p {port} -V tls1.2:tls1.2 -T {mode} -A".split()
        p = Process([*words, "fede test intermediate rsa"], log=f"{base}-{mode}.log")
        threading.Thread(target=lambda p=p: p.p.stdout.read(), daemon=True).start()
        try:
            wait_for_port(port, p)
            scene.fede_fails(port, 7, sentence, case, options=("--status",))
        except Failed as e:
            raise Failed(f"{mode}: {e}") from None
        finally:
            p.stop()


def to_wolfssl(scene):
    """It verifies what the responder says before it passes it on."""
    folder(scene)
    port = scene.server_peer("wolfSSL").port(PLAIN, "staple")
    accepted(scene, port, LINE, lambda o: o == LINE, PLAIN, "good by the OCSP response")


class Local(http.server.ThreadingHTTPServer):
    def server_bind(self):
        """Without the look-up of the address's name, which not every system can answer."""
        socketserver.TCPServer.server_bind(self)


class Responder:
    """An OCSP responder on the loopback interface that always gives the same bytes."""

    def __init__(self, response):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(response)))
                self.end_headers()
                self.wfile.write(response)

            do_GET = do_POST = answer

            def log_message(self, *what):
                pass

        self.server = Local(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.server.shutdown()
        self.server.server_close()


JAVA = (("good", 0, "good by the OCSP response"), ("revoked", 7, "revoked"))


def to_java(scene):
    """One virtual machine for each response, because it is told by its command line where to ask."""
    place = folder(scene)
    for response, code, sentence in JAVA[:1] if scene.quick else JAVA:
        with open(f"{place}/{response}.der", "rb") as f, Responder(f.read()) as responder:
            options = ["-Djdk.tls.server.enableStatusRequestExtension=true", "-Djdk.tls.stapling.responderOverride=true",
                       f"-Djdk.tls.stapling.responderURI={responder.url}"]
            java, *words = servers.agents(scene.place)["Java JSSE"]
            peer = servers.Agent(scene.place, f"Java, {response}", [java, *options, *words])
            peer.start()
            try:
                port = peer.port(PLAIN)
                if code:
                    scene.fede_fails(port, code, sentence, PLAIN, options=("--status",))
                else:
                    accepted(scene, port, LINE, lambda o: o == LINE, PLAIN, sentence)
            finally:
                peer.stop()


TESTS = [
    ("stapling", "refused for its SHA-1, fede -> NSS selfserv", to_nss, ()),
    ("stapling", "fede -> wolfSSL", to_wolfssl, ()),
    ("stapling", "fede -> Java JSSE", to_java, ()),
]
