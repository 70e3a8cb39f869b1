"""What can go wrong for fede connect: one case each."""
import contextlib
import functools
import os
import ssl

import tls12
from scene import Case, full, https, nobody, s_server, says, script, silent, then_listens
from tls12 import (ALERT, CCS, DATA, EMS, HANDSHAKE, RENEGOTIATION, alpn, extension, message, points, record, u16,
                   with_len, x25519)

URL = ["connect", "--cacert", "root.pem", "https://localhost:{port}/"]
RAW = ["connect", "--cacert", "root.pem", "localhost:{port}"]
HTTP1 = ["connect", "--cacert", "root.pem", "--http1.1", "https://localhost:{port}/"]
CASES = []


def add(group, title, reason, code, command, peer, *sees, **more):
    CASES.append(Case(group, title, reason, code, command, peer, sees, **more))


def rows(group, code=6, command=None):
    """Rows of one group: title, reason, peer, patterns."""
    def one(title, reason, peer, *sees, **more):
        add(group, title, reason, more.pop("code", code), more.pop("command", command or URL), peer, *sees, **more)
    return one


# ---- Before TLS

way = rows("The way there", 5, ["connect", "https://127.0.0.1:{port}/"])
way("a name that does not exist", "name_not_resolved", None, "nosuch.invalid", "name server", "--resolve", code=4,
    command=["connect", "https://nosuch.invalid/"])
way("nobody listens on the port", "not_connected", nobody, r"127\.0\.0\.1 port \d+: Connection refused", "listens")
way("nobody answers", "time_limit", full, r"limit of 300 ms", "no answer", code=28,
    command=["connect", "--connect-timeout", "0.3", "https://127.0.0.1:{port}/"])
way("a key on a token whose URI is wrong", "token_failed", None, "unknown attribute", "p11tool", code=3,
    command=["connect", "--cert", "root.pem", "--key", "pkcs11:nosuch=x", "localhost:1"])
way("no such socket", "not_connected", None, "nosuch.sock: No such file", command=["connect", "--unix-socket", "nosuch.sock",
    "https://localhost/"])
way("an own address that this machine does not have", "not_connected", nobody, "from 192.0.2.1: Cannot assign requested address",
    command=["connect", "--interface", "192.0.2.1", "https://127.0.0.1:{port}/"])
way("the proxy wants a password", "proxy_refused",
    says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", first=True, then="close"), "407 Proxy Authentication Required",
    command=["connect", "--proxy", "http://127.0.0.1:{port}", "https://example.org/"])
way("the proxy is silent", "time_limit", says(b"", first=True), "limit of 300 ms", "proxy has not answered", code=28,
    command=["connect", "-m", "0.3", "--proxy", "127.0.0.1:{port}", "https://example.org/"])
way("the mail server has no STARTTLS", "starttls_refused",
    says(b"220 mail ESMTP\r\n250 mail\r\n502 command not known\r\n", first=True), "502 command not known",
    '"220"|beginning with', code=6, command=["connect", "--starttls", "smtp", "localhost:{port}"])

# ---- Not TLS

clear = rows("No TLS on the port")
clear("plain HTTP", "plain_http", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "HTTP answer", "TLS port",
      alert="unexpected_message")
clear("SSH", "plain_other", says(b"SSH-2.0-OpenSSH_9.2p1\r\n", first=True), "SSH", alert="unexpected_message")
clear("SMTP", "plain_other", says(b"220 mail.example ESMTP\r\n", first=True), "SMTP or FTP", "--starttls",
      alert="unexpected_message")
clear("IMAP", "plain_other", says(b"* OK IMAP4rev1 ready\r\n", first=True), "IMAP", alert="unexpected_message")
clear("something unknown", "not_tls", says(b"\xde\xad\xbe\xef\0\0\0\0"), "0xdeadbeef", alert="unexpected_message")

# ---- The bytes stop

