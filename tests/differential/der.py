"""DER written from parts, and read as a tree that can be altered; just enough to make certificates good and bad."""
import datetime

SEQUENCE, SET, INTEGER, BOOLEAN, BITS, OCTETS, NULL, OID = 0x30, 0x31, 0x02, 0x01, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, T61, IA5, BMP, UTC, GENERALIZED = 0x0C, 0x13, 0x14, 0x16, 0x1E, 0x17, 0x18


def length(n):
    if n < 0x80:
        return bytes([n])
    size = (n.bit_length() + 7) // 8
    return bytes([0x80 | size]) + n.to_bytes(size, "big")


def tlv(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def integer(n):
    return tlv(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in [first * 40 + second, *rest]:
        part = [arc & 0x7F]
        while arc := arc >> 7:
            part.append(0x80 | arc & 0x7F)
        out += bytes(reversed(part))
    return tlv(OID, out)


def bits(content, unused=0):
    return tlv(BITS, bytes([unused]), content)


def named_bits(*numbers):
    """A named bit list, shortest form."""
    if not numbers:
        return bits(b"")
    size = max(numbers) // 8 + 1
    out = bytearray(size)
    for n in numbers:
        out[n // 8] |= 0x80 >> n % 8
    return bits(bytes(out), 7 - max(numbers) % 8)


def date(at):
    """RFC 5280 4.1.2.5: UTCTime up to 2049."""
    t = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    return tlv(UTC, t.strftime("%y%m%d%H%M%SZ").encode()) if t.year < 2050 else \
        tlv(GENERALIZED, t.strftime("%Y%m%d%H%M%SZ").encode())


def read(data, at=0, end=None):
    """The tree of what stands in data[at:end]: lists of [tag, content bytes or list of the same]."""
    end = len(data) if end is None else min(end, len(data))
    out = []
    while at < end:
        tag, n = data[at], data[at + 1] if at + 1 < end else 0
        at += 2
        if n & 0x80:
            size = n & 0x7F
            n = int.from_bytes(data[at:at + size], "big")
            at += size
        n = min(n, max(0, end - at))
        out.append([tag, read(data, at, at + n) if tag & 0x20 else bytes(data[at:at + n])])
        at += n
    return out


def write(nodes):
    return b"".join(tlv(tag, write(content) if isinstance(content, list) else content) for tag, content in nodes)


def walk(nodes):
    """Every (list, index) in the tree, so that what stands there can be replaced."""
    for i, node in enumerate(nodes):
        yield nodes, i
        if isinstance(node[1], list):
            yield from walk(node[1])
