#!/usr/bin/env python3
"""Makes chains built to explode and has them judged: hostile.py PROGRAM, which is the benchmark's `certificates`.

Signatures are real, so that the time is the user's. Each line: "fede hostile NAME ms MS reason REASON bytes N"."""
import base64
import os
import random
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/differential"))
import certificates as made
import der

DAY = 86400
CHAINS = {}
made.ALGORITHMS["ecdsa-sha512"] = (der.tlv(0x30, der.oid("1.2.840.10045.4.3.4")), lambda k, m: k.sign(m, ec.ECDSA(hashes.SHA512())))
P256 = [made.Key(ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha256") for _ in range(4)]


def chain(function):
    CHAINS[function.__name__.replace("_", "-")] = function
    return function


def certificate(name, key, issuer=None, leaf=False):
    c = made.Certificate(made.common_name(name), key, issuer, leaf)
    c.begins, c.ends = der.date(made.NOW - 3650 * DAY), der.date(made.NOW + 3650 * DAY)
    if leaf:
        c.set(made.SAN, False, der.tlv(0x30, made.dns("bench.example")))
        c.drop(made.AKI)
    return c


def impostors(make, n):
    """One CA's name, n keys, none of which signed the leaf: each costs a check."""
    root = certificate("root", P256[0])
    leaf = certificate("leaf", P256[1], certificate("CA", make(), root), True)
    return root, [leaf.make()] + [certificate("CA", make(), root).make() for _ in range(n)]


@chain
def impostors_p256():
    return impostors(lambda: made.Key(ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha256"), 300)


@chain
def impostors_p384():
    return impostors(lambda: made.Key(ec.generate_private_key(ec.SECP384R1()), "ecdsa-sha384"), 100)


@chain
def impostors_p521():
    return impostors(lambda: made.Key(ec.generate_private_key(ec.SECP521R1()), "ecdsa-sha512"), 100)


class Number:
    """An RSA key nobody can sign with, and its signatures: numbers, as far as anyone can tell."""
    algorithm, family = "rsa-sha256", "rsa"

    def __init__(self, bits, exponent_bits):
        modulus, exponent = (random.getrandbits(n) | 1 | 1 << n - 1 for n in (bits, exponent_bits))
        self.bits, self.identifier, self.key = bits, os.urandom(20), self
        self.spki = der.tlv(0x30, der.tlv(0x30, der.oid("1.2.840.113549.1.1.1"), der.tlv(5)),
                            der.bits(der.tlv(0x30, der.integer(modulus), der.integer(exponent))))

    def sign(self, *_):
        return random.getrandbits(self.bits - 1).to_bytes(self.bits // 8, "big")


@chain
def impostors_rsa_4096_long_exponent():
    return impostors(lambda: Number(4096, 64), 150)


@chain
def impostors_rsa_8192_long_exponent():
    return impostors(lambda: Number(8192, 64), 60)


@chain
def impostors_rsa_16384():
    return impostors(lambda: Number(16384, 64), 60)


@chain
def impostors_and_a_megabyte_to_hash():
    root = certificate("root", P256[0])
    keys = [made.Key(ed25519.Ed25519PrivateKey.generate(), "ed25519") for _ in range(60)]
    leaf = certificate("leaf", P256[1], certificate("CA", keys[0], root), True)
    leaf.set("1.2.3.4", False, der.tlv(4, bytes(1 << 20)))
    return root, [leaf.make()] + [certificate("CA", k, root).make() for k in keys[1:]]


@chain
def layers_cross_signed():
    """Every CA of a layer was issued by every CA of the one above: 20^8 paths, and the anchor forbids the name."""
    root = certificate("L8", P256[0])
    root.set(made.CONSTRAINTS, True, der.tlv(0x30, der.tlv(0xA1, der.tlv(0x30, made.dns("bench.example")))))
    above, sent = [root], []
    for layer in range(7, -1, -1):
        names = [certificate(f"L{layer}", P256[1 + layer % 2], above[0]) for _ in range(20)]
        for i, c in enumerate(names):
            c.serial = der.integer(1000 * layer + i + 1)
            c.issuer_name, c.signer = above[0].subject, above[0]
            sent.append(c.make())
        above = names
    return root, [certificate("leaf", P256[3], above[0], True).make()] + sent


@chain
def one_name_loops():
    """300 CAs of one name that all issued each other, and no anchor."""
    root, key = certificate("elsewhere", P256[0]), P256[1]
    loop = [certificate("X", key) for _ in range(300)]
    for i, c in enumerate(loop):
        c.serial = der.integer(i + 1)
        c.drop(made.SKI)
    return root, [certificate("leaf", P256[2], loop[0], True).make()] + [c.make() for c in loop]


@chain
def thousand_names_thousand_constraints():
    root = certificate("root", P256[0])
    ca = certificate("CA", P256[1], root)
    names = [made.dns(f"host{i}.example") for i in range(1000)]
    names.append(made.dns("bench.example"))
    ca.set(made.CONSTRAINTS, True, der.tlv(0x30, der.tlv(0xA0, *(der.tlv(0x30, n) for n in names))))
    leaf = certificate("leaf", P256[2], ca, True)
    leaf.set(made.SAN, False, der.tlv(0x30, *names))
    return root, [leaf.make(), ca.make()]


@chain
def directory_names_and_constraints():
    root = certificate("root", P256[0])
    ca = certificate("CA", P256[1], root)
    names = [der.tlv(0xA4, made.name(*((made.ORGANISATION, der.UTF8, f"{i}" + "x" * 60) for _ in range(8)))) for i in range(500)]
    ca.set(made.CONSTRAINTS, True, der.tlv(0x30, der.tlv(0xA1, *(der.tlv(0x30, n) for n in names))))
    leaf = certificate("leaf", P256[2], ca, True)
    leaf.set(made.SAN, False, der.tlv(0x30, made.dns("bench.example"), *(n.replace(b"x", b"X") for n in names)))
    return root, [leaf.make(), ca.make()]


@chain
def policies_mapped_to_all():
    """Ten CAs, 60 policies, 64 mappings of eight policies to eight."""
    policies = der.tlv(0x30, *(der.tlv(0x30, der.oid(f"1.2.3.{i}")) for i in range(60)))
    mapped = der.tlv(0x30, *(der.tlv(0x30, der.oid(f"1.2.3.{i // 8}"), der.oid(f"1.2.3.{i % 8}")) for i in range(64)))
    above = root = certificate("root", P256[0])
    sent = []
    for i in range(9):
        above = certificate(f"CA{i}", P256[1 + i % 2], above)
        above.set(made.POLICIES, False, policies)
        above.set(made.MAPPINGS, True, mapped)
        above.set(made.POLICY_CONSTRAINTS, True, der.tlv(0x30, der.tlv(0x80, b"\0")))
        sent.append(above.make())
    leaf = certificate("leaf", P256[3], above, True)
    leaf.set(made.POLICIES, False, der.tlv(0x30, der.tlv(0x30, der.oid("1.2.4"))))
    return root, [leaf.make()] + sent


@chain
def deep_nesting():
    root = certificate("root", P256[0])
    leaf = certificate("leaf", P256[1], root, True)
    deep = der.tlv(der.NULL)
    while len(deep) < 1 << 19:
        deep = der.tlv(0x30, deep) if len(deep) < 60000 else der.tlv(0x30, deep, deep)
    leaf.set(made.SAN, False, der.tlv(0x30, made.dns("bench.example"), der.tlv(0xA0, deep)))
    return root, [leaf.make()]


@chain
def giant_numbers():
    """A megabyte each of serial number, modulus, object identifier and name."""
    root, giant = certificate("root", P256[0]), b"\x55" * (1 << 20)
    leaf = certificate("leaf", P256[1], root, True)
    leaf.serial = der.tlv(der.INTEGER, giant)
    leaf.set("1.2.3", False, der.tlv(der.OID, giant))
    leaf.subject = made.common_name(giant)
    leaf.spki = der.tlv(0x30, der.tlv(0x30, der.oid("1.2.840.113549.1.1.1"), der.tlv(5)),
                        der.bits(der.tlv(0x30, der.tlv(der.INTEGER, giant), der.integer(3))))
    return root, [leaf.make()]


@chain
def ten_thousand_candidates():
    root = certificate("root", P256[0])
    other = certificate("someone", P256[1], root).make()
    return root, [certificate("leaf", P256[2], certificate("CA", P256[3], root), True).make()] + [other] * 10000


def pem(data):
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(data).decode()}-----END CERTIFICATE-----\n"


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in CHAINS.items():
            if wanted and name not in wanted:
                continue
            root, sent = make()
            files = [os.path.join(folder, f"{name}.{what}") for what in ("pem", "root")]
            for path, parts in zip(files, (sent, [root.make()])):
                with open(path, "w", encoding="ascii") as f:
                    f.write("".join(map(pem, parts)))
            subprocess.run([program, "judge", name, *files], check=True, timeout=60)


main()
