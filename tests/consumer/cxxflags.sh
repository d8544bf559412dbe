#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The header by way of CGO_CFLAGS and CGO_CXXFLAGS, by the lines of README.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

new_go_consumer 'CXXFLAGS: -std=c++17'
# As it stands there.
says_ok clean bash -c "$(grep '^export CGO_' "$origin/README.md")"$'\ngo run .'
