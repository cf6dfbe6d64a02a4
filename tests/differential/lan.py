"""Classes of values of what stays on the LAN: addresses, names, discovery, membership of groups, logins to the network."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .told import Compared, Reading, first, last, listed, number, value, word

NULS = re.compile(r"(?:<00>)*(<[0-9a-f]{2}>)")
"""Bytes that pad a NetBIOS name, and its suffix."""
BYTE = re.compile(r"<([0-9a-f]{2})>(?!$)")
"""A byte that is no text, but not the suffix."""
SERVICE = re.compile(r" \([^)]*\)$")
"""What Wireshark calls a name of that suffix."""
PADDING = frozenset({"0", "255"})
"""DHCP options that are none (RFC 2132 3.1 and 3.2)."""
LINE_END = re.compile(r"(?:\\r\\n|\r\n)(?:,|$)")
NTP_STRATA = {
    "unspecified or invalid": "0",
    "primary reference": "1",
    "secondary reference": "2",
    "unsynchronized": "16",
}
"""Wireshark's words; secondary stands for 2 to 15."""
ALL_GROUPS = frozenset({"0.0.0.0", "::"})  # noqa: S104
"""What a query about all groups names."""
QUOTING = frozenset({"3", "4", "5", "11", "12"})
"""ICMP types that quote a datagram (RFC 792)."""


def netbios(text: str) -> list[str]:
    """The first name with its suffix; bytes that are no text stand as they are."""
    name = NULS.sub(r"\1", SERVICE.sub("", text.split(",", 1)[0]))
    return [BYTE.sub(lambda found: chr(int(found[1], 16)), name)]


def header(*names: str) -> Reading:
    """Values of SSDP fields by these names."""

    def told(*texts: str) -> Iterable[str]:
        lines = (line.partition(":") for text in texts for line in LINE_END.split(text))
        # one and the same field may stand in several of Wireshark's
        return dict.fromkeys(said.strip() for name, _, said in lines if name.strip().upper() in names)

    return told


def quoted(kind: str, source: str, destination: str) -> Iterable[str]:
    """Ends of the datagram that an error quotes."""
    ends = [text.split(",") for text in (source, destination)]
    if kind.split(",")[0] in QUOTING and all(len(end) > 1 for end in ends):
        yield f"{ends[0][1]} > {ends[1][1]}"


def echoed(kind: str, sequence: str) -> Iterable[str]:
    """The sequence number of an echo; other types have one too."""
    if kind.split(",")[0] in ("0", "8") and sequence:
        yield sequence.split(",")[0].split(" ")[0]


def domain(name: str, top: str) -> Iterable[str]:
    """A name; Wireshark has a field of its own for one without dots."""
    yield (name or top).rstrip(".")


def stratum(text: str) -> list[str]:
    """Strata, secondary ones all as 2; of statistics (mode 7) none, since idletalk does not read them."""
    return [NTP_STRATA.get(text, text)] if "," not in text else []


def options(text: str) -> list[str]:
    """Codes of DHCP options."""
    return [code for code in text.split(",") if code not in PADDING]


def sized(kinds: str, lengths: str) -> Iterable[str]:
    """DHCPv6 options of one level (see `outer`) with their lengths, without the message (9) that a relay passes on."""
    numbered = zip(number(kinds), number(lengths), strict=True)
    return (f"{kind} {length}" for kind, length in numbered if kind not in ("5", "9", "26"))


def outer(text: str) -> list[str]:
    """DHCPv6 options that do not stand in others: addresses (5) and prefixes (26) always do (RFC 8415 21.6, 21.22)."""
    return [code for code in text.split(",") if code not in ("5", "26")]


def groups(text: str) -> list[str]:
    """Groups; none for a query about all."""
    return [group for group in text.split(",") if group not in ALL_GROUPS]


def octets(text: str) -> list[str]:
    """Bytes in hexadecimal digits; of more than 36 Wireshark tells the first. An option without any is missing."""
    return [part for part in text.split(",") if part != "<MISSING>"]


def digits(content: str) -> str:
    """SQL: the same of a blob; null where it is empty."""
    return f"nullif(lower(hex({content}[:{TOLD_OCTETS}])) || CASE WHEN octet_length({content}) > {TOLD_OCTETS} THEN '…' ELSE '' END, '')"


TOLD_OCTETS = 36

LINES = ("http.request.line", "http.response.line", "http.unknown_header")
"""Fields of searches, of answers, and of announcements those that HTTP does not have."""

PARAMETERS = "[p[strpos(p, '=') + 1:] FOR p IN parameters IF string_split(p, '=')[1] = "
VALUES = "]"
"""SQL: values of the parameters of that name; each is a list already, in the way in which lists are compared."""


