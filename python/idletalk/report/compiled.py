"""Compiled templates, kept beside them as Python keeps compiled modules: to compile takes longer than to draw a small report."""

from contextlib import suppress
from importlib.metadata import version
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import BytecodeCache, FileSystemBytecodeCache
from jinja2.bccache import Bucket

FOLDER = "__pycache__"


def compiled_templates(templates: Traversable) -> BytecodeCache | None:
    """The cache of a folder of templates; none where they lie in no folder or none can be made beside them."""
    if not isinstance(templates, Path):
        return None
    folder = templates / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    # Jinja holds what was compiled against the source and the version of Python, not against its own version
    return _Compiled(str(folder), f"jinja2-{version('jinja2')}-%s.cache")


class _Compiled(FileSystemBytecodeCache):
    """A cache that need not be writable."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, where that is allowed."""
        with suppress(OSError):
            super().dump_bytecode(bucket)
