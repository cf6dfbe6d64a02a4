"""How the public address and port under which servers see a device change over time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from idletalk.behaviours.behaviour import Ask, iso
from idletalk.behaviours.finding import Number
from idletalk.plural import counted

MAX_TIMED, MAX_TIMED_IN_SENTENCE = 20, 3
"""Values that are named with their times."""

_TOLD = """
WITH ports AS (
    SELECT capture, frame, min(destination_port) AS own_port FROM payloads GROUP BY capture, frame
), told AS (
    SELECT DISTINCT device, peer, carrier, text, own_port, unnest([time_ns, last_ns]) AS at_ns FROM (
        SELECT *, bool_or(contains(text, ':')) OVER (PARTITION BY device, peer, carrier) AS has_ports FROM hits WHERE kind = 'public_address' AND NOT sent
    ) LEFT JOIN ports USING (capture, frame)
    -- who tells the port now and then, tells no other one when it does not
    WHERE contains(text, ':') OR NOT has_ports
), turns AS (
    SELECT *, lag(texts) OVER same AS before, lag(own_ports) OVER same AS own_before
    FROM (SELECT device, peer, carrier, at_ns, list_sort(list_distinct(list(text))) AS texts,
        list_sort(list_distinct(list(own_port) FILTER (own_port IS NOT NULL))) AS own_ports FROM told GROUP BY device, peer, carrier, at_ns)
    WINDOW same AS (PARTITION BY device, peer, carrier ORDER BY at_ns)
), changed AS (
    SELECT device, peer, carrier, count(*) FILTER (before <> texts) AS changes,
        count(*) FILTER (before <> texts AND own_before <> own_ports) AS own_changes FROM turns GROUP BY ALL
)
SELECT device, peer, carrier, text, min(at_ns) AS first_ns, max(at_ns) AS last_ns, changes, own_changes
FROM told JOIN changed USING (device, peer, carrier) GROUP BY ALL ORDER BY device, peer, carrier, first_ns, text
"""
"""Of messages with the same content the first and the last one have a time: so often, at least, what is told changes."""


Way = tuple[str, str, str]
"""(device, peer, carrier)"""


@dataclass(frozen=True, slots=True)
class Times:
    """The addresses that a peer told a device by a carrier, the first told first, with the times of the first and the last message."""

    told: tuple[tuple[str, int, int], ...]
    changes: int
    own_changes: int
    """those with which the device's own port changed too: another socket, so that the router need not have changed anything"""

    def sentence(self) -> str:
        """What changed; nothing where nothing did."""
        if not self.changes:
            return ""
        if self.own_changes == self.changes and self.numbers()["addresses"] == 1:
            return " Another port is told for another port of the device's own, so that nothing need have changed."
        times = f"{counted(self.changes, 'time')}{self._with_own()}"
        return f" What is told changed at least {times}: {self._timed(MAX_TIMED_IN_SENTENCE)}."

    def numbers(self) -> Mapping[str, Number]:
        """How many addresses, how many ports of them, how often they changed, and the times of each."""
        ends = [text.partition(":")[::2] for text, *_ in self.told]
        addresses, ports = ({one[place] for one in ends if one[place]} for place in (0, 1))
        return {
            "addresses": len(addresses),
            "ports": len(ports),
            "changes": self.changes,
            "changes_with_own_port": self.own_changes,
            "times": self._timed(MAX_TIMED),
        }

    def _with_own(self) -> str:
        if not self.own_changes:
            return ""
        those = f" {self.own_changes} of them" if self.own_changes < self.changes else " each time"
        return f",{those} with another port of the device's own"

    def _timed(self, most: int) -> str:
        named = [f"{text} {_when(first, last)}" for text, first, last in self.told[:most]]
        rest = len(self.told) - most
        return ", ".join(named) + (f" and {counted(rest, 'other')}" if rest > 0 else "")


def _when(first_ns: int, last_ns: int) -> str:
    first, last = (f"{iso(time_ns)[:19]}Z" for time_ns in (first_ns, last_ns))
    return f"at {first}" if first == last else f"from {first} to {last}"


def times_told(ask: Ask) -> Mapping[Way, Times]:
    """The addresses that each peer told, and when."""
    rows = ask(_TOLD)
    told: defaultdict[Way, list[tuple[str, int, int]]] = defaultdict(list)
    changes: dict[Way, tuple[int, int]] = {}
    for row in rows:
        way = row["device"], row["peer"], row["carrier"]
        told[way].append((row["text"], row["first_ns"], row["last_ns"]))
        changes[way] = row["changes"], row["own_changes"]
    return {way: Times(tuple(values), *changes[way]) for way, values in told.items()}
