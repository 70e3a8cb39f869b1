#!/usr/bin/env python3
"""elsewhere.py FEDE FOLDER: TLS that is not the first thing said on TCP: behind a dialogue in the clear, and inside UDP.

The captures are those of peers.py (servers that speak as much of each protocol as its STARTTLS takes, openssl's client) and of
peers_udp.py, in FOLDER/udp (DTLS of openssl, gnutls and NSS, QUIC of Chromium). What is in these is told here by what they
were made with. Datagrams that look like either and are not are made by hand. Prints `elsewhere: N passed, N failed`."""
import gzip
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit"))
import packets  # noqa: E402
import story_schema  # noqa: E402
import told  # noqa: E402

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/story.schema.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
check = told.Checks()


def explain(path, *words):
    code, document = told.explain(fede, path, *words)
    bad = list(story_schema.problems(SCHEMA, SCHEMA, document, os.path.basename(path)))
    check(not bad, f"{path}: not as the schema has it: {bad[:2]}")
    return code, document


def text(path, *words):
    r = subprocess.run([fede, "explain", *words, path], capture_output=True, text=True, timeout=60, check=False)
    return " ".join((r.stdout + r.stderr).split())


# Each protocol's dialogue before TLS, and what stands in it.
DIALOGUES = {"smtp": "STARTTLS", "lmtp": "STARTTLS", "imap": "STARTTLS", "pop3": "STLS", "ftp": "AUTH TLS", "nntp": "STARTTLS", "sieve": "STARTTLS",
             "irc": "STARTTLS", "xmpp": "starttls", "ldap": "1.3.6.1.4.1.1466.20037", "postgres": "", "mysql": ""}


def dialogues():
    for name, said in DIALOGUES.items():
        capture = f"{folder}/starttls-{name}.pcapng" + ("" if os.path.exists(f"{folder}/starttls-{name}.pcapng") else ".gz")
        code, document = explain(capture, "--keylog", f"{folder}/starttls-{name}.keys")
        c = document["connections"][0]
        check(code == 0 and c["established"] and c["onlooker"]["keys"] == "used", f"{name}: {code} {c['onlooker']}")
        notes = [n["text"] for n in c["notes"] if n["text"].startswith("TLS begins after")]
        check(len(notes) >= 1, f"{name}: {notes}")
        check(sum(c["traffic"]["server"][k] for k in ("data_bytes",)) > 0, f"{name}: {c['traffic']}")
        with (gzip.open if capture.endswith("gz") else open)(capture, "rb") as f:
            check(said.encode() in f.read(), f"{name}: its capture has no {said}")
        if said.isalpha():
            check(said in text(capture, "-v"), f"{name}: {said} is not shown")


# name: (title, datagrams of the client, of the server)
UDP = {"dtls10": ("DTLS 1.0", 4, 7), "dtls12": ("DTLS 1.2", 4, 7), "dtls12-psk": ("DTLS 1.2", 4, 4), "dtls12-gnutls": ("DTLS 1.2", 4, 10),
       "dtls13-nss": ("DTLS 1.3 (draft 43)", 5, 3), "quic-chromium": ("QUIC version 1 (the server offers others)", 2, 2)}


def over_udp():
    for name, (title, client, server) in UDP.items():
        path = f"{folder}/udp/{name}.pcapng.gz"
        code, document = explain(path)
        flows = document["datagram_connections"]
        check(code == 9 and len(flows) == (3 if name.startswith("quic") else 1), f"{name}: exit {code}, {len(flows)}")
        for f in flows:
            got = (f["title"], f["client_datagrams"], f["server_datagrams"])
            check(got == (title, client, server), f"{name}: {got}")
            check(f["client"] != f["server"] and f["client_bytes"] > 0 and f["server_bytes"] > 0, f"{name}: {f}")
        kind = flows[0]["protocol"]
        check(document["other_packets"] == {kind: (client + server) * len(flows)}, f"{name}: {document['other_packets']}")
        told = text(path)
        check(f"{title} over UDP, not taken apart" in told and "no TLS was found; " in told, f"{name}: {told[:200]}")


