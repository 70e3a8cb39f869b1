"""Who the server is: certificates, names, protocols, refusals, the key log, the story."""
import json
import os
import re
import resource
import socket
import ssl
import subprocess

from tools import Failed, expect, run
from web import populate


def subject(s):
    return dict(x[0] for x in s.getpeercert()["subject"])["commonName"]


def refused(call, word):
    """The reason OpenSSL gives for a handshake that must fail."""
    try:
        call().close()
    except ssl.SSLError as error:
        expect(word.replace("_", " ") in str(error).upper().replace("_", " "), f"refused with {error}, not {word}")
        return
    raise Failed(f"connected where {word} was wanted")


def names(scene):
    other = f"{scene.certs}/other.example.pem:{scene.certs}/other.example.key"
    with scene.server("--sni", f"other.example:{other}", "--sni", f"*.wild.example:{other}") as server:
        with server.connect("localhost") as s:
            expect(subject(s) == "localhost", "the default certificate")
        with server.connect("other.example") as s:
            expect(subject(s) == "other.example", "the certificate for its name")
        with server.connect("OTHER.example") as s:
            expect(subject(s) == "other.example", "names without regard to case")
        context = server.context()
        context.check_hostname = False
        for name, wanted in (("a.wild.example", "other.example"), ("wild.example", "localhost"), ("b.a.wild.example", "localhost"),
                             ("third.example", "localhost"), (None, "localhost")):
            with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
                with context.wrap_socket(plain, server_hostname=name) as s:
                    expect(subject(s) == wanted, f"{name}: {subject(s)}")
    with scene.server("--sni", f"other.example:{other}", bare=True) as server:
        with server.connect("other.example") as s:
            expect(subject(s) == "other.example", "its name")
        refused(lambda: server.connect("localhost"), "UNRECOGNIZED")
        server.wait_text("not served here")


def kinds(scene):
    """Several pairs: the server takes the one the client can use."""
    for name, key in (("rsa", ["-newkey", "rsa:2048"]), ("ed", ["-newkey", "ed25519"])):
        code, out = run(["openssl", "req", "-x509", *key, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                         "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout",
                         f"{scene.certs}/{name}.key", "-out", f"{scene.certs}/{name}.pem"])
        expect(code == 0, out)
    both = f"{scene.certs}/both.pem"
    with open(both, "w") as f:
        f.write(open(f"{scene.certs}/rsa.pem").read() + open(f"{scene.certs}/rsa.key").read())
    with scene.server("--cert", both) as server:  # the key from the certificate's file
        for cipher, wanted in (("ECDHE-ECDSA-AES128-GCM-SHA256", "localhost"), ("ECDHE-RSA-AES256-GCM-SHA384", "rsa")):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(scene.ca)
            context.load_verify_locations(f"{scene.certs}/rsa.pem")
            context.set_ciphers(cipher)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as s:
                    expect(subject(s) == wanted, f"{cipher}: {subject(s)}")


def negotiation(scene):
    with scene.server("--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305", "--groups", "P-384", "--http1.1") as server:
        with server.connect(alpn=["h2", "http/1.1"]) as s:
            expect(s.cipher()[0] == "ECDHE-ECDSA-CHACHA20-POLY1305", s.cipher())
            expect(s.selected_alpn_protocol() == "http/1.1", "--http1.1")
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            out = b""
            while more := s.recv(65536):
                out += more
            expect(b"secp384r1" in out, "--groups")
        refused(lambda: server.connect(alpn=["spdy/9"]), "NO APPLICATION PROTOCOL")
        context = server.context()
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        refused(lambda: context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)), server_hostname="localhost"),
                "HANDSHAKE")
        old = server.context()
        old.minimum_version = ssl.TLSVersion.TLSv1_3
        old.maximum_version = ssl.TLSVersion.TLSv1_3
        refused(lambda: old.wrap_socket(socket.create_connection(("127.0.0.1", server.port)), server_hostname="localhost"),
                "PROTOCOL_VERSION")
    with scene.server("--no-ems") as server:
        expect(b"<th>extended master secret</th><td>no<" in server.get("/")[2], "--no-ems")
    with scene.server("--no-alpn") as server:
        with server.connect(alpn=["h2", "spdy/9"]) as s:
            expect(s.selected_alpn_protocol() is None, "--no-alpn")


def reject(scene):
    for value, word in (("handshake_failure", "HANDSHAKE_FAILURE"), ("80", "INTERNAL"), ("access_denied", "ACCESS_DENIED")):
        with scene.server("--reject", value) as server:
            refused(server.connect, word)


