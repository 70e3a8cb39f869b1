#!/usr/bin/env python3
"""seeds.py FOLDER: seeds for the fuzzer of capture files, from small captures of make.py and their rewritings."""
import gzip
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rewrite  # noqa: E402

folder = sys.argv[1]
corpus = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fuzz/corpus")
os.makedirs(f"{corpus}/capture", exist_ok=True)
os.makedirs(f"{corpus}/keylogfile", exist_ok=True)


def keep(name, keys, data):
    with open(f"{corpus}/capture/{name}", "wb") as f:
        f.write(struct.pack(">H", len(keys)) + keys + data)


for name, ways in {"t12-ecdsa-chacha": ["pcapng-mixed", "pcapng-secrets-last", "ip4-fragments", "overlapping", "conflicting", "cooked2",
                                        "pppoe", "mpls", "shuffled", "without-syn", "gzip"],
                   "t13-aes128": ["pcap-nano-big-endian", "ip6-fragments", "ip6-extensions", "small-segments", "pcapng-strange-blocks"],
                   "t12-unknown-ca": ["pcap"], "starttls-smtp": ["null"], "t12-renegotiated": ["raw"], "t13-retry": ["loop"],
                   "t12-client-certificate": ["vlan"], "t13-early-data": ["pcap"]}.items():
    with open(f"{folder}/{name}.keys", "rb") as f:
        keys = b"".join(line for line in f if not line.startswith(b"#"))
    packets = rewrite.read(f"{folder}/{name}.pcapng")
    for way in ways:
        keep(f"{name}-{way}", b"" if "secrets" in way else keys, rewrite.WAYS[way](packets, keys))
    with open(f"{corpus}/keylogfile/{name}", "wb") as f:
        f.write(b"\xef\xbb\xbf# a comment\r\n" + keys.replace(b"\n", b"\r\n") + b"RSA 0011223344556677 " + b"ab" * 48 + b"\nforeign line\n")
# As they are: old versions, datagrams, pre-shared keys.
for name in ("ssl2-connection", "ssl2-error", "ssl2-hello", "ssl3-client-certificate", "gnutls-t13-psk-alone", "udp/dtls12-psk", "udp/dtls13-nss"):
    path = f"{folder}/{name}.keys"
    keys = b""
    if os.path.exists(path):
        with open(path, "rb") as f:
            keys = b"".join(line for line in f if not line.startswith(b"#"))
    with gzip.open(f"{folder}/{name}.pcapng.gz") as f:
        keep(name.replace("/", "-"), keys, f.read())