stop = rows("The connection breaks off")
stop("end in mid-handshake", "transport_closed_in_handshake", says(b"", then="close"), "middle of the handshake")
stop("end inside a record", "transport_closed_in_handshake", says(b"\x16\3\3\0\x50\2", then="close"))
stop("reset in mid-handshake", "transport_reset", says(b"", then="reset"))
stop("silence in mid-handshake", "time_limit", says(b""), "limit of 300 ms", "handshake", code=28,
     command=["connect", "--cacert", "root.pem", "--connect-timeout", "0.3", "https://localhost:{port}/"])
stop("silence instead of an answer", "time_limit", https(silent), "limit of 700 ms", code=28,
     command=["connect", "--cacert", "root.pem", "-m", "0.7", "https://localhost:{port}/"])
stop("an orderly close in mid-handshake", "peer_closed_early", script(lambda s: (s.client_hello(), s.alert(0, 1))),
     "before the handshake was complete")


def truncated(s):
    s.handshake()
    s.send(DATA, b"half of it")
    s.sock.close()


stop("end without close_notify", "truncated", script(truncated), "length", command=RAW)


# ---- Records

def then(*steps):
    """A whole handshake, then these records."""
    def talk(s):
        s.handshake()
        for kind, body in steps:
            s.send(kind, body)
    return script(talk)


def hello_then(*steps):
    """ClientHello heard, ServerHello said, then these records."""
    def talk(s):
        s.client_hello()
        s.server_hello()
        for kind, body in steps:
            s.send(kind, body)
    return script(talk)


def altered(s):
    s.handshake()
    sealed = bytearray(s.seal(DATA, b"data"))
    sealed[-1] ^= 1
    s.raw(sealed)


rec = rows("Records")
rec("a record of TLS 1.0 inside TLS 1.2", "record_version", script(lambda s: (s.client_hello(), s.server_hello(),
    s.send(HANDSHAKE, message(14, b""), 0x0301))), "TLS 1.0", "TLS 1.2", alert="protocol_version")
rec("a record of an unknown type", "record_type", hello_then((99, b"?")), r"\b99\b", alert="unexpected_message")
rec("a record too long", "record_overflow", says(b"\x16\3\3\x40\1"), "16385", "16384", alert="record_overflow")
rec("a protected record too long", "record_overflow", then((DATA, bytes(16385))), "16385", "16384", command=RAW,
    alert="record_overflow")
rec("an empty handshake record", "record_empty", says(record(HANDSHAKE, b"")), r"handshake \(22\)",
    alert="unexpected_message")
rec("many empty records", "record_too_many_empty", then(*[(DATA, b"")] * 40), r"\b33\b", command=RAW,
    alert="unexpected_message")
rec("a protected record too short", "record_too_short", script(lambda s: (s.handshake(), s.raw(record(DATA, b"short")))),
    r"\b5 bytes", r"\b16\b", command=RAW, alert="bad_record_mac")
rec("a record altered on the way", "record_mac", script(altered), "Record 1", "altered", command=RAW, alert="bad_record_mac")
rec("application data before the handshake is complete", "record_unexpected", hello_then((DATA, b"data")),
    r"application_data \(23\)", "Certificate", alert="unexpected_message")
rec("an early ChangeCipherSpec", "ccs_unexpected", hello_then((CCS, b"\1")), "Certificate", "attack",
    alert="unexpected_message")
rec("a ChangeCipherSpec that is not 1", "ccs_bad", script(lambda s: (s.first_flight(), s.second_flight(), s.change(b"\2"))),
    r"\b2\b", alert="decode_error")
rec("ChangeCipherSpec after the handshake", "record_after_handshake", then((CCS, b"\1")), r"change_cipher_spec \(20\)",
    command=RAW, alert="unexpected_message")
rec("keys change inside a message", "keys_mid_message", script(lambda s: (s.first_flight(), s.second_flight(),
    s.send(HANDSHAKE, b"\x14\0"), s.change())), "half received", alert="unexpected_message")

# ---- Messages

msg = rows("Handshake messages")
msg("a ServerHello cut short", "decode", says(record(HANDSHAKE, message(2, b"\3\3" + bytes(20)))), "ServerHello", "random",
    "byte 6", alert="decode_error")
msg("bytes behind a ServerHello's end", "decode_trailing", script(lambda s: (s.client_hello(), s.server_hello(more=b"more"))),
    "ServerHello", r"\b4 bytes", alert="decode_error")
