#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Builds and runs every test there is, counts what really ran, and ends with one line: `N passed, N failed`.

Started by `./dev test`, which sees to the tools and the environment.
"""

import concurrent.futures
import glob
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from count_tests import FAILED, PASSED, SKIPPED, Outcome, ending, from_catch2, from_go, from_program, tail

COMPILERS = [("gcc", "gcc", "g++"), ("clang", "clang", "clang++")]
LEVELS = ["0", "2"]
# Never fewer than two: even on one core a test that sleeps should not hold up the next.
JOBS = max(2, os.cpu_count() or 2)

outcomes = []


def run(command, timeout, env=None, cwd=None, split=False):
    """The exit status (None after the timeout) and the output. A test may have started processes of its own, and one
    that is left over would keep the pipe open for ever: hence the group."""
    streams = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE if split else subprocess.STDOUT)
    try:
        process = subprocess.Popen(command, env=env, cwd=cwd, start_new_session=True, **streams)
    except OSError as error:
        return (127, str(error), "") if split else (127, str(error))
    try:
        out, err = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = None
    text = out.decode(errors="replace")
    return (status, text, (err or b"").decode(errors="replace")) if split else (status, text)


class Step:
    """One line of the report: printed when the step is over, with its failures below it."""

    def __init__(self, name):
        self.name, self.mine, self.notes = name, [], []
        self.start = self.lap = time.monotonic()

    def took(self, what):
        """Notes how long it is since the last of these."""
        now = time.monotonic()
        self.notes.append("%s %.0f s" % (what, now - self.lap))
        self.lap = now

    def add(self, found):
        self.mine += found

    def fail(self, what, detail):
        self.add([Outcome(self.name, what, FAILED, detail)])

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and issubclass(kind, Exception):
            self.fail("the test runner itself", "%s: %s" % (kind.__name__, error))
        outcomes.extend(self.mine)
        count = {status: sum(o.status == status for o in self.mine) for status in (PASSED, FAILED, SKIPPED)}
        line = "%-22s %4d passed %4d failed %4d skipped   %4.0f s" % (
            self.name, count[PASSED], count[FAILED], count[SKIPPED], time.monotonic() - self.start)
        print(line + ("   (%s)" % ", ".join(self.notes) if self.notes else ""), flush=True)
        for outcome in self.mine:
            if outcome.status == FAILED:
                print("  FAILED %s\n%s" % (outcome.name, "\n".join("    " + l for l in outcome.detail.splitlines())), flush=True)
        return kind is None or issubclass(kind, Exception)


def configure(step, directory, cc, cxx, level):
    """A build directory made for other tools or options is made anew: ninja would not notice a new compiler."""
    setup = ["meson", "setup", directory, "-Ddebug=true", "-Doptimization=" + level]
    version = "".join(run([tool, "--version"], 60)[1] for tool in (cc, cxx, "meson"))
    stamp_text = hashlib.sha256((" ".join(setup) + version).encode()).hexdigest()
    stamp = os.path.join(directory, ".configured-for")
    if os.path.exists(stamp) and open(stamp).read() == stamp_text:
        return True
    shutil.rmtree(directory, ignore_errors=True)
    status, output = run(setup, 300, env=dict(os.environ, CC=cc, CXX=cxx))
    if status != 0:
        step.fail("meson setup", "%s\n%s" % (ending(status), tail(output)))
        return False
    with open(stamp, "w") as file:
        file.write(stamp_text)
    return True


def run_one(where, test):
    env = dict(os.environ, **test["env"])
    timeout = test["timeout"] if test["timeout"] > 0 else None
    if not any(suite.endswith("catch2") for suite in test["suite"]):
        status, output = run(test["cmd"], timeout, env, test["workdir"])
        return from_program(where, test["name"], status, output)
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.xml")
        status, output = run(test["cmd"] + ["--reporter", "xml", "--out", report], timeout, env, test["workdir"])
        text = open(report, encoding="utf-8", errors="replace").read() if os.path.exists(report) else ""
    return from_catch2(where, test["name"], status, text, output)


def matrix_cell(name, cc, cxx, level):
    directory = os.path.join("build", "%s-O%s" % (name, level))
    with Step(os.path.basename(directory)) as step:
        if not configure(step, directory, cc, cxx, level):
            return
        # Nothing of a cell that does not build is run: the programs of the last build would pass in its place.
        status, output = run(["ninja", "-C", directory, "-j%d" % JOBS], 1800)
        if status != 0:
            step.fail("build", "%s\n%s" % (ending(status), tail(output)))
            return
        step.took("build")
        status, listing, errors = run(["meson", "introspect", directory, "--tests"], 60, split=True)
        if status != 0:
            step.fail("meson introspect", ending(status) + "\n" + tail(listing + errors))
            return
        tests = json.loads(listing)
        together = [test for test in tests if test.get("is_parallel", True)]
        alone = [test for test in tests if not test.get("is_parallel", True)]
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for found in pool.map(lambda test: run_one(step.name, test), together):
                step.add(found)
        for test in alone:
            step.add(run_one(step.name, test))
        registered = {test["name"] for test in tests}
        for path in sorted(glob.glob("tests/*/*_test.cpp")):
            if os.path.basename(path)[:-len("_test.cpp")] not in registered:
                step.fail(path, "is in no list of tests in a meson.build, so nothing of it ran")


def go_vet_and_build():
    """Together, because cgo compiles the C++ files of a package one after another, and that leaves processors idle."""
    commands = [("go vet", "."), ("go vet", "go_example"), ("go build -race", "cgoguard")]
    with Step("go vet, go build") as step:
        with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
            results = pool.map(lambda c: run(c[0].split() + ["./..."], 1200, cwd=c[1]), commands)
            for (command, directory), (status, output) in zip(commands, results):
                if status != 0:
                    step.fail("%s in %s" % (command, directory), ending(status) + "\n" + tail(output))


def go_test(name, directory, *arguments):
    with Step(name) as step:
        # By default `go test` links without debug information, and then there are no lines for C++ frames.
        command = ["go", "test", "-json", "-count=1", "-timeout=10m", "-ldflags=-s=false -w=false"] + list(arguments)
        status, output, errors = run(command, 1200, cwd=directory, split=True)
        step.add(from_go(step.name, status, output, errors))


def consumers():
    with Step("consumers") as step:
        for script in sorted(glob.glob("tests/consumer/*.sh")):
            name = os.path.basename(script)[:-len(".sh")]
            if name == "common":
                continue
            status, output = run(["bash", script], 600)
            step.add(from_program(step.name, name, status, output))
            step.took(name)
            # How a test was able to test, for instance without a network.
            step.notes += [line[len("note: "):] for line in output.splitlines() if line.startswith("note: ")]
        if not step.mine:
            step.fail("tests/consumer", "not one consumer ran")


def main():
    start = time.monotonic()
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # Death tests die by the dozen; their cores would fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, cc, cxx in COMPILERS:
        for level in LEVELS:
            matrix_cell(name, cc, cxx, level)
    go_vet_and_build()
    go_test("go", ".", "./...")
    go_test("go, example", "go_example", "./...")
    go_test("go, race detector", ".", "-race", "-short", "./cgoguard/...")
    consumers()

    by_status = {status: [o for o in outcomes if o.status == status] for status in (PASSED, FAILED, SKIPPED)}
    for status in (SKIPPED, FAILED):
        for outcome in by_status[status]:
            reason = ": " + outcome.detail.splitlines()[-1] if status == SKIPPED and outcome.detail else ""
            print("%s  %s  %s%s" % (status, outcome.where, outcome.name, reason))
    print("%.0f s in all" % (time.monotonic() - start))
    summary = "%d passed, %d failed" % (len(by_status[PASSED]), len(by_status[FAILED]))
    if by_status[SKIPPED]:
        summary += ", %d skipped" % len(by_status[SKIPPED])
    print(summary, flush=True)
    return 1 if by_status[FAILED] or not by_status[PASSED] else 0


if __name__ == "__main__":
    sys.exit(main())
