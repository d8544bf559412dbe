// SPDX-License-Identifier: BSL-1.0
// A library whose debug information is compressed, as Go's linker does it. Its functions tell where they were called.

namespace {

volatile int not_a_tail_call;

__attribute__((noinline)) const void *call_site() {
  not_a_tail_call = 0;
  return static_cast<const char *>(__builtin_return_address(0)) - 1;
}

inline __attribute__((always_inline)) const void *inlined(int &line) {
  line = __LINE__ + 1;
  const void *const address = call_site();
  not_a_tail_call = 1;
  return address;
}

/// Variables in changing places, enough that the section about them is worth compressing.
template <int Count>
__attribute__((noinline)) int many_variables(int first, int second) {
  const int third = first * second + not_a_tail_call, fourth = third ^ Count;
  not_a_tail_call = fourth;
  if constexpr (Count > 0) return many_variables<Count - 1>(third, fourth) + first;
  return fourth + second;
}

}  // namespace

extern "C" const void *site_in_compressed_plugin(int *inner_line, int *outer_line) {
  *outer_line = __LINE__ + 1;
  const void *const address = inlined(*inner_line);
  not_a_tail_call = many_variables<50>(2, 3);
  return address;
}
