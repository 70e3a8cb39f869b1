#!/usr/bin/env python3
"""inside.py FEDE FOLDER: what fede explain says of what lies inside connections and around them. HTTP/1 and HTTP/2 in captures
of real peers, against what tshark says of them (where it is installed); contents, codings, damage, names, comments and other
packets in captures made here. Prints `inside: N passed, N failed, N skipped`."""
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../unit")]
import packets as p  # noqa: E402
import story_schema  # noqa: E402

with open(os.path.join(HERE, "../../docs/story.schema.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
passed = failed = skipped = 0
UTF8 = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1")


def check(ok, words):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("not ok:", words)
    return ok


def explain(path, *words, keys=None, code=0):
    r = subprocess.run([fede, "explain", *(["--keylog", keys] if keys else []), *words, path], capture_output=True, timeout=60, env=UTF8)
    if r.returncode < 0 or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{path}: {r.returncode} {r.stderr.decode()}")
    check(r.returncode == code, f"{os.path.basename(path)} {words}: exit {r.returncode}, not {code}: {r.stderr[-200:]}")
    return r.stdout


def story(path, *words, keys=None, code=0):
    document = json.loads(explain(path, "--json", *words, keys=keys, code=code))
    bad = list(story_schema.problems(SCHEMA, SCHEMA, document, os.path.basename(path)))
    check(not bad, f"not as the schema has it: {bad[:2]}")
    for line in explain(path, "--json=lines", *words, keys=keys, code=code).splitlines():
        bad = list(story_schema.problems(SCHEMA, SCHEMA, json.loads(line), os.path.basename(path)))
        check(not bad, f"a line is not as the schema has it: {bad[:1]} {line[:200]}")
    return document


def of(name):
    return f"{folder}/{name}.pcapng", f"{folder}/{name}.keys"


def tshark(path, keys, *fields):
    words = ["tshark", "-2", "-r", path, "-o", f"tls.keylog_file:{keys}", "-T", "fields", "-E", "aggregator=|"]
    text = subprocess.run([*words, *[w for f in fields for w in ("-e", f)]], capture_output=True, text=True, timeout=60).stdout
    columns = [[] for _ in fields]
    for line in text.splitlines():
        for column, value in zip(columns, line.split("\t")):
            column += [v for v in value.split("|") if v]
    return columns


# ---- real peers ----

def real():
    global skipped
    for name in ("nginx-t12-http1", "nginx-t12-h2", "nginx-t13-h2"):
        path, keys = of(name)
        c = story(path, keys=keys)["connections"][0]
        http = c["http"]
        requests = [m for m in http if m["kind"] == "request"]
        answers = [m for m in http if m["kind"] == "response"]
        check([m["target"] for m in requests] == ["/", "/again"], f"{name}: {[m['target'] for m in requests]}")
        check([m["status"] for m in answers] == [200, 404] and [m["exchange"] for m in answers] == [1, 2], f"{name}: answers")
        check(answers[0]["content"]["length"] == 1200 and answers[0]["content"]["text"].startswith("hello\nhello\n"), f"{name}: content")
        check(all(m["content"]["complete"] and m["encrypted"] and m["packet"] for m in http), f"{name}: complete, protected, with its packet")
        if shutil.which("tshark") is None:
            skipped += 1
            continue
        if name.endswith("h2"):
            kinds, streams, paths, statuses = tshark(path, keys, "http2.type", "http2.streamid", "http2.headers.path", "http2.headers.status")
            check([str(f["type"]["number"]) for f in c["http2_frames"]] == kinds, f"{name}: frames {kinds}")
            check([str(f["stream"]) for f in c["http2_frames"]] == streams, f"{name}: streams {streams}")
        else:
            paths, statuses, lengths = tshark(path, keys, "http.request.uri", "http.response.code", "http.content_length")
            check([str(m["content"]["length"]) for m in answers] == lengths, f"{name}: lengths {lengths}")
        check([m["target"] for m in requests] == paths, f"{name}: paths {paths}")
        check([str(m["status"]) for m in answers] == statuses, f"{name}: statuses {statuses}")
    path, keys = of("nginx-t12-h2")
    text = explain(path, "-vv", keys=keys).decode()
    for words in ("HTTP/2 SETTINGS", "HTTP/2 HEADERS", "HTTP/2 DATA", "MAX_CONCURRENT_STREAMS 128", "END_STREAM", ":path: /again", "packets"):
        check(words in text, f"-vv of HTTP/2 lacks {words!r}")
    check(explain(path, "--follow", "1,hex", keys=keys).startswith(b"< 00000000  00 00 12 04"), "--follow hex")
    check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" in explain(path, "--follow", "1,raw", keys=keys), "--follow raw")
    followed = explain(path, "--follow", "1", keys=keys).decode()
    check("hello\nhello\n" in followed and ":status: 404" in followed and "SETTINGS" not in followed, "--follow")
    check("SETTINGS" in explain(path, "--follow", "1,http2", keys=keys).decode(), "--follow http2")
    explain(path, "--follow", "9", keys=keys, code=9)
    explain(path, "--follow", "1,xml", keys=keys, code=2)
    path, keys = of("starttls-smtp")
    c = story(path, keys=keys)["connections"][0]
    check([(d["from"], d["text"], d["encrypted"]) for d in c["dialogue"]][:5] == [
        ("server", "220 mail.fede.test ESMTP", False), ("client", "EHLO mail.example.com", False), ("server", "250-mail.fede.test", False),
        ("server", "250 STARTTLS", False), ("client", "STARTTLS", False)], f"STARTTLS: {c['dialogue'][:5]}")
    check(any(d["text"] == "QUIT" and d["encrypted"] for d in c["dialogue"]), "the dialogue goes on inside")


def diagrams():
    path, keys = of("nginx-t12-h2")
    for width in (60, 80, 132):
        lines = explain(path, "--diagram", f"--width={width}", keys=keys).decode().splitlines()
        check(all(len(line) <= width for line in lines), f"the diagram is wider than {width}")
        bars = {line.rindex("│") for line in lines if "│" in line}
        check(len(bars) == 1, f"the server's line is crooked at {width}: {bars}")
    text = "\n".join(lines)
    order = ["TCP SYN ", "TCP SYN, ACK", "round trip 1", "ClientHello (1)", "ServerHello (2)", "ServerHelloDone (14)", "round trip 2",
             "ClientKeyExchange (16)", "ChangeCipherSpec", "from here on the client's records are encrypted", "Finished (20)",
             "from here on the server's", "round trip 3", "the handshake is complete", "GET /;", "200; HTTP/2", "TCP FIN, ACK",
             "round trips before application data: 3 (TCP 1, TLS 2)"]
    at = 0
    for words in order:
        found = text.find(words, at)
        check(found >= 0, f"the diagram lacks {words!r} in its place")
        at = max(at, found)
    check("┐" in text and re.search(r"┘ packet \d+", text), "packets are bracketed")
    plain = subprocess.run([fede, "explain", "--diagram", "--keylog", keys, path], capture_output=True, env=dict(os.environ, LC_ALL="C")).stdout
    check(plain.isascii() and b"------->|" in plain, "the diagram in ASCII")
    path, keys = of("nginx-t13-h2")
    check("2 (TCP 1, TLS 1)" in explain(path, "--diagram", keys=keys).decode(), "one round trip less with TLS 1.3")
    path, keys = of("starttls-smtp")
    text = explain(path, "--diagram", keys=keys).decode()
    check("EHLO mail.example.com" in text and "(TCP 1, in the clear 2, TLS 1)" in text, "STARTTLS in the diagram")


def exports(place):
    path, keys = of("nginx-t12-h2")
    out = f"{place}/out"
    explain(path, "--export", out, keys=keys)
    names = sorted(os.listdir(out))
    check(names == ["c1-answer-1.html", "c1-answer-2-again.html"] + [f"c1-server-certificate-{n}.{e}" for n in (1, 2) for e in ("der", "pem")], f"exported: {names}")
    with open(f"{out}/c1-answer-1.html", "rb") as f:
        check(f.read() == b"hello\n" * 200, "the exported content")
    for n in (1, 2):
        made = subprocess.run(["openssl", "x509", "-in", f"{out}/c1-server-certificate-{n}.pem", "-outform", "DER"], capture_output=True).stdout
        with open(f"{out}/c1-server-certificate-{n}.der", "rb") as f:
            check(made == f.read() and made, f"certificate {n} as PEM and DER")
    explain(path, "--export", out, keys=keys, code=1)  # they exist
    explain(path, "--export", out, "--overwrite", keys=keys)
    explain(path, "--export", f"{place}/certificates,certificates", keys=keys)
    check(all("certificate" in n for n in os.listdir(f"{place}/certificates")), "only certificates")
    explain(path, "--export", f"{place}/objects,objects", keys=keys)
    check(sorted(os.listdir(f"{place}/objects")) == names[:2], "only objects")


# ---- made here ----

def answer(body, *more, status="200 OK", length=True):
    lines = [f"HTTP/1.1 {status}", *more, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def plain_http(place):
    text = b"The same text again and again.\n" * 100
    raw = zlib.compressobj(wbits=-15)
    bare = raw.compress(text) + raw.flush()
    packed = gzip.compress(text)
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(packed[i:i + 17]), packed[i:i + 17]) for i in range(0, len(packed), 17)) + b"0\r\nX-Sum: 7\r\n\r\n"
    cases = [("/gzip", answer(packed, "Content-Encoding: gzip")), ("/zlib", answer(zlib.compress(text), "Content-Encoding: deflate")),
             ("/deflate", answer(bare, "Content-Encoding: deflate")),
             ("/chunked", answer(pieces, "Content-Encoding: gzip", "Transfer-Encoding: chunked", "Trailer: X-Sum", length=False)),
             ("/identity", answer(text))]
    t = p.Talk()
    for path, reply in cases:
        t.say(0, f"GET {path} HTTP/1.1\r\nHost: plain.test\r\n\r\n".encode()).say(1, reply, most=311)
    t.say(0, b"HEAD /head HTTP/1.1\r\nHost: plain.test\r\n\r\n").say(1, answer(b"", "Content-Length: 4711", length=False))
    t.say(0, b"POST /100 HTTP/1.1\r\nHost: plain.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").say(1, b"HTTP/1.1 100 Continue\r\n\r\n").say(0, b"12345")
    t.say(1, answer(b"", status="204 No Content", length=False))
    t.say(0, b"GET /bomb HTTP/1.1\r\n\r\n").say(1, answer(gzip.compress(b"\0" * 100_000_000), "Content-Encoding: gzip"))
    t.say(0, b"GET /bad HTTP/1.1\r\n\r\n").say(1, answer(b"this is not gzip", "Content-Encoding: gzip"))
    t.say(0, b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").say(1, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello")
    path = f"{place}/plain.pcapng"
    p.pcapng(path, t.end())
    document = story(path, code=9)  # no TLS in it
    c = document["connections"][0]
    http = [m for m in c["http"] if m["kind"] == "response"]
    check(not any(m["encrypted"] for m in c["http"]) and document["table"][0]["plain"], "HTTP without TLS is told as that")
    for m, (path_, _) in zip(http, cases):
        check(m["content"]["complete"] and m["content"].get("decoded_length", m["content"]["length"]) == len(text) and
              m["content"]["text"].encode() == text[:1024], f"{path_}: {m['content']}"[:300])
    check(http[3]["trailers"] == [{"name": "X-Sum", "value": "7"}] and http[3]["content"]["transfer"] == "chunked", "trailers")
    check(http[5]["status"] == 200 and http[5]["content"]["length"] == 0, "the answer to HEAD has no content")
    check(http[6]["status"] == 204 and [m["status"] for m in c["http"] if m["kind"] == "interim"] == [100], "100 is an answer before the answer")
    check("more than is shown" in http[7]["content"]["problem"] and http[7]["content"]["decoded_length"] < 80_000_000, f"a bomb: {http[7]['content']}"[:200])
    check("damaged" in http[8]["content"]["problem"], "damaged gzip")
    check(http[9]["becomes"] == "websocket", "websocket")
    check([m["exchange"] for m in http] == list(range(1, 11)), "exchanges")
    words = explain(path, code=9).decode()
    check("could read and alter all of it" in re.sub(r"\s+", " ", words) and "from here on websocket" in re.sub(r"\s+", " ", words), "the text of plain HTTP")
    out = f"{place}/plain"
    explain(path, "--export", out, code=9)
    with open(f"{out}/c1-answer-4-chunked.bin", "rb") as f:
        check(f.read() == text, "chunked gzip, exported")
    check(os.path.getsize(f"{out}/c1-answer-8-bomb.bin") < 80_000_000, "the bomb, exported")


def hostile(place):
    """What peers say stays text, and names of files stay inside."""
    evil = "\x1b[31m\x9b<script>alert(1)</script>\u202e".encode("utf-8").decode("latin-1")
    t = p.Talk()
    for target in ("/../../../../etc/passwd", "/..%2f..", "/" + "a" * 3000, "/.hidden", "/a\x1bb", "/con<script>"):
        t.say(0, f"GET {target} HTTP/1.1\r\nHost: {evil}\r\nX: {evil}\r\n\r\n".encode("latin-1"))
        t.say(1, answer(evil.encode("latin-1"), f"X-Evil: {evil}", "Content-Type: text/html"))
    server = p.ipaddress.ip_address(p.SERVER).packed
    q = "evil\x1b[31m.<script>.test"
    frames = [p.udp(p.dns(7, 0x0100, q, 1), p.CLIENT, p.RESOLVER, 5353 + 30000, 53),
              p.udp(p.dns(7, 0x8180, q, 1, [(q, 1, 60, server), (q, 16, 60, b"\x05\x1b[31m")]), p.RESOLVER, p.CLIENT, 53, 5353 + 30000)]
    path = f"{place}/hostile.pcapng"
    p.pcapng(path, frames + t.end(), comments={0: evil.encode("latin-1")}, about=b"\x1b]0;title\x07")
    out = f"{place}/hostile"
    for words in ((), ("-v",), ("-vvv",), ("--diagram",), ("--follow", "1"), ("--follow", "1,hex"), ("--json",), ("--json=lines", "-vvv"), ("--export", out)):
        text = explain(path, *words, code=0 if "--follow" in words else 9)
        odd = [b for b in text.decode("utf-8") if (ord(b) < 32 and b not in "\n") or 0x7f <= ord(b) < 0xa0 or b == "\u202e"]
        check(not odd, f"hostile bytes come through in {words}: {odd[:5]}")
    names = os.listdir(out)
    check(all(re.fullmatch(r"c1-[A-Za-z0-9._-]{1,150}", n) for n in names) and len(names) >= 5, f"names of files: {names}")
    check(not os.path.exists(f"{place}/passwd") and sorted(os.listdir(place)).count("hostile") == 1, "nothing outside")
    os.remove(f"{out}/{names[0]}")
    os.symlink(f"{place}/target", f"{out}/{names[0]}")
    explain(path, "--export", out, code=9)
    check(not os.path.exists(f"{place}/target"), "links are not followed")


def around(place):
    """Names, other packets, comments, packets of a connection, data in SYN: around a TLS connection of the corpus's own bytes."""
    path, keys = of("nginx-t12-http1")
    server, six = p.ipaddress.ip_address(p.SERVER).packed, p.ipaddress.ip_address("2001:db8::80").packed
    https = b"\0\1" + p.name("") + b"\0\1\0\3\2h2" + b"\0\5\0\4abcd"
    frames = [p.ethernet(b"\0\1\x08\0\6\4" + b"\0" * 22, 0x0806), p.ip(1, b"\x08\0" + b"\0" * 6, p.CLIENT, p.SERVER),
              p.udp(b"x" * 48, p.CLIENT, p.SERVER, 123, 123), p.ethernet(b"\x42\x42\x03" + b"\0" * 40, 38)]
    frames += [p.udp(p.dns(0x1234, 0x0100, "www.example.test", 1), p.CLIENT, p.RESOLVER, 40001, 53),
               (40_000, p.udp(p.dns(0x1234, 0x8180, "www.example.test", 1, [("www.example.test", 5, 60, p.name("host.example.test")),
                                                                         ("host.example.test", 1, 30, server)]), p.RESOLVER, p.CLIENT, 53, 40001)),
               (41_000, p.udp(p.dns(0x1235, 0x8180, "www.example.test", 65, [("www.example.test", 65, 60, https)]), p.RESOLVER, p.CLIENT, 53, 40001)),
               (42_000, p.udp(p.dns(0x1236, 0x8183, "not.example.test", 1), p.RESOLVER, p.CLIENT, 53, 40001))]
    hello = bytes.fromhex(json.loads(explain(path, "--json", keys=keys))["connections"][0]["messages"][0]["bytes"])
    record = b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello
    t = p.Talk(port=40002, to=4433, fast=record)  # TCP Fast Open
    t.say(1, b"\x15\x03\x03\0\2\2\x28")
    t.end()
    length = lambda m: len(m).to_bytes(2, "big") + m
    over = p.Talk(port=40003, to=53, server=p.RESOLVER)
    question, reply = p.dns(9, 0x0100, "tcp.example.test", 28), p.dns(9, 0x8180, "tcp.example.test", 28, [("tcp.example.test", 28, 5, six)])
    over.say(0, length(question)).say(1, length(reply), most=7)
    name_, file = "around", f"{place}/around.pcapng"
    p.pcapng(file, frames + [(50_000 + i, f) for i, f in enumerate(over.end())] + [(60_000 + i * 500, f) for i, f in enumerate(t.frames)],
             comments={1: b"a ping"}, about=b"about this file")
    document = story(file, "-vv")
    c = document["connections"][0]
    check(document["other_packets"] == {"ARP": 1, "802.2 LLC": 1, "ICMP": 1, "DNS": 4, "NTP": 1}, f"{name_}: {document['other_packets']}")
    check(document["other_connections"] == {"DNS": 1}, f"{name_}: {document['other_connections']}")
    check(document["comments"] == [{"text": "about this file"}, {"packet": 2, "text": "a ping"}], f"{name_}: {document['comments']}")
    a = c["dns"][0]
    check((a["name"], a["id"], a["took_us"], a["asked_packet"], a["packet"]) == ("www.example.test", 0x1234, 39_600, 5, 6), f"{name_}: {a}")
    check([(r["type"]["name"], r["text"]) for r in a["records"]] == [("CNAME", "host.example.test"), ("A", p.SERVER)], f"{name_}: {a['records']}")
    check(c["dns"][1]["records"][0]["text"] == "1 . alpn=h2 ech=(4 bytes)" and c["dns"][1]["records"][0]["ech"], f"{name_}: {c['dns'][1:]}")
    text = re.sub(r"\s+", " ", explain(file, "-v").decode())
    for words in ("www.example.test → host.example.test → 192.0.2.80; A; id 0x1234; answered in 39.600 ms", "recursion available",
                  "comment on packet 2: a ping", "packets without TCP: 1 ARP"):
        check(words in text, f"{name_}: the text lacks {words!r}")
    first = c["packets"][0]
    check(first["layers"] == [{"name": "Ethernet", "source": "02:00:00:00:00:01", "destination": "02:00:00:00:00:02"},
                              {"name": "IPv4", "source": p.CLIENT, "destination": p.SERVER, "hops_left": 64},
                              {"name": "TCP", "source_port": 40002, "destination_port": 4433, "flags": "SYN", "relative_sequence": 0, "payload": len(record)}],
          f"{name_}: {first}")
    check(c["messages"][0]["packet"] == first["number"], f"{name_}: the ClientHello's packet")
    check("TCP Fast Open" in re.sub(r"[\s│]+", " ", explain(file, "--diagram").decode()) and "DNS: www" in explain(file, "--diagram").decode(), f"{name_}: the diagram")
    # A tunnel through a proxy, and TLS in it.
    t = p.Talk(port=40004, to=3128)
    t.say(0, b"CONNECT www.example.test:443 HTTP/1.1\r\nHost: www.example.test:443\r\n\r\n").say(1, b"HTTP/1.1 200 Connection established\r\n\r\n")
    t.say(0, record).say(1, b"\x15\x03\x03\0\2\2\x28")
    p.pcapng(f"{place}/tunnel.pcapng", t.end())
    c = story(f"{place}/tunnel.pcapng")["connections"][0]
    check([(m["kind"], m.get("method"), m.get("becomes"), m["encrypted"]) for m in c["http"]] == [("request", "CONNECT", None, False), ("response", None, "tunnel", False)], f"CONNECT: {c['http']}")
    check([m["name"] for m in c["messages"]] == ["ClientHello", "Alert"], "TLS inside the tunnel")
    # A name resolved over TCP, and a connection to IPv6 by it.
    p.pcapng(f"{place}/names.pcapng", over.frames + p.Talk(port=40005, to=443, client="2001:db8::7", server="2001:db8::80").say(0, record).end())
    c = story(f"{place}/names.pcapng", code=0)["connections"][0]
    check([(a["name"], a["transport"], a["records"][0]["text"]) for a in c["dns"]] == [("tcp.example.test", "TCP", "2001:db8::80")], f"DNS over TCP: {c.get('dns')}")
    # A damaged answer breaks nothing.
    for at in range(12, 60):
        bad = bytearray(p.dns(1, 0x8180, "www.example.test", 1, [("www.example.test", 1, 30, server)]))
        bad[at % len(bad)] ^= 0xff
        frames.append(p.udp(bytes(bad), p.RESOLVER, p.CLIENT, 53, 40001))
    p.pcapng(file, frames)
    explain(file, code=9)


with tempfile.TemporaryDirectory() as where:
    real()
    diagrams()
    exports(where)
    plain_http(where)
    hostile(where)
    around(where)
print(f"inside: {passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed > 0)
