#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Several copies of the implementation in one process, of one version and of two, seen by each other and hidden, and plugins
# that use another's: every guard keeps its own failures, an error goes back to the copy it came from, a crash outside all of
# them ends the process once or goes to the host's handler, and an unloaded plugin leaves no handler behind.
#
#   copies.sh CC CXX USUAL HIDDEN NOT_OPTIMISED
#
# The last three are implementations of this version, position independent, the second compiled with -fvisibility=hidden.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/matrix/copies
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
fail() { echo "$1"; exit 1; }
cc=$1 cxx=$2 usual=$3 hidden=$4 not_optimised=$5

# The next version of the header, with a larger struct: what must differ does, and what is frozen is the same.
one=$root/include
two=$scratch/two
mkdir "$two"
python3 "$root/tools/amalgamate.py" "$two/cgo_guard.h"
sed -i -e 's/cgo_guard_v1_/cgo_guard_v2_/g' -e 's/\babi1\b/abi2/g' -e 's/4abi1/4abi2/g' \
  -e 's/^#define CGO_GUARD_ABI_VERSION 1$/#define CGO_GUARD_ABI_VERSION 2/' -e 's/0x6c616e61/0x6c616e62/g' \
  -e 's/^  int32_t code;         \/\/\/</  uint64_t new_in_version_2;\n&/' "$two/cgo_guard.h"
grep -q new_in_version_2 "$two/cgo_guard.h" || fail "the second version is no other"
implement() {  # object, flags...
  "$cxx" -std=c++17 "${@:2}" -g0 -fPIC -x c++ -DCGO_GUARD_IMPLEMENTATION -c "$two/cgo_guard.h" -o "$1"
}
implement two.o -O1 & implement two_hidden.o -O0 -fvisibility=hidden &
wait

plugin() {  # name, version, flags and implementation...
  "$cxx" -std=c++17 -O1 -g0 -fPIC -shared -DHEADER="\"$2/cgo_guard.h\"" -I"$2" "$here/plugin.cpp" "${@:3}" -o "lib$1.so"
}
plugin open "$one" "$usual"
plugin hidden "$one" -fvisibility=hidden "$hidden"
plugin other "$two" two.o
plugin other_hidden "$two" -fvisibility=hidden two_hidden.o
plugin thin "$one"
plugin other_thin "$two"
"$cc" -std=gnu99 -O1 -g0 -o host "$here/host.c" -ldl -pthread
"$cc" -std=gnu99 -O1 -g0 -DSERVING -c "$here/host.c"
"$cxx" -rdynamic -o serving host.o "$usual" -ldl -pthread

ulimit -c 0
# But for the table of translators, which is meant to be shared.
[ "$(nm -C libhidden.so | grep ' u .*cgo_guard' | grep -vc '::translators$')" = 0 ] || fail "the hidden copy shares symbols"
try_all() {  # host, plugins
  local host=$1 plugins=$2 scope status
  for scope in local global; do
    # shellcheck disable=SC2086
    $host $scope survive $plugins >said 2>&1 || fail "$host $scope $plugins: status $?: $(tail -n 5 said)"
    grep -q '^fine' said || fail "$host $scope $plugins: $(cat said)"
    [ "$(wc -w <<<"$plugins")" -gt 1 ] || continue
    status=0
    # shellcheck disable=SC2086
    { $host $scope crash $plugins >said 2>&1 || status=$?; } 2>/dev/null
    [ $status = $((128 + 11)) ] || fail "$host $scope $plugins: a crash outside ended with $status: $(tail -n 5 said)"
    [ "$(grep -c 'under no guard' said)" = 1 ] || fail "$host $scope $plugins: not one report: $(cat said)"
    status=0
    # shellcheck disable=SC2086
    $host $scope told $plugins >said 2>&1 || status=$?
    [ "$status $(cat said)" = "7 the host was told" ] || fail "$host $scope $plugins: with a handler of the host: $status: $(cat said)"
  done
}
for plugins in "./libhidden.so" "./libopen.so ./libhidden.so" "./libhidden.so ./libother_hidden.so" "./libother.so ./libopen.so" \
  "./libopen.so ./libother.so ./libhidden.so ./libother_hidden.so"; do
  try_all ./host "$plugins"
done

# Thin plugins: the program's implementation, which others with their own don't disturb. Those find the program's before
# their own, but for another version's.
for plugins in "./libthin.so" "./libthin.so ./libthin.so" "./libopen.so ./libthin.so" "./libthin.so ./libhidden.so" \
  "./libthin.so ./libother.so" "./libother_hidden.so ./libthin.so ./libopen.so"; do
  try_all ./serving "$plugins"
done
# Or that of a plugin that was loaded for everybody to see.
./host global survive ./libopen.so ./libthin.so >said 2>&1 || fail "thin, served by another plugin: $(tail -n 5 said)"
grep -q '^fine' said || fail "thin, served by another plugin: $(cat said)"

# Where nobody has it, or only another version of it, that is what dlopen says.
refused() {  # version, host, plugins...
  local name=cgo_guard_v$1__import_cgoguard_in_Go__or_define_CGO_GUARD_IMPLEMENTATION_in_one_cpp_file
  ! "$2" "${@:3}" >said 2>&1 || fail "${*:2}: was loaded without an implementation"
  grep -q "undefined symbol: $name" said || fail "${*:2}: $(cat said)"
}
refused 1 ./host local survive ./libthin.so
refused 1 ./host local survive ./libopen.so ./libthin.so
refused 1 ./host global survive ./libother.so ./libthin.so
refused 2 ./serving global survive ./libother_thin.so

# With runtimes of its own, alone and in a program that has libstdc++ as well: then the program's unwinder runs, and the
# plugin's has never unwound anything.
plugin static "$one" "$usual" -static-libstdc++ -static-libgcc
for preload in "" "$("$cxx" -print-file-name=libstdc++.so.6)"; do
  LD_PRELOAD=$preload STATIC_RUNTIMES=1 ./host local survive ./libstatic.so >said 2>&1 || fail "static, '$preload': $(tail -n 5 said)"
  grep -q '^fine' said || fail "static, '$preload': $(cat said)"
done

# A program and a library that it is linked with. Without optimization, their inline functions and variables are shared.
linked() { "$cxx" -std=c++17 -O0 -g0 -DHEADER='<cgo_guard.h>' -I"$one" "$here/linked.cpp" "$not_optimised" "$@"; }
linked -fPIC -shared -DLIBRARY -o liblinked.so
linked -rdynamic -o linked -L. -llinked -Wl,-rpath,"$scratch" -pthread -ldl
expect() {  # what, exit status, text
  for who in program library; do
    status=0
    { timeout 60 ./linked $who "$1" >said 2>&1 || status=$?; } 2>/dev/null
    [ $status = "$2" ] || fail "linked, $1 in the $who: status $status: $(tail -n 5 said)"
    [ -z "$3" ] || [ "$(grep -cF -- "$3" said)" = 1 ] || fail "linked, $1 in the $who: $(cat said)"
  done
}
expect throw 0 thrown
expect "guarded throw" 0 thrown
expect "guarded fault" 0 "null pointer write at 0x0"
expect "guarded catch" 0 caught
expect "guarded assert" 0 "Assertion \`!always' failed."
expect assert $((128 + 6)) "Assertion \`!always' failed."
expect exit 3 ""
expect quick_exit 3 ""
expect errx 3 "linked: the reason"
