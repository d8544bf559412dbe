# SPDX-License-Identifier: BSL-1.0
"""gdb commands for programs where Go calls C++ (cgo), in a core or in a live process. Linux,
x86-64 and 64-bit Arm.

    (gdb) source /usr/share/cgo_guard/gdb/cgo_guard-gdb.py
    (gdb) cgo-guard threads        every thread inside cgo: its goroutine and its innermost C++ function
    (gdb) cgo-guard bt [THREAD]    its C++ stack and the stack of the goroutine that called, as one; by default of the
                                   selected thread

gdb's own bt ends in nonsense where Go changes from the goroutine's stack to the thread's. The program needs no guard for
any of this; what it needs is its symbols, and for the goroutine's number its debug information (no -ldflags=-s or -w).
"""

import collections
import os
import re
import sys

import gdb.unwinder

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cgo_guard_processors import WORD, address_of, processor, processor_of, symbol_at, word  # they are beside this
sys.path.pop(0)

SHOWN, WALKED = 64, 200000  # frames: of a part at either end; in all, for a stack overflow has many

# As in include/cgo_guard/detail/stack/stack_present.hpp: how abort and throw do their work.
MACHINERY = {"__pthread_kill_implementation", "__pthread_kill_internal", "pthread_kill", "__pthread_kill", "raise", "__GI_raise",
             "gsignal", "tgkill", "abort", "__GI_abort", "__cxa_throw", "__cxa_rethrow", "_Unwind_RaiseException",
             "_Unwind_Resume_or_Rethrow"}
OWN = re.compile(r"^(?:[\w:<>*& ]+ )?cgo_guard::|^cgo_guard_v1_|^github\.com/cgo-guard/cgo_guard/cgoguard\.(runCallback|Callback)$")
# What cgo generates and the runtime's own part of a crossing, on either side.
CROSSING = re.compile(r"^(runtime\.(asmcgocall|cgocall|goexit|main|systemstack)|_cgo_[0-9a-f]+_Cfunc_|_cgoexp_|"
                      r"crosscall2|runtime\.cgocallback)|\._Cfunc_")
STARTING = re.compile(r"^(_cgo_try_pthread_create|_cgo_sys_thread_start|x_cgo_\w+)$")  # the runtime's own use of C: a thread
LIBC = re.compile(r"/(libc|libpthread|libm|ld-linux-[\w-]+)[-.][^/]*$")
OWN_FILE = re.compile(r"/cgo_guard/(detail/(\w+/)+)?\w+\.hpp:\d+$|/cgo_guard\.h:\d+$")

Frame = collections.namedtuple("Frame", "name function place pc sp bp signal")
Part = collections.namedtuple("Part", "go goroutine frames")  # goroutine: "" for C++


class Redirect(gdb.unwinder.Unwinder):
    """Makes gdb believe that the newest frame was called from elsewhere, so that it walks any stack by its tables. gdb
    itself takes a change of stacks for a corrupt one, and the registers of a core can't be set."""

    def __init__(self):
        super().__init__("cgo_guard")
        self.origin = self.target = None

    def __call__(self, pending):
        if self.target is None:
            return None
        machine = processor_of(pending.architecture())
        if self.origin != (int(pending.read_register(machine.pc)), int(pending.read_register(machine.sp))):
            return None
        pointer = gdb.lookup_type("void").pointer()
        identity = type("FrameId", (), {})()
        # Below every other, because stacks grow down and gdb checks it.
        identity.sp, identity.pc = gdb.Value(1).cast(pointer), gdb.Value(self.origin[0]).cast(pointer)
        info = pending.create_unwind_info(identity)
        for register, value in zip((machine.pc, machine.sp, machine.bp), self.target):
            info.add_saved_register(register, gdb.Value(value).cast(pending.read_register(register).type))
        for register in machine.thread:
            try:
                info.add_saved_register(register, pending.read_register(register))
            except ValueError:  # this one signs no addresses
                pass
        return info

    def aim(self, target):
        self.target = None
        gdb.invalidate_cached_frames()
        if target is not None:
            newest = gdb.newest_frame()
            machine = processor()
            self.origin = (int(newest.read_register(machine.pc)), int(newest.read_register(machine.sp)))
            self.target = target
            gdb.invalidate_cached_frames()


