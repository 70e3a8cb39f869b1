"""DHE in just the group asked for, ffdhe2048 and ffdhe3072 of RFC 7919, both roles; and Botan, a fifth library that knows
encrypt-then-MAC, whose command line tool says by a policy file what it may do."""
import shutil

import clients
import servers
from cases import Case
from legacy import IDS, LINE, PERMIT, Serve, ask, iana_name, is_cbc, key_of, named, priority
from tools import Failed, Process, Unable, converse, free_port, run, wait_for_port

KX, CIPHER = "DHE-RSA", "AES128-GCM-SHA256"
GROUPS = ("ffdhe2048", "ffdhe3072")
NSS_GROUP = {"ffdhe2048": "FF2048", "ffdhe3072": "FF3072"}
BOTAN_GROUP = {"ffdhe2048": "ffdhe/ietf/2048", "ffdhe3072": "ffdhe/ietf/3072"}


def asks(scene, port, answer, group):
    ask(scene, port, answer, KX, CIPHER, ("--groups", group))


def of_manner(group):
    """The manner of our own programs that have this group."""
    return "legacy" if group == "ffdhe2048" else f"legacy-{group}"


def only(group):
    return "--groups", group, "--ciphers", f"{KX}-{CIPHER}"


# ---- fede is the client --------------------------------------------------------------------------------------------


def to_openssl(scene, group):
    file = f"{scene.place}/logs/{group}.pem"
    run(["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{group}", "-out", file])
    peer = servers.OpenSSL(scene.place)
    port = peer.listen("rsa", "-dhparam", file, "-cipher", "ALL")
    try:
        asks(scene, port, "rev", group)
    finally:
        peer.stop()


def to_gnutls(scene, group):
    peer = servers.GnuTLS(scene.place)
    port = peer.listen("rsa", "--priority", priority(KX, [CIPHER], True, group))
    try:
        asks(scene, port, "echo", group)
    finally:
        peer.stop()


def to_nss(scene, group):
    folder, port = f"{scene.place}/nss-{group}", free_port()
    wrong = servers.nss_database(folder, f"{scene.certs}/rsa.p12")
    if wrong:
        raise Unable(wrong)
    words = f"selfserv -d sql:{folder} -n rsa -p {port} -V tls1.2:tls1.2 -H 2 -I {NSS_GROUP[group]} -c :{IDS[KX][CIPHER]}"
    p = Process(words.split(), log=f"{folder}.log")
    try:
        wait_for_port(port, p)
        asks(scene, port, "http", group)
    finally:
        p.stop()


def to_java(scene, group):
    peer = servers.Agent(scene.place, f"Java, {group}", java_with(scene, group))
    peer.start()
    try:
        asks(scene, peer.port(Case("rsa", "", "x25519")), "echo", group)
    finally:
        peer.stop()


def java_with(scene, group):
    """A later option of the same name counts."""
    words = servers.agents(scene.place)["Java JSSE"]
    return [*words[:-3], f"-Djdk.tls.namedGroups={group}", *words[-3:]]


def to_agent(scene, name, group):
    port = scene.server_peer(name).port(Case("rsa", "", "any"), of_manner(group))
    asks(scene, port, "echo", group)


# ---- fede is the server, with that group and no other --------------------------------------------------------------


def from_openssl(scene, group):
    with Serve(scene, "rsa", options=only(group)) as server:
        words = f"openssl s_client -connect 127.0.0.1:{server.port} -tls1_2 -CAfile {scene.certs}/ca.pem -cipher {KX}-{CIPHER}"
        code, out = run(words.split())
        if code != 0 or f"Server Temp Key: DH, {group[5:]} bits" not in out or "Verify return code: 0" not in out:
            raise Failed(f"exit status {code}: {out[-300:]}")


def from_gnutls(scene, group):
    with Serve(scene, "rsa", options=only(group)) as server:
        words = f"gnutls-cli --x509cafile {scene.certs}/rsa-root.pem --sni-hostname localhost --verify-hostname localhost"
        words += f" --priority {priority(KX, [CIPHER], True, group)} -p {server.port} 127.0.0.1"
        _, out = converse(words.split(), LINE, lambda o: LINE in o)
        if LINE not in out or f"(DHE-{group.upper()})".encode() not in out:
            raise Failed(f"{out[-300:]!r}")


def from_nss(scene, group):
    folder = f"{scene.place}/nss-from-{group}"
    wrong = servers.nss_database(folder, roots={"rsa": f"{scene.certs}/rsa-root.pem"})
    if wrong:
        raise Unable(wrong)
    with Serve(scene, "rsa", options=only(group)) as server:
        words = f"tstclnt -h 127.0.0.1 -a localhost -p {server.port} -d sql:{folder} -V tls1.2:tls1.2 -O -Q -v"
        code, out = run([*words.split(), "-c", f":{IDS[KX][CIPHER]}", "-I", NSS_GROUP[group]])
        if code != 0 or f"Key Exchange: {group[5:]}-bit DHE" not in out:
            raise Failed(f"exit status {code}: {out[-300:]}")


def from_java(scene, group):
    peer = clients.Agent(scene.place, "Java JSSE", java_with(scene, group))
    peer.start()
    try:
        with Serve(scene, "rsa", options=only(group)) as server:
            peer.connect(Case("rsa", iana_name(KX, CIPHER), "any"), server.port, 300, 100)
    finally:
        peer.stop()


