// SPDX-License-Identifier: BSL-1.0
#include "inventory.h"

#include <exception>
#include <stdexcept>

extern "C" void inventory_go_function(uintptr_t function);

namespace inventory {

int *volatile nobody = nullptr;

__attribute__((noinline)) void write_to_nobody() { *nobody = 1; }

__attribute__((noinline)) void find_shelf() { throw std::out_of_range("shelf 3"); }

__attribute__((noinline)) void find_item() {
  try {
    find_shelf();
  } catch (...) {
    std::throw_with_nested(std::runtime_error("item A-113"));
  }
}

__attribute__((noinline)) void count_items() {
  try {
    find_item();
  } catch (...) {
    std::throw_with_nested(std::logic_error("no count"));
  }
}

__attribute__((noinline)) void hand_over(uintptr_t function) {
  inventory_go_function(function);
  asm volatile("");  // so that this is no tail call
}

}  // namespace inventory

void inventory_deliver(uintptr_t function) {
  inventory::hand_over(function);
  asm volatile("");
}

cgo_guard_error *inventory_fault(void) {
  return CGO_GUARD { inventory::write_to_nobody(); };
}

cgo_guard_error *inventory_nested(void) {
  return CGO_GUARD { inventory::count_items(); };
}
