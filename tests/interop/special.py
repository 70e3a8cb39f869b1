"""What the matrix does not show: volume, tiny records, names and protocols, signature schemes, extended master
secret, ways to end, renegotiation, versions, refusals. Key logs and browsers have files of their own.

Each test is a function of a Scene, named in TESTS with the row it counts in."""
import hashlib
import os
import random
import re
import threading

import browser
import client_auth
import clients
import exported
import keylog
import legacy
import legacy_groups
import renew
import resume
import staple
import staple_servers
from cases import Case
from tools import Failed, Process, Unable, converse, free_port, run, wait_for_port

PLAIN = Case("p256", "aes128", "x25519")
LINE = clients.TEXT
NO_EMS = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nOptions = -ExtendedMasterSecret\n"


class Scene:
    """What every test needs."""

    def __init__(self, options, place, tested, peers):
        self.place, self.tested, self.peers, self.certs = place, tested, peers, f"{place}/certs"
        self.volume = (10 if options.quick else 100) << 20
        self.quick = options.quick
        self._payload, self._lock = b"", threading.Lock()
        with open(f"{place}/no-ems.cnf", "w") as f:
            f.write(NO_EMS)

    def payload(self):
        """Lines of random printable bytes: some peers take text only."""
        with self._lock:
            if not self._payload:
                table = bytes(
                    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i % 64] for i in range(256)
                )
                data = bytearray(random.Random(7).randbytes(self.volume).translate(table))
                data[4095::4096] = b"\n" * len(data[4095::4096])
                data[-1:] = b"\n"
                self._payload = bytes(data)
        return self._payload

    def agent(self, name, port_of):
        return next(p for p in self.peers if p.name == name and hasattr(p, port_of))

    def server_peer(self, name):
        return self.agent(name, "port")

    def client_peer(self, name):
        return self.agent(name, "connect")

    def fede(self, port, send=LINE, enough=lambda o: o == LINE, case=PLAIN, **more):
        out, agreed = self.tested.talk(port, case, send, enough, **more)
        if not enough(out):
            raise Failed(f"{len(out)} bytes came, not what was expected: {out[:80]!r}")
        return out, agreed

    def fede_fails(self, port, code, words, case=PLAIN, **more):
        """The connection must fail with that exit status and with words in what is told."""
        try:
            self.fede(port, case=case, **more)
        except Failed as e:
            if f"exit status {code}:" in str(e) and re.search(words, str(e), re.I):
                return
            raise Failed(f"wanted exit status {code} and \"{words}\"; got {e}") from None
        raise Failed("the connection succeeded and must not")


def same(sent, got):
    if hashlib.sha256(sent).digest() != hashlib.sha256(got).digest():
        raise Failed(f"{len(sent)} bytes were sent, {len(got)} came back, not the same")


def s_server(scene, port, *options, **more):
    """An openssl server of one test's own."""
    identity = f"-cert {scene.certs}/p256-leaf.pem -key {scene.certs}/p256.key -cert_chain {scene.certs}/p256-int.pem"
    return Process(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *identity.split(), *options], **more)


# ---- volume --------------------------------------------------------------------------------------------------------


def volume_to(scene, name):
    """All of it to an echo server and back."""
    data = scene.payload()
    if name == "openssl s_server":
        return volume_to_openssl(scene, data)
    out, _ = scene.fede(scene.server_peer(name).port(PLAIN), data, lambda o: len(o) >= len(data), limit=240)
    same(data, out)


def volume_to_openssl(scene, data):
    """s_server has no echo: it sends what it is given and writes down what it gets, both at the same time."""
    sink, port = f"{scene.place}/volume.out", free_port()
    with open(sink, "wb") as o:
        p = s_server(scene, port, "-tls1_2", "-quiet", stdout=o)
    feeder = threading.Thread(target=_feed, args=(p, data), daemon=True)
    try:
        wait_for_port(port)
        threading.Event().wait(0.3)
        feeder.start()
        out, _ = scene.fede(port, data, lambda o: len(o) >= len(data) and os.path.getsize(sink) >= len(data), limit=240)
        same(data, out)
        with open(sink, "rb") as f:
            same(data, f.read())
    finally:
        p.stop()
        os.remove(sink)


