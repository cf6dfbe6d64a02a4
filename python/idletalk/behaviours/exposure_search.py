"""Which values are searched in what devices said and were told, and where they stand: fills `found`, `owners` and `hits`."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from itertools import islice

from idletalk.behaviours.behaviour import Ask, Row, insert
from idletalk.behaviours.finding import Scene
from idletalk.exposure.mask import masked
from idletalk.exposure.search import MIN_KNOWN_CHARS, SEARCHED, Contents, Leak, key_kinds
from idletalk.lookups.domains import registrable_domain
from idletalk.lookups.keys import address_key

MAX_CONTENT_BYTES = 32 << 20
"""Distinct content that is decoded; memory and time must not grow with the capture."""
MAX_CONTENTS = 20_000
"""Distinct messages that are decoded, the first of each conversation first: a short one costs a millisecond too, and the bytes
alone would allow half a million of them."""
MAX_KNOWN = 4096
"""Values that are searched, each in some 200 spellings: ten of each of 400 devices. Who tells thousands of numbers by one key wants
to fill the memory."""
MAX_PUBLIC = 256
"""Public addresses that are searched: one a day for most of a year. Who is told thousands wants to cost time, which each takes in
every content."""
CLEARLY = 10
"""How many times as many contents call a value by one kind as by another, for the other to be a mistake."""
SECOND_NS = 1_000_000_000
NEAR_S = 366 * 86_400
"""Digits that are a Unix time within a year of the capture are taken for one."""


def search(ask: Ask, scene: Scene) -> None:
    """Find values in the sampled contents: what they tell by key first, then what is known of each device."""
    [size] = ask(
        "SELECT count(*) AS number, coalesce(sum(octet_length(content)), 0) AS bytes, (SELECT count(*) FROM contents) AS contents,"
        " (SELECT min(time_ns) FROM told) AS first_ns, (SELECT max(last_ns) FROM told) AS last_ns"
        " FROM sampled JOIN contents USING (content_id)"
    )
    if size["contents"] == 0:
        return
    is_all = size["number"] == size["contents"]
    if size["number"] > MAX_CONTENTS or size["bytes"] > MAX_CONTENT_BYTES:
        _leave_out(ask)
        is_all = False
    contents = Contents(
        (row["content_id"], row["content"], row["received"])
        for row in ask(
            "SELECT content_id, content, received FROM sampled JOIN contents USING (content_id) ORDER BY content_id"
        )
    )
    macs = {row["mac"].replace(":", "") for row in ask("SELECT mac FROM device_macs")}

    # the same value stands in many contents
    @cache
    def shown(kind: str, text: str) -> str:
        # a serial number that is a MAC, which every report names, is no secret
        is_open = scene.shows_secrets or _digits(text) in macs
        return text if is_open else masked(kind, text)

    times = range(size["first_ns"] // SECOND_NS - NEAR_S, size["last_ns"] // SECOND_NS + NEAR_S)
    proofs = _proofs(ask) | _guests(ask)
    meant = [
        _as_written(leak)
        for leak in contents.by_meaning()
        if not _is_time(leak, times) and not (leak.kind in ("token", "password") and leak.text in proofs)
    ]
    meant += _ids_read(ask)
    _fill(ask, meant, {}, shown)
    # a byte before a key may look like its first letter, and Dsn means something else than sn
    ask(
        "WITH calls AS (SELECT text, kind, count(DISTINCT content_id) AS n FROM found WHERE list_contains($1, kind) GROUP BY ALL)"
        " UPDATE found SET kind = told.kind FROM (SELECT few.text, few.kind AS mistaken, arg_max(many.kind, (many.n, many.kind)) AS kind"
        " FROM calls AS few JOIN calls AS many ON many.text = few.text AND many.n >= $2 * few.n GROUP BY ALL) AS told"
        " WHERE found.text = told.text AND found.kind = told.mistaken",
        *(sorted(SEARCHED), CLEARLY),
    )
    known, owners = _known(ask, scene, macs)
    public = (
        *sorted(scene.public_addresses),
        *sorted({leak.text.partition(":")[0] for leak in meant if leak.kind == "public_address"}),
        *_told_alike(ask, scene, contents),
        *_told_by_protocols(ask),
    )
    told = {(leak.content, leak.kind, leak.text.lower()) for leak in meant}
    values = [
        leak
        for leak in contents.by_value(known, islice(dict.fromkeys(public), MAX_PUBLIC))
        if (leak.content, leak.kind, leak.text.lower()) not in told
    ]
    _fill(ask, values, owners, shown)
    insert(ask, "owners", [(text, device) for text, devices in owners.items() for device in devices])
    ask(f"INSERT INTO hits FROM {'single_hits' if is_all else 'found_hits'}")


def _leave_out(ask: Ask) -> None:
    """What is not decoded is held against what was found, as the rest of its conversation is."""
    ask(
        "DELETE FROM sampled WHERE content_id NOT IN (SELECT content_id FROM (SELECT content_id,"
        " row_number() OVER (ORDER BY place, content_id) AS number,"
        " sum(octet_length(content)) OVER (ORDER BY octet_length(content), content_id) AS bytes"
        " FROM sampled JOIN contents USING (content_id)) WHERE number <= ? AND bytes <= ?)",
        *(MAX_CONTENTS, MAX_CONTENT_BYTES),
    )


def _is_time(leak: Leak, times: range) -> bool:
    """Whether digits that stand behind the name of an id are a time near the capture's, in seconds or thousandths."""
    if leak.kind not in ("serial", "device_id", "token") or not (leak.text.isascii() and leak.text.isdigit()):
        return False
    return len(leak.text) in (10, 13) and int(leak.text[:10]) in times


