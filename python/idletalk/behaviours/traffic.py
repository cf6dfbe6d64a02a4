"""How much does each device say, when, in which protocol?"""

from idletalk.behaviours.behaviour import Ask, Behaviour, iso
from idletalk.model import HourVolume

BEHAVIOUR = Behaviour(
    name="traffic",
    question="How much does each device send and receive, by hour of local time and by protocol?",
    method=(
        "Every frame is counted once, in a quarter of an hour, for its sender and for its receiver; hours are sums of "
        "quarters, so that they are right in every time zone. Bytes are frame lengths on the wire. A frame between two "
        "devices counts for both, and once in the totals of the capture."
    ),
    limits="Bytes are those of the capture point: retransmissions on the air are not in them.",
    tables=("traffic",),
)


def hours(ask: Ask) -> tuple[HourVolume, ...]:
    """Bytes by device and hour, each frame once."""
    rows = ask(
        "SELECT device, hour_ns, sum(tx_unique_bytes)::BIGINT AS tx, sum(rx_unique_bytes)::BIGINT AS rx FROM traffic"
        " GROUP BY device, hour_ns ORDER BY device, hour_ns"
    )
    return tuple(
        HourVolume(device=row["device"], hour=iso(row["hour_ns"]), tx_bytes=row["tx"], rx_bytes=row["rx"])
        for row in rows
    )
