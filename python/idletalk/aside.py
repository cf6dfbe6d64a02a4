"""A folder that is written aside and gets its name when it is whole."""

import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from idletalk.errors import IdletalkError


@contextmanager
def writing(out: Path) -> Generator[None]:
    """Where the analysis cannot be written is told in a line."""
    try:
        yield
    except OSError as error:
        raise IdletalkError(f"cannot write the analysis {out}: {error.strerror}") from None


@contextmanager
def aside(out: Path) -> Generator[Path]:
    """A folder beside ``out`` that takes its place at the end, and is gone where something fails."""
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    try:
        with writing(out):
            partial.mkdir(mode=0o755, parents=True)
            mode = partial.stat().st_mode
            # tables hold what is not masked yet
            partial.chmod(0o700)
        yield partial
        with writing(out):
            partial.chmod(mode)
            _replace(out, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(out: Path, partial: Path) -> None:
    if out.exists():
        old = out.with_name(f".{out.name}.{secrets.token_hex(4)}.old")
        out.rename(old)
        partial.rename(out)
        shutil.rmtree(old)
    else:
        partial.rename(out)


def check_target(out: Path, report: str, *, force: bool) -> None:
    """Raises :class:`IdletalkError` where ``out`` may not be overwritten; an analysis is told by its ``report`` and tables."""
    with writing(out):
        try:
            str(out.absolute()).encode()
        except UnicodeEncodeError:
            raise IdletalkError(
                "the folder's path is no UTF-8 text, which tables cannot have: give another with --out"
            ) from None
        if not out.exists():
            return
        if not force:
            raise IdletalkError(f"{out} exists: give another folder with --out, or overwrite it with --force")
        if not ((out / report).is_file() and (out / "tables").is_dir()):
            raise IdletalkError(
                f"{out} exists and is no analysis of ours: it is not overwritten, give another folder with --out"
            )
