#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A file of which a compiler has nothing to say, with the warnings that most people ask for.
#
#   quiet.sh CXX FILE [FLAG]...
#
# Not with -fsyntax-only: what may be uninitialized GCC finds out when it generates code.
set -euo pipefail
include=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../include" && pwd)
cxx=$1 file=$2
shift 2

said=$("$cxx" -std=c++17 -Wall -Wextra -I"$include" -S -o /dev/null "$@" "$file" 2>&1) || { echo "does not compile"; echo "$said"; exit 1; }
[ -z "$said" ] || { echo "$said"; exit 1; }
