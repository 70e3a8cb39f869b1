#!/usr/bin/env python3
"""live.py FEDE: live handshakes with OpenSSL, GnuTLS and Chromium: every byte of messages and record headers in a named field.

fede connect against openssl s_server and gnutls-serv, fede serve against s_client, gnutls-cli and Chromium, told as JSON lines.
A peer that is not installed is skipped, and that is said. Prints a line for each and `live: N passed, N failed, N skipped`."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, f"{HERE}/../interop"]
import certs  # noqa: E402
from coverage import Covered  # noqa: E402
from tools import Failed, Process, free_port, run, wait_for_port  # noqa: E402

fede = os.path.abspath(sys.argv[1])
TELL = ["--json=lines", "-vv", "--stderr"]
# peer: (key, words of the server); (key, words of the client)
SERVERS = {"openssl s_server": ("p256", ["openssl", "s_server", "-www", "-accept", "127.0.0.1:{port}", "-cert", "{at}/p256-leaf.pem", "-cert_chain",
                                         "{at}/p256-int.pem", "-key", "{at}/p256.key", "-tls1_2"]),
           "gnutls-serv": ("rsa", ["gnutls-serv", "--http", "--port", "{port}", "--x509certfile", "{at}/rsa-chain.pem", "--x509keyfile", "{at}/rsa.key",
                                   "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"])}
CLIENTS = {"openssl s_client": ("rsa", ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-servername", "localhost", "-brief"]),
           "gnutls-cli": ("p256", ["gnutls-cli", "--port", "{port}", "127.0.0.1", "--sni-hostname", "localhost", "--no-ca-verification", "--priority", "NORMAL"]),
           "chromium": ("p256", ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server",
                                 "--ignore-certificate-errors", "--user-data-dir={home}/data", "--dump-dom", "https://localhost:{port}/"])}


def told(path):
    out, n = Covered(), 0
    with open(path, encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    out.story([e for e in events if e["event"] == "message"], [e for e in events if e["event"] == "record"])
    n = sum(e["event"] == "message" for e in events)
    return out, n


def fill(words, **values):
    return [w.format(**values) for w in words]


def with_server(at, home, words):
    port = free_port()
    server = Process(fill(words, port=port, at=at, home=home), log=f"{home}/server.log", stdout=subprocess.DEVNULL)
    wait_for_port(port, server)
    run([fede, "connect", *TELL, f"{home}/story", "--cacert", f"{at}/ca.pem", f"https://localhost:{port}/"])
    server.stop()


def with_client(at, home, words, key):
    port = free_port()
    server = Process([fede, "serve", *TELL, f"{home}/story", "--listen", f"127.0.0.1:{port}", "--cert", f"{at}/{key}-chain.pem", "--key", f"{at}/{key}.key",
                      "--www"], log=f"{home}/server.log", stdout=subprocess.DEVNULL)
    wait_for_port(port, server)
    run(fill(words, port=port, at=at, home=home), 60, env=dict(os.environ, HOME=home, DBUS_SESSION_BUS_ADDRESS="/dev/null"))
    time.sleep(0.2)
    server.stop()


def main():
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as place:
        at = certs.make(f"{place}/certs")
        for name, (key, words), work in [(n, row, "server") for n, row in SERVERS.items()] + [(n, row, "client") for n, row in CLIENTS.items()]:
            if not shutil.which(words[0]):
                print(f"{name:20} skipped: it is not installed")
                skipped += 1
                continue
            home = tempfile.mkdtemp(dir=place)
            try:
                with_server(at, home, words) if work == "server" else with_client(at, home, words, key)
                out, n = told(f"{home}/story")
            except (Failed, OSError, ValueError) as e:
                print(f"{name:20} FAILED: {e}")
                failed += 1
                continue
            good = n >= 7 and out.covered == out.bytes and out.headers >= n // 2
            passed, failed = passed + good, failed + (not good)
            print(f"{name:20} {n:3} messages, {out.headers:3} record headers, bytes in named fields with a sentence: {out.covered} of {out.bytes}"
                  + ("" if good else f" FAILED {sorted(out.uncovered)[:6]}"))
    print(f"live: {passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
