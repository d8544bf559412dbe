// SPDX-License-Identifier: BSL-1.0
// The functions of the C ABI are inline and weak: a program has them where some C++ file included the header. This
// file is what makes a program have them when its own guards live in a shared library that hides its symbols.
#include <cgo_guard.h>
