"""What holds for the devices together: the paragraph that a reader remembers."""

from collections.abc import Iterable, Sequence

from idletalk.model import IdleRow

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
    users: dict[str, int] = {}
    for row in rows:
        for provider in {use.provider for use in row.clouds if use.provider != "unknown"}:
            users[provider] = users.get(provider, 0) + 1
    if not users:
        return None
    most = max(users.values())
    leaders = sorted(provider for provider, count in users.items() if count == most)
    if most == len(rows):
        return (
            f"All {most} devices rely on {_named(leaders)}." if most > 1 else f"The device relies on {_named(leaders)}."
        )
    if most < MIN_DEVICES:
        return "No two devices rely on the same provider."
    verb = "rely" if most > 1 else "relies"
    return f"{most} of {len(rows)} devices {verb} on {_named(leaders)}."


def _countries(rows: Sequence[IdleRow]) -> str | None:
    countries = sorted({country for row in rows for country in row.countries})
    if not countries:
        return None
    widest = max(rows, key=lambda row: (len(row.countries), row.name))
    told = (
        f"Their Internet hosts are in {len(countries)} countries"
        if len(countries) > 1
        else "Their Internet hosts are in one country"
    )
    more = (
        f", those of {widest.name} alone in {len(widest.countries)}"
        if len(rows) > 1 and len(widest.countries) > 1
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
    parts = [f"{_who(names, len(rows))} {_called(protocol)}" for protocol, names in sorted(speakers.items())]
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
    return f"{len(asking)} of {len(rows)} ask time servers on the Internet, {most.name} {most.ntp_hosts} of them."


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
