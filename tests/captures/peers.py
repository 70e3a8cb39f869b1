"""Further parts of make.py: what else real peers can be made to say. Mostly tables: a row is a capture.

A row of OPENSSL or GNUTLS names the certificate, what the server and the client are told, and what is typed. SCRIPTED are
clients that begin a connection by hand; MEDDLED has a man in the middle who changes, drops or cuts records."""
import base64
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

GET = b"GET / HTTP/1.0\r\n\r\n"
LEGACY = ["-cipher", "ALL:@SECLEVEL=0"]
CLIENT = ["-cert", "{certs}/p256-leaf.pem", "-key", "{certs}/p256.key"]


def suite(name, *more):
    return ["-tls1_2", "-cipher", name + ":@SECLEVEL=0", *more]


def old(version, name, *more):
    return [f"-tls{version}", "-cipher", name + ":@SECLEVEL=0", *more]


PSK = ["-psk", "00112233445566778899aabbccddeeff", "-psk_identity", "somebody"]
# name: (certificate, options of both, of the server, of the client)
OPENSSL = {
    # CBC, MAC then encrypt and encrypt then MAC; CCM; key exchange without forward secrecy; hashes
    "t12-cbc-mte": ("rsa", suite("ECDHE-RSA-AES128-SHA256", "-no_etm"), [], []),
    "t12-cbc-sha1": ("rsa", suite("ECDHE-RSA-AES256-SHA"), [], []),
    "t12-cbc-sha1-mte": ("rsa", suite("ECDHE-RSA-AES128-SHA", "-no_etm"), [], []),
    "t12-cbc-sha384": ("p256", suite("ECDHE-ECDSA-AES256-SHA384"), [], []),
    "t12-cbc-sha384-mte": ("p256", suite("ECDHE-ECDSA-AES256-SHA384", "-no_etm"), [], []),
    "t12-static-rsa-cbc": ("rsa", suite("AES128-SHA"), [], []),
    "t12-static-rsa-cbc-mte": ("rsa", suite("AES256-SHA256", "-no_etm"), [], []),
    "t12-static-rsa-ccm": ("rsa", suite("AES128-CCM"), [], []),
    "t12-static-rsa-ccm8": ("rsa", suite("AES256-CCM8"), [], []),
    "t12-dhe-cbc": ("rsa", suite("DHE-RSA-AES128-SHA256"), [], []),
    "t12-dhe-chacha": ("rsa", suite("DHE-RSA-CHACHA20-POLY1305"), [], []),
    "t12-dhe-ccm": ("rsa", suite("DHE-RSA-AES256-CCM"), [], []),
    "t12-ccm8": ("p256", suite("ECDHE-ECDSA-AES128-CCM8"), [], []),
    "t12-ccm-256": ("p256", suite("ECDHE-ECDSA-AES256-CCM"), [], []),
    "t12-camellia": ("rsa", suite("ECDHE-RSA-CAMELLIA128-SHA256"), [], []),
    "t12-aria": ("rsa", suite("ECDHE-ARIA128-GCM-SHA256"), [], []),
    "t12-null": ("rsa", suite("NULL-SHA256"), [], []),
    "t12-anonymous": ("rsa", suite("ADH-AES128-GCM-SHA256"), [], []),
    "t12-anonymous-ecdh": ("rsa", suite("AECDH-AES256-SHA"), [], []),
    "t12-psk": ("rsa", suite("PSK-AES128-GCM-SHA256", *PSK), ["-psk_hint", "who are you"], []),
    "t12-psk-cbc": ("rsa", suite("PSK-AES128-CBC-SHA256", *PSK), [], []),
    "t12-dhe-psk": ("rsa", suite("DHE-PSK-AES256-GCM-SHA384", *PSK), [], []),
    "t12-ecdhe-psk": ("rsa", suite("ECDHE-PSK-CHACHA20-POLY1305", *PSK), [], []),
    "t12-rsa-psk": ("rsa", suite("RSA-PSK-AES128-GCM-SHA256", *PSK), [], []),
    # keys and groups
    "t12-p521": ("p521", ["-tls1_2"], [], ["-groups", "P-521"]),
    "t12-x448": ("rsa", ["-tls1_2"], [], ["-groups", "X448"]),
    "t12-ed448": ("ed448", ["-tls1_2"], [], []),
    "t12-rsa-pss": ("rsapss", ["-tls1_2"], [], []),
    "t12-rsa-pss-rsae": ("rsa", ["-tls1_2", "-sigalgs", "rsa_pss_rsae_sha384"], [], []),
    "t12-two-certificates": ("rsa", ["-tls1_2"], ["-dcert", "{certs}/p256-leaf.pem", "-dkey", "{certs}/p256.key"], []),
    # extensions
    "t12-status": ("p256", ["-tls1_2"], ["-status_file", "{certs}/staple.der"], ["-status"]),
    "t13-status": ("p256", ["-tls1_3"], ["-status_file", "{certs}/staple.der"], ["-status"]),
    "t12-sct": ("p256", ["-tls1_2"], ["-serverinfo", "{certs}/sct.pem"], ["-serverinfo", "18"]),
    "t13-sct": ("p256", ["-tls1_3"], ["-serverinfo", "{certs}/sct.pem"], ["-serverinfo", "18"]),
    "t12-alpn": ("p256", ["-tls1_2"], ["-alpn", "fede/1,http/1.1"], ["-alpn", "h2,http/1.1,fede/1"]),
    "t12-next-protocol": ("p256", ["-tls1_2"], ["-nextprotoneg", "http/1.1,fede/1"], ["-nextprotoneg", "fede/1"]),
    "t12-max-fragment": ("p256", ["-tls1_2"], [], ["-maxfraglen", "512"]),
    "t13-max-fragment": ("p256", ["-tls1_3"], [], ["-maxfraglen", "1024"]),
    "t12-no-name": ("p256", ["-tls1_2"], [], ["-noservername"]),
    "t12-fallback": ("p256", [], ["-max_protocol", "TLSv1.2"], ["-tls1_2", "-fallback_scsv"]),
    # certificates of clients
    "t12-client-empty": ("p256", ["-tls1_2"], ["-verify", "1"], []),
    "t12-client-refused": ("p256", ["-tls1_2"], ["-Verify", "1", "-verify_return_error", "-CAfile", "{certs}/rsa-root.pem"], CLIENT),
    "t12-client-required": ("p256", ["-tls1_2"], ["-Verify", "1"], []),
    "t12-client-authorities": ("p256", ["-tls1_2"], ["-Verify", "3", "-CAfile", "{certs}/ca.pem"], CLIENT),
    "t13-client-empty": ("p256", ["-tls1_3"], ["-verify", "1"], []),
    "t13-client-refused": ("p256", ["-tls1_3"], ["-Verify", "1", "-verify_return_error", "-CAfile", "{certs}/rsa-root.pem"], CLIENT),
    "t13-client-required": ("p256", ["-tls1_3"], ["-Verify", "1"], []),
    "t13-client-authorities": ("p256", ["-tls1_3"], ["-Verify", "3", "-CAfile", "{certs}/ca.pem"],
                               ["-cert", "{certs}/rsa-leaf.pem", "-key", "{certs}/rsa.key", "-cert_chain", "{certs}/rsa-int.pem"]),
    # TLS 1.0 and 1.1
    "t10-ecdhe-cbc": ("rsa", old("1", "ECDHE-RSA-AES128-SHA"), [], []),
    "t10-ecdhe-cbc-mte": ("rsa", old("1", "ECDHE-RSA-AES256-SHA", "-no_etm"), [], []),
    "t10-static-rsa": ("rsa", old("1", "AES256-SHA"), [], []),
    "t10-dhe": ("rsa", old("1", "DHE-RSA-AES128-SHA"), [], []),
    "t10-ecdsa": ("p256", old("1", "ECDHE-ECDSA-AES128-SHA"), [], []),
    "t10-client-certificate": ("rsa", old("1", "AES128-SHA"), ["-Verify", "1"], ["-cert", "{certs}/rsa-leaf.pem", "-key", "{certs}/rsa.key"]),
    "t11-ecdhe-cbc": ("rsa", old("1_1", "ECDHE-RSA-AES256-SHA"), [], []),
    "t11-static-rsa-mte": ("rsa", old("1_1", "AES128-SHA", "-no_etm"), [], []),
    "t11-dhe": ("rsa", old("1_1", "DHE-RSA-AES256-SHA"), [], []),
    "t11-psk": ("rsa", old("1_1", "PSK-AES128-CBC-SHA", *PSK), [], []),
    # TLS 1.3
    "t13-ccm": ("p256", ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], [], []),
    "t13-ccm8": ("p256", ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"], [], []),
    "t13-p256": ("p256", ["-tls1_3", "-groups", "P-256"], [], []),
    "t13-p384": ("p384", ["-tls1_3", "-groups", "P-384"], [], []),
    "t13-p521": ("p521", ["-tls1_3", "-groups", "P-521"], [], []),
    "t13-x448": ("p256", ["-tls1_3", "-groups", "X448"], [], []),
    "t13-ffdhe": ("p256", ["-tls1_3", "-groups", "ffdhe2048"], [], []),
    "t13-ed25519": ("ed25519", ["-tls1_3"], [], []),
    "t13-ed448": ("ed448", ["-tls1_3"], [], []),
    "t13-rsa-pss": ("rsapss", ["-tls1_3"], [], []),
    "t13-psk": ("p256", ["-tls1_3", *PSK], ["-nocert"], []),
    "t13-psk-without-dhe": ("p256", ["-tls1_3", "-allow_no_dhe_kex", *PSK], ["-nocert"], []),
    "t13-psk-retry": ("p256", ["-tls1_3", *PSK], ["-nocert", "-groups", "P-521"], ["-groups", "X25519:P-521"]),
    "t13-no-middlebox": ("p256", ["-tls1_3", "-no_middlebox"], [], []),
    "t13-padded": ("p256", ["-tls1_3", "-record_padding", "128"], [], []),
    "t13-no-tickets": ("p256", ["-tls1_3"], ["-num_tickets", "0"], []),
    "t13-alpn": ("p256", ["-tls1_3"], ["-alpn", "http/1.1"], ["-alpn", "h2,http/1.1"]),
    "t13-cookie": ("p256", ["-tls1_3"], ["-stateless"], []),
    # alerts
    "alert-protocol-version": ("p256", [], ["-tls1_2"], ["-tls1_3"]),
    "alert-handshake-failure-t13": ("p256", ["-tls1_3"], ["-ciphersuites", "TLS_AES_128_GCM_SHA256"], ["-ciphersuites", "TLS_AES_256_GCM_SHA384"]),
    "alert-no-group": ("p256", ["-tls1_3"], ["-groups", "P-521"], ["-groups", "X25519"]),
    "alert-no-application-protocol": ("p256", ["-tls1_2"], ["-alpn", "fede/1"], ["-alpn", "h2"]),
    "alert-no-application-protocol-t13": ("p256", ["-tls1_3"], ["-alpn", "fede/1"], ["-alpn", "h2"]),
    "alert-unrecognized-name": ("p256", ["-tls1_2"], ["-servername", "other.fede.test", "-servername_fatal", "-cert2",
                                                      "{certs}/rsa-leaf.pem", "-key2", "{certs}/rsa.key"], []),
    "alert-inappropriate-fallback": ("p256", [], [], ["-tls1_2", "-fallback_scsv"]),
    "alert-certificate-expired": ("expired", ["-tls1_2"], [], ["-CAfile", "{certs}/ca.pem", "-verify_return_error"]),
    "alert-certificate-expired-t13": ("expired", ["-tls1_3"], [], ["-CAfile", "{certs}/ca.pem", "-verify_return_error"]),
    "alert-bad-certificate": ("p256", ["-tls1_2"], [], ["-CAfile", "{certs}/ca.pem", "-verify_return_error", "-attime", "1000000000"]),
    "alert-certificate-unknown": ("client", ["-tls1_2"], [], ["-CAfile", "{certs}/ca.pem", "-verify_return_error", "-purpose", "sslserver"]),
    "alert-certificate-revoked": ("p256", ["-tls1_2"], [], ["-CAfile", "{certs}/ca.pem", "-CRL", "{certs}/p256.crl", "-crl_check", "-verify_return_error"]),
    "alert-psk-wrong": ("p256", ["-tls1_3", "-psk_identity", "somebody"], ["-nocert", "-psk", "00112233445566778899aabbccddeeff"],
                        ["-psk", "ffeeddccbbaa99887766554433221100"]),
    "alert-psk-wrong-t12": ("rsa", suite("PSK-AES128-GCM-SHA256", "-psk_identity", "somebody"), ["-psk", "00112233445566778899aabbccddeeff"],
                            ["-psk", "ffeeddccbbaa99887766554433221100"]),
}


