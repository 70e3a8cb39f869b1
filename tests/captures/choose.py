#!/usr/bin/env python3
"""choose.py --fede FEDE: -T fields, -Y and -E against tshark, over all captures of data/ merged into one; saved stories.

For each name of Wireshark's that fede knows: the same values, as often. For filters: the same number of handshake messages or
alerts. tshark is told that every port is TLS, for it does not find it by content everywhere; the capture with STARTTLS is left
out, for it can't be told both.
"""
import argparse
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
NAMES = ["tls.handshake.type", "tls.handshake.version", "tls.handshake.random", "tls.handshake.session_id",
         "tls.handshake.ciphersuite", "tls.handshake.comp_method", "tls.handshake.extension.type",
         "tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str",
         "tls.handshake.extensions_supported_group", "tls.handshake.extensions_key_share_group",
         "tls.handshake.extensions.supported_version", "tls.handshake.sig_hash_alg", "tls.alert_message.level",
         "tls.alert_message.desc", "tls.record.version"]
FILTERS = ["tls.handshake.type == 2", "tls.handshake.extensions_server_name contains \"fede\"",
           "tls.handshake.extensions_server_name matches \"^n[0-3]\"", "tls.handshake.type == 1 && tls.handshake.ciphersuite == 0x00ff",
           "tls.handshake.type == 1 and not tls.handshake.extensions_server_name", "tls.handshake.ciphersuite in {0xc02b, 0xc02c}",
           "tls.handshake.extensions.supported_version == 0x0304", "tls.handshake.type == 1 and !(tls.handshake.extension.type == 16)",
           "tls.alert_message.level == 2", "tls.handshake.extensions_alpn_str == \"h2\""]
# In messages of TLS 1.3 whose body fede shows as a whole: no value may be there that tshark has not.
FEWER = {"tls.handshake.extension.type", "tls.handshake.sig_hash_alg"}
passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"FAILED {name} {detail}"[:600])


