"""Servers that fede's client is tried against. Each is started once and says, for a case, which port to use and how
to talk there: echo (the bytes come back), rev (the line comes back reversed), http (GET /hello answers with a known
text)."""
import os
import shutil
import threading

from cases import CURVES, KEYS, NSS_CURVE, Case
from certs import PASSWORD
from tools import Process, Unable, free_port, run, wait_for_port


class Server:
    talk = "echo"

    def __init__(self, place):
        self.place, self.certs, self.processes = place, f"{place}/certs", []

    def log(self, name):
        return f"{self.place}/logs/{self.name}-{name}.log".replace(" ", "-").replace("crypto/", "")

    def process(self, words, name, **more):
        p = Process(words, log=self.log(name), **more)
        self.processes.append(p)
        return p

    def start(self):
        """Starts what can be started; fills self.ports with port numbers, or with the reason why there is none."""
        self.ports = {key: self.listen(key) for key in KEYS}

    def port(self, case):
        port = self.ports[case.key]
        if isinstance(port, str):
            raise Unable(port)
        return port

    def stop(self):
        for p in list(self.processes):
            p.stop()


class OpenSSL(Server):
    name, talk = "openssl s_server", "rev"

    def listen(self, key, *options, answer="-rev"):
        port = free_port()
        p = self.process(
            [
                "openssl",
                "s_server",
                "-accept",
                f"127.0.0.1:{port}",
                "-tls1_2",
                "-cert",
                f"{self.certs}/{key}-leaf.pem",
                "-key",
                f"{self.certs}/{key}.key",
                "-cert_chain",
                f"{self.certs}/{key}-int.pem",
                *([answer] if answer else []),
                *options,
            ],
            key,
        )
        threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
        wait_for_port(port, p)
        return port


class GnuTLS(Server):
    name = "gnutls-serv"

    def listen(self, key, *options):
        port = free_port()
        p = self.process(
            [
                "gnutls-serv",
                "--echo",
                "-q",
                "-a",
                "-p",
                port,
                "--x509certfile",
                f"{self.certs}/{key}-chain.pem",
                "--x509keyfile",
                f"{self.certs}/{key}.key",
                "--priority",
                "NORMAL:-VERS-ALL:+VERS-TLS1.2",
                *options,
            ],
            key,
        )
        threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
        wait_for_port(port, p)
        return port


class Nginx(Server):
    name, talk = "nginx", "http"

    def start(self):
        self.ports = {key: free_port() for key in KEYS}
        folder = f"{self.place}/nginx"
        os.makedirs(folder, exist_ok=True)
        servers = "".join(
            f"""
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {self.certs}/{key}-chain.pem;
        ssl_certificate_key {self.certs}/{key}.key;
    }}"""
            for key, port in self.ports.items()
        )
        with open(f"{folder}/nginx.conf", "w") as f:
            f.write(
                f"""daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; sendfile on;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    root {self.place}/files;
    ssl_protocols TLSv1.2; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    ssl_ecdh_curve X25519:prime256v1:secp384r1:secp521r1;{servers}
}}
"""
            )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        p = self.process([program, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"], "nginx")
        for port in self.ports.values():
            wait_for_port(port, p)


class NSS(Server):
    """One for each key and curve: the order of its list decides, and the certificate's curve must be in it."""

    name, talk = "NSS selfserv", "nss"

    def start(self):
        self.ports = {}
        for key in KEYS:
            folder = f"{self.place}/nss-{key}"
            wrong = nss_database(folder, f"{self.certs}/{key}.p12")
            for curve in CURVES:
                self.ports[key, curve] = wrong or self.listen(key, curve, folder)

    def listen(self, key, curve, folder):
        port = free_port()
        p = self.process(
            [
                "selfserv",
                "-d",
                f"sql:{folder}",
                "-n",
                key,
                "-p",
                port,
                "-V",
                "tls1.2:tls1.2",
                "-I",
                ",".join(NSS_CURVE[c] for c in Case(key, "", curve).curves),
                "-c",
                ":C02F:C030:CCA8:C02B:C02C:CCA9",
            ],
            f"{key}-{curve}",
        )
        threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
        wait_for_port(port, p)
        return port

    def port(self, case):
        port = self.ports[case.key, case.curve]
        if isinstance(port, str):
            raise Unable(port)
        return port


def nss_database(folder, p12=None, roots=None, trust="C,,"):
    """Makes an NSS database with a key or with trusted roots in it; returns what is wrong, or None."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run(["certutil", "-N", "-d", f"sql:{folder}", "--empty-password"])
    if p12:
        code, out = run(["pk12util", "-i", p12, "-d", f"sql:{folder}", "-W", PASSWORD, "-K", ""])
        if code != 0:
            return "this key can't be imported: " + out.strip().splitlines()[-1].split(": ", 2)[-1]
    for name, root in (roots or {}).items():
        code, out = run(["certutil", "-A", "-d", f"sql:{folder}", "-n", name, "-t", trust, "-i", root])
        if code != 0:
            return "this certificate can't be imported: " + out.strip().splitlines()[-1].split(": ", 2)[-1]
    return None


class Agent(Server):
    """A program of ours around a library: it lists its ports itself."""

    def __init__(self, place, name, words):
        super().__init__(place)
        self.name, self.words = name, words

    def start(self):
        self.ports = {}
        p = self.process([*self.words, "server", self.certs], "server")
        while (line := p.line()) != "ready":
            if line is None:
                raise RuntimeError(f"{self.name} ended: {p.said()[-300:]}")
            what, key, curve, rest = line.split(" ", 3)
            first, _, last = rest.partition(" ")  # listen: port, manner; unable: manner, why
            self.ports[(key, curve, last) if what == "listen" else (key, curve, first)] = int(first) if what == "listen" else last

    def port(self, case, manner="echo"):
        port = self.ports.get((case.key, case.curve, manner), self.ports.get((case.key, "any", manner), "no such port"))
        if isinstance(port, str):
            raise Unable(port)
        return port


def agents(place):
    """The words that start each of our peer programs."""
    b = f"{place}/bin"
    with open(f"{b}/java.security", "w") as f:  # newer ones refuse static RSA by themselves
        f.write("jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, anon, NULL\n")
    return {
        "Go crypto/tls": [f"{b}/peer_go"],
        "Java JSSE": [
            "java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            f"-Djava.security.properties={b}/java.security",
            "-Djdk.tls.namedGroups=x25519,secp256r1,secp384r1,secp521r1",
            "-cp",
            b,
            "Peer",
        ],
        "Mbed TLS": [f"{b}/peer_mbedtls"],
        "wolfSSL": [f"{b}/peer_wolfssl"],
        "BearSSL": [f"{b}/peer_bearssl"],
    }


def servers(place):
    return [OpenSSL(place), GnuTLS(place), Nginx(place), NSS(place)] + [
        Agent(place, n, w) for n, w in agents(place).items()
    ]
