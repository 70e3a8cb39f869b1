#!/usr/bin/env python3
"""values.py FEDE FOLDER [NAME...]: every value of the corpus' stories computed again, from the captures' key logs alone.

Fields against the bytes of their message; key block and verify_data by PRF; nonce, additional data, tag or MAC, padding and
plaintext of each protected record by opening it; both Finished; in TLS 1.3 all of that from the traffic secrets. Hashes are
Python's, ciphers those of python3-cryptography: without it records are not opened, and that is said. No code is shared with
fede. Prints values, equal, different, and `values: N passed, N failed`."""
import collections
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import sys

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
    CRYPTOGRAPHY = True
except ImportError:
    CRYPTOGRAPHY = False

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
counts = collections.Counter()


def same(seen, wanted, what):
    counts["equal" if seen == wanted else "different"] += 1
    if seen != wanted:
        print(f"different: {what}: the story has {str(seen)[:200]}, computed {str(wanted)[:200]}")
    return seen == wanted


def key_log(path):
    """{client random or session id: {label: secret}}; lines of other kinds are passed over."""
    out = collections.defaultdict(dict)
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.fullmatch(r"([A-Z_0-9]+) ([0-9a-fA-F]{64}) ([0-9a-fA-F]+)", line.strip())
            by_id = re.fullmatch(r"RSA Session-ID:([0-9a-f]+) Master-Key:([0-9a-f]{96})", line.strip())
            if by_id:
                out[by_id.group(1)]["CLIENT_RANDOM"] = bytes.fromhex(by_id.group(2))
            if m:
                out[m.group(2).lower()][m.group(1)] = bytes.fromhex(m.group(3))
    return out


def stories(path, keys):
    r = subprocess.run([fede, "explain", "--json=lines", "-vv", "--show-secrets", "--keylog", keys, path], capture_output=True, timeout=60, check=False)
    out = collections.OrderedDict()
    for line in r.stdout.splitlines():
        e = json.loads(line)
        if "connection" in e:
            out.setdefault(e["connection"], []).append(e)
    return out.values()


# ---- key schedules ----

def p_hash(name, secret, seed, length):
    out, a = b"", seed
    while len(out) < length:
        a = hmac.new(secret, a, name).digest()
        out += hmac.new(secret, a + seed, name).digest()
    return out[:length]


def prf(name, secret, label, seed, length):
    if name != "md5+sha1":
        return p_hash(name, secret, label + seed, length)
    half = (len(secret) + 1) // 2
    return bytes(a ^ b for a, b in zip(p_hash("md5", secret[:half], label + seed, length), p_hash("sha1", secret[-half:], label + seed, length)))


def ssl3_expand(secret, seed, length):
    """RFC 6101 6.1, 6.2.2."""
    out = b""
    for i in range(1, 27):
        out += hashlib.md5(secret + hashlib.sha1(bytes([64 + i]) * i + secret + seed).digest()).digest()
    return out[:length]


def ssl3_hashes(master, sender, messages):
    """RFC 6101 5.6.9, without a sender 5.6.8."""
    return b"".join(h(master + b"\x5c" * n + h(messages + sender + master + b"\x36" * n).digest()).digest() for h, n in ((hashlib.md5, 48), (hashlib.sha1, 40)))


def record_mac(version, name, key, sequence, kind, content):
    if version != 0x0300:
        return hmac.new(key, struct.pack(">QBHH", sequence, kind, version, len(content)) + content, name).digest()
    h, n = (hashlib.md5, 48) if name == "md5" else (hashlib.sha1, 40)  # RFC 6101 5.2.3.1
    return h(key + b"\x5c" * n + h(key + b"\x36" * n + struct.pack(">QBH", sequence, kind, len(content)) + content).digest()).digest()


def key_block(version, suite, master, client, server, length):
    if version == 0x0300:
        return ssl3_expand(master, server + client, length)
    return prf(suite.hash, master, b"key expansion", server + client, length)


def verify_data(version, suite, master, side, seen):
    if version == 0x0300:
        return ssl3_hashes(master, {"client": b"CLNT", "server": b"SRVR"}[side], seen)
    return prf(suite.hash, master, f"{side} finished".encode(), digest(suite.hash, seen), 12)


def digest(name, data):
    if name == "md5+sha1":
        return hashlib.md5(data).digest() + hashlib.sha1(data).digest()
    return hashlib.new(name, data).digest()