msg("a message too long", "message_too_long", says(record(HANDSHAKE, b"\x0b\xff\xff\xff")), "16777215", r"\d+ are allowed",
    alert="decode_error")
msg("a chain of certificates without end", "handshake_too_big", script(lambda s: (s.client_hello(), s.server_hello(),
    s.certificate(der=[b"x"] * 16000), s.done())), r"131072 bytes of memory", alert="handshake_failure")
msg("a message out of order", "message_unexpected", script(lambda s: (s.client_hello(), s.server_hello(), s.done())),
    "ServerHelloDone", "Certificate", alert="unexpected_message")
msg("bytes before their turn", "message_early", script(lambda s: (s.client_hello(), s.server_hello(), s.certificate(),
    s.server_key_exchange(), s.send(HANDSHAKE, message(14, b"") + b"\4"))), "ServerHelloDone", alert="unexpected_message")
msg("Finished in the clear", "message_unexpected", script(lambda s: (s.first_flight(), s.second_flight(), s.finished())),
    "Finished", "ChangeCipherSpec", alert="unexpected_message")
msg("a handshake message after the handshake", "message_after_handshake", then((HANDSHAKE, message(11, bytes(3)))),
    "Certificate", command=RAW, alert="unexpected_message")
msg("renegotiation asked for again and again", "renegotiation_refused", then(*[(HANDSHAKE, message(0, b""))] * 5), r"\b4 times",
    command=RAW, alert="unexpected_message")


def again(binding=None, ems=True, name="good"):
    """The server asks for another handshake and makes it, with something wrong in it."""
    def talk(s):
        s.first_flight()
        s.second_flight()
        client = s.transcript[-12:]  # what its Finished says
        s.change()
        s.finished()
        bound = client + s.transcript[-12:] if binding is None else binding
        s.send(HANDSHAKE, message(0, b""))
        s.transcript = b""
        s.client_hello()
        s.server_hello(extensions=((EMS,) if ems else ()) + (extension(0xff01, with_len(bound, 1)),))
        s.certificate(name, "inter")
        s.server_key_exchange(key=name)
        s.done()
        s.second_flight()
        s.change()
        s.finished()
        s.send(DATA, b"after it")
        s.alert(0, 1)
    return script(talk)


ANEW = ["connect", "--cacert", "root.pem", "--renegotiate", "localhost:{port}"]
msg("a renegotiation that is not bound to the handshake before", "renegotiation_binding", again(binding=bytes(24)), r"\b24\b",
    "CVE-2009-3555", command=ANEW, alert="handshake_failure")
msg("a renegotiation without any binding", "renegotiation_binding", again(binding=b""), r"\b0 bytes", command=ANEW,
    alert="handshake_failure")
msg("a renegotiation without the extended master secret", "renegotiation_ems", again(ems=False), "extended master secret",
    command=ANEW, alert="handshake_failure")
msg("a renegotiation with another certificate", "renegotiation_certificate", again(name="twin"), "another certificate",
    command=ANEW, alert="illegal_parameter")
msg("HelloRequest with content", "message_too_long", then((HANDSHAKE, message(0, b"xy"))), "HelloRequest", r"\b2 bytes",
    command=RAW, alert="decode_error")
msg("a wrong Finished", "finished_bad", script(lambda s: (s.first_flight(), s.second_flight(), s.change(),
    s.finished(bytes(12)))), "same handshake", alert="decrypt_error")
msg("a Finished of the wrong length", "decode", script(lambda s: (s.first_flight(), s.second_flight(), s.change(),
    s.finished(bytes(11)))), "Finished", "verify_data is too short", alert="decode_error")

# ---- Alerts


def refuses(number, level=2):
    return script(lambda s: (s.client_hello(), s.alert(number, level)))


