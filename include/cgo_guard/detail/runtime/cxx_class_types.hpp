// SPDX-License-Identifier: BSL-1.0
/// @file cxx_class_types.hpp
/// The direct bases of a class, from its type_info. Laid out by the Itanium C++ ABI (2.9.5), so alike in both runtimes;
/// by that and not by <cxxabi.h>, where libc++abi's has none of it.
#ifndef CGO_GUARD_CXX_CLASS_TYPES_HPP
#define CGO_GUARD_CXX_CLASS_TYPES_HPP

#include <cstring>
#include <typeinfo>

#include "../../config.hpp"

CGO_GUARD_NAMESPACE_BEGIN
namespace detail::cxx {

/// What every type_info begins with.
struct type_info_layout {
  const std::type_info *const *functions;  ///< its table of virtual functions, in front of which its own type stands
  const char *name;
};
/// __si_class_type_info: one base, public, at the beginning.
struct single_base_layout : type_info_layout {
  const std::type_info *base;
};
/// __vmi_class_type_info: any others.
struct many_bases_layout : type_info_layout {
  unsigned int flags, count;
  struct {
    const std::type_info *base;
    long offset_and_flags;
  } bases[1];
};

/// Calls visit(base) for each direct base of a class.
template <class Visit>
void for_each_base(const std::type_info &type, Visit &&visit) noexcept {
  const auto *const common = reinterpret_cast<const type_info_layout *>(&type);
  // The class of a type_info tells its layout. By name, and out of its table: under -fno-rtti there is no dynamic_cast,
  // and a module may have a C++ runtime of its own.
  const std::type_info *const kind = common->functions[-1];
  if (kind == nullptr) return;
  if (std::strcmp(kind->name(), "N10__cxxabiv120__si_class_type_infoE") == 0) {
    visit(*static_cast<const single_base_layout *>(common)->base);
  } else if (std::strcmp(kind->name(), "N10__cxxabiv121__vmi_class_type_infoE") == 0) {
    const auto &many = *static_cast<const many_bases_layout *>(common);
    for (unsigned i = 0; i < many.count; ++i) visit(*many.bases[i].base);
  }
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_CLASS_TYPES_HPP