def expand_label(name, secret, label, length, context=b""):
    info = struct.pack(">HB", length, 6 + len(label)) + b"tls13 " + label + bytes([len(context)]) + context
    out, block, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac.new(secret, block + info + bytes([i]), name).digest()
        out += block
    return out[:length]


class Suite:
    """What a suite's registered name says."""

    def __init__(self, name, version):
        rest = name.split("_WITH_")[-1].removeprefix("TLS_")
        self.hash = "sha384" if rest.endswith("SHA384") else "sha256"
        if version < 0x0303:
            self.hash = "md5+sha1"
        self.mac = {"SHA": "sha1", "SHA256": "sha256", "SHA384": "sha384", "MD5": "md5"}.get(rest.split("_")[-1])
        self.key_len = 24 if "3DES" in rest else 16 if "128" in rest else 32 if "256_" in rest or "CHACHA" in rest else 0
        self.mode = next((m for m in ("GCM", "CCM", "CHACHA20", "CBC", "RC4", "NULL") if m in rest), "?")
        self.tag = 8 if rest.endswith("CCM_8") or "CCM_8_" in rest else 16
        self.kind = "CAMELLIA" if "CAMELLIA" in rest else "ARIA" if "ARIA" in rest else "3DES" if "3DES" in rest else "AES"
        self.block = 8 if self.kind == "3DES" else 16
        self.aead = self.mode in ("GCM", "CCM", "CHACHA20")
        self.mac_len = 0 if self.aead else hashlib.new(self.mac).digest_size if self.mac else 0
        fixed = 12 if self.mode == "CHACHA20" else 4
        self.iv_len = fixed if self.aead else self.block if version <= 0x0301 and self.mode == "CBC" else 0
        self.known = CRYPTOGRAPHY and self.mode != "?" and not (self.kind == "ARIA" or (self.kind == "CAMELLIA" and self.aead))

    def open_aead(self, key, nonce, sealed, additional):
        try:
            if self.mode == "GCM":
                return AESGCM(key).decrypt(nonce, sealed, additional)
            if self.mode == "CCM":
                return AESCCM(key, tag_length=self.tag).decrypt(nonce, sealed, additional)
            return ChaCha20Poly1305(key).decrypt(nonce, sealed, additional)
        except InvalidTag:
            return None

    def decrypt_cbc(self, key, iv, data):
        algorithm = {"AES": algorithms.AES, "3DES": algorithms.TripleDES, "CAMELLIA": algorithms.Camellia}[self.kind]
        d = Cipher(algorithm(key), modes.CBC(iv)).decryptor()
        return d.update(data) + d.finalize()


# ---- one connection ----

