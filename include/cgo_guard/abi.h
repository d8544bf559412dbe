/* SPDX-License-Identifier: BSL-1.0 */
/// @file abi.h
/// The C ABI: everything that C, a cgo preamble and the Go package see. Valid C99 and C++17.
///
/// Every failure is one `cgo_guard_error`, returned by the call that failed. There is no "last error": a goroutine may
/// continue on another thread, so anything thread-local would be read by the wrong one.
#ifndef CGO_GUARD_ABI_H
#define CGO_GUARD_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "detail/arch/which.hpp"
#include "detail/runtime/which.hpp"

#define CGO_GUARD_VERSION "0.1.0"

/// Raised whenever the layout of a struct below changes. The first four fields of cgo_guard_error never do.
#define CGO_GUARD_ABI_VERSION 1

/// 1 where guards take signals as well as exceptions, 0 where they take exceptions only (docs/platforms.md). Always
/// defined.
///
/// In C++ it is so for this file's guards. C can't see which C++ runtime the C++ files have, nor a flag that only they
/// were given: there it is about the processor and the C library, and cgo_guard_guards_signals() knows of the program.
/// Whoever defines CGO_GUARD_HAS_SIGNALS as 0 gets the guard of exceptions anywhere; for a program's files all or none.
#if defined(CGO_GUARD_HAS_SIGNALS)
#define CGO_GUARD_GUARDS_SIGNALS CGO_GUARD_HAS_SIGNALS
#elif defined(__linux__) && defined(__GNUC__) && CGO_GUARD_KNOWS_ARCH && CGO_GUARD_KNOWS_LIBC && CGO_GUARD_KNOWS_CXX
#define CGO_GUARD_GUARDS_SIGNALS 1
#else
#define CGO_GUARD_GUARDS_SIGNALS 0
#endif

/// First word of every error: "cgoguard" in memory order on a little-endian machine. It tells an error from any other
/// pointer that was passed by mistake.
#define CGO_GUARD_MAGIC UINT64_C(0x64726175676f6763)

/// Of a function whose result is the caller's to release: dropping it is a leak, of which the compiler warns. (An
/// ignored `C.f()` in Go is found by cgo_guard_live_sites.)
#if defined(__GNUC__)
#define CGO_GUARD_OWNED_RESULT __attribute__((warn_unused_result))
#else
#define CGO_GUARD_OWNED_RESULT
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum cgo_guard_code {
  CGO_GUARD_EXCEPTION = 1,    ///< a C++ exception of any type reached the guard
  CGO_GUARD_SIGNAL = 2,       ///< a fatal signal; number is the signal
  CGO_GUARD_TERMINATE = 3,    ///< std::terminate; name is the type of the exception in flight, if any
  CGO_GUARD_EXIT = 4,         ///< exit() inside the guard; number is the status
  CGO_GUARD_GO = 5,           ///< a Go error or panic came back through C++
  CGO_GUARD_QUARANTINED = 6,  ///< the guard refused to run: the heap is known to be corrupt
  CGO_GUARD_USER = 1000  ///< this and more: an exception, with the code that its translator gave it (translate.hpp)
};

enum cgo_guard_access {
  CGO_GUARD_ACCESS_UNKNOWN = 0,
  CGO_GUARD_ACCESS_READ = 1,
  CGO_GUARD_ACCESS_WRITE = 2,
  CGO_GUARD_ACCESS_EXECUTE = 3
};

/// What became of the destructors between the failure and the guard.
enum cgo_guard_cleanup {
  CGO_GUARD_CLEANUP_COMPLETE = 0,  ///< every cleanup the compiler recorded for the frames left behind has run
  CGO_GUARD_CLEANUP_PARTIAL = 1,   ///< `skipped` frames were left without theirs
  CGO_GUARD_CLEANUP_NONE = 2,      ///< none ran: the stack could not be walked, or the heap could not be trusted
  CGO_GUARD_CLEANUP_UNKNOWN = 3    ///< an error without details, because too many are live: what ran was not recorded
};

/// One of the values that a translator (translate.hpp) took from an exception, such as {"sku", "A-113"}.
typedef struct cgo_guard_field {
  const char *key;
  const char *value;
} cgo_guard_field;

