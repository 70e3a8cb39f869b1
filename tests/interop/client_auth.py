"""Mutual authentication with other libraries, both roles: each kind of client key, refusals with their alerts, the story of
who it was."""
import os
import re
import threading
import time

import servers
from cases import Case
from tools import Failed, Process, Unable, converse, free_port, run, wait_for_port

PLAIN = Case("p256", "aes128", "x25519")
KEYS = ("rsa", "p256", "p384", "ed25519")
LINE = b"who is there?\n"
SCHEMES = {"rsa": "rsa_pss_rsae_sha256", "p256": "ecdsa_secp256r1_sha256", "p384": "ecdsa_secp384r1_sha384", "ed25519": "ed25519"}


def shown(scene, key):
    return "--cert", f"{scene.certs}/{key}-client-chain.pem", "--key", f"{scene.certs}/{key}-client.key"


# ---- fede is the client --------------------------------------------------------------------------------------------


def visit(scene, port, key, send=LINE, enough=lambda o: o == LINE, schemes=None, server="p256"):
    """One connection in which fede's client shows that certificate; its story must say so."""
    # OpenSSL takes no key on a curve that the client does not offer.
    case = Case(server, "aes128", "secp384r1" if key == "p384" else "x25519")
    _, agreed = scene.fede(port, send, enough, case, options=shown(scene, key))
    choice = agreed["choice"]
    if choice.get("client_certificate") is not True:
        raise Failed(f"no client certificate was shown: {choice.get('no_client_certificate')}")
    scheme = choice["client_signature_scheme"]["name"]
    if scheme not in (schemes or (SCHEMES[key],)):
        raise Failed(f"the client signed with {scheme}")
    if agreed.get("verdicts") and not any("CertificateVerify" in str(v) or "certificate_verify" in str(v) for v in agreed["verdicts"]):
        raise Failed("the story does not recompute CertificateVerify")


def to_openssl(scene, key):
    peer = servers.OpenSSL(scene.place)
    port = peer.listen("p256", "-Verify", "3", "-verify_return_error", "-CAfile", f"{scene.certs}/ca.pem")
    try:
        visit(scene, port, key, enough=lambda o: o == LINE[-2::-1] + b"\n")
    finally:
        peer.stop()


def to_gnutls(scene, key):
    port = free_port()
    words = f"gnutls-serv --echo -q -p {port} --x509certfile {scene.certs}/p256-chain.pem --x509keyfile {scene.certs}/p256.key"
    words += f" --require-client-cert --verify-client-cert --x509cafile {scene.certs}/ca.pem"
    words += " --priority NORMAL:-VERS-ALL:+VERS-TLS1.2"
    p = Process(words.split(), log=f"{scene.place}/logs/gnutls-clients-{key}.log")
    threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
    try:
        wait_for_port(port, p)
        visit(scene, port, key)
    finally:
        p.stop()


