#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Trap 20: a program that recovers from a fault does so under a debugger that passes the signal on, too.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
clean go build -ldflags='-s=false -w=false' -o consumer .
# SIGURG is Go's preemption. -nx: no settings of the user's.
said=$(timeout 60 gdb -nx -batch -ex 'handle SIGSEGV SIGURG nostop noprint pass' -ex run ./consumer 2>&1)
echo "$said"
grep -qx OK <<<"$said" && grep -q 'exited normally' <<<"$said"
