#!/usr/bin/env python3
"""The tables of the benchmark from its log: lines "STACK KIND SCENARIO NAME VALUE NAME VALUE …".

A figure is the median over rounds. The limit of a handshake is the sum of the primitives that neither side can do
without, each by libcrypto's cheapest call; nothing is in it for parsing, copying or memory. Libraries with primitives
of their own are measured against libcrypto's limit all the same."""
import collections
import statistics
import sys

TARGETS = [  # what, limit, how it is found
    (
        "server CPU of an ECDHE-ECDSA handshake / primitives",
        1.25,
        lambda t: t.handshake("fede", "ecdsa", "server") / t.limit("ecdsa", "server"),
    ),
    (
        "client CPU of an ECDHE-ECDSA handshake / primitives",
        1.25,
        lambda t: t.handshake("fede", "ecdsa", "client") / t.limit("ecdsa", "client"),
    ),
    (
        "sending a 16 KB record / AEAD and one copy",
        1.15,
        lambda t: t.record("fede", "ecdsa", 16384, "send") / t.record_limit("ecdsa", 16384),
    ),
    (
        "receiving a 16 KB record / AEAD and one copy",
        1.15,
        lambda t: t.record("fede", "ecdsa", 16384, "receive") / t.record_limit("ecdsa", 16384),
    ),
    (
        "server CPU of a resumption by ticket / primitives",
        2.2,
        lambda t: t.value("fede", "ticket", "ecdsa", "server_us") / t.resumed_limit("ticket", "server"),
    ),
    (
        "client CPU of a resumption by ticket / primitives",
        2.2,
        lambda t: t.value("fede", "ticket", "ecdsa", "client_us") / t.resumed_limit("ticket", "client"),
    ),
    (
        "server CPU of a resumption by id / primitives",
        2.2,
        lambda t: t.value("fede", "id", "ecdsa", "server_us") / t.resumed_limit("id", "server"),
    ),
    (
        "client CPU of a resumption by id / primitives",
        2.2,
        lambda t: t.value("fede", "id", "ecdsa", "client_us") / t.resumed_limit("id", "client"),
    ),
    (
        "allocations of a resumption, either side, the dearer way",
        6,
        lambda t: max(
            t.value("fede", f"{how}-allocations", "ecdsa", side)
            for how in ("ticket", "id")
            for side in ("server", "client")
        ),
    ),
    (
        "heap bytes of an idle server connection",
        2048,
        lambda t: t.value("fede", "memory", "ecdsa", "after_rest_server"),
    ),
    (
        "heap bytes of an idle client connection",
        2048,
        lambda t: t.value("fede", "memory", "ecdsa", "after_rest_client"),
    ),
    (
        "a client with the system store, after the first, in us",
        2000,
        lambda t: t.value("fede", "certificates", "start", "later_us"),
    ),
    (
        "an EC chain of two parsed and judged / two verifications (EVP_DigestVerify)",
        1.10,
        lambda t: t.value("fede", "certificates", "chain", "us") / t.primitive("chain-evp"),
    ),
    (
        "allocations in parsing it",
        0,
        lambda t: t.value("fede", "certificates", "parse", "allocations"),
    ),
    (
        "the slowest of the chains built to explode, in ms",
        50,
        lambda t: max(t.value(*key) for key in t.values if key[1] == "hostile" and key[3] == "ms"),
    ),
]
CIPHERS = {
    "ecdsa": ("AES-128-GCM", "aes128"),
    "ecdsa-aes256": ("AES-256-GCM", "aes256"),
    "ecdsa-chacha": ("ChaCha20-Poly1305", "chacha"),
}
HANDSHAKES = {"ecdsa": "x25519, ECDSA P-256", "ecdsa-p256": "secp256r1, ECDSA P-256", "rsa": "x25519, RSA-2048"}


