#!/usr/bin/env python3
"""options.py FEDE SHARE: every option the parser knows stands in the command's man page and in the three completions,
and these name no option the parser does not know."""
import re
import subprocess
import sys

fede, share = sys.argv[1:]


def read(path):
    with open(f"{share}/{path}", encoding="utf-8") as f:
        return f.read()


wrong = []
completions = {shell: read(path) for shell, path in (
    ("bash", "bash-completion/completions/fede"), ("zsh", "zsh/site-functions/_fede"),
    ("fish", "fish/vendor_completions.d/fede.fish"))}
for command in ("connect", "serve", "explain", "capture", "derive", "diff", "keylog", "lookup", "cert", "ca", "lab"):
    rows = [line.split("\t") for line in subprocess.run([fede, "--list-options", command], check=True, capture_output=True,
                                                        text=True).stdout.splitlines()]
    known = {row[0].lstrip("-") for row in rows}
    if len(known) < 10:
        wrong.append(f"{command}: the parser lists {len(known)} options")
    page = read(f"man/man1/fede-{command}.1").replace("\\-", "-")
    named = set(re.findall(r"^\.(?:BR?|TP|IP|BI) .*?--([a-z0-9][a-z0-9.-]*)", page, re.M))
    wrong += [f"fede-{command}.1 does not describe --{name}" for name in sorted(known - named)]
    wrong += [f"fede-{command}.1 describes --{name}, which does not exist" for name in sorted(named - known)]
    for shell, text in completions.items():
        for name in sorted(known):
            if not re.search(rf"(?<![\w-])(?:--)?{re.escape(name)}(?![\w-])", text):
                wrong.append(f"{shell}: --{name} of {command} is not completed")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
