#!/usr/bin/env python3
"""against.py FEDE FOLDER [--all | --record] [--write FILE] [NAME...]: the whole corpus against tshark, byte for byte.

For each capture: every record, message, alert, field value and plaintext that tshark shows must be in the story of fede, at
the same offset with the same bytes, in the field that mapping.json names for it. What differs has to be explained by a row of
disagreements.json (which capture, what, why, which section); a row that explains nothing any more is a failure too. Then every
byte of handshake messages and record headers must belong to a named field that has a sentence in the glossary.

What tshark says stands in FOLDER/tshark-facts.json.xz; --record makes it anew, --all asks tshark again and compares. --write FILE
writes the table as documentation. Prints the table and `against tshark: N passed, N failed`."""
import collections
import fnmatch
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import tshark  # noqa: E402
from coverage import Covered, flat  # noqa: E402

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FACTS = f"{folder}/tshark-facts.json.xz"
passed = failed = 0
with open(f"{HERE}/mapping.json", encoding="utf-8") as f:
    MAPPING = json.load(f)
with open(f"{HERE}/disagreements.json", encoding="utf-8") as f:
    EXPLAINED = json.load(f)


def check(ok, words):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("not ok:", words)


def captures():
    return {f.split(".pcapng")[0]: f"{folder}/{f}" for f in sorted(os.listdir(folder)) if ".pcapng" in f}


def story(path, keys):
    """The connections of the line form: [{records, messages}], by the client's port."""
    r = subprocess.run([fede, "explain", "--json=lines", "-vv", "--keylog", keys, path], capture_output=True, timeout=60, check=False)
    if r.returncode < 0 or r.returncode in (1, 2) or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{path}: exit {r.returncode}: {r.stderr.decode()[-500:]}")
    out = collections.OrderedDict()
    for line in r.stdout.splitlines():
        e = json.loads(line)
        if "connection" not in e:
            continue
        c = out.setdefault(e["connection"], {"records": [], "messages": [], "port": 0, "checks": []})
        if e["event"] == "start":
            c["port"] = int(e["title"].split("client ")[1].split(",")[0].rsplit(":", 1)[1])
        elif e["event"] in ("record", "message", "check"):
            c[e["event"] + "s"].append(e)
    return list(out.values()), r.returncode


class Fields:
    """Fields of a message of fede, to be asked by what tshark has."""

    def __init__(self, message):
        self.bytes = bytes.fromhex(message["bytes"])
        self.all = []
        for f in flat(message["fields"]):
            content = len(f["bytes"]) // 2 if "bytes" in f and f["kind"] not in ("list", "struct") else None
            self.all.append((f["path"], f["offset"], f["length"], content, f))

    def has(self, rule, offset, size, value, show):
        kind, paths = rule[0], rule[1:]
        if value and self.bytes[offset:offset + size].hex() != value and kind != "bits":
            return False
        for path, at, length, content, f in self.all:
            if not any(path == p or path.endswith("." + p) for p in paths):
                continue
            end = at + length
            prefix = length - content if content is not None else None
            if kind == "value" and content is not None and at + prefix == offset and content == size:
                return "number" not in f or not value or f["number"] == int(value, 16)
            if kind == "length" and at == offset and length - size == int(value or "0", 16):
                return True
            if kind == "inside" and at <= offset and offset + size <= end:
                return True
            if kind == "der" and end == offset + size and 0 <= offset - at <= 8:
                return True
            if kind == "bits" and at <= offset and offset + size <= end:
                return True
        return False


