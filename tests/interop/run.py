#!/usr/bin/env python3
"""fede against other TLS libraries, live on the loopback interface, both roles.

    tests/interop/run.py [--quick|--all] [--only WORD] [--fede PROGRAM] [--subject openssl] [-v]

First the matrix: each certificate key x suite x curve with each peer, in both roles. Then what needs a test of its
own (special.py): 100 MB both ways (--quick: 10 MB), tiny records, key logs read by tshark, names, protocols, extended
master secret on and off, signature schemes, ways to close, renegotiation, a browser.

A combination that a peer can't have, by its own word or because openssl fails with it there just as well, counts as
skipped, with the reason in the table. The last line is "interop: N passed, N failed, N skipped". --subject openssl
puts the openssl command line in fede's place: that tests the tests.
"""
import argparse
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import acceptance  # noqa: E402
import build  # noqa: E402
import certs  # noqa: E402
import clients  # noqa: E402
import servers  # noqa: E402
import special  # noqa: E402
import subject  # noqa: E402
from cases import matrix  # noqa: E402
from tools import Failed, Report, Unable, stop_all  # noqa: E402

LINE = clients.TEXT


def main():
    options = arguments()
    place = os.path.abspath(options.build)
    if options.subject == "fede" and not os.path.exists(options.fede):
        sys.exit(
            f"{options.fede} is not there: cmake --preset release && cmake --build --preset release, or --fede PROGRAM"
        )
    for folder in ("logs", "files"):
        shutil.rmtree(f"{place}/{folder}", ignore_errors=True)
        os.makedirs(f"{place}/{folder}")
    for name, size in (("hello", 1), ("hello.txt", 900)):
        with open(f"{place}/files/{name}", "w") as f:
            f.write("fede says hello\n" * size)
    started = time.monotonic()
    report = Report(options.verbose)
    missing_tools(report)
    wrong = build.build(f"{place}/bin")
    for peer, why in wrong.items():
        report.add(peer, "build", "failed", why)
    certs.make(f"{place}/certs", options.fede if options.subject == "fede" else None)
    kind = subject.OpenSSL if options.subject == "openssl" else subject.Fede
    tested = kind(options.fede, place)
    try:
        everything(options, place, tested, report)
    finally:
        tested.stop()
        stop_all()
    if tested.name == "fede" and not options.only:
        acceptance.table(report, not options.quick)
    report.table()
    print(f"{time.monotonic() - started:.0f} s")
    print(
        f"interop: {report.total('passed')} passed, {report.total('failed')} failed, {report.total('skipped')} skipped"
    )
    return 1 if report.total("failed") or not report.total("passed") else 0


def everything(options, place, tested, report):
    wanted = options.only or ""
    matching = [s for s in servers.servers(place) if wanted.lower() in f"to {s.name} matrix".lower()]
    calling = [c for c in clients.clients(place) if wanted.lower() in f"from {c.name} matrix".lower()]
    cases = matrix()
    if options.subject == "openssl":
        go = servers.Agent(place, "Go crypto/tls", servers.agents(place)["Go crypto/tls"])
        go.start()
        tested.echo = go
    with ThreadPoolExecutor(2) as pool:
        ready = list(pool.map(lambda peer: start(peer, report), matching + calling))
        jobs = []
        for peer, up in zip(matching + calling, ready):
            try_it = as_client if peer in matching else as_server
            label = f"{tested.name} -> {peer.name}" if peer in matching else f"{peer.name} -> {tested.name}"
            if up and isinstance(peer, clients.Agent):
                jobs.append(
                    pool.submit(lambda t=try_it, n=label, p=peer: [report.run(n, c, t, tested, p, c) for c in cases])
                )
            elif up:
                jobs += [pool.submit(report.run, label, c, try_it, tested, peer, c) for c in cases]
        for job in jobs:
            job.result()
        special.run_all(options, place, tested, report, pool, supporting(place, matching, calling))
    tested.stop(report)


