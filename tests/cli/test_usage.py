"""Command line: what is refused, and how; help; lists."""
from scene import expect, same, test

REFUSED = ["--tlsv1.3", "--tlsv1.1", "--sslv3", "--tls13-ciphers=x", "--pinnedpubkey=x",
           "--psk=00", "--psk-identity=x", "--early-data=x",
           "--key-update", "--fallback-scsv", "--record-split=9", "--capture=x", "--trace=x", "--trace-ascii=x",
           "--http1.0", "--http3", "--form=a=b", "--cookie-jar=x", "-c", "-F",
           "--socks5=h", "--retry=3"]


@test
def usage_refused_options_are_named(s):
    for word in REFUSED:
        words = [word, "x"] if word in ("-c", "-F") else [word]
        r = s.run("connect", *words, "https://localhost:1/").ends(2, word.split("=")[0])
        expect("can't be used" in r.err or "takes no value" in r.err, f"{word}: no reason\n{r}")
        same(r.out, b"", word)


@test
def usage_mistakes(s):
    for words, say in (([], "needed"), (["a", "b"], "one too many"), (["--hed", "h"], "did you mean --head?"), (["--zzz", "h"], "no option --zzz"),
                       (["-Z", "h"], "no option -Z"), (["--cacert"], "needs a value"), (["--insecure=1", "h"], "takes no value"),
                       (["-m", "0", "h"], "not a number of seconds"), (["-m", "x", "h"], "not a number"), (["--key", "k", "h"], "--cert"), (["--cert-type", "P13", "h"], "PEM"), (["--pass", "x", "h"], "--cert"), (["--max-fragment", "63", "h"], "63"),
                       (["--ciphers", "RC4-MD5", "h"], "RC4-MD5"), (["--groups", "x25519:nix", "h"], "nix"), (["--sigalgs", "", "h"], "at least one"),
                       (["--color", "red", "h"], "red"), (["--json=x", "h"], "lines"), (["--width", "3", "h"], "40"), (["-o", "a", "-O", "https://h/x"], "-O"),
                       (["-I", "-d", "x", "h"], "-I and -d"), (["--alpn", "x", "--no-alpn", "h"], "--no-alpn"), (["--resolve", "h:1", "h"], "HOST:PORT:ADDRESS"),
                       (["--verify-ip", "h", "h"], "no IP address"), (["--attime", "soon", "h"], "not a time"), (["-w", "%{nix}", "h"], "nix"),
                       (["--starttls", "nix", "h"], "nix"), (["-H", "novalue", "h"], "Name: value"), (["-X", "A B", "h"], "no method"),
                       (["--tls-max", "1.1", "h"], "1.1"), (["-d", "@/nonexistent/x", "h"], "/nonexistent/x"), (["-b", "file", "h"], "NAME=VALUE"),
                       (["-O", "https://localhost:1/"], "no file name"), (["--no-ticket", "h"], "belongs to --sess-out"),
                       (["--reconnect=0", "h"], "0"), (["--reconnect=x", "h"], "x")):
        r = s.run("connect", *words).ends(2, say)
        same(r.err.count("exit 2"), 1, f"one exit line: {r}")
    s.run("conect").ends(2, "did you mean connect?")
    s.run("https://x/").ends(2, "fede connect https://x/")
    s.run("-x").ends(2, "the command comes first")
    same(s.run().code, 2, "no words")


@test
def usage_bad_urls(s):
    """url_bad"""
    for url in ("https://a b/", "https://h:0/", "https://user@h/", "ftp://h/", "https://1.2.3/", "https://b\xfccher.example/", "https://"):
        r = s.run("connect", url).ends(2, "The URL can't be used")
        expect("TCP" not in r.err, "it went on")
    s.run("connect", "https://good.example@evil.example/").ends(2, "-u USER:PASSWORD")
    expect('"url_bad"' in s.run("connect", "--json", "ftp://h/").err, "reason in JSON")


@test
def usage_help_and_lists(s):
    rows = [line.split("\t") for line in s.run("--list-options", "connect").out.decode().splitlines()]
    expect(len(rows) > 60, f"{len(rows)} options")
    page = s.run("connect", "--help")
    same(page.code, 0, "help")
    text = page.out.decode()
    expect(text.index("Examples") < text.index("--head"), "examples come first")
    for row in rows:
        same(len(row), 4, f"fields of {row}")
        expect(f"--{row[0]}" in text, f"--{row[0]} is not in --help")
        expect(row[3].strip(), f"--{row[0]} has no sentence")
        expect(not row[1] or f"-{row[1]}, --{row[0]}" in text, f"-{row[1]}")
    expect(all(len(line) <= 80 for line in text.splitlines() if not line.startswith("  fede ")), "help is wider than 80 columns")
    same(len({row[0] for row in rows}), len(rows), "names twice")
    letters = [row[1] for row in rows if row[1]]
    same(len(set(letters)), len(letters), "letters twice")
    for topic, word in (("times", "time_appconnect"), ("ciphers", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), ("codes", "28"),
                        ("starttls", "imap"), ("input", "--linger"), ("connect", "--head")):
        for words in (["--help", topic], ["help", topic]):
            r = s.run(*words)
            same(r.code, 0, topic)
            expect(word in r.out.decode(), f"{topic}: {r}")
    expect("time_total" in s.run("connect", "--help", "times").out.decode(), "connect --help times")
    same(s.run("--help", "nix").code, 2, "unknown topic")
    expect("OpenSSL" in s.run("--version").out.decode(), "version")
    expect("connect\t" in s.run("--list-commands").out.decode(), "commands")


@test
def usage_values_in_all_forms(s):
    """Long and short, joined and apart, before and behind the URL."""
    for words in (["--max-time=0.3"], ["--max-time", "0.3"], ["-m0.3"], ["-m", "0.3"], ["-qm.3"]):
        for order in (lambda w, u: [*w, u], lambda w, u: [u, *w]):
            s.run("connect", *order(words, "localhost:1")).ends(5)
