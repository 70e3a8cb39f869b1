#!/usr/bin/env python3
"""The shim without its runner: the flag protocol, and handshakes with Python's TLS (OpenSSL) on the other side.

    smoke.py SHIM
"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "tests", "engine", "data")
CERT, KEY = os.path.join(DATA, "p256.pem"), os.path.join(DATA, "p256.key")
ID, LIMIT = 77, 20
failures, done = [], 0


def context(server):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    c.minimum_version = c.maximum_version = ssl.TLSVersion.TLSv1_2
    if server:
        c.load_cert_chain(CERT, KEY)
    else:
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    c.set_alpn_protocols(["foo", "bar"])
    return c


class Peer(threading.Thread):
    """What the runner would be: takes each connection of the shim, reads its number, speaks TLS."""

    def __init__(self, server, connections):
        super().__init__(daemon=True)
        self.server, self.connections, self.error = server, connections, None
        self.reused, self.context = [], context(server)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(LIMIT)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        session = None
        try:
            for _ in range(self.connections):
                link = self.listener.accept()[0]
                link.settimeout(LIMIT)
                number = struct.unpack("<Q", link.recv(8, socket.MSG_WAITALL))[0]
                if number != ID:
                    raise ValueError(f"the shim says {number}")
                tls = self.context.wrap_socket(link, server_side=self.server, session=session)
                tls.sendall(b"hello")
                if tls.recv(64) != bytes(b ^ 0xff for b in b"hello"):
                    raise ValueError("another echo")
                self.reused.append(tls.session_reused)
                session = None if self.server else tls.session
                try:
                    tls.unwrap().close()
                except ssl.SSLEOFError:  # without -check-close-notify the shim just ends
                    tls.close()
        except (OSError, ValueError) as e:
            self.error = str(e)
        self.listener.close()


def shim(*flags):
    p = subprocess.run([sys.argv[1], *flags], capture_output=True, timeout=LIMIT * 2)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def case(name, good, *seen):
    global done
    done += 1
    if not good:
        failures.append(name)
        print(f"{name}: FAILED: {seen}")


def talk(name, server, flags, connections=1, expect=0, error=None, stderr=None, reused=None):
    """server: which side Python takes."""
    peer = Peer(server, connections)
    code, _, said = shim("-port", str(peer.port), "-shim-id", str(ID), *flags)
    peer.join(LIMIT)
    good = code == expect and (peer.error is None if error is None else error.lower() in (peer.error or "").lower().replace(" ", "_"))
    good = good and (stderr in said if stderr else said == "--- DONE ---\n") and (reused is None or peer.reused == reused)
    case(name, good, code, said, peer.error, peer.reused)


def main():
    own = ["-server", "-cert-file", CERT, "-key-file", KEY]
    code, said, _ = shim("-is-handshaker-supported")
    case("no handshaker", (code, said) == (0, "No\n"), code, said)
    case("unknown flag", shim("-port", "1", "-psk", "x")[0] == 89)
    case("unknown flag behind a prefix", shim("-on-resume-psk", "x")[0] == 89)
    case("unknown group", shim("-port", "1", "-curves", "4588")[0] == 89)
    case("needs TLS 1.3", shim("-port", "1", "-min-version", "772")[0] == 89)
    talk("client", True, ["-expect-version", "771"])
    talk("client, byte by byte", True, ["-async", "-check-close-notify"])
    talk("client, application protocol", True, ["-advertise-alpn", "\x03foo", "-expect-alpn", "foo"])
    talk("client, a check that fails", True, ["-expect-curve-id", "24"], expect=1, error="", stderr="unexpected: group")
    talk("client refuses", True, ["-verify-peer", "-verify-fail", "-use-custom-verify-callback"], expect=1,
         error="CERTIFICATE_UNKNOWN", stderr=":CERTIFICATE_VERIFY_FAILED:")
    talk("client notes a refusal", True, ["-verify-fail", "-use-custom-verify-callback", "-expect-verify-result"])
    talk("client, resumption", True, ["-resume-count", "1"], connections=2, reused=[False, True])
    talk("server", False, own)
    talk("server, byte by byte", False, [*own, "-async", "-check-close-notify"])
    talk("server, resumption", False, [*own, "-resume-count", "2"], connections=3, reused=[False, True, True])
    talk("server, application protocol", False, [*own, "-select-alpn", "bar"])
    talk("server refuses", False, [*own, "-reject-alpn"], expect=1, error="NO_APPLICATION_PROTOCOL",
         stderr=":NO_APPLICATION_PROTOCOL:")
    print(f"{done - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
