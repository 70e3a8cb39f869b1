"""HTTP/1.1: what is asked, what is made of the answer."""
import base64
import json
import time

from scene import Failed, OK, answers, expect, head, request, same, test, unwrap


@test
def http_get(s):
    with s.peer(answers(OK)) as p:
        s.connect(p.url + "/a/../b?c").ends(0, "HTTP/1.1 200 OK", "3 bytes of content", "port " + str(p.port)).gives(b"yes")
        text = p.seen[0][0]
    same(text.split("\r\n"), ["GET /b?c HTTP/1.1", f"Host: localhost:{p.port}", "User-Agent: fede/0.1.0", "Accept: */*"], "the request")


@test
def http_pasted_curl_command(s):
    with s.peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nX: y\r\n\r\n")) as p:
        r = s.connect("-vvv", "--head", p.url + "/").ends(0, "ClientHello", "< X: y", "> HEAD / HTTP/1.1")
        r.gives(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nX: y\r\n\r\n")
        expect(p.seen[0][0].startswith("HEAD / HTTP/1.1\r\n"), "HEAD")
        browser = ["-H", "accept: text/html", "-H", "Accept-Language: de", "-b", "a=1; b=2", "-e", "https://r/", "-A", "me", "--compressed",
                   "--data-raw", "@x=1", "--insecure"]
        s.connect(p.url + "/", *browser).says("uncompressed")
        text, content = p.seen[1]
        for line in ("accept: text/html", "Accept-Language: de", "Cookie: a=1; b=2", "Referer: https://r/", "User-Agent: me",
                     "Content-Type: application/x-www-form-urlencoded", "Content-Length: 4"):
            expect(f"\r\n{line}\r\n" in text + "\r\n", f"{line} in {text}")
        expect("Accept: */*" not in text, "-H replaces a default")
        same(content, b"@x=1", "content")


@test
def http_options_of_the_request(s):
    form = s.file("form.txt", b"a=1\r\n&b=2\n\0")
    fields = s.file("fields.txt", b"X-One: 1\nX-Two: 2\n")
    with s.peer(answers(OK)) as p:
        def ask(*words, stdin=b""):
            s.connect(*words, p.url + "/p", stdin=stdin).ends(0)
            return p.seen[-1]
        text, content = ask("-d", "a=1", "-d", "b=2")
        same((text.split()[0], content), ("POST", b"a=1&b=2"), "-d twice")
        same(ask("-d", "@" + form)[1], b"a=1&b=2", "-d @FILE")
        same(ask("--data-binary", "@" + form)[1], b"a=1\r\n&b=2\n\0", "--data-binary @FILE")
        same(ask("-d", "@-", stdin=b"from\nstdin")[1], b"fromstdin", "-d @-")
        text, content = ask("-T", form)
        same((text.split()[0], content), ("PUT", b"a=1\r\n&b=2\n\0"), "-T")
        expect("Content-Type" not in text, "-T sends no form")
        same(ask("-G", "-d", "a=1", "-d", "b=2")[0].split()[:2], ["GET", "/p?a=1&b=2"], "-G")
        same(ask("-X", "DELETE")[0].split()[0], "DELETE", "-X")
        same(ask("-X", "PUT", "-d", "x")[0].split()[0], "PUT", "-X with -d")
        text = ask("-H", "@" + fields, "-H", "User-Agent:", "-H", "X-Empty;", "-H", "Host: else")[0]
        expect("X-One: 1\r\nX-Two: 2" in text and "User-Agent" not in text and "X-Empty: \r\n" in text + "\r\n", text)
        same(text.count("Host:"), 1, "one Host")
        expect("Host: else" in text, "Host")
        expect("Range: bytes=0-9" in ask("-r", "0-9")[0], "-r")
        expect("Basic " + base64.b64encode(b"joe:s3cret").decode() in ask("-u", "joe:s3cret")[0], "-u")
        r = s.connect("-v", "-u", "joe:s3cret", p.url + "/").ends(0)
        expect(base64.b64encode(b"joe:s3cret").decode() not in r.err, "credentials in the story")


@test
def http_content_forms(s):
    forms = {
        "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", b"abcde"),
        "close": (b"HTTP/1.1 200 OK\r\n\r\nabcde", b"abcde"),
        "1.0": (b"HTTP/1.0 200 OK\r\n\r\nabcde", b"abcde"),
        "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK, b"yes"),
        "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", b""),
        "surplus": (OK + b"and more", b"yes"),
        "empty": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        "no words": (b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nyes", b"yes"),
    }
    for name, (answer, content) in forms.items():
        with s.peer(answers(answer)) as p:
            r = s.connect("-v", p.url)
            expect(r.code == 0 and r.out == content, f"{name}: {r}")


