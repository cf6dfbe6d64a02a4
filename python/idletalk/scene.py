"""What every judgement may want to know of a capture as a whole, and of which devices anything is judged."""

from collections.abc import Collection, Sequence

from idletalk.behaviours import peers
from idletalk.behaviours.finding import Scene
from idletalk.behaviours.inventory import SHOWN
from idletalk.errors import IdletalkError
from idletalk.filters import BARE, mac_prefix
from idletalk.labfile import Lab
from idletalk.model import Blindness, Captures
from idletalk.store import Store

_CUT = (
    "WITH sides AS (SELECT originator_mac AS mac, originator AS address, capture, first_ns, last_ns FROM flow_segments"
    " UNION SELECT responder_mac, responder, capture, first_ns, last_ns FROM flow_segments),"
    " cut AS (FROM captures WHERE truncated_frames > 0),"
    # a segment is told of the file of its first frame, and may go on in others
    " longer AS (SELECT s.* FROM sides AS s JOIN captures AS c USING (capture) WHERE s.last_ns > c.latest_ns)"
    " SELECT DISTINCT device FROM (SELECT mac, address FROM sides SEMI JOIN cut USING (capture)"
    " UNION SELECT mac, address FROM longer AS l SEMI JOIN cut AS c ON c.earliest_ns <= l.last_ns AND c.latest_ns >= l.first_ns) AS s"
    " JOIN endpoints AS e ON e.endpoint = endpoint(s.mac, s.address)"
)
_UNREAD = (
    "WITH ports AS (FROM (VALUES (123, 'ntp'), (53, 'dns'), (5353, 'mdns'), (1900, 'ssdp'), (5355, 'llmnr'), (137, 'nbns'), (3702, 'wsd'))"
    " AS known(port, protocol)), cut AS (FROM captures WHERE truncated_frames > 0),"
    " read AS (SELECT flow FROM ntp UNION SELECT flow FROM dns UNION SELECT flow FROM ssdp UNION SELECT flow FROM nbns UNION SELECT flow FROM wsd),"
    # a name server's message is short of what it announces
    " entries AS (SELECT capture, frame, count(*) AS entries FROM (SELECT capture, frame FROM dns_records UNION ALL SELECT capture, frame FROM dns_questions)"
    " SEMI JOIN cut USING (capture) GROUP BY ALL),"
    " short AS (SELECT d.flow FROM dns AS d SEMI JOIN cut USING (capture) LEFT JOIN entries USING (capture, frame)"
    " WHERE NOT d.is_repeated AND questions + answers + authorities + additionals > coalesce(entries, 0)"
    # an announcement and an answer name the service at the end (UPnP Device Architecture 1.1, 1.2.2, 1.3.3)
    " UNION SELECT flow FROM ssdp WHERE kind <> 'search' AND usn IS NULL UNION SELECT flow FROM weirds WHERE kind = 'bad_message'),"
    " hellos AS (SELECT flow FROM tls_client_hellos UNION SELECT flow FROM tls_server_hellos),"
    " lost AS (SELECT f.*, p.protocol FROM flows AS f JOIN ports AS p ON p.port = f.responder_port OR p.port = f.originator_port"
    " WHERE f.transport = 'udp' AND originator_payload_bytes + responder_payload_bytes > 0"
    " AND (flow NOT IN (FROM read) OR flow IN (FROM short))"
    # a handshake whose beginning was captured has a hello
    " UNION ALL SELECT f.*, 'tls' FROM flows AS f WHERE f.transport = 'tcp' AND began_in_capture AND originator_payload_bytes > 0"
    " AND (application = 'tls' OR (application IS NULL AND responder_port IN (443, 8443, 8883))) AND flow NOT IN (FROM hellos)),"
    " sides AS (SELECT originator_mac AS mac, originator AS address, protocol FROM lost UNION SELECT responder_mac, responder, protocol FROM lost"
    # an error without the ports that it is about, or without all that it quotes
    " UNION SELECT destination_mac, destination, 'icmp' FROM icmp WHERE ((version = 4 AND kind = 3) OR (version = 6 AND kind = 1))"
    " AND (quoted_protocol IS NULL OR (quoted_protocol IN (6, 17) AND quoted_destination_port IS NULL)))"
    " SELECT device, list(DISTINCT protocol) AS protocols FROM sides AS s JOIN endpoints AS e ON e.endpoint = endpoint(s.mac, s.address)"
    " WHERE list_contains(?, device) GROUP BY device"
)
_VEILED = (
    "SELECT device FROM device_sides GROUP BY device"
    " HAVING bool_or(coalesce(network, '') = 'wlan-protected') AND bool_and(address IS NULL)"
)


