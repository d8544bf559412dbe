// SPDX-License-Identifier: BSL-1.0
// The decoders for 64-bit Arm read numbers and no memory: they are tested on every processor. Encodings are GNU as's.
#include <cstdint>
#include <ostream>

#include <cgo_guard/detail/arch/aarch64/memory_access.hpp>
#include <cgo_guard/detail/arch/aarch64/opcodes.hpp>

#include "support.hpp"

namespace a64 = cgo_guard::detail::arch::a64;

namespace {

constexpr std::uintptr_t pc = 0x400000, x1 = 0x1000, x2 = 0xfffffffe, x4 = 0x4000, sp = 0x1f000;

constexpr std::uintptr_t value_of(unsigned number) {
  switch (number) {
    case 1: return x1;
    case 2: return x2;
    case 4: return x4;
    case 31: return sp;
    default: return 0xbad;
  }
}

a64::memory_access access_of(std::uint32_t code) { return a64::read_memory_access(code, pc, value_of); }

struct example {
  std::uint32_t code;
  const char *text;
  std::uintptr_t address;
  unsigned alignment = 0;
};

constexpr example loads[] = {
    {0xf9400020, "ldr x0,[x1]", x1},
    {0xf9400420, "ldr x0,[x1,#8]", x1 + 8},
    {0xb9400420, "ldr w0,[x1,#4]", x1 + 4},
    {0x39400c20, "ldrb w0,[x1,#3]", x1 + 3},
    {0x79800420, "ldrsh x0,[x1,#2]", x1 + 2},
    {0xb9800420, "ldrsw x0,[x1,#4]", x1 + 4},
    {0xf85f8c20, "ldr x0,[x1,#-8]!", x1 - 8},
    {0xf8408420, "ldr x0,[x1],#8", x1},
    {0xf85f8020, "ldur x0,[x1,#-8]", x1 - 8},
    {0xf8408820, "ldtr x0,[x1,#8]", x1 + 8},
    {0xf8626820, "ldr x0,[x1,x2]", x1 + x2},
    {0xf8627820, "ldr x0,[x1,x2,lsl #3]", x1 + (x2 << 3)},
    {0xb862d820, "ldr w0,[x1,w2,sxtw #2]", x1 - 8},
    {0xf8625820, "ldr x0,[x1,w2,uxtw #3]", x1 + (x2 << 3)},
    {0x3dc00420, "ldr q0,[x1,#16]", x1 + 16},
    {0xfd400420, "ldr d0,[x1,#8]", x1 + 8},
    {0x3cdf0020, "ldur q0,[x1,#-16]", x1 - 16},
    {0x58000080, "ldr x0,.+16", pc + 16},
    {0x18ffff80, "ldr w0,.-16", pc - 16},
    {0x98000040, "ldrsw x0,.+8", pc + 8},
    {0x9c000100, "ldr q0,.+32", pc + 32},
    {0xa9410820, "ldp x0,x2,[x1,#16]", x1 + 16},
    {0xa8c27bfd, "ldp x29,x30,[sp],#32", sp},
    {0x69410820, "ldpsw x0,x2,[x1,#8]", x1 + 8},
    {0x29410820, "ldp w0,w2,[x1,#8]", x1 + 8},
    {0x6d7f0420, "ldp d0,d1,[x1,#-16]", x1 - 16},
    {0xc85f7c20, "ldxr x0,[x1]", x1, 8},
    {0xc87f8820, "ldaxp x0,x2,[x1]", x1, 16},
    {0xc8dffc20, "ldar x0,[x1]", x1, 8},
    {0x78bfc020, "ldaprh w0,[x1]", x1, 2},
    {0xd95f8020, "ldapur x0,[x1,#-8]", x1 - 8, 8},
    {0xf83fd020, "ld64b x0,[x1]", x1, 64},
    {0x4c407020, "ld1 {v0.16b},[x1]", x1},
    {0x4c400420, "ld4 {v0.8h-v3.8h},[x1]", x1},
    {0x4d40c820, "ld1r {v0.4s},[x1]", x1},
    {0xd9601020, "ldg x0,[x1,#16]", x1 + 16},
    {0xd9e00020, "ldgm x0,[x1]", x1},
    {0xd50b7b21, "dc cvau,x1", x1},
    {0xd50b7e21, "dc civac,x1", x1},
    {0xd50b7521, "ic ivau,x1", x1},
};

constexpr example stores[] = {
    {0xf9000420, "str x0,[x1,#8]", x1 + 8},
    {0xb9000fe0, "str w0,[sp,#12]", sp + 12},
    {0xf81f0fe0, "str x0,[sp,#-16]!", sp - 16},
    {0xf80107e0, "str x0,[sp],#16", sp},
    {0xb81fc020, "stur w0,[x1,#-4]", x1 - 4},
    {0x38001820, "sttrb w0,[x1,#1]", x1 + 1},
    {0x38226820, "strb w0,[x1,x2]", x1 + x2},
    {0x3d800820, "str q0,[x1,#32]", x1 + 32},
    {0xbd000420, "str s0,[x1,#4]", x1 + 4},
    {0xfc1f8020, "stur d0,[x1,#-8]", x1 - 8},
    {0x3ca27820, "str q0,[x1,x2,lsl #4]", x1 + (x2 << 4)},
    {0xa93f0820, "stp x0,x2,[x1,#-16]", x1 - 16},
    {0xa9be7bfd, "stp x29,x30,[sp,#-32]!", sp - 32},
    {0xad010420, "stp q0,q1,[x1,#32]", x1 + 32},
    {0xa8010820, "stnp x0,x2,[x1,#16]", x1 + 16},
    {0x69008820, "stgp x0,x2,[x1,#16]", x1 + 16, 16},
    {0x88027c20, "stxr w2,w0,[x1]", x1, 4},
    {0x88238820, "stlxp w3,w0,w2,[x1]", x1, 8},
    {0x089ffc20, "stlrb w0,[x1]", x1, 1},
    {0x99004020, "stlur w0,[x1,#4]", x1 + 4, 4},
    {0xc8a07c22, "cas x0,x2,[x1]", x1, 8},
    {0x88e0fc22, "casal w0,w2,[x1]", x1, 4},
    {0x48207c82, "casp x0,x1,x2,x3,[x4]", x4, 16},
    {0x08607c82, "caspa w0,w1,w2,w3,[x4]", x4, 8},
    {0xf8200022, "ldadd x0,x2,[x1]", x1, 8},
    {0x38208022, "swpb w0,w2,[x1]", x1, 1},
    {0xb820003f, "stadd w0,[x1]", x1, 4},
    {0xf83f9020, "st64b x0,[x1]", x1, 64},
    {0xf822b020, "st64bv x2,x0,[x1]", x1, 64},
    {0x4c9f2020, "st1 {v0.16b-v3.16b},[x1],#64", x1},
    {0x0da29020, "st2 {v0.s,v1.s}[1],[x1],x2", x1},
    {0xd9201820, "stg x0,[x1,#16]", x1 + 16, 16},
    {0xd9a02420, "st2g x0,[x1],#32", x1, 16},
    {0xd97ffc20, "stzg x0,[x1,#-16]!", x1 - 16, 16},
    {0xd9a00020, "stgm x0,[x1]", x1, 16},
    {0xd50b7421, "dc zva,x1", x1},
    {0xd50b7461, "dc gva,x1", x1},
};

struct of_no_address {
  std::uint32_t code;
  const char *text;
  bool writes;
};
constexpr of_no_address elsewhere[] = {
    {0xf8201420, "ldraa x0,[x1,#8]", false},
    {0xf8fffc20, "ldrab x0,[x1,#-8]!", false},
    {0x19010440, "cpyfp [x0]!,[x1]!,x2!", true},
    {0x19c20420, "setp [x0]!,x1!,x2", true},
    {0xa5e0a020, "ld1d {z0.d},p0/z,[x1]", false},
    {0xe540e020, "st1w {z0.s},p0,[x1]", true},
    {0x85804020, "ldr z0,[x1]", false},
    {0xe5800020, "str p0,[x1]", true},
    {0xa41f6020, "ldff1b {z0.b},p0/z,[x1]", false},
    {0xe5c0a020, "st1d {z0.d},p0,[z1.d]", true},
    {0x8520c020, "ld1w {z0.s},p0/z,[z1.s]", false},
    {0xe1000020, "ldr za[w12,0],[x1]", false},
    {0xe1200020, "str za[w12,0],[x1]", true},
    {0xe01f0020, "ld1b {za0h.b[w12,0]},p0/z,[x1]", false},
    {0xe03f0020, "st1b {za0h.b[w12,0]},p0,[x1]", true},
};

struct named {
  std::uint32_t code;
  const char *text;
};
constexpr named of_no_memory[] = {
    {0x8b020020, "add x0,x1,x2"},
    {0x94000000, "bl ."},
    {0x9e670020, "fmov d0,x1"},
    {0x9100003f, "mov sp,x1"},
    {0xb4000000, "cbz x0,."},
    {0xd61f0020, "br x1"},
    {0xd4200020, "brk #1"},
    {0xd5033fbf, "dmb sy"},
    {0x00000000, "udf #0"},
    // A prefetch of anything is no fault.
    {0xf9800020, "prfm pldl1keep,[x1]"},
    {0xf8801020, "prfum pldl1keep,[x1,#1]"},
    {0xd8000080, "prfm pldl1keep,.+16"},
};

template <std::size_t N>
void check(const example (&examples)[N], bool writes) {
  for (const example &e : examples) {
    INFO(e.text);
    const a64::memory_access access = access_of(e.code);
    CHECK(access.exists);
    CHECK(access.writes == writes);
    CHECK(access.has_address);
    CHECK(access.address == e.address);
    CHECK(access.alignment == e.alignment);
  }
}

}  // namespace

