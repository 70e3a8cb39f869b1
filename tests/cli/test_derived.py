"""Derived values of live connections against an independent computation (recompute.py); fede derive; fede lookup; what the story
says about offers, findings and alerts."""
import copy
import json
import re
import subprocess
import time

import recompute
from scene import OK, Failed, Process, answers, expect, free_port, head, same, test

SUITES = ("ECDHE-{}-AES128-GCM-SHA256", "ECDHE-{}-AES256-GCM-SHA384", "ECDHE-{}-CHACHA20-POLY1305")


def certificate(s, name, *words, names="DNS:localhost", key=("rsa:2048",)):
    """A certificate of the test CA, or with -x509 its own; returns certificate and key."""
    cert, own = f"{s.place}/{name}.pem", f"{s.place}/{name}.key"
    s.file(f"{name}.ext", f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n".encode())
    make = f"""set -e; openssl req -newkey {' '.join(key)} -nodes -keyout {own} -out {name}.csr -subj '/CN={name}'
        openssl x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile {name}.ext -out {cert} {' '.join(words) or '-days 20'}"""
    done = subprocess.run(["sh", "-c", make], cwd=s.place, capture_output=True, timeout=60)
    expect(done.returncode == 0, done.stderr.decode())
    return cert, own


def s_server(s, cert, key, *words):
    return Process(s, "openssl", "s_server", "-accept", "127.0.0.1:PORT", "-cert", cert, "-key", key, "-tls1_2", "-quiet", "-www", *words)


def story(s, *words, code=None):
    r = s.connect("--json", *words)
    if code is not None:
        same(r.code, code, str(r))
    return json.loads(r.err)


def findings(story):
    return {f["finding"]: f for f in story["findings"]}


@test
def derived_recomputed(s):
    rsa = certificate(s, "rsa")
    runs = [(kind, suite.format(kind), group, more) for kind in ("ECDSA", "RSA") for suite in SUITES
            for group, more in (("x25519", ()), ("secp256r1", ()), ("secp384r1", ()), ("secp521r1", ()), ("x25519", ("--no-ems",)))]
    n = 0
    for kind in ("ECDSA", "RSA"):
        with s_server(s, *((s.cert, s.key) if kind == "ECDSA" else rsa)) as p:
            for of, suite, group, more in runs:
                if of != kind:
                    continue
                groups = ":".join(dict.fromkeys((group, "secp256r1")))  # OpenSSL wants the certificate's curve there too
                told = story(s, "--show-secrets", "--ciphers", suite, "--groups", groups, *more, p.url + "/", code=0)
                same(told["choice"]["group"]["name"], group, "group")
                same("extended_master_secret" in [o["name"] for o in told["offers"]["extensions"] if o["state"] == "taken"],
                     not more, "extended master secret")
                try:
                    n += recompute.Story(told, s.fede if more or group == "x25519" else None).check()
                except recompute.Wrong as why:
                    raise Failed(f"{suite} {group} {more}: {why}")
    expect(n > 1500, f"only {n} values were compared")
    print(f"# {n} values of {len(runs)} connections are the same" + ("" if recompute.CRYPTOGRAPHY else "; without python3-cryptography "
          "key exchange, signatures and records are not computed"))


@test
def derived_recomputed_for_servers(s):
    """The same for the server's side: fede serve, with OpenSSL as the client."""
    n = 0
    for suite in SUITES:
        port, path = free_port(), f"{s.place}/served.json"
        server = subprocess.Popen([s.fede, "serve", "--once", "--echo", "--json", "--show-secrets", "--stderr", path, "--cert", s.cert, "--key", s.key,
                                   "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, env=s.environment(None), cwd=s.place)
        try:
            for _ in range(100):
                client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-cipher", suite.format("ECDSA")],
                                        input=b"", capture_output=True, timeout=20)
                if b"Cipher is ECDHE" in client.stdout or server.poll() is not None:
                    break
                time.sleep(0.05)
            same(server.wait(20), 0, "exit of fede serve")
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        with open(path, encoding="utf-8") as f:
            told = next(o for o in documents(f.read()) if o.get("messages"))
        same(told["role"], "server", "role")
        try:
            n += recompute.Story(told, s.fede).check()
        except recompute.Wrong as why:
            raise Failed(f"{suite}: {why}")
    expect(n > 200, f"only {n} values were compared")


def documents(text):
    """JSON documents one behind the other; lines that are none are passed over."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
            yield value
        except ValueError:
            at += 1


@test
def derived_errors_are_noticed(s):
    """The comparison itself: each hexadecimal value of the story spoiled in turn."""
    with s_server(s, s.cert, s.key) as p:
        told = story(s, "--show-secrets", p.url + "/", code=0)

    def places(value, way=()):
        for k, v in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
            if k in ("bytes", "value", "told") and isinstance(v, str) and v:
                yield (*way, k)
            yield from places(v, (*way, k))
    n = 0
    for place in places(told["derived"]):
        worse = copy.deepcopy(told)
        inner = worse["derived"]
        for k in place[:-1]:
            inner = inner[k]
        text = inner[place[-1]]
        inner[place[-1]] = text[:-1] + ("1" if text[-1] == "0" else "0")
        n += 1
        try:
            recompute.Story(worse).check()
        except recompute.Wrong:
            continue
        if place[1] != "outputs" or worse["derived"][place[0]]["name"] == "key_block":
            raise Failed(f"not noticed: {worse['derived'][place[0]]['name']} {place}")
    expect(n > 40, f"{n} values")


@test
def derived_only_on_request(s):
    log = f"{s.place}/only.keys"
    with s_server(s, s.cert, s.key) as p:
        told = story(s, "--keylog", log, p.url + "/", code=0)
        for word in ("secrets", "derived"):
            expect(word not in told, f"{word} without --show-secrets")
        expect(all("nonce" not in r.get("protection", {}) for r in told["records"]), "nonces")
        same([r["protection"]["outcome"] for r in told["records"] if r["epoch"]], ["verified"] * 4, "tags")
        same({v["check"]: v["outcome"] for v in told["verdicts"]}, dict.fromkeys(
            ("certificate_signature", "server_key_exchange", "client_finished", "server_finished"), "verified"), "verdicts")
        r = s.connect("-vvv", "--keylog", log, p.url + "/").ends(0, "Finished of the server: verified", "signature of ServerKeyExchange: verified",
                                                                "chosen by the server", "Checked again from the messages")
        for line in open(log, encoding="ascii").read().splitlines():
            secret = line.split()[2]
            flat = re.sub(r"\s+", "", r.err)
            expect(secret not in flat and secret not in json.dumps(told), "the master secret is in a story without --show-secrets")
            expect(secret[:32] not in flat, "a part of the master secret is in the story")
        r = s.connect("-vvv", "--show-secrets", p.url + "/").ends(0, "the same as the connection has", "fede derive key-block", "tag recomputed: verified",
                                                                 "A(1)", "P(2)", "additional data")
        expect("NOT what" not in r.err, str(r))


@test
def derive_vectors(s):
    def derive(*words):
        r = s.run("derive", *words)
        same(r.code, 0, str(r))
        return r.out.decode().strip()
    # RFC 7748 6.1
    alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
    bob = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    same(derive("ecdh", "--curve", "x25519", "--private", alice, "--peer", bob),
         "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", "RFC 7748 6.1")
    # RFC 5903 8.1: P-256
    i = "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
    gr = "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
    same(derive("ecdh", "--curve", "p256", "--private", i, "--peer", gr),
         "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de", "RFC 5903 8.1")
    # The TLS working group's vector for the PRF with SHA-256
    same(derive("prf", "--hash", "SHA-256", "--secret", "9bbe436ba940f017b17652849a71db35", "--seed", "a0ba9f936cda311827a6f796ffd5198c",
                "--label", "test label", "--length", "100"),
         "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
         "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66", "PRF")
    # RFC 8448 3: "derived" from the early secret
    same(derive("hkdf-label", "--secret", "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", "--label", "derived", "--length", "32",
                "--context", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
         "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba", "RFC 8448 3")
    # Everything else against Python
    secret, one, two, digest = "0b" * 48, "11" * 32, "22" * 32, "33" * 32
    same(derive("nonce", "--iv", "aabbccdd", "--sequence", "258"), "aabbccdd0000000000000102", "nonce")
    same(derive("nonce", "--iv", "aabbccdd", "--explicit", "0102030405060708"), "aabbccdd0102030405060708", "nonce")
    same(derive("nonce", "--iv", "ff" * 12, "--sequence", "1"), "ff" * 11 + "fe", "nonce")

    def prf(name, label, seed, length):
        return recompute.prf_steps(name, bytes.fromhex(secret), label, bytes.fromhex(seed), length)[1].hex()
    for name, length in (("sha256", 32), ("sha384", 48)):
        same(derive("master", "--hash", name, "--premaster", secret, "--client-random", one, "--server-random", two),
             prf(name, b"master secret", one + two, 48), "master secret")
        same(derive("master", "--hash", name, "--premaster", secret, "--session-hash", "33" * length),
             prf(name, b"extended master secret", "33" * length, 48), "extended master secret")
        for side in ("client", "server"):
            same(derive("verify-data", "--hash", name, "--side", side, "--master", secret, "--transcript-hash", "33" * length),
                 prf(name, f"{side} finished".encode(), "33" * length, 12), "verify_data")
    r = s.run("derive", "key-block", "--suite", "TLS_RSA_WITH_AES_128_CBC_SHA", "--master", secret, "--client-random", one, "--server-random", two)
    block = prf("sha256", b"key expansion", two + one, 72)
    same(r.out.decode().splitlines(), [f"client write MAC key: {block[:40]}", f"server write MAC key: {block[40:80]}",
                                       f"client write key: {block[80:112]}", f"server write key: {block[112:]}"], "key block with MAC keys")
    s.file("secret.hex", secret.encode() + b"\n")
    same(derive("master", "--premaster", "@secret.hex", "--session-hash", digest), prf("sha256", b"extended master secret", digest, 48), "@FILE")
    told = json.loads(derive("verify-data", "--json", "--side", "client", "--master", secret, "--transcript-hash", digest))
    same([p["name"] for p in told["steps"]], ["A(0)", "A(1)", "P(1)"], "steps")
    steps = s.run("derive", "verify-data", "-v", "--side", "client", "--master", secret, "--transcript-hash", digest)
    expect(all(w in steps.out.decode() for w in ("A(1)", "P(1)", "RFC 5246 7.4.9", "client finished")), str(steps))


@test
def derive_mistakes(s):
    good = "11" * 32
    for words, code, say in (
            ([], 2, "which value?"), (["zork"], 2, "no value of this name"), (["prf"], 2, "--secret is needed"),
            (["prf", "--secret", "00", "--seed", "00", "--label", "x"], 2, "--length"), (["prf", "--secret", "0"], 2, "odd"),
            (["prf", "--secret", "0g"], 2, "character 2"), (["prf", "--length", "0"], 2, "0"), (["prf", "--secret", "@/nonexistent"], 2, "/nonexistent"),
            (["master", "--premaster", "00"], 2, "--session-hash"), (["master", "--premaster", "00", "--session-hash", "00"], 2, "has to be 32 bytes and is 1"),
            (["master", "--hash", "md5", "--premaster", "00"], 2, "--hash"), (["key-block", "--suite", "NIX"], 2, "NIX"),
            (["key-block", "--suite", "0x1301", "--master", "00" * 48, "--client-random", good, "--server-random", good], 12, "TLS 1.3"),
            (["verify-data", "--master", "00" * 48, "--transcript-hash", good], 2, "--side"), (["ecdh", "--curve", "p224"], 2, "--curve"),
            (["ecdh", "--curve", "x25519", "--private", good, "--peer", "00" * 32], 12, "gives no secret"),
            (["ecdh", "--curve", "p256", "--private", "ff" * 32, "--peer", "04" + "00" * 64], 12, "no private key"),
            (["ecdh", "--curve", "p256", "--private", good, "--peer", "04" + "11" * 64], 12, "no point"),
            (["ecdh", "--curve", "p256", "--private", "11", "--peer", "04"], 12, "length"),
            (["nonce", "--iv", "00" * 5], 12, "4 bytes"), (["hkdf-label", "--secret", "00", "--label", "x", "--length", "9000"], 12, "255")):
        r = s.run("derive", *words).ends(code, say)
        same(r.out, b"", str(words))


@test
def lookup_finds(s):
    for words, wanted in ((["0xc02b"], "ECDSA or EdDSA certificate"), (["0xC0,0x2F"], "RSA certificate"), (["ECDHE-RSA-AES256-GCM-SHA384"], "SHA-384"),
                          (["TLS_RSA_WITH_RC4_128_MD5"], "insecure"), (["server_name"], "in the clear"), (["P-256"], "secp256r1"),
                          (["certificate_expired"], "alert"), (["ServerHello"], "The server's choice"), (["CRIME"], "compress"), (["alpn"], "ALPN"),
                          (["--registry", "suite", "0x000a"], "Triple DES"), (["GCM"], "and more")):
        r = s.run("lookup", *words)
        expect(r.code == 0 and wanted in r.out.decode(), f"{words}: {r}")
    rows = json.loads(s.run("lookup", "--json", "0xcca8").out)
    same([(o["name"], o["parts"]["cipher"], o["parts"]["key_bits"]) for o in rows if "parts" in o],
         [("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ChaCha20", 256)], "JSON")
    r = s.run("lookup", "no\x1bsuch").ends(9, "is in no registry")
    expect("\x1b" not in r.err, "escaped")
    s.run("lookup").ends(2, "which word")


@test
def findings_of_connections(s):
    short = certificate(s, "short", key=("rsa:1024",))
    other = certificate(s, "other", names="DNS:elsewhere.test")
    long = certificate(s, "long", "-days 400")
    with s_server(s, *short, "-cipher", "DEFAULT@SECLEVEL=0") as p:
        told = story(s, p.url + "/", code=7)
        same(findings(told)["rsa_small"]["detail"], "1024 bits", "short key")
    with s_server(s, *other) as p:
        told = story(s, p.url + "/", code=7)
        same(findings(told)["other_name"]["detail"], "asked for localhost", "other name")
    with s_server(s, *long) as p:
        told = story(s, "--no-ems", p.url + "/", code=0)
        expect({"no_extended_master_secret", "long_lifetime"} <= set(findings(told)), str(findings(told)))
        s.connect("--no-ems", p.url + "/").ends(0, "WARN", "no extended master secret")
        told = story(s, "--noservername", p.url + "/")
        expect("no_server_name" in findings(told), str(findings(told)))
    endless = b"HTTP/1.1 200 OK\r\n\r\nabc"
    with s.peer(lambda c, p: (head(c), c.sendall(endless))) as p:  # leaves without close_notify, first
        told = story(s, p.url + "/", code=6)
        expect("no_close_notify" in findings(told), str(findings(told)))
    with s.peer(answers(OK)) as p:
        told = story(s, p.url + "/", code=0)
        same([f for f in told["findings"] if f["severity"] != "note"], [], "an ordinary connection")


@test
def reasons_of_alerts(s):
    def reason(told, side):
        found = [a for a in told["alert_reasons"] if a["from"] == side]
        expect(len(found) == 1, f"{told['alert_reasons']}")
        return found[0]
    with s_server(s, s.cert, s.key, "-Verify", "1") as p:
        a = reason(story(s, p.url + "/"), "server")
        expect(a["certainty"] in ("likely", "certain") and "client certificate" in a["text"] or "empty list" in a["text"], str(a))
    with s_server(s, s.cert, s.key) as p:
        a = reason(story(s, "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256", p.url + "/", code=6), "server")
        same((a["description"]["name"], a["certainty"]), ("handshake_failure", "likely"), str(a))
        expect("all need an RSA certificate" in a["text"], a["text"])
        a = reason(story(s, "--attime", "2050-01-01", p.url + "/", code=7), "client")
        same((a["description"]["name"], a["certainty"]), ("certificate_expired", "certain"), str(a))
        expect("gives as its reason: cert_expired" in a["text"] and "expired on" in a["text"], a["text"])
        s.connect("--attime", "2050-01-01", p.url + "/").ends(7, "Why the client sent certificate_expired (45), certain")
        s.connect(p.url + "/").ends(0)
