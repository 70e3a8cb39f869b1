"""Against real servers: openssl s_server, gnutls-serv. (nginx is in test_http2.)"""
from scene import Process, expect, same, test


def s_server(s, *words):
    return Process(s, "openssl", "s_server", "-accept", "127.0.0.1:PORT", "-cert", s.cert, "-key", s.key, "-tls1_2", "-quiet", *words)


@test
def real_openssl(s):
    with s_server(s, "-www") as p:
        r = s.connect(p.url + "/").ends(0, "HTTP/1.0 200")
        expect(b"ECDHE-ECDSA-AES128-GCM-SHA256" in r.out, str(r))
        for group in ("x25519", "secp256r1", "secp384r1", "secp521r1"):
            s.connect("--groups", ":".join(dict.fromkeys((group, "secp256r1"))), p.url + "/").ends(0, f"{group} share")
    with s_server(s, "-rev") as p:
        s.connect("--linger", "0.3", p.address, stdin=b"hello\nworld\n").ends(0).gives(b"olleh\ndlrow\n")
    with s_server(s, "-HTTP") as p:
        s.file("page", b"HTTP/1.0 200 OK\r\n\r\n" + b"0123456789" * 100000)
        r = s.connect(p.url + "/page")
        expect(r.code == 0 and r.out == b"0123456789" * 100000, f"{r.code} {len(r.out)}")


@test
def real_gnutls(s):
    with Process(s, "gnutls-serv", "--http", "--port", "PORT", "--x509certfile", s.cert, "--x509keyfile", s.key,
                 "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2") as p:
        r = s.connect(p.url + "/")
        expect(r.code == 0 and b"TLS1.2" in r.out, str(r))
    with Process(s, "gnutls-serv", "--echo", "--port", "PORT", "--x509certfile", s.cert, "--x509keyfile", s.key,
                 "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2") as p:
        s.connect("--linger", "0.3", p.address, stdin=b"ping\n").ends(0).gives(b"ping\n")
