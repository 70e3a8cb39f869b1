#!/usr/bin/env python3
"""docs/attacks.md is complete, and every test it names exists. Prints `attacks: N passed, N failed`."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMED = ("POODLE", "BEAST", "CRIME", "BREACH", "FREAK", "Logjam", "DROWN", "ROBOT", "Bleichenbacher", "Marvin", "Lucky 13", "Raccoon",
         "SWEET32", "Heartbleed", "Triple handshake", "Renegotiation", "SMACK", "early ChangeCipherSpec", "Downgrade", "ALPACA",
         "Opossum", "Ticketbleed", "nonce reuse")


def exists(path, name):
    """A function of a test, a row of a table; of a capture its file alone."""
    full = os.path.join(ROOT, path)
    if not os.path.exists(full):
        return False
    if path.endswith(".gz"):
        return name in os.path.basename(path)
    with open(full, encoding="utf-8") as f:
        text = f.read()
    return re.search(rf"(?:\bdef |\b(?:void|int|bool) |\"){re.escape(name)}(?:\(|\")", text) is not None


def main():
    with open(os.path.join(ROOT, "docs/attacks.md"), encoding="utf-8") as f:
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in f if line.startswith("|")][2:]
    wrong = [f"{name} is not there" for name in NAMED if not any(name in row[0] for row in rows)]
    for row in rows:
        tests = re.findall(r"`([^`]+)` `([^`]+)`", row[-1])
        wrong += [f"{row[0]}: {path} has no {name}" for path, name in tests if not exists(path, name)]
        if len(row) != 4 or not all(row) or not tests:
            wrong.append(f"{row[0]}: four cells, and a test")
    for line in wrong:
        print("not ok:", line)
    print(f"attacks: {len(NAMED) + len(rows) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
