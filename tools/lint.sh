#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Every check runs, whatever the ones before it found; each failure says what to do about it.
# shellcheck disable=SC2317  # the checks are called by name, through check()
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

MAX_LINES=400
WARNINGS=(-Wall -Wextra -Wpedantic -Werror)
failed=0

check() {  # title, what to do about a failure, command...
  local title=$1 advice=$2 output
  shift 2
  if output=$("$@" 2>&1); then
    echo "ok      $title"
  else
    printf 'FAILED  %s: %s\n' "$title" "$advice"
    printf '%s\n' "$output" | sed 's/^/        /' | head -n 60
    failed=1
  fi
}

format_cpp() { tools/sources.sh cpp | xargs -d '\n' clang-format --dry-run -Werror; }

format_go() {
  local unformatted
  unformatted=$(tools/sources.sh go | xargs -d '\n' gofmt -l) || return
  [ -z "$unformatted" ] || { echo "$unformatted"; return 1; }
}

vet() { (cd "$1" && go vet ./...); }

# As the only include of a file, so that no header lives on what another one includes.
headers_alone() {  # compiler, which ones
  local header status=0
  while IFS= read -r header; do
    echo "#include <${header#include/}>" |
      "$1" -std=c++17 "${WARNINGS[@]}" -Iinclude -x c++ -fsyntax-only - || { echo "^ $header"; status=1; }
  done < <(tools/sources.sh cpp | grep "^include/$2")
  return "$status"
}

# A cgo preamble is C, and cgo reads it in whatever mode the compiler is in by default.
headers_in_c() {  # compiler, standard
  local header
  for header in cgo_guard.h cgo_guard/abi.h; do
    printf '#include <%s>\nint main(void) { return cgo_guard_describe(0) == 0 && sizeof(cgo_guard_error) == 0; }\n' "$header" |
      "$1" "-std=$2" "${WARNINGS[@]}" -Iinclude -x c -fsyntax-only - || return
  done
}

file_lengths() {
  tools/sources.sh text | xargs -d '\n' wc -l | awk -v max="$MAX_LINES" '$2 != "total" && $1 > max { print; bad = 1 } END { exit bad }'
}

licences() {
  local missing
  missing=$(tools/sources.sh text | xargs -d '\n' grep -L 'SPDX-License-Identifier: BSL-1.0')
  [ -z "$missing" ] || { echo "$missing"; return 1; }
}

# The examples bring every header along. The tests do on purpose what clang-tidy warns of.
tidy() { tools/sources.sh cpp | grep -E '^examples/.*\.cpp$' | xargs -d '\n' -I{} clang-tidy --quiet {} -- -std=c++17 -Iinclude; }

shell_scripts() { tools/sources.sh sh | xargs -d '\n' shellcheck -x; }

check "C++ formatting" "run ./dev format" format_cpp
check "Go formatting" "run ./dev format" format_go
check "go vet" "see below" vet .
check "go vet, examples" "see below" vet go_example
check "go vet, commands" "see below" vet cmd
for compiler in g++ clang++; do
  check "each header alone, $compiler" "include what it uses" headers_alone "$compiler" ""
done
# Which of them are empty depends on the processor.
for compiler in aarch64-linux-gnu-g++ x86_64-linux-gnu-g++; do
  command -v "$compiler" >/dev/null || continue
  check "each header of a processor alone, $compiler" "include what it uses" headers_alone "$compiler" cgo_guard/detail/arch/
done
for compiler in gcc clang; do
  for standard in c99 gnu99 c11 gnu17; do
    check "the C ABI in C, $compiler -std=$standard" "keep C++ behind __cplusplus" headers_in_c "$compiler" "$standard"
  done
done
check "files of at most $MAX_LINES lines" "split by idea" file_lengths
check "includes go down the floors" "see include/cgo_guard/detail/README.md" tools/floors.py
check "licence lines" "add SPDX-License-Identifier: BSL-1.0 on top" licences
if command -v clang-tidy >/dev/null; then
  check "clang-tidy" "see below; .clang-tidy gives the reasons" tidy
else
  echo "missing clang-tidy: not run"
fi
if command -v shellcheck >/dev/null; then
  check "shellcheck" "see below" shell_scripts
else
  echo "missing shellcheck: not run"
fi
exit "$failed"
