#!/usr/bin/env python3
"""chinese.py FEDE FOLDER [--all]: `--lang=zh` leaves nothing in English but names, terms and what came from the network.

Twins: every phrase, reason and attack has its Chinese with the same slots, and whatever the sources put together for a story is
part of a phrase. Then the corpus in FOLDER: text with every byte, the sequence diagram and the page without script have no
three English words in a row, other than those that stood on the wire. Prints `chinese: N passed, N failed`."""
import glob
import html
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPORT, EXPLAIN = f"{ROOT}/src/report", f"{ROOT}/src/explain"
passed = failed = 0


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"failed: {what}")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def strings(text):
    return [s.replace('\\"', '"').replace("\\\\", "\\").replace("\\n", "\n") for s in re.findall(r'"((?:[^"\\]|\\.)*)"', text)]


def rows(path, macro):
    return [strings(args) for args in re.findall(rf"^{macro}\((.*)\)", read(path), re.M)]


def chinese(text):
    return re.search("[　-鿿＀-￯]", text) is not None


def holes(form):
    return re.findall(r"\{([^}]*)\}", form)


# ---- twins ----

def check_phrases(phrases):
    english = [e for e, _ in phrases]
    check(len(set(english)) == len(english), f"phrases twice: {sorted({e for e in english if english.count(e) > 1})}")
    for e, c in phrases:
        names = holes(e)
        good = all(h.lstrip("!") in names + [""] or h.lstrip("!").isdigit() and int(h.lstrip("!")) <= len(names) for h in holes(c))
        check(good and len(holes(c)) <= max(len(names), 1) * 2, f"slots of {e!r} and {c!r}")
        # What is the same in both, such as "ALPN {}", has no words of its own.
        check(chinese(c) or len(re.findall("[a-z]{3,}", re.sub(r"\{[^}]*\}", "", e))) <= 2, f"no Chinese for {e!r}")


def check_reasons():
    english = {}
    for args in re.findall(r"^FEDE_REASON\((.*)\)", read(f"{ROOT}/include/fede/reasons.def"), re.M):
        english[args.split(",")[0]] = strings(args)
    own = dict(re.findall(r'^#define (\w+) "(.*)"', read(f"{REPORT}/reasons_zh.def"), re.M))
    others = {}
    for args in re.findall(r"^REASON\((.*)\)", read(f"{REPORT}/reasons_zh.def"), re.M):
        for name, text in own.items():
            args = re.sub(rf", {name}$", lambda m: f', "{text}"', args)
        others[args.split(",")[0]] = strings(args)
    check(set(english) == set(others), f"reasons without a twin in reasons_zh.def: {sorted(set(english) ^ set(others))}")
    for name, (sentence, advice, *_) in english.items():
        zh = others.get(name, ["", ""])
        same = sorted(holes(sentence)) == sorted(h.lstrip("!") for h in holes(zh[0]))
        check(chinese(zh[0]) and same, f"reason {name}: its sentence has no Chinese, or other slots")
        check(chinese(zh[1]) or advice in ("", "{detail}"), f"reason {name}: its advice has no Chinese")
    return [s for texts in english.values() for s in texts[:2]]


def check_attacks():
    english, others = rows(f"{REPORT}/attacks.def", "ATTACK"), rows(f"{REPORT}/attacks_zh.def", "ATTACK_ZH")
    check([a[0] for a in english] == [a[0] for a in others], "attacks_zh.def has not the rows of attacks.def")
    check(all(chinese(a[i]) or i == 2 for a in others for i in (1, 2, 3)), "an attack without Chinese")


# Sources whose words a story or a page shows, and what in them is for other eyes: options, commands, lists of names.
SOURCES = [f"{EXPLAIN}/{n}.c" for n in
           ("aims", "alerts", "analysis", "card", "capture", "derive", "derived", "derived13", "derived_records", "derived_signatures",
            "facts", "findings", "input", "offers", "protection", "session", "session_chain", "session_checks", "session_find",
            "session_keys", "session_lineage", "session_masters", "session_messages", "session_ssl2", "ssl2", "ssl3", "staple", "suite_parts", "ticket")]
SOURCES += [f"{REPORT}/{n}.c" for n in
            ("diagram", "html_plain", "inside", "lookup", "onlooker", "onlooker_around", "onlooker_files", "onlooker_keys",
             "onlooker_story", "onlooker_table", "saved", "summary", "text", "text_events", "text_fields", "text_inside",
             "text_insight", "text_line", "text_verdict")]
SOURCES += glob.glob(f"{ROOT}/src/inside/*.c")
ELSEWHERE = re.compile(r"^<|--|^(fede derive |TLS 1.3, (client|server) |HKDF-Expand with|an IV has |a suite of TLS 1.3 has|this suite needs"
                       r"|the (length|label) has |the private key has|this is no private key|the peer's share is|this group is not"
                       r"|PRI \* HTTP|key_share \(|application protocol|record %d|SSL 2 [A-Zc]|ancestor by |(client|server)_random \+ )|\.\.\.$")


