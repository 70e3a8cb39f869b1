#!/usr/bin/env python3
"""The HTML page in headless Chromium: run.py [--fede FILE] [--keep DIR]. Prints `html: N passed, N failed[, N skipped]`.

Pages are made by real connections on loopback: a good one, a refused one, one whose peer puts markup and control characters
wherever it can, one with a redirect (two stories), one by fede serve. axe-core comes from npm, into build/html; without npm, or
without Chromium, what needs them is counted as skipped.
"""
import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import scenes
from chromium import Browser, Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COUNTS = {"passed": 0, "failed": 0, "skipped": 0}


def check(ok, what):
    COUNTS["passed" if ok else "failed"] += 1
    if not ok:
        print("not ok:", what, flush=True)


def skip(what):
    COUNTS["skipped"] += 1
    print("skipped:", what, flush=True)


# ---- the file itself -----------------------------------------------------------------------------------------------------

def stories_of(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return text, [json.loads(s) for s in re.findall(r'<script type="application/json" class="story">(.*?)</script>', text, re.S)]


def visible(text):
    def shown(match):
        n = ord(match.group())
        return f"\\x{n:02x}" if n < 0x100 else f"\\u{n:04x}"
    return re.sub("[\0-\t\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]", shown, text)


def squeezed(text):
    return re.sub(r"\s", "", text)


def scalars(value, key=""):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from scalars(v, k)
    elif isinstance(value, list):
        for v in value:
            yield from scalars(v, key)
    else:
        yield key, value


def check_file(name, page, document):
    text, stories = stories_of(page)
    data = sum(len(json.dumps(s)) for s in stories)
    frame = re.sub(r'<noscript>.*?</script>\n', "", text, flags=re.S)
    check(len(frame.encode()) < 300_000, f"{name}: the page without data has {len(frame.encode())} bytes")
    check(not re.search(r"(?:src|href|action)\s*=\s*[\"']?\s*(?:https?:)?//", frame), f"{name}: the page names another place")
    check(not re.search(r"<[^>]*\son\w+\s*=", re.sub(r"<script>.*?</script>|<style>.*?</style>", "", text, flags=re.S)),
          f"{name}: an event attribute")
    check(text.count("<script") == 1 + len(stories) and text.count("</script") == 1 + len(stories), f"{name}: more script elements than there should be")
    if document:
        with open(document, encoding="utf-8") as f:
            check(json.load(f) == stories[0], f"{name}: the story in the page is not the one --json tells")
    return text, stories, data


def check_phrases():
    """Whatever the script puts into the page's language has a Chinese form, with the same values in it."""
    with open(f"{ROOT}/src/report/phrases_zh.def", encoding="utf-8") as f:
        rows = re.findall(r'^PHRASE\("((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)', f.read(), re.M)
    english = [a for a, _ in rows]
    used = set()
    for name in os.listdir(f"{ROOT}/src/report/page"):
        if name.endswith(".js"):
            with open(f"{ROOT}/src/report/page/{name}", encoding="utf-8") as f:
                text = f.read()
            used |= set(re.findall(r"tx\('((?:[^'\\]|\\.)*)'\)", text))
            used |= {re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", "{}", t) for t in re.findall(r"tx`([^`]*)`", text)}
            used |= {"{#} " + one + s for one in re.findall(r"count\([^()]*(?:\([^()]*\))?[^()]*, '([a-z ]+)'\)", text) for s in ("", "s")}
    missing = sorted(u for u in used if u not in english and u != "…")
    check(len(used) > 150 and not missing, f"phrases: no Chinese for {missing}")


def check_chinese(browser, path):
    """The frame of a Chinese page has nothing English in it but names; fields are explained in Chinese."""
    page = browser.page()
    page.open("file://" + path)
    check(page.run("document.documentElement.lang") == "zh-Hans", "zh: the page's language")
    heads = page.run("[...document.querySelectorAll('h2, h3, .tools button, .tools [placeholder]')].map(e => e.textContent || e.placeholder).filter(t => !/[\\u4e00-\\u9fff◐☀☾?]/.test(t))")
    check(not heads, f"zh: headings and buttons in English: {heads}")
    check("connection" not in page.run("document.querySelector('h1').textContent + document.title"), "zh: the title is in English")
    page.run(f"location.hash = '#offers'; {WAIT}")
    kinds = page.run("[...document.querySelectorAll('.offers h3')].map(e => e.textContent).filter(t => /[a-z]{4}/.test(t))")
    check(not kinds, f"zh: kinds of offers in English: {kinds}")
    # Labels and sentences of every panel; what peers said, names of fields and commands stand in elements of their own.
    for panel in page.run(PANELS):
        page.run(f"location.hash = '{panel}'; {WAIT}")
        said = page.run("(() => { const m = document.querySelector('main').cloneNode(true); for (const e of m.querySelectorAll("
                        "'code, pre, .chain strong, .cards dd, .content, .dialogue td, .headers')) e.replaceWith(' | '); "
                        "return [...m.querySelectorAll('p, dt, th, td, li, h2, h3, summary, button')].map(e => e.textContent).join(' | '); })()")
        left = [r for r in re.findall(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}\b", said) if not re.match("fede |s server|.*test (root|inter)", r)]
        check(not left, f"zh: {panel} is in English: {sorted(set(left))[:4]}")
    page.run(f"location.hash = '#m2/server_hello.cipher_suite'; {WAIT}")
    check("密码套件" in page.run("document.querySelector('.inspector .sentence').textContent"), "zh: the field is not explained in Chinese")
    link = page.run("(document.querySelector('.inspector a.standard') || {}).href")
    check(link and link.startswith("https://www.rfc-editor.org/rfc/rfc") and "#section-" in link, f"the field's standard: {link}")
    check(not trouble(page), f"zh: {trouble(page)[:3]}")
    page.close()


# ---- the page in the browser ---------------------------------------------------------------------------------------------

def trouble(page):
    """Requests beyond the page itself, console messages, exceptions, violations of the content security policy."""
    found = [e["request"]["url"] for e in page.events("Network.requestWillBeSent")[1:]]
    found += [e["entry"]["text"] for e in page.events("Log.entryAdded")]
    found += [str(e["exceptionDetails"])[:300] for e in page.events("Runtime.exceptionThrown")]
    found += [str(e["args"])[:300] for e in page.events("Runtime.consoleAPICalled")]
    found += [e["message"] for e in page.events("Page.javascriptDialogOpening")]
    return found


WAIT = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
PANELS = "[...document.querySelectorAll('nav .parts a')].map(a => a.getAttribute('href'))"
# All that a panel says, open or not, to eyes or to a screen reader.
OPEN_ALL = """(() => { for (const b of document.querySelectorAll('.bar-top button')) if (b.textContent === 'Open all') b.click();
  for (const d of document.querySelectorAll('main details')) d.open = true;
  for (const b of document.querySelectorAll('main > button')) while (!b.hidden) b.click(); })()"""
SAYS = """(document.querySelector('#app').textContent + ' ' + [...document.querySelectorAll('main [aria-label]')].map(e => e.getAttribute('aria-label')).join(' '))"""
BYTES = """(() => { let bytes = ''; const orphans = []; const name = document.querySelector('main h2').firstChild.data;
  for (const c of document.querySelectorAll('[data-run]')) { bytes += c.textContent.replace(/ /g, '');
    if (c.getAttribute('aria-label').startsWith(name + ':')) orphans.push(c.dataset.at); }
  return {bytes, orphans, name, rows: document.querySelectorAll('[role=treeitem]').length}; })()"""


def fields_in(message):
    def of(fields):
        return sum(1 + of(f.get("fields", [])) for f in fields)
    return of(message["fields"])


def check_content(name, browser, path, stories):
    """Everything that the JSON says stands in the page, with script and without."""
    page = browser.page()
    page.open("file://" + path)
    for number, story in enumerate(stories):
        if len(stories) > 1:
            page.run(f"location.hash = '#c{number + 1}/overview'; {WAIT}")
        said = []
        for panel in page.run(PANELS):
            page.run(f"location.hash = {json.dumps(panel)}; {WAIT}")
            if panel.endswith("json"):
                continue
            page.run(OPEN_ALL)
            page.run(WAIT)
            said.append(page.run(SAYS))
            found = re.search(r"m(\d+)$", panel)
            if found:
                message = story["messages"][int(found.group(1)) - 1]
                bytes_ = page.run(BYTES)
                check(bytes_["bytes"] == message["bytes"], f"{name}: {message['name']}: not all bytes stand in the grid")
                check(not bytes_["orphans"], f"{name}: {message['name']}: bytes that belong to no field: {bytes_['orphans'][:9]}")
                check(bytes_["rows"] == fields_in(message), f"{name}: {message['name']}: {bytes_['rows']} fields in the tree, {fields_in(message)} in the story")
        whole = squeezed("\n".join(said))
        rest = {**story, "messages": [{k: v for k, v in m.items() if k != "fields"} for m in story["messages"]]}
        fields = (kv for m in story["messages"] for kv in scalars(m["fields"]) if kv[0] != "bytes")
        strings = ((k, part) for k, v in (*scalars(rest), *fields) if isinstance(v, str) for part in (v.split("; ") if k == "facts" else [v]))
        missing = sorted({f"{k}: {v[:60]!r}" for k, v in strings if (k != "bytes" or v in [x["bytes"] for x in story.get("secrets", [])]) and k not in ("path", "at", "started", "protocol", "kind", "origin", "registry")
                          and squeezed(visible(v)) not in whole})
        check(not missing, f"{name}: the page does not show {missing[:6]}")
    check(not trouble(page), f"{name}: {trouble(page)[:3]}")
    page.close()
    bare = browser.page(script=False)
    bare.open("file://" + path)
    bare.call("Emulation.setScriptExecutionDisabled", value=False)
    text = squeezed(bare.run("document.querySelector('main').textContent"))
    missing = sorted({f"{k}: {v!r}"[:90] for story in stories for k, v in scalars(story) if not isinstance(v, bool) and k not in ("path", "kind", "type", "registry", "code")
                      and squeezed(visible(str(v))) not in text})
    check(not missing, f"{name}: without script the page does not show {missing[:6]}")
    bytes_ = squeezed(bare.run("[...document.querySelectorAll('.message')].map(m => [...m.querySelectorAll('.fields code')].map(c => c.textContent).join('')).join('|')"))
    check(sorted(b for b in bytes_.split("|") if b) == sorted(m["bytes"] for story in stories for m in story["messages"]), f"{name}: without script: bytes of messages are missing or doubled")
    check(bare.run("[...document.querySelectorAll('details')].every(d => d.open)"), f"{name}: without script: something is closed")
    bare.close()


def check_keyboard(browser, path):
    page = browser.page()
    page.open("file://" + path)

    def at():
        return page.run("location.hash")

    def focused():
        return page.run("(e => (e.getAttribute('role') || e.tagName.toLowerCase()) + ' ' + (e.getAttribute('aria-label') || e.textContent).slice(0, 60))(document.activeElement)")

    def press(*keys):
        for key in keys:
            page.key(key)
        page.run(WAIT)

    order = []
    for _ in range(40):
        press("Tab")
        order.append(focused())
        if order[-1].startswith("a Overview"):
            break
    # Where the first Tab of a fresh page lands is the browser's matter; what comes first in the page is ours.
    first = page.run("document.querySelector('a[href], button, input, [tabindex=\"0\"]').textContent")
    check(first.startswith("To what is selected"), f"keyboard: the first stop is {first}")
    check(order[-1].startswith("a Overview"), f"keyboard: Tab does not reach the list: {order}")
    press("ArrowDown", "Enter")
    check(at() == "#m1", f"keyboard: Enter on the first message leads to {at()}")
    press("n")
    check(at() == "#m2" and page.run("document.activeElement.tagName") == "H2", f"keyboard: n leads to {at()}")
    press("p")
    check(at() == "#m1", f"keyboard: p leads to {at()}")
    for _ in range(8):
        press("Tab")
        if focused().startswith("treeitem"):
            break
    check(focused().startswith("treeitem msg_type"), f"keyboard: Tab does not reach the tree: {focused()}")
    press("ArrowDown", "ArrowDown", "ArrowDown")
    check(focused().startswith("treeitem random"), f"keyboard: ArrowDown in the tree: {focused()}")
    check(at() == "#m1/client_hello.random", f"keyboard: the address does not name the field: {at()}")
    sentence = page.run("document.querySelector('.inspector .sentence').textContent")
    check("random" in sentence, "keyboard: the sentence does not follow the focus")
    check(page.run("[...document.querySelectorAll('.run.chosen')].map(c => c.textContent.replace(/ /g, '')).join('').length") == 64, "keyboard: the random's 32 bytes are not marked")
    press("Enter")
    check(focused().startswith("gridcell random"), f"keyboard: Enter does not lead to the bytes: {focused()}")
    press("ArrowRight")
    check(focused().startswith("gridcell session_id"), f"keyboard: ArrowRight in the bytes: {focused()}")
    check(page.run("document.querySelector('.inspector h4').textContent") == "session_id", "keyboard: the inspector does not follow the bytes")
    press("Enter")
    check(focused().startswith("treeitem session_id"), f"keyboard: Enter does not lead back: {focused()}")
    press("ArrowDown")
    check(page.run("document.activeElement.getAttribute('aria-expanded')") == "false", "keyboard: cipher_suites is not closed")
    press("ArrowRight")
    check(page.run("document.activeElement.getAttribute('aria-expanded')") == "true", "keyboard: ArrowRight does not open")
    press("ArrowRight")
    check(focused().startswith("treeitem cipher_suite "), f"keyboard: ArrowRight does not go in: {focused()}")
    press("ArrowLeft", "ArrowLeft")
    check(page.run("document.activeElement.getAttribute('aria-expanded')") == "false", "keyboard: ArrowLeft does not go out and close")
    press("Escape")
    check(at() == "#m1" and page.run("document.querySelectorAll('.chosen').length") == 0, "keyboard: Esc does not let the field go")
    press("Escape")
    check(at() == "#overview", f"keyboard: Esc leads to {at()}")
    press("/")
    check(focused().startswith("input"), "keyboard: / does not lead to the search")
    page.type("server_name")
    press("Enter")
    check("server_name" in at(), f"keyboard: the search leads to {at()}")
    check(focused().startswith("treeitem"), f"keyboard: after the search the focus is at {focused()}")
    press("?")
    check(page.run("document.querySelector('#help').open"), "keyboard: ? does not open the help")
    press("Escape")
    check(not page.run("document.querySelector('#help').open"), "keyboard: Esc does not close the help")
    press("t")
    check(page.run("document.documentElement.dataset.theme") == "light", "keyboard: t")
    press("t")
    check(page.run("getComputedStyle(document.body).colorScheme || getComputedStyle(document.documentElement).colorScheme").startswith("dark"), "keyboard: t t is not dark")
    check(not trouble(page), f"keyboard: {trouble(page)[:3]}")
    page.close()


def check_pointer(browser, path, story):
    page = browser.page()
    page.open("file://" + path + "#m1/client_hello.cipher_suites")
    check("cipher suite" in page.run("location.hash = '#m2/server_hello.cipher_suite'; " + WAIT + ".then(() => document.querySelector('.inspector').textContent)"),
          "pointer: the inspector does not name the registry")
    page.run(f"location.hash = '#m1/client_hello.cipher_suites'; {WAIT}")
    check(page.run("document.querySelector('[aria-selected=true]').getAttribute('aria-label')").startswith("cipher_suites"), "pointer: the address does not choose the field")
    where = page.run("(r => [r.x + 5, r.y + 5])(document.querySelector('[data-run][aria-label^=random]').getBoundingClientRect())")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=where[0], y=where[1])
    page.run(WAIT)
    check(page.run("document.querySelector('.inspector h4').textContent") == "random", "pointer: the inspector does not follow")
    check(page.run("document.querySelector('.tree .hot .name').textContent") == "random", "pointer: the tree does not follow the bytes")
    where = page.run("(r => [r.x + 50, r.y + 5])([...document.querySelectorAll('.tree .line')].find(l => l.textContent.includes('session_id')).getBoundingClientRect())")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=where[0], y=where[1])
    page.run(WAIT)
    check(page.run("[...document.querySelectorAll('.run.hot')].map(c => c.getAttribute('aria-label')).join()").startswith("session_id"), "pointer: the bytes do not follow the tree")
    for mode, wanted in (("decimal", r"^1$"), ("text", r"^·$"), ("hex", r"^01$")):
        page.run(f"[...document.querySelectorAll('.modes button')].find(b => b.textContent === '{mode}').click()")
        check(re.search(wanted, page.run("document.querySelector('[data-run]').textContent.trim()").lstrip("0 \xa0") or "0") or mode == "hex"
              and page.run("document.querySelector('[data-run]').textContent") == "01", f"pointer: bytes as {mode}")
    page.run("URL.createObjectURL = blob => { window.saved = blob; return 'blob:null/0'; }; HTMLAnchorElement.prototype.click = () => {};")
    page.run(f"location.hash = '#json'; {WAIT}")
    page.run("document.querySelector('main button').click()")
    check(json.loads(page.run("saved.text()")) == story, "export: the JSON is not the story")
    page.run(f"location.hash = '#certificates'; {WAIT}")
    page.run("[...document.querySelectorAll('main button')].find(b => b.textContent === 'Save all as PEM').click()")
    pem = page.run("saved.text()")
    ders = [base64.b64decode(b).hex() for b in re.findall("-----BEGIN CERTIFICATE-----\n(.*?)-----END CERTIFICATE-----\n", pem, re.S)]
    check(ders == [c["der"] for c in story["certificates"]], "export: PEM")
    page.run(f"location.hash = '#keys'; {WAIT}")
    page.run("[...document.querySelectorAll('main button')].find(b => b.textContent === 'Save the key log').click()")
    random = next(f["bytes"] for f in story["messages"][0]["fields"] if f["name"] == "random")
    secret = next(s["bytes"] for s in story["secrets"] if s["label"] == "CLIENT_RANDOM")
    check(page.run("saved.text()") == f"CLIENT_RANDOM {random} {secret}\n", "export: key log")
    # The listener's view: no secret, no content of what was encrypted.
    page.run("document.querySelector('#observe').click()")
    hidden = [s["bytes"] for s in story["secrets"]] + [m["bytes"] for m in story["messages"] if m["encrypted"] and len(m["bytes"]) > 8]
    said = ""
    for panel in page.run(PANELS):
        page.run(f"location.hash = {json.dumps(panel)}; {WAIT}")
        if not panel.endswith("json"):
            page.run(OPEN_ALL)
            said += squeezed(page.run(SAYS))
    check(not [h for h in hidden if h in said], "listener's view: something shows that a listener can't know")
    check("GET/" not in said, "listener's view: the request shows")
    check(not trouble(page), f"pointer: {trouble(page)[:3]}")
    page.close()


def check_shape(browser, path):
    """Narrow windows, big text, paper."""
    for width in (320, 390, 768, 1100, 1440, 2200):
        page = browser.page(width=width, height=800)
        page.open("file://" + path)
        for panel in ("overview", "m1", "m3/certificate.certificate_list", "certificates", "keys", "records", "data", "json"):
            page.run(f"location.hash = '#{panel}'; {WAIT}")
            wide = page.run("document.documentElement.scrollWidth")
            check(wide <= width, f"{width} px: {panel} is {wide} px wide")
        page.close()
    page = browser.page(width=1280, height=900)
    page.open("file://" + path)
    page.run("document.documentElement.style.fontSize = '200%'")
    check(page.run("document.documentElement.scrollWidth") <= 1280, "text at 200 %: the page is too wide")
    page.run("document.documentElement.style.fontSize = ''; dispatchEvent(new Event('beforeprint'))")
    page.call("Emulation.setEmulatedMedia", media="print")
    page.call("Emulation.setDeviceMetricsOverride", width=690, height=1000, deviceScaleFactor=1, mobile=False)
    check(page.run("getComputedStyle(document.querySelector('#app')).display === 'none' && document.querySelector('#print').offsetHeight > 1000"), "print: the sheet is not there")
    check(page.run("[...document.querySelectorAll('#print details')].every(d => d.open)"), "print: something is closed")
    cut = page.run("[...document.querySelectorAll('#print *')].filter(e => e.getBoundingClientRect().right > 691).map(e => e.tagName + e.className).slice(0, 5)")
    check(not cut, f"print: cut at the right: {cut}")
    check(page.run("document.querySelectorAll('#print .message').length") > 5 and page.run("!!document.querySelector('#print svg')"), "print: messages or ladder are missing")
    page.call("Emulation.setEmulatedMedia", media="")
    page.run("dispatchEvent(new Event('afterprint'))")
    check(page.run("!document.querySelector('#print')"), "print: the sheet stays")
    for name, size in (("A4", (8.27, 11.69)), ("Letter", (8.5, 11))):
        data = page.pdf(paperWidth=size[0], paperHeight=size[1])
        pages = len(re.findall(rb"/Type /Page\b(?!s)", data))
        check(data.startswith(b"%PDF") and pages >= 8, f"PDF {name}: {len(data)} bytes, {pages} pages")
    check(not trouble(page), f"print: {trouble(page)[:3]}")
    page.close()


def check_axe(browser, path, axe, name, widths, only):
    for width, dark in widths:
        page = browser.page(width=width, height=900, dark=dark)
        page.call("Page.setBypassCSP", enabled=True)
        page.open("file://" + path)
        page.run(axe)
        for panel in page.run(PANELS):
            page.run(f"location.hash = {json.dumps(panel)}; {WAIT}")
            if only and re.fullmatch(r"#m(?!1$|3$|8$)\d+", panel):
                continue
            if panel == "#m1":
                page.run(f"location.hash = '#m1/client_hello.random'; {WAIT}")
            found = page.run("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => /serious|critical/.test(v.impact))"
                             ".map(v => v.id + ' at ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0] ? n.any[0].message : '')).join(', ')))")
            check(not found, f"axe: {name}, {width} px, {'dark' if dark else 'light'}, {panel}: {found}")
        page.close()


def check_hostile(browser, path, words):
    page = browser.page()
    page.open("file://" + path)
    seen = ""
    for panel in page.run(PANELS):
        page.run(f"location.hash = {json.dumps(panel)}; {WAIT}")
        page.run(OPEN_ALL)
        seen += page.run(SAYS)
        wrong = page.run("document.querySelectorAll('img, iframe, object, embed, script:not(body > script), b, marquee, base').length")
        check(wrong == 0, f"hostile: {panel}: elements were made from text")
    check(page.run("window.hostile === undefined"), "hostile: a script ran")
    check(not re.search(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", seen), "hostile: a control character shows")
    for word in words:
        check(word in seen, f"hostile: {word!r} does not show as text")
    check(not trouble(page), f"hostile: {trouble(page)[:3]}")
    page.run("dispatchEvent(new Event('beforeprint'))")
    check(page.run("document.querySelectorAll('#print img, #print script, #print iframe, #print marquee').length === 0 && window.hostile === undefined"), "hostile: on paper")
    page.close()
    with open(path, "rb") as f:
        raw = f.read()
    body = re.sub(rb"<script>.*?</script>|<style>.*?</style>", b"", raw, flags=re.S)
    check(b"<img" not in body and b"<!--" not in body and not re.search(rb"[\0-\x08\x0b-\x1f\x7f]", body), "hostile: the file has markup or control characters from the network")


def check_policy(browser, path, place):
    """The checks notice what they are for: a page that fetches, and one whose script was altered."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for name, spoiled in (("image", text.replace('<main id="stories">', '<img src="http://127.0.0.1:9/x.png"><main id="stories">')),
                          ("inline script", text.replace('<main id="stories">', '<script>window.hostile = 1</script><main id="stories">')),
                          ("altered script", text.replace("'use strict';", "'use strict'; window.hostile = 1;", 1))):
        where = f"{place}/spoiled.html"
        with open(where, "w", encoding="utf-8") as f:
            f.write(spoiled)
        page = browser.page()
        page.open("file://" + where)
        page.run(WAIT)
        check(trouble(page) and page.run("window.hostile === undefined"), f"policy: {name}: nothing was noticed")
        page.close()


def check_big(browser, path, story, place):
    """A message of 1 MB with 20,000 fields, and twenty stories."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    big = json.loads(json.dumps(story))
    n, size = 20000, 52
    fields = [{"path": "certificate_request.names.name", "name": "name", "kind": "bytes", "text": f"name {i}", "offset": 4 + i * size, "length": size,
               "bytes": f"{i:0104x}", "sentence": "One of many."} for i in range(n)]
    body = "".join(f["bytes"] for f in fields)
    big["messages"].insert(0, {**big["messages"][0], "name": "CertificateRequest", "length": 4 + n * size, "bytes": f"0d{n * size:06x}" + body,
                               "fields": [{"path": "certificate_request.msg_type", "name": "msg_type", "kind": "number", "text": "13", "number": 13, "offset": 0, "length": 1, "bytes": "0d"},
                                          {"path": "certificate_request.length", "name": "length", "kind": "number", "text": str(n * size), "offset": 1, "length": 3, "bytes": f"{n * size:06x}"},
                                          {"path": "certificate_request.names", "name": "names", "kind": "list", "text": f"{n} entries", "offset": 4, "length": n * size, "fields": fields}]})
    one = re.search(r'<noscript>.*</script>\n(?=\n?</main>)', text, re.S).group()
    def data(s):
        return '<script type="application/json" class="story">' + json.dumps(s).replace("<", "\\u003c") + "</script>\n"
    for name, stories in (("1 MB message", data(big)), ("20 stories, 5 MB", one * 19 + data(big))):
        where = f"{place}/big.html"
        with open(where, "w", encoding="utf-8") as f:
            f.write(text.replace(one, stories))
        page = browser.page()
        began = time.monotonic()
        page.open("file://" + where)
        page.run(WAIT)
        loaded = time.monotonic() - began
        check(loaded < 6, f"big: {name}: loads in {loaded:.1f} s")
        prefix = "#c20/" if "20" in name else "#"
        took = page.run(f"(async () => {{ const t = performance.now(); location.hash = '{prefix}m1'; await new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d))); return performance.now() - t; }})()")
        check(took < 2500, f"big: {name}: opening the message takes {took:.0f} ms")
        took = page.run("""(async () => { let worst = 0; const grid = document.querySelector('.grid');
          for (let i = 1; i <= 12; i++) { const t = performance.now(); grid.scrollTop = grid.scrollHeight * i / 12;
            await new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d))); worst = Math.max(worst, performance.now() - t); } return worst; })()""")
        check(took < 400, f"big: {name}: scrolling through the bytes takes up to {took:.0f} ms a step")
        took = page.run(f"(async () => {{ const t = performance.now(); location.hash = '{prefix}m1/certificate_request.names.name~15000'; await new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d))); return performance.now() - t; }})()")
        check(took < 4000 and page.run("(document.querySelector('.inspector h4') || {}).textContent") == "name", f"big: {name}: going to the 15,000th field takes {took:.0f} ms")
        elements = page.run("document.querySelectorAll('*').length")
        check(elements < 400_000, f"big: {name}: {elements} elements")
        check(not trouble(page), f"big: {trouble(page)[:3]}")
        print(f"    {name}: loaded in {loaded:.2f} s, worst step {took:.0f} ms, {elements:,} elements", flush=True)
        page.close()


def find_axe():
    """axe-core's text, by npm into the build directory; None and why not."""
    place = os.path.join(ROOT, "build", "html")
    path = f"{place}/node_modules/axe-core/axe.min.js"
    if not os.path.exists(path):
        if not shutil.which("npm"):
            return None, "there is no npm"
        os.makedirs(place, exist_ok=True)
        try:
            done = subprocess.run(["npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--no-save", "--silent", "axe-core@4"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return None, "npm does not come to an end"
        if done.returncode or not os.path.exists(path):
            return None, f"npm could not fetch it: {done.stderr.strip()[:200]}"
    with open(path, encoding="utf-8") as f:
        return f.read() + "; undefined", None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fede", default=os.path.join(ROOT, "build/release/fede"))
    parser.add_argument("--quick", action="store_true", help="axe looks at some of the messages only")
    parser.add_argument("--all", action="store_true", help="as without --quick")
    parser.add_argument("--keep", metavar="DIR", help="leave the pages there")
    arguments = parser.parse_args()
    if not shutil.which("chromium"):
        skip("everything: there is no chromium")
        return report()
    check_phrases()
    place = arguments.keep or tempfile.mkdtemp(prefix="fede-html-")
    os.makedirs(place, exist_ok=True)
    try:
        pages = scenes.make(os.path.abspath(arguments.fede), place)
        with Browser() as browser:
            kept = {}
            for name, (path, document) in pages.items():
                if arguments.quick and name == "captured several":
                    continue
                _, stories, _ = check_file(name, path, document)
                stories.sort(key=lambda story: story.get("connection", 0))  # as the page has them
                kept[name] = stories
                check_content(name, browser, path, stories)
            mode = os.stat(pages["good"][0]).st_mode & 0o777
            check(mode == 0o600, f"good: a page with keys has the mode {mode:o}")
            with open(pages["good"][0], encoding="utf-8") as f:
                check("somebody:password" not in f.read(), "good: the page's command line holds the password")
            refused = subprocess.run([arguments.fede, "connect", "--report", f"{place}/none/x.html", "https://localhost:1/"], capture_output=True, text=True, timeout=20)
            check(refused.returncode == 1 and "can't be written" in refused.stderr, f"a page in no directory: {refused.returncode}, {refused.stderr[-200:]}")
            check(len(kept["redirect"]) == 2, "redirect: there are not two stories")
            check(kept["refused"][0]["exit"]["code"] == 7, "refused: the exit code is not 7")
            capture = f"{ROOT}/tests/captures/data/t12-alpn"
            subprocess.run([arguments.fede, "explain", "--lang=zh", "-q", "--report", f"{place}/zh.html", "--keylog", f"{capture}.keys", f"{capture}.pcapng.gz"],
                           capture_output=True, timeout=30, check=False)
            check_chinese(browser, f"{place}/zh.html")
            check_keyboard(browser, pages["good"][0])
            check_pointer(browser, pages["good"][0], kept["good"][0])
            check_shape(browser, pages["good"][0])
            check_hostile(browser, pages["hostile"][0], scenes.HOSTILE_WORDS)
            check_hostile(browser, pages["served"][0], [scenes.SERVER_NAME, "http/1.1, </script>"])
            check_hostile(browser, pages["captured hostile"][0], [scenes.SERVER_NAME, scenes.TARGET, "</script><script>window.hostile=1</script>"])
            check_policy(browser, pages["good"][0], place)
            check_big(browser, pages["good"][0], kept["good"][0], place)
            axe, why = find_axe()
            only = arguments.quick
            if axe:
                check_axe(browser, pages["good"][0], axe, "good", ((1440, False), (390, True)) + (() if only else ((1440, True), (390, False))), only)
                check_axe(browser, pages["refused"][0], axe, "refused", ((1440, True),), only)
                check_axe(browser, pages["captured"][0], axe, "captured", ((390, False),), only)
            else:
                skip(f"axe-core: {why}")
    except Failed as e:
        check(False, str(e))
    finally:
        if not arguments.keep:
            shutil.rmtree(place, ignore_errors=True)
    return report()


def report():
    print("html: {passed} passed, {failed} failed".format(**COUNTS) + (f", {COUNTS['skipped']} skipped" if COUNTS["skipped"] else ""))
    return 1 if COUNTS["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
