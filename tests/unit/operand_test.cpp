// SPDX-License-Identifier: BSL-1.0
// What x86-64 wanted where the kernel gives no address. a64_test.cpp has the other processor.
#if defined(__x86_64__)
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <string>

#include <emmintrin.h>
#include <sys/mman.h>

#include <cgo_guard/detail/arch/arch.hpp>
#include <cgo_guard/detail/unwind/unwind.hpp>

#include "faults.hpp"
#include "told_faults.hpp"

using cgo_guard::detail::arch::read_wanted;
using cgo_guard::detail::arch::registers;
using cgo_guard::detail::arch::wanted;

namespace {

enum { rax = 0, rdx = 1, rcx = 2, rsi = 4, rdi = 5, rsp = 7, r12 = 12, r13 = 13 };

/// What is read of the instruction with these bytes.
wanted of(std::initializer_list<int> bytes, registers r = {}) {
  alignas(8) static unsigned char code[32];
  std::size_t at = 0;
  for (const int byte : bytes) code[at++] = static_cast<unsigned char>(byte);
  r.value[cgo_guard::detail::arch::pc_register] = reinterpret_cast<std::uintptr_t>(code);
  return read_wanted(r);
}

registers with(int register_number, std::uintptr_t value) {
  registers r = {};
  r.value[register_number] = value;
  return r;
}

std::string privileged(std::initializer_list<int> bytes) {
  const wanted w = of(bytes);
  return w.privileged != nullptr ? w.privileged : "";
}

__attribute__((noinline)) void store_misaligned() {
  alignas(16) static char bytes[64];
  __asm__ volatile("movaps %%xmm0,4(%0)" : : "r"(bytes) : "memory");
}
__attribute__((noinline)) void store_to_misaligned_stack() {
  alignas(16) volatile char bytes[64] = {};
  __asm__ volatile("movaps %%xmm0,8(%0)" : : "r"(bytes) : "memory");
}
__attribute__((noinline)) void add_misaligned() {
  alignas(16) static char bytes[64];
  __asm__ volatile("paddd 24(%0),%%xmm0" : : "r"(bytes) : "memory", "xmm0");
}
__attribute__((noinline)) void halt() { __asm__ volatile("hlt"); }
__attribute__((noinline)) void read_port() { __asm__ volatile("inb $0x70,%%al" : : : "rax"); }
__attribute__((noinline)) void write_with_alignment_check() {
  volatile long words[4] = {};
  __asm__ volatile("pushfq; orq $0x40000,(%%rsp); popfq; movq $1,1(%0)" : : "r"(words) : "memory", "cc");
}
__attribute__((noinline)) void return_to(std::uintptr_t address) {
  __asm__ volatile("pushq $0; pushq %0; ret" : : "r"(address) : "memory");
}
__attribute__((noinline)) void failed_check_of_clang() { __asm__ volatile(".byte 0x67,0x0f,0xb9,0x40,0x12"); }
__attribute__((noinline)) void undefined_instruction() { __asm__ volatile("ud1 %eax,%eax"); }

constexpr std::uintptr_t wild = 0x4141414141414141;

}  // namespace

TEST_CASE("The address that an instruction wanted is computed from its operand, in every form") {
  CHECK(of({0x8b, 0x00}, with(rax, 0x1000)).address == 0x1000);                    // mov (%rax),%eax
  CHECK(of({0x8b, 0x40, 0xf8}, with(rax, 0x1000)).address == 0xff8);               // mov -8(%rax),%eax
  CHECK(of({0x48, 0x8b, 0x82, 0, 1, 0, 0}, with(rdx, 0x1000)).address == 0x1100);  // mov 0x100(%rdx),%rax
  CHECK(of({0x41, 0x8b, 0x45, 0x00}, with(r13, wild)).address == wild);            // mov (%r13),%eax
  CHECK(of({0x41, 0x8b, 0x04, 0x24}, with(r12, wild)).address == wild);            // mov (%r12),%eax
  registers r = with(rax, 0x1000);
  r.value[rcx] = 3;
  CHECK(of({0x8b, 0x44, 0xc8, 0x10}, r).address == 0x1028);                           // mov 0x10(%rax,%rcx,8),%eax
  CHECK(of({0x8b, 0x04, 0xcd, 4, 0, 0, 0}, r).address == 28);                         // mov 4(,%rcx,8),%eax
  CHECK(of({0xa1, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41}).address == wild);  // movabs
  CHECK(of({0x67, 0x8b, 0x00}, with(rax, wild)).address == 0x41414141);               // mov (%eax),%eax
  const wanted relative = of({0xc7, 0x05, 0x10, 0, 0, 0, 1, 2, 3, 4});                // movl $…,0x10(%rip)
  const wanted plain = of({0x8b, 0x05, 0x10, 0, 0, 0});                               // mov 0x10(%rip),%eax
  CHECK(relative.address == plain.address + 4);
  CHECK(relative.writes);
  CHECK_FALSE(plain.writes);
  CHECK_FALSE(of({0x65, 0x8b, 0x00}, with(rax, wild)).has_address);  // gs is the kernel's to know
  CHECK_FALSE(of({0x01, 0xc0}).has_address);                         // add %eax,%eax
}

