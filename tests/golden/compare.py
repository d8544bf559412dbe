#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares what program.cpp prints with the golden stacks, frame by frame and whole.

    compare.py COMPILER lines|names|split|short|places MODULE OUTPUT [WAY...]

A golden stack is what its reader should see. `failing.cpp:refuse` is the line of that file marked `// line: refuse`;
`[inlined]` follows what has no frame of its own; `gcc:` or `clang:` begins what only one of them can say; `{number}` is
any number. Left out is what differs from build to build: directories, which are checked, and columns, offsets and build
IDs, whose form is.

With `names` there is no debug information: no lines, nothing inlined; but module, offset and build ID of every frame.
With `split` what was inlined is not known in failing.cpp: its line stands under the function that it was inlined into.
With `short` the names of what was inlined may be without scopes and parameters.
With `places` there are only lines, as addr2line has them. MODULE is the path of the program.
"""

import difflib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def marked_lines():
    found = {}
    for source in ("failing.cpp", "guarded.cpp"):
        with open(os.path.join(HERE, source), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                mark = re.search(r"// line: (\w+)$", line)
                if mark:
                    found["%s:%s" % (source, mark.group(1))] = "%s:%d" % (source, number)
    return found


def golden(compiler, with_lines):
    """The stack of each way, as a list of lines."""
    lines, stacks, way, inlined = marked_lines(), {}, None, False
    with open(os.path.join(HERE, "stacks.golden"), encoding="utf-8") as file:
        for line in file.read().splitlines():
            only = re.match(r"(gcc|clang): ", line)
            if only and only.group(1) != compiler or line.startswith("#") or not line:
                continue
            line = line[only.end():] if only else line
            if line.startswith("== "):
                way = stacks.setdefault(line[3:], [])
            elif line.startswith("\t"):
                if not inlined or with_lines:
                    place = line[1:]
                    known = place.startswith("(")
                    way.append("\t" + (place if known else lines[place] if with_lines else "{module}"))
            else:
                inlined = line.endswith(" [inlined]")
                if not inlined or with_lines:
                    way.append(line)
    return stacks


def without_inlined(stack):
    """The stack of a function whose inlined calls are not known."""
    kept, place = [], None
    for i in range(len(stack)):
        if stack[i].endswith(" [inlined]"):
            place = place or stack[i + 1]
        elif stack[i].startswith("\t") and not stack[i - 1].endswith(" [inlined]"):
            kept.append(place or stack[i])
            place = None
        elif not stack[i].startswith("\t"):
            kept.append(stack[i])
    return kept


def shortened(stack):
    """The stack with nothing but the function's own name for what was inlined."""
    return [re.sub(r"^.*?(\w+)(\([^()]*\))?( \[inlined\])$", r"\1\3", line) for line in stack]


def source_line(path, number):
    """Out of a build directory compilers name sources by ways that lead there and back."""
    path = os.path.normpath(path)
    return "%s:%s" % (os.path.basename(path) if os.path.dirname(path) == HERE else path, number)


def place_of(text, module):
    """The second line of a frame without what differs; what is not as it should be is left, and found by comparing."""
    program = re.escape(os.path.basename(module))
    line = re.fullmatch(r"\t(/.+?):(\d+)(:\d+)? \(%s\+0x[0-9a-f]+\)" % program, text)
    if line:
        return "\t" + source_line(line.group(1), line.group(2))
    return "\t{module}" if re.fullmatch(r"\t%s\+0x[0-9a-f]+ \[build id [0-9a-f]+\]" % re.escape(module), text) else text


def from_addr2line(text):
    """Its lines, without those of the library: the block is inlined into our thunk."""
    found = [re.match(r"(/.+):(\d+)", line) for line in text.splitlines()]
    lines = [source_line(*line.groups()) if line else "?" for line in found]
    return [line for line in lines if not re.match(r"/.*/cgo_guard/\w+\.hpp:", line)]


def printed(path, module):
    stacks, way, inlined = {}, None, set()
    with open(path, encoding="utf-8") as file:
        blocks = re.split(r"^== ", file.read(), flags=re.M)
    if blocks[0]:
        sys.exit("before the first stack it says: " + blocks[0])
    for block in blocks[1:]:
        text, _, table = block.partition("-- frames\n")
        rows = [row.split("\t") for row in table.splitlines()]
        inlined = {(row[1], row[6]) for row in rows if row[8] == "1"}
        name, *said = text.splitlines()
        way = stacks.setdefault(name, [])
        for i, line in enumerate(said):
            if line.startswith("\t"):
                way.append(place_of(line, module))
                continue
            offset = re.search(r"\+(0x[0-9a-f]+)", said[i + 1]) if i + 1 < len(said) else None
            way.append(line + (" [inlined]" if offset and (line, offset.group(1)) in inlined else ""))
    return stacks


def with_numbers(want, got):
    """What is printed, with {number} where the golden stack leaves a number open."""
    found = list(got)
    for i, line in enumerate(want[:len(got)]):
        if "{number}" in line and re.fullmatch(re.escape(line).replace(r"\{number\}", "[0-9,]+"), got[i]):
            found[i] = line
    return found


def main():
    compiler, mode, module, output = sys.argv[1:5]
    want = golden(compiler, mode != "names")
    if mode == "places":
        with open(output, encoding="utf-8") as file:
            got = {sys.argv[5]: from_addr2line(file.read())}
    else:
        got = printed(output, module)
    if mode == "places":
        want = {way: [line[1:] for line in stack if line.startswith("\t")] for way, stack in want.items()}
    elif mode == "split":
        want = {way: without_inlined(stack) for way, stack in want.items()}
    elif mode == "short":
        want, got = ({way: shortened(stack) for way, stack in stacks.items()} for stacks in (want, got))
    wrong = 0
    for way in sys.argv[5:] or dict.fromkeys([*want, *got]):
        golden_stack = want.get(way, [])
        stack = with_numbers(golden_stack, got.get(way, []))
        if stack != golden_stack or not stack:
            wrong += 1
            print("\n".join(difflib.unified_diff(golden_stack, stack, "golden: " + way, "printed: " + way, n=99, lineterm="")))
    sys.exit("%d of %d stacks are not as they should be" % (wrong, len(sys.argv[5:]) or len(want)) if wrong else 0)


if __name__ == "__main__":
    main()
