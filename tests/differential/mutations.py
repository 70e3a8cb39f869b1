"""What is done to a chain: each function alters one thing of it, legal or not, and is one row of the table of results.

`c` is the Certificate altered (any of the chain), `r` the source of chance, `s` the case: its chain, its name, its clock.
"""
import der
from certificates import (AKI, ANY_USE, BASIC, CLIENT_AUTH, CN, CONSTRAINTS, COUNTRY, DAY, EKU, EMAIL, INHIBIT_ANY, KEY_USAGE, MAPPINGS,
                          NOW, ORGANISATION, POLICIES, POLICY_CONSTRAINTS, SAN, SERVER_AUTH, SKI, Certificate, common_name, dns, name)

mutations = []


def mutation(function):
    mutations.append(function)
    return function


def sequence(*parts):
    return der.tlv(0x30, *parts)


@mutation
def version(r, s, c):
    c.version = r.choice([b"", der.tlv(0xA0, der.integer(0)), der.tlv(0xA0, der.integer(1)), der.tlv(0xA0, der.integer(3)),
                          der.tlv(0xA0, der.integer(-1)), der.tlv(0xA0, der.tlv(2, b"\x00\x02"))])


@mutation
def version_1_without_extensions(r, s, c):
    c.version, c.extensions = b"", {}


@mutation
def serial_number(r, s, c):
    c.serial = der.tlv(2, r.choice([b"\x00", b"\x01", b"\xff", b"\x80" + bytes(7), b"\x00\x01", b"\x7f" + r.randbytes(19),
                                    b"\x00\x80" + r.randbytes(18), b"\x00\x80" + r.randbytes(19), b"\x11" * 21, b"\x22" * 40, b""]))


@mutation
def two_algorithms(r, s, c):
    from certificates import ALGORITHMS
    other = ALGORITHMS[r.choice(sorted(ALGORITHMS))][0]
    if r.random() < 0.5:
        c.inner = other
    else:
        c.outer = other


@mutation
def algorithm(r, s, c):
    c.algorithm = {"rsa": ["rsa-absent", "rsa-sha1", "rsa-md5"], "ecdsa": ["ecdsa-sha384", "ecdsa-sha1", "ecdsa-null"]}.get(
        c.signer.key.family, [None])[r.randrange(1 if c.signer.key.family.startswith("ed") else 3)]


@mutation
def wrong_signer(r, s, c):
    c.signer = Certificate(c.issuer.subject, r.choice(s.keys["common"]))


