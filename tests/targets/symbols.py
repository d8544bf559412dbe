#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Looks for the guard, and for a __cxa_throw that a program may replace, in an object file of any platform.

    symbols.py OBJECT
"""

import struct
import sys


def elf(data):
    """(name, is weak, is hidden) of what an ELF file defines. Little-endian, 64 bits."""
    offset, size, count = struct.unpack_from("<Q", data, 0x28)[0], *struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * size) for i in range(count)]
    for section in sections:
        if section[1] != 2:  # SHT_SYMTAB
            continue
        names = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 24):
            name, info, other, where = struct.unpack_from("<IBBH", data, at)
            if where != 0 and info >> 4 in (1, 2):  # global or weak, and defined
                yield text(data, names + name), info >> 4 == 2, other & 3 == 2


def mach_o(data):
    """The same of a Mach-O file. (mach-o/loader.h, mach-o/nlist.h)"""
    count, at = struct.unpack_from("<I", data, 16)[0], 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command == 2:  # LC_SYMTAB
            symbols, number, names = struct.unpack_from("<III", data, at + 8)
            for i in range(number):
                name, kind, _, flags = struct.unpack_from("<IBBH", data, symbols + 16 * i)
                if kind & 0x0F == 0x0F:  # N_SECT and N_EXT
                    yield text(data, names + name)[1:], flags & 0x80 != 0, kind & 0x10 != 0  # N_WEAK_DEF, N_PEXT
        at += size


def text(data, at):
    return data[at:data.index(b"\0", at)].decode()


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    if data[:4] == b"\x7fELF":
        found, hidden = list(elf(data)), False
    elif data[:4] == b"\xcf\xfa\xed\xfe":
        found, hidden = list(mach_o(data)), True
    else:
        return  # COFF, for which no throw is recorded
    names = [name for name, _, _ in found]
    if "cgo_guard_v1_run" not in names:
        sys.exit("no guard among %s" % names)
    for function in ("__cxa_throw", "__cxa_allocate_exception"):
        if (function, True, hidden) not in found:
            sys.exit("%s is not defined, or not weak, or %s: %s" % (
                function, "seen by other images" if hidden else "hidden", [s for s in found if s[0] == function]))


if __name__ == "__main__":
    main()
