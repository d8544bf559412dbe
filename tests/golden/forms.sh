#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The same program in one of the forms that a linked program and its debug information can have. Each form is a function
# below. Most are the linker's doing, so the objects are compiled once, by Meson, with -O2 -gdwarf-5.
#
#   forms.sh CXX gcc|clang IMPLEMENTATION_ARCHIVE PROGRAM_ARCHIVE FORM
# shellcheck disable=SC2317,SC2329  # the forms are called by name
# shellcheck source=tests/golden/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
objects=$4

link() {  # name, flags and objects...; an object of one's own comes before that of the archive
  "$CXX" "${@:2}" "$objects" "$implementation" -pthread -ldl -Wl,--build-id -o "$1"
}

pie() { link program -pie && golden lines ./program; }
no_pie() { link program -no-pie && golden lines ./program; }

# libdw can't be used, nor does a rethrown exception have the stack of its throw: __cxa_throw is libstdc++'s own.
static_program() {
  link program "$@" 2>/dev/null || skip "no static libraries here"
  golden names ./program exception fault 'call through null' abort assert noexcept recursion 'stack overflow'
  [ "$(sed -n '/^== rethrow$/{n;p}' stacks)" = 'shop::pass_on()' ] || fail "the rethrow has another stack"
}
static() { static_program -static -Wl,--eh-frame-hdr; }
static_pie() { static_program -static-pie; }

# The names that symbol tables have, where there is no libdw.
without_libdw() {
  link program
  export CGO_GUARD_SYMBOLIZER=elf
  golden names ./program
}

# Debug information is gone, the symbol table is not.
strip_debug() {
  link program
  strip -g program
  golden names ./program
}

# Lines and what was inlined, without types and variables.
lines_only() {
  local flag=-g1
  [ "$compiler" = gcc ] || flag=-gline-tables-only
  compile failing -O2 $flag
  link program failing.o
  golden short ./program
}

# Most of it is in a .dwo file, without which nothing inlined is known.
split_dwarf() {
  compile failing -O2 -gdwarf-5 -gsplit-dwarf
  link program failing.o
  golden lines ./program
  rm failing.dwo
  golden split ./program
}

compressed() {
  compile failing -O2 -gdwarf-5 -gz=zlib
  link program failing.o -gz=zlib -Wl,--compress-debug-sections=zlib
  # The flag of a compressed section is C. By way of a file: grep -q stops reading, and with pipefail that may be an error.
  readelf -SW program >sections
  grep -Eq ' \.debug_info .* C ' sections || fail "nothing was compressed"
  golden lines ./program
}

# A program without symbols, whose debug information is in a file of its own.
split_off() {  # its place
  link program
  cp program unstripped
  objcopy --only-keep-debug program program.debug
  strip -s program
  [ "${1:-.}" = . ] || { mkdir -p "$1" && mv program.debug "$1"; }
}
debug_link() {  # where the debug file is
  split_off "$1"
  objcopy --add-gnu-debuglink="$1/program.debug" program
  golden lines ./program
}
debug_link_beside() { debug_link .; }
debug_link_in_debug() { debug_link .debug; }

# What a stack without names gives is enough to find them: addr2line has line for line what the golden stack has.
only_offsets() {  # way
  local places
  ./program "$1" | sed '/^-- frames/,$d' >stack
  ! grep -q 'shop::' stack || fail "$1: the program was to be without names"
  mapfile -t places < <(sed -nE "s|^\t$scratch/program\+(0x[0-9a-f]+) \[build id [0-9a-f]+\]$|\1|p" stack)
  [ ${#places[@]} = $((($(wc -l <stack) - 1) / 2)) ] || { cat stack; fail "$1: not every frame has its offset"; }
  addr2line -e unstripped -i "${places[@]}" >found
  python3 "$here/compare.py" "$compiler" places "$scratch/program" found "$1" || fail "$1: see above"
}
stripped() {
  split_off .
  for way in exception fault abort; do only_offsets $way; done
}

# A debug file that is of another build is worse than none: its lines are wrong. Both of its names are tried.
other_debug_file() {
  split_off .
  objcopy --add-gnu-debuglink=program.debug program
  compile failing -O0 -gdwarf-5
  link other failing.o
  objcopy --only-keep-debug other program.debug
  for way in exception fault; do only_offsets $way; done
}

# /usr/lib/debug is the administrator's, so this one is in a namespace of ours.
build_id_folder() {
  if [ -z "${CGO_GUARD_GOLDEN_INSIDE:-}" ]; then
    unshare --user --map-root-user --mount true 2>/dev/null || skip "no user namespaces here"
    # The scratch directory of the script inside is its own.
    CGO_GUARD_GOLDEN_INSIDE=1 unshare --user --map-root-user --mount "$BASH" "$here/forms.sh" "$CXX" "$compiler" "$implementation" \
      "$objects" build_id_folder
    return
  fi
  mkdir above
  trap 'cd /; umount -l /usr/lib "$scratch/above" 2>/dev/null; rm -rf "$scratch"' EXIT
  mount -t tmpfs tmpfs above || skip "nothing can be mounted here"
  mkdir above/upper above/work
  mount -t overlay overlay -o lowerdir=/usr/lib,upperdir=above/upper,workdir=above/work /usr/lib 2>/dev/null ||
    skip "no overlay file system here"
  split_off .
  local id
  id=$(readelf -n unstripped | sed -n 's/.*Build ID: //p')
  mkdir -p "/usr/lib/debug/.build-id/${id:0:2}"
  only_offsets fault  # nobody else has put it there
  mv program.debug "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
  golden lines ./program
}

# A library that is loaded and unloaded while the program runs.
modules() {
  link program
  "$CXX" -O2 -g -fPIC -shared "$here/module.cpp" -o module.so
  "$CXX" -O2 -g -fPIC -shared -DOTHER "$here/module.cpp" -o another.so
  local place=$'\t'"$here/module.cpp:" named bare
  line() { grep -n "// line: $1\$" "$here/module.cpp" | cut -d : -f 1; }
  named="throw_from_here()"$'\n'"$place$(line throw_from_here) (module.so+0xN)"$'\n'
  named+="module_fail"$'\n'"$place$(line module_fail) (module.so+0xN)"
  bare=$'0xN\n\t'"$scratch/module.so+0xN [build id N]"
  bare+=$'\n'$bare
  stack_is() {  # the two frames, when, libraries...
    local got
    ./program module "${@:2}" >said || fail "$2: exit status $?"
    got=$(head -n 5 said | tail -n 4 | sed -E -e 's/0x[0-9a-f]+/0xN/' -e 's/(\.cpp:[0-9]+):[0-9]+/\1/' \
      -e 's/build id [0-9a-f]{40}/build id N/')
    [ "$got" = "$1" ] || { echo "$1"; cat said; fail "$2: other frames"; }
    # The rest of the stack has its names all the same.
    sed -n '6,$p' said | grep -q guarded || fail "$2: the frames below are without names"
  }
  stack_is "$named" loaded "$scratch/module.so"
  stack_is "$bare" unloaded "$scratch/module.so"
  # What is shown of them is enough to find the names.
  local offset
  offset=$(sed -n '3s/.*+\(0x[0-9a-f]*\) .*/\1/p' said)
  [[ "$(addr2line -Cfe module.so "$offset")" = throw_from_here* ]] || fail "unloaded: $offset is another function"
  stack_is "$bare" owned "$scratch/module.so"
  stack_is "$bare" replaced "$scratch/module.so" "$scratch/another.so"
  stack_is "$named" kept "$scratch/module.so" "$scratch/another.so"
}

"$5"
