#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Reads what Catch2, `go test` and plain programs report and turns it into one list of outcomes.

A run that ends early must never look like a short run: whatever was under way when the report broke off has failed, and
so has a report without a single test in it.
"""

import collections
import json
import re
import signal
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

# Where is the matrix cell or Go module, detail the reason of a skip or the output of a failure.
Outcome = collections.namedtuple("Outcome", "where name status detail")

MESON_SKIP = 77  # the exit status that automake, Meson and our scripts agree on


def ending(status):
    """How a process ended, in words."""
    if status is None:
        return "did not end in time"
    if status < 0:
        return "killed by " + signal.Signals(-status).name
    return "exit status %d" % status


def tail(text, lines=40):
    return "\n".join(text.strip().splitlines()[-lines:])


def both_ends(text, lines=40):
    """A crash says what it was at the beginning, a failed check at the end."""
    said = text.strip().splitlines()
    if len(said) > 2 * lines:
        said[lines:-lines] = ["... %d lines left out ..." % (len(said) - 2 * lines)]
    return "\n".join(said)


def from_program(where, name, status, output):
    """One test whose exit status is its result."""
    if status == 0:
        return [Outcome(where, name, PASSED, "")]
    if status == MESON_SKIP:
        reason = output.strip().splitlines()[-1] if output.strip() else "no reason given"
        return [Outcome(where, name, SKIPPED, reason)]
    return [Outcome(where, name, FAILED, "%s\n%s" % (ending(status), both_ends(output)))]


def _catch2_failure(case):
    found = []
    for element in case.iter():
        if element.tag == "Expression" and element.get("success") == "false":
            found.append("%s:%s: %s ( %s ), that is %s" % (
                element.get("filename"), element.get("line"), element.get("type"),
                (element.findtext("Original") or "").strip(), (element.findtext("Expanded") or "").strip()))
        elif element.tag in ("Exception", "FatalErrorCondition", "Failure"):
            found.append("%s:%s: %s" % (element.get("filename"), element.get("line"), (element.text or "").strip()))
    return "\n".join(found) or "failed without a failed assertion (a case that checks nothing?)"


def _catch2_warning_of_skip(case):
    """Why a case was skipped, by the warning that stands for it with Catch2 2 (SKIP_CASE in tests/unit/catch.hpp)."""
    for warning in case.iter("Warning"):
        text = (warning.text or "").strip()
        if text.startswith("skipped: "):
            return text[len("skipped: "):]
    return ""


def from_catch2(where, name, status, report, output):
    """Every TEST_CASE in a report of Catch2's XML reporter, which version 2 and 3 share. The JUnit reporter would count
    sections, and leave out a case that died."""
    outcomes, under_way = [], None
    parser = ElementTree.XMLPullParser(["start", "end"])
    complete = True
    try:
        parser.feed(report)
        parser.close()
    except ElementTree.ParseError:
        complete = False  # the program died while writing
    try:
        for event, element in parser.read_events():
            if element.tag != "TestCase":
                continue
            case = "%s: %s" % (name, element.get("name"))
            if event == "start":
                under_way = case
                continue
            under_way = None
            result = element.find("OverallResult")
            if result is None or result.get("success") != "true":
                outcomes.append(Outcome(where, case, FAILED, _catch2_failure(element)))
            elif _catch2_warning_of_skip(element):
                outcomes.append(Outcome(where, case, SKIPPED, _catch2_warning_of_skip(element)))
            elif int(result.get("skips", "0")) > 0:
                reason = (element.findtext(".//Skip") or "no reason given").strip()
                outcomes.append(Outcome(where, case, SKIPPED, reason))
            else:
                outcomes.append(Outcome(where, case, PASSED, ""))
    except ElementTree.ParseError:
        complete = False
    failures = any(outcome.status == FAILED for outcome in outcomes)
    if under_way or not complete or (status != 0 and not failures):
        detail = "%s; the cases after this one did not run\n%s" % (ending(status), tail(output))
        outcomes.append(Outcome(where, under_way or name, FAILED, detail))
    elif not outcomes:
        outcomes.append(Outcome(where, name, FAILED, "not one test case ran"))
    return outcomes


def _go_skip_reason(output):
    said = [line.strip() for line in output.splitlines()
            if line.strip() and not re.match(r"\s*(=== |--- )", line)]
    return said[-1] if said else "no reason given"


def from_go(where, status, lines, stderr):
    """Every leaf of the tree of tests and subtests in the output of `go test -json`."""
    output = collections.defaultdict(str)
    result, packages, noise = collections.OrderedDict(), {}, []
    for line in lines.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            noise.append(line)  # a linker's warning, for one
            continue
        action = event.get("Action", "")
        key = (event.get("Package") or event.get("ImportPath", "").split(" ")[0], event.get("Test"))
        if action in ("output", "build-output"):
            output[key] += event.get("Output", "")
        elif key[1] is None:
            if action in ("pass", "fail", "skip"):
                packages[key[0]] = action
        elif action == "run":
            result.setdefault(key, None)
        elif action in ("pass", "fail", "skip"):
            result[key] = action

    def children(key):
        return [k for k in result if k[0] == key[0] and k[1].startswith(key[1] + "/")]

    outcomes, failed_packages = [], set()
    for key, action in result.items():
        name = "%s %s" % (key[0].split("/")[-1], key[1])
        below = children(key)
        if action in ("fail", None):
            failed_packages.add(key[0])
        # A parent counts only if it failed by itself: its children are the tests.
        if below and (action in ("pass", "skip") or any(result[k] in ("fail", None) for k in below)):
            continue
        if action == "pass":
            outcomes.append(Outcome(where, name, PASSED, ""))
        elif action == "skip":
            outcomes.append(Outcome(where, name, SKIPPED, _go_skip_reason(output[key])))
        elif action == "fail":
            outcomes.append(Outcome(where, name, FAILED, both_ends(output[key])))
        else:
            outcomes.append(Outcome(where, name, FAILED,
                                    "was running when the test program died\n" + both_ends(output[key] or output[key[0], None])))
    for package, action in packages.items():
        if action == "fail" and package not in failed_packages:
            failed_packages.add(package)
            outcomes.append(Outcome(where, package, FAILED,
                                    tail(output[package, None] + "\n".join(noise) + "\n" + stderr)))
    if status != 0 and not failed_packages:
        said = "".join(output.values()) + "\n".join(noise) + "\n" + stderr
        outcomes.append(Outcome(where, "go test", FAILED, "%s\n%s" % (ending(status), tail(said))))
    elif not outcomes:
        outcomes.append(Outcome(where, "go test", FAILED, "not one test ran"))
    return outcomes