/// One failure. Read it directly; release it with cgo_guard_free. The memory is the library's, all strings are
/// NUL-terminated and live as long as the error. Never NULL: name, message, category, function, file, types, core_file.
typedef struct cgo_guard_error {
  /* The frozen prefix: the same in every ABI version, so that any reader can recognise and release any error. */
  uint64_t magic;        ///< CGO_GUARD_MAGIC while the error is live
  uint32_t abi_version;  ///< CGO_GUARD_ABI_VERSION of the header that made it
  uint32_t struct_size;
  void (*release)(struct cgo_guard_error *);  ///< the maker's own cgo_guard_free

  int32_t code;         ///< enum cgo_guard_code
  int32_t number;       ///< signal number, error_code::value(), exit status; else 0
  int32_t signal_code;  ///< si_code of a signal, else 0
  int32_t thread_id;    ///< kernel thread id of the failing thread
  int32_t access;       ///< enum cgo_guard_access
  int32_t cleanup;      ///< enum cgo_guard_cleanup
  uint64_t skipped;     ///< frames whose cleanups did not run
  uint64_t address;     ///< the faulting address, 0 where the signal has none

  const char *name;         ///< demangled exception type, or "SIGSEGV"
  const char *message;      ///< what(), the assert text, or the decoded fault; may contain NUL bytes and invalid UTF-8
  uint64_t message_length;  ///< bytes in message, without the terminator
  const char *category;     ///< error_category::name() of a std::system_error and its like, else ""

  const char *function;  ///< the guard's site: the function that holds the block
  const char *file;
  int32_t line;

  /// Call-site addresses, innermost first: the faulting instruction, then for each caller the last byte of its call
  /// instruction (return address minus one), so that a line lookup finds the call and not what follows it.
  /// In a stack deeper than the table, `frames_omitted` frames are missing after the first `frames_head`.
  uint32_t frames_head;
  const void *const *frames;
  uint64_t frame_count;     ///< addresses in frames, head and tail together
  uint64_t frames_omitted;  ///< frames between head and tail that were not recorded; without a tail, at least so many
  uint64_t modules;         ///< when that was, for cgo_guard_format_frames: modules may be unloaded before it is asked

  struct cgo_guard_error *cause;  ///< next in the std::nested_exception chain, or NULL; owned by this error

  const cgo_guard_field *fields;  ///< what a translator added, in its order
  uint64_t field_count;

  uint64_t go_value;  ///< the Go package's handle of the Go error or panic that this is about, else 0
  int32_t go_panic;   ///< 1 where that is a panic

  /// For an exception, the demangled names of the types that a catch clause could name for it, most derived first: the
  /// thrown type itself, then its public and unambiguous bases. Each ends in a newline. Else "".
  const char *types;

  /// Where the core of this fault is, or "" if none was taken (core_dir below). It is written while the process goes
  /// on; until it is complete, the file's name ends in ".unfinished".
  const char *core_file;
} cgo_guard_error;

/// What CGO_GUARD_GUARDS_SIGNALS was for the implementation that this program has: not 0 where signals are guarded.
int cgo_guard_guards_signals(void);

/// The C++ stack of the failure as text, symbolized on the first call and cached until the error is freed. Two lines a
/// frame, as Go prints its own: the function, then a tab and file:line. Valid until cgo_guard_free. "" where there
/// is none (cgo_guard_why_no_stack), and for NULL.
/// Not async-signal-safe. Different errors may be used from different threads at once; one error may not.
const char *cgo_guard_stack(cgo_guard_error *error);

/// Why a failure in C++ has no C++ stack: a static phrase. "" where it has one, where there is nothing to have one of
/// (a cause, an error of Go's, a guard that has refused to run), and for NULL.
const char *cgo_guard_why_no_stack(const cgo_guard_error *error);

/// The whole report as text: what happened, where, what was cleaned up, the causes, the stack. Same rules as above.
/// What others have written in it, such as a what(), has its control characters escaped as Go escapes them.
const char *cgo_guard_describe(cgo_guard_error *error);

/// For a person to read: writes the report to `out`, with the source around the first frames of each C++ stack where
/// its files are on this machine, and in colour as cgo_guard_wants_color has it. Same rules as above. NULL writes
/// nothing.
void cgo_guard_print(cgo_guard_error *error, FILE *out);

/// What cgo_guard_decorate is to add.
enum cgo_guard_decoration {
  CGO_GUARD_SOURCE_LINES = 1,  ///< the source around the first three frames whose file can be read
  CGO_GUARD_COLOR = 2          ///< escape sequences of terminals
};

/// The text of a report, cgo_guard_describe's or the Go package's, with decorations.
/// @param flags any of enum cgo_guard_decoration.
/// @return a malloc'ed string for the caller to free(), or NULL when there is no memory, or the heap must not be
/// touched.
CGO_GUARD_OWNED_RESULT char *cgo_guard_decorate(const char *report, uint32_t flags);

/// @return not 0 where colour is welcome: on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is unset
///   or "dumb".
int cgo_guard_wants_color(int fd);

