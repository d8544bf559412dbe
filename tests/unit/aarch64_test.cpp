// SPDX-License-Identifier: BSL-1.0
// 64-bit Arm: what its code says, and what its faults are called. a64_test.cpp has the decoders.
#if defined(__aarch64__)
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <sys/mman.h>

#include <cgo_guard/detail/arch/arch.hpp>
#include <cgo_guard/detail/fault/decode.hpp>
#include <cgo_guard/detail/fault/describe_fault.hpp>

#include "faults.hpp"
#include "made_code.hpp"
#include "told_faults.hpp"

namespace arch = cgo_guard::detail::arch;
using cgo_guard::detail::fault_facts;

namespace {

/// Instructions in memory, with whatever data they read.
struct code_at {
  alignas(4096) std::uint32_t word[1024] = {};

  code_at(std::initializer_list<std::uint32_t> words) { std::copy(words.begin(), words.end(), word); }
  std::uintptr_t begin() const { return reinterpret_cast<std::uintptr_t>(word); }
  std::uintptr_t at(std::size_t instruction) const { return begin() + 4 * instruction; }
  void put(std::size_t instruction, std::uintptr_t value) { std::memcpy(&word[instruction], &value, sizeof value); }
};

/// What is said of a signal that the kernel would raise for an instruction.
std::string words_for(int signal, int si_code, std::uint32_t instruction, std::uint64_t pstate = 0) {
  const code_at code{instruction};
  siginfo_t info = {};
  info.si_signo = signal;
  info.si_code = si_code;
  info.si_addr = reinterpret_cast<void *>(code.begin());
  ucontext_t context = {};
  context.uc_mcontext.pc = code.begin();
  context.uc_mcontext.pstate = pstate;
  fault_facts facts;
  cgo_guard::detail::describe_fault(signal, info, context, facts);
  char text[256];
  cgo_guard::detail::decode_fault(facts, 0, text, sizeof text);
  return text;
}

constexpr std::uintptr_t target = 0x123456789abc;

}  // namespace

TEST_CASE("aarch64: the linker's stubs and veneers lead to where they lead") {
  take_the_signals();
  code_at stub{0x90000010, 0xf9410211, 0x91080210, 0xd61f0220};  // adrp x16,.; ldr x17,[x16,#512]; add x16,…; br x17
  stub.put(128, target);
  CHECK(arch::stub_target(stub.begin()) == target);
  code_at protected_stub{0xd503245f, 0x90000010, 0xf9410211,
                         0x91080210, 0xd503219f, 0xd61f0220};  // bti c; …; autia1716
  protected_stub.put(128, target);
  CHECK(arch::stub_target(protected_stub.begin()) == target);
  const code_at near{0xb0000010, 0x9104d210, 0xd61f0200};  // adrp x16,.+4096; add x16,x16,#0x134; br x16
  CHECK(arch::stub_target(near.begin()) == near.begin() + 4096 + 0x134);
  code_at anywhere{0x58000050, 0xd61f0200};  // ldr x16,.+8; br x16
  anywhere.put(2, target);
  CHECK(arch::stub_target(anywhere.begin()) == target);
  code_at relative{0x58000090, 0x10000011, 0x8b110210, 0xd61f0200};  // ldr x16,.+16; adr x17,.; add x16,x16,x17; br x16
  relative.put(4, 0x1000);
  CHECK(arch::stub_target(relative.begin()) == relative.at(1) + 0x1000);
  const code_at none{0xa9be7bfd, 0x910003fd};  // stp x29,x30,[sp,#-32]!; mov x29,sp
  CHECK(arch::stub_target(none.begin()) == 0);
  const code_at other_register{0x90000000, 0xf9410011, 0xd61f0220};  // adrp x0,.; ldr x17,[x0,#512]; br x17
  CHECK(arch::stub_target(other_register.begin()) == 0);
}

