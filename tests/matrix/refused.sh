#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A file that must not compile, for the reason that its second line gives, and that compiles without what is wrong with it:
# the macro REFUSED, and the flags of its third line.
#
#   refused.sh CXX FILE
set -euo pipefail
include=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../include" && pwd)
cxx=$1 file=$2

reason=$(sed -n '2s,^// refused: ,,p' "$file")
[ -n "$reason" ] || { echo "$file does not say why it is refused"; exit 1; }
read -ra flags <<<"$(sed -n '3s,^// flags: ,,p' "$file")"
compile() { "$cxx" -std=c++17 -I"$include" -fsyntax-only "$@" "$file" 2>&1; }

compile || { echo "does not compile without its mistake either"; exit 1; }
if said=$(compile -DREFUSED "${flags[@]}"); then
  echo "compiled with its mistake"
  exit 1
fi
# The compiler quotes the source line too, but the message has to be its own: an error, or a failed assertion.
grep -F -- "$reason" <<<"$said" | grep -q 'error' || { echo "refused, but not for: $reason"; echo "$said"; exit 1; }