/// Looks at what somebody says is an error, of whatever version: copies its frozen prefix. An error that was released
/// already is counted as cgo_guard_free would: who looks at it is about to use it once more.
/// @return 0 where the prefix can't be read, and nothing is copied. (Without the guard of signals the pointer is read
/// as
///   it is.)
int cgo_guard_read_prefix(const void *pointer, uint64_t prefix[3]);

/// Makes one more owner of an error: each of them calls cgo_guard_free. @return the same pointer.
cgo_guard_error *cgo_guard_retain(cgo_guard_error *error);

/// Releases an error and its causes, when this was the last owner. NULL is allowed. A second free of the same error is
/// recognised, counted (cgo_guard_stats::double_frees), reported on stderr once, and otherwise ignored.
void cgo_guard_free(cgo_guard_error *error);

/// Text for addresses that have outlived their error, as cgo_guard_stack would print them.
/// @param modules the error's, so that no frame gets its name from a module that has only been loaded since; 0 for
///   addresses of now.
/// @return a malloc'ed string for the caller to free(), or NULL when there is no memory, or the heap is known to be
///   corrupt and must not be touched: then there is cgo_guard_format_frames_raw.
CGO_GUARD_OWNED_RESULT char *cgo_guard_format_frames(const void *const *frames, uint64_t count, uint32_t head,
                                                     uint64_t omitted, uint64_t modules);

/// The same without the heap, into `buffer`: where it is corrupt, a copy of the process looks for the names, for two
/// seconds at most. Where that finds none, and elsewhere, mangled names, module and offset.
/// @return the length of the text, which is cut at size - 1 bytes and always terminated.
size_t cgo_guard_format_frames_raw(const void *const *frames, uint64_t count, uint32_t head, uint64_t omitted,
                                   char *buffer, size_t size);

/// The same frames as a table, one line each, inlined frames included:
/// address(hex) \\t function \\t file \\t line \\t column \\t module \\t offset(hex) \\t build id \\t inlined(0|1) \\n.
/// Unknown fields are empty or 0. Tabs and newlines inside a field are replaced by spaces.
/// @return a malloc'ed string for the caller to free(), or NULL as above.
CGO_GUARD_OWNED_RESULT char *cgo_guard_resolve_frames(const void *const *frames, uint64_t count, uint64_t modules);

/// What a guard does once the heap is known to be corrupt.
enum cgo_guard_heap_policy {
  CGO_GUARD_HEAP_QUARANTINE = 0,  ///< every later guard returns CGO_GUARD_QUARANTINED without running its block
  CGO_GUARD_HEAP_CONTINUE = 1,    ///< report the failure and go on
  CGO_GUARD_HEAP_CRASH = 2        ///< leave the signal to whoever had it before us: the process dies with a report
};

/// When the handler of a neighbour is asked before a guard takes a fault of its block (docs/neighbours.md). Never Go's,
/// and never for what the block has raised itself.
enum cgo_guard_neighbours {
  CGO_GUARD_NEIGHBOURS_AUTO = 0,   ///< where the fault may be how a runtime works: generated code, a protected page
  CGO_GUARD_NEIGHBOURS_FIRST = 1,  ///< for every fault
  CGO_GUARD_NEIGHBOURS_LAST = 2    ///< for none that a guard takes
};

typedef struct cgo_guard_options {
  uint32_t struct_size;    ///< sizeof(cgo_guard_options)
  int32_t heap_policy;     ///< enum cgo_guard_heap_policy
  int32_t catch_exit;      ///< not 0: exit() and its kin inside a guard become CGO_GUARD_EXIT (exit.hpp)
  int32_t neighbours;      ///< enum cgo_guard_neighbours
  int32_t crash_fd;        ///< where crashes under no guard are reported: 0 means stderr, -1 nowhere
  const char *crash_file;  ///< a file for that instead, appended to; it is copied. NULL or "" for none

  /// An absolute path: where cores of faults that a guard takes are written to, while the process goes on. It is
  /// copied. NULL or "": there are none.
  const char *core_dir;
  int32_t core_max;         ///< how many in the life of the process; 0 means 5
  int32_t core_every_ms;    ///< least time from one to the next; 0 means a minute
  uint64_t core_max_bytes;  ///< largest one, as it is on the disk; 0 for no limit but half of the free space
} cgo_guard_options;

/// Changes the process-wide options. From the first call on, crashes under no guard are reported also before the first
/// guard has run. @return NULL on success, else a static sentence saying what was wrong, and nothing has changed. What
/// only a handler of signals could do (core_dir, crash_file, crash_fd but -1) is wrong where there is none, and
/// catch_exit too.
const char *cgo_guard_configure(const cgo_guard_options *options);

