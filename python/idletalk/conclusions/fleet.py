"""What holds for the devices together: the paragraph that a reader remembers."""

from collections.abc import Iterable, Sequence

from idletalk.model import IdleRow
from idletalk.plural import counted

MIN_DEVICES = 2
"""Devices from which on there is a fleet to speak of."""
MAX_NAMED = 6
"""Names in a sentence; with more, their number is told."""


def fleet(rows: Sequence[IdleRow]) -> tuple[str, ...]:
    """Sentences over the idle rows of devices that were seen, and not only as encrypted frames."""
    seen = [row for row in rows if row.seen and row.ntp_hosts is not None]
    if len(seen) < MIN_DEVICES:
        return ()
    return tuple(
        sentence
        for sentence in (_clouds(seen), _countries(seen), _in_clear(seen), _time(seen), _lateral(seen))
        if sentence is not None
    )


def _clouds(rows: Sequence[IdleRow]) -> str | None:
    users: dict[str, set[str]] = {}
    for row in rows:
        for use in row.clouds:
            if use.provider != "unknown":
                users.setdefault(use.provider, set()).add(row.device)
    everyone = set[str]().union(*users.values())
    if not everyone:
        return None
    if len(everyone) < MIN_DEVICES:
        [name] = [row.name for row in rows if row.device in everyone]
        return f"Only {name} was seen to rely on providers in the Internet."
    most = max(map(len, users.values()))
    leaders = sorted(provider for provider, those in users.items() if len(those) == most)
    if most == len(rows):
        every = "Both" if most == MIN_DEVICES else f"All {most}"
        return _ended(f"{every} devices rely on {_named(leaders)}")
    if most < MIN_DEVICES:
        return "No two devices rely on the same provider."
    return _ended(f"{most} of {len(rows)} devices rely on {_named(leaders)}")


def _ended(sentence: str) -> str:
    """With its full stop; a company's name may end in one."""
    return sentence if sentence.endswith(".") else f"{sentence}."


def _countries(rows: Sequence[IdleRow]) -> str | None:
    countries = sorted({country for row in rows for country in row.countries})
    if not countries:
        return None
    somewhere = [row for row in rows if row.countries]
    widest = max(somewhere, key=lambda row: (len(row.countries), row.name))
    hosts = f"The Internet hosts of {widest.name}" if len(somewhere) == 1 else "Their Internet hosts"
    told = f"{hosts} are in {len(countries)} countries" if len(countries) > 1 else f"{hosts} are in one country"
    more = (
        f", those of {widest.name} alone in {len(widest.countries)}"
        if len(somewhere) > 1 and len(widest.countries) > 1
        else ""
    )
    return f"{told} ({_named(countries)}){more}, according to look-up tables."


def _in_clear(rows: Sequence[IdleRow]) -> str:
    speakers: dict[str, list[str]] = {}
    for row in rows:
        for protocol in row.unencrypted:
            speakers.setdefault(protocol, []).append(row.name)
    if not speakers:
        return "None was seen to speak a protocol in clear that is known here with an Internet host."
    alike: dict[tuple[str, ...], list[str]] = {}
    for protocol, names in sorted(speakers.items()):
        alike.setdefault(tuple(names), []).append(_called(protocol))
    parts = [f"{_who(names, len(rows))} {_named(protocols)}" for names, protocols in alike.items()]
    return f"In clear with Internet hosts: {'; '.join(parts)}."


def _who(names: Sequence[str], of: int) -> str:
    return (
        "all speak" if len(names) == of else f"only {_named(sorted(names))} {'speak' if len(names) > 1 else 'speaks'}"
    )


def _time(rows: Sequence[IdleRow]) -> str | None:
    asking = [row for row in rows if row.ntp_hosts]
    if not asking:
        return "None was seen to ask a time server on the Internet."
    most = max(asking, key=lambda row: (row.ntp_hosts or 0, row.name))
    if len(asking) == 1:
        return f"Only {most.name} asks for the time on the Internet, {counted(most.ntp_hosts or 0, 'server')}."
    return f"{len(asking)} of {len(rows)} devices ask for the time on the Internet, {most.name} {counted(most.ntp_hosts or 0, 'server')}."


def _lateral(rows: Sequence[IdleRow]) -> str:
    movers = [row for row in rows if row.lateral_movements]
    if movers:
        parts = [f"{row.name} ({_named(row.lateral_movements or ())})" for row in movers]
        return f"Found neighbours and connected to them, or swept the LAN: {_named(parts)}."
    if all(row.lateral_movements is None for row in rows):
        return "Whether they move laterally in the LAN cannot be decided from this capture."
    return "None was seen to move laterally in the LAN."


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) > MAX_NAMED:
        return f"{', '.join(listed[:MAX_NAMED])} and {len(listed) - MAX_NAMED} more"
    return " and ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else "".join(listed)


def _called(protocol: str) -> str:
    """A protocol as people write it: by its letters; one without a name by what carries it."""
    words = protocol.split()
    return f"an unknown protocol over {words[1].upper()}" if words[0] == "unknown" else protocol.upper()