def _feed(process, data):
    try:
        process.p.stdin.write(data)
        process.p.stdin.flush()
    except OSError:
        pass


def volume_from(scene, name):
    client, data = scene.client_peer(name), scene.payload()
    if scene.quick and name == "gnutls-cli":  # it takes long, line by line
        data = data[: len(data) // 4]
    port = scene.tested.server("p256", "x25519", "echo")
    if hasattr(client, "words") and not hasattr(client, "process"):
        log = f"{scene.place}/logs/volume-{client.name.split()[0]}.log"
        _, out = converse(client.words(PLAIN, port), data, lambda o: len(o) >= len(data), 240, log)
        if data not in out:
            same(data, out)
    else:
        client.connect(PLAIN, port, scene.volume, 16384, limit=240)


# ---- records of one byte and of 16 KB ------------------------------------------------------------------------------


def drip_to(scene):
    """Go sends each byte in a record of its own."""
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "drip")
    scene.fede(port, LINE, lambda o: o == LINE)


def slow_to(scene):
    """The client itself is given its bytes one at a time."""
    text = LINE[:300]
    scene.fede(scene.server_peer("Go crypto/tls").port(PLAIN), text, lambda o: o == text, slowly=0.001)


def chunks_from(scene, name, size, chunk):
    scene.client_peer(name).connect(PLAIN, scene.tested.server("p256", "x25519", "echo"), size, chunk)


def small_records_from(scene, name):
    """The server under test puts 64 bytes into a record."""
    port = scene.tested.server("p256", "x25519", "echo", ("--max-fragment", "64"))
    try:
        scene.client_peer(name).connect(PLAIN, port)
    except Failed as e:
        if name == "Mbed TLS" and not copes_with_pieces(scene, name):
            raise Unable("it takes no handshake message in pieces, from openssl neither") from None
        raise e


def copes_with_pieces(scene, name):
    """Does that client come through the handshake with an openssl server that cuts its messages?"""
    port = scene.server_peer("openssl s_server").listen("p256", "-max_send_frag", "512")
    try:
        scene.client_peer(name).connect(PLAIN, port)
    except Failed as e:
        return "handshake" not in str(e)
    return True


def small_records_to(scene, name):
    port = scene.server_peer(name).port(PLAIN)
    scene.fede(port, options=("--max-fragment", "64"))


def fragments_to(scene):
    """The peer cuts its handshake messages into records of 512 bytes."""
    peer = scene.server_peer("openssl s_server")
    port = peer.listen("rsa", "-max_send_frag", "512")
    scene.fede(port, LINE, lambda o: o == LINE[-2::-1] + b"\n", Case("rsa", "aes256", "secp384r1"))


def fragments_from(scene):
    port = scene.tested.server("p256", "x25519", "echo")
    words = clients.OpenSSL(scene.place).words(PLAIN, port) + ["-max_send_frag", "512"]
    data = LINE * 10
    code, out = converse(words, data, lambda o: len(o) >= len(data))
    same(data, out)


# ---- names and protocols -------------------------------------------------------------------------------------------


def name_to(scene, host, options, wanted):
    """Go tells the server name and the protocol it was asked for."""
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "name")
    out, _ = scene.fede(port, b"", lambda o: o.endswith(b"\n"), options=options, host=host)
    if out.decode().rstrip("\n") != wanted:
        raise Failed(f"the server was asked for {out!r}, wanted {wanted!r}")


def no_protocol_to(scene):
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "name")
    scene.fede_fails(port, 6, "no_application_protocol|120", options=("--alpn", "something"))


def protocol_from(scene, offered, wanted):
    """openssl says which protocol the server under test has chosen."""
    port = scene.tested.server("p256", "x25519", "files")
    code, out = run(
        [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{port}",
            "-tls1_2",
            "-alpn",
            offered,
            "-CAfile",
            f"{scene.certs}/ca.pem",
        ]
    )
    if not re.search(wanted, out):
        raise Failed(f"exit status {code}: {out[-300:]}")


