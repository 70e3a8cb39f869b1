#!/usr/bin/env python3
"""Runs BoringSSL's protocol runner (built by hand, README.md) against the shim and says what came of it.

    run.py RUNNER [--shim FILE] [--workers N] [--failures] [--json FILE] [--write FILE]

Every test is run, also those that config.json names, so that their number is known. Which tests count is decided here:

- not in scope: the shim answered 89 to a flag of a feature that fede does not have, or config.json names the test under a
  reason of scope ("TLS 1.3", "TLS 1.0 and 1.1" …). Tests that pass for another reason than the one they are about, as most
  tests of TLS 1.3 do where only TLS 1.2 is spoken, are such: they are not counted as passed. "Included" takes back those
  that such a pattern would hide although they test something of TLS 1.2.
- deviation: config.json gives a section of a standard that says otherwise than the runner.
- all others must pass.

Ends with 1 when one of them failed, and with `N passed, N failed, N skipped`.
"""
import argparse
import collections
import fnmatch
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def matches(name, patterns):
    return next((p for p in patterns if fnmatch.fnmatchcase(name, p)), None)


def run(runner, shim, workers, out):
    skips = out + ".skips"
    for old in (out, skips):
        if os.path.exists(old):
            os.remove(old)
    environment = dict(os.environ, BOGO_SKIPS=skips)
    command = [os.path.abspath(runner), "-shim-path", os.path.abspath(shim), "-num-workers", str(workers), "-test.timeout",
               "60m", "-allow-unimplemented", "-json-output", out]
    with open(out + ".log", "wb") as log:
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=HERE)
    if not os.path.exists(out):
        sys.exit(f"the runner left no result; its output: {out}.log")
    with open(out) as f:
        tests = json.load(f)["tests"]
    reasons = collections.Counter()
    if os.path.exists(skips):
        with open(skips) as f:
            reasons.update(line.strip() for line in f)
    return tests, reasons


def classify(tests, config):
    """Lists of names: passed, failed; and by reason: scope, deviation. Not implemented by the shim: a list too."""
    passed, failed, missing = [], [], []
    scope, deviation = collections.defaultdict(list), collections.defaultdict(list)
    for name, test in sorted(tests.items()):
        pattern = matches(name, config["DisabledTests"])
        reason = config["DisabledTests"].get(pattern, "")
        if reason.startswith("Deviation: "):
            deviation[reason[11:]].append(name)
        elif test["actual"] == "SKIP":
            missing.append(name)
        elif pattern and not matches(name, config["Included"]):
            scope[reason].append(name)
        else:
            (passed if test["actual"] == "PASS" else failed).append(name)
    return passed, failed, missing, scope, deviation


def main():
    parser = argparse.ArgumentParser(description="Judges fede by BoringSSL's protocol runner.")
    parser.add_argument("runner")
    parser.add_argument("--shim", default=os.path.join(ROOT, "build", "release", "bogo_shim"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--failures", action="store_true", help="show what the failed tests said")
    parser.add_argument("--json", metavar="FILE", help="keep the runner's result")
    arguments = parser.parse_args()
    with open(os.path.join(HERE, "config.json")) as f:
        config = json.load(f)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.abspath(arguments.json) if arguments.json else os.path.join(folder, "result.json")
        tests, reasons = run(arguments.runner, arguments.shim, arguments.workers, out)
    passed, failed, missing, scope, deviation = classify(tests, config)
    for name in failed:
        print("FAILED", name)
        if arguments.failures:
            print("   ", tests[name].get("error", "").strip().replace("\n", "\n    "))
    print(f"{len(tests)} tests of the runner")
    print(f"  {len(missing)} need what the shim answers 89 to: "
          + ", ".join(f"{what} ({n})" for what, n in reasons.most_common(12)))
    for reason, names in sorted(scope.items(), key=lambda item: -len(item[1])):
        print(f"  {len(names)} not in scope: {reason}")
    for reason, names in sorted(deviation.items()):
        print(f"  {len(names)} otherwise by the standard: {reason}")
    skipped = sum(map(len, deviation.values()))
    print(f"{len(passed)} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