alerts = rows("Alerts from the server")
for number, *sees in ((40, "handshake_failure", "common"), (42, "bad_certificate"), (47, "illegal_parameter"),
                      (49, "access_denied", "operator"), (50, "decode_error"), (70, "protocol_version", "TLS 1.2"),
                      (71, "insufficient_security"), (80, "internal_error"), (90, "user_canceled"),
                      (112, "unrecognized_name", "--servername"), (116, "certificate_required", "certificate")):
    alerts(f"the server refuses: {sees[0]}", "peer_alert", refuses(number), rf"{sees[0]} \({number}\)", *sees[1:])
alerts("the server refuses with an alert that nobody knows", "peer_alert", refuses(211), r"\b211\b", "log")
alerts("OpenSSL has no common protocol", "peer_alert", s_server("good", "-alpn", "h3", chain="good_chain"),
       r"no_application_protocol \(120\)", "http/1.1")
alerts("a server that speaks only TLS 1.3", "peer_alert", s_server("good", version="-tls1_3"), r"protocol_version \(70\)", "TLS 1.3")
asks = ("-Verify", "1", "-CAfile", "root.pem", "-verify_return_error")
alerts("a client certificate is required, none is given", "peer_alert", s_server("good", *asks, chain="good_chain"),
       r"handshake_failure \(40\)", "asked for a client certificate and got none")
alerts("the client certificate is not trusted", "peer_alert", s_server("good", *asks, chain="good_chain"), r"unknown_ca \(48\)",
       "issuer", command=[*URL[:-1], "--cert", "self.pem", "--key", "self.key", URL[-1]])
alerts("the client certificate has expired", "peer_alert", s_server("good", *asks, chain="good_chain"),
       r"certificate_expired \(45\)", "Renew", command=[*URL[:-1], "--cert", "old_client_chain.pem", "--key", "old_client.key", URL[-1]])
alerts("an alert of one byte", "alert_bad", script(lambda s: (s.client_hello(), s.send(ALERT, b"\2"))), r"\b1 came",
       alert="decode_error")
alerts("an alert of an unknown level", "alert_level", refuses(40, level=7), r"\b7\b", alert="illegal_parameter")
alerts("warnings without end", "alert_too_many", script(lambda s: (s.client_hello(), *[s.alert(112, 1) for _ in range(6)])),
       r"\b5 warning", alert="unexpected_message")

# ---- Negotiation


def hello(**wrong):
    return script(lambda s: (s.client_hello(), s.server_hello(**wrong)))


def echoed(s):
    """Everything the client offered in the way of extensions, as an answer."""
    s.client_hello()
    s.server_hello(extensions=(EMS, RENEGOTIATION, *(extension(n, b) for n, b in s.offered.items() if n == 13)))


choice = rows("What the server chose")
choice("TLS 1.0", "version_unsupported", hello(version=0x0301), "TLS 1.0", alert="protocol_version")
choice("nothing, because the server speaks TLS 1.1 only", "peer_alert",
       s_server("good", "-cipher", "ALL:@SECLEVEL=0", version="-tls1_1"), r"handshake_failure \(40\)", "version")
choice("a suite that was not offered", "suite_not_offered", hello(suite=0x002f), "TLS_RSA_WITH_AES_128_CBC_SHA", "0x002f",
       alert="illegal_parameter")
choice("a suite of TLS 1.3", "suite_not_offered", hello(suite=0x1301), "TLS_AES_128_GCM_SHA256", alert="illegal_parameter")
choice("a key on a curve that was not offered", "cert_curve", script(lambda s: s.first_flight()), "secp256r1", "--groups|group",
       command=["connect", "--cacert", "root.pem", "--groups", "X25519", "https://localhost:{port}/"], alert="illegal_parameter", code=7)
choice("compression", "compression", hello(compression=1), r"method 1\b", "CRIME", alert="illegal_parameter")
choice("an extension that was not asked for", "extension_unsolicited", hello(extensions=(EMS, RENEGOTIATION, extension(15, b"\1"))),
       "ServerHello", r"heartbeat \(15\)", alert="unsupported_extension")
choice("an extension twice", "extension_twice", hello(extensions=(EMS, RENEGOTIATION, EMS)), "extended_main_secret|extended_master_secret",
       "ServerHello", alert="decode_error")
