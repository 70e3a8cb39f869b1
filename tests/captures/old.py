#!/usr/bin/env python3
"""old.py FEDE FOLDER: what fede explain says of SSL 3.0, of connections that begin in the form of SSL 2.0, and of SSL 2.0.

The captures of FOLDER hold what was sent (peers_old.py: Java's client with NSS's server, and with OpenSSL's; SSL 2.0 itself by a
script, for no package speaks it any more). Here they are also cut into segments of one byte, cut off at every place, and
altered; and a connection of SSL 3.0 is put together by hand, for which the server's key is there.
Prints `old: N passed, N failed`."""
import gzip
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402
import told  # noqa: E402
import values  # noqa: E402  (reads the same arguments)
from coverage import Covered  # noqa: E402

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
check = told.Checks()


def explain(path, *words):
    code, document = told.explain(fede, path, *words)
    return code, document["connections"][0] if document and document["connections"] else None


def of_corpus(name, *words):
    return explain(f"{folder}/{name}.pcapng.gz", "--keylog", f"{folder}/{name}.keys", *words)


def findings(c):
    return {f["finding"] for f in c["findings"]}


def names(c):
    return [m["name"] for m in c["messages"] if m["protocol"] in ("handshake", "ssl2")]


def answered_in_tls():
    for name, version in (("ssl2-hello-t12", "TLS 1.2"), ("ssl2-hello-t10-dhe", "TLS 1.0")):
        code, c = of_corpus(name)
        check(code == 0 and c["established"] and c["onlooker"]["keys"] == "used", f"{name}: {code} {c['onlooker']}")
        check(names(c)[:2] == ["SSL 2 CLIENT-HELLO", "ServerHello"] and c["choice"]["version"]["name"] == version, f"{name}: {names(c)}")
        check("ssl2_hello" in findings(c) and "ssl2" not in findings(c), f"{name}: {findings(c)}")
        done = {k["name"]: k["outcome"] for k in c["checks"]}
        check(done.get("client Finished") == done.get("server Finished") == "verified", f"{name}: {done}")
        check(len(c["offers"]["cipher_suites"]) == 2, f"{name}: offered {c['offers']['cipher_suites']}")


def answered_in_ssl2():
    for name, messages, cipher in (("ssl2-connection", ["CLIENT-HELLO", "SERVER-HELLO", "CLIENT-MASTER-KEY"], "SSL_CK_RC4_128_WITH_MD5"),
                                   ("ssl2-export", ["CLIENT-HELLO", "SERVER-HELLO", "CLIENT-MASTER-KEY"], "SSL_CK_RC4_128_EXPORT40_WITH_MD5"),
                                   ("ssl2-error", ["CLIENT-HELLO", "ERROR"], "")):
        code, c = of_corpus(name)
        closed = name != "ssl2-error"
        check(names(c) == [f"SSL 2 {m}" for m in messages], f"{name}: {names(c)}")
        check({"ssl2", "ssl2_hello"} <= findings(c), f"{name}: {findings(c)}")
        check(c["onlooker"]["keys"] == ("suite not supported" if closed else "not needed"), f"{name}: {c['onlooker']}")
        check(not closed or c["choice"]["version"]["name"] == "SSL 2.0", f"{name}: {c.get('choice')}")
        check(c["established"] == closed and len(c.get("certificates", [])) == closed, f"{name}: {c['established']}")
        detail = next(f.get("detail", "") for f in c["findings"] if f["finding"] == "ssl2")
        check(cipher in detail, f"{name}: {detail}")
        check({a["protected"] for a in c["protected_against"].values()} == {"no"}, f"{name}: {c['protected_against']}")
        text = subprocess.run([fede, "explain", f"{folder}/{name}.pcapng.gz"], capture_output=True, text=True, check=False).stdout
        check("DROWN" in text.replace("\n", " ") and "Protected against" in text, f"{name}: the story's end")
        chinese = subprocess.run([fede, "explain", "--lang=zh", "-vvv", f"{folder}/{name}.pcapng.gz"], capture_output=True, text=True, check=False).stdout
        check("密码列表有多少字节" in "".join(chinese.split()), f"{name}: in Chinese")


