#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The header by way of `go mod vendor`: everything that is needed has to be in vendor/, since neither the network nor the
# place it was vendored from is there any more.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# To be taken away.
cp -r "$origin" "$scratch/origin"
origin=$scratch/origin
# The flags as README has them.
new_go_consumer 'CXXFLAGS: -std=c++17' "$(sed -n 's/^# 3\. .*#cgo //p' "$origin/README.md")"
clean go mod vendor
rm -rf "$origin"

offline=()
for attempt in "unshare -n" "unshare -rn"; do
  # shellcheck disable=SC2086  # two words
  if $attempt true 2>/dev/null; then
    read -ra offline <<<"$attempt"
    break
  fi
done
echo "note: network off by: ${offline[*]:-GOPROXY=off alone, for want of the right to unshare}"
says_ok clean GOFLAGS=-mod=vendor GOPROXY=off "${offline[@]}" go run .
