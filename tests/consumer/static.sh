#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Trap 58: Go programs that are linked statically. A fault is an error in each; its stack can be walked where the linker
# was asked for an index of the unwind tables.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

template=stack
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
cp "$here/testdata/static/main.go" .

comes_back() {  # cleanup, arguments of go build...
  clean go build -o static "${@:2}" .
  timeout 20 ./static >got
  printf 'SIGSEGV %s\nSIGSEGV %s\n' "$1" "$1" | diff -u - got
}
comes_back none -ldflags='-linkmode external -extldflags "-static"'
comes_back complete -ldflags='-linkmode external -extldflags "-static -Wl,--eh-frame-hdr"'
