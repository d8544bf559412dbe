#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Compiles the implementation, a file with guards and a file in C for a platform that this machine does not run, with
# the compiler, headers and C++ library of it that zig brings along. Nothing is linked, and nothing runs.
#
#   compile.sh ZIG TARGET GUARDS_SIGNALS [FLAG]...
#
# GUARDS_SIGNALS is what docs/platforms.md says of it, 0 or 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
zig=$1 target=$2 expected=$3
shift 3
warnings=(-Wall -Wextra -Wpedantic -Werror)
cd "$scratch"

# Boost's headers, without the others of this machine: those of the C library are this processor's.
headers=()
if [ -d /usr/include/boost ]; then
  mkdir headers && ln -s /usr/include/boost headers/boost
  headers=(-isystem headers)
fi
compile() { "$zig" "$1" -target "$target" -O1 "${warnings[@]}" -I"$here/../../include" -DEXPECTED="$expected" "${@:2}"; }
compile c++ -std=c++17 "${headers[@]}" "$@" -c "$here/../../include/cgo_guard/source/implementation.cpp" -o implementation.o
compile c++ -std=c++17 "$@" -c "$here/guarded.cpp" -o guarded.o
compile cc -std=c99 "$@" -c "$here/main.c" -o main.o
python3 "$here/symbols.py" implementation.o
