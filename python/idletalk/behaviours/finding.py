"""What a behaviour claims, before its evidence is cut out of the captures."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from idletalk import filters
from idletalk.behaviours.rows import Ask, Row
from idletalk.model import Severity

MAX_KEPT = 200
"""Frames of a finding that its evidence file holds (SPEC: at most 200 are kept, all are counted)."""

FRAME = "frame_place(capture, frame)"
"""SQL: a frame as one number (flows.sql), which :func:`kept` takes apart."""

KEPT = f"min({FRAME}, {MAX_KEPT})"
"""SQL aggregate for the frames that are kept: the first ones, of rows that name a frame each."""

KEPT_ONCE = f"min(DISTINCT {FRAME}, {MAX_KEPT})"
"""The same of rows of which several can name one frame."""

FRAMES = f"count(DISTINCT {FRAME})"
"""SQL aggregate for the number of frames behind rows that name a frame each."""

Number = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of finding: how grave it is, and what it means."""

    name: str
    severity: Severity
    meaning: str
    would_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A judgement about a device. `kept` are the first of the `frames` frames that support it."""

    kind: str
    device: str
    sentence: str
    frames: int
    kept: Sequence[tuple[int, int]]
    filter: str
    filter_note: str | None = None
    peer: str | None = None
    subject: str | None = None
    numbers: Mapping[str, Number]

    @property
    def id(self) -> str:
        """The same for the same kind, device, peer and subject, whatever else the capture holds."""
        told = "\0".join(part or "" for part in (self.kind, self.device, self.peer, self.subject))
        return f"{self.kind}-{hashlib.sha256(told.encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every judgement may want to know of the capture as a whole."""

    names: Mapping[str, str]
    """name by device id"""
    peers: Mapping[tuple[str, str], str]
    """name of a peer by device and address: of the device that it is, else the most trusted that this device used"""
    macs: Mapping[str, Sequence[str]]
    """MACs by device id"""
    bare: Mapping[str, Sequence[str]]
    """addresses under which a device is seen where frames have no MAC, by device id"""
    subjects: Sequence[str]
    """devices that are judged: those under test, else all but gateways and capture boxes"""
    observed_s: float
    """time that the capture covers, seconds"""
    unseen: Mapping[str, str]
    """what this capture cannot show: kind and sentence (behaviours/visibility.py)"""
    mac_prefix: str
    """where Wireshark keeps MACs in these captures"""
    one_way: Mapping[str, bool]
    """devices of which one direction was captured only, and whether it is what they sent"""
    cut: Collection[str]
    """devices that were captured in files whose frames the snap length cuts"""
    unread: Mapping[str, Collection[str]]
    """protocols of which the snap length cut messages of a device so that they could not be read, by device id"""
    veiled: Collection[str]
    """devices whose packets are encrypted on the air, all of them"""
    is_mixed: bool
    """whether some frames have MACs and others, of the same conversations perhaps, have none"""
    is_repeated: bool
    """whether frames were captured at several points, so that the captures hold them twice"""
    low_clients: Collection[str]
    """devices with TCP connections in a known protocol whose client's port is lower than the server's"""
    shows_secrets: bool
    """whether values that identify or open something are written out (``--show-secrets``)"""
    secrets: Mapping[str, Sequence[str]]
    """values that must not leak, by what they are (lab file)"""
    public_addresses: Sequence[str]
    """addresses under which this network is seen from outside (lab file)"""

    def name(self, device: str | None) -> str:
        """A device's name; the id itself where none is known."""
        return "an unknown device" if device is None else self.names.get(device, device)

    def peer(self, device: str, address: str) -> str:
        """A peer as a sentence tells it: name and address."""
        name = self.peers.get((device, address))
        return f"{name} ({address})" if name and name != address else address

    def sent_by(self, device: str) -> str:
        """Filter for the frames that a device sent."""
        return self._where(device, filters.sent_by(self.mac_prefix, *self._ends(device)))

    def sent_to(self, device: str) -> str:
        """Filter for the frames that were sent to a device."""
        return self._where(device, filters.sent_to(self.mac_prefix, *self._ends(device)))

    def of(self, device: str) -> str:
        """Filter for the frames that a device sent or was sent."""
        return self._where(device, filters.of_device(self.mac_prefix, *self._ends(device)))

    def _ends(self, device: str) -> tuple[Sequence[str], Sequence[str]]:
        """MACs of a device, and its addresses where frames have none."""
        return self.macs.get(device, ()), self.bare.get(device, ())

    def _where(self, device: str, condition: str) -> str:
        """A device that is told by its address is one only where frames have no MAC."""
        is_bare = self.is_mixed and not self.macs.get(device)
        return filters.both(condition, filters.WITHOUT_MAC) if is_bare else condition

    def remarks(self, device: str, display_filter: str) -> Iterator[str]:
        """What a filter for frames of a device selects or leaves out beside what is counted."""
        if self.is_repeated:
            yield "of frames captured at several points, and counted once, every copy"
        if self.is_mixed and self.macs.get(device) and not self.bare.get(device):
            yield "no frame without MACs, though the count can hold such frames of the same conversations"
        if device in self.low_clients and filters.reads_content(display_filter):
            yield filters.FEWER


