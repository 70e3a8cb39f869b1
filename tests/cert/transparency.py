"""Timestamps of logs that come in an OCSP response (RFC 6962 3.3), and what the state of a log in the list makes of them. The log and the
response are made here, byte by byte, with python3-cryptography's keys."""
import base64
import datetime
import hashlib
import json
import re

from ca import expect

tests = []
STATES = (("", None, True), ("usable", -9, True), ("qualified", -9, True), ("readonly", -9, True), ("retired", +1, True),
          ("retired", -9, False), ("rejected", -9, False), ("pending", -9, False))


def test(function):
    tests.append(function)
    return function


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def moment(hours):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)


def general(hours):
    return der(0x18, moment(hours).strftime("%Y%m%d%H%M%SZ").encode())


def counted(data, size=2):
    return len(data).to_bytes(size, "big") + data


class Log:
    def __init__(self):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.spki = self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def timestamp(self, leaf, hours):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        at = int(moment(hours).timestamp() * 1000).to_bytes(8, "big")
        signature = self.key.sign(b"\0\0" + at + b"\0\0" + counted(leaf, 3) + b"\0\0", ec.ECDSA(hashes.SHA256()))
        return counted(b"\0" + hashlib.sha256(self.spki).digest() + at + b"\0\0" + b"\4\3" + counted(signature))

    def listed(self, state, hours, last=False):
        log = {"description": "A log's name", "key": base64.b64encode(self.spki).decode(), "url": "https://log.test/"}
        if state:
            log["state"] = {state: {"timestamp": moment(hours).strftime("%Y-%m-%dT%H:%M:%SZ")}}
        if last:
            log = dict(reversed(log.items()))
        other = {"description": "another", "key": base64.b64encode(Log().spki).decode(), "state": {"rejected": {"timestamp": "2020-01-01T00:00:00Z"}}}
        return json.dumps({"operators": [{"name": "One", "logs": [other, log]}, {"name": "Two", "logs": [dict(other)]}]}).encode()


def response(s, ca, serial, scts):
    """Good, about the certificate with that serial number, with timestamps as an extension of the single response."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    with open(s.path(f"{ca}.pem"), "rb") as f:
        issuer = x509.load_pem_x509_certificate(f.read())
    with open(s.path(f"{ca}.key"), "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    name = issuer.subject.public_bytes()
    point = issuer.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    sha1 = der(0x30, der(0x06, bytes.fromhex("2b0e03021a")))
    about = der(0x30, sha1, der(0x04, hashlib.sha1(name).digest()), der(0x04, hashlib.sha1(point).digest()), der(0x02, number))
    extension = der(0x30, der(0x06, bytes.fromhex("2b06010401d679020405")), der(0x04, der(0x04, counted(scts))))
    single = der(0x30, about, b"\x80\0", general(-1), der(0xa0, general(24)), der(0xa1, der(0x30, extension)))
    data = der(0x30, der(0xa1, name), general(-1), der(0x30, single))
    signature = key.sign(data, ec.ECDSA(hashes.SHA256()))
    basic = der(0x30, data, der(0x30, der(0x06, bytes.fromhex("2a8648ce3d040302"))), der(0x03, b"\0" + signature))
    return der(0x30, der(0x0a, b"\0"), der(0xa0, der(0x30, der(0x06, bytes.fromhex("2b0601050507300101")), der(0x04, basic))))


@test
def timestamps_in_ocsp_responses(s):
    from cryptography import x509
    s.issue("logged", "ecca")
    leaf, log = s.der("logged.pem"), Log()
    serial = x509.load_der_x509_certificate(leaf).serial_number
    s.write("logged.ocsp", response(s, "ecca", serial, log.timestamp(leaf, -4)))
    said = s.openssl("ocsp", "-respin", "logged.ocsp", "-issuer", "ecca.pem", "-cert", "logged.pem", "-CAfile", "ecca.pem")
    expect("Response verify OK" in said and "logged.pem: good" in said, said)

    def judged():
        v = s.json("--cacert", "ecca.pem", "--staple", "logged.ocsp", "--ct-logs", "logs.json", "logged.pem")["verification"]
        expect(v["accepted"], "timestamps refuse nothing")
        return [c for c in v["checks"] if c["check"] == "transparency"]
    for state, hours, good in STATES:
        for last in (False, True):
            s.write("logs.json", log.listed(state, hours, last))
            checks = judged()
            expect(len(checks) == 1 and checks[0]["outcome"] == ("passed" if good else "failed"), f"{state} {hours} {last}: {checks}")
            expect(checks[0]["detail"].startswith("in the OCSP response: A log's name"), str(checks))
            words = {"retired": "before it was retired" if good else "retired before", "rejected": "rejected", "pending": "not admitted yet"}.get(state, "")
            expect(words in checks[0]["detail"], str(checks))
    s.write("logs.json", log.listed("usable", -9))
    out = re.sub(r"\s+", " ", s.run("--cacert", "ecca.pem", "--staple", "logged.ocsp", "--ct-logs", "logs.json", "-v", "logged.pem"))
    expect("transparency pass: in the OCSP response: A log's name" in out, out[-2000:])
    for scts, outcome, words in ((log.timestamp(leaf + b"x", -4), "failed", "signature is wrong"), (log.timestamp(leaf, +4), "failed", "from the future"),
                                 (Log().timestamp(leaf, -4), "not checked", "unknown log"), (b"\0\2\0\0", "failed", "malformed")):
        s.write("logged.ocsp", response(s, "ecca", serial, scts))
        checks = judged()
        expect([c["outcome"] for c in checks] == [outcome] and words in checks[0]["detail"], f"{words}: {checks}")
    s.write("logged.ocsp", response(s, "ecca", serial, log.timestamp(leaf, -4) * 2))
    expect([c["outcome"] for c in judged()] == ["passed", "passed"], "two of one log")
