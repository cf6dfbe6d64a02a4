"""The manual page of the command line, from what ``--help`` says of each command (roff, man(7))."""

import re

import click

from idletalk.cli import main_group


def manual() -> str:
    """The page ``idletalk.1``."""
    context = click.Context(main_group, info_name="idletalk")
    parts = [
        '.\\" made from the code by make docs',
        ".TH IDLETALK 1",
        ".SH NAME",
        "idletalk \\- what IoT devices do on a network, from packet captures, with evidence",
        ".SH SYNOPSIS",
        ".B idletalk\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        _text(main_group.help or ""),
        ".SH COMMANDS",
    ]
    for name in main_group.list_commands(context):
        command = main_group.get_command(context, name)
        if command is not None:
            parts += _command(command, click.Context(command, parent=context, info_name=name))
    return "\n".join(parts) + "\n"


def _command(command: click.Command, context: click.Context) -> list[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f".SS {_escaped(usage)}", _text(command.help or "")]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            parts += [f".TP\n.B {_escaped(record[0])}", _escaped(record[1])]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                parts += _command(inner, click.Context(inner, parent=context, info_name=name))
    return parts


def _text(help_text: str) -> str:
    """Paragraphs of a help text; one that begins with a backspace (click's mark) keeps its lines."""
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", re.sub(r"(?m)^ +", "", help_text.strip())):
        if paragraph.startswith("\b"):
            parts.append(f".PP\n.nf\n{_escaped(paragraph[1:].strip())}\n.fi")
        else:
            parts.append(f".PP\n{_escaped(paragraph)}")
    return "\n".join(parts)


def _escaped(text: str) -> str:
    """Text in which roff finds no requests."""
    return re.sub(r"(?m)^(?=[.'])", r"\\&", text.replace("\\", "\\e").replace("-", "\\-"))
