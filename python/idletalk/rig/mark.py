"""``idletalk mark``: what a person does while capturing, written into the lab file as it happens."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from idletalk.errors import IdletalkError
from idletalk.labfile import parse_time, read_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An event of the lab file."""

    time: datetime
    action: str
    device: str | None


def add_mark(lab: Path, action: str, device: str | None = None, at: str | None = None) -> Mark:
    """Append an event to a lab file, which is made if there is none; gives what was written.

    The file is written aside and renamed, and only where it is still a lab file with the event in it.
    """
    known = read_lab(lab) if lab.exists() else read_lab(None)
    if device is not None and known.device and device not in {one.name for one in known.device}:
        names = ", ".join(sorted(one.name for one in known.device))
        raise IdletalkError(f"the lab file {lab} has no device {device!r} (it has: {names})")
    if not action.strip():
        raise IdletalkError('say what was done, like: idletalk mark "plug on" --device plug1')
    moment = (
        datetime.fromtimestamp(parse_time(at, known.zone) // 1_000_000 / 1000, UTC)
        if at
        else datetime.now(UTC).replace(microsecond=datetime.now(UTC).microsecond // 1000 * 1000)
    )
    lines = [
        "",
        "[[event]]",
        f"time = {moment.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}",
        f"action = {_text(action)}",
    ]
    if device is not None:
        lines.append(f"device = {_text(device)}")
    before = lab.read_text("utf-8") if lab.exists() else ""
    aside = lab.with_name(f".{lab.name}.new")
    try:
        aside.write_text(
            (before.rstrip("\n") + "\n" if before else "") + "\n".join(lines).lstrip("\n" if not before else "") + "\n",
            "utf-8",
        )
        read_lab(aside)
        if lab.exists():
            aside.chmod(lab.stat().st_mode & 0o777)
        aside.replace(lab)
    except OSError as error:
        raise IdletalkError(f"cannot write the lab file {lab}: {error.strerror}") from None
    finally:
        aside.unlink(missing_ok=True)
    return Mark(time=moment, action=action, device=device)


def marks(lab: Path) -> list[Mark]:
    """The events of a lab file in time order."""
    known = read_lab(lab)
    zone = known.zone
    found = [Mark(time=_aware(event.time, zone), action=event.action, device=event.device) for event in known.event]
    return sorted(found, key=lambda mark: (mark.time, mark.action, mark.device or ""))


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _text(text: str) -> str:
    """A basic string of TOML (1.0, section String)."""
    escaped = "".join(
        f"\\u{ord(c):04X}" if ord(c) < 0x20 or ord(c) == 0x7F else "\\" + c if c in '"\\' else c for c in text
    )
    return f'"{escaped}"'
