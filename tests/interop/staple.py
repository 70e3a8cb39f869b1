"""What comes beside the chain, live: OCSP responses stapled to fede's client and by its server, good, revoked, out of date and
missing; False Start; records of agreed length; a second handshake. Responses are openssl ocsp's."""
import datetime
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import servers
from cases import Case
from keylog import Capture
from resume import Serve
from tools import LIMIT, Failed, Process, Unable, converse, free_port, run, wait_for_port

PLAIN = Case("p256", "aes128", "x25519")
LINE = b"once more\n"
_lock = threading.Lock()


def folder(scene):
    """Responses about the p256 leaf: good.der, revoked.der, old.der; and must.pem, must.key, must.der: a leaf that promises
    one (RFC 7633)."""
    place = f"{scene.place}/staples"
    with _lock:
        if os.path.exists(f"{place}/ready"):
            return place
        os.makedirs(place, exist_ok=True)
        issuer, key = f"{scene.certs}/p256-int.pem", f"{scene.certs}/p256-int.key"

        def openssl(*words):
            done = subprocess.run(["openssl", *words], cwd=place, capture_output=True, timeout=60)
            if done.returncode:
                raise Failed(f"openssl {' '.join(words)}: {done.stderr.decode(errors='replace')[-300:]}")
            return done.stdout.decode()

        with open(f"{place}/must.ext", "w") as f:
            f.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                    "authorityKeyIdentifier=keyid\nsubjectAltName=DNS:localhost\ntlsfeature=status_request\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "must.key",
                "-subj", "/CN=localhost", "-out", "must.csr")
        openssl("x509", "-req", "-in", "must.csr", "-CA", issuer, "-CAkey", key, "-set_serial", "77", "-days", "30",
                "-extfile", "must.ext", "-out", "must-leaf.pem")
        with open(f"{place}/must.pem", "w") as f:
            f.write(open(f"{place}/must-leaf.pem").read() + open(issuer).read())
        leaf = f"{scene.certs}/p256-leaf.pem"
        for name, about, revoked, age in (("good", leaf, False, 0), ("revoked", leaf, True, 0), ("must", "must-leaf.pem", False, 0),
                                          ("old", leaf, False, 30)):
            serial = openssl("x509", "-in", about, "-noout", "-serial").split("=")[1].strip()
            with open(f"{place}/index", "w") as f:
                f.write(f"R\t401231235959Z\t250101000000Z\t{serial}\tunknown\t/CN=localhost\n" if revoked
                        else f"V\t401231235959Z\t\t{serial}\tunknown\t/CN=localhost\n")
            openssl("ocsp", "-issuer", issuer, "-cert", about, "-no_nonce", "-reqout", "request")
            words = ["ocsp", "-index", "index", "-rsigner", issuer, "-rkey", key, "-CA", issuer, "-reqin", "request",
                     "-respout", f"{name}.der", "-ndays", "2"]
            if age:  # openssl has no other clock
                aged(place, issuer, key, about, f"{name}.der")
            else:
                openssl(*words)
        shutil.copy(f"{place}/good.der", f"{scene.certs}/p256-staple.der")  # for the peer programs
        open(f"{place}/ready", "w").close()
    return place


