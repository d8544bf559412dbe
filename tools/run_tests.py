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

import cells
import toolchain
from count_tests import FAILED, PASSED, SKIPPED, Outcome, ending, from_catch2, from_go, from_program, tail

# Never fewer than two: even on one core a test that sleeps should not hold up the next.
JOBS = max(2, os.cpu_count() or 2)
# Go modules of their own, because what they need is nothing that the library may ask for.
MODULES = [("peers", "tests/peers"), ("neighbours", "tests/neighbours"), ("reporters", "tests/reporters"), ("cmd", "cmd")]

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


def with_compiler_cache(cc, cxx):
    """The environment in which a compiler does not do the same again: cells of the compile matrix that differ in what the
    linker is told compile alike, and cgo compiles the same C++ for every Go version and for -race."""
    compilers = os.path.abspath("build/ccache-bin")
    os.makedirs(compilers, exist_ok=True)
    environment = dict(os.environ, CCACHE_DIR=os.path.abspath("build/ccache"), CCACHE_CONFIGPATH=os.devnull,
                       CCACHE_MAXSIZE="1G")
    # Links and not CC="ccache gcc": Go asks the first word alone whether it knows -no-pie, and would build other programs.
    for variable, compiler in (("CC", cc), ("CXX", cxx)):
        link = os.path.join(compilers, compiler)
        if not os.path.lexists(link):
            os.symlink(shutil.which("ccache"), link)
        environment[variable] = link
    return environment


def go_environment(cc="gcc", cxx="g++"):
    """What differs between cgo's commands for two builds, and makes no difference here, is the random name of cgo's work
    directory and a seed."""
    environment = with_compiler_cache(cc, cxx)
    # -I alone stands before the package's own directory and the work directory. Ours are written -Idirectory.
    environment["CCACHE_IGNOREOPTIONS"] = "-ffile-prefix-map=* -fdebug-prefix-map=* -frandom-seed=* -I"
    # Go's own default, whose order is not the same in all versions.
    for variable in ("CGO_CFLAGS", "CGO_CXXFLAGS"):
        environment[variable] = "-g -O2"
    return environment


def go_environment_of_libcxx():
    environment = go_environment("clang", "clang++")
    environment["CGO_CXXFLAGS"] += " -stdlib=libc++"
    return dict(environment, CGO_LDFLAGS="-stdlib=libc++")


def configure(step, cell, directory, environment):
    """A build directory made for other tools or options is made anew: ninja would not notice a new compiler."""
    setup = ["meson", "setup", directory, "-Ddebug=true", "-Doptimization=" + cell.level] + cell.options
    text = cell.machine(environment["CC"], environment["CXX"])
    if text:
        machine = directory + ".ini"
        with open(machine, "w", encoding="utf-8") as file:
            file.write(text)
        setup += ["--cross-file", machine]
    version = "".join(run([tool, "--version"], 60)[1] for tool in (environment["CC"], environment["CXX"], "meson"))
    settings = " ".join(setup) + text + str(cell.environment)
    stamp_text = hashlib.sha256((settings + version).encode()).hexdigest()
    stamp = os.path.join(directory, ".configured-for")
    if os.path.exists(stamp) and open(stamp).read() == stamp_text:
        return True
    shutil.rmtree(directory, ignore_errors=True)
    status, output = run(setup, 300, env=environment)
    if status != 0:
        step.fail("meson setup", "%s\n%s" % (ending(status), tail(output)))
        return False
    with open(stamp, "w") as file:
        file.write(stamp_text)
    return True


def run_one(where, test, environment, runner):
    env = dict(environment, **test["env"])
    timeout = test["timeout"] if test["timeout"] > 0 else None
    if not any(suite.endswith("catch2") for suite in test["suite"]):
        # What is no program of ours is of this machine.
        command = runner + test["cmd"] if test["cmd"][0].startswith(os.getcwd()) else test["cmd"]
        status, output = run(command, timeout, env, test["workdir"])
        return from_program(where, test["name"], status, output)
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.xml")
        status, output = run(runner + test["cmd"] + ["--reporter", "xml", "--out", report], timeout, env, test["workdir"])
        text = open(report, encoding="utf-8", errors="replace").read() if os.path.exists(report) else ""
    return from_catch2(where, test["name"], status, text, output)


