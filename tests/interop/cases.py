"""The matrix: certificate key x suite x curve, and each stack's names for them."""
from dataclasses import dataclass

KEYS = ["rsa", "p256", "p384", "ed25519"]
SUITES = ["aes128", "aes256", "chacha"]
CURVES = ["x25519", "secp256r1", "secp384r1", "secp521r1"]
OWN_CURVE = {"p256": "secp256r1", "p384": "secp384r1", "p521": "secp521r1"}

OPENSSL_SUITE = {"aes128": "AES128-GCM-SHA256", "aes256": "AES256-GCM-SHA384", "chacha": "CHACHA20-POLY1305"}
OPENSSL_CURVE = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
GNUTLS_SUITE = {"aes128": "AES-128-GCM", "aes256": "AES-256-GCM", "chacha": "CHACHA20-POLY1305"}
GNUTLS_CURVE = {"x25519": "X25519", "secp256r1": "SECP256R1", "secp384r1": "SECP384R1", "secp521r1": "SECP521R1"}
NSS_CURVE = {"x25519": "x25519", "secp256r1": "P256", "secp384r1": "P384", "secp521r1": "P521"}
IANA_SUITE = {"aes128": "AES_128_GCM_SHA256", "aes256": "AES_256_GCM_SHA384", "chacha": "CHACHA20_POLY1305_SHA256"}
NSS_SUITE = {
    ("rsa", "aes128"): ":C02F",
    ("rsa", "aes256"): ":C030",
    ("rsa", "chacha"): ":CCA8",
    ("ecdsa", "aes128"): ":C02B",
    ("ecdsa", "aes256"): ":C02C",
    ("ecdsa", "chacha"): ":CCA9",
}


@dataclass(frozen=True)
class Case:
    key: str
    suite: str
    curve: str

    def __str__(self):
        return f"{self.key} {self.suite} {self.curve}"

    @property
    def kind(self):
        return "rsa" if self.key == "rsa" else "ecdsa"

    @property
    def curves(self):
        """The curve under test, then that of the certificate's key, which RFC 8422 5.1.1 wants among those offered."""
        own = OWN_CURVE.get(self.key)
        return [self.curve] + ([own] if own and own != self.curve else [])

    @property
    def openssl_suite(self):
        return f"ECDHE-{self.kind.upper()}-{OPENSSL_SUITE[self.suite]}"

    @property
    def iana_suite(self):
        return f"TLS_ECDHE_{self.kind.upper()}_WITH_{IANA_SUITE[self.suite]}"

    @property
    def openssl_curves(self):
        return ":".join(OPENSSL_CURVE[c] for c in self.curves)

    @property
    def gnutls_priority(self):
        groups = "".join(f":+GROUP-{GNUTLS_CURVE[c]}" for c in self.curves)
        return (
            f"NONE:+VERS-TLS1.2:+{GNUTLS_SUITE[self.suite]}:+AEAD:+ECDHE-{self.kind.upper()}{groups}"
            ":+SIGN-ALL:+CTYPE-X509:+COMP-NULL"
        )


def matrix():
    return [Case(k, s, c) for k in KEYS for s in SUITES for c in CURVES]
