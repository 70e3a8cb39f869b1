#!/usr/bin/env python3
"""damage.py FEDE FOLDER [--all]: each type of message of the corpus, damaged at many bytes, and what fede explain makes of it.

Handshakes of the corpus are put into connections of their own: one message in each record, TLS 1.3's sealed again with the
secrets of the key log. In each connection one message has one damage: a length that is too great, too small or nothing, an
extension that stands twice, a bit or a whole byte changed. Then, for each:

- nothing crashes, and no other message is lost: what comes behind the damaged one is told as before;
- every byte of every message lies in exactly one field; what can't be read is called "unread", and only where a fault is told;
- up to the first fault all fields are as they were; damage inside one extension leaves all the others as they were;
- a length that reaches beyond what encloses it is a fault, and at no byte behind it;
- each fault names a field below its message, a byte of the message, and a section of the standard; the story ends with it;
- text, JSON and page say the same.

Without python3-cryptography TLS 1.3's encrypted messages are left out, and that is said. Prints counts, and
`damage: N passed, N failed`."""
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402
import values  # noqa: E402  (reads the same arguments)

FEDE, FOLDER, EVERYTHING = values.fede, values.folder, "--all" in sys.argv
BATCH = 1000  # connections in one capture
FLIPS, MOST = (40, 1000) if EVERYTHING else (6, 14)  # of one message
# The corpus' handshakes in which every type of message is seen, in each of its forms.
HANDSHAKES = ["t12-client-authorities", "gnutls-t12-status", "t12-dhe", "t12-dhe-psk", "t12-ecdhe-psk", "t12-static-rsa", "t12-sct", "t10-client-certificate",
              "t12-resumed", "gnutls-t12-raw-key", "chromium-t12-h2", "t13-client-authorities", "t13-status", "t13-key-updates", "t13-retry", "gnutls-t13-raw-key",
              "t13-resumed", "nss-t13-ech-grease"]
SECTION = re.compile(r"(RFC \d+|draft-[a-z]|X\.690 )")
HEADER, HELLO_RETRY = 4, values.HELLO_RETRY
passed = failed = 0


def check(ok, words):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        if failed <= 40:
            print("not ok:", words)
    return ok


def run(*words):
    r = subprocess.run([FEDE, "explain", *words], capture_output=True, timeout=250, check=False)
    if r.returncode < 0 or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{' '.join(words)}: {r.returncode} {r.stderr.decode()[-3000:]}")
    return r.stdout.decode()


def connections(*words):
    document = json.loads(run("--json", *words))
    return document.get("connections", [document])


def source(name):
    path = next(f"{FOLDER}/{name}{end}" for end in (".pcapng.gz", ".pcapng", ".pcap.gz", ".pcap") if os.path.exists(f"{FOLDER}/{name}{end}"))
    keys = f"{FOLDER}/{name}.keys"
    return connections("--keylog", keys, path), keys


# ---- from messages to connections ----