choice("an extension in the wrong message", "extension_misplaced", script(echoed), r"signature_algorithms \(13\)", "ServerHello",
       alert="illegal_parameter")
choice("a renegotiation_info that is not empty", "renegotiation_info", hello(extensions=(EMS, extension(0xff01, b"\2xy"))),
       "must be empty", alert="handshake_failure")
choice("no secure renegotiation", "no_secure_renegotiation", hello(extensions=(EMS,)), "known attack", alert="handshake_failure")
choice("point formats without the uncompressed one", "point_format", hello(extensions=(EMS, RENEGOTIATION, points(1))),
       "uncompressed", alert="illegal_parameter")
choice("an application protocol that was not offered", "alpn_not_offered", hello(extensions=(EMS, RENEGOTIATION, alpn("spdy/3"))),
       "spdy/3", alert="illegal_parameter")
choice("two application protocols", "decode", hello(extensions=(EMS, RENEGOTIATION, alpn("h2", "http/1.1"))), "more than one name",
       alert="decode_error")


def exchange(cert="good", **wrong):
    def talk(s):
        s.client_hello()
        s.server_hello()
        s.certificate(cert, "inter")
        s.server_key_exchange(**wrong)
        s.done()
    return script(talk)


choice("a group that was not offered", "group_not_offered", exchange(group=30, public=bytes(56)), r"x448 \(0x001e\)",
       alert="illegal_parameter")
choice("a curve given by its parameters", "curve_type", exchange(curve_type=1), r"curve type 1\b", alert="handshake_failure")
choice("a public key of the wrong length", "share_invalid", exchange(public=bytes(31)), "x25519", alert="illegal_parameter")
choice("a public key that is no good", "share_invalid", exchange(public=bytes(32)), "x25519", alert="illegal_parameter")
choice("a signature scheme that was not offered", "scheme_not_offered", exchange(scheme=0x0203, signature=bytes(70)),
       "ecdsa_sha1", "0x0203", alert="illegal_parameter")
choice("a signature scheme of another key", "scheme_wrong_key", exchange(scheme=0x0804, signature=bytes(256)),
       r"rsa_pss_rsae_sha256 \(0x0804\)", alert="illegal_parameter")
choice("a suite of another key", "suite_wrong_key", exchange("rsa", key="rsa"), "TLS_ECDHE_ECDSA_WITH_CHACHA20", alert="illegal_parameter")
choice("a signature that is wrong", "signature_bad", exchange(key="other"), "ServerKeyExchange", alert="decrypt_error")
choice("an RSA key exchange and nothing better", "peer_alert", s_server("rsa", "-cipher", "AES128-GCM-SHA256", chain="rsa_chain"),
       r"handshake_failure \(40\)", "suite")
choice("only a group that was not offered", "peer_alert", s_server("rsa", "-groups", "P-521", chain="rsa_chain"),
       r"handshake_failure \(40\)", "group", command=["connect", "--cacert", "root.pem", "--groups", "x25519",
                                                      "https://localhost:{port}/"])

# ---- Certificates

cert = rows("The server's certificate", 7)


def flaw(title, reason, name, *sees, key=None, chain=None, words=(), **more):
    if chain is None:
        chain = "good_chain"
    cert(title, reason, s_server(name, *words, chain=chain, key=key), *sees, **more)


def sends(*names, **more):
    """A chain that openssl would not send."""
    def talk(s):
        s.client_hello()
        s.server_hello()
        s.certificate(*names, **more)
        s.server_key_exchange(key=names[0] if names else "good")
        s.done()
    return script(talk)


flaw("it is for another name", "cert_name_mismatch", "other", "localhost is not among", "other.example", r"\*\.wild\.example",
     alert="bad_certificate")
flaw("the address is not in it", "cert_name_mismatch", "ip_only", "127.0.0.1", "192.0.2.7", alert="bad_certificate",
     command=["connect", "--cacert", "root.pem", "https://127.0.0.1:{port}/"])
