# SPDX-License-Identifier: BSL-1.0
"""Makes a table of what the benchmark programs print. Every figure in it is a median; a budget that is exceeded is said
so, and is no failure: what a machine takes for something is no test of a program.

Input: `# title of a section`, or name, A, B, ratio, difference, what is limited (nothing, "ratio", "difference" or "a")
and the budget, with tabs between them and times in nanoseconds.
"""
import sys

WIDTH = 66


def time_text(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(ns) >= size:
            return f"{ns / size:.2f} {unit}"
    return f"{ns:.1f} ns"


def row_text(name, a, b, outcome, budget="", verdict=""):
    return f"{name:<{WIDTH}} {a:>10} {b:>10} {outcome:>10}   {budget:<10} {verdict}".rstrip()


def main():
    within, over = 0, []
    for line in sys.stdin:
        line = line.rstrip("\n")
        if line.startswith("# "):
            print(f"\n{line[2:]}\n{row_text('', 'A', 'B', 'A / B', 'budget')}", flush=True)
            continue
        fields = line.split("\t")
        if len(fields) != 7:
            print(line, flush=True)
            continue
        name, limited = fields[0], fields[5]
        a, b, ratio, difference, budget = (float(fields[i]) for i in (1, 2, 3, 4, 6))
        outcome, limit, verdict = f"{ratio:.2f}", "", ""
        if limited:
            measured = {"ratio": ratio, "difference": difference, "a": a}[limited]
            if limited == "difference":
                outcome = f"{'+' if difference >= 0 else ''}{time_text(difference)}"
            limit = f"<= {budget:.2f}" if limited == "ratio" else f"<= {time_text(budget)}"
            verdict = "ok" if measured <= budget else "over"
            within += measured <= budget
            if measured > budget:
                over.append(name)
        print(row_text(name, time_text(a), time_text(b), outcome, limit, verdict), flush=True)
    print(f"\n{within} budgets hold, {len(over)} are exceeded" + "".join(f"\n  over: {name}" for name in over))


if __name__ == "__main__":
    main()
