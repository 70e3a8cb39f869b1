"""Keys on tokens (PKCS#11): fede serve and fede connect with SoftHSM, against OpenSSL.

A module of the tests stands before SoftHSM where a token must be slow or taken away (token_gate.c)."""
import glob
import os
import pty
import re
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time

from tools import ROOT, Failed, Skipped, expect, run

KINDS = {"rsa": ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
         "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "ed": ["ed25519"]}
PIN = "73501"
made = {}


class Tokens:
    """A token with one key of each kind, certificates for localhost by the scene's CA, some of them on the token too."""

    def __init__(self, scene):
        modules = glob.glob("/usr/lib/*/softhsm/libsofthsm2.so") + glob.glob("/usr/lib/softhsm/libsofthsm2.so")
        if not modules or not shutil.which("softhsm2-util"):
            raise Skipped("SoftHSM is not installed (softhsm2)")
        code, out = run([scene.fede, "connect", "--cert", scene.ca, "--key", "pkcs11:nosuch=x", "localhost:1"])
        if "without PKCS#11" in out:
            raise Skipped("this fede was built without p11-kit")
        self.scene, self.place, self.module = scene, f"{scene.place}/token", modules[0]
        os.makedirs(f"{self.place}/store")
        with open(f"{self.place}/softhsm.conf", "w") as f:
            f.write(f"directories.tokendir = {self.place}/store\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": f"{self.place}/softhsm.conf"}
        self.util("--init-token", "--free", "--label", "fede test", "--so-pin", "4321", "--pin", PIN)
        for number, (name, kind) in enumerate(KINDS.items(), 1):
            key = self.key(name, kind)
            self.util("--import", key, "--token", "fede test", "--label", name, "--id", f"{number:02x}", "--pin", PIN)
        self.pin_file = f"{self.place}/pin"
        with open(self.pin_file, "w") as f:
            f.write(PIN + "\n")

    def util(self, *words):
        code, out = run(["softhsm2-util", *words], env=dict(os.environ, **self.env))
        expect(code == 0, f"softhsm2-util {' '.join(words)}: {out}")

    def key(self, name, kind, ca=None, extensions="basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1"):
        """NAME.key, and NAME.pem with the CA's signature."""
        base, ca = f"{self.place}/{name}", ca or f"{self.scene.certs}/ca"
        with open(f"{base}.ext", "w") as f:
            f.write(extensions + "\n")
        for words in (["genpkey", "-algorithm", *kind, "-out", f"{base}.key"],
                      ["req", "-new", "-key", f"{base}.key", "-subj", f"/CN={name}", "-out", f"{base}.csr"],
                      ["x509", "-req", "-in", f"{base}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-set_serial",
                       str(1000 + sum(name.encode())), "-days", "2", "-extfile", f"{base}.ext", "-out", f"{base}.pem"]):
            code, out = run(["openssl", *words])
            expect(code == 0, out)
        return f"{base}.key"

    def certificates(self):
        """On the token: p384's, by an intermediate CA that is there too, and rsa's."""
        if not shutil.which("p11tool"):
            raise Skipped("p11tool is not installed (gnutls-bin): no certificate can be put on the token")
        self.key("middle", KINDS["ec"], extensions="basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign")
        self.key("below", KINDS["ec"], ca=f"{self.place}/middle")
        self.util("--import", f"{self.place}/below.key", "--token", "fede test", "--label", "its key", "--id", "a1", "--pin", PIN)
        for name, number in (("below", "a1"), ("middle", "a2"), ("rsa", "01")):
            code, out = run(["p11tool", "--provider", self.module, "--login", "--set-pin", PIN, "--write", "--load-certificate",
                             f"{self.place}/{name}.pem", "--label", f"{name} certificate", "--id", number, "pkcs11:token=fede%20test"],
                            env=dict(os.environ, **self.env), stdin=subprocess.DEVNULL)
            expect(code == 0, f"p11tool: {out}")

    def uri(self, name, query=None, token="fede%20test"):
        query = f"pin-source={self.pin_file}" if query is None else query
        return f"pkcs11:token={token};object={name};type=private" + (f"?{query}" if query else "")

    def pair(self, name, query=None):
        return ["--cert", f"{self.place}/{name}.pem", "--key", self.uri(name, query)]

    def client(self, *words, env=None, port=1, **more):
        """fede connect without a terminal."""
        return run([self.scene.fede, "connect", "--cacert", self.scene.ca, *words, f"localhost:{port}"], stdin=subprocess.DEVNULL,
                   env={**os.environ, **self.env, **(env or {})}, start_new_session=True, **more)


def the(scene):
    if scene.place not in made:
        made[scene.place] = Tokens(scene)
    return made[scene.place]


def server_side(scene):
    """Each kind of key, each scheme; OpenSSL verifies."""
    t = the(scene)
    for name, schemes in (("rsa", ["RSA-PSS+SHA256", "RSA-PSS+SHA512", "RSA+SHA256", "RSA+SHA384"]), ("ec", ["ECDSA+SHA256", "ECDSA+SHA512"]),
                          ("p384", ["ECDSA+SHA384", "ECDSA+SHA256"]), ("ed", ["ed25519"])):
        with scene.server(*t.pair(name), bare=True, env=t.env) as server:
            server.wait_text("its key on a token")
            expect(PIN not in server.text(), server.text())
            for scheme in schemes:
                code, out = run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", scene.ca, "-tls1_2", "-sigalgs",
                                 scheme + ("" if "ECDSA" in scheme else ":ECDSA+SHA256"), "-servername", "localhost", "-verify_return_error", "-verify_hostname", "localhost"],
                                stdin=subprocess.DEVNULL)
                kind, _, digest = scheme.partition("+")
                told = {"RSA-PSS": "RSA-PSS", "RSA": "RSA", "ECDSA": "ECDSA", "ed25519": "ed25519"}[kind]
                expect(code == 0 and f"Peer signature type: {told}\n" in out and "Verify return code: 0 (ok)" in out and
                       (not digest or f"Peer signing digest: {digest}\n" in out), f"{name} {scheme}:\n{out}\n{server.text()}")