def every_byte():
    for name in ("ssl2-hello", "ssl2-hello-t12", "ssl2-connection", "ssl2-export", "ssl2-error"):
        _, c = of_corpus(name, "-vv")
        covered = Covered()
        covered.story(c["messages"], c["records"])
        check(covered.covered == covered.bytes > 0, f"{name}: {covered.bytes - covered.covered} bytes without a sentence: {covered.uncovered}")



def record(c, side, n=0):
    """The n-th record of a side, as it was: header and message."""
    m = [m for m in c["messages"] if m["from"] == side and m["protocol"] == "ssl2"][n]
    data = bytes.fromhex(m["bytes"])
    return (0x8000 | len(data)).to_bytes(2, "big") + data


def in_pieces(work):
    """One byte to a segment, the long header, and everything cut off somewhere."""
    _, c = of_corpus("ssl2-connection")
    client, server, key = record(c, "client"), record(c, "server"), record(c, "client", 1)
    long = [b"%c%c\0" % (len(r) - 2 >> 8, len(r) - 2 & 255) + r[2:] for r in (server, key)]
    path = f"{work}/pieces.pcapng"

    def story(parts, most=1, end=True):
        talk = packets.Talk(40000, 4433)
        for side, data in parts:
            talk.say(side, data, most)
        packets.pcapng(path, talk.end() if end else talk.frames)
        return explain(path)
    for most in (1, 2, 7, 1400):
        _, got = story(((0, client), (1, server), (0, key)), most)
        check(got is not None and names(got) == names(c), f"segments of {most}: {got and names(got)}")
    _, got = story(((0, client), (1, server), (0, long[1])), 1400)
    check(names(got) == names(c), f"a header of three bytes: {names(got)}")
    for n in range(len(client) + 1):
        code, got = story(((0, client[:n]),), 1400)
        check((got is not None) == (n >= 11) and (n < len(client) or names(got)), f"cut after {n} bytes: {code}")
    for n in range(0, len(server), 37):
        code, got = story(((0, client), (1, server[:n])), 1400)
        check(got is not None and code in (0, 13), f"server cut after {n} bytes: {code}")
    for at in range(len(client)):
        code, _ = story(((0, client[:at] + bytes([client[at] ^ 0x55]) + client[at + 1:]), (1, server)), 1400)
        check(code in (0, 9, 13), f"byte {at} altered: {code}")
    for at in list(range(13)) + list(range(len(server) - 24, len(server))):
        code, _ = story(((0, client), (1, server[:at] + bytes([server[at] ^ 0x55]) + server[at + 1:]), (0, key)), 1400)
        check(code in (0, 9, 13), f"byte {at} of the server altered: {code}")
    check(story(((0, b"\x80\x2e\x01\x03\x01" + b"hello, no TLS here, " * 3),), 1400)[0] == 9, "something else that begins like it")


# ---- SSL 3.0 ----

