"""fede keylog: check, merge, inject, extract, strip."""
import json
import os
import stat

from scene import CORPUS, expect, same, test

RANDOM, MASTER = "ab" * 32, "cd" * 48


def entries(path):
    with open(path, "rb") as f:
        return b"".join(line for line in f if not line.startswith(b"#"))


def plaintext(s, capture, *more):
    """What tshark decrypts without being told of keys."""
    return s.other("tshark", "-r", capture, *more, "-Y", "http or http2", "-T", "fields", "-e", "frame.number")


@test
def keylog_check_lines(s):
    log = s.write("k", f"# a comment\r\nCLIENT_RANDOM {RANDOM} {MASTER}\r\n\nCLIENT_RANDOM {RANDOM.upper()} {MASTER}\n"
                       f"CLIENT_RANDOM {RANDOM} {'ce' * 48}\nCLIENT_RANDOM {RANDOM} {'cd' * 47}\nNOTHING {RANDOM} {MASTER}\n"
                       f"CLIENT_RANDOM abcd {MASTER}\nrubbish \x1b[31m\nCLIENT_TRAFFIC_SECRET_0 {RANDOM} {'cd' * 48}\n"
                       f"RSA 0102030405060708 {MASTER}\nPMS_CLIENT_RANDOM {RANDOM} {'01' * 256}\n")
    r = s.run("keylog", "check", log, "--json").ends(10, "5 lines wrong")
    lines = {line["line"]: line for line in json.loads(r.out)["lines"]}
    same({n: line["trouble"] for n, line in lines.items()},
         {2: "", 4: "repeated", 5: "conflict", 6: "secret", 7: "label", 8: "random", 9: "no_entry", 10: "", 11: "", 12: ""},
         "what is wrong with each line")
    same((lines[4]["before"], lines[5]["before"], lines[6]["secret_length"]), (2, 2, 47), "where, how long")
    text = s.run("keylog", "check", log).ends(10, "said before, in line 2").text
    expect("\x1b" not in text and MASTER[:20] not in text, "control characters or secrets shown")
    same(s.run("keylog", "check", "-q", log).out, b"", "-q")
    s.run("keylog", "check", s.write("empty", "")).ends(9)
    s.run("keylog", "check", s.path("missing")).ends(3, "No such file")


@test
def keylog_check_against_captures(s):
    for name, n in (("chromium-t12-h2", 2), ("chromium-t13-h2", None), ("t12-renegotiated-by-server", 1), ("nss-t13-retry", None)):
        capture, keys = s.capture(name)
        story = json.loads(s.run("keylog", "check", keys, "--capture", capture, "--json").ends(0).out)
        same({c["keys"] for c in story["connections"]}, {"used"}, f"{name}: keys")
        expect(n is None or len(story["connections"]) == n, f"{name}: {len(story['connections'])} connections")
        expect(all(line["connections"] for line in story["lines"]), f"{name}: a line fits nothing")
    _, other = s.capture("t12-alpn")
    r = s.run("keylog", "check", other, "--capture", capture).ends(13, "not opened")
    expect("fits no connection" in r.text, str(r))
    # A wrong secret is told apart from no line.
    with open(keys, encoding="ascii") as f:
        wrong = "".join(line[:-2] + ("0" if line[-2] != "0" else "1") + "\n" for line in f)
    s.run("keylog", "check", s.write("wrong", wrong), "--capture", capture).ends(13, "wrong")


@test
def keylog_merge(s):
    a = s.write("a", f"CLIENT_RANDOM {RANDOM} {MASTER}\nrubbish\n")
    b = s.write("b", f"\ufeffCLIENT_RANDOM {RANDOM.upper()} {MASTER}\r\nRSA 0102030405060708 {MASTER}\r\n")
    s.run("keylog", "merge", a, b, "-o", s.path("all")).ends(0, "1 line left out")
    same(s.read("all").decode(), f"CLIENT_RANDOM {RANDOM} {MASTER}\nRSA 0102030405060708 {MASTER}\n", "merged")
    same(stat.S_IMODE(os.stat(s.path("all")).st_mode), 0o600, "mode")
    before = s.read("all")
    s.run("keylog", "merge", a, "-o", s.path("all")).ends(1, "--overwrite")
    same(s.read("all"), before, "written over")
    s.run("keylog", "merge", a, "--overwrite", "-o", s.path("all")).ends(0)
    same(stat.S_IMODE(os.stat(s.path("all")).st_mode), 0o600, "mode of the new one")
    same(s.run("keylog", "merge", s.path("all"), "-").out, s.read("all"), "to standard output")
    s.run("keylog", "merge", s.write("none", "rubbish\n"), "-o", s.path("new")).ends(9)
    expect(not os.path.exists(s.path("new")), "a file without entries was made")