def check_fragments(phrases):
    whole = "\n".join(re.sub(r"\{[^}]*\}", "{}", e) for e, _ in phrases)
    for path in SOURCES:
        text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)
        text = re.sub(r"'(?:[^'\\\n]|\\.)'", "0", text)
        text = re.sub(r"^#.*$", "", text, flags=re.M)
        text = re.sub(r'"\s*\n\s*"', "", text)
        for literal in set(strings(text)):
            if ELSEWHERE.search(literal):
                continue
            for part in re.split(r"%[a-z0-9.*]+|; |\n|\"", literal):
                part = part.strip(" ,;:().")
                if " " in part and len(re.findall(r"[A-Za-z']{2,}", part)) >= 3:
                    check(part in whole, f"{os.path.basename(path)}: in no phrase of story_zh.def: {part!r}")


# ---- the corpus ----

def dictionary(english):
    known = set(re.findall(r"\b[a-z]{2,}\b", " ".join(english))) | set("the of is not was by and from to in with for on it".split())
    return known - {"fede", "derive"}  # commands


def english_runs(text, words):
    for run in re.finditer(r"\b[a-z]{2,}(?:[ ,]{1,2}[a-z]{2,})+\b", text):
        parts, best = re.split(r"[ ,]+", run.group()), []
        for word in parts + [""]:
            if word in words:
                best.append(word)
                continue
            if len(best) >= 3:
                yield " ".join(best)
            best = []


def without_dumps(text):
    """Text of -vvv without the bytes of application data and without their characters beside them."""
    out, dump = [], False
    for line in text.split("\n"):
        if line.strip() == "明文：":
            dump = True
        elif dump and not re.match(r"^ *\d+ +[0-9a-f]{2}( [0-9a-f]{2})* ", line):
            dump = False
        if not dump:
            out.append(line)
    return "\n".join(out)


def wire_texts(v, under=False):
    """What peers said, as the story has it: values of fields, lines of dialogues, headers, contents, names."""
    if isinstance(v, str):
        return [v] if under else []
    if isinstance(v, list):
        return [t for x in v for t in wire_texts(x, under)]
    if isinstance(v, dict):
        wire = {"fields", "dialogue", "http", "headers", "content", "dns", "comments", "server_name", "subject", "issuer", "names", "title", "bytes"}
        return [t for k, x in v.items() for t in wire_texts(x, under or k in wire)]
    return []


def look(fede, capture, words, place):
    name = os.path.basename(capture)[:-len(".pcapng.gz")]
    keys = capture[:-len(".pcapng.gz")] + ".keys"
    given = ["--keylog", keys] if os.path.exists(keys) else []
    page = f"{place}/{name}.html"
    text = subprocess.run([fede, "explain", "--lang=zh", "-vvv", *given, "--report", page, capture], capture_output=True, text=True, errors="replace")
    ladder = subprocess.run([fede, "explain", "--lang=zh", "--diagram", *given, capture], capture_output=True, text=True, errors="replace")
    plain = "\n".join(re.findall(r"<noscript>(.*?)</noscript>", read(page), re.S))
    plain = html.unescape(re.sub(r"<[^>]*>", " | ", re.sub(r"<code>.*?</code>", " ", plain, flags=re.S)))
    os.remove(page)
    forms = {"text": without_dumps(text.stdout) + text.stderr, "diagram": ladder.stdout + ladder.stderr, "page": plain}
    found = [(form, run) for form, said in forms.items() for run in english_runs(said, words)]
    if found:
        story = subprocess.run([fede, "explain", "--json", *given, capture], capture_output=True, text=True, errors="replace").stdout
        wire = re.sub(r"[ ,]+", " ", " ".join(wire_texts(json.loads(story))))
        found = [f for f in found if f[1] not in wire]
    return name, found, any(chinese(said) for said in forms.values())


def main():
    fede, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    phrases = [tuple(r) for n in ("phrases_zh", "story_zh") for r in rows(f"{REPORT}/{n}.def", "PHRASE")]
    check(len(phrases) > 900 and all(len(p) == 2 for p in phrases), "phrases can't be read")
    check_phrases(phrases)
    reasons = check_reasons()
    check_attacks()
    check_fragments(phrases)
    glossary = [s for n in ("glossary", "findings") for s in strings(read(f"{EXPLAIN}/{n}.def"))]
    words = dictionary([e for e, _ in phrases] + reasons + glossary)
    check(len(list(english_runs("所选 the server waits for the client 结束", words))) == 1, "an English sentence is not seen")
    captures = sorted(glob.glob(f"{folder}/*.pcapng.gz"))
    captures = captures if "--all" in sys.argv else captures[::6]
    check(len(captures) > 20, "the corpus is not there")
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
        for name, found, said in pool.map(lambda c: look(fede, c, words, place), captures):
            check(not found, f"{name}: English in Chinese: {sorted(set(found))[:6]}")
            check(said, f"{name}: nothing is said in Chinese")
    print(f"chinese: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