class Compared(Covered):
    def __init__(self, name):
        super().__init__()
        self.name, self.fields, self.messages, self.differences = name, 0, 0, []
        self.plain = self.theirs = 0

    def differs(self, what, detail):
        self.differences.append((what, detail))

    def connection(self, c, s):
        self.compare_text(c, s["text"])
        ours = {side: [m for m in c["messages"] if m["from"] == side] for side in tshark.SIDES}
        for side in tshark.SIDES:
            self.compare_records(side, [r for r in c["records"] if r["from"] == side], s[side]["records"])
            self.compare_messages(side, [m for m in ours[side] if m["protocol"] in ("handshake", "ssl2")], s[side]["messages"])
            alerts = [[int(m["bytes"][:2], 16), int(m["bytes"][2:4], 16)] for m in ours[side] if m["protocol"] == "alert" and len(m["bytes"]) == 4]
            self.in_order(side, "alert", alerts, s[side]["alerts"], lambda a: str(a))

    def compare_text(self, c, theirs):
        """Byte for byte."""
        mine = ["".join(r.get("data", "") for r in c["records"] if r["from"] == side) for side in tshark.SIDES]
        for side, our, their in zip(tshark.SIDES, mine, theirs):
            self.plain, self.theirs = self.plain + bool(our), self.theirs + bool(their)
            if our != their:
                self.differs("plaintext" if their else "plaintext-silent", f"{side}: tshark has {len(their) // 2} bytes, fede {len(our) // 2}")

    def compare_records(self, side, mine, theirs):
        def header(r):
            fields = {f["path"]: f["number"] for f in r.get("fields", []) if f["path"] in ("record.type", "record.version", "record.length")}
            old = next((f for f in r.get("fields", []) if f["path"] == "ssl2_record.length"), None)
            if old:  # tshark gives the two bytes as they are, with their top bit
                return [0, 0, int(old["bytes"], 16)]
            return [fields.get("record.type"), fields.get("record.version"), fields.get("record.length")]
        self.in_order(side, "record", [header(r) for r in mine], theirs, str)

    def in_order(self, side, what, mine, theirs, words):
        """All of theirs among mine, in their order."""
        at = 0
        for t in theirs:
            self.messages += what != "record"
            where = next((i for i in range(at, len(mine)) if mine[i] == t), None)
            if where is None:
                self.differs(what, f"{side}: {words(t)} is missing")
            else:
                at = where + 1
        if len(mine) > len(theirs):
            self.differs(f"{what}-silent", f"{side}: tshark shows {len(theirs)}, fede {len(mine)}")

    def compare_messages(self, side, mine, theirs):
        at = 0
        for t in theirs:
            self.messages += 1
            header = {f[0]: f[3] for f in t["fields"][:3]}
            where = next((i for i in range(at, len(mine)) if mine[i]["type"] == t["type"] and (mine[i]["protocol"] == "ssl2") == ("ssl2" in t) and
                          ("ssl2" in t or mine[i]["bytes"][2:8] == header.get("tls.handshake.length", ""))), None)
            if where is None:
                self.differs("message", f"{side}: handshake type {t['type']} of length {header.get('tls.handshake.length')} is missing")
                continue
            at = where + 1
            self.compare_fields(side, Fields(mine[where]), t, mine[where]["name"])
        if len(mine) > len(theirs):
            self.differs("message-silent", f"{side}: tshark shows {len(theirs)}, fede {len(mine)}")

    def compare_fields(self, side, mine, theirs, title):
        for name, offset, size, value, show in theirs["fields"]:
            rule = MAPPING.get(f"ssl2:{name}", MAPPING.get(name)) if "ssl2" in theirs else MAPPING.get(name)
            if rule is None:
                self.differs("unmapped", f"{title}: {name} = {show}")
            elif rule[0] == "skip" or size == 0:
                continue
            else:
                self.fields += 1
                if not mine.has(rule, offset, size, value, show):
                    self.differs(f"field {name}", f"{side} {title}: {name} at {offset}, {size} bytes: {show}")


def compare(name, path, theirs):
    out = Compared(name)
    ours, _ = story(path, f"{folder}/{name}.keys")
    left = list(ours)
    for s in theirs:
        c = next((c for c in left if c["port"] == s["port"]), None)
        if c is None:
            out.differs("connection", f"client port {s['port']} is missing")
            continue
        left.remove(c)
        out.connection(c, s)
    for c in left:
        out.differs("connection-silent", f"client port {c['port']}: only fede shows it")
        out.plain += sum(any("data" in r for r in c["records"] if r["from"] == side) for side in tshark.SIDES)
    for c in ours:
        out.story(c["messages"], c["records"])
    return out


def explained(name, what, used):
    for i, row in enumerate(EXPLAINED):
        if any(fnmatch.fnmatch(name, n) for n in row["captures"]) and fnmatch.fnmatch(what, row["what"]):
            used.add(i)
            return row
    return None


def known_facts(names):
    if "--record" in sys.argv or "--all" in sys.argv:
        made = {"version": tshark.version(), "captures": {n: tshark.facts(p, f"{folder}/{n}.keys") for n, p in names.items()}}
        if "--record" in sys.argv:
            if len(names) < len(captures()):  # some alone: the others stay as they are
                made["captures"] = dict(tshark.load(FACTS)["captures"], **made["captures"])
            tshark.store(FACTS, json.loads(json.dumps(made)))
        else:
            known = tshark.load(FACTS)
            if known["version"] == made["version"]:
                check(json.loads(json.dumps(made["captures"])) == {n: known["captures"].get(n) for n in names}, "tshark says something else than what is stored")
            return json.loads(json.dumps(made))
    return tshark.load(FACTS)


