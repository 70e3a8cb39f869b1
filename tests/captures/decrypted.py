#!/usr/bin/env python3
"""decrypted.py FEDE [--all]: what fede explain opens, suite by suite, with each key source.

OpenSSL and GnuTLS talk to each other through a relay here, which writes what passes as a capture: no right to capture is
needed. Each connection carries a text known here, so what has to come out is known; with --all tshark gets the same
capture and key log, and what it recovers is counted beside it. Prints a table and `decrypted: N passed, N failed`."""
import hashlib
import hmac
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

fede = os.path.abspath(sys.argv[1]) if __name__ == "__main__" else None  # others take only the play and its capture
everything = "--all" in sys.argv
passed, failed, skipped = 0, 0, []
TEXT = b"what only the two of them know, and whoever has the key\n"


def check(ok, words):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("not ok:", words)
    return ok


# ---- captures without capturing ----

def pcap(flows, fast_open=False, began=1_790_000_000):
    """flows: lists of (side, bytes) of one connection each; written as Ethernet, IPv4 and TCP, checksums left zero."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    clock = began * 1_000_000
    for n, parts in enumerate(flows):
        port, seq = 40000 + n, [1000, 5000]

        def packet(side, flags, data=b""):
            nonlocal out, clock
            ports = (port, 443) if side == 0 else (443, port)
            addresses = (b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02")
            tcp = struct.pack(">HHIIBBHHH", *ports, seq[side], seq[1 - side], 0x50, flags, 65535, 0, 0)
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + addresses[side] + addresses[1 - side]
            frame = b"\x02" * 6 + b"\x04" * 6 + b"\x08\x00" + ip + tcp + data
            clock += 1000
            out += struct.pack("<IIII", clock // 1000000, clock % 1000000, len(frame), len(frame)) + frame
            seq[side] += len(data) + (flags & 3 != 0)
        if fast_open:
            packet(0, 2, parts[0][1][:100])
            parts = [(0, parts[0][1][100:]), *parts[1:]]
        else:
            packet(0, 2)
        packet(1, 0x12)
        for side, data in parts:
            for at in range(0, len(data), 1400):
                packet(side, 0x18, data[at:at + 1400])
        packet(0, 0x11)
        packet(1, 0x11)
    return out


class Relay:
    """Passes bytes on to a server and keeps them."""

    def __init__(self, port):
        self.flows, self.to = [], port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            flow = []
            self.flows.append(flow)
            t = threading.Thread(target=self.carry, args=(client, flow), daemon=True)
            t.start()
            self.threads.append(t)

    def carry(self, client, flow):
        server = socket.create_connection(("127.0.0.1", self.to))
        ends = {client: (0, server), server: (1, client)}
        try:
            while ends:
                for s in select.select(list(ends), [], [], 10)[0]:
                    side, other = ends[s]
                    data = s.recv(65536)
                    if not data:
                        del ends[s]
                        other.shutdown(socket.SHUT_WR)
                        continue
                    flow.append((side, data))
                    other.sendall(data)
        except OSError:
            pass
        client.close()
        server.close()

    def end(self):
        for t in self.threads:
            t.join(10)
        self.listener.close()
        return self.flows


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def listens(port):
    want = f":{port:04X} "
    with open("/proc/net/tcp", encoding="ascii") as f, open("/proc/net/tcp6", encoding="ascii") as g:
        return any(want in line and " 0A " in line for line in (f.read() + g.read()).splitlines())


def play(work, server, client, runs=1):
    """server and client: words with {port}, {keys}. Returns the flows, or None when no connection came about."""
    port = free_port()
    fill = {"work": work, "keys": f"{work}/keys"}
    p = subprocess.Popen([w.format(port=port, **fill) for w in server], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, cwd=work)
    try:
        for _ in range(250):
            if listens(port) or p.poll() is not None:
                break
            time.sleep(0.02)
        relay = Relay(port)
        for n in range(runs):
            words = [w.format(port=relay.port, **fill) for w in (client[n] if isinstance(client[0], list) else client)]
            subprocess.run(words, input=TEXT, capture_output=True, timeout=20, check=False, cwd=work,
                           env=dict(os.environ, SSLKEYLOGFILE=f"{work}/keys"))
        return relay.end()
    finally:
        p.kill()
        p.wait()
        p.stdin.close()


# ---- the two tools ----

def explain(path, *more):
    r = subprocess.run([fede, "explain", "--json", *more, path], capture_output=True, timeout=60, check=False)
    if r.returncode < 0 or not r.stdout or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{path}: {r.returncode} {r.stderr.decode()}")
    return r.returncode, json.loads(r.stdout)


def tshark_reads(path, *options):
    r = subprocess.run(["tshark", "-r", path, *options, "-q", "-z", "follow,tls,raw,0"], capture_output=True, timeout=60, check=False)
    return TEXT.hex().encode() in r.stdout.replace(b"\n", b"").replace(b"\t", b"")


# ---- what is played ----

# name: (certificate, options of s_server, options of s_client)
OPENSSL = {
    f"{v} {s}{' mac inside' if more else ''}": (cert, [f"-{o}", "-cipher", f"{s}:@SECLEVEL=0", *more], [f"-{o}", "-cipher", f"{s}:@SECLEVEL=0"])
    for v, o, cert, s, more in (
        [(v, o, "rsa", s, more) for v, o in (("TLS 1.0", "tls1"), ("TLS 1.1", "tls1_1"), ("TLS 1.2", "tls1_2"))
         for s in ("AES128-SHA", "DHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA", "CAMELLIA128-SHA", "NULL-SHA") for more in ([], ["-no_etm"])
         if not (s == "NULL-SHA" and more)]
        + [("TLS 1.2", "tls1_2", "rsa", s, more) for s in ("AES256-SHA256", "ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-CAMELLIA256-SHA384", "NULL-SHA256") for more in ([], ["-no_etm"])
           if not (s == "NULL-SHA256" and more)]
        + [("TLS 1.2", "tls1_2", "rsa", s, []) for s in ("AES128-CCM", "AES128-CCM8", "DHE-RSA-AES256-CCM8", "ARIA128-GCM-SHA256",
                                                        "ECDHE-ARIA256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305")]
        + [("TLS 1.2", "tls1_2", "p256", s, []) for s in ("ECDHE-ECDSA-AES128-CCM", "ECDHE-ECDSA-AES256-CCM8", "ECDHE-ECDSA-AES128-SHA256")]
        + [("TLS 1.0", "tls1", "p256", "ECDHE-ECDSA-AES256-SHA", [])])}
for suite in ("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"):
    OPENSSL[f"TLS 1.3 {suite}"] = ("p256", ["-tls1_3", "-ciphersuites", suite], ["-tls1_3", "-ciphersuites", suite])
GNUTLS = {f"GnuTLS {v} {c} {m}": f"NONE:+VERS-{v}:+{c}:+{m}:+RSA:+ECDHE-RSA:+SIGN-ALL:+GROUP-ALL:+COMP-NULL{':%NO_ETM' if etm else ''}"
          for v, c, m, etm in (("TLS1.0", "3DES-CBC", "SHA1", 0), ("TLS1.2", "3DES-CBC", "SHA1", 1), ("TLS1.0", "ARCFOUR-128", "SHA1", 0),
                               ("TLS1.1", "ARCFOUR-128", "MD5", 0), ("TLS1.2", "ARCFOUR-128", "SHA1", 0))}


def connection(work, name, server, client, *options, tshark=()):
    """One connection that has to be opened; options: fede's key sources."""
    if os.path.exists(f"{work}/keys"):
        os.remove(f"{work}/keys")
    flows = play(work, server, client)
    path = f"{work}/capture"
    with open(path, "wb") as f:
        f.write(pcap(flows))
    code, d = explain(path, *options)
    if not d["connections"] or not d["connections"][0]["established"]:
        skipped.append(f"{name}: the peers did not agree")
        return None
    c = d["connections"][0]
    failures = [k for k in c.get("checks", []) if k["outcome"] == "failed"]
    ok = check(code == 0 and c["onlooker"]["keys"] == "used" and not failures, f"{name}: exit {code}, keys {c['onlooker']['keys']}, {failures}")
    ok = check(c["traffic"]["client"]["data_bytes"] == len(TEXT), f"{name}: {c['traffic']['client']['data_bytes']} bytes of the client") and ok
    theirs = tshark_reads(path, *tshark) if everything and shutil.which("tshark") else None
    print(f"{'ok ' if ok else 'NOT'} {name:60} {'' if theirs is None else 'tshark too' if theirs else 'not tshark'}")
    return d