redirect = Redirect()
gdb.unwinder.register_unwinder(None, redirect, replace=True)


def describe(frame):
    name = re.sub(r"\.abi0$", "", frame.name() or "")
    sal, pc = frame.find_sal(), int(frame.pc())
    if sal.symtab is not None and sal.line > 0:
        place = "%s:%d" % (sal.symtab.fullname(), sal.line)
    else:
        module = gdb.solib_name(pc) or gdb.current_progspace().filename or "no module"
        place = "(%s, no debug information)" % module
    symbol = frame.function()  # with its parameters
    machine = processor()
    return Frame(name, (symbol.name if symbol else name) or "0x%x" % pc, place, pc, int(frame.read_register(machine.sp)),
                 int(frame.read_register(machine.bp)), frame.type() == gdb.SIGTRAMP_FRAME)


def border(name):
    if name.startswith("runtime.asmcgocall"):
        return "into C++"
    if name == "runtime.cgocallback":
        return "into Go"
    return "start" if name in ("runtime.goexit", "runtime.mstart", "runtime.rt0_go") else ""


def walk(target=None):
    """The frames from the newest or from a target (pc, sp, bp) up to a border, and which one that is."""
    redirect.aim(target)
    frame, frames = gdb.newest_frame(), []
    if target is not None:
        while frame is not None and frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        frame = frame.older() if frame is not None else None
    try:
        while frame is not None and len(frames) < WALKED:
            frames.append(describe(frame))
            if border(frames[-1].name):
                return frames, border(frames[-1].name)
            frame = frame.older()
    except gdb.error as error:
        print("cgo_guard: the walk ends early: %s" % error)
    return frames, ""


def walk_by_frame_pointers(pc, sp, bp):
    """Go's frames without its debug information: Go keeps bp in all its functions."""
    frames = []
    place = "(%s, no debug information)" % gdb.current_progspace().filename
    try:
        while symbol_at(pc) and len(frames) < WALKED:
            name = re.sub(r"\.abi0$", "", symbol_at(pc - 1))
            frames.append(Frame(name, name, place, pc, sp, bp, False))
            if border(name) or bp < sp:
                return frames, border(name)
            pc, sp, bp = word(bp + WORD), bp + 2 * WORD, word(bp)
    except gdb.MemoryError:
        pass
    return frames, ""


class Goroutine:
    """Reads of a runtime.g. The first two words are its stack in all versions, with debug information or without."""

    def __init__(self, address):
        self.address, self.low, self.high = address, word(address), word(address + WORD)
        try:
            self.value = gdb.Value(address).cast(gdb.lookup_type("runtime.g").pointer()).dereference()
        except gdb.error:
            self.value = None

    def label(self):
        return "goroutine " + (str(int(self.value["goid"])) if self.value is not None else "of unknown number")

    def callbacks(self):
        """The stack pointers that the thread had where C called into Go, innermost first: runtime.cgocallback keeps the
        last one in g0.sched.sp and the one before it where that points to."""
        system = self.value["m"].dereference()["g0"].dereference()
        at, high = int(system["sched"]["sp"]), int(system["stack"]["hi"])
        found = []
        while at and (not found or found[-1] < at) and at < high:
            found.append(at)
            at = word(at + processor().earlier_callback)
        return found


def caller_of_c(frame):
    """The goroutine that asmcgocall has saved in its frame, and where in Go it was called: (pc, sp, bp)."""
    for at in range(frame.sp, frame.sp + 12 * WORD, WORD):
        try:
            depth, address = processor().saved(at)
            goroutine = Goroutine(address)
            sp = goroutine.high - depth
            # The one word is how deep the goroutine's stack was, so it proves the other.
            if depth and goroutine.low < sp < goroutine.high:
                for place, caller_sp, caller_bp in processor().callers_of_asmcgocall(sp, frame.bp):
                    if symbol_at(word(place)).startswith("runtime."):
                        return goroutine, (word(place), caller_sp, caller_bp)
        except (gdb.MemoryError, OverflowError):
            pass
    return None, None


