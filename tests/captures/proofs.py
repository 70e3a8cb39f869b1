#!/usr/bin/env python3
"""proofs.py FEDE FOLDER [--quick | --all] [NAME...]: the pages of the corpus, each value in them computed again.

Each capture is told once as JSON and as a page. The story in the page is compared with the JSON, value by value; what stands
written out in it for readers without script has to have all its bytes. Then the page's story is what everything is computed
from: fields, keys and records as values.py does it; here the signatures of certificates, ServerKeyExchange and
CertificateVerify, each step of each PRF, HKDF values, the numbers in texts, the offers, and those findings that the bytes
alone decide. Without python3-cryptography signatures are left out, and that is said. Prints counts, and
`proofs: N passed, N failed`. --quick takes every third capture."""
import collections
import hashlib
import hmac
import html
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

FEDE, FOLDER, WANTED = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), [w for w in sys.argv[3:] if not w.startswith("--")]

import values  # noqa: E402  (reads the same arguments)

if values.CRYPTOGRAPHY:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

same, counts = values.same, values.counts
kinds = collections.Counter()


def equal(kind, seen, wanted, what):
    kinds[kind] += 1
    return same(seen, wanted, what)


# ---- the page and the JSON ----

def told(path, keys, place):
    page = f"{place}/page.html"
    r = subprocess.run([FEDE, "explain", "--json", "-vvv", "--show-secrets", "--keylog", keys, "--report", page, path], capture_output=True, timeout=60, check=False)
    document = json.loads(r.stdout) if r.stdout else {"connections": []}
    with open(page, encoding="utf-8") as f:
        text = f.read()
    os.unlink(page)
    pages = [json.loads(s) for s in re.findall(r'<script type="application/json" class="story">(.*?)</script>', text, re.S)]
    plain = re.findall(r"<noscript>\n(.*?)</noscript>", text, re.S)
    return document["connections"] if "connections" in document else [document], pages, plain


def lines_of(path, keys, connection):
    return next((events for events in values.stories(path, keys) if events[0]["connection"] == connection), [])


def compare(name, page, document, path=""):
    if isinstance(document, dict) and isinstance(page, dict):
        for key in sorted(set(document) | set(page) - {"command"}):  # a page says how it was made
            compare(name, page.get(key), document.get(key), f"{path}.{key}")
    elif isinstance(document, list) and isinstance(page, list) and len(document) == len(page):
        for i, (a, b) in enumerate(zip(page, document)):
            compare(name, a, b, f"{path}[{i}]")
    else:
        equal("page against JSON", page, document, f"{name}: page: {path}")


def hex_values(value, key=""):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from hex_values(v, k)
    elif isinstance(value, list):
        for v in value:
            yield from hex_values(v, key)
    elif key in ("bytes", "der", "value", "told", "nonce", "additional_data", "tag", "mac") and isinstance(value, str) and value:
        yield key, value


def written_out(name, story, plain):
    # A value's bytes stand behind its length, in DER behind tag and length.
    parts = {re.sub(r"\s", "", html.unescape(part)) for part in re.split(r"<[^>]*>", plain)}
    there = {part[n:] for part in parts for n in range(0, 12, 2)}
    for m in story["messages"]:  # their bytes stand in the fields
        equal("written out", all(v in there for _, v in hex_values(m["fields"])), True, f"{name}: {m['name']} is not written out whole")
    for part in ("records", "derived", "secrets", "certificates", "checks"):
        for key, v in hex_values(story.get(part, [])):
            equal("written out", v in there, True, f"{name}: {part}: {key} {v[:40]} is not written out")


# ---- signatures ----

HASHES = {2: "SHA1", 4: "SHA256", 5: "SHA384", 6: "SHA512"}
PSS = {4: "SHA256", 5: "SHA384", 6: "SHA512", 9: "SHA256", 10: "SHA384", 11: "SHA512"}


