"""Who may know whom, beyond what import-linter sees: the compiled core has no source for it to read."""

import ast
from pathlib import Path

import idletalk._core as core
from tests.conftest import ROOT

PACKAGE = ROOT / "python" / "idletalk"


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_only_the_store_and_three_others_know_the_core() -> None:
    assert {path.name for path in PACKAGE.rglob("*.py") if "idletalk._core" in imported(path)} == {
        "dissector.py",
        "recogniser.py",
        "periods.py",
        "search.py",
    }


def test_the_seam_is_what_its_stub_says() -> None:
    stub = ast.parse((PACKAGE / "_core.pyi").read_text("utf-8"))
    declared = {node.name for node in stub.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert {name for name in dir(core) if not name.startswith("_")} == declared


def test_files_stay_small() -> None:
    paths = [*PACKAGE.rglob("*.py"), *(ROOT / "rust").glob("*/src/**/*.rs")]
    assert [p.name for p in paths if len(p.read_text("utf-8").splitlines()) > 300] == []


def test_every_column_has_a_meaning() -> None:
    for _table, meaning, columns in core.schema():
        assert meaning
        assert all(column[3] for column in columns)
    import tools.docs as docs

    for table in docs.judged_tables():
        assert table.meaning
        assert [column.name for column in table.columns if not column.meaning] == []
