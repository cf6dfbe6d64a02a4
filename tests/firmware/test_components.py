"""The component list of an image: what names itself with a version, and the same bytes each time."""

import json
from pathlib import Path

from click.testing import CliRunner

from idletalk.cli import main_group
from tests.firmware.made import esp8266


def written(tmp_path: Path) -> bytes:
    image = tmp_path / "image.bin"
    image.write_bytes(esp8266(b"\0".join((b"Linux version 3.10.14 (gcc)", b"OpenSSL 1.0.2k  26 Jan 2017", b"x" * 64))))
    target = tmp_path / "image.cdx.json"
    run = CliRunner().invoke(
        main_group, ["firmware", str(image), "--json", "--sbom", str(target)], catch_exceptions=False
    )
    assert run.exit_code == 0
    return target.read_bytes()


def test_software_that_names_itself_is_listed_with_its_place(tmp_path: Path) -> None:
    listed = json.loads(written(tmp_path))
    assert (listed["bomFormat"], listed["specVersion"], listed["metadata"]["component"]["type"]) == (
        "CycloneDX",
        "1.6",
        "firmware",
    )
    found = {
        (each["type"], each["name"], each["version"]): each["evidence"]["occurrences"] for each in listed["components"]
    }
    assert ("operating-system", "Linux", "3.10.14") in found
    assert ("library", "OpenSSL", "1.0.2k") in found
    assert all(place["location"] == "image" for places in found.values() for place in places)
    assert listed["compositions"][0]["aggregate"] == "incomplete"


def test_the_same_image_gives_the_same_list(tmp_path: Path) -> None:
    assert written(tmp_path) == written(tmp_path)
