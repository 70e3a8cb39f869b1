"""Every flaw of `fede ca issue --flaw` over the wire: a server shows the certificate, and fede, OpenSSL and GnuTLS each refuse
it in their own words; fede with the right sentence, exit status and alert. The certificate without a flaw they accept."""
import os
import re
import socket
import subprocess
import time

from ca import FLAWS, ca, expect

tests = []
ALERTS = {"cert_expired": 45, "cert_unknown_issuer": 48, "cert_self_signed": 48, "cert_revoked": 44, "cert_staple_missing": 113,
          "cert_not_yet_valid": 42, "cert_name_mismatch": 42, "cert_weak_key": 42, "cert_algorithm": 42, "cert_no_names": 42,
          "cert_signature": 42, "cert_not_ca": 42, "cert_path_length": 42, "cert_name_constraint": 42}
SENTENCES = {"cert_expired": "ended on", "cert_unknown_issuer": "not among the trust anchors", "cert_self_signed": "signed by itself",
             "cert_revoked": "was revoked on", "cert_staple_missing": "must-staple", "cert_not_yet_valid": "begins on",
             "cert_name_mismatch": "not for this name", "cert_weak_key": "too weak", "cert_algorithm": "not accepted",
             "cert_no_names": "no subject alternative name", "cert_signature": "does not verify it", "cert_not_ca": "issued another certificate",
             "cert_path_length": "CA certificates below it", "cert_name_constraint": "forbids it"}
# What these commands have no option for, or see no harm in; each with the reason.
OPENSSL_ACCEPTS = {"no-san": "it takes the common name", "no-staple": "it does not know must-staple"}
GNUTLS_ACCEPTS = {"no-san": "it takes the common name", "weak-key": "1,024 bits are enough for its default profile",
                  "revoked": "gnutls-cli takes no list"}


class Server:
    """openssl s_server, which shows whatever it is given; its alerts are in what it prints."""

    def __init__(self, s, file):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(s.path("server.log"), "w+b")
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", f"{file}.pem", "-cert_chain",
                                         f"{file}.pem", "-key", f"{file}.key", "-tls1_2", "-cipher", "DEFAULT@SECLEVEL=0", "-www"],
                                        cwd=s.place, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        for _ in range(200):
            if b"ACCEPT" in self.said():
                return
            time.sleep(0.02)
        raise RuntimeError(f"openssl s_server does not begin: {self.said()}")

    def said(self):
        self.log.flush()
        return open(self.log.name, "rb").read()

    def alerts(self):
        for _ in range(100):
            found = re.findall(rb"SSL alert number (\d+)", self.said())
            if found:
                return [int(n) for n in found]
            time.sleep(0.02)
        return []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def run(s, *words):
    done = subprocess.run(words, cwd=s.place, input="", capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def judge(s, flaw, reason):
    root, file = "wire/ca.pem", f"wire/{flaw}"
    lists = ("--crl", "wire/revoked.crl") if flaw == "revoked" else ()
    staple = ("--cert-status",) if flaw == "no-staple" else ()
    with Server(s, file) as server:
        code, out = run(s, s.fede, "connect", "--cacert", root, *lists, *staple, f"https://localhost:{server.port}/")
        if reason is None:
            expect(code == 0, f"{flaw}: fede connect ends with {code}: {out}")
        else:
            expect(code == 7 and SENTENCES[reason] in out, f"{flaw}: fede connect ends with {code}, wanted 7 and \"{SENTENCES[reason]}\": {out}")
            expect(ALERTS[reason] in server.alerts(), f"{flaw}: the server got the alerts {server.alerts()}, wanted {ALERTS[reason]}")
        crl = ("-crl_check", "-CRL", "wire/revoked.crl") if flaw == "revoked" else ()
        code, out = run(s, "openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", root, "-servername", "localhost",
                        "-verify_hostname", "localhost", "-verify_return_error", "-x509_strict", "-auth_level", "2", *crl)
        expect((code == 0) == (reason is None or flaw in OPENSSL_ACCEPTS), f"{flaw}: openssl s_client ends with {code}: {out[-600:]}")
        code, out = run(s, "gnutls-cli", "--x509cafile", root, "-p", str(server.port), "--sni-hostname", "localhost", "--verify-hostname",
                        "localhost", "127.0.0.1")
        expect((code == 0) == (reason is None or flaw in GNUTLS_ACCEPTS), f"{flaw}: gnutls-cli ends with {code}: {out[-600:]}")


def over_the_wire(flaw, reason):
    def test(s):
        if not os.path.exists(s.path("wire/ca.pem")):
            ca(s, "init", "--ca", "wire")
        ca(s, "issue", "--ca", "wire", *(("--flaw", flaw) if reason else ()), "localhost", "-o", f"wire/{flaw}")
        judge(s, flaw, reason)
    test.__name__ = f"over_the_wire_{flaw.replace('-', '_')}"
    return test


tests += [over_the_wire("good", None)] + [over_the_wire(f, r) for f, r in FLAWS.items()]