@test
def http_byte_by_byte(s):
    answer = b"HTTP/1.1 200 OK\r\nX: long value\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    def handler(connection, peer):
        request(connection)
        for i in range(len(answer)):
            connection.sendall(answer[i:i + 1])
        unwrap(connection)
    with s.peer(handler) as p:
        s.connect("-v", p.url).ends(0, "< X: long value").gives(b"abcde")


@test
def http_keeps_open(s):
    """The answer's length is known: nobody waits for the end of the connection."""
    def handler(connection, peer):
        request(connection)
        connection.sendall(OK)
        return connection.recv(10)  # b"": fede closes
    with s.peer(handler) as p:
        began = time.monotonic()
        s.connect(p.url).ends(0).gives(b"yes")
        expect(time.monotonic() - began < 5, "it waited")
    same(p.seen, [b""], "close_notify")


@test
def http_incomplete(s):
    """http_incomplete"""
    for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
                   b"HTTP/1.1 200 OK\r\nX: ", b""):
        with s.peer(answers(answer)) as p:
            r = s.connect(p.url).ends(13, "The answer ended too early")
            expect("content, not the whole" not in r.err or r.err.index("content, not the whole") < r.err.index("too early"), "first what happened, then why it is wrong")
    with s.peer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), tls=False) as p:
        s.connect(p.url).ends(13, "3 of 10 bytes").gives(b"abc")


@test
def http_truncated(s):
    """truncated: the end without close_notify is no end."""
    with s.peer(answers(b"HTTP/1.1 200 OK\r\n\r\nabc", close=False)) as p:
        s.connect(p.url).ends(6, "without close_notify").gives(b"abc")
    with s.peer(answers(OK, close=False)) as p:  # a known length does not need it
        s.connect(p.url).ends(0).gives(b"yes")