TEST_CASE("A64: loads are known, in every class and way of forming an address") { check(loads, false); }

TEST_CASE("A64: so are stores, and what reads and writes counts as one") { check(stores, true); }

TEST_CASE("A64: whose address can't be computed here still reads or writes") {
  for (const of_no_address &e : elsewhere) {
    INFO(e.text);
    const a64::memory_access access = access_of(e.code);
    CHECK(access.exists);
    CHECK(access.writes == e.writes);
    CHECK_FALSE(access.has_address);
  }
}

TEST_CASE("A64: other instructions have nothing to do with memory") {
  for (const named &e : of_no_memory) {
    INFO(e.text);
    CHECK_FALSE(access_of(e.code).exists);
  }
}

TEST_CASE("A64: what goes by the stack pointer is told from what goes by an index") {
  CHECK(access_of(0xa9be7bfd).base == 31);  // stp x29,x30,[sp,#-32]!
  CHECK(access_of(0xa9be7bfd).by_immediate);
  CHECK(access_of(0xf82063e0).base == 31);  // ldumax: an atomic has its base alone
  CHECK(access_of(0xf8626be0).base == 31);  // ldr x0,[sp,x2]
  CHECK_FALSE(access_of(0xf8626be0).by_immediate);
  CHECK(access_of(0xf9400020).base == 1);
  CHECK_FALSE(access_of(0x58000080).by_immediate);  // a literal has no base at all
}

