"""Video and audio that go in clear: streams for which RTSP agreed on plain RTP."""

from collections.abc import Iterator

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Row, iso
from idletalk.behaviours.finding import FRAMES, KEPT_ONCE, Claim, Kind, Scene, kept
from idletalk.plural import counted

MEDIA = Kind(
    name="media-in-clear",
    severity="medium",
    meaning="A device sends video or audio to the Internet by RTP without encryption, as RTSP agreed upon before: whoever is on the path can watch or listen.",
    would_change="a payload that the program encrypts by itself",
)
MEDIA_ON_LAN = Kind(
    name="media-on-lan",
    severity="low",
    meaning="A device sends video or audio within the network by RTP without encryption, as RTSP agreed upon before.",
    would_change="a payload that the program encrypts by itself, or a network that nobody else can join",
)
PLAIN = "(?i)^RTP/AVPF?(/(UDP|TCP))?(;|$)"
"""What `is_plain_rtp` (encryption.sql) finds, for Wireshark."""


def media(ask: Ask, scene: Scene) -> Iterator[Claim]:
    """A claim for each device that sends such a stream and each host that gets it.

    The server sends what is played, the client what is recorded (RFC 2326 10.5, 10.11); frames are the answers that accept the transport.
    """
    rows = ask(
        "WITH begun AS (SELECT flow, bool_or(method = 'RECORD') AS is_recorded FROM rtsp"
        " WHERE NOT is_response AND method IN ('PLAY', 'RECORD') GROUP BY flow),"
        " agreed AS (SELECT r.flow, r.capture, r.frame, r.time_ns, is_recorded,"
        "   CASE WHEN is_recorded THEN endpoint(destination_mac, destination) ELSE endpoint(source_mac, source) END AS sender,"
        "   CASE WHEN is_recorded THEN source ELSE destination END AS peer FROM rtsp AS r JOIN begun USING (flow)"
        "   WHERE is_response AND status = 200 AND is_plain_rtp(transport) AND NOT is_repeated)"
        f" SELECT e.device, a.peer, a.is_recorded, {FRAMES} AS frames, {KEPT_ONCE} AS kept, count(DISTINCT flow) AS times, min(time_ns) AS first_ns,"
        " max(p.scope) AS scope FROM agreed AS a JOIN endpoints AS e ON e.endpoint = a.sender"
        " JOIN peers AS p ON p.device = e.device AND p.peer = a.peer WHERE e.device IN (FROM subjects)"
        " GROUP BY e.device, a.peer, a.is_recorded ORDER BY e.device, a.peer, a.is_recorded",
    )
    yield from (_claim(scene, row) for row in rows)


def _claim(scene: Scene, row: Row) -> Claim:
    device, peer, way = row["device"], row["peer"], "pushes" if row["is_recorded"] else "plays"
    ends = (
        (scene.sent_to(device), filters.address("src", peer))
        if row["is_recorded"]
        else (scene.sent_by(device), filters.address("dst", peer))
    )
    return Claim(
        kind=(MEDIA if row["scope"] == "internet" else MEDIA_ON_LAN).name,
        device=device,
        peer=peer,
        subject=f"rtsp {way}",
        sentence=f"{scene.name(device)} {way} media to {scene.peer(device, peer)} without encryption: RTSP agreed on plain RTP (RTP/AVP), {counted(row['times'], 'time')} since"
        f" {iso(row['first_ns'])[:19]}Z.",
        numbers={"times": row["times"], "streams": row["frames"], "first": iso(row["first_ns"])},
        frames=row["frames"],
        kept=kept(row),
        filter=filters.both(*ends, f'rtsp.response && rtsp.transport matches "{PLAIN}"', filters.NOT_QUOTED),
    )
