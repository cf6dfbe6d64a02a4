"""An image in, an examination out."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from idletalk.errors import IdletalkError
from idletalk.firmware.certificates import judge_certificates, judge_keys, moment
from idletalk.firmware.crypto_parts import Material, material
from idletalk.firmware.domains import host_of, is_host
from idletalk.firmware.keys import keys_of
from idletalk.firmware.model import Examination, Part, Recognised, Region, Said, Secret, Unpacking
from idletalk.firmware.recogniser import read, recognise_bytes
from idletalk.firmware.secrets import secrets
from idletalk.firmware.signatures import resolve
from idletalk.firmware.verdict import Told, judge
from idletalk.plural import counted

if TYPE_CHECKING:
    from idletalk.firmware.unpack import Unpackers

MAX_SEARCHED_BYTES = 32 << 20
"""Bytes of a file in which credentials are looked for: eighteen shapes cost a second for each ten megabytes."""
MAX_SAID = 20_000
"""Strings of interest kept of an image with its files."""
EARLIEST = 1_200_000_000
"""Times before 2008 in headers are no times: nobody built IoT firmware then, and fields are often 0 or 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user wants of an examination."""

    as_of: str | None = None
    unpack: bool = False
    show_secrets: bool = False
    channel: str | None = None
    told: tuple[tuple[Told, str], ...] = ()
    told_in_clear: tuple[tuple[Told, str, str], ...] = ()
    sent_as: tuple[str, ...] = ()
    """hashes of the image and of it as it was sent, where that was under a content coding"""
    keys: tuple[Path, ...] = ()
    declared_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Inner:
    """What was found in a file from inside of the image."""

    name: str
    found: Recognised
    material: Material
    secrets: tuple[Secret, ...]


def examine(
    path: Path, options: Options | None = None, folder: Path | None = None, unpackers: "Unpackers | None" = None
) -> Examination:
    """Everything about an image. ``folder`` is where unpacked files go; without it nothing is unpacked.

    ``unpackers`` serve several images; without them a process is begun for this one alone. Raises IdletalkError where the image or a key cannot be read, or a time is none.
    """
    wanted = options or Options()
    with ThreadPoolExecutor(max_workers=1) as beside:
        # the process that unpacks takes a fifth of a second to start: the image is recognised and judged meanwhile
        unpacked = beside.submit(_unpacked, path, wanted, folder if wanted.unpack else None, unpackers)
        return _examined(path, wanted, unpacked)


def _examined(path: Path, wanted: Options, unpacked: "Future[tuple[Unpacking, list[Inner]]]") -> Examination:
    data, size = read(path)
    found = recognise_bytes(data, size)
    found = replace(found, parts=resolve(found.parts, data, [key for path in wanted.keys for key in keys_of(path)]))
    materials = [("", material(found.parts, data))]
    told_secrets: list[Secret] = list(_credentials("", found, data, wanted))
    unpacking, inner = unpacked.result()
    said = [*found.strings]
    for file in inner:
        materials.append((file.name, file.material))
        told_secrets.extend(file.secrets)
        said.extend(replace(text, file=file.name) for text in file.found.strings)
    as_of, source = _as_of(wanted.as_of, [found, *(file.found for file in inner)])
    certificates = [(name, each) for name, of in materials for each in of.certificates]
    keys = [(name, each) for name, of in materials for each in of.keys]
    hosts, kept = _strings(said)
    outer = next((part for part in found.parts if part.parent is None and part.category != "crypto"), None)
    return Examination(
        image=path.name,
        format=outer.format if outer else None,
        declared_bytes=(wanted.declared_bytes or (outer.length if outer and outer.offset == 0 else None)),
        as_of=as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if as_of else None,
        as_of_source=source,
        judgement=judge(
            found,
            told=wanted.told,
            told_in_clear=wanted.told_in_clear,
            sent_as=wanted.sent_as,
            channel=wanted.channel,
            declared=wanted.declared_bytes,
        ),
        recognised=replace(found, strings=()),
        certificates=judge_certificates(certificates, as_of),
        not_certificates=tuple(each for name, of in materials for each in of.not_certificates(name)),
        keys=judge_keys(keys, certificates),
        secrets=tuple(told_secrets),
        hosts=hosts,
        said=kept,
        unpacking=unpacking,
        notes=tuple(_notes(found, outer, materials)),
    )


def _credentials(name: str, found: Recognised, data: bytes, wanted: Options) -> Iterator[Secret]:
    return secrets(name, data, shown=wanted.show_secrets, stretches=_searched(found)[0])


def _searched(found: Recognised) -> tuple[list[tuple[int, int]], bool]:
    """Where credentials can stand, so far as they are looked for, and whether that is all: not in padding, nor in what is compressed."""
    stretches: list[tuple[int, int]] = []
    left, at = MAX_SEARCHED_BYTES, 0
    closed = [(region.offset, region.offset + region.length) for region in found.map if _is_closed(region, found.parts)]
    for low, high in (*closed, (found.read_bytes, found.read_bytes)):
        if low > at:
            stretches.append((at, min(low, at + left)))
            if low - at > left:
                return stretches, False
            left -= low - at
        at = high
    return stretches, True


def _is_closed(region: Region, parts: Sequence[Part]) -> bool:
    if region.part is None:
        return region.kind == "padding"
    return parts[region.part].category == "compressed" or parts[region.part].format == "squashfs"


def _unpacked(
    path: Path, wanted: Options, folder: Path | None, unpackers: "Unpackers | None"
) -> tuple[Unpacking, list[Inner]]:
    if folder is None:
        return Unpacking(done=False, isolation="", unblob=False, files=(), files_in_all=0, bytes=0, stopped=()), []
    from idletalk.firmware.unpack import Unpackers

    with nullcontext(unpackers) if unpackers else Unpackers() as serving:
        unpacking = serving.unpack(path, folder)
    inner: list[Inner] = []
    for file in unpacking.files:
        # a file's bytes are held while it is looked into: all together they may be a gigabyte
        data, size = read(folder / file.path)
        found = recognise_bytes(data, size)
        told = tuple(_credentials(file.path, found, data, wanted))
        inner.append(Inner(file.path, found, material(found.parts, data), told))
    return unpacking, inner


def _as_of(wanted: str | None, files: Sequence[Recognised]) -> tuple[datetime | None, str]:
    """The day of judgements: what the user says, else the newest date in the image, which it cannot be older than."""
    if wanted:
        try:
            return moment(wanted), "given"
        except ValueError:
            raise IdletalkError(f"{wanted!r} is no time: write 2021-05-06 or 2021-05-06T14:00") from None
    dates = [*(date for found in files for date in _dates(found))]
    if not dates:
        return None, "no date in the image, none given: validity is not judged"
    return max(dates), "the newest build date in the image"


def _dates(found: Recognised) -> Iterator[datetime]:
    for part in found.parts:
        for name in ("created_unix_s", "modified_unix_s"):
            seconds = part.fields.get(name)
            if isinstance(seconds, int) and EARLIEST < seconds < 2**31:
                yield datetime.fromtimestamp(seconds, UTC)
        day, time = part.fields.get("built_date"), part.fields.get("built_time")
        if isinstance(day, str):
            yield from _compiled(f"{day} {time or '00:00:00'}")
    for text in found.strings:
        if text.kind == "date":
            yield from _compiled(text.text if len(text.text) > 11 else f"{text.text} 00:00:00")


def _compiled(text: str) -> Iterator[datetime]:
    """A date as compilers write it."""
    try:
        yield datetime.strptime(" ".join(text.split()), "%b %d %Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return


def _strings(said: Sequence[Said]) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    """Host names, each once, and all strings without words that only look like host names."""
    hosts: dict[str, Said] = {}
    kept: list[Said] = []
    for text in said:
        host = None
        if text.kind == "url":
            host = host_of(text.text)
        elif text.kind == "email":
            host = text.text.rsplit("@", 1)[-1]
            if not is_host(host):
                continue
        elif text.kind == "host":
            if not is_host(text.text):
                continue
            host = text.text
        if host and host not in hosts:
            hosts[host] = replace(text, kind="host", text=host)
        if len(kept) < MAX_SAID and text.kind != "hash":
            kept.append(text)
    return tuple(hosts.values()), tuple(kept)


def _notes(found: Recognised, outer: Part | None, materials: Sequence[tuple[str, Material]]) -> Iterator[str]:
    if found.read_bytes < found.size_bytes:
        yield f"only the first {found.read_bytes} of {found.size_bytes} bytes were read"
    if not _searched(found)[1]:
        yield f"credentials were looked for in the first {MAX_SEARCHED_BYTES} bytes that are neither padding nor compressed"
    if found.size_bytes == 0:
        yield "the file is empty"
    elif not found.parts:
        yield (
            f"nothing was recognised: {counted(len(found.checked), 'format was', 'formats were')} looked for at"
            f" {counted(found.pattern_hits, 'place', 'places')} where a pattern of theirs was found"
        )
    if outer and outer.length and outer.truncated:
        there = found.size_bytes - outer.offset
        yield f"{there / outer.length:.1%} of the {outer.length} bytes that {outer.format} declares are there"
    if found.inside_opaque:
        chance = counted(found.inside_opaque, "match", "matches")
        yield f"inside compressed or encrypted bytes {chance} left out: there they are chance"
    if found.strings_left_out or found.parts_left_out:
        yield f"{counted(found.strings_left_out, 'string')} and {counted(found.parts_left_out, 'part')} more than are kept"
    unparsed = sum(len(of.unparsed) for _, of in materials)
    if unparsed:
        yield f"looking like certificates, but not parsed as any: {unparsed} (not_certificates lists them)"
    labels = sum(1 for _, of in materials for key in of.keys if key.state == "label only")
    if labels:
        yield f"{counted(labels, 'label of a private key', 'labels of private keys')} without a key that parses behind: no finding"