flaw("only the common name is right", "cert_no_names", "no_names", "localhost", "common name", alert="bad_certificate")
flaw("it has addresses only", "cert_no_names", "ip_only", "localhost", alert="bad_certificate")
flaw("it has expired", "cert_expired", "expired", "2025-07-01 12:00:00", "clock here says", "renew", alert="certificate_expired")
flaw("it is not yet valid", "cert_not_yet_valid", "early", "2040-01-01", "clock", alert="bad_certificate")
flaw("it has expired at the time given", "cert_expired", "good", "2046-01-01", "2050-06-01", alert="certificate_expired",
     command=["connect", "--cacert", "root.pem", "--attime", "2050-06-01", "https://localhost:{port}/"])
flaw("its issuer is unknown", "cert_unknown_issuer", "strange", "CN=Nobody's Root", "--cacert", chain="strange", alert="unknown_ca")
flaw("an intermediate certificate is missing", "cert_unknown_issuer", "good", "CN=Test Intermediate", "intermediate",
     chain="good", alert="unknown_ca")
flaw("it is signed by itself", "cert_self_signed", "self", "--cacert", chain="self", alert="unknown_ca")
flaw("its issuer is not trusted here", "cert_unknown_issuer", "good", "Test Intermediate|Test Root", alert="unknown_ca",
     command=["connect", "--cacert", "stranger.pem", "https://localhost:{port}/"])
flaw("it was altered", "cert_signature", "forged", "certificate", "key does not verify", alert="bad_certificate")
cert("it is signed with SHA-1", "cert_algorithm", sends("sha1", "inter"), "(?i)sha1", "SHA-256", alert="bad_certificate")
cert("it names two algorithms", "cert_algorithm_mismatch", sends("two_algorithms", "inter"), "two different", alert="bad_certificate")
flaw("its RSA key is too small", "cert_weak_key", "weak", "1024 bits", "2048", "stronger", alert="bad_certificate",
     words=("-cipher", "ALL:@SECLEVEL=0"))
cert("its key is on a curve that TLS does not use here", "cert_key_unsupported", sends("k256", "inter"), "secp256k1|1.3.132.0.10",
     alert="unsupported_certificate")
cert("it is a CA's", "cert_ca_as_leaf", sends("ca_leaf", "inter"), "CA certificate", "CA:FALSE", alert="bad_certificate")
flaw("it is for clients only", "cert_extended_key_usage", "client_only", "serverAuth", alert="unsupported_certificate")
cert("its key may not sign", "cert_key_usage", sends("encipher_only", "inter"), "digitalSignature", alert="unsupported_certificate")
flaw("a critical extension is unknown", "cert_critical_extension", "critical", r"1\.2\.3\.4", alert="unsupported_certificate")
cert("its serial number is negative", "cert_profile", sends("negative", "inter"), "serial number is negative", alert="bad_certificate")
cert("it can't be read", "cert_unreadable", sends("cut", "inter"), alert="decode_error")
cert("there is none", "cert_none", sends(der=[]), alert="bad_certificate")
cert("it is empty", "decode", sends(der=[b""]), alert="decode_error", code=6)
cert("it was issued by one that is no CA", "cert_not_ca", sends("below_not_ca", "not_ca", "inter"), "ertificate 1 of the chain",
     alert="bad_certificate")
cert("its issuer may not sign certificates", "cert_key_usage", sends("below_no_sign", "no_sign", "inter"), "ertificate 1 of the chain",
     "keyCertSign", alert="unsupported_certificate")
cert("its issuer has expired", "cert_expired", sends("below_old_ca", "old_ca", "inter"), "ertificate 1 of the chain", "2025-01-01",
     alert="certificate_expired")
cert("the path is longer than a CA allows", "cert_path_length", sends("below_zero", "under_zero", "zero", "inter"), "allows 0", "has 1",
     alert="bad_certificate")
cert("a CA above it forbids the name", "cert_name_constraint", sends("below_names", "names", "inter"), "the DNS name localhost",
     alert="bad_certificate")
cert("the constraints of a CA are malformed", "cert_name_constraint_bad", sends("below_bad_names", "bad_names", "inter"),
     "nameConstraints|constraints", alert="bad_certificate")
cert("the path is longer than fede allows", "cert_chain_too_long", sends("below_deep", *[f"deep{i}" for i in range(11, -1, -1)]),
     "12 certificates", "at most 10", alert="bad_certificate")