def usage(scene):
    """Wrong calls end at once, with the right exit status and a sentence that helps."""
    bad = f"{scene.place}/bad.pem"
    with open(bad, "w") as f:
        f.write("nothing\n")
    pair = scene.pair
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for words, status, told in (
                ([], 2, "openssl req -x509"), (["--key", "x"], 2, "behind the --cert"),
                ([*pair, "a", "b"], 2, "at most one directory"), ([*pair, "--echo", scene.root], 2, "exclude each other"),
                ([*pair, "--listen", "1.2.3.4:x"], 2, "1.2.3.4:x"), ([*pair, "--listen", "::1:8443"], 2, "in brackets"),
                ([*pair, "--listen", "127.0.0.1:99999"], 2, "0 to 65535"),
                ([*pair, "--listen", f"127.0.0.1:{port}"], 5, "Another process has that port"),
                ([*pair, "--listen", "192.0.2.1:8443"], 5, "does not have that address"),
                ([*pair, "/no/such/dir"], 3, "/no/such/dir"), (["--cert", "/no/such", "--key", "/x"], 3, "/no/such"),
                (["--cert", bad], 3, "PEM"), (["--cert", pair[1], "--key", f"{scene.certs}/other.example.key"], 3, "does not belong"),
                ([*pair, "--reject", "no_such_alert"], 2, "no_such_alert"), ([*pair, "--ciphers", "NULL-MD5"], 2, "NULL-MD5"),
                ([*pair, "--max-fragment", "9"], 2, "64 to 16384"), ([*pair, "--tls-max", "1.3"], 2, "1.2"),
                ([*pair, "--staple", "x"], 3, "can't be read"), ([*pair, "--session-store", "x"], 2, "redis://"), ([*pair, "--sni", "a:b"], 2, "NAME"),
                (["--plain", *pair], 2, "--plain")):
            code, out = run([scene.fede, "serve", *words], 20)
            expect(code == status and told in out, f"fede serve {' '.join(words)}: exit status {code}, not {status}:\n{out}")
            expect(out.rstrip().split("\n")[-1].startswith(f"exit {status}: "), f"the last line: {out}")
    for words in ([*pair, "--listen", "127.0.0.1:99"],):  # a port that takes a privilege, without it
        code, out = run(["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", scene.fede,
                         "serve", "--plain", *words[4:]], 20)
        if "setpriv:" not in out and "execute" not in out:
            limit = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
            if limit > 99:
                expect(code == 11 and "privilege" in out, f"a port below 1024: {code}: {out}")


def once(scene):
    with scene.server("--once") as server:
        expect(server.get("/")[0] == 200, "one connection")
        server.wait(10)
    with scene.server("--once", expected=6) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"no TLS at all\r\n\r\n")
        server.wait(10)


def keylog(scene):
    path = f"{scene.place}/keys.log"
    for how in ("option", "environment"):
        if os.path.exists(path):
            os.remove(path)
        words, env = (["--keylog", path], None) if how == "option" else ([], {"SSLKEYLOGFILE": path})
        with scene.server(*words, env=env) as server:
            server.wait_text("whoever has that file")
            ours = f"{scene.place}/client.log"
            if os.path.exists(ours):
                os.remove(ours)
            context = server.context()
            context.keylog_filename = ours
            for _ in range(3):
                with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)), server_hostname="localhost") as s:
                    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    s.recv(100)
            client = {x.strip().lower() for x in open(ours) if x.startswith("CLIENT_RANDOM")}
            server_lines = {x.strip().lower() for x in open(path)}
            expect(len(client) == 3 and client == server_lines, f"{how}: {len(client)} and {len(server_lines)} lines differ")
            expect(os.stat(path).st_mode & 0o77 == 0, "others may read the key log")
            expect(not any(x.split()[2] in server.text() for x in client), "secrets are in the story")