def run(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def values(text, sign):
    """Columns of rows to counters."""
    columns = [collections.Counter() for _ in NAMES]
    for line in text.splitlines():
        for counter, cell in zip(columns, line.split("\t")):
            counter.update(v for v in cell.split(sign) if v)
    return columns


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fede", required=True)
    fede = parser.parse_args().fede
    files = sorted(f for f in glob.glob(f"{DATA}/*.pcapng") if "starttls" not in f)
    with tempfile.TemporaryDirectory() as folder:
        keys, all_files = f"{folder}/keys", f"{folder}/all.pcapng"
        with open(keys, "wb") as out:
            for path in files:
                with open(path[:-6] + "keys", "rb") as f:
                    shutil.copyfileobj(f, out)
        against_tshark(fede, files, keys, all_files)
        own(fede, f"{DATA}/several.pcapng")
        saved(fede, folder)
        bounds(fede)
    print(f"choose: {passed} passed, {failed} failed, {0 if shutil.which('tshark') else len(NAMES) + len(FILTERS)} skipped")
    return failed > 0


def against_tshark(fede, files, keys, all_files):
    if not shutil.which("tshark") or not shutil.which("mergecap"):
        print("without tshark and mergecap nothing is compared")
        return
    subprocess.run(["mergecap", "-w", all_files, *files], check=True)
    tshark = ["tshark", "-2", "-r", all_files, "-o", f"tls.keylog_file:{keys}", "-o", "tcp.reassemble_out_of_order:TRUE",
              "-d", "tcp.port==1-65535,tls"]
    names = [w for n in NAMES for w in ("-e", n)]
    look = ["-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=;"]
    theirs = values(run([*tshark, "-T", "fields", *names, *look, "-Y", "tls"]).stdout, ";")
    ours = values(run([fede, "explain", "--keylog", keys, "-T", "fields", *names, *look, all_files]).stdout, ";")
    for name, a, b in zip(NAMES, ours, theirs):
        check(name, (a == b or (name in FEWER and not a - b)) and sum(a.values()) > 5, f"only fede: {dict(a - b)}; only tshark: {dict(b - a)}")
    for text in FILTERS:
        theirs = len(run([*tshark, "-Y", text, "-T", "fields", "-e", "frame.number"]).stdout.splitlines())
        ours = len(run([fede, "explain", "--keylog", keys, "-T", "lines", "-Y", text, all_files]).stdout.splitlines())
        check(text, ours == theirs and ours > 0, f"fede {ours}, tshark {theirs}")


def saved(fede, folder):
    """A story that was saved gives the page, the lines and the rows that the capture gives."""
    def stories(page):
        return [dict(json.loads(s), command=None) for s in re.findall(r'class="story">(.*?)</script>', page)]

    for name, *words in (("several", "-vv"), ("nginx-t12-h2", "-vvv"), ("t12-unknown-ca", "-vv"), ("t13-early-data", "-vv")):
        capture = [fede, "explain", *words, "--keylog", f"{DATA}/{name}.keys", f"{DATA}/{name}.pcapng"]
        path = f"{folder}/{name}.json"
        with open(path, "w", encoding="utf-8") as f:
            f.write(run([*capture, "--json"]).stdout)
        direct, again = stories(run([*capture, "-T", "html"]).stdout), stories(run([fede, "explain", "-T", "html", path]).stdout)
        check(f"{name}: page of a saved story", direct == again and direct, f"{len(direct)} {len(again)}")
        rows = ["-e", "conn", "-e", "sni", "-e", "tls.handshake.ciphersuite", "-Y", "tls.handshake.type in {1, 2}"]
        check(f"{name}: rows of a saved story",
              sorted(run([*capture, *rows]).stdout.splitlines()) == sorted(run([fede, "explain", *rows, path]).stdout.splitlines()))
        check(f"{name}: no text of it", run([fede, "explain", path]).returncode == 3)
        with open(path, "r+", encoding="utf-8") as f:
            f.truncate(2000)
        check(f"{name}: cut", run([fede, "explain", "-T", "html", path]).returncode == 3)


def bounds(fede):
    """Memory that has to suffice, and a pipe."""
    words = [fede, "explain", "-T", "lines", "--keylog", f"{DATA}/large.keys"]
    whole = run([*words, f"{DATA}/large.pcapng"])
    little = run([*words, "--max-memory", "16M", f"{DATA}/large.pcapng"])
    check("16M suffice", whole.returncode == little.returncode == 0 and whole.stdout == little.stdout)
    with open(f"{DATA}/large.pcapng", "rb") as f:
        piped = subprocess.run([*words, "-"], stdin=f, capture_output=True, text=True, timeout=120, check=False)
    check("a pipe", piped.stdout == whole.stdout and "\r" not in piped.stderr)
    for size in ("15M", "x", "1T", "-1", ""):
        check(f"--max-memory {size}", run([*words, "--max-memory", size, f"{DATA}/large.pcapng"]).returncode == 2)


def own(fede, path):
    """What tshark has no counterpart of, and what is no filter."""
    def rows(*words):
        return run([fede, "explain", *words, path]).stdout.splitlines()

    check("conn", len(rows("-T", "fields", "-e", "sni", "-Y", "conn in {2 .. 4}")) == 3)
    check("header, quotes", rows("-e", "conn", "-e", "sni", "-E", "header=y", "-E", "separator=,", "-E", "quote=d", "-Y",
                                 "conn == 2 and client_hello") == ["conn,sni", '"2","n3.fede.test"'])
    check("first", rows("-e", "client_hello.cipher_suite", "-E", "occurrence=f", "-Y", "conn == 2")
          == ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 (0xc02c)"])
    check("last", rows("-e", "tls.handshake.ciphersuite", "-E", "occurrence=l", "-Y", "conn == 2 and client_hello") == ["0x00ff"])
    check("steps left out", rows("-e", "client_hello.host_name", "-Y", "conn == 2")
          == rows("-e", "client_hello.extensions.server_name.server_name_list.server_name.host_name", "-Y", "conn == 2"))
    check("names without case", rows("-e", "conn", "-Y", "server_hello.cipher_suite == tls_aes_256_gcm_sha384"))
    check("quotes to the letter", not rows("-e", "conn", "-Y", "server_hello.cipher_suite == \"tls_aes_256_gcm_sha384\""))
    check("bytes", rows("-e", "conn", "-Y", "client_hello.cipher_suite == 13:02 and client_hello contains 03:03"))
    check("max-connections", len(rows("-T", "fields", "-e", "sni", "--max-connections", "2")) == 2)
    for text, column in (("sni ==", 7), ("sni = x", 5), ("sni == \"x", 8), ("(sni", 5), ("sni sni", 5), ("", 1), ("and", 1),
                         ("sni in {1", 10), ("sni matches \"(\"", 16), ("conn == 1 or", 13)):
        p = run([fede, "explain", "-Y", text, path])
        check(f"no filter: {text}", p.returncode == 2 and f"column {column}:" in p.stderr, p.stderr)
    p = run([fede, "explain", "-Y", "client_hello.snii == 1", path])
    check("nothing fits", p.returncode == 9 and "client_hello.snii" in p.stderr, p.stderr)
    check("deep", run([fede, "explain", "-Y", "(" * 500 + "sni" + ")" * 500, path]).returncode == 2)


if __name__ == "__main__":
    sys.exit(main())