cert("names and constraints without end", "cert_constraint_budget", sends("below_many", "many", "inter"), r"\d+ steps",
     alert="bad_certificate")

def stapled(name, kind=b"\1", response=b"\x30\0"):
    """The server answers status_request with these bytes."""
    def talk(s):
        s.client_hello()
        s.server_hello(extensions=(EMS, RENEGOTIATION, extension(5)))
        s.certificate(name, "inter")
        s.say(22, kind + with_len(response, 3))
        s.server_key_exchange(key=name)
        s.done()
    return script(talk)


STATUS = ["connect", "--cacert", "root.pem", "--status", "https://localhost:{port}/"]
cert("the OCSP response is none", "cert_staple_bad", stapled("good"), "OCSP response", "DER SEQUENCE", command=STATUS,
     alert="bad_certificate_status_response")
cert("the status is of another type", "field_value", stapled("good", b"\7"), "CertificateStatus", "status_type", command=STATUS, code=6,
     alert="illegal_parameter")
flaw("it promises an OCSP response, and none comes", "cert_staple_missing", "must_staple", "must-staple", "stapling", command=STATUS,
     alert="bad_certificate_status_response")
flaw("no OCSP response comes, and one is demanded", "cert_revocation_unknown", "good", "asked for an OCSP response and sent none",
     command=["connect", "--cacert", "root.pem", "--cert-status", "https://localhost:{port}/"], alert="bad_certificate")
cert("a revocation list that is none", "crl_unreadable", None, "neither DER nor PEM", code=6,
     command=["connect", "--cacert", "root.pem", "--crl", "root.pem", "https://localhost:1/"])

# ---- HTTP and the data

