#!/usr/bin/env python3
"""Checks stories against docs/story.schema.json: story_schema.py SCHEMA PROGRAM makes PROGRAM write samples (--write DIR) and
validates each; files may be named instead (story_schema.py SCHEMA FILE.json FILE.jsonl ...). Knows the part of JSON Schema
that the schema uses, and refuses keywords it does not know. Then it spoils each sample in several ways: that must be noticed."""
import copy, json, os, re, subprocess, sys, tempfile

KNOWN = {"$schema", "$id", "$defs", "$ref", "title", "description", "type", "required", "properties", "items", "enum", "const",
         "pattern", "minimum", "anyOf", "allOf", "not"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def problems(schema, root, value, where):
    unknown = set(schema) - KNOWN
    if unknown:
        raise SystemExit(f"the schema uses keywords this check does not know: {unknown}")
    if "$ref" in schema:
        yield from problems(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, value, where)
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{where}: is no {kind}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where}: is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value[:60]!r} does not fit {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where}: {value} is below {schema['minimum']}"
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where}: {name} is missing"
    for name, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield from problems(inner, root, value[name], f"{where}.{name}")
    if "items" in schema:
        for i, element in enumerate(value):
            yield from problems(schema["items"], root, element, f"{where}[{i}]")
    for inner in schema.get("allOf", []):
        yield from problems(inner, root, value, where)
    if "anyOf" in schema:
        tries = [list(problems(inner, root, value, where)) for inner in schema["anyOf"]]
        if all(tries):
            yield from min(tries, key=len)
    if "not" in schema and not list(problems(schema["not"], root, value, where)):
        yield f"{where}: has what it may not have"


def without_doubles(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a name stands twice: {names}")
    return dict(pairs)


def field_rules(value, where):
    """What a schema can't say: a field has bytes or fields, and lies inside the one around it."""
    for i, f in enumerate(value.get("fields", [])):
        if ("bytes" in f) == ("fields" in f):
            yield f"{where}.fields[{i}]: has not exactly one of bytes and fields"
        for inner in f.get("fields", []):
            if inner["offset"] < f["offset"] or inner["offset"] + inner["length"] > f["offset"] + f["length"]:
                yield f"{where}.fields[{i}]: {inner['path']} lies outside"
            if not inner["path"].startswith(f["path"] + "."):
                yield f"{where}.fields[{i}]: path {inner['path']} is not below {f['path']}"
        yield from field_rules(f, f"{where}.fields[{i}]")


def check(schema, value, where):
    yield from problems(schema, schema, value, where)
    for i, m in enumerate(value.get("messages", [value] if value.get("event") == "message" else [])):
        yield from field_rules(m, f"{where}.messages[{i}]")


SPOIL = [lambda v: v.update(story=2), lambda v: v.pop("story"), lambda v: v["exit"].update(code="0"),
         lambda v: v["messages"][0].pop("facts"), lambda v: v["messages"][0].update(bytes="0G"),
         lambda v: v["messages"][0].update(at="yesterday"), lambda v: v["messages"][0]["fields"][0].pop("path"),
         lambda v: v["messages"][0]["fields"][0].update(fields=[]), lambda v: v["messages"][0].update(length=-1),
         lambda v: v["records"][0].update(number=True)]


def main():
    with open(sys.argv[1]) as f:
        schema = json.load(f)
    files = sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        if len(files) == 1 and os.access(files[0], os.X_OK):
            subprocess.run([files[0], "--write", folder], check=True, timeout=60)
            files = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        bad, n, spoiled = [], 0, 0
        for name in files:
            with open(name) as f:
                texts = f.read().splitlines() if name.endswith(".jsonl") else [f.read()]
            for i, text in enumerate(texts):
                value = json.loads(text, object_pairs_hook=without_doubles)
                where = f"{os.path.basename(name)}:{i + 1}"
                bad += check(schema, value, where)
                n += 1
                if name.endswith(".json") and value.get("messages") and value.get("records"):
                    for k, spoil in enumerate(SPOIL):
                        worse = copy.deepcopy(value)
                        spoil(worse)
                        spoiled += 1
                        if not list(check(schema, worse, where)):
                            bad.append(f"{where}: spoiling number {k} was not noticed")
    print("\n".join(bad[:20]))
    print(f"{n} objects in {len(files)} files checked, {spoiled} spoiled ones refused, {len(bad)} problems")
    return 1 if bad or n == 0 or spoiled == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