def expand(words, at):
    return [w.replace("{certs}", at) for w in words]


def s_server(s, at, key, *words, port=None, **more):
    s.serve("openssl", "s_server", "-accept", port or s.port, "-cert", f"{at}/{key}-leaf.pem", "-cert_chain", f"{at}/{key}-int.pem", "-key",
            f"{at}/{key}.key", *words, **more)


def s_client(s, *words, stdin=GET, keys=True):
    name = [] if "-noservername" in words or "-servername" in words else ["-servername", "www.fede.test"]
    return s.run("openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", *name, *(["-keylogfile", s.keys] if keys else []), *words, stdin=stdin)


def more_openssl(scene, at):
    for name, (key, both, server, client) in scene.rows(OPENSSL):
        with scene(name) as s:
            s_server(s, at, key, "-www", *expand(both, at), *expand(server, at))
            s_client(s, "-ign_eof", *expand(both, at), *expand(client, at))


# name: [(who, what is typed)], certificate, options of both, of the server, of the client
TYPED = {
    "t13-post-handshake": ([("client", b"one\n"), ("server", b"c\n"), ("client", b"two\n")], "p256", ["-tls1_3"], ["-verify", "1"], ["-enable_pha", *CLIENT]),
    "t13-post-handshake-empty": ([("server", b"c\n"), ("client", b"two\n")], "p256", ["-tls1_3"], ["-verify", "1"], ["-enable_pha"]),
    "t13-key-updates": ([("client", b"one\n"), ("server", b"K\n"), ("server", b"said\n"), ("client", b"k\n"), ("client", b"K\n"), ("server", b"k\n"),
                         ("client", b"two\n")], "p256", ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], [], []),
    "t12-renegotiated-by-server": ([("client", b"one\n"), ("server", b"r\n"), ("client", b"two\n")], "p256", ["-tls1_2"], [], []),
    "t12-renegotiated-certificate": ([("client", b"one\n"), ("server", b"R\n"), ("client", b"two\n")], "p256", ["-tls1_2"], [], CLIENT),
    "t12-no-renegotiation": ([("client", b"one\n"), ("client", b"R\n"), ("client", b"two\n")], "p256", ["-tls1_2"], ["-no_renegotiation"], []),
    "t10-renegotiated": ([("client", b"one\n"), ("client", b"R\n"), ("client", b"two\n")], "rsa", old("1", "AES128-SHA"), ["-client_renegotiation"], []),
    "t12-conversation": ([("client", b"one\n"), ("server", b"two\n"), ("client", b"three\n"), ("server", b"Q\n")], "p256", ["-tls1_2"], [], []),
    "t13-conversation": ([("client", b"one\n"), ("server", b"two\n"), ("client", b"three\n"), ("server", b"Q\n")], "p256", ["-tls1_3"], [], []),
}