class Table:
    def __init__(self, log):
        self.values, self.versions = collections.defaultdict(list), {}
        for line in open(log):
            f = line.split()
            if len(f) > 2 and f[1] == "version":
                self.versions[f[0]] = " ".join(f[2:])
            for name, value in zip(f[3::2], f[4::2]):
                try:
                    self.values[f[0], f[1], f[2], name].append(float(value))
                except ValueError:
                    pass
        self.stacks = sorted((s for s in self.versions if s != "limit"), key=lambda s: (s != "fede", s != "OpenSSL", s))

    def value(self, *key):
        v = self.values.get(key)
        return statistics.median(v) if v else float("nan")

    def primitive(self, name):
        return self.value("limit", "primitive", name, "us")

    def handshake(self, stack, scenario, side):
        return self.value(stack, "handshake", scenario, f"{side}_us")

    def record(self, stack, scenario, size, side):
        return self.value(stack, "records", f"{scenario}/{size}", f"{side}_us")

    def limit(self, scenario, side):
        p = self.primitive
        group, kind = ("p256" if scenario == "ecdsa-p256" else "x25519"), ("rsa" if scenario == "rsa" else "ecdsa")
        symmetric = (
            p("transcript")
            + 3 * p("transcript-fork")
            + p("hash-signed")
            + p("prf-handshake")
            + p("random-32")
            + 2 * p("aes128-key")
            + p("aes128-one-call-16")
            + p("aes128-open-16")
        )
        authentication = p(f"{kind}-sign") if side == "server" else 3 * p(f"{kind}-verify") + 2 * p("hash-certificate")
        return p(f"{group}-generate") + p(f"{group}-derive") + authentication + symmetric

    def resumed_limit(self, how, side):
        p = self.primitive
        both = (
            p("transcript-resumed")
            + 2 * p("transcript-fork")
            + p("prf-resumed")
            + p("random-32")
            + 2 * p("aes128-key")
            + p("aes128-one-call-16")
            + p("aes128-open-16")
        )
        return both + (p("aes256-open-128") if (how, side) == ("ticket", "server") else 0)

    def record_limit(self, scenario, size):
        name = CIPHERS[scenario][1]
        ways = [self.primitive(f"{name}-{way}-{size}") for way in ("seal", "one-call")]
        return min(w for w in ways if w == w) + self.primitive(f"copy-{size}")


def main():
    t = Table(sys.argv[1])
    print("; ".join(t.versions[s] for s in t.stacks))
    rounds = max((len(v) for v in t.values.values()), default=0)
    print(f"One core, client and server apart, transport in memory, median of {rounds} rounds.\n")
    handshakes(t)
    resumption(t)
    records(t)
    memory(t)
    certificates(t)
    return targets(t)


def handshakes(t):
    for scenario, title in HANDSHAKES.items():
        limits = {side: t.limit(scenario, side) for side in ("server", "client")}
        print(
            f"Full TLS 1.2 handshake, {title}: CPU microseconds; the primitives alone: server {limits['server']:.1f}, "
            f"client {limits['client']:.1f}"
        )
        print(f"  {'':10} {'server':>8} {'/limit':>7} {'per s':>7}   {'client':>8} {'/limit':>7} {'per s':>7}")
        for stack in t.stacks:
            cells = []
            for side in ("server", "client"):
                us = t.handshake(stack, scenario, side)
                cells.append(f"{us:8.1f} {us / limits[side]:7.2f} {1e6 / us:7.0f}")
            print(f"  {stack:10} " + "   ".join(cells))
        print()


def resumption(t):
    for how, title in (("ticket", "ticket"), ("id", "session id")):
        limits = {side: t.resumed_limit(how, side) for side in ("server", "client")}
        print(
            f"TLS 1.2 resumption by {title}, AES-128-GCM: CPU microseconds; the primitives alone: server "
            f"{limits['server']:.2f}, client {limits['client']:.2f}; allocations, libcrypto's included"
        )
        print(f"  {'':10} {'server':>8} {'/limit':>7} {'allocs':>7}   {'client':>8} {'/limit':>7} {'allocs':>7}")
        for stack in t.stacks:
            cells = []
            for side in ("server", "client"):
                us, n = t.value(stack, how, "ecdsa", f"{side}_us"), t.value(stack, f"{how}-allocations", "ecdsa", side)
                cells.append(f"{us:8.2f} {us / limits[side]:7.2f} {n:7.0f}")
            if us == us:
                print(f"  {stack:10} " + "   ".join(cells))
        print()


