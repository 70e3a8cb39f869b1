#!/usr/bin/env python3
"""Records the handshake messages that two real peers exchange in the clear, as tests/wire/recorded/*.hex.

record.py LISTEN_PORT SERVER_PORT FILE KX COMMENT

Stands between a client and a server on 127.0.0.1 for one connection, passes the bytes on, and writes each whole handshake
message up to the ChangeCipherSpec of its direction: a line "client HEX" or "server HEX", header included. KX is the key
exchange, which the messages themselves do not tell (ecdhe, dhe, rsa, psk, ...).
"""
import select
import socket
import sys
import time


def messages(stream):
    """The handshake messages at the start of a stream of records, and the records' headers."""
    content, at, found = b"", 0, []
    while at + 5 <= len(stream) and stream[at] == 22:
        length = int.from_bytes(stream[at + 3:at + 5], "big")
        content += stream[at + 5:at + 5 + length]
        at += 5 + length
    while len(content) >= 4 and len(content) >= 4 + int.from_bytes(content[1:4], "big"):
        end = 4 + int.from_bytes(content[1:4], "big")
        found.append(content[:end])
        content = content[end:]
    return found


def main():
    listen_port, server_port, path, kx, comment = sys.argv[1:6]
    listener = socket.create_server(("127.0.0.1", int(listen_port)))
    listener.settimeout(30)
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", int(server_port)))
    seen = {client: b"", server: b""}
    order, end = [], time.time() + 4
    while time.time() < end:
        ready, _, _ = select.select([client, server], [], [], 0.5)
        closed = False
        for s in ready:
            try:
                data = s.recv(65536)
            except OSError:
                data = b""
            if not data:
                closed = True
                continue
            before = len(messages(seen[s]))
            seen[s] += data
            for message in messages(seen[s])[before:]:
                order.append(("client" if s is client else "server", message))
            (server if s is client else client).sendall(data)
        if closed:
            break
    with open(path, "w") as out:
        out.write("# %s\nkx %s\n" % (comment, kx))
        for side, message in order:
            out.write("%s %s\n" % (side, message.hex()))
    print(path, len(order), "messages")


main()