def _proofs(ask: Ask) -> set[str]:
    """What stands beside the word of a server's challenge (RFC 9110 11.3) that a client repeats: it answers that one challenge and
    opens nothing later. The names of a realm and its places are no such word, nor does the name
    of who asks answer it, which may be somebody's password."""
    rows = ask(
        "WITH words AS (SELECT DISTINCT flow, split_part(pair, '\"', 2) AS text FROM (SELECT flow,"
        ' unnest(regexp_extract_all(field, \'\\w+="[^"]{8,}"\')) AS pair FROM (SELECT flow, unnest(headers) AS field FROM http_responses'
        " WHERE status IN (401, 407)) WHERE regexp_matches(field, '(?i)^[a-z]+-authenticate:')) WHERE NOT regexp_matches(pair, '(?i)^(realm|domain)=')),"
        " said AS MATERIALIZED (SELECT flow, line, regexp_extract(pair, '=\"?([^\",;]+)', 1) AS text, regexp_matches(pair, '(?i)^(user|username|login)=') AS is_name"
        " FROM (SELECT flow, line, unnest(regexp_extract_all(field, '\\w*=\"?[^\",;]+')) AS pair FROM (SELECT flow, field, row_number() OVER () AS line"
        " FROM (SELECT flow, unnest(headers) AS field FROM http_requests SEMI JOIN words USING (flow)))))"
        " SELECT DISTINCT text FROM said WHERE NOT is_name AND line IN (SELECT line FROM said SEMI JOIN words USING (flow, text))"
    )
    return {row["text"] for row in rows}


def _guests(ask: Ask) -> set[str]:
    """What guests of FTP say as their password, who is nobody (RFC 1635), in conversations where nobody else logs in."""
    rows = ask(
        "WITH lines AS (SELECT flow, regexp_replace(content::VARCHAR, '(\\\\x0D|\\\\x0A| )+$', '') AS said FROM payloads WHERE carrier = 'ftp'),"
        " guests AS (SELECT flow FROM lines WHERE regexp_matches(said, '(?i)^USER ')"
        " GROUP BY flow HAVING bool_and(regexp_matches(said, '(?i)^USER +(anonymous|ftp)$')))"
        " SELECT regexp_extract(said, '(?i)^PASS +(.+)', 1) AS text FROM lines WHERE regexp_matches(said, '(?i)^PASS +.')"
        " GROUP BY text HAVING bool_and(flow IN (FROM guests))"
    )
    return {row["text"] for row in rows}


def _as_written(leak: Leak) -> Leak:
    """A MAC as everybody writes it: it is one value, however a message does."""
    if leak.kind != "mac":
        return leak
    digits = _digits(leak.text)
    return leak._replace(text=":".join(digits[place : place + 2] for place in range(0, len(digits), 2)))


_SIGNS = str.maketrans("", "", ":.-")


def _digits(text: str) -> str:
    """What may be a MAC, without signs and case."""
    return text.translate(_SIGNS).lower()


def _fill(
    ask: Ask, leaks: Iterable[Leak], owners: Mapping[str, Sequence[str]], shown: Callable[[str, str], str]
) -> None:
    rows = [
        (
            *(leak.content, leak.kind, leak.text, shown(leak.kind, leak.text), leak.key, leak.encoding),
            *("meaning" if leak.is_meant else "known", leak.raw, leak.text in owners),
        )
        for leak in leaks
    ]
    insert(ask, "found", rows)


