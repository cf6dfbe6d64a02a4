"""report.json and its schema."""

import functools
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, cast

import msgspec

from idletalk.model import SCHEMA, Report


def to_json(report: Report) -> bytes:
    """The report as indented JSON, fields in the order of the model."""
    return b"".join(json_parts(report))


def json_parts(report: Report) -> Iterator[bytes]:
    """The same part by part, since all of it can be many megabytes: a field at a time, of a list an element."""
    opened = b"{\n "
    for field in fields(report):
        value: object = getattr(report, field.name)
        yield opened + msgspec.json.encode(field.name) + b": "
        if isinstance(value, tuple) and value:
            for place, element in enumerate(cast("tuple[object, ...]", value)):
                yield (b",\n  " if place else b"[\n  ") + _indented(element, 2)
            yield b"\n ]"
        else:
            yield _indented(cast("object", value), 1)
        opened = b",\n "
    yield b"\n}\n"


def _indented(value: object, depth: int) -> bytes:
    """What stands inside of so many brackets. A line ends nowhere in a text: JSON writes that as an escape."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).replace(b"\n", b"\n" + b" " * depth)


@functools.cache
def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of report.json, made from the model."""
    schema = msgspec.json.schema(Report)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}
