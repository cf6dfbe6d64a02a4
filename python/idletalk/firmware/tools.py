"""Programs that unpack more than this package does itself: none of them is needed."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, what it is for, and how to get it."""

    name: str
    use: str
    mend: str


TOOLS = (
    Tool(
        "unblob",
        "unpacks some 80 formats more",
        "pip install 'unblob>=26.6,<27' beside idletalk (the extra idletalk[unpack]), or pipx",
    ),
    Tool("7z", "archives and disk images, for unblob", "apt-get install p7zip-full"),
    Tool("debugfs", "ext file systems, for unblob", "apt-get install e2fsprogs"),
    Tool("fsck.erofs", "EROFS, for unblob", "apt-get install erofs-utils"),
    Tool("lz4", "LZ4, for unblob", "apt-get install lz4"),
    Tool("lziprecover", "lzip, for unblob", "apt-get install lziprecover"),
    Tool("lzop", "LZO, for unblob", "apt-get install lzop"),
    Tool("unar", "RAR and others, for unblob", "apt-get install unar"),
    Tool("zstd", "Zstandard, for unblob", "apt-get install zstd"),
    Tool("simg2img", "Android sparse images, for unblob", "apt-get install android-sdk-libsparse-utils"),
    Tool("partclone.restore", "partclone images, for unblob", "apt-get install partclone"),
    Tool("jefferson", "JFFS2, for unblob", "comes with unblob"),
    Tool("ubireader_extract_files", "UBIFS, for unblob", "comes with unblob"),
    Tool("ubireader_extract_images", "UBI, for unblob", "comes with unblob"),
    Tool("sasquatch", "SquashFS of vendors, for unblob", "in no Debian release: github.com/onekey-sec/sasquatch"),
    Tool(
        "sasquatch-v4be",
        "big-endian SquashFS of vendors, for unblob",
        "in no Debian release: github.com/onekey-sec/sasquatch",
    ),
)
"""In the order in which they are printed."""


def found_program(name: str) -> str | None:
    """Where a program is: beside this Python, where a package of the same environment puts it, or on the path; and, for what comes
    with unblob, beside unblob.
    """
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    if place := shutil.which(name, path=beside):
        return place
    if name == "unblob" or (unblob := found_program("unblob")) is None:
        return None
    return shutil.which(name, path=str(Path(unblob).resolve().parent))