def aged(place, issuer, key, about, name):
    """A response that ended a month ago, made with python3-cryptography."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.x509 import ocsp
    except ImportError:
        raise Unable("python3-cryptography is missing") from None

    def load(path):
        return x509.load_pem_x509_certificate(open(os.path.join(place, path), "rb").read())

    ca, then = load(issuer), datetime.datetime.utcnow() - datetime.timedelta(days=60)
    secret = serialization.load_pem_private_key(open(key, "rb").read(), None)
    made = ocsp.OCSPResponseBuilder().add_response(
        cert=load(about), issuer=ca, algorithm=hashes.SHA1(), cert_status=ocsp.OCSPCertStatus.GOOD, this_update=then,
        next_update=then + datetime.timedelta(days=30), revocation_time=None, revocation_reason=None,
    ).responder_id(ocsp.OCSPResponderEncoding.NAME, ca).sign(secret, hashes.SHA256())
    with open(f"{place}/{name}", "wb") as f:
        f.write(made.public_bytes(serialization.Encoding.DER))


# ---- Stapling, fede is the client ----------------------------------------------------------------------------------

# What a staple must come to: response, fede's options, exit code, what the story says.
CLIENT = [
    ("good", "--status", 0, "good by the OCSP response"),
    ("good", "--cert-status", 0, "good by the OCSP response"),
    ("revoked", "--status", 7, "cert_revoked|revoked"),
    ("old", "--status", 7, "out of date"),
    (None, "--status", 0, ""),
    (None, "--cert-status", 7, "asked for an OCSP response and sent none"),
]


def stapling_server(scene, name, response):
    place, port, leaf = folder(scene), free_port(), f"{scene.certs}/p256-leaf.pem"
    chain, key = f"{scene.certs}/p256-chain.pem", f"{scene.certs}/p256.key"
    if name == "openssl s_server":
        words = f"openssl s_server -accept 127.0.0.1:{port} -tls1_2 -cert {leaf} -key {key} -rev".split()
        words += ["-cert_chain", f"{scene.certs}/p256-int.pem"] + (["-status_file", f"{place}/{response}.der"] if response else [])
        return port, Process(words, log=f"{place}/openssl-{response}.log"), (LINE, lambda o: o == LINE[-2::-1] + b"\n")
    if name == "gnutls-serv":
        words = f"gnutls-serv --echo -p {port} --x509certfile {chain} --x509keyfile {key} --priority NORMAL:-VERS-ALL:+VERS-TLS1.2"
        words = words.split() + ([f"--ocsp-response={place}/{response}.der", "--ignore-ocsp-response-errors"] if response else [])
        return port, Process(words, log=f"{place}/gnutls-{response}.log"), (LINE, lambda o: o == LINE)
    work = f"{place}/nginx-{response}-{port}"
    os.makedirs(work, exist_ok=True)
    staple = f"ssl_stapling on; ssl_stapling_file {place}/{response}.der;" if response else ""
    with open(f"{work}/nginx.conf", "w") as f:
        f.write(f"""daemon off; pid {work}/pid; error_log {work}/error.log; user root; events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
        uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi; root {scene.place}/files; ssl_protocols TLSv1.2;
        server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key}; {staple} }} }}
