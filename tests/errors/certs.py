"""Certificates with one flaw each, made anew for every run by the openssl command."""
import base64
import concurrent.futures
import hashlib
import os
import re
import subprocess
import threading

FROM, TO = "20260101000000Z", "20460101000000Z"
IDS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" + IDS
LEAF = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n" + IDS
SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n"

# name: (issuer, subject, extensions, other things); an issuer that is the name itself: self-signed
CERTIFICATES = {
    "root": ("root", "/CN=Test Root", CA, {}),
    "inter": ("root", "/CN=Test Intermediate", CA, {}),
    "good": ("inter", "/CN=localhost", LEAF + SAN, {}),
    "rsa": ("inter", "/CN=localhost", LEAF + SAN, {"key": "rsa:2048"}),
    "ed25519": ("inter", "/CN=localhost", LEAF + SAN, {"key": "ed25519"}),
    "twin": ("inter", "/CN=localhost", LEAF + SAN, {}),
    "must_staple": ("inter", "/CN=localhost", LEAF + SAN + "tlsfeature=status_request\n", {}),
    "other": ("inter", "/CN=other.example", LEAF + "subjectAltName=DNS:other.example,DNS:*.wild.example\n", {}),
    "expired": ("inter", "/CN=localhost", LEAF + SAN, {"from": "20250101000000Z", "to": "20250701120000Z"}),
    "early": ("inter", "/CN=localhost", LEAF + SAN, {"from": "20400101000000Z"}),
    "no_names": ("inter", "/CN=localhost", LEAF, {}),
    "client_only": ("inter", "/CN=localhost", LEAF.replace("serverAuth", "clientAuth") + SAN, {}),
    "old_client": ("inter", "/CN=someone", LEAF.replace("serverAuth", "clientAuth"), {"from": "20250101000000Z", "to": "20250701120000Z"}),
    "encipher_only": ("inter", "/CN=localhost", LEAF.replace("digitalSignature", "keyEncipherment") + SAN, {"key": "rsa:2048"}),
    "critical": ("inter", "/CN=localhost", LEAF + SAN + "1.2.3.4=critical,DER:05:00\n", {}),
    "ca_leaf": ("inter", "/CN=localhost", CA + SAN, {}),
    "weak": ("inter", "/CN=localhost", LEAF + SAN, {"key": "rsa:1024"}),
    "k256": ("inter", "/CN=localhost", LEAF + SAN, {"key": "secp256k1"}),
    "sha1": ("inter", "/CN=localhost", LEAF + SAN, {"md": "sha1"}),
    "self": ("self", "/CN=localhost", LEAF + SAN, {}),
    "stranger": ("stranger", "/CN=Nobody's Root", CA, {}),
    "strange": ("stranger", "/CN=localhost", LEAF + SAN, {}),
    "not_ca": ("inter", "/CN=Not a CA", LEAF, {}),
    "below_not_ca": ("not_ca", "/CN=localhost", LEAF + SAN, {}),
    "no_sign": ("inter", "/CN=May not sign", CA.replace("keyCertSign,", ""), {}),
    "below_no_sign": ("no_sign", "/CN=localhost", LEAF + SAN, {}),
    "old_ca": ("inter", "/CN=Old CA", CA, {"from": "20200101000000Z", "to": "20250101000000Z"}),
    "below_old_ca": ("old_ca", "/CN=localhost", LEAF + SAN, {}),
    "zero": ("inter", "/CN=No CA below me", CA.replace("CA:TRUE", "CA:TRUE,pathlen:0"), {}),
    "under_zero": ("zero", "/CN=One too deep", CA, {}),
    "below_zero": ("under_zero", "/CN=localhost", LEAF + SAN, {}),
    "names": ("inter", "/CN=example.org only", CA + "nameConstraints=critical,permitted;DNS:example.org\n", {}),
    "below_names": ("names", "/CN=localhost", LEAF + SAN, {}),
    "bad_names": ("inter", "/CN=Constraints that mean nothing", CA + "nameConstraints=critical,DER:30:00\n", {}),
    "below_bad_names": ("bad_names", "/CN=localhost", LEAF + SAN, {}),
    "ip_only": ("inter", "/CN=localhost", LEAF + "subjectAltName=IP:192.0.2.7\n", {}),
}
# The constraints and the names that take more steps to compare than a chain is worth.
MANY = 520
CERTIFICATES["many"] = ("inter", "/CN=Many constraints", CA + "nameConstraints=critical,@many\n[many]\n" + "".join(
    f"excluded;DNS.{i}=x{i}.example\n" for i in range(MANY)), {})
CERTIFICATES["below_many"] = ("many", "/CN=localhost", LEAF + "subjectAltName=@names\n[names]\nDNS.0=localhost\n" + "".join(
    f"DNS.{i}=n{i}.test\n" for i in range(1, MANY)), {})

# More CAs one below the other than a path may have.
for i in range(12):
    CERTIFICATES[f"deep{i}"] = (f"deep{i - 1}" if i else "root", f"/CN=Deep {i}", CA, {})
CERTIFICATES["below_deep"] = ("deep11", "/CN=localhost", LEAF + SAN, {})