def name_from(scene):
    """A server with two certificates picks by name."""
    second = ["--sni", f"www.fede.test:{scene.certs}/rsa-chain.pem:{scene.certs}/rsa.key"]
    port = scene.tested.server("p256", None, "echo", second)
    for name, key in (("localhost", "p256"), ("www.fede.test", "rsa")):
        _, out = run(
            [
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{port}",
                "-tls1_2",
                "-servername",
                name,
                "-CAfile",
                f"{scene.certs}/ca.pem",
            ]
        )
        if f"i:CN = fede test intermediate {key}" not in out:
            raise Failed(f"for {name} another certificate than {key}: {out[:400]}")


# ---- signature schemes, versions, extended master secret -----------------------------------------------------------

SCHEMES = [
    ("rsa", "rsa_pkcs1_sha256", "RSA+SHA256", "RSA-SHA256"),
    ("rsa", "rsa_pkcs1_sha384", "RSA+SHA384", "RSA-SHA384"),
    ("rsa", "rsa_pkcs1_sha512", "RSA+SHA512", "RSA-SHA512"),
    ("rsa", "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha256", "RSA-PSS-RSAE-SHA256"),
    ("rsa", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha384", "RSA-PSS-RSAE-SHA384"),
    ("rsa", "rsa_pss_rsae_sha512", "rsa_pss_rsae_sha512", "RSA-PSS-RSAE-SHA512"),
    ("p256", "ecdsa_secp256r1_sha256", "ECDSA+SHA256", "ECDSA-SHA256"),
    ("p256", "ecdsa_secp384r1_sha384", "ECDSA+SHA384", "ECDSA-SHA384"),
    ("p384", "ecdsa_secp384r1_sha384", "ECDSA+SHA384", "ECDSA-SHA384"),
    ("p384", "ecdsa_secp521r1_sha512", "ECDSA+SHA512", "ECDSA-SHA512"),
    ("p521", "ecdsa_secp521r1_sha512", "ECDSA+SHA512", "ECDSA-SHA512"),
    ("ed25519", "ed25519", "ed25519", "EDDSA-ED25519"),
]
# The chains are signed with SHA-256 and their own kind of key, so that scheme is offered too, behind the wanted one.
CHAIN = {"rsa": "RSA+SHA256", "ed25519": "ed25519"}


def scheme_to(scene, key, ours, theirs):
    """A server that can sign in one way only. (The client offers all it has.)"""
    peer = scene.server_peer("openssl s_server")
    port = peer.listen(key, "-sigalgs", theirs)
    case = Case(key, "aes128", "x25519")
    _, agreed = scene.fede(port, LINE, lambda o: o == LINE[-2::-1] + b"\n", case)
    scene.tested.check(agreed, case, ours)


def scheme_from(scene, key, theirs):
    """A client that takes one scheme, and that of the certificates."""
    port = scene.tested.server(key, "x25519", "echo")
    words = clients.OpenSSL(scene.place).words(Case(key, "aes128", "x25519"), port)
    offered = dict.fromkeys([theirs, CHAIN.get(key, "ECDSA+SHA256")])  # openssl takes no doubles
    code, out = converse([*words, "-sigalgs", ":".join(offered)], LINE, lambda o: o == LINE)
    same(LINE, out)


def scheme_from_gnutls(scene, key, theirs):
    port = scene.tested.server(key, "x25519", "echo")
    words = clients.GnuTLS(scene.place).words(Case(key, "aes128", "x25519"), port)
    chain = {"rsa": "RSA-SHA256", "ed25519": "EDDSA-ED25519"}.get(key, "ECDSA-SHA256")
    words = [w.replace("+SIGN-ALL", f"+SIGN-{theirs}:+SIGN-{chain}") if "+SIGN-ALL" in str(w) else w for w in words]
    code, out = converse(words, LINE, lambda o: LINE in o)
    if LINE not in out:
        raise Failed(f"exit status {code}: {out[-300:]!r}")


def newer_to(scene):
    """A server that would rather speak TLS 1.3: the sentinel in its random must not disturb an honest 1.2 client."""
    port = free_port()
    p = s_server(scene, port, "-rev")
    try:
        wait_for_port(port, p)
        scene.fede(port, LINE, lambda o: o == LINE[-2::-1] + b"\n")
    finally:
        p.stop()


def newer_from(scene, words):
    """Clients that offer TLS 1.3 as well, with their own defaults in everything."""
    port = scene.tested.server("p256", None, "files")
    code, out = run([w.format(port=port, certs=scene.certs) for w in words])
    if "fede says hello" not in out:
        raise Failed(f"exit status {code}: {out[-300:]}")


def ems_to(scene, on):
    port = free_port()
    env = {} if on else {"OPENSSL_CONF": f"{scene.place}/no-ems.cnf"}
    p = s_server(scene, port, "-tls1_2", "-rev", env=env)
    try:
        wait_for_port(port, p)
        _, agreed = scene.fede(port, LINE, lambda o: o == LINE[-2::-1] + b"\n")
        scene.tested.check(agreed, PLAIN, ems=on)
    finally:
        p.stop()


def ems_from(scene, on):
    port = scene.tested.server("p256", "x25519", "files")
    env = dict(os.environ, **({} if on else {"OPENSSL_CONF": f"{scene.place}/no-ems.cnf"}))
    code, out = run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-CAfile", f"{scene.certs}/ca.pem"], env=env
    )
    if f"Extended master secret: {'yes' if on else 'no'}" not in out or "Verify return code: 0" not in out:
        raise Failed(f"exit status {code}: {out[-400:]}")


