#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Holds the house of include/cgo_guard/detail together: includes go down the list of floors in its README.md, the floors
include nothing that is for users, and what belongs to one floor is named on no other. Prints what is against that."""

import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "include", "cgo_guard")
GROUND = ("abi.h", "config.hpp", "contract.hpp")  # every floor stands on it
# Headers for users that a floor is the other half of.
THROUGH_THE_DOOR = {"guard.hpp", "callback.hpp", "thread.hpp", "translator.hpp"}

# What only one floor may name: a reader of another would have to know that processor, or that library.
PRIVATE = [
    ("arch", "a register or the layout of a processor's context",
     re.compile(r"\bgregs\b|\bREG_[A-Z0-9]+\b|%?\b(r[abcd]x|r[sd]i|r[sb]p|rip|x30|lr)\b(?!\w)|__(?:x86_64|aarch64)__")),
    ("runtime", "a private function of glibc or libstdc++",
     re.compile(r"\b_dl_find_object\b|\b__libc_stack_end\b|\b__abort_msg\b|\b__gnu_cxx\b")),
]


def floors():
    with open(os.path.join(ROOT, "detail", "README.md"), encoding="utf-8") as file:
        return re.findall(r"^\| \[(\w+)\]\(\1\) \|", file.read(), re.MULTILINE)


def headers():
    for directory, _, names in os.walk(ROOT):
        for name in sorted(names):
            if name.endswith((".h", ".hpp")):
                yield os.path.relpath(os.path.join(directory, name), ROOT)


def code_of(text):
    """The text without comments, lines kept."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.DOTALL)


def floor_of(path):
    parts = path.split(os.sep)
    return parts[1] if parts[0] == "detail" and len(parts) > 2 else None


def main():
    order = {name: level for level, name in enumerate(floors())}
    found = []
    folders = {name for name in os.listdir(os.path.join(ROOT, "detail")) if os.path.isdir(os.path.join(ROOT, "detail", name))}
    for name in sorted(folders ^ set(order)):
        found.append("detail/%s: a floor is a folder and a line in detail/README.md" % name)
    for name in sorted(folders):
        if not os.path.isfile(os.path.join(ROOT, "detail", name, "README.md")):
            found.append("detail/%s: a README.md says what the floor is for and what it may touch" % name)
    for path in headers():
        floor = floor_of(path)
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for number, line in enumerate(code_of(text).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if match and floor is not None:
                target = os.path.normpath(os.path.join(os.path.dirname(path), match.group(1)))
                other = floor_of(target)
                if other is None:
                    if target not in GROUND and target not in THROUGH_THE_DOOR:
                        found.append("%s:%d: %s includes %s, which is for users" % (path, number, floor, target))
                elif order.get(other, 0) < order.get(floor, 0):
                    found.append("%s:%d: an arrow upwards, from %s to %s" % (path, number, floor, target))
            if match:
                continue
            for owner, what, pattern in PRIVATE:
                if floor not in (owner, None) and pattern.search(line):
                    found.append("%s:%d: %s, which is for %s/: %s" % (path, number, what, owner, line.strip()))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
