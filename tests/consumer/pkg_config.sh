#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The header by way of `#cgo pkg-config: cgo_guard`, and by way of pkg-config alone in C++ without Go, from what
# `meson install` installs.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

prefix=$scratch/prefix
meson setup "$scratch/build" "$origin" --prefix "$prefix" -Dtests=false -Dexamples=false
meson install -C "$scratch/build"

# All headers and the implementation, and nothing else.
headers() { (cd "$1" && find . -type f "${@:2}" | LC_ALL=C sort); }
diff <(headers "$origin/include" -name '*.h' -o -type f -name '*.[ch]pp') <(headers "$prefix/include")

export PKG_CONFIG_PATH=$prefix/share/pkgconfig
version=$(sed -n 's/^#define CGO_GUARD_VERSION "\(.*\)"$/\1/p' "$origin/include/cgo_guard/abi.h")
[ "$(pkg-config --modversion cgo_guard)" = "$version" ]

new_go_consumer 'CXXFLAGS: -std=c++17' 'pkg-config: cgo_guard'
says_ok clean PKG_CONFIG_PATH="$PKG_CONFIG_PATH" go run .

# Without Go the implementation is one more source file, whose name pkg-config knows.
read -ra include <<<"$(pkg-config --cflags cgo_guard)"
mkdir plain
cd plain
gcc "${include[@]}" -c "$here/testdata/meson/describe.c"
g++ -std=c++17 "${include[@]}" "$here/testdata/meson/main.cpp" describe.o "$(pkg-config --variable=implementation cgo_guard)" \
  -pthread -ldl -o plain
says_ok ./plain
