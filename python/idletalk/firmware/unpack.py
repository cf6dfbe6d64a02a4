"""Unpacking in child processes: with limits on time, memory, files and bytes, without network, only into one folder."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

import msgspec

from idletalk.firmware.model import InnerFile, Unpacking
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
            server = self._started()
            assert server.stdin and server.stdout  # noqa: S101  asked for as pipes
            try:
                server.stdin.write(json.dumps(task).encode() + b"\n")
                server.stdin.flush()
                about = msgspec.json.decode(server.stdout.readline(), type=Ended)
                return server.stdout.read(about.length), about.ended
            except (OSError, msgspec.DecodeError):
                self.__exit__()
        return b"", Ended().ended

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
