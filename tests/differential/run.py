#!/usr/bin/env python3
"""Mutated and generated chains judged by fede, OpenSSL, GnuTLS and Go; every disagreement must be explained in classes.py.

    tests/differential/run.py [--all] [--seed N] [--build build/release] [--keep FOLDER]

2,000 chains, 50,000 with --all. Prints the tables of docs/differential.md (--write renews it) and ends with
`N passed, N failed, N skipped`: a chain passes when all judges that are there agree with fede or a row says why not.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from classes import ACCEPTED, REFUSED  # noqa: E402

PEERS = {"openssl": "OpenSSL", "gnutls": "GnuTLS", "go": "Go"}
MUST_OCCUR = ["cert_feature", "cert_unreadable", "cert_signature", "cert_name_constraint", "cert_path_length", "cert_policy"]


def build(place, fede):
    """The judges that can be built here: name to program; fede's always."""
    judges = os.path.join(HERE, "judges")
    cc = os.environ.get("CC", "cc")
    commands = {
        "fede": [cc, "-O1", "-I", os.path.join(ROOT, "include"), f"{judges}/fede.c", os.path.join(fede, "libfede.a"), "-lcrypto"],
        "openssl": [cc, "-O1", f"{judges}/openssl.c", "-lcrypto"],
        "gnutls": [cc, "-O1", f"{judges}/gnutls.c", "-lgnutls"],
        "go": ["go", "build"]}
    built = {}
    for name, command in commands.items():
        program = os.path.join(place, name)
        command = [*command, "-o", program] + ([f"{judges}/go.go"] if name == "go" else [])
        missing = shutil.which(command[0]) is None
        done = None if missing else subprocess.run(command, capture_output=True, text=True,
                                                   env=dict(os.environ, GO111MODULE="off", GOFLAGS="", GOCACHE=os.path.join(place, "cache")))
        if done is not None and done.returncode == 0:
            built[name] = program
        elif name == "fede":
            sys.exit(f"fede's judge can't be built: {done.stderr if done else 'no compiler'}")
        else:
            print(f"skipped: {PEERS[name]} can't be asked here: {'no ' + command[0] if missing else done.stderr.strip()[:300]}")
    return built


def ask(program, cases):
    with open(cases, "rb") as f:
        done = subprocess.run([program], stdin=f, capture_output=True, timeout=1200)
    if done.returncode:
        sys.exit(f"{program} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout.decode(errors="replace").split("\n")[:-1]


def why_accepted(peer, words, done):
    for row, (peers, said, mutated, why) in enumerate(ACCEPTED):
        if peer in peers.split() and re.search(said, words) and re.search(mutated, done):
            return row, why
    return None


def table(title, head, rows):
    out = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "|".join(" --: " if i else " --- " for i in range(len(head))) + "|"]
    out += ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]
    return "\n".join(out) + "\n"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--all", action="store_true")
    options.add_argument("--quick", action="store_true", help="the usual form")
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    options.add_argument("--keep")
    options.add_argument("--write", action="store_true", help="renew docs/differential.md (with --all)")
    o = options.parse_args()
    n = 50000 if o.all else 2000
    with tempfile.TemporaryDirectory() as work:
        place = o.keep or work
        os.makedirs(place, exist_ok=True)
        judges = build(place, o.build)
        cases, names = os.path.join(place, "cases"), os.path.join(place, "names")
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), str(n), str(o.seed), cases, names], check=True)
        done = open(names).read().split("\n")[:-1]
        said = {j: ask(program, cases) for j, program in judges.items()}
    if any(len(v) != n for v in said.values()) or len(done) != n:
        sys.exit(f"not every case was judged: {({j: len(v) for j, v in said.items()})} of {n}")
    text, bad = report(n, done, said)
    print(text)
    if o.write:
        open(os.path.join(ROOT, "docs", "differential.md"), "w").write(text)
    skipped = len(PEERS) - (len(judges) - 1)
    print(f"chains: {n - bad} passed, {bad} failed, {skipped} skipped")
    return 1 if bad else 0


def report(n, done, said):
    peers = [p for p in PEERS if p in said]
    agree, accepted, refused = collections.Counter(), collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    seen, bad = collections.Counter(), 0
    for i in range(n):
        verdict, _, sentence = said["fede"][i].partition("\t")
        seen[verdict] += 1
        unexplained = []
        for p in peers:
            theirs = said[p][i]
            if (theirs == "ok") == (verdict == "ok"):
                agree[p] += 1
            elif verdict == "ok":
                row = why_accepted(p, theirs, done[i])
                if row is None:
                    unexplained.append(f"fede accepts; {PEERS[p]}: {theirs}")
                else:
                    accepted[row][p] += 1
            elif verdict not in REFUSED:
                unexplained.append(f"{PEERS[p]} accepts; fede: {sentence}")
            else:
                refused[verdict][p] += 1
        for line in unexplained:
            print(f"not ok: chain {i} ({done[i]}): {line}")
        bad += bool(unexplained)
    for reason in MUST_OCCUR:
        if not seen[reason]:
            print(f"not ok: no chain was refused for {reason}")
            bad += 1
    head = [PEERS[p] for p in peers]
    text = f"""# Chains judged by fede and by others

{n:,} chains, made by `tests/differential/generate.py`: each is a good one with up to three things altered in its fields, its
structure or its bits (signed anew, so that the signature does not hide the rest), or in the order, anchors, name and time.
fede accepts {seen['ok']:,} of them. Judged also by Debian's {', '.join(head)}: strict checks, security level 2, the same name, purpose and
time. What follows is each disagreement, counted by the run that wrote this page: `tests/differential/run.py --all --write`.

"""
    text += table("Agreement", ["", *head], [["same verdict", *(f"{agree[p]:,}" for p in peers)],
                                            ["fede accepts, the peer refuses", *(sum(c[p] for c in accepted.values()) for p in peers)],
                                            ["fede refuses, the peer accepts", *(f"{sum(c[p] for c in refused.values()):,}" for p in peers)]])
    text += "\n" + table("fede accepts, the peer refuses: why the chain is valid", ["", *head],
                         [[why, *(c[p] or "" for p in peers)] for (_, why), c in sorted(accepted.items())])
    text += "\n" + table("fede refuses, the peer accepts: what is wrong with the chain", ["reason", *head],
                         [[f"`{reason}`: {REFUSED[reason]}", *(c[p] or "" for p in peers)]
                          for reason, c in sorted(refused.items(), key=lambda x: -sum(x[1].values()))])
    return text, bad


if __name__ == "__main__":
    sys.exit(main())