def goroutine_around(sp):
    """The goroutine on whose stack a thread stands that runs Go code."""
    m = gdb.parse_and_eval("'runtime.allm'")
    while int(m):
        if int(m["curg"]):
            goroutine = Goroutine(int(m["curg"]))
            if goroutine.low <= sp < goroutine.high:
                return goroutine
        m = m["alllink"]
    return None


def caller_of_go(frame, goroutine):
    """Where in C the callback was called that this frame of runtime.cgocallback is of: (pc, sp, bp)."""
    goroutine = goroutine or goroutine_around(frame.sp)
    if goroutine is None or goroutine.value is None:
        return None
    arguments = word(frame.sp + processor().arguments)  # of the callback, on the stack of its caller
    below = [sp for sp in goroutine.callbacks() if sp < arguments]
    if not below:
        return None
    return processor().caller_of_crosscall2(below[-1], walk)


def stack_of_thread():
    """The parts of the selected thread's stack, innermost first; none if it isn't inside cgo."""
    parts, goroutine, said = [], None, []
    frames, end = walk()
    guarded = any(frame.name.startswith("cgo_guard_v1_enter") for frame in frames)
    end = "nowhere" if any(STARTING.match(frame.name) for frame in frames) else end
    while True:
        if end == "into C++":
            parts.append(Part(False, "", frames))
            goroutine, target = caller_of_c(frames[-1])
            if target is None:
                said.append("(called by the Go runtime for no goroutine)")
                break
        elif end == "into Go":
            try:
                goroutine = goroutine or goroutine_around(frames[-1].sp)
                target = caller_of_go(frames[-1], goroutine)
            except (gdb.error, IndexError):
                target = None
            parts.append(Part(True, goroutine.label() if goroutine else "a goroutine", frames))
            if target is None:
                said.append("(the C++ frames below this callback can't be found without the Go runtime's debug information)")
                break
        else:
            if goroutine is not None and not (parts and parts[-1].go):
                parts.append(Part(True, goroutine.label(), frames))
            elif parts or guarded:
                parts.append(Part(False, "", frames))
            break
        by_tables = end == "into Go" or goroutine.value is not None
        frames, end = walk(target) if by_tables else walk_by_frame_pointers(*target)
        if not frames:
            said.append("(the walk ends here)")
            break
    redirect.aim(None)
    return parts, said


def file_of(frame):
    return frame.place.rpartition(":")[0]


def is_own(frame):
    return OWN.search(frame.function) is not None or OWN_FILE.search(frame.place) is not None


def is_noise(frame):
    return (frame.signal or frame.name in MACHINERY or is_own(frame)
            or frame.name.startswith(("runtime.", "sigtramp", "cgoSigtramp")))


def present(part, innermost):
    """What a reader wants to see of it: compare include/cgo_guard/detail/stack/stack_present.hpp."""
    frames = part.frames
    if innermost:
        signals = [i for i, frame in enumerate(frames) if frame.signal and all(map(is_noise, frames[:i]))]
        top = signals[-1] + 1 if signals else 0
        while not part.go and top < len(frames) and is_noise(frames[top]):
            top += 1
        frames = frames[top:]
    kept, crossed = [], False
    for frame in frames:
        if is_own(frame) or CROSSING.search(frame.name):
            crossed = crossed or frame.name == "cgo_guard_v1_enter"
            continue
        # The block of a guard has the name of the function that holds it, whose own frame comes next.
        if crossed and kept and "operator()" in kept[-1].function and file_of(frame) == file_of(kept[-1]):
            kept[-1] = kept[-1]._replace(function=frame.function)
        else:
            kept.append(frame)
        crossed = False
    return kept


