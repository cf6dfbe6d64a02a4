"""What a behaviour declares."""

import re
from dataclasses import dataclass
from importlib.resources import files

from idletalk.behaviours.finding import Hidden, Judge, Kind, never, nothing
from idletalk.behaviours.rows import Ask, Row, by, insert, iso, optional_iso, optional_seconds
from idletalk.model import FindingKind, Question

__all__ = ["Ask", "Behaviour", "Row", "by", "insert", "iso", "optional_iso", "optional_seconds"]

_COMMENT = re.compile(r"^COMMENT ON .*;$", re.MULTILINE)
"""What a table or a column means: a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A question, how it is answered, the tables that hold the answer, and the findings that follow."""

    name: str
    question: str
    method: str
    limits: str
    tables: tuple[str, ...]
    held: tuple[str, ...] = ()
    """views of its SQL that others build on so often that a small capture's rows are held instead"""
    kinds: tuple[Kind, ...] = ()
    judge: Judge = nothing
    hidden: Hidden = never
    waits: bool = False
    """whether it judges by what images hold, which are examined while the others are asked, or by what others found"""
    is_long: bool = False
    """whether judging takes longest, so that it is begun before the others"""
    script: str | None = None
    """its SQL where no ``.sql`` lies beside the module: of a behaviour that another package brings"""
    package: str | None = None
    """the package that brings it, told by its installation; none: it is one of idletalk's own"""

    def told(self) -> Question:
        """What readers of a report want to know of it."""
        return Question(
            name=self.name,
            question=self.question,
            method=self.method,
            limits=self.limits,
            kinds=tuple(
                FindingKind(name=k.name, severity=k.severity, meaning=k.meaning, would_change=k.would_change)
                for k in self.kinds
            ),
        )

    def sql(self) -> str:
        """The statements that make the tables, from the ``.sql`` beside the module.

        Without :meth:`comments`, which only documents need: there are hundreds, and they cost as much as the tables of a small capture.
        """
        return _COMMENT.sub("", self._file())

    def comments(self) -> list[str]:
        """The statements that say what the tables and columns mean."""
        return _COMMENT.findall(self._file())

    def _file(self) -> str:
        if self.script is not None:
            return self.script
        return files("idletalk.behaviours").joinpath(f"{self.name}.sql").read_text("utf-8")
