#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Lists our source files of one kind (cpp, go, sh, text), tracked or not, but nothing that is ignored or deleted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  cpp) patterns=('*.h' '*.hpp' '*.c' '*.cpp') ;;
  go) patterns=('*.go') ;;
  sh) patterns=('*.sh' dev .ci/run tests/bench/run) ;;
  text) patterns=('*.h' '*.hpp' '*.c' '*.cpp' '*.go' '*.sh' '*.py' '*.build' dev .ci/run tests/bench/run) ;;
  *)
    echo "usage: tools/sources.sh cpp|go|sh|text" >&2
    exit 2 ;;
esac

git ls-files --cached --others --exclude-standard -- "${patterns[@]}" | sort -u | while IFS= read -r file; do
  [ ! -f "$file" ] || printf '%s\n' "$file"
done