def _known(ask: Ask, scene: Scene, macs: Container[str]) -> tuple[dict[str, str], Mapping[str, Sequence[str]]]:
    """What is searched: kind by text, and the devices whose values they are (the lab file's: all)."""
    known = {
        text: key_kinds().get(name.replace("_", "").lower(), name).rstrip("?#")
        for name, texts in scene.secrets.items()
        for text in texts
    }
    from_lab = frozenset(known)
    owners: dict[str, list[str]] = {}
    rows = [
        *ask("SELECT mac AS text, 'mac' AS kind, device FROM device_macs WHERE device IN (FROM subjects) ORDER BY ALL"),
        *ask(
            "SELECT DISTINCT text, kind, device FROM direct_hits WHERE list_contains(?, kind) AND length(text) >= ?"
            " AND known_by = 'meaning' ORDER BY ALL",
            sorted(SEARCHED),
            MIN_KNOWN_CHARS,
        ),
        # a name that no other thing of its make has: with a number of five digits, or six hexadecimal ones, that is no MAC
        *ask(
            "SELECT DISTINCT name AS text, 'hostname' AS kind, device FROM device_names WHERE device IN (FROM subjects)"
            " AND (regexp_matches(name, '[0-9]{5}') OR regexp_matches(regexp_extract(name, '(?i)[0-9a-f]{6,}'), '[0-9]'))"
            " AND lower(name) NOT IN (SELECT replace(mac, ':', '') FROM device_macs) ORDER BY ALL"
        ),
    ]
    named = {_digits(row["text"]) for row in rows if row["kind"] != "hostname"}
    for row in rows:
        # a serial number that is the MAC is searched as that
        if row["kind"] != "mac" and _digits(row["text"]) in macs:
            continue
        # nor is a host name that is another value of the device one of its own
        if row["kind"] == "hostname" and _digits(row["text"]) in named:
            continue
        if row["text"] not in from_lab:
            known.setdefault(row["text"], row["kind"])
            owners.setdefault(row["text"], []).append(row["device"])
    return dict(islice(known.items(), MAX_KNOWN)), owners


def _told_alike(ask: Ask, scene: Scene, contents: Contents) -> list[str]:
    """Public addresses that servers of two owners tell, of no host that was seen, and of no provider of servers."""
    rows = ask(
        "SELECT DISTINCT t.content_id, t.device, t.peer, h.asn, p.destination_port AS port FROM told AS t SEMI JOIN sampled USING (content_id)"
        " LEFT JOIN payloads AS p ON p.capture = t.capture AND p.frame = t.frame LEFT JOIN host_networks AS h ON h.address = t.peer"
        " WHERE NOT t.sent AND t.scope = 'internet' AND NOT t.is_topic ORDER BY ALL"
    )

    def told_by_several(teller: Callable[[Row], str]) -> list[str]:
        numbers: dict[str, int] = {}
        return contents.told_by_several(
            [(row["content_id"], numbers.setdefault(teller(row), len(numbers)), row["port"]) for row in rows]
        )

    # who holds a server is dear to find out, and seldom do even two servers tell alike
    if not told_by_several(lambda row: row["peer"]) or not (told := told_by_several(lambda row: _owner(scene, row))):
        return []
    insert(ask, "bare_addresses", [(address, address_key(address)) for address in told])
    return [
        row["address"]
        for row in ask(
            "SELECT address FROM lookup_hosts('bare_addresses') WHERE provider IS NULL AND address NOT IN (SELECT address FROM hosts) ORDER BY ALL"
        )
    ]


def _told_by_protocols(ask: Ask) -> Iterator[str]:
    """Public addresses that vendors' protocols tell devices as theirs (their messages' field `public_address`)."""
    for row in ask("SELECT DISTINCT summary ->> '$.public_address' AS address FROM messages ORDER BY ALL"):
        try:
            if row["address"] is not None and ip_address(row["address"]).is_global:
                yield row["address"]
        except ValueError:
            continue


def _ids_read(ask: Ask) -> list[Leak]:
    """Ids in bytes that vendors' protocols put together (their messages' field `uid`)."""
    rows = ask(
        "SELECT DISTINCT t.content_id, m.summary ->> '$.uid' AS uid FROM messages AS m JOIN told AS t USING (capture, frame)"
        " WHERE (m.summary ->> '$.uid') IS NOT NULL AND NOT t.is_topic ORDER BY ALL"
    )
    kind = key_kinds()["uid"]
    return [Leak(row["content_id"], kind, row["uid"], "uid", "binary", is_meant=True, raw=None) for row in rows]


def _owner(scene: Scene, row: Row) -> str:
    """Who holds a server: by its name, else by its network."""
    name = scene.peers.get((row["device"], row["peer"]))
    domain = registrable_domain(name) if name else None
    return domain or (f"AS{row['asn']}" if row["asn"] else row["peer"].rpartition(".")[0])
