#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A C program with a Go package in it as a static library.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tests/consumer/testdata/host/deeds.sh
source "$here/testdata/host/deeds.sh"

template=library
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
clean go build -buildmode=c-archive -o library.a .
gcc -g -Wall -Wextra -o host "$here/testdata/host/host.c" library.a -lstdc++ -lpthread -ldl
host_tests ./host