def supporting(place, matching, calling):
    """The peers that special tests use, started if they are not yet."""
    up = []
    for made, have in ((servers.servers(place), matching), (clients.clients(place), calling)):
        for peer in made:
            there = next((p for p in have if p.name == peer.name), None)
            if there is None:
                peer.start()
            up.append(there or peer)
    return up


def start(peer, report):
    """Whether the peer is up; a port may be taken by others in between, so it is tried three times."""
    for attempt in (1, 2, 3):
        try:
            peer.start()
            return True
        except (Failed, OSError, RuntimeError) as e:
            peer.stop()
            if attempt == 3:
                report.add(peer.name, "start", "failed", str(e))
    return False


def as_client(tested, peer, case):
    """One connection from what is tested to a server."""
    port, (send, enough) = peer.port(case), question(peer.talk)
    try:
        out, agreed = tested.talk(port, case, send, enough)
        if not enough(out):
            raise Failed(f"the answer is not what was expected: {out[:120]!r}")
        tested.check(agreed, case)
    except Failed as e:
        raise blamed(peer, case, e, lambda: subject.openssl_agrees(port, case)) from None


def question(talk):
    """What to send, and whether the answer is right."""
    if talk == "rev":
        return LINE, lambda o: o == LINE[-2::-1] + b"\n"
    if talk in ("http", "nss"):
        sign = b"fede says hello\n" if talk == "http" else b"HTTP/1.0 200 OK"
        request = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return request, lambda o: b" 200 OK" in o and sign in o
    return LINE, lambda o: o == LINE


def as_server(tested, peer, case):
    """One connection from a client to what is tested."""
    port = tested.server(case.key, case.curve, peer.answer)
    peer.connect(case, port)


# What peers are known not to do: (peer, key, suites, curves): why. The claim counts only when openssl, in the place of
# what is tested, gets no further.
KNOWN = {
    (
        "NSS selfserv",
        "p384",
        ("aes256", "chacha"),
        ("x25519", "secp256r1"),
    ): "with a P-384 certificate and a 256 bit cipher it takes no curve weaker than P-384",
}


def blamed(peer, case, failure, reference):
    """The failure; or Unable when the peer is known not to do this and openssl fails with it too."""
    for (name, key, suites, curves), why in KNOWN.items():
        if (name, key) == (peer.name, case.key) and case.suite in suites and case.curve in curves:
            return Failed(f"{failure} (but openssl can)") if reference() else Unable(why)
    return failure


def missing_tools(report):
    need = {
        "openssl": "openssl",
        "gnutls-serv": "gnutls-bin",
        "selfserv": "libnss3-tools",
        "curl": "curl",
        "go": "golang-go",
        "java": "default-jdk-headless",
        "tshark": "tshark",
        "chromium": "chromium",
        "nghttp": "nghttp2-client",
        "botan": "botan",
        "/usr/sbin/nginx": "nginx-light",
    }
    packages = [p for tool, p in need.items() if not shutil.which(tool)]
    if packages:
        print("Some peers are missing; get them with: apt install " + " ".join(packages))
        report.add("tools", "install", "failed", "missing packages: " + " ".join(packages))


def arguments():
    p = argparse.ArgumentParser(description="fede against other TLS libraries")
    p.add_argument("--quick", action="store_true", help="10 MB instead of 100 MB, one connection by browser")
    p.add_argument("--all", action="store_true", help="everything (the default)")
    p.add_argument("--only", metavar="WORD", help="only peers and tests with this word in their names")
    p.add_argument("--fede", default=f"{ROOT}/build/release/fede")
    p.add_argument("--build", default=f"{ROOT}/build/interop", help="where peers are built and logs are kept")
    p.add_argument("--subject", choices=["fede", "openssl"], default="fede")
    p.add_argument("-v", "--verbose", action="store_true")
    return p.parse_args()


if __name__ == "__main__":
    sys.exit(main())
