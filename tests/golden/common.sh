# shellcheck shell=bash
# SPDX-License-Identifier: BSL-1.0
# Sourced by the scripts here, whose first arguments are the C++ compiler, gcc or clang, and the archive with the implementation.
set -euo pipefail
# shellcheck disable=SC2034  # not every script uses all of them
CXX=$1 compiler=$2 implementation=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(realpath "$(mktemp -d)")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# A stack overflow needs an end to run into.
ulimit -S -s 8192

fail() {
  echo "$1"
  exit 1
}
skip() {
  echo "$1"
  exit 77
}

# Compiles one of the sources with the flags given, those of the form under test.
compile() {  # source, flags...
  "$CXX" -std=c++17 -g "${@:2}" -I"$here/../../include" -c "$here/$1.cpp" -o "$1.o"
}

# Runs a program and compares its stacks, all or those of some ways, with the golden ones (compare.py). A crash leaves
# less than all of them.
golden() {  # mode, program, way...
  local status=0
  "$2" >stacks || status=$?
  python3 "$here/compare.py" "$compiler" "$1" "$(realpath "$2")" stacks "${@:3}" || fail "$2: see above"
  [ "$status" = 0 ] || fail "$2: exit status $status"
}
