"""Facts and judgements put together as a report."""

from collections.abc import Collection, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from idletalk.asking import Asking
from idletalk.behaviours import cadence, captures, connections, encryption, facts, inventory, peers, traffic, visibility
from idletalk.behaviours.finding import Scene
from idletalk.conclusions.fleet import fleet
from idletalk.conclusions.idle import idle_rows
from idletalk.conclusions.operating import operating_rows, unnamed_actions
from idletalk.conclusions.updates import update_rows
from idletalk.errors import IdletalkError
from idletalk.evidence import write_evidence
from idletalk.filters import BARE, mac_prefix
from idletalk.findings import judged
from idletalk.image_pages import image_pages
from idletalk.images import begin_images
from idletalk.labfile import Lab, time_ns
from idletalk.lookups import open_lookups
from idletalk.masking import Masks, Secrets
from idletalk.model import Blindness, Captures, Conclusions, Device, LookupSource, Provenance, Report
from idletalk.protocols.reading import know_messages
from idletalk.repeats import hear_once
from idletalk.room import ASKING_LIMIT, KEEPING_LIMIT
from idletalk.store import Store
from idletalk.update_steps import keep_steps

if TYPE_CHECKING:
    from idletalk.provenance import Options

DAY_NS = 86_400_000_000_000
SLOT_NS = 900_000_000_000


@contextmanager
def assembled(
    folder: Path, files: Sequence[Path], lab: Lab, options: "Options", given: Mapping[str, Any]
) -> Generator[Report]:
    """Judge the facts in ``folder`` and write the judged tables beside them; gives the report.

    Secrets in the tables are masked while the report is in use: the folder is whole when that ends.
    """
    from idletalk.provenance import file_hashes, give_way, now_of, program_version

    store = Store(folder)
    # hashing needs no interpreter, and takes what is left of the processors; images wait for the process that unpacks them
    apart, examining = ThreadPoolExecutor(1, initializer=give_way), ThreadPoolExecutor(1)
    try:
        early = apart.submit(file_hashes, files, options.hash)
        unreadable = store.ask("SELECT error FROM captures WHERE error IS NOT NULL ORDER BY capture")
        if len(unreadable) == len(files):
            raise IdletalkError("; ".join(row["error"] for row in unreadable[:5]))
        lookups = open_lookups(Path(options.lookups) if options.lookups else None)
        lookups.register(store.connection)
        asking = prepare(store, lab)
        store.shrink(ASKING_LIMIT)
        finish_images = begin_images(store, folder, examining)
        what = captures.captures(store.ask)
        observed_s = what.coverage.observed_s if what.coverage else 0.0
        everything = inventory.devices(
            store.ask, peers.peers(store.ask), facts.facts(store.ask, inventory.SHOWN), observed_s
        )
        devices = _chosen(everything, options.device)
        end = store.ask("SELECT max(last_ns) AS last_ns FROM flow_segments")[0]["last_ns"]
        unseen = visibility.blindness(store.ask, what)
        lan_visible = "station_to_station" not in {blindness.kind for blindness in unseen}
        ids = {device.id for device in devices}
        scene = replace(_scene(store, what, unseen, ids, lab), shows_secrets=options.show_secrets)
        answers = asking.answers(store, scene, waits=False)
        images = finish_images()
        keep_steps(store)
        answers += asking.answers(store, scene, waits=True)
        verdicts = judged(answers, scene, lab)
        # of thousands of claims a few are told
        answers.clear()
        paths = {file.capture: file.path for file in what.files}
        cited = {Path(paths[n]) for finding in verdicts.findings for n in finding.evidence.captures}
        hashing = apart.submit(lambda: early.result() or file_hashes(files, options.hash, cited))
        regular = cadence.cadences(store.ask)
        held, shorter = connections.connections(store.ask)
        carried = encryption.payload_bytes(store.ask)
        devices = tuple(
            replace(
                device,
                cadences=tuple(regular.get(device.id, ())),
                connections=tuple(held.get(device.id, ())),
                connections_omitted=shorter.get(device.id, 0),
                payload=carried.get(device.id),
            )
            for device in devices
        )
        shown = {file.path: _shown(file.path) for file in what.files}
        citing = examining.submit(write_evidence, store.sources(), folder, verdicts.claims, shown, program_version())
        store.shrink(KEEPING_LIMIT)
        asking.keep(store)
        secrets = () if options.show_secrets else _secrets(store)
        rows = idle_rows(devices, verdicts.findings, _missing(lab, everything, options), lan_visible)
        conclusions = Conclusions(
            fleet=fleet(rows),
            idle=rows,
            operating=operating_rows(store.ask, devices),
            unnamed=unnamed_actions(store.ask, devices),
            updates=update_rows(store.ask, devices, rows, scene.observed_s),
        )
        omitted = max(0, store.ask("SELECT count(*) AS n FROM devices")[0]["n"] - len(everything))
        hours = tuple(hour for hour in traffic.hours(store.ask) if hour.device in ids)
        pages = image_pages(store, folder, images, scene.names)
        # what is asked of the tables has been asked
        store.forget()
        hashes = hashing.result()
        report = Report(
            provenance=Provenance(
                idletalk=program_version(),
                options=dict(given),
                lookups=tuple(
                    LookupSource(
                        name=s.name,
                        tells=str(s.tells),
                        date=s.date,
                        licence=s.licence,
                        attribution=s.attribution,
                        url=s.url,
                    )
                    for s in lookups.sources
                ),
                lab_sha256=lab.sha256,
                as_of=now_of(options, lab, end),
                timezone=lab.timezone,
                warnings=_warnings(verdicts.unmet, options),
            ),
            captures=replace(
                what,
                files=tuple(replace(f, path=shown[f.path], sha256=hashes.get(f.path)) for f in what.files),
            ),
            cannot_be_seen=(*unseen, *asking.failures),
            devices=devices,
            devices_omitted=omitted,
            hours=hours,
            findings=verdicts.findings,
            checks=verdicts.checks,
            questions=tuple(behaviour.told() for behaviour in asking.asked),
            images=pages,
            conclusions=conclusions,
        )
        # drawing needs the interpreter, masking and writing evidence do not
        masks = Masks(secrets)
        masking = apart.submit(masks.over_tables, store.kept_tables())
        yield masks.over_report(report)
        masking.result()
        citing.result()
    finally:
        apart.shutdown(cancel_futures=True)
        examining.shutdown(cancel_futures=True)
        store.close()


