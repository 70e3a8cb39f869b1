"""What is exported from connections (RFC 5705), the same on both sides, with other libraries in both roles. Debian's Go and
BearSSL have no extended master secret, without which fede exports nothing (RFC 7627 5.4); Java has no exporter."""
import re
import threading

import servers
from cases import Case
from client_auth import Serve, openssl_words
from tools import Failed, Process, Unable, converse, free_port, wait_for_port

PLAIN = Case("p256", "aes128", "x25519")
LINE = b"who is there?\n"
LABEL = "EXPERIMENTAL-fede"
ASKED = ("--keymatexport", LABEL, "--keymatexportlen", "40")
NSS = re.compile(r"Keying Material:\n((?:\s+(?:[0-9a-f]{2}:?)+\n)+)")  # lines of bytes with colons between them
OTHERS = re.compile(r"(?:[Ee]xported under \S+:\s+|Keying material: |Key material: )([0-9a-fA-F]+)")


def exported(text, pattern=OTHERS):
    found = pattern.search(text)
    if not found:
        raise Failed(f"nothing exported is in: {text[-300:]}")
    return re.sub(r"[\s:]", "", found.group(1)).lower()


def same(ours, theirs):
    if ours != theirs or len(ours) != 80:
        raise Failed(f"{ours} is not {theirs}")


# ---- fede is the client --------------------------------------------------------------------------------------------


def to_command(scene, words, name, pattern, send, enough):
    """A server that tells on its output what it exports."""
    port, log, said = free_port(), f"{scene.place}/logs/export-{name}.log", []
    p = Process([*words, str(port)], log=log)
    thread = threading.Thread(target=lambda: said.append(p.p.stdout.read().decode(errors="replace")), daemon=True)
    thread.start()
    try:
        wait_for_port(port, p)
        _, agreed = scene.fede(port, send, enough, options=ASKED)
    finally:
        p.stop()
    thread.join(10)
    same(exported(str(agreed["notes"])), exported("".join(said) + open(log, errors="replace").read(), pattern))


def to_openssl(scene):
    identity = f"-cert {scene.certs}/p256-leaf.pem -key {scene.certs}/p256.key -cert_chain {scene.certs}/p256-int.pem"
    words = f"openssl s_server -tls1_2 -keymatexport {LABEL} -keymatexportlen 40 {identity} -accept".split()
    to_command(scene, words, "openssl", OTHERS, b"", lambda o: True)


def to_gnutls(scene):
    identity = f"--x509certfile {scene.certs}/p256-chain.pem --x509keyfile {scene.certs}/p256.key"
    words = f"gnutls-serv --echo {identity} --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 --keymatexport={LABEL} --keymatexportsize=40 -p"
    to_command(scene, words.split(), "gnutls", OTHERS, LINE, lambda o: o == LINE)


def to_nss(scene):
    base = f"{scene.place}/nss-exports"
    wrong = servers.nss_database(base, f"{scene.certs}/p256.p12")
    if wrong:
        raise Unable(wrong)
    words = f"selfserv -d sql:{base} -n p256 -V tls1.2:tls1.2 -v -x {LABEL}:40 -p".split()
    to_command(scene, words, "nss", NSS, b"GET / HTTP/1.0\r\n\r\n", lambda o: b"200 OK" in o)


def to_agent(scene, name):
    """The peer says it in its first line."""
    port = scene.server_peer(name).port(PLAIN, "export")
    out, agreed = scene.fede(port, LINE, lambda o: o.endswith(LINE), options=ASKED)
    same(exported(str(agreed["notes"])), out.split(b"\n")[0].decode())


# ---- fede is the server --------------------------------------------------------------------------------------------


def from_command(scene, words_for, send=LINE, pattern=OTHERS):
    with Serve(scene, *ASKED, need="--request-cert") as server:
        _, out = converse(words_for(server.port), send, lambda o: send in o)
        theirs = exported(out.decode(errors="replace"), pattern)
        server.wait("exported under")
        same(exported(server.text()), theirs)


def from_openssl(scene):
    more = ["-keymatexport", LABEL, "-keymatexportlen", "40"]
    from_command(scene, lambda port: [w for w in openssl_words(scene, port) if w != "-quiet"] + more)


def from_gnutls(scene):
    words = f"gnutls-cli --x509cafile {scene.certs}/p256-root.pem --sni-hostname localhost --verify-hostname localhost"
    words += f" --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 127.0.0.1 --keymatexport={LABEL} --keymatexportsize=40 -p"
    from_command(scene, lambda port: [*words.split(), str(port)])


def from_nss(scene):
    """Its output is complete only at its end, which -Q brings right after the handshake."""
    base = f"{scene.place}/nss-exporting"
    wrong = servers.nss_database(base, roots={"p256": f"{scene.certs}/p256-root.pem"})
    if wrong:
        raise Unable(wrong)
    words = f"tstclnt -h 127.0.0.1 -a localhost -d sql:{base} -V tls1.2:tls1.2 -O -Q -x {LABEL}:40 -p".split()
    from_command(scene, lambda port: [*words, str(port)], b"", NSS)


def from_agent(scene, name):
    with Serve(scene, *ASKED, need="--request-cert") as server:
        theirs = scene.client_peer(name).connect(PLAIN, server.port, 100, 100, "export")
        server.wait("exported under")
        same(exported(server.text()), theirs)


AGENTS = ("Mbed TLS", "wolfSSL")
TESTS = (
    [
        ("fede -> openssl s_server", to_openssl, ()),
        ("openssl s_client -> fede", from_openssl, ()),
        ("fede -> gnutls-serv", to_gnutls, ()),
        ("gnutls-cli -> fede", from_gnutls, ()),
        ("fede -> NSS selfserv", to_nss, ()),
        ("NSS tstclnt -> fede", from_nss, ()),
    ]
    + [(f"fede -> {n}", to_agent, (n,)) for n in AGENTS]
    + [(f"{n} -> fede", from_agent, (n,)) for n in AGENTS]
)
