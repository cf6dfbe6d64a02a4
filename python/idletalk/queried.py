"""Rows that a query gave. Each becomes a dict when it is looked at: held as dicts, thousands take several times their memory."""

from collections.abc import Iterator, Sequence
from typing import Any, overload


class Rows(Sequence[dict[str, Any]]):
    """Rows by column name."""

    __slots__ = ("_names", "_rows")

    def __init__(self, rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> None:
        """Of tuples, and the names of their columns."""
        self._rows, self._names = rows, names

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """One after another."""
        return (dict(zip(self._names, row, strict=True)) for row in self._rows)

    @property
    def tuples(self) -> Sequence[tuple[Any, ...]]:
        """Their values in the order of the query's columns: where there are thousands of rows, dicts cost more than the query."""
        return self._rows

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> "Rows": ...

    def __getitem__(self, place: int | slice) -> "dict[str, Any] | Rows":
        """A row, or some."""
        if isinstance(place, slice):
            return Rows(self._rows[place], self._names)
        return dict(zip(self._names, self._rows[place], strict=True))

    def __eq__(self, other: object) -> bool:
        """Whether a list holds the same."""
        return list(self) == (list(other) if isinstance(other, Rows) else other)

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __repr__(self) -> str:
        """As of a list."""
        return repr(list(self))
