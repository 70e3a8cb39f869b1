#!/usr/bin/env python3
"""Runs BoringSSL's protocol runner (built by hand, README.md) against the shim and says what came of it.

    run.py RUNNER [--shim FILE] [--workers N] [--failures] [--json FILE]
    run.py RUNNER --write docs/conformance.md [--data ../shared]     its table too, with the other suites, which are run as well

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
import re
import subprocess
import sys
import tempfile

# What the flags that the shim answers 89 to belong to.
FEATURES = (
    ("DTLS", "-dtls"), ("QUIC", "-quic"), ("raw public keys", "-new-rpk -accepted-peer -available-client-cert"),
    ("external PSK", "-new-psk -psk"), ("profiles of BoringSSL (FIPS, CNSA, WPA3)", "-fips -cnsa -wpa"),
    ("ECH", "-ech -enable-ech -reject-unusable-ech -fail-early-callback-ech -expect-no-ech"),
    ("ALPS, NPN, channel ID", "-application-settings -alps -defer-alps -advertise -select-next -select-empty-next -enable-channel "
                              "-send-channel -expect-channel"),
    ("what TLS 1.3 alone has", "-expect-reject-early -expect-no-offer-early -early-write -key-shares -no-key-shares -key-update "
                               "-export-traffic -expect-hrr -expect-ticket-age -expect-cipher-aes groups TLS -install-cert "
                               "-install-one -new-delegated -requested-trust -available-trust -new-spake -cert-properties"),
    ("TLS 1.0 and 1.1 alone", "a_test_without"),
)

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


def features(reasons, missing):
    """The tests that the shim answered 89 to, by feature: [(name, n)], the rest last."""
    counts = collections.Counter()
    for what, n in reasons.items():
        word = what.replace(" ", "_")
        name = next((name for name, starts in FEATURES if any(word.startswith(s) for s in starts.split())), None)
        if name:
            counts[name] += n
    return counts.most_common() + [("settings of BoringSSL's own, and others", len(missing) - sum(counts.values()))]


# ---- docs/conformance.md

def closing(command):
    """What a runner's closing line counts: passed, failed, skipped, acceptable."""
    out = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False).stdout
    found = re.findall(r"(\d+) (passed|failed|skipped|acceptable)", out.strip().splitlines()[-1])
    return {word: int(n) for n, word in found}


def others(build, data):
    limbo = closing([os.path.join(build, "limbo_runner"), os.path.join(data, "limbo", "limbo-public.json")])
    pkits = closing([os.path.join(build, "pkits_runner"), os.path.join(data, "pkits")])
    wycheproof = closing([os.path.join(build, "tests", "wycheproof"), os.path.join(data, "wycheproof")])
    yield ("[x509-limbo](https://x509-limbo.com)", "schema 1", "paths of certificates, names, constraints", limbo,
           "", "two cases contradict others of the suite")
    yield ("[PKITS](https://csrc.nist.gov/projects/pki-testing)", "1.0.1", "path validation of RFC 5280; two chains "
           "with DSA and SHA-1, as a request may ask for (docs/decisions/0045)", pkits, "", "")
    yield ("[Wycheproof](https://github.com/C2SP/wycheproof)", "v1, dac1dd4729fd", "primitives of libcrypto as fede uses them",
           wycheproof, "sizes and groups that TLS does not use; beside them %d where both answers are allowed"
           % wycheproof.get("acceptable", 0), "")


def table(rows):
    yield "| Suite | Version | About | Cases | Passed | Not applicable, and why | Failed |"
    yield "|---|---|---|--:|--:|---|---|"
    for name, version, about, n, why_not, why in rows:
        skipped, failed = n.get("skipped", 0), n.get("failed", 0)
        yield (f"| {name} | {version} | {about} | {sum(n.values()):,} | {n['passed']:,} | "
               f"{f'{skipped:,}: {why_not}' if skipped else '0'} | {f'{failed}: {why}' if failed else '0'} |")


def write(path, tests, passed, failed, missing, reasons, scope, deviation, rest):
    unasked = sum(map(len, scope.values()))
    otherwise = sum(map(len, deviation.values()))
    counts = {"passed": len(passed), "failed": len(failed), "skipped": len(missing) + unasked + otherwise}
    rows = [("[BoringSSL's runner](../tests/bogo/README.md)", "a0689af29 (2026-08-21)", "the TLS protocol, both roles, rules broken",
             counts, f"{len(missing) + unasked:,} about what fede does not have, {otherwise} where a standard says otherwise (below)", "")]
    lines = list(table(rows + list(rest)))
    lines += ["", f"Of the runner's {len(tests):,} tests {len(passed) + len(failed) + otherwise:,} are about what fede has:"
              f" {len(passed):,} pass, {len(failed)} fail, {otherwise} are otherwise by a standard.", "",
              "| The rest of the runner's tests | Tests |", "|---|--:|"]
    everything = features(reasons, missing) + [(f"{name}: out of scope by name" if name.startswith("TLS") else name, len(names))
                                      for name, names in scope.items()]
    lines += [f"| {name} | {n:,} |" for name, n in sorted(everything, key=lambda row: -row[1])]
    lines += ["", "| Otherwise than the runner wants, and why | Tests |", "|---|--:|"]
    lines += [f"| {reason} | {len(names)} |" for reason, names in sorted(deviation.items())]
    with open(path) as f:
        text = f.read()
    begin, end = "<!-- table: tests/bogo/run.py --write -->", "<!-- end of table -->"
    head, tail = text.split(begin)[0], text.split(end)[1]
    with open(path, "w") as f:
        f.write(head + begin + "\n" + "\n".join(lines) + "\n" + end + tail)


def main():
    parser = argparse.ArgumentParser(description="Judges fede by BoringSSL's protocol runner.")
    parser.add_argument("runner")
    parser.add_argument("--shim", default=os.path.join(ROOT, "build", "release", "bogo_shim"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--failures", action="store_true", help="show what the failed tests said")
    parser.add_argument("--write", metavar="FILE", help="put the table into this page")
    parser.add_argument("--data", default=os.path.join(ROOT, "..", "shared"), help="where the other suites' data is")
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
          + ", ".join(f"{what} ({n})" for what, n in features(reasons, missing)))
    for reason, names in sorted(scope.items(), key=lambda item: -len(item[1])):
        print(f"  {len(names)} not in scope: {reason}")
    for reason, names in sorted(deviation.items()):
        print(f"  {len(names)} otherwise by the standard: {reason}")
    if arguments.write:
        build = os.path.dirname(os.path.abspath(arguments.shim))
        write(arguments.write, tests, passed, failed, missing, reasons, scope, deviation, others(build, arguments.data))
    skipped = sum(map(len, deviation.values()))
    print(f"{len(passed)} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