TEST_CASE("A64: calls, jumps and returns are told apart, with pointer authentication too") {
  for (const std::uint32_t call : {0x94000000U /* bl */, 0xd63f0020U /* blr x1 */, 0xd63f083fU /* blraaz x1 */,
                                   0xd73f0822U /* blraa x1,x2 */, 0xd73f0c22U /* blrab x1,x2 */}) {
    CHECK(a64::is_call(call));
    CHECK_FALSE(a64::is_indirect_jump(call));
  }
  for (const std::uint32_t jump :
       {0xd61f0020U /* br x1 */, 0xd61f083fU /* braaz x1 */, 0xd71f0822U /* braa x1,x2 */, 0xd65f0200U /* ret x16 */}) {
    CHECK(a64::is_indirect_jump(jump));
    CHECK_FALSE(a64::is_call(jump));
    CHECK_FALSE(a64::goes_on(jump));
  }
  for (const std::uint32_t end : {0xd65f03c0U /* ret */, 0xd65f0bffU /* retaa */, 0xd65f0fffU /* retab */,
                                  0x14000000U /* b . */, 0xd4200020U /* brk #1 */, 0x00000001U /* udf #1 */}) {
    CHECK_FALSE(a64::is_indirect_jump(end));
    CHECK_FALSE(a64::is_call(end));
    CHECK_FALSE(a64::goes_on(end));
  }
  for (const std::uint32_t other : {0xd503201fU /* nop */, 0x54000001U /* b.ne . */, 0xb4000000U /* cbz x0,. */,
                                    0xd4000001U /* svc #0 */, 0xd503245fU /* bti c */, 0xf9400020U /* ldr x0,[x1] */}) {
    CHECK(a64::goes_on(other));
  }
}