def write_frames(frames):
    gap = len(frames) - 2 * SHOWN
    for i, frame in enumerate(frames):
        if gap > 1 and i == SHOWN:
            print("... %d frames left out ..." % gap)
        if gap <= 1 or not SHOWN <= i < SHOWN + gap:
            print("%s\n\t%s" % (frame.function, frame.place))


def title(thread):
    return "thread %d (LWP %d)" % (thread.num, thread.ptid[1] or thread.ptid[0])


def check_symbols():
    program = gdb.current_progspace().filename or "the program"
    if gdb.selected_thread() is None:
        raise gdb.GdbError("cgo_guard: there is no process and no core: gdb PROGRAM CORE, or gdb -p PID")
    if not address_of("runtime.asmcgocall"):
        print("cgo_guard: %s has no symbols of the Go runtime (stripped, or linked with -s): only C++ frames can be "
              "shown. Give gdb the copy that was not stripped: gdb COPY CORE" % os.path.basename(program))
    else:
        try:
            gdb.lookup_type("runtime.g")
        except gdb.error:
            print("cgo_guard: %s has no debug information of the Go runtime (linked with -w): no numbers of goroutines"
                  % os.path.basename(program))


class Restored:
    """Leaves gdb as it was: selected thread and frame, no redirection."""

    def __enter__(self):
        self.thread, self.frame = gdb.selected_thread(), gdb.selected_frame().level()

    def __exit__(self, *_):
        redirect.aim(None)
        self.thread.switch()
        gdb.execute("frame %d" % self.frame, to_string=True)


class CgoGuard(gdb.Command):
    """Threads inside cgo: cgo-guard threads, cgo-guard bt [THREAD]."""

    def __init__(self):
        super().__init__("cgo-guard", gdb.COMMAND_STACK, prefix=True)


class Threads(gdb.Command):
    """Lists every thread inside cgo: its goroutine and its innermost C++ function."""

    def __init__(self):
        super().__init__("cgo-guard threads", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        check_symbols()
        found = 0
        with Restored():
            threads = sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num)
            for thread in threads:
                thread.switch()
                parts, _ = stack_of_thread()
                if not parts:
                    continue
                found += 1
                goroutine = next((part.goroutine for part in parts if part.go), "no goroutine")
                shown = [frame for part in parts if not part.go for frame in present(part, part is parts[0]) or part.frames]
                # Of the user's rather than libc's, where there is one.
                users = [frame for frame in shown if not LIBC.search(gdb.solib_name(frame.pc) or "") and frame.name[:2] != "__"]
                where = "%s at %s" % (users or shown)[0][1:3] if shown else "C++ not found"
                print("%s, %s: %s%s" % (title(thread), goroutine, "in a callback of " if parts[0].go else "", where))
        print("%d of %d threads inside cgo" % (found, len(threads)))


class Backtrace(gdb.Command):
    """The C++ stack of a thread inside cgo and of the goroutine that called, as one: cgo-guard bt [THREAD]."""

    def __init__(self):
        super().__init__("cgo-guard bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        check_symbols()
        wanted = argument.strip()
        chosen = [thread for thread in gdb.selected_inferior().threads() if str(thread.num) == wanted]
        if wanted and not chosen:
            raise gdb.GdbError("cgo_guard: there is no thread '%s'; cgo-guard threads lists those inside cgo" % wanted)
        with Restored():
            thread = chosen[0] if chosen else gdb.selected_thread()
            thread.switch()
            parts, said = stack_of_thread()
            if not parts:
                if address_of("runtime.asmcgocall"):
                    raise gdb.GdbError("cgo_guard: %s is not inside cgo; cgo-guard threads lists those that are" % title(thread))
                parts = [Part(False, "", walk()[0])]
            print(title(thread))
            for i, part in enumerate(parts):
                print("%s:" % part.goroutine if part.go else "C++:")
                write_frames(present(part, i == 0) or part.frames)
            for sentence in said:
                print(sentence)


CgoGuard()
Threads()
Backtrace()
