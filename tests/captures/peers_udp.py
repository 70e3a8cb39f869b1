"""Further parts of make.py: DTLS and QUIC. They are found in FOLDER/udp, for nothing in them is a TLS connection.

DTLS by openssl, gnutls and NSS (which alone speaks DTLS 1.3); QUIC by Chromium, whose first datagrams a script answers with
version negotiation (RFC 9000 17.2.1), for no QUIC server is among the packages of Debian 12."""
import os
import socket
import struct
import subprocess
import threading
import time

import servers



def openssl(*words):
    return (["openssl", "s_server", "-accept", "{port}", "-cert", "{at}/p256-leaf.pem", "-key", "{at}/p256.key", *words],
            ["openssl", "s_client", "-connect", "127.0.0.1:{port}", *words])


TSTCLNT = ["tstclnt", "-h", "127.0.0.1", "-p", "{port}", "-d", "{nss}", "-V", "tls1.3:tls1.3", "-P"]
# name: (server, client)
DTLS = {
    "dtls10": openssl("-dtls1", "-cipher", "ALL:@SECLEVEL=0"),
    "dtls12": openssl("-dtls1_2"),
    "dtls12-psk": openssl("-dtls1_2", "-cipher", "PSK-AES128-GCM-SHA256", "-psk", "0011"),
    "dtls12-gnutls": (["gnutls-serv", "--udp", "--echo", "--port", "{port}", "--x509certfile", "{at}/p256-chain.pem", "--x509keyfile", "{at}/p256.key"],
                      ["gnutls-cli", "--udp", "--port", "{port}", "127.0.0.1", "--no-ca-verification"]),
    "dtls13-nss": ([*TSTCLNT, "server", "-n", "rsa"], [*TSTCLNT, "client", "-o"]),
}


def bound(port):
    """Someone listens on that port of UDP."""
    with open("/proc/net/udp", encoding="ascii") as f, open("/proc/net/udp6", encoding="ascii") as g:
        return f":{port:04X} " in f.read() + g.read()


class Told:
    """A client or server that is kept open for a while."""

    def __init__(self, *words):
        self.p = subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.p.kill()
        self.p.wait()


def wait(port):
    for _ in range(100):
        if bound(port):
            return
        time.sleep(0.05)


def talk(server, client, port):
    s = Told(*server)
    wait(port)
    c = Told(*client)
    time.sleep(0.6)
    c.p.stdin.write(b"hello over there\n")
    c.p.stdin.flush()
    time.sleep(0.3)
    c.end()
    s.end()


def dtls(scene, at):
    for name, (server, client) in scene.rows(DTLS):
        if "{nss}" in server:
            servers.nss_database(f"{at}/nss-dtls", f"{at}/rsa.p12")
        with scene(name) as s:
            s.no_keys()
            talk(*[[w.format(port=s.port, at=at, nss=f"sql:{at}/nss-dtls") for w in words] for words in (server, client)], s.port)


def negotiate(sock, stop):
    sock.settimeout(0.2)
    while not stop.is_set():
        try:
            data, peer = sock.recvfrom(2048)
        except OSError:
            continue
        if len(data) > 1000 and data[0] & 0x80:
            to = data[6:6 + data[5]]
            rest = data[6 + data[5]:]
            source = rest[1:1 + rest[0]]
            sock.sendto(b"\x80\0\0\0\0" + bytes([len(source)]) + source + bytes([len(to)]) + to + struct.pack(">II", 0x0a1a2a3a, 0x6b3343cf), peer)


def quic(scene, at):
    with scene("quic-chromium") as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        s.no_keys()
        sock.bind(("127.0.0.1", s.port))
        stop = threading.Event()
        other = threading.Thread(target=negotiate, args=(sock, stop))
        other.start()
        home = f"{os.path.dirname(at)}/quic-home"
        words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}",
                 "--enable-quic", f"--origin-to-force-quic-on=127.0.0.1:{s.port}", "--dump-dom", f"https://127.0.0.1:{s.port}/"]
        try:
            subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=12, check=False)
        except subprocess.TimeoutExpired:
            pass
        stop.set()
        other.join()


TABLES = (dtls,)
PARTS = (dtls, quic)
