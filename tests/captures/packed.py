#!/usr/bin/env python3
"""packed.py FEDE FOLDER: CompressedCertificate (RFC 8879) in fede explain, made from a handshake of the corpus.

The Certificate of a connection of TLS 1.3 is packed by Python's zlib and sealed again with the connection's secrets: what is
unpacked has to be the very message, and its certificates those that the story shows. Then bombs and nonsense: lengths that
no chain has, that so few bytes can't hold, that are not met; bytes that are no zlib; algorithms not undone here. None of it
may cost memory or hide what comes behind. Prints `packed: N passed, N failed`."""
import os
import resource
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import damage  # noqa: E402
import packets  # noqa: E402
import values  # noqa: E402

NAME, MEMORY = "t13-status", 100 * 1024  # KiB


def message(algorithm, length, packed):
    body = struct.pack(">H", algorithm) + length.to_bytes(3, "big") + len(packed).to_bytes(3, "big") + packed
    return b"\x19" + len(body).to_bytes(3, "big") + body


def main():
    if not values.CRYPTOGRAPHY:
        print("skipped: python3-cryptography is not installed\npacked: 0 passed, 0 failed")
        return 0
    stories, keys = damage.source(NAME)
    h = damage.Handshake(NAME, stories[0], values.key_log(keys))
    place = next(i for i, m in enumerate(h.messages) if m["name"] == "Certificate")
    body = bytes.fromhex(h.messages[place]["bytes"])[4:]
    packed = zlib.compress(body)
    zeros = zlib.compress(bytes(0xffffff), 9)
    cases = [("good", message(1, len(body), packed), None), ("brotli", message(2, len(body), packed), "algorithm"), ("zstd", message(3, len(body), packed), "algorithm"),
             ("a bomb", message(1, 0xffffff, zeros), "longer than any chain"), ("a bomb in disguise", message(1, 1000, zeros), "length that it says"),
             ("few bytes", message(1, 500000, zlib.compress(bytes(100))), "so few bytes"), ("too short", message(1, len(body) + 1, packed), "length that it says"),
             ("too long", message(1, len(body) - 1, packed), "length that it says"), ("no zlib", message(1, len(body), b"\xff" * len(packed)), "not what zlib makes"),
             ("a tail", message(1, len(body), packed + b"tail"), "not what zlib makes"), ("cut", message(1, len(body), packed[:-20]), "")]
    frames = []
    for n, (_, data, _) in enumerate(cases):
        frames += h.frames(2000 + n, place, data)
    check = damage.check
    with tempfile.TemporaryDirectory() as work:
        path = f"{work}/packed.pcapng"
        packets.pcapng(path, frames)
        told = damage.connections("--keylog", keys, path)
        text = " ".join(damage.run("-v", "--width", "200", "--keylog", keys, path).split())
        page = f"{work}/page.html"
        damage.run("-q", "--report", page, "--keylog", keys, path)
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        check("san" in values.fede or most < MEMORY, f"{most} KiB were used")
        with open(page, encoding="utf-8") as f:
            check("unpacked" in f.read(), "the page does not have it")
    check(len(told) == len(cases), f"{len(told)} connections")
    original = [f for f in h.messages[place]["fields"] if f["name"] not in ("msg_type", "length")]
    for (what, _, why), c in zip(cases, told):
        names = [m["name"] for m in c["messages"] if m["protocol"] == "handshake"]
        check("CompressedCertificate" in names and names.index("Finished") > names.index("CompressedCertificate"), f"{what}: {names}")
        m = next((m for m in c["messages"] if m["name"] == "CompressedCertificate"), {})
        got = m.get("unpacked", {})
        if why is not None:
            check(got.get("why_not") and why in got["why_not"] and "bytes" not in got, f"{what}: {got.get('why_not')}")
            check(not c["certificates"], f"{what}: certificates are shown")
            continue
        check(got.get("bytes") == body.hex(), f"{what}: other bytes")
        paths = [(f["path"], f["offset"] + 4, f["length"], f.get("text")) for f in damage.flat(got.get("fields", []))]
        check(paths == [(f["path"], f["offset"], f["length"], f.get("text")) for f in damage.flat(original)], f"{what}: other fields")
        check([x["sha256"] for x in c["certificates"]] == [x["sha256"] for x in stories[0]["certificates"]], f"{what}: other certificates")
        theirs = [k["outcome"] for k in c["checks"] if k["name"] == "certificate signature"]
        check(theirs == [k["outcome"] for k in stories[0]["checks"] if k["name"] == "certificate signature"] and theirs, f"{what}: {theirs}")
        verify = [k for k in c["checks"] if k["name"] == "CertificateVerify signature"]  # its transcript is another: it can't hold, but was computed
        check([k["outcome"] for k in verify] == ["failed"] and "by the key of" in verify[0]["text"], f"{what}: {verify}")
    check("unpacked:" in text and "not unpacked: this algorithm is not undone here" in text and "bytes instead of" in text, "the text does not say it")
    print(f"packed: {damage.passed} passed, {damage.failed} failed")
    return damage.failed > 0


if __name__ == "__main__":
    sys.exit(main())
