#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# One file, cgo_guard.h, beside the sources and nothing else: in C++ without Go, and in a cgo package, where the Go package
# has the implementation, and where this one has a second.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

single=$here/testdata/single
mkdir "$scratch/plain"
cd "$scratch/plain"
cp "$single"/*.cpp .
python3 "$origin/tools/amalgamate.py" cgo_guard.h
for source in *.cpp; do g++ -std=c++17 -Wall -Wextra -Werror -c "$source"; done
g++ ./*.o -pthread -ldl -o plain
says_ok ./plain

new_go_consumer 'CXXFLAGS: -std=c++17'
cp "$scratch/plain/cgo_guard.h" .
says_ok clean go run .
cp "$single/implementation.cpp" .
says_ok clean CGO_CXXFLAGS='-g -O0' go run .
