#!/usr/bin/env python3
"""run.py FEDE FOLDER [--quick | --record]: fede explain against tshark, on captures made by make.py, and on the same in other
clothes. What tshark says of the captures stands in FOLDER/tshark.json (--record makes it anew); --quick needs no tshark.

First each capture as it was taken: messages with their sender, alerts, the hellos' fields, amounts of plaintext as tshark
has them. Then every rewriting (rewrite.py) of some captures: fede has to tell the same story as before; what tshark makes of
them is counted beside it. Then damage: what was altered has to be found. Prints a table and `captures: N passed, N failed`."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit"))
import rewrite  # noqa: E402
import story_schema  # noqa: E402
import values  # noqa: E402

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/story.schema.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
quick = "--quick" in sys.argv
passed, failed = 0, 0


def check(ok, words):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("not ok:", words)
    return ok


def explain(path, keys=None, *more, stdin=None):
    words = [fede, "explain", "--json", *(["--keylog", keys] if keys else []), *more, path]
    r = subprocess.run(words, capture_output=True, timeout=60, stdin=stdin, check=False)
    if r.returncode < 0 or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{path}: {r.returncode} {r.stderr.decode()}")
    return r.returncode, json.loads(r.stdout) if r.stdout.strip() else None


def field(message, end):
    def walk(fields):
        for f in fields:
            if f["path"].endswith(end):
                return f
            found = walk(f.get("fields", []))
            if found:
                return found
        return None
    return walk(message["fields"])


def facts(document):
    """Of each connection, what does not depend on how it was captured."""
    out = []
    for c in document["connections"]:
        out.append({
            "messages": [(m["from"], m["name"], m["length"], m["encrypted"], m["bytes"]) for m in c["messages"]],
            "data": (c["traffic"]["client"]["data_bytes"], c["traffic"]["server"]["data_bytes"]),
            "checks": [(k["name"], k["outcome"]) for k in c.get("checks", [])],
            "established": c["established"], "keys": c["onlooker"]["keys"], "resumed": c["onlooker"]["resumed"],
        })
    return sorted(out, key=lambda c: (c["messages"][0][4] if c["messages"] else "", str(c)))


FIELDS = ["tcp.stream", "tcp.srcport", "tls.handshake.type", "tls.alert_message.desc", "tls.handshake.random",
          "tls.handshake.extensions_server_name", "tls.handshake.ciphersuite", "tls.handshake.session_id",
          "tls.handshake.extensions_alpn_str", "tls.handshake.sig_hash_alg", "tls.handshake.extensions_supported_group"]


def tshark(path, keys=None):
    """Per connection: client port -> facts."""
    words = ["tshark", "-2", "-r", path, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", "-o",
             "tcp.reassemble_out_of_order:TRUE", *(["-o", f"tls.keylog_file:{keys}"] if keys else []),
             *[w for f in FIELDS for w in ("-e", f)], "-Y", "tls"]
    text = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout
    streams = {}
    for line in text.splitlines():
        row = dict(zip(FIELDS, (line.split("\t") + [""] * len(FIELDS))))
        s = streams.setdefault(row["tcp.stream"], {"rows": []})
        s["rows"].append(row)
    for number, s in streams.items():
        s["hello"] = next((r for r in s["rows"] if "1" in r["tls.handshake.type"].split(",")), None)
        follow = subprocess.run(["tshark", "-2", "-r", path, "-q", "-o", "tcp.reassemble_out_of_order:TRUE",
                                 *(["-o", f"tls.keylog_file:{keys}"] if keys else []), "-z", f"follow,tls,raw,{number}"],
                                capture_output=True, text=True, timeout=60, check=False).stdout
        sides = [0, 0]
        for line in follow.splitlines():
            if re.fullmatch(r"\t?[0-9a-f]+", line):
                sides[line.startswith("\t")] += len(line.strip()) // 2
        s["data"] = tuple(sides)
    return streams


def numbers(text):
    return [int(n, 0) for n in text.split(",") if n]


# Suites and versions that are not decrypted: everything before ChangeCipherSpec is compared.
CLOSED = ()


def as_tshark_sees(name, path, keys, theirs):
    """Field by field. Returns (plaintexts of fede, of tshark)."""
    code, document = explain(path, keys)
    check(code == (13 if name in CLOSED else 0), f"{name}: exit {code}")
    streams = theirs[name]
    for c in document["connections"]:
        bad = list(story_schema.check(SCHEMA, c, name))
        check(not bad, f"{name}: not as the schema has it: {bad[:2]}")
    bad = list(story_schema.problems(SCHEMA, SCHEMA, document, name))
    check(not bad, f"{name}: not as the schema has it: {bad[:2]}")
    mine = {c["title"].split("client ")[1].split(",")[0].rsplit(":", 1)[1]: c for c in document["connections"]}
    read = [0, 0]
    for s in streams.values():
        if s["hello"] is None:
            continue
        c = mine.get(s["hello"]["tcp.srcport"])
        if not check(c is not None, f"{name}: connection of port {s['hello']['tcp.srcport']} is missing"):
            continue
        for side in ("client", "server"):
            rows = [r for r in s["rows"] if (r["tcp.srcport"] == s["hello"]["tcp.srcport"]) == (side == "client")]
            wanted = [n for r in rows for n in numbers(r["tls.handshake.type"])]
            ours = [m["type"] for m in c["messages"] if m["from"] == side and m["protocol"] == "handshake"]
            if name in CLOSED:
                wanted = wanted[:-1] if wanted[-1] == 20 else wanted
            check(wanted == ours, f"{name}: messages of the {side}: tshark {wanted}, fede {ours}")
            wanted = [n for r in rows for n in numbers(r["tls.alert_message.desc"])]
            ours = [int(m["bytes"][2:], 16) for m in c["messages"] if m["from"] == side and m["protocol"] == "alert"]
            check(wanted == ours or name in CLOSED, f"{name}: alerts of the {side}: tshark {wanted}, fede {ours}")
        bare = [f for m in c["messages"] for f in ("body", "unread") if field(m, "." + f)]
        check(not bare, f"{name}: bytes of a message have no name: {bare}")
        hellos = [m for m in c["messages"] if m["protocol"] == "handshake" and m["type"] in (1, 2)]
        rows = [r for r in s["rows"] if set(r["tls.handshake.type"].split(",")) & {"1", "2"}]
        for m, r in zip(hellos, rows):
            check(field(m, "random")["bytes"] == r["tls.handshake.random"].split(",")[0], f"{name}: random of {m['name']}")
            suites = field(m, "cipher_suites") or field(m, "cipher_suite")
            ours = [f["number"] for f in suites["fields"]] if "fields" in suites else [suites["number"]]
            check(ours == numbers(r["tls.handshake.ciphersuite"]), f"{name}: suites of {m['name']}")
            sni = field(m, "server_name.host_name") or field(m, "host_name")
            check((sni["text"] if sni else "") == r["tls.handshake.extensions_server_name"], f"{name}: SNI of {m['name']}")
            if m["type"] == 1:
                for ours, wanted in (("supported_groups", "tls.handshake.extensions_supported_group"),
                                     ("signature_algorithms", "tls.handshake.sig_hash_alg")):
                    f = field(m, ours)
                    got = [x["number"] for g in f["fields"] if g["kind"] == "list" for x in g["fields"]] if f else []
                    check(got == numbers(r[wanted])[:len(got)] and bool(got) == bool(r[wanted]), f"{name}: {ours}: {got} {r[wanted]}")
        ours = (c["traffic"]["client"]["data_bytes"], c["traffic"]["server"]["data_bytes"])
        read[0] += sum(ours) > 0
        read[1] += sum(s["data"]) > 0
        # Which side it lists first depends on who sent data first.
        check(sorted(ours) == sorted(s["data"]) or sum(s["data"]) == 0 or name in CLOSED, f"{name}: plaintext: tshark {s['data']}, fede {ours}")
    return read


def rewritten(name, way, work, ask=False):
    path, keys = f"{folder}/{name}.pcapng", f"{folder}/{name}.keys"
    if not os.path.exists(path):
        path += ".gz"
    _, document = explain(path, keys)
    wanted = facts(document)
    with open(keys, "rb") as f:
        data = rewrite.WAYS[way](rewrite.read(path), f.read())
    made = f"{work}/{name}-{way}"
    with open(made, "wb") as f:
        f.write(data)
    used = None if "secrets" in way else keys
    code, document = explain(made, used)
    got = facts(document)
    if way == "reused-ports":
        wanted = sorted(wanted + wanted, key=lambda c: (c["messages"][0][4], str(c)))
    ok = check(got == wanted, f"{name} as {way}: another story (exit {code})")
    read = sum(sum(c["data"]) > 0 for c in got), sum(sum(c["data"]) > 0 for c in wanted)
    theirs = None
    if ask:
        theirs = sum(sum(s["data"]) > 0 for s in tshark(made, used).values())
    os.remove(made)
    return ok, read, theirs


# What a rewriting would say otherwise: several connections between the same ports, a datagram, less than a whole conversation.
ONCE = re.compile("several|dtls|quic|resumed|early-data|psk|hello-in-tiny|reset|cut-|ssl2|large|tickets?-key")


def whole_corpus(work):
    """Each capture in some ways, so that each way meets captures of every kind; --quick: each in one, a third of them."""
    corpus = sorted({f.split(".pcapng")[0] for f in os.listdir(folder) if ".pcapng" in f})
    ways, ok, n = list(rewrite.WAYS), 0, 0
    for i, name in enumerate(corpus):
        if ONCE.search(name) or (quick and i % 3):
            continue
        for k in range(1 if quick else 4):
            way = ways[(i // (3 if quick else 1) + 11 * k) % len(ways)]
            if way.startswith("shuffled"):  # a reset that overtakes data ends the connection
                continue
            ok += rewritten(name, way, work)[0]
            n += 1
    print(f"{'the whole corpus, in turn':28}{ok:>9}/{n}")


def in_lines(name):
    """The line form: valid, every line names its connection, and the messages are those of the document."""
    path, keys = f"{folder}/{name}.pcapng", f"{folder}/{name}.keys"
    text = subprocess.run([fede, "explain", "--json=lines", "--keylog", keys, path], capture_output=True, text=True, check=False).stdout
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        bad = list(story_schema.check(SCHEMA, line, name))
        check(not bad and ("connection" in line or line["event"] == "capture"), f"{name}: line {line['event']}: {bad[:2]}")
    _, document = explain(path, keys)
    for c in document["connections"]:
        ours = [line["bytes"] for line in lines if line["event"] == "message" and line["connection"] == c["connection"]]
        check(ours == [m["bytes"] for m in c["messages"]], f"{name}: lines and document differ")


def piped(name):
    path, keys = f"{folder}/{name}.pcapng", f"{folder}/{name}.keys"
    with open(path, "rb") as f:
        _, document = explain("-", keys, stdin=f)
    check(facts(document) == facts(explain(path, keys)[1]), f"{name} from standard input: another story")


def zero_finished(messages, lines):
    """The client's Finished with twelve zeros for verify_data, sealed again with the keys of the connection: its tag is right."""
    randoms = messages["ServerHello"][6:38] + messages["ClientHello"][6:38]
    master = bytes.fromhex(re.search(r"CLIENT_RANDOM \S+ (\S+)", lines).group(1))
    block = values.prf("sha384", master, b"key expansion", randoms, 72)
    header, explicit = b"\x16\3\3\0\x28", 8

    def change(tcp, _):
        at = tcp.data.find(header)
        if at < 0 or tcp.dport > tcp.sport:
            return [tcp]
        nonce = tcp.data[at + 5:at + 5 + explicit]
        sealed = values.AESGCM(block[:32]).encrypt(block[64:68] + nonce, b"\x14\0\0\x0c" + bytes(12), bytes(8) + b"\x16\3\3\0\x10")
        return [tcp.but(data=tcp.data[:at + 5 + explicit] + sealed + tcp.data[at + 45:])]
    return change


