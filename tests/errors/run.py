#!/usr/bin/env python3
"""Provokes every failure that a user can meet, and judges what the tool says: does the sentence tell what is wrong, where, what
was seen and what was wanted; is there advice; are exit code, alert and reason the right ones; is it said once; no crash.

    tests/errors/run.py [--fede PATH] [--only WORD] [--write] [--show]

cases_connect.py and cases_serve.py are the table; scene.py runs one row; tls12.py is a peer that can break any rule. With
--write the table in docs/errors.md is made anew from what the tool said; without it the run fails when it differs. Each case
is run twice, as text and as JSON. Closes with `errors: N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import cases_connect
import cases_serve
import scene
from certs import Certs

DOCS = os.path.join(scene.ROOT, "docs", "errors.md")
SHARED = os.path.join(HERE, "intro.md")


def main():
    parser = argparse.ArgumentParser(description="Provokes failures of fede and judges what it says.")
    parser.add_argument("--fede", default=os.path.join(scene.ROOT, "build", "release", "fede"), metavar="PATH")
    parser.add_argument("--only", metavar="WORD", help="only cases with this word in reason, title or group")
    parser.add_argument("--write", action="store_true", help="write docs/errors.md")
    parser.add_argument("--show", action="store_true", help="print what the tool said")
    parser.add_argument("--jobs", type=int, default=2 * min(4, os.cpu_count() or 1))
    arguments = parser.parse_args()
    cases = [c for c in cases_connect.CASES + cases_serve.CASES
             if not arguments.only or arguments.only in f"{c.reason} {c.title} {c.group}"]
    place = tempfile.mkdtemp(prefix="fede-errors-")
    os.chmod(place, 0o755)
    try:
        stage = scene.Scene(os.path.abspath(arguments.fede), Certs(f"{place}/certs"), place)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            told = list(pool.map(lambda case: attempt(stage, case), cases))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    failed = skipped = 0
    for case, (words, problem, seconds) in zip(cases, told):
        word = "ok" if problem is None else "skipped" if isinstance(problem, scene.Skipped) else "not ok"
        failed, skipped = failed + (word == "not ok"), skipped + (word == "skipped")
        print(f"{word}: {case.group}: {case.title}: {case.reason or 'exit ' + str(case.code)} ({seconds:.1f} s)")
        if problem:
            print("    " + str(problem).replace("\n", "\n    "))
        elif arguments.show:
            print(f"    {words[0]}\n    -> {words[1]}")
    passed = len(cases) - failed - skipped
    if not arguments.only:
        good = documented(cases, told, arguments.write and not failed)
        passed, failed = passed + good, failed + (not good)
    print(f"errors: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


def attempt(stage, case):
    began = time.monotonic()
    try:
        return scene.judge(stage, case), None, time.monotonic() - began
    except (scene.Failed, scene.Skipped) as problem:
        return None, problem, time.monotonic() - began
    except Exception:  # a defect of the case
        return None, traceback.format_exc(), time.monotonic() - began


def documented(cases, told, write):
    """Does docs/errors.md say what the tool says?"""
    if write:
        with open(DOCS, "w", encoding="utf-8") as f:
            f.write(table(cases, told))
    try:
        with open(DOCS, encoding="utf-8") as f:
            there = f.read()
    except OSError:
        there = ""
    stale = [case.title for case, (words, problem, _) in zip(cases, told)
             if (row(case, words) if not problem else f"`{case.reason}`" if case.reason else "") not in there]
    extra = there.count("<br>`fede") - len(cases)
    good = not stale and not extra
    print(f"{'ok' if good else 'not ok'}: docs/errors.md says what the tool says")
    for title in stale:
        print(f"    not this of: {title}")
    if not good:
        print(f"    {extra} rows too many; tests/errors/run.py --write makes it anew")
    return good


def table(cases, told):
    with open(SHARED, encoding="utf-8") as f:
        out = [f.read().rstrip() + "\n"]
    group = None
    for case, (words, problem, _) in zip(cases, told):
        if problem:
            continue
        if case.group != group:
            group = case.group
            out.append(f"\n## {group}\n\n| What is wrong | What fede says, and advises | Exit | Alert | Reason |\n|---|---|---|---|---|\n")
        out.append(row(case, words))
    return "".join(out)



def row(case, words):
    sentence, advice = (scene.ports(w).replace("|", "\\|").replace("<", "&lt;") for w in words)
    command = scene.command_text(case) + (f" {case.note}" if case.note else "")
    return (f"| {case.title[0].upper()}{case.title[1:]}<br>`{command}` | {sentence}{'<br>*' + advice + '*' if advice else ''} | "
            f"{case.code} | {case.alert or ''} | {'`' + case.reason + '`' if case.reason else ''} |\n")


if __name__ == "__main__":
    sys.exit(main())
