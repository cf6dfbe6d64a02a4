"""The shape of a certificate (RFC 5280 section 4.1), as strict as OpenSSL's reader: what it refuses is bytes that only look like one."""

from idletalk.firmware.der import DerError, Element

BOOLEAN, INTEGER, BITS, OCTETS, OID, SEQUENCE, SET = 0x01, 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
VERSION, ISSUER_ID, SUBJECT_ID, EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3
TIMES = (0x17, 0x18)
UTF8, UNIVERSAL, BMP = 0x0C, 0x1C, 0x1E
TEXTS = (BITS, UTF8, 0x12, 0x13, 0x14, 0x16, UNIVERSAL, BMP)
"""Strings of which names are made: also numeric, printable, teletex and IA5 strings (X.520)."""
CONSTRUCTED, CLASS = 0x20, 0xC0
"""Bits of a tag."""


def check_certificate(whole: Element) -> None:
    """Raises DerError where it is none."""
    body, algorithm, signature = _parts(whole, SEQUENCE, SEQUENCE, BITS)
    _check_algorithm(algorithm)
    _check_bits(signature)
    fields = body.children()
    if fields and fields[0].tag == VERSION:
        _check_integer(*_parts(fields.pop(0), INTEGER))
    _expect([field.tag for field in fields[:6]], INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE)
    serial, inner, issuer, validity, subject, public = fields[:6]
    _check_integer(serial)
    _check_algorithm(inner)
    _check_name(issuer)
    _check_name(subject)
    if len(times := validity.children()) != 2 or any(time.tag not in TIMES for time in times):
        raise DerError("two times were expected")
    algorithm, key = _parts(public, SEQUENCE, BITS)
    _check_algorithm(algorithm)
    _check_bits(key)
    order = (ISSUER_ID, SUBJECT_ID, EXTENSIONS)
    rest = [field.tag for field in fields[6:]]
    if rest != [tag for tag in order if tag in rest]:
        raise DerError("fields that no certificate has")
    if EXTENSIONS in rest:
        for extension in _parts(fields[-1], SEQUENCE)[0].children():
            _check_extension(extension)


def _parts(found: Element, *tags: int) -> list[Element]:
    parts = found.children()
    _expect([part.tag for part in parts], *tags)
    return parts


def _expect(found: list[int], *tags: int) -> None:
    if found != list(tags):
        raise DerError(f"tags {found} where {list(tags)} were expected")


def _check_algorithm(found: Element) -> None:
    parts = found.children()
    if found.tag != SEQUENCE or not 1 <= len(parts) <= 2 or parts[0].tag != OID:
        raise DerError("no algorithm")
    for part in parts:
        if part.tag == OID:
            _check_oid(part)
        elif not part.tag & CLASS and part.tag & CONSTRUCTED and part.tag not in (SEQUENCE, SET):
            raise DerError("a value made of others")


def _check_oid(found: Element) -> None:
    """Numbers in base 128, none with a leading zero, the last one ended."""
    content = found.content
    starts = [0, *(at + 1 for at, byte in enumerate(content[:-1]) if byte < 0x80)]
    if not content or content[-1] >= 0x80 or any(content[at] == 0x80 for at in starts):
        raise DerError("no object identifier")


def _check_integer(found: Element) -> None:
    content = found.content
    is_padded = len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < 0x80
    if not content or is_padded:
        raise DerError("no number")


def _check_bits(found: Element) -> None:
    if not found.content or found.content[0] > 7:
        raise DerError("no string of bits")


def _check_name(found: Element) -> None:
    for group in found.children():
        if group.tag != SET:
            raise DerError("no name")
        for attribute in group.children():
            parts = attribute.children()
            if attribute.tag != SEQUENCE or len(parts) != 2 or parts[0].tag != OID:
                raise DerError("no attribute of a name")
            _check_oid(parts[0])
            _check_text(parts[1])


def _check_text(found: Element) -> None:
    if found.tag not in TEXTS:
        raise DerError("no text")
    if found.tag == UTF8:
        try:
            found.content.decode("utf-8")
        except UnicodeDecodeError:
            raise DerError("no UTF-8") from None
    if len(found.content) % {BMP: 2, UNIVERSAL: 4}.get(found.tag, 1):
        raise DerError("a string of half a character")


def _check_extension(found: Element) -> None:
    parts = found.children()
    tags = [part.tag for part in parts]
    if found.tag != SEQUENCE or tags not in ([OID, OCTETS], [OID, BOOLEAN, OCTETS]):
        raise DerError("no extension")
    _check_oid(parts[0])
    if len(tags) == 3 and len(parts[1].content) != 1:
        raise DerError("no truth value")