def keylog_full(scene):
    """A key log on a full disk, and one that takes half a line: told once, with the reason; connections go on."""
    with scene.server("--keylog", "/dev/full") as server:
        for _ in range(3):
            with server.connect() as s:
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                expect(s.recv(100), "no answer")
        said = server.text().count("The key log /dev/full can't be written (No space left on device)")
        expect(said == 1, f"told {said} times")
    path, most, entry = f"{scene.place}/short.log", 1 << 20, r"CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}"
    with open(path, "w") as f:
        f.write("#" * (most - 251) + "\n")  # an entry has 176 bytes: one fits, and a part of the next

    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with scene.server("--keylog", path, preexec=little) as server:
        for _ in range(3):
            server.connect().close()
        server.wait_text("short.log can't be written .File too large.")
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (2 * most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        for _ in range(2):
            server.connect().close()
        expect(server.text().count("can't be written") == 1, "told more than once")
    lines = open(path).read().splitlines()[1:]
    whole = [re.fullmatch(entry, x) is not None for x in lines]
    expect(whole == [True, False, True, True], f"lines of the key log that are whole: {whole}")


LINE = re.compile(r"#\d+ 127\.0\.0\.1:\d+: TLS 1\.2, TLS_\w+, \w+(, h2|, http/1\.1)?; \d+ requests?, [\d,]+ bytes in, [\d,]+ out; "
                  r"closed (in order|by us) after [\d.]+ m?s$|#\d+ 127\.0\.0\.1:\d+: handshake failed after |  |fede serve|Stop|exit")


def lines(scene):
    """One line for each connection; no line broken by another's, whatever the number of workers."""
    populate(scene)
    n = 600
    with scene.server("--workers", "4", scene.root) as server:
        clients = [subprocess.Popen([scene.load, "localhost", str(server.port), scene.ca, "seq", str(n // 3), "/a.txt", "6"],
                                    stdout=subprocess.PIPE) for _ in range(3)]
        for c in clients:
            expect(b"good 200 of 200" in c.communicate(timeout=60)[0], "a good connection failed")
        load = subprocess.Popen([scene.load, "localhost", str(server.port), scene.ca, "many", str(n), "/a.txt", "6"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = load.communicate(b"\n\n", timeout=60)  # all end in the same moment
        expect(b"closed" in out, f"{out}")
        server.stop()
        told = server.text().splitlines()
        for line in told:
            expect(LINE.match(line), f"a strange line: {line}")
        numbers = sorted(int(re.match(r"#(\d+)", x).group(1)) for x in told if x.startswith("#"))
        expect(numbers == list(range(1, 2 * n + 1)), f"{len(numbers)} lines for {2 * n} connections")


def stories(scene):
    populate(scene)
    with scene.server("--workers", "2", "-v", scene.root) as server:
        clients = [subprocess.Popen([scene.load, "localhost", str(server.port), scene.ca, "seq", "10", "/a.txt", "6"],
                                    stdout=subprocess.PIPE) for _ in range(3)]
        for c in clients:
            expect(b"good 10 of 10" in c.communicate(timeout=60)[0], "a good connection failed")
        server.stop()
        told = server.text()
        for number in range(1, 31):
            story = "\n".join(x for x in told.splitlines() if x.startswith(f"[{number}]"))
            for word in ("ClientHello", "ServerHello", "Certificate", "ServerKeyExchange", "ServerHelloDone", "ClientKeyExchange",
                         "Finished", "GET /a.txt: 200 OK"):
                expect(word in story, f"the story of connection {number} lacks {word}:\n{story[:2000]}")
    with scene.server("--workers", "2", "--json=lines", scene.root) as server:
        clients = [subprocess.Popen([scene.load, "localhost", str(server.port), scene.ca, "seq", "10", "/a.txt", "6"],
                                    stdout=subprocess.PIPE) for _ in range(3)]
        for c in clients:
            c.communicate(timeout=60)
        server.stop()
        events = [json.loads(x) for x in server.text().splitlines()]
        ends = {x["connection"] for x in events if x["event"] == "end"}
        expect(ends == set(range(1, 31)), f"{len(ends)} stories end, not 30")


def plain_stories(scene):
    for words in (["-v"], ["--json=lines"], ["--json"]):
        with scene.server("--plain", *words, bare=True) as server:
            code, out = run(["curl", "-sS", f"http://localhost:{server.port}/"])
            expect(code == 0 and "anyone on the way can read" in out, out)
            server.stop()
            expect("GET /: 200 OK" in server.text(), f"{words}: {server.text()}")


def pages(scene):
    """--report: a page for each connection, whole when the server has ended; beside it what is exported, and chosen protocols."""
    folder, label = f"{scene.place}/pages", "EXPERIMENTAL-test"
    os.makedirs(folder)
    with scene.server("--report", folder, "--alpn", "http/1.1", "--keymatexport", label, "--keymatexportlen", "24") as server:
        for _ in range(2):
            with server.connect(alpn=["h2", "http/1.1"]) as s:
                expect(s.selected_alpn_protocol() == "http/1.1", "--alpn")
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                while s.recv(65536):
                    pass
        server.wait_text(rf"{label}.*[0-9a-f]{{48}}(?s:.*){label}.*[0-9a-f]{{48}}")
        server.stop()
        found = sorted(os.listdir(folder))
        expect(len(found) == 2 and all(name.endswith(".html") for name in found), f"pages: {found}")
        for name in found:
            with open(f"{folder}/{name}") as f:
                page = f.read()
            expect(page.count("<article") == 1 and page.rstrip().endswith("</html>") and label in page, f"{name}: {len(page)} bytes")


TESTS = [("stories of plain HTTP", plain_stories), ("--sni", names), ("several keys", kinds), ("negotiation", negotiation), ("--reject", reject), ("wrong usage", usage),
         ("--once", once), ("key log", keylog), ("key log that can't be written", keylog_full), ("one line each", lines), ("stories", stories), ("--report", pages)]
