"""Resumption with other libraries, both roles: by ticket and by session id, in files and in other processes, refused,
shared by two servers while their keys change, decrypted by tshark."""
import os
import re
import socket
import threading
import time

import servers
from cases import Case
from keylog import Capture, check
from tools import Failed, Process, Unable, converse, free_port, run, wait_for_port

PLAIN = Case("p256", "aes128", "x25519")
RSA = Case("rsa", "aes256", "secp256r1")
LINE = b"once more\n"


def told(agreed):
    """True, False, or why not, from a story."""
    choice = agreed["choice"]
    return choice.get("not_resumed") or choice.get("resumed", False)


class Talk:
    """fede's client, once and again with the session of the time before."""

    def __init__(self, scene, name, answer="echo", case=PLAIN, options=()):
        self.scene, self.case, self.options, self.answer = scene, case, options, answer
        self.file = f"{scene.place}/logs/session-{re.sub('[^a-z0-9]+', '-', name.lower())}"
        if os.path.exists(self.file):
            os.remove(self.file)

    def once(self, port, more=(), words=("out",)):
        for way in words:
            more = (*more, f"--sess-{way}", self.file)
        send, enough = {
            "echo": (LINE, lambda o: o == LINE),
            "rev": (LINE, lambda o: o == LINE[-2::-1] + b"\n"),
            "http": (b"GET /hello HTTP/1.0\r\n\r\n", lambda o: b"200 OK" in o),
        }[self.answer]
        _, agreed = self.scene.fede(port, send, enough, self.case, options=(*self.options, *more))
        return agreed

    def twice(self, port, ticket=None, full=()):
        first = self.once(port, full)
        if told(first) is not False:
            raise Failed(f"the first connection says {told(first)}")
        if not os.path.exists(self.file):
            raise Failed("the server gave nothing to resume")
        if os.stat(self.file).st_mode & 0o777 != 0o600:
            raise Failed(f"the session's file has mode {os.stat(self.file).st_mode & 0o777:o}")
        issued = any(e.get("type") == "NewSessionTicket" for e in messages(first))
        if ticket is not None and issued != ticket:
            raise Failed("no ticket came" if ticket else "a ticket came, and none was asked for")
        for words in (("in",), ("in", "out"), ("in",)):
            again = self.once(port, full, words)
            if told(again) is not True:
                raise Failed(f"not resumed: {told(again)}")
        return again


def messages(agreed):
    def walk(x):
        if isinstance(x, dict):
            if x.get("name") == "NewSessionTicket" or x.get("type") == "NewSessionTicket":
                yield {"type": "NewSessionTicket"}
            for v in x.values():
                yield from walk(v)
        elif isinstance(x, list):
            for v in x:
                yield from walk(v)

    return walk(agreed)


# ---- fede is the client --------------------------------------------------------------------------------------------


def to_openssl(scene, ticket, case):
    peer = servers.OpenSSL(scene.place)
    port = peer.listen(case.key, *([] if ticket else ["-no_ticket"]))
    try:
        Talk(scene, f"openssl-{ticket}-{case}", "rev", case).twice(port, ticket)
        if ticket:
            Talk(scene, f"openssl-id-{case}", "rev", case).twice(port, False, ("--no-ticket",))
    finally:
        peer.stop()


def to_gnutls(scene, ticket):
    peer = servers.GnuTLS(scene.place)
    port = peer.listen("p256", *([] if ticket else ["--noticket"]))
    try:
        Talk(scene, f"gnutls-{ticket}").twice(port, ticket)
    finally:
        peer.stop()


def to_nginx(scene, ticket):
    folder, port = f"{scene.place}/nginx-resume-{ticket}", free_port()
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(
            f"""daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    root {scene.place}/files; ssl_protocols TLSv1.2; ssl_session_cache shared:a:1m;
    ssl_session_tickets {'on' if ticket else 'off'};
    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {scene.certs}/p256-chain.pem;
              ssl_certificate_key {scene.certs}/p256.key; }}
}}
"""
        )
    p = Process(["/usr/sbin/nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"], log=f"{folder}/log")
    try:
        wait_for_port(port, p)
        Talk(scene, f"nginx-{ticket}", "http").twice(port, ticket)
    finally:
        p.stop()


def to_nss(scene, ticket):
    folder = f"{scene.place}/nss-resume-{ticket}"
    wrong = servers.nss_database(folder, f"{scene.certs}/rsa.p12")
    if wrong:
        raise Unable(wrong)
    port = free_port()
    words = f"selfserv -d sql:{folder} -n rsa -p {port} -V tls1.2:tls1.2".split() + (["-u"] if ticket else [])
    p = Process(words, log=f"{folder}.log")
    threading.Thread(target=lambda: p.p.stdout.read(), daemon=True).start()
    try:
        wait_for_port(port, p)
        Talk(scene, f"nss-{ticket}", "http", Case("rsa", "aes128", "x25519")).twice(port, ticket)
    finally:
        p.stop()


