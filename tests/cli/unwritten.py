#!/usr/bin/env python3
"""unwritten.py FEDE: a file that can't be written ends every command with exit code 1 and says which file, whatever the option.
Prints `unwritten: N passed, N failed`."""
import os
import subprocess
import sys
import tempfile

fede = os.path.abspath(sys.argv[1])
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "captures", "data")
capture, keys = os.path.join(data, "fede-t12.pcapng.gz"), os.path.join(data, "fede-t12.keys")
passed = failed = 0


def run(*command, **more):
    return subprocess.run([fede, *command], capture_output=True, text=True, errors="replace", timeout=60, stdin=subprocess.DEVNULL, **more)


with tempfile.TemporaryDirectory() as place:
    ca, nowhere = f"{place}/ca", f"{place}/no such folder/file"
    for step in (["ca", "init", "--ca", ca], ["ca", "issue", "--ca", ca, "localhost"]):
        done = run(*step)
        assert done.returncode == 0, done.stderr
    cert, key = f"{ca}/localhost.pem", f"{ca}/localhost.key"
    own = ["--cert", cert, "--key", key, "--listen", "127.0.0.1:0"]
    for command in (["connect", "--report", nowhere, "https://localhost:1/"],
                    ["connect", "--keylog", nowhere, "https://localhost:1/"],
                    ["explain", "--report", nowhere, capture],
                    ["explain", "--export", nowhere, "--keylog", keys, capture],
                    ["keylog", "merge", "-o", nowhere, keys],
                    ["keylog", "extract", "-o", nowhere, capture],
                    ["keylog", "strip", "-o", nowhere, capture],
                    ["ca", "init", "--ca", nowhere],
                    ["ca", "issue", "--ca", ca, "-o", nowhere, "a.example"],
                    ["ca", "issue", "--ca", ca, "localhost"],  # exists: nothing is written over
                    ["ca", "crl", "--ca", ca, "-o", nowhere],
                    ["ca", "ocsp", "--ca", ca, "-o", nowhere, cert],
                    ["ca", "p12", "--pass", "pass:word", "-o", nowhere, f"{ca}/localhost"],
                    ["lab", "run", "rsa", "--report", nowhere],
                    ["serve", *own, "--report", nowhere],
                    ["serve", *own, "--keylog", nowhere]):
        done = run(*command)
        last = done.stderr.rstrip().split("\n")[-1]
        named = (nowhere if nowhere in command else "localhost") in done.stderr
        good = done.returncode == 1 and last.startswith("exit 1: ") and named
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"failed: fede {' '.join(command)}: exit code {done.returncode}, {done.stderr[-300:]!r}")
print(f"unwritten: {passed} passed, {failed} failed")
sys.exit(failed > 0)
