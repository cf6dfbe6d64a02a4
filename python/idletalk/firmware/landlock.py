"""Files that a process may see, in Linux's Landlock: what is not named is not there, for it and for all that it starts.

Source: Linux, Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h. Numbers of the system calls are the same
on all architectures that Linux got since 5.13.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SYM, REFER, TRUNCATE = (1 << bit for bit in (7, 8, 12, 13, 14))
RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Rights to files that a version knows, counted from bit 0: what is handled is refused unless a rule allows it."""
CONNECT_AND_BIND_TCP = 3
"""Both rights of the network, from version 4 on."""

READ = EXECUTE | READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
"""No devices, sockets and pipes."""
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
"""Rights that a rule about one file may name."""


class _Ruleset(ctypes.Structure):
    _fields_: ClassVar = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_: ClassVar = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Leave this process these files and folders; the others cannot be opened any more. False where Linux does not have it.

    The process must not be able to gain rights (``PR_SET_NO_NEW_PRIVS``). Raises OSError where a rule is refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    if version < 1:
        return False
    handled = (1 << RIGHTS_BY_VERSION.get(version, RIGHTS_BY_VERSION[5])) - 1
    ruleset = _Ruleset(handled, CONNECT_AND_BIND_TCP if version >= 4 else 0)
    rules = _checked(
        libc.syscall(CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset) if version >= 4 else 8, 0)
    )
    try:
        for paths, rights in ((readable, READ), (writable, WRITE)):
            for path in paths:
                _allow(libc, rules, path, rights & handled)
        _checked(libc.syscall(RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)
    return True


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what is not there needs no rule
        return
    try:
        allowed = rights if path.is_dir() else rights & OF_FILES
        rule = _PathBeneath(allowed, place)
        _checked(libc.syscall(ADD_RULE, rules, PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
