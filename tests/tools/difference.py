"""fede diff: captures of the corpus, saved stories, live connections."""
import http.server
import json
import os
import socket
import subprocess
import threading
import time

from scene import expect, need, same, test


def compared(s, a, b, *more, code=10):
    r = s.run("diff", "--json", *more, a, b).ends(code)
    d = json.loads(r.out)
    same(d["equal"], code == 0, "equal")
    same(d["differences"] == 0, d["equal"], "number of differences")
    rows = {row["label"]: (row["a"], row["b"]) for row in d["rows"] if row["differs"]}
    return d, rows


def of_corpus(s, a, b, conn=None):
    (x, kx), (y, ky) = s.capture(a), s.capture(b)
    return compared(s, x, y, "--keylog", kx, "--keylog", ky, *(["--conn", conn] if conn else []))


@test
def diff_equal(s):
    """A story and itself, in every form in which it may be kept."""
    for name in ("t12-alpn", "chromium-t13-h2", "gnutls-t12-psk"):
        capture, keys = s.capture(name)
        a = s.write("a.json", s.run("explain", "--json", "--keylog", keys, capture).out)
        b = s.write("b.json", s.run("explain", "--json=lines", "--keylog", keys, capture).out)
        for x, y in ((a, a), (a, capture), (capture, a), (a, b), (b, b)):
            d, rows = compared(s, x, y, "--keylog", keys, code=0)
            same([r for r in rows if r not in ("handshake", "whole connection")], [], f"{name}: rows")
            expect(all("a" in m and "b" in m for m in d["messages"]), f"{name}: messages")
        text = s.run("diff", "-v", a, b).ends(0, "no difference that counts").text
        expect("cipher suite" in text and "ClientHello" in text, text)
        same(s.run("diff", "-q", a, b).out, b"", "-q")


@test
def diff_versions(s):
    d, rows = of_corpus(s, "t12-conversation", "t13-conversation")
    same(rows["version"], ("TLS 1.2", "TLS 1.3"), "version")
    same(rows["round trips"], ("2", "1"), "round trips")
    alone = [m for m in d["messages"] if "b" not in m]
    expect("→ ClientKeyExchange" in [m["a"]["message"] for m in alone], str(alone))
    expect("← EncryptedExtensions, encrypted" in [m["b"]["message"] for m in d["messages"] if "a" not in m], str(d["messages"]))


@test
def diff_key_exchange(s):
    """What protects the premaster secret: ECDHE against RSA."""
    _, rows = of_corpus(s, "t12-alpn", "t12-static-rsa-cbc")
    same(rows["forward secrecy"], ("yes", "no"), "forward secrecy")
    expect("RSA key" in rows["premaster secret"][1] and "made for this connection" in rows["premaster secret"][0], str(rows))
    expect("no_forward_secrecy" in rows["findings"][1], str(rows["findings"]))


@test
def diff_resumption(s):
    capture, keys = s.capture("t12-resumed-id")
    d = json.loads(s.run("diff", "--json", "--keylog", keys, "--conn", "1,2", capture).ends(10).out)
    rows = {row["label"]: (row["a"], row["b"]) for row in d["rows"] if row["differs"]}
    same(rows["resumed"], ("no", "yes"), "resumed")
    same(rows["session ID offered"], ("none", "32 bytes"), "session ID")
    expect("Certificate" in "".join(m["a"]["message"] for m in d["messages"] if "b" not in m), "messages left out")
    # By session ID, by ticket.
    _, rows = of_corpus(s, "t12-resumed-id", "t12-resumed-cbc", "2")
    expect(rows["ticket offered"][0] == "none" and rows["ticket offered"][1].endswith("bytes"), str(rows))


@test
def diff_order_and_altered(s):
    """One story edited: each edit is one difference."""
    capture, keys = s.capture("t12-alpn")
    story = json.loads(s.run("explain", "--json", "--keylog", keys, capture).out)
    a = s.write("a.json", json.dumps(story))

    def edited(change):
        other = json.loads(json.dumps(story))
        change(other["connections"][0])
        return compared(s, a, s.write("b.json", json.dumps(other)))

    def turn(c):
        c["offers"]["cipher_suites"][0], c["offers"]["cipher_suites"][1] = c["offers"]["cipher_suites"][1], c["offers"]["cipher_suites"][0]
    d, rows = edited(turn)
    same((d["differences"], "1. is" in rows["cipher suites"][0]), (1, True), "order of suites")
    for change, label in ((lambda c: c.update(server_name="other"), "server name"),
                          (lambda c: c["choice"].update(false_start=True), "False Start"),
                          (lambda c: c["certificates"].pop(), "certificates"),
                          (lambda c: c["findings"].append({"finding": "x", "from": "client"}), "findings")):
        d, rows = edited(change)
        same((d["differences"], label in rows), (1, True), label)
    d, _ = edited(lambda c: c["messages"].pop(3))
    same((d["differences"], [m for m in d["messages"] if "b" not in m][0]["a"]["message"]), (1, "← ServerKeyExchange"), "a message")
    d = compared(s, a, s.write("c.json", json.dumps(story).replace('"total_us": ', '"total_us": 9')), code=0)[0]
    expect(any(r["differs"] and not r["counts"] for r in d["rows"]), "times are told")


@test
def diff_http_and_https(s):
    """The same page with and without TLS: what a listener reads."""
    need("openssl")
    s.write("index.html", "hello\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=s.place)

        def log_message(self, *_):
            pass
    plain = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", s.path("k"), "-out", s.path("c"), "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([s.fede, "serve", "-q", "--listen", f"127.0.0.1:{port}", "--cert", s.path("c"), "--key", s.path("k"), s.place],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=s.environment)
    try:
        words = ["connect", "--json", "--stderr", "b.json", "-k", f"https://127.0.0.1:{port}/index.html"]
        for _ in range(100):
            if s.run(*words).code != 5:  # not connected: it is not listening yet
                break
            time.sleep(0.1)
        s.run(*words).ends(0)
    finally:
        server.terminate()
        server.wait(20)
    s.run("connect", "--json", "--stderr", "a.json", f"http://127.0.0.1:{plain.server_address[1]}/index.html").ends(0)
    plain.shutdown()
    _, rows = compared(s, "a.json", "b.json")
    expect("without TLS" in rows["content"][0] and rows["content"][1] == "encrypted", str(rows["content"]))
    expect(rows["version"][1] == "TLS 1.2", str(rows))


@test
def diff_problems(s):
    capture, _ = s.capture("t12-alpn")
    s.run("diff").ends(2)
    s.run("diff", capture).ends(2, "--conn N,M")
    s.run("diff", "--conn", "0", capture, capture).ends(2)
    s.run("diff", capture, s.path("missing")).ends(3, "No such file")
    s.run("diff", capture, s.write("rubbish", "rubbish")).ends(3, "no capture")
    s.run("diff", capture, s.write("other.json", '{"a": 1}')).ends(3, "neither a capture nor a story")
    s.run("diff", capture, s.write("cut.json", s.run("explain", "--json", capture).out[:5000])).ends(3)
    s.run("diff", "--conn", "7", capture, capture).ends(9)
    s.run("diff", "--conn", "1,7", s.write("story.json", s.run("explain", "--json", capture).out)).ends(9, "no connection 7")
    same(os.path.exists(s.path("missing")), False, "nothing is made")