def to_go(scene):
    """Debian's Go knows no extended master secret: such sessions are resumed only where it is off on purpose."""
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "ticket")
    talk = Talk(scene, "go")
    if talk.once(port)["choice"]["extended_master_secret"]:
        talk.twice(port, True)
    elif told(talk.once(port, (), ("in",))) != "it has no extended master secret":
        raise Failed("a session without extended master secret is offered")
    Talk(scene, "go without").twice(port, True, ("--no-ems",))


# ---- fede is the server --------------------------------------------------------------------------------------------


class Serve:
    """A fede server of the test's own, whose story is kept."""

    def __init__(self, scene, *options, case=PLAIN, answer="echo", port=None):
        self.story = f"{scene.place}/logs/serve-{threading.get_ident()}-{time.monotonic_ns()}.log"
        options = (*options, "-v", "--stderr", self.story)
        if port:
            options = (*options, "--listen", f"127.0.0.1:{port}")
        self.port, self.process = scene.tested.start(case.key, None, answer, options)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.stop()

    def resumed(self):
        return open(self.story, errors="replace").read().count("Session resumed")


def from_openssl(scene, ticket, case):
    with Serve(scene, *([] if ticket else ["--no-tickets", "--session-cache=100"]), case=case) as server:
        base = f"openssl s_client -connect 127.0.0.1:{server.port} -servername localhost -tls1_2 -verify_return_error"
        base = [*base.split(), "-CAfile", f"{scene.certs}/ca.pem", "-cipher", case.openssl_suite]
        code, out = run([*base, "-reconnect"])
        if out.count("\nReused, TLSv1.2") != 5 or code != 0:
            raise Failed(f"-reconnect: {out.count('Reused, TLSv1.2')} of 5 resumed: {out[-200:]}")
        if ticket != ("TLS session ticket:" in out):
            raise Failed("a ticket came" if not ticket else "no ticket came")
        file = f"{scene.place}/logs/openssl-{ticket}-{case.key}.session"
        run([*base, "-sess_out", file])
        for _ in range(2):
            code, out = run([*base, "-sess_in", file])
            if "\nReused, TLSv1.2" not in out:
                raise Failed(f"-sess_in: {out[-300:]}")
        code, out = run(
            [w if w != "localhost" else "www.fede.test" for w in base] + ["-sess_in", file]
        )
        if code != 0 or "\nNew, TLSv1.2" not in out:
            raise Failed(f"with another name: {out[-300:]}")
        if server.resumed() != 7:
            raise Failed(f"the server says that it resumed {server.resumed()} sessions; 7 were")


def from_gnutls(scene, ticket):
    with Serve(scene, *([] if ticket else ["--no-tickets", "--session-cache"])) as server:
        words = f"gnutls-cli --x509cafile {scene.certs}/p256-root.pem --sni-hostname localhost".split()
        words += f"--verify-hostname localhost -r -p {server.port} 127.0.0.1".split()
        words += ["--priority", PLAIN.gnutls_priority]
        code, out = converse(words, LINE, lambda o: o.count(b"once more") > 0)
        if b"This is a resumed session" not in out or server.resumed() != 1:
            raise Failed(f"exit status {code}: {out[-300:]!r}")


def from_nss(scene, ticket):
    with Serve(scene, *([] if ticket else ["--no-tickets", "--session-cache"]), answer="files") as server:
        folder = f"{scene.place}/nss-strs-{ticket}"
        wrong = servers.nss_database(folder, roots={"p256": f"{scene.certs}/p256-root.pem"})
        if wrong:
            raise Unable(wrong)
        try:
            socket.gethostbyname("localhost")  # strsclnt takes the name to look up and to verify as one word
        except OSError:
            raise Unable("this system does not resolve localhost") from None
        words = f"strsclnt -q -o -d sql:{folder} -p {server.port} -c 20 -t 1 -V tls1.2:tls1.2".split()
        code, out = run([*words, *(["-u"] if ticket else []), "localhost"], 60)
        hits = max(map(int, re.findall(r"(\d+) cache hits", out)), default=0)
        if hits < 15 or server.resumed() != hits:
            raise Failed(f"{hits} hits, {server.resumed()} resumed: {out[-300:]}")


