"""Which firmware does each device fetch in clear, and what authenticates it?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour, Row
from idletalk.behaviours.finding import FRAMES, KEPT, Claim, Kind, Scene, cut, kept
from idletalk.plural import counted

CHANGEABLE = Kind(
    name="firmware-changeable",
    severity="high",
    meaning="Firmware comes in clear and nothing in the image authenticates it: who is on the path can put another in its place, "
    "unless the device was told a signature or a keyed hash of it another way. A hash that could be read here came in clear too.",
    would_change="proof that the device refuses an image that was changed",
)
IN_CLEAR = Kind(
    name="firmware-in-clear",
    severity="medium",
    meaning="Firmware comes in clear: who is on the path reads it, keys and passwords in it among the rest, and sees which version a "
    "device has.",
    would_change="a download by TLS",
)
INCOMPLETE = Kind(
    name="firmware-incomplete",
    severity="note",
    meaning="Not every byte of the image was captured: what is missing cannot be examined.",
    would_change="a capture that holds the missing ranges",
)
_TOLD = "hash told in clear, matching"
_OPEN = ("none found in image (only checksum or hash)", "signature present, invalid", _TOLD)
"""What somebody on the path can make anew: a hash that matches was read, and so was told in clear."""


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    rows = ask(
        f"SELECT u.*, k.frames, k.kept FROM updates AS u JOIN (SELECT device, transfer, {FRAMES} AS frames, {KEPT} AS kept"
        " FROM transfer_parts GROUP BY ALL) AS k USING (device, transfer) ORDER BY device, first_ns, transfer"
    )
    for row in rows:
        where = f"{row['protocol']}://{row['host'] or row['peer']}/{(row['uri'] or '').removeprefix('/')}"
        verb = (
            f"was sent firmware in clear by {row['peer']}, to" if row["is_sent"] else "fetched firmware in clear from"
        )
        fetched = f"{scene.name(row['device'])} {verb} {where} ({counted(row['size_bytes'], 'byte')}, {row['format'] or 'unknown format'})"
        changeable = row["authentication"] in _OPEN
        yield _claim(
            scene,
            row,
            CHANGEABLE if changeable else IN_CLEAR,
            f"{fetched}; authentication: {_authenticated(row)}.",
        )
        if not row["is_complete"]:
            yield _claim(
                scene,
                row,
                INCOMPLETE,
                f"{fetched}: {counted(row['missing_bytes'], 'byte of it was', 'bytes of it were')} not captured.",
            )


def _authenticated(row: Row) -> str:
    if row["authentication"] == _TOLD:
        return "only a hash that was itself told in clear, and can be changed along with the image"
    return row["authentication"] or "unknown"


def _claim(scene: Scene, row: Row, kind: Kind, sentence: str) -> Claim:
    return Claim(
        kind=kind.name,
        device=row["device"],
        peer=row["peer"],
        subject=f"{row['host'] or row['peer']}{row['uri'] or ''}",
        sentence=sentence,
        numbers={
            "size_bytes": row["size_bytes"],
            "missing_bytes": row["missing_bytes"],
            "sha256": row["sha256"],
            "responses": row["responses"],
            "connections": row["connections"],
        },
        frames=row["frames"],
        kept=kept(row),
        filter=filters.both(
            scene.of(row["device"]),
            filters.address("addr", row["peer"]),
            f"{'tcp' if row['protocol'] in ('http', 'ftp') else 'udp'}.port == {row['peer_port']}",
            filters.NOT_QUOTED,
        ),
        filter_note="all frames of the conversations; counted are those that end the heads of the responses, or begin the files",
    )


BEHAVIOUR = Behaviour(
    name="updates",
    waits=True,
    question="Which firmware does each device fetch in clear, and what authenticates it?",
    method=(
        "Of what devices fetched in clear (transfers), what is taken for firmware by its content, or by its target where it is "
        "complete. What authenticates an image is told by its examination (docs/firmware.md)."
    ),
    limits=(
        "Firmware that comes by TLS is not seen; by protocols nobody here knows neither. Whether a device checks a signature or a hash "
        "that it was told elsewhere cannot be seen on the wire."
    ),
    tables=("update_steps", "update_versions"),
    kinds=(CHANGEABLE, IN_CLEAR, INCOMPLETE),
    judge=_judge,
    hidden=cut,
)
