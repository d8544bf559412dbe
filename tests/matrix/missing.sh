#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A program that nobody has given an implementation does not link, and the linker says what to do.
#
#   missing.sh CXX LINKER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

"$1" -std=c++17 -O2 -I"$here/../../include" -c "$here/stripped.cpp"
! "$1" stripped.o -fuse-ld="$2" -o program >said 2>&1 || { echo "it links"; exit 1; }
cat said
# As GNU's linkers have it, and the others.
grep -Eq "undefined (reference to|symbol:) .?cgo_guard_v1__import_cgoguard_in_Go__or_define_CGO_GUARD_IMPLEMENTATION_in_one_cpp_file\b" said
