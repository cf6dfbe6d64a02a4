"""Which of the words that look like host names are some: those under a public suffix that no file name ends in."""

import functools
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

FILE_ENDINGS = frozenset(
    [
        "py",
        "sh",
        "so",
        "pl",
        "rs",
        "cc",
        "md",
        "mk",
        "am",
        "in",
        "tf",
        "ps",
        "js",
        "ts",
        "css",
        "pm",
        "ml",
        "cpp",
        "java",
        "go",
        "do",
        "app",
        "zip",
        "mov",
        "bar",
        "data",
        "dev",
        "info",
        "me",
        "name",
        "id",
        "md5",
        "cfg",
        "st",
        "is",
        "to",
        "as",
        "it",
        "at",
        "be",
        "by",
        "my",
        "so",
        "py",
        "la",
        "ac",
        "ai",
        "ax",
        "ag",
        "sc",
        "sm",
        "tc",
        "tk",
        "tt",
        "ms",
        "mp",
        "mo",
        "lc",
        "im",
        "gs",
        "gl",
        "fm",
        "dm",
        "db",
        "bin",
        "out",
        "int",
        "static",
        "new",
        "map",
        "cache",
        "cat",
        "ini",
        "dat",
        "init",
        "host",
        "run",
        "bat",
        "pub",
        "page",
        "stream",
        "call",
    ]
)
"""Endings that are domains too, and in firmware far more often names of files, of members of a structure, or words. A host
under one of them is believed where a URL has it."""


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def is_host(word: str) -> bool:
    """Whether a bare word is a host name: its ending is a public suffix, and it has more than that."""
    ending = word.rsplit(".", 1)[-1]
    if ending in FILE_ENDINGS or len(word) < 6:
        return False
    registrable = _suffixes().privatesuffix(word)
    return registrable is not None and len(registrable.split(".")[0]) > 1


def host_of(url: str) -> str | None:
    """The host of a URL; none where the URL has a placeholder for it."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host if host and "%" not in host and "." in host else None
