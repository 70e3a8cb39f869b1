"""What the tests of the tool's smaller commands share: a folder, the tool, the corpus, other programs that may be missing."""
import gzip
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.path.join(ROOT, "tests/captures/data")
tests = []


class Skip(Exception):
    pass


def test(function):
    tests.append(function)
    return function


def expect(ok, words):
    if not ok:
        raise AssertionError(words)


def same(seen, wanted, words):
    expect(seen == wanted, f"{words}: {seen!r}, not {wanted!r}")


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"{program} is missing")
    return program


class Result:
    def __init__(self, words, done):
        self.words, self.code = words, done.returncode
        self.out, self.err = done.stdout, done.stderr.decode(errors="replace")
        self.text = done.stdout.decode(errors="replace")

    def __str__(self):
        return f"{' '.join(map(str, self.words))}: {self.code}\n{self.text[:3000]}\n{self.err[:3000]}"

    def ends(self, code, say=""):
        expect(self.code == code, f"exit {self.code}, not {code}: {self}")
        expect(say in self.text + self.err, f"without \"{say}\": {self}")
        expect("Sanitizer" not in self.err, str(self))
        return self


class Scene:
    def __init__(self, fede, place):
        self.fede, self.place = os.path.abspath(fede), place
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1")
        self.environment.pop("SSLKEYLOGFILE", None)

    def path(self, name):
        return os.path.join(self.place, name)

    def run(self, *words, stdin=None):
        words = [self.fede, *map(str, words)]
        return Result(words, subprocess.run(words, capture_output=True, timeout=60, cwd=self.place, env=self.environment,
                                            input=stdin if stdin is not None else b"", check=False))

    def other(self, *words):
        """Another program: what it prints."""
        need(words[0])
        return subprocess.run(list(map(str, words)), capture_output=True, timeout=60, cwd=self.place, env=self.environment,
                              check=False).stdout.decode(errors="replace")

    def capture(self, name):
        """A capture of the corpus, unpacked, and its key log."""
        path = self.path(name + ".pcapng")
        if not os.path.exists(path):
            with gzip.open(os.path.join(CORPUS, name + ".pcapng.gz")) as packed, open(path, "wb") as out:
                out.write(packed.read())
        return path, os.path.join(CORPUS, name + ".keys")

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()
