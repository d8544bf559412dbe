#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A C program that is linked to a Go package as a shared library, and one that loads it with dlopen.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tests/consumer/testdata/host/deeds.sh
source "$here/testdata/host/deeds.sh"

template=library
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
clean go build -buildmode=c-shared -o liblibrary.so .
gcc -g -Wall -Wextra -o linked "$here/testdata/host/host.c" -L. -llibrary "-Wl,-rpath,$PWD" -lpthread -ldl
host_tests ./linked
gcc -g -Wall -Wextra "-DLIBRARY=\"$PWD/liblibrary.so\"" -o loading "$here/testdata/host/host.c" -lpthread -ldl
host_tests ./loading
