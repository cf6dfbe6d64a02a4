"""Signatures as JSON that works on other captures: no addresses, no times of day."""

from collections.abc import Sequence

import msgspec

from idletalk.actions.signature import Signature
from idletalk.errors import IdletalkError

FORMAT = 2


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a signature file holds."""

    format: int
    signatures: tuple[Signature, ...]


def to_json(signatures: Sequence[Signature]) -> str:
    """The text of a signature file."""
    return msgspec.json.encode(_File(format=FORMAT, signatures=tuple(signatures))).decode()


def from_json(content: bytes, name: str) -> tuple[Signature, ...]:
    """The signatures of a file; an error says what is wrong with it."""
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IdletalkError(f"{name} is no signature file: {error}") from None
    if file.format != FORMAT:
        raise IdletalkError(f"{name} has format {file.format}; this version reads format {FORMAT}")
    if not all(signature.sequences for signature in file.signatures):
        raise IdletalkError(f"{name} is no signature file: a signature has no packets")
    for exchange in (one for signature in file.signatures for one in signature.sequences):
        if not exchange.packets or len(exchange.packets) != len(exchange.gaps_us):
            raise IdletalkError(f"{name} is no signature file: a sequence has no packets, or not a time before each")
    return file.signatures