@test
def http_malformed(s):
    """http_malformed"""
    for answer in (b"hello there\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"SSH-2.0-x\r\n", b"\0" * 40,
                   b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300000 + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"):
        with s.peer(answers(answer)) as p:
            r = s.connect(p.url)
            expect(r.code == 13 and "not valid HTTP" in r.err, f"{answer[:60]}: {r}")
    with s.peer(answers(b"\x1b]0;evil\x07 hello\r\n\r\n")) as p:
        expect("\x1b]0" not in s.connect(p.url).err, "a control character reached the terminal")


@test
def http_story_is_escaped(s):
    answer = b"HTTP/1.1 200 \x1b[2Jbad\r\nX: \x1b]0;evil\x07\r\nServer: a\x9bb\r\nContent-Type: \x1b[31mred\r\nContent-Length: 3\r\n\r\nyes"
    with s.peer(answers(answer)) as p:
        for words in (["-v"], ["-vvv"], ["-q"], ["--json"], ["--json=lines"]):
            r = s.connect(*words, p.url)
            expect(r.code in (0, 13), words)
            expect("\x1b" not in r.err and "\x07" not in r.err and "\x9b" not in r.err, f"{words}: {r.err!r}")


@test
def http_fail(s):
    """http_status"""
    with s.peer(answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\noops")) as p:
        s.connect(p.url).ends(0).gives(b"oops")
        s.connect("-f", p.url).ends(8, "status 404").gives(b"")
        s.connect("--fail", "-I", p.url).ends(8).gives(b"")


@test
def http_early_answer(s):
    """A server that answers before it has read everything is heard."""
    big = s.file("big.bin", b"x" * 20000000)

    def handler(connection, peer):
        head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        time.sleep(0.5)
        unwrap(connection)
    with s.peer(handler) as p:
        s.connect("-T", big, p.url + "/").ends(0, "413").gives(b"no")


@test
def http_upload_and_download_of_much(s):
    data = bytes(range(256)) * 40000
    path = s.file("much.bin", data)

    def handler(connection, peer):
        text, content = request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        unwrap(connection)
    with s.peer(handler) as p:
        s.connect("--data-binary", "@" + path, "-o", "much.back", p.url).ends(0, "10,240,000 bytes of content")
        expect(open(f"{s.place}/much.back", "rb").read() == data, "the bytes differ")


# ---- Redirects -------------------------------------------------------------------------------------------------------

def router(routes):
    def handler(connection, peer):
        text, content = request(connection)
        target = text.split()[1]
        answer = routes(target, peer)
        connection.sendall(answer)
        unwrap(connection) if peer.tls else None
        return text, content
    return handler


def moved(status, where):
    return f"HTTP/1.1 {status} Moved\r\nLocation: {where}\r\nContent-Length: 4\r\n\r\ngone".encode()


@test
def http_redirects(s):
    """http_redirects"""
    def routes(target, peer):
        return {"/a": moved(302, "b?x#f"), "/b?x": moved(301, "//localhost:%d/c" % peer.port), "/c": OK, "/loop": moved(302, "/loop"),
                "/303": moved(303, "/c"), "/307": moved(307, "/c"), "/301": moved(301, "/c"), "/mail": moved(302, "mailto:a@b"),
                "/bad": moved(302, "https://a b@/")}[target]
    with s.peer(router(routes)) as p:
        s.connect(p.url + "/a").ends(0, "302").gives(b"gone")
        s.connect("-L", p.url + "/a").ends(0, "Redirect 1", "Redirect 2", "/c").gives(b"yes")
        r = s.connect("-qL", "-w", "%{num_redirects} %{num_connects} %{url_effective}", p.url + "/a")
        same(r.out, b"yes2 3 https://localhost:%d/c" % p.port, "-w")
        r = s.connect("--json", "-L", "-o", "/dev/null", p.url + "/303")
        decoder, at, titles = json.JSONDecoder(), 0, []
        while at < len(r.err.strip()):
            story, used = decoder.raw_decode(r.err.strip()[at:].lstrip())
            at += len(r.err.strip()[at:]) - len(r.err.strip()[at:].lstrip()) + used
            titles.append((story["title"], story["exit"]["code"]))
        same(titles, [(p.url + "/303", 0), (p.url + "/c", 0)], "a document for each connection")
        s.connect("-L", "--max-redirs", "4", p.url + "/loop").ends(8, "More than 4 redirects")
        for path, method in (("/303", "GET"), ("/307", "POST"), ("/301", "GET")):
            s.connect("-L", "-d", "x=y", p.url + path).ends(0).gives(b"yes")
            text, content = p.seen[-1]
            same((text.split()[0], content), (method, b"x=y" if method == "POST" else b""), path)
        s.connect("-L", p.url + "/mail").ends(2, "mailto")
        s.connect("-L", p.url + "/bad").ends(2)
        heads = s.connect("-IL", p.url + "/303")
        same(heads.out.count(b"HTTP/1.1 "), 2, "-IL prints every head")


@test
def http_redirect_to_others(s):
    with s.peer(answers(OK), tls=False) as plain, s.peer(router(lambda t, p: moved(302, f"http://localhost:{plain.port}/"))) as p:
        s.connect("-L", "-u", "a:b", "-b", "c=d", "-H", "Authorization: x", "-H", "X-Mine: y", p.url).ends(0, "leaves TLS", "Another host").gives(b"yes")
        text = plain.seen[0][0]
        expect("Authorization" not in text and "Cookie" not in text and "X-Mine: y" in text, text)
        expect("Authorization" in p.seen[0][0], "the first host gets it")


@test
def http_plain(s):
    with s.peer(answers(OK), tls=False) as p:
        r = s.run("connect", p.url).ends(0, "plain text", "in the clear").gives(b"yes")
        expect("ClientHello" not in r.err, "TLS")
        same(s.run("connect", "-qw", "%{ssl_verify_result} %{time_appconnect} %{http_code}", p.url).out, b"yes0 0.000000 200", "-w")


@test
def http_without_scheme(s):
    with s.peer(answers(OK)) as p:
        s.connect("-q", p.address + "/x").gives(b"yes")
        s.connect("-I", p.address).ends(0, "https:// is taken")
        s.connect(p.url + "/x#frag").ends(0, "fragment")
    same([seen[0].split()[1] for seen in p.seen], ["/x", "/", "/x"], "targets")


@test
def http_write_out(s):
    with s.peer(answers(b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 3\r\n\r\nyes")) as p:
        names = ["time_namelookup", "time_connect", "time_appconnect", "time_pretransfer", "time_starttransfer", "time_total"]
        r = s.connect("-q", "-o", "/dev/null", "-w", "|".join("%{" + n + "}" for n in names), p.url)
        times = [float(x) for x in r.out.decode().split("|")]
        expect(times == sorted(times) and times[0] > 0 and times[-1] < 20, f"times {times}")
        wanted = {"http_code": "200", "http_version": "1.1", "content_type": "text/x", "size_download": "3", "remote_ip": "127.0.0.1",
                  "remote_port": str(p.port), "local_ip": "127.0.0.1", "num_connects": "1", "ssl_verify_result": "0", "num_rtt": "4",
                  "tls_version": "TLSv1.2", "tls_group": "x25519", "url_effective": p.url + "/", "exitcode": "0", "errormsg": "",
                  "time_redirect": "0.000000", "tls_verify_reason": "", "size_upload": "0", "response_code": "200"}
        for name, value in wanted.items():
            r = s.connect("-q", "-o", "/dev/null", "-w", "%{" + name + "}", p.url)
            same(r.out.decode(), value, name)
        same(s.connect("-q", "-o", "/dev/null", "-w", r"a\tb\n100%%\q%x", p.url).out, b"a\tb\n100%\\q%x", "escapes")
        topic = s.run("--help", "times").out.decode()
        expect(all(name in topic for name in [*names, *wanted]), "a variable has no definition")
    r = s.run("connect", "-k", "-qw", "%{ssl_verify_result} %{tls_verify_reason}", "-o", "/dev/null", "localhost:1")
    same((r.code, r.out), (5, b"0 "), "-w after a failure")


@test
def http_interrupted_limits(s):
    """time_limit"""
    def slow(connection, peer):
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        try:
            connection.recv(1)
        except OSError:
            pass
    with s.peer(slow) as p:
        began = time.monotonic()
        s.connect("-m", "0.7", p.url).ends(28, "700 ms").gives(b"abc")
        expect(0.6 < time.monotonic() - began < 10, "the time")

    def silent(connection, peer):
        request(connection)
        try:
            connection.recv(1)
        except OSError:
            pass
    with s.peer(silent) as p:
        s.connect("-m", "0.5", p.url).ends(28, "has not answered")
    story = json.loads(s.run("connect", "--json", "-m", "0.5", "localhost:1").err)
    same(story["exit"]["code"] if isinstance(story["exit"], dict) else story["exit"], 5, "exit in JSON")