def ems_gnutls(scene):
    port = scene.tested.server("p256", "x25519", "echo")
    words = clients.GnuTLS(scene.place).words(PLAIN, port)
    words = [w + ":%NO_SESSION_HASH" if "+VERS" in str(w) else w for w in words]
    code, out = converse(words, LINE, lambda o: LINE in o)
    if LINE not in out:
        raise Failed(f"exit status {code}: {out[-300:]!r}")


# ---- ends ----------------------------------------------------------------------------------------------------------


def cut_to(scene):
    """The server ends TCP without close_notify: data is lost or not, nobody knows; that must not look like success."""
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "cut")
    scene.fede_fails(port, 6, "close_notify|truncat", enough=lambda o: False)


def cut_from(scene):
    """Clients that vanish leave the server whole."""
    port = scene.tested.server("p256", "x25519", "echo")
    for _ in range(10):
        scene.client_peer("Go crypto/tls").connect(PLAIN, port, 1000, 100, "cut")
    scene.client_peer("Go crypto/tls").connect(PLAIN, port)


def renegotiation_from(scene):
    """openssl asks for a new handshake: it is refused with no_renegotiation."""
    port = scene.tested.server("p256", "x25519", "echo")
    p = Process(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-CAfile", f"{scene.certs}/ca.pem", "-msg"],
        log=f"{scene.place}/logs/renegotiation.log",
    )
    try:
        out = ""
        while "Verify return code: 0" not in out:
            out = p.line()
            if out is None:
                raise Failed("no handshake: " + p.said()[-200:])
        p.say("R\n")
        text = ""
        while (line := p.line()) is not None:
            text += line
        if "no_renegotiation" not in text + p.said() and "no renegotiation" not in text + p.said():
            raise Failed(f"no refusal seen: {text[-200:]} {p.said()[-200:]}")
    finally:
        p.stop()
    scene.client_peer("Go crypto/tls").connect(PLAIN, port)


def renegotiation_to(scene):
    """openssl as a server asks for a new handshake: the answer is no_renegotiation, and the client comes to an end."""
    port = free_port()
    p = s_server(scene, port, "-tls1_2", "-msg", log=f"{scene.place}/logs/renegotiation-server.log")
    try:
        wait_for_listener(port)
        threading.Timer(1.0, lambda: p.say("r\n")).start()
        try:
            scene.fede(port, LINE, lambda o: False, limit=10)
        except Failed as e:
            if "no end" in str(e) or "does not end" in str(e):
                raise
        p.p.kill()
        out = p.p.stdout.read().decode(errors="replace") + p.said()
        if "no_renegotiation" not in out and "no renegotiation" not in out:
            raise Failed(f"no refusal seen: {out[-300:]}")
    finally:
        p.stop()