def main():
    with tempfile.TemporaryDirectory() as work:
        for name, kind in (("rsa", ["rsa:2048"]), ("p256", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", f"{work}/{name}.key", "-out", f"{work}/{name}.pem",
                            "-days", "30", "-subj", "/CN=localhost"], check=True, capture_output=True)
        keylog = ("--keylog", f"{work}/keys")
        theirs = ("-o", f"tls.keylog_file:{work}/keys")

        def openssl(cert, server, client):
            return (["openssl", "s_server", "-accept", "{port}", "-cert", f"{work}/{cert}.pem", "-key", f"{work}/{cert}.key", "-rev", *server],
                    ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-keylogfile", "{keys}", *client])
        for name, (cert, server, client) in OPENSSL.items():
            connection(work, name, *openssl(cert, server, client), *keylog, tshark=theirs)
        if shutil.which("gnutls-serv"):
            for name, priority in GNUTLS.items():
                connection(work, name, ["gnutls-serv", "--port", "{port}", "--echo", "--x509certfile", f"{work}/rsa.pem", "--x509keyfile", f"{work}/rsa.key", "--priority", priority],
                           ["gnutls-cli", "--port", "{port}", "127.0.0.1", "--no-ca-verification", "--priority", priority], *keylog, tshark=theirs)
        else:
            skipped.append("gnutls-serv is missing")
        # The server's key, with and without extended master secret; a pre-shared key.
        for suite in ("AES128-GCM-SHA256", "AES256-SHA"):
            connection(work, f"static RSA {suite}, server's key", *openssl("rsa", ["-tls1_2", "-cipher", suite], []), "--rsa-key", f"{work}/rsa.key",
                       tshark=("-o", f"uat:rsa_keys:\"{work}/rsa.key\",\"\""))
        connection(work, "static RSA TLS 1.0, server's key", *openssl("rsa", ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"], ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"]),
                   "--rsa-key", f"{work}/rsa.key", tshark=("-o", f"uat:rsa_keys:\"{work}/rsa.key\",\"\""))
        psk = "00112233445566778899aabbccddeeff"
        for suite in ("PSK-AES128-GCM-SHA256", "PSK-AES256-CBC-SHA384", "PSK-CHACHA20-POLY1305", "RSA-PSK-AES128-GCM-SHA256"):
            server = ["-tls1_2", "-psk", psk, "-psk_identity", "someone", "-cipher", suite]
            keys = ("--psk", f"someone:{psk}", "--rsa-key", f"{work}/rsa.key")
            connection(work, f"{suite}, pre-shared key", *openssl("rsa", server, ["-tls1_2", "-psk", psk, "-psk_identity", "someone", "-cipher", suite]),
                       *(keys if "RSA" in suite else keys[:2]), tshark=("-o", f"tls.psk:{psk}"))
        outcomes(work, openssl)
        resumptions(work, openssl)
        after_handshake(work)
        values(work, openssl)
    for line in skipped:
        print("skipped:", line)
    print(f"decrypted: {passed} passed, {failed} failed, {len(skipped)} skipped")
    sys.exit(failed > 0)


