"""The command line as a whole; each command's own tests stand with what it does."""

import subprocess
import sys

from click.testing import CliRunner

from idletalk.cli import main_group


def test_the_list_of_commands_waits_for_none_of_them() -> None:
    script = (
        "import sys; from idletalk.cli import main\n"
        "sys.argv = ['idletalk', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('duckdb', 'cryptography', 'idletalk._core', 'idletalk.behaviours') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
    assert "  analyze " in told.stdout


def test_every_command_is_listed_and_has_help_of_its_own_with_an_example() -> None:
    listed = CliRunner().invoke(main_group, ["--help"]).output.split("Commands:")[1]
    commands = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line.strip()]
    assert commands == main_group.list_commands(main_group.make_context("idletalk", ["schema"]))
    for command in commands:
        told = CliRunner().invoke(main_group, [command, "--help"], prog_name="idletalk")
        assert told.exit_code == 0, command
        assert f"\n    idletalk {command}" in told.output or f"\n  idletalk {command}" in told.output, command
