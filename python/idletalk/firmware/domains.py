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
        "bb",
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

SCRIPT_OBJECTS = frozenset(["this", "self", "window", "document", "location", "navigator", "console", "event"])
"""Objects that scripts of web pages begin members with (HTML, the Window object): `window.location.search` is no host."""


@functools.cache
def _suffixes() -> PublicSuffixList:
    # the list as it is written: its 10,000 names in ASCII take longer to make than all else that is done with them
    return PublicSuffixList(accept_unknown=False, accept_encoded_idn=False)


def is_host(word: str) -> bool:
    """Whether a bare word is a host name: its ending is a public suffix, and it has more than that."""
    ending = word.rsplit(".", 1)[-1]
    if ending in FILE_ENDINGS or len(word) < 6 or word.split(".", 1)[0] in SCRIPT_OBJECTS:
        return False
    registrable = _suffixes().privatesuffix(_written(word))
    return registrable is not None and len(registrable.split(".")[0]) > 1


def _written(word: str) -> str:
    """A name with its labels as people write them."""
    if "xn--" not in word:
        return word
    try:
        return word.encode("ascii").decode("idna")
    except UnicodeError:
        return word


def host_of(url: str) -> str | None:
    """The host of a URL; none where the URL has a placeholder for it."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host if host and "%" not in host and "." in host else None