/// Counters since the process started. Nothing is counted on the success path.
typedef struct cgo_guard_stats {
  uint32_t struct_size;  ///< set by the caller to sizeof(cgo_guard_stats)
  uint32_t installed;    ///< signals whose handler is ours right now, 0 to 7
  uint64_t
      blocked;  ///< signals that a fault raises, 0 to 6, which the calling thread has blocked: it would die of them
  uint64_t exceptions, signals, terminates, exits, quarantined;
  uint64_t cleanup_complete, cleanup_partial, cleanup_none;
  uint64_t live_errors, pool_size;
  uint64_t pool_exhausted;  ///< errors that lost their details because too many were live
  uint64_t double_frees;
  uint64_t undelivered;    ///< failures in a CGO_GUARD_VALUE(NULL): printed on stderr for want of a place to put them
  uint64_t forwarded;      ///< signals that a handler below ours has had: not ours, or asked first
  uint64_t thread_errors;  ///< failures of C++ threads that nobody joined, given to the handler or printed
  uint64_t displaced;      ///< times that somebody put a handler over one of ours, and the next guard went on top again
  uint64_t cores;          ///< cores of faults: complete, or being written
  uint64_t cores_refused;  ///< faults without one because of core_max, core_every_ms, or one that was being written
  uint64_t cores_failed;   ///< cores that came to nothing
  const char *core_failure;  ///< why the last of those did, or ""
  const char *poisoned_by;   ///< what corrupted the heap, or ""
  uint32_t guards_signals;  ///< cgo_guard_guards_signals(): where it is 0, so are `installed` and all that is of faults
} cgo_guard_stats;

void cgo_guard_get_stats(cgo_guard_stats *stats);

/// A guard, and how many of its errors nobody has released yet.
typedef struct cgo_guard_live_site {
  const char *function;  ///< as in cgo_guard_error; "cgoguard.Callback" for what callbacks into Go have reported
  const char *file;
  int32_t line;
  uint64_t errors;
} cgo_guard_live_site;

/// Finds what drops its errors: an ignored `C.f()` in Go, a report that C++ forgot. Errors that are on their way to
/// whoever will release them are counted too; a leak is what grows. Causes belong to their error and are not counted.
/// @return how many entries were written to `out`, at most `max`, the guard with most errors first.
uint64_t cgo_guard_live_sites(cgo_guard_live_site *out, uint64_t max);

/// Names the function that is given the failure of every C++ thread that nobody joins (thread.hpp). It runs in ordinary
/// context, on that thread or on the one that detaches it, and owns the error. NULL, as at the start: such a failure is
/// printed on stderr.
void cgo_guard_on_thread_error(void (*handler)(cgo_guard_error *error));

/// For the Go package. The error of a callback into Go that failed. @param go_value its handle of the Go value, not 0.
/// @param type, message need no terminator. @return never NULL. Where its go_value is 0, there was no room for details,
///   and the handle is still the caller's.
CGO_GUARD_OWNED_RESULT cgo_guard_error *cgo_guard_make_go_error(uint64_t go_value, int32_t go_panic, const char *type,
                                                                uint64_t type_length, const char *message,
                                                                uint64_t message_length);

/// For the Go package. The handles of Go values whose last error was released since the last call. C++ may release one
/// anywhere, in a destructor, on any thread, where a call into Go would be out of place; so they wait here.
/// @return how many were written to `out`, at most `max`.
uint64_t cgo_guard_take_released_go_values(uint64_t *out, uint64_t max);

/// For the Go package. Where to see, without a call, whether there are any: not 0.
const uint32_t *cgo_guard_released_go_values(void);

/// For the Go package: the arguments and functions of runtime.SetCgoTraceback, whose documentation has the contract.
/// Registered by cgoguard.EnableTraceback alone. The first two functions are async-signal-safe; the symbolizer may be
/// called while the process is crashing.
typedef struct cgo_guard_traceback_argument {
  uintptr_t context;
  uintptr_t signal_context;
  uintptr_t *buffer;
  uintptr_t max;
} cgo_guard_traceback_argument;

typedef struct cgo_guard_traceback_context_argument {
  uintptr_t context;
} cgo_guard_traceback_context_argument;

typedef struct cgo_guard_symbolizer_argument {
  uintptr_t pc;
  const char *file;
  uintptr_t line;
  const char *function;
  uintptr_t entry;
  uintptr_t more;
  uintptr_t data;
} cgo_guard_symbolizer_argument;

void cgo_guard_traceback(cgo_guard_traceback_argument *argument);
void cgo_guard_traceback_context(cgo_guard_traceback_context_argument *argument);
void cgo_guard_symbolize(cgo_guard_symbolizer_argument *argument);

/// Before they are registered. @return NULL, or a static sentence saying why this platform can't have them.
const char *cgo_guard_prepare_traceback(void);

#ifdef __cplusplus
}
#endif
#endif /* CGO_GUARD_ABI_H */