def _secrets(store: Store) -> Secrets:
    """Kind and text of what was found in clear and must not be shown."""
    return [(row["kind"], row["secret"]) for row in store.ask("FROM secret_texts ORDER BY kind, secret")]


def _peer_names(store: Store) -> dict[tuple[str, str], str]:
    """The best name of each peer of the devices that are judged."""
    rows = store.ask(
        "SELECT p.device, p.peer, coalesce(d.name, n.name) AS name FROM peers AS p SEMI JOIN subjects USING (device)"
        " LEFT JOIN devices AS d ON d.device = p.peer_device LEFT JOIN ("
        "   SELECT device, peer, arg_min(name, (list_position(?, told_by), -times, name)) AS name FROM peer_names GROUP BY ALL"
        " ) AS n ON n.device = p.device AND n.peer = p.peer WHERE coalesce(d.name, n.name) IS NOT NULL",
        list(peers.NAME_TRUST),
    )
    return {(row["device"], row["peer"]): row["name"] for row in rows}


def _scene(store: Store, what: Captures, unseen: Sequence[Blindness], chosen: Collection[str], lab: Lab) -> Scene:
    """What every judgement may want to know; only the `chosen` devices are judged."""
    rows = store.ask("SELECT device, name, macs FROM devices ORDER BY device")
    bare = store.ask("SELECT device, list(address ORDER BY address) AS bare FROM bare_devices GROUP BY device")
    subjects = {row["device"] for row in store.ask("FROM subjects")}
    kinds = {kind for file in what.files for kind in file.link_types}
    return Scene(
        names={row["device"]: row["name"] for row in rows},
        peers=_peer_names(store),
        macs={row["device"]: row["macs"] for row in rows},
        bare={row["device"]: row["bare"] for row in bare},
        subjects=tuple(row["device"] for row in rows if row["device"] in subjects & set(chosen)),
        observed_s=what.coverage.observed_s if what.coverage else 0.0,
        unseen={blindness.kind: blindness.sentence for blindness in unseen},
        shows_secrets=False,
        secrets={name: (v,) if isinstance(v, str) else v for name, v in lab.secrets.items()},
        public_addresses=(lab.public_ip,) if isinstance(lab.public_ip, str) else lab.public_ip or (),
        mac_prefix=mac_prefix(kinds),
        one_way={row["device"]: row["is_sent"] for row in store.ask("FROM one_way")},
        is_mixed=bool(kinds & BARE) and not kinds <= BARE,
        is_repeated=what.packets > what.unique_packets,
    )