def ssl3_of_corpus(work):
    for name in ("aes", "dhe", "3des", "arcfour-md5", "arcfour-sha", "client-certificate", "no-certificate"):
        code, c = of_corpus(f"ssl3-{name}")
        done = [(k["name"], k["outcome"]) for k in c["checks"] if "Finished" in k["name"] or "CertificateVerify" in k["name"]]
        wanted = [("CertificateVerify signature", "verified")] if name == "client-certificate" else []
        check(code == 0 and done == wanted + [("client Finished", "verified"), ("server Finished", "verified")], f"ssl3-{name}: {code} {done}")
        check(c["onlooker"]["keys"] == "used" and "version_broken" in findings(c) and "malformed" not in findings(c), f"ssl3-{name}: {findings(c)}")
        check(c["traffic"]["client"]["data_bytes"] == 18, f"ssl3-{name}: {c['traffic']}")
    _, c = of_corpus("ssl3-no-certificate")
    check(any("in SSL 3.0 it says so" in a["text"] for a in c["alert_reasons"]), f"no_certificate: {c['alert_reasons']}")
    with gzip.open(f"{folder}/ssl3-client-certificate.pcapng.gz") as f:
        data = f.read()
    keys = f"{folder}/ssl3-client-certificate.keys"
    _, c = explain(f"{folder}/ssl3-client-certificate.pcapng.gz", "--keylog", keys)
    signed = bytes.fromhex(next(m["bytes"] for m in c["messages"] if m["name"] == "CertificateVerify"))
    closed = [bytes.fromhex(f["bytes"]) for r in c["records"] for f in r.get("fields", []) if f["path"] == "record.ciphertext"]
    for what, piece, name in (("a bit of CertificateVerify's signature", signed, "CertificateVerify signature"), ("a bit of a record", closed[0], "record tag")):
        at = data.index(piece) + len(piece) - 40
        altered = f"{work}/altered"
        with open(altered, "wb") as f:
            f.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        code, c = explain(altered, "--keylog", keys)
        check(code in (12, 13) and (name == "record tag" or (name, "failed") in [(k["name"], k["outcome"]) for k in c["checks"]]), f"{what}: {code}")
    with open(keys, encoding="ascii") as f:
        log = f.read()
    wrong = f"{work}/wrong"
    with open(wrong, "w", encoding="ascii") as f:
        f.write(re.sub(r"Master-Key:..", "Master-Key:ee", log))
    code, c = explain(f"{folder}/ssl3-client-certificate.pcapng.gz", "--keylog", wrong)
    check(code == 13 and c["onlooker"]["keys"] == "wrong secret", f"a wrong master secret: {code} {c['onlooker']}")
    code, c = explain(f"{folder}/ssl3-client-certificate.pcapng.gz")
    open_ = [k["text"] for k in c["checks"] if k["name"] == "CertificateVerify signature" and k["outcome"] == "not checkable"]
    check(code == 0 and open_ and "master secret" in open_[0], f"without keys: {code} {open_}")