@mutation
def signature_bits(r, s, c):
    def mangle(out):
        out = bytearray(out)
        out[-1 - r.randrange(min(60, len(out) // 4))] ^= 1 << r.randrange(8)
        return bytes(out)
    c.mangle = mangle


@mutation
def signature_form(r, s, c):
    how = r.randrange(4)

    def mangle(out):
        tree = der.read(out)
        content = tree[0][1][2][1]
        tree[0][1][2][1] = [content + b"\x00", b"\x01" + content[1:], content[:-1], content[:1]][how]
        return der.write(tree)
    c.mangle = mangle


@mutation
def validity(r, s, c):
    c.begins, c.ends = r.choice([
        (c.begins, der.date(NOW)), (c.begins, der.date(NOW - 1)), (c.begins, der.date(NOW + 1)), (der.date(NOW), c.ends),
        (der.date(NOW + 1), c.ends), (der.date(NOW - 1), c.ends), (c.ends, c.begins), (der.date(NOW), der.date(NOW)),
        (c.begins, der.date(NOW + 400 * DAY)), (c.begins, der.date(NOW + 30 * 365 * DAY)), (der.date(-DAY), c.ends)])


@mutation
def form_of_dates(r, s, c):
    date = r.choice([(der.UTC, b"2707010000Z"), (der.UTC, b"270701000000+0000"), (der.UTC, b"270701000000"), (der.UTC, b"270701000060Z"),
                     (der.UTC, b"270231000000Z"), (der.UTC, b"27070100000aZ"), (der.UTC, b""), (der.UTC, b"491231235959Z"),
                     (der.GENERALIZED, b"20270701000000Z"), (der.GENERALIZED, b"20270701000000.5Z"), (der.GENERALIZED, b"20600101000000Z"),
                     (der.GENERALIZED, b"99991231235959Z"), (der.GENERALIZED, b"20600101000000"), (der.GENERALIZED, b"20601301000000Z"),
                     (der.GENERALIZED, b"206001010000Z"), (der.UTC, b"280229000000Z"), (der.UTC, b"270229000000Z"),
                     (der.UTC, b"270701240000Z"), (0x0C, b"270701000000Z")])
    if r.random() < 0.8:
        c.ends = der.tlv(*date)
    else:
        c.begins = der.tlv(date[0], date[1].replace(b"27", b"25", 1).replace(b"2060", b"2020", 1))


@mutation
def subject(r, s, c):
    c.subject = r.choice([
        name(), name((CN, der.PRINTABLE, "Plain")), name((CN, der.T61, b"T\xe9l\xe9tex")), name((CN, der.BMP, "B M P".encode("utf-16-be"))),
        name((CN, der.UTF8, b"bad \xff\xfe")), name((CN, der.BMP, b"odd")), name((CN, der.PRINTABLE, "not@printable*")),
        name((COUNTRY, der.PRINTABLE, "XX"), (ORGANISATION, der.UTF8, "Gr\u00f6\u00dfe"), (CN, der.UTF8, "x")),
        name((COUNTRY, der.PRINTABLE, "TOO LONG")), name((CN, der.UTF8, "")), name((CN, der.UTF8, "y" * 300)),
        name((EMAIL, der.IA5, "who@example.test")), name((EMAIL, der.IA5, "who@other.test"), (CN, der.UTF8, "m")),
        name(("2.999.1.2.3", der.UTF8, "unknown type")), der.tlv(0x30, der.tlv(0x31)), der.tlv(0x30, der.tlv(0x30)),
        common_name("www.example.test"), common_name("www.other.test"), common_name("Root"), common_name("10.0.0.1")])
    if r.random() < 0.3 and SAN in c.extensions:
        c.set(SAN, True, c.extensions[SAN][1])


@mutation
def spelling_of_the_issuer(r, s, c):
    c.issuer_name = r.choice([common_name("root", der.PRINTABLE), common_name("ROOT"), common_name(" Root "), common_name("Root", der.PRINTABLE),
                              common_name("Intermediate", der.PRINTABLE), common_name("intermediate"), common_name("Inter mediate"),
                              common_name("Intermediate", der.T61), common_name("Nobody"), name(), common_name("Intermediate\0")])


@mutation
def unique_identifiers(r, s, c):
    one, two = der.tlv(0x81, b"\x00\x01"), der.tlv(0x82, b"\x00\x02")
    c.unique = r.choice([one, two, one + two, two + one, one + one, der.tlv(0x81, b"\x08\x01"), der.tlv(0xA1, b"")])


NAMES = [[dns("www.example.test")], [dns("WWW.Example.TEST")], [dns("*.example.test")], [dns("*.test")], [dns("w*.example.test")],
         [dns("*w.example.test")], [dns("www.*.test")], [dns("*.*.test")], [dns("*")], [dns("*.www.example.test")], [dns("www.example.test.")],
         [dns(".example.test")], [dns("www.example.test\0.other.test")], [dns("www.example.test ")], [dns("")], [dns(" ")],
         [dns("other.test")], [dns("other.test"), dns("www.example.test")], [dns(b"\xff\xfe"), dns("www.example.test")],
         [dns("under_score.example.test"), dns("www.example.test")], [dns("-x.example.test"), dns("www.example.test")],
         [dns("xn--bcher-kva.example.test")], [dns("b\u00fccher.example.test")], [dns("a..b.test"), dns("www.example.test")],
         [dns("x" * 64 + ".test"), dns("www.example.test")], [dns("*.xn--bcher-kva.test")], [dns("xn--www-.example.test")], [],
         [der.tlv(0x87, b"\x0a\x00\x00\x01")], [der.tlv(0x87, b"\x0a\x00\x00")], [der.tlv(0x87, bytes(16)), dns("www.example.test")],
         [der.tlv(0x87, bytes(15) + b"\x01")], [der.tlv(0x87, bytes(8))], [dns("10.0.0.1")], [dns("*.0.0.1")],
         [der.tlv(0x81, b"a@example.test")], [der.tlv(0x81, b"a@example.test"), dns("www.example.test")], [der.tlv(0x81, b"no-at"), dns("www.example.test")],
         [der.tlv(0x86, b"https://www.example.test/")], [der.tlv(0x86, b"relative"), dns("www.example.test")],
         [der.tlv(0x88, b"\x2a\x03"), dns("www.example.test")], [der.tlv(0xA4, common_name("d")), dns("www.example.test")],
         [der.tlv(0xA0, der.oid("1.2.3"), der.tlv(0xA0, der.tlv(12, b"o"))), dns("www.example.test")],
         [der.tlv(0x89, b"x"), dns("www.example.test")], [der.tlv(0xA2, dns("www.example.test"))], [der.tlv(0x0C, b"www.example.test")]]


@mutation
def alternative_names(r, s, c):
    c.set(SAN, r.random() < 0.2, sequence(*r.choice(NAMES)))


@mutation
def no_alternative_name(r, s, c):
    c.drop(SAN)
    if r.random() < 0.6:
        c.subject = common_name("www.example.test")


@mutation
def name_wanted(r, s, c):
    s.name = r.choice(["www.example.test", "WWW.EXAMPLE.TEST", "www.example.test.", "example.test", "a.www.example.test", "wwww.example.test",
                       "10.0.0.1", "::1", "xn--bcher-kva.example.test", "other.test", "under_score.example.test", "10.0.0.01"])
    s.chain[-1].set(SAN, r.random() < 0.2, sequence(*r.choice(NAMES)))


TRUE = der.tlv(1, b"\xff")


@mutation
def basic_constraints(r, s, c):
    limit = der.integer(r.choice([0, 0, 0, 1, 2, 3, 200, -1, 1 << 40]))
    c.set(BASIC, r.random() < 0.7, sequence(*r.choice([[], [TRUE], [TRUE, limit], [TRUE, limit], [TRUE, limit], [limit], [der.tlv(1, b"\x00")],
                                                       [der.tlv(1, b"\x01")], [TRUE, der.tlv(2, b"\x00\x00")], [TRUE, der.tlv(2, b"")],
                                                       [der.tlv(1, b"")], [TRUE, limit, limit], [limit, TRUE]])))


@mutation
def no_basic_constraints(r, s, c):
    c.drop(BASIC)


@mutation
def key_usage(r, s, c):
    c.set(KEY_USAGE, r.random() < 0.7, r.choice([
        der.named_bits(*sorted(r.sample(range(9), r.randrange(6)))), der.named_bits(), der.bits(b"\x00"), der.bits(b"\x84\x00"),
        der.bits(b"\x80", 0), der.bits(b"\x81", 7), der.bits(b"\x80", 8), der.tlv(3), der.tlv(4, b"\x80"), der.named_bits(5, 6),
        der.named_bits(0), der.named_bits(2), der.named_bits(0, 2), der.named_bits(9), der.named_bits(20)]))


@mutation
def no_key_usage(r, s, c):
    c.drop(KEY_USAGE)


@mutation
def extended_key_usage(r, s, c):
    purposes = [SERVER_AUTH, CLIENT_AUTH, ANY_USE, "1.3.6.1.5.5.7.3.9", "1.3.6.1.5.5.7.3.3", "2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3"]
    c.set(EKU, r.random() < 0.2, sequence(*(der.oid(p) for p in r.sample(purposes, r.randrange(4)))))


@mutation
def no_extended_key_usage(r, s, c):
    c.drop(EKU)


def subtree(r):
    base = r.choice([dns("example.test"), dns("www.example.test"), dns(".example.test"), dns("other.test"), dns(""), dns("test"), dns("xample.test"),
                     dns("EXAMPLE.TEST"), dns("*.example.test"), der.tlv(0x87, b"\x0a\x00\x00\x00\xff\x00\x00\x00"), der.tlv(0x87, bytes(8)),
                     der.tlv(0x87, b"\x0a\x00\x00\x00\xff\x00\xff\x00"), der.tlv(0x87, bytes(32)), der.tlv(0x87, b"\x0a\x00\x00\x00"),
                     der.tlv(0x81, b"example.test"), der.tlv(0x81, b"a@example.test"), der.tlv(0x81, b".example.test"), der.tlv(0x86, b".example.test"),
                     der.tlv(0x86, b"https://x"), der.tlv(0xA4, common_name("Leaf")), der.tlv(0xA4, name((ORGANISATION, der.UTF8, "none"))),
                     der.tlv(0xA4, name()), der.tlv(0x88, b"\x2a\x03"), der.tlv(0xA0, der.oid("1.2.3"), der.tlv(0xA0, der.tlv(12, b"o")))])
    more = r.choice([b""] * 12 + [der.tlv(0x80, b"\x00"), der.tlv(0x80, b"\x01"), der.tlv(0x81, b"\x05")])
    return sequence(base, more)


@mutation
def name_constraints(r, s, c):
    def part(tag):
        return der.tlv(tag, *(subtree(r) for _ in range(r.choice([0, 1, 1, 1, 2, 3]))))
    where = r.choice(s.chain[:-1] or s.chain) if r.random() < 0.85 else c
    where.set(CONSTRAINTS, r.random() < 0.8, sequence(*r.choice([[part(0xA0)], [part(0xA0)], [part(0xA1)], [part(0xA0), part(0xA1)], [], [part(0xA1), part(0xA0)]])))
    if r.random() < 0.5:
        s.chain[-1].set(SAN, False, sequence(*r.choice(NAMES)))
        if r.random() < 0.3:
            s.name = "10.0.0.1"


@mutation
def unknown_extension(r, s, c):
    critical = r.choice([True, True, False, der.tlv(1, b"\x00"), der.tlv(1, b"\x01"), der.tlv(1), der.tlv(2, b"\x01"), TRUE + TRUE])
    c.more.append(("1.3.6.1.4.1.99999.1", critical, r.choice([b"", b"\x05\x00", b"garbage"])))


@mutation
def extension_twice(r, s, c):
    if c.extensions:
        kind = r.choice(sorted(c.extensions))
        c.more.append((kind, *c.extensions[kind]))


@mutation
def extension_with_a_tail(r, s, c):
    if c.extensions:
        kind = r.choice(sorted(c.extensions))
        critical, value = c.extensions[kind]
        c.set(kind, critical, r.choice([value + b"\x00", value + b"\x05\x00", value[:-1], b"", b"\x05\x00", b"\x30\x80" + value[2:] + b"\0\0"]))


@mutation
def critical_turned_round(r, s, c):
    if c.extensions:
        kind = r.choice(sorted(c.extensions))
        critical, value = c.extensions[kind]
        c.set(kind, not critical, value)


@mutation
def empty_extensions(r, s, c):
    c.extensions = {}
    c.tail = r.choice([der.tlv(0xA3, sequence()), der.tlv(0xA3), b"\x05\x00", der.tlv(0xA4, b"x")])


@mutation
def authority_key_identifier(r, s, c):
    good = der.tlv(0x80, c.issuer.key.identifier)
    serial = c.issuer.serial.replace(b"\x02", b"\x82", 1)
    directory = der.tlv(0xA1, der.tlv(0xA4, c.issuer.issuer.subject))
    c.set(AKI, r.random() < 0.1, sequence(*r.choice([[], [good], [der.tlv(0x80, b"wrong")], [der.tlv(0x80)], [good, directory, serial], [directory, serial],
                                                     [good, directory, der.tlv(0x82, b"\x01")], [good, der.tlv(0xA1, der.tlv(0xA4, common_name("No"))), serial],
                                                     [good, serial], [good, directory], [directory, serial, good]])))


@mutation
def no_key_identifiers(r, s, c):
    c.drop(r.choice([AKI, SKI]))


@mutation
def subject_key_identifier(r, s, c):
    c.set(SKI, r.random() < 0.2, r.choice([der.tlv(4, b"other"), der.tlv(4), der.tlv(4, bytes(200)), b"bare"]))


@mutation
def policies(r, s, c):
    any_policy, one, two = "2.5.29.32.0", "1.3.6.1.4.1.99999.7.1", "1.3.6.1.4.1.99999.7.2"
    for each in s.chain:
        chosen = r.choice([[], [one], [one], [any_policy], [one, two], [two], [one, one]])
        if chosen:
            each.set(POLICIES, r.random() < 0.2, sequence(*(sequence(der.oid(p)) for p in chosen)))
    if r.random() < 0.5:
        r.choice(s.chain).set(POLICY_CONSTRAINTS, r.random() < 0.8, sequence(*r.choice([
            [der.tlv(0x80, b"\x00")], [der.tlv(0x80, b"\x01")], [der.tlv(0x81, b"\x00")], [], [der.tlv(0x80, b"\xff")]])))
    if r.random() < 0.3:
        r.choice(s.chain).set(MAPPINGS, r.random() < 0.5, sequence(sequence(der.oid(one), der.oid(r.choice([two, any_policy])))))
    if r.random() < 0.3:
        r.choice(s.chain).set(INHIBIT_ANY, r.random() < 0.8, r.choice([der.integer(0), der.integer(1), der.integer(-1)]))


@mutation
def kind_of_key(r, s, c):
    c.key = s.keys[r.choice(["p384", "p521", "p224", "k256", "ed25519", "ed448", "rsa1024", "rsa3", "rsa4096"])]
    c.set(SKI, False, der.tlv(4, c.key.identifier))
    for below in s.chain:
        if below.issuer is c and below is not c and AKI in below.extensions:
            below.set(AKI, False, sequence(der.tlv(0x80, c.key.identifier)))


@mutation
def form_of_the_key(r, s, c):
    tree = der.read(c.key.spki)
    how = r.randrange(5)
    if how == 0:
        tree[0][1][1][1] = tree[0][1][1][1][:-1]
    elif how == 1:
        tree[0][1][1][1] = b"\x01" + tree[0][1][1][1][1:]
    elif how == 2:
        tree[0][1][0][1].append([5, b""])
    elif how == 3:
        tree[0][1][0][1] = tree[0][1][0][1][:1]
    else:
        content = bytearray(tree[0][1][1][1])
        content[len(content) // 2] ^= 1 << r.randrange(8)
        tree[0][1][1][1] = bytes(content)
    c.spki = der.write(tree)


@mutation
def tls_feature(r, s, c):
    c.more.append(("1.3.6.1.5.5.7.1.24", r.random() < 0.3, sequence(der.integer(r.choice([5, 17, 99])))))


# ---- The chain as a whole


@mutation
def order_sent(r, s, c):
    s.order = r.choice(["reversed", "root too", "twice", "no intermediates", "stranger first", "stranger between", "shuffled"])


@mutation
def longer_chain(r, s, c):
    for i in range(r.choice([1, 2, 3, 5, 9, 12]) if len(s.chain) > 1 else 0):
        above = s.chain[-2]
        between = Certificate(common_name(f"Level {i}"), r.choice(s.keys["common"]), above)
        leaf = s.chain[-1]
        leaf.issuer = leaf.signer = between
        if AKI in leaf.extensions:
            leaf.set(AKI, False, sequence(der.tlv(0x80, between.key.identifier)))
        s.chain.insert(-1, between)
    if r.random() < 0.5:
        r.choice(s.chain[:-1] or s.chain).set(BASIC, True, sequence(TRUE, der.integer(r.randrange(14))))


@mutation
def leaf_trusted_itself(r, s, c):
    s.roots = [s.chain[-1]] if r.random() < 0.5 else [s.chain[-1], s.chain[0]]
    if r.random() < 0.5:
        leaf = s.chain[-1]
        leaf.issuer = leaf.signer = leaf


@mutation
def intermediate_trusted(r, s, c):
    s.roots = [s.chain[-2:][0]]


@mutation
def another_root(r, s, c):
    root = s.chain[0]
    same = r.random() < 0.5
    s.roots = [Certificate(root.subject, root.key if same else r.choice(s.keys["common"]))] + ([root] if r.random() < 0.5 else [])


@mutation
def cross_signed(r, s, c):
    """The intermediate's issuer is also signed by someone not trusted, or the other way round."""
    other = Certificate(common_name("Other root"), r.choice(s.keys["common"]))
    cross = Certificate(s.chain[0].subject, s.chain[0].key, other)
    s.extra.append(cross)
    if r.random() < 0.5:
        s.roots = [other]
    if r.random() < 0.3:
        cross.ends = der.date(NOW - 1)


@mutation
def ca_as_server(r, s, c):
    if len(s.chain) > 1:
        s.chain.pop()
    s.chain[-1].set(SAN, False, sequence(dns("www.example.test")))
    if len(s.chain) < 2 or r.random() < 0.5:
        s.chain[-1].set(KEY_USAGE, True, der.named_bits(0, 5, 6))
    if r.random() < 0.5:
        s.chain[-1].set(EKU, False, sequence(der.oid(SERVER_AUTH)))


@mutation
def server_as_ca(r, s, c):
    middle = s.chain[-2:][0]
    middle.drop(BASIC)
    middle.set(KEY_USAGE, True, der.named_bits(0))
    middle.set(EKU, False, sequence(der.oid(SERVER_AUTH)))


@mutation
def clock(r, s, c):
    s.at = NOW + r.choice([-31 * DAY, -30 * DAY, -30 * DAY - 1, 60 * DAY, 60 * DAY + 1, 61 * DAY, 30 * 365 * DAY])


# ---- Structure and bits


@mutation
def element(r, s, c):
    """One element of the certificate's tree is altered, and all is signed anew."""
    def mangle(tbs):
        tree = der.read(tbs)
        where, i = r.choice(list(der.walk(tree)))
        how = r.randrange(6)
        if how == 0:
            del where[i]
        elif how == 1:
            where.insert(i, [*where[i]])
        elif how == 2:
            where[i][0] ^= r.choice([1, 2, 4, 0x20, 0x40, 0x80])
        elif how == 3 and isinstance(where[i][1], bytes) and where[i][1]:
            content = bytearray(where[i][1])
            content[r.randrange(len(content))] = r.randrange(256)
            where[i][1] = bytes(content)
        elif how == 4 and isinstance(where[i][1], bytes):
            where[i][1] = r.choice([where[i][1] + b"\0", where[i][1][:-1], b"", b"\0" + where[i][1]])
        elif len(where) > 1:
            r.shuffle(where)
        return der.write(tree)
    c.mangle_tbs = mangle


@mutation
def form_of_a_length(r, s, c):
    """BER instead of DER: a length in a longer form than needed, or none."""
    def mangle(tbs):
        at = r.choice([i for i in range(1, len(tbs) - 2)])
        how = r.randrange(3)
        inner = tbs[4:] if tbs[1] == 0x82 else tbs[3:] if tbs[1] == 0x81 else tbs[2:]
        if how == 0:
            return b"\x30\x83" + len(inner).to_bytes(3, "big") + inner
        if how == 1:
            return b"\x30\x80" + inner + b"\0\0"
        return tbs[:at] + b"\x81" + tbs[at:]
    c.mangle_tbs = mangle


@mutation
def bits_after_signing(r, s, c):
    def mangle(out):
        out = bytearray(out)
        for _ in range(r.choice([1, 1, 1, 2, 8])):
            out[r.randrange(len(out))] ^= 1 << r.randrange(8)
        return bytes(out)
    c.mangle = mangle


@mutation
def cut_or_longer(r, s, c):
    n = r.randrange(1, 60)
    tail = r.random() < 0.5
    c.mangle = lambda out: out + bytes(n) if tail else out[:-n]
