"""What authenticates an image, in a closed list of words, and what somebody in the middle could change.

No image is ever called plainly unsigned: nothing found means nothing found in what could be read.
"""

from collections.abc import Sequence
from typing import Literal

from idletalk.firmware.model import Authentication, Check, Encrypted, Integrity, Judgement, Part, Recognised

DENSE_SHARE = 0.95
"""An image of which more than this is dense and unnamed is opaque. Flash-encrypted images of the ESP32 have all of it."""
CONFIDENTIAL_BITS = 7.9
"""Bits per byte above which whole images are compressed or encrypted (measured on published images; entropy alone does not tell which)."""
RANDOM_CHI_SQUARE = 380
"""Chi-square of 255 degrees of freedom exceeds this by chance less than once in a million times: above it bytes are no ciphertext."""
COUNTERS = {
    "secure_version": "a security version in the application descriptor",
    "security_counter": "a security counter in the trailer",
}
"""Fields against which a bootloader can refuse older images."""
READABLE = ("firmware", "filesystem", "archive", "executable", "compressed", "patch")

Told = Literal["md5", "sha1", "sha256"]


def judge(
    found: Recognised,
    *,
    told: Sequence[tuple[Told, str]] = (),
    told_in_clear: Sequence[tuple[Told, str, str]] = (),
    sent_as: Sequence[str] = (),
    channel: str | None = None,
    declared: int | None = None,
) -> Judgement:
    """The verdict. ``told`` are hashes that came another way; ``told_in_clear`` are those that could be read on the wire, with the
    words that say where and by whom; ``sent_as`` are its hashes and those of it under a content coding; ``declared`` is the size that was told of the image.
    """
    tops = [part for part in found.parts if part.category in READABLE and _is_outer(part, found.parts)]
    # What is cut inside of something whole was built so; what is cut on the outermost level did not arrive.
    checks = [check for part in tops if part.parent is None or not part.truncated for check in part.checks]
    partial = any(part.truncated for part in tops if part.parent is None) or found.read_bytes < (
        declared or found.size_bytes
    )
    encryption, reason = _encryption(tops, found)
    authentication, by = _authentication(checks, tops, found, partial, encryption, told, told_in_clear, sent_as)
    integrity = _integrity(checks, partial)
    return Judgement(
        authentication=authentication,
        by=by,
        integrity=integrity,
        encryption=encryption,
        encryption_reason=reason,
        rollback=_rollback(tops),
        channel=channel,
        sentence=_sentence(authentication, integrity, encryption, channel, checks),
    )


def _is_outer(part: Part, parts: Sequence[Part]) -> bool:
    """Firmware formats as deep as they hold one another; other things only on the outermost level."""
    parent = part.parent
    while parent is not None:
        if parts[parent].category not in ("firmware", "table") or part.category not in ("firmware", "patch"):
            return False
        parent = parts[parent].parent
    return True


def _authentication(
    checks: Sequence[Check],
    tops: Sequence[Part],
    found: Recognised,
    partial: bool,
    encryption: Encrypted,
    told: Sequence[tuple[Told, str]],
    told_in_clear: Sequence[tuple[Told, str, str]],
    sent_as: Sequence[str],
) -> tuple[Authentication, str]:
    signatures = [check for check in checks if check.kind == "signature"]
    outcomes = {check.verdict for check in signatures}
    names = ", ".join(dict.fromkeys(check.name for check in signatures))
    if "invalid" in outcomes and "valid" not in outcomes:
        return "signature present, invalid", names
    if "valid" in outcomes and not partial:
        names = ", ".join(dict.fromkeys(check.name for check in signatures if check.verdict == "valid"))
        source = next((check.detail.get("key_from") for check in signatures if check.verdict == "valid"), None)
        whose = "that was given" if source == "given" else f"of {source}"
        by = f"{names}, with the key {whose}" if source else names
        open_nodes = sorted({node for check in signatures for node in check.detail.get("not_covered", ())})
        return "signature verified", f"{by}; not covered: {', '.join(open_nodes)}" if open_nodes else by
    matching = [name for name, value in told if value.lower() == getattr(found, name)]
    if matching:
        return "hash or MAC told out of band, matching", ", ".join(matching)
    readable = [f"{name} ({where})" for name, value, where in told_in_clear if value.lower() == getattr(found, name)]
    readable += [
        f"{name} of it as it was sent ({where})"
        for name, value, where in told_in_clear
        if value.lower() in sent_as and value.lower() != getattr(found, name)
    ]
    if readable and not {check.kind for check in checks} & {"mac", "signature"}:
        return "hash told in clear, matching", ", ".join(readable)
    if partial:
        missing = (
            "the image ends before it does" if found.read_bytes == found.size_bytes else "only its first part was read"
        )
        return "undecidable (opaque or partial)", missing
    if "present_unverifiable" in outcomes:
        return "signature present, key unknown", names
    macs = [check.name for check in checks if check.kind == "mac"]
    if macs:
        return "signature present, key unknown", f"a keyed MAC: {', '.join(macs)}"
    if not tops:
        return "undecidable (opaque or partial)", "no known format"
    if encryption == "yes" or _opaque(found):
        return "undecidable (opaque or partial)", "what it holds cannot be read"
    return "none found in image (only checksum or hash)", ", ".join(dict.fromkeys(check.name for check in checks)) or (
        "no check at all was found"
    )