TEST_CASE("Implied operands are known: strings, the stack, a return") {
  registers r = with(rsi, wild);
  r.value[rdi] = 0x2000;
  CHECK(of({0xf3, 0xa4}, r).address == wild);  // rep movsb from a wild address
  CHECK_FALSE(of({0xf3, 0xa4}, r).writes);
  r.value[rsi] = 0x1000;
  r.value[rdi] = wild;
  CHECK(of({0xf3, 0xa4}, r).address == wild);
  CHECK(of({0xf3, 0xa4}, r).writes);
  CHECK(of({0xf3, 0x48, 0xab}, r).address == wild);        // rep stosq
  CHECK(of({0x50}, with(rsp, wild)).address == wild - 8);  // push
  const std::uintptr_t stack[1] = {wild};
  const wanted returned = of({0xc3}, with(rsp, reinterpret_cast<std::uintptr_t>(stack)));
  CHECK(returned.returns_there);
  CHECK(returned.address == wild);
  CHECK(of({0xff, 0xd0}, with(rax, wild)).goes_there);  // call *%rax
  CHECK(of({0xff, 0xe0}, with(rax, wild)).address == wild);
  const wanted through = of({0xff, 0x10}, with(rax, reinterpret_cast<std::uintptr_t>(stack)));  // call *(%rax)
  CHECK(through.goes_there);
  CHECK(through.address == wild);
}

TEST_CASE("Which instructions insist on alignment is known, in all their encodings") {
  CHECK(of({0x0f, 0x28, 0x00}).alignment == 16);        // movaps
  CHECK(of({0x66, 0x0f, 0x7f, 0x00}).alignment == 16);  // movdqa
  CHECK(of({0x66, 0x0f, 0x7f, 0x00}).writes);
  CHECK(of({0xf3, 0x0f, 0x6f, 0x00}).alignment == 0);                                        // movdqu
  CHECK(of({0x0f, 0x10, 0x00}).alignment == 0);                                              // movups
  CHECK(of({0x0f, 0x58, 0x00}).alignment == 16);                                             // addps
  CHECK(of({0xf3, 0x0f, 0x58, 0x00}).alignment == 0);                                        // addss
  CHECK(of({0x66, 0x0f, 0xfe, 0x00}).alignment == 16);                                       // paddd
  CHECK(of({0xc5, 0xfc, 0x28, 0x00}).alignment == 32);                                       // vmovaps of 32 bytes
  CHECK(of({0xc5, 0xf8, 0x58, 0x00}).alignment == 0);                                        // vaddps
  CHECK(of({0x62, 0xf1, 0x7c, 0x48, 0x28, 0x40, 0x01}, with(rax, 0x1000)).alignment == 64);  // vmovaps of 64 bytes
  CHECK(of({0x62, 0xf1, 0x7c, 0x48, 0x28, 0x40, 0x01}, with(rax, 0x1000)).address == 0x1040);
  CHECK(of({0x48, 0x0f, 0xc7, 0x08}).alignment == 16);  // cmpxchg16b
  CHECK(of({0x8b, 0x00}).alignment == 0);
}

