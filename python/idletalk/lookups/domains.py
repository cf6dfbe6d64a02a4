"""What of a host's name somebody registered, by the Public Suffix List."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def registrable_domain(name: str, *, by_default_rule: bool = False) -> str | None:
    """The registrable domain of a DNS name, such as ``example.co.uk`` for ``www.example.co.uk``.

    By the ICANN part of the Public Suffix List, so ``s3.amazonaws.com`` is Amazon's. None for an IP
    address, a single label, a public suffix itself and what is no host name. An ending that the list does not have is none,
    or, by the list's default rule (publicsuffix.org/list, step 2 of the algorithm), a public suffix of one label.
    """
    bare = name.rstrip(".").lower()
    if ":" in bare or bare.replace(".", "").isdigit():
        return None
    return _suffixes(by_default_rule).privatesuffix(bare)


@cache
def _suffixes(by_default_rule: bool) -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True, accept_unknown=by_default_rule)