http = rows("The answer, the data", 13, HTTP1)
GET = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
http("an answer that is not HTTP", "http_malformed", https(b"Go away!\r\n\r\n"), "Go away!")
http("an answer cut short", "http_incomplete", https(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), "9 of 100")
http("no answer", "http_incomplete", https(b""), "head")
http("an answer cut short, and no close_notify", "truncated",
     https(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", unclean=True), code=6)
http("HTTP/2 that is none", "http2_failed", https(then_listens(b"this is not HTTP/2 at all, not one frame of it"), alpn="h2"), "--http1.1",
     command=URL)
http("status 404, and --fail", "http_status", https(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "404", code=8,
     command=[*HTTP1[:-1], "--fail", HTTP1[-1]])
http("redirects in circles", "http_redirects",
     https(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"), r"than 3 redirects", "--max-redirs", code=8,
     command=[*HTTP1[:-1], "-L", "--max-redirs", "3", HTTP1[-1]])
http("the file can't be written", "output_failed", https(GET), "missing/page: No such file or directory", code=1,
     command=[*HTTP1[:-1], "-o", "missing/page", HTTP1[-1]])
http("the disk is full", "output_failed", https(GET), "No space left on device", code=1, stdout="/dev/full", note=">/dev/full")
http("the input can't be read", "input_failed", script(lambda s: s.handshake()), "Is a directory", code=3, stdin="/",
     command=RAW, note="</")
http("Ctrl-C", "interrupted", https(silent), "signal", code=130, interrupt=True, advice=False)
http("the key log can't be written", "output_failed", nobody, "missing/keys.log: No such file", code=1,
     command=[*URL[:-1], "--keylog", "missing/keys.log", URL[-1]])

http("the key log may not be written", "output_failed", nobody, "locked/keys.log: Permission denied", code=11, nobody=True,
     command=[*URL[:-1], "--keylog", "locked/keys.log", URL[-1]])

# ---- The machine

here = rows("A machine that does not work", 1)
here("an openssl.cnf without a source of random bytes", "no_random", says(b""), "random bytes", "OPENSSL_CONF",
     alert="internal_error",
     env={"OPENSSL_CONF": "random.cnf"}, note="(OPENSSL_CONF=random.cnf)")
here("an openssl.cnf that wants FIPS where there is none", "crypto_failed", nobody, "does not start", "OPENSSL_CONF",
     env={"OPENSSL_CONF": "fips.cnf"}, note="(OPENSSL_CONF=fips.cnf)")

# ---- The command line

line = rows("The command line", 2)


def usage(title, *words, sees=(), reason="usage", peer=None, **more):
    line(title, reason, peer, *sees, command=[*words], **more)


usage("no command", sees=["commands?"])
usage("an unknown command", "conect", sees=["conect", "did you mean connect"])
usage("a URL without a command", "https://localhost/", sees=["fede connect https://localhost/"])
usage("an unknown option", "connect", "--cacrt", "x", "localhost", sees=["--cacrt", "did you mean --cacert"])
usage("an option without its value", "connect", "--cacert", sees=["--cacert needs a value: FILE"])
usage("an option of curl that fede does not have", "connect", "--http3", "https://localhost/", sees=["--http3", "QUIC"])
usage("old TLS asked for", "connect", "--tlsv1.0", "https://localhost/", sees=["RFC 8996"])
usage("no URL", "connect", sees=["URL"])
usage("a suite that does not exist", "connect", "--ciphers", "RC4", "localhost", sees=["RC4", "--help ciphers"])
usage("a group that does not exist", "connect", "--groups", "curve9", "localhost", sees=["curve9", "--help ciphers"])
usage("a group that fede does not have", "connect", "--groups", "sect163k1", "localhost", sees=["sect163k1", "--help ciphers"],
      reason="config_bad_value")
usage("a suite of the quarantine without --legacy", "connect", "--ciphers", "AES128-SHA", "localhost", sees=["quarantined", "--legacy"],
      reason="config_bad_value")
usage("the quarantine without a date and a reason", "connect", "--legacy", "rsa,cbc", "localhost", sees=["--legacy-until", "--legacy-reason"])
usage("a part of the quarantine that does not exist", "connect", "--legacy", "rc4", "localhost", sees=['"rc4"', "rsa, dhe, cbc"])
usage("the quarantine past its date", "connect", "--legacy", "cbc", "--legacy-until", "2026-01-31", "--legacy-reason", "the pump in hall 3",
      "--attime", "2026-02-01", "localhost", sees=["2026-02-01", "the pump in hall 3"], reason="config_legacy_expired")
usage("a number that is none", "connect", "-m", "soon", "localhost", sees=['"soon"', "seconds"])
usage("two options that exclude each other", "connect", "--http1.1", "--http2", "https://localhost/",
      sees=["--http1.1 and --http2"])
usage("data from a file that is not there", "connect", "-d", "@missing", "https://localhost/", sees=["missing", "No such file"])
usage("a URL without a host", "connect", "https:///path", sees=["host"], reason="url_bad")
usage("a URL with an unknown scheme", "connect", "gopher://localhost/", sees=["gopher"], reason="url_bad")
usage("a port that is none", "connect", "localhost:70000", sees=["70000"], reason="url_bad")
usage("a name that can't be one", "connect", "--verify-hostname", "a b", "--cacert", "root.pem", "localhost:{port}",
      sees=['"a b"', "hyphens"], reason="config_bad_name", peer=says(b"", first=True))
usage("trust anchors that are not there", "connect", "--cacert", "missing.pem", "https://localhost/",
      sees=["missing.pem", "No such file"], reason="config_trust_source", code=3)
usage("a file without trust anchors", "connect", "--cacert", "good.key", "https://localhost/",
      sees=["good.key", "BEGIN CERTIFICATE"], reason="config_trust_source", code=3)
usage("trust anchors that may not be read", "connect", "--cacert", "secret.pem", "https://localhost/", nobody=True,
      sees=["secret.pem", "Permission denied"], reason="config_trust_source", code=11)
usage("no trust anchors on this machine", "connect", "https://localhost:{port}/", peer=nobody, sees=["system's trust store", "BEGIN CERTIFICATE"],
      reason="config_trust_source", code=3, env={"SSL_CERT_FILE": "missing.pem"}, note="(without ca-certificates)")
usage("a directory without trust anchors", "connect", "--capath", "work", "https://localhost/", sees=["work"],
      reason="config_trust_source", code=3)
