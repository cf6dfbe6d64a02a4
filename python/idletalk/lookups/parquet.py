"""Writes the look-up tables as Parquet, small and sorted so that few bytes answer a question."""

import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROW_GROUP_ROWS = 32_768
"""Rows in a row group: small enough that a few hosts touch a part of the file only, a multiple of
DuckDB's vectors of 2,048."""

ZSTD_LEVEL = 19
"""The files are written once and read by everybody."""

ASN_COLUMNS = {"bucket": "UINTEGER", "first_key": "UBIGINT", "last_key": "UBIGINT", "asn": "UINTEGER"}
COUNTRY_COLUMNS = {"bucket": "UINTEGER", "first_key": "UBIGINT", "last_key": "UBIGINT", "country": "VARCHAR"}
NAMES_COLUMNS = {"asn": "UINTEGER", "organisation": "VARCHAR", "country": "VARCHAR"}
OUI_COLUMNS = {"prefix": "BIGINT", "prefix_bits": "UTINYINT", "vendor": "VARCHAR"}


def write_table(rows: Iterable[tuple[object, ...]], columns: dict[str, str], path: Path) -> int:
    """Write sorted rows to a Parquet file in one step, and say how many there were.

    :param columns: name to DuckDB type, in the order of the rows; None becomes NULL.
    """
    import duckdb

    count = 0
    unfinished = path.with_name(path.name + ".new")
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch) / "rows.csv"
        with text.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            for row in rows:
                writer.writerow(row)
                count += 1
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")  # with more, the bytes differ from run to run
            table = connection.read_csv(
                str(text), header=False, columns=columns, null_padding=False, na_values=[""], auto_detect=False
            )
            connection.register("rows", table)
            connection.execute(
                f"COPY (SELECT * FROM rows) TO '{_quoted(unfinished)}' (FORMAT parquet, PARQUET_VERSION v2, "
                f"COMPRESSION zstd, COMPRESSION_LEVEL {ZSTD_LEVEL}, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
            )
    unfinished.replace(path)
    return count


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
