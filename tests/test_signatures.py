"""A signature stands where lengths agree and nothing speaks for another peer; a match says on what it rests."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import idletalk
from idletalk import IdletalkError
from idletalk.actions import portable
from idletalk.actions.burst import NS_PER_S, Burst
from idletalk.actions.carrier import Basis, domains
from idletalk.actions.match import match
from idletalk.actions.signature import Signature, learn
from idletalk.signatures import learnt, read, signatures_command


def a_push(
    at_s: float, *, domain: str | None, network: int | None, kind: str = "cloud", answer_us: int = 35_000
) -> Burst:
    """A push of a cloud and the plug's answer."""
    return Burst(
        capture=0,
        frame=int(at_s),
        first_ns=int(at_s * NS_PER_S),
        last_ns=int(at_s * NS_PER_S) + answer_us * 1000,
        peer="192.0.2.1",
        host=domain or "192.0.2.1",
        peer_kind=kind,
        service="tls/443",
        starts=False,
        opens=True,
        lengths=(-202, 121),
        gaps_us=(0, answer_us),
        packets=2,
        tx_bytes=121,
        rx_bytes=202,
        flow="f",
        flow_first_ns=0,
        began=False,
        names=(f"push.{domain}",) if domain else (),
        network=network,
    )


@pytest.fixture(scope="module")
def switched() -> Signature:
    """Learnt from pushes of plug.example in network 64500."""
    signature, *_ = learn("on", "cloud", [[a_push(at, domain="plug.example", network=64500)] for at in (100, 200, 300)])
    return signature


@pytest.mark.parametrize(
    ("domain", "network", "kind", "basis"),
    [
        ("plug.example", 64500, "cloud", Basis.NAME),
        ("plug.example", 64501, "cloud", Basis.NAME),
        ("other.example", 64500, "cloud", None),
        (None, 64500, "cloud", Basis.NETWORK),
        (None, 64501, "cloud", None),
        (None, None, "cloud", Basis.NOTHING),
        (None, None, "unknown", Basis.NOTHING),
        (None, None, "neighbour", None),
    ],
)
def test_equal_lengths_match_where_the_peer_can_be_the_same(
    switched: Signature, domain: str | None, network: int | None, kind: str, basis: Basis | None
) -> None:
    found = match(switched, [a_push(1000, domain=domain, network=network, kind=kind)])
    assert [one.basis for one in found] == ([] if basis is None else [basis])


def test_without_a_name_packets_must_follow_each_other_as_in_training(switched: Signature) -> None:
    for answer_us, stands in ((35_000, True), (400_000, True), (900_000, False), (1_000, False)):
        named = a_push(1000, domain="plug.example", network=None, answer_us=answer_us)
        nameless = named._replace(names=())
        assert [bool(match(switched, [one])) for one in (named, nameless)] == [True, stands], answer_us


def test_other_hosts_of_a_domain_are_the_same_service() -> None:
    assert domains(("eu.push.plug.co.uk", "us.push.plug.co.uk", "192.0.2.1")) == {"plug.co.uk"}


def test_a_signature_file_holds_all_that_a_match_asks_for(switched: Signature) -> None:
    assert portable.from_json(portable.to_json([switched]).encode(), "f") == (switched,)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('{"format":1,"signatures":[]}', "format 1"),
        ('{"format":2,"signatures":[{"action":"on"}]}', "missing required field"),
        ("[" * 100_000, "no signature file"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, wrong: str, told: str) -> None:
    (tmp_path / "f.json").write_text(wrong)
    with pytest.raises(IdletalkError, match=told):
        read(tmp_path / "f.json")


def test_a_sequence_without_packets_or_times_is_refused(switched: Signature) -> None:
    (exchange,) = switched.sequences
    for one in (replace(exchange, packets=()), replace(exchange, gaps_us=())):
        text = portable.to_json([replace(switched, sequences=(one,))])
        with pytest.raises(IdletalkError, match="no packets, or not a time"):
            portable.from_json(text.encode(), "f")


def test_what_has_no_signature_is_told_with_the_reason(demo: idletalk.Analysis, tmp_path: Path) -> None:
    done = CliRunner().invoke(signatures_command, ["learn", str(demo.folder), "-w", str(tmp_path / "s.json")])
    assert done.exit_code == 0
    assert "from a single repetition no signature can be learnt" in done.output


def test_the_demos_matches_rest_on_names(demo: idletalk.Analysis, tmp_path: Path) -> None:
    found = [one for one in learnt(demo.folder, "lamp") if one.action == "on"]
    (tmp_path / "lamp.json").write_text(portable.to_json(found))
    done = CliRunner().invoke(signatures_command, ["match", str(tmp_path / "lamp.json"), str(demo.folder)])
    assert done.exit_code == 0
    shown = CliRunner().invoke(signatures_command, ["show", str(tmp_path / "lamp.json")])
    assert "tls/443 with lumen.example <" in shown.output
    assert {line.split(", ")[1] for line in done.output.splitlines()} == {"by lengths and the peer's name"}
