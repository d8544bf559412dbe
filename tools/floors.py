#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Holds the house of include/cgo_guard/detail together: includes go down the list of floors in its README.md, the floors
include nothing that is for users, and what belongs to one floor is named on no other. Prints what is against that."""

import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "include", "cgo_guard")
GROUND = ("abi.h", "config.hpp", "contract.hpp")  # every floor stands on it
# Headers for users that a floor is the other half of.
THROUGH_THE_DOOR = {"guard.hpp", "callback.hpp", "thread.hpp", "translator.hpp"}

# What only one floor may name: a reader of another would have to know that processor, or that library. A port would have
# to look for it there.
PRIVATE = [
    ("arch", "a register or the layout of a processor's context", re.compile(
        r"\bu?c?_?mcontext\b|\bgregs?\b|\bgreg_\w+|\bREG_[A-Z0-9]+\b|\bfpregs\b|\bmxcsr\b"
        r"|%?\b(?:[re][abcd]x|[re][sd]i|[re][sb]p|[re]ip|r(?:[89]|1[0-5])d?|[xyz]mm\d+|eflags|[wxvd](?:[12]?\d|3[01])|lr)\b"
        r"|\b(?:user_(?:fp)?regs_struct|user_fpsimd_struct|NT_(?:X86|ARM|PRFP|FP)\w+|EM_(?:X86|AARCH|386|ARM)\w*)\b")),
    ("arch", "which processor this is", re.compile(r"__(?:x86_64|amd64|i386|aarch64|arm|ILP32|LP64|AVX\w*|SSE\w*)__")),
    ("arch", "an instruction", re.compile(r"__asm__\s+volatile|__asm__\s*\(\s*\"(?:\w+\s+[%$]|\.)|\bendbr64\b")),
    ("arch", "where a frame is", re.compile(r"__builtin_dwarf_cfa|\b(?:red_zone|sp|rsp)\s*[-+]\s*(?:8|128)\b|\{\s*-8\s*,")),
    ("arch", "the size of a page", re.compile(r"\b(?:4096|0x1000|0xfff)\b|~\s*(?:std::uintptr_t\{)?4095\b")),
    ("arch", "on which side of the thread pointer variables are", re.compile(
        r"\bthread_pointer\(\)\s*[-+]|[-+]\s*(?:arch::)?thread_pointer\(\)")),
    ("arch", "a system call that newer processors don't have", re.compile(
        r"\bSYS_(?:access|alarm|arch_prctl|chmod|chown|creat|dup2|epoll_create|epoll_wait|eventfd|fork|getdents|getpgrp|"
        r"inotify_init|link|lstat|mkdir|mknod|open|pause|pipe|poll|readlink|rename|rmdir|select|signalfd|stat|symlink|time|"
        r"unlink|utimes?|vfork)\b")),
    ("runtime", "a private name of glibc or musl, or which C library this is", re.compile(
        r"\b_?dl_find_object\b|\bdlfo_\w+|\bDLFO_\w+|\bdlvsym\b|\bdladdr1\b|\blink_map\b|\bl_(?:addr|name|ld)\b|\bGLIBC_\w+"
        r"|\b__libc_\w+|\b__abort_msg\b|\babort_msg_s\b|\b__GI_\w+|\b__GLIBC(?:_\w+)?\b|\b__run_exit_handlers\b"
        r"|\b__quick_exit_funcs\b|\b__cxa_finalize\b|\b__sigaction\b|\bssignal\b|\bgsignal\b|\bbsd_signal\b"
        r"|\b__funcs_on_\w+|\b__(?:init|fini)_array_\w+|\b__DEFINED_\w+|\b__(?:restore|block_\w+)_sigs\b|\br_(?:debug|map)\b|\bDT_DEBUG\b"
        r"|\b__pthread_\w+|\bstrerrordesc_np\b|\bAT_BASE\b|\bAT_EXECFN\b|\b_NL_\w+")),
    ("runtime", "a private name of libstdc++, or which C++ runtime this is", re.compile(
        r"\b__gnu_cxx\b|\b__GLIBCXX__|\b_GLIBCXX\w*|\b_LIBCPP\w*|\b(?:std::)?__glibcxx\w+|\b__do_catch\b"
        r"|\b_?ZTIN10__cxxabiv1\w*|\bN10__cxxabiv1\w+|\b__(?:si_|vmi_)?class_type_info\b|\b__cxa_init_primary_exception\b"
        r"|\b__cxa_get_globals\w*|\b__cxa_(?:dependent_)?exception\b|0x(?:474e5543|434c4e47)432b2b0[01]|GNUCC|CLNGC"
        r"|_ZNK?St|_ZTIN?K?S|_ZSt(?!9terminatev)|NSt7__cxx11|\bstd::_[A-Z]\w+|\bstd::__1\b|\b__(?:path|vptr|_M)_\w+|\._M_\w+"
        r"|__gxx_personality_v0\(\.\.\.\)")),
]

# The head of each file says what a port has to supply.
INTERFACES = [("arch", "detail/arch/arch.hpp"), ("libc", "detail/runtime/libc.hpp"), ("cxx", "detail/runtime/cxx.hpp")]


def floors():
    with open(os.path.join(ROOT, "detail", "README.md"), encoding="utf-8") as file:
        return re.findall(r"^\| \[(\w+)\]\(\1\) \|", file.read(), re.MULTILINE)


def headers():
    for directory, _, names in os.walk(ROOT):
        for name in sorted(names):
            if name.endswith((".h", ".hpp")):
                yield os.path.relpath(os.path.join(directory, name), ROOT)


def code_of(text):
    """The text without comments, lines kept."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.DOTALL)


