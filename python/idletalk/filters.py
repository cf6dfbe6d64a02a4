"""Wireshark display filters: the words in which a claim says how to see its frames."""

import re
from collections.abc import Collection, Sequence

MAC_FIELDS = {
    "wlan": frozenset({"ieee-802-11", "ieee-802-11-radiotap", "ppi"}),
    "sll": frozenset({"linux-sll", "linux-sll2"}),
}
"""Prefix of the fields that hold MACs if all captures have one of these link types; elsewhere it is `eth`."""

_SOURCES = {"wlan": "wlan.sa", "sll": "sll.src.eth", "eth": "eth.src"}
_DESTINATIONS = {"wlan": "wlan.da", "eth": "eth.dst"}
_BOTH = {"wlan": "wlan.addr", "sll": "sll.src.eth", "eth": "eth.addr"}

BARE = frozenset({"rawip", "rawip4", "rawip6", "null", "loop", "ppp"})
"""Link types whose frames hold no MAC."""

WITHOUT_MAC = "!eth && !wlan && !sll"
"""Frames that hold none, where other captures of the same analysis do."""

NOT_QUOTED = "!icmp && !icmpv6"
"""Wireshark dissects the datagram that an ICMP error quotes, so that its fields match too."""


FEWER = "no frame of connections that Wireshark takes for another protocol by the client's port, which is lower than the server's"
"""Wireshark asks the dissector of the lower port first, and clients draw their ports where some protocols have theirs."""

_READ = re.compile(r"\b(tls|http|http2|mqtt|rtsp|ftp|smtp|imap|pop|xmpp|amqp|ssh|websocket|json|x509\w*)\b")
"""Fields of what TCP carries, which are there only where Wireshark reads that protocol."""


def reads_content(display_filter: str) -> bool:
    """Whether a filter selects by what TCP carries; SSDP has fields of HTTP, in UDP."""
    return bool(_READ.search(display_filter)) and "ssdp" not in display_filter


def mac_prefix(link_types: Collection[str]) -> str:
    """Where Wireshark keeps MACs in captures of these link types: ``eth``, ``wlan`` or ``sll``."""
    kinds = set(link_types)
    return next((prefix for prefix, those in MAC_FIELDS.items() if kinds and kinds <= those), "eth")


def address(which: str, text: str) -> str:
    """``ip.src == 192.0.2.1`` and the like; `which` is src, dst or addr."""
    return f"{'ipv6' if ':' in text else 'ip'}.{which} == {text}"


def is_mac(text: str) -> bool:
    """Whether a peer is told by its MAC."""
    return len(text) == 17 and text.count(":") == 5


def either(alternatives: Sequence[str]) -> str:
    """Alternatives, in brackets where there are several."""
    return alternatives[0] if len(alternatives) == 1 else "(" + " || ".join(alternatives) + ")"


def both(*conditions: str) -> str:
    """Conditions that must all hold."""
    return " && ".join(condition for condition in conditions if condition)


def quoted(text: str) -> str:
    """A string as a display filter writes it; what it cannot hold in quotes is written as an escape."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isascii() and character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def sent_by(prefix: str, macs: Sequence[str], bare: Sequence[str]) -> str:
    """Frames that a device sent: by its MACs, and by its addresses where the link has none."""
    return _with_bare([f"{_SOURCES[prefix]} == {mac}" for mac in macs], [address("src", one) for one in bare])


def sent_to(prefix: str, macs: Sequence[str], bare: Sequence[str]) -> str:
    """Frames that were sent to a device; Linux cooked captures hold no receiver's MAC: then nothing."""
    field = _DESTINATIONS.get(prefix)
    if macs and not field:
        return ""
    return _with_bare([f"{field} == {mac}" for mac in macs], [address("dst", one) for one in bare])


def of_device(prefix: str, macs: Sequence[str], bare: Sequence[str]) -> str:
    """Frames that a device sent or was sent."""
    return _with_bare([f"{_BOTH[prefix]} == {mac}" for mac in macs], [address("addr", one) for one in bare])


def _with_bare(by_mac: Sequence[str], by_address: Sequence[str]) -> str:
    """A device by its MACs, and where frames have none by its addresses."""
    if not by_mac or not by_address:
        return either([*by_mac, *by_address])
    return either([*by_mac, f"({both(WITHOUT_MAC, either(by_address))})"])


def of_peer(prefix: str, peer: str) -> str:
    """Frames to or from a peer, told by IP address or MAC."""
    return f"{_BOTH[prefix]} == {peer}" if is_mac(peer) else address("addr", peer)
