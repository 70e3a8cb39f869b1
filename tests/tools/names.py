"""fede lookup: versions, attacks, structs, registries, standards, OIDs, suggestions."""
import json
import os
import re

from scene import ROOT, expect, same, test


def found(s, *words):
    return json.loads(s.run("lookup", "--json", *words).ends(0).out)


@test
def lookup_suites_taken_apart(s):
    """Mission 57: the parts, the standard, what is thought of it."""
    one = found(s, "0xc030")[0]
    same((one["name"], one["parts"]["key_exchange"], one["parts"]["forward_secrecy"]), ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE", True), "parts")
    same(one["link"], "https://www.rfc-editor.org/rfc/rfc5289#section-3", "link")
    expect("recommended" in one["parts"]["judgement"], one["parts"]["judgement"])
    for suite, word in (("TLS_RSA_WITH_AES_128_CBC_SHA", "RFC 10015"), ("TLS_RSA_WITH_RC4_128_MD5", "RFC 7465"), ("TLS_RSA_WITH_NULL_SHA", "nothing is encrypted"),
                        ("TLS_DH_anon_WITH_AES_128_CBC_SHA", "anonymous"), ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "SWEET32"),
                        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", "FREAK"), ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "Lucky 13"),
                        ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "finite-field"), ("TLS_PSK_WITH_AES_128_CCM_8", "no forward secrecy"),
                        ("TLS_AES_128_GCM_SHA256", "nothing known against it")):
        expect(word in found(s, suite)[0]["parts"]["judgement"], f"{suite}: {found(s, suite)[0]['parts']['judgement']}")
    expect("as of 2026" in s.run("lookup", "0xc030").text, "the registries' date")
    same(one["registries_of"], "2026", "the registries' date")


@test
def lookup_versions(s):
    """Mission 71: numbers 3.0 to 3.4."""
    rows = {r["version"]: r["number"] for r in found(s, "versions")}
    same([rows[v].split(",")[0] for v in ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")], ["3.0", "3.1", "3.2", "3.3", "3.4"], "numbers")
    same(found(s, "3.3")[0]["version"], "TLS 1.2", "by number on the wire")
    expect(any(r.get("version") == "TLS 1.2" for r in found(s, "TLS 1.2")), "by name")


@test
def lookup_attacks(s):
    rows = found(s, "attacks")
    expect(len(rows) >= 35, f"{len(rows)} attacks")
    for row in rows:
        expect(row["what"] and row["fede"] and row["needs"] and row["attack"], str(row))
        expect(re.fullmatch(r"(19|20)\d\d|", row["year"]), str(row))
        same(found(s, row["attack"])[0]["attack"], row["attack"], "by its name")
    same(len({r["attack"] for r in rows}), len(rows), "names twice")
    for word, attack in (("poodle", "POODLE"), ("CVE-2014-0160", "Heartbleed"), ("downgrade", "version rollback"), ("robot", "Bleichenbacher"), ("lucky-13", "Lucky 13")):
        expect(attack in [r.get("attack") for r in found(s, word)], word)
    expect("SSL 3.0" in s.run("lookup", "POODLE").text, "as text")


@test
def lookup_structs(s):
    """Mission 83: every handshake message that the registry of the codec has, balanced braces."""
    for name in ("hello_request", "client_hello", "server_hello", "certificate", "server_key_exchange", "certificate_request", "server_hello_done",
                 "client_key_exchange", "certificate_verify", "finished", "new_session_ticket", "encrypted_extensions", "key_update", "ALPN", "SNI",
                 "key_share", "ChangeCipherSpec", "alert", "record"):
        one = found(s, name, "--struct")[0]
        expect(one["definition"].count("{") == one["definition"].count("}") > 0 or ";" in one["definition"], name)
        expect(one["link"].startswith("https://www.rfc-editor.org/rfc/rfc"), name)
    text = s.run("lookup", "client_hello", "--struct").ends(0).text
    expect("CipherSuite cipher_suites<2..2^16-2>;" in text and "select (extensions_present)" in text, text)
    expect("--struct" in s.run("lookup", "client_hello").text, "a hint")
    s.run("lookup", "nothing", "--struct").ends(9)


@test
def lookup_registries_and_standards(s):
    for word, least in (("content-type", 4), ("alerts", 25), ("extensions", 40)):
        expect(len(found(s, word)) >= least, f"{word}: {len(found(s, word))}")
    names = [r.get("name") for r in found(s, "RFC 7301")]
    expect({"application_layer_protocol_negotiation", "no_application_protocol"} <= set(names), str(names))
    expect(all(r.get("section", "RFC 5246 7.4").startswith("RFC 5246 7.4") for r in found(s, "rfc5246 7.4")), "a section")
    same([(r["oid"], r["dotted"]) for r in found(s, "2.5.4.3")], [("commonName", "2.5.4.3")], "an OID")
    same(found(s, "ecdsa-with-SHA256")[0]["dotted"], "1.2.840.10045.4.3.2", "by name")


@test
def lookup_suggests(s):
    for word, near in (("poodel", "POODLE"), ("client_helo", "client_hello"), ("heartbled", "Heartbleed"), ("x25518", "x25519")):
        s.run("lookup", word).ends(9, f"did you mean {near}?")
    r = s.run("lookup", "qqqqqqqqqqqqqqqqqqqq").ends(9)
    expect("did you mean" not in r.err, r.err)


@test
def lookup_table_is_sorted_out(s):
    """The table that docs and the tool share: seven columns, sentences end."""
    with open(os.path.join(ROOT, "src/report/attacks.def"), encoding="utf-8") as f:
        rows = re.findall(r"^ATTACK\((.*)\)$", f.read(), re.M)
    same(len(rows), len(found(s, "attacks")), "rows")
    for row in rows:
        columns = re.findall(r'"([^"]*)"', row)
        same(len(columns), 7, row)
        expect(columns[4].endswith(".") and columns[6].endswith("."), row)
