#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The header by way of a Meson subproject, which must bring along neither our tests nor our language standard.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cp "$here"/testdata/meson/* "$consumer"
mkdir "$consumer/subprojects"
cp -r "$origin" "$consumer/subprojects/cgo_guard"
cd "$consumer"

# forcefallback, lest a cgo_guard installed on this machine be found instead.
meson setup build --wrap-mode=forcefallback
targets=$(meson introspect build --targets | grep -oE '"name": "[^"]*"' | LC_ALL=C sort | tr '\n' ' ')
[ "$targets" = '"name": "consumer" ' ] || { echo "targets: $targets"; exit 1; }
ninja -C build
says_ok build/consumer
