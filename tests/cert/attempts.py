"""The paths that were not taken: a chain with four intermediates of one name, of which one is good; told by `fede cert --verify` and by
`fede connect`, as text and JSON, whether the chain is accepted or not."""
import json
import re
import subprocess

from ca import expect
from keys import Serve

tests = []
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"


def test(function):
    tests.append(function)
    return function


def sign(s, out, key, subject, issuer, serial, extensions):
    s.write(f"{out}.ext", extensions.encode())
    s.openssl("req", "-new", "-key", f"{key}.key", "-subj", subject, "-out", f"{out}.csr")
    s.openssl("x509", "-req", "-in", f"{out}.csr", "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-set_serial", str(serial), "-days", "20",
              "-extfile", f"{out}.ext", "-out", f"{out}.pem")


def crossed(s):
    """The leaf's issuer signed by three roots: by one it may issue, by one it may not issue for this name, by one it is no CA at
    all; and one with its name and another key."""
    for name in ("xmid", "xother", "xleaf"):
        s.openssl("genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
    for root in ("xa", "xb", "xc"):
        s.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{root}.key", "-out", f"{root}.pem", "-days",
                  "30", "-subj", f"/CN=Root {root}", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    sign(s, "xmid-no-ca", "xmid", "/CN=Mid", "xa", 1, CA.replace("CA:TRUE", "CA:FALSE"))
    sign(s, "xmid-narrow", "xmid", "/CN=Mid", "xb", 2, CA + "nameConstraints=critical,excluded;DNS:site.test\n")
    sign(s, "xmid-stranger", "xother", "/CN=Mid", "xa", 3, CA)
    sign(s, "xmid", "xmid", "/CN=Mid", "xc", 4, CA)
    sign(s, "xleaf", "xleaf", "/CN=site.test", "xmid", 5, "basicConstraints=CA:FALSE\nsubjectAltName=DNS:site.test\nauthorityKeyIdentifier=keyid\n")
    s.join("crossed.pem", "xleaf.pem", "xmid-no-ca.pem", "xmid-narrow.pem", "xmid-stranger.pem", "xmid.pem")


def by_serial(verification):
    """Attempts by the place in the list of the certificate that was tried, or of the one below the anchor of a whole path."""
    found = {}
    for a in verification["attempts"]:
        origin = a["path"][1]["origin"]
        found[int(re.search(r"certificate (\d)", origin).group(1))] = a
    return found


def failed(attempt):
    return {c["check"] for c in attempt["checks"] if c["outcome"] == "failed"}


@test
def paths_not_taken(s):
    crossed(s)
    two, three = ["--cacert", "xa.pem", "--cacert", "xb.pem"], ["--cacert", "xa.pem", "--cacert", "xb.pem", "--cacert", "xc.pem"]
    v = s.json("--verify", "--name", "site.test", *two, "crossed.pem", code=7)["verification"]
    told = by_serial(v)
    expect(v["reason"] == "cert_name_constraint" and sorted(told) == [1, 3, 4], f"{v['reason']}: {sorted(told)}")
    expect(failed(told[1]) == {"CA"} and told[1]["reason"] == "cert_not_ca" and not told[1]["whole"], str(told[1]))
    expect(any(c["check"] == "signature" and c["outcome"] == "not checked" for c in told[1]["checks"]), str(told[1]))
    expect(failed(told[3]) == {"signature"} and told[3]["reason"] == "cert_signature", str(told[3]))
    expect("no trust anchor" in told[4]["why"] and "reason" not in told[4], str(told[4]))
    v = s.json("--verify", "--name", "site.test", *three, "crossed.pem")["verification"]
    told = by_serial(v)
    expect(v["accepted"] and v["path"][1]["origin"] == "certificate 4 of the list" and sorted(told) == [1, 2, 3], str(sorted(told)))
    whole = [a for a in v["attempts"] if a["whole"]]
    expect(len(whole) == 1 and failed(whole[0]) == {"name constraints"} and len(whole[0]["path"]) == 3 and len(whole[0]["checks"]) > 20, str(whole))
    expect(told[1]["reason"] == "cert_not_ca" and "not tried" in told[3]["why"], f"{told[1]['why']}, {told[3]['why']}")
    out = re.sub(r"\s+", " ", s.run("--verify", "-v", "--name", "site.test", *three, "crossed.pem"))
    for words in ("other paths that were tried", "CN=site.test < CN=Mid < CN=Root xb: it reaches a trust anchor, but not every rule is kept",
                  "FAIL: DNS name site.test", "not tried: a path had been found"):
        expect(words in out, f"{words}: {out[-3000:]}")
    v = s.json("--verify", "--cacert", "rsaca.pem", "chain.pem")["verification"]
    expect(v["accepted"] and v["attempts"] == [] and v["attempts_more"] == 0, "one path, nothing else to tell")


@test
def paths_not_taken_over_the_wire(s):
    with Serve(s, "--cert", "crossed.pem", "--key", "xleaf.key") as serve:
        def connect(*words, code):
            done = subprocess.run([s.fede, "connect", *words, "--resolve", f"site.test:{serve.port}:127.0.0.1", f"site.test:{serve.port}"], cwd=s.place,
                                  capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=60)
            expect(done.returncode == code, f"{done.returncode}: {done.stderr}")
            return done.stderr
        three = ["--cacert", "xa.pem", "--cacert", "xb.pem", "--cacert", "xc.pem"]
        v = json.loads(connect("--json", *three, code=0))["verification"]
        expect([a["whole"] for a in v["attempts"]].count(True) == 1 and len(v["attempts"]) == 3, str(v["attempts"]))
        out = re.sub(r"\s+", " ", connect("-v", *three[:4], code=7))
        expect("other paths that were tried" in out and "CN=site.test < CN=Mid: its key does not verify the signature" in out, out)
