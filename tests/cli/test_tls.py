"""TLS from the command line: verification, names, what is offered, key log, certificates."""
import json
import os
import re
import stat
import subprocess

from scene import OK, Failed, answers, echo, expect, same, test


@test
def tls_verification(s):
    with s.peer(answers(OK)) as p:
        s.run("connect", p.url).ends(7, "not among the trust anchors", "--cacert").gives(b"")
        s.connect(p.url).ends(0, "for localhost").gives(b"yes")
        s.run("connect", "--capath", f"{s.place}/capath", p.url).ends(0).gives(b"yes")
        s.connect(f"https://127.0.0.1:{p.port}/").ends(0).gives(b"yes")
        s.connect("--resolve", f"wrong.test:{p.port}:127.0.0.1", f"https://wrong.test:{p.port}/").ends(7, "not for this name", "wrong.test")
        s.connect("--verify-hostname", "www.fede.test", p.url).ends(0)
        s.connect("--verify-hostname", "wrong.test", p.url).ends(7, "wrong.test")
        s.connect("--verify-ip", "127.0.0.1", p.url).ends(0)
        s.connect("--verify-ip", "127.0.0.2", p.url).ends(7)
        s.connect("--attime", "2099-01-01", p.url).ends(7, "2099-01-01")
        s.connect("--attime", "86400", p.url).ends(7, "begins on")
        expect(s.run("connect", "-qw", "%{tls_verify_reason}", p.url).out == b"cert_unknown_issuer", "-w reason")


@test
def tls_insecure_is_loud(s):
    with s.peer(answers(OK)) as p:
        s.run("connect", "-k", p.url).ends(0, "WARNING", "NOT verified").gives(b"yes")
        s.run("connect", "-k", "--verify-hostname", "wrong.test", p.url).ends(0).gives(b"yes")
        same(s.run("connect", "-kqw", "%{ssl_verify_result}", "-o", "/dev/null", p.url).out, b"1", "verified")


@test
def tls_unusable_anchors(s):
    s.run("connect", "--cacert", "/nonexistent", "localhost:1").ends(3, "/nonexistent")
    empty = s.file("empty.pem", b"nothing here\n")
    s.run("connect", "--cacert", empty, "localhost:1").ends(3)
    expect(s.run("connect", "--capath", "/nonexistent", "localhost:1").code in (2, 3), "capath")


@test
def tls_names_sent(s):
    with s.peer(answers(OK)) as p:
        for words, name in (([], "localhost"), (["--servername", "other.fede.test"], "other.fede.test"), (["--noservername"], None)):
            s.connect(*words, p.url).ends(0)
            same(p.names[-1], name, words)
        s.connect(f"https://127.0.0.1:{p.port}/").ends(0)
        same(p.names[-1], None, "no server_name for an address")


@test
def tls_alpn(s):
    seen = []

    def handler(connection, peer):
        seen.append(connection.selected_alpn_protocol())
        return answers(OK)(connection, peer)
    with s.peer(handler, alpn=["http/1.1", "acme"]) as p:
        s.connect(p.url).ends(0)
        s.connect("--no-alpn", p.url).ends(0)
        s.connect("--alpn", "acme,http/1.1", p.url).ends(0)
        s.connect("--alpn", "acme", p.address, stdin=b"GET / HTTP/1.1\r\n\r\n").ends(0).gives(OK)
        s.connect(p.address, stdin=b"GET / HTTP/1.1\r\n\r\n").ends(0)
    same(seen, ["http/1.1", None, "http/1.1", "acme", None], "protocols")


