"""What can go wrong for fede serve: at its start, and with a client. One case each."""
import os
import socket
import ssl
import time

import tls12
from scene import Case, calls, nobody, s_client
from tls12 import (ALERT, CCS, CLIENT_EXTENSIONS, DATA, EMS, HANDSHAKE, RENEGOTIATION, alpn, extension, groups, message,
                   points, record, schemes, sni, u16, with_len)

PAIR = ["--cert", "good_chain.pem", "--key", "good.key"]
SERVE = ["serve", *PAIR]
CASES = []


def add(group, title, reason, code, command, peer, *sees, **more):
    CASES.append(Case(group, title, reason, code, command, peer, sees, **more))


# ---- At the start

def start(title, reason, code, *words, sees=(), **more):
    command = ["serve", *words]
    if "--listen" not in words:
        command[1:1] = ["--listen", "127.0.0.1:0"]
    add("Starting a server", title, reason, code, command, None, *sees, once="text", **more)


start("no certificate", "usage", 2, sees=["--cert FILE --key FILE"])
start("the certificate file is not there", "", 3, "--cert", "missing.pem", "--key", "good.key", sees=["missing.pem", "No such file"])
start("the key may not be read", "", 11, "--cert", "good.pem", "--key", "secret.key", nobody=True,
      sees=["secret.key", "Permission denied"])
start("the file holds no certificate", "config_pem", 3, "--cert", "good.key", "--key", "good.key", sees=["certificate", "good.key", "BEGIN"])
start("the file holds no key", "config_pem", 3, "--cert", "good.pem", "--key", "good.pem", sees=["private key", "good.pem", "BEGIN"])
start("the key is encrypted, and there is no password", "config_key_locked", 3, "--cert", "good.pem", "--key", "sealed.key",
      sees=["good.pem with sealed.key", "--pass"])
start("the password is wrong", "config_password", 3, "--cert", "good.pem", "--key", "sealed.key", "--pass", "wrong", sees=["private key"])
start("the key is encrypted with what libcrypto has given up", "config_lock_unknown", 3, "--cert", "good.pem", "--key", "oldseal.key",
      "--pass", "word", sees=["does not open", "legacy"])
start("the key belongs to another certificate", "config_key_mismatch", 3, "--cert", "good.pem", "--key", "other.key",
      sees=["good.pem with other.key"])
start("the key is too small", "config_key_unusable", 3, "--cert", "weak.pem", "--key", "weak.key", sees=["1024", "2048"])
start("the key is on a curve that TLS does not use here", "config_key_unusable", 3, "--cert", "k256.pem", "--key", "k256.key",
      sees=["P-256"])
start("the certificate can't be read", "config_cert_bad", 3, "--cert", "cut.pem", "--key", "good.key", sees=["Certificate 0", "BIT STRING"])
start("the directory is not there", "", 3, *PAIR, "missing", sees=["missing can't be served: No such file"])
start("the address is not of this machine", "", 5, *PAIR, "--listen", "192.0.2.1:8443", sees=["192.0.2.1:8443", "does not have"])
start("the address is none", "", 2, *PAIR, "--listen", "::1:8443", sees=["::1:8443", "brackets"])
start("libcrypto does not start", "", 1, *PAIR, sees=["libcrypto does not start", "OPENSSL_CONF"], env={"OPENSSL_CONF": "fips.cnf"},
      note="(OPENSSL_CONF=fips.cnf)")
start("an alert that does not exist", "usage", 2, *PAIR, "--reject", "nonsense", sees=['"nonsense"', "handshake_failure"])


# ---- With a client

def case(group):
    def one(title, reason, talk, *sees, words=(), code=6, **more):
        add(group, title, reason, code, [*SERVE, *words], talk, *sees, **more)
    return one


def sends(data, close=False):
    def talk(c):
        c.raw(data)
        if close:
            c.sock.shutdown(socket.SHUT_WR)
    return calls(talk)


def hello(**wrong):
    return calls(lambda c: c.client_hello(**wrong))


def without(*left_out, more=()):
    """The usual extensions without those of the same number as these."""
    return (*[e for e in CLIENT_EXTENSIONS if e[:2] not in [o[:2] for o in left_out]], *more)


def upto_keys(then):
    """Until ClientKeyExchange is sent, then `then`."""
    def talk(c):
        c.client_hello()
        c.server_flight()
        c.client_key_exchange()
        then(c)
    return calls(talk)


def opened(then):
    def talk(c):
        c.handshake()
        then(c)
    return calls(talk)