def from_curl(scene):
    """Debian's curl asks for no tickets."""
    with Serve(scene, "--session-cache", answer="files") as server:
        url = f"https://localhost:{server.port}/hello"
        code, out = run(
            ["curl", "-sS", "--http1.1", "-H", "Connection: close", "--tls-max", "1.2", "--cacert", f"{scene.certs}/ca.pem"]
            + ["--resolve", f"localhost:{server.port}:127.0.0.1", url, url, url]
        )
        if code != 0 or server.resumed() != 2:
            raise Failed(f"exit status {code}, {server.resumed()} of 2 resumed: {out[-200:]}")


def from_go(scene):
    with Serve(scene, "--no-ems") as server:
        scene.client_peer("Go crypto/tls").connect(PLAIN, server.port, 1, 1, "resume")
        if server.resumed() != 1:
            raise Failed("the server says that it resumed none")


# ---- with itself ---------------------------------------------------------------------------------------------------


def fleet_key(scene, name, secrets=1):
    file = f"{scene.place}/logs/{name}.ticket-key"
    with open(file, "wb") as f:
        f.write(os.urandom(32 * secrets))
    os.chmod(file, 0o600)
    return file


def two_servers(scene):
    """Sessions made at one, resumed at the other, and refused by a third that has another secret."""
    shared, other = fleet_key(scene, "fleet-one"), fleet_key(scene, "fleet-other")
    with Serve(scene, "--ticket-key", shared) as a, Serve(scene, "--ticket-key", shared) as b, Serve(
        scene, "--ticket-key", other
    ) as c:
        talk = Talk(scene, "two servers")
        talk.once(a.port)
        for port, wanted in ((b.port, True), (a.port, True), (c.port, "the server wants a full handshake")):
            again = talk.once(port, (), ("in",))
            if told(again) != wanted:
                raise Failed(f"wanted {wanted}, got {told(again)}")


EACH, ROUNDS = 100, 20  # connections from one full handshake, well within its session's life; such runs


def fleet(scene):
    """2,000 connections of Go's to two servers in turn, while ticket keys change every three seconds."""
    shared = fleet_key(scene, "fleet")
    options = ("--ticket-key", shared, "--ticket-lifetime", "3", "--no-ems")
    with Serve(scene, *options) as a, Serve(scene, *options) as b:
        rate = scene.client_peer("Go crypto/tls").connect(PLAIN, f"{a.port},{b.port}", EACH, ROUNDS, "fleet", 120)
        count = a.resumed() + b.resumed()
        if count != ROUNDS * (EACH - 1):
            raise Failed(f"{count} of {ROUNDS * (EACH - 1)} resumed")
        print(f"resumption: two servers, one secret, keys changing: {count} of {ROUNDS * (EACH - 1)} resumed, {rate} a second")


def new_secret(scene):
    """A new secret in front, read at SIGHUP: what the old one sealed is taken and renewed."""
    file = fleet_key(scene, "turned")
    with Serve(scene, "--ticket-key", file) as server:
        talk = Talk(scene, "new secret")
        talk.once(server.port)
        old = open(file, "rb").read()
        with open(file, "wb") as f:
            f.write(os.urandom(32) + old)
        os.kill(server.process.p.pid, 1)
        time.sleep(0.5)
        again = talk.once(server.port, (), ("in", "out"))
        if told(again) is not True or not list(messages(again)):
            raise Failed(f"not resumed and renewed: {told(again)}")
        with open(file, "r+b") as f:
            f.truncate(32)
        os.kill(server.process.p.pid, 1)
        time.sleep(0.5)
        if told(talk.once(server.port, (), ("in",))) is not True:
            raise Failed("the renewed ticket is not taken under the new secret alone")
        with open(file, "wb") as f:
            f.write(b"short")
        os.kill(server.process.p.pid, 1)
        time.sleep(0.5)
        if told(talk.once(server.port, (), ("in",))) is not True:
            raise Failed("a bad file took the keys away")


def after_sighup(scene):
    """Keys that no file holds outlive a reload."""
    with Serve(scene, "--session-cache") as server:
        by_ticket, by_id = Talk(scene, "reload"), Talk(scene, "reload id", options=("--no-ticket",))
        by_ticket.once(server.port)
        by_id.once(server.port)
        os.kill(server.process.p.pid, 1)
        time.sleep(0.5)
        for talk in (by_ticket, by_id):
            again = talk.once(server.port, (), ("in",))
            if told(again) is not True:
                raise Failed(f"not resumed: {told(again)}")


def too_late(scene):
    with Serve(scene, "--ticket-lifetime", "1") as server:
        talk = Talk(scene, "too late")
        talk.once(server.port)
        time.sleep(2.2)
        if told(talk.once(server.port, (), ("in",))) != "it has expired":
            raise Failed("an expired session is offered")


