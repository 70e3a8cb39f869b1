#!/usr/bin/env python3
"""Makes the certificates of old/ anew, which DSA and SHA-1 signed; keys are thrown away. For tests/unit/x509_legacy.c.

A name X_leaf was issued by X. "heir" has a DSA key without parameters, which are its issuer's; "orphan" has one too, but an
issuer with an RSA key, from which there is nothing to inherit; "second" is an heir of "heir"."""
import base64
import os
import sys
import textwrap

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, rsa

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../differential"))
import certificates as made
import der

DSA = "1.2.840.10040.4.1"
FROM, TO = 1767225600, 2398291200  # 2026 to 2046
made.ALGORITHMS["dsa-sha1"] = (der.tlv(0x30, der.oid("1.2.840.10040.4.3")), lambda k, m: k.sign(m, hashes.SHA1()))
made.ALGORITHMS["dsa-sha256"] = (der.tlv(0x30, der.oid("2.16.840.1.101.3.4.3.2")), lambda k, m: k.sign(m, hashes.SHA256()))


def heir(parameters):
    """A key whose certificate does not say p, q and g."""
    key = made.Key(parameters.generate_private_key(), "dsa-sha256")
    point = der.read(key.spki)[0][1][1][1][1:]
    key.spki = der.tlv(0x30, der.tlv(0x30, der.oid(DSA)), der.bits(point))
    return key


def pem(path, label, data):
    with open(os.path.join(HERE, "old", path), "w", encoding="ascii") as f:
        f.write(f"-----BEGIN {label}-----\n" + "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64)) + f"\n-----END {label}-----\n")


def certificate(name, key, issuer=None, leaf=False, algorithm=None):
    c = made.Certificate(made.common_name(name), key, issuer, leaf)
    c.begins, c.ends, c.algorithm = der.date(FROM), der.date(TO), algorithm
    pem(name + ".pem", "CERTIFICATE", c.make())
    return c


def revocation_list(path, signer, revoked=()):
    identifier, sign = made.ALGORITHMS[signer.key.algorithm]
    entries = [der.tlv(0x30, c.serial, der.date(FROM)) for c in revoked]
    number = der.tlv(0x30, der.oid("2.5.29.20"), der.tlv(4, der.integer(1)))
    key_id = der.tlv(0x30, der.oid(made.AKI), der.tlv(4, der.tlv(0x30, der.tlv(0x80, signer.key.identifier))))
    tbs = der.tlv(0x30, der.integer(1), identifier, signer.subject, der.date(FROM), der.date(TO),
                  *([der.tlv(0x30, *entries)] if entries else []), der.tlv(0xA0, der.tlv(0x30, number, key_id)))
    pem(path, "X509 CRL", der.tlv(0x30, tbs, identifier, der.bits(sign(signer.key.key, tbs))))


def main():
    common = made.make_keys()["common"]
    parameters, small = dsa.generate_parameters(2048), dsa.generate_parameters(1024)
    root = certificate("root", made.Key(rsa.generate_private_key(65537, 2048), "rsa-sha256"))
    ca = certificate("dsa", made.Key(parameters.generate_private_key(), "dsa-sha256"), root)
    certificate("dsa_leaf", common[0], ca, True)
    certificate("dsa_sha1_leaf", common[0], ca, True, "dsa-sha1")
    first = certificate("heir", heir(parameters), ca)
    certificate("heir_leaf", common[0], first, True)
    revoked = certificate("heir_revoked_leaf", common[0], first, True)
    second = certificate("second", heir(parameters), first)
    certificate("second_leaf", heir(parameters), second, True)
    orphan = certificate("orphan", heir(parameters), root)
    certificate("orphan_leaf", common[0], orphan, True)
    old = certificate("small", made.Key(small.generate_private_key(), "dsa-sha1"), root)
    certificate("small_leaf", common[0], old, True)
    certificate("rsa_leaf", common[0], root, True, "rsa-sha1")
    curve = certificate("curve", common[1], root)
    certificate("curve_leaf", common[0], curve, True, "ecdsa-sha1")
    revocation_list("root.crl", root)
    revocation_list("dsa.crl", ca)
    revocation_list("heir.crl", first, [revoked])


main()
