"""What bystanders say is not searched (SPEC, rule 6), so nobody knows what must be masked in it: of the addresses of pages that they
ask for, what may hold a secret is left out of the tables as it stands."""

from collections.abc import Collection

from idletalk.store import Store, quoted

ADDRESSES = {
    "http_requests": ("uri", "referer"),
    "http_responses": ("location", "request_uri"),
    "websocket_messages": ("uri",),
    "ssdp": ("location",),
    "rtsp": ("url",),
    "coap": ("uri_query",),
}
"""Columns with addresses of pages, by table of facts."""
HEADERS = ("http_requests", "http_responses", "ssdp")
"""Tables with a column of header lines, in some of which addresses stand."""

_QUERY = r"\?[^\s]*"
_LOGIN = r"//[^/@\s]*@"


def tested(store: Store) -> frozenset[str] | None:
    """MACs, and addresses without one, of the devices under test; none where nothing says which these are."""
    if not store.ask("SELECT 1 FROM devices WHERE under_test IS false LIMIT 1"):
        return None
    return frozenset(
        row["endpoint"] for row in store.ask("SELECT endpoint FROM endpoints WHERE device IN (FROM subjects)")
    )


def veil(store: Store, own: Collection[str]) -> None:
    """Leave queries and logins out of the addresses in rows that are neither from nor to one of `own`."""
    listed = f"[{', '.join(quoted(one) for one in sorted(own))}]::VARCHAR[]"
    ends = [f"{column} IN {listed}" for column in ("source_mac", "source", "destination_mac", "destination")]
    is_own = f"coalesce({' OR '.join(f'coalesce({end}, false)' for end in ends)}, false)"
    for file in store.kept_tables():
        columns = ADDRESSES.get(file.stem, ())
        changes = {column: f"CASE WHEN {is_own} THEN {column} ELSE {_veiled(column)} END" for column in columns}
        if file.stem == "coap":
            changes["uri_query"] = f"CASE WHEN {is_own} OR uri_query IS NULL THEN uri_query ELSE '…' END"
        if file.stem in HEADERS:
            lines = f"list_transform(headers, lambda line: {_veiled('line')})"
            changes["headers"] = f"CASE WHEN {is_own} THEN headers ELSE {lines} END"
        if changes:
            store.rewrite(file, changes)


def _veiled(text: str) -> str:
    return f"regexp_replace(regexp_replace({text}, '{_QUERY}', '?…', 'g'), '{_LOGIN}', '//…@', 'g')"
