#!/usr/bin/env python3
"""capture.py FOLDER [CONNECTIONS]: a large capture with its key log, FOLDER/many.pcap and FOLDER/many.keys.

Every connection is a real handshake of its own, made in memory by OpenSSL (Python's ssl over two MemoryBIOs) without any
socket; what the two sides say to each other is written as TCP segments, sixteen connections side by side, as a busy server's
interface shows them. TLS 1.2 and 1.3, ECDSA and RSA, chains of two certificates, every fourth connection resumed, one
request and about 48 KB of an answer that does not compress. 20,000 connections, the default, are 1 GB.
"""
import os
import random
import ssl
import struct
import subprocess
import sys

ACROSS, MSS, ANSWER = 16, 1448, 48_500
FIN, SYN, PSH, ACK = 1, 2, 8, 16
NAMES = [f"{word}.example" for word in ("www", "api", "cdn", "mail", "shop", "static", "login", "news")]


def certificates(folder):
    """A CA and two server certificates: the files of ssl.SSLContext.load_cert_chain by kind of key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", "/O=Bench/CN=Bench CA")
    with open(f"{folder}/names.cnf", "w") as f:
        f.write("subjectAltName=" + ",".join("DNS:" + n for n in NAMES) + "\nbasicConstraints=CA:false\n")
    for kind, key in {"ecdsa": new, "rsa": ["-newkey", "rsa:2048", "-nodes"]}.items():
        openssl("req", *key, "-keyout", f"{kind}.key", "-out", f"{kind}.csr", "-subj", "/CN=" + NAMES[0])
        openssl("x509", "-req", "-in", f"{kind}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365",
                "-extfile", "names.cnf", "-out", f"{kind}.leaf")
        with open(f"{folder}/{kind}.pem", "w") as out:
            for part in (f"{kind}.leaf", "ca.pem"):
                with open(f"{folder}/{part}") as f:
                    out.write(f.read())


def contexts(folder):
    """(server, client) for each kind of connection."""
    keys = f"{folder}/many.keys"
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for kind in ("ecdsa", "rsa"):
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(f"{folder}/{kind}.pem", f"{folder}/{kind}.key")
            server.set_alpn_protocols(["http/1.1"])
            client = ssl.create_default_context(cafile=f"{folder}/ca.pem")
            client.set_alpn_protocols(["h2", "http/1.1"])
            client.minimum_version = client.maximum_version = version
            client.keylog_filename = keys
            yield server, client


def talk(server_context, client_context, name, session, answer):
    """[(from the client?, bytes)] of a whole connection, and its session."""
    to_client, to_server, said = ssl.MemoryBIO(), ssl.MemoryBIO(), []
    out = {True: ssl.MemoryBIO(), False: ssl.MemoryBIO()}
    client = client_context.wrap_bio(to_client, out[True], server_hostname=name, session=session)
    server = server_context.wrap_bio(to_server, out[False], server_side=True)

    def step(side, what):
        try:
            what()
            done = True
        except ssl.SSLWantReadError:
            done = False
        data = out[side].read()
        if data:
            said.append((side, data))
            (to_server if side else to_client).write(data)
        return done

    ready = {True: False, False: False}
    while not all(ready.values()):
        for side, one in ((True, client), (False, server)):
            ready[side] = ready[side] or step(side, one.do_handshake)
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n".encode()
    step(True, lambda: client.write(request))
    step(False, lambda: server.read(65536))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(answer)
    step(False, lambda: server.write(head + answer))
    while client.pending() or to_client.pending:
        if not step(True, lambda: client.read(65536)):
            break
    session = client.session
    step(True, client.unwrap)
    step(False, server.unwrap)
    return said, session


def segments(number, said):
    """The Ethernet frames of a connection."""
    client, server = 0x0a000000 + number // 50000 + 2, 0x0a800001
    ends = {True: (client, 10000 + number % 50000), False: (server, 443)}
    at = {True: random.getrandbits(32), False: random.getrandbits(32)}

    def frame(side, flags, data=b""):
        (src, sport), (dst, dport) = ends[side], ends[not side]
        head = struct.pack(">HHIIBBHHH", sport, dport, at[side], 0 if flags == SYN else at[not side], 80, flags, 64240, 0, 0)
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0, src, dst)
        at[side] = at[side] + len(data) + bool(flags & (SYN | FIN)) & 0xffffffff
        return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + head + data

    yield frame(True, SYN)
    yield frame(False, SYN | ACK)
    yield frame(True, ACK)
    for side, data in said:
        for i in range(0, len(data), MSS):
            yield frame(side, ACK | PSH, data[i:i + MSS])
            if i // MSS % 2:
                yield frame(not side, ACK)
    yield frame(True, FIN | ACK)
    yield frame(False, FIN | ACK)
    yield frame(True, ACK)


def main():
    folder, number = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    os.makedirs(folder, exist_ok=True)
    random.seed(1)
    certificates(folder)
    if os.path.exists(f"{folder}/many.keys"):
        os.remove(f"{folder}/many.keys")
    kinds = list(contexts(folder))
    sessions = [None] * len(kinds)
    under_way, begun, clock = [], 0, 1_780_000_000_000_000
    with open(f"{folder}/many.pcap", "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        while under_way or begun < number:
            if len(under_way) < ACROSS and begun < number:
                kind = begun % len(kinds)
                resumed = sessions[kind] if begun // len(kinds) % 4 == 3 else None
                said, sessions[kind] = talk(*kinds[kind], NAMES[kind], resumed, random.randbytes(ANSWER))
                under_way.append(segments(begun, said))
                begun += 1
            one = random.choice(under_way)
            for _ in range(8):
                frame = next(one, None)
                if frame is None:
                    under_way.remove(one)
                    break
                clock += 20
                out.write(struct.pack("<IIII", clock // 1_000_000, clock % 1_000_000, len(frame), len(frame)) + frame)


if __name__ == "__main__":
    main()
