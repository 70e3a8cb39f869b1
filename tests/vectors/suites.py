#!/usr/bin/env python3
"""Runs limbo_runner and pkits_runner over their data and holds the figures to what is reached.

suites.py limbo RUNNER FILE.json | suites.py pkits RUNNER DIR all|modern…. Exit status 77 (skipped) when the data is not there.
"""
import os
import subprocess
import sys
import time


def run(program, *data):
    started = time.monotonic()
    out = subprocess.run([program, *data], capture_output=True, text=True, timeout=120, check=True).stdout
    seconds = time.monotonic() - started
    rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
    return rows, out.splitlines()[-1], seconds


def share(rows, expected):
    chosen = [row for row in rows if row[1] == expected]
    return sum(row[1] == row[2] for row in chosen), len(chosen)


def limbo(rows):
    core = [row for row in rows if not row[0].startswith("bettertls::")]
    better = [row for row in rows if row[0].startswith("bettertls::")]
    figures = {}
    for name, part in (("core", core), ("bettertls", better)):
        for side, expected in (("accept", "SUCCESS"), ("reject", "FAILURE")):
            figures[f"{name} {side}-side"] = share(part, expected)
    for name, (passed, all_of) in figures.items():
        print(f"{name}: {passed} of {all_of}")
    # Two cases contradict others; two more need the Public Suffix List.
    allowed = 2 if os.path.exists("/usr/share/publicsuffix/public_suffix_list.dat") else 4
    missed = {name: all_of - passed for name, (passed, all_of) in figures.items()}
    return missed.pop("core reject-side") <= allowed and not any(missed.values())


def pkits(rows, how):
    """all: with DSA and SHA-1, everything; modern: without them, and then two tests can't be passed."""
    missed = [row for row in rows if row[1] != row[2]]
    for row in missed:
        print("missed:", *row)
    lost = [row[0] for row in missed if "dsa" in row[3]]
    return len(rows) == 249 and [row[0] for row in missed] == lost == ([] if how == "all" else ["4.1.4", "4.1.5"])


def main():
    what, program, data, *runs = sys.argv[1:]
    if not os.path.exists(data):
        print("the data is not there:", data)
        return 77
    if what == "limbo":
        rows, total, seconds = run(program, data)
        print(total, f"({seconds:.1f} s)")
        return 0 if limbo(rows) else 1
    for how in runs:
        rows, total, seconds = run(program, data, *(["modern"] if how == "modern" else []))
        print(f"{how}: {total} ({seconds:.1f} s)")
        if not pkits(rows, how):
            return 1
    return 0


sys.exit(main())
