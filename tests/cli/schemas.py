#!/usr/bin/env python3
"""schemas.py FEDE: what commands write with --json against docs/*.schema.json, by python3-jsonschema. Every member they write is
named in the schema and described there; a spoiled document is refused. Prints `schemas: N passed, N failed[, N skipped]`."""
import copy
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = f"{ROOT}/tests/captures/data"
passed = failed = 0
try:
    import jsonschema
except ImportError:
    print("schemas: python3-jsonschema is not installed\nschemas: 0 passed, 0 failed, 1 skipped")
    sys.exit(0)


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"failed: {what}")


def undescribed(schema, where="#"):
    """Properties without a description."""
    for name, inner in schema.get("properties", {}).items():
        if not inner.get("description"):
            yield f"{where}/{name}"
    for key, inner in schema.items():
        for at, one in enumerate(inner if isinstance(inner, list) else inner.values() if key in ("properties", "$defs") else [inner]):
            if isinstance(one, dict) and key in ("properties", "$defs", "items", "anyOf"):
                yield from undescribed(one, f"{where}/{key}/{at}")


def unnamed(value, schema, root, where):
    """Members of the document that the schema does not name."""
    schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if "anyOf" in schema:
        schema = next((s for s in schema["anyOf"] if not list(jsonschema.Draft202012Validator({**s, "$defs": root.get("$defs", {})}).iter_errors(value))
                       and (not isinstance(value, dict) or set(value) <= set(s["properties"]))), {"properties": {}})
    if isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            if key not in schema["properties"]:
                yield f"{where}.{key}"
            else:
                yield from unnamed(inner, schema["properties"][key], root, f"{where}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for inner in value:
            yield from unnamed(inner, schema["items"], root, f"{where}[]")


fede = os.path.abspath(sys.argv[1])
zero, ones = "00" * 32, "11" * 32
with tempfile.TemporaryDirectory() as place:
    ca = f"{place}/ca"
    for step in (["init"], ["issue", "localhost"]):
        subprocess.run([fede, "ca", step[0], "--ca", ca, *step[1:]], check=True, capture_output=True)
    one, keys, other = f"{DATA}/fede-t12.pcapng.gz", f"{DATA}/fede-t12.keys", f"{DATA}/nss-t13.pcapng.gz"
    runs = [("lookup", ["lookup", "--json", word]) for word in ("TLS_AES_128_GCM_SHA256", "heartbleed", "TLS1.2", "2.5.29.17", "client_hello.random", "40")]
    runs += [("lookup", ["lookup", "--json", "--struct", "alert"]),
             ("keylog-check", ["keylog", "check", "--json", keys]),
             ("diff", ["diff", "--json", one, other]), ("diff", ["diff", "--json", one, one]),
             ("derive", ["derive", "--json", "master", "--hash", "sha256", "--premaster", zero, "--client-random", zero, "--server-random", ones]),
             ("derive", ["derive", "--json", "nonce", "--iv", "00112233", "--explicit", "0011223344556677"]),
             ("cert", ["cert", "--json", f"{ca}/localhost.pem"]),
             ("cert", ["cert", "--json", "--verify", "--cacert", f"{ca}/ca.pem", f"{ca}/localhost.pem"])]
    for name, command in runs:
        with open(f"{ROOT}/docs/{name}.schema.json", encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        check(not list(undescribed(schema)), f"{name}: without a description: {list(undescribed(schema))[:5]}")
        told = " ".join(command[:4])
        try:
            value = json.loads(subprocess.run([fede, *command], capture_output=True, text=True, timeout=60).stdout)
        except ValueError as e:
            check(False, f"{told}: no JSON: {e}")
            continue
        validator = jsonschema.Draft202012Validator(schema)
        wrong = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:150]}" for e in validator.iter_errors(value)]
        check(not wrong, f"{told}: {wrong[:3]}")
        more = sorted(set(unnamed(value, schema, schema, name)))
        check(not more, f"{told}: not in the schema: {more[:6]}")
        spoiled = copy.deepcopy(value)
        spoiled = {} if isinstance(spoiled, list) else {k: None for k in spoiled}
        check(not validator.is_valid(spoiled), f"{told}: a spoiled document is accepted")
print(f"schemas: {passed} passed, {failed} failed")
sys.exit(failed > 0)