def outcomes(work, openssl):
    """What is said when keys are missing or wrong, and key logs that have only premaster secrets."""
    def keys(*options):
        _, d = explain(f"{work}/capture", *options)
        return d["connections"][0]["onlooker"]["keys"]
    connection(work, "static RSA without extended master secret", *openssl("rsa", ["-tls1_1", "-no_ticket", "-cipher", "AES128-SHA:@SECLEVEL=0"],
               ["-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0"]), "--rsa-key", f"{work}/rsa.key")
    subprocess.run(["openssl", "genrsa", "-out", f"{work}/other.key", "2048"], check=True, capture_output=True)
    check(keys("--rsa-key", f"{work}/other.key") == "wrong secret", "another RSA key")
    check(keys() == "no line", "no key at all")
    with open(f"{work}/capture", "rb") as f:
        data = f.read()
    at = data.index(b"\x10\x00\x01\x02\x01\x00") + 6  # ClientKeyExchange of 2048 bits
    encrypted = data[at:at + 256]
    premaster = subprocess.run(["openssl", "pkeyutl", "-decrypt", "-inkey", f"{work}/rsa.key"], input=encrypted, check=True, capture_output=True).stdout
    _, d = explain(f"{work}/capture", "--rsa-key", f"{work}/rsa.key", "--show-secrets")
    rsa = next(v for v in d["connections"][0]["derived"] if v["name"] == "premaster_secret")
    check(rsa["value"] == premaster.hex() and rsa["inputs"][0]["bytes"] == encrypted.hex() and rsa["agrees"], f"the premaster secret is not openssl's: {rsa['value']}")
    check([len(s["bytes"]) // 2 for s in rsa["steps"]] == [2, 205, 1] and rsa["steps"][0]["bytes"] == "0002", f"the block: {rsa['steps']}")
    check(rsa["outputs"][0]["bytes"] == "0302" and rsa["inputs"][1]["text"] == "TLS 1.1: so it stands in the secret", f"its version: {rsa['inputs'][1]}")
    with open(f"{work}/keys", encoding="ascii") as f:
        random = re.search(r"CLIENT_RANDOM (\S+)", f.read()).group(1)
    for line in (f"RSA {encrypted[:8].hex()} {premaster.hex()}", f"PMS_CLIENT_RANDOM {random} {premaster.hex()}"):
        with open(f"{work}/premaster", "w", encoding="ascii") as f:
            f.write(line + "\n")
        check(keys("--keylog", f"{work}/premaster") == "used", line.split()[0])
    with open(f"{work}/keys", encoding="ascii") as f:
        master = re.search(r"CLIENT_RANDOM \S+ (\S+)", f.read()).group(1)
    _, d = explain(f"{work}/capture", "-vv")
    hello = next(bytes.fromhex(m["bytes"]) for m in d["connections"][0]["messages"] if m["name"] == "ServerHello")
    named = hello[39:39 + hello[38]].hex()
    for line, state in ((f"RSA Session-ID:{named} Master-Key:{master}", "used"), (f"RSA Session-ID:{named} Master-Key:{master[:-2]}", "no line")):
        with open(f"{work}/premaster", "w", encoding="ascii") as f:
            f.write(line + "\n")
        check(len(named) == 64 and keys("--keylog", f"{work}/premaster") == state, f"{line[:15]}: {state}")
    with open(f"{work}/premaster", "w", encoding="ascii") as f:
        f.write(f"PMS_CLIENT_RANDOM {random} {premaster.hex()[::-1]}\n")
    check(keys("--keylog", f"{work}/premaster") == "wrong secret", "wrong premaster secret")
    r = subprocess.run([fede, "explain", "--psk", "xyz", f"{work}/capture"], capture_output=True, check=False)
    check(r.returncode == 3 and b"--psk" in r.stderr, "a pre-shared key that is none")
    r = subprocess.run([fede, "explain", "--rsa-key", f"{work}/p256.key", f"{work}/capture"], capture_output=True, check=False)
    check(r.returncode == 3 and b"no RSA private key" in r.stderr, "a key that is no RSA key")


def resumptions(work, openssl):
    """The second and third connection resume the first one; the key log has the first one's line alone."""
    def told(flows, lines, **how):
        with open(f"{work}/capture", "wb") as f:
            f.write(pcap(flows, **how))
        with open(f"{work}/first", "w", encoding="ascii") as f:
            f.write("".join(lines))
        return explain(f"{work}/capture", "--keylog", f"{work}/first")

    for by, options in (("ticket", []), ("session id", ["-no_ticket"])):
        os.remove(f"{work}/keys")
        server, client = openssl("rsa", ["-tls1_2", *options], [])
        again = [*client, "-sess_in", f"{work}/session"]
        flows = play(work, server, [[*client, "-sess_out", f"{work}/session"], again, again], runs=3)
        with open(f"{work}/keys", encoding="ascii") as f:
            lines = [line for line in f if line.startswith("CLIENT_RANDOM")]
        code, d = told(flows, lines[:1])
        c = d["connections"]
        check(code == 0 and [x["onlooker"]["keys"] for x in c] == ["used"] * 3, f"resumed by {by}: {code} {[x['onlooker']['keys'] for x in c]}")
        check([x["traffic"]["client"]["data_bytes"] for x in c] == [len(TEXT)] * 3, f"resumed by {by}: plaintext")
        wanted = [{"connection": 1, "by": by, "use": n, "certificate": "CN=localhost"} for n in (1, 2)]
        check([x["onlooker"].get("resumes") for x in c] == [None, *wanted], f"resumed by {by}: {[x['onlooker'].get('resumes') for x in c]}")
        name = by.replace(" ", "_") + "_twice"
        check([any(f["finding"] == name for f in x["findings"]) for x in c] == [False, False, True], f"{name}")
        code, d = told(flows[1:], lines[:1])
        check([x["onlooker"]["keys"] for x in d["connections"]] == ["no line"] * 2, f"resumed by {by}, without the first connection")
    code, d = told(flows[:1], lines, fast_open=True)
    check(code == 0 and any(f["finding"] == "fast_open" for f in d["connections"][0]["findings"]), f"TCP Fast Open: {code}")


def after_handshake(work):
    """TLS 1.3: a client certificate asked for after the handshake, and the keys changed."""
    if os.path.exists(f"{work}/keys"):
        os.remove(f"{work}/keys")
    server = f"""
import socket, ssl, sys
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain("{work}/p256.pem", "{work}/p256.key")
c.load_verify_locations("{work}/rsa.pem"); c.verify_mode = ssl.CERT_OPTIONAL; c.post_handshake_auth = True
l = socket.create_server(("127.0.0.1", int(sys.argv[1]))); s, _ = l.accept(); t = c.wrap_socket(s, server_side=True)
t.verify_client_post_handshake(); t.send(b"who are you?"); t.recv(100); t.send(b"fine"); t.recv(100); t.unwrap()
"""
    client = f"""
import socket, ssl, sys
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE; c.keylog_filename = "{work}/keys"
c.load_cert_chain("{work}/rsa.pem", "{work}/rsa.key"); c.post_handshake_auth = True
t = c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])))); t.recv(100); t.send(b"me"); t.recv(100); t.send(b"bye")
t.unwrap()
"""
    flows = play(work, [sys.executable, "-c", server.replace("{", "{{").replace("}", "}}"), "{port}"],
                 [sys.executable, "-c", client.replace("{", "{{").replace("}", "}}"), "{port}"])
    with open(f"{work}/capture", "wb") as f:
        f.write(pcap(flows))
    code, d = explain(f"{work}/capture", "--keylog", f"{work}/keys")
    c = d["connections"][0]
    names = [m["name"] for m in c["messages"] if m["protocol"] == "handshake"]
    later = names[names.index("NewSessionTicket"):]
    check(code == 0 and [n for n in later if n != "NewSessionTicket"] == ["CertificateRequest", "Certificate", "CertificateVerify", "Finished"],
          f"post-handshake authentication: {code} {names}")
    outcomes = [(k["name"], k["outcome"]) for k in c["checks"]]
    check(outcomes.count(("CertificateVerify signature", "verified")) == 2 and outcomes.count(("client Finished", "verified")) == 2,
          f"post-handshake authentication: {outcomes}")


# ---- derived values, computed a second time with Python alone ----

def expand_label(name, secret, label, length):
    info = struct.pack(">HB", length, 6 + len(label)) + b"tls13 " + label + b"\0"
    return hmac.digest(secret, info + b"\1", name)[:length]


def p_hash(name, secret, seed, length):
    out, a = b"", seed
    while len(out) < length:
        a = hmac.digest(secret, a, name)
        out += hmac.digest(secret, a + seed, name)
    return out[:length]


def old_prf(secret, seed, length):
    half = (len(secret) + 1) // 2
    one, two = p_hash("md5", secret[:half], seed, length), p_hash("sha1", secret[-half:], seed, length)
    return bytes(x ^ y for x, y in zip(one, two))


def values(work, openssl):
    """TLS 1.3, with and without HelloRetryRequest, and TLS 1.0: every value of the story against Python's own."""
    for name, cert, server, client in (("TLS 1.3", "p256", ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], []),
                                       ("TLS 1.3 retry", "rsa", ["-tls1_3", "-groups", "P-521"], ["-groups", "X25519:P-521"]),
                                       ("TLS 1.0", "rsa", ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"], ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"])):
        if os.path.exists(f"{work}/keys"):
            os.remove(f"{work}/keys")
        flows = play(work, *openssl(cert, server, client))
        with open(f"{work}/capture", "wb") as f:
            f.write(pcap(flows))
        code, d = explain(f"{work}/capture", "-vvv", "--keylog", f"{work}/keys")
        c = d["connections"][0]
        with open(f"{work}/keys", encoding="ascii") as f:
            log = {line.split()[0]: bytes.fromhex(line.split()[2]) for line in f if not line.startswith("#")}
        made = {v["name"]: v for v in c["derived"]}
        check(code == 0 and len(made) == (12 if "1.3" in name else 4), f"{name}: exit {code}, values {list(made)}")
        for v in made.values():
            got = bytes.fromhex(v["value"])
            check(v.get("agrees", True), f"{name}: {v['name']} is not what the connection has")
            check(recomputed(c, v, log) == got, f"{name}: {v['name']}")
            if "command" in v:
                words = v["command"].split(" ")
                out = subprocess.run([fede, *words[1:]], capture_output=True, text=True, check=False).stdout
                flat = "".join(line.split(": ")[-1] for line in out.splitlines())
                check(flat == v["value"], f"{name}: {v['command']} gives {out!r}")