def matrix_cell(cell):
    directory = os.path.join("build", cell.name)
    with Step(cell.name) as step:
        environment = with_compiler_cache(cell.cc, cell.cxx)
        environment.update(cell.environment)
        if not configure(step, cell, directory, environment):
            return
        # Nothing of a cell that does not build is run: the programs of the last build would pass in its place.
        status, output = run(["ninja", "-C", directory, "-j%d" % JOBS], 1800, environment)
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
            for found in pool.map(lambda test: run_one(step.name, test, environment, cell.runner), together):
                step.add(found)
        for test in alone:
            step.add(run_one(step.name, test, environment, cell.runner))
        registered = {test["name"] for test in tests}
        for path in sorted(glob.glob(cell.test_files)):
            if os.path.basename(path)[:-len("_test.cpp")] not in registered:
                step.fail(path, "is in no list of tests in a meson.build, so nothing of it ran")


def go_vet(environment):
    """Together, because cgo compiles the C++ files of a package one after another, and that leaves processors idle."""
    directories = [".", "go_example"] + [directory for _, directory in MODULES]
    with Step("go vet") as step:
        with concurrent.futures.ThreadPoolExecutor(len(directories)) as pool:
            results = pool.map(lambda d: run(["go", "vet", "./..."], 1200, environment, d), directories)
            for directory, (status, output) in zip(directories, results):
                if status != 0:
                    step.fail("go vet in " + directory, ending(status) + "\n" + tail(output))


def go_test(name, directory, environment, *arguments):
    with Step(name) as step:
        # By default `go test` links without debug information, and then there are no lines for C++ frames.
        command = ["go", "test", "-json", "-count=1", "-timeout=10m", "-ldflags=-s=false -w=false"] + list(arguments)
        status, output, errors = run(command, 1200, environment, directory, split=True)
        step.add(from_go(step.name, status, output, errors))


def go_test_on(version, environment):
    """The whole suite on a Go version that the module proxy has; one that can't be had is a failure."""
    root, reason = toolchain.fetch(version, run)
    if root is None:
        with Step("go " + version) as step:
            step.fail("fetch the toolchain", reason)
        return
    path = os.path.join(root, "bin") + os.pathsep + environment["PATH"]
    go_test("go " + version, ".", dict(environment, PATH=path), "./...")


def go_on_arm64(environment):
    """The Go package and the gallery, built for arm64 and emulated. Not optimised C++: it is seen so in the cells."""
    cross = with_compiler_cache("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++")
    environment = dict(environment, CC=cross["CC"], CXX=cross["CXX"], GOARCH="arm64", **cells.ARM64_ENVIRONMENT)
    emulator = "-exec=" + cells.ARM64_EMULATOR
    go_test("go arm64", ".", environment, emulator, "-short", "./cgoguard/...")
    go_test("go_example arm64", "go_example", environment, emulator, "-short", "./...")


def consumers():
    with Step("consumers") as step:
        scripts = [s for s in sorted(glob.glob("tests/consumer/*.sh")) if os.path.basename(s) != "common.sh"]

        def run_script(script):
            start = time.monotonic()
            return run(["bash", script], 600) + (time.monotonic() - start,)

        # Side by side, because most of their time is cgo's, which compiles one file after another.
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for script, (status, output, seconds) in zip(scripts, pool.map(run_script, scripts)):
                name = os.path.basename(script)[:-len(".sh")]
                step.add(from_program(step.name, name, status, output))
                step.notes.append("%s %.0f s" % (name, seconds))
                # How a test was able to test, for instance without a network.
                step.notes += [line[len("note: "):] for line in output.splitlines() if line.startswith("note: ")]
        if not step.mine:
            step.fail("tests/consumer", "not one consumer ran")


