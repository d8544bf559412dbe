#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Names the C++ frames in what a stripped program has reported, with the copy of it that was not stripped.

    cgo-guard-symbolize --binary UNSTRIPPED [REPORT...]      or from standard input

Reads an error as text (%+v, CStack()) or as JSON (also lines of a JSON log), and the report of a crash under no guard.
Writes the same with function, file and line in the place of module and offset; inlined functions become frames. A binary
belongs to a frame by its build ID, or by its name where the report has none; one with another build ID is refused.

Exit status: 0 if every frame of the binaries given has been named, 1 if not, 2 if the input or a file can't be used.
"""

import argparse
import collections
import json
import os
import re
import shutil
import struct
import subprocess
import sys

# The second line of a frame (append_frame in stack_text.hpp). A Go frame's has a space before its "+0x1d".
BARE = re.compile(r"^(\s+)(\S|\S.*\S)\+0x([0-9a-f]+)(?: \[build id ([0-9a-f]+)\])?$")
NAMED = re.compile(r"^\s+.*:\d+ \(.+\+0x[0-9a-f]+\)$")
# A line of write_call_site in crash_report.hpp.
CRASH = re.compile(r"^(\s+#\d+\s+0x[0-9a-f]+) (\(main program\)|\S|\S.*\S)\+0x([0-9a-f]+)$")
MAIN = "(main program)"
# What calls a guarded block, which is a lambda: it tells which function the block stands in.
THUNK = re.compile(r"::block_thunk<(.+)::(?:\{lambda|'lambda|<lambda|\$_)")
# Each is asked for what the ones before it have no line for: binutils 2.40 can't read the debug information of programs
# that Go 1.26 has linked.
READERS = ("addr2line", "llvm-addr2line", "eu-addr2line")
COPY_ENDINGS = (".unstripped", ".debug", ".dbg", ".sym", ".full")

Place = collections.namedtuple("Place", "function where")  # where: file:line, or ""


class Unusable(Exception):
    pass


def output_of(*command):
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                             env=dict(os.environ, LC_ALL="C"))
    except OSError as error:
        raise Unusable("%s: %s (it is part of binutils)" % (command[0], error.strerror))
    if run.returncode != 0:
        raise Unusable(run.stderr.decode(errors="replace").strip() or "%s failed" % command[0])
    return run.stdout.decode("utf-8", "surrogateescape")


def has_line(places):
    return any(place.where for place in places)


def last_name(function):
    """`f` for `void ns::f<int>(char const*)`: debug information may give a function without all the rest."""
    depth, name = 0, ""
    for c in function.replace("(anonymous namespace)", "").replace("operator()", "operator"):
        if c == "(" and depth == 0:
            break
        depth += (c in "<({[") - (c in ">)}]")
        if depth == 0 and c not in ">)}]":
            name += c
    return name.strip().split("::")[-1].split(" ")[-1]


class Binary:
    """An ELF file with debug information."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        try:
            with open(path, "rb") as file:
                header = file.read(20)
        except OSError as error:
            raise Unusable("%s: %s" % (path, error.strerror))
        if header[:4] != b"\x7fELF":
            raise Unusable("%s is not an ELF file" % path)
        notes = re.search(r"Build ID: ([0-9a-f]+)", output_of("readelf", "-n", "--", path))
        self.build_id = notes.group(1) if notes else ""
        sections = output_of("readelf", "-S", "-W", "--", path)
        if not re.search(r"\.z?debug_info\b", sections):
            raise Unusable("%s has no debug information: it is stripped itself, or was built without -g" % path)
        # A separate debug file keeps the section's header.
        self.is_program = " .interp" in sections or struct.unpack("<H", header[16:18])[0] == 2  # ET_EXEC
        self.used, self.places = False, {}

    def names(self):
        """What the module may have been called when the report was written."""
        stems = [self.name[:-len(ending)] for ending in COPY_ENDINGS if self.name.endswith(ending)]
        return [self.name] + stems

    def look_up(self, offsets):
        """Fills places: for each offset the inlined functions, innermost first, and the one they are in."""
        offsets = sorted(set(offsets) - set(self.places))
        self.places.update((offset, []) for offset in offsets)
        for reader in READERS:
            if offsets and (reader == READERS[0] or shutil.which(reader)):
                # As arguments, a thousand at a time: through a pipe, addr2line would stop at the first it can't read.
                for i in range(0, len(offsets), 1000):
                    try:
                        self._ask(reader, offsets[i:i + 1000])
                    except Unusable:  # eu-addr2line fails for an address without a line
                        if reader == READERS[0]:
                            raise
                offsets = [offset for offset in offsets if not has_line(self.places[offset])]

    def _ask(self, reader, offsets):
        lines = output_of(reader, "-a", "-f", "-i", "-C", "-e", self.path, *["0x%x" % o for o in offsets]).splitlines()
        answers, current = {}, None
        pairs = iter(lines)
        for line in pairs:
            if re.match(r"^0x[0-9a-f]+$", line):
                current = answers.setdefault(int(line, 16), [])
                continue
            where = re.sub(r" \(discriminator \d+\)$", "", next(pairs, ""))
            where = re.sub(r":(\d+):\d+$", r":\1", where)  # a column
            known = re.search(r":[1-9]\d*$", where) and not where.startswith("??")
            function = re.sub(r" inlined at .*| \[clone .*| \(\.[\w.]+\)$", "", line)
            current.append(Place("" if function == "??" else function, where if known else ""))
        for offset, places in answers.items():
            if has_line(places) or not self.places[offset]:
                self.places[offset] = places

    def named(self, offset):
        """The places of an offset, [] if it has no name."""
        places = list(self.places[offset])
        if not places or not all(place.function for place in places):
            return []
        # For an inlined function without a linkage name, as GCC leaves static ones, addr2line gives the name that the
        # symbol table has for the address: that of the function it is in.
        inner, outer = places[0], places[-1]
        if len(places) > 1 and last_name(inner.function) == last_name(outer.function):
            places[0] = inner._replace(function="(inlined into %s)" % inner.function)
            places[-1] = outer._replace(function=inner.function)
        return places


