"""Chromium, headless, opens a page of the server under test. Whom it trusts is in the NSS database of its home."""
import os
import shutil

from cases import Case
from servers import nss_database
from tools import Failed, run

# The first is the one of the quick form: a chain made by fede ca.
CASES = [Case("p384", "aes256", "secp384r1"), Case("p256", "aes128", "x25519"), Case("rsa", "aes128", "secp256r1")]


def page(scene, case, trusted=None):
    """The page must be there when the server's own authority is trusted, and must not when another one is."""
    trusted = trusted or case.key
    home = f"{scene.place}/chromium-{case.key}-{trusted}"
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(f"{home}/.pki")
    wrong = nss_database(f"{home}/.pki/nssdb", roots={trusted: f"{scene.certs}/{trusted}-root.pem"})
    if wrong:
        raise Failed(wrong)
    port = scene.tested.server(case.key, case.curve, "files")
    words = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-proxy-server",
        f"--user-data-dir={home}/data",
        "--dump-dom",
        f"https://localhost:{port}/hello.txt",
    ]
    code, out = run(words, 60, env=dict(os.environ, HOME=home, DBUS_SESSION_BUS_ADDRESS="/dev/null"))
    if ("fede says hello" in out) != (trusted == case.key):
        raise Failed(f"exit status {code}: {out[-300:]}")


TESTS = [(f"Chromium, {c}", page, (c,)) for c in CASES] + [
    ("Chromium refuses an unknown root", page, (CASES[0], "rsa"))
]
LONG = [name for name, _, _ in TESTS[1:]]