def client_side(scene):
    """s_server asks for a certificate; each kind of key shows it."""
    t = the(scene)
    for name in KINDS:
        server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", f"{scene.certs}/localhost.pem", "-key",
                                   f"{scene.certs}/localhost.key", "-tls1_2", "-Verify", "2", "-verify_return_error", "-CAfile", scene.ca,
                                   "-naccept", "1", "-www"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            line = server.stdout.readline()
            while b"ACCEPT" not in line:
                expect(line, "s_server does not begin")
                line = server.stdout.readline()
            port = line.split(b":")[-1].split()[0].decode()
            code, out = run([scene.fede, "connect", "--cacert", scene.ca, "--http1.1", "--resolve", f"localhost:{port}:127.0.0.1", *t.pair(name),
                             f"https://localhost:{port}/"], stdin=subprocess.DEVNULL, env=dict(os.environ, **t.env))
            expect(code == 0 and "Verify return code: 0 (ok)" in out and PIN not in out, f"{name}: {code}\n{out}")
        finally:
            server.kill()
            server.communicate()


def both_sides(scene):
    """Certificate and key from the token, in both roles; the server sees who the client is."""
    t = the(scene)
    t.certificates()
    env = dict(os.environ, FEDE_PIN=PIN, **t.env)
    with scene.server("--cert", "pkcs11:token=fede%20test;object=below%20certificate;type=cert", "--require-cert", "--ca", scene.ca, bare=True,
                      env=dict(t.env, FEDE_PIN=PIN)) as server:
        code, out = run([scene.fede, "connect", "-v", "--cacert", scene.ca, "--http1.1", "--cert", "pkcs11:token=fede%20test;id=%01", "--resolve",
                         f"localhost:{server.port}:127.0.0.1", f"https://localhost:{server.port}/"], stdin=subprocess.DEVNULL, env=env)
        expect(code == 0 and "CN=middle" in out, f"{code}: {out}")
        server.wait_text("CN=rsa")
    code, out = t.client("--cert", "pkcs11:token=fede%20test;type=cert")
    expect(code == 3 and "several certificates" in " ".join(out.split()), out)


