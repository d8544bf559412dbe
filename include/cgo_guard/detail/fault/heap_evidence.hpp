// SPDX-License-Identifier: BSL-1.0
/// @file heap_evidence.hpp
/// Whether the frames of a fault say that it happened in the allocator. Async-signal-safe.
#ifndef CGO_GUARD_HEAP_EVIDENCE_HPP
#define CGO_GUARD_HEAP_EVIDENCE_HPP

#include <new>

#include "../frames/cursor.hpp"
#include "../state/process.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

/// Sees each frame once, from the fault outwards.
///
/// malloc and free count wherever they are on the stack. Operators new and delete, and whatever is in a library of the
/// allocator's own, count unless they have called somebody else: a new_handler, or the machinery of a throw, out of
/// bad_alloc. And where the function that runs is nobody's that is known here, the one that was called may be: it has
/// jumped to the allocator's inner functions.
class heap_evidence {
 public:
  /// @return whether this frame is the allocator's. To be asked until one is.
  bool visit(const cursor &at) noexcept {
    const std::uintptr_t call_site = at.call_site();
    if (call_site == last_) return false;  // a recursion, and the first of it was not the allocator's
    last_ = call_site;
    const unsigned running = process.known.roles_of(call_site);
    unsigned called = 0;
    bool through_pointer = false;
    if (depth_++ < deepest && call_site != at.registers().pc()) {  // one that is equal has been interrupted
      const std::uintptr_t function = arch::function_called_before(at.registers().pc());
      called = process.known.roles_of(function);
      through_pointer = function == 0;
    }
    if (((running | called) & allocates) != 0) return true;
    const bool allocator = ((running | called) & allocates_cpp) != 0 || process.known.is_in_allocator(call_site);
    if ((running & (throws | may_terminate)) != 0) outside_ = true;
    // The one that calls a new_handler may be an inner function.
    if (through_pointer && has_new_handler_ && (allocator || process.known.is_with_allocator(call_site)))
      outside_ = true;
    return allocator && !outside_;
  }

 private:
  // An allocator is less deep than this, and a look at each call of a stack overflow's hundred thousand takes time.
  static constexpr int deepest = 64;
  int depth_ = 0;
  std::uintptr_t last_ = 0;
  bool outside_ = false;  ///< somebody else has been called, and what happened is theirs
  bool has_new_handler_ = std::get_new_handler() != nullptr;
};

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_HEAP_EVIDENCE_HPP