def records(t):
    print("Records over AEAD and one copy, send/receive (microseconds; ratio)")
    titles = [(s, n) for s in CIPHERS for n in (16384, 1024)]
    print(f"  {'':10} " + " ".join(f"{CIPHERS[s][0] + ' ' + ('16 KB' if n > 9999 else '1 KB'):>24}" for s, n in titles))
    print(f"  {'limit':10} " + " ".join(f"{t.record_limit(s, n):24.3f}" for s, n in titles))
    for stack in t.stacks:
        us = {(s, n): [t.record(stack, s, n, side) for side in ("send", "receive")] for s, n in titles}
        print(f"  {stack:10} " + " ".join(f"{a:11.3f} / {b:<10.3f}" for a, b in (us[k] for k in titles)))
        print(
            f"  {'':10} "
            + " ".join(
                f"{us[k][0] / t.record_limit(*k):11.2f} / {us[k][1] / t.record_limit(*k):<10.2f}" for k in titles
            )
        )
    print()


def memory(t):
    print("Heap bytes of one idle connection (libcrypto's included), and allocations of one full ECDHE-ECDSA handshake")
    print(
        f"  {'':10} {'server, after handshake':>24} {'at rest':>9}   {'client, after handshake':>24} {'at rest':>9}   "
        f"{'allocations: server':>20} {'client':>7}"
    )
    for stack in t.stacks:
        cells = []
        for side in ("server", "client"):
            after, rest = (t.value(stack, "memory", "ecdsa", f"after_{w}_{side}") for w in ("handshake", "rest"))
            cells.append(f"{after:24.0f} {rest:9.0f}")
        counts = [t.value(stack, "allocations", "ecdsa", side) for side in ("server", "client")]
        print(f"  {stack:10} " + "   ".join(cells) + f"   {counts[0]:20.0f} {counts[1]:7.0f}")
    send, receive = (t.value("fede", "rested", "ecdsa/1024", f"{side}_us") for side in ("send", "receive"))
    print(f"  fede's first 1 KB record after a rest takes {send:.2f} us to send and {receive:.2f} us to receive.")
    print("  At rest: after 1 KB each way, and after fede_release_buffers; the others have no such call.\n")


def certificates(t):
    def of(stack, what, unit="us"):
        return t.value(stack, "certificates", what, unit)

    bundle, bare, evp = t.primitive("bundle"), t.primitive("chain-verifications"), t.primitive("chain-evp")
    print(f"A client with the system store, us: libcrypto's own start {of('fede', 'start', 'libcrypto_us'):.0f}, the first "
          f"{of('fede', 'start', 'first_us'):.0f}, later ones {of('fede', 'start', 'later_us'):.0f}; reading the bundle and decoding "
          f"its base64 alone {bundle:.0f} ({of('fede', 'start', 'later_us') / bundle:.2f}); OpenSSL {of('OpenSSL', 'start', 'later_us'):.0f}")
    print(f"Leaf and intermediate, ECDSA P-256, us, and the ratio to two bare verifications: ECDSA_verify with keys that are ready "
          f"{bare:.1f}, EVP_DigestVerify {evp:.1f}")
    for stack, what, title in (("fede", "chain", "fede"), ("fede", "miss", "  new to the table of signatures"),
                               ("fede", "hit", "  found in it"), ("fede", "parse", "  parsing alone"), ("OpenSSL", "chain", "OpenSSL")):
        us = of(stack, what)
        print(f"  {title:34} {us:8.2f} {us / bare:7.3f} {us / evp:7.3f}" +
              ("" if what == "miss" else f"  allocations {of(stack, what, 'allocations'):.0f}"))
    print("Chains built to explode, ms: " + ", ".join(f"{key[2]} {t.value(*key):.1f}" for key in t.values
                                                   if key[1] == "hostile" and key[3] == "ms") + "\n")


def targets(t):
    passed = 0
    for what, most, find in TARGETS:
        value = find(t)
        passed += value <= most
        print(f"{'met   ' if value <= most else 'MISSED'} {what}: {value:.5g}, wanted at most {most}")
    print(f"bench: {passed} passed, {len(TARGETS) - passed} failed")
    return 0 if passed == len(TARGETS) else 1


if __name__ == "__main__":
    sys.exit(main())