def floor_of(path):
    parts = path.split(os.sep)
    return parts[1] if parts[0] == "detail" and len(parts) > 2 else None


def untold(texts):
    """Names of an interface that somebody uses, and that its head doesn't tell of."""
    for namespace, head in INTERFACES:
        with open(os.path.join(ROOT, head), encoding="utf-8") as file:
            told = set(re.findall(r"\w+", file.read().split("#ifndef")[0]))
        for path, text in texts:
            if namespace == "arch" and floor_of(path) == "arch":
                continue  # a namespace of its own inside
            for name in sorted(set(re.findall(r"\b%s::(\w+)" % namespace, text)) - told):
                if not name.startswith("cgo_guard_v1_"):
                    yield "%s: %s::%s, of which the head of %s doesn't tell" % (path, namespace, name, head)


def main():
    order = {name: level for level, name in enumerate(floors())}
    found, texts = [], []
    folders = {name for name in os.listdir(os.path.join(ROOT, "detail")) if os.path.isdir(os.path.join(ROOT, "detail", name))}
    for name in sorted(folders ^ set(order)):
        found.append("detail/%s: a floor is a folder and a line in detail/README.md" % name)
    for name in sorted(folders):
        if not os.path.isfile(os.path.join(ROOT, "detail", name, "README.md")):
            found.append("detail/%s: a README.md says what the floor is for and what it may touch" % name)
            continue
        with open(os.path.join(ROOT, "detail", name, "README.md"), encoding="utf-8") as file:
            told = set(re.findall(r"^\| \[[^\]]*\]\(([^)]*)\) \|", file.read(), re.MULTILINE))
        there = {os.path.relpath(path, os.path.join("detail", name)) for path in headers() if floor_of(path) == name}
        for path in sorted(there ^ told):
            found.append("detail/%s/README.md: its table has a line for each header, and %s is in one of the two" % (name, path))
    for path in headers():
        floor = floor_of(path)
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = code_of(file.read())
        texts.append((path, text))
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if match and floor is not None:
                target = os.path.normpath(os.path.join(os.path.dirname(path), match.group(1)))
                other = floor_of(target)
                if other is None:
                    if target not in GROUND and target not in THROUGH_THE_DOOR:
                        found.append("%s:%d: %s includes %s, which is for users" % (path, number, floor, target))
                elif order.get(other, 0) < order.get(floor, 0):
                    found.append("%s:%d: an arrow upwards, from %s to %s" % (path, number, floor, target))
            if match:
                continue
            for owner, what, pattern in PRIVATE:
                if floor != owner and pattern.search(line):
                    found.append("%s:%d: %s, which is for %s/: %s" % (path, number, what, owner, line.strip()))
    found += untold(texts)
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
