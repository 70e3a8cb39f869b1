"""Further parts of make.py: SSL 3.0, and the form of SSL 2.0. Java still speaks the first and begins in the second when it is
told to (OldClient.java); NSS's server speaks SSL 3.0. SSL 2.0 itself no package has any more: `ssl2` builds such
connections with python3-cryptography, after the specification of 1995."""
import hashlib
import os
import socket
import struct
import threading

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.x509 import load_pem_x509_certificate
from cryptography.hazmat.primitives.serialization import Encoding
from certs import PASSWORD
from peers import s_server

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
except ImportError:
    from cryptography.hazmat.primitives.ciphers.algorithms import ARC4

JAVA = ["java", "--add-opens", "java.base/sun.security.ssl=ALL-UNNAMED", f"{os.path.dirname(os.path.abspath(__file__))}/OldClient.java"]
# name: (the server's version, its key, the client's protocols, suite)
FORMS = {
    "ssl2-hello-t12": ("1_2", "SSLv2Hello,TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    "ssl2-hello-t11": ("1_1", "SSLv2Hello,TLSv1.1", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    "ssl2-hello-t10-dhe": ("1", "SSLv2Hello,TLSv1", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
}
# name: (suite, more of the server, more of the client)
SSL3 = {
    "ssl3-aes": ("TLS_RSA_WITH_AES_128_CBC_SHA", [], []),
    "ssl3-aes-256": ("TLS_RSA_WITH_AES_256_CBC_SHA", [], []),
    "ssl3-dhe": ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", [], []),
    "ssl3-3des": ("SSL_RSA_WITH_3DES_EDE_CBC_SHA", [], []),
    "ssl3-arcfour-md5": ("SSL_RSA_WITH_RC4_128_MD5", [], []),
    "ssl3-arcfour-sha": ("SSL_RSA_WITH_RC4_128_SHA", [], []),
    "ssl3-client-certificate": ("TLS_RSA_WITH_AES_128_CBC_SHA", ["-r", "-r"], ["rsa-client.p12", PASSWORD]),
    "ssl3-no-certificate": ("TLS_RSA_WITH_AES_128_CBC_SHA", ["-r"], []),
}


def forms(scene, at):
    for name, (version, protocols, suite) in scene.rows(FORMS):
        with scene(name) as s:
            s_server(s, at, "rsa", f"-tls{version}", "-cipher", "ALL:@SECLEVEL=0", "-www", "-keylogfile", s.keys)
            s.run(*JAVA, s.port, protocols, suite, timeout=30)


def ssl3(scene, at):
    import servers
    own = f"{at}/nss-ssl3"
    servers.nss_database(own, f"{at}/rsa.p12", roots={"root": f"{at}/rsa-root.pem"}, trust="CT,C,C")
    for name, (suite, server, client) in scene.rows(SSL3):
        with scene(name) as s:
            s.serve("selfserv", "-d", f"sql:{own}", "-n", "rsa", "-p", s.port, "-V", "ssl3:ssl3", *server)
            r = s.run(*JAVA, s.port, "SSLv3", suite, *[f"{at}/{w}" if w.endswith(".p12") else w for w in client], timeout=30)
            with open(s.keys, "wb") as f:
                f.write(r.stdout)


# ---- SSL 2.0 ----

def v2_record(data):
    return struct.pack(">H", 0x8000 | len(data)) + data


class Way:
    """One direction with RC4 and MD5: the MAC is a hash of key, data and number."""

    def __init__(self, key, number):
        self.key, self.number, self.cipher = key, number, Cipher(ARC4(key), None).encryptor()

    def seal(self, data):
        mac = hashlib.md5(self.key + data + struct.pack(">I", self.number)).digest()
        self.number += 1
        return v2_record(self.cipher.update(mac + data))


CHALLENGE, CONNECTION, MASTER = bytes(range(16)), bytes(range(100, 116)), bytes(range(200, 216))
RC4_128, EXPORT = b"\1\0\x80", b"\2\0\x80"
V2_HELLO = b"\1\0\2" + struct.pack(">HHH", 9, 0, 16) + RC4_128 + EXPORT + b"\7\0\xc0" + CHALLENGE


def v2_client(port, public, cipher, clear):
    encrypted = public.encrypt(MASTER[clear:], padding.PKCS1v15())
    key = b"\2" + cipher + struct.pack(">HHH", clear, len(encrypted), 0) + MASTER[:clear] + encrypted
    out = Way(hashlib.md5(MASTER + b"1" + CHALLENGE + CONNECTION).digest(), 2)
    with socket.create_connection(("127.0.0.1", port)) as c:
        c.sendall(v2_record(V2_HELLO))
        c.recv(65536)
        c.sendall(v2_record(key) + out.seal(b"\3" + CONNECTION))
        c.recv(65536)
        c.sendall(out.seal(b"GET / HTTP/1.0\r\n\r\n"))
        while c.recv(65536):
            pass


def v2_server(listener, der, answer):
    c, _ = listener.accept()
    with c:
        c.recv(65536)
        if answer == "error":
            c.sendall(v2_record(b"\0\0\1"))
            return
        c.sendall(v2_record(b"\4\0\1\0\2" + struct.pack(">HHH", len(der), 6, 16) + der + RC4_128 + EXPORT + CONNECTION))
        c.recv(65536)
        out = Way(hashlib.md5(MASTER + b"0" + CHALLENGE + CONNECTION).digest(), 1)
        c.sendall(out.seal(b"\5" + CHALLENGE) + out.seal(b"\6" + bytes(16)))
        c.recv(65536)
        c.sendall(out.seal(b"HTTP/1.0 200 OK\r\n\r\nhello\n"))


def ssl2(scene, at):
    with open(f"{at}/rsa-leaf.pem", "rb") as f:
        leaf = load_pem_x509_certificate(f.read())
    for name, cipher, clear, answer in (("ssl2-connection", RC4_128, 0, "hello"), ("ssl2-export", EXPORT, 11, "hello"), ("ssl2-error", RC4_128, 0, "error")):
        with scene(name) as s:
            s.no_keys()
            with socket.create_server(("127.0.0.1", s.port)) as listener:
                other = threading.Thread(target=v2_server, args=(listener, leaf.public_bytes(Encoding.DER), answer))
                other.start()
                if answer == "error":
                    with socket.create_connection(("127.0.0.1", s.port)) as c:
                        c.sendall(v2_record(V2_HELLO))
                        c.recv(100)
                else:
                    v2_client(s.port, leaf.public_key(), cipher, clear)
                other.join()


TABLES = (forms, ssl3)
PARTS = (*TABLES, ssl2)
