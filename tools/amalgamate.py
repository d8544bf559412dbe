#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Writes the headers as one file, cgo_guard.h, to be dropped beside a user's sources: cgo finds no header of another module.

    tools/amalgamate.py OUTPUT           write it ("-" for standard output)
    tools/amalgamate.py --check OUTPUT   fail if OUTPUT is not what would be written

With --without-implementation: what a package needs that has the implementation by an import of the Go package cgoguard.
`cgo-guard init` writes the same, for which it need not find Python (cmd/internal/initialize/amalgamate.go): a test
compares the two.

The same headers give the same bytes: nothing of the time, the machine or the tree's whereabouts is in the output.
"""

import argparse
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "include")
UMBRELLA = "cgo_guard.h"
# What users of the tree include by its name. Here each is asked for by a macro: CGO_GUARD_WITH_THREAD and so on.
OPT_IN = ["thread", "translator", "boost_exception", "boost_stacktrace", "floating_point"]
# boost_stacktrace brings along what reads debug information, which is half of the implementation.
IMPLEMENTATION = ["cgo_guard/implementation.hpp", "cgo_guard/boost_stacktrace.hpp"]
NOT_HERE = '#error "%s is not in this cgo_guard.h, which is for packages that import cgoguard: let tools/amalgamate.py write the whole"'
OURS = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
DIRECTIVE = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)")


ELSE = " / else "


def _opposite(condition):
    return condition[:-len(ELSE)] if condition.endswith(ELSE) else condition + ELSE


def macro_of(name):
    return "CGO_GUARD_WITH_" + name.upper()


class Amalgamation:
    def __init__(self, root, with_implementation):
        self.root, self.with_implementation = root, with_implementation
        self.included = {}  # path: the conditions under which its text stands in the output
        self.order = []
        self.lines = []

    def header(self, path):
        """Appends a header and, in their places, those it includes."""
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            lines = file.read().splitlines()
        guard = self._guard(path, lines)
        if path not in self.order:
            self.order.append(path)
        self.lines.append("/* ---- %s ---- */" % path)
        for line in lines:
            own_guard = line.split() == ["#ifndef", guard]
            self._track(line, own_guard)
            match = OURS.match(line)
            if match:
                self._include(os.path.normpath(os.path.join(os.path.dirname(path), match.group(1))), path)
            elif "SPDX-License-Identifier" not in line:
                self.lines.append(line)

    def opt_in(self, name):
        """Appends a header for those who ask for it."""
        conditions = ["#ifdef __cplusplus", "#ifdef " + macro_of(name)]
        for line in conditions:
            self._track(line, own_guard=False)
            self.lines.append(line)
        self._include("cgo_guard/%s.hpp" % name, UMBRELLA)
        for _ in conditions:
            self._track("#endif", own_guard=False)
            self.lines.append("#endif")

    def _include(self, path, by):
        if path in IMPLEMENTATION and not self.with_implementation:
            self.lines.append(NOT_HERE % path)
            return
        if not os.path.isfile(os.path.join(self.root, path)):
            sys.exit("%s includes %s, which is not there" % (by, path))
        here = self._conditions()
        before = self.included.get(path)
        # Nobody gets here: the line is in a branch for what one of those around it excludes.
        if any(_opposite(condition) in here for condition in here):
            return
        # Where it stands already but under a condition that may not hold here, it is written once more. The include
        # guards, which stay, see to it that the compiler takes one of the two.
        if before is not None and before <= here:
            return
        self.included[path] = here
        self.header(path)

    # The conditional directives around the current line, as a set: what they ask for does not change on the way. The
    # branches of one #if have different texts. Include guards do not count: they are false only where their contents
    # have been seen.
    _stack = ()

    def _conditions(self):
        return frozenset(entry for entry in self._stack if entry is not None)

    def _track(self, line, own_guard):
        match = DIRECTIVE.match(line)
        if not match:
            return
        kind, text = match.group(1), match.group(2).strip()
        if kind == "endif":
            self._stack = self._stack[:-1]
        elif kind in ("elif", "else"):
            self._stack = self._stack[:-1] + (self._stack[-1] + " / " + kind + " " + text,)
        else:
            self._stack += (None if own_guard else kind + " " + text,)

    @staticmethod
    def _guard(path, lines):
        """The name of the include guard: without one, a header that stands in the output twice would not compile."""
        directives = [line.split() for line in lines if line.startswith("#")]
        if len(directives) < 3 or directives[0][0] != "#ifndef" or directives[1] != ["#define", directives[0][1]]:
            sys.exit("%s does not begin with an include guard" % path)
        return directives[0][1]


def every_header(root):
    found = []
    for directory, _, files in os.walk(root):
        found += [os.path.relpath(os.path.join(directory, name), root) for name in files if name.endswith((".h", ".hpp"))]
    return sorted(found)


def amalgamate(root=ROOT, with_implementation=True):
    body = Amalgamation(root, with_implementation)
    body.header(UMBRELLA)
    for name in OPT_IN:
        body.opt_in(name)
    with open(os.path.join(root, "cgo_guard", "abi.h"), encoding="utf-8") as file:
        version = re.search(r'^#define CGO_GUARD_VERSION "(.*)"$', file.read(), re.MULTILINE).group(1)
    left_out = [path for path in every_header(root) if path not in body.order]
    preface = ["/* SPDX-License-Identifier: BSL-1.0 */",
               "/* cgo_guard %s in one file, generated by tools/amalgamate.py. Don't edit: change the headers it is made of." %
               version, " *"]
    preface += [" * Define what you need before you include it, where others include a header by its name:"]
    preface += [" *   %-31s <cgo_guard/%s.hpp>" % (macro_of(name), name) for name in OPT_IN] + [" *"]
    preface += [" * %s" % path for path in body.order]
    if not with_implementation:
        preface += [" *", " * Not in here: the implementation, which the import of the Go package cgoguard brings along,",
                    " * and <cgo_guard/boost_stacktrace.hpp>, which is made of the same."]
    elif left_out:
        preface += [" *", " * Not in here, because only the Go package needs it:"] + [" * %s" % path for path in left_out]
    text = "\n".join(preface + [" */"] + body.lines) + "\n"
    remaining = [line for line in text.splitlines() if OURS.match(line)]
    if remaining:
        sys.exit("includes of our own headers are left: %s" % remaining)
    return text


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments.add_argument("--without-implementation", action="store_true", help="leave out what cgoguard brings along")
    arguments.add_argument("output")
    chosen = arguments.parse_args()
    text = amalgamate(with_implementation=not chosen.without_implementation)
    if chosen.output == "-" and not chosen.check:
        sys.stdout.write(text)
    elif chosen.check:
        try:
            with open(chosen.output, encoding="utf-8") as file:
                current = file.read()
        except OSError as error:
            sys.exit("%s: %s; write it with: tools/amalgamate.py %s" % (chosen.output, error.strerror, chosen.output))
        if current != text:
            sys.exit("%s is not what the headers give; write it anew: tools/amalgamate.py %s" % (chosen.output, chosen.output))
    else:
        with open(chosen.output, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


if __name__ == "__main__":
    main()
