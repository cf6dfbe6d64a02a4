"""One long-running sharkd (Wireshark's engine as a server): opens captures one after the other and tells field values.

tshark takes 0.2 s to start, sharkd once. It answers JSON-RPC, a line each way (<https://wiki.wireshark.org/sharkd>).
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ANSWER_S = 120.0
"""Longest wait for an answer: the largest capture takes a few seconds."""
FILES_PER_PROCESS = 200
"""Captures before a fresh process, so that what Wireshark leaks stays small."""
MAX_COLUMNS = 32
"""Columns that one `frames` request may ask for (sharkd_session.c, `column0` to `column31`)."""
MAX_TEXT_BYTES = 2000
"""Wireshark cuts a column at COL_MAX_LEN = 2048 bytes; a text near it may lack values."""
PREFERENCES = {
    # out-of-order segments are put in order first
    "tcp.reassemble_out_of_order": "TRUE",
    # a response is told at the frame that completes its head, not its body
    "http.desegment_body": "FALSE",
    "rtsp.desegment_body": "FALSE",
    "sip.desegment_body": "FALSE",
}
"""Where Wireshark's defaults differ from what idletalk tells."""
NAMES = ("services", "enterprises.tsv")
"""Wireshark's lists of ports and enterprises, which it reads again for each capture. Nothing compared is a name of these (by known vendors,
the third such list, it guesses whether Ethernet lies inside MPLS)."""
WITHOUT_NAMES = (
    *("unshare", "--map-root-user", "--mount", "sh", "-euc"),
    f'for list in {" ".join(f"/usr/share/wireshark/{name}" for name in NAMES)}; do [ ! -e $list ] || mount --bind /dev/null $list; done; exec "$@"',
    "sh",
)
"""Runs a program to which these lists are empty."""
READ_BYTES = 1 << 20


class SharkdError(Exception):
    """sharkd died or did not answer."""


@cache
def _command() -> tuple[str, ...]:
    """sharkd, without lists of names where this machine lets a program have mounts of its own (a capture takes half the time)."""
    tried = (
        subprocess.run([*WITHOUT_NAMES, "true"], capture_output=True, check=False) if shutil.which("unshare") else None
    )
    return (*WITHOUT_NAMES, "sharkd", "-") if tried and tried.returncode == 0 else ("sharkd", "-")


class Sharkd:
    """A sharkd process; `open` then `rows`."""

    def __init__(self, preferences: Mapping[str, str] = PREFERENCES) -> None:
        self._preferences = preferences
        self._profile = TemporaryDirectory(prefix="sharkd-")
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._files = 0
        self._rest = b""

    def close(self) -> None:
        """Ends the process."""
        self._stop()
        self._profile.cleanup()

    def open(self, capture: Path) -> int | None:
        """Loads a capture; gives its frames, or `None` where Wireshark does not know the format."""
        if self._files >= FILES_PER_PROCESS:
            self._stop()
        self._files += 1
        refusal = None
        # a file that ends in the middle of a packet is loaded without an answer: the one to `status` ends the wait
        loading = self._send("load", {"file": str(capture)})
        asking = self._send("status", {})
        while True:
            answer = self._receive()
            if answer.get("id") == loading and "error" in answer:
                refusal = answer["error"]
            if answer.get("id") == asking:
                return None if refusal else int(answer["result"]["frames"])

    def rows(self, fields: Sequence[str]) -> list[list[str]]:
        """Values of fields for every frame of the loaded capture: `FIELD:1` the first, `FIELD:0` all, by commas."""
        if len(fields) > MAX_COLUMNS:
            raise ValueError(f"{len(fields)} columns, sharkd takes {MAX_COLUMNS}")
        asked = self._ask("frames", {f"column{place}": name for place, name in enumerate(fields)})
        return [row["c"] for row in asked]

    def selected(self, display_filter: str) -> list[int]:
        """Numbers of the frames of the loaded capture that a display filter selects."""
        # a process remembers what a text selected whatever it loads next: spaces make it another for each capture
        asked = self._ask("frames", {"filter": display_filter + " " * self._files})
        return [int(row["num"]) for row in asked]

    def _ask(self, method: str, params: Mapping[str, str | int]) -> Any:
        asking = self._send(method, params)
        while True:
            answer = self._receive()
            if answer.get("id") == asking:
                if "error" in answer:
                    raise SharkdError(str(answer["error"]))
                return answer["result"]

    def _start(self) -> subprocess.Popen[bytes]:
        environment = dict(os.environ, WIRESHARK_CONFIG_DIR=self._profile.name, TZ="UTC", LC_ALL="C.UTF-8")
        process = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._process, self._files, self._rest = process, 1, b""
        for name, value in self._preferences.items():
            self._send("setconf", {"name": name, "value": value})
            if "error" in (answer := self._receive()):
                raise SharkdError(f"setconf {name}: {answer['error']}")
        return process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _send(self, method: str, params: Mapping[str, str | int]) -> int:
        process = self._process or self._start()
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            self._stop()
            raise SharkdError("sharkd ended") from error
        return self._number

    def _receive(self) -> dict[str, Any]:
        while True:
            line = self._line()
            if line.startswith(b"{"):
                return json.loads(line.decode("utf-8", "replace"), strict=False)

    def _line(self) -> bytes:
        process = self._process
        if process is None or process.stdout is None:
            raise SharkdError("sharkd ended")
        until = time.monotonic() + ANSWER_S
        parts = [self._rest]
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
            part = os.read(process.stdout.fileno(), READ_BYTES) if ready else b""
            if not part:
                self._stop()
                raise SharkdError("sharkd ended" if ready else f"no answer within {ANSWER_S:.0f} s")
            parts.append(part)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line
