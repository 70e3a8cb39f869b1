#!/usr/bin/env python3
"""fede serve, used as its users use it: by Python's ssl, curl and a load client on OpenSSL.

run.py [--quick | --all] [--fede PATH] [--only WORD]. --quick (the default) takes about a minute; --all runs the full numbers
of connections. A build with sanitizers makes the tests find leaks and races of memory too.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crowd
import floods
import identity
import life
import oracle
import shared
import stall
import tokens
import web
from tools import ROOT, Failed, Scene, Skipped

GROUPS = [("web", web), ("identity", identity), ("life", life), ("crowd", crowd), ("floods", floods), ("stall", stall), ("shared", shared), ("tokens", tokens), ("oracle", oracle)]


def main():
    parser = argparse.ArgumentParser(description="Tests of fede serve.")
    parser.add_argument("--quick", action="store_true", help="about a minute (the default)")
    parser.add_argument("--all", action="store_true", help="full numbers of connections")
    parser.add_argument("--fede", default=os.environ.get("FEDE", f"{ROOT}/build/release/fede"), help="the tool under test")
    parser.add_argument("--only", metavar="WORD", help="only tests whose name has this word")
    arguments = parser.parse_args()
    place = tempfile.mkdtemp(prefix="fede-serve-")
    passed, failed, skipped = 0, 0, 0
    try:
        scene = Scene(os.path.abspath(arguments.fede), place, not arguments.all)
        for group, module in GROUPS:
            for name, test in module.TESTS:
                if arguments.only and arguments.only not in f"{group}: {name}":
                    continue
                began = time.monotonic()
                try:
                    note = test(scene)
                    passed += 1
                    print(f"ok      {group}: {name}{f' ({note})' if note else ''}  {time.monotonic() - began:.1f} s", flush=True)
                except Skipped as why:
                    skipped += 1
                    print(f"skipped {group}: {name}: {why}", flush=True)
                except Exception as why:
                    failed += 1
                    kind = "" if isinstance(why, Failed) else f"{type(why).__name__}: "
                    print(f"FAILED  {group}: {name}: {kind}{why}", flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(f"serve: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