def _opaque(found: Recognised) -> bool:
    dense = sum(region.length for region in found.map if region.kind == "dense")
    return found.read_bytes > 0 and dense / found.read_bytes >= DENSE_SHARE


def _integrity(checks: Sequence[Check], partial: bool) -> Integrity:
    verdicts = {check.verdict for check in checks}
    if partial or "truncated" in verdicts:
        return "partial"
    if "invalid" in verdicts:
        return "damaged"
    return "intact" if "valid" in verdicts else "nothing to check"


def _encryption(tops: Sequence[Part], found: Recognised) -> tuple[Encrypted, str]:
    """Header flags first, then the statistics of all bytes; dense bytes that no decompressor knows stay unknown."""
    for state in ("yes", "no"):
        for part in tops:
            if part.encrypted == state:
                return state, f"{part.format}: {part.encrypted_reason}"
    if _opaque(found) and found.entropy.total_bits >= CONFIDENTIAL_BITS:
        if found.entropy.total_chi_square <= RANDOM_CHI_SQUARE:
            return "unknown", (
                f"{found.entropy.total_bits:.2f} bits per byte, chi-square {found.entropy.total_chi_square:.0f} as of random"
                " bytes, no known compression: encrypted, or compressed in a way that is not known"
            )
        return "unknown", (
            f"{found.entropy.total_bits:.2f} bits per byte, chi-square {found.entropy.total_chi_square:.0f}:"
            " compressed in a way that is not known, or encrypted block by block"
        )
    if found.read_bytes and found.entropy.total_bits < CONFIDENTIAL_BITS and any(r.kind == "text" for r in found.map):
        return "no", "it has readable text"
    return "unknown", "no format says so"


def _rollback(tops: Sequence[Part]) -> str:
    for part in tops:
        for name, meaning in COUNTERS.items():
            value = part.fields.get(name)
            if value is not None:
                held = "0: nothing is refused by it" if value == 0 else str(value)
                return f"{meaning} ({part.format}): {held}"
    if any(part.format == "zigbee-ota" for part in tops):
        return "a file version in the header; whether older ones are refused is the device's decision"
    return "no version counter was found in the image"


def _sentence(
    authentication: Authentication,
    integrity: Integrity,
    encryption: Encrypted,
    channel: str | None,
    checks: Sequence[Check],
) -> str:
    where = {
        None: "Somebody who can replace this image on its way",
        "http": "The image came over HTTP without protection: somebody in the middle",
        "tls": "The image came over TLS; if the device does not authenticate the server, somebody in the middle",
    }.get(channel, f"The image came over {channel}: somebody in the middle")
    by_own_key = any(
        check.verdict == "valid" and str(check.detail.get("key_from", "")) != "given"
        for check in checks
        if check.kind == "signature"
    )
    could = {
        "signature verified": (
            "could change it only if the device does not check the signature or accepts another key: the key came with the"
            " image, and what the device trusts is not in it"
            if by_own_key
            else "could not change it unnoticed by a device that checks this signature with this key"
        ),
        "signature present, key unknown": "could change it only if the device does not check what is there: it could not be verified without the key",
        "signature present, invalid": "may have changed it, or it was damaged: the signature does not fit the bytes, and a device that checks it refuses them",
        "none found in image (only checksum or hash)": "could change any byte and compute the checks anew, unless the device is told a hash or a signature another way",
        "hash or MAC told out of band, matching": "could change it together with the hash, if that travels on a way that can be changed too",
        "hash told in clear, matching": "could change it together with the hash that the device is told, since that comes in clear too",
        "undecidable (opaque or partial)": "may be able to change it or not: these bytes are opaque or incomplete, and do not tell",
    }[authentication]
    tail = {
        "damaged": " A check in it is wrong.",
        "partial": " It is not complete.",
    }.get(integrity, "")
    secrecy = " What it holds is encrypted." if encryption == "yes" else ""
    return f"{where} {could}.{tail}{secrecy}"
