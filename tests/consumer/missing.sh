#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A Go program with guards that nobody has given an implementation does not link, and is told what to do.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

template=alone
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
! clean go build -o alone . >said 2>&1 || { echo "it links"; exit 1; }
cat said
grep -q 'undefined reference to .cgo_guard_v1__import_cgoguard_in_Go__or_define_CGO_GUARD_IMPLEMENTATION_in_one_cpp_file' said

# And does it: first the one, then the other.
cp "$here/testdata/single/implementation.cpp" .
says_ok clean CGO_CXXFLAGS='-g -O0' go run .
rm implementation.cpp
printf 'package main\n\nimport _ "github.com/cgo-guard/cgo_guard/cgoguard"\n' >import.go
says_ok clean go run .
