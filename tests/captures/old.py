#!/usr/bin/env python3
"""old.py FEDE FOLDER: what fede explain says of connections that begin in the form of SSL 2.0, or are SSL 2.0.

The captures of FOLDER hold what was sent (peers_old.py: Java's client with OpenSSL's server; SSL 2.0 itself by a script, for no
package speaks it any more). Here they are also cut into segments of one byte, cut off at every place, and altered.
Prints `old: N passed, N failed`."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402
from coverage import Covered  # noqa: E402

fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
passed = failed = 0


def check(ok, words):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("not ok:", words)


def explain(path, *words):
    r = subprocess.run([fede, "explain", "--json", *words, path], capture_output=True, timeout=60, check=False)
    if r.returncode < 0 or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{path}: {r.returncode} {r.stderr.decode()}")
    connections = json.loads(r.stdout)["connections"] if r.stdout.strip() else []
    return r.returncode, connections[0] if connections else None


def of_corpus(name, *words):
    return explain(f"{folder}/{name}.pcapng.gz", "--keylog", f"{folder}/{name}.keys", *words)


def findings(c):
    return {f["finding"] for f in c["findings"]}


def names(c):
    return [m["name"] for m in c["messages"] if m["protocol"] in ("handshake", "ssl2")]


def answered_in_tls():
    for name, version in (("ssl2-hello-t12", "TLS 1.2"), ("ssl2-hello-t10-dhe", "TLS 1.0")):
        code, c = of_corpus(name)
        check(code == 0 and c["established"] and c["onlooker"]["keys"] == "used", f"{name}: {code} {c['onlooker']}")
        check(names(c)[:2] == ["SSL 2 CLIENT-HELLO", "ServerHello"] and c["choice"]["version"]["name"] == version, f"{name}: {names(c)}")
        check("ssl2_hello" in findings(c) and "ssl2" not in findings(c), f"{name}: {findings(c)}")
        done = {k["name"]: k["outcome"] for k in c["checks"]}
        check(done.get("client Finished") == done.get("server Finished") == "verified", f"{name}: {done}")
        check(len(c["offers"]["cipher_suites"]) == 2, f"{name}: offered {c['offers']['cipher_suites']}")


def answered_in_ssl2():
    for name, messages, cipher in (("ssl2-connection", ["CLIENT-HELLO", "SERVER-HELLO", "CLIENT-MASTER-KEY"], "SSL_CK_RC4_128_WITH_MD5"),
                                   ("ssl2-export", ["CLIENT-HELLO", "SERVER-HELLO", "CLIENT-MASTER-KEY"], "SSL_CK_RC4_128_EXPORT40_WITH_MD5"),
                                   ("ssl2-error", ["CLIENT-HELLO", "ERROR"], "")):
        code, c = of_corpus(name)
        closed = name != "ssl2-error"
        check(names(c) == [f"SSL 2 {m}" for m in messages], f"{name}: {names(c)}")
        check({"ssl2", "ssl2_hello"} <= findings(c), f"{name}: {findings(c)}")
        check(c["onlooker"]["keys"] == ("suite not supported" if closed else "not needed"), f"{name}: {c['onlooker']}")
        check(not closed or c["choice"]["version"]["name"] == "SSL 2.0", f"{name}: {c.get('choice')}")
        check(c["established"] == closed and len(c.get("certificates", [])) == closed, f"{name}: {c['established']}")
        detail = next(f.get("detail", "") for f in c["findings"] if f["finding"] == "ssl2")
        check(cipher in detail, f"{name}: {detail}")
        check({a["protected"] for a in c["protected_against"].values()} == {"no"}, f"{name}: {c['protected_against']}")
        text = subprocess.run([fede, "explain", f"{folder}/{name}.pcapng.gz"], capture_output=True, text=True, check=False).stdout
        check("DROWN" in text.replace("\n", " ") and "Protected against" in text, f"{name}: the story's end")
        chinese = subprocess.run([fede, "explain", "--lang=zh", "-vvv", f"{folder}/{name}.pcapng.gz"], capture_output=True, text=True, check=False).stdout
        check("密码列表有多少字节" in "".join(chinese.split()), f"{name}: in Chinese")


def every_byte():
    for name in ("ssl2-hello", "ssl2-hello-t12", "ssl2-connection", "ssl2-export", "ssl2-error"):
        _, c = of_corpus(name, "-vv")
        covered = Covered()
        covered.story(c["messages"], c["records"])
        check(covered.covered == covered.bytes > 0, f"{name}: {covered.bytes - covered.covered} bytes without a sentence: {covered.uncovered}")



def record(c, side, n=0):
    """The n-th record of a side, as it was: header and message."""
    m = [m for m in c["messages"] if m["from"] == side and m["protocol"] == "ssl2"][n]
    data = bytes.fromhex(m["bytes"])
    return (0x8000 | len(data)).to_bytes(2, "big") + data


def in_pieces(work):
    """One byte to a segment, the long header, and everything cut off somewhere."""
    _, c = of_corpus("ssl2-connection")
    client, server, key = record(c, "client"), record(c, "server"), record(c, "client", 1)
    long = [b"%c%c\0" % (len(r) - 2 >> 8, len(r) - 2 & 255) + r[2:] for r in (server, key)]
    path = f"{work}/pieces.pcapng"

    def story(parts, most=1, end=True):
        talk = packets.Talk(40000, 4433)
        for side, data in parts:
            talk.say(side, data, most)
        packets.pcapng(path, talk.end() if end else talk.frames)
        return explain(path)
    for most in (1, 2, 7, 1400):
        _, got = story(((0, client), (1, server), (0, key)), most)
        check(got is not None and names(got) == names(c), f"segments of {most}: {got and names(got)}")
    _, got = story(((0, client), (1, server), (0, long[1])), 1400)
    check(names(got) == names(c), f"a header of three bytes: {names(got)}")
    for n in range(len(client) + 1):
        code, got = story(((0, client[:n]),), 1400)
        check((got is not None) == (n >= 11) and (n < len(client) or names(got)), f"cut after {n} bytes: {code}")
    for n in range(0, len(server), 37):
        code, got = story(((0, client), (1, server[:n])), 1400)
        check(got is not None and code in (0, 13), f"server cut after {n} bytes: {code}")
    for at in range(len(client)):
        code, _ = story(((0, client[:at] + bytes([client[at] ^ 0x55]) + client[at + 1:]), (1, server)), 1400)
        check(code in (0, 9, 13), f"byte {at} altered: {code}")
    for at in list(range(13)) + list(range(len(server) - 24, len(server))):
        code, _ = story(((0, client), (1, server[:at] + bytes([server[at] ^ 0x55]) + server[at + 1:]), (0, key)), 1400)
        check(code in (0, 9, 13), f"byte {at} of the server altered: {code}")
    check(story(((0, b"\x80\x2e\x01\x03\x01" + b"hello, no TLS here, " * 3),), 1400)[0] == 9, "something else that begins like it")


def main():
    with tempfile.TemporaryDirectory() as work:
        answered_in_tls()
        answered_in_ssl2()
        every_byte()
        in_pieces(work)
    print(f"old: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
