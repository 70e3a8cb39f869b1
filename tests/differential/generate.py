"""generate.py N SEED CASES NAMES: writes N chains for the judges, and what was done to each.

CASES holds one case after the other: 8 bytes of clock, then the name, the anchors and the chain (leaf first), each with its
length or count in 4 bytes before it; big-endian. NAMES holds a line for each case: the mutations made.
"""
import random
import struct
import sys

from certificates import NOW, Certificate, common_name, make_keys
from mutations import mutations


class Case:
    def __init__(self, r, keys):
        self.keys, self.name, self.at = keys, "www.example.test", NOW
        pick = r.sample(keys["common"], 4)
        root = Certificate(common_name("Root"), pick[0])
        self.chain = [root]
        if r.random() < 0.85:
            self.chain.append(Certificate(common_name("Intermediate"), pick[1], root))
        self.chain.append(Certificate(common_name("Leaf"), pick[2], self.chain[-1], leaf=True))
        self.roots = None
        self.order = None
        self.extra = []
        self.stranger = Certificate(common_name("Stranger"), pick[3])

    def sent(self, r, made):
        out = [made(c) for c in reversed(self.chain[1:])] + [made(c) for c in self.extra]
        if len(self.chain) == 1:
            out = [made(self.chain[0])]
        stranger = made(self.stranger)
        return {"reversed": lambda: out[::-1], "root too": lambda: out + [made(self.chain[0])], "twice": lambda: out + out,
                "no intermediates": lambda: out[:1], "stranger first": lambda: [stranger] + out,
                "stranger between": lambda: out[:1] + [stranger] + out[1:],
                "shuffled": lambda: out[:1] + r.sample(out[1:] + [stranger], len(out)), None: lambda: out}[self.order]()


def make_case(r, keys):
    case = Case(r, keys)
    names = []
    for _ in range(r.choices([0, 1, 2, 3], [2, 70, 23, 5])[0]):
        chosen = r.choice(mutations)
        # The leaf and what stands above it matter more than the root, which most judges hardly look at.
        up = min(r.choices([0, 1, 2], [5, 4, 1])[0], len(case.chain) - 1)
        target = case.chain[-1 - up]
        where = "root" if target is case.chain[0] else "intermediate" if up else "leaf"
        chosen(r, case, target)
        names.append(f"{chosen.__name__}@{where}")
    kept = {}

    def made(certificate):
        return kept.setdefault(id(certificate), None) or kept.__setitem__(id(certificate), certificate.make()) or kept[id(certificate)]

    return names or ["good"], case.name, case.at, [made(c) for c in (case.roots or [case.chain[0]])], case.sent(r, made)


def block(data):
    return struct.pack(">I", len(data)) + data


def main():
    n, seed = int(sys.argv[1]), int(sys.argv[2])
    r = random.Random(seed)
    keys = make_keys()
    with open(sys.argv[3], "wb") as cases, open(sys.argv[4], "w") as names:
        for _ in range(n):
            done, name, at, roots, chain = make_case(r, keys)
            cases.write(struct.pack(">q", at) + block(name.encode()))
            for certificates in (roots, chain):
                cases.write(struct.pack(">I", len(certificates)) + b"".join(map(block, certificates)))
            names.write(" ".join(done) + "\n")


if __name__ == "__main__":
    main()
