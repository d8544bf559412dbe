#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The output that docs/*.md shows, from the programs that make it.

    doc_output.py          compares, and fails where a page shows something else
    doc_output.py --write  writes it into the pages (`./dev docs`)

In a page, the line `<!-- output: NAME -->` stands before a block; scenarios() below says what makes NAME. Compared is
what stays the same from one run and machine to the next: not addresses, numbers of threads and processes, and times.
Needs the environment of ./dev.
"""

import difflib
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHOWN_ROOT = "/src/cgo_guard"
BLOCK = re.compile(r"(<!-- output: ([\w-]+) -->\n+```text\n)(.*?)(```\n)", re.S)
GDB = ["gdb", "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off"]


def run(*command, status=0, cwd=None):
    """Standard output and error. A program that dies on purpose has another status."""
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=300, check=False)
    text = done.stdout.decode(errors="replace")
    if status is not None and done.returncode != status:
        raise RuntimeError("exit status %d, want %d: %s\n%s" % (done.returncode, status, " ".join(command), text))
    return text


def build(output, *flags):
    run("go", "build", *flags, "-o", output, "./story", cwd=os.path.join(ROOT, "go_example"))


def only(text, first, last=None):
    """The part of a text from one line to before another one."""
    start = text.index(first)
    return text[start:text.index(last, start) if last else len(text)]


def gdb_session(program, core, *commands):
    """What a person would see who typed the commands."""
    script = os.path.join(ROOT, "gdb", "cgo_guard-gdb.py")
    text = "$ gdb %s %s\n(gdb) source /usr/share/cgo_guard/gdb/cgo_guard-gdb.py\n" % (
        os.path.basename(program), os.path.basename(core))
    for command in commands:
        # What gdb says of the core itself ends where it shows the frame that it stands in.
        said = run(*GDB, program, core, "-ex", "source " + script, "-ex", "echo ----\\n", "-ex", command)
        text += "(gdb) %s\n%s" % (command, said.split("----\n", 1)[1])
    return text


def tools(scratch):
    """What docs/tools.md shows of cgo-guard."""
    command = os.path.join(scratch, "cgo-guard")
    run("go", "build", "-o", command, "./cgo-guard", cwd=os.path.join(ROOT, "cmd"))
    shop = os.path.join(scratch, "shop")
    os.mkdir(shop)
    for name, text in (("go.mod", "module example.com/shop\n\ngo 1.19\n\nrequire github.com/cgo-guard/cgo_guard v0.0.0\n\n"
                                  "replace github.com/cgo-guard/cgo_guard => %s\n" % ROOT), ("main.go", "package main\n")):
        with open(os.path.join(shop, name), "w", encoding="utf-8") as file:
            file.write(text)
    yield "init", "$ cgo-guard init\n" + run(command, "init", cwd=shop)
    vetted = os.path.join(ROOT, "cmd", "internal", "vet", "testdata")
    # With an older Go the exit status is 2, not 1, and a line names the package.
    found = re.sub(r"^# .*\n", "", run(command, "vet", "./inventory", status=None, cwd=vetted), flags=re.M)
    yield "vet", "$ cgo-guard vet ./inventory\n" + found


def scenarios(scratch):
    """Name and text of each output."""
    yield from tools(scratch)
    story, stripped = os.path.join(scratch, "story"), os.path.join(scratch, "stripped", "story")
    build(story)
    yield "print", run(story, "error")

    crash = run(story, "crash", status=2)
    yield "crash", only(crash, "cgo_guard: ", "SIGSEGV: segmentation")

    core = os.path.join(scratch, "core")
    run(*GDB, "-ex", "handle SIGURG nostop noprint pass", "-ex", "run crash", "-ex", "generate-core-file " + core, story)
    threads = gdb_session(story, core, "cgo-guard threads")
    thread = re.search(r"^thread (\d+) .*goroutine", threads, re.M).group(1)
    yield "core", gdb_session(story, core, "cgo-guard threads", "cgo-guard bt " + thread)

    run("strip", "-o", stripped, story)  # what -ldflags=-s links has another build ID than what is linked without
    report = os.path.join(scratch, "report.txt")
    with open(report, "w", encoding="utf-8") as file:
        file.write(run(stripped, "report"))
    with open(report, encoding="utf-8") as file:
        yield "stripped", only(file.read(), "C++ stack:", "\nGo stack:")
    symbolized = run(os.path.join(scratch, "cgo-guard"), "symbolize", "-binary", story, report)
    yield "symbolized", ("$ cgo-guard symbolize -binary story.unstripped report.txt\n...\n" +
                         only(symbolized, "C++ stack:", "\nGo stack:"))


def for_readers(text, scratch):
    """Without the directories of this machine."""
    for shown, real in ((SHOWN_ROOT, ROOT), ("/src", os.path.join(scratch, "stripped")), ("/src", scratch)):
        text = text.replace(real, shown)
    return text


def comparable(text):
    text = re.sub(r"0x[0-9a-f]+", "0xN", text)
    # How far the walk gets into Go's assembly depends on the version of Go.
    text = re.sub(r"^  #\d+ .*\n", "", text, flags=re.M)
    text = re.sub(r"build id [0-9a-f]+", "build id N", text)
    text = re.sub(r"\b(thread|LWP|goroutine|bt|of)( +)\d+", r"\1 N", text)
    return re.sub(r"[ \t]+", " ", text)


def main():
    write = sys.argv[1:] == ["--write"]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as scratch:
        scratch = os.path.realpath(scratch)
        os.mkdir(os.path.join(scratch, "stripped"))
        outputs = {name: for_readers(text, scratch) for name, text in scenarios(scratch)}
    wrong, met = 0, set()
    for page in sorted(glob.glob(os.path.join(ROOT, "docs", "*.md"))):
        with open(page, encoding="utf-8") as file:
            text = file.read()
        for _, name, shown, _ in BLOCK.findall(text):
            met.add(name)
            if comparable(shown) == comparable(outputs[name]):
                continue
            wrong += 1
            print("%s shows another %s than there is:" % (os.path.relpath(page, ROOT), name))
            print("\n".join(difflib.unified_diff(comparable(shown).splitlines(), comparable(outputs[name]).splitlines(),
                                                 "shown", "printed", lineterm="")))
        if write:
            with open(page, "w", encoding="utf-8") as file:
                file.write(BLOCK.sub(lambda m: m.group(1) + outputs[m.group(2)] + m.group(4), text))
    for name in sorted(set(outputs) - met):
        wrong += 1
        print("no page shows the output %s" % name)
    if write or wrong == 0:
        print("OK")
        return 0
    print("`./dev docs` writes what there is into the pages")
    return 1


if __name__ == "__main__":
    sys.exit(main())