def verifies(key, scheme, data, signature):
    """True, False; None: not computed here. scheme None: TLS 1.0 and 1.1; a list: SSL 3.0, which has made the digest in its own way."""
    try:
        if isinstance(key, rsa.RSAPublicKey) and isinstance(scheme, list):
            n = key.public_numbers()
            whole = pow(int.from_bytes(signature, "big"), n.e, n.n).to_bytes((n.n.bit_length() + 7) // 8, "big")
            return whole == b"\0\1" + b"\xff" * (len(whole) - 39) + b"\0" + data
        if isinstance(key, rsa.RSAPublicKey) and scheme is None:
            n = key.public_numbers()
            whole = pow(int.from_bytes(signature, "big"), n.e, n.n).to_bytes((n.n.bit_length() + 7) // 8, "big")
            return whole == b"\0\1" + b"\xff" * (len(whole) - 39) + b"\0" + hashlib.md5(data).digest() + hashlib.sha1(data).digest()
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(getattr(hashes, HASHES[2 if scheme is None else scheme >> 8])()))
        elif isinstance(key, rsa.RSAPublicKey) and scheme >> 8 == 8:
            h = getattr(hashes, PSS[scheme & 255])()
            key.verify(signature, data, padding.PSS(padding.MGF1(h), h.digest_size), h)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), getattr(hashes, HASHES[scheme >> 8])())
        elif scheme in (0x0807, 0x0808):
            key.verify(signature, data)
        else:
            return None
        return True
    except InvalidSignature:
        return False
    except (KeyError, UnsupportedAlgorithm):
        return None


def issued(certificate, issuer):
    try:
        certificate.verify_directly_issued_by(issuer)
        return True
    except (InvalidSignature, ValueError):
        return False
    except (UnsupportedAlgorithm, TypeError):
        return None


def holds_pss(certificate, key, h):
    """RFC 4055: the salt may have any length."""
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PSS(padding.MGF1(h), padding.PSS.AUTO), h)
        return True
    except InvalidSignature:
        return False


def issued_by(certificate, issuer):
    """Does the issuer's key fit? As issued(), but by the key alone, and for releases without that function."""
    if certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS:
        return any(holds_pss(certificate, issuer.public_key(), h()) for h in (hashes.SHA256, hashes.SHA384, hashes.SHA512))
    if hasattr(certificate, "verify_directly_issued_by"):
        return issued(certificate, issuer)
    key, h = issuer.public_key(), certificate.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), h)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(h))
        else:
            key.verify(certificate.signature, certificate.tbs_certificate_bytes)
        return True
    except InvalidSignature:
        return False


def vector(data, at, width):
    n = int.from_bytes(data[at:at + width], "big")
    return data[at + width:at + width + n], at + width + n


