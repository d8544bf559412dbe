# SPDX-License-Identifier: BSL-1.0
"""What cgo_guard-gdb.py reads of memory and symbols, and what depends on the processor: registers, and where Go's assembly
keeps things on the way into C and back."""

import re

import gdb

WORD = 8


def word(address):
    """Raises gdb.MemoryError where the core has nothing."""
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, WORD)), "little")


def symbol_at(pc):
    text = gdb.execute("info symbol 0x%x" % pc, to_string=True)
    # gdb takes runtime.cgocall for Ada and writes runtime[cgocall].
    return "" if text.startswith("No symbol") else re.sub(r"\[(\w+)\]$", r".\1", text.split(" ")[0])


def address_of(name):
    """Of a function; 0 where there is no symbol."""
    for spelling in (name, name + ".abi0"):  # as Go's assembly functions are called in the symbol table
        try:
            return int(gdb.parse_and_eval("(unsigned long)&'%s'" % spelling))
        except gdb.error:
            pass
    return 0


class Processor:
    """Registers, and where Go's assembly keeps things on the way into C and back (runtime/asm_*.s, runtime/cgo/asm_*.s)."""
    pc, sp, bp = "rip", "rsp", "rbp"
    earlier_callback = 0  # from the stack pointer of runtime.cgocallback: the one before it
    thread = ()  # registers that are the same in all frames, which gdb asks every frame for
    arguments = WORD  # and of its frame on the goroutine's stack: where C's call had its arguments

    def saved(self, at):
        """What asmcgocall has saved at an address: how deep the goroutine's stack was, and the goroutine."""
        return word(at), word(at + WORD)

    def callers_of_asmcgocall(self, sp, bp):
        """Where its return address can be on the goroutine's stack, with the caller's sp and bp."""
        yield sp, sp + WORD, bp
        yield sp + WORD, sp + 2 * WORD, word(sp)  # some versions have saved bp there before

    def caller_of_crosscall2(self, callback, walk):
        """From the stack pointer of runtime.cgocallback: (pc, sp, bp) of C's call into Go."""
        for at in range(callback + WORD, callback + 9 * WORD, WORD):
            if symbol_at(word(at)).startswith("crosscall2"):
                # Go's tables tell where crosscall2 was called, but not that it keeps its caller's bp below that.
                frames, _ = walk((word(at), at + WORD, word(at - WORD)))
                bp, sp = frames[0].bp, frames[1].sp
                return frames[1].pc, sp, word(sp - 2 * WORD) if at < bp < sp else bp
        return None


class Arm64(Processor):
    pc, sp, bp = "pc", "sp", "x29"
    thread = ("pauth_dmask", "pauth_cmask")  # which bits of an address are a signature
    earlier_callback = 2 * WORD
    arguments = 2 * WORD

    def saved(self, at):
        return word(at + WORD), word(at)

    def callers_of_asmcgocall(self, sp, bp):
        yield sp, sp + 2 * WORD, word(sp - WORD)

    def caller_of_crosscall2(self, callback, walk):
        if not symbol_at(word(callback)).startswith("crosscall2"):
            return None
        # Go's tables have its return address in the wrong place. The frame below has its size in its first instruction,
        # str x30,[sp,#-size]!, and this one is that of include/cgo_guard/detail/arch/aarch64/code.hpp.
        push = word(address_of("runtime.cgocallback")) & 0xffffffff
        if push & 0xffe00fff != 0xf8000ffe:
            return None
        sp = callback + 512 - (push >> 12 & 511)
        return word(sp + 23 * WORD), sp + 24 * WORD, word(sp + 22 * WORD)


def processor_of(architecture):
    return Arm64() if architecture.name().startswith("aarch64") else Processor()


def processor():
    return processor_of(gdb.selected_inferior().architecture())
