"""No secret that the lab planted stands unmasked in anything that an analysis shows."""

import json
from pathlib import Path

import pytest

import idletalk
from tests.truths import CARRIERS, exposures_claimed, exposures_expected

ROOT = Path(__file__).parents[1]
TRUTH = json.loads((ROOT / "demo" / "truth.json").read_text())
PLANTED = sorted(
    {
        told["value"]
        for device in TRUTH["devices"]
        for told in device["told"]
        if told["kind"] in ("serial", "email", "ssid", "latitude", "longitude", "token")
    }
)


def read_all(analysis: idletalk.Analysis) -> dict[str, bytes]:
    """Report, page, and the tables' texts, by name."""
    shown = {name: (analysis.folder / name).read_bytes() for name in ("report.json", "report.html")}
    for table in sorted((analysis.folder / "tables").glob("*.parquet")):
        shown[table.name] = repr(analysis.sql(f"FROM '{table}'")).encode()
    return shown


def test_no_planted_secret_is_shown(demo: idletalk.Analysis) -> None:
    assert PLANTED
    for name, content in read_all(demo).items():
        for secret in PLANTED:
            assert secret.encode() not in content, (name, secret)


def test_secrets_are_shown_on_request(tmp_path: Path) -> None:
    options = idletalk.Options(lab=ROOT / "demo" / "lab.toml", lookups=ROOT / "lab", show_secrets=True)
    [first, *_] = sorted((ROOT / "demo").glob("*.pcap.gz"))
    analysis = idletalk.analyze([first], tmp_path / "open", options)
    tables = b"".join(read_all(analysis).values())
    serials = {
        told["value"]
        for d in TRUTH["devices"]
        for told in d["told"]
        if told["carrier"] == "mqtt" and told["kind"] == "serial"
    }
    assert any(serial.encode() in tables for serial in serials)


def test_raw_content_can_be_read_by_its_owner_only(demo: idletalk.Analysis) -> None:
    assert (demo.folder / "messages").stat().st_mode & 0o777 == 0o700
    assert (demo.folder / "messages" / "payloads.parquet").is_file()


@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_the_devices_told_in_clear_is_found(demo: idletalk.Analysis, carrier: str) -> None:
    wanted = exposures_expected(TRUTH, carrier).keys()
    found = exposures_claimed(demo.report, carrier).keys()
    print(f"{carrier}: {len(wanted & found)} found, {sorted(wanted - found)} missed, {sorted(found - wanted)} invented")
    assert not wanted - found
    assert not found - wanted
