"""recompute.py [--fede FEDE] STORY.json...: computes every derived value of stories again (fede --json --show-secrets) and compares.

Nothing of fede is used but, with --fede, the commands that stand below the values: these are run and have to print the same.
Hashes and HMAC are Python's; key exchange, signatures and AEAD python3-cryptography's: without it they are left out, and that is
said. Prints the number of values compared."""
import hashlib
import hmac
import json
import shlex
import struct
import subprocess
import sys

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, padding, rsa, x25519
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
    CRYPTOGRAPHY = True
except ImportError:
    CRYPTOGRAPHY = False

SUITES = {  # number: (cipher, key length, IV length, hash)
    0xc02b: ("gcm", 16, 4, "sha256"), 0xc02f: ("gcm", 16, 4, "sha256"), 0xc02c: ("gcm", 32, 4, "sha384"), 0xc030: ("gcm", 32, 4, "sha384"),
    0xcca8: ("chacha", 32, 12, "sha256"), 0xcca9: ("chacha", 32, 12, "sha256")}
CURVES = {0x17: "SECP256R1", 0x18: "SECP384R1", 0x19: "SECP521R1"}


class Wrong(Exception):
    pass


class Count:
    def __init__(self):
        self.n = 0

    def same(self, seen, wanted, what):
        self.n += 1
        if seen != wanted:
            raise Wrong(f"{what}: the story has {seen!r}, computed {wanted!r}")


def prf_steps(name, secret, label, seed, length):
    """The steps A(i), P(i) and the output (RFC 5246 5)."""
    first, a, steps, out, i = label + seed, label + seed, [], b"", 0
    steps.append(("A(0)", first))
    while len(out) < length:
        i += 1
        a = hmac.new(secret, a, name).digest()
        p = hmac.new(secret, a + first, name).digest()
        steps += [(f"A({i})", a), (f"P({i})", p)]
        out += p
    return steps, out[:length]


def parse_hello(body, client):
    version, random, at = struct.unpack_from(">H", body)[0], body[2:34], 34
    at += 1 + body[at]
    if client:
        n = struct.unpack_from(">H", body, at)[0]
        suites = list(struct.unpack_from(f">{n // 2}H", body, at + 2))
        at += 2 + n
        at += 1 + body[at]
    else:
        suites = [struct.unpack_from(">H", body, at)[0]]
        at += 3
    extensions, end = [], at
    if at < len(body):
        end = at + 2 + struct.unpack_from(">H", body, at)[0]
        at += 2
    while at < end:
        number, n = struct.unpack_from(">HH", body, at)
        extensions.append((number, body[at + 4:at + 4 + n]))
        at += 4 + n
    return {"version": version, "random": random, "suites": suites, "extensions": extensions}


def u16_list(extensions, number):
    body = dict(extensions).get(number, b"\0\0")
    return list(struct.unpack_from(f">{(len(body) - 2) // 2}H", body, 2))


def exchange(group, private, peer):
    if group == 0x1d:
        return x25519.X25519PrivateKey.from_private_bytes(private).exchange(x25519.X25519PublicKey.from_public_bytes(peer))
    curve = getattr(ec, CURVES[group])()
    key = ec.derive_private_key(int.from_bytes(private, "big"), curve)
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, peer))


def verifies(key, scheme, data, signature):
    hash_of = {4: hashes.SHA256(), 5: hashes.SHA384(), 6: hashes.SHA512()}
    try:
        if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, data)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hash_of[scheme >> 8]))
        elif scheme >> 8 == 8:
            h = {4: hashes.SHA256(), 5: hashes.SHA384(), 6: hashes.SHA512(), 9: hashes.SHA256(), 10: hashes.SHA384(), 11: hashes.SHA512()}[scheme & 255]
            key.verify(signature, data, padding.PSS(padding.MGF1(h), h.digest_size), h)
        else:
            key.verify(signature, data, padding.PKCS1v15(), hash_of[scheme >> 8])
        return True
    except InvalidSignature:
        return False


def issued(certificate, issuer):
    key = issuer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), certificate.signature_hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(certificate.signature_hash_algorithm))
        else:
            key.verify(certificate.signature, certificate.tbs_certificate_bytes)
        return True
    except InvalidSignature:
        return False


