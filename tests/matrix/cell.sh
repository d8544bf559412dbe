#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Builds the matrix program with one set of flags, and runs it. Compiled by hand and not by Meson, because a cell is about
# exactly the flags it names, and Meson would add its own.
#
#   cell.sh CC CXX ARCHIVE OPTION...
#                               -x FLAG for every translation unit in C++, -g FLAG for the one that holds the guards,
#                               -i FLAG for the implementation, which is compiled if there is a -x or -i, and otherwise
#                               taken from the archive; -l FLAG for the linker, -2 for a second translation unit with
#                               guards and the implementation,
#                               -s for a program that is linked statically, -n for one without an index of its unwind
#                               tables, -a for the amalgamated header, alone beside the sources
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cc=$1 cxx=$2 implementation=$3
shift 3
all=() guarded=() own=() link=() defines=() sources=(guarded)
include=$here/../../include
while getopts x:g:i:l:2sna option; do
  case $option in
    x) all+=("$OPTARG") ;;
    g) guarded+=("$OPTARG") ;;
    i) own+=("$OPTARG") ;;
    l) link+=("$OPTARG") ;;
    2) sources+=(guarded_too) defines+=(-DTWO_GUARDED) ;;
    s) defines+=(-DSTATICALLY_LINKED) ;;
    n) defines+=(-DWITHOUT_INDEX) ;;
    a) include=$scratch ;;
    *) exit 2 ;;
  esac
done
cp "$here"/*.c "$here"/*.cpp "$here"/program.h "$scratch"
if [ "$include" = "$scratch" ]; then
  python3 "$here/../../tools/amalgamate.py" "$scratch/cgo_guard.h"
fi
cd "$scratch"

# The C half is strict C99 and every warning an error in every cell: cgo preambles are compiled in many ways.
"$cc" -std=c99 -pedantic -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L "${defines[@]}" -I"$include" -c main.c
"$cxx" -std=c++17 "${all[@]}" -I"$include" -c failing.cpp
for source in "${sources[@]}"; do
  "$cxx" -std=c++17 "${all[@]}" "${guarded[@]}" -I"$include" -c "$source.cpp"
done
if [ ${#all[@]} -gt 0 ] || [ ${#own[@]} -gt 0 ] || [ "$include" = "$scratch" ]; then
  printf '#define CGO_GUARD_IMPLEMENTATION\n#include <cgo_guard.h>\n' >implementation.cpp
  "$cxx" -std=c++17 "${all[@]}" "${own[@]}" -I"$include" -c implementation.cpp
  implementation=implementation.o
fi
rm -f objects; for source in main failing "${sources[@]}"; do echo "$source.o"; done >objects
"$cxx" "${all[@]}" @objects "$implementation" "${link[@]}" -pthread -ldl -o program

said=$(./program) || { echo "$said"; echo "the program failed"; exit 1; }
[ "$said" = OK ] || { echo "$said"; exit 1; }
