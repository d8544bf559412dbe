// SPDX-License-Identifier: BSL-1.0
// refused: compile this file without -fno-rtti
// flags: -fno-rtti
#include <cgo_guard/translator.hpp>

struct failure {};
static const cgo_guard::translator<failure> translate([](const failure &, cgo_guard::translation &) {});
