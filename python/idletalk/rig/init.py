"""Writing the files of a capture box, and putting them in place."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from idletalk.errors import IdletalkError
from idletalk.rig.files import RigFile, install_commands, rig_files, undo_commands
from idletalk.rig.settings import MAX_PASSPHRASE, MIN_PASSPHRASE, Settings


def read_passphrase(file: Path) -> str:
    """The first line of a file."""
    try:
        return file.read_text("utf-8").split("\n", 1)[0]
    except OSError as error:
        raise IdletalkError(f"cannot read {file}: {error.strerror}") from None


def read_settings(file: Path) -> Settings:
    """What `rig init` wrote down."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Settings)
    except OSError as error:
        raise IdletalkError(
            f"cannot read {file}: {error.strerror}; name the rig.json that 'idletalk rig init' made with --settings"
        ) from None
    except msgspec.DecodeError as error:
        raise IdletalkError(f"{file} is not what 'idletalk rig init' writes: {error}") from None


def write_box(settings: Settings, passphrase: str, out: Path) -> list[RigFile]:
    """Write all files below `out` as they are to lie on the box; files with secrets only for their owner."""
    if not (MIN_PASSPHRASE <= len(passphrase) <= MAX_PASSPHRASE and passphrase.isascii() and passphrase.isprintable()):
        raise IdletalkError(f"a passphrase has {MIN_PASSPHRASE} to {MAX_PASSPHRASE} printable ASCII characters")
    settings_file = RigFile(
        "/etc/idletalk/rig.json", msgspec.json.format(msgspec.json.encode(settings)).decode() + "\n"
    )
    made = [*rig_files(settings, passphrase), settings_file]
    try:
        for file in made:
            _write(out / file.path.lstrip("/"), file.content, file.mode)
        _write(out / "rig.json", settings_file.content, 0o644)
        steps = [
            "# install, as root, in this folder",
            *install_commands(".", made),
            "",
            "# undo, as root",
            *undo_commands(made),
        ]
        _write(out / "INSTALL", "\n".join(steps) + "\n", 0o644)
    except OSError as error:
        raise IdletalkError(f"cannot write into {out}: {error.strerror}") from None
    return made


def _write(path: Path, content: str, mode: int) -> None:
    """Write a file that never is readable for more than `mode` says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(content)
    path.chmod(mode)


def install(out: Path, made: list[RigFile]) -> None:
    """Put the files in place and start the services; root, and systemd, are needed."""
    if os.geteuid() != 0:
        raise IdletalkError("installing needs root: run it again with sudo")
    if shutil.which("systemctl") is None:
        raise IdletalkError("there is no systemd here: install the files by hand, see INSTALL")
    for command in install_commands(str(out.resolve()), made):
        done = subprocess.run(["/bin/sh", "-c", command], check=False)
        if done.returncode != 0:
            raise IdletalkError(f"this step failed, and the ones after it were not taken: {command}")
