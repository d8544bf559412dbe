# SPDX-License-Identifier: BSL-1.0
"""Measures what takes a process of its own each time: the first stack of a process, as text or recorded.

usage: processes.py stacks PROGRAM... | captures PROGRAM; prints lines for report.py. From the project's root.
"""
import os
import statistics
import subprocess
import sys

STACK_ROUNDS = 7
CAPTURE_ROUNDS = 31  # one takes microseconds, and each has one moment to be disturbed in


def interleave(works, rounds):
    """One figure a round for each work, in order, so that whatever slows one may slow the others."""
    series = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            series[name].append(work())
    return series


def print_row(name, a, b, limited="", budget=0):
    ratio = statistics.median(x / y for x, y in zip(a, b))
    difference = statistics.median(x - y for x, y in zip(a, b))
    print(f"{name}\t{statistics.median(a):.0f}\t{statistics.median(b):.0f}\t{ratio:.4f}\t{difference:.0f}\t{limited}\t{budget}",
          flush=True)


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
    if sys.argv[1] == "captures":
        first_captures(sys.argv[2])
    else:
        first_stacks(sys.argv[2:])
