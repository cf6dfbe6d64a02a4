"""Images that the formats' own programs made: whole, with one bit changed, and cut, they get three different verdicts."""

from pathlib import Path

import pytest

from idletalk.firmware import Options, examine
from idletalk.firmware.model import Examination
from tests.firmware import foreign, made


def examined(folder: Path, image: foreign.Image, data: bytes) -> Examination:
    path = folder / "image.bin"
    path.write_bytes(data)
    return examine(path, Options(keys=(image.key,) if image.key else ()))


@pytest.mark.parametrize("name", foreign.MAKERS)
def test_a_whole_a_changed_and_a_cut_image_get_three_verdicts(name: str, tmp_path: Path) -> None:
    try:
        image = foreign.MAKERS[name](tmp_path)
    except foreign.Missing as missing:
        pytest.skip(f"{missing} is not installed")
    variants = (image.data, made.with_flipped(image.data, image.covered), image.data[: len(image.data) * 6 // 10])
    whole, changed, cut = (examined(tmp_path, image, data) for data in variants)
    assert whole.format == image.format
    assert whole.judgement.integrity in ("intact", "nothing to check")
    verdicts = [(each.judgement.authentication, each.judgement.integrity) for each in (whole, changed, cut)]
    assert len(set(verdicts)) == 3, verdicts
    if image.is_signed:
        assert changed.judgement.authentication == "signature present, invalid"
        assert whole.judgement.authentication == "signature verified"
    else:
        assert changed.judgement.integrity == "damaged"
