// SPDX-License-Identifier: BSL-1.0
/// @file originals.hpp
/// The functions behind those of libc and libstdc++ that we define: found when our module is loaded, and not at the
/// throw or the exit that needs one. dlsym takes the loader's lock, and who throws may run while another thread holds
/// it and waits for him: a plugin's static constructor that joins a thread.
#ifndef CGO_GUARD_ORIGINALS_HPP
#define CGO_GUARD_ORIGINALS_HPP

#include <initializer_list>

#include "../runtime/cxx.hpp"
#include "../runtime/original.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail {

struct CGO_GUARD_OF_THIS_MODULE original_functions {
  original cxa_throw{"__cxa_throw"};
  original cxa_begin_catch{"__cxa_begin_catch"};
  original cxa_rethrow{"__cxa_rethrow"};
  original assert_fail{"__assert_fail"};
  original stack_chk_fail{"__stack_chk_fail"};
  original pure_virtual{"__cxa_pure_virtual"};
  original deleted_virtual{"__cxa_deleted_virtual"};
#if defined(CGO_GUARD_CXX_CHECK)
  original check_failed{CGO_GUARD_CXX_CHECK};
#endif
  original exit{"exit"};
  original quick_exit{"quick_exit"};
  original verr{"verr"};
  original verrx{"verrx"};

  void look_up() noexcept {
    for (original *one : {&cxa_throw, &cxa_begin_catch, &cxa_rethrow, &assert_fail, &stack_chk_fail, &pure_virtual,
                          &deleted_virtual, &exit, &quick_exit, &verr, &verrx}) {
      one->look_up();
    }
#if defined(CGO_GUARD_CXX_CHECK)
    check_failed.look_up();
#endif
  }
};

CGO_GUARD_OF_THIS_MODULE inline original_functions originals;

/// The loader runs this when it has loaded us, under its lock anyway.
CGO_GUARD_OF_THIS_MODULE inline const bool originals_are_known = (originals.look_up(), true);

}  // namespace detail
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_ORIGINALS_HPP