def refused(scene, options, why):
    with Serve(scene) as server:
        talk = Talk(scene, f"refused {why}")
        talk.once(server.port)
        answer = told(talk.once(server.port, options, ("in",)))
        if answer != why:
            raise Failed(f"wanted \"{why}\", got {answer}")


def no_session(scene):
    with Serve(scene) as server:
        talk = Talk(scene, "no session")
        with open(talk.file, "wb") as f:
            f.write(os.urandom(300))
        if told(talk.once(server.port, (), ("in",))) is not False:
            raise Failed("random bytes were resumed")


def reconnect(scene, options):
    with Serve(scene, "--session-cache") as server:
        words = scene.tested.client_words(server.port, PLAIN, ["--reconnect=7", *options], None, "/dev/null", "localhost")
        code, out = converse(words, LINE, lambda o: o == LINE)
        if code != 0 or server.resumed() != 7:
            raise Failed(f"exit status {code}, {server.resumed()} of 7 resumed")


def tshark_client(scene):
    """Only the resumed connection is captured."""
    text = b"".join(b"%d bottles once more\n" % i for i in range(500))
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "ticket")
    talk, keys = Talk(scene, "tshark client"), f"{scene.place}/logs/resumed-client.keys"
    talk.once(port, ("--no-ems",))
    capture = Capture(scene, "resumed-client", port)
    _, agreed = scene.fede(
        port, text, lambda o: o == text, PLAIN, options=("--no-ems", "--sess-in", talk.file, "--keylog", keys)
    )
    if told(agreed) is not True:
        raise Failed(f"not resumed: {told(agreed)}")
    check(capture, keys, text, text)


def tshark_server(scene):
    keys, file = f"{scene.place}/logs/resumed-server.keys", f"{scene.place}/logs/tshark.session"
    with Serve(scene, "--keylog", keys) as server:
        base = f"openssl s_client -connect 127.0.0.1:{server.port} -servername localhost -tls1_2".split()
        run([*base, "-sess_out", file])
        capture = Capture(scene, "resumed-server", server.port)
        _, out = converse(
            [*base, "-sess_in", file, "-quiet", "-no_ign_eof", "-nocommands"], LINE, lambda o: o == LINE
        )
        if out != LINE or server.resumed() != 1:
            raise Failed(f"{server.resumed()} resumed: {out[:100]!r}")
        check(capture, keys, LINE, LINE)


OTHER_SUITE = ("--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305")
TESTS = (
    [
        (f"fede -> openssl s_server, {'ticket and id' if t else 'id'}, {c.key}", to_openssl, (t, c))
        for t in (True, False)
        for c in (PLAIN, RSA)
    ]
    + [
        (f"fede -> {n}, {'ticket' if t else 'id'}", f, (t,))
        for n, f in (("gnutls-serv", to_gnutls), ("nginx", to_nginx), ("NSS selfserv", to_nss))
        for t in (True, False)
    ]
    + [("fede -> Go crypto/tls, ticket", to_go, ())]
    + [
        (f"openssl s_client -> fede, {'ticket' if t else 'id'}, {c.key}", from_openssl, (t, c))
        for t in (True, False)
        for c in (PLAIN, RSA)
    ]
    + [
        (f"{n} -> fede, {'ticket' if t else 'id'}", f, (t,))
        for n, f in (("gnutls-cli", from_gnutls), ("NSS strsclnt", from_nss))
        for t in (True, False)
    ]
    + [("curl -> fede, id", from_curl, ())]
    + [("Go crypto/tls -> fede, ticket", from_go, ())]
    + [
        ("two servers, one secret", two_servers, ()),
        ("two servers, one secret, keys changing under load", fleet, ()),
        ("a new secret is put in front", new_secret, ()),
        ("keys and sessions outlive SIGHUP", after_sighup, ()),
        ("expired", too_late, ()),
        ("another name", refused, (("--servername", "www.fede.test"), "it belongs to another server name")),
        ("another name to verify", refused, (("--verify-hostname", "www.fede.test"), "its server was verified for another name")),
        ("another suite", refused, (OTHER_SUITE, "its cipher suite is not allowed any more")),
        ("no extended master secret", refused, (("--no-ems",), "it needs the extended master secret")),
        ("a file that is no session", no_session, ()),
        ("--reconnect", reconnect, ((),)),
        ("--reconnect --no-ticket", reconnect, (("--no-ticket",),)),
        ("tshark decrypts a resumed connection of fede's client", tshark_client, ()),
        ("tshark decrypts a resumed connection of fede's server", tshark_server, ()),
    ]
)
