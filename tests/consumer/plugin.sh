#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A plugin without an implementation, loaded into a Go program: it uses the program's, if that exports it, and otherwise is
# not loaded, for a reason that says what to do.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

template=plugin
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
mkdir plugin
mv plugin.cpp plugin/
g++ -std=c++17 -g -O2 -fPIC -shared -I"$origin/include" plugin/plugin.cpp -o plugin/plugin.so

clean go build -ldflags=-extldflags=-rdynamic -o exporting .
says_ok ./exporting "$PWD/plugin/plugin.so"

clean go build -o plain .
# Older versions of Go export everything unasked.
if nm -D plain | grep -q ' cgo_guard_v1_run$'; then
  echo "note: plugin: $(go env GOVERSION) exports all symbols, so there is no error to be seen"
  exit
fi
! ./plain "$PWD/plugin/plugin.so" >said || { echo "it was loaded without an implementation"; exit 1; }
cat said
grep -q 'undefined symbol: cgo_guard_v1__import_cgoguard_in_Go__or_define_CGO_GUARD_IMPLEMENTATION_in_one_cpp_file' said