def main():
    chosen = [w for i, w in enumerate(sys.argv[3:], 3) if not w.startswith("--") and sys.argv[i - 1] != "--write"]
    names = {n: p for n, p in captures().items() if not chosen or n in chosen}
    known = known_facts(names)
    rows, used = [], set()
    for name, path in names.items():
        check(name in known["captures"], f"{name}: what tshark says of it is not stored: --record")
        out = compare(name, path, known["captures"].get(name, []))
        reasons = collections.OrderedDict()
        for what, detail in out.differences:
            row = explained(name, what, used)
            check(row is not None, f"{name}: {what}: {detail}")
            if row:
                reasons[row["why"]] = row
        malformed = any(fnmatch.fnmatch(name, n) for row in EXPLAINED if row["what"] == "uncovered" for n in row["captures"])
        for i, row in enumerate(EXPLAINED):
            if row["what"] == "uncovered" and out.covered < out.bytes and any(fnmatch.fnmatch(name, n) for n in row["captures"]):
                used.add(i)
        check(out.covered == out.bytes or malformed, f"{name}: {out.bytes - out.covered} of {out.bytes} bytes have no named field with a sentence: {sorted(out.uncovered)[:6]}")
        check(out.bytes > 0 or malformed or not out.messages, f"{name}: nothing covered")
        rows.append((out, list(reasons.values())))
    if not chosen:
        for i, row in enumerate(EXPLAINED):
            if i not in used and "pending" in row:
                print(f"no longer pending: {row['pending']}: row {i} of disagreements.json can go")
            else:
                check(i in used, f"disagreements.json: nothing differs any more as row {i} says: {row}")
    text = table(rows, known["version"])
    print(text)
    if "--write" in sys.argv:
        write(sys.argv[sys.argv.index("--write") + 1], rows, known["version"], text)
    print(f"against tshark: {passed} passed, {failed} failed")
    return failed > 0


def table(rows, version):
    total = lambda what: sum(getattr(out, what) for out, _ in rows)
    pending = collections.Counter(row["pending"] for _, reasons in rows for row in reasons if "pending" in row)
    covered = sum(out.covered for out, _ in rows)
    lines = [f"{len(rows)} captures; {version}",
             f"messages and alerts tshark shows: {total('messages')}; field values compared: {total('fields')}",
             f"plaintexts (one for each side of a connection): fede {total('plain')}, tshark {total('theirs')}",
             f"bytes of handshake messages, alerts and {total('headers')} record headers in named fields with a sentence: {covered} of {total('bytes')}",
             f"captures with a disagreement, all explained: {sum(bool(r) for _, r in rows)}"]
    for word, n in pending.items():
        lines.append(f"pending: {word}: {n} captures")
    return "\n".join(lines)


ALTERED = """
## Altered on purpose

`run.py` changes captures and key logs and asks what fede says; tshark 4 shows the same tree as before, or nothing:

| what | fede |
|---|---|
| a bit of ServerKeyExchange's signature, or of the share under it | the check FAILED, exit status 12 |
| verify_data of twelve zeros, sealed with the right keys | tag verified, Finished FAILED, exit status 12 |
| a bit of a record | tag FAILED, exit status 12 |
| a wrong secret in the key log | keys: wrong secret; exit status 13 |
| a key log with traffic secrets only | what they open is open; keys: partial |
| a secrets block behind the packets; TLS on port 445; segments out of order or overlapping | the same story as before |
"""


def write(path, rows, version, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write("# Captures\n\nThe corpus of `tests/captures/data`: captures of real peers on loopback (`make.py`, `peers.py`), and what fede and tshark make\n"
                "of them with the same key logs. Written by `tests/captures/against.py FEDE FOLDER --write docs/captures.md`.\n\n"
                + "".join(f"- {line}\n" for line in text.split("\n")) +
                "\nA plaintext is counted for each side that said something. The last column has the numbers of the reasons below.\n\n"
                "| capture | messages | fields | plaintexts fede | tshark | bytes in named fields | disagreements |\n|---|---|---|---|---|---|---|\n")
        whys = list(collections.OrderedDict((row["why"], row) for _, reasons in rows for row in reasons).values())
        numbers = {row["why"]: i + 1 for i, row in enumerate(whys)}
        for out, reasons in rows:
            f.write(f"| {out.name} | {out.messages} | {out.fields} | {out.plain} | {out.theirs} | {out.covered}/{out.bytes} | "
                    f"{', '.join(str(numbers[r['why']]) for r in reasons)} |\n")
        f.write(ALTERED)
        f.write("\n## Disagreements\n\n")
        for i, row in enumerate(whys):
            f.write(f"{i + 1}. {row['why']}{' (' + row['section'] + ')' if row.get('section') else ''}\n")


if __name__ == "__main__":
    sys.exit(main())
