"""A headless Chromium, spoken to over the DevTools protocol with Python's standard library: a WebSocket client as small as one
connection to one's own browser needs it (RFC 6455: text frames, masked, no extensions)."""
import base64
import itertools
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request


class Failed(Exception):
    pass


class WebSocket:
    def __init__(self, url, limit):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", url).groups()
        self.socket = socket.create_connection((host, int(port)), limit)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        if b" 101 " not in self.file.readline():
            raise Failed("the browser does not speak WebSocket")
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        n = len(data)
        head = bytes([0x81]) + (bytes([0x80 | n]) if n < 126 else
                                bytes([0x80 | 126]) + struct.pack(">H", n) if n < 65536 else
                                bytes([0x80 | 127]) + struct.pack(">Q", n))
        whole = int.from_bytes(data, "big") ^ int.from_bytes((mask * (n // 4 + 1))[:n], "big")
        self.socket.sendall(head + mask + whole.to_bytes(n, "big"))

    def receive(self):
        parts = []
        while True:
            first, second = self.file.read(2)
            n = second & 0x7f
            if n == 126:
                n = struct.unpack(">H", self.file.read(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", self.file.read(8))[0]
            data = self.file.read(n)
            if first & 0x0f in (0, 1):
                parts.append(data)
                if first & 0x80:
                    return b"".join(parts).decode()
            elif first & 0x0f == 8:
                raise Failed("the browser closed the connection")


class Browser:
    """with Browser() as browser: page = browser.page() …"""

    def __init__(self, program="chromium", limit=30):
        self.program, self.limit = program, limit
        self.ids = itertools.count(1)
        self.events = []

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="fede-html-")
        words = [self.program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server",
                 "--no-first-run", "--hide-scrollbars", "--disable-dev-shm-usage", "--force-color-profile=srgb",
                 f"--user-data-dir={self.home}/data", "--remote-debugging-port=0", "about:blank"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, HOME=self.home, DBUS_SESSION_BUS_ADDRESS="/dev/null"))
        end = time.monotonic() + self.limit
        port_file = f"{self.home}/data/DevToolsActivePort"
        while time.monotonic() < end:
            try:
                with open(port_file) as f:
                    port, path = f.read().split()
                break
            except (OSError, ValueError):
                if self.process.poll() is not None:
                    break
                time.sleep(.05)
        else:
            port = None
        try:
            self.socket = WebSocket(f"ws://127.0.0.1:{port}{path}", self.limit)
        except Exception as e:
            self.__exit__()
            raise Failed(f"Chromium does not start: {e}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, method, session=None, **parameters):
        number = next(self.ids)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.receive())
            if answer.get("id") == number:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def page(self, **options):
        return Page(self, **options)


class Page:
    def __init__(self, browser, width=1440, height=900, dark=False, script=True, mobile=False):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                                          {"name": "prefers-reduced-motion", "value": "reduce"}])
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def events(self, *methods):
        return [e["params"] for e in self.browser.events if e.get("sessionId") == self.session and e["method"] in methods]

    def open(self, url):
        self.browser.events = [e for e in self.browser.events if e.get("sessionId") != self.session]
        self.call("Page.navigate", url=url)
        end = time.monotonic() + self.browser.limit
        while not self.events("Page.loadEventFired"):
            if time.monotonic() > end:
                raise Failed(f"{url} does not load")
            self.browser.events.append(json.loads(self.browser.socket.receive()))

    def run(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failed(json.dumps(answer["exceptionDetails"])[:600])
        return answer["result"].get("value")

    def key(self, key, text=None):
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "End": 35, "Home": 36}
        text = "\r" if key == "Enter" else text if text else key if len(key) == 1 else None
        down = {"type": "keyDown" if text else "rawKeyDown", "key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        if text:
            down["text"] = text
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=down["windowsVirtualKeyCode"])

    def type(self, text):
        for c in text:
            self.key(c)

    def picture(self, path, whole=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def pdf(self, **options):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=False, **options)["data"])

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
