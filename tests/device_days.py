"""How long how many devices were observed: what false findings are counted against.

    python -m tests.device_days FOLDER ...          captures in the same folder are one set
    python -m tests.device_days --apart FOLDER ...  each capture is one

For each FOLDER: sets, device days (devices that are judged, times the days that their set covers) and findings.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import idletalk
from idletalk.errors import IdletalkError
from idletalk.plural import counted

CAPTURES = (".pcap", ".pcapng", ".cap")
DAY_S = 86_400


def sets(folder: Path, *, apart: bool) -> Iterator[list[Path]]:
    """The captures that are analysed together."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in CAPTURES)
    for place in sorted({file.parent for file in files}):
        together = [file for file in files if file.parent == place]
        yield from ([file] for file in together) if apart else iter([together])


def device_days(files: Sequence[Path], out: Path) -> tuple[float, int]:
    """Device days and findings of one set."""
    report = idletalk.analyze(files, out, idletalk.Options(hash="none"), force=True).report
    observed_s = report.captures.coverage.observed_s if report.captures.coverage else 0.0
    return len({check.device for check in report.checks}) * observed_s / DAY_S, len(report.findings)


def main(arguments: Sequence[str]) -> int:
    apart = "--apart" in arguments
    for name in (one for one in arguments if one != "--apart"):
        count, days, findings = 0, 0.0, 0
        for files in sets(Path(name), apart=apart):
            with tempfile.TemporaryDirectory() as place:
                try:
                    own, found = device_days(files, Path(place) / "out")
                except IdletalkError as error:
                    print(f"{files[0]}: {error}", file=sys.stderr)
                    continue
            count, days, findings = count + 1, days + own, findings + found
        print(f"{name}: {counted(count, 'set')}, {days:.3f} device days, {counted(findings, 'finding')}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
