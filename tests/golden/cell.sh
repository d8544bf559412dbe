#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Builds the program with one set of flags and compares every stack of it with the golden one.
#
#   cell.sh CXX gcc|clang IMPLEMENTATION_ARCHIVE FLAG...
# shellcheck source=tests/golden/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for source in program guarded failing; do compile $source "${@:4}"; done
"$CXX" "${@:4}" program.o guarded.o failing.o "$implementation" -pthread -ldl -o program
golden lines ./program
