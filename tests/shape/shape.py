#!/usr/bin/env python3
"""The architecture, kept visible by a test: who may include whom, what is exported, what is documented.

    shape.py layers               every #include against the table below (ARCHITECTURE.md repeats it for people)
    shape.py symbols LIB.a LIB.so only fede_ is exported, and every exported function stands in a public header
    shape.py reasons              every reason is used by the code, has a sentence, and reaches docs/errors.md's index
    shape.py words                nothing unfinished, no path of a machine, raw memcpy only in base and wire
Prints `name: N passed, N failed`.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SRC = os.path.join(ROOT, "src")

# folder: (other folders it may include, public headers it may include)
ALL = {"issue", "types", "error", "verify", "trace", "fede", "stream", "explain", "reasons.def"}
PLAIN = {"types", "error", "verify", "reasons.def"}
MAY = {
    "base": (set(), {"types", "error", "reasons.def"}),
    "crypto": ({"base"}, PLAIN),
    "wire": ({"base"}, PLAIN),
    "x509": ({"base", "wire", "crypto"}, PLAIN),
    "issue": ({"base", "crypto", "x509"}, PLAIN | {"issue"}),
    "keys": ({"base", "crypto"}, PLAIN),
    "record": ({"base", "wire", "crypto", "keys"}, PLAIN),
    "flow": ({"base", "wire"}, PLAIN),
    "tls": ({"base", "crypto", "wire", "x509", "keys", "record", "flow"}, ALL - {"stream", "explain"}),
    "inside": ({"base"}, PLAIN | {"trace"}),
    "explain": ({"base", "crypto", "wire", "x509", "keys", "record", "flow"}, PLAIN | {"trace", "explain"}),
    "report": ({"base", "wire", "explain", "inside"}, ALL - {"stream"}),
    "io": ({"base"}, ALL),
    "token": ({"base", "crypto", "x509"}, PLAIN),
    "cli": ({"base", "report", "token"}, ALL),
}
ONLY_IN = {"openssl/": {"crypto"}, "uv.h": {"cli"}, "hiredis/": {"cli"}, "nghttp2/": {"cli", "inside"}, "ares.h": {"cli"}, "pcap/": {"cli"}, "http_parser.h": {"cli", "inside"},
           "jansson.h": {"report", "cli"}, "p11-kit/": {"token"}}
failures = []
passed = 0


def check(ok, message):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(message)
        print("not ok:", message)


def sources(*folders):
    for folder in folders:
        for directory, _, files in os.walk(os.path.join(ROOT, folder)):
            for name in sorted(files):
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.join(directory, name)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def layers():
    for path in sources("src"):
        folder = os.path.relpath(path, SRC).split(os.sep)[0]
        others, public = MAY[folder]
        for quote, name in re.findall(r'^\s*#\s*include\s+(["<])([^">]+)[">]', read(path), re.M):
            where = f"{os.path.relpath(path, ROOT)} includes {name}"
            head = name.split("/")[0]
            for prefix, allowed in ONLY_IN.items():
                if name.startswith(prefix):
                    check(folder in allowed, f"{where}: only {', '.join(sorted(allowed))} may")
            if head == "fede":
                check(re.sub(r"\.h$", "", name[5:]) in public, f"{where}: {folder} may not")
            elif quote == '"':
                check(head == folder or head in others or (head not in MAY and "/" not in name),
                      f"{where}: {folder} may include {', '.join(sorted(others)) or 'no other folder'}")
    for folder in os.listdir(SRC):
        check(folder in MAY, f"src/{folder} is not in the table of layers")


def declared():
    """Functions that public headers declare."""
    names = set()
    for path in sources("include"):
        names |= set(re.findall(r"FEDE_API[^;(]*?\b(fede_\w+)\(", read(path)))
    return names


def symbols(static, shared):
    def defined(arguments):
        out = subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout
        return {line.split()[-1].split("@")[0] for line in out.splitlines() if re.search(r" [TDBRVW] ", line)}
    functions = declared()
    for what, names in (("static", defined(["-g", "--defined-only", static])),
                        ("shared", defined(["-D", "--defined-only", shared]))):
        check(names, f"the {what} library exports nothing")
        for name in sorted(names):
            check(name.startswith("fede_"), f"the {what} library exports {name}")
            check(name in functions, f"the {what} library exports {name}, which no public header declares")
        for name in sorted(functions):
            check(name in names, f"{name} is declared but the {what} library has no such symbol")
    for path in sources("include"):
        text = read(path)
        for match in re.finditer(r"^FEDE_API", text, re.M):
            before = text[:match.start()].rstrip()
            line = text[match.start():].split("\n")[0]
            check(before.endswith("*/") or before.split("\n")[-1].startswith("FEDE_API") or
                  before.split("\n")[-1].endswith("};"), f"{os.path.basename(path)}: no comment before {line}")


def words_in(paths):
    return {word for path in paths for word in re.findall(r"\w+", read(path))}


def reasons():
    rows = re.findall(r'^FEDE_REASON\((\w+), (\w+), "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)", "([^"]*)"\)',
                      read(os.path.join(ROOT, "include/fede/reasons.def")), re.M)
    check(len(rows) > 60, "reasons.def can't be read")
    code = words_in(p for p in sources("src") if not p.endswith("reasons.def"))
    tests = words_in(os.path.join(d, f) for d, _, files in os.walk(os.path.join(ROOT, "tests")) for f in files
                     if f.endswith((".c", ".py", ".tsv")) and f != "shape.py")
    for name, _, sentence, _, _ in rows:
        check(f"FEDE_{name}" in code, f"reason {name} is not used by the code")
        check({f"FEDE_{name}", name.lower()} & tests, f"reason {name} is provoked by no test")
        check(sentence.endswith((".", "}")) and re.match(r'[A-Z{\\"]|fede |libcrypto ', sentence),
              f"reason {name}: not a sentence")


def words():
    for path in sources("src", "include", "bench", "tests", "examples"):
        relative, text = os.path.relpath(path, ROOT), read(path)
        found = re.search(r"\b(TODO|FIXME|XXX)\b", text)
        check(not found, f"{relative} is unfinished: {found and found.group(0)}")
        if relative.startswith("src/") and relative.split("/")[1] not in ("base", "wire", "crypto"):
            check(not re.search(r"\bmem(cpy|move)\s*\(", text), f"{relative}: raw memcpy; use bytes_copy")
        check(not re.search(r"\b(strcpy|strcat|sprintf|gets|strtok)\s*\(", text), f"{relative}: an unbounded text function")


def main():
    what, *rest = sys.argv[1:]
    {"layers": layers, "symbols": symbols, "reasons": reasons, "words": words}[what](*rest)
    print(f"{what}: {passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