HELLO = bytes.fromhex("16feff000000000000000000460100003a00000000000000" "3afefd") + bytes(32) + bytes.fromhex("0000000ac02bc02fc00ac014003501000006" "000a00020000")
QUIC = bytes.fromhex("c00000000108") + bytes(8) + b"\x00\x00\x44\xd0" + bytes(1180)


def datagrams(work):
    path = f"{work}/udp.pcapng"

    def flows(frames):
        packets.pcapng(path, frames)
        return explain(path)[1]["datagram_connections"]

    def udp(content, port=40000, to=4433, back=False, ends=(packets.CLIENT, packets.SERVER)):
        return packets.udp(content, *((ends[1], ends[0], to, port) if back else (*ends, port, to)))
    got = flows([udp(HELLO), udp(b"\x2e" + bytes(40), back=True)])
    check(len(got) == 1 and got[0]["title"] == "DTLS (up to DTLS 1.2 is offered)" and got[0]["server_datagrams"] == 1, f"a hello, no answer: {got}")
    data = b"\x17\xfe\xfd\0\1\0\0\0\0\0\5\0\x20" + bytes(32)
    got = flows([udp(data, back=True), udp(data + data)])
    check(len(got) == 1 and got[0]["title"] == "DTLS" and not got[0]["answered"], f"DTLS under way: {got}")
    got = flows([udp(QUIC), udp(b"\x40" + bytes(30), back=True), udp(QUIC[:5] + QUIC[5:60], back=True)])
    check(len(got) == 1 and got[0]["title"] == "QUIC version 1" and got[0]["answered"], f"QUIC: {got}")
    for version, title in ((0x6b3343cf, "QUIC version 2"), (0xff00001d, "QUIC draft 29"), (0x51303530, "QUIC Q050")):
        got = flows([udp(QUIC[:1] + version.to_bytes(4, "big") + QUIC[5:])])
        check([f["title"] for f in got] == [title], f"{title}: {got}")
    six = ("2001:db8::1", "2001:db8::2")
    check(len(flows([udp(HELLO, ends=six), udp(HELLO, ends=six)])) == 1, "over IPv6")
    for what, content in (("RTP", b"\x80\0\0\1\0\0\0\0" + bytes(20)), ("a record that is cut", data[:-1]), ("one byte more", data + b"x"), ("zeros", bytes(64)),
                          ("text", b"hello there, this is no protocol"), ("another version", QUIC[:1] + b"\0\0\0\x63" + QUIC[5:]), ("nothing", b""),
                          ("long ids", QUIC[:5] + b"\xff" + QUIC[6:]), ("a version of TLS", data.replace(b"\xfe\xfd", b"\3\3"))):
        got = flows([udp(content), udp(content, back=True)])
        check(not got, f"{what}: {got}")
    for whole in (HELLO, QUIC[:60]):
        for n in range(len(whole)):
            flows_of = flows([udp(whole[:n]), udp(whole[:n] + bytes([whole[n] ^ 0xff]) + whole[n + 1:], port=40001)]) if n % 7 == 0 else []
            check(len(flows_of) <= 2, f"cut after {n} bytes")
    got = flows([udp(HELLO, port=10000 + n) for n in range(700)])
    check(len(got) == 512 and "and 188 datagrams of others" in text(path), f"many: {len(got)}, {text(path)[-300:]}")


def both(work):
    """With TLS over TCP in the same capture: the story is told, and the rest named."""
    with gzip.open(f"{folder}/udp/dtls12.pcapng.gz") as f, open(f"{folder}/t12-cbc.pcapng", "rb") as g:
        data = g.read() + f.read()
    path = f"{work}/both.pcapng"
    with open(path, "wb") as f:
        f.write(data)
    code, document = explain(path, "--keylog", f"{folder}/t12-cbc.keys")
    check(code == 0 and len(document["connections"]) == 1 and len(document["datagram_connections"]) == 1, f"both: {code}")
    check("1 connection of DTLS or QUIC" in document["totals"], f"both: {document['totals']}")
    told = text(path, "--keylog", f"{folder}/t12-cbc.keys")
    check("DTLS 1.2 over UDP, not taken apart" in told and "ClientHello (1)" in told, "both: text")


def main():
    with tempfile.TemporaryDirectory() as work:
        dialogues()
        over_udp()
        datagrams(work)
        both(work)
    return check.end("elsewhere")


if __name__ == "__main__":
    sys.exit(main())
