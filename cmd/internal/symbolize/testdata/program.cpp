// SPDX-License-Identifier: BSL-1.0
// A program with a label in its innermost function, which is inlined. Nothing of it runs.

#define KEPT __attribute__((noinline))
#define INLINED inline __attribute__((always_inline))

namespace shop {
namespace {
template <class Number>
struct shelf {
  INLINED void put(Number n) const {
    asm volatile("mark:\n nop" ::"r"(n) : "memory");  // line of put
  }
};
}  // namespace
static INLINED void fill(int n) {
  const auto body = [n]() __attribute__((always_inline)) {
    shelf<long>{}.put(n);  // line of lambda
  };
  body();  // line of fill
}
struct box {
  KEPT explicit box(int n) {
    fill(n);  // line of box
  }
};
}  // namespace shop

extern "C" KEPT void plain(int n) {
  shop::box b(n);
  asm volatile("plain_mark:\n nop" ::"r"(&b) : "memory");  // line of plain
}

int main(int argc, char **) { plain(argc); }
