// SPDX-License-Identifier: BSL-1.0
#include "inventory.h"

namespace {

int *volatile nobody = nullptr;

__attribute__((noinline)) void count(int items) {
  *nobody = items;  // line of count
  asm volatile("" ::: "memory");
}

}  // namespace

cgo_guard_error *inventory_count(void) {
  return CGO_GUARD {
    count(1);  // line of inventory_count
    asm volatile("" ::: "memory");
  };
}
