"""fede capture on the loopback interface, beside dumpcap; read again by fede and tshark. Skipped where capturing is not permitted."""
import json
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

from scene import Skip, expect, need, same, test


class Capture:
    """A running capture; the with-block begins when packets are taken."""

    def __init__(self, s, *words):
        self.s, self.words = s, [s.fede, "capture", "-i", "lo", *map(str, words)]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.s.place, env=self.s.environment)
        self.err = self.process.stderr.readline().decode()
        if "not permitted" in self.err or "no such interface" in self.err:
            self.process.communicate(timeout=20)
            raise Skip("capturing is not permitted here")
        expect("capturing" in self.err, self.err)
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            out, err = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.out, self.err, self.code = out, self.err + err.decode(), self.process.returncode
        expect("Sanitizer" not in self.err, self.err)
        return False

    def ends(self, code, say=""):
        expect(self.code == code and say in self.err, f"{self.code}, not {code}; {self.err}\n{self.out.decode(errors='replace')[:2000]}")
        return self


class Server:
    """openssl s_server -www."""

    def __init__(self, s):
        need("openssl")
        need("curl")
        self.s = s
        os.chmod(s.place, 0o711)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", s.path("k"), "-out", s.path("c"), "-days", "2",
                        "-subj", "/CN=localhost"], check=True, capture_output=True, timeout=60)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", s.path("c"), "-key", s.path("k"),
                                         "-www"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def get(self, *words, keylog=None):
        """The page; gives back the port it was asked for from."""
        environment = dict(self.s.environment, **({"SSLKEYLOGFILE": keylog} if keylog else {}))
        return subprocess.run(["curl", "-s", "-k", "-o", self.s.path("page"), "-w", "%{local_port}", *words, f"https://127.0.0.1:{self.port}/"],
                              check=True, timeout=30, env=environment, capture_output=True, text=True).stdout


def until(condition, words):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(words)


@test
def capture_decrypts(s):
    """A key log that grows: stories while it runs, a file that opens by itself, older lines left out."""
    log = s.write("log", f"CLIENT_RANDOM {'ab' * 32} {'cd' * 48}\n")
    with Server(s) as server:
        with Capture(s, "-f", f"tcp port {server.port}", "--keylog", log, "-w", s.path("live"), "-l", "--json=lines") as c:
            server.get("--tls-max", "1.2", keylog=log)
            server.get("--tlsv1.3", keylog=log)
            until(lambda: os.path.getsize(s.path("live")) > 12000, "the file does not grow")
        c.ends(0, "packets captured, 0 lost")
    ends = [line for line in map(json.loads, c.out.splitlines()) if line["event"] == "onlooker"]
    same([e["keys"] for e in ends], ["used", "used"], "keys")
    same(stat.S_IMODE(os.stat(s.path("live")).st_mode), 0o600, "mode")
    expect("ab" * 32 not in s.run("keylog", "extract", s.path("live")).ends(0).text, "an older secret was put in")
    table = json.loads(s.run("explain", "--json", s.path("live")).ends(0).out)["table"]
    same([(r["version"], r["keys"]) for r in table], [("TLS 1.2", "used"), ("TLS 1.3", "used")], "the file")
    same(s.other("tshark", "-r", s.path("live"), "-Y", "http.request", "-T", "fields", "-e", "http.request.uri").split(), ["/", "/"], "tshark")


@test
def capture_beside_dumpcap(s):
    """The same packets as dumpcap has."""
    need("dumpcap")
    need("tshark")

    def packets(name, ports):
        """Those of the connections from these ports, sorted: two who listen may see what passes at once in either order."""
        fields = ["tcp.srcport", "tcp.dstport", "frame.len", "tcp.seq_raw", "tcp.flags", "tcp.payload"]
        lines = s.other("tshark", "-r", s.path(name), "-T", "fields", *(word for f in fields for word in ("-e", f))).splitlines()
        return sorted(line for line in lines if ports & set(line.split("\t")[:2]))

    def both_listen(server):
        with socket.create_connection(("127.0.0.1", server.port), 5) as knock:
            port = {str(knock.getsockname()[1])}
        time.sleep(0.3)
        return packets("ours", port) and packets("theirs", port)
    with Server(s) as server:
        filter_ = f"tcp port {server.port}"
        with Capture(s, "-f", filter_, "-w", s.path("ours")) as c:
            theirs = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", filter_, "-w", s.path("theirs")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
            expect(b"File:" in theirs.stderr.readline() + theirs.stderr.readline(), "dumpcap does not begin")
            until(lambda: both_listen(server), "one of the two sees nothing")
            ports = {server.get(), server.get()}
            until(lambda: len(packets("theirs", ports)) > 20 and packets("ours", ports) == packets("theirs", ports), "not the same packets as dumpcap's")
            theirs.send_signal(signal.SIGINT)
            theirs.communicate(timeout=20)
        c.ends(0, "packets captured")
    same(packets("ours", ports), packets("theirs", ports), "packets")
    info = s.other("capinfos", "-A", s.path("ours"))
    expect(filter_ in info and "nanoseconds" in info, info)


@test
def capture_text_as_it_goes(s):
    """Mission 21: the filter verbatim; the story of a connection is there before the capture ends."""
    with Server(s) as server:
        with Capture(s, "-f", f"tcp port {server.port}") as c:
            server.get()
            lines = []
            reader = threading.Thread(target=lambda: lines.extend(iter(c.process.stdout.readline, b"")), daemon=True)
            reader.start()
            until(lambda: any(b"END" in line for line in lines), f"no story: {lines}")
            expect(c.process.poll() is None, "it ended by itself")
            c.process.send_signal(signal.SIGINT)
            reader.join(30)
        c.ends(0)
        text = b"".join(lines).decode()
        expect("ClientHello" in text and "no key source" in text, text)
        # Nobody reads any more: it ends.
        with Capture(s, "-f", f"tcp port {server.port}") as c:
            c.process.stdout.close()
            server.get()
            server.get()
            c.process.wait(30)
            c.process.stdout = open(os.devnull, "rb")


