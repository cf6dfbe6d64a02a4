"""How far a long run is, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idletalk.analysis import Progress


@contextmanager
def bar(*, shown: bool) -> Generator[Progress | None]:
    """A bar on a terminal's standard error; nothing elsewhere."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as drawn:
        task = drawn.add_task("reading captures", total=1.0)

        def tell(what: str, share: float) -> None:
            drawn.update(task, description=what, completed=share)

        yield tell