class Handshake:
    """One connection's messages, and how they were protected."""

    def __init__(self, name, told, log):
        self.name, self.version, self.suite = name, 0, None
        self.messages = [m for m in told["messages"] if m["protocol"] in ("handshake", "change_cipher_spec")]
        random_ = ""
        for m in self.messages:
            if m["protocol"] == "handshake" and m["type"] == 1:
                random_ = m["bytes"][12:76]
            if m["protocol"] == "handshake" and m["type"] == 2 and m["bytes"][12:76] != HELLO_RETRY:
                field = {f["name"]: f for f in m["fields"]}
                new = any(f["name"] == "supported_versions" for f in field.get("extensions", {}).get("fields", []))
                self.version = 0x0304 if new else field["server_version"]["number"]
                self.suite = values.Suite(field["cipher_suite"]["text"].split(" ")[0], self.version)
                break
        self.secrets = log.get(random_, {})
        if self.version < 0x0304:  # what is sealed there says nothing that a new form could damage
            self.messages = [m for m in self.messages if not m["encrypted"]]

    def usable(self):
        return self.version != 0 and (self.version < 0x0304 or (values.CRYPTOGRAPHY and self.suite.aead))

    def frames(self, port, place, damaged):
        talk = packets.Talk(port=port, to=443)
        key, sequence, sealed_by, secret = {}, {}, {}, {}
        for i, m in enumerate(self.messages):
            side, data = m["from"], damaged if i == place else bytes.fromhex(m["bytes"])
            content = 20 if m["protocol"] == "change_cipher_spec" else 22
            if m["encrypted"]:
                label = self.label(i)
                if sealed_by.get(side) != label:
                    sealed_by[side], sequence[side], secret[side] = label, 0, self.secrets[label]
                    key[side] = self.keys_of(secret[side])
                record = self.seal(*key[side], sequence[side], data + bytes([content]))
                sequence[side] += 1
                if m["name"] == "KeyUpdate":
                    secret[side], sequence[side] = values.expand_label(self.suite.hash, secret[side], b"traffic upd", len(secret[side])), 0
                    key[side] = self.keys_of(secret[side])
            else:
                record = struct.pack(">BHH", content, 0x0303 if self.version != 0x0301 else 0x0301, len(data)) + data
            talk.say(side == "server", record)
        return talk.end()

    def keys_of(self, secret):
        return values.expand_label(self.suite.hash, secret, b"key", self.suite.key_len), values.expand_label(self.suite.hash, secret, b"iv", 12)

    def label(self, i):
        """Whose secret protects the message: the handshake's up to Finished, the application's behind it."""
        m = self.messages[i]
        done = any(b["type"] == 20 for b in self.messages[:i] if b["from"] == m["from"] and b["protocol"] == "handshake")
        return f"{m['from'].upper()}_" + ("TRAFFIC_SECRET_0" if done else "HANDSHAKE_TRAFFIC_SECRET")

    def seal(self, key, iv, number, inner):
        header = struct.pack(">BHH", 23, 0x0303, len(inner) + self.suite.tag)
        nonce = bytes(a ^ b for a, b in zip(iv, number.to_bytes(12, "big")))
        if self.suite.mode == "CCM":
            return header + values.AESCCM(key, tag_length=self.suite.tag).encrypt(nonce, inner, header)
        return header + (values.AESGCM if self.suite.mode == "GCM" else values.ChaCha20Poly1305)(key).encrypt(nonce, inner, header)


# ---- damages ----

def flat(fields):
    for f in fields:
        yield f
        yield from flat(f.get("fields", []))


def own_bytes(f):
    """How long its prefix is: a vector's length, or tag and length of DER."""
    if f.get("fields"):
        return f["fields"][0]["offset"] - f["offset"]
    return f["length"] - len(f.get("bytes", "")) // 2


def is_der(path):
    return bool(re.search(r"(certificate_list\.certificate|cert_data|response|distinguished_name|subject_public_key_info)\.", path))


def damages(handshake, m, chance):
    """(what, new bytes, offset, path of the extension it stays inside, must be told)"""
    data = bytes.fromhex(m["bytes"])
    hello = m["protocol"] == "handshake" and m["type"] == 1
    fixed = range(6, 38) if hello else range(0)  # the key log finds its line by the client's random
    # A choice of the server decides how all is read, and in TLS 1.3 whether anything is.
    decides = m["protocol"] == "handshake" and m["type"] == 2
    for f in flat(m["fields"]):
        width, at = own_bytes(f), f["offset"]
        plain_length = f["name"] == "length" and f["kind"] == "number"
        if is_der(f["path"]) or at < HEADER or decides:
            continue
        if plain_length:
            width, at = f["length"], f["offset"]
        if not 1 <= width <= 3 or (not plain_length and f["kind"] not in ("list", "bytes", "text", "struct")):
            continue
        extension = re.match(r"(.*?extensions\.[^.]+)\.", f["path"])
        inside = extension and not plain_length and f["path"].count("extensions.") == 1
        inside = inside and not extension.group(1).endswith("supported_versions")  # without TLS 1.3 other extensions mean nothing
        for what, value in (("too great", 256 ** width - 1), ("nothing", 0), ("one less", int.from_bytes(data[at:at + width], "big") - 1),
                            ("one more", int.from_bytes(data[at:at + width], "big") + 1)):
            if not 0 <= value < 256 ** width:
                continue
            new = data[:at] + value.to_bytes(width, "big") + data[at + width:]
            beyond = what == "too great" and at + width + value > len(data)
            yield f"{f['path']}: length {what}", new, at, extension.group(1) if inside else None, beyond
    for f in flat(m["fields"]):
        if re.fullmatch(r"(client_hello|encrypted_extensions|certificate_request|new_session_ticket)\.extensions\.[^.]+", f["path"]):
            again = data[f["offset"]:f["offset"] + f["length"]]
            parent = next(g for g in m["fields"] if g["name"] == "extensions")
            if again[:2] == b"\0\x29":  # pre_shared_key has to stay the last
                continue
            total = int.from_bytes(data[parent["offset"]:parent["offset"] + 2], "big") + len(again)
            body = data[HEADER:parent["offset"]] + total.to_bytes(2, "big") + again + data[parent["offset"] + 2:]
            yield f"{f['path']}: twice", data[:1] + len(body).to_bytes(3, "big") + body, parent["offset"] + 2 + len(again), None, True
            break
    if decides:
        return
    free = [i for i in range(HEADER if m["protocol"] == "handshake" else 0, len(data)) if i not in fixed]
    for i in chance.sample(free, min(FLIPS, len(free))):
        for what, byte in (("a bit", data[i] ^ 1 << chance.randrange(8)), ("all bits", data[i] ^ 0xff)):
            yield f"{m['name']}: {what} of byte {i}", data[:i] + bytes([byte]) + data[i + 1:], i, None, False


