// SPDX-License-Identifier: BSL-1.0
// Hand-written, because which calls become jumps is for the compiler and its options to say.
#include <cgo_guard/detail/arch/arch.hpp>

#include "faults.hpp"
#include "support.hpp"

#if defined(__x86_64__)

#define KEEP asm volatile("" ::: "memory")
#define BEGIN(name) ".type " name ",@function\n" name ":\n  .cfi_startproc\n"
#define END(name) "  .cfi_endproc\n.size " name ",.-" name "\n"

// Each jumps to the next: what runs in the end was never called.
asm(".text\n" BEGIN("jumping_1") "  jmp jumping_2\n" END("jumping_1") BEGIN("jumping_2") "  jmp jumping_3\n" END(
    "jumping_2") BEGIN("jumping_3") "  jmp jumping_4\n" END("jumping_3") BEGIN("jumping_4") "  jmp jumping_5\n" END("jumping_4")
        BEGIN("jumping_5") "  jmp jumping_6\n" END("jumping_5") BEGIN("jumping_6") "  jmp jumping_end\n" END(
            "jumping_6") BEGIN("jumping_end") "  subq $8,%rsp\n  .cfi_adjust_cfa_offset 8\n  call *%rdi\n  addq $8,%rsp\n"
                                              "  .cfi_adjust_cfa_offset -8\n  ret\n" END("jumping_end")
    // Goes on into the next function, whose frame has a table of its own.
    ".p2align 4\n" BEGIN("running_on") "  cmpq %rsp,%rsp\n  jb jumping_1\n" END("running_on")
    ".p2align 4\n" BEGIN("run_into") "  jmp jumping_end\n" END("run_into")
    // What -mindirect-branch=thunk makes of a call of %rdi through %rax.
    BEGIN("through_retpoline") "  subq $8,%rsp\n  .cfi_adjust_cfa_offset 8\n  movq %rdi,%rax\n  call retpoline\n"
                               "  addq $8,%rsp\n  .cfi_adjust_cfa_offset -8\n  ret\n" END("through_retpoline")
    BEGIN("retpoline") "  call 1f\n2:\n  pause\n  jmp 2b\n1:\n  movq %rax,(%rsp)\n  ret\n" END("retpoline"));
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

TEST_CASE("A call that ends a function and the filling behind it are no jump together") {
  // call -99; data16 …: FF 66 would be a jump through memory
  static const unsigned char code[16] = {0xe8, 0x9d, 0xff, 0xff, 0xff, 0x66, 0x66, 0x2e};
  const auto begin = reinterpret_cast<std::uintptr_t>(code);
  CHECK_FALSE(cgo_guard::detail::arch::find_jump(begin, begin + 5, [](std::uintptr_t) noexcept { return true; }));
}

#endif  // __x86_64__
