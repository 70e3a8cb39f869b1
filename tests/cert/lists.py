"""Revocation lists by the rules of RFC 5280 5 and 6.3, one list of cases: what a list must be to count, what it covers, who may
sign it; and a few of OCSP responses. Chains, lists and responses are written byte by byte (tests/differential), and `fede cert` judges them."""
import base64
import hashlib
import json
import os
import subprocess
import sys
import time

from cryptography.hazmat.primitives.asymmetric import ec, rsa

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "differential"))
import certificates as made
import der

from ca import expect

NOW, DAY, MONTH = made.NOW, 86400, 30 * 86400
CDP, IDP, NUMBER, DELTA, REASON, CERT_ISSUER = "2.5.29.31", "2.5.29.28", "2.5.29.20", "2.5.29.27", "2.5.29.21", "2.5.29.29"
HOLD, REMOVE, KEY_COMPROMISE, CA_COMPROMISE = 6, 8, 1, 2
TRUE = b"\xff"
tests = []


def test(function):
    tests.append(function)
    return function


def extension(kind, value, critical=False):
    return der.tlv(0x30, der.oid(kind), der.tlv(1, TRUE) if critical else b"", der.tlv(4, value))


def directory(name):
    return der.tlv(0xA4, name)


def uri(text):
    return der.tlv(0x86, text.encode())


def reasons(*numbers):
    return der.named_bits(*numbers)[2:]


def point(*names, only=None, issuer=None):
    """A DistributionPoint."""
    return der.tlv(0x30, der.tlv(0xA0, der.tlv(0xA0, *names)) if names else b"", der.tlv(0x81, reasons(*only)) if only else b"",
                   der.tlv(0xA2, directory(issuer)) if issuer else b"")


def scope(*names, users=False, cas=False, only=None, indirect=False, attributes=False, critical=True):
    """An issuingDistributionPoint."""
    flags = [der.tlv(0x81, TRUE) if users else b"", der.tlv(0x82, TRUE) if cas else b"", der.tlv(0x83, reasons(*only)) if only else b"",
             der.tlv(0x84, TRUE) if indirect else b"", der.tlv(0x85, TRUE) if attributes else b""]
    return extension(IDP, der.tlv(0x30, der.tlv(0xA0, der.tlv(0xA0, *names)) if names else b"", *flags), critical)


def entry(certificate, reason=None, issuer=None, more=b"", at=NOW - DAY):
    extensions = (extension(REASON, der.tlv(0x0A, bytes([reason]))) if reason is not None else b"") + \
        (extension(CERT_ISSUER, der.tlv(0x30, directory(issuer)), True) if issuer else b"") + more
    return der.tlv(0x30, certificate.serial, der.date(at), der.tlv(0x30, extensions) if extensions else b"")


class List:
    """As a careful CA would issue it; whatever is said otherwise."""

    def __init__(self, signer, *entries, **other):
        self.signer, self.entries = signer, entries
        self.issuer, self.version, self.number, self.key_id, self.more = signer.subject, der.integer(1), 7, True, []
        self.this, self.next, self.algorithm, self.mangle, self.listed, self.extensions = NOW - DAY, NOW + DAY, None, None, None, True
        self.number_critical = False
        self.__dict__.update(other)

    def make(self):
        identifier, sign = made.ALGORITHMS[self.algorithm or self.signer.key.algorithm]
        this, until = (der.date(t) if isinstance(t, int) else t for t in (self.this, self.next or b""))
        number = self.number if isinstance(self.number, bytes) else der.integer(self.number) if self.number is not None else None
        key_id = self.signer.key.identifier if self.key_id is True else self.key_id
        extensions = [extension(made.AKI, der.tlv(0x30, der.tlv(0x80, key_id)))] if key_id else []
        extensions += [extension(NUMBER, number, self.number_critical)] if number else []
        listed = self.listed if self.listed is not None else der.tlv(0x30, *self.entries) if self.entries else b""
        tbs = der.tlv(0x30, self.version, identifier, self.issuer, this, until, listed,
                      der.tlv(0xA0, der.tlv(0x30, *extensions, *self.more)) if self.extensions else b"")
        out = der.tlv(0x30, tbs, identifier, der.bits(sign(self.signer.key.key, tbs)))
        return self.mangle(out) if self.mangle else out


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