class Symbolizer:
    def __init__(self, binaries, debug_dirs):
        self.binaries, self.debug_dirs = binaries, debug_dirs
        self.separate = {}  # build ID: the binary found below --debug-dir, or None
        self.remarks = []
        self.named = self.unnamed = self.frames = self.already = 0

    def remark(self, text):
        if text not in self.remarks:
            self.remarks.append(text)

    def binary_for(self, module, build_id):
        """The binary of a frame, and whether the frame is of a binary that was given, though perhaps not a right one."""
        for binary in self.binaries:
            if build_id and binary.build_id == build_id:
                return binary, True
        found = self._from_debug_dirs(build_id)
        if found:
            return found, True
        if module == MAIN:
            alike = [binary for binary in self.binaries if binary.is_program]
            if len(alike) > 1:
                self.remark("the report does not say which of %s is the main program: give one of them" %
                            " and ".join(binary.path for binary in alike))
                return None, True
        else:
            alike = [binary for binary in self.binaries if os.path.basename(module) in binary.names()]
        for binary in alike:
            binary.used = True
            if build_id:
                self.remark("refused: %s has %s, the report's %s has build ID %s" %
                            (binary.path, "build ID " + binary.build_id if binary.build_id else "no build ID", module, build_id))
                continue
            self.remark("note: the report has no build ID for %s; %s is taken by its name" % (module, binary.path))
            return binary, True
        return None, bool(alike)

    def _from_debug_dirs(self, build_id):
        if build_id and build_id not in self.separate:
            paths = [os.path.join(d, sub, build_id[:2], build_id[2:] + ".debug") for d in self.debug_dirs for sub in (".build-id", "")]
            path = next(filter(os.path.isfile, paths), None)
            self.separate[build_id] = Binary(path) if path else None
            if path and self.separate[build_id].build_id != build_id:
                raise Unusable("%s has build ID %s" % (path, self.separate[build_id].build_id))
        return self.separate.get(build_id)

    def _places(self, module, offset, build_id):
        binary, given = self.binary_for(module, build_id)
        self.frames += 1
        places = []
        if binary is not None:
            binary.used = True
            binary.look_up([offset])
            places = binary.named(offset)
        # Assembly has none.
        if places and (has_line(places) or re.match(r"cgo_guard_v1_|runtime\.|_start$", places[-1].function)):
            self.named += 1
        elif places:
            self.unnamed += 1
            self.remark("%s: no line for %s; another of %s may have it" % (binary.path, places[0].function, ", ".join(READERS)))
        elif given:
            self.unnamed += 1
            if binary is not None:
                self.remark("%s has nothing at 0x%x" % (binary.path, offset))
        return places

    def _gather(self, text):
        """Looks up all of a text at once: addr2line reads the debug information anew each time it is started."""
        wanted = collections.defaultdict(list)
        for line in text.split("\n"):
            bare, crash = BARE.match(line), CRASH.match(line)
            if bare or crash:
                module, offset, build_id = crash.group(2, 3) + (None,) if crash else bare.group(2, 3, 4)
                binary = self.binary_for(module, build_id)[0]
                if binary is not None:
                    wanted[binary].append(int(offset, 16))
        for binary, offsets in wanted.items():
            binary.look_up(offsets)

    def text(self, text):
        self._gather(text)
        out = []
        for line in text.split("\n"):
            crash = CRASH.match(line)
            bare = None if crash else BARE.match(line)
            if crash:
                out += self._crash_lines(line, crash)
            elif bare and out:
                for frame in self._frames(out.pop(), line, bare):
                    self._append(out, *frame)
            else:
                self.already += bool(NAMED.match(line))
                out.append(line)
        return "\n".join(out)

    def _frames(self, function, line, match):
        """The two lines of each function at one address."""
        indent, module, offset, build_id = match.groups()
        places = self._places(module, int(offset, 16), build_id)
        if not places:
            return [(function, line)]
        # The report of an error inside a longer text may be indented.
        margin = re.match(r"\s*", function).group()
        return [(margin + place.function, indent + (
            "%s (%s+0x%s)" % (place.where, os.path.basename(module), offset) if place.where else line.strip()))
            for place in places]

    @staticmethod
    def _append(out, function, where):
        """A guarded block is shown as the function it stands in, as the program itself would show it."""
        thunk = THUNK.search(function)
        if thunk and len(out) > 1 and re.search(r"(^|\s|::)operator\(\)(\(\) const)?$", out[-2]):
            out[-2] = re.match(r"\s*", function).group() + thunk.group(1)
        else:
            out += [function, where]

    def _crash_lines(self, line, match):
        start, module, offset = match.groups()
        places = self._places(module, int(offset, 16), None)
        if not places:
            return [line]
        lines = ["%s %s%s" % (start, place.function, " at " + place.where if place.where else "") for place in places]
        lines[1:] = [" " * len(start) + " inlined into " + text[len(start) + 1:] for text in lines[1:]]
        lines[-1] += " (%s+0x%s)" % (os.path.basename(module), offset)
        return lines

    def json(self, value):
        """The value with every stack in it named, wherever it is: causes are nested, loggers have groups."""
        if isinstance(value, dict):
            return {key: self.json(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.json(one) for one in value]
        return self.text(value) if isinstance(value, str) and "\n" in value else value

    def document(self, text, name):
        """A whole input: JSON, lines of which some are JSON, or text."""
        if text.lstrip().startswith(("{", "[")):
            try:
                indent = 2 if "\n" in text.strip() else None
                return self._write_json(self.json(json.loads(text)), indent) + "\n"
            except ValueError as error:
                first, whole = text.lstrip().split("\n")[0], error
            try:
                json.loads(first)
            except ValueError:
                if first.startswith("{"):
                    raise Unusable("%s is not valid JSON: %s" % (name, whole))
        out, plain = [], []
        for line in text.split("\n"):
            value = self._object_of(line)
            if value is None:
                plain.append(line)
                continue
            if plain:
                out.append(self.text("\n".join(plain)))
                plain = []
            named = self.json(value)
            out.append(line if named == value else self._write_json(named, None))
        if plain:
            out.append(self.text("\n".join(plain)))
        return "\n".join(out)

    @staticmethod
    def _object_of(line):
        if not line.startswith("{"):
            return None
        try:
            value = json.loads(line)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @staticmethod
    def _write_json(value, indent):
        return json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))


