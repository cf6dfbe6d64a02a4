"""What unpacking may cost. Images of IoT devices hold at most some ten thousand files and some hundred megabytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the child process."""

    depth: int = 6
    """archives within archives"""
    files: int = 20_000
    """files in all"""
    bytes: int = 1 << 30
    """bytes written in all"""
    file_bytes: int = 512 << 20
    """bytes of one file (RLIMIT_FSIZE)"""
    memory_bytes: int = 3 << 30
    """address space (RLIMIT_AS): an image of 512 MB, its copy, and the programs"""
    cpu_s: int = 120
    """processor time (RLIMIT_CPU)"""
    wall_s: int = 180
    """time on the clock"""
    ratio: int = 2000
    """bytes out for one byte in, above which a stream of more than a megabyte is a bomb: DEFLATE's own limit is 1032"""
    name_chars: int = 100
    """of a file's name"""


LIMITS = Limits()
