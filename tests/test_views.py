"""`show` and `open`: an analysis that is there, in tables and in Wireshark."""

import csv
import io
import json
import shlex
import shutil
import subprocess
from collections import Counter

import pytest
from click.testing import CliRunner, Result

import idletalk
from idletalk.errors import IdletalkError
from idletalk.view_commands import PARTS, open_command, show_command
from idletalk.views import SHOWN, VIEWS, view


def run(*arguments: str) -> Result:
    return CliRunner().invoke(show_command, list(arguments), catch_exceptions=False)


def test_each_part_has_a_view_and_columns_that_are_there(demo: idletalk.Analysis) -> None:
    assert tuple(VIEWS) == PARTS == tuple(SHOWN)
    for part in PARTS:
        rows = view(demo, part)
        assert rows, part
        assert set(SHOWN[part]) <= set(rows[0]), part


def test_a_device_is_named_by_any_of_its_names(demo: idletalk.Analysis) -> None:
    device = next(d for d in demo.report.devices if d.under_test and d.addresses)
    for name in (device.id, device.name, device.addresses[0].address, device.macs[0].upper()):
        assert [row["device"] for row in view(demo, "devices", name)] == [device.id]
    assert {row["device"] for row in view(demo, "findings", device.id)} == {device.id}
    assert {row["device"] for row in view(demo, "peers", device.id)} == {device.name}


def test_flows_of_a_device_are_those_with_its_macs(demo: idletalk.Analysis) -> None:
    device = next(d for d in demo.report.devices if d.under_test)
    ends = {
        row["flow"]: {row["a"], row["b"]}
        for row in demo.sql("SELECT flow, originator_mac AS a, responder_mac AS b FROM flows")
    }
    wanted = {flow for flow, macs in ends.items() if macs & set(device.macs)}
    assert {row["flow"] for row in view(demo, "flows", device.id)} == wanted
    assert len(view(demo, "flows")) == len(ends)


def test_json_and_csv_hold_the_same_rows(demo: idletalk.Analysis) -> None:
    told = json.loads(run(str(demo.folder), "devices", "--json").output)
    table = list(csv.DictReader(io.StringIO(run(str(demo.folder), "devices", "--csv").output)))
    assert [row["device"] for row in told] == [row["device"] for row in table] == [d.id for d in demo.report.devices]
    assert [str(row["tx_bytes"]) for row in told] == [row["tx_bytes"] for row in table]


def test_without_a_part_the_summary_is_shown(demo: idletalk.Analysis) -> None:
    assert demo.report.devices[0].name in run(str(demo.folder)).output


def test_an_unknown_device_is_an_error_that_names_the_known(demo: idletalk.Analysis) -> None:
    with pytest.raises(IdletalkError, match=demo.report.devices[0].name):
        view(demo, "devices", "nobody")


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_the_command_for_the_kept_frames_shows_as_many_as_were_kept(demo: idletalk.Analysis) -> None:
    finding = next(one for one in demo.report.findings if one.evidence.file)
    shown = CliRunner().invoke(open_command, [finding.id, str(demo.folder)], catch_exceptions=False).output
    kept, *captures = [shlex.split(line) for line in shown.splitlines() if not line.startswith("#")]
    frames = subprocess.run(["tshark", *kept[1:]], capture_output=True, check=True, text=True).stdout.splitlines()
    assert len(frames) == len(finding.evidence.kept)
    assert [command[-1] for command in captures] == [finding.evidence.filter] * len(finding.evidence.captures)


def test_a_beginning_that_several_findings_share_is_an_error(demo: idletalk.Analysis) -> None:
    kinds = Counter(one.kind for one in demo.report.findings)
    [(kind, times)] = kinds.most_common(1)
    assert times > 1
    with pytest.raises(IdletalkError, match="several findings"):
        CliRunner().invoke(open_command, [f"{kind}-", str(demo.folder)], catch_exceptions=False)


def test_folder_and_part_stand_in_any_order(demo: idletalk.Analysis) -> None:
    shown = run(str(demo.folder), "devices").output
    assert shown == run("devices", str(demo.folder)).output
    assert ", ".join(PARTS) in " ".join(run("--help").output.split())
    with pytest.raises(IdletalkError, match="no part 'device' to show: name one of devices, peers"):
        run(str(demo.folder), "device")
