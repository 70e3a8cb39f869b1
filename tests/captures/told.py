"""told.py: what tests of captures share: checks that are counted, and fede explain's JSON."""
import json
import subprocess


class Checks:
    """check(ok, words) counts, and prints the words of what is not ok; end(NAME) prints the sum."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, ok, words):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        if not ok:
            print("not ok:", words)

    def end(self, name):
        print(f"{name}: {self.passed} passed, {self.failed} failed")
        return self.failed > 0


def explain(fede, path, *words):
    """Exit code and document; None where there is none."""
    r = subprocess.run([fede, "explain", "--json", *words, path], capture_output=True, timeout=60, check=False)
    if r.returncode < 0 or b"Sanitizer" in r.stderr:
        raise RuntimeError(f"{path}: {r.returncode} {r.stderr.decode()}")
    return r.returncode, json.loads(r.stdout) if r.stdout.strip() else None