TEST_CASE("Instructions that a program may not use have their names") {
  CHECK(privileged({0xf4}) == "hlt");
  CHECK(privileged({0xe4, 0x70}) == "in");
  CHECK(privileged({0xf3, 0x6e}) == "outs");
  CHECK(privileged({0xfa}) == "cli");
  CHECK(privileged({0x0f, 0x01, 0x10}) == "lgdt");
  CHECK(privileged({0x0f, 0x22, 0xd8}) == "mov of a control register");
  CHECK(privileged({0x0f, 0x30}) == "wrmsr");
  CHECK(privileged({0x0f, 0x01, 0xd0}) == "");  // xgetbv
  CHECK(privileged({0x8b, 0x00}) == "");
}

TEST_CASE("Code at the end of what can be read is read as far as it goes") {
  auto *const page =
      static_cast<unsigned char *>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(page + 4096, 4096, PROT_NONE);
  take_the_signals();
  registers r = {};
  page[4095] = 0xf4;
  r.value[cgo_guard::detail::arch::pc_register] = reinterpret_cast<std::uintptr_t>(page) + 4095;
  CHECK(std::string(read_wanted(r).privileged) == "hlt");
  page[4095] = 0x8b;
  CHECK_FALSE(read_wanted(r).has_address);
  munmap(page, 8192);
}

GUARDED_TEST_CASE("A general protection fault is what it was: misaligned, privileged, or an address that can't exist") {
  check(fault(store_misaligned), SIGSEGV, "misaligned write at 0x", CGO_GUARD_ACCESS_WRITE);
  check(fault(store_misaligned), SIGSEGV, "4 (the instruction needs a multiple of 16)", CGO_GUARD_ACCESS_WRITE);
  check(fault(store_to_misaligned_stack), SIGSEGV, "misaligned write at 0x", CGO_GUARD_ACCESS_WRITE);
  check(fault(add_misaligned), SIGSEGV, "misaligned read at 0x", CGO_GUARD_ACCESS_READ);
  check(fault(halt), SIGSEGV, "privileged instruction (hlt)", CGO_GUARD_ACCESS_UNKNOWN);
  check(fault(read_port), SIGSEGV, "privileged instruction (in)", CGO_GUARD_ACCESS_UNKNOWN);
  const caught error = fault([] { faults::read_from(wild); });
  check(error, SIGSEGV, "wild address: read at 0x4141414141414141 (not canonical", CGO_GUARD_ACCESS_READ);
  CHECK(error->address == wild);
  check(fault([] { faults::write_to(wild); }), SIGSEGV, "wild address: write at 0x4141", CGO_GUARD_ACCESS_WRITE);
  check(fault([] { faults::call_address(wild); }), SIGSEGV,
        "call through a wild function pointer (execution at 0x4141414141414141, not canonical)",
        CGO_GUARD_ACCESS_EXECUTE);
}

GUARDED_TEST_CASE("A failed alignment check has the address, which the kernel doesn't say") {
  const caught error = fault(write_with_alignment_check);
  check(error, SIGBUS, "misaligned address: write at 0x", CGO_GUARD_ACCESS_WRITE);
  CHECK(error->address % 8 == 1);
}

GUARDED_TEST_CASE("A return to a smashed address is not called a call") {
  for (const std::uintptr_t address : {std::uintptr_t{0x10}, std::uintptr_t{0x123456789000}, wild}) {
    const caught error = fault([&] { return_to(address); });
    check(error, SIGSEGV, "return to a wild address (execution at 0x", CGO_GUARD_ACCESS_EXECUTE);
    CHECK(contains(message_of(error), "the return address on the stack was overwritten"));
    CHECK(error->address == address);
  }
  check(fault(faults::call_null), SIGSEGV, "call through a null function pointer", CGO_GUARD_ACCESS_EXECUTE);
}

GUARDED_TEST_CASE("clang's trap says which check has failed") {
  check(fault(failed_check_of_clang), SIGILL, "an index out of bounds (check 18 of clang's -fsanitize-trap)",
        CGO_GUARD_ACCESS_UNKNOWN);
  check(fault(undefined_instruction), SIGILL, "trap instruction", CGO_GUARD_ACCESS_UNKNOWN);
}

#endif  // __x86_64__
