// SPDX-License-Identifier: BSL-1.0
/// @file cxx_class_types.hpp
/// What a type_info says of a class: its direct bases, and whether a catch clause takes it. Laid out by the Itanium C++
/// ABI (2.9.5), so alike in both runtimes; by that and not by <cxxabi.h>, where libc++abi's has none of it.
#ifndef CGO_GUARD_CXX_CLASS_TYPES_HPP
#define CGO_GUARD_CXX_CLASS_TYPES_HPP

#include <cstddef>
#include <cstring>
#include <typeinfo>

#include "cxx_exceptions.hpp"

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
struct base_class {
  const std::type_info *type;
  long flags_and_offset;

  bool is_public() const noexcept { return (flags_and_offset & 2) != 0; }
  /// Where it is in an object of the derived class.
  void *part_of(void *object) const noexcept {
    std::ptrdiff_t offset = flags_and_offset >> 8;
    if ((flags_and_offset & 1) != 0) {  // virtual: the offset is in the object's table, and this is where
      const char *table = nullptr;
      std::memcpy(&table, object, sizeof table);
      std::memcpy(&offset, table + offset, sizeof offset);
    }
    return static_cast<char *>(object) + offset;
  }
};
/// __vmi_class_type_info: any others.
struct many_bases_layout : type_info_layout {
  unsigned int flags, count;
  base_class bases[1];
};

inline const type_info_layout &layout_of(const std::type_info &type) noexcept {
  return *reinterpret_cast<const type_info_layout *>(&type);
}
/// The class of a type_info, which tells its layout. Out of its table: under -fno-rtti there is no typeid.
inline const std::type_info *kind_of(const std::type_info &type) noexcept { return layout_of(type).functions[-1]; }

/// Calls visit(base) for each direct base of a class. Layouts are told by name, because a module may have a C++ runtime
/// of its own.
template <class Visit>
void for_each_base(const std::type_info &type, Visit &&visit) noexcept {
  const std::type_info *const kind = kind_of(type);
  if (kind == nullptr) return;
  if (std::strcmp(kind->name(), "N10__cxxabiv120__si_class_type_infoE") == 0) {
    constexpr long publicly_at_0 = 2;
    visit(base_class{static_cast<const single_base_layout &>(layout_of(type)).base, publicly_at_0});
  } else if (std::strcmp(kind->name(), "N10__cxxabiv121__vmi_class_type_infoE") == 0) {
    const auto &many = static_cast<const many_bases_layout &>(layout_of(type));
    for (unsigned i = 0; i < many.count; ++i) visit(many.bases[i]);
  }
}

/// The runtime that a type_info is of: the classes of type_infos have one base each, and libc++abi's have one that
/// libstdc++'s have not (private_typeinfo.h).
inline maker maker_of_type(const std::type_info &type) noexcept {
  const std::type_info *kind = kind_of(type);
  for (int level = 0; kind != nullptr && level < 4; ++level) {
    if (std::strcmp(kind->name(), "N10__cxxabiv116__shim_type_infoE") == 0) return maker::libcxxabi;
    if (std::strcmp(kind->name(), "St9type_info") == 0) return maker::libstdcxx;
    kind = static_cast<const single_base_layout &>(layout_of(*kind)).base;
  }
  return maker::another_language;
}
inline bool are_of_one_runtime(const std::type_info &a, const std::type_info &b) noexcept {
  const std::type_info *const kind_a = kind_of(a), *const kind_b = kind_of(b);
  if (kind_a == nullptr || kind_b == nullptr) return false;
  // All kinds are of one kind themselves, of which each runtime has its own.
  return layout_of(*kind_a).functions == layout_of(*kind_b).functions || maker_of_type(a) == maker_of_type(b);
}

/// What a catch clause of type `wanted` would be given of an object. @param object becomes the part of it that is one.
/// The question is a virtual function of the type_info's, the fifth in both: libstdc++'s __do_catch (tinfo.h) and
/// libc++abi's can_catch (private_typeinfo.h, with two functions of no use in front so that it is the fifth). It asks
/// the other type_info in turn, by functions that only its own runtime has. By its place, because nobody declares the
/// one, and GCC would take std::type_info's own for the other: it knows no bases.
inline bool catches(const std::type_info *wanted, const std::type_info *thrown, void *&object) noexcept {
  if (!are_of_one_runtime(*wanted, *thrown)) return false;
  using function = bool (*)(const std::type_info *, const std::type_info *, void **, unsigned);
  const function *table = nullptr;
  std::memcpy(&table, static_cast<const void *>(wanted), sizeof table);
  return table[4](wanted, thrown, &object, 1);
}

/// The part of an object that is of a type by this name, which is what it is where each runtime has the type for
/// itself; only by public bases. nullptr where there is none.
inline void *part_named(const std::type_info &type, void *object, const char *name) noexcept {
  if (std::strcmp(type.name(), name) == 0) return object;
  void *found = nullptr;
  for_each_base(type, [&](const base_class &base) noexcept {
    if (found == nullptr && base.is_public()) found = part_named(*base.type, base.part_of(object), name);
  });
  return found;
}

}  // namespace detail::cxx
CGO_GUARD_NAMESPACE_END

#endif  // CGO_GUARD_CXX_CLASS_TYPES_HPP