@test
def capture_limits_and_ring(s):
    port = None
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def talk(n):
            for _ in range(n):
                with socket.create_connection(("127.0.0.1", port)) as client:
                    client.sendall(bytes(3000))
                    server.accept()[0].close()
        with Capture(s, "-f", f"tcp port {port}", "-c", 10, "-w", s.path("ten")) as c:
            talk(5)
            c.process.wait(30)
        c.ends(0, "10 packets captured")
        with Capture(s, "-f", f"tcp port {port}", "-a", "duration:1", "-w", s.path("second")) as c:
            c.process.wait(30)
        c.ends(0)
        same(s.run("explain", s.path("second")).code, 9, "an empty capture is one")
        with Capture(s, "-f", f"tcp port {port}", "-w", s.path("ring.pcapng"), "-b", "filesize:10", "-b", "files:3") as c:
            talk(40)
            until(lambda: sum(os.path.getsize(s.path(f"ring_{n:05}.pcapng")) for n in (1, 2, 3)) > 12000, "the ring is not written")
        c.ends(0, "files begun")
        names = sorted(n for n in os.listdir(s.place) if n.startswith("ring"))
        same(names, [f"ring_{n:05}.pcapng" for n in (1, 2, 3)], "names")
        for name in names:
            expect(12 < os.path.getsize(s.path(name)) < 30000, f"{name}: {os.path.getsize(s.path(name))}")
            expect("damaged" not in s.run("explain", s.path(name)).err, name)
        s.run("capture", "-i", "lo", "-w", s.path("ten"), "-a", "duration:1").ends(1, "--overwrite")
        with Capture(s, "-f", f"tcp port {port}", "-s", 60, "--overwrite", "-c", 5, "-w", s.path("ten")) as c:
            talk(3)
            c.process.wait(30)
        c.ends(0)
        with open(s.path("ten"), "rb") as f:
            expect(len(f.read()) < 1000, "packets are not cut")


@test
def capture_names_addresses(s):
    """A DNS answer on the way becomes a name resolution block."""
    name = b"\4fede\4test\0"
    answer = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + name + struct.pack(">HH", 1, 1) + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 7])
    question = answer[:2] + b"\1\0\0\1" + bytes(6) + name + struct.pack(">HH", 1, 1)
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.77", 53))
    except OSError as why:
        raise Skip("port 53 can't be bound") from why
    with server, Capture(s, "-f", "udp port 53", "-w", s.path("dns")) as c, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(question, ("127.0.0.77", 53))
        server.sendto(answer, server.recvfrom(600)[1])
        client.recvfrom(600)
        until(lambda: b"fede.test\0" in s.read("dns"), "no name in the file")
    c.ends(0, "captured")
    hosts = s.other("tshark", "-r", s.path("dns"), "-q", "-z", "hosts")
    expect("192.0.2.7\tfede.test" in hosts, hosts)


@test
def capture_refusals(s):
    s.run("capture").ends(2, "-D lists them")
    for words in (["x"], ["-i", "lo", "-b", "files:2"], ["-i", "lo", "-w", "f", "-b", "files:2"], ["-i", "lo", "-a", "soon"], ["-i", "lo", "-a", "duration:0"],
                  ["-i", "lo", "-c", "0"], ["-i", "lo", "-w", "f", "-b", "files:900", "-b", "filesize:1"], ["-i", "lo", "-w", "-", "-l"]):
        s.run("capture", *words).ends(2)
    r = s.run("capture", "-i", "lo", "-f", "tcp prot 443")
    if r.code != 11:
        r.ends(2, "pcap-filter(7)")
        s.run("capture", "-i", "nothing0").ends(3, "no such interface")
    expect(not os.path.exists(s.path("f")), "a file was made")
    expect("lo" in s.run("capture", "-D").ends(0).text, "-D")


@test
def capture_permission(s):
    """Without rights: what to do is said. With root's: given up."""
    if os.geteuid() != 0:
        s.run("capture", "-i", "lo", "-c", 1, "-a", "duration:1").ends(11, "setcap cap_net_raw")
        return
    os.chmod(s.place, 0o755)
    tool = s.path("fede")  # nobody may not look into root's folders
    shutil.copy(s.fede, tool)
    os.chmod(tool, 0o755)
    done = subprocess.run([tool, "capture", "-i", "lo", "-c", "1"], user="nobody", group="nogroup", extra_groups=[], capture_output=True, timeout=30,
                          cwd="/", check=False)
    expect(done.returncode == 11 and b"setcap cap_net_raw" in done.stderr, str(done))
    with Capture(s, "-w", s.path("mine")) as c:
        with open(f"/proc/{c.process.pid}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
        import pwd
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        same(status["Uid"].split(), [nobody] * 4, "user")
        same((int(status["CapEff"], 16), int(status["CapPrm"], 16), status["NoNewPrivs"].strip(), status["Groups"].strip()), (0, 0, "1", ""), "rights")
    c.ends(0)
    same(str(os.stat(s.path("mine")).st_uid), nobody, "the file's owner")
    s.run("capture", "-i", "lo", "--user", "no-such-user", "-c", 1).ends(11, "no user")