Judge = Callable[[Ask, Scene], Iterable[Claim]]
Hidden = Callable[[Scene, str], str | None]
"""Why a device's question cannot be answered by this capture, in a sentence; none where it can."""


def kept(row: Row, column: str = "kept") -> tuple[tuple[int, int], ...]:
    """The frames of a row that :data:`KEPT` made."""
    return tuple((place >> 40, place & 0xFF_FFFF_FFFF) for place in row[column])


def some(names: Sequence[str], limit: int) -> str:
    """The first of many names, and a sign that there are more."""
    return ", ".join(names[:limit]) + (" …" if len(names) > limit else "")


def spelled(protocol: str) -> str:
    """A protocol or transport as people write it."""
    return _SPELLED.get(protocol, protocol.upper())


_SPELLED = {"coap": "CoAP", "mdns": "mDNS", "nbns": "NetBIOS", "wsd": "WS-Discovery"}


def nothing(_ask: Ask, _scene: Scene) -> Iterable[Claim]:
    """The judge of a behaviour that has tables only."""
    return ()


def one_way(scene: Scene, device: str) -> str | None:
    """Of a question about answers, which a capture of one direction cannot answer."""
    if device not in scene.one_way:
        return None
    way = "it sent" if scene.one_way[device] else "it was sent"
    return f"Could not be seen: only what {way} was captured, so questions and answers cannot be held together."


def between_stations(scene: Scene, _device: str) -> str | None:
    """Of a question about what devices do to one another: what passes between two stations may never reach the capture point."""
    if "station_to_station" in scene.unseen:
        return "Undecidable: " + scene.unseen["station_to_station"]
    return None


def veiled(scene: Scene, device: str) -> str | None:
    """Of any question about a device of which nothing but its MAC and lengths can be read."""
    return "Could not be seen: its packets are encrypted on the air." if device in scene.veiled else None


def cut(scene: Scene, device: str) -> str | None:
    """Of a question about contents, which are not there behind the snap length."""
    return f"Could not be seen: {scene.unseen['snaplen']}" if device in scene.cut else None


def unread(*protocols: str) -> Hidden:
    """Of a question about messages of some protocols, which the snap length cut before what tells the answer."""

    def hidden(scene: Scene, device: str) -> str | None:
        lost = [spelled(one) for one in protocols if one in scene.unread.get(device, ())]
        return f"Could not be seen: messages of it ({', '.join(lost)}) were cut by the snap length." if lost else None

    return hidden


def any_of(*reasons: Hidden) -> Hidden:
    """Of a question that any of several things hides: the first of them that does."""
    return lambda scene, device: next((told for one in reasons if (told := one(scene, device))), None)


def never(_scene: Scene, _device: str) -> str | None:
    """Of a question that any capture can answer."""
    return None
