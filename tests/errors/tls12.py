"""A TLS 1.2 peer that can be made to break any rule: both roles, ECDHE-ECDSA with ChaCha20-Poly1305 on x25519, nothing else.

Every step is a method, and every field a parameter, so that a case says only what it does wrong. Written from RFC 5246, 7627,
7748, 7905, 8422 and 8439 for these tests alone: slow, not constant in time, no use for anything real. Signatures come from the
openssl command.
"""
import contextlib
import hashlib
import hmac
import os
import socket
import struct
import subprocess
import time

CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
SUITE = 0xCCA9


# ---- ChaCha20-Poly1305 (RFC 8439), x25519 (RFC 7748), PRF (RFC 5246 5)

def chacha_block(key, counter, nonce):
    start = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    x = list(start)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            for turn_d, turn_b in ((16, 12), (8, 7)):
                x[a] = (x[a] + x[b]) & 0xffffffff
                x[d] ^= x[a]
                x[d] = (x[d] << turn_d | x[d] >> 32 - turn_d) & 0xffffffff
                x[c] = (x[c] + x[d]) & 0xffffffff
                x[b] ^= x[c]
                x[b] = (x[b] << turn_b | x[b] >> 32 - turn_b) & 0xffffffff
    return struct.pack("<16I", *((u + v) & 0xffffffff for u, v in zip(x, start)))


