#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Builds the program with one set of flags and compares every stack of it with the golden one.
#
#   cell.sh CXX gcc|clang C_API_ARCHIVE FLAG...
# shellcheck source=tests/golden/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for source in program guarded failing; do compile $source "${@:4}"; done
if [[ "$compiler $*" = clang*-flto* ]]; then
  # The library's symbols would be lost between bitcode and an object that also defines them. Not optimised, to save time:
  # these are not the functions on the stack.
  compile c_api "${@:4}" -O0 -g0
  c_api=c_api.o
fi
"$CXX" "${@:4}" program.o guarded.o failing.o "$c_api" -pthread -ldl -o program
golden lines ./program
