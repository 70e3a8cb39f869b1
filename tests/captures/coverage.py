"""How many bytes of handshake messages, alerts and record headers belong to a named field that has a sentence in the glossary.

A field that has parts counts only with what stands before the first of them: length prefixes, DER headers. "body" and "unread"
are no names."""
import os
import re

with open(f"{os.path.dirname(os.path.abspath(__file__))}/../../src/explain/glossary.def", encoding="utf-8") as f:
    SENTENCES = set(re.findall(r'^GLOSSARY\("([^"]+)"', f.read(), re.M))


def flat(fields):
    for f in fields:
        yield f
        yield from flat(f.get("fields", []))


def sentence(path):
    while path:
        if path in SENTENCES:
            return True
        _, _, path = path.partition(".")
    return False


class Covered:
    def __init__(self):
        self.covered = self.bytes = self.headers = 0
        self.uncovered = set()

    def story(self, messages, records):
        for m in messages:
            self.count(len(m["bytes"]) // 2, m["fields"])
        for r in records:
            self.headers += 1
            fields = r.get("fields", [])
            header = 2 + any(f["path"] == "ssl2_record.padding_length" for f in fields) if fields and fields[0]["path"].startswith("ssl2_record") else 5
            self.count(header, [f for f in fields if f["offset"] < header])

    def count(self, n, fields):
        seen = bytearray(n)
        for f in flat(fields):
            start, end = f["offset"], min(f["offset"] + f["length"], n)
            if f.get("fields"):
                end = min(g["offset"] for g in f["fields"])
            named = f["name"] not in ("body", "unread") and sentence(f["path"])
            for i in range(start, end):
                seen[i] |= named
            if not named and end > start:
                self.uncovered.add(f["path"])
        self.covered += sum(seen)
        self.bytes += n
