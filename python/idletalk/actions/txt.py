"""Fields of an announced TXT record: what they hold, as far as the bytes tell."""

import base64
import binascii
from collections.abc import Sequence

VECTOR_BYTES = 16
"""Length of an initialisation vector of AES, and of its blocks (FIPS 197)."""
MAX_FIELDS = 16


def fields(records: Sequence[bytes]) -> tuple[str, ...]:
    """The names of the fields, and what each holds over all records: base64, bytes that look encrypted, what changes."""
    values: dict[str, list[bytes]] = {}
    for record in records:
        for line in record.split(b"\n")[:MAX_FIELDS]:
            name, _, value = line.partition(b"=")
            values.setdefault(name.decode("utf-8", "replace"), []).append(value)
    return tuple(_told(name, those) for name, those in values.items() if name)


def _told(name: str, values: Sequence[bytes]) -> str:
    remarks: list[str] = []
    decoded = [_unbased(value) for value in values]
    if all(decoded):
        remarks.append("base64")
        whole = [value for value in decoded if value]
        if name.lower() in ("iv", "nonce"):
            remarks.append(f"initialisation vector of {len(whole[0])} bytes")
        elif all(len(value) % VECTOR_BYTES == 0 and not _is_text(value) for value in whole):
            remarks.append(f"looks encrypted: whole blocks of {VECTOR_BYTES} bytes without text")
    if len(set(values)) > 1:
        remarks.append("changes")
    return f"{name} ({', '.join(remarks)})" if remarks else name


def _unbased(value: bytes) -> bytes | None:
    """The bytes behind base64; none where it is none, or too short to tell from a word."""
    if len(value) < VECTOR_BYTES or len(value) % 4:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return None


def _is_text(value: bytes) -> bool:
    return sum(32 <= byte < 127 for byte in value) > 0.9 * len(value)
