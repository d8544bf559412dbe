#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What the portable guard says of a throw, in a program that is compiled in one of many ways, and of a broken noexcept.
#
#   portable.sh CXX EXPECTED [FLAG]... [-- LINKER_FLAG...]
#
# EXPECTED is what a line of the first report begins with, after white space.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cxx=$1 expected=$2
shift 2
flags=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do flags+=("$1"); shift; done
[ $# -eq 0 ] || shift
cd "$scratch"

compile() { "$cxx" -std=c++17 -g -Wall -Wextra -Werror -DCGO_GUARD_HAS_SIGNALS=0 -I"$here/../../include" "$@"; }
compile "${flags[@]}" -c "$here/portable/stack.cpp" -o stack.o
compile "${flags[@]}" -c "$here/../../include/cgo_guard/source/implementation.cpp" -o implementation.o
"$cxx" "${flags[@]}" stack.o implementation.o "$@" -ldl -o program

status=0
said=$(./program 2>&1) || status=$?
fail() { printf '%s\n%s\n' "$1" "$said"; exit 1; }
[ "$status" = 134 ] || fail "ended with $status, and not by abort"
first=${said%%cgo_guard: std::terminate*}
grep -qE "^[[:space:]]*$expected" <<<"$first" || fail "no line begins with $expected"
for line in 'C\+\+ exception std::out_of_range: row 7$' 'guard:   count_rows at .*stack\.cpp:' \
  'cgo_guard: std::terminate, under a guard' 'std::terminate std::out_of_range: row 7$' 'guard:   break_the_promise at .*stack\.cpp:'; do
  grep -qE "^$line" <<<"$said" || fail "no line begins with $line"
done