# ---- what is told ----

def tiles(fields, start, end, where):
    """Every byte in exactly one field, in order."""
    at = start
    for f in fields:
        if f["offset"] != at:
            return f"{where}: {f['path']} begins at {f['offset']}, not {at}"
        at += f["length"]
        if f.get("fields"):
            wrong = tiles(f["fields"], f["fields"][0]["offset"], f["offset"] + f["length"], where)
            if wrong or f["fields"][0]["offset"] < f["offset"]:
                return wrong or f"{where}: {f['path']}"
    return None if at == end else f"{where}: the fields end at {at}, not {end}"


def key_of(f):
    return f["path"], f["offset"], f["length"], f.get("bytes")


def judge(what, told, before, place, damage):
    name, data, at, extension, must = damage
    messages = [m for m in told["messages"] if m["protocol"] in ("handshake", "change_cipher_spec")]
    names = [(m["from"], m["name"]) for m in messages]
    if not check(names == [(m["from"], m["name"]) for m in before], f"{what}: messages {names}"):
        return []
    for m in messages:
        check(tiles(m["fields"], 0, len(m["bytes"]) // 2, what) is None, tiles(m["fields"], 0, len(m["bytes"]) // 2, what))
        unread = any(f["name"] == "unread" for f in flat(m["fields"]))
        check(not unread or m.get("faults"), f"{what}: {m['name']} has unread bytes and no fault")
        check(bool(m.get("faults")) == bool(m.get("malformed")), f"{what}: malformed without faults")
    m = messages[place]
    check(m["bytes"] == data.hex(), f"{what}: the message's bytes are others")
    faults = m.get("faults", [])
    check(bool(faults) or not must, f"{what}: no fault is told")
    root = m["fields"][0]["path"].split(".")[0]
    for f in faults:
        check(f["path"].split(".")[0] == root and f["path"].endswith(f["field"].split(".")[-1]) or f["path"] == root, f"{what}: path {f['path']}")
        check(0 <= f["offset"] <= len(data), f"{what}: offset {f['offset']}")
        check(bool(SECTION.match(f["section"])), f"{what}: section {f['section']!r} of {f['path']}")
        check(f["why"] != "", f"{what}: why")
    if must:
        check(faults and faults[0]["offset"] <= at, f"{what}: the first fault is at {faults and faults[0]['offset']}, the damage at {at}")
    first = min([f["offset"] for f in faults] + [at])
    twice = name.endswith(": twice")
    was = [key_of(f) for f in flat(before[place]["fields"]) if f["offset"] + f["length"] <= first and not is_der(f["path"])]
    was = [k for k in was if not twice or (k[1] >= HEADER and ".extensions" not in k[0])]
    now = {key_of(f) for f in flat(m["fields"])}
    check(all(k in now for k in was), f"{what}: fields before the damage are others: {[k for k in was if k not in now][:2]}")
    if extension:
        was = [key_of(f) for f in flat(before[place]["fields"]) if not (f["path"] + ".").startswith(extension + ".") and f["offset"] != at]
        was = [k for k in was if not (k[1] <= at < k[1] + k[2])]
        check(all(k in now for k in was), f"{what}: other fields changed: {[k for k in was if k not in now][:2]}")
    found = [f for f in told["findings"] if f["finding"] == "malformed"]
    for f in faults[:4]:
        line = f"{f['path']}, byte {f['offset']}: {f['why']} ({f['section']})"
        check(any(line in g["detail"] and g["path"] == f["path"] for g in found), f"{what}: the story does not end with {line}")
    return faults


def same_words(text, told, what):
    flat_text = re.sub(r"\s+", " ", text)
    n = 0
    for m in told["messages"]:
        for f in m.get("faults", []):
            n += 1
            line = f"malformed: {f['path']}, byte {f['offset']}: {f['why']} ({f['section']})"
            check(re.sub(r"\s+", " ", line) in flat_text, f"{what}: the text lacks: {line}")
    check(flat_text.count("malformed: ") >= n and ("✗ malformed: " in flat_text) == (n > 0), f"{what}: the text tells of other faults")


def main():
    chance, jobs, seen = random.Random(9846), [], {}
    with tempfile.TemporaryDirectory() as place:
        keys = f"{place}/keys"
        with open(keys, "w", encoding="utf-8") as all_keys:
            for name in HANDSHAKES:
                stories, key_file = source(name)
                with open(key_file, encoding="utf-8") as f:
                    all_keys.write(f.read())
                log = values.key_log(key_file)
                for told in stories:
                    h = Handshake(name, told, log)
                    if not h.usable():
                        seen.setdefault("left out", set()).add(name)
                        continue
                    for i, m in enumerate(h.messages):
                        form = (m["name"], h.version >= 0x0304, *sorted({f["path"] for f in flat(m["fields"])}))
                        if form in seen and not EVERYTHING:
                            continue
                        seen[form] = True
                        all_of_it = list(damages(h, m, chance))
                        jobs += [(h, i, d) for d in (all_of_it if len(all_of_it) <= MOST else [d for d in all_of_it if d[0].endswith("twice")] + chance.sample(all_of_it, MOST))]
        n_faults = broken = 0
        for start in range(0, len(jobs), BATCH):
            some = told_of(place, keys, jobs[start:start + BATCH])
            n_faults, broken = n_faults + some[0], broken + some[1]
    types = {(f[0], f[1]) for f in seen if f != "left out"}
    print(f"{len(jobs)} damaged messages of {len(types)} types; {broken} with faults, {n_faults} faults")
    if "left out" in seen:
        print(f"left out (no python3-cryptography, or another cipher): {', '.join(sorted(seen['left out']))}")
    check(len(types) >= (12 if "left out" in seen else 21) and broken > len(jobs) // 4, "too little was damaged")
    print(f"damage: {passed} passed, {failed} failed")
    return failed > 0


def told_of(place, keys, jobs):
    """One capture of many connections, told in each form. Returns how many faults, in how many messages."""
    frames = []
    for n, (h, i, d) in enumerate(jobs):
        frames += h.frames(1024 + n, i, d[1])
    capture = f"{place}/damaged.pcapng"
    packets.pcapng(capture, frames)
    told = connections("--keylog", keys, capture)
    if not check(len(told) == len(jobs), f"{len(told)} connections of {len(jobs)}"):
        return 0, 0
    texts = re.split(r"\*     connection (\d+): ", run("-v", "--width", "400", "--keylog", keys, capture))
    texts = {int(texts[k]): texts[k + 1] for k in range(1, len(texts) - 1, 2)}
    n_faults = broken = 0
    for c, (h, i, d) in zip(told, jobs):
        what = f"{h.name}: {h.messages[i]['name']}: {d[0]}"
        faults = judge(what, c, h.messages, i, d)
        n_faults, broken = n_faults + len(faults), broken + bool(faults)
        same_words(texts.get(c["connection"], ""), c, what)
    pages(place, keys, jobs, told)
    return n_faults, broken


def pages(place, keys, jobs, told):
    """The page has the same faults as the JSON, and says them to readers without script too."""
    some = [n for n, c in enumerate(told) if any(m.get("faults") for m in c["messages"])][::40]
    frames = []
    for n in some:
        h, i, d = jobs[n]
        frames += h.frames(1024 + n, i, d[1])
    packets.pcapng(f"{place}/some.pcapng", frames)
    run("-q", "--report", f"{place}/page.html", "--keylog", keys, f"{place}/some.pcapng")
    with open(f"{place}/page.html", encoding="utf-8") as f:
        page = f.read()
    stories = [json.loads(s) for s in re.findall(r'<script type="application/json" class="story">(.*?)</script>', page, re.S)]
    plain = re.findall(r"<noscript>\n(.*?)</noscript>", page, re.S)
    check(len(stories) == len(some) and len(plain) == len(some), f"page: {len(stories)} stories of {len(some)}")
    for n, story, written in zip(some, stories, plain):
        what = f"page: {jobs[n][2][0]}"
        check([m.get("faults") for m in story["messages"]] == [m.get("faults") for m in told[n]["messages"]], f"{what}: other faults")
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", written))
        for m in story["messages"]:
            for f in m.get("faults", []):
                check(all(str(f[k]) in words for k in ("path", "offset", "section")), f"{what}: without script: {f}")


if __name__ == "__main__":
    sys.exit(main())
