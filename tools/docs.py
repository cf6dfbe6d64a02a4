"""Write the documents that the code knows best; with ``--check`` only say whether they are up to date.

docs/tables.md, docs/behaviours.md, docs/report.schema.json and the manual page docs/idletalk.1 come from the declarations in the code.
"""

import json
import struct
import sys
import tempfile
from pathlib import Path

from idletalk.assemble import prepare
from idletalk.behaviours import BEHAVIOURS
from idletalk.dissector import Column, Table, dissect, fact_tables
from idletalk.labfile import Lab
from idletalk.lookups import open_lookups
from idletalk.model import SEVERITIES
from idletalk.report.json import json_schema
from idletalk.store import Store
from tools.manpage import manual

ROOT = Path(__file__).resolve().parent.parent
NOTE = "*This page is made from the code by `make docs`.*\n"


def judged_tables() -> tuple[Table, ...]:
    """The tables that behaviours make, described by the comments in their SQL: made once over an empty capture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = folder / "empty.pcap"
        empty.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        dissect([empty], folder)
        store = Store(folder)
        open_lookups(None).register(store.connection)
        prepare(store, Lab())
        try:
            return _described(store)
        finally:
            store.close()


def _described(store: Store) -> tuple[Table, ...]:
    """The tables with the comments that their SQL gives them."""
    for comment in (comment for behaviour in BEHAVIOURS for comment in behaviour.comments()):
        store.ask(comment)
    found: list[Table] = []
    for name in (table for behaviour in BEHAVIOURS for table in behaviour.tables):
        meaning = store.ask("SELECT comment FROM duckdb_tables() WHERE table_name = ?", name)[0]["comment"]
        rows = store.ask(
            "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
            name,
        )
        columns = (Column(row["column_name"], row["data_type"], True, row["comment"] or "") for row in rows)
        found.append(Table(name, meaning or "", tuple(columns)))
    return tuple(found)


def tables_page() -> str:
    """Every table with its columns."""
    parts = [
        "# Tables\n",
        NOTE,
        "An analysis folder holds one Parquet file a table in `tables/`. `idletalk sql`, the Python API and any program that"
        " reads Parquet see the same. Frames are named (capture, frame): `frame` is the number that Wireshark shows in that"
        " file. Times are UTC nanoseconds since 1970 (`*_ns`); SQL shows one as time with `make_timestamp_ns(time_ns)`."
        " Missing is null and means not known.\n",
        "## Facts: what was seen\n",
        *map(_table, fact_tables()),
        "## Judgements: what follows from it\n",
        *map(_table, judged_tables()),
    ]
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [f"### {table.name}\n", f"{table.meaning}\n", "| column | type | meaning |", "|---|---|---|"]
    lines += [
        f"| {c.name} | {c.type}{'' if c.nullable else ' not null'} | {c.meaning.replace('|', chr(92) + '|')} |"
        for c in table.columns
    ]
    return "\n".join(lines) + "\n"


def behaviours_page() -> str:
    """Every question that idletalk answers, and how."""
    parts = [
        "# Behaviours: the questions, and how they are answered\n",
        NOTE,
        " ".join(["Severities.", *(f"*{name}*: {meaning}." for name, meaning in SEVERITIES.items())]) + "\n",
    ]
    for behaviour in BEHAVIOURS:
        tables = ", ".join(f"`{table}`" for table in behaviour.tables)
        parts.append(
            f"## {behaviour.name}\n\n**{behaviour.question}**\n\n{behaviour.method}\n\n*Limits.* {behaviour.limits}\n\nTables: {tables}\n"
        )
        if behaviour.kinds:
            rows = [f"| `{k.name}` | {k.severity} | {k.meaning} | {k.would_change} |" for k in behaviour.kinds]
            parts.append(
                "\n".join(["| finding | severity | meaning | would change it |", "|---|---|---|---|", *rows]) + "\n"
            )
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """Each document by its path."""
    return {
        ROOT / "docs" / "tables.md": tables_page(),
        ROOT / "docs" / "behaviours.md": behaviours_page(),
        ROOT / "docs" / "report.schema.json": json.dumps(json_schema(), indent=1) + "\n",
        ROOT / "docs" / "idletalk.1": manual(),
    }


def main() -> int:
    """Write or check; 1 where a document is out of date."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs")
        return 1 if stale else 0
    for path, text in pages().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
