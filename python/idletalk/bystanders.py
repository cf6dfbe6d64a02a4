"""What bystanders say is not searched, so nobody knows what must be masked in it: of the addresses of pages that they ask for, what may
hold a secret is left out of the tables."""

from collections.abc import Collection

from idletalk.store import Store, quoted

_QUERY = r"\?[^\s]*"
_LOGIN = r"//[^/@\s]*@"


def _veiled(text: str) -> str:
    """SQL for a text without the queries and logins of addresses in it."""
    return f"regexp_replace(regexp_replace({text}, '{_QUERY}', '?…', 'g'), '{_LOGIN}', '//…@', 'g')"


_LINES = f"list_transform(headers, lambda line: {_veiled('line')})"
VEILED = {
    "http_requests": {"uri": _veiled("uri"), "referer": _veiled("referer"), "headers": _LINES},
    "http_responses": {"location": _veiled("location"), "request_uri": _veiled("request_uri"), "headers": _LINES},
    "websocket_messages": {"uri": _veiled("uri")},
    "ssdp": {"location": _veiled("location"), "headers": _LINES},
    "rtsp": {"url": _veiled("url")},
    # a query and nothing else
    "coap": {"uri_query": "CASE WHEN uri_query IS NOT NULL THEN '…' END"},
}
"""What stands in columns with addresses of pages instead, by table of facts."""


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
    is_own = f"list_has_any([source_mac, source, destination_mac, destination], {listed})"
    for file in store.kept_tables():
        if changes := VEILED.get(file.stem):
            store.rewrite(file, {c: f"CASE WHEN {is_own} THEN {c} ELSE {text} END" for c, text in changes.items()})