# ---- what must fail ------------------------------------------------------------------------------------------------


def wrong_root_to(scene):
    port = scene.server_peer("Go crypto/tls").port(PLAIN)
    scene.fede_fails(port, 7, ".", ca=f"{scene.certs}/rsa-root.pem")


def wrong_name_to(scene):
    port = scene.server_peer("Go crypto/tls").port(PLAIN)
    scene.fede_fails(port, 7, "name", host="other.fede.test")


def wrong_suite_to(scene):
    """An ECDSA server and a client that offers RSA suites only."""
    port = scene.server_peer("Go crypto/tls").port(PLAIN)
    scene.fede_fails(port, 6, "handshake_failure|40", case=Case("rsa", "aes128", "x25519"))


def wrong_curve_from(scene):
    port = scene.tested.server("rsa", "x25519", "echo")
    code, out = run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-groups", "P-521"])
    if code == 0 or "handshake failure" not in out:
        raise Failed(f"exit status {code}: {out[-300:]}")


def old_version_from(scene):
    port = scene.tested.server("rsa", "x25519", "echo")
    code, out = run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
    if code == 0 or "protocol version" not in out:
        raise Failed(f"exit status {code}: {out[-300:]}")


def wait_for_listener(port):
    """Like wait_for_port, without a connection that a server for one connection would count."""
    for _ in range(200):
        for file in ("/proc/net/tcp", "/proc/net/tcp6"):
            if re.search(rf":{port:04X} [0-9A-F]+:0000 0A", open(file).read()):
                return
        threading.Event().wait(0.05)
    raise Failed(f"nothing listens on port {port}")


# ---- the list ------------------------------------------------------------------------------------------------------

ANYONE, FEDE = "openssl fede", "fede"
LIBRARIES = ["Go crypto/tls", "Java JSSE", "Mbed TLS", "wolfSSL", "BearSSL"]
CURL = (
    "curl -sS --cacert {certs}/ca.pem --resolve localhost:{port}:127.0.0.1 https://localhost:{port}/hello.txt".split()
)
NEWER = {"curl": CURL, "curl, HTTP/2": [*CURL, "--http2"], "nghttp": ["nghttp", "https://127.0.0.1:{port}/hello.txt"]}

