"""tshark reads connections of the tool under test with that tool's key log: what it decrypts must be what was said."""
import os
import shutil
import time

from cases import Case
from tools import Failed, Process, Unable, converse, run, wait_for_port

PLAINS = [
    Case("p256", "aes128", "x25519"),
    Case("rsa", "aes256", "secp384r1"),
    Case("p384", "chacha", "secp521r1"),
    Case("ed25519", "chacha", "x25519"),
]


class Capture:
    """dumpcap on the loopback interface, for one port."""

    def __init__(self, scene, name, port):
        self.file, self.port = f"{scene.place}/logs/{name}.pcapng", port
        if not shutil.which("dumpcap"):
            raise Failed("dumpcap is missing (package tshark)")
        self.process = Process(
            ["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", self.file], log=self.file + ".log"
        )
        for _ in range(100):
            said = self.process.said()
            if "Capturing on" in said and os.path.exists(self.file):
                break
            if self.process.p.poll() is not None:
                raise Unable("no permission to capture packets") if "ermission" in said else Failed(said[-200:])
            time.sleep(0.05)
        time.sleep(0.2)

    def decrypted(self, keys):
        """What each side said, in the clear: (client's bytes, server's bytes)."""
        time.sleep(0.3)
        self.process.stop(2)  # SIGINT: dumpcap writes what it has
        code, out = run(
            [
                "tshark",
                "-r",
                self.file,
                "-o",
                f"tls.keylog_file:{keys}",
                "-d",
                f"tcp.port=={self.port},tls",
                "-q",
                "-z",
                "follow,tls,raw,0",
            ],
            60,
        )
        lines = [
            line for line in out.splitlines() if line.strip("\t") and set(line.strip("\t")) <= set("0123456789abcdef")
        ]
        sides = {0: b"", 1: b""}
        for line in lines:
            sides[int(line.startswith("\t"))] += bytes.fromhex(line.strip("\t"))
        if code != 0 or not lines:
            raise Failed(f"tshark shows nothing: {out[-300:]}")
        return sides[0], sides[1]


def check(capture, keys, client, server):
    said, answered = capture.decrypted(keys)
    if said != client or answered != server:
        raise Failed(
            f"tshark sees {said[:60]!r} ({len(said)}) and {answered[:60]!r} ({len(answered)}), not what was said"
        )


def client_side(scene, case):
    text = b"".join(b"%d green bottles\n" % i for i in range(1500))
    port = scene.server_peer("Go crypto/tls").port(case)
    name = f"keylog-client-{case}".replace(" ", "-")
    keys = f"{scene.place}/logs/{name}.keys"
    capture = Capture(scene, name, port)
    option = "--keylog" if scene.tested.name == "fede" else "-keylogfile"
    scene.fede(port, text, lambda o: o == text, case, options=(option, keys))
    check(capture, keys, text, text)


def server_side(scene, case):
    text = b"".join(b"%d blue bottles\n" % i for i in range(1500))
    name = f"keylog-server-{case}".replace(" ", "-")
    keys = f"{scene.place}/logs/{name}.keys"
    if scene.tested.name == "fede":
        port, process = scene.tested.start(case.key, case.curve, "echo", ("--keylog", keys))
        answer = text
    else:
        port, process = scene.tested.start(case.key, case.curve, "rev", ("-keylogfile", keys))
        text = text[:1500].replace(b"\n", b" ") + b"\n"
        answer = text[-2::-1] + b"\n"
    try:
        wait_for_port(port, process)
        capture = Capture(scene, name, port)
        words = scene.client_peer("openssl s_client").words(case, port)
        _, out = converse(words, text, lambda o: len(o) >= len(answer))
        if out != answer:
            raise Failed("the connection did not work")
        check(capture, keys, text, answer)
    finally:
        process.stop()


TESTS = [
    (f"{side.__name__.replace('_', ' ')}, {c}", "openssl fede", side, (c,))
    for side in (client_side, server_side)
    for c in PLAINS
]