def from_agent(scene, name, group):
    with Serve(scene, "rsa", options=only(group)) as server:
        case = Case("rsa", iana_name(KX, CIPHER), "secp256r1")
        scene.client_peer(name).connect(case, server.port, 300, 100, of_manner(group))


# ---- Botan ---------------------------------------------------------------------------------------------------------


BOTAN_MAC = {"SHA": "SHA-1", "SHA256": "SHA-256", "SHA384": "SHA-384"}


def botan(scene, kx, ciphers, etm=True, group="ffdhe2048"):
    """A policy with those suites alone; returns its path."""
    if not shutil.which("botan"):
        raise Unable("botan is not installed")
    names, macs = [], []
    for cipher in ciphers:
        aes, _, mac = cipher.partition("-")
        names.append("ChaCha20Poly1305" if aes == "CHACHA20" else f"AES-{aes[3:]}" + ("/GCM" if "GCM" in cipher else ""))
        macs.append(BOTAN_MAC[mac] if is_cbc(cipher) else "AEAD")
    exchange = {"RSA": "RSA", "DHE-RSA": "DH"}.get(kx, "ECDH")
    curve = BOTAN_GROUP[group] if kx == "DHE-RSA" else "secp256r1"
    signs = "ECDSA" if kx == "ECDHE-ECDSA" else "IMPLICIT RSA" if kx == "RSA" else "RSA"
    path = f"{scene.place}/logs/botan-{kx}-{'-'.join(ciphers)}-{etm}-{group}.policy"
    with open(path, "w") as f:
        f.write(f"allow_tls10 = false\nallow_tls11 = false\nallow_tls12 = true\nciphers = {' '.join(dict.fromkeys(names))}\n"
                f"macs = {' '.join(dict.fromkeys(macs))}\n"
                f"key_exchange_methods = {exchange}\nkey_exchange_groups = {curve}\nsignature_methods = {signs}\n"
                f"negotiate_encrypt_then_mac = {'true' if etm else 'false'}\nminimum_dh_group_size = 2048\n"
                "minimum_rsa_bits = 2048\nrequire_cert_revocation_info = false\n")
    return path


def to_botan(scene, kx, etm):
    botan_serves(scene, kx, [c for c in IDS[kx] if etm or is_cbc(c)], etm)


def botan_serves(scene, kx, ciphers, etm, group=None):
    port, key = free_port(), key_of(kx)
    policy = botan(scene, kx, ciphers, etm, group or "ffdhe2048")
    words = ["botan", "tls_server", f"{scene.certs}/{key}-chain.pem", f"{scene.certs}/{key}.key", f"--port={port}", f"--policy={policy}"]
    p = Process(words, log=f"{policy}.log")
    try:
        wait_for_port(port, p)
        for cipher in ciphers:
            ask(scene, port, "echo", kx, cipher, ("--groups", group) if group else (), etm)
    finally:
        p.stop()


def from_botan(scene, kx, etm):
    with Serve(scene, key_of(kx), options=named(kx)) as server:
        for cipher in IDS[kx]:
            if etm or is_cbc(cipher):
                botan_visits(scene, server, kx, cipher, etm)


def botan_visits(scene, server, kx, cipher, etm, group="ffdhe2048"):
    """Its tool keeps what it wants to write, which stdbuf prevents."""
    policy = botan(scene, kx, [cipher], etm, group)
    words = f"stdbuf -o0 botan tls_client 127.0.0.1 --port={server.port} --policy={policy} --skip-system-cert-store"
    code, out = converse([*words.split(), f"--trusted-cas={scene.certs}/{key_of(kx)}-root.pem"], LINE, lambda o: LINE in o)
    if LINE not in out:
        raise Failed(f"{cipher}: exit status {code}: {out[-300:]!r}")


def group_to_botan(scene, group):
    botan_serves(scene, KX, [CIPHER], True, group)


def group_from_botan(scene, group):
    with Serve(scene, "rsa", options=only(group)) as server:
        botan_visits(scene, server, KX, CIPHER, True, group)


PEERS = (("to openssl s_server", to_openssl), ("from openssl s_client", from_openssl), ("to gnutls-serv", to_gnutls),
         ("from gnutls-cli", from_gnutls), ("to NSS selfserv", to_nss), ("from NSS tstclnt", from_nss), ("to Java JSSE", to_java),
         ("from Java JSSE", from_java), ("to Botan", group_to_botan), ("from Botan", group_from_botan))
TESTS = (
    [(f"{group}, {name}", f, (group,)) for group in GROUPS for name, f in PEERS]
    + [(f"{group}, {way} {n}", f, (n, group)) for group in GROUPS for n in ("Mbed TLS", "wolfSSL")
       for way, f in (("to", to_agent), ("from", from_agent))]
    + [(f"{kx}, {'with' if etm else 'without'} encrypt-then-MAC, {way} Botan", f, (kx, etm))
       for kx in IDS for etm in (True, False) for way, f in (("to", to_botan), ("from", from_botan))]
)

# What a quick run leaves to the long one: groups between others' libraries, and what starts a process for each suite.
KEPT = ("RSA, with encrypt-then-MAC, from Botan", "ECDHE-ECDSA, without encrypt-then-MAC, from Botan")
LONG = [n for n, f, _ in TESTS if f in (to_java, from_java) or n.startswith("ffdhe2048") or (f == from_botan and n not in KEPT)]