# row, name, for whom, function, its arguments
TESTS = (
    [("volume", f"to {n}", ANYONE, volume_to, (n,)) for n in ("openssl s_server", "gnutls-serv", "Go crypto/tls")]
    + [("volume", f"from {n}", ANYONE, volume_from, (n,)) for n in ("openssl s_client", "gnutls-cli", "Go crypto/tls")]
    + [
        ("tiny records", "to Go, which answers byte by byte", ANYONE, drip_to, ()),
        ("tiny records", "to Go, sent byte by byte", ANYONE, slow_to, ()),
        ("tiny records", "of 64 bytes to Go", FEDE, small_records_to, ("Go crypto/tls",)),
        ("tiny records", "handshake in pieces of 512 bytes from openssl s_server", ANYONE, fragments_to, ()),
        ("tiny records", "in pieces of 512 bytes from openssl s_client", ANYONE, fragments_from, ()),
    ]
    + [
        ("tiny records", f"from {n}, {c} at a time", ANYONE, chunks_from, (n, s, c))
        for n in LIBRARIES
        for s, c in ((300, 1), (1 << 20, 16384))
    ]
    + [("tiny records", f"of 64 bytes, to the client {n}", FEDE, small_records_from, (n,)) for n in LIBRARIES]
    + [
        ("names, ALPN", "server name localhost", FEDE, name_to, ("localhost", (), "localhost ")),
        ("names, ALPN", "server name www.fede.test", FEDE, name_to, ("www.fede.test", (), "www.fede.test ")),
        ("names, ALPN", "no server name for an address", FEDE, name_to, ("127.0.0.1", (), " ")),
        (
            "names, ALPN",
            "protocol echo agreed",
            FEDE,
            name_to,
            ("localhost", ("--alpn", "none,echo"), "localhost echo"),
        ),
        ("names, ALPN", "no common protocol", FEDE, no_protocol_to, ()),
        ("names, ALPN", "server chooses h2", FEDE, protocol_from, ("h2,http/1.1", "ALPN protocol: h2")),
        ("names, ALPN", "server chooses http/1.1", FEDE, protocol_from, ("foo,http/1.1", "ALPN protocol: http/1.1")),
        ("names, ALPN", "server refuses an unknown protocol", FEDE, protocol_from, ("foo", "no application protocol")),
        ("names, ALPN", "server picks its certificate by name", FEDE, name_from, ()),
    ]
    + [("signature schemes", f"{k} {n} to openssl s_server", ANYONE, scheme_to, (k, n, o)) for k, n, o, _ in SCHEMES]
    + [("signature schemes", f"{k} {n} from openssl s_client", ANYONE, scheme_from, (k, o)) for k, n, o, _ in SCHEMES]
    + [("signature schemes", f"{k} {n} from gnutls-cli", ANYONE, scheme_from_gnutls, (k, g)) for k, n, _, g in SCHEMES]
    + [
        ("versions", "to an openssl s_server with TLS 1.3", ANYONE, newer_to, ()),
        ("versions", "from openssl s_client with TLS 1.1", FEDE, old_version_from, ()),
    ]
    + [("versions", f"from {n} with TLS 1.3", FEDE, newer_from, (w,)) for n, w in NEWER.items()]
    + [
        ("extended master secret", f"{'on' if on else 'off'}, {d}", ANYONE, f, (on,))
        for on in (True, False)
        for d, f in (("to openssl s_server", ems_to), ("from openssl s_client", ems_from))
    ]
    + [
        ("extended master secret", "off, from gnutls-cli", ANYONE, ems_gnutls, ()),
        ("ends", "cut by the server is a failure", FEDE, cut_to, ()),
        ("ends", "cut by clients", ANYONE, cut_from, ()),
        ("renegotiation", "refused to openssl s_client", FEDE, renegotiation_from, ()),
        ("renegotiation", "refused to openssl s_server", FEDE, renegotiation_to, ()),
        ("refusals", "unknown root", FEDE, wrong_root_to, ()),
        ("refusals", "wrong name", FEDE, wrong_name_to, ()),
        ("refusals", "no common suite", FEDE, wrong_suite_to, ()),
        ("refusals", "no common curve", FEDE, wrong_curve_from, ()),
    ]
    + [("tshark with the key log", n, w, f, a) for n, w, f, a in keylog.TESTS]
    + [("browser", n, FEDE, f, a) for n, f, a in browser.TESTS]
    + [("resumption", n, FEDE, f, a) for n, f, a in resume.TESTS + renew.TESTS]
    + [("client certificates", n, FEDE, f, a) for n, f, a in client_auth.TESTS]
    + [("exported", n, FEDE, f, a) for n, f, a in exported.TESTS]
    + [(row, n, FEDE, f, a) for row, n, f, a in staple.TESTS + staple_servers.TESTS]
    + [("the quarantine", n, FEDE, f, a) for n, f, a in legacy.TESTS + legacy_groups.TESTS]
)


def run_all(options, place, tested, report, pool, peers):
    """Runs those that fit what is tested; needs every peer to be up unless --only asked for few."""
    scene, only = Scene(options, place, tested, peers), (options.only or "").lower()
    jobs = [
        pool.submit(report.run, row, name, work, scene, *arguments)
        for row, name, whom, work, arguments in TESTS
        if tested.name in whom.split()
        and not (options.quick and name in browser.LONG + legacy_groups.LONG)
        and (not only or only in f"{row} {name} special".lower())
    ]
    for job in jobs:
        job.result()