class World:
    """root, ca (issued by root), leaf (by ca), and others that may sign lists."""

    def __init__(self):
        keys = [made.Key(ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha256") for _ in range(8)]
        self.root, self.other_root = self.certificate("root", keys[0]), self.certificate("other root", keys[1])
        self.ca = self.certificate("CA", keys[2], self.root)
        self.signer = self.certificate("signer", keys[3], self.root)
        self.signer.set(made.KEY_USAGE, True, der.named_bits(6))
        self.signer.drop(made.BASIC)
        self.foreign = self.certificate("signer", keys[3], self.other_root)
        self.old_key = self.certificate("CA", keys[4], self.root)  # the CA's name and another key
        self.new_key = self.certificate("CA", keys[5], self.root)
        self.leaf = self.certificate("leaf", keys[6], self.ca, True)
        self.impostor = self.certificate("CA", keys[7])
        self.chain = [self.leaf, self.ca]
        for n, c in enumerate((self.root, self.other_root, self.ca, self.signer, self.foreign, self.old_key, self.new_key, self.leaf)):
            c.serial = der.integer(4096 + n)

    @staticmethod
    def certificate(name, key, issuer=None, leaf=False):
        c = made.Certificate(made.common_name(name), key, issuer, leaf)
        c.begins, c.ends = der.date(NOW - 10 * MONTH), der.date(NOW + 10 * MONTH)
        return c

    def points(self, *points):
        self.leaf.set(CDP, False, der.tlv(0x30, *points))

    def roots_list(self, *entries, **other):
        return List(self.root, *entries, **other)


HERE, ELSEWHERE = uri("http://crl.test/here"), uri("http://crl.test/elsewhere")
GENERALIZED = der.tlv(der.GENERALIZED, b"20260531120000Z")
UNKNOWN_EXTENSION = "1.3.6.1.4.1.99999.1"
CASES = []


def case(name, wanted, web=None):
    """wanted: good, revoked or unknown; web: by that profile, where it is another answer."""
    def add(function):
        CASES.append((name, wanted, web, function))
        return function
    return add


def simple(name, wanted, make, web=None):
    """One list of the CA, beside a good one of the root."""
    CASES.append((name, wanted, web, lambda w: [w.roots_list(), make(w)]))


simple("on nobody's list", "good", lambda w: List(w.ca))
simple("on the list", "revoked", lambda w: List(w.ca, entry(w.leaf)))
simple("on the list among others", "revoked", lambda w: List(w.ca, entry(w.ca), entry(w.root), entry(w.leaf), entry(w.signer)))
simple("only others on the list", "good", lambda w: List(w.ca, entry(w.ca), entry(w.root)))
simple("on hold", "revoked", lambda w: List(w.ca, entry(w.leaf, HOLD)))
simple("taken off a complete list", "revoked", lambda w: List(w.ca, entry(w.leaf, REMOVE)))
simple("revoked from a date to come", "revoked", lambda w: List(w.ca, entry(w.leaf, at=NOW + MONTH)))
simple("out of date", "unknown", lambda w: List(w.ca, this=NOW - 3 * DAY, next=NOW - 2 * DAY))
simple("until this very second", "good", lambda w: List(w.ca, next=NOW))
simple("until a second ago", "unknown", lambda w: List(w.ca, next=NOW - 1))
simple("from this very second", "good", lambda w: List(w.ca, this=NOW))
simple("not in force yet", "unknown", lambda w: List(w.ca, this=NOW + 1, next=NOW + DAY))
simple("no nextUpdate", "unknown", lambda w: List(w.ca, next=None))
simple("out of date, and it is on it", "unknown", lambda w: List(w.ca, entry(w.leaf), this=NOW - 3 * DAY, next=NOW - 2 * DAY))
simple("a wrong signature", "unknown", lambda w: List(w.ca, mangle=flipped))
simple("signed by another key", "unknown", lambda w: List(w.impostor, key_id=w.ca.key.identifier))
simple("signed by the root", "unknown", lambda w: List(w.root, issuer=w.ca.subject, key_id=None))
simple("another issuer's name", "unknown", lambda w: List(w.ca, issuer=made.common_name("someone")))
simple("the issuer's name in other letters", "good", lambda w: List(w.ca, issuer=made.common_name("ca", der.PRINTABLE)))
simple("another key identifier", "unknown", lambda w: List(w.ca, key_id=b"another"))
simple("signed with SHA-1", "unknown", lambda w: List(w.ca, algorithm="ecdsa-sha1"))
simple("critical extension, unknown", "unknown", lambda w: List(w.ca, more=[extension(UNKNOWN_EXTENSION, b"\5\0", True)]))
simple("extension, unknown", "good", lambda w: List(w.ca, more=[extension(UNKNOWN_EXTENSION, b"\5\0")]))
simple("critical extension of an entry, unknown", "unknown",
       lambda w: List(w.ca, entry(w.root, more=extension(UNKNOWN_EXTENSION, b"\5\0", True))))
simple("critical extension of its own entry, unknown", "unknown",
       lambda w: List(w.ca, entry(w.leaf, more=extension(UNKNOWN_EXTENSION, b"\5\0", True))))
simple("extension of an entry, unknown", "good", lambda w: List(w.ca, entry(w.root, more=extension(UNKNOWN_EXTENSION, b"\5\0"))))
simple("an extension twice", "unknown", lambda w: List(w.ca, more=[extension(NUMBER, der.integer(7))]))
simple("bytes behind the list", "unknown", lambda w: List(w.ca, mangle=lambda d: d + b"\0"))
simple("a malformed entry", "unknown", lambda w: List(w.ca, der.tlv(0x30, der.integer(1))))
simple("a malformed scope", "unknown", lambda w: List(w.ca, more=[extension(IDP, der.tlv(0x30, der.tlv(0x81, b"\1")), True)]))
simple("version 3", "unknown", lambda w: List(w.ca, version=der.integer(2)))
simple("version 1", "good", lambda w: List(w.ca, version=b"", extensions=False), web="unknown")
simple("no number", "good", lambda w: List(w.ca, number=None), web="unknown")
simple("critical number", "good", lambda w: List(w.ca, number_critical=True), web="unknown")
simple("number of 21 bytes", "good", lambda w: List(w.ca, number=1 << 163), web="unknown")
simple("number of 20 bytes", "good", lambda w: List(w.ca, number=(1 << 159) - 1))
simple("negative number", "unknown", lambda w: List(w.ca, number=-1))
simple("no key identifier", "good", lambda w: List(w.ca, key_id=None), web="unknown")
simple("GeneralizedTime before 2050", "good", lambda w: List(w.ca, this=GENERALIZED), web="unknown")
simple("an empty list instead of none", "good", lambda w: List(w.ca, listed=der.tlv(0x30)), web="unknown")
simple("an empty scope", "good", lambda w: List(w.ca, more=[scope()]), web="unknown")
simple("a scope that is not critical", "good", lambda w: List(w.ca, more=[scope(users=True, critical=False)]), web="unknown")
simple("for users", "good", lambda w: List(w.ca, more=[scope(users=True)]))
simple("for CAs", "unknown", lambda w: List(w.ca, more=[scope(cas=True)]))
simple("for users, and it is on it", "revoked", lambda w: List(w.ca, entry(w.leaf), more=[scope(users=True)]))
simple("for attribute certificates", "unknown", lambda w: List(w.ca, more=[scope(attributes=True)]))
simple("some reasons", "unknown", lambda w: List(w.ca, more=[scope(only=[KEY_COMPROMISE])]))
simple("some reasons, and it is on it", "revoked", lambda w: List(w.ca, entry(w.leaf), more=[scope(only=[KEY_COMPROMISE])]))
simple("of a place no certificate names", "unknown", lambda w: List(w.ca, more=[scope(HERE)]))
simple("of the place that has the issuer's name", "good", lambda w: List(w.ca, more=[scope(directory(w.ca.subject))]))
simple("indirect, by the issuer, of nobody else", "revoked", lambda w: List(w.ca, entry(w.leaf), more=[scope(indirect=True)]))
simple("an entry for another issuer's certificate", "good",
       lambda w: List(w.ca, entry(w.leaf, issuer=made.common_name("someone")), more=[scope(indirect=True)]))
simple("an entry's issuer on a list that is not indirect", "unknown", lambda w: List(w.ca, entry(w.root, issuer=w.ca.subject)))
simple("a delta list alone", "unknown", lambda w: List(w.ca, more=[extension(DELTA, der.integer(6), True)]))


@case("no list of the CA", "unknown")
def _(w):
    return [w.roots_list()]


@case("no list of the root", "unknown")
def _(w):
    return [List(w.ca)]


@case("the CA is revoked", "revoked")
def _(w):
    return [w.roots_list(entry(w.ca)), List(w.ca)]


@case("the root's list is for users", "unknown")
def _(w):
    return [w.roots_list(more=[scope(users=True)]), List(w.ca)]


@case("the root's list is for CAs", "good")
def _(w):
    return [w.roots_list(more=[scope(cas=True)]), List(w.ca)]


@case("the CA may not sign lists", "unknown")
def _(w):
    w.ca.set(made.KEY_USAGE, True, der.named_bits(5))
    return [w.roots_list(), List(w.ca)]


@case("the CA does not say what its key is for", "good", web="unknown")
def _(w):
    w.ca.drop(made.KEY_USAGE)
    return [w.roots_list(), List(w.ca)]


@case("of the place named", "good")
def _(w):
    w.points(point(HERE))
    return [w.roots_list(), List(w.ca, more=[scope(ELSEWHERE, HERE)])]


@case("of another place", "unknown")
def _(w):
    w.points(point(HERE))
    return [w.roots_list(), List(w.ca, entry(w.leaf), more=[scope(ELSEWHERE)])]


@case("of the second of two places", "revoked")
def _(w):
    w.points(point(HERE), point(ELSEWHERE))
    return [w.roots_list(), List(w.ca, entry(w.leaf), more=[scope(ELSEWHERE)])]


@case("a place is named, the list is for all", "good")
def _(w):
    w.points(point(HERE))
    return [w.roots_list(), List(w.ca)]


@case("two lists cover all reasons", "good")
def _(w):
    return [w.roots_list(), List(w.ca, more=[scope(only=[KEY_COMPROMISE])]),
            List(w.ca, number=8, more=[scope(only=[2, 3, 4, 5, 6, 7, 8])])]


@case("on the second of two lists for some reasons", "revoked")
def _(w):
    return [w.roots_list(), List(w.ca, more=[scope(only=[KEY_COMPROMISE])]),
            List(w.ca, entry(w.leaf), number=8, more=[scope(only=[2, 3, 4, 5, 6, 7, 8])])]


@case("the place is for some reasons", "unknown")
def _(w):
    w.points(point(HERE, only=[KEY_COMPROMISE, CA_COMPROMISE]))
    return [w.roots_list(), List(w.ca, more=[scope(HERE)])]


@case("the newer of two lists has it", "revoked")
def _(w):
    return [w.roots_list(), List(w.ca, this=NOW - 2 * DAY), List(w.ca, entry(w.leaf), number=8)]


@case("the newer of two lists has it, and comes first", "revoked")
def _(w):
    return [w.roots_list(), List(w.ca, entry(w.leaf), number=8), List(w.ca, this=NOW - 2 * DAY)]


@case("of one second, the higher number has it", "revoked")
def _(w):
    return [w.roots_list(), List(w.ca), List(w.ca, entry(w.leaf), number=300)]


@case("the newer of two lists has let it go", "good")
def _(w):
    return [w.roots_list(), List(w.ca, entry(w.leaf, HOLD), this=NOW - 2 * DAY), List(w.ca, number=8)]


@case("the newer of two lists is forged", "revoked")
def _(w):
    return [w.roots_list(), List(w.ca, entry(w.leaf), this=NOW - 2 * DAY), List(w.ca, number=8, mangle=flipped)]


def indirect(name, wanted, entries, web=None, **other):
    def make(w):
        w.points(point(issuer=w.signer.subject))
        w.chain.append(w.signer)
        own = {k: v(w) if callable(v) else v for k, v in other.items()}
        own.setdefault("more", [scope(indirect=True)])
        return [w.roots_list(), List(w.signer, *entries(w), **own)]
    CASES.append((name, wanted, web, make))


indirect("indirect, nobody on it", "good", lambda w: [])
indirect("indirect, on it", "revoked", lambda w: [entry(w.leaf, issuer=w.ca.subject)])
indirect("indirect, behind another of its issuer", "revoked", lambda w: [entry(w.root, issuer=w.ca.subject), entry(w.leaf)])
indirect("indirect, its number under another issuer", "good",
         lambda w: [entry(w.leaf, issuer=w.root.subject), entry(w.ca, issuer=w.ca.subject)])
indirect("indirect, its number under the list's issuer", "good", lambda w: [entry(w.leaf)])
indirect("indirect, and the list does not say so", "unknown", lambda w: [], more=[])
indirect("indirect, out of date", "unknown", lambda w: [], next=NOW - 1)


@case("indirect, its signer is not there", "unknown")
def _(w):
    w.points(point(issuer=w.signer.subject))
    return [w.roots_list(), List(w.signer, more=[scope(indirect=True)])]


@case("indirect, its signer may not sign lists", "unknown")
def _(w):
    w.points(point(issuer=w.signer.subject))
    w.signer.set(made.KEY_USAGE, True, der.named_bits(0))
    w.chain.append(w.signer)
    return [w.roots_list(), List(w.signer, more=[scope(indirect=True)])]


@case("indirect, its signer is out of date", "unknown")
def _(w):
    w.points(point(issuer=w.signer.subject))
    w.signer.ends = der.date(NOW - DAY)
    w.chain.append(w.signer)
    return [w.roots_list(), List(w.signer, more=[scope(indirect=True)])]


@case("indirect, its signer is revoked", "unknown")
def _(w):
    w.points(point(issuer=w.signer.subject))
    w.chain.append(w.signer)
    return [w.roots_list(entry(w.signer)), List(w.signer, more=[scope(indirect=True)])]


@case("indirect, its signer is another root's", "unknown")
def _(w):
    w.points(point(issuer=w.signer.subject))
    w.chain.append(w.foreign)
    return [w.roots_list(), List(w.other_root), List(w.foreign, more=[scope(indirect=True)])]


@case("no certificate names the signer", "unknown")
def _(w):
    w.chain.append(w.signer)
    return [w.roots_list(), List(w.signer, more=[scope(indirect=True)])]


@case("the CA has a new key, which signs its lists", "good")
def _(w):
    w.chain.append(w.new_key)
    return [w.roots_list(), List(w.new_key)]


@case("the CA has a new key, and the list has it", "revoked")
def _(w):
    w.chain.append(w.new_key)
    return [w.roots_list(), List(w.new_key, entry(w.leaf))]


@case("the CA has a new key, which is revoked", "unknown")
def _(w):
    w.chain.append(w.new_key)
    return [w.roots_list(entry(w.new_key)), List(w.new_key)]


def delta(name, wanted, *entries, base=6, complete=(), web=None, **other):
    def make(w):
        more = [extension(DELTA, der.integer(base), True)] + other.get("more", [])
        rest = {k: v for k, v in other.items() if k != "more"}
        return [w.roots_list(), List(w.ca, *(entry(w.leaf, r) for r in complete), this=NOW - 2 * DAY),
                List(w.ca, *(entry(w.leaf, r) for r in entries), **{"number": 9, "more": more, **rest})]
    CASES.append((name, wanted, web, make))


delta("delta, nothing new", "good")
delta("delta, new on it", "revoked", KEY_COMPROMISE)
delta("delta, of this very number", "revoked", KEY_COMPROMISE, base=7)
delta("delta, let go", "good", REMOVE, complete=[HOLD])
delta("delta, let go and on it again", "revoked", REMOVE, KEY_COMPROMISE, complete=[HOLD])
delta("delta, still on the complete list", "revoked", complete=[HOLD])
delta("delta, for a newer complete list", "good", KEY_COMPROMISE, base=8)
delta("delta, older than the complete list", "good", KEY_COMPROMISE, number=5)
delta("delta, out of date", "good", KEY_COMPROMISE, next=NOW - 1)
delta("delta, let go, but forged", "revoked", REMOVE, complete=[HOLD], mangle=flipped)
delta("delta, of another scope", "revoked", REMOVE, complete=[HOLD], more=[scope(users=True)])


def pem(label, data):
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


def judge(s, world, lists, *more):
    chain = [s.path(f"list-{i}.der") for i in range(len(world.chain))]
    for path, certificate in zip(chain, world.chain):
        s.write(path, certificate.make())
    s.write("list-root.der", world.root.make() if isinstance(world.root, made.Certificate) else world.root)
    files = []
    for i, one in enumerate(lists):
        s.write(f"list-{i}.crl", pem("X509 CRL", one.make() if isinstance(one, List) else one).encode())
        files += ["--crl", f"list-{i}.crl"]
    done = subprocess.run([s.fede, "cert", "--json", "--attime", str(NOW), "--cacert", "list-root.der", *files, *more, *chain],
                          cwd=s.place, capture_output=True, timeout=60, text=True)
    verdict = json.loads(done.stdout)["verification"]
    checks = [c for c in verdict["checks"] if c["check"] == "revocation" and c["outcome"] != "passed"]
    others = [c for c in verdict["checks"] if c["check"] != "revocation" and c["outcome"] == "failed" and c["check"] != "profile"]
    expect(not others, f"nothing else is wrong: {others}")
    revoked = any(c["detail"].startswith("revoked on") for c in checks)
    return "revoked" if revoked else "unknown" if checks else "good", verdict, checks


@test
def lists_by_the_rules(s):
    wrong = []
    for name, wanted, web, make in CASES:
        for profile in ("tls", "web"):
            world = World()
            lists = make(world)
            found, verdict, checks = judge(s, world, lists, "--profile", profile)
            right = (web or wanted) if profile == "web" else wanted
            if name == "the CA does not say what its key is for":
                right = wanted  # the profile refuses the CA for another reason
            if found != right or (profile == "tls" and verdict["accepted"] != (found == "good")):
                wrong.append(f"{name} ({profile}): {found}, wanted {right}: {checks}")
    expect(not wrong, f"{len(wrong)} of {2 * len(CASES)}:\n" + "\n".join(wrong))


@test
def unknown_is_no_failure_when_told(s):
    world = World()
    for lists, accepted in (([], True), ([world.roots_list()], True), ([world.roots_list(), List(world.ca, entry(world.leaf))], False)):
        _, verdict, _ = judge(s, world, lists, "--revocation", "soft")
        expect(verdict["accepted"] == accepted, f"soft, {len(lists)} lists: {verdict['accepted']}")
    _, verdict, _ = judge(s, world, [], "--revocation", "hard")
    expect(not verdict["accepted"], "hard, without lists")


@test
def a_long_list_is_gone_through_quickly(s):
    """200,000 entries, and 60 certificates of the CA's name with its key that might be the issuer: looked up in it is each, and
    the chain is answered all the same."""
    world = World()
    date = der.date(NOW - DAY)
    many = b"".join(der.tlv(0x30, der.tlv(2, b"\x10" + i.to_bytes(15, "big")), date) for i in range(200000))
    found, _, _ = judge(s, world, [world.roots_list(listed=der.tlv(0x30, many)), List(world.ca)])
    expect(found == "good", found)
    for i in range(60):
        again = World.certificate("CA", world.ca.key, world.root)
        again.serial = der.integer(10000 + i)
        world.chain.append(again)
    world.leaf.drop(made.AKI)
    begun = time.monotonic()
    found, _, _ = judge(s, world, [world.roots_list(entry(world.ca), listed=der.tlv(0x30, entry(world.ca), many)), List(world.ca)])
    expect(found == "good", f"by one of the others, which are not on it: {found}")
    expect(time.monotonic() - begun < 5, "it takes long")


# ---- OCSP responses

GOOD, REVOKED = der.tlv(0x80), "revoked"


def generalized(at):
    return der.tlv(der.GENERALIZED, time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at)).encode())