class Connection:
    def __init__(self, name, events, log):
        self.name, self.log = name, log
        self.messages = [e for e in events if e["event"] == "message"]
        self.records = [e for e in events if e["event"] == "record"]
        self.checks = [e for e in events if e["event"] == "check"]
        self.end = next((e for e in events if e["event"] == "end"), {})
        self.hellos = []  # (client random, server random, suite, version, index of the ClientHello)
        for i, m in enumerate(self.messages):
            if m["protocol"] == "handshake" and m["type"] == 1:
                client, at = m["bytes"][12:76], i
            elif m["protocol"] == "ssl2" and m["type"] == 1:  # RFC 5246 E.2: the challenge, with zeros in front
                client, at = m["bytes"][-2 * int(m["bytes"][14:18], 16):].rjust(64, "0"), i
            elif m["protocol"] == "handshake" and m["type"] == 2 and m["bytes"][12:76] != HELLO_RETRY:
                self.answer(m, client if "client" in locals() else None, at if "at" in locals() else 0)

    def answer(self, m, client, at):
        body = bytes.fromhex(m["bytes"])[4:]
        version = struct.unpack_from(">H", body)[0]
        e = 38 + body[34]
        while e + 2 < len(body) - 3 and version == 0x0303:
            number, n = struct.unpack_from(">HH", body, e + 2)
            version = 0x0304 if number == 43 else version
            e += 4 + n
        name = next((f["text"].split(" ")[0] for f in m["fields"] if f["name"] == "cipher_suite"), "")
        self.extended = b"\0\x17\0\0" in body[38 + body[34]:]
        self.mac_last = b"\0\x16\0\0" in body[38 + body[34]:]
        session = body[35:35 + body[34]].hex()
        if session in self.log and client:
            self.log[client] = self.log[session]
        if client:
            self.hellos.append((client, m["bytes"][12:76], Suite(name, version), version, at))

    def walk(self):
        for m in self.messages:
            self.fields(m["fields"], bytes.fromhex(m["bytes"]), m["name"])
            same(m["length"], len(m["bytes"]) // 2, f"{self.name}: length of {m['name']}")
        for r in self.records:
            for f in r.get("fields", []):
                if "number" in f:
                    wanted = int(f["bytes"], 16)
                    if f["path"] == "ssl2_record.length":  # the top bits tell the header's form
                        wanted &= 0x7fff if wanted & 0x8000 else 0x3fff
                    same(f["number"], wanted, f"{self.name}: {f['path']}")
        if not self.hellos:
            return
        if self.hellos[0][3] >= 0x0304:
            self.records_13()
        else:
            self.derived_12()
            self.records_12()

    def fields(self, fields, whole, title):
        for f in fields:
            end = f["offset"] + f["length"]
            same(end <= len(whole), True, f"{self.name}: {title}: {f['path']} ends inside")
            if "bytes" in f:
                taken = bytes.fromhex(f["bytes"])
                same(taken.hex(), whole[end - len(taken):end].hex(), f"{self.name}: {title}: {f['path']}")
            if "number" in f and "bytes" in f and f["kind"] == "number":
                same(f["number"], int(f["bytes"], 16), f"{self.name}: {title}: number of {f['path']}")
            if f["kind"] == "text" and re.fullmatch(r"[ -~]*", f.get("text", "")) and f["length"] and f["text"] != "empty":
                same(f["text"], bytes.fromhex(f["bytes"]).decode("latin-1"), f"{self.name}: {title}: text of {f['path']}")
            self.fields(f.get("fields", []), whole, title)

    def transcript(self, start, side):
        """Messages of the handshake before the Finished of a side."""
        out = b""
        for m in self.messages[start:]:
            if m["protocol"] == "ssl2":
                out += bytes.fromhex(m["bytes"])
            if m["protocol"] == "handshake":
                if m["type"] == 20 and m["from"] == side:
                    return out, bytes.fromhex(m["bytes"])[4:]
                if m["type"] != 0:
                    out += bytes.fromhex(m["bytes"])
        return None, None

    def secret(self, client):
        return self.log.get(client, {}).get("CLIENT_RANDOM")

    def derived_12(self):
        client, server, suite, version, at = self.hellos[0]
        master = self.secret(client)
        values = {v["name"]: v for v in self.end.get("derived", [])}
        if not master or self.end.get("onlooker", {}).get("keys") == "wrong secret":
            return
        if "key_block" in values:
            v = values["key_block"]
            sizes = [(f"{s} write {p}", n) for p, n in (("MAC key", suite.mac_len), ("key", suite.key_len), ("IV", suite.iv_len)) for s in ("client", "server") if n]
            block = key_block(version, suite, master, bytes.fromhex(client), bytes.fromhex(server), sum(n for _, n in sizes))
            same(v["value"], block.hex(), f"{self.name}: key block")
            slices, place = [], 0
            for part, n in sizes:
                slices.append((part, block[place:place + n].hex()))
                place += n
            same([(p["name"], p["bytes"]) for p in v["outputs"]], slices, f"{self.name}: slices of the key block")
        if "master_secret" in values:
            same(values["master_secret"]["value"], master.hex(), f"{self.name}: master secret")
        for side in ("client", "server"):
            seen, verify = self.transcript(at, side)
            if seen is None:
                continue
            computed = verify_data(version, suite, master, side, seen)
            if f"{side}_verify_data" in values:
                same(values[f"{side}_verify_data"]["value"], computed.hex(), f"{self.name}: verify_data of the {side}")
            self.outcome(f"{side} Finished", verify == computed)

    def outcome(self, name, good):
        found = [c["outcome"] for c in self.checks if c["name"] == name and c["outcome"] != "not checkable"]
        if found:
            same(found[0], "verified" if good else "failed", f"{self.name}: {name}")

    def records_12(self):
        """Each protected record by the keys of the handshakes so far."""
        keys = {}
        for client, server, suite, version, _ in self.hellos:
            master = self.secret(client)
            if master and suite.known:
                sizes = [suite.mac_len, suite.mac_len, suite.key_len, suite.key_len, suite.iv_len, suite.iv_len]
                block = key_block(version, suite, master, bytes.fromhex(client), bytes.fromhex(server), sum(sizes))
                parts = []
                for n in sizes:
                    parts.append(block[:n])
                    block = block[n:]
                for i, side in enumerate(("client", "server")):
                    keys.setdefault(side, []).append((suite, version, parts[i], parts[2 + i], [parts[4 + i]]))
        for r in self.records:
            p = r.get("protection")
            if not p or r["from"] not in keys:
                counts["without key"] += bool(p)
                continue
            results = [self.open_12(r, *k) for k in keys[r["from"]]]
            opened = next((x for x in results if x), None)
            self.protection(r, p, opened)

    def open_12(self, r, suite, version, mac_key, key, chain):
        f = {x["name"]: bytes.fromhex(x["bytes"]) for x in r["fields"] if "bytes" in x}
        kind, sequence = r["content"]["number"], r["sequence_number"]
        body = b"".join(f[n] for n in ("nonce_explicit", "iv", "ciphertext", "content_and_mac", "tag", "mac") if n in f)

        def additional(n):
            return struct.pack(">QBH", sequence, kind, n) if version == 0x0300 else struct.pack(">QBHH", sequence, kind, version, n)
        if suite.aead:
            explicit = 0 if suite.mode == "CHACHA20" else 8
            head, sealed = body[:explicit], body[explicit:]
            nonce = chain[0] + head if explicit else (int.from_bytes(chain[0], "big") ^ sequence).to_bytes(12, "big")
            aad = additional(len(sealed) - suite.tag)
            plain = suite.open_aead(key, nonce, sealed, aad)
            return plain is not None and {"plain": plain, "additional_data": aad.hex(), "nonce": nonce.hex(), "nonce_explicit": head.hex(), "tag": sealed[-suite.tag:].hex()}
        if suite.mode == "NULL":
            plain, mac, more = body[:-suite.mac_len], body[-suite.mac_len:], {}
        elif suite.mode == "RC4":
            return self.open_stream(r, suite, mac_key, key, chain, body, additional, version)
        else:
            chained = version <= 0x0301
            iv = chain[0] if chained else body[:suite.block]
            data = body if chained else body[suite.block:]
            mac_last = self.mac_last
            if mac_last:
                tag, data = data[-suite.mac_len:], data[:-suite.mac_len]
            text = suite.decrypt_cbc(key, iv, data) if data and len(data) % suite.block == 0 else b"\0"
            pad = text[-1] + 1
            more = {"padding_length": pad}
            if not chained:
                more["nonce_explicit"] = iv.hex()
            if mac_last:
                aad = additional(len(b"" if chained else iv) + len(data))
                sent = (b"" if chained else iv) + data
                if hmac.new(mac_key, aad + sent, suite.mac).digest() != tag:
                    return None
                chain[0] = data[-suite.block:]
                return dict(more, plain=text[:-pad], additional_data=aad.hex(), tag=tag.hex())
            plain, mac = text[:-pad - suite.mac_len], text[-pad - suite.mac_len:-pad]
            if record_mac(version, suite.mac, mac_key, sequence, kind, plain) == mac:
                chain[0] = data[-suite.block:]
        if record_mac(version, suite.mac, mac_key, sequence, kind, plain) != mac:
            return None
        return dict(more, plain=plain, additional_data=additional(len(plain)).hex(), mac=mac.hex())

    def open_stream(self, r, suite, mac_key, key, chain, body, additional, version):
        if not isinstance(chain[0], object) or chain[0] in (b"", None):
            chain[0] = Cipher(algorithms.ARC4(key), mode=None).decryptor()
        text = chain[0].update(body)
        plain, mac = text[:-suite.mac_len], text[-suite.mac_len:]
        if record_mac(version, suite.mac, mac_key, r["sequence_number"], r["content"]["number"], plain) != mac:
            return None
        return {"plain": plain, "additional_data": additional(len(plain)).hex(), "mac": mac.hex()}

    def protection(self, r, p, opened):
        where = f"{self.name}: record {r['number']} of the {r['from']}"
        same(p["outcome"], "verified" if opened else "failed", f"{where}: outcome")
        if not opened:
            return
        for key in ("nonce", "nonce_explicit", "additional_data", "tag", "mac", "padding_length"):
            if key in p and key in opened:
                same(p[key], opened[key], f"{where}: {key}")
        self.content(r, opened["plain"], where)

    def content(self, r, plain, where):
        same(r["plain_length"], len(plain), f"{where}: length in the clear")
        if "data" in r:
            same(r["data"], plain.hex(), f"{where}: data")
        elif r["content"]["number"] == 21:
            alerts = [m["bytes"] for m in self.messages if m["protocol"] == "alert" and m["from"] == r["from"] and m["record"] == r["number"]]
            same(alerts, [plain.hex()], f"{where}: alert")

    def records_13(self):
        client, _, suite, _, at = self.hellos[0]
        log = self.log.get(client, {})
        if not log or not suite.known:
            counts["without key"] += sum("protection" in r for r in self.records)
            return
        labels = {"client": ("CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"),
                  "server": ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0")}
        chains = {}
        for side, names in labels.items():
            chain = [log[n] for n in names if n in log]
            for _ in range(6):  # KeyUpdates
                chain.append(expand_label(suite.hash, chain[-1], b"traffic upd", len(chain[-1]))) if chain else None
            chains[side] = [(expand_label(suite.hash, s, b"key", suite.key_len), expand_label(suite.hash, s, b"iv", 12)) for s in chain]
        stream = {"client": b"", "server": b""}
        for r in self.records:
            p = r.get("protection")
            if not p:
                continue
            f = {x["name"]: bytes.fromhex(x["bytes"]) for x in r["fields"] if "bytes" in x}
            sealed = f.get("ciphertext", b"") + f.get("tag", b"")
            aad = b"\x17\3\3" + struct.pack(">H", len(sealed))
            opened = None
            for i, (key, iv) in enumerate(chains[r["from"]]):
                nonce = (int.from_bytes(iv, "big") ^ r["sequence_number"]).to_bytes(12, "big")
                inner = suite.open_aead(key, nonce, sealed, aad)
                if inner is not None:
                    text = inner.rstrip(b"\0")
                    opened = {"plain": text[:-1], "nonce": nonce.hex(), "additional_data": aad.hex(), "tag": sealed[-suite.tag:].hex()}
                    same(r["content"]["number"], text[-1], f"{self.name}: inner type")
                    del chains[r["from"]][:i]
                    if text[-1] == 22:
                        stream[r["from"]] += text[:-1]
                    break
            self.protection(r, p, opened)
        for side in stream:
            told = "".join(m["bytes"] for m in self.messages if m["encrypted"] and m["from"] == side and m["protocol"] == "handshake")
            if stream[side]:
                same(told, stream[side].hex(), f"{self.name}: handshake messages of the {side} under keys")
            self.finished_13(side, suite, log, at)

    def finished_13(self, side, suite, log, at):
        secret = log.get(f"{side.upper()}_HANDSHAKE_TRAFFIC_SECRET")
        seen, verify = self.transcript(at, side)
        if secret is None or seen is None:
            return
        retry = [i for i, m in enumerate(self.messages) if m["protocol"] == "handshake" and m["type"] == 2 and m["bytes"][12:76] == HELLO_RETRY]
        if retry:
            first = bytes.fromhex(self.messages[0]["bytes"])
            before = bytes.fromhex(self.messages[retry[0]]["bytes"])
            hashed = digest(suite.hash, first)
            seen = b"\xfe\0\0" + bytes([len(hashed)]) + hashed + before + seen
        key = expand_label(suite.hash, secret, b"finished", len(secret))
        self.outcome(f"{side} Finished", hmac.new(key, digest(suite.hash, seen), suite.hash).digest() == verify)


HELLO_RETRY = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"


def main():
    names = {f.split(".pcapng")[0]: f"{folder}/{f}" for f in sorted(os.listdir(folder)) if ".pcapng" in f}
    n = 0
    for name, path in names.items():
        if sys.argv[3:] and name not in sys.argv[3:]:
            continue
        keys = f"{folder}/{name}.keys"
        for events in stories(path, keys):
            Connection(name, events, key_log(keys)).walk()
            n += 1
    if not CRYPTOGRAPHY:
        print("python3-cryptography is not installed: records were not opened")
    print(f"{n} stories; values computed again: {counts['equal'] + counts['different']}, equal {counts['equal']}, different {counts['different']}; "
          f"protected records without a key to compute with: {counts['without key']}")
    print(f"values: {counts['equal']} passed, {counts['different']} failed")
    return counts["different"] > 0 or n == 0


if __name__ == "__main__":
    sys.exit(main())
