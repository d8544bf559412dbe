#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A file that compiles, and draws a warning, without any flags, on each line that ends in "// warned" and on no other.
#
#   warned.sh CXX FILE [FLAG]...
#
# Not with -fsyntax-only: GCC warns of a C function's result only when it generates code.
set -euo pipefail
include=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../include" && pwd)
cxx=$1 file=$2
shift 2

said=$("$cxx" -std=c++17 -I"$include" -S -o /dev/null "$@" "$file" 2>&1) || { echo "does not compile"; echo "$said"; exit 1; }
expected=$(grep -n '// warned$' "$file" | cut -d: -f1)
# GCC warns of the macro's line and names the line of its use in a note.
actual=$(grep -oE "^[^ ]*$(basename "$file"):[0-9]+:[0-9]+: (warning|note: in expansion)" <<<"$said" | cut -d: -f2 | sort -un)
[ "$actual" = "$expected" ] || { echo "warned of lines $actual and not of $expected"; echo "$said"; exit 1; }
