"""What a behaviour declares."""

from dataclasses import dataclass
from importlib.resources import files

from idletalk.behaviours.finding import Hidden, Judge, Kind, never, nothing
from idletalk.behaviours.rows import Ask, Row, by, insert, iso, optional_iso

__all__ = ["Ask", "Behaviour", "Row", "by", "insert", "iso", "optional_iso"]


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

    def sql(self) -> str:
        """The statements that make the tables, from the ``.sql`` beside the module."""
        return files("idletalk.behaviours").joinpath(f"{self.name}.sql").read_text("utf-8")
