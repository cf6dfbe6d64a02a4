"""The command that tells where the time of an analysis goes."""

from pathlib import Path

from tests import made, where_time_goes
from tests.behaviours.test_peers_and_devices import HOME


def test_every_part_of_an_analysis_is_timed_and_none_takes_longer_than_all(tmp_path: Path) -> None:
    spent = where_time_goes.parts([str(made.pcap(tmp_path / "home.pcap", HOME))])
    assert spent.keys() == {part for _, part in where_time_goes.PARTS} | {"all"}
    assert 0 < sum(clock for part, (clock, _) in spent.items() if part != "all") <= spent["all"][0]