class Proofs:
    def __init__(self, name, story, log, told_in_lines):
        self.name, self.story, self.log = name, story, log
        records = self.in_line(story, told_in_lines)
        events = [dict(m, event="message") for m in story["messages"]] + [dict(r, event="record") for r in records]
        events += [dict(c, event="check") for c in story.get("checks", [])] + [dict(story, event="end")]
        self.connection = values.Connection(name, events, log)

    @staticmethod
    def in_line(story, told_in_lines):
        """In TLS 1.0 and before a record is decrypted from the end of the one before. A page leaves out those of application data:
        the line form has them."""
        if not any(m["name"] == "ServerHello" and m["bytes"][8:12] in ("0300", "0301") for m in story["messages"]):
            return story["records"]
        here = {(r["from"], r["number"]): r for r in story["records"]}
        return [here.get((r["from"], r["number"]), r) for r in told_in_lines(story["connection"]) if r["event"] == "record"]

    def check(self):
        before = counts["equal"] + counts["different"]
        self.connection.walk()
        kinds["fields, keys, records of pages"] += counts["equal"] + counts["different"] - before
        self.texts(self.story["messages"])
        self.steps()
        self.offers()
        self.findings()
        if values.CRYPTOGRAPHY:
            self.signatures()

    # -- what is signed --

    def signatures(self):
        found, keys, transcript, randoms, version, suite = [], {}, b"", {}, 0, ""
        hello, retried, handshake = b"", False, None
        for m in self.story["messages"]:
            whole = bytes.fromhex(m["bytes"])
            if m["protocol"] == "ssl2" and m["type"] == 1:  # RFC 5246 E.2
                transcript, randoms["client"] = whole, whole[-struct.unpack_from(">H", whole, 7)[0]:].rjust(32, b"\0")
            elif m["protocol"] == "ssl2" and m["type"] == 4:
                der = whole[11:][:struct.unpack_from(">H", whole, 5)[0]]
                self.certificates(m, (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der, 2, found)
            if m["protocol"] != "handshake":
                continue
            body, side = whole[4:], m["from"]
            if m.get("malformed"):
                return
            if m["type"] == 1:
                if not retried:
                    transcript, hello = b"", whole
                randoms[side], retried = body[2:34], False
            elif m["type"] == 2 and body[2:34].hex() == values.HELLO_RETRY:
                h = "sha384" if "SHA384" in self.suite_of(m) else "sha256"
                hashed, retried = hashlib.new(h, hello).digest(), True
                transcript = b"\xfe\0\0" + bytes([len(hashed)]) + hashed
            elif m["type"] == 2:
                randoms[side], suite = body[2:34], self.suite_of(m)
                version = 0x0304 if suite.count("_WITH_") == 0 else struct.unpack_from(">H", body)[0]
            elif m["type"] == 11:
                keys[side] = self.certificates(m, body, version, found)
            elif m["type"] == 25:
                keys[side] = self.certificates(m, self.unpacked(body), version, found)
            elif m["type"] == 12:
                self.exchange(body, suite, version, randoms, keys.get("server"), found)
            elif m["type"] == 15:
                self.verify(m, body, suite, version, transcript, keys.get(side), found)
            if m["type"] == 13 and handshake is not None:  # asked for behind the handshake: the handshake and this exchange
                transcript = handshake
            if m["type"] in (4, 24) and version >= 0x0304:
                continue
            if m["type"] != 0:
                transcript += whole
            if m["type"] == 20 and side == "client" and version >= 0x0304 and handshake is None:
                handshake = transcript
        for name in ("certificate signature", "ServerKeyExchange signature", "CertificateVerify signature"):
            theirs = [c["outcome"] for c in self.story.get("checks", []) if c["name"] == name]
            ours = [good for n, good in found if n == name]
            if not equal("signatures", len(theirs), len(ours), f"{self.name}: number of checks of a {name}"):
                continue
            for outcome, good in zip(theirs, ours):
                if good is None:
                    counts["not computed here"] += 1
                elif good == "not checkable":
                    equal("signatures", outcome, "not checkable", f"{self.name}: {name}")
                else:
                    equal("signatures", outcome, "verified" if good else "failed", f"{self.name}: {name}")

    def suite_of(self, m):
        return next((f["text"].split(" ")[0] for f in m["fields"] if f["name"] == "cipher_suite"), "")

    @staticmethod
    def unpacked(body):
        return zlib.decompress(body[8:]) if body[:2] == b"\0\1" else b""

    def certificates(self, m, body, version, found):
        """The key of the first certificate."""
        ders, at = [], 0
        if version >= 0x0304:
            _, at = vector(body, 0, 1)
        rest, _ = vector(body, at, 3)
        raw = any(f["name"] == "subject_public_key_info" for f in self.flat(m["fields"]))
        if raw:  # RFC 7250: nobody signed it
            return serialization.load_der_public_key(rest)
        at = 0
        while at < len(rest):
            der, at = vector(rest, at, 3)
            if version >= 0x0304:
                _, at = vector(rest, at, 2)
            ders.append(der)
        if ders and version >= 0x0304 and self.is_raw(ders[0]):
            return serialization.load_der_public_key(ders[0])
        try:
            chain = [x509.load_der_x509_certificate(d) for d in ders]
        except ValueError:
            found.extend(("certificate signature", None) for _ in ders)
            return None
        for c in chain:
            if c.subject == c.issuer:
                issuers = [c]
            else:
                issuers = [i for i in chain if i.subject == c.issuer]
            results = [issued_by(c, i) for i in issuers]
            found.append(("certificate signature", "not checkable" if not results else True if True in results else results[0]))
        return chain[0].public_key() if chain else None

    @staticmethod
    def is_raw(der):
        try:
            serialization.load_der_public_key(der)
            return True
        except ValueError:
            return False

    def flat(self, fields):
        for f in fields:
            yield f
            yield from self.flat(f.get("fields", []))

    def exchange(self, body, suite, version, randoms, key, found):
        kx = suite.split("_WITH_")[0]
        at = 0
        if "PSK" in kx:
            _, at = vector(body, 0, 2)
        if "ECDHE" in kx or "ECDH_anon" in kx:
            _, at = vector(body, at + 3, 1)
        elif "DH" in kx:
            for _ in range(3):
                _, at = vector(body, at, 2)
        if at == len(body):
            return
        scheme = struct.unpack_from(">H", body, at)[0] if version >= 0x0303 else None
        signature, _ = vector(body, at + 2 * (version >= 0x0303), 2)
        signed = randoms.get("client", b"") + randoms["server"] + body[:at]
        known = key is not None and "client" in randoms
        # Without the key, or without both randoms, nobody can check it, and the story has to say so.
        found.append(("ServerKeyExchange signature", verifies(key, scheme, signed, signature) if known else "not checkable"))

    def verify(self, m, body, suite, version, transcript, key, found):
        name = "CertificateVerify signature"
        if version < 0x0303:
            signature, _ = vector(body, 0, 2)
            if version == 0x0300:
                master = self.connection.secret(self.connection.hellos[0][0])
                found.append((name, verifies(key, [], values.ssl3_hashes(master, b"", transcript), signature) if master else "not checkable"))
                return
            if isinstance(key, ec.EllipticCurvePublicKey) or isinstance(key, rsa.RSAPublicKey):
                found.append((name, verifies(key, None, transcript, signature)))
            else:
                found.append((name, None))
            return
        scheme, = struct.unpack_from(">H", body)
        signature, _ = vector(body, 2, 2)
        data = transcript
        if version >= 0x0304:
            h = "sha384" if "SHA384" in suite else "sha256"
            data = b" " * 64 + f"TLS 1.3, {m['from']} CertificateVerify".encode() + b"\0" + hashlib.new(h, transcript).digest()
        found.append((name, verifies(key, scheme, data, signature) if key is not None else "not checkable"))

    # -- steps of the derivations --

    def steps(self):
        for v in self.story.get("derived", []):
            where = f"{self.name}: {v['name']}"
            inputs = [i.get("bytes") for i in v["inputs"]]
            m = re.match(r'PRF with ([A-Z0-9-]+)(?: and ([A-Z0-9-]+))?, label', v["method"])
            if m and v["steps"]:
                secret, label, seed = (bytes.fromhex(i) for i in inputs[:3])
                names = ["md5", "sha1"] if m.group(2) or m.group(1) == "MD5" else [m.group(1).replace("-", "").lower()]
                half = (len(secret) + 1) // 2
                secrets = [secret] if len(names) == 1 else [secret[:half], secret[-half:]]
                wanted, length = [], len(v["value"]) // 2
                for name, part in zip(names, secrets):
                    wanted += self.p_hash(name, part, label + seed, length)
                theirs = [s["bytes"] for s in v["steps"] if re.search(r"[AP]\(\d+\)", s["name"])]
                equal("PRF steps", theirs, [w.hex() for w in wanted], f"{where}: steps")
                kinds["PRF steps"] += max(len(wanted) - 1, 0)
                counts["equal"] += max(len(wanted) - 1, 0)
                out = values.prf("md5+sha1" if len(names) == 2 else names[0], secret, label, seed, length)
                equal("PRF steps", v["value"], out.hex(), f"{where}: value")
            elif v["method"].startswith("MD5(secret + SHA-1("):
                secret, seed = (bytes.fromhex(i) for i in inputs)
                inner = [hashlib.sha1(bytes([65 + i]) * (i + 1) + secret + seed).digest() for i in range(len(v["steps"]) // 2)]
                wanted = [x.hex() for s in inner for x in (s, hashlib.md5(secret + s).digest())]
                equal("PRF steps", [s["bytes"] for s in v["steps"]], wanted, f"{where}: steps")
                equal("PRF steps", v["value"], values.ssl3_expand(secret, seed, len(v["value"]) // 2).hex(), f"{where}: value")
            elif v["method"].startswith("HKDF-Expand with"):
                self.expanded(v, where)
            elif v["method"].startswith("HMAC, with the key of Finished"):
                key, hashed = (bytes.fromhex(i) for i in inputs)
                equal("HKDF steps", v["value"], hmac.new(key, hashed, f"sha{8 * len(key)}").hexdigest(), f"{where}: value")
            for part in v.get("outputs", []):
                equal("PRF steps", part["bytes"] in v["value"], True, f"{where}: {part['name']} is no part of the value")
            if "told" in v:
                equal("PRF steps", v["agrees"], v["told"] == v["value"], f"{where}: agrees")

    @staticmethod
    def p_hash(name, secret, seed, length):
        a, out, steps = seed, b"", [seed]
        while len(out) < length:
            a = hmac.new(secret, a, name).digest()
            p = hmac.new(secret, a + seed, name).digest()
            steps += [a, p]
            out += p
        return steps

    def expanded(self, v, where):
        name = "sha" + re.search(r"SHA-(\d+)", v["method"]).group(1)
        secret, label, context = (bytes.fromhex(i.get("bytes", "")) for i in v["inputs"])
        length = len(v["value"]) // 2
        info = struct.pack(">HB", length, len(label)) + label + bytes([len(context)]) + context
        wanted, block = [("HkdfLabel", info.hex())], b""
        for n in range((length + hashlib.new(name).digest_size - 1) // hashlib.new(name).digest_size):
            block = hmac.new(secret, block + info + bytes([n + 1]), name).digest()
            wanted.append((f"T({n + 1})", block.hex()))
        for seen, step in zip(v["steps"], wanted):
            equal("HKDF steps", (seen["name"], seen["bytes"]), step, f"{where}: step")
        equal("HKDF steps", len(v["steps"]), len(wanted), f"{where}: number of steps")
        equal("HKDF steps", v["value"], values.expand_label(name, secret, label.removeprefix(b"tls13 "), length, context).hex(), f"{where}: value")

    # -- numbers in words --

    def texts(self, messages):
        for m in messages:
            for f in self.flat(m["fields"]):
                text = f.get("text", "")
                number = re.search(r"\((0x[0-9a-f]+|\d+)\)$", text)
                if f.get("registry") and number and "number" in f:
                    equal("numbers in texts", int(number.group(1), 0), f["number"], f"{self.name}: {f['path']}: {text}")
                elif f["kind"] == "number" and re.fullmatch(r"[\d,]+", text):
                    equal("numbers in texts", int(text.replace(",", "")), f["number"], f"{self.name}: {f['path']}: {text}")

    # -- offers --

    def offers(self):
        hello = next((m for m in self.story["messages"] if m["name"] == "ClientHello" and m["bytes"][:2] == "01"), None)
        if not hello or hello.get("malformed"):
            return
        body = bytes.fromhex(hello["bytes"])[4:]
        _, at = vector(body, 34, 1)
        suites, at = vector(body, at, 2)
        wanted = [n for n, in struct.iter_unpack(">H", suites)]
        hellos = sum(m["name"] == "ClientHello" for m in self.story["messages"])
        if self.story.get("offers", {}).get("cipher_suites") is not None and hellos == 1:
            equal("offers", [o["number"] for o in self.story["offers"]["cipher_suites"]], wanted, f"{self.name}: suites offered")

    # -- findings the bytes decide --

    def findings(self):
        hellos = [m for m in self.story["messages"] if m["protocol"] == "handshake" and m["type"] in (1, 2)]
        if [m["type"] for m in hellos] != [1, 2] or any(m.get("malformed") for m in hellos):
            return
        client, server = (self.hello(bytes.fromhex(m["bytes"])[4:], m["type"] == 1) for m in hellos)
        suite, version = self.suite_of(hellos[1]), server["version"]
        kx = suite.split("_WITH_")[0]
        old = version < 0x0304
        etm = 22 in server["extensions"]
        wanted = {
            "version_old": version in (0x0301, 0x0302),
            "rc4": "RC4" in suite,
            "null_suite": "_WITH_NULL" in suite,
            "anonymous_suite": "_anon" in kx,
            "cbc": "CBC" in suite and not etm,
            "cbc_encrypt_then_mac": "CBC" in suite and etm,
            "no_forward_secrecy": old and not re.search("DHE|DH_anon", kx),
            "no_server_name": 0 not in client["extensions"],
            "no_extended_master_secret": old and not (23 in client["extensions"] and 23 in server["extensions"]),
            "fallback": 0x5600 in client["suites"],
            "compression": server["compression"] != 0,
        }
        theirs = {f["finding"] for f in self.story.get("findings", [])}
        for name, there in wanted.items():
            equal("findings", name in theirs, there, f"{self.name}: finding {name}")
        for f in self.story.get("findings", []):
            equal("findings", f["severity"] in ("note", "warning", "error") and f["sentence"].endswith("."), True, f"{self.name}: {f}")

    @staticmethod
    def hello(body, client):
        out = {"version": struct.unpack_from(">H", body)[0], "extensions": {}, "suites": [], "compression": 0}
        _, at = vector(body, 34, 1)
        if client:
            suites, at = vector(body, at, 2)
            out["suites"] = [n for n, in struct.iter_unpack(">H", suites)]
            _, at = vector(body, at, 1)
        else:
            out["compression"] = body[at + 2]
            at += 3
        rest, i = vector(body, at, 2)[0], 0
        while i + 4 <= len(rest):
            number, = struct.unpack_from(">H", rest, i)
            out["extensions"][number], i = vector(rest, i + 2, 2)
        if not client and 43 in out["extensions"]:
            out["version"], = struct.unpack(">H", out["extensions"][43])
        return out


def main():
    names = {f.split(".pcapng")[0]: f"{FOLDER}/{f}" for f in sorted(os.listdir(FOLDER)) if ".pcapng" in f}
    if "--quick" in sys.argv:
        names = dict(list(names.items())[::3])
    n = 0
    with tempfile.TemporaryDirectory() as place:
        for name, path in names.items():
            if WANTED and name not in WANTED:
                continue
            keys = f"{FOLDER}/{name}.keys"
            documents, pages, plain = told(path, keys, place)
            by_number = {s["connection"]: (s, p) for s, p in zip(pages, plain)}
            equal("page against JSON", len(pages), len(documents), f"{name}: stories in the page")
            for document in documents:
                story, written = by_number.get(document["connection"], ({}, ""))
                compare(name, story, document)
                written_out(name, document, written)
                Proofs(name, story or document, values.key_log(keys), lambda n, where=(path, keys): lines_of(*where, n)).check()
                n += 1
    if not values.CRYPTOGRAPHY:
        print("python3-cryptography is not installed: records were not opened, signatures not verified")
    for kind, many in kinds.items():
        print(f"{many:10,} {kind}")
    print(f"{n} pages' stories; values computed again: {counts['equal'] + counts['different']}, equal {counts['equal']}, different {counts['different']}; "
          f"left out: {counts['not computed here']}")
    print(f"proofs: {counts['equal']} passed, {counts['different']} failed")
    left_out = values.CRYPTOGRAPHY and counts["not computed here"] > 0
    return counts["different"] > 0 or n == 0 or left_out


if __name__ == "__main__":
    sys.exit(main())
