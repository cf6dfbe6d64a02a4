"""Frames that the capture holds twice: what they say is told twice by the tables of facts, and heard once by judgements."""

from importlib.resources import files

from idletalk.dissector import fact_tables
from idletalk.store import FACTS, Store

GATHERED = frozenset(
    {
        *("payloads", "flow_content", "http_bodies", "file_contents", "rtp_streams", "tls_connections"),
        *("quic_connections", "weirds"),
    }
)
"""Tables with a row for many frames, which have counted themselves what was told before, or for what is odd of one."""


def hear_once(store: Store) -> None:
    """Stand views without repeated messages before the facts' own tables, where there are any; ``heard`` is ``payloads`` so."""
    twice = "originator_duplicate_packets > 0 OR responder_duplicate_packets > 0"
    if not store.ask(f"SELECT 1 AS one FROM flow_segments WHERE {twice} LIMIT 1"):
        store.ask("CREATE VIEW heard AS FROM payloads")
        return
    store.ask(files("idletalk").joinpath("repeats.sql").read_text("utf-8"))
    for table in fact_tables():
        if table.name not in GATHERED and any(column.name == "is_repeated" for column in table.columns):
            name = f'"{table.name}"'
            store.ask(f"CREATE VIEW {name} AS FROM {FACTS}.{name} WHERE NOT is_repeated")
