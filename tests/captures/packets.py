"""Packets made by hand, for what no peer on this machine would send: pcapng files with frames of any kind."""
import ipaddress
import struct

CLIENT, SERVER, RESOLVER = "192.0.2.7", "192.0.2.80", "192.0.2.53"
# Check sums are 0: nobody looks at them, for hardware makes them after a capture has seen the packet.



def ethernet(payload, kind=0x0800):
    return bytes.fromhex("020000000002" + "020000000001") + struct.pack("!H", kind) + payload


def ip(protocol, payload, source, target, ttl=64):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if source.version == 6:
        return ethernet(struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + source.packed + target.packed + payload, 0x86dd)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, ttl, protocol, 0)
    return ethernet(head + source.packed + target.packed + payload)


def udp(payload, source, target, port, to):
    return ip(17, struct.pack("!HHHH", port, to, 8 + len(payload), 0) + payload, source, target)


def tcp(flags, seq, ack, payload, source, target, port, to):
    return ip(6, struct.pack("!HHIIBBHHH", port, to, seq, ack, 0x50, flags, 65535, 0, 0) + payload, source, target)


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Talk:
    """A TCP connection: frames in order."""

    def __init__(self, port=40000, to=80, client=CLIENT, server=SERVER, fast=b""):
        self.frames, self.ends = [], [(client, port), (server, to)]
        self.seq = [1000, 5000]
        self.put(0, SYN, fast)
        self.put(1, SYN | ACK)
        self.put(0, ACK)

    def put(self, side, flags, data=b""):
        (source, port), (target, to) = self.ends[side], self.ends[1 - side]
        ack = self.seq[1 - side] if flags & ACK else 0
        self.frames.append(tcp(flags, self.seq[side], ack, data, source, target, port, to))
        self.seq[side] += len(data) + bool(flags & (SYN | FIN))

    def say(self, side, data, most=1400):
        for at in range(0, len(data), most):
            self.put(side, PSH | ACK, data[at:at + most])
        return self

    def end(self):
        self.put(0, FIN | ACK)
        self.put(1, FIN | ACK)
        self.put(0, ACK)
        return self.frames


def name(text):
    return b"".join(bytes([len(part)]) + part for part in (text.encode("latin-1").split(b".") if text else [])) + b"\0"


def dns(number, flags, question, kind, answers=()):
    """answers: (owner, type, ttl, data)"""
    out = struct.pack("!HHHHHH", number, flags, 1, len(answers), 0, 0) + name(question) + struct.pack("!HH", kind, 1)
    for owner, rtype, ttl, data in answers:
        out += name(owner) + struct.pack("!HHIH", rtype, 1, ttl, len(data)) + data
    return out


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(path, frames, comments=None, start=1_800_000_000_000_000, about=b"", secrets=b""):
    """frames: bytes, or (microseconds, bytes); comments: {index: text}"""
    out = [block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1) + (option(1, about) + option(0, b"") if about else b""))]
    out.append(block(1, struct.pack("<HHI", 1, 0, 0)))
    if secrets:
        out.append(block(10, struct.pack("<II", 0x544c534b, len(secrets)) + secrets + b"\0" * (-len(secrets) % 4)))
    for i, frame in enumerate(frames):
        at, data = frame if isinstance(frame, tuple) else (i * 100, frame)
        body = struct.pack("<IIIII", 0, (start + at) >> 32, (start + at) & 0xffffffff, len(data), len(data)) + data + b"\0" * (-len(data) % 4)
        if comments and i in comments:
            body += option(1, comments[i]) + option(0, b"")
        out.append(block(6, body))
    with open(path, "wb") as f:
        f.write(b"".join(out))