def read(path):
    try:
        if path == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
    except OSError as error:
        raise Unusable("%s: %s" % (path, error.strerror))
    name = "standard input" if path == "-" else path
    if b"\0" in data:
        raise Unusable("%s is not text: a core is for gdb, a binary for --binary" % name)
    if not data.strip():
        raise Unusable("%s is empty" % name)
    return data.decode("utf-8", "surrogateescape"), name


def run(chosen):
    symbolizer = Symbolizer([Binary(path) for path in chosen.binary], chosen.debug_dir)
    for path in chosen.report or ["-"]:
        text, name = read(path)
        before = symbolizer.frames + symbolizer.already
        named = symbolizer.document(text, name)
        sys.stdout.buffer.write(named.encode("utf-8", "surrogateescape"))
        if symbolizer.frames + symbolizer.already == before:
            raise Unusable("%s has no C++ stack: neither frames of an error nor the report of a crash" % name)
    for binary in symbolizer.binaries:
        if not binary.used:
            symbolizer.remark("no frame is of %s" % binary.path)
    sys.stdout.flush()
    for text in symbolizer.remarks:
        print("cgo-guard-symbolize: " + text, file=sys.stderr)
    if symbolizer.unnamed:
        print("cgo-guard-symbolize: %d of %d frames of the binaries given have no name or no line" %
              (symbolizer.unnamed, symbolizer.unnamed + symbolizer.named), file=sys.stderr)
    # Nothing named is no success either, unless there was nothing to name.
    return 1 if symbolizer.unnamed or (symbolizer.frames and not symbolizer.named) else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__.split("\n\n", 2)[2],
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", metavar="PATH", action="append", default=[],
                           help="a program or library with debug information; may be given several times")
    arguments.add_argument("--debug-dir", metavar="DIR", action="append", default=[],
                           help="separate debug files by build ID, such as /usr/lib/debug; may be given several times")
    arguments.add_argument("report", nargs="*", help="files; by default, or for -, standard input")
    chosen = arguments.parse_args()
    if not chosen.binary and not chosen.debug_dir:
        arguments.error("give a --binary or a --debug-dir")
    try:
        return run(chosen)
    except Unusable as error:
        sys.stdout.flush()
        print("cgo-guard-symbolize: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