def recomputed(c, v, log):
    """The value by its name, from the key log and the messages alone."""
    name = v["name"]
    messages = [m for m in c["messages"] if m["protocol"] == "handshake"]
    side = name.split("_")[0]
    if "CLIENT_RANDOM" in log:
        hellos = [bytes.fromhex(m["bytes"])[6:38] for m in messages[:2]]
        master = log["CLIENT_RANDOM"]
        if name == "master_secret":
            return master
        if name == "key_block":
            return old_prf(master, b"key expansion" + hellos[1] + hellos[0], 2 * (20 + 16 + 16))
        spoken = b"".join(bytes.fromhex(m["bytes"]) for m in messages[:[(m["from"], m["name"]) for m in messages].index((side, "Finished"))])
        return old_prf(master, side.encode() + b" finished" + hashlib.md5(spoken).digest() + hashlib.sha1(spoken).digest(), 12)
    digest = "sha256" if len(log["SERVER_TRAFFIC_SECRET_0"]) == 32 else "sha384"
    secret = log[f"{side.upper()}_TRAFFIC_SECRET_0" if "application" in name else f"{side.upper()}_HANDSHAKE_TRAFFIC_SECRET"]
    length = hashlib.new(digest).digest_size
    if name.endswith("_verify_data"):
        bodies = [bytes.fromhex(m["bytes"]) for m in messages[:[(m["from"], m["name"]) for m in messages].index((side, "Finished"))]]
        if messages[2]["name"] == "ClientHello":
            bodies[0] = b"\xfe\0\0" + bytes([length]) + hashlib.new(digest, bodies[0]).digest()
        return hmac.digest(expand_label(digest, secret, b"finished", length), hashlib.new(digest, b"".join(bodies)).digest(), digest)
    label = name.rsplit("_", 1)[1].encode()
    if name.endswith("_finished_key"):
        label = b"finished"
    return expand_label(digest, secret, label, {b"iv": 12, b"finished": length}.get(label, 16 if digest == "sha256" else 32))


if __name__ == "__main__":
    main()
