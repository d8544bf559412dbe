// SPDX-License-Identifier: BSL-1.0
// Hand-written, because which calls become jumps is for the compiler and its options to say.
#include <cgo_guard/detail/arch/arch.hpp>

#include "faults.hpp"
#include "support.hpp"

#define KEEP asm volatile("" ::: "memory")
#define BEGIN(name) ".type " name ",@function\n" name ":\n  .cfi_startproc\n"
#define END(name) "  .cfi_endproc\n.size " name ",.-" name "\n"

// Each of jumping_1 to jumping_6 jumps to the next: what runs in the end was never called. running_on goes on into the
// next function, whose frame has a table of its own.
#if defined(__x86_64__)
#define JUMPING(from, to) BEGIN(from) "  jmp " to "\n" END(from)
asm(".text\n" BEGIN("jumping_end") "  subq $8,%rsp\n  .cfi_adjust_cfa_offset 8\n  call *%rdi\n  addq $8,%rsp\n"
                                   "  .cfi_adjust_cfa_offset -8\n  ret\n" END("jumping_end")
    ".p2align 4\n" BEGIN("running_on") "  cmpq %rsp,%rsp\n  jb jumping_1\n" END("running_on")
    ".p2align 4\n" JUMPING("run_into", "jumping_end")
    // What -mindirect-branch=thunk makes of a call of %rdi through %rax.
    BEGIN("through_retpoline") "  subq $8,%rsp\n  .cfi_adjust_cfa_offset 8\n  movq %rdi,%rax\n  call retpoline\n"
                               "  addq $8,%rsp\n  .cfi_adjust_cfa_offset -8\n  ret\n" END("through_retpoline")
    BEGIN("retpoline") "  call 1f\n2:\n  pause\n  jmp 2b\n1:\n  movq %rax,(%rsp)\n  ret\n" END("retpoline"));
#elif defined(__aarch64__)
#define JUMPING(from, to) BEGIN(from) "  b " to "\n" END(from)
#define PUSH "  stp x29,x30,[sp,#-16]!\n  .cfi_def_cfa_offset 16\n  .cfi_offset x29,-16\n  .cfi_offset x30,-8\n"
#define POP "  ldp x29,x30,[sp],#16\n  .cfi_def_cfa_offset 0\n  .cfi_restore x29\n  .cfi_restore x30\n"
asm(".text\n" BEGIN("jumping_end") PUSH "  blr x0\n" POP "  ret\n" END("jumping_end") ".p2align 4\n" BEGIN(
    "running_on") "  cbnz xzr,jumping_1\n" END("running_on") ".p2align 4\n" JUMPING("run_into", "jumping_end")
    // What -mharden-sls=blr makes of a call of x0 through x1, with a return for the jump: a jump must arrive at a
    // `bti`.
    BEGIN("through_retpoline") PUSH "  mov x1,x0\n  bl retpoline\n" POP "  ret\n" END("through_retpoline")
        BEGIN("retpoline") "  mov x16,x1\n  ret x16\n" END("retpoline"));
#endif
asm(".text\n" JUMPING("jumping_1", "jumping_2") JUMPING("jumping_2", "jumping_3") JUMPING("jumping_3", "jumping_4")
        JUMPING("jumping_4", "jumping_5") JUMPING("jumping_5", "jumping_6") JUMPING("jumping_6", "jumping_end"));
extern "C" {
void jumping_1(void (*)());
void running_on(void (*)());
void through_retpoline(void (*)());
}

namespace {

struct flag {
  bool &set;
  ~flag() { set = true; }
};

struct way {
  const char *name;
  void (*call)(void (*)());
};
const way ways[] = {{"six jumps", jumping_1}, {"running on", running_on}, {"a retpoline", through_retpoline}};

__attribute__((noinline)) void guard_itself() {
  const caught error(CGO_GUARD { faults::write_null(); });
  CHECK(error);
  KEEP;
}

}  // namespace

GUARDED_TEST_CASE("Destructors run also where a function runs that was not the one called") {
  for (const way &w : ways) {
    INFO(w.name);
    bool destroyed = false;
    const caught error(CGO_GUARD {
      const flag f{destroyed};
      w.call(faults::write_null);
      KEEP;
    });
    REQUIRE(error);
    CHECK(error->cleanup == CGO_GUARD_CLEANUP_COMPLETE);
    CHECK(destroyed);
  }
}

GUARDED_TEST_CASE("A guard below such a call takes its own fault, and is not passed") {
  for (const way &w : ways) {
    INFO(w.name);
    bool went_on = false;
    const caught outer(CGO_GUARD {
      w.call(guard_itself);
      went_on = true;
    });
    CHECK_FALSE(outer);
    CHECK(went_on);
  }
}

#if defined(__x86_64__)  // elsewhere instructions can't be read from their middle
TEST_CASE("A call that ends a function and the filling behind it are no jump together") {
  // call -99; data16 …: FF 66 would be a jump through memory
  static const unsigned char code[16] = {0xe8, 0x9d, 0xff, 0xff, 0xff, 0x66, 0x66, 0x2e};
  const auto begin = reinterpret_cast<std::uintptr_t>(code);
  CHECK_FALSE(cgo_guard::detail::arch::find_jump(begin, begin + 5, [](std::uintptr_t) noexcept { return true; }));
}

#endif
