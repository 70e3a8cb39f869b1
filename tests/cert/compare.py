"""fede cert --compare: what two certificates, or two chains, differ in."""
from ca import expect
from keys import Serve

tests = []


def test(function):
    tests.append(function)
    return function


def differences(s, *words, code):
    story = s.json(*words, code=code)
    return story, [{d["field"]: (d["a"], d["b"]) for d in c["differences"]} for c in story["certificates"]]


@test
def certificates_compared(s):
    s.issue("before", "ecca", alt="DNS:a.test,DNS:b.test")
    s.issue("after", "ecca", alt="DNS:a.test,DNS:c.test", more="tlsfeature=status_request\n", days="10")
    story, (fields,) = differences(s, "--compare", "after.pem", "before.pem", code=10)
    expect(story["compared"] == ["before.pem", "after.pem"] and story["different"] and not story["certificates"][0]["same_key"], str(story)[:300])
    expect(fields["extensions.subjectAltName.extnValue.dNSName"] == ("a.test, b.test", "a.test, c.test"), str(fields))
    expect("validity.notAfter" in fields and "serialNumber" in fields and not any(f.startswith("issuer") for f in fields), str(list(fields)))
    added = [f for f in fields if fields[f][0] is None]
    expect(added and all("tlsFeature" in f for f in added), str(added))
    back = differences(s, "--compare", "before.pem", "after.pem", code=10)[1][0]
    expect({f: (b, a) for f, (a, b) in back.items()} == fields, "the other way round it is the same")
    out = s.run("--compare", "after.pem", "before.pem", code=10)
    expect("another key" in out and "A a.test, b.test" in out and "B a.test, c.test" in out and "A absent" in out, out)
    expect("issuer.relativeDistinguishedName" not in out, "what is equal is not told")
    expect("issuer.relativeDistinguishedName" in s.run("-v", "--compare", "after.pem", "before.pem", code=10), "-v tells it")
    expect("nothing differs" in s.run("--compare", "before.pem", "before.pem"), "the same")
    expect(s.run("-q", "--compare", "after.pem", "before.pem", code=10) == "", "-q says nothing")
    s.openssl("x509", "-in", "before.pem", "-outform", "DER", "-out", "before.der")
    s.run("--compare", "before.der", "before.pem")  # PEM or DER makes no difference
    # A certificate whose key stays: the same key is said.
    s.openssl("x509", "-req", "-in", "before.csr", "-CA", "rsaca.pem", "-CAkey", "rsaca.key", "-CAcreateserial", "-out", "renewed.pem")
    expect(s.json("--compare", "renewed.pem", "before.pem", code=10)["certificates"][0]["same_key"], "the same key")


@test
def chains_compared(s):
    story, places = differences(s, "--compare", "site.pem", "chain.pem", code=10)
    expect([c["equal"] for c in story["certificates"]] == [True, False] and not story["certificates"][1]["in_b"], str(story)[:300])
    expect(places[0] == {} and len(places[1]) > 10, "what only one has is a difference")
    expect("only in A" in s.run("--compare", "site.pem", "chain.pem", code=10), "and is told so")
    s.run("--only", "0", "--compare", "site.pem", "chain.pem")
    with Serve(s, "--cert", "chain.pem", "--key", "site.key") as serve:
        s.run("--compare", "chain.pem", f"127.0.0.1:{serve.port}")
        s.run("--compare", f"127.0.0.1:{serve.port}", "site.pem", "mid.pem")
    s.run("--compare", "missing.pem", "chain.pem", code=3)
    s.run("--compare", "site.key", "chain.pem", code=3)
    s.run("--compare", "a.pem", "--pins", "chain.pem", code=2)
