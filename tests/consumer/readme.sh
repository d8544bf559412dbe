#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The program on README's first screen builds, and prints what README says it prints, but for what differs from one run
# to the next: thread, directory, line numbers of the Go file around the excerpt, offsets in the binary.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The first block of a language.
block() { awk -v start="^\`\`\`$1\$" '$0 ~ start { inside = 1; next } /^```$/ { if (inside) exit } inside' "$2"; }

normalise() {
  sed -E -e 's/thread   [0-9]+/thread   N/' -e 's#\t/[^ ]*/#\t/#' -e 's/\.go:[0-9]+/.go:N/' -e 's/\([a-z]+\+0x[0-9a-f]+\)/(inventory+N)/'
}

new_go_consumer 'CXXFLAGS: -std=c++17'
rm -f ./*.cpp ./*.h main*.go
for readme in README.md README.zh-CN.md; do
  block cpp "$origin/$readme" >inventory.cpp
  {
    cat <<'END'
package main

// #include <cgo_guard.h>
// #include <stdlib.h>
// cgo_guard_error *inventory_count(const char *name, int *out);
import "C"

import (
	"unsafe"

	"github.com/cgo-guard/cgo_guard/cgoguard"
)

END
    block go "$origin/$readme"
  } >inventory.go
  cat >main.go <<'END'
package main

import (
	"fmt"
	"os"
)

func main() {
	if n, err := Count("apple"); n != 3 || err != nil {
		panic(err)
	}
	for _, name := range os.Args[1:] {
		_, err := Count(name)
		fmt.Printf("%+v\n", err)
	}
}
END
  arguments=(plum)
  [ "$readme" = README.zh-CN.md ] || arguments=('' plum)
  clean CGO_CFLAGS="-g -O2 -I$origin/include" CGO_CXXFLAGS="-g -O2 -I$origin/include" go build -o inventory .
  ./inventory "${arguments[@]}" | sed '/^$/d' | normalise >printed
  block text "$origin/$readme" | sed '/^$/d' | normalise >promised
  diff -u promised printed || { echo "$readme promises other output than the program's"; exit 1; }
done
echo OK
