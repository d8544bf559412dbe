#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# After `cgo-guard init` a cgo package builds with no flags and no environment, with both compilers, and from vendor too;
# its header is that of the module it requires, and Go's build cache notices a new one.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(cd "$root/cmd" && go build -o "$scratch/cgo-guard" ./cgo-guard)
new_go_consumer unused
rm flags.go

clean "$scratch/cgo-guard" init
says_ok clean go run .
# clang 14 takes C++ for C++14.
says_ok clean CC=clang CXX=clang++ go run .
[ "$(clean "$scratch/cgo-guard" init | grep -vc 'up to date')" = 0 ] || { echo "the second time it has something to do"; exit 1; }

clean go mod vendor
rm cgo_guard.h
mv go.mod go.mod.whole
sed 's#=> .*#=> ../nowhere#' go.mod.whole >go.mod
sed -i 's#=> .*#=> ../nowhere#' vendor/modules.txt
clean "$scratch/cgo-guard" init
clean go build -o consumer .
says_ok ./consumer

# A header that does not compile is noticed, so what is built is never of an older one.
sed -i 's/^#define CGO_GUARD_H$/&\n#error "new"/' cgo_guard.h
! clean go build -o consumer . 2>said || { echo "a changed header was not noticed"; exit 1; }
grep -q '#error "new"' said
echo OK