clear = case("Clients that speak no TLS")
clear("plain HTTP", "plain_http", sends(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "GET", "https://",
      answer=r"400 Bad Request[\s\S]*use https://")
clear("SMTP", "plain_other", sends(b"EHLO client\r\n"), "SMTP", alert="unexpected_message")
clear("SSH", "plain_other", sends(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "SSH", alert="unexpected_message")
clear("something unknown", "not_tls", sends(b"\0\0\0\x0c\x6d\x71\0\1"), "0x0000000c", alert="unexpected_message")
clear("a hello of SSL 2.0", "ssl2_hello", sends(bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") +
      bytes(16)), "SSL 2.0", "update", alert="protocol_version")

gone = case("Clients that go away")
gone("end in mid-handshake", "transport_closed_in_handshake", calls(lambda c: (c.client_hello(), c.server_flight(),
     c.sock.shutdown(socket.SHUT_WR))), "middle of the handshake")
gone("reset in mid-handshake", "transport_reset", calls(lambda c: (c.client_hello(), c.server_flight(), tls12.reset(c.sock))))
gone("silence in mid-handshake", "time_limit", calls(lambda c: (c.client_hello(), c.server_flight())), r"limit of 1000 ms",
     words=["--handshake-timeout", "1"], code=28)
gone("a handshake without end", "handshake_too_long", sends(b"\x16\x03\x01\x08\x00\x01\x00\x20\x00" + bytes(0x7fc)),
     "512 are allowed", "--handshake-limit", words=["--handshake-limit", "512"], alert="handshake_failure")
gone("an orderly close in mid-handshake", "peer_closed_early", calls(lambda c: (c.client_hello(), c.server_flight(), c.alert(0, 1))))
gone("the client does not trust the certificate", "peer_alert", s_client("-CAfile", "stranger.pem", "-verify_return_error"),
     r"unknown_ca \(48\)", "--cert|chain|issuer", alert=None)
gone("the client finds another name", "peer_alert", s_client("-CAfile", "root.pem", "-verify_hostname", "other.example",
     "-verify_return_error"), r"bad_certificate \(42\)", "another name")
gone("the client says no more than that it fails", "peer_alert", calls(lambda c: (c.client_hello(), c.server_flight(), c.alert(40))),
     r"handshake_failure \(40\)")

clients = case("Client certificates")


def shows(title, reason, name, *sees, words=("--require-cert", "--ca", "root.pem"), **more):
    own = ["-cert", f"{name}.pem", "-key", f"{name}.key", "-cert_chain", "inter.pem"] if name else []
    clients(title, reason, s_client("-tls1_2", *own), *sees, words=list(words), **more)


shows("no certificate, and one is required", "client_cert_missing", None, "sent no certificate", "--cert FILE", alert="handshake_failure")
shows("one that has expired", "cert_expired", "expired", "^.*client's certificate ended on 2025-07-01", "renew", alert="certificate_expired")
shows("one for servers only", "cert_extended_key_usage", "good", "client's certificate", "clientAuth", alert="unsupported_certificate")
shows("one of an unknown CA", "cert_unknown_issuer", "strange", "client's certificate was issued by CN=Nobody's Root", "--ca FILE",
      words=("--request-cert", "--ca", "root.pem"), alert="unknown_ca")
shows("one issued by itself", "cert_self_signed", "self", "client's certificate is signed by itself", "--ca FILE", alert="unknown_ca")
start("client certificates without CAs", "usage", 2, *PAIR, "--require-cert", sees=["--ca FILE"])
start("CAs without client certificates", "usage", 2, *PAIR, "--ca", "root.pem", sees=["--request-cert"])
start("the CAs' file is not there", "config_trust_source", 3, *PAIR, "--require-cert", "--ca", "missing.pem", sees=["missing.pem", "No such file"])

offer = case("What the client offers")
offer("TLS 1.0 at most", "version_too_old", hello(version=0x0301), "TLS 1.0", "TLS 1.2 or higher", alert="protocol_version")
offer("TLS 1.3 only", "version_no_common", hello(extensions=without(more=[extension(43, b"\2\3\4")])), "TLS 1.3", "TLS 1.2",
      alert="protocol_version")
offer("openssl with TLS 1.3 only", "version_no_common", s_client("-tls1_3"), "TLS 1.2", alert="protocol_version")
offer("a fallback that is not needed", "fallback", hello(version=0x0302, suites=(tls12.SUITE, 0x5600)), "TLS 1.1", "first attempt",
      alert="inappropriate_fallback")
offer("no suite that is allowed here", "no_common_suite", hello(suites=(0x002f, 0x009c)), "TLS_RSA_WITH_AES_128_CBC_SHA",
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", alert="handshake_failure")
offer("suites for another kind of key", "no_common_suite", hello(suites=(0xc02f,)), "need an RSA certificate",
      "here is ECDSA", alert="handshake_failure")
offer("no curve of the certificate", "no_common_group", hello(extensions=without(groups(29), more=[groups(29)])), "x25519",
      "secp256r1", alert="handshake_failure")
offer("suites that --ciphers leaves out", "no_common_suite", s_client("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", words=["--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"], alert="handshake_failure")
offer("no group that is allowed here", "no_common_group", hello(extensions=without(groups(29), more=[groups(30, 0x0016)])), "x448",
      "x25519", alert="handshake_failure")
offer("groups that --groups leaves out", "no_common_group", hello(), "x25519", "secp384r1", words=["--groups", "secp384r1"],
      alert="handshake_failure")
offer("no signature scheme that fits the key", "no_common_scheme", hello(extensions=without(schemes(0x0403), more=[schemes(0x0804, 0x0401)])),
      "rsa_pss_rsae_sha256", "allowed here are ecdsa_secp256r1_sha256, ecdsa_secp384r1_sha384", alert="handshake_failure")
offer("no null compression", "no_null_compression", hello(compressions=b"\1"), "null", alert="illegal_parameter")
offer("a renegotiation_info that is not empty", "renegotiation_info",
      hello(extensions=without(RENEGOTIATION, more=[extension(0xff01, b"\2xy")])), "empty", alert="handshake_failure")
offer("no uncompressed points", "point_format", hello(extensions=without(points(0), more=[points(1, 2)])), "uncompressed",
      alert="illegal_parameter")
offer("no application protocol that is spoken here", "alpn_no_common", hello(extensions=without(more=[alpn("spdy/3", "xmpp")])),
      "spdy/3, xmpp", "h2, http/1.1", alert="no_application_protocol")
offer("a name that is not served", "sni_unknown", hello(extensions=without(sni(), more=[sni("www.example.org")])), "www.example.org",
      words=[], alert="unrecognized_name")
CASES[-1].command = ["serve", "--sni", "other.example:good_chain.pem:good.key"]
offer("nothing that helps: --reject", "aborted", hello(), r"access_denied \(49\)", words=["--reject", "access_denied"], alert="access_denied")

shape = case("What the client sends")
shape("a ClientHello cut short", "decode", sends(record(HANDSHAKE, message(1, b"\3\3" + bytes(20)))), "ClientHello", "random",
      alert="decode_error")
shape("an extension longer than its block", "decode", hello(extensions=(u16(0) + u16(200) + b"x",)), "ClientHello", "extension",
      alert="decode_error")
shape("a name that is empty", "decode", hello(extensions=without(sni(), more=[sni("")])), "server_name|host_name", alert="decode_error")
shape("bytes behind a ClientHello's end", "decode_trailing", hello(more=b"xyz"), r"\b3 bytes", alert="decode_error")
shape("an extension twice", "extension_twice", hello(extensions=without(more=[EMS])), "ClientHello", alert="decode_error")
shape("an extension in the wrong place", "extension_misplaced", hello(extensions=without(more=[extension(43, b"\4\3\4\3\3"), extension(41, with_len(
      with_len(b"id", 2) + bytes(4), 2) + with_len(with_len(bytes(32), 1), 2)), extension(15, b"\1")])), r"pre_shared_key \(41\)",
      "last", alert="illegal_parameter")
shape("a fragment length that does not exist", "field_value", hello(extensions=without(more=[extension(1, b"\x09")])),
      "max_fragment_length", r"\b9\b", alert="illegal_parameter")
shape("another message first", "message_unexpected", sends(record(HANDSHAKE, message(16, b""))), "ClientKeyExchange", "ClientHello",
      alert="unexpected_message")
shape("application data first", "record_unexpected", sends(record(DATA, b"data")), r"application_data \(23\)", "ClientHello",
      alert="unexpected_message")
shape("a record too long", "record_overflow", sends(b"\x16\3\1\xff\xff"), "65535", "16384", alert="record_overflow")
shape("an early ChangeCipherSpec", "ccs_unexpected", calls(lambda c: (c.client_hello(), c.server_flight(), c.send(CCS, b"\1"))),
      "ClientKeyExchange", alert="unexpected_message")
shape("a public key that is no good", "share_invalid", calls(lambda c: (c.client_hello(), c.server_flight(),
      c.client_key_exchange(bytes(32)))), "x25519", alert="illegal_parameter")
shape("a public key of the wrong length", "share_invalid", calls(lambda c: (c.client_hello(), c.server_flight(),
      c.client_key_exchange(bytes(65)))), "x25519", alert="illegal_parameter")
shape("a wrong Finished", "finished_bad", upto_keys(lambda c: (c.change(), c.finished(bytes(12)))), "same handshake",
      alert="decrypt_error")
shape("other keys", "record_mac", upto_keys(lambda c: (c.change(), c.out.__setitem__(0, bytes(32)), c.finished())), "Record 0",
      alert="bad_record_mac")
shape("a second ClientHello, again and again", "renegotiation_refused", opened(lambda c: [c.say(1, u16(0x0303) + bytes(38)) for _ in range(5)]),
      r"\b4 times", alert="unexpected_message")
shape("a handshake message after the handshake", "message_after_handshake", opened(lambda c: c.say(20, bytes(12))), "Finished",
      alert="unexpected_message")
shape("an altered record", "record_mac", opened(lambda c: c.raw(c.seal(DATA, b"GET")[:-1] + b"?")), "Record 1",
      alert="bad_record_mac")