def typed(scene, at):
    for name, (lines, key, both, server, client) in scene.rows(TYPED):
        with scene(name) as s:
            s_server(s, at, key, *expand(both, at), *expand(server, at))
            p = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", "-servername", "www.fede.test", "-keylogfile", s.keys,
                                  *expand(both, at), *expand(client, at)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            time.sleep(0.2)
            try:
                for who, line in lines:
                    time.sleep(0.3)
                    to = p.stdin if who == "client" else s.server.stdin
                    to.write(line)
                    to.flush()
                time.sleep(0.3)
                p.stdin.close()
            except BrokenPipeError:
                pass
            p.wait(5)


def sessions(scene, at):
    """Connections that rest on earlier ones."""
    folder = at
    first, again = ["-sess_out", f"{folder}/session"], ["-sess_in", f"{folder}/session"]
    for name, both, server in (("t12-resumed-id", ["-tls1_2", "-no_ticket"], []), ("t12-resumed-cbc", suite("ECDHE-RSA-AES128-SHA256"), []),
                               ("t10-resumed", old("1", "AES128-SHA"), []), ("t11-resumed-id", old("1_1", "ECDHE-RSA-AES128-SHA", "-no_ticket"), []),
                               ("t13-resumed-chacha", ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], []),
                               ("t13-resumed-without-dhe", ["-tls1_3", "-allow_no_dhe_kex"], [])):
        with scene(name) as s:
            s_server(s, at, "rsa", "-www", *both, *server)
            s_client(s, "-ign_eof", *both, *first)
            s_client(s, "-ign_eof", *both, *again)
    with scene("t13-resumed-refused") as s:  # the ticket's key is gone
        s_server(s, at, "p256", "-www", "-tls1_3")
        s_client(s, "-ign_eof", *first)
        s.end_server()
        s_server(s, at, "p256", "-www", "-tls1_3")
        s_client(s, "-ign_eof", *again)
    with open(f"{folder}/early", "wb") as f:
        f.write(b"GET / HTTP/1.0\r\n\r\n")
    with scene("t13-early-data-refused") as s:
        s_server(s, at, "p256", "-tls1_3", "-early_data")
        s_client(s, *first, stdin=b"one\n")
        s.end_server()
        s_server(s, at, "p256", "-tls1_3")
        s_client(s, *again, "-early_data", f"{folder}/early", stdin=b"late\n")
    with scene("t13-early-data-retry") as s:
        s_server(s, at, "p256", "-tls1_3", "-early_data", "-no_anti_replay")
        s_client(s, *first, stdin=b"one\n")
        s.end_server()
        s_server(s, at, "p256", "-tls1_3", "-early_data", "-groups", "P-521")
        s_client(s, *again, "-early_data", f"{folder}/early", "-groups", "X25519:P-521", stdin=b"late\n")
    with scene("t13-resumed-retry") as s:
        s_server(s, at, "p256", "-tls1_3", "-groups", "P-384", "-www")
        s_client(s, "-ign_eof", *first, "-groups", "P-384")
        s_client(s, "-ign_eof", *again, "-groups", "X25519:P-384")