class ByHand:
    """A connection of SSL 3.0 with static RSA and AES in CBC, after RFC 6101, as python3-cryptography lets it be written. wrong: what
    is not as it should be."""
    PREMASTER = bytes(range(50, 96))
    CLIENT, SERVER = bytes(range(32)), bytes(range(100, 132))

    def __init__(self, key, der, padding, wrong=""):
        self.talk, self.seen, self.keys = packets.Talk(40000, 4433), b"", {}
        hello = b"\3\0" + self.CLIENT + b"\0" + b"\0\2\0\x2f" + b"\1\0"
        answer = b"\3\0" + self.SERVER + b"\0" + b"\0\x2f" + b"\0"
        chain = (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der
        premaster = (b"\3\1" if wrong == "version" else b"\3\0") + self.PREMASTER[:38 if wrong == "length" else 46]
        self.say(0, 22, self.message(1, hello))
        self.say(1, 22, self.message(2, answer) + self.message(11, chain) + self.message(14, b""))
        self.say(0, 22, self.message(16, key.public_key().encrypt(premaster, padding.PKCS1v15())))
        self.master = values.ssl3_expand(premaster, self.CLIENT + self.SERVER, 48)
        block = values.ssl3_expand(self.master, self.SERVER + self.CLIENT, 2 * (20 + 16 + 16))
        for side in (0, 1):
            self.keys[side] = [block[20 * side:][:20], block[40 + 16 * side:][:16], block[72 + 16 * side:][:16], 0]
        for side, sender in ((0, b"CLNT"), (1, b"SRVR")):
            self.say(side, 20, b"\1")
            done = values.ssl3_hashes(self.master, sender, self.seen)
            self.seal(side, 22, self.message(20, bytes(36) if wrong == "finished" and side == 1 else done))
        self.seal(0, 23, b"GET / HTTP/1.0\r\n\r\n", alter=wrong == "mac")
        self.seal(1, 23, b"HTTP/1.0 200 OK\r\n\r\nhello\n", long=wrong == "padding")
        self.seal(0, 21, b"\1\0")

    def message(self, kind, body):
        whole = bytes([kind]) + len(body).to_bytes(3, "big") + body
        self.seen += whole
        return whole

    def say(self, side, kind, data):
        self.talk.say(side, struct.pack(">BHH", kind, 0x0300, len(data)) + data)

    def seal(self, side, kind, data, alter=False, long=False):
        mac, key, iv, number = self.keys[side]
        data += values.record_mac(0x0300, "sha1", mac, number, kind, b"x" + data[1:] if alter else data)
        pad = -(len(data) + 1) % 16 + (16 if long else 0)
        data += os.urandom(pad) + bytes([pad])  # what is in it is not said
        e = values.Cipher(values.algorithms.AES(key), values.modes.CBC(iv)).encryptor()
        sealed = e.update(data) + e.finalize()
        self.keys[side] = [mac, key, sealed[-16:], number + 1]
        self.say(side, kind, sealed)


def ssl3_by_hand(work):
    if not values.CRYPTOGRAPHY:
        print("python3-cryptography is not installed: SSL 3.0 by hand is left out")
        return
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ssl3.example", "-days", "30", "-keyout", f"{work}/rsa.key",
                    "-out", f"{work}/rsa.der", "-outform", "DER"], check=True, capture_output=True)
    with open(f"{work}/rsa.key", "rb") as f, open(f"{work}/rsa.der", "rb") as g:
        key, der = load_pem_private_key(f.read(), None), g.read()
    path = f"{work}/hand.pcapng"
    for wrong, wanted in (("", 0), ("finished", 12), ("mac", 12), ("padding", 12), ("version", 0), ("length", 13)):
        talk = ByHand(key, der, padding, wrong)
        packets.pcapng(path, talk.talk.end())
        code, c = explain(path, "--rsa-key", f"{work}/rsa.key")
        failed_ones = [k["name"] for k in c["checks"] if k["outcome"] == "failed"]
        check(code == wanted and c["onlooker"]["keys"] in (("wrong secret",) if wrong == "length" else ("used", "partial")), f"by hand, {wrong or 'as it should be'}: {code} {c['onlooker']} {failed_ones}")
        check(failed_ones == {"finished": ["server Finished"], "mac": ["record tag"], "padding": ["record tag"]}.get(wrong, []), f"by hand, {wrong}: {failed_ones}")
        check(("premaster_version" in findings(c)) == (wrong == "version"), f"by hand, {wrong}: {findings(c)}")
        check(any("40 bytes and not 48" in n["text"] for n in c["notes"]) == (wrong == "length"), f"by hand, {wrong}: {c['notes']}")
        if wrong == "version":
            detail = next(f["detail"] for f in c["findings"] if f["finding"] == "premaster_version")
            check(detail == "TLS 1.0 in the secret; the ClientHello offers SSL 3.0", detail)
        if wrong == "":
            check(c["traffic"]["server"]["data_bytes"] == 25, f"by hand: {c['traffic']}")
            derived = {v["name"]: v for v in explain(path, "--rsa-key", f"{work}/rsa.key", "--show-secrets")[1]["derived"]}
            check(derived["master_secret"]["value"] == talk.master.hex() and derived["master_secret"]["agrees"], "by hand: master secret with its steps")
            rsa = derived["premaster_secret"]
            steps = [bytes.fromhex(s["bytes"]) for s in rsa["steps"]]
            check(steps[0] == b"\0\2" and len(steps[1]) == 256 - 51 and 0 not in steps[1] and steps[2] == b"\0", f"by hand: the block: {steps}")
            check([o["bytes"] for o in rsa["outputs"]] == ["0300", talk.PREMASTER.hex()] and rsa["agrees"], f"by hand: {rsa['outputs']}")
            check(rsa["inputs"][1]["text"] == "SSL 3.0: so it stands in the secret", f"by hand: {rsa['inputs'][1]}")
            check({"key_block", "client_verify_data", "server_verify_data"} <= set(derived), f"by hand: {list(derived)}")


def main():
    with tempfile.TemporaryDirectory() as work:
        answered_in_tls()
        answered_in_ssl2()
        ssl3_of_corpus(work)
        ssl3_by_hand(work)
        every_byte()
        in_pieces(work)
    return check.end("old")


if __name__ == "__main__":
    sys.exit(main())