def to_nginx(scene, key):
    folder, port = f"{scene.place}/nginx-clients-{key}", free_port()
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(
            f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.2; ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate {scene.certs}/ca.pem;
    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {scene.certs}/p256-chain.pem;
              ssl_certificate_key {scene.certs}/p256.key; location / {{ return 200 "$ssl_client_s_dn"; }} }}
}}
"""
        )
    p = Process(["/usr/sbin/nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"], log=f"{folder}/log")
    try:
        wait_for_port(port, p)
        visit(scene, port, key, b"GET / HTTP/1.0\r\n\r\n", lambda o: o.endswith(f"CN=client {key}".encode()))
    finally:
        p.stop()


def to_nss(scene, key):
    folder = f"{scene.place}/nss-clients-{key}"
    wrong = servers.nss_database(folder, f"{scene.certs}/p256.p12", {"ca": f"{scene.certs}/{key}-root.pem"}, "CT,,")
    if wrong:
        raise Unable(wrong)
    port = free_port()
    p = Process(f"selfserv -d sql:{folder} -n p256 -p {port} -rr -V tls1.2:tls1.2".split(), log=f"{folder}.log")
    threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
    try:
        wait_for_port(port, p)
        visit(scene, port, key, b"GET /hello HTTP/1.0\r\n\r\n", lambda o: b"200 OK" in o)
    finally:
        p.stop()


def to_agent(scene, name, key):
    # wolfSSL asks for certificates of its own key's kind only, Mbed TLS knows no PSS in TLS 1.2.
    server = "rsa" if (name, key) == ("wolfSSL", "rsa") else "p256"
    schemes = ("rsa_pkcs1_sha256",) if (name, key) == ("Mbed TLS", "rsa") else None
    port = scene.server_peer(name).port(Case(server, "aes128", "x25519"), "auth")
    visit(scene, port, key, schemes=schemes, server=server)


def from_agent(scene, name, key):
    with Serve(scene) as server:
        scene.client_peer(name).connect(PLAIN, server.port, 100, 100, f"auth-{key}")
        server.wait(f"client CN=client {key}")


def refused_to_openssl(scene, key, alert):
    """key: None for none; "server": one for servers; "foreign": of a root that is not trusted."""
    peer = servers.OpenSSL(scene.place)
    ca = "rsa-root" if key == "foreign" else "ca"
    port = peer.listen("p256", "-Verify", "3", "-verify_return_error", "-CAfile", f"{scene.certs}/{ca}.pem")
    options = () if key is None else shown(scene, "p256")
    if key == "server":
        options = "--cert", f"{scene.certs}/p256-chain.pem", "--key", f"{scene.certs}/p256.key"
    try:
        scene.fede_fails(port, 6, alert, options=options)
    finally:
        peer.stop()


# ---- fede is the server --------------------------------------------------------------------------------------------


class Serve:
    """A fede server that asks for client certificates; its story is kept."""

    def __init__(self, scene, *options, answer="echo", ca="ca", need="--require-cert"):
        self.story = f"{scene.place}/logs/clients-{threading.get_ident()}-{time.monotonic_ns()}.log"
        words = (need, "--ca", f"{scene.certs}/{ca}.pem", *options, "--stderr", self.story)
        self.port, self.process = scene.tested.start("p256", None, answer, words)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.stop()

    def text(self):
        return open(self.story, errors="replace").read()

    def wait(self, pattern):
        """The story's line comes when the connection is over."""
        for _ in range(200):
            found = re.search(pattern, self.text())
            if found:
                return found
            time.sleep(0.05)
        raise Failed(f"the server's story has nothing like \"{pattern}\": {self.text()[-400:]}")


def openssl_words(scene, port, key=None):
    words = f"openssl s_client -connect 127.0.0.1:{port} -servername localhost -tls1_2 -verify_return_error -quiet -no_ign_eof"
    words = [*words.split(), "-nocommands", "-CAfile", f"{scene.certs}/ca.pem"]
    if key:
        at = f"{scene.certs}/{key}"
        words += ["-cert", f"{at}-client.pem", "-key", f"{at}-client.key", "-cert_chain", f"{at}-int.pem"]
    return words


def from_openssl(scene, key):
    with Serve(scene) as server:
        code, out = converse(openssl_words(scene, server.port, key), LINE, lambda o: o == LINE)
        if out != LINE:
            raise Failed(f"exit status {code}: {out[-200:]!r}")
        server.wait(f"client CN=client {key}")


def from_gnutls(scene, key):
    with Serve(scene) as server:
        words = f"gnutls-cli --x509cafile {scene.certs}/p256-root.pem --sni-hostname localhost --verify-hostname localhost"
        words += f" --x509certfile {scene.certs}/{key}-client-chain.pem --x509keyfile {scene.certs}/{key}-client.key"
        words += f" -p {server.port} --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 127.0.0.1"
        code, out = converse(words.split(), LINE, lambda o: LINE in o)
        if LINE not in out:
            raise Failed(f"exit status {code}: {out[-300:]!r}")
        server.wait(f"client CN=client {key}")


def from_curl(scene, key):
    with Serve(scene, answer="files") as server:
        url = f"https://localhost:{server.port}/hello"
        code, out = run(
            ["curl", "-sS", "--tls-max", "1.2", "--cacert", f"{scene.certs}/ca.pem", "-o", "/dev/null"]
            + ["--cert", f"{scene.certs}/{key}-client-chain.pem", "--key", f"{scene.certs}/{key}-client.key"]
            + ["--resolve", f"localhost:{server.port}:127.0.0.1", url]
        )
        if code != 0:
            raise Failed(f"exit status {code}: {out[-200:]}")
        server.wait(f"client CN=client {key}")


