#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Trap 59: the C++ stack in Go programs as they are released. With -trimpath it has lines, in files named from the module
# on; with -ldflags='-s -w' it has module, offset and build ID, and the guarded function's name, which the guard knows.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

template=stack
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
clean go build -trimpath -ldflags='-s=false -w=false' -o trimmed .
clean go build -trimpath -ldflags='-s -w' -o stripped .
place() { echo "example.com/consumer/inventory.cpp:$(grep -n "// line of $1\$" inventory.cpp | cut -d : -f 1)"; }

# Go puts /_ or nothing before the module, by version; columns and offsets are the compiler's.
./trimmed | sed -E 's|^\t(/_/)?([^:]*:[0-9]+):[0-9]+ \(trimmed\+0x[0-9a-f]+\)$|\t\2|' >got
diff -u - got <<END
(anonymous namespace)::count(int)
$(printf '\t')$(place count)
inventory_count
$(printf '\t')$(place inventory_count)
END

# Without symbols our own frames can't be told from others, so there may be one more.
./stripped >got
sed -n '1~2p' got >names
{ sed '$d' names | grep -Evq '^0x[0-9a-f]+$' || [ "$(tail -n 1 names)" != inventory_count ]; } && {
  cat got
  echo "there was to be one name, of the guarded function"
  exit 1
}
[ "$(sed -n '2~2p' got | grep -Ec $'^\t/.*/stripped\\+0x[0-9a-f]+ \\[build id [0-9a-f]+\\]$')" -ge 2 ] || {
  cat got
  echo "no offset and build ID in every frame"
  exit 1
}
