#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Several copies of the header in one process, of one version and of two, seen by each other and hidden: every guard keeps
# its own failures, a crash outside all of them ends the process once or goes to the host's handler, and an unloaded plugin
# leaves no handler behind.
#
#   copies.sh CC CXX
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/matrix/copies
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
fail() { echo "$1"; exit 1; }

mkdir one two
python3 "$root/tools/amalgamate.py" one/cgo_guard.h
# The next version of the header, with a larger struct: what must differ does, and what is frozen is the same.
sed -e 's/cgo_guard_v1_/cgo_guard_v2_/g' -e 's/\babi1\b/abi2/g' -e 's/4abi1/4abi2/g' \
  -e 's/^#define CGO_GUARD_ABI_VERSION 1$/#define CGO_GUARD_ABI_VERSION 2/' -e 's/0x6c616e61/0x6c616e62/g' \
  -e 's/^  int32_t code;         \/\/\/</  uint64_t new_in_version_2;\n&/' one/cgo_guard.h >two/cgo_guard.h
grep -q new_in_version_2 two/cgo_guard.h || fail "the second version is no other"

plugin() {  # name, version, flags...
  local name=$1 version=$2
  shift 2
  "$cxx" -std=c++17 -O1 -g0 -fPIC -shared -DCGO_GUARD_IMPLEMENTATION -DHEADER="\"$scratch/$version/cgo_guard.h\"" "$@" -o "lib$name.so" "$here/plugin.cpp"
}
cc=$1 cxx=$2
plugin open one & plugin hidden one -fvisibility=hidden
wait
plugin other two & plugin other_hidden two -fvisibility=hidden
wait
"$cc" -std=gnu99 -O1 -g0 -o host "$here/host.c" -ldl -pthread

ulimit -c 0
# But for the table of translators, which is meant to be shared.
[ "$(nm -C libhidden.so | grep ' u .*cgo_guard' | grep -vc '::translators$')" = 0 ] || fail "the hidden copy shares symbols"
for plugins in "./libhidden.so" "./libopen.so ./libhidden.so" "./libhidden.so ./libother_hidden.so" "./libother.so ./libopen.so" \
  "./libopen.so ./libother.so ./libhidden.so ./libother_hidden.so"; do
  for scope in local global; do
    # shellcheck disable=SC2086
    ./host $scope survive $plugins >said 2>&1 || fail "$scope $plugins: status $?: $(tail -n 5 said)"
    grep -q '^fine' said || fail "$scope $plugins: $(cat said)"
    [ "$(wc -w <<<"$plugins")" -gt 1 ] || continue
    status=0
    # shellcheck disable=SC2086
    { ./host $scope crash $plugins >said 2>&1 || status=$?; } 2>/dev/null
    [ $status = $((128 + 11)) ] || fail "$scope $plugins: a crash outside ended with $status: $(tail -n 5 said)"
    [ "$(grep -c 'under no guard' said)" = 1 ] || fail "$scope $plugins: not one report: $(cat said)"
    status=0
    # shellcheck disable=SC2086
    ./host $scope told $plugins >said 2>&1 || status=$?
    [ "$status $(cat said)" = "7 the host was told" ] || fail "$scope $plugins: with a handler of the host: $status: $(cat said)"
  done
done

# With runtimes of its own, alone and in a program that has libstdc++ as well: then the program's unwinder runs, and the
# plugin's has never unwound anything.
plugin static one -static-libstdc++ -static-libgcc
for preload in "" "$("$cxx" -print-file-name=libstdc++.so.6)"; do
  LD_PRELOAD=$preload STATIC_RUNTIMES=1 ./host local survive ./libstatic.so >said 2>&1 || fail "static, '$preload': $(tail -n 5 said)"
  grep -q '^fine' said || fail "static, '$preload': $(cat said)"
done

# A program and a library that it is linked with. Without optimization, their inline functions and variables are shared.
linked() { "$cxx" -std=c++17 -O0 -g0 -DCGO_GUARD_IMPLEMENTATION -DHEADER="\"$scratch/one/cgo_guard.h\"" "$@"; }
linked -fPIC -shared -DLIBRARY -o liblinked.so "$here/linked.cpp" & linked -c -o linked.o "$here/linked.cpp" &
wait
"$cxx" -rdynamic -o linked linked.o -L. -llinked -Wl,-rpath,"$scratch" -pthread -ldl
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
