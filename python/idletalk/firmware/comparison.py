"""Two versions of an image: what the second has that the first has not, and the other way round."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from idletalk.firmware.model import Examination


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in one respect."""

    about: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


def _said(kind: str) -> Callable[[Examination], Iterable[str]]:
    return lambda one: (said.text for said in one.said if said.kind == kind)


_ASPECTS: tuple[tuple[str, Callable[[Examination], Iterable[str]]], ...] = (
    ("authenticated by", lambda one: (one.judgement.authentication,)),
    ("encryption", lambda one: (one.judgement.encryption,)),
    ("rollback", lambda one: (one.judgement.rollback,)),
    ("bytes", lambda one: (str(one.recognised.size_bytes),)),
    ("formats", lambda one: (part.format for part in one.recognised.parts)),
    ("versions", lambda one: (f"{s.name} {s.version}" for s in one.said if s.kind == "version" and s.version)),
    ("hosts", lambda one: (host.text for host in one.hosts)),
    ("URLs", _said("url")),
    ("IP addresses", _said("ip")),
    ("certificates", lambda one: (f"{c.subject} until {c.not_after[:10]}" for c in one.certificates)),
    (
        "private keys",
        lambda one: (f"{key.kind or 'unknown'} ({key.state})" for key in one.keys if key.state != "label only"),
    ),
    ("secrets", lambda one: (f"{secret.kind}: {secret.about}" for secret in one.secrets)),
    ("files", lambda one: (f"{file.path} ({file.size_bytes} bytes)" for file in one.unpacking.files)),
)


def compare(old: Examination, new: Examination) -> tuple[Difference, ...]:
    """The respects in which two images differ; nothing where they say the same."""
    found: list[Difference] = []
    for about, told in _ASPECTS:
        before, after = set(told(old)), set(told(new))
        if before != after:
            found.append(Difference(about, tuple(sorted(before - after)), tuple(sorted(after - before))))
    return tuple(found)
