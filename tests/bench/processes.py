# SPDX-License-Identifier: BSL-1.0
"""Measures what takes a process of its own each time: compiling, and the first stack of a process, as text or recorded.

usage: processes.py compile | stacks PROGRAM... | captures PROGRAM; prints lines for report.py. From the project's root.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile

COMPILE_ROUNDS = 3
STACK_ROUNDS = 7
CAPTURE_ROUNDS = 31  # one takes microseconds, and each has one moment to be disturbed in

SOURCES = {
    "empty": "#include <string>\n",
    "guard": '#include <cgo_guard.h>\nvoid work();\nextern "C" cgo_guard_error *run() { return CGO_GUARD { work(); }; }\n',
    "boost": "#include <boost/stacktrace.hpp>\nstd::string run() { return to_string(boost::stacktrace::stacktrace()); }\n",
}


def interleave(works, rounds):
    """One figure a round for each work, in order, so that whatever slows one may slow the others."""
    series = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            series[name].append(work())
    return series


def print_row(name, a, b):
    ratio = statistics.median(x / y for x, y in zip(a, b))
    difference = statistics.median(x - y for x, y in zip(a, b))
    print(f"{name}\t{statistics.median(a):.0f}\t{statistics.median(b):.0f}\t{ratio:.4f}\t{difference:.0f}\t\t0", flush=True)


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1e9


def compile_seconds():
    with tempfile.TemporaryDirectory() as directory:
        def compiling(name, level):
            source = os.path.join(directory, name + ".cpp")
            with open(source, "w", encoding="utf-8") as file:
                file.write(SOURCES[name])

            def work():
                start = processor_time()
                subprocess.run(["g++", "-std=c++17", level, "-Iinclude", "-c", source, "-o", source + ".o"], check=True)
                return processor_time() - start
            return work

        for level in ("-O2", "-O0"):
            series = interleave({name: compiling(name, level) for name in SOURCES}, COMPILE_ROUNDS)
            print_row(f"a file with one guard {level}, to one with <string> only", series["guard"], series["empty"])
            print_row(f"a file with one guard {level}, to <boost/stacktrace.hpp>", series["guard"], series["boost"])


def first_stacks(programs):
    def running(program):
        def work():
            return [float(field) for field in subprocess.run([program], check=True, capture_output=True).stdout.split()]
        return work

    series = interleave({program: running(program) for program in programs}, STACK_ROUNDS)
    titles = ("first stack of a process", "each frame of addresses not seen before", "each frame of addresses seen before")
    ours = programs[0]
    for i, title in enumerate(titles):
        figures = {}
        for program, rounds in series.items():
            figures[program] = [figure[i] / (figure[3] if i > 0 else 1) for figure in rounds]
        for program in programs[1:]:
            back_end = os.path.basename(program).replace("stack_text_", "")
            print_row(f"{title}, to Boost's {back_end}", figures[ours], figures[program])


def first_captures(program):
    def running(whose):
        def work():
            return float(subprocess.run([program, whose], check=True, capture_output=True).stdout)
        return work

    series = interleave({whose: running(whose) for whose in ("ours", "boost")}, CAPTURE_ROUNDS)
    print_row("the same for the first time in a process, to Boost's stacktrace", series["ours"], series["boost"])


if __name__ == "__main__":
    if sys.argv[1] == "compile":
        compile_seconds()
    elif sys.argv[1] == "captures":
        first_captures(sys.argv[2])
    else:
        first_stacks(sys.argv[2:])
