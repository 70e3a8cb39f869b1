"""The same conversation in other clothes: packets of a capture, and what becomes of them.

read(path) gives packets; each row of WAYS makes from packets the bytes of a capture file that says the same (or, where
`less` is set, less). Packets are (time in microseconds, Ethernet frame)."""
import gzip
import random
import struct

SYN, FIN, ACK = 2, 1, 16


def read(path):
    """pcapng as dumpcap writes it on this machine."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        data = f.read()
    packets, at, unit = [], 0, 1
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at)
        if kind == 1:
            unit = 1
            o = at + 16
            while o < at + total - 4:
                code, n = struct.unpack_from("<HH", data, o)
                if code == 9:
                    unit = 1000 if data[o + 4] == 9 else 1
                if code == 0:
                    break
                o += 4 + (n + 3) // 4 * 4
        if kind == 6:
            _, hi, lo, kept, _ = struct.unpack_from("<IIIII", data, at + 8)
            packets.append(((hi << 32 | lo) // unit, data[at + 28:at + 28 + kept]))
        at += total
    return packets


# ---- containers ----

def pcap(packets, order="<", nano=False, link=1, snap=262144):
    out = struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, snap, link)
    for t, p in packets:
        out += struct.pack(order + "IIII", t // 10**6, t % 10**6 * (1000 if nano else 1), min(len(p), snap), len(p)) + p[:snap]
    return out


def block(kind, body, order="<"):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order="<", comment=b""):
    options = struct.pack(order + "HH", 1, len(comment)) + comment + b"\0" * (-len(comment) % 4) + b"\0" * 4 if comment else b""
    return block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1) + options, order)


def interface(link, order="<", resolution=None, offset=None):
    options = b""
    if resolution is not None:
        options += struct.pack(order + "HHB3x", 9, 1, resolution)
    if offset is not None:
        options += struct.pack(order + "HHq", 14, 8, offset)
    return block(1, struct.pack(order + "HHI", link, 0, 0) + (options + b"\0" * 4 if options else b""), order)


def enhanced(t, p, order="<", which=0, options=b""):
    return block(6, struct.pack(order + "IIIII", which, t >> 32, t & 0xffffffff, len(p), len(p)) + p + b"\0" * (-len(p) % 4)
                 + options, order)


def secrets(keys, order="<"):
    return block(10, struct.pack(order + "II", 0x544c534b, len(keys)) + keys, order)


def pcapng(packets, order="<", link=1, before=b"", after=b""):
    return section(order) + interface(link, order) + before + b"".join(enhanced(t, p, order) for t, p in packets) + after


# ---- headers ----

def checksum(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack(f">{len(data) // 2}H", data))
    n = (n >> 16) + (n & 0xffff)
    return ~(n + (n >> 16)) & 0xffff


class Tcp:
    """One TCP segment over IPv4 or IPv6, to be changed and put together again."""

    def __init__(self, frame):
        self.v6 = frame[12:14] == b"\x86\xdd"
        ip = frame[14:]
        if self.v6:
            self.source, self.target, body = ip[8:24], ip[24:40], ip[40:40 + struct.unpack(">H", ip[4:6])[0]]
        else:
            n = (ip[0] & 15) * 4
            self.source, self.target, body = ip[12:16], ip[16:20], ip[n:struct.unpack(">H", ip[2:4])[0]]
        self.sport, self.dport, self.seq, self.ack = struct.unpack(">HHII", body[:12])
        n = (body[12] >> 4) * 4
        self.flags, self.window, self.options, self.data = body[13], body[14:16], body[20:n], body[n:]

    def segment(self):
        return (struct.pack(">HHIIBB", self.sport, self.dport, self.seq & 0xffffffff, self.ack & 0xffffffff,
                            (20 + len(self.options)) // 4 << 4, self.flags) + self.window + b"\0" * 4 + self.options + self.data)

    def ip(self, options=b"", id=1, total=None):
        s = self.segment()
        if self.v6:
            return ip6(self.source, self.target, 6, s)
        return ip4(self.source, self.target, s, options, id, total)

    def frame(self):
        return b"\0" * 12 + (b"\x86\xdd" if self.v6 else b"\x08\0") + self.ip()

    def but(self, **changes):
        other = object.__new__(Tcp)
        other.__dict__.update(self.__dict__)
        other.__dict__.update(changes)
        return other


def ip4(source, target, body, options=b"", id=1, total=None, place=0):
    n = 20 + len(options)
    head = struct.pack(">BBHHHBBH", 0x40 | n // 4, 0, n + len(body) if total is None else total, id, place, 64, 6, 0) + source + target
    head += options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def ip6(source, target, next_header, body):
    return struct.pack(">IHBB", 6 << 28, len(body), next_header, 64) + source + target + body


def wide(a):
    return b"\xfd" + b"\0" * 11 + a


def each_ip(packets, change):
    """change(ip bytes, tcp, n) -> frame"""
    return [(t, change(p[14:14 + (struct.unpack(">H", p[16:18])[0] if p[12:14] == b"\x08\0" else 40 + struct.unpack(">H", p[18:20])[0])],
                       Tcp(p), i)) for i, (t, p) in enumerate(packets)]


def each_tcp(packets, change):
    """change(tcp, n) -> list of tcps"""
    out = []
    for i, (t, p) in enumerate(packets):
        out += [(t, x.frame()) for x in change(Tcp(p), i)]
    return out


def fragments4(tcp, n, size=64, order=1):
    body = tcp.segment()
    pieces = [(i, body[i:i + size]) for i in range(0, len(body), size)]
    return [b"\0" * 12 + b"\x08\0" + ip4(tcp.source, tcp.target, d, id=n + 1, place=i // 8 | (0x2000 if i + size < len(body) else 0))
            for i, d in pieces][::order]


def fragments6(tcp, n, size=64):
    body = tcp.segment()
    s, d = (tcp.source, tcp.target) if tcp.v6 else (wide(tcp.source), wide(tcp.target))
    return [b"\0" * 12 + b"\x86\xdd" + ip6(s, d, 44, struct.pack(">BBHI", 6, 0, i | (i + size < len(body)), n + 1) + body[i:i + size])
            for i in range(0, len(body), size)]


def in_fragments(packets, cut):
    return [(t, f) for i, (t, p) in enumerate(packets) for f in cut(Tcp(p), i)]


def split(sizes):
    def change(tcp, _):
        if not tcp.data:
            return [tcp]
        out, at, i = [], 0, 0
        while at < len(tcp.data):
            n = sizes[i % len(sizes)]
            i += 1
            out.append(tcp.but(seq=tcp.seq + at, data=tcp.data[at:at + n], flags=tcp.flags & ~FIN if at + n < len(tcp.data) else tcp.flags))
            at += n
        return out
    return change


def shuffled(packets, window, seed=1):
    """No packet moves further than window places."""
    r = random.Random(seed)
    keyed = sorted(range(len(packets)), key=lambda i: i + r.random() * window)
    return [(packets[n][0], packets[i][1]) for n, i in enumerate(keyed)]


def overlapping(tcp, _):
    """Halves, the second reaching back into the first; then all again."""
    n = len(tcp.data)
    if n < 8:
        return [tcp]
    first, second = tcp.but(data=tcp.data[:n // 2 + 3], flags=tcp.flags & ~FIN), tcp.but(seq=tcp.seq + n // 2 - 3, data=tcp.data[n // 2 - 3:])
    return [first, second, tcp.but(flags=tcp.flags & ~FIN)]


def conflicting(tcp, _):
    """The second half early; then all of it with that half spoilt."""
    n = len(tcp.data)
    if n < 8:
        return [tcp]
    return [tcp.but(seq=tcp.seq + n // 2, data=tcp.data[n // 2:]),
            tcp.but(data=tcp.data[:n // 2] + bytes(255 - b for b in tcp.data[n // 2:]))]


def wrapped(packets):
    bases = {}

    def change(tcp, _):
        me, peer = (tcp.source, tcp.sport), (tcp.target, tcp.dport)
        if tcp.flags & SYN:
            bases[me] = 0xffffff80 - tcp.seq
        return [tcp.but(seq=tcp.seq + bases.get(me, 0), ack=tcp.ack + bases.get(peer, 0) if tcp.flags & ACK else 0)]
    return each_tcp(packets, change)


def reused(packets):
    later = packets[-1][0] - packets[0][0] + 10**6
    return packets + [(t + later, Tcp(p).but(seq=Tcp(p).seq + 123456789, ack=Tcp(p).ack + 123456789).frame()) for t, p in packets]


def without_syn(packets):
    return [x for x in packets if not Tcp(x[1]).flags & SYN]


def keep_alive(tcp, _):
    return [tcp, tcp.but(seq=tcp.seq - 1, data=b"\0", flags=ACK)] if tcp.data else [tcp]


def link(number, head, strip=14):
    return lambda packets, keys: pcap([(t, head(p) + p[strip:]) for t, p in packets], link=number)


def family(p):
    return 24 if p[12:14] == b"\x86\xdd" else 2


def mixed(packets, keys):
    """Three interfaces with three link types and units of time in one section, then a second section in the other byte order."""
    half = len(packets) // 2
    out = section("<", b"mixed") + interface(1) + interface(101, resolution=9) + interface(113, resolution=0x80 | 20, offset=1000)
    for i, (t, p) in enumerate(packets[:half]):
        if i % 3 == 0:
            out += enhanced(t, p, which=0)
        elif i % 3 == 1:
            out += enhanced(t * 1000, p[14:], which=1)
        else:
            units = -(-(t - 1000 * 10**6) * 2**20 // 10**6)
            out += enhanced(units, b"\0" * 14 + p[12:], which=2)
    return out + section(">") + interface(1, ">") + b"".join(enhanced(t, p, ">") for t, p in packets[half:])


def simple(packets, keys):
    return section() + interface(1) + b"".join(block(3, struct.pack("<I", len(p)) + p) for _, p in packets)


def strange(packets, keys):
    """Blocks nobody knows, comments, names, statistics between the packets."""
    out = section() + block(0x80000abc, b"12345") + interface(1) + block(4, struct.pack("<HH", 0, 0))
    for t, p in packets:
        out += enhanced(t, p, options=struct.pack("<HH8sHH", 1, 7, b"comment\0", 0, 0)) + block(0xbad, b"x" * 21)
    return out + block(5, struct.pack("<III", 0, 0, 0))


# name: packets and key log -> bytes of a file. No name with a minus in front loses anything.
WAYS = {
    "pcap": lambda p, k: pcap(p),
    "pcap-big-endian": lambda p, k: pcap(p, ">"),
    "pcap-nano": lambda p, k: pcap(p, nano=True),
    "pcap-nano-big-endian": lambda p, k: pcap(p, ">", True),
    "pcapng-big-endian": lambda p, k: pcapng(p, ">"),
    "pcapng-mixed": mixed,
    "pcapng-simple-blocks": simple,
    "pcapng-strange-blocks": strange,
    "pcapng-secrets-first": lambda p, k: pcapng(p, before=secrets(k)),
    "pcapng-secrets-last": lambda p, k: pcapng(p, after=secrets(k)),
    "gzip": lambda p, k: gzip.compress(pcapng(p)),
    "gzip-members": lambda p, k: gzip.compress(pcap(p)[:100]) + gzip.compress(pcap(p)[100:]),
    "raw": link(101, lambda p: b""),
    "raw-v4-or-v6": lambda p, k: pcap([(t, x[14:]) for t, x in p], link=229 if p[0][1][12:14] == b"\x86\xdd" else 228),
    "null": link(0, lambda p: struct.pack("<I", family(p))),
    "null-big-endian": link(0, lambda p: struct.pack(">I", family(p))),
    "loop": link(108, lambda p: struct.pack(">I", family(p))),
    "cooked": link(113, lambda p: b"\0\0\0\1\0\6" + b"\0" * 8 + p[12:14]),
    "cooked2": link(276, lambda p: p[12:14] + b"\0" * 18),
    "vlan": link(1, lambda p: p[:12] + b"\x81\0\0\5" + p[12:14]),
    "qinq": link(1, lambda p: p[:12] + b"\x88\xa8\0\5\x81\0\0\6" + p[12:14]),
    "mpls": link(1, lambda p: p[:12] + b"\x88\x47\0\1\x00\x40\0\2\x01\x40"),
    "pppoe": link(1, lambda p: p[:12] + b"\x88\x64\x11\0\0\1" + struct.pack(">H", len(p) - 12) + (b"\0\x57" if family(p) == 24 else b"\0\x21")),
    "padding": lambda p, k: pcap([(t, x + b"\xee" * 11) for t, x in p]),
    "offload": lambda p, k: pcap(each_ip(p, lambda ip, tcp, i: b"\0" * 12 + b"\x08\0" + tcp.ip(total=0) if not tcp.v6 else tcp.frame())),
    "ip-options": lambda p, k: pcap(each_ip(p, lambda ip, tcp, i: b"\0" * 12 + b"\x08\0" + tcp.ip(options=b"\x94\4\0\0" * 3) if not tcp.v6 else tcp.frame())),
    "ip4-fragments": lambda p, k: pcap(in_fragments(p, fragments4) if family(p[0][1]) == 2 else p),
    "ip4-fragments-backwards": lambda p, k: pcap(in_fragments(p, lambda t, n: fragments4(t, n, 40, -1)) if family(p[0][1]) == 2 else p),
    "ip6": lambda p, k: pcap(each_ip(p, lambda ip, tcp, i: b"\0" * 12 + b"\x86\xdd" + ip6(wide(tcp.source[-4:]), wide(tcp.target[-4:]) if not tcp.v6 else wide(b"\0\0\0\2"), 6, tcp.segment())) if family(p[0][1]) == 2 else p),
    "ip6-extensions": lambda p, k: pcap(each_ip(p, lambda ip, tcp, i: b"\0" * 12 + b"\x86\xdd" + ip6(wide(tcp.source[-4:]), wide(tcp.target[-4:]), 0, b"\x2b\0\1\4\0\0\0\0" + b"\x3c\0\0\0\0\0\0\0" + b"\x06\1" + b"\1\x0c" + b"\0" * 12 + tcp.segment()))),
    "ip6-fragments": lambda p, k: pcap(in_fragments(p, fragments6)),
    "small-segments": lambda p, k: pcap(each_tcp(p, split([3, 1, 7, 2]))),
    "segments-of-one": lambda p, k: pcap(each_tcp(p, split([1])) if sum(len(Tcp(x).data) for _, x in p) < 30000 else p),
    "twice": lambda p, k: pcap([x for y in p for x in (y, y)]),
    "keep-alive": lambda p, k: pcap(each_tcp(p, keep_alive)),
    "overlapping": lambda p, k: pcap(each_tcp(p, overlapping)),
    "conflicting": lambda p, k: pcap(each_tcp(p, conflicting)),
    "shuffled": lambda p, k: pcap(shuffled(p, 4)),
    "shuffled-wide": lambda p, k: pcap(shuffled(each_tcp(p, split([100])), 30)),
    "wrapped": lambda p, k: pcap(wrapped(p)),
    "without-syn": lambda p, k: pcap(without_syn(p)),
    "reused-ports": lambda p, k: pcap(reused(p)),
}