def parallel(scene):
    """A hundred handshakes at once, each with a signature by the token."""
    t = the(scene)
    problems = []
    with scene.server(*t.pair("rsa"), bare=True, env=t.env) as server:
        context = server.context()
        start = threading.Barrier(100)

        def one():
            try:
                start.wait(20)
                with socket.create_connection(("127.0.0.1", server.port), 30) as plain:
                    with context.wrap_socket(plain, server_hostname="localhost") as s:
                        expect(s.version() == "TLSv1.2", "the version")
            except Exception as why:
                problems.append(f"{type(why).__name__}: {why}")
        threads = [threading.Thread(target=one) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(not problems, f"{len(problems)} of 100 failed: {problems[:3]}")
        server.stop()
        expect("100 handshakes completed, 0 failed" in server.text(), server.text()[-300:])


def gate(t):
    """The module before SoftHSM, its environment, and the two files that steer it."""
    library = f"{t.place}/gate.so"
    if not os.path.exists(library):
        flags = run(["pkg-config", "--cflags", "p11-kit-1"])[1].split()
        code, out = run(["cc", "-shared", "-fPIC", *flags, "-o", library, f"{ROOT}/tests/serve/token_gate.c", "-ldl"])
        expect(code == 0, out)
    files = f"{t.place}/open", f"{t.place}/broken"
    for name in files:
        if os.path.exists(name):
            os.remove(name)
    return library, dict(t.env, GATE_OPEN=files[0], GATE_BROKEN=files[1], GATE_MODULE=t.module), *files


def touch(name):
    with open(name, "w"):
        pass


def slow(scene):
    """While the token is at work the event loop serves others; who leaves meanwhile does no harm."""
    t = the(scene)
    library, env, go, _ = gate(t)
    query = f"module-path={library}&pin-source={t.pin_file}"
    other = f"other.example:{scene.certs}/other.example.pem:{scene.certs}/other.example.key"
    touch(go)  # it signs once at start
    with scene.server(*t.pair("rsa", query), "--sni", other, "--workers", "1", bare=True, env=env) as server:
        os.remove(go)
        hello = bytearray()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            hello += outgoing.read()
        waiting = socket.create_connection(("127.0.0.1", server.port), 20)
        waiting.sendall(hello)
        leaving = socket.create_connection(("127.0.0.1", server.port), 20)
        leaving.sendall(hello)
        for _ in range(3):
            with server.connect("other.example") as s:
                expect(s.version() == "TLSv1.2", "the other")
        leaving.close()
        readable, _, _ = select.select([waiting], [], [], 0)
        expect(not readable, "the token has signed although its gate is shut")
        touch(go)
        incoming.write(waiting.recv(65536))
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                waiting.sendall(outgoing.read())
                more = waiting.recv(65536)
                expect(more, "the server closed")
                incoming.write(more)
        waiting.close()


def removed(scene):
    """The token is taken away while both roles run: each says so, and the peer gets an alert. SIGHUP opens it again."""
    t = the(scene)
    library, env, go, broken = gate(t)
    query = f"module-path={library}&pin-source={t.pin_file}"
    touch(go)
    with scene.server(*t.pair("rsa", query), bare=True, env=env) as server:
        touch(broken)
        try:
            server.connect().close()
            raise Failed("a connection without a signature")
        except ssl.SSLError as why:
            expect("internal error" in str(why).lower(), f"{why}")
        server.wait_text(r"handshake failed[\s\S]*the token fede test does not sign")
        os.remove(broken)
        server.connect().close()
        server.signal(1)
        server.wait_text("read again")
        server.connect().close()
    with scene.server("--require-cert", "--ca", scene.ca) as server:
        process = subprocess.Popen([scene.fede, "connect", "--cacert", scene.ca, "--http1.1", *t.pair("ec", query), "--resolve",
                                    f"localhost:{server.port}:127.0.0.1", f"https://localhost:{server.port}/"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, **dict(env, GATE_OPEN=f"{go}2")))
        os.remove(go)
        touch(f"{go}2")
        expect(process.communicate(timeout=30)[0] is not None and process.returncode == 0, "the token works at first")
        touch(f"{t.place}/broken-client")
        code, out = run([scene.fede, "connect", "--cacert", scene.ca, "--http1.1", *t.pair("ec", query), "--resolve",
                         f"localhost:{server.port}:127.0.0.1", f"https://localhost:{server.port}/"], stdin=subprocess.DEVNULL,
                        env=dict(os.environ, **dict(env, GATE_OPEN=f"{go}2", GATE_BROKEN=f"{t.place}/broken-client")))
        expect(code == 3 and "does not sign" in out, f"{code}: {out}")
        os.remove(f"{go}2")


def mechanisms(scene):
    """Tokens that hash by themselves, one without RSA-PSS, one that can't sign."""
    t = the(scene)
    library, env, go, _ = gate(t)
    query = f"module-path={library}&pin-source={t.pin_file}"
    touch(go)
    digests, pss, ecdsa = "0x1,0xd", "0xd,0x43,0x44,0x45", "0x1041,0x1044,0x1045,0x1046"
    for without, wanted in ((digests, ("RSA-PSS+SHA384", "RSA+SHA256")), (pss, ("RSA+SHA384",))):
        with scene.server(*t.pair("rsa", query), bare=True, env=dict(env, GATE_WITHOUT=without)) as server:
            for scheme in wanted:
                code, out = run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", scene.ca, "-tls1_2", "-sigalgs",
                                 ("RSA-PSS+SHA256:" if without == pss else "") + scheme + ":ECDSA+SHA256"], stdin=subprocess.DEVNULL)
                expect(code == 0 and f"Peer signature type: {scheme.partition('+')[0]}\n" in out, f"{scheme}: {out}")
    code, out = t.client(*t.pair("ec", query), env=dict(env, GATE_WITHOUT=ecdsa))
    expect(code == 3 and "no mechanism" in " ".join(out.split()), f"{code}: {out}")


