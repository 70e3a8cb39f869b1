"""Certificates as a description that can be altered in every field, and made and signed as described, however wrong.

A chain is a list, root first. What is not said of a certificate is as a careful CA would issue it.
"""
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

import der

NOW = 1780315200  # 2026-06-01 12:00:00 UTC
DAY = 86400
CN, ORGANISATION, COUNTRY, EMAIL = "2.5.4.3", "2.5.4.10", "2.5.4.6", "1.2.840.113549.1.9.1"
SKI, KEY_USAGE, SAN, BASIC, CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30"
POLICIES, MAPPINGS, AKI, POLICY_CONSTRAINTS, EKU, INHIBIT_ANY = ("2.5.29.32", "2.5.29.33", "2.5.29.35", "2.5.29.36",
                                                                 "2.5.29.37", "2.5.29.54")
SERVER_AUTH, CLIENT_AUTH, ANY_USE = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"

ALGORITHMS = {  # name: (AlgorithmIdentifier, how the key signs)
    "ecdsa-sha256": (der.tlv(0x30, der.oid("1.2.840.10045.4.3.2")), lambda k, m: k.sign(m, ec.ECDSA(hashes.SHA256()))),
    "ecdsa-sha384": (der.tlv(0x30, der.oid("1.2.840.10045.4.3.3")), lambda k, m: k.sign(m, ec.ECDSA(hashes.SHA384()))),
    "ecdsa-sha1": (der.tlv(0x30, der.oid("1.2.840.10045.4.1")), lambda k, m: k.sign(m, ec.ECDSA(hashes.SHA1()))),
    "ecdsa-null": (der.tlv(0x30, der.oid("1.2.840.10045.4.3.2"), der.tlv(5)), lambda k, m: k.sign(m, ec.ECDSA(hashes.SHA256()))),
    "rsa-sha256": (der.tlv(0x30, der.oid("1.2.840.113549.1.1.11"), der.tlv(5)),
                   lambda k, m: k.sign(m, padding.PKCS1v15(), hashes.SHA256())),
    "rsa-absent": (der.tlv(0x30, der.oid("1.2.840.113549.1.1.11")), lambda k, m: k.sign(m, padding.PKCS1v15(), hashes.SHA256())),
    "rsa-sha1": (der.tlv(0x30, der.oid("1.2.840.113549.1.1.5"), der.tlv(5)),
                 lambda k, m: k.sign(m, padding.PKCS1v15(), hashes.SHA1())),
    "rsa-md5": (der.tlv(0x30, der.oid("1.2.840.113549.1.1.4"), der.tlv(5)),
                lambda k, m: k.sign(m, padding.PKCS1v15(), hashes.MD5())),
    "ed25519": (der.tlv(0x30, der.oid("1.3.101.112")), lambda k, m: k.sign(m)),
    "ed448": (der.tlv(0x30, der.oid("1.3.101.113")), lambda k, m: k.sign(m)),
}


class Key:
    def __init__(self, key, algorithm):
        self.key, self.algorithm = key, algorithm
        self.spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.identifier = hashlib.sha1(der.read(self.spki)[0][1][1][1][1:]).digest()
        self.family = "rsa" if isinstance(key, rsa.RSAPrivateKey) else algorithm.split("-")[0]


def make_keys():
    """The pool: common[] for the usual certificates, the others by name. New ones in each run; verdicts don't depend on them."""
    def curve(c, algorithm="ecdsa-sha256"):
        return Key(ec.generate_private_key(c), algorithm)
    common = [curve(ec.SECP256R1()) for _ in range(12)] + [Key(rsa.generate_private_key(65537, 2048), "rsa-sha256") for _ in range(4)]
    return {"common": common, "p384": curve(ec.SECP384R1(), "ecdsa-sha384"), "p521": curve(ec.SECP521R1(), "ecdsa-sha384"),
            "p224": curve(ec.SECP224R1()), "k256": curve(ec.SECP256K1()), "ed25519": Key(ed25519.Ed25519PrivateKey.generate(), "ed25519"),
            "ed448": Key(ed448.Ed448PrivateKey.generate(), "ed448"), "rsa1024": Key(rsa.generate_private_key(65537, 1024), "rsa-sha256"),
            "rsa3": Key(rsa.generate_private_key(3, 2048), "rsa-sha256"), "rsa4096": Key(rsa.generate_private_key(65537, 4096), "rsa-sha256")}