TEST_CASE("A64: a branch goes where it says, forward and back") {
  CHECK(a64::branch_target(pc, 0x94000004) == pc + 16);             // bl .+16
  CHECK(a64::branch_target(pc, 0x17ffffff) == pc - 4);              // b .-4
  CHECK(a64::branch_target(pc, 0x15ffffff) == pc + 0x7fffffc);      // b .+0x7fffffc
  CHECK(a64::branch_target(pc, 0x54ffffc1) == pc - 8);              // b.ne .-8
  CHECK(a64::branch_target(pc, 0x54000061) == pc + 12);             // b.ne .+12
  CHECK(a64::branch_target(pc, 0xb5000060) == pc + 12);             // cbnz x0,.+12
  CHECK(a64::branch_target(pc, 0x34ffffe0) == pc - 4);              // cbz w0,.-4
  CHECK(a64::branch_target(pc, 0x370fffe0) == pc - 4);              // tbnz w0,#1,.-4
  CHECK(a64::branch_target(pc, 0xb6f80060) == pc + 12);             // tbz x0,#63,.+12
  CHECK(a64::branch_target(pc, 0xd61f0020) == pc);                  // br x1
  CHECK(a64::relative_address(pc + 8, 0x90000010) == pc);           // adrp x16,.
  CHECK(a64::relative_address(pc + 8, 0xb0000010) == pc + 0x1000);  // adrp x16,.+4096
  CHECK(a64::relative_address(pc + 8, 0xf0fffff0) == pc - 0x1000);  // adrp x16,.-4096
  CHECK(a64::relative_address(pc, 0x10000011) == pc);               // adr x17,.
  CHECK(a64::relative_address(pc, 0x70fffff1) == pc - 1);           // adr x17,.-1
  CHECK(a64::literal_address(pc, 0x58000090) == pc + 16);           // ldr x16,.+16
}

TEST_CASE("A64: what a program may not do has its name") {
  const auto name = [](std::uint32_t code) {
    const char *const found = a64::privileged_name(code);
    return std::string(found != nullptr ? found : "");
  };
  CHECK(name(0xd4400000) == "hlt");
  CHECK(name(0xd4000002) == "hvc");
  CHECK(name(0xd4000003) == "smc");
  CHECK(name(0xd69f03e0) == "eret");
  CHECK(name(0xd53be020) == "mrs of a system register");  // mrs x0,cntpct_el0
  CHECK(name(0xd5181000) == "msr of a system register");  // msr sctlr_el1,x0
  CHECK(name(0xd50342df) == "msr of a system register");  // msr daifset,#2
  CHECK(name(0xd508871f) == "tlbi");                      // tlbi vmalle1
  CHECK(name(0xd5087801) == "at");                        // at s1e1r,x1
  CHECK(name(0xd5087621) == "cache maintenance");         // dc ivac,x1
  for (const std::uint32_t common : {0xd503201fU /* nop */, 0xd5033fbfU /* dmb sy */, 0xd5033f5fU /* clrex */,
                                     0xd4000001U /* svc #0 */, 0xd4200020U /* brk #1 */, 0xf9400020U /* ldr */}) {
    CHECK(name(common).empty());
  }
}