def chacha(key, nonce, data):
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range((len(data) + 63) // 64))
    return bytes(a ^ b for a, b in zip(data, stream))


def tag_of(key, nonce, aad, sealed):
    once = chacha_block(key, 0, nonce)[:32]
    r = int.from_bytes(once[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    text = aad + bytes(-len(aad) % 16) + sealed + bytes(-len(sealed) % 16) + struct.pack("<QQ", len(aad), len(sealed))
    a = 0
    for i in range(0, len(text), 16):
        a = (a + int.from_bytes(text[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return (a + int.from_bytes(once[16:], "little") & 2**128 - 1).to_bytes(16, "little")


def x25519(scalar, point=bytes([9]) + bytes(31)):
    p = 2**255 - 19
    k = int.from_bytes(scalar, "little") & (2**254 - 8) | 2**254
    x1 = int.from_bytes(point, "little") & 2**255 - 1
    x2, z2, x3, z3 = 1, 0, x1, 1
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % p, b * b % p, d * a % p, c * b % p
        x3, z3 = (da + cb) ** 2 % p, x1 * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, (aa - bb) * (aa + 121665 * (aa - bb)) % p
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def prf(secret, label, seed, n):
    seed, a, out = label + seed, label + seed, b""
    while len(out) < n:
        a = hmac.digest(secret, a, "sha256")
        out += hmac.digest(secret, a + seed, "sha256")
    return out[:n]


# ---- Structures

def u16(n):
    return struct.pack(">H", n)


def u24(n):
    return struct.pack(">I", n)[1:]


def with_len(data, size):
    return len(data).to_bytes(size, "big") + data


def extension(number, body=b""):
    return u16(number) + with_len(body, 2)


def record(kind, body, version=0x0303):
    return bytes([kind]) + u16(version) + with_len(body, 2)


def message(kind, body):
    return bytes([kind]) + u24(len(body)) + body


EMS, RENEGOTIATION = extension(23), extension(0xff01, b"\0")


def sni(name="localhost"):
    return extension(0, with_len(b"\0" + with_len(name.encode(), 2), 2))


def groups(*numbers):
    return extension(10, with_len(b"".join(u16(n) for n in numbers), 2))


def schemes(*numbers):
    return extension(13, with_len(b"".join(u16(n) for n in numbers), 2))


def points(*numbers):
    return extension(11, with_len(bytes(numbers), 1))


def alpn(*names):
    return extension(16, with_len(b"".join(with_len(n.encode(), 1) for n in names), 2))


CLIENT_EXTENSIONS = (sni(), EMS, RENEGOTIATION, groups(29, 23), points(0), schemes(0x0403))


class Ended(Exception):
    """The other side closed, reset, or was silent too long."""


class Peer:
    """What both roles share: records, keys, transcript, and the alerts heard."""

    def __init__(self, sock, limit=5):
        self.sock, self.limit = sock, limit
        self.buffer = self.messages = self.transcript = b""
        self.alerts = []
        self.out = self.heard_keys = None  # [key, iv, sequence]
        self.private = os.urandom(32)

    # -- sending

    def raw(self, data):
        """Whoever has gone away may still have said why: that is heard later."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)

    def seal(self, kind, body, version=0x0303):
        key, iv, sequence = self.out
        self.out[2] += 1
        nonce = bytes(a ^ b for a, b in zip(iv, bytes(4) + struct.pack(">Q", sequence)))
        aad = struct.pack(">Q", sequence) + bytes([kind]) + u16(version) + u16(len(body))
        sealed = chacha(key, nonce, body)
        return record(kind, sealed + tag_of(key, nonce, aad, sealed), version)

    def send(self, kind, body, version=0x0303):
        """One record, protected when keys are in use."""
        self.raw(self.seal(kind, body, version) if self.out else record(kind, body, version))

    def say(self, kind, body):
        """A handshake message in records of its own."""
        whole = message(kind, body)
        self.transcript += whole
        for at in range(0, len(whole), 16384):
            self.send(HANDSHAKE, whole[at:at + 16384])

    def alert(self, number, level=2):
        self.send(ALERT, bytes([level, number]))

    # -- hearing

    def fill(self, n):
        end = time.monotonic() + self.limit
        while len(self.buffer) < n:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                got = self.sock.recv(65536)
            except OSError as error:
                raise Ended(str(error)) from error
            if not got:
                raise Ended("closed")
            self.buffer += got

    def hear(self):
        """The next record that is no alert, opened: (type, content)."""
        while True:
            self.fill(5)
            kind, n = self.buffer[0], int.from_bytes(self.buffer[3:5], "big")
            self.fill(5 + n)
            body, self.buffer = self.buffer[5:5 + n], self.buffer[5 + n:]
            if self.heard_keys:
                key, iv, sequence = self.heard_keys
                self.heard_keys[2] += 1
                nonce = bytes(a ^ b for a, b in zip(iv, bytes(4) + struct.pack(">Q", sequence)))
                aad = struct.pack(">Q", sequence) + bytes([kind]) + u16(0x0303) + u16(n - 16)
                if tag_of(key, nonce, aad, body[:-16]) != body[-16:]:
                    raise Ended("a record that does not decrypt")
                body = chacha(key, nonce, body[:-16])
            if kind != ALERT:
                return kind, body
            self.alerts.append((body[0], body[1]))
            if body[0] == 2 or body[1] == 0:
                raise Ended("alert")

    def message(self, kind):
        """The next handshake message, which must be of this type."""
        while len(self.messages) < 4 or len(self.messages) < 4 + int.from_bytes(self.messages[1:4], "big"):
            got, body = self.hear()
            if got != HANDSHAKE:
                raise Ended(f"a record of type {got} where a handshake message was expected")
            self.messages += body
        n = 4 + int.from_bytes(self.messages[1:4], "big")
        whole, self.messages = self.messages[:n], self.messages[n:]
        if whole[0] != kind:
            raise Ended(f"message {whole[0]} where {kind} was expected")
        self.transcript += whole
        return whole[4:]

    def rest(self):
        """Hears until the end; what matters are the alerts."""
        try:
            while True:
                self.hear()
        except Ended:
            pass

    # -- keys

    def agree(self, theirs):
        self.premaster = x25519(self.private, theirs)

    def make_keys(self):
        """Behind ClientKeyExchange."""
        if self.ems:
            self.master = prf(self.premaster, b"extended master secret", hashlib.sha256(self.transcript).digest(), 48)
        else:
            self.master = prf(self.premaster, b"master secret", self.client_random + self.server_random, 48)
        block = prf(self.master, b"key expansion", self.server_random + self.client_random, 88)
        self.client_keys, self.server_keys = [block[:32], block[64:76], 0], [block[32:64], block[76:88], 0]

    def verify_data(self, label):
        return prf(self.master, label, hashlib.sha256(self.transcript).digest(), 12)


class Server(Peer):
    label = b"server finished"

    def __init__(self, sock, certs, **more):
        super().__init__(sock, **more)
        self.certs = certs

    def client_hello(self):
        body = self.message(1)
        self.client_random, at = body[2:34], 35 + body[34]
        at += 2 + int.from_bytes(body[at:at + 2], "big")
        at += 1 + body[at] + 2
        self.offered = {}
        while at < len(body):
            number, n = struct.unpack(">HH", body[at:at + 4])
            self.offered[number] = body[at + 4:at + 4 + n]
            at += 4 + n

    def server_hello(self, version=0x0303, suite=SUITE, compression=0, extensions=(EMS, RENEGOTIATION), random=None,
                     more=b""):
        self.server_random = random or os.urandom(32)
        self.ems = EMS in extensions
        extra = b"".join(extensions)
        self.say(2, u16(version) + self.server_random + b"\0" + u16(suite) + bytes([compression]) +
                 (with_len(extra, 2) if extra else b"") + more)

    def certificate(self, *names, der=None):
        chain = der if der is not None else [self.certs.der(n) for n in names or ("good", "inter")]
        self.say(11, with_len(b"".join(with_len(c, 3) for c in chain), 3))

    def server_key_exchange(self, group=29, public=None, scheme=0x0403, signature=None, curve_type=3, key="good", more=b""):
        public = x25519(self.private) if public is None else public
        params = bytes([curve_type]) + u16(group) + with_len(public, 1)
        if signature is None:
            signature = self.certs.sign(key, self.client_random + self.server_random + params)
        self.say(12, params + u16(scheme) + with_len(signature, 2) + more)

    def done(self, body=b""):
        self.say(14, body)

    def first_flight(self, **hello):
        self.client_hello()
        self.server_hello(**hello)
        self.certificate()
        self.server_key_exchange()
        self.done()

    def second_flight(self):
        """The client's."""
        self.agree(self.message(16)[1:])
        self.make_keys()
        self.hear()
        self.heard_keys = self.client_keys
        self.message(20)

    def change(self, body=b"\1"):
        self.send(CCS, body)
        self.out = self.server_keys

    def finished(self, data=None, more=b""):
        self.say(20, (data or self.verify_data(self.label)) + more)

    def handshake(self, **hello):
        self.first_flight(**hello)
        self.second_flight()
        self.change()
        self.finished()


class Client(Peer):
    label = b"client finished"

    def client_hello(self, version=0x0303, suites=(SUITE,), compressions=b"\0", extensions=CLIENT_EXTENSIONS, more=b"",
                     session=b""):
        self.client_random = os.urandom(32)
        self.ems = EMS in extensions
        extra = b"".join(extensions)
        self.say(1, u16(version) + self.client_random + with_len(session, 1) +
                 with_len(b"".join(u16(s) for s in suites), 2) + with_len(compressions, 1) +
                 (with_len(extra, 2) if extra else b"") + more)

    def server_flight(self):
        self.server_random = self.message(2)[2:34]
        self.message(11)
        exchange = self.message(12)
        self.message(14)
        self.agree(exchange[4:4 + exchange[3]])

    def client_key_exchange(self, public=None):
        public = x25519(self.private) if public is None else public
        self.say(16, with_len(public, 1))
        self.make_keys()

    def change(self, body=b"\1"):
        self.send(CCS, body)
        self.out = self.client_keys

    def finished(self, data=None, more=b""):
        self.say(20, (data or self.verify_data(self.label)) + more)

    def handshake(self, **hello):
        self.client_hello(**hello)
        self.server_flight()
        self.client_key_exchange()
        self.change()
        self.finished()
        self.hear()
        self.heard_keys = self.server_keys
        self.message(20)


def reset(sock):
    """Ends with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