TEST_CASE("aarch64: what was called is read from the instruction in front of a return address") {
  take_the_signals();
  const code_at direct{0x94000004};  // bl .+16
  CHECK(arch::direct_call_target(direct.at(1)) == direct.at(4));
  CHECK(arch::function_called_before(direct.at(1)) == direct.at(4));
  CHECK(arch::follows_call(direct.at(1)));
  CHECK_FALSE(arch::follows_call(direct.at(2)));
  CHECK_FALSE(arch::follows_call(direct.at(1) + 1));
  CHECK_FALSE(arch::follows_call(8));

  // adrp x1,.; ldr x1,[x1,#512]; mov w0,#42; blr x1: -fno-plt, with an argument between
  code_at without_plt{0x90000001, 0xf9410021, 0x52800540, 0xd63f0020};
  without_plt.put(128, target);
  CHECK(arch::function_called_before(without_plt.at(4)) == target);
  CHECK(arch::direct_call_target(without_plt.at(4)) == 0);
  code_at overwritten{0x90000001, 0xf9410021, 0xaa0003e1, 0xd63f0020};  // the third is mov x1,x0
  overwritten.put(128, target);
  CHECK(arch::function_called_before(overwritten.at(4)) == 0);
  code_at beyond_a_branch{0x90000001, 0xf9410021, 0x14000001, 0xd63f0020};  // the third is b .+4
  beyond_a_branch.put(128, target);
  CHECK(arch::function_called_before(beyond_a_branch.at(4)) == 0);
  const code_at through_argument{0xd503201f, 0xd63f0020};  // nop; blr x1
  CHECK(arch::function_called_before(through_argument.at(2)) == 0);
}

TEST_CASE("aarch64: jumps out of a function are found, calls and its own branches are not among them") {
  take_the_signals();
  // bl .+64; cbz x0,.-4; b.ne .+64; ret
  const code_at function{0x94000010, 0xb4ffffe0, 0x54000201, 0xd65f03c0};
  std::vector<std::uintptr_t> found;
  CHECK_FALSE(arch::find_jump(function.begin(), function.at(4), [&](std::uintptr_t to) noexcept {
    found.push_back(to);
    return false;
  }));
  REQUIRE(found.size() == 1);
  CHECK(found[0] == function.at(2 + 16));
  for (const std::uint32_t indirect : {0xd61f0020U /* br x1 */, 0xd65f0200U /* ret x16 */}) {
    const code_at jumps{indirect};
    CHECK(arch::find_jump(jumps.begin(), jumps.at(1), [](std::uintptr_t to) noexcept { return to == 0; }));
  }
  CHECK(arch::runs_on(function.at(3)));
  CHECK_FALSE(arch::runs_on(function.at(4)));
}

TEST_CASE("aarch64: a trampoline is known by its canary, and what calls it by that") {
  take_the_signals();
  CHECK(arch::pushes_a_canary(reinterpret_cast<std::uintptr_t>(&arch::cgo_guard_v1_enter)));
  CHECK_FALSE(arch::pushes_a_canary(reinterpret_cast<std::uintptr_t>(&faults::write_null)));
  const code_at other_halves{0x528dcc29, 0x72ad8c2a};  // movz w9,#0x6e61; movk w10,#0x6c61,lsl #16
  CHECK_FALSE(arch::pushes_a_canary(other_halves.begin()));
}

TEST_CASE("aarch64: clang's call of std::terminate without tables is known by its looks") {
  take_the_signals();
  const code_at bare{0xf81f0ffe, 0x94000010, 0x94000011};  // str x30,[sp,#-16]!; bl …; bl …
  CHECK(arch::frame_of_bare_terminate(bare.at(3) - 1) == 16);
  CHECK(arch::frame_of_bare_terminate(bare.at(2) - 1) == 0);
  CHECK(arch::bare_terminate_return_offset == -16);
}

