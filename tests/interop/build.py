"""Builds the peer programs that are older than their sources. Each needs packages of its own (packages.txt)."""
import os
import subprocess

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
C = ["cc", "-std=c11", "-D_DEFAULT_SOURCE", "-O1", "-Wall", "-Wextra"]
LIBRARIES = {
    "mbedtls": ["-lmbedtls", "-lmbedx509", "-lmbedcrypto"],
    "wolfssl": ["-lwolfssl"],
    "bearssl": ["-lbearssl"],
}


def build(place):
    """Builds into place; returns {peer: why it could not be built}."""
    os.makedirs(place, exist_ok=True)
    wrong = {}
    for name, libraries in LIBRARIES.items():
        sources = [f"{HERE}/peer.c", f"{HERE}/peer_{name}.c"]
        _make(
            wrong,
            name,
            f"{place}/peer_{name}",
            [*sources, f"{HERE}/peer.h"],
            [*C, "-o", f"{place}/peer_{name}", *sources, *libraries],
        )
    _make(
        wrong,
        "go",
        f"{place}/peer_go",
        [f"{HERE}/peer.go"],
        ["go", "build", "-o", f"{place}/peer_go", f"{HERE}/peer.go"],
        dict(os.environ, GO111MODULE="off", GOFLAGS="", GOPROXY="off", GOCACHE=f"{place}/go-cache"),
    )
    _make(wrong, "java", f"{place}/Peer.class", [f"{HERE}/Peer.java"], ["javac", "-d", place, f"{HERE}/Peer.java"])
    return wrong


def _make(wrong, name, target, sources, words, env=None):
    try:
        if os.path.exists(target) and all(os.path.getmtime(s) < os.path.getmtime(target) for s in sources):
            return
        r = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        if r.returncode != 0:
            wrong[name] = "does not build: " + r.stdout.decode(errors="replace")[-300:]
    except FileNotFoundError as e:
        wrong[name] = f"{e.filename} is missing"
