"""Programs that unpack more than this package does itself: none of them is needed."""

import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, what it is for, and how to get it."""

    name: str
    use: str
    mend: str


TOOLS = (
    Tool("unsquashfs", "unpacks SquashFS version 4", "apt-get install squashfs-tools"),
    Tool(
        "unblob",
        "unpacks some 80 formats more",
        "pipx install unblob; its own tools: unblob --show-external-dependencies",
    ),
    Tool("7z", "archives, for unblob", "apt-get install p7zip-full"),
    Tool("debugfs", "ext file systems, for unblob", "apt-get install e2fsprogs"),
    Tool("fsck.erofs", "EROFS, for unblob", "apt-get install erofs-utils"),
    Tool("lz4", "LZ4, for unblob", "apt-get install lz4"),
    Tool("lzop", "LZO, for unblob", "apt-get install lzop"),
    Tool("unar", "RAR and others, for unblob", "apt-get install unar"),
    Tool("zstd", "Zstandard, for unblob", "apt-get install zstd"),
    Tool("simg2img", "Android sparse images, for unblob", "apt-get install android-sdk-libsparse-utils"),
    Tool("jefferson", "JFFS2, for unblob", "comes with unblob: put its environment's bin on PATH"),
    Tool("ubireader_extract_files", "UBIFS, for unblob", "comes with unblob: put its environment's bin on PATH"),
    Tool("sasquatch", "SquashFS of vendors, for unblob", "in no Debian release: github.com/onekey-sec/sasquatch"),
)
"""In the order in which they are printed."""


def found(tool: Tool) -> str | None:
    """Where it is."""
    return shutil.which(tool.name)
