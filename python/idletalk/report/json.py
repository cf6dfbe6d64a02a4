"""report.json and its schema."""

import functools
from typing import Any

import msgspec

from idletalk.model import SCHEMA, Report


def to_json(report: Report) -> bytes:
    """The report as indented JSON, fields in the order of the model."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


@functools.cache
def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of report.json, made from the model."""
    schema = msgspec.json.schema(Report)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **schema}