def opaque(code: int, head: int) -> str:
    """SQL: bytes of a DHCPv6 option behind a head of so many (RFC 8415 21.15 to 21.18, RFC 4649 3), where there is one value."""
    return f"CASE WHEN protocol = 'dhcpv6' AND code = {code} THEN {digits(f'content[{head + 1}:]')} END"


COMPARED = (
    word("arp_operation", "arp.opcode", "operation"),
    value("arp_mac", "arp.src.hw_mac", "sender_mac"),
    value("arp_sender", "arp.src.proto_ipv4", "sender"),
    value("arp_target", "arp.dst.proto_ipv4", "target"),
    value("icmp_type", "icmp.type", "CASE version WHEN 4 THEN kind END", told=first),
    value("icmp_code", "icmp.code", "CASE version WHEN 4 THEN code END", told=first),
    Compared("icmp_sequence", ("icmp.type", "icmp.seq"), "icmp", "CASE version WHEN 4 THEN echo_sequence END", echoed),
    Compared(
        "icmp_quoted",
        ("icmp.type", "ip.src", "ip.dst"),
        "icmp",
        "CASE WHEN version = 4 THEN quoted_source || ' > ' || quoted_destination END",
        quoted,
    ),
    word("icmpv6_type", "icmpv6.type", "CASE version WHEN 6 THEN kind END", "icmp", first),
    value("icmpv6_code", "icmpv6.code", "CASE version WHEN 6 THEN code END", "icmp", first),
    value("icmpv6_solicited", "icmpv6.nd.ns.target_address", "CASE kind WHEN 135 THEN neighbour END", "icmp"),
    value("icmpv6_advertised", "icmpv6.nd.na.target_address", "CASE kind WHEN 136 THEN neighbour END", "icmp"),
    value(
        "icmpv6_group",
        "icmpv6.mldr.mar.multicast_address",
        "CASE WHEN protocol = 'mld' AND version = 2 AND kind = 'report' THEN group_address END",
        "group_memberships",
    ),
    value(
        "icmpv6_member",
        "icmpv6.mld.multicast_address",
        "CASE WHEN protocol = 'mld' AND NOT (version = 2 AND kind = 'report') THEN group_address END",
        "group_memberships",
        groups,
    ),
    value("igmp_group", "igmp.maddr", "CASE protocol WHEN 'igmp' THEN group_address END", "group_memberships", groups),
    word("igmp_record", "igmp.record_type", "CASE protocol WHEN 'igmp' THEN record_type END", "group_memberships"),
    value("nbns_id", "nbns.id", "transaction_id", told=number),
    word("nbns_opcode", "nbns.flags.opcode", "opcode"),
    value("nbns_name", "nbns.name", "name || printf('<%02x>', suffix)", told=netbios),
    value("nbns_address", "nbns.addr", "address", told=first),
    value("nbns_node", "nbns.netbios_name", "names"),
    value("nbns_mac", "nbns.unit_id", "node_mac"),
    Compared("ssdp_target", LINES, "ssdp", "search_target", header("ST", "NT")),
    Compared("ssdp_usn", LINES, "ssdp", "usn", header("USN")),
    value("ssdp_location", "http.location", "location"),
    value("ssdp_server", "http.server", "server"),
    Compared("ssdp_nts", LINES, "ssdp", "nts", header("NTS")),
    value(
        "ssdp_method", "http.request.method", "CASE kind WHEN 'search' THEN 'M-SEARCH' WHEN 'notify' THEN 'NOTIFY' END"
    ),
    value("dns_ptr", "dns.ptr.domain_name", "CASE kind WHEN 12 THEN target END", "dns_records"),
    value("dns_srv", "dns.srv.target", "CASE kind WHEN 33 THEN target END", "dns_records"),
    value("dns_port", "dns.srv.port", "CASE kind WHEN 33 THEN port END", "dns_records"),
    value("dns_text", "dns.txt", "CASE kind WHEN 16 THEN texts END", "dns_records"),
    value("dns_svcbpriority", "dns.svcb.svcpriority", "priority", "dns_records"),
    value("dns_svcbalpn", "dns.svcb.svcparam.alpn", f"{PARAMETERS}'alpn'{VALUES}", "dns_records"),
    value("dns_svcbport", "dns.svcb.svcparam.port", f"{PARAMETERS}'port'{VALUES}", "dns_records"),
    value("dns_svcbipv4", "dns.svcb.svcparam.ipv4hint.ip", f"{PARAMETERS}'ipv4hint'{VALUES}", "dns_records"),
    value("dns_svcbipv6", "dns.svcb.svcparam.ipv6hint.ip", f"{PARAMETERS}'ipv6hint'{VALUES}", "dns_records"),
    word("dhcp_type", "dhcp.option.dhcp", "message_type"),
    value("dhcp_option", "dhcp.option.type", "options", told=options),
    value(
        "dhcp_value",
        "dhcp.option.value",
        f"CASE WHEN protocol = 'dhcp' THEN {digits('content')} END",
        "dhcp_options",
        octets,
    ),
    value("dhcp_class", "dhcp.option.vendor_class_id", "vendor_class"),
    value("dhcp_asked", "dhcp.option.request_list_item", "parameter_list"),
    Compared(
        "dhcp_given",
        ("dhcp.ip.your", "dhcp.option.dhcp"),
        "dhcp",
        # a message that is cut has no type
        "CASE WHEN message_type IS NOT NULL THEN your_address END",
        lambda address, kind: [address] if kind else [],
    ),
    value("dhcp_wanted", "dhcp.option.requested_ip_address", "requested_address"),
    value("dhcp_server", "dhcp.option.dhcp_server_id", "server_id"),
    value("dhcp_mask", "dhcp.option.subnet_mask", "subnet_mask"),
    value("dhcp_router", "dhcp.option.router", "routers"),
    value("dhcp_dns", "dhcp.option.domain_name_server", "dns_servers"),
    value("dhcp_ntp", "dhcp.option.ntp_server", "ntp_servers"),
    value("dhcp_domain", "dhcp.option.domain_name", "domain", told=lambda text: [text.strip()]),
    value("dhcp_lease", "dhcp.option.ip_address_lease_time", "lease_s", told=number),
    value("dhcp_fqdn", "dhcp.fqdn.name", "fqdn"),
    word("dhcpv6_type", "dhcpv6.msgtype", "message_type", told=last),
    value("dhcpv6_id", "dhcpv6.xid", "transaction_id", told=number),
    value("dhcpv6_duid", "dhcpv6.duid.bytes", "[client_duid, server_duid]"),
    value("dhcpv6_address", "dhcpv6.iaaddr.ip", "address", told=first),
    Compared("dhcpv6_name", ("dhcpv6.client_domain", "dhcpv6.tld"), "dhcpv6", "rtrim(fqdn, '.')", domain),
    word("dhcpv6_option", "dhcpv6.option.type", "CASE WHEN NOT is_relayed THEN options END", told=outer),
    Compared(
        "dhcpv6_size",
        ("dhcpv6.option.type", "dhcpv6.option.length"),
        "dhcp_options",
        "CASE protocol WHEN 'dhcpv6' THEN code || ' ' || length_bytes END",
        sized,
        "dhcpv6.option.type",
    ),
    value("dhcpv6_interface", "dhcpv6.interface_id", opaque(18, 0), "dhcp_options", octets),
    value("dhcpv6_remote", "dhcpv6.remoteid_enterprise_id", opaque(37, 4), "dhcp_options", octets),
    value("dhcpv6_user", "dhcpv6.userclass.opaque_data", opaque(15, 2), "dhcp_options", octets),
    value("dhcpv6_vendor", "dhcpv6.vendoropts.enterprise.option_data", opaque(17, 8), "dhcp_options", octets),
    word("ntp_mode", "ntp.flags.mode", "mode", told=listed),
    value(
        "ntp_stratum",
        "ntp.stratum",
        "CASE WHEN stratum BETWEEN 2 AND 15 THEN 2 ELSE stratum END",
        told=stratum,
    ),
    word("eapol_type", "eapol.type", "kind"),
    word("eapol_version", "eapol.version", "version"),
    word("eapol_descriptor", "eapol.keydes.type", "descriptor"),
    value("eapol_counter", "eapol.keydes.replay_counter", "replay_counter"),
    word("eapol_code", "eap.code", "eap_code"),
    word("eapol_method", "eap.type", "eap_type", told=first),
    value("eapol_identity", "eap.identity", "identity"),
    word("lldp_element", "lldp.tlv.type", "types"),
    word("lldp_chassiskind", "lldp.chassis.subtype", "chassis_kind"),
    value("lldp_chassismac", "lldp.chassis.id.mac", "CASE chassis_kind WHEN 4 THEN chassis END"),
    value("lldp_port", "lldp.port.id", "CASE WHEN port_kind NOT IN (3, 4) THEN port END"),
    value("lldp_portmac", "lldp.port.id.mac", "CASE port_kind WHEN 3 THEN port END"),
    value("lldp_ttl", "lldp.time_to_live", "ttl_s"),
    value("lldp_name", "lldp.tlv.system.name", "system_name"),
    value("lldp_description", "lldp.tlv.system.desc", "system_description"),
    value("lldp_portdescription", "lldp.port.desc", "port_description"),
    value("lldp_capabilities", "lldp.tlv.system_cap", "capabilities", told=number),
    value("lldp_enabled", "lldp.tlv.enable_system_cap", "enabled", told=number),
)
"""Of ARP, ICMP, IGMP and MLD, NetBIOS, SSDP, DNS-SD, DHCP, NTP, EAPOL and LLDP."""
