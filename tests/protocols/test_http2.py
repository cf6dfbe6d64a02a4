"""HTTP/2 in clear between others' programs (`make_http2.py` captured them): every body is what was served, and what tshark puts together."""

import hashlib
import shutil
import subprocess
from collections import Counter
from typing import Any

import duckdb
import pytest

from idletalk import _core
from tests.protocols.make_http2 import CAPTURE, CODED_PORT, PADDED_PORT, contents


def hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every body with the target of its request."""
    folder = tmp_path_factory.mktemp("http2")
    (folder / "tables").mkdir()
    _core.dissect([CAPTURE], folder / "tables", threads=1)
    tables = folder / "tables"
    found = duckdb.execute(
        "SELECT body.is_response, body.is_complete, body.content_encoding, body.sha256, body.decoded_sha256,"
        " coalesce(response.request_uri, request.uri) uri, response.version AS version"
        f" FROM '{tables}/http_bodies.parquet' body"
        f" LEFT JOIN '{tables}/http_responses.parquet' response ON body.is_response AND (response.flow, response.frame, response.position) = (body.flow, body.frame, body.position)"
        f" LEFT JOIN '{tables}/http_requests.parquet' request ON NOT body.is_response AND (request.flow, request.frame, request.position) = (body.flow, body.frame, body.position)"
        " ORDER BY body.frame, uri"
    )
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_every_body_is_what_was_served_whatever_lies_around_it(bodies: list[dict[str, Any]]) -> None:
    served = {name: hashed(content) for name, content in contents().items()}
    # 4 and one pushed, an upload and its echo, 2 after an upgrade, 4 in gzip, 4 in brotli, 2 after another upgrade, an upload and its echo
    assert len(bodies) == 21
    assert all(body["is_complete"] for body in bodies)
    *others, echo = bodies
    assert (echo["uri"], echo["sha256"]) == ("/-/state.json", served["rows.html"])
    for body in others:
        is_upload = body["uri"] == "/upload" or not body["is_response"]
        content = body["decoded_sha256"] if body["content_encoding"] else body["sha256"]
        assert content == served["rows.html" if is_upload else body["uri"].split("/")[-1]], body
    assert Counter(body["content_encoding"] for body in bodies) == {None: 12, "gzip": 5, "br": 4}


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_puts_the_same_bodies_together(bodies: list[dict[str, Any]]) -> None:
    command = ["tshark", "-r", CAPTURE, "-Y", "http2.body.reassembled.data", "-T", "fields"]
    command += ["-d", f"tcp.port=={PADDED_PORT},http2", "-d", f"tcp.port=={CODED_PORT},http2"]
    lines = subprocess.run([*command, "-e", "http2.body.reassembled.data"], capture_output=True, text=True, check=True)
    values = [one for line in lines.stdout.split() for one in line.split(",") if one != "<MISSING>"]
    theirs = Counter(hashed(bytes.fromhex(one)) for one in values)
    ours = Counter(body["sha256"] for body in bodies)
    # tshark reports none that was empty or came in one frame, and not those after an upgrade
    assert theirs.total() >= 14
    assert theirs <= ours, theirs - ours
