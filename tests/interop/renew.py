"""Resumption with our own programs around other libraries, by session id and by ticket; and tickets that are renewed while a
session lives on: by servers under fede's client, and by fede's server under keys that change."""
import contextlib
import os
import socket
import ssl
import threading

import servers
from resume import LINE, PLAIN, Serve, Talk, messages, told
from tools import LIMIT, Failed, Process, Unable, free_port, wait_for_port

NO_EMS = {"Go crypto/tls": ("--no-ems",), "BearSSL": ("--no-ems",)}  # Debian's know no extended master secret


# ---- by id and by ticket -------------------------------------------------------------------------------------------


def to_agent(scene, name, ticket):
    """Java's server issues tickets unless they are not asked for; ours have a manner for each."""
    java = name == "Java JSSE"
    port = scene.server_peer(name).port(PLAIN, "echo" if java else "resume-ticket" if ticket else "resume-id")
    options = (*NO_EMS.get(name, ()), *(("--no-ticket",) if java and not ticket else ()))
    Talk(scene, f"{name} {ticket}", options=options).twice(port, ticket)


def from_agent(scene, name, ticket):
    options = (*NO_EMS.get(name, ()), *(() if ticket else ("--no-tickets", "--session-cache")))
    with Serve(scene, *options) as server:
        ports = f"{server.port},{server.port}"
        scene.client_peer(name).connect(PLAIN, ports, 100, 100, "resume-ticket" if ticket else "resume-id")
        if server.resumed() != 1:
            raise Failed(f"{server.resumed()} of 1 resumed")


# ---- renewed by the server, fede is the client ---------------------------------------------------------------------


def renewed_at(scene, port, name, answer="echo"):
    """Each ticket is taken, and answered with a new one, which is taken too."""
    talk = Talk(scene, f"renewed by {name}", answer, options=NO_EMS.get(name, ()))
    if not list(messages(talk.once(port))):
        raise Failed("no ticket came")
    before = open(talk.file, "rb").read()
    for _ in range(3):
        again = talk.once(port, (), ("in", "out"))
        if told(again) is not True:
            raise Failed(f"not resumed: {told(again)}")
        if not list(messages(again)):
            raise Unable("this peer's server takes a ticket without renewing it")
        if open(talk.file, "rb").read() == before:
            raise Failed("a new ticket came and was not kept")


def renewed_by_agent(scene, name):
    manner = {"Go crypto/tls": "renew", "Java JSSE": "echo"}.get(name, "resume-ticket")
    renewed_at(scene, scene.server_peer(name).port(PLAIN, manner), name)


def renewed_by_gnutls(scene):
    peer = servers.GnuTLS(scene.place)
    try:
        renewed_at(scene, peer.listen("p256"), "gnutls-serv")
    finally:
        peer.stop()


def renewed_by_nss(scene):
    folder, port = f"{scene.place}/nss-renew", free_port()
    wrong = servers.nss_database(folder, f"{scene.certs}/p256.p12")
    if wrong:
        raise Unable(wrong)
    p = Process(f"selfserv -d sql:{folder} -n p256 -p {port} -V tls1.2:tls1.2 -u".split(), log=f"{folder}.log")
    try:
        wait_for_port(port, p)
        renewed_at(scene, port, "NSS", "http")
    finally:
        p.stop()


def renewed_by_nginx(scene):
    """OpenSSL renews what an older key of the list has sealed: two servers with the same name, one with that key alone."""
    folder, ports = f"{scene.place}/nginx-renew", (free_port(), free_port())
    os.makedirs(folder, exist_ok=True)
    for name in ("old", "new"):
        with open(f"{folder}/{name}.key", "wb") as f:
            f.write(os.urandom(80))
    keys = (f"ssl_session_ticket_key {folder}/old.key;",
            f"ssl_session_ticket_key {folder}/new.key; ssl_session_ticket_key {folder}/old.key;")
    identity = f"ssl_certificate {scene.certs}/p256-chain.pem; ssl_certificate_key {scene.certs}/p256.key;"
    blocks = "".join(f"server {{ listen 127.0.0.1:{p} ssl; server_name localhost; {identity} {k} }}\n" for p, k in zip(ports, keys))
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
        uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; root {scene.place}/files; ssl_protocols TLSv1.2;
        {blocks} }}
