#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Builds the matrix program with one set of flags, and runs it. Compiled by hand and not by Meson, because a cell is about
# exactly the flags it names, and Meson would add its own.
#
#   cell.sh CC CXX IMPLEMENTATION OPTION...
#
# The implementation is an archive or an object, since it is what costs time to compile and few flags are a question to it.
#   -x FLAG   for every translation unit in C++, -g FLAG for the one that holds the guards, -l FLAG for the linker
#   -2        a second translation unit with guards and an implementation of its own
#   -t FILE   the program has this implementation too
#   -f        the implementation comes first on the linker's line
#   -S, -G    it, or the code with the guards, is a shared library
#   -s        linked statically, -n also without an index of its unwind tables
#   -r        its allocator is one that overlooks a double free
#   -a        the amalgamated header, alone beside the sources, is the implementation too
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cc=$1 cxx=$2 implementation=$3
shift 3
all=() guarded=() link=() defines=() sources=(guarded) also=() first=false shared=''
include=$here/../../include
while getopts x:g:l:t:2fSGsnra option; do
  case $option in
    x) all+=("$OPTARG") ;;
    g) guarded+=("$OPTARG") ;;
    l) link+=("$OPTARG") ;;
    t) also+=("$OPTARG") ;;
    2) sources+=(guarded_too) defines+=(-DTWO_GUARDED) ;;
    f) first=true ;;
    S) shared=implementation ;;
    G) shared=guarded guarded+=(-fPIC) ;;
    s) defines+=(-DSTATICALLY_LINKED) ;;
    n) defines+=(-DWITHOUT_INDEX) ;;
    r) defines+=(-DALLOCATOR_IS_BLIND) ;;
    a) include=$scratch ;;
    *) exit 2 ;;
  esac
done
cp "$here"/*.c "$here"/*.cpp "$here"/program.h "$scratch"
cd "$scratch"
if [ "$include" = "$scratch" ]; then
  python3 "$here/../../tools/amalgamate.py" cgo_guard.h
  "$cxx" -std=c++17 "${all[@]}" -x c++ -DCGO_GUARD_IMPLEMENTATION -c cgo_guard.h -o implementation.o
  implementation=implementation.o
fi

# The C half is strict C99 and every warning an error in every cell: cgo preambles are compiled in many ways.
"$cc" -std=c99 -pedantic -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L "${defines[@]}" -I"$include" -c main.c
"$cxx" -std=c++17 "${all[@]}" -I"$include" -c failing.cpp
for source in "${sources[@]}"; do
  "$cxx" -std=c++17 "${all[@]}" "${guarded[@]}" -I"$include" -c "$source.cpp"
done

objects=(main.o failing.o guarded.o)
[ ${#sources[@]} = 1 ] || objects+=(guarded_too.o)
case $shared in
  implementation)
    "$cxx" -shared -Wl,--whole-archive "$implementation" -Wl,--no-whole-archive "${link[@]}" -ldl -o libimplementation.so
    implementation=$scratch/libimplementation.so ;;
  guarded)
    # Its implementation is the program's, as a plugin's may be.
    "$cxx" -shared guarded.o "${link[@]}" -o libguarded.so
    objects=(main.o failing.o ./libguarded.so)
    link+=(-rdynamic) ;;
esac
implementations=("$implementation" "${also[@]}")
if $first; then objects=("${implementations[@]}" "${objects[@]}"); else objects+=("${implementations[@]}"); fi
"$cxx" "${all[@]}" "${objects[@]}" "${link[@]}" -pthread -ldl -o program

said=$(./program) || { echo "$said"; echo "the program failed"; exit 1; }
[ "$said" = OK ] || { echo "$said"; exit 1; }
