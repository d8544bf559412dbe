# SPDX-License-Identifier: BSL-1.0
"""Measures what guards cost a file of a user's: what they add to the time of its compiler, as a part of what <string> adds,
and to its object.

usage: compile.py time CXX SINGLE_FILE_DIRECTORY | size CXX; prints lines for report.py. From the project's root.
"""
import os
import resource
import subprocess
import sys
import tempfile

from processes import interleave, print_row

ROUNDS = 15
IMPLEMENTATION_ROUNDS = 3  # one takes seconds
LEVELS = ("-O0", "-O2")
MODULAR = "include"

NAMES = "\n".join(f"void work{i}();" for i in range(20)) + "\n"
HEADER = "#include <cgo_guard.h>\n" + NAMES


def guards(count):
    return "".join(f'extern "C" cgo_guard_error *run{i}() {{ return CGO_GUARD {{ work{i}(); }}; }}\n' for i in range(count))


# Name: source and the directory of its headers. All but the first two are compared with them.
SOURCES = {
    "nothing": ("#include <cstddef>\n", MODULAR),
    "string": ("#include <string>\n", MODULAR),
    "one": (HEADER + guards(1), MODULAR),
    "value": (HEADER + "int number();\n"
              'extern "C" int run(cgo_guard_error **error) { return CGO_GUARD_VALUE(error) { return number(); }; }\n', MODULAR),
    "twenty": (HEADER + guards(20), MODULAR),
    "single": (HEADER + guards(1), None),
    "translator": ("#include <cgo_guard/translator.hpp>\n" + HEADER + guards(1), MODULAR),
    "thread": ("#include <cgo_guard/thread.hpp>\n" + HEADER + guards(1) +
               "void start() { cgo_guard::thread([] { work0(); }).detach(); }\n", MODULAR),
    "boost": ("#include <boost/stacktrace.hpp>\n"
              "std::string run() { return to_string(boost::stacktrace::stacktrace()); }\n", MODULAR),
}
IMPLEMENTATION = os.path.join(MODULAR, "cgo_guard", "source", "implementation.cpp")

# Name, title, and the largest part of a <string> allowed, or None.
ADDED = (
    ("one", "one CGO_GUARD", 0.2),
    ("value", "one CGO_GUARD_VALUE", 0.2),
    ("twenty", "twenty CGO_GUARDs", 1.0),
    ("single", "one CGO_GUARD by the single file", 0.3),
    ("translator", "one CGO_GUARD and translator.hpp", None),
    ("thread", "one CGO_GUARD and a thread by thread.hpp", None),
)


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1e9


def compile_file(compiler, level, source, headers, output):
    subprocess.run([compiler, "-std=c++17", level, "-I" + headers, "-c", source, "-o", output], check=True)


def measure_time(compiler, single_file, scratch):
    def compiling(source, level, headers=MODULAR):
        def work():
            start = processor_time()
            compile_file(compiler, level, source, headers, os.path.join(scratch, "timed.o"))
            return processor_time() - start
        return work

    for level in LEVELS:
        series = interleave({name: compiling(os.path.join(scratch, name + ".cpp"), level, headers or single_file)
                             for name, (_, headers) in SOURCES.items()}, ROUNDS)

        def added(name):
            return [a - b for a, b in zip(series[name], series["nothing"])]

        for name, title, budget in ADDED:
            print_row(f"{title} {level}, to <string>", added(name), added("string"), "ratio" if budget else "", budget or 0)
        print_row(f"one CGO_GUARD {level}, to a stack by <boost/stacktrace.hpp>", added("one"), added("boost"))
        implementation = interleave({"once": compiling(IMPLEMENTATION, level)}, IMPLEMENTATION_ROUNDS)["once"]
        print_row(f"the implementation {level}, once a program, to <string>", implementation, added("string")[:len(implementation)])


def section_sizes(path):
    """Bytes by section. A template's function has one of its own, which counts as .text."""
    sizes = {".text": 0, ".eh_frame": 0, ".bss": 0}
    for line in subprocess.run(["size", "-A", path], check=True, capture_output=True, text=True).stdout.splitlines():
        fields = line.split()
        for section in sizes:
            if fields and (fields[0] == section or fields[0].startswith(section + ".")):
                sizes[section] += int(fields[1])
    return sizes


# Section, the most of it allowed for a guard, and at which levels: without optimisation, every step of a guard is a function.
SECTIONS = (
    (".text", 128, ("-O2",)),
    (".eh_frame", 0, ()),
    (".bss", 0, LEVELS),
)


def measure_size(compiler, scratch):
    """A guard with the function that it stands in, which would be there without it as well."""
    for level in LEVELS:
        sizes = {}
        for name in ("one", "value", "twenty"):
            output = os.path.join(scratch, name + ".o")
            compile_file(compiler, level, os.path.join(scratch, name + ".cpp"), MODULAR, output)
            sizes[name] = section_sizes(output)
        for section, budget, limited_at in SECTIONS:
            for name, title, count in (("one", "one CGO_GUARD", 1), ("value", "one CGO_GUARD_VALUE", 1),
                                       ("twenty", "each of twenty CGO_GUARDs", 20)):
                limited = "a" if level in limited_at else ""
                print(f"{section} of {title} {level}\t{sizes[name][section] / count:.0f}\t\t\t\t{limited}\t{budget}\tB", flush=True)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for name, (text, _) in SOURCES.items():
            with open(os.path.join(scratch, name + ".cpp"), "w", encoding="utf-8") as file:
                file.write(text)
        if sys.argv[1] == "time":
            measure_time(sys.argv[2], sys.argv[3], scratch)
        else:
            measure_size(sys.argv[2], scratch)


if __name__ == "__main__":
    main()
