"""Unpacking in child processes: with limits on time, memory, files and bytes, without network, only into one folder."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Self

import msgspec

from idletalk.firmware.model import InnerFile, Recognised, Unpacking
from idletalk.firmware.streams import EXTRACTORS
from idletalk.firmware.unblob import has_unnamed, not_ours
from idletalk.firmware.unblob_program import AHEAD
from idletalk.firmware.worth import worth_a_look

TRIES = 2
"""Times that an image is given: the process that starts those of images may have died since the image before."""


class Answer(msgspec.Struct):
    """What the process of an image says."""

    isolation: str = "the process ended before it said"
    unblob: bool = False
    files: list[tuple[str, int, str, str]] = []
    stopped: list[str] = []


class Ended(msgspec.Struct):
    """What the process that starts them says of its end, before `length` bytes of answer."""

    length: int = 0
    ended: str | None = "unpacking could not be begun"


class Unpackers:
    """A process that has loaded what unpacking needs and starts one more for each image. It begins with the first image."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._server: subprocess.Popen[bytes] | None = None
        self._is_expecting = False

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process; those of images are over when :meth:`unpack` returns."""
        server, self._server = self._server, None
        if server is not None:
            # what was not read by a process that has died cannot be flushed
            with contextlib.suppress(OSError), server:
                server.kill()

    def expect(self, found: Recognised) -> None:
        """Say that an image of these parts is to come: what only unblob unpacks is worth to have it loaded, beside everything else."""
        if not self._is_expecting and (not_ours(found, EXTRACTORS) or has_unnamed(found)):
            self._is_expecting = True
            with contextlib.suppress(OSError):
                self._tell(AHEAD)

    def unpack(self, image: Path, folder: Path) -> Unpacking:
        """Unpack an image into a folder that is there and empty. Never raises for what is in the image."""
        answer, ended = self._ask({"image": str(image.resolve()), "folder": str(folder.resolve())})
        told = Answer()
        with contextlib.suppress(msgspec.DecodeError):
            told = msgspec.json.decode(answer, type=Answer)
        files: list[InnerFile] = []
        for path, size, digest, of in told.files:
            place = folder / path
            if place.is_file() and not place.is_symlink():
                files.append(
                    InnerFile(path=path, size_bytes=size, sha256=digest, of=of, worth_a_look=worth_a_look(path, place))
                )
        return Unpacking(
            done=True,
            isolation=told.isolation,
            unblob=told.unblob,
            files=tuple(files),
            files_in_all=len(files),
            bytes=sum(file.size_bytes for file in files),
            stopped=(*told.stopped, *([ended] if ended else [])),
        )

    def _ask(self, task: dict[str, str]) -> tuple[bytes, str | None]:
        """What the process of an image says, and why it was ended if it was."""
        for _ in range(TRIES):
            try:
                said = self._tell(json.dumps(task).encode() + b"\n")
                about = msgspec.json.decode(said.readline(), type=Ended)
                return said.read(about.length), about.ended
            except (OSError, msgspec.DecodeError):
                self.__exit__()
        return b"", Ended().ended

    def _tell(self, line: bytes) -> IO[bytes]:
        """Give the process a line; what it answers is there to be read."""
        server = self._started()
        assert server.stdin and server.stdout  # noqa: S101  asked for as pipes
        server.stdin.write(line)
        server.stdin.flush()
        return server.stdout

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-I", "-m", "idletalk.firmware.unpack_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        return self._server
