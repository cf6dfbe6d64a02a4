"""Facts and judgements put together as a report."""

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from idletalk.asking import Asking
from idletalk.behaviours import cadence, captures, connections, encryption, facts, inventory, peers, traffic, visibility
from idletalk.bystanders import tested, veil
from idletalk.conclusions.fleet import fleet
from idletalk.conclusions.idle import idle_rows
from idletalk.conclusions.operating import operating_rows, unnamed_actions
from idletalk.conclusions.updates import update_rows
from idletalk.errors import IdletalkError
from idletalk.evidence import write_evidence
from idletalk.exposure.search import key_kinds
from idletalk.findings import judged
from idletalk.image_pages import Kept, image_pages
from idletalk.images import begin_images
from idletalk.labfile import Lab, time_ns
from idletalk.lookups import open_lookups
from idletalk.masking import Masks, Secrets, own_texts
from idletalk.model import Conclusions, Device, LookupSource, Provenance, Report
from idletalk.protocols.reading import know_messages
from idletalk.repeats import hear_once
from idletalk.room import ASKING_LIMIT, KEEPING_LIMIT
from idletalk.scene import chosen_ids, scene_of
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
        end = store.ask("SELECT max(last_ns) AS last_ns FROM flow_segments")[0]["last_ns"]
        unseen = visibility.blindness(store.ask, what)
        lan_visible = "station_to_station" not in {blindness.kind for blindness in unseen}
        ids = chosen_ids(store, options.device)
        scene = replace(scene_of(store, what, unseen, ids, lab), shows_secrets=options.show_secrets)
        everything: list[Device] = []
        images: list[Kept] = []

        def tell_devices(beside: Store) -> None:
            ask = beside.ask
            told = facts.facts(ask, inventory.SHOWN)
            everything.extend(inventory.devices(ask, peers.peers(ask), told, scene.observed_s))

        def tell_steps(beside: Store) -> None:
            images.extend(finish_images(beside))
            keep_steps(beside)

        answers = asking.answers(store, scene, waits=False, soon=[tell_devices], late=[tell_steps])
        answers += asking.answers(store, scene, waits=True)
        verdicts = judged(answers, scene, lab)
        # of thousands of claims a few are told
        answers.clear()
        paths = {file.capture: file.path for file in what.files}
        cited = {Path(paths[n]) for finding in verdicts.findings for n in finding.evidence.captures}
        hashing = apart.submit(lambda: early.result() or file_hashes(files, options.hash, cited))
        store.shrink(KEEPING_LIMIT)
        # one that fails is asked no more: who keeps the others may not be at it
        asking.keep_brought(store)
        # of many facts the memory is wanted for what follows, and then for the report
        keeping = apart.submit(asking.keep, store) if store.is_small else None
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
            for device in everything
            if device.id in ids
        )
        shown = {file.path: _shown(file.path) for file in what.files}
        citing = examining.submit(write_evidence, store.sources(), folder, verdicts.claims, shown, program_version())
        secrets = () if options.show_secrets else _secrets(store)
        own = None if options.show_secrets else tested(store)
        rows = idle_rows(devices, verdicts.findings, _missing(lab, everything, options), lan_visible, scene.veiled)
        conclusions = Conclusions(
            fleet=fleet(rows),
            idle=rows,
            operating=operating_rows(store.ask, devices),
            unnamed=unnamed_actions(store.ask, devices),
            updates=update_rows(store.ask, devices, rows, scene),
        )
        omitted = max(0, store.ask("SELECT count(*) AS n FROM devices")[0]["n"] - len(everything))
        hours = tuple(hour for hour in traffic.hours(store.ask) if hour.device in ids)
        pages = image_pages(store, folder, images, scene.names)
        hashes = hashing.result()

        if keeping is None:
            asking.keep(store)
            store.forget()
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
        masks = Masks(secrets, own_texts(report))

        def finish() -> None:
            if keeping is not None:
                keeping.result()
            if own is not None:
                veil(store, own)
            masks.over_tables(store.kept_tables())

        # drawing needs the interpreter, writing and masking tables and evidence do not
        finishing = apart.submit(finish)
        yield masks.over_report(report)
        finishing.result()
        citing.result()
    finally:
        apart.shutdown(cancel_futures=True)
        examining.shutdown(cancel_futures=True)
        store.close()


def _secrets(store: Store) -> Secrets:
    """What was found in clear and must not be shown: kind, text, and the name that a message gives it."""
    rows = store.ask("FROM secret_texts ORDER BY kind, secret, key")
    return [(row["kind"], row["secret"], row["key"]) for row in rows]


def _warnings(unmet: Sequence[str], options: "Options") -> tuple[str, ...]:
    """What the lab file says and nothing here answers to; of other devices than the one that was asked for, nothing is known."""
    if options.device is not None:
        return ()
    return tuple(
        f"The lab file has a verdict on {id_}, which is no finding of this analysis (idletalk show findings lists them)"
        for id_ in unmet
    )


def _missing(lab: Lab, devices: Sequence[Device], options: "Options") -> dict[str, str]:
    """Devices under test of the lab file that this capture does not show, names by id."""
    if options.device is not None:
        return {}
    seen = {mac for device in devices for mac in device.macs}
    wanted = [(device, sorted(device.macs)) for device in lab.device if device.under_test]
    return {macs[0] if macs else device.name: device.name for device, macs in wanted if not seen & set(macs)}


def prepare(store: Store, lab: Lab) -> Asking:
    """Make the judged tables over the facts of a store that knows the look-ups; gives who can be asked for claims."""
    _know_lab(store, lab)
    store.fill("named_values", "name VARCHAR", [(name,) for name in sorted(key_kinds())])
    hear_once(store)
    know_messages(store)
    asking = Asking()
    asking.prepare(store)
    return asking


def _shown(path: str) -> str:
    """A path as the report names it: the file's name alone, so that the same captures give the same report anywhere."""
    return Path(path).name


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