def pins(scene):
    """Where a PIN comes from; wrong ones; none is ever shown."""
    t = the(scene)
    good = (("", ["--pass", f"pass:{PIN}"], {}), ("", ["--pass", f"file:{t.pin_file}"], {}), ("", [], {"FEDE_PIN": PIN}),
            (f"pin-value={PIN}", [], {"FEDE_PIN": "1"}), (f"pin-source=file:{t.pin_file}", [], {}))
    for query, words, env in good[::2] if scene.sanitized else good:
        with socket.socket() as nobody:  # the token is asked before the server is
            nobody.bind(("127.0.0.1", 0))
            code, out = t.client(*t.pair("rsa", query), *words, env=env, port=nobody.getsockname()[1])
        expect(code in (4, 5) and PIN not in out, f"{query} {words} {env}: {code} {out}")
    for query, words, env, told in (("pin-value=99999", [], {}, "refuses the PIN from pin-value"), ("", [], {}, "wants a PIN"),
                                    ("", ["--pass", "pass:88888"], {}, "refuses the PIN from --pass"),
                                    ("", [], {"FEDE_PIN": "77777"}, "refuses the PIN from FEDE_PIN"),
                                    ("pin-source=/nosuch", [], {}, "/nosuch can't be read"), ("pin-source=%7Ccat", [], {}, "names a program")):
        code, out = t.client("--json", *t.pair("rsa", query), *words, env=env)
        expect(code == 3 and told in out and not any(x in out for x in ("99999", "88888", "77777")), f"{told}: {code} {out}")
    page = f"{t.place}/page.html"
    t.client("--report", page, *t.pair("rsa", f"pin-value={PIN}"))
    expect("pin-value=…" in open(page).read() and PIN not in open(page).read(), "the command line in the page")


def prompt(scene):
    """On a terminal the PIN is asked for, and not echoed."""
    t = the(scene)
    try:
        pid, terminal = pty.fork()
    except OSError as why:
        raise Skipped(f"there are no terminals here: {why}") from None
    if pid == 0:
        os.environ.update(t.env)
        os.environ.pop("FEDE_PIN", None)
        os.execv(scene.fede, [scene.fede, "connect", "--cacert", scene.ca, *t.pair("rsa", ""), "https://127.0.0.1:1/"])
    out, said, end = b"", False, time.monotonic() + 20
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the end of a terminal
            break
        out += more
        if not said and b"PIN of the token fede test: " in out:
            os.write(terminal, PIN.encode() + b"\n")
            said = True
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    expect(said and code == 5 and PIN.encode() not in out, f"{code}: {out.decode(errors='replace')}")


def wrong(scene):
    """What can't be: each with its reason, before anything listens or connects."""
    t = the(scene)
    pin = f"pin-source={t.pin_file}"
    for cert, key, told in (("rsa", t.uri("rsa", token="nosuch"), "no token fits the URI; there are:.*fede test"),
                            ("rsa", t.uri("nosuch"), "has no private key that fits"),
                            ("rsa", t.uri("ec"), "no such private key of the certificate's kind"),
                            ("ec", t.uri("p384"), "does not belong to the certificate"),
                            ("rsa", "pkcs11:token=fede%20test;nosuch=1", "no PKCS#11 URI"), ("rsa", "pkcs11:object=%zz", "no PKCS#11 URI"),
                            ("rsa", t.uri("rsa", f"module-path=/nosuch.so&{pin}"), "module /nosuch.so can't be used"),
                            ("rsa", t.uri("rsa", f"module-path={scene.ca}&{pin}"), "can't be used")):
        for command in (["connect", "localhost:1"], ["serve"])[:1 if scene.sanitized else 2]:
            code, out = run([scene.fede, command[0], "--cert", f"{t.place}/{cert}.pem", "--key", key, *command[1:]],
                            env=dict(os.environ, COLUMNS="4000", **t.env), stdin=subprocess.DEVNULL, start_new_session=True)
            flat = " ".join(out.split())
            expect(code == 3 and re.search(told, flat), f"{key}: {code} {out}")
    code, out = t.client("--cert", f"pkcs11:token=fede%20test;object=rsa;type=cert?{pin}")
    expect(code == 3 and "no certificate that fits" in " ".join(out.split()), out)


TESTS = [("keys on tokens: server", server_side), ("keys on tokens: client", client_side), ("keys on tokens: both sides", both_sides),
         ("a hundred handshakes at once by a token", parallel), ("a slow token", slow), ("a token taken away", removed),
         ("what tokens can do", mechanisms), ("PINs", pins), ("a PIN from the terminal", prompt), ("tokens: what can't be", wrong)]