class Certs:
    def __init__(self, place):
        self.place = place
        self.signatures, self.lock = {}, threading.Lock()
        os.makedirs(f"{place}/work")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.key, CERTIFICATES))
            left, made = dict(CERTIFICATES), set()
            while left:  # from the root down
                now = [n for n in left if left[n][0] == n or left[n][0] in made]
                list(pool.map(self.make, now))
                made |= set(now)
                left = {n: row for n, row in left.items() if n not in made}
        self.flaws()
        for name, text in (("random", "random=r\n[r]\nrandom=NONE"), ("fips", "alg_section=a\n[a]\ndefault_properties=fips=yes")):
            with open(f"{place}/{name}.cnf", "w", encoding="ascii") as f:
                f.write(f"openssl_conf=i\n[i]\n{text}\n")
        self.openssl("pkcs8", "-topk8", "-in", "good.key", "-passout", "pass:word", "-out", "sealed.key")
        self.openssl("pkcs8", "-topk8", "-in", "good.key", "-passout", "pass:word", "-v1", "PBE-MD5-DES", "-provider", "legacy",
                     "-provider", "default", "-out", "oldseal.key")
        os.makedirs(f"{place}/locked", mode=0o500)
        for name in ("secret.pem", "secret.key"):
            with open(f"{place}/{name}", "w", encoding="ascii"):
                os.chmod(f"{place}/{name}", 0)
        for name, issuers in (("good", "inter"), ("rsa", "inter"), ("old_client", "inter"), ("below_zero", "under_zero zero inter")):
            self.bundle(f"{name}_chain", name, *issuers.split())

    def openssl(self, *words, **more):
        done = subprocess.run(["openssl", *words], cwd=self.place, capture_output=True, timeout=60, **more)
        if done.returncode:
            raise RuntimeError(f"openssl {' '.join(words)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def key(self, name):
        kind = CERTIFICATES[name][3].get("key", "P-256")
        if kind.startswith("rsa"):
            self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[4:]}", "-out", f"{name}.key")
        elif kind == "ed25519":
            self.openssl("genpkey", "-algorithm", "ed25519", "-out", f"{name}.key")
        else:
            self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}", "-pkeyopt",
                         "ec_param_enc:named_curve", "-out", f"{name}.key")

    def make(self, name):
        issuer, subject, extensions, more = CERTIFICATES[name]
        work = f"work/{name}"
        os.makedirs(f"{self.place}/{work}")
        open(f"{self.place}/{work}/index", "w").close()
        with open(f"{self.place}/{work}/serial", "w", encoding="ascii") as f:
            f.write(hashlib.sha256(name.encode()).hexdigest()[:16].replace("8", "1", 1) + "\n")
        with open(f"{self.place}/{work}/conf", "w", encoding="ascii") as f:
            f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={work}/index\nserial={work}/serial\nnew_certs_dir={work}\npolicy=p\n"
                    f"default_md={more.get('md', 'default')}\nx509_extensions=e\n[p]\nCN=supplied\n[e]\n{extensions}")
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{work}/request")
        sign = ["-selfsign"] if issuer == name else ["-cert", f"{issuer}.pem"]
        self.openssl("ca", "-batch", "-notext", "-config", f"{work}/conf", "-in", f"{work}/request", "-out", f"{name}.pem",
                     "-keyfile", f"{issuer}.key", "-startdate", more.get("from", FROM), "-enddate", more.get("to", TO), *sign)

    def flaws(self):
        """What openssl would not make."""
        good = bytearray(self.der("good"))
        good[-1] ^= 1
        self.write("forged", bytes(good), "good")
        algorithm = bytes.fromhex("2a8648ce3d040302")  # ecdsa-with-SHA256
        self.resign("two_algorithms", lambda tbs: tbs.replace(algorithm, algorithm[:-1] + b"\3", 1))  # inside -SHA384

        def negative(tbs):
            tbs[tbs.index(bytes.fromhex("a00302010202")) + 7] |= 0x80
            return tbs
        self.resign("negative", negative)
        short = self.der("good")
        self.write("cut", short[:3] + bytes([short[3] - 9]) + short[4:-9], "good")

    def resign(self, name, change):
        """The good certificate with its first part changed and signed again."""
        der = self.der("good")
        first = change(bytearray(der[4:8 + int.from_bytes(der[6:8], "big")]))
        body = bytes(first) + bytes.fromhex("300a06082a8648ce3d040302")
        signature = b"\0" + self.sign("inter", bytes(first))
        body += b"\3" + bytes([len(signature)]) + signature
        self.write(name, b"\x30\x82" + len(body).to_bytes(2, "big") + body, "good")

    def write(self, name, der, key):
        text = base64.encodebytes(der).decode()
        with open(f"{self.place}/{name}.pem", "w", encoding="ascii") as f:
            f.write(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
        with open(f"{self.place}/{key}.key", encoding="ascii") as f, open(f"{self.place}/{name}.key", "w", encoding="ascii") as t:
            t.write(f.read())

    def bundle(self, name, *names):
        with open(f"{self.place}/{name}.pem", "w", encoding="ascii") as f:
            for one in names:
                with open(f"{self.place}/{one}.pem", encoding="ascii") as part:
                    f.write(part.read())

    def der(self, name):
        with open(f"{self.place}/{name}.pem", encoding="ascii") as f:
            return base64.b64decode(re.sub(r"-----.*?-----", "", f.read(), flags=re.S))

    def sign(self, name, data):
        return self.openssl("dgst", "-sha256", "-sign", f"{name}.key", input=data)