# name: certificate, priority of both, options of the server, of the client
V12, V13 = "NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"
OLD10, OLD11 = "LEGACY:-VERS-ALL:+VERS-TLS1.0", "LEGACY:-VERS-ALL:+VERS-TLS1.1"
GPSK = (["--pskpasswd", "{certs}/psk.txt"], ["--pskusername", "somebody", "--pskkey", "00112233445566778899aabbccddeeff"])
GNUTLS = {
    "gnutls-t10-3des": ("rsa", OLD10 + ":-CIPHER-ALL:+3DES-CBC", [], []),
    "gnutls-t10-arcfour": ("rsa", OLD10 + ":-CIPHER-ALL:+ARCFOUR-128", [], []),
    "gnutls-t11-aes": ("rsa", OLD11 + ":-CIPHER-ALL:+AES-256-CBC:-KX-ALL:+RSA", [], []),
    "gnutls-t11-dhe": ("rsa", OLD11 + ":-KX-ALL:+DHE-RSA", [], []),
    "gnutls-t12-3des": ("rsa", "LEGACY:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+3DES-CBC", [], []),
    "gnutls-t12-arcfour": ("rsa", "LEGACY:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+ARCFOUR-128", [], []),
    "gnutls-t12-cbc-mte": ("p256", V12 + ":-CIPHER-ALL:+AES-128-CBC:%NO_ETM", [], []),
    "gnutls-t12-cbc-etm": ("p256", V12 + ":-CIPHER-ALL:+AES-256-CBC", [], []),
    "gnutls-t12-camellia-gcm": ("rsa", V12 + ":-CIPHER-ALL:+CAMELLIA-256-GCM", [], []),
    "gnutls-t12-ccm8": ("p256", V12 + ":-CIPHER-ALL:+AES-128-CCM-8", [], []),
    "gnutls-t12-dhe": ("rsa", V12 + ":-KX-ALL:+DHE-RSA:-GROUP-ALL:+GROUP-FFDHE3072", [], []),
    "gnutls-t12-psk": ("rsa", V12 + ":-KX-ALL:+PSK", *GPSK),
    "gnutls-t12-rsa-psk": ("rsa", V12 + ":-KX-ALL:+RSA-PSK", *GPSK),
    "gnutls-t12-anonymous": ("rsa", V12 + ":-KX-ALL:+ANON-ECDH", [], []),
    "gnutls-t12-status": ("p256", V12, ["--ocsp-response", "{certs}/staple.der"], []),
    "gnutls-t13-status": ("p256", V13, ["--ocsp-response", "{certs}/staple.der"], []),
    "gnutls-t12-heartbeat": ("p256", V12, ["--heartbeat"], ["--heartbeat"]),
    "gnutls-t12-resumed": ("p256", V12, [], ["--resume"]),
    "gnutls-t13-resumed": ("p256", V13, [], ["--resume", "--waitresumption"]),
    "gnutls-t12-rehandshake": ("p256", V12, [], ["--rehandshake"]),
    "gnutls-t13-compressed": ("p256", V13, ["--compress-cert", "zlib"], ["--compress-cert", "zlib"]),
    "gnutls-t13-raw-key": ("p256", V13 + ":+CTYPE-SRV-RAWPK", ["--rawpkkeyfile", "{certs}/p256.key", "--rawpkfile", "{certs}/p256-public.pem"], []),
    "gnutls-t12-raw-key": ("p256", V12 + ":+CTYPE-SRV-RAWPK", ["--rawpkkeyfile", "{certs}/p256.key", "--rawpkfile", "{certs}/p256-public.pem"], []),
    "gnutls-t13-ffdhe": ("rsa", V13 + ":-GROUP-ALL:+GROUP-FFDHE2048", [], []),
    "gnutls-t13-ccm": ("p256", V13 + ":-CIPHER-ALL:+AES-128-CCM", [], []),
    "gnutls-t13-psk": ("rsa", V13 + ":-KX-ALL:+ECDHE-PSK:+DHE-PSK:+PSK", *GPSK),
    "gnutls-t13-psk-alone": ("rsa", V13 + ":-KX-ALL:+PSK", *GPSK),
    "gnutls-t13-psk-alone-resumed": ("rsa", V13 + ":-KX-ALL:+PSK", GPSK[0], [*GPSK[1], "--resume", "--waitresumption"]),
    "gnutls-t13-psk-alone-early": ("rsa", V13 + ":-KX-ALL:+PSK", [*GPSK[0], "--earlydata"], [*GPSK[1], "--resume", "--waitresumption", "--earlydata", "{certs}/early"]),
    "gnutls-t13-early-data": ("p256", V13, ["--earlydata"], ["--resume", "--waitresumption", "--earlydata", "{certs}/early"]),
    "gnutls-record-size": ("p256", V13, ["--recordsize", "512"], ["--recordsize", "512"]),
    "gnutls-alert-psk": ("rsa", V12 + ":-KX-ALL:+PSK", GPSK[0], ["--pskusername", "nobody", "--pskkey", "00112233"]),
}


def more_gnutls(scene, at):
    for name, (key, priority, server, client) in scene.rows(GNUTLS):
        own = "rawpk" in " ".join(server)
        with scene(name) as s:
            s.serve("gnutls-serv", "--port", s.port, "--http", *([] if own else ["--x509certfile", f"{at}/{key}-chain.pem", "--x509keyfile",
                    f"{at}/{key}.key"]), "--priority", priority, "--ignore-ocsp-response-errors", *expand(server, at))
            s.run("gnutls-cli", "--port", s.port, "127.0.0.1", "--sni-hostname", "www.fede.test", "--no-ca-verification", "--priority",
                  priority, *expand(client, at), stdin=GET, env={"SSLKEYLOGFILE": s.keys}, timeout=6)


# ---- plain text first ----