@test
def tls_what_is_offered(s):
    with s.peer(answers(OK), ciphers="ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256") as p:
        for name in ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"):
            r = s.connect("-qw", "%{tls_cipher}", "-o", "/dev/null", "--ciphers", name, p.url)
            number = subprocess.run(["openssl", "ciphers", "-stdname", "ALL"], capture_output=True, text=True).stdout
            want = name if name.startswith("TLS_") else re.search(rf"(\S+) +- {name} ", number).group(1)
            same(r.out.decode(), want, name)
        for name in ("P-256", "secp384r1", "x25519"):  # the certificate's own curve must be offered too (RFC 8422 5.1.1)
            r = s.connect("-qw", "%{tls_group}", "-o", "/dev/null", "--groups", name + ":P-256" * (name != "P-256"), p.url)
            same(r.out.decode(), {"P-256": "secp256r1"}.get(name, name), name)
        s.connect("--curves", "secp521r1:secp256r1", p.url).ends(0)
        s.connect("--sigalgs", "ecdsa_secp256r1_sha256", p.url).ends(0)
        s.connect("--ciphers", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", p.url).ends(6, "handshake_failure")
        for words in (["--tlsv1.2"], ["--tls-max", "1.2"], ["--tls-max", "1.3"], ["--tls-max", "default"], ["--http2"], ["-1"]):
            s.connect(*words, p.url).ends(0)


@test
def tls_master_secret_and_fragments(s):
    with s.peer(answers(OK)) as p:
        def message(name, *words):
            story = s.connect("--json", *words, p.url).err
            return story
        expect('"extended_master_secret"' in message("ClientHello"), "offered")
        expect("extended_master_secret (23)" not in message("ClientHello", "--no-ems"), "--no-ems")
    with s.peer(echo) as p:
        r = s.connect("--json", "--max-fragment", "100", "--linger", "0.2", p.address, stdin=b"x" * 1000).gives(b"x" * 1000)
        same(json.loads(r.err)["traffic"]["client"]["data_records"], 10, "records")


@test
def tls_failures(s):
    def garbage(data):
        def handler(connection, peer):
            connection.recv(100)
            connection.sendall(data)
            connection.recv(1)
        return handler
    for data, words in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", "plain HTTP"), (b"SSH-2.0-OpenSSH\r\n", "SSH"), (b"\x15\x03\x03\x00\x02\x02\x28", "handshake_failure"),
                        (b"\x15\x03\x03\x00\x02\x02\x46", "protocol_version"), (b"\x16\x03\x03\xff\xff", "record")):
        with s.peer(garbage(data), tls=False) as p:
            s.connect(f"https://localhost:{p.port}/").ends(6, words)

    def hang_up(connection, peer):
        connection.recv(1000)
    with s.peer(hang_up, tls=False) as p:
        s.connect(f"https://localhost:{p.port}/").ends(6, "in the middle of the handshake")

    def silent(connection, peer):
        connection.recv(1000)
        connection.recv(1000)
    with s.peer(silent, tls=False) as p:
        s.connect("--connect-timeout", "0.4", f"https://localhost:{p.port}/").ends(28, "400 ms", "handshake")


@test
def tls_key_log(s):
    log = f"{s.place}/keys.log"
    with s.peer(answers(OK)) as p:
        r = s.connect("--keylog", log, p.url).ends(0)
        expect("keys.log" not in r.err, "--keylog needs no notice")
        lines = open(log).read().splitlines()
        same(len(lines), 1, "lines")
        expect(re.fullmatch(r"CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}", lines[0]), lines[0])
        same(stat.S_IMODE(os.stat(log).st_mode), 0o600, "mode")
        s.connect(p.url, env={"SSLKEYLOGFILE": log}).ends(0, "SSLKEYLOGFILE is set", log)
        same(len(open(log).read().splitlines()), 2, "appended")
        secret = open(log).read().split()[2]
        expect(secret not in r.err, "the secret is in the story")
        for words in (["-vvv"], ["--json"]):
            r = s.connect(*words, "--keylog", log, p.url).ends(0) if words != ["--json"] else s.connect(*words, "--keylog", log, p.url)
            secret = open(log).read().split()[-1]
            expect(secret not in r.err.replace(" ", "").replace("\n", ""), f"{words}: the secret is in the story")
        r = s.connect("--json", "--show-secrets", "--keylog", log, p.url)
        expect(open(log).read().split()[-1] in r.err, "--show-secrets")
        s.connect(p.url, env={"SSLKEYLOGFILE": "/nonexistent/x"}).ends(0, "can't be appended to /nonexistent/x")
        s.connect("--keylog", "/nonexistent/x", p.url).ends(1, "/nonexistent/x")
        s.connect("--keylog", "/dev/full", p.url).ends(0, "The key log /dev/full can't be written (No space left on device)")


@test
def tls_show_certificates(s):
    with s.peer(answers(OK)) as p:
        r = s.connect("--showcerts", p.url).ends(0)
        pem = re.search(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", r.err, re.S).group(0)
        expect(pem in open(s.cert).read(), "not the server's certificate")
        expect(b"BEGIN CERT" not in r.out, "in the data")
        r = s.run("connect", "--showcerts", p.url).ends(7)
        expect("BEGIN CERTIFICATE" in r.err, "also after a failure")
