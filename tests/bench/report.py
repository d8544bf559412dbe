# SPDX-License-Identifier: BSL-1.0
"""Makes a table of what the benchmark programs print. Every figure in it is a median; a budget that is exceeded is said
so, and is no failure: what a machine takes for something is no test of a program.

Input: `# title of a section`, or name, A, B, ratio, difference, what is limited (nothing, "ratio", "difference" or "a"),
the budget and, where it is not nanoseconds, the unit ("B"), with tabs between them. What there is not is empty.
"""
import sys

WIDTH = 66


def text_of(value, unit):
    if value is None:
        return ""
    return time_text(value) if unit == "ns" else f"{value:.0f} {unit}"


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
        if len(fields) not in (7, 8):
            print(line, flush=True)
            continue
        name, limited, unit = fields[0], fields[5], fields[7] if len(fields) == 8 else "ns"
        a, b, ratio, difference, budget = (float(fields[i]) if fields[i] else None for i in (1, 2, 3, 4, 6))
        outcome, limit, verdict = "" if ratio is None else f"{ratio:.2f}", "", ""
        if limited:
            measured = {"ratio": ratio, "difference": difference, "a": a}[limited]
            if limited == "difference":
                outcome = f"{'+' if difference >= 0 else ''}{text_of(difference, unit)}"
            limit = f"<= {budget:.2f}" if limited == "ratio" else f"<= {text_of(budget, unit)}"
            verdict = "ok" if measured <= budget else "over"
            within += measured <= budget
            if measured > budget:
                over.append(name)
        print(row_text(name, text_of(a, unit), text_of(b, unit), outcome, limit, verdict), flush=True)
    print(f"\n{within} budgets hold, {len(over)} are exceeded" + "".join(f"\n  over: {name}" for name in over))


if __name__ == "__main__":
    main()
