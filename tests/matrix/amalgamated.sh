#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# tools/amalgamate.py writes the same bytes every time, nothing of this machine, and one file that is a C header as well;
# its --check notices a change. That the file does the work of all the others is a cell of the matrix.
#
#   amalgamated.sh CC
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
amalgamate() { python3 "$root/tools/amalgamate.py" "$@"; }
fail() { echo "$1"; exit 1; }

cd "$scratch"
mkdir elsewhere
amalgamate cgo_guard.h
(cd elsewhere && amalgamate -) >again.h
cmp cgo_guard.h again.h
amalgamate --check cgo_guard.h

! grep -n '^ *# *include *"' cgo_guard.h || fail "includes of our own headers are left"
! grep -nF "$root" cgo_guard.h || fail "the file tells where it was made"
head -n 2 cgo_guard.h | grep -q "Don't edit" || fail "the file does not say that it is generated"
for header in abi.h guard.hpp detail/arch/x86_64/trampoline.hpp detail/portable/guard_portable.hpp; do
  [ "$(grep -c "^ \* cgo_guard/$header$" cgo_guard.h)" = 1 ] || fail "the file does not list $header as included"
  grep -q "^/// @file $(basename "$header")$" cgo_guard.h || fail "the text of $header is missing"
done
[ "$(grep -n '@file abi.h' cgo_guard.h | cut -d : -f 1)" -lt "$(grep -n '@file config.hpp' cgo_guard.h | cut -d : -f 1)" ] ||
  fail "the C part does not come first"

"$1" -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c cgo_guard.h

echo >>cgo_guard.h
! amalgamate --check cgo_guard.h 2>said || fail "--check accepts a changed file"
grep -q 'write it anew' said
! amalgamate --check nowhere.h 2>said || fail "--check accepts a missing file"
grep -q 'write it with' said