@test
def keylog_inject_extract_strip(s):
    for name in ("chromium-t12-h2", "chromium-t13-h2", "t12-static-rsa-cbc", "nss-t13"):
        capture, keys = s.capture(name)
        log = s.write("log", entries(keys) + f"CLIENT_RANDOM {RANDOM} {MASTER}\n".encode())
        opened = s.path(name + "-open")
        s.run("keylog", "inject", capture, log, "-o", opened).ends(0, "1 line left out")
        same(stat.S_IMODE(os.stat(opened).st_mode), 0o600, "mode")
        same(s.run("explain", "--json", opened).out.count(b'"keys": "used"') > 0, True, f"{name}: fede does not open it")
        s.run("keylog", "extract", opened, "-o", s.path(name + "-back")).ends(0)
        same(s.read(name + "-back"), entries(keys), f"{name}: keys back")
        s.run("keylog", "strip", opened, "-o", s.path(name + "-strip")).ends(0, "1 secrets block")
        same(s.read(name + "-strip"), s.read(name + ".pcapng"), f"{name}: stripped, byte for byte")
        s.run("keylog", "strip", s.path(name + "-strip"), "-o", s.path("no")).ends(9)
    s.run("keylog", "inject", capture, s.write("other", f"CLIENT_RANDOM {RANDOM} {MASTER}\n"), "-o", s.path("no")).ends(9, "--all")
    expect(not os.path.exists(s.path("no")), "a file was made")
    s.run("keylog", "inject", "--all", capture, s.path("other"), "-o", s.path("all")).ends(0)
    same(s.run("keylog", "extract", s.path("all")).text, f"CLIENT_RANDOM {RANDOM} {MASTER}\n", "--all")
    # In place, and out of a pipe of nothing.
    s.run("keylog", "strip", s.path("all"), "--overwrite", "-o", s.path("all")).ends(0)
    same(s.read("all"), s.read(name + ".pcapng"), "in place")
    s.run("keylog", "extract", s.path("other")).ends(3, "no capture")
    s.run("keylog", "inject", s.path("other"), keys, "-o", s.path("no")).ends(3)


@test
def keylog_inject_damaged(s):
    """What is cut is copied as far as it goes, and said; in both byte orders."""
    capture, keys = s.capture("t12-alpn")
    data = s.read("t12-alpn.pcapng")
    s.run("keylog", "inject", s.write("cut", data[:-7]), keys, "-o", s.path("out")).ends(13, "within a block")
    expect(s.run("explain", s.path("out")).code in (0, 13), "the copy is no capture")
    for end in range(12, 200, 13):
        code = s.run("keylog", "strip", s.write("short", data[:end]), "-o", s.path(f"s{end}")).code
        expect(code in (3, 9, 13), f"{end} bytes: {code}")
    big = b"\x0a\x0d\x0d\x0a" + (28).to_bytes(4, "big") + b"\x1a\x2b\x3c\x4d\0\1\0\0" + bytes(8) + (28).to_bytes(4, "big")
    s.run("keylog", "inject", "--all", s.write("big", big), keys, "-o", s.path("bigger")).ends(0)
    same(s.run("keylog", "extract", s.path("bigger")).out, entries(keys), "a big-endian section")


@test
def keylog_for_tshark(s):
    """tshark decrypts what inject made, does not what strip made, and makes blocks that extract reads."""
    for name in ("chromium-t12-h2", "nginx-t13-http1"):
        capture, keys = s.capture(name)
        same(plaintext(s, capture), "", f"{name}: tshark reads it without keys")
        s.run("keylog", "inject", capture, keys, "-o", s.path("open")).ends(0)
        seen = plaintext(s, s.path("open"))
        same(seen, plaintext(s, capture, "-o", f"tls.keylog_file:{keys}"), f"{name}: with the block, with the file")
        expect(len(seen.split()) > 1, f"{name}: {seen}")
        s.run("keylog", "strip", s.path("open"), "-o", s.path("closed")).ends(0)
        same(plaintext(s, s.path("closed")), "", f"{name}: stripped")
        s.other("editcap", "--inject-secrets", f"tls,{keys}", capture, s.path("edited"))
        same(s.run("keylog", "extract", s.path("edited")).out, entries(keys), f"{name}: editcap's block")
        for form in ("pcap", "nsecpcap"):
            s.other("editcap", "-F", form, capture, s.path("old"))
            s.run("keylog", "inject", s.path("old"), keys, "--overwrite", "-o", s.path("new")).ends(0)
            same(plaintext(s, s.path("new")), seen, f"{name}: {form}")
            times = [s.other("tshark", "-r", s.path(f), "-T", "fields", "-e", "frame.time_epoch") for f in ("old", "new")]
            same(times[0], times[1], f"{name}: {form}: times")
        for f in ("open", "closed"):
            os.unlink(s.path(f))


@test
def keylog_usage(s):
    for words in ([], ["open", "x"], ["merge"], ["inject", "x"], ["strip", "a", "b"], ["check", "x", "-o", "y"], ["merge", "x", "--capture", "y"]):
        s.run("keylog", *words).ends(2)
    expect(os.path.isdir(CORPUS), "the corpus is missing")
