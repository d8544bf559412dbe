#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The header by way of CGO_CFLAGS and CGO_CXXFLAGS, with the directory asked of the go command as README has it.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

new_go_consumer 'CXXFLAGS: -std=c++17'
include=$(clean go list -m -f '{{.Dir}}' github.com/cgo-guard/cgo_guard)/include
says_ok clean CGO_CFLAGS="-g -O2 -I$include" CGO_CXXFLAGS="-g -O2 -I$include" go run .