# protocol: what the server says first, then answers to each line (b"" waits for a line and says nothing), by prefix of the line
# Protocol 10, with CLIENT_SSL among its capabilities; the client answers with 36 bytes that ask for TLS, and goes on with it.
MYSQL_GREETING = bytes.fromhex("4a000000") + b"\x0a8.0.33\0" + bytes.fromhex("0100000061626364656667680008aaff0200ffdf15") + bytes(10) + b"ijklmnopqrst\0" + b"mysql_native_password\0"
STARTTLS = {
    "starttls-pop3": (b"+OK ready\r\n", [b"+OK begin\r\n"]),
    "starttls-imap": (b"* OK IMAP4rev1\r\n", [b"* CAPABILITY IMAP4rev1 STARTTLS\r\n. OK done\r\n", b". OK begin\r\n"]),
    "starttls-ftp": (b"220 ready\r\n", [b"234 begin\r\n"]),
    "starttls-nntp": (b"200 ready\r\n", [b"101 list\r\nSTARTTLS\r\n.\r\n", b"382 begin\r\n"]),
    "starttls-sieve": (b'"IMPLEMENTATION" "fede"\r\n"STARTTLS"\r\nOK\r\n', [b"OK begin\r\n"]),
    "starttls-lmtp": (b"220 ready\r\n", [b"250-fede\r\n250 STARTTLS\r\n", b"220 begin\r\n"]),
    "starttls-irc": (b"", [b":fede 670 * :STARTTLS\r\n"]),
    "starttls-xmpp": (b"", [b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>"
                   b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"]),
    "starttls-postgres": (b"", [b"S"]),
    "starttls-mysql": (MYSQL_GREETING, [b""]),
    "starttls-ldap": (b"", [bytes.fromhex("300c02010178070a010004000400")]),
}
PLAIN_SERVER = """
import socket, ssl, sys, time
port, chain, key, hello, answers = int(sys.argv[1]), sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4]), [bytes.fromhex(a) for a in sys.argv[5:]]
l = socket.create_server(("127.0.0.1", port))
c, _ = l.accept()
c.settimeout(5)
if hello: c.sendall(hello)
for a in answers:
    c.recv(4096 if a else 36)
    if a: c.sendall(a)
x = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); x.load_cert_chain(chain, key)
t = x.wrap_socket(c, server_side=True)
t.recv(100); t.send(b"said after STARTTLS\\r\\n")
try: t.unwrap()
except OSError: pass
"""
PROXY = """
import select, socket, sys
l = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = l.accept()
c.settimeout(5)
while b"\\r\\n\\r\\n" not in c.recv(4096): pass
o = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
c.sendall(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
while True:
    for a in select.select([c, o], [], [], 5)[0] or sys.exit():
        d = a.recv(65536)
        if not d: sys.exit()
        (o if a is c else c).sendall(d)
"""


def plain_first(scene, at):
    for name, (hello_, answers) in scene.rows(STARTTLS):
        with scene(name) as s:
            s.serve(sys.executable, "-c", PLAIN_SERVER, s.port, f"{at}/p256-chain.pem", f"{at}/p256.key", hello_.hex(), *[a.hex() for a in answers])
            s_client(s, "-starttls", name.removeprefix("starttls-"), "-quiet", "-ign_eof", stdin=b"hello\r\n")


def proxied(scene, at):
    with scene("proxy-connect") as s:
        inner = s.free_port()
        behind = subprocess.Popen(["openssl", "s_server", "-accept", str(inner), "-cert", f"{at}/rsa-leaf.pem", "-key", f"{at}/rsa.key", "-cert_chain",
                                   f"{at}/rsa-int.pem", "-www"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        s.serve(sys.executable, "-c", PROXY, s.port, inner)
        s.run("curl", "-s", "--cacert", f"{at}/ca.pem", "-x", f"http://127.0.0.1:{s.port}", f"https://localhost:{inner}/", env={"SSLKEYLOGFILE": s.keys})
        behind.terminate()
        behind.wait()


# ---- clients by hand ----

def hello(**limits):
    """A ClientHello record of Python's ssl."""
    x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, value in limits.items():
        setattr(x, name, value)
    out = ssl.MemoryBIO()
    c = x.wrap_bio(ssl.MemoryBIO(), out, server_hostname="www.fede.test")
    try:
        c.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def body(record):
    return record[9:]


def record(kind, data, version=0x0301):
    return struct.pack(">BHH", kind, version, len(data)) + data


def message(kind, data):
    return bytes([kind]) + struct.pack(">I", len(data))[1:] + data


def extensions(data):
    """(what stands before, [(number, bytes)]) of a ClientHello's body"""
    at = 35 + data[34]
    at += 2 + struct.unpack_from(">H", data, at)[0]
    at += 1 + data[at]
    before, out = data[:at], []
    at += 2
    while at < len(data):
        number, n = struct.unpack_from(">HH", data, at)
        out.append((number, data[at + 4:at + 4 + n]))
        at += 4 + n
    return before, out


def rebuilt(before, list_):
    e = b"".join(struct.pack(">HH", n, len(d)) + d for n, d in list_)
    return record(22, message(1, before + struct.pack(">H", len(e)) + e))


def with_extensions(change):
    before, list_ = extensions(body(hello()))
    return [rebuilt(before, change(list_))]


def v2_hello():
    suites = b"".join(b"\0" + n.to_bytes(2, "big") for n in (0xc02f, 0x9c, 0x2f, 0xff))
    data = b"\1\3\3" + struct.pack(">HHH", len(suites), 0, 32) + suites + bytes(range(32))
    return [struct.pack(">H", 0x8000 | len(data)) + data]


def v3_hello():
    return [record(22, message(1, b"\3\0" + bytes(range(32)) + b"\0" + struct.pack(">H", 4) + b"\0\x2f\0\x0a" + b"\1\0"), 0x0300)]


def compressing():
    before, list_ = extensions(body(hello()))
    return [rebuilt(before[:-2] + b"\2\1\0", list_)]


def altered_share(list_):
    return [(n, d[:-32] + bytes(32) if n == 51 else d) for n, d in list_]


def in_tiny_records(whole):
    return [b"".join(record(22, whole[i:i + 1]) for i in range(5, len(whole)))]


T12 = {"maximum_version": ssl.TLSVersion.TLSv1_2}
SCRIPTED = {
    "ssl2-hello": v2_hello,
    "ssl3-hello": v3_hello,
    "hello-of-tiny-records": lambda: in_tiny_records(hello(**T12)),
    "hello-in-tiny-segments": lambda: [hello()[i:i + 1] if i < 20 else hello()[i:] for i in range(21)],
    "hello-compression": compressing,
    "hello-duplicate-extension": lambda: with_extensions(lambda x: x + [x[1]]),
    "hello-unknown-extensions": lambda: with_extensions(lambda x: x[:-1] + [(0xca34, b"1234"), (0xeeee, b""), x[-1]]),
    "alert-missing-extension": lambda: with_extensions(lambda x: [e for e in x if e[0] != 10]),
    "alert-illegal-parameter": lambda: with_extensions(altered_share),
    "alert-decode-error": lambda: [record(22, message(1, body(hello())[:-1]))],
    "alert-unexpected-message": lambda: [record(22, message(20, b"\0" * 12))],
    "alert-record-overflow": lambda: [record(22, message(1, b"\0" * 40)[:1]) + struct.pack(">BHH", 22, 0x0301, 0x5000) + b"\0" * 0x5000],
    "alert-data-first": lambda: [hello(**T12), record(23, b"too early", 0x0303)],
    "alert-change-cipher-spec-first": lambda: [hello(**T12), record(20, b"\1", 0x0303)],
    "alert-of-client": lambda: [hello(**T12), record(21, b"\2\x5a", 0x0303)],
    "alert-internal-error": lambda: [hello(), record(21, b"\2\x50", 0x0303)],
    "alert-close-in-handshake": lambda: [hello(**T12), record(21, b"\1\0", 0x0303)],
    "heartbeat-before-keys": lambda: [hello(**T12), record(24, b"\1\x40\0", 0x0303)],
    "hello-only": lambda: [hello()],
    "broken-hello": lambda: [record(22, message(1, body(hello())[:40] + b"\xff\xff" + body(hello())[42:]))],
    "unknown-record-type": lambda: [hello(**T12), record(99, b"what is this", 0x0303)],
    "empty-records": lambda: [hello(**T12), record(22, b"", 0x0303) * 3],
}


def scripted(scene, at):
    for name, make in scene.rows(SCRIPTED):
        with scene(name) as s:
            s_server(s, at, "rsa", *(["-cipher", "ALL:@SECLEVEL=0"] if name.startswith("ssl") else []))
            s.no_keys()
            with socket.create_connection(("127.0.0.1", s.port)) as c:
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for piece in make():
                    c.sendall(piece)
                    time.sleep(0.02 if name.endswith("segments") else 0.15)
                c.settimeout(0.4)
                try:
                    while c.recv(65536):
                        pass
                except OSError:
                    pass


# ---- in the middle ----

class Middle(threading.Thread):
    """Carries records between the capture's port and the real server; change(side, number, record) -> bytes, or None to cut."""

    def __init__(self, port, inner, change, how="close"):
        super().__init__(daemon=True)
        self.listener, self.inner, self.change, self.how = socket.create_server(("127.0.0.1", port)), inner, change, how
        self.start()

    def run(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.inner))
        other = threading.Thread(target=self.carry, args=("client", client, server), daemon=True)
        other.start()
        self.carry("server", server, client)
        other.join(3)
        client.close()
        self.listener.close()

    def carry(self, side, a, b):
        data, number = b"", 0
        try:
            while chunk := a.recv(65536):
                data += chunk
                while len(data) >= 5 and len(data) >= 5 + struct.unpack_from(">H", data, 3)[0]:
                    n = 5 + struct.unpack_from(">H", data, 3)[0]
                    number += 1
                    piece = self.change(side, number, data[:n])
                    data = data[n:]
                    if piece is None:
                        if self.how == "reset":
                            b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            b.close()
                        else:
                            b.shutdown(socket.SHUT_RDWR)
                        a.close()
                        return
                    b.sendall(piece)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def at(side, number, change):
    return lambda s, n, r: change(r) if (s, n) == (side, number) else r


def last_bit(r):
    return r[:-1] + bytes([r[-1] ^ 1])


def first_of(kind, side, change):
    seen = []

    def one(s, _, r):
        if s == side and r[0] == kind and not seen:
            seen.append(1)
            return change(r)
        return r
    return one


MEDDLED = {
    "altered-signature": (["-tls1_2"], at("server", 3, last_bit), "close"),
    "altered-share": (["-tls1_2"], at("server", 3, lambda r: r[:20] + bytes([r[20] ^ 1]) + r[21:]), "close"),
    "altered-finished": (["-tls1_2"], at("client", 4, last_bit), "close"),
    "altered-data": (["-tls1_2"], first_of(23, "server", last_bit), "close"),
    "altered-data-t13": (["-tls1_3"], at("server", 8, last_bit), "close"),
    "altered-encrypted-extensions": (["-tls1_3"], at("server", 3, last_bit), "close"),
    "altered-hello": (["-tls1_2"], at("client", 1, lambda r: r[:12] + bytes([r[12] ^ 1]) + r[13:]), "close"),
    "altered-cbc": (suite("ECDHE-RSA-AES128-SHA256"), first_of(23, "server", last_bit), "close"),
    "downgraded": ([], at("client", 1, lambda r: r.replace(b"\x03\x04", b"\x03\x03") if b"\0\x2b" in r else r), "close"),
    "cut-in-data": (["-tls1_2"], first_of(23, "server", lambda r: None), "close"),
    "cut-in-handshake": (["-tls1_2"], at("server", 3, lambda r: None), "close"),
    "reset-in-data": (["-tls1_3"], at("server", 9, lambda r: None), "reset"),
    "reset-in-handshake": (["-tls1_2"], at("client", 2, lambda r: None), "reset"),
    "no-close-notify": (["-tls1_2"], first_of(21, "server", lambda r: None), "close"),
    "warning-in-handshake": (["-tls1_2"], at("server", 1, lambda r: record(21, b"\1\x70", 0x0303) + r), "close"),
    "replayed-record": (["-tls1_2"], first_of(23, "client", lambda r: r + r), "close"),
    "dropped-record": (["-tls1_2"], at("server", 2, lambda r: b""), "close"),
    "certificate-not-a-certificate": (["-tls1_2"], at("server", 2, lambda r: r[:15] + b"\xff" * 40 + r[55:]), "close"),
    "suite-not-offered": (["-tls1_2"], at("server", 1, lambda r: r[:44 + r[43]] + b"\0\x2f" + r[46 + r[43]:]), "close"),
}


def meddled(scene, at_):
    for name, (both, change, how) in scene.rows(MEDDLED):
        with scene(name) as s:
            inner = s.free_port()
            s.serve("openssl", "s_server", "-accept", inner, "-cert", f"{at_}/rsa-leaf.pem", "-cert_chain", f"{at_}/rsa-int.pem", "-key", f"{at_}/rsa.key",
                    "-www", *both, listens=inner)
            Middle(s.port, inner, change, how)
            s_client(s, "-ign_eof", *both)


# ---- other stacks ----

def stacks(scene, at):
    """Go, Java, Mbed TLS, wolfSSL, BearSSL: the programs of tests/interop. As servers for openssl, as clients of fede; these keep the key log."""
    import build
    import clients
    import servers
    from cases import Case
    place, tool = os.path.dirname(at), os.environ.get("FEDE")
    os.makedirs(f"{place}/logs", exist_ok=True)
    os.makedirs(f"{place}/bin", exist_ok=True)
    build.build(f"{place}/bin")
    for (stack, words), (key, kind) in zip(servers.agents(place).items(), (("p256", "aes128"), ("rsa", "aes256"), ("p256", "aes256"), ("rsa", "chacha"), ("p256", "chacha"))):
        short = stack.split()[0].lower()
        agent = servers.Agent(place, stack, words)
        agent.start()
        port = agent.port(Case(key, kind, "x25519"))
        with scene(f"{short}-server-t12", port) as s:
            s_client(s, "-tls1_2", "-quiet", "-no_ign_eof", stdin=b"echo this\n")
        agent.stop()
        if not tool:
            continue
        with scene(f"{short}-client-t12") as s:
            s.serve(tool, "serve", "--listen", f"127.0.0.1:{s.port}", "--cert", f"{at}/{key}-chain.pem", "--key", f"{at}/{key}.key", "--echo",
                    "--keylog", s.keys)
            agent = clients.Agent(place, stack, words)
            agent.start()
            try:
                agent.connect(Case(key, kind, "x25519"), s.port, 300, 100)
            finally:
                agent.stop()


def nss(scene, at):
    import servers
    trusted, own = f"{at}/nss-trusted", f"{at}/nss-own"
    servers.nss_database(trusted, roots={"rsa": f"{at}/rsa-root.pem", "p256": f"{at}/p256-root.pem"})
    servers.nss_database(own, f"{at}/rsa.p12")
    with open(f"{at}/request", "wb") as f:
        f.write(GET)
    for name, server, client in (("nss-t13", ["-tls1_3"], ["-V", "tls1.3:tls1.3"]), ("nss-t12-false-start", ["-tls1_2"], ["-V", "tls1.2:tls1.2", "-g"]),
                                 ("nss-t12-cbc", suite("ECDHE-RSA-AES128-SHA"), ["-V", "tls1.2:tls1.2"]), ("nss-t13-ech-grease", ["-tls1_3"], ["-V", "tls1.3:tls1.3", "-i", "100"]),
                                 ("nss-t13-retry", ["-tls1_3", "-groups", "P-521"], ["-V", "tls1.3:tls1.3", "-I", "x25519,P521"]),
                                 ("nss-t12-status", ["-tls1_2", "-status_file", f"{at}/staple.der"], ["-V", "tls1.2:tls1.2", "-T", "-U"]),
                                 ("nss-t10", old("1", "AES128-SHA"), ["-V", "tls1.0:tls1.0"])):
        with scene(name) as s:
            s_server(s, at, "rsa", "-www", "-keylogfile", s.keys, *server)
            s.run("tstclnt", "-h", "127.0.0.1", "-a", "localhost", "-p", s.port, "-d", f"sql:{trusted}", "-f", "-o", "-A", f"{at}/request", *client, timeout=3)
    for name, server, client in (("nss-server-t12", ["-V", "tls1.2:tls1.2"], ["-tls1_2"]), ("nss-server-t13", ["-V", "tls1.3:tls1.3"], ["-tls1_3"]),
                                 ("nss-server-t10", ["-V", "tls1.0:tls1.0"], old("1", "ALL"))):
        with scene(name) as s:
            s.serve("selfserv", "-d", f"sql:{own}", "-n", "rsa", "-p", s.port, *server)
            s_client(s, "-ign_eof", *client)


def web(scene, at):
    """nginx with curl and Chromium."""
    for name, protocol, http, browser, more in (
            ("nginx-t13-http1", "TLSv1.3", "", False, ["--http1.1"]), ("nginx-t12-gzip", "TLSv1.2", "http2", False, ["--compressed"]),
            ("nginx-client-wanted", "TLSv1.2", "", False, ["--http1.1"]), ("nginx-post", "TLSv1.3", "http2", False, ["-d", "name=value&more=text"]),
            ("nginx-expect-alert", "TLSv1.3", "", False, ["--tls-max", "1.2"]), ("curl-refuses-name", "TLSv1.2", "", False, ["--connect-to", "::127.0.0.1"]),
            ("chromium-t13-h2", "TLSv1.3", "http2", True, []), ("chromium-t12-http1", "TLSv1.2", "", True, []), ("chromium-t12-h2", "TLSv1.2", "http2", True, [])):
        with scene(name) as s:
            root = f"{os.path.dirname(at)}/{name}"
            os.makedirs(f"{root}/html", exist_ok=True)
            with open(f"{root}/html/index.html", "w", encoding="ascii") as f:
                f.write("<!doctype html><title>page</title>" + "hello\n" * 100)
            with open(f"{root}/conf", "w", encoding="ascii") as f:
                f.write(f"daemon off; pid {root}/pid; error_log {root}/error; worker_processes 1; events {{}}\n"
                        f"http {{ access_log off; gzip on; gzip_min_length 1; types {{ text/html html; }} server {{ listen 127.0.0.1:{s.port} ssl {http}; root {root}/html;"
                        f" {'ssl_verify_client optional; ssl_client_certificate ' + at + '/ca.pem;' if 'client' in name else ''}"
                        f" ssl_certificate {at}/rsa-chain.pem; ssl_certificate_key {at}/rsa.key; ssl_protocols {protocol}; }} }}\n")
            s.serve("nginx", "-c", f"{root}/conf", "-p", root)
            if browser:
                s.run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server",
                      "--ignore-certificate-errors", f"--ssl-key-log-file={s.keys}", f"--user-data-dir={root}/data", "--dump-dom",
                      f"https://localhost:{s.port}/", env={"HOME": root, "DBUS_SESSION_BUS_ADDRESS": "/dev/null"}, timeout=40)
            else:
                target = "other.fede.test" if "name" in name else "localhost"
                s.run("curl", "-s", "--cacert", f"{at}/ca.pem", "--connect-to", f"::127.0.0.1:{s.port}", *[w for w in more if w != "::127.0.0.1" and w != "--connect-to"],
                      f"https://{target}/", env={"SSLKEYLOGFILE": s.keys})


def fede(scene, at):
    """The tool itself, where FEDE names it, on both sides."""
    tool = os.environ.get("FEDE")
    if not tool:
        print("FEDE is not set: no captures of fede itself")
        return
    for name, key, client in (("fede-t12", "p256", []), ("fede-t12-rsa-chacha", "rsa", ["--ciphers", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"])):
        with scene(name) as s:
            s.serve(tool, "serve", "--listen", f"127.0.0.1:{s.port}", "--cert", f"{at}/{key}-chain.pem", "--key", f"{at}/{key}.key", "--www")
            s.run(tool, "connect", "--cacert", f"{at}/ca.pem", "--keylog", s.keys, *client, f"https://localhost:{s.port}/")


# ---- certificates beyond those of interop/certs.py ----

def certificates(at):
    import certs
    certs.KEYS.update(ed448=["-algorithm", "ED448"], rsapss=["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"])
    certs.make(at)

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    with open(f"{at}/ca.conf", "w", encoding="ascii") as f:
        f.write(f"[ca]\ndefault_ca=x\n[x]\ndatabase={at}/index\nnew_certs_dir={at}\nrand_serial=yes\ndefault_md=sha256\ndefault_days=30\n"
                "default_crl_days=30\npolicy=p\n[p]\ncommonName=supplied\n")
    with open(f"{at}/index.attr", "w", encoding="ascii") as f:
        f.write("unique_subject = no\n")
    for name, dates, usage in (("expired", ["-startdate", "200101000000Z", "-enddate", "210101000000Z"], "serverAuth"), ("client", [], "clientAuth")):
        with open(f"{at}/index", "w", encoding="ascii"):
            pass
        with open(f"{at}/ext", "w", encoding="ascii") as f:
            f.write(certs.LEAF.replace("serverAuth", usage) % "")
        openssl("req", "-new", "-key", f"{at}/p256.key", "-subj", "/CN=localhost", "-out", f"{at}/csr")
        openssl("ca", "-batch", "-notext", "-config", f"{at}/ca.conf", "-in", f"{at}/csr", "-cert", f"{at}/p256-int.pem", "-keyfile", f"{at}/p256-int.key",
                *dates, "-extfile", f"{at}/ext", "-out", f"{at}/{name}-leaf.pem")
        for other in ("-int.pem", "-root.pem", ".key"):
            with open(f"{at}/p256{other}", "rb") as f, open(f"{at}/{name}{other}", "wb") as g:
                g.write(f.read())
    openssl("pkey", "-in", f"{at}/p256.key", "-pubout", "-out", f"{at}/p256-public.pem")
    with open(f"{at}/index", "w", encoding="ascii") as f:
        f.write("R\t350101000000Z\t260101000000Z\t03\tunknown\t/CN=localhost\n")
    openssl("ca", "-gencrl", "-config", f"{at}/ca.conf", "-cert", f"{at}/p256-int.pem", "-keyfile", f"{at}/p256-int.key", "-out", f"{at}/p256.crl")
    with open(f"{at}/index", "w", encoding="ascii") as f:
        f.write("V\t350101000000Z\t\t03\tunknown\t/CN=localhost\n")
    openssl("ocsp", "-index", f"{at}/index", "-CA", f"{at}/p256-int.pem", "-issuer", f"{at}/p256-int.pem", "-rsigner", f"{at}/p256-int.pem", "-rkey",
            f"{at}/p256-int.key", "-cert", f"{at}/p256-leaf.pem", "-reqout", f"{at}/request.der")
    openssl("ocsp", "-index", f"{at}/index", "-CA", f"{at}/p256-int.pem", "-rsigner", f"{at}/p256-int.pem", "-rkey", f"{at}/p256-int.key", "-reqin",
            f"{at}/request.der", "-respout", f"{at}/staple.der", "-ndays", "7")
    # A list of one SCT whose signature nobody made (RFC 6962 3.3), as the extension of a hello and of a certificate.
    sct = b"\0" + bytes(range(32)) + struct.pack(">Q", 1790000000000) + b"\0\0" + b"\4\3" + struct.pack(">H", 8) + b"\x30\6\2\1\1\2\1\1"
    list_ = struct.pack(">H", len(sct) + 2) + struct.pack(">H", len(sct)) + sct
    lines = base64.encodebytes(struct.pack(">IHH", 0x1d0, 18, len(list_)) + list_).decode()
    with open(f"{at}/sct.pem", "w", encoding="ascii") as f:
        f.write(f"-----BEGIN SERVERINFOV2 FOR fede-----\n{lines}-----END SERVERINFOV2 FOR fede-----\n")
    with open(f"{at}/psk.txt", "w", encoding="ascii") as f:
        f.write("somebody:00112233445566778899aabbccddeeff\n")
    with open(f"{at}/early", "wb") as f:
        f.write(GET)


TABLES = (more_openssl, typed, more_gnutls, plain_first, scripted, meddled)
PARTS = (*TABLES, sessions, proxied, stacks, nss, web, fede)