def name(*parts):
    """parts: (type, tag of the string, text)."""
    return der.tlv(0x30, *(der.tlv(0x31, der.tlv(0x30, der.oid(kind), der.tlv(tag, text if isinstance(text, bytes) else text.encode())))
                           for kind, tag, text in parts))


def common_name(text, tag=der.UTF8):
    return name((CN, tag, text))


def dns(text):
    return der.tlv(0x82, text if isinstance(text, bytes) else text.encode())


class Certificate:
    """Every part may be replaced; None in extensions' value leaves the extension out."""

    def __init__(self, subject, key, issuer=None, leaf=False):
        self.issuer = issuer or self
        self.signer = self.issuer
        self.version, self.serial = der.tlv(0xA0, der.integer(2)), der.tlv(der.INTEGER, b"\x5a" + hashlib.md5(subject).digest())
        self.subject, self.key = subject, key
        self.issuer_name = None     # the issuer's subject
        self.inner = self.outer = None  # AlgorithmIdentifiers: as the signer's key signs
        self.algorithm = None
        self.begins, self.ends = der.date(NOW - 30 * DAY), der.date(NOW + 60 * DAY)
        self.spki = None
        self.unique = b""
        self.tail = b""             # after the extensions
        self.mangle_tbs = self.mangle = None
        self.extensions = {}        # OID: (critical, value); critical may also be the bytes of the element
        self.more = []              # more of the same, twice perhaps
        self.order = None
        if leaf:
            self.set(KEY_USAGE, True, der.named_bits(0))
            self.set(EKU, False, der.tlv(0x30, der.oid(SERVER_AUTH)))
            self.set(SAN, False, der.tlv(0x30, dns("www.example.test")))
        else:
            self.set(BASIC, True, der.tlv(0x30, der.tlv(1, b"\xff")))
            self.set(KEY_USAGE, True, der.named_bits(5, 6))
        self.set(SKI, False, der.tlv(4, key.identifier))
        if issuer is not None:
            self.set(AKI, False, der.tlv(0x30, der.tlv(0x80, issuer.key.identifier)))

    def set(self, kind, critical, value):
        self.extensions[kind] = (critical, value)

    def drop(self, kind):
        self.extensions.pop(kind, None)

    def signed_with(self):
        wanted, own = self.algorithm, self.signer.key.algorithm
        return wanted if wanted and wanted.split("-")[0] == own.split("-")[0] else own

    def tbs(self):
        algorithm = self.signed_with()
        parts = [self.version, self.serial, self.inner or ALGORITHMS[algorithm][0],
                 self.issuer.subject if self.issuer_name is None else self.issuer_name,
                 der.tlv(0x30, self.begins, self.ends), self.subject, self.spki or self.key.spki, self.unique]
        listed = [(k, *v) for k, v in self.extensions.items()] + self.more
        if listed:
            parts.append(der.tlv(0xA3, der.tlv(0x30, *(self.extension(*e) for e in listed))))
        return der.tlv(0x30, *parts, self.tail)

    @staticmethod
    def extension(kind, critical, value):
        flag = critical if isinstance(critical, bytes) else der.tlv(1, b"\xff") if critical else b""
        return der.tlv(0x30, der.oid(kind), flag, der.tlv(4, value))

    def make(self):
        algorithm = self.signed_with()
        tbs = self.tbs()
        tbs = altered(self.mangle_tbs, tbs)
        identifier, sign = ALGORITHMS[algorithm]
        out = der.tlv(0x30, tbs, self.outer or identifier, der.bits(sign(self.signer.key.key, tbs)))
        return altered(self.mangle, out)


def altered(how, data):
    """As it was, when an earlier alteration left nothing to alter there."""
    try:
        return how(data) if how else data
    except (IndexError, TypeError, ValueError):
        return data
