"""HTTP/2 in clear between others' programs, captured; none of them need be there when the tests run.

    apt-get install nghttp2-server nghttp2-client curl tcpdump; pip install hypercorn==0.17.3 h2==4.1.0 brotli
    python -m tests.protocols.make_http2

Servers are nghttpd (padding, trailers, pushed answers) and hypercorn (gzip, brotli, flow control by small windows of the client); clients are
nghttp and curl, with HTTP/2 known beforehand and after an upgrade of HTTP/1.1. What each body must be is computed by `contents`.
"""

import gzip
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CAPTURE = Path(__file__).parent / "fixtures" / "http2.pcap.gz"
PADDED_PORT, CODED_PORT = 18080, 18081
SINK = ("-o", "/dev/null")
PADDED_SERVER = [
    "nghttpd",
    "--no-tls",
    "-b",
    "50",
    "--echo-upload",
    "--trailer",
    "checked:yes",
    "-p/state.json=/empty.txt",
]
APP = """
import gzip, brotli, pathlib
ROOT = pathlib.Path(__file__).parent
CODINGS = {"gzip": lambda body: gzip.compress(body, 9, mtime=0), "br": brotli.compress}

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path = scope["path"]
    body = (ROOT / "www" / path.split("/")[-1]).read_bytes()
    headers = [(b"content-type", b"application/octet-stream")]
    coding = path.split("/")[1]
    if coding in CODINGS:
        body = CODINGS[coding](body)
        headers.append((b"content-encoding", coding.encode()))
    uploaded, more = b"", scope["method"] == "POST"
    while more:
        event = await receive()
        uploaded += event.get("body", b"")
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    body = uploaded or body
    for place in range(0, len(body), 3000):
        await send({"type": "http.response.body", "body": body[place:place + 3000], "more_body": True})
    await send({"type": "http.response.body", "body": b""})
"""


def contents() -> dict[str, bytes]:
    """Files that are served, by name."""
    blob = b"".join(hashlib.sha256(bytes([place % 256, place // 256])).digest() for place in range(600))
    return {
        "blob.bin": blob,  # 19,200 bytes: more than a frame has
        "rows.html": "".join(f"<p>row {row} of a page</p>\n" for row in range(4000)).encode(),  # more than a window
        "state.json": b'{"power": "on", "brightness": 80}',
        "empty.txt": b"",
    }


def commands(folder: Path) -> list[list[str]]:
    """What the clients are asked to do, one connection each but for curl's after an upgrade."""
    padded, coded = (f"http://127.0.0.1:{port}" for port in (PADDED_PORT, CODED_PORT))
    names = list(contents())
    known = ["curl", "-sS", "--http2-prior-knowledge", "-Z", "--parallel-immediate"]
    return [
        # streams that lie in one another, with padding on both sides and windows of 4,095 bytes
        ["nghttp", "-n", "-b", "200", "-w", "12", "-W", "12", *(f"{padded}/{name}" for name in names)],
        ["nghttp", "-n", "-b", "100", "--trailer", "sum: 1", "-d", str(folder / "www/rows.html"), f"{padded}/upload"],
        ["nghttp", "-n", "-u", f"{coded}/-/blob.bin", f"{coded}/-/state.json"],
        [*known, *(word for name in names for word in (*SINK, f"{coded}/gzip/{name}"))],
        [*known, *(word for name in names for word in (*SINK, f"{coded}/br/{name}"))],
        ["curl", "-sS", "--http2", *SINK, f"{coded}/gzip/rows.html", *SINK, f"{coded}/-/blob.bin"],
        [*known, *SINK, "--data-binary", f"@{folder}/www/rows.html", f"{coded}/-/state.json"],
    ]


def main() -> None:
    """Captures the clients' connections on the loopback interface."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "www").mkdir()
        for file, content in contents().items():
            (folder / "www" / file).write_bytes(content)
        (folder / "app.py").write_text(APP, "utf-8")
        raw = folder / "http2.pcap"
        ports = f"tcp port {PADDED_PORT} or tcp port {CODED_PORT}"
        servers = [
            subprocess.Popen(["tcpdump", "-q", "-i", "lo", "-U", "-s", "0", "-w", raw, ports]),
            subprocess.Popen([*PADDED_SERVER, "-d", folder / "www", str(PADDED_PORT)]),
            subprocess.Popen(
                [sys.executable, "-m", "hypercorn", "-b", f"127.0.0.1:{CODED_PORT}", "app:app"], cwd=folder
            ),
        ]
        time.sleep(5)
        for command in commands(folder):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
        time.sleep(2)
        for server in servers:
            server.terminate()
            server.wait()
        CAPTURE.write_bytes(gzip.compress(raw.read_bytes(), 9, mtime=0))


if __name__ == "__main__":
    main()
