#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Trap 59: a stripped program still names its functions if it was linked with -rdynamic, as Go programs were. Without, its
# stack has offsets from which addr2line finds function and line in the copy that was not stripped.
#
#   stripped.sh CXX IMPLEMENTATION
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(realpath "$(mktemp -d)")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
implementation=$2
functions=(innermost_function middle_function outermost_function)

build() {  # name, link flags...
  "$1" -std=c++17 -g -O2 -I"$here/../../include" "$here/stripped.cpp" "${@:3}" "$implementation" -pthread -ldl -o "$2"
  cp "$2" "$2.unstripped"
  strip -s "$2"
}
fail() {
  echo "$1"
  cat stack
  exit 1
}

build "$1" exported -rdynamic
# From inside the scratch directory but with the debug information of nobody else: this build ID is new.
./exported >stack
for i in 0 1 2; do
  [ "$(sed -n "$((2 * i + 1))p" stack)" = "${functions[i]}()" ] || fail "with -rdynamic, frame $i is not ${functions[i]}"
done

build "$1" bare
./bare >stack
for i in 0 1 2; do
  grep -q "${functions[i]}" stack && fail "the program was to be stripped, but knows ${functions[i]}"
  place=$(sed -n "$((2 * i + 2))p" stack)
  [[ $place =~ ^$'\t'"$scratch/bare+"(0x[0-9a-f]+)" [build id "[0-9a-f]+"]"$ ]] || fail "frame $i is no module and offset: $place"
  line=$(grep -n "// line of ${functions[i]}" "$here/stripped.cpp" | cut -d : -f 1)
  found=$(addr2line -C -f -e bare.unstripped "${BASH_REMATCH[1]}")
  [ "$found" = "${functions[i]}()"$'\n'"$here/stripped.cpp:$line" ] || fail "addr2line finds $found for frame $i, not line $line"
done
