"""What tshark says of a capture: facts(path, keys) -> one entry for each TCP connection with TLS in it.

Each entry: client port, records and messages of each side as they come, each with its fields as (tshark's name, offset in
the message, bytes, value in hex), alerts, and the plaintext of both sides. Nothing here knows fede. The facts of the corpus
are kept (store, load), so that comparing needs no tshark; `version` says whose they are."""
import lzma
import json
import os
import re
import subprocess
import xml.etree.ElementTree as xml

SIDES = ("client", "server")


def options(keys):
    return ["-2", "-o", "tcp.reassemble_out_of_order:TRUE", *(["-o", f"tls.keylog_file:{keys}"] if keys else [])]


def run(*words):
    r = subprocess.run(["tshark", *words], capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC"))
    if r.returncode:
        raise RuntimeError(f"tshark {' '.join(words)}: {r.returncode}: {r.stderr[-300:]}")
    return r.stdout


def version():
    return run("--version").split("\n", 1)[0]


def facts(path, keys=None):
    out = {}
    tree = xml.fromstring(re.sub(r"[^\x09\x0a\x0d\x20-\ufffd]", "?", run("-r", path, *options(keys), "-T", "pdml", "-J", "tcp tls")))
    openers = {}  # the side that sent the first packet is the client
    for packet in tree.iter("packet"):
        tcp = next((p for p in packet.findall("proto") if p.get("name") == "tcp"), None)
        if tcp is None:
            continue
        shown = {f.get("name"): f.get("show") for f in tcp.iter("field")}
        stream, port = int(shown["tcp.stream"]), int(shown["tcp.srcport"])
        client = openers.setdefault(stream, port)
        for proto in packet.findall("proto"):
            if proto.get("name") != "tls":
                continue
            c = out.setdefault(stream, {"port": client, "client": {"records": [], "messages": [], "alerts": []},
                                        "server": {"records": [], "messages": [], "alerts": []}, "text": ["", ""], "closed": 0})
            read_tls(proto, c["client" if port == client else "server"], c)
    if out:
        text = run("-r", path, *options(keys), "-q", *[w for n in out for w in ("-z", f"follow,tls,raw,{n}")])
        followed(text, out)
    return [out[n] for n in sorted(out)]


def read_tls(node, side, connection):
    for f in node:
        name = f.get("name")
        if name == "tls.record":
            read_record(f, side, connection)
        elif name != "tls.handshake.fragments":
            read_tls(f, side, connection)


def read_record(node, side, connection):
    header = {f.get("name"): f.get("value") for f in node if f.get("value")}
    kind = header.get("tls.record.opaque_type", header.get("tls.record.content_type"))
    side["records"].append([int(kind or "0", 16), int(header.get("tls.record.version", "0"), 16), int(header.get("tls.record.length", "0"), 16)])
    bare = next((f for f in node if f.get("name") == "tls.handshake.type"), None)
    if bare is not None:  # SSL 2: no message of its own below the record
        side["messages"].append({"type": int(bare.get("value"), 16), "ssl2": True, "fields": list(leaves([f for f in node if f.get("name", "").startswith("tls.handshake")], int(bare.get("pos"))))})
        return
    inside(node, side, connection)


def inside(node, side, connection):
    for f in node:
        name = f.get("name")
        if name == "tls.handshake":
            fields = [g for g in f if g.get("name") == "tls.handshake.type"]
            if fields:
                start = int(fields[0].get("pos"))
                side["messages"].append({"type": int(fields[0].get("value"), 16), "fields": list(leaves(f, start))})
            else:
                connection["closed"] += 1
        elif name == "tls.alert_message":
            values = {g.get("name"): g.get("value") for g in f}
            if "tls.alert_message.desc" in values:
                side["alerts"].append([int(values["tls.alert_message.level"], 16), int(values["tls.alert_message.desc"], 16)])
            else:
                connection["closed"] += 1
        elif name != "tls.handshake.fragments":
            inside(f, side, connection)


def leaves(node, start):
    for f in node:
        name = f.get("name")
        if name and not name.startswith("_ws") and name not in ("tls.handshake.fragments", "tls.handshake.fragment"):
            yield [name, int(f.get("pos")) - start, int(f.get("size")), f.get("value", "") or "", f.get("show", "")[:80]]
        yield from leaves(f, start)


def followed(text, out):
    """Lines of node 1 begin with a tab. Whose node 0 is stands in its line; of node 1 nothing is said there."""
    current, first_is_server = None, False
    for line in text.splitlines():
        if m := re.match(r"Filter: tcp.stream eq (\d+)", line):
            current = out.get(int(m.group(1)))
        elif m := re.match(r"Node 0: .*:(\d+)$", line):
            first_is_server = current is not None and int(m.group(1)) != current["port"]
        elif current is not None and re.fullmatch(r"\t?[0-9a-f]+", line):
            current["text"][first_is_server ^ line.startswith("\t")] += line.strip()


def packed(facts_of):
    """Equal messages are kept once: the same certificates are sent again and again."""
    table, index = [], {}
    for capture in facts_of["captures"].values():
        for c in capture:
            for side in SIDES:
                for i, m in enumerate(c[side]["messages"]):
                    key = json.dumps(m)
                    if key not in index:
                        index[key] = len(table)
                        table.append(m)
                    c[side]["messages"][i] = index[key]
    return dict(facts_of, messages=table)


def store(path, facts_of):
    with open(path, "wb") as f:
        f.write(lzma.compress(json.dumps(packed(facts_of), separators=(",", ":")).encode(), preset=9))


def load(path):
    with open(path, "rb") as f:
        known = json.loads(lzma.decompress(f.read()))
    for capture in known["captures"].values():
        for c in capture:
            for side in SIDES:
                c[side]["messages"] = [known["messages"][i] for i in c[side]["messages"]]
    return known