TEST_CASE("aarch64: a return through x30 is told from a call") {
  arch::registers r = {};
  r.value[arch::pc_register] = 0x4141414141414141;
  r.value[arch::return_register] = 0x4141414141414141;
  CHECK(arch::was_return(r));
  r.value[arch::pc_register] = 0x2000414141414141;  // an authentication that has failed leaves its mark there
  r.value[arch::return_register] = 0x00a7414141414141;
  CHECK(arch::was_return(r));
  r.value[arch::return_register] = 0x400000;
  CHECK_FALSE(arch::was_return(r));
}

TEST_CASE("aarch64: where a caller stands fits into one word, if its return address is near") {
  take_the_signals();
  alignas(16) std::uintptr_t stack[128] = {};
  constexpr std::size_t caller = 100;
  arch::registers r = {}, found = {};
  r.value[arch::sp_register] = reinterpret_cast<std::uintptr_t>(&stack[caller]);
  r.value[arch::pc_register] = 0x412345;
  CHECK(arch::pack_caller(r) == 0);
  for (const std::size_t below : {std::size_t{1}, std::size_t{3}, std::size_t{63}}) {
    stack[caller - below] = 0x412345;
    for (const std::size_t record : {caller, caller + 2, caller + 20}) {
      r.value[arch::frame_register] = reinterpret_cast<std::uintptr_t>(&stack[record]);
      const std::uintptr_t packed = arch::pack_caller(r);
      REQUIRE(packed != 0);
      REQUIRE(arch::unpack_caller(packed, found));
      CHECK(found.sp() == r.sp());
      CHECK(found.pc() == r.pc());
      CHECK(found.value[arch::frame_register] == r.value[arch::frame_register]);
    }
    stack[caller - below] = 0;
  }
  stack[caller - 64] = 0x412345;
  CHECK(arch::pack_caller(r) == 0);
  stack[caller - 2] = 0x412345;
  r.value[arch::frame_register] = 0x1000;  // no frame pointer
  REQUIRE(arch::unpack_caller(arch::pack_caller(r), found));
  CHECK(found.value[arch::frame_register] == 0);
}

TEST_CASE("aarch64: an access by the stack pointer is one, as far as a constant reaches") {
  take_the_signals();
  const code_at code{0xa90253f3, 0xf8626be0, 0xf9000420};  // stp x19,x20,[sp,#32]; ldr x0,[sp,x2]; str x0,[x1,#8]
  CHECK(arch::reaches_from_sp(code.at(0), 32));
  CHECK_FALSE(arch::reaches_from_sp(code.at(0), 64 * 1024));
  CHECK_FALSE(arch::reaches_from_sp(code.at(1), 32));
  CHECK_FALSE(arch::reaches_from_sp(code.at(2), 32));
}

TEST_CASE("aarch64: a misaligned stack pointer is what an access by it complains of") {
  take_the_signals();
  const code_at code{0xa90253f3};  // stp x19,x20,[sp,#32]
  arch::registers r = {};
  r.value[arch::pc_register] = code.begin();
  r.value[arch::sp_register] = 0x7ff8;
  const arch::wanted w = arch::read_wanted(r);
  CHECK(w.writes);
  CHECK(w.address == 0x7ff8);
  CHECK(w.alignment == 16);
}

TEST_CASE("aarch64: an instruction that can't be read wants nothing") {
  take_the_signals();
  arch::registers r = {};
  r.value[arch::pc_register] = 0x10;
  CHECK_FALSE(arch::read_wanted(r).accesses);
  CHECK(arch::instruction_bytes(0x10) == 0);
}

