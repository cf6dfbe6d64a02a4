"""Which devices ask for names over encrypted channels, so that nobody can see which."""

from functools import cache
from importlib.resources import files

from idletalk.behaviours.finding import some
from idletalk.behaviours.rows import Ask

ENCRYPTED_PORT = 853
"""Of DNS over TLS, DTLS and QUIC (RFC 7858, 8094, 9250), whose hellos can also name them: ALPN dot and doq (IANA)."""

MAX_NAMED = 5
"""Devices and hosts named in a sentence."""


@cache
def resolvers() -> tuple[str, ...]:
    """Hosts that answer over HTTPS (resolvers.tsv)."""
    lines = files("idletalk.behaviours").joinpath("resolvers.tsv").read_text("utf-8").splitlines()
    return tuple(line.split("\t")[0] for line in lines if line and not line.startswith("#"))


def told(ask: Ask) -> list[tuple[str, str]]:
    """A sentence on those devices, with its kind; none where there are none."""
    rows = ask(
        "WITH ways AS ("
        " SELECT device, 'port ' || responder_port AS way FROM opened_flows WHERE responder_port = $1 AND application IN ('tls', 'dtls', 'quic') AND recognised_by = 'content'"
        " UNION SELECT device, name FROM peer_names"
        " WHERE told_by = 'sni' AND list_any_value(list_filter($2, lambda one: name = one OR ends_with(name, '.' || one))) IS NOT NULL"
        " UNION SELECT e.device, 'ALPN ' || h.id FROM (SELECT source_mac, source, unnest(alpn) AS id FROM tls_client_hellos) AS h"
        " JOIN endpoints AS e ON e.endpoint = endpoint(h.source_mac, h.source) WHERE h.id = 'dot' OR starts_with(h.id, 'doq'))"
        " SELECT d.name AS device, w.way FROM ways AS w JOIN devices AS d USING (device) SEMI JOIN subjects USING (device) ORDER BY ALL",
        ENCRYPTED_PORT,
        list(resolvers()),
    )
    if not rows:
        return []
    devices, ways = (sorted({row[column] for row in rows}) for column in ("device", "way"))
    sentence = (
        f"{some(devices, MAX_NAMED)} {'asks' if len(devices) == 1 else 'ask'} for names over an encrypted channel ({some(ways, MAX_NAMED)}):"
        " which names cannot be seen, and some of their peers have none here."
    )
    return [("names_encrypted", sentence)]