def other_platforms(targets):
    """For what no machine here runs it can at least be compiled, with that platform's headers."""
    if not targets:
        return
    with Step("compiled, not run") as step:
        environment = dict(os.environ, ZIG_GLOBAL_CACHE_DIR=os.path.abspath("build/zig"))

        def compile_for(target):
            return run(["tests/targets/compile.sh", "zig"] + list(target), 600, environment)

        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for target, (status, output) in zip(targets, pool.map(compile_for, targets)):
                step.add(from_program(step.name, " ".join(target[:1] + target[2:]), status, output))


def documentation(environment):
    """What docs/ shows of programs is what they print."""
    with Step("docs") as step:
        status, output = run([sys.executable, "tools/doc_output.py"], 600, environment)
        step.add(from_program(step.name, "doc_output", status, output))


def side_by_side(*steps):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for finished in [pool.submit(*step) for step in steps]:
            finished.result()


def main():
    start = time.monotonic()
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # Death tests die by the dozen; their cores would fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    arguments = sys.argv[1:]
    for cell in cells.chosen(arguments):
        matrix_cell(cell)
    other_platforms(cells.compiled_only(arguments))
    environment, here = go_environment(), toolchain.version_here(run)
    go_vet(environment)
    versions = toolchain.versions()
    # The loads go on for as long as they are told: a while on the newest, moments on the oldest. The Go of this machine
    # has the detectors, whose builds are the whole suite too.
    on_versions = [(go_test_on, version, dict(environment, CGOGUARD_LOAD_SECONDS="10" if version == versions[-1] else "3"))
                   for version in versions]
    # Trap 19. Not optimised, which compiles three times as fast. Without its search for leaks: what a frame held that
    # crashed is lost, and some tests crash for that.
    unoptimised = dict(environment, CGO_CFLAGS="-g -O0", CGO_CXXFLAGS="-g -O0", ASAN_OPTIONS="detect_leaks=0")
    side_by_side(
        *on_versions,
        (go_test, "go %s -race" % here, ".", environment, "-race", "-short", "./cgoguard/..."),
        (go_test, "go %s -asan" % here, ".", unoptimised, "-asan", "-short", "./cgoguard/..."),
        # The guard of platforms without signals, as Go sees it. The rest of the suite asks for signals.
        (go_test, "go %s portable" % here, ".", dict(environment, CGOGUARD_TEST_PORTABLE="1",
                                                     CGO_CXXFLAGS=environment["CGO_CXXFLAGS"] + " -DCGO_GUARD_HAS_SIGNALS=0"),
         "./cgoguard/internal/eitherguard"),
        (go_test, "go %s libc++" % here, ".", go_environment_of_libcxx(), "-short", "./cgoguard"),
        (go_test, "go_example", "go_example", environment, "./..."),
        (documentation, environment),
        *((go_test, name, directory, environment, "./...") for name, directory in MODULES),
        *([(go_on_arm64, environment)] if cells.imitates(arguments) else []))
    consumers()

    by_status = {status: [o for o in outcomes if o.status == status] for status in (PASSED, FAILED, SKIPPED)}
    for status in (SKIPPED, FAILED):
        for outcome in by_status[status]:
            reason = ": " + outcome.detail.splitlines()[-1] if status == SKIPPED and outcome.detail else ""
            print("%s  %s  %s%s" % (status, outcome.where, outcome.name, reason))
    if cells.imitates(arguments):
        print(cells.ONLY_AN_ARM64_MACHINE_SHOWS)
    print("%.0f s in all" % (time.monotonic() - start))
    if by_status[SKIPPED]:
        print("%d skipped, named above" % len(by_status[SKIPPED]))
    # The last line, and nothing else on it: CI reads it.
    print("%d passed, %d failed" % (len(by_status[PASSED]), len(by_status[FAILED])), flush=True)
    return 1 if by_status[FAILED] or not by_status[PASSED] else 0


if __name__ == "__main__":
    sys.exit(main())
