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
    return _suffixes(by_default_rule).privatesuffix(_written(bare))


def _written(name: str) -> str:
    """A name with its labels as people write them; as it is where it is wrong."""
    try:
        return name.encode("ascii").decode("idna") if "xn--" in name else name
    except UnicodeError:
        return name


@cache
def _suffixes(by_default_rule: bool) -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    # the list as it is written: to make its names in ASCII takes longer than all else that is done with them
    return PublicSuffixList(only_icann=True, accept_unknown=by_default_rule, accept_encoded_idn=False)
