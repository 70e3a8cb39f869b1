"""Throw-away certificates: for each key kind a root, an intermediate and a leaf of that kind, made with openssl; when fede is
given, those for P-384 with `fede ca`, so that every peer judges what it issues.

KEY-root.pem, KEY-chain.pem (leaf, intermediate), KEY.key (PKCS#8), KEY.p12 (no password worth the name), and in DER
KEY-leaf.der, KEY-int.der, KEY-root.der, KEY-key.der. For clients KEY-client-chain.pem, KEY-client.key and KEY-client.p12.
ca.pem holds all roots."""
import os
import shutil
import subprocess

NAMES = "DNS:localhost,DNS:www.fede.test,IP:127.0.0.1,IP:::1"
PASSWORD = "fede-test"
KEYS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["-algorithm", "ED25519"],
}
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = (
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature%s\nextendedKeyUsage=serverAuth\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=" + NAMES + "\n"
)


def make(folder, fede=None):
    """Makes what is missing in folder and returns its path."""
    os.makedirs(folder, exist_ok=True)
    for key in KEYS:
        if not os.path.exists(f"{folder}/{key}-client.p12"):
            _chain(folder, key, fede if key == "p384" else None)
    with open(f"{folder}/ca.pem", "w") as bundle:
        for key in KEYS:
            bundle.write(open(f"{folder}/{key}-root.pem").read())
    return folder


def _chain(folder, key, fede):
    def at(name):
        return f"{folder}/{key}{name}"

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def issue(name, subject, issuer, extensions, serial, days):
        with open(at(".ext"), "w") as f:
            f.write(extensions)
        openssl("req", "-new", "-key", at(f"{name}.key"), "-subj", subject, "-out", at(".csr"))
        signer = (
            ["-signkey", at(f"{name}.key")]
            if issuer is None
            else ["-CA", at(f"{issuer}.pem"), "-CAkey", at(f"{issuer}.key")]
        )
        openssl(
            "x509",
            "-req",
            "-in",
            at(".csr"),
            *signer,
            "-set_serial",
            serial,
            "-days",
            days,
            "-extfile",
            at(".ext"),
            "-out",
            at(f"{name}.pem"),
        )
    if fede:
        _issue(fede, at, key)
    else:
        for name in ("-root", "-int", "-leaf"):
            openssl("genpkey", *KEYS[key], "-out", at(f"{name}.key"))
        issue("-root", f"/CN=fede test root {key}", None, CA, "1", "3650")
        issue(
            "-int",
            f"/CN=fede test intermediate {key}",
            "-root",
            CA.replace("CA:TRUE", "CA:TRUE,pathlen:0") + "authorityKeyIdentifier=keyid\n",
            "2",
            "1000",
        )
        encipher = ",keyEncipherment" if key == "rsa" else ""  # NSS wants it of every RSA server
        issue("-leaf", "/CN=localhost", "-int", LEAF % encipher, "3", "90")
    for name in ("-root", "-int", "-leaf"):
        openssl("x509", "-in", at(f"{name}.pem"), "-outform", "DER", "-out", at(f"{name}.der"))
    os.replace(at("-leaf.key"), at(".key"))
    openssl("genpkey", *KEYS[key], "-out", at("-client.key"))
    issue("-client", f"/CN=client {key}", "-int", LEAF.replace("serverAuth", "clientAuth") % "", "4", "90")
    for chain, leaf in (("-chain.pem", "-leaf.pem"), ("-client-chain.pem", "-client.pem")):
        with open(at(chain), "w") as f:
            f.write(open(at(leaf)).read() + open(at("-int.pem")).read())
    openssl("pkey", "-in", at(".key"), "-outform", "DER", "-out", at("-key.der"))
    for own, chain, to in ((".key", "-chain.pem", ".p12"), ("-client.key", "-client-chain.pem", "-client.p12")):
        openssl(
            "pkcs12",
            "-export",
            "-inkey",
            at(own),
            "-in",
            at(chain),
            "-name",
            key,
            "-passout",
            f"pass:{PASSWORD}",
            "-out",
            at(to),
        )


def _issue(fede, at, key):
    """The same three with fede ca."""
    def ca(*words):
        subprocess.run([fede, "ca", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    top, middle = at("-ca"), at("-ca/mid")
    shutil.rmtree(top, ignore_errors=True)  # an interrupted run's
    for file in (at("-leaf.pem"), at("-leaf.key")):
        if os.path.exists(file):
            os.remove(file)
    ca("init", "--ca", top, "--key", key)
    ca("init", "--ca", middle, "--parent", top, "--key", key, "--path-length", "0")
    ca("issue", "--ca", middle, "--key", key, "localhost", "www.fede.test", "127.0.0.1", "::1", "-o", at("-leaf"))
    os.replace(f"{top}/ca.pem", at("-root.pem"))
    os.replace(f"{middle}/ca.key", at("-int.key"))
    for name, file in (("-int", f"{middle}/ca.pem"), ("-leaf", at("-leaf.pem"))):
        first = open(file).read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
        open(at(f"{name}.pem"), "w").write(first)
