"""Lets file permissions hold for the superuser too: the tests often run as root, in containers."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION_3 = 0x20080522
_READS_AND_WRITES_EVERYTHING = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, as capabilities(7) has them."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Set(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def permissions_hold() -> Iterator[None]:
    """Take from this thread what lets the superuser read and write whatever its permissions say, for the block."""
    if os.geteuid() != 0:
        yield
        return
    header, sets = _Header(_VERSION_3, 0), (_Set * 2)()
    _call("capget", header, sets)
    before = sets[0].effective
    sets[0].effective = before & ~_READS_AND_WRITES_EVERYTHING
    _call("capset", header, sets)
    try:
        yield
    finally:
        sets[0].effective = before
        _call("capset", header, sets)


def _call(name: str, header: _Header, sets: "ctypes.Array[_Set]") -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(ctypes.byref(header), ctypes.byref(sets)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