class Story:
    def __init__(self, story, fede=None):
        self.story, self.fede, self.count = story, fede, Count()
        self.messages, finished = [], 0
        for m in story["messages"]:
            if m["protocol"] == "handshake" and finished < 2:
                self.messages.append((m["from"], m["type"], bytes.fromhex(m["bytes"]), m))
                finished += m["type"] == 20
        self.client, self.server = parse_hello(self.body(1), True), parse_hello(self.body(2), False)
        self.suite = self.server["suites"][0]
        self.cipher, self.key_len, self.iv_len, self.hash = SUITES[self.suite]
        self.ems = any(n == 23 for n, _ in self.server["extensions"])
        self.secrets = {s["label"]: bytes.fromhex(s["bytes"]) for s in story.get("secrets", [])}
        self.values = {v["name"]: v for v in story.get("derived", [])}

    def message(self, kind, side=None):
        return next((m for m in self.messages if m[1] == kind and side in (None, m[0])), None)

    def body(self, kind, side=None):
        return self.message(kind, side)[2][4:]

    def transcript(self, until, inclusive):
        at = self.messages.index(until)
        return b"".join(m[2] for m in self.messages[:at + inclusive] if m[1] != 0)

    def digest(self, data):
        return hashlib.new(self.hash, data).digest()

    def value(self, name, secret, label, seed, length, parts=None):
        """One derivation by PRF: inputs, every step, the value, its parts, the command."""
        v = self.values[name]
        steps, out = prf_steps(self.hash, secret, label, seed, length)
        same = self.count.same
        same([p["bytes"] for p in v["inputs"]], [secret.hex(), label.hex(), seed.hex()], f"{name}: inputs")
        same([(p["name"], p["bytes"]) for p in v["steps"]], [(n, b.hex()) for n, b in steps], f"{name}: steps")
        self.count.n += len(steps)
        self.result(v, out, parts)
        return out

    def result(self, v, out, parts=None):
        same, name = self.count.same, v["name"]
        same(v["value"], out.hex(), name)
        if "told" in v:
            same(v["told"], out.hex(), f"{name}: what the connection has")
            same(v["agrees"], True, f"{name}: agrees")
        if parts:
            at, wanted = 0, []
            for part, length in parts:
                wanted.append((part, out[at:at + length].hex()))
                at += length
            same([(p["name"], p["bytes"]) for p in v["outputs"]], wanted, f"{name}: slices")
        if self.fede:
            words = shlex.split(v["command"])
            done = subprocess.run([self.fede, *words[1:]], capture_output=True, text=True, timeout=30)
            printed = "".join(line.rpartition(" ")[2] for line in done.stdout.splitlines())
            same(printed, out.hex(), f"{v['command']} ({done.stderr})")

    def verdict(self, check, good, certificate=None):
        found = [v for v in self.story["verdicts"] if v["check"] == check and v.get("certificate") == certificate]
        self.count.same([v["outcome"] for v in found], ["verified" if good else "failed"], f"verdict on {check} {certificate}")
        return found[0]

    def check(self):
        self.check_offers()
        self.check_signatures()
        self.check_keys()
        if CRYPTOGRAPHY:
            self.check_records()
        return self.count.n

    def check_offers(self):
        same, offers = self.count.same, self.story["offers"]
        same([o["number"] for o in offers["cipher_suites"]], self.client["suites"], "offered suites")
        same([o["number"] for o in offers["cipher_suites"] if o["state"] == "taken"], [self.suite], "taken suite")
        same([o["number"] for o in offers["groups"]], u16_list(self.client["extensions"], 10), "offered groups")
        same([o["number"] for o in offers["signature_schemes"]], u16_list(self.client["extensions"], 13), "offered schemes")
        offered = [n for n, _ in self.client["extensions"]]
        if 0x00ff in self.client["suites"] and 65281 not in offered and any(n == 65281 for n, _ in self.server["extensions"]):
            offered.append(65281)  # asked for by TLS_EMPTY_RENEGOTIATION_INFO_SCSV
        same([o["number"] for o in offers["extensions"]], offered, "offered extensions")
        answered = {n for n, _ in self.server["extensions"]}
        same({o["number"] for o in offers["extensions"] if o["state"] == "taken"}, answered, "answered extensions")
        ske = self.body(12)
        same([o["number"] for o in offers["groups"] if o["state"] == "taken"], [struct.unpack_from(">H", ske, 1)[0]], "taken group")
        same([o["number"] for o in offers["signature_schemes"] if o["state"] == "taken"],
             [struct.unpack_from(">H", ske, 4 + ske[3])[0]], "taken scheme")

    def check_signatures(self):
        if not CRYPTOGRAPHY:
            return
        chain = [x509.load_der_x509_certificate(bytes.fromhex(c["der"])) for c in self.story["certificates"]]
        path = [x509.load_der_x509_certificate(bytes.fromhex(c["der"])) for c in self.story.get("verification", {}).get("path", [])]
        for i, certificate in enumerate(chain):
            issuer = next((c for c in chain[i + 1:] + chain[:i + 1] + path if c.subject == certificate.issuer), None)
            if issuer:
                self.verdict("certificate_signature", issued(certificate, issuer), i)
        ske = self.body(12)
        params = ske[:4 + ske[3]]
        scheme, n = struct.unpack_from(">HH", ske, len(params))
        signature, signed = ske[len(params) + 4:len(params) + 4 + n], self.client["random"] + self.server["random"] + params
        v = self.verdict("server_key_exchange", verifies(chain[0].public_key(), scheme, signed, signature))
        self.count.same(v["input"], signed.hex(), "signed input of ServerKeyExchange")

    def check_keys(self):
        same = self.count.same
        cke, ske = self.message(16), self.body(12)
        group, server_share, client_share = struct.unpack_from(">H", ske, 1)[0], ske[4:4 + ske[3]], cke[2][5:]
        premaster, randoms = self.secrets.get("premaster secret"), self.client["random"] + self.server["random"]
        if not self.values:
            return
        if "premaster_secret" in self.values:
            v, own = self.values["premaster_secret"], self.story["role"] == "client"
            private, shares = self.secrets["private key"], (client_share, server_share) if own else (server_share, client_share)
            same([p["bytes"] for p in v["inputs"]], [private.hex(), *(s.hex() for s in shares)], "key exchange: inputs")
            self.result(v, exchange(group, private, shares[1]) if CRYPTOGRAPHY else premaster)
        if premaster:
            label, seed = ((b"extended master secret", self.digest(self.transcript(cke, True))) if self.ems else (b"master secret", randoms))
            master = self.value("master_secret", premaster, label, seed, 48)
            same(self.secrets["CLIENT_RANDOM"].hex(), master.hex(), "the master secret of the key log")
        else:
            master = self.secrets["CLIENT_RANDOM"]
            same(self.values["master_secret"]["inputs"][0]["text"], "not known, not needed", "premaster secret")
        slices = [(f"{side} write {part}", n) for part, n in (("key", self.key_len), ("IV", self.iv_len)) for side in ("client", "server")]
        block = self.value("key_block", master, b"key expansion", self.server["random"] + self.client["random"],
                           2 * (self.key_len + self.iv_len), slices)
        self.keys, at = {}, 0
        for name, n in slices:
            self.keys[name] = block[at:at + n]
            at += n
        for side in ("client", "server"):
            m = self.message(20, side)
            data = self.value(f"{side}_verify_data", master, f"{side} finished".encode(), self.digest(self.transcript(m, False)), 12)
            same(m[2][4:].hex(), data.hex(), f"Finished of the {side}")
            self.verdict(f"{side}_finished", True)

    def check_records(self):
        same, opened = self.count.same, {}
        for r in self.story["records"]:
            if r["epoch"] == 0 or not self.values:
                continue
            p, fields = r["protection"], {f["name"]: bytes.fromhex(f["bytes"]) for f in r["fields"]}
            key, iv, number = self.keys[f"{r['from']} write key"], self.keys[f"{r['from']} write IV"], r["sequence_number"]
            if self.cipher == "gcm":
                nonce = iv + fields["nonce_explicit"]
                same(p["nonce_explicit"], fields["nonce_explicit"].hex(), "explicit nonce")
            else:
                nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
            additional = struct.pack(">QBHH", number, r["content"]["number"], r["version"]["number"], len(fields["ciphertext"]))
            same(p["nonce"], nonce.hex(), "nonce")
            same(p["additional_data"], additional.hex(), "additional data")
            same(p["tag"], fields["tag"].hex(), "tag")
            same(p["outcome"], "verified", "outcome of the tag")
            opener = AESGCM(key) if self.cipher == "gcm" else ChaCha20Poly1305(key)
            opened[r["from"], r["number"]] = opener.decrypt(nonce, fields["ciphertext"] + fields["tag"], additional)
        for m in self.story["messages"]:
            plain = opened.get((m["from"], m["record"]))
            if m["encrypted"] and plain is not None:
                same(m["bytes"], plain.hex(), f"content of a record: {m['name']}")


def main():
    words = sys.argv[1:]
    fede = None
    if words[:1] == ["--fede"]:
        fede, words = words[1], words[2:]
    n = 0
    for path in words:
        with open(path, encoding="utf-8") as f:
            n += Story(json.load(f), fede).check()
    print(f"recompute: {n} values in {len(words)} stories are the same" + ("" if CRYPTOGRAPHY else "; key exchange, signatures and "
          "records were not computed: python3-cryptography is not installed"))
    return 0 if n else 1


if __name__ == "__main__":
    sys.exit(main())
