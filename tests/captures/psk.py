#!/usr/bin/env python3
"""psk.py FEDE FOLDER: what fede explain makes of pre-shared keys in TLS 1.3, given with --psk or derived from a connection before.

The captures are of gnutls and openssl on both sides. Their key logs are not given to fede here: they say what the secrets are that
it has to derive from the key alone. Binders are computed again with Python's hmac, after RFC 9846 4.2.11.2 and 7.1.
Prints `psk: N passed, N failed`."""
import gzip
import hashlib
import hmac
import os
import re
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import told  # noqa: E402

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
KEY = "00112233445566778899aabbccddeeff"
check = told.Checks()


def explain(path, *words):
    code, document = told.explain(fede, path, "--show-secrets", *words)
    return code, document["connections"]


def capture(name):
    return f"{folder}/{name}.pcapng.gz"


def binders(c):
    return [k["outcome"] for k in c["checks"] if k["name"] == "PSK binder"]


def findings(c):
    return {f["finding"] for f in c["findings"]}


# ---- by themselves ----

def expand_label(name, secret, label, context, length):
    info = struct.pack(">HB", length, 6 + len(label)) + b"tls13 " + label + bytes([len(context)]) + context
    return hmac.new(secret, info + b"\1", name).digest()[:length]


def binder_of(name, psk, label, over):
    n = hashlib.new(name).digest_size
    early = hmac.new(bytes(n), psk, name).digest()
    key = expand_label(name, early, label, hashlib.new(name).digest(), n)
    return hmac.new(expand_label(name, key, b"finished", b"", n), hashlib.new(name, over).digest(), name).digest()


def by_hand():
    """External keys: the binders are what Python computes, also behind a HelloRetryRequest."""
    for name in ("t13-psk", "t13-psk-retry", "gnutls-t13-psk-alone"):
        _, (c,) = explain(capture(name), "--psk", f"somebody:{KEY}")
        before = b""
        for m in c["messages"]:
            whole = bytes.fromhex(m["bytes"])
            if m["name"] == "ServerHello" and before:
                before += whole
            if m["name"] != "ClientHello":
                continue
            # the last extension: identities, then binders; one of each here
            found = re.search(rb"\0\x29..(..\0\x08somebody....)(\0\x21\x20)(.{32})$", whole, re.S)
            check(found, f"{name}: the hello has no pre_shared_key at its end")
            got = binder_of("sha256", bytes.fromhex(KEY), b"ext binder", before + whole[:found.start(2)])
            check(got == found.group(3), f"{name}: computed {got.hex()}")
            before = b"\xfe\0\0\x20" + hashlib.sha256(whole).digest()
        n = sum(m["name"] == "ClientHello" for m in c["messages"])
        check(binders(c) == ["verified"] * n and n == 1 + name.endswith("retry"), f"{name}: {binders(c)}")


# ---- opened by the key alone ----

def alone():
    for name, n in (("gnutls-t13-psk-alone", 1), ("gnutls-t13-psk-alone-resumed", 2), ("gnutls-t13-psk-alone-early", 2)):
        with open(f"{folder}/{name}.keys", encoding="ascii") as f:
            log = {tuple(line.split()[:2]): line.split()[2] for line in f if line.count(" ") == 2}
        code, connections = explain(capture(name), "--psk", f"somebody:{KEY}")
        check(code == 0 and len(connections) == n, f"{name}: exit {code}")
        for i, c in enumerate(connections):
            check(c["onlooker"]["keys"] == "used" and c["established"], f"{name} {i}: {c['onlooker']}")
            check(binders(c) == ["verified"] * (1 + i), f"{name} {i}: binders {binders(c)}")
            done = [k["outcome"] for k in c["checks"] if "Finished" in k["name"]]
            check(done == ["verified"] * 2, f"{name} {i}: Finished {done}")
            random = next(m for m in c["messages"] if m["name"] == "ClientHello")["bytes"][12:76]
            told = [(s["label"], s["bytes"]) for s in c["secrets"] if "TRAFFIC" in s["label"]]
            wanted = 5 if name.endswith("early") and i == 1 else 4
            check(len(told) == wanted and all(log.get((label, random)) == secret for label, secret in told), f"{name} {i}: {told}")
        if name.endswith("early"):
            check(any(m["name"] == "EndOfEarlyData" for m in connections[1]["messages"]), f"{name}: early data")
            check(connections[1]["traffic"]["client"]["data_records"] >= 2, f"{name}: {connections[1]['traffic']}")
        if n == 2:
            texts = [k["text"] for k in connections[1]["checks"] if k["name"] == "PSK binder"]
            check("from the connection that gave it" in texts[0] and "somebody" in texts[1], f"{name}: {texts}")
    _, (c,) = explain(capture("gnutls-t13-psk-alone"), "--psk", KEY)
    check(binders(c) == ["verified"] and c["onlooker"]["keys"] == "used", "a key without an identity")


def mixed():
    """With a Diffie-Hellman share the key proves the binder, and a key log opens the rest."""
    code, (c,) = explain(capture("t13-psk"), "--psk", f"somebody:{KEY}")
    check(code == 13 and binders(c) == ["verified"], f"psk_dhe_ke: {code} {binders(c)}")
    check(any("mixed with a Diffie-Hellman secret" in n["text"] for n in c["notes"]), "psk_dhe_ke: what it does not open")
    code, (c,) = explain(capture("t13-psk"), "--psk", f"somebody:{KEY}", "--keylog", f"{folder}/t13-psk.keys")
    check(code == 0 and binders(c) == ["verified"] and c["onlooker"]["keys"] == "used", f"psk_dhe_ke with a key log: {code}")
    code, connections = explain(capture("t13-resumed-refused"), "--keylog", f"{folder}/t13-resumed-refused.keys")
    check(code == 0 and all(b == "not checkable" for c in connections for b in binders(c)), "without any key")


# ---- wrong ones ----

def wrong(work):
    code, (c,) = explain(capture("gnutls-t13-psk-alone"), "--psk", f"somebody:ff{KEY}")
    check(code == 12 and binders(c) == ["failed"] and "binder_wrong" in findings(c), f"another key for this name: {code} {binders(c)}")
    for words in (("--psk", f"ff{KEY}"), ("--psk", f"nobody:{KEY}"), ()):
        code, (c,) = explain(capture("gnutls-t13-psk-alone"), *words)
        check(code == (13 if words else 0) and binders(c) == ["not checkable"], f"{words}: {code} {binders(c)}")
    with gzip.open(capture("gnutls-t13-psk-alone")) as f:
        data = f.read()
    _, (c,) = explain(capture("gnutls-t13-psk-alone"))
    hello = bytes.fromhex(next(m for m in c["messages"] if m["name"] == "ClientHello")["bytes"])
    path = f"{work}/altered"
    for what, offset in (("the client's random", 10), ("the binder", len(hello) - 1), ("a suite", 6 + 32 + 1 + hello[38] + 3)):
        at = data.index(hello) + offset
        with open(path, "wb") as f:
            f.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        code, (c,) = explain(path, "--psk", f"somebody:{KEY}")
        check(code == 12 and binders(c) == ["failed"], f"{what} altered: {code} {binders(c)}")
        check(c["onlooker"]["keys"] != "used", f"{what} altered: {c['onlooker']}")


def main():
    with tempfile.TemporaryDirectory() as work:
        by_hand()
        alone()
        mixed()
        wrong(work)
    return check.end("psk")


if __name__ == "__main__":
    sys.exit(main())