TEST_CASE("aarch64: SIGILL and SIGTRAP are called what they are") {
  take_the_signals();
  CHECK(contains(words_for(SIGTRAP, TRAP_BRKPT, 0xd4207d00), "trap instruction (__builtin_trap"));  // brk #1000: GCC
  CHECK(contains(words_for(SIGTRAP, TRAP_BRKPT, 0xd4200020), "trap instruction (__builtin_trap"));  // brk #1: clang
  CHECK(contains(words_for(SIGTRAP, TRAP_BRKPT, 0xd42aa240), "an index out of bounds (check 18 of clang's"));
  CHECK(words_for(SIGTRAP, TRAP_BRKPT, 0xd4200540) == "breakpoint instruction without a debugger");  // brk #42
  CHECK(contains(words_for(SIGILL, ILL_ILLOPC, 0x00000001), "trap instruction"));                    // udf #1
  CHECK(contains(words_for(SIGILL, ILL_ILLOPC, 0x00000000), "illegal instruction at 0x"));
  CHECK(words_for(SIGILL, ILL_ILLOPC, 0xd50342df) == "privileged instruction (msr of a system register)");
  CHECK(words_for(SIGILL, ILL_ILLOPC, 0xd4400000) == "privileged instruction (hlt)");
  for (const std::uint32_t checks : {0xd50323bfU /* autiasp */, 0xd65f0bffU /* retaa */, 0xdac11041U /* autia x1,x2 */,
                                     0xf8201420U /* ldraa x0,[x1,#8] */}) {
    CHECK(contains(words_for(SIGILL, ILL_ILLOPN, checks), "pointer authentication failed"));
    CHECK(contains(words_for(SIGILL, ILL_ILLOPC, checks), "illegal instruction"));
  }
  constexpr std::uint64_t by_blr = 2U << 10;
  CHECK(contains(words_for(SIGILL, ILL_ILLOPC, 0xa9be7bfd, by_blr),
                 "or a call or jump has come there and none may (branch target"));
  CHECK(contains(words_for(SIGILL, ILL_ILLOPC, 0x00000001, by_blr), "trap instruction"));  // udf #1
}

GUARDED_TEST_CASE(
    "aarch64: a return to a smashed address is not called a call, and an address between two instructions is") {
  check(fault([] {
          asm volatile("mov x30,#0x10\n\tret" : : : "x30", "memory");
        }),
        SIGSEGV, "return to a wild address (execution at 0x10)", CGO_GUARD_ACCESS_EXECUTE);
  check(fault(faults::call_null), SIGSEGV, "call through a null function pointer", CGO_GUARD_ACCESS_EXECUTE);
  const caught between = fault([] { faults::call_address(reinterpret_cast<std::uintptr_t>(&faults::write_null) + 2); });
  check(between, SIGBUS, "misaligned address: execution at 0x", CGO_GUARD_ACCESS_EXECUTE);
  CHECK(between->address % 4 == 2);
  CHECK(contains(cgo_guard_stack(between.get()), "faults::call_address"));
}

GUARDED_TEST_CASE("aarch64: a wild pointer is reported with its highest byte, which the kernel leaves out") {
  constexpr std::uintptr_t text = 0x4142434445464748, tagged = 0xb600000000000ff0;
  const caught wild = fault([] { faults::write_to(text); });
  check(wild, SIGSEGV, "wild address: write at 0x4142434445464748 (not canonical", CGO_GUARD_ACCESS_WRITE);
  CHECK(wild->address == text);
  const caught null = fault([] { faults::read_from(tagged); });
  check(null, SIGSEGV, "wild address: read at 0xb600000000000ff0", CGO_GUARD_ACCESS_READ);
}

GUARDED_TEST_CASE("aarch64: a branch that comes where none may is called that") {
  const made_code code(processor::code::make_42());
  constexpr int checks_branches = 0x10;  // PROT_BTI of asm/mman.h
  void *const memory = reinterpret_cast<void *>(code.begin());
  if (mprotect(memory, made_code::size, PROT_READ | PROT_EXEC | checks_branches) != 0) {
    WARN("this processor or kernel checks no branches");
    return;
  }
  const caught error = fault([&] { code.call(); });
  if (!error) {
    WARN("this processor checks no branches");
    return;
  }
  check(error, SIGILL, "none may (branch target identification)", CGO_GUARD_ACCESS_UNKNOWN);
}

#endif  // __aarch64__
