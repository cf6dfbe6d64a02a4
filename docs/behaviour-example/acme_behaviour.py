"""Example: asks a question that idletalk does not ask. Which devices speak without TLS to port 8080?"""

from collections.abc import Iterable

from idletalk import filters
from idletalk.behaviours.behaviour import Ask, Behaviour
from idletalk.behaviours.finding import FRAMES, KEPT, Claim, Kind, Scene, kept

PORT = 8080
PLAIN = Kind(
    name="acme-plain-8080",
    severity="low",
    meaning="An HTTP server at port 8080 was asked in clear.",
    would_change="the same requests over TLS",
)
SCRIPT = f"""
CREATE TABLE acme_requests AS
SELECT e.device, q.destination AS peer, q.capture, q.frame
FROM http_requests AS q JOIN endpoints AS e ON e.endpoint = endpoint(q.source_mac, q.source)
WHERE q.destination_port = {PORT};
COMMENT ON TABLE acme_requests IS 'Requests in clear to port {PORT}';
"""


def _judge(ask: Ask, scene: Scene) -> Iterable[Claim]:
    for row in ask(
        f"SELECT device, peer, {FRAMES} AS frames, {KEPT} AS kept FROM acme_requests GROUP BY ALL ORDER BY ALL"
    ):
        device, peer = row["device"], row["peer"]
        yield Claim(
            kind=PLAIN.name,
            device=device,
            peer=peer,
            sentence=f"{scene.name(device)} asks {scene.peer(device, peer)} at port {PORT} in clear.",
            frames=row["frames"],
            kept=kept(row),
            filter=filters.both("http.request", f"tcp.dstport == {PORT}", scene.sent_by(device)),
            filter_note="requests of it to port 8080 of other hosts too",
            numbers={"requests": row["frames"]},
        )


BEHAVIOUR = Behaviour(
    name="acme",
    question="Who is asked in clear at port 8080?",
    method="HTTP requests that were recognised by their content, to that port.",
    limits="Requests on connections whose beginning was not captured may be missing.",
    tables=("acme_requests",),
    kinds=(PLAIN,),
    judge=_judge,
    script=SCRIPT,
)