def from_nss(scene, key):
    folder = f"{scene.place}/nss-client-{key}"
    wrong = servers.nss_database(folder, f"{scene.certs}/{key}-client.p12", {"root": f"{scene.certs}/p256-root.pem"})
    if wrong:
        raise Unable(wrong)
    with Serve(scene, answer="files") as server:
        words = f"tstclnt -h 127.0.0.1 -a localhost -p {server.port} -d sql:{folder} -n {key} -V tls1.2:tls1.2 -f".split()
        log = f"{folder}.log"
        code, out = converse(words, b"GET /hello.txt HTTP/1.0\r\n\r\n", lambda o: b"200 OK" in o, log=log, stop=True)
        if b"200 OK" not in out:
            raise Failed(f"exit status {code}: {open(log, errors='replace').read()[-300:]}")
        server.wait(f"client CN=client {key}")


def resumed_from_openssl(scene, ticket):
    """A resumed session brings its client along, and nobody else's."""
    with Serve(scene, *([] if ticket else ["--no-tickets", "--session-cache"])) as server:
        file = f"{scene.place}/logs/client-{ticket}.session"
        base = [w for w in openssl_words(scene, server.port, "rsa") if w not in ("-quiet", "-no_ign_eof", "-nocommands")]
        run([*base, "-sess_out", file])
        code, out = run([*base, "-sess_in", file])
        if "\nReused, TLSv1.2" not in out:
            raise Failed(f"not resumed: {out[-300:]}")
        for _ in range(100):
            if server.text().count("client CN=client rsa") == 2:
                return
            time.sleep(0.05)
        raise Failed(f"the story does not know the client again: {server.text()[-400:]}")


def refused_from_openssl(scene, key, alert, sentence):
    with Serve(scene, ca="p256-root" if key == "rsa" else "ca") as server:
        code, out = run(openssl_words(scene, server.port, key))
        if code == 0 or f"SSL alert number {alert}" not in out:
            raise Failed(f"exit status {code}: {out[-300:]}")
        server.wait(sentence)


def optional_from_openssl(scene):
    with Serve(scene, need="--request-cert") as server:
        _, out = converse(openssl_words(scene, server.port), LINE, lambda o: o == LINE)
        if out != LINE:
            raise Failed(f"{out[-200:]!r}")
        server.wait("no client certificate")


# ---- with itself ---------------------------------------------------------------------------------------------------


def itself(scene, key):
    with Serve(scene) as server:
        visit(scene, server.port, key)
        server.wait(f"client CN=client {key}")


TESTS = (
    [
        (f"{name}, {key}", f, (key,))
        for name, f in (
            ("fede -> openssl s_server", to_openssl),
            ("fede -> gnutls-serv", to_gnutls),
            ("fede -> nginx", to_nginx),
            ("fede -> NSS selfserv", to_nss),
            ("openssl s_client -> fede", from_openssl),
            ("gnutls-cli -> fede", from_gnutls),
            ("curl -> fede", from_curl),
            ("NSS tstclnt -> fede", from_nss),
            ("fede -> fede", itself),
        )
        for key in KEYS
    ]
    + [(f"{pair}, {k}", f, (n, k)) for n in ("Go crypto/tls", "Java JSSE", "Mbed TLS", "wolfSSL")
       for pair, f in ((f"fede -> {n}", to_agent), (f"{n} -> fede", from_agent)) for k in KEYS if (n, k) != ("Mbed TLS", "ed25519")]
    + [
        ("fede -> openssl s_server, none and one is required", refused_to_openssl, (None, "handshake_failure")),
        ("fede -> openssl s_server, of an unknown root", refused_to_openssl, ("foreign", "unknown_ca")),
        ("fede -> openssl s_server, one for servers", refused_to_openssl, ("server", "unsupported_certificate")),
        ("openssl s_client -> fede, none and one is required", refused_from_openssl, (None, 40, "sent no certificate")),
        ("openssl s_client -> fede, of an unknown root", refused_from_openssl, ("rsa", 48, "not among the trust anchors")),
        ("openssl s_client -> fede, optional and none", optional_from_openssl, ()),
        ("openssl s_client -> fede, resumed by ticket", resumed_from_openssl, (True,)),
        ("openssl s_client -> fede, resumed by id", resumed_from_openssl, (False,)),
    ]
)
