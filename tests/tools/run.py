#!/usr/bin/env python3
"""run.py FEDE [--only WORD]: the commands around captures and registries, against tshark, editcap and curl where these are
installed. Ends with `tools: N passed, N failed, N skipped`."""
import argparse
import os
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scene import Scene, Skip, tests  # noqa: E402
import difference  # noqa: E402,F401
import keylog  # noqa: E402,F401
import live  # noqa: E402,F401
import names  # noqa: E402,F401


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fede")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    passed = failed = skipped = 0
    for function in tests:
        if arguments.only not in function.__name__:
            continue
        with tempfile.TemporaryDirectory() as place:
            try:
                function(Scene(arguments.fede, place))
                passed += 1
            except Skip as why:
                skipped += 1
                print(f"skipped: {function.__name__}: {why}")
            except Exception:  # what went wrong is printed, whatever it was
                failed += 1
                print(f"not ok: {function.__name__}\n{traceback.format_exc()}")
    print(f"tools: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