def damage(work):
    """What is wrong has to be said, each in its way."""
    name = "t12-ecdsa-aes256"
    path, keys = f"{folder}/{name}.pcapng", f"{folder}/{name}.keys"
    packets = rewrite.read(path)
    with open(keys, encoding="ascii") as f:
        lines = f.read()
    made, made_keys = f"{work}/damaged", f"{work}/damaged.keys"

    def put(data, text=lines):
        with open(made, "wb") as f:
            f.write(data)
        with open(made_keys, "w", encoding="utf-8") as f:
            f.write(text)
        return explain(made, made_keys)

    def alter(find, at):
        """The byte `at` behind the first occurrence of find in a segment."""
        done = False

        def change(tcp, _):
            nonlocal done
            i = tcp.data.find(find)
            if i < 0 or done:
                return [tcp]
            done = True
            i += at
            return [tcp.but(data=tcp.data[:i] + bytes([tcp.data[i] ^ 1]) + tcp.data[i + 1:])]
        out = rewrite.each_tcp(packets, change)
        assert done
        return rewrite.pcap(out)

    _, document = explain(path, keys)
    c = document["connections"][0]
    one = {m["name"]: bytes.fromhex(m["bytes"]) for m in c["messages"]}

    code, d = put(alter(one["ServerKeyExchange"], len(one["ServerKeyExchange"]) - 3))
    outcomes = dict((k["name"], k["outcome"]) for k in d["connections"][0]["checks"])
    check(code == 12 and outcomes["ServerKeyExchange signature"] == "failed" and outcomes["client Finished"] == "failed",
          f"altered signature: {code} {outcomes}")
    code, d = put(alter(one["ServerKeyExchange"], 10))
    outcomes = dict((k["name"], k["outcome"]) for k in d["connections"][0]["checks"])
    check(code == 12 and outcomes["ServerKeyExchange signature"] == "failed", f"altered share: {code} {outcomes}")
    header = b"\x17\x03\x03"
    code, d = put(alter(header, 20))
    outcomes = dict((k["name"], k["outcome"]) for k in d["connections"][0]["checks"])
    check(code == 12 and outcomes.get("record tag") == "failed" and d["connections"][0]["onlooker"]["keys"] == "used",
          f"altered record: {code} {outcomes}")
    if values.CRYPTOGRAPHY:
        code, d = put(rewrite.pcap(rewrite.each_tcp(packets, zero_finished(one, lines))))
        outcomes = dict((k["name"], k["outcome"]) for k in d["connections"][0]["checks"])
        opened = [r["protection"]["outcome"] for r in d["connections"][0]["records"] if "protection" in r]
        check(code == 12 and outcomes["client Finished"] == "failed" and set(opened) == {"verified"}, f"zero verify_data: {code} {outcomes} {opened}")
    else:
        print("skipped: zero verify_data: python3-cryptography is not installed")
    secret = re.search(r"CLIENT_RANDOM \S+ (\S+)", lines).group(1)
    code, d = put(rewrite.pcap(packets), lines.replace(secret, "00" * 48))
    check(code == 13 and d["connections"][0]["onlooker"]["keys"] == "wrong secret", f"wrong secret: {code}")
    code, d = put(rewrite.pcap(packets), lines.replace(secret, "00" * 48) + lines)
    check(code == 0 and d["connections"][0]["onlooker"]["keys"] == "used", f"wrong and right secret: {code}")
    code, d = put(rewrite.pcap(packets), lines.replace(re.search(r"CLIENT_RANDOM (\S+)", lines).group(1), "11" * 32))
    check(code == 13 and d["connections"][0]["onlooker"]["keys"] == "no line", f"no line: {code}")
    late = [x for x in packets if not rewrite.Tcp(x[1]).data[:1] == b"\x16" and not rewrite.Tcp(x[1]).flags & 2]
    code, d = put(rewrite.pcap(late))
    check(code == 13 and d["connections"][0]["onlooker"]["keys"] == "handshake not captured", f"no handshake: {code}")
    spoilt = "\ufeff# comment\r\nforeign line\r\n" + lines.upper().replace("\n", "\r\n") * 2
    code, d = put(rewrite.pcap(packets), spoilt)
    check(code == 0, f"key log with marks, comments, upper case, repeated: {code}")
    whole = rewrite.pcap(packets)
    for cut in (23, 30, len(whole) // 2, len(whole) - 5):
        code, d = put(whole[:cut])
        check(code in (3, 9, 13) and (code != 13 or d["problems"]), f"cut at {cut}: {code}")
    for client_only in (True, False):
        port = rewrite.Tcp(packets[0][1]).sport
        code, d = put(rewrite.pcap([x for x in packets if (rewrite.Tcp(x[1]).sport == port) == client_only]))
        ours = [m["name"] for m in d["connections"][0]["messages"]]
        check(ours[:1] == ["ClientHello" if client_only else "ServerHello"], f"one direction: {code} {ours}")
    big = f"{folder}/large.pcapng"
    packets = rewrite.read(big)
    middle = [i for i, x in enumerate(packets) if len(rewrite.Tcp(x[1]).data) > 10000][1]
    with open(f"{folder}/large.keys", encoding="ascii") as f:
        lines = f.read()
    code, d = put(rewrite.pcap(packets[:middle] + packets[middle + 1:]), lines)
    whole = explain(big, f"{folder}/large.keys")[1]["connections"][0]["traffic"]["server"]["data_bytes"]
    got = d["connections"][0]["traffic"]["server"]["data_bytes"]
    check(code == 13 and whole - 120000 < got < whole, f"a lost segment: exit {code}, {got} of {whole} bytes")
    code, d = put(rewrite.pcap(packets, snap=1000), lines)
    check(code == 13 and d["connections"][0]["messages"], f"cut by the snap length: {code}")
    name = "t13-aes256"
    packets = rewrite.read(f"{folder}/{name}.pcapng")
    with open(f"{folder}/{name}.keys", encoding="ascii") as f:
        lines = "".join(x for x in f if "_TRAFFIC_SECRET_0" in x)
    code, d = put(rewrite.pcap(packets), lines)
    check(d["connections"][0]["onlooker"]["keys"] == "partial" and d["connections"][0]["traffic"]["server"]["data_bytes"] > 0,
          f"traffic secrets only: {code} {d['connections'][0]['onlooker']}")
    for words, wanted in ((["/nonexistent"], 3), (["/dev/null"], 3), ([made_keys], 3)):
        r = subprocess.run([fede, "explain", *words], capture_output=True, check=False)
        check(r.returncode == wanted and len(r.stderr.splitlines()) >= 2, f"{words}: {r.returncode} {r.stderr}")


def main():
    names = sorted(f[:-7] for f in os.listdir(folder) if f.endswith(".pcapng"))
    check(len(names) > 0, "no captures; make.py makes them")
    read = [0, 0]
    stored = f"{folder}/tshark.json"
    if "--record" in sys.argv:
        with open(stored, "w", encoding="utf-8") as f:
            json.dump({n: tshark(f"{folder}/{n}.pcapng", f"{folder}/{n}.keys") for n in names}, f, indent=0)
    with open(stored, encoding="utf-8") as f:
        theirs = json.load(f)
    for name in names:
        got = as_tshark_sees(name, f"{folder}/{name}.pcapng", f"{folder}/{name}.keys", theirs)
        read = [read[0] + got[0], read[1] + got[1]]
    if names:
        print(f"as captured: {len(names)} captures; connections with plaintext: fede {read[0]}, tshark {read[1]}")
    some = [n for n in ("t12-ecdsa-aes256", "t13-aes256", "t12-small-records", "several", "ipv6") if n in names]
    with tempfile.TemporaryDirectory() as work:
        print(f"{'rewritten as':28}{'same story':>12}{'plaintexts':>12}{'tshark':>8}")
        for way in rewrite.WAYS:
            rows = [rewritten(n, way, work, not quick) for n in (some[:2] if quick else some)]
            theirs = "" if quick else str(sum(r[2] for r in rows))
            print(f"{way:28}{sum(r[0] for r in rows):>9}/{len(rows)}{sum(r[1][0] for r in rows):>9}/{sum(r[1][1] for r in rows)}{theirs:>8}")
        whole_corpus(work)
        piped(some[0])
        for name in some:
            in_lines(name)
        damage(work)
    print(f"captures: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
