"""A server in the quarantine, asked over TCP what padding oracles are asked (probes.c): ten thousand questions in the long form, and
one answer: the same alert, the same bytes, the same end; and no kind of question whose answer takes its own time."""
import json
import re
import subprocess

from tools import ROOT, expect, run

PERMIT = ("--legacy", "rsa,dhe,cbc", "--legacy-until", "2099-12-31", "--legacy-reason", "padding oracles are looked for")
SUITES = {"rsa": "AES128-GCM-SHA256", "cbc": "AES128-SHA256", "etm": "AES128-SHA256"}
MOST_T = 4.5  # of Welch's test, as in bench/timing.c


def told(scene):
    """Permission and reason stand in the server's story of each connection that needed them, and of no other."""
    with scene.server(*PERMIT, "--ciphers", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256", "--echo", "--json", "--workers", "1") as server:
        for cipher in ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"):
            words = f"openssl s_client -connect 127.0.0.1:{server.port} -tls1_2 -cipher {cipher}:@SECLEVEL=0 -CAfile {scene.ca}".split()
            code, out = run(words, stdin=subprocess.DEVNULL)
            expect(code == 0, out)
    text, read = server.text(), json.JSONDecoder()
    stories = [read.raw_decode(text, begin.start())[0] for begin in re.finditer(r"^\{", text, re.M)]
    permissions = [story["choice"].get("quarantine") for story in stories if "choice" in story]
    expect(permissions == [{"used": ["CBC (a mode with a history of padding attacks)"], "until": PERMIT[3], "reason": PERMIT[5]}, None],
           f"{permissions}")


def ask(scene, how, few, many):
    """Questions of one sort to one server; the note says what was seen."""
    program, pair, n = f"{scene.place}/probes", f"{scene.place}/oracle", few if scene.quick else many
    words = ["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-o", program, f"{ROOT}/tests/serve/probes.c", "-lssl", "-lcrypto", "-lm"]
    code, out = run(words)
    expect(code == 0, f"the prober could not be built: {out}")
    code, out = run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                     "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE", "-addext",
                     "keyUsage=critical,digitalSignature,keyEncipherment", "-keyout", f"{pair}.key", "-out", f"{pair}.pem"])
    expect(code == 0, out)
    identity = ("--cert", f"{pair}.pem", "--key", f"{pair}.key")
    with scene.server(*identity, *PERMIT, "--ciphers", SUITES[how], "--echo", "--workers", "1", bare=True) as server:
        note, apart = probe(program, pair, server, how, n)
        if apart and not scene.quick:  # what is there is there again
            _, again = probe(program, pair, server, how, n)
            apart &= again
            expect(not apart, f"kinds {sorted(apart)} of the probes take their own time: {note}")
        server.wait_text(f"#{n} .*alert bad_record_mac", 60)
    return note


def probe(program, pair, server, how, n):
    """What was answered, and the kinds that took their own time."""
    code, out = run([program, f"{pair}.pem", str(server.port), how, str(n)], 600)
    expect(code == 0, f"the server can be told to decrypt: {out}")
    answer = re.search(r"^answer (\d+) kinds \S+: (.*)$", out, re.M)
    expect(answer and int(answer[1]) == n and "fatal bad record mac" in answer[2], out)
    times = {kind: float(t) for kind, t in re.findall(r"^time (\d+) \d+ \d+ (\S+)$", out, re.M)}
    most = max(times.values(), key=abs)
    return f"{n} probes of {len(times)} kinds, one answer: {answer[2]}{f'; largest t {most}' if n > 1000 else ''}", {k for k, t in times.items() if abs(t) > MOST_T}


def bleichenbacher(scene):
    return ask(scene, "rsa", 120, 4000)


def vaudenay(scene):
    return ask(scene, "cbc", 90, 3000)


def vaudenay_encrypted_first(scene):
    return ask(scene, "etm", 90, 3000)


TESTS = [("permission and reason are told", told), ("Bleichenbacher's questions", bleichenbacher), ("Vaudenay's and POODLE's questions", vaudenay),
         ("the same with encrypt-then-MAC", vaudenay_encrypted_first)]