def chosen_ids(store: Store, wanted: str | None) -> set[str]:
    """Ids of the devices of the report, or of those that ``--device`` names: by id, MAC, name or address."""
    if wanted is None:
        return {row["device"] for row in store.ask(f"FROM {SHOWN}")}
    rows = store.ask(
        "SELECT device, name, macs, (SELECT coalesce(list(DISTINCT address), []) FROM addresses AS a WHERE a.device = d.device) AS addresses"
        f" FROM devices AS d SEMI JOIN {SHOWN} AS shown USING (device)"
    )
    names = {
        row["device"]: (row["name"], {row["device"], row["name"].lower(), *row["macs"], *row["addresses"]})
        for row in rows
    }
    found = {device for device, (_, called) in names.items() if wanted.lower() in called}
    if not found:
        known = ", ".join(sorted(f"{name} ({device})" for device, (name, _) in names.items())[:20])
        raise IdletalkError(f"no device {wanted!r} in this capture; there are: {known}")
    return found


def _peer_names(store: Store) -> dict[tuple[str, str], str]:
    """The best name of each peer of the devices that are judged; the names of all, where several had its address in turn."""
    rows = store.ask(
        "SELECT p.device, p.peer, coalesce(e.names || ' or ' || d.name, d.name, n.name) AS name FROM peers AS p SEMI JOIN subjects USING (device)"
        " LEFT JOIN devices AS d ON d.device = p.peer_device LEFT JOIN ("
        "   SELECT h.device, h.peer, string_agg(d.name, ' or ' ORDER BY h.last_ns, h.holder) AS names"
        "   FROM peer_holders AS h JOIN peers AS p ON p.device = h.device AND p.peer = h.peer AND p.peer_device <> h.holder"
        "   JOIN devices AS d ON d.device = h.holder GROUP BY h.device, h.peer"
        " ) AS e ON e.device = p.device AND e.peer = p.peer LEFT JOIN ("
        "   SELECT device, peer, arg_min(name, (list_position(?, told_by), -times, name)) AS name FROM peer_names GROUP BY ALL"
        " ) AS n ON n.device = p.device AND n.peer = p.peer WHERE coalesce(d.name, n.name) IS NOT NULL",
        list(peers.NAME_TRUST),
    )
    return {(row["device"], row["peer"]): row["name"] for row in rows}


def scene_of(store: Store, what: Captures, unseen: Sequence[Blindness], chosen: Collection[str], lab: Lab) -> Scene:
    """What every judgement may want to know; only the `chosen` devices are judged."""
    rows = store.ask("SELECT device, name, macs FROM devices ORDER BY device")
    bare = store.ask("SELECT device, list(address ORDER BY address) AS bare FROM bare_devices GROUP BY device")
    subjects = {row["device"] for row in store.ask("FROM subjects")}
    hidden = {blindness.kind: blindness.sentence for blindness in unseen}
    kinds = {kind for file in what.files for kind in file.link_types}
    low = store.ask(
        "SELECT DISTINCT device FROM opened_flows"
        " WHERE transport = 'tcp' AND originator_port < responder_port AND recognised_by = 'content'"
    )
    is_cut = frozenset(row["device"] for row in store.ask(_CUT)) if "snaplen" in hidden else frozenset[str]()
    unread = store.ask(_UNREAD, sorted(is_cut)) if is_cut else ()
    return Scene(
        names={row["device"]: row["name"] for row in rows},
        peers=_peer_names(store),
        macs={row["device"]: row["macs"] for row in rows},
        bare={row["device"]: row["bare"] for row in bare},
        subjects=tuple(row["device"] for row in rows if row["device"] in subjects & set(chosen)),
        observed_s=what.coverage.observed_s if what.coverage else 0.0,
        unseen=hidden,
        low_clients=frozenset(row["device"] for row in low),
        shows_secrets=False,
        secrets={name: (v,) if isinstance(v, str) else v for name, v in lab.secrets.items()},
        public_addresses=(lab.public_ip,) if isinstance(lab.public_ip, str) else lab.public_ip or (),
        mac_prefix=mac_prefix(kinds),
        one_way={row["device"]: row["is_sent"] for row in store.ask("FROM one_way")},
        cut=is_cut,
        unread={row["device"]: row["protocols"] for row in unread},
        veiled=frozenset(row["device"] for row in store.ask(_VEILED)),
        is_mixed=bool(kinds & BARE) and not kinds <= BARE,
        is_repeated=what.packets > what.unique_packets,
    )