def _warnings(unmet: Sequence[str], options: "Options") -> tuple[str, ...]:
    """What the lab file says and nothing here answers to; of other devices than the one that was asked for, nothing is known."""
    if options.device is not None:
        return ()
    return tuple(
        f"The lab file has a verdict on {id_}, which is no finding of this analysis (idletalk show findings lists them)"
        for id_ in unmet
    )


def _missing(lab: Lab, devices: tuple[Device, ...], options: "Options") -> dict[str, str]:
    """Devices under test of the lab file that this capture does not show, names by id."""
    if options.device is not None:
        return {}
    seen = {mac for device in devices for mac in device.macs}
    wanted = [(device, sorted(device.macs)) for device in lab.device if device.under_test]
    return {macs[0] if macs else device.name: device.name for device, macs in wanted if not seen & set(macs)}


def prepare(store: Store, lab: Lab) -> Asking:
    """Make the judged tables over the facts of a store that knows the look-ups; gives who can be asked for claims."""
    _know_lab(store, lab)
    hear_once(store)
    know_messages(store)
    asking = Asking()
    asking.prepare(store)
    return asking


def _shown(path: str) -> str:
    """A path as the report names it: the file's name alone, so that the same captures give the same report anywhere."""
    return Path(path).name


def _chosen(devices: tuple[Device, ...], wanted: str | None) -> tuple[Device, ...]:
    """The devices that ``--device`` names: by id, MAC, name or address."""
    if wanted is None:
        return devices
    key = wanted.lower()
    found = tuple(d for d in devices if key in (d.id, d.name.lower(), *d.macs, *(a.address for a in d.addresses)))
    if not found:
        known = ", ".join(sorted(f"{d.name} ({d.id})" for d in devices)[:20])
        raise IdletalkError(f"no device {wanted!r} in this capture; there are: {known}")
    return found


def _know_lab(store: Store, lab: Lab) -> None:
    """What the lab file and its time zone say, as small tables."""
    from idletalk.lookups import address_key

    rows: list[tuple[Any, ...]] = []
    for device in lab.device:
        macs = sorted(device.macs)
        rows.extend((mac, macs[0], device.name, device.role, device.under_test) for mac in macs)
    store.fill("lab_macs", "mac VARCHAR, device VARCHAR, name VARCHAR, role VARCHAR, under_test BOOLEAN", rows)
    noted = [(event.device, event.action, time_ns(event.time, lab.zone), event.within_s) for event in lab.event]
    store.fill("lab_events", "device VARCHAR, action VARCHAR, time_ns BIGINT, within_s DOUBLE", noted)
    from ipaddress import ip_network

    networks = [ip_network(text, strict=False) for text in lab.local_networks]
    keys = [(address_key(str(network[0])), address_key(str(network[-1]))) for network in networks]
    store.fill("lab_networks", "low_key UBIGINT, high_key UBIGINT", keys)
    bounds = store.ask("SELECT min(slot_ns) AS low, max(slot_ns) AS high FROM flow_segments")[0]
    offsets = _offsets(lab.zone, bounds["low"] or 0, (bounds["high"] or 0) + SLOT_NS)
    store.fill("zone_offsets", "from_ns BIGINT, to_ns BIGINT, offset_ns BIGINT", offsets)


def _offsets(zone: ZoneInfo, low_ns: int, high_ns: int) -> list[tuple[int, int, int]]:
    """The zone's offsets from UTC as (from, to, offset) in nanoseconds; a change is found to the slot."""

    def offset(time_ns: int) -> int:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time_ns // 1_000_000_000)
        delta = moment.astimezone(zone).utcoffset() or timedelta()
        return int(delta.total_seconds()) * 1_000_000_000

    spans = [(low_ns, high_ns, offset(low_ns))]
    day = low_ns
    while day < high_ns:
        following = min(day + DAY_NS, high_ns)
        if offset(following) != spans[-1][2]:
            change = next(slot for slot in range(day, following + 1, SLOT_NS) if offset(slot) != spans[-1][2])
            spans[-1] = (spans[-1][0], change, spans[-1][2])
            spans.append((change, high_ns, offset(change)))
        day = following
    return spans