""")
    process = Process(["/usr/sbin/nginx", "-c", f"{work}/nginx.conf", "-e", f"{work}/error.log"], log=f"{work}/log")
    return port, process, (b"GET /hello HTTP/1.0\r\n\r\n", lambda o: b"200 OK" in o)


def to_server(scene, name):
    for response, option, code, words in CLIENT:
        port, process, (send, enough) = stapling_server(scene, name, response)
        try:
            wait_for_port(port, process)
            if code:
                scene.fede_fails(port, code, words, PLAIN, send=send, enough=enough, options=(option,))
                continue
            _, story = scene.fede(port, send, enough, PLAIN, options=(option,))
            told = str(story)
            if (response is not None) != ("CertificateStatus" in told) or words not in told:
                raise Failed(f"{response} {option}: the story has {'a' if 'CertificateStatus' in told else 'no'} CertificateStatus")
        except Failed as e:
            raise Failed(f"{response} {option}: {e}") from None
        finally:
            process.stop()


def to_go(scene):
    folder(scene)
    port = scene.server_peer("Go crypto/tls").port(PLAIN, "staple")
    _, story = scene.fede(port, LINE, lambda o: o == LINE, PLAIN, options=("--cert-status",))
    if "CertificateStatus" not in str(story) or "good by the OCSP response" not in str(story):
        raise Failed("the story knows no good staple")


def must_to(scene):
    """A certificate that promises a response, with one and without."""
    place = folder(scene)
    for with_it in (True, False):
        port = free_port()
        words = f"openssl s_server -accept 127.0.0.1:{port} -tls1_2 -cert {place}/must-leaf.pem -key {place}/must.key -rev".split()
        words += ["-cert_chain", f"{scene.certs}/p256-int.pem"] + (["-status_file", f"{place}/must.der"] if with_it else [])
        process = Process(words)
        try:
            wait_for_port(port, process)
            if with_it:
                scene.fede(port, LINE, lambda o: o == LINE[-2::-1] + b"\n", PLAIN, options=("--status",))
            else:
                scene.fede_fails(port, 7, "promises", PLAIN, options=("--status",))
        finally:
            process.stop()


# ---- Stapling, fede is the server ----------------------------------------------------------------------------------


def sent_status(server):
    return open(server.story, errors="replace").read().count("CertificateStatus (22)")


def from_openssl(scene):
    place = folder(scene)
    for response in ("good", None):
        with Serve(scene, *(["--staple", f"{place}/{response}.der"] if response else [])) as server:
            for asks in (True, False):
                words = f"openssl s_client -connect 127.0.0.1:{server.port} -tls1_2 -verify_return_error".split()
                code, out = run([*words, "-CAfile", f"{scene.certs}/ca.pem", *(["-status"] if asks else [])])
                got = "Cert Status: good" in out
                if code != 0 or got != (asks and response is not None) or (asks and not response) != ("no response sent" in out):
                    raise Failed(f"{response}, asked {asks}: exit status {code}: {out[-300:]}")
            if sent_status(server) != (response is not None):
                raise Failed(f"CertificateStatus was sent {sent_status(server)} times")


def from_gnutls(scene):
    place = folder(scene)
    for response, trusted in (("good", True), ("revoked", False), (None, True)):
        with Serve(scene, *(["--staple", f"{place}/{response}.der"] if response else [])) as server:
            words = f"gnutls-cli --x509cafile {scene.certs}/ca.pem --verify-hostname localhost --sni-hostname localhost".split()
            words += ["-p", str(server.port), "127.0.0.1", "--priority", PLAIN.gnutls_priority]
            _, out = converse(words, LINE, lambda o: o.count(b"once more") > 0 or b"*** " in o)
            if (b"The certificate is trusted" in out) != trusted or (trusted and (b"OCSP status request" in out) != (response is not None)):
                raise Failed(f"{response}: {out[-400:]!r}")


def from_curl(scene):
    place = folder(scene)
    for response, wanted in (("good", 0), ("revoked", 91), ("old", 91), (None, 91)):
        options = ["--staple", f"{place}/{response}.der"] if response else []
        with Serve(scene, *options, answer="files") as server:
            words = ["curl", "-sS", "--cert-status", "--http1.1", "--tls-max", "1.2", "--cacert", f"{scene.certs}/ca.pem"]
            code, out = run([*words, "--resolve", f"localhost:{server.port}:127.0.0.1", f"https://localhost:{server.port}/hello"])
            if code != wanted:
                raise Failed(f"{response}: exit status {code}, wanted {wanted}: {out[-200:]}")


def from_agent(scene, name):
    """The peer compares what came with the file."""
    place = folder(scene)
    for response, fits in (("good", True), ("must", False)):
        with Serve(scene, "--staple", f"{place}/{response}.der") as server:
            try:
                scene.client_peer(name).connect(PLAIN, server.port, 100, 100, "staple")
            except Failed as e:
                if fits or "staple" not in str(e):
                    raise
            else:
                if not fits:
                    raise Failed("another response was taken for this one")


def from_nss(scene):
    place = folder(scene)
    with Serve(scene, "--staple", f"{place}/good.der", answer="files") as server:
        base = f"{scene.place}/nss-staple"
        wrong = servers.nss_database(base, roots={"p256": f"{scene.certs}/p256-root.pem"})
        if wrong:
            raise Unable(wrong)
        words = f"tstclnt -h 127.0.0.1 -a localhost -p {server.port} -d sql:{base} -T -O -V tls1.2:tls1.2 -Q".split()
        code, out = run(words, LIMIT)
        if code != 0 or sent_status(server) != 1:
            raise Failed(f"exit status {code}, CertificateStatus sent {sent_status(server)} times: {out[-300:]}")


def replaced(scene):
    """SIGHUP: another response from the same file."""
    place, file = folder(scene), f"{scene.place}/staples/now.der"

    def put(name):
        with open(f"{file}.new", "wb") as f:
            f.write(open(f"{place}/{name}.der", "rb").read())
        os.rename(f"{file}.new", file)

    put("revoked")
    with Serve(scene, "--staple", file) as server:
        scene.fede_fails(server.port, 7, "revoked", PLAIN, options=("--status",))
        put("good")
        os.kill(server.process.p.pid, 1)
        for _ in range(100):
            try:
                scene.fede(server.port, options=("--status",))
                return
            except Failed:
                time.sleep(0.05)
        raise Failed("the new response is not sent")


# ---- False Start ---------------------------------------------------------------------------------------------------


class Relay:
    """Passes bytes on, but keeps what the server says in its second flight until the client's request has come (early) or
    half a second has passed. What it saw: the record types of each side in order."""

    def __init__(self, to):
        self.to, self.early, self.listener = to, False, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client = self.listener.accept()[0]
        server = socket.create_connection(("127.0.0.1", self.to))
        data = threading.Event()

        def forward():
            seen = b""
            while chunk := self.read(client):
                seen += chunk
                while len(seen) >= 5 and len(seen) >= 5 + int.from_bytes(seen[3:5], "big"):
                    if seen[0] == 23:
                        data.set()
                    seen = seen[5 + int.from_bytes(seen[3:5], "big"):]
                server.sendall(chunk)
            server.close()

        threading.Thread(target=forward, daemon=True).start()
        flights = b""
        while chunk := self.read(server):
            if b"\x14\3\3\0\1\1" in flights + chunk and b"\x14\3\3\0\1\1" not in flights:  # its ChangeCipherSpec
                self.early = data.wait(0.5)
            flights += chunk
            client.sendall(chunk)
        client.close()

    @staticmethod
    def read(sock):
        try:
            return sock.recv(65536)
        except OSError:
            return b""


def false_start(scene, name):
    port, process, (send, enough) = stapling_server(scene, name, None)
    try:
        wait_for_port(port, process)
        for on in (True, False):
            relay = Relay(port)
            capture = Capture(scene, f"false-start-{name.split()[0]}-{on}", relay.port)
            _, story = scene.fede(relay.port, send, enough, PLAIN, options=["--false-start"] if on else [])
            time.sleep(0.3)
            capture.process.stop(2)
            if relay.early != on:
                raise Failed(f"the request {'waited for' if on else 'came before'} the server's Finished")
            words = ["tshark", "-r", capture.file, "-d", f"tcp.port=={relay.port},tls", "-T", "fields", "-e", "tcp.dstport",
                     "-e", "tls.record.content_type", "-Y", "tls"]
            _, out = run(words, 60)
            order = [(port == str(relay.port), kind) for port, kinds in re.findall(r"^(\d+)\t([\d,]+)$", out, re.M)
                     for kind in kinds.split(",")]
            request, change = order.index((True, "23")), order.index((False, "20"))
            if (request < change) != on:
                raise Failed(f"the capture has the request at {request}, the server's ChangeCipherSpec at {change}")
            if story["choice"].get("false_start", False) != on:
                raise Failed("the story does not tell it as it was")
    finally:
        process.stop()


# ---- Records -------------------------------------------------------------------------------------------------------


def record_lengths(scene, option, name, most):
    """The longest record that each side sent, as tshark sees it."""
    port, process, (send, enough) = stapling_server(scene, name, None)
    try:
        wait_for_port(port, process)
        capture = Capture(scene, f"records-{name.split()[0]}-{most}", port)
        line = b"x" * 6000 + b"\n"
        scene.fede(port, line, lambda o: len(o) >= len(line), PLAIN, options=option)
        time.sleep(0.3)
        capture.process.stop(2)
        _, out = run(["tshark", "-r", capture.file, "-d", f"tcp.port=={port},tls", "-T", "fields", "-e", "tcp.srcport",
                      "-e", "tls.record.length", "-Y", "tls.app_data"], 60)
        sizes = {True: 0, False: 0}
        for source, lengths in re.findall(r"^(\d+)\t([\d,]+)$", out, re.M):
            mine = source != str(port)
            sizes[mine] = max(sizes[mine], *map(int, lengths.split(",")))
        if sizes[False] - 24 > most or sizes[False] == 0:
            raise Failed(f"the server's longest record has {sizes[False] - 24} bytes; {most} were asked for")
        if option[0] == "--max-fragment-length" and sizes[True] - 24 > most:
            raise Failed(f"fede's longest record has {sizes[True] - 24} bytes")
    finally:
        process.stop()


def lengths_from(scene):
    """openssl asks for 512 bytes."""
    with Serve(scene, "-vv") as server:
        words = f"openssl s_client -connect 127.0.0.1:{server.port} -tls1_2 -maxfraglen 512 -quiet -no_ign_eof -nocommands".split()
        line = b"y" * 5000 + b"\n"
        _, out = converse(words, line, lambda o: len(o) >= len(line))
        if out != line:
            raise Failed(f"{len(out)} bytes came back")


# ---- Renegotiation -------------------------------------------------------------------------------------------------


def renegotiated(scene, command, times):
    """s_server asks for another handshake; R also for a client certificate."""
    port = free_port()
    words = f"openssl s_server -accept 127.0.0.1:{port} -tls1_2 -cert {scene.certs}/p256-leaf.pem -key {scene.certs}/p256.key".split()
    server = Process([*words, "-cert_chain", f"{scene.certs}/p256-int.pem"])
    said = bytearray()

    def listen():
        while chunk := os.read(server.p.stdout.fileno(), 4096):
            said.extend(chunk)

    def wait(text, count=1):
        for _ in range(400):
            if said.count(text) >= count:
                return
            time.sleep(0.05)
        raise Failed(f"the server did not say {text!r} {count} times: {bytes(said[-300:])!r}")

    client = None
    try:
        wait_for_port(port, server)
        threading.Thread(target=listen, daemon=True).start()
        log = f"{scene.place}/logs/renegotiated-{command}-{times}.log"
        client = Process([scene.tested.program, "connect", "-v", "--stderr", log, "--cacert", f"{scene.certs}/ca.pem", "--linger", "0.3",
                          "--renegotiate" + (f"={times}" if times > 1 else ""), "--resolve", f"localhost:{port}:127.0.0.1", f"localhost:{port}"])
        client.say("before\n")
        wait(b"before")
        for i in range(times):
            server.say(f"{command}\n")
            for _ in range(400):
                if open(log, errors="replace").read().count("SSL connection using") == i + 2:
                    break
                time.sleep(0.05)
            else:
                raise Failed(f"handshake {i + 2} was not made: {open(log, errors='replace').read()[-300:]}")
            client.say(f"after {i}\n")
            wait(b"after %d" % i)
        server.say("to you\n")
        if client.line() != "to you":
            raise Failed("what the server said did not come")
        client.p.stdin.close()
        if client.p.wait(LIMIT) != 0:
            raise Failed(f"exit status {client.p.returncode}: {open(log, errors='replace').read()[-300:]}")
        if "CertificateRequest" not in open(log, errors="replace").read() and command == "R":
            raise Failed("no client certificate was asked for")
    finally:
        if client:
            client.stop()
        server.stop()


SERVERS = ("openssl s_server", "gnutls-serv", "nginx")
TESTS = (
    [("stapling", f"fede -> {n}", to_server, (n,)) for n in SERVERS]
    + [
        ("stapling", "fede -> openssl s_server, must-staple", must_to, ()),
        ("stapling", "openssl s_client -> fede", from_openssl, ()),
        ("stapling", "gnutls-cli -> fede", from_gnutls, ()),
        ("stapling", "curl --cert-status -> fede", from_curl, ()),
        ("stapling", "fede -> Go crypto/tls", to_go, ()),
        ("stapling", "NSS tstclnt -> fede", from_nss, ()),
        ("stapling", "Go crypto/tls -> fede", from_agent, ("Go crypto/tls",)),
        ("stapling", "Java JSSE -> fede", from_agent, ("Java JSSE",)),
        ("stapling", "wolfSSL -> fede", from_agent, ("wolfSSL",)),
        ("stapling", "a new response at SIGHUP", replaced, ()),
    ]
    + [("False Start", f"fede -> {n}", false_start, (n,)) for n in ("nginx", "openssl s_server")]
    + [
        ("record lengths", "record_size_limit 600, gnutls-serv", record_lengths, (("--record-size-limit", "600"), "gnutls-serv", 600)),
        ("record lengths", "max_fragment_length 512, openssl s_server",
         record_lengths, (("--max-fragment-length", "512"), "openssl s_server", 512)),
        ("record lengths", "max_fragment_length 512, openssl s_client -> fede", lengths_from, ()),
        ("renegotiation", "asked for by openssl s_server", renegotiated, ("r", 1)),
        ("renegotiation", "asked for by openssl s_server, with a client certificate", renegotiated, ("R", 2)),
    ]
)