def response(world, signer, *answers):
    """About the leaf: an entry for each answer; signed by the CA, or by the certificate given, which is in it."""
    issuer = world.ca
    number = der.tlv(0x30, der.tlv(0x30, der.oid("1.3.14.3.2.26"), der.tlv(5)), der.tlv(4, hashlib.sha1(issuer.subject).digest()),
                     der.tlv(4, issuer.key.identifier), world.leaf.serial)
    entries = [der.tlv(0x30, number, der.tlv(0xA1, generalized(NOW - DAY)) if answer == REVOKED else answer, generalized(NOW - DAY),
                       der.tlv(0xA0, generalized(NOW + DAY))) for answer in answers]
    tbs = der.tlv(0x30, der.tlv(0xA2, der.tlv(4, signer.key.identifier)), generalized(NOW - DAY), der.tlv(0x30, *entries))
    identifier, sign = made.ALGORITHMS[signer.key.algorithm]
    basic = der.tlv(0x30, tbs, identifier, der.bits(sign(signer.key.key, tbs)),
                    b"" if signer is issuer else der.tlv(0xA0, der.tlv(0x30, signer.make())))
    return der.tlv(0x30, der.tlv(0x0A, b"\0"), der.tlv(0xA0, der.tlv(0x30, der.oid("1.3.6.1.5.5.7.48.1.1"), der.tlv(4, basic))))


@test
def responses_of_two_minds_and_of_weak_keys(s):
    world = World()

    def accepted(signer, *answers):
        s.write("list.ocsp", response(world, signer, *answers))
        return judge(s, world, [], "--staple", "list.ocsp")[1]["accepted"]

    for answers, wanted in (((GOOD,), True), ((REVOKED,), False), ((GOOD, REVOKED), False), ((REVOKED, GOOD), False), ((GOOD, GOOD), True)):
        expect(accepted(world.ca, *answers) == wanted, f"{answers}: {not wanted}")
    for bits in (1024, 2048):
        signer = World.certificate("responder", made.Key(rsa.generate_private_key(65537, bits), "rsa-sha256"), world.ca, True)
        signer.set(made.EKU, False, der.tlv(0x30, der.oid("1.3.6.1.5.5.7.3.9")))
        expect(accepted(signer, GOOD) == (bits == 2048), f"a responder with {bits} bits")