""")
    p = Process(["/usr/sbin/nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"], log=f"{folder}/log")
    try:
        for port in ports:
            wait_for_port(port, p)
        talk = Talk(scene, "renewed by nginx", "http")
        talk.once(ports[0])
        again = talk.once(ports[1], (), ("in", "out"))
        if told(again) is not True or not list(messages(again)):
            raise Failed(f"not resumed and renewed: {told(again)}")
        again = talk.once(ports[1], (), ("in",))
        if told(again) is not True or list(messages(again)):
            raise Failed(f"the renewed ticket is not the new key's: {told(again)}")
    finally:
        p.stop()


# ---- renewed by fede's server --------------------------------------------------------------------------------------


class Turning:
    """Three servers, as one would be before, while and after its secret changes: what the first seals the second takes and
    renews, and the third takes nothing but what was renewed."""

    def __init__(self, scene, *options):
        old, new = os.urandom(32), os.urandom(32)
        self.servers = []
        for i, secrets in enumerate((old, new + old, new)):
            file = f"{scene.place}/logs/turning-{os.urandom(6).hex()}.key"
            with open(file, "wb") as f:
                f.write(secrets)
            os.chmod(file, 0o600)
            self.servers.append(Serve(scene, "--ticket-key", file, *options))
        self.ports = [s.port for s in self.servers]

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for s in self.servers:
            s.process.stop()

    def check(self):
        resumed = [s.resumed() for s in self.servers]
        if resumed != [0, 1, 1]:
            raise Failed(f"resumed by the servers with the old, both and the new secret: {resumed}")


def renewed_for_agent(scene, name):
    with Turning(scene, *NO_EMS.get(name, ())) as turning:
        ports = ",".join(map(str, turning.ports))
        if name == "Go crypto/tls":
            scene.client_peer(name).connect(PLAIN, ports, 3, 1, "fleet")
        else:
            scene.client_peer(name).connect(PLAIN, ports, 100, 100, "resume-ticket")
        turning.check()


def renewed_for_java(scene):
    """Its sessions belong to a name and a port, so there is one port for the three: it passes each connection on to the next."""
    with Turning(scene) as turning, socket.create_server(("127.0.0.1", 0)) as listener:
        def copy(one, other):
            with contextlib.suppress(OSError):
                while data := one.recv(65536):
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)

        def forward():
            for port in turning.ports:
                client, server = listener.accept()[0], socket.create_connection(("127.0.0.1", port))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

        threading.Thread(target=forward, daemon=True).start()
        one = listener.getsockname()[1]
        scene.client_peer("Java JSSE").connect(PLAIN, f"{one},{one},{one}", 100, 100)
        turning.check()


def renewed_for_openssl(scene):
    """Through Python: s_client writes no session that was renewed."""
    context = ssl.create_default_context(cafile=f"{scene.certs}/ca.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    with Turning(scene) as turning:
        for port in turning.ports:
            with socket.create_connection(("127.0.0.1", port), LIMIT) as plain:
                with context.wrap_socket(plain, server_hostname="localhost", session=session) as s:
                    s.sendall(LINE)
                    if s.recv(len(LINE)) != LINE:
                        raise Failed("no echo")
                    session = s.session
        turning.check()


OURS = ("Mbed TLS", "wolfSSL", "Java JSSE")
TESTS = (
    [(f"{pair}, {'ticket' if t else 'id'}", f, (n, t)) for n in OURS for t in (True, False)
     for pair, f in ((f"fede -> {n}", to_agent), (f"{n} -> fede", from_agent))]
    + [("fede -> BearSSL, id", to_agent, ("BearSSL", False)), ("BearSSL -> fede, id", from_agent, ("BearSSL", False))]
    + [(f"renewed, fede -> {n}", renewed_by_agent, (n,)) for n in ("Go crypto/tls", "wolfSSL", "Mbed TLS", "Java JSSE")]
    + [("renewed, fede -> nginx", renewed_by_nginx, ()), ("renewed, fede -> gnutls-serv", renewed_by_gnutls, ()),
       ("renewed, fede -> NSS selfserv", renewed_by_nss, ())]
    + [(f"renewed, {n} -> fede", renewed_for_agent, (n,)) for n in ("Go crypto/tls", "Mbed TLS", "wolfSSL")]
    + [("renewed, Java JSSE -> fede", renewed_for_java, ()), ("renewed, OpenSSL -> fede", renewed_for_openssl, ())]
)
