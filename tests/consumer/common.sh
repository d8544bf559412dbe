# shellcheck shell=bash
# SPDX-License-Identifier: BSL-1.0
# Sourced by every consumer test: a copy of the project in $origin, which is not to be written to, and room for a consumer
# in $consumer. A copy, because cgo does not notice a header that changed in a place it has built from before, and because
# a consumer must not find anything by way of the repository it was written in. One for all of them, so that the package is
# not compiled by each; its place has the name of what is in it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch" && rm -rf "$scratch"' EXIT
consumer=$scratch/consumer
mkdir "$consumer"

copy_of_the_project() {
  local copies=$root/build/consumer files name
  mapfile -d '' files < <(cd "$root" && find . \( -path ./build -o -path ./.git -o -path ./.dev \) -prune -o -type f -print0 | sort -z)
  name=$(cd "$root" && printf '%s\0' "${files[@]}" | xargs -0 cksum | cksum | cut -d ' ' -f 1)
  if [ ! -d "$copies/$name" ]; then
    mkdir -p "$copies" "$scratch/copy"
    find "$copies" -mindepth 1 -maxdepth 1 -mtime +0 -exec rm -rf {} +
    printf '%s\0' "${files[@]}" | tar -C "$root" --null -T - -cf - | tar -xf - -C "$scratch/copy"
    # Another test may have been as fast.
    mv -T "$scratch/copy" "$copies/$name" 2>/dev/null || [ -d "$copies/$name" ]
  fi
  echo "$copies/$name"
}
origin=$(copy_of_the_project)

# A Go command in an environment of its own. In particular there is no CGO_CXXFLAGS_ALLOW: whatever flags the library
# asks for have to be on cgo's list. Arguments that look like assignments are added to it.
gocache=$(go env GOCACHE)
clean() {
  env -i PATH="$PATH" HOME="$scratch" TMPDIR="$scratch" GOCACHE="$gocache" GOPATH="$scratch/gopath" GOENV=off GOWORK=off \
    GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-modcacherw CGO_ENABLED=1 "$@"
}

# The consumer's module. The arguments are its #cgo lines. Its source is testdata/$template.
template=go
new_go_consumer() {
  cp "$here/testdata/$template"/* "$consumer"
  { printf 'package main\n\n'; printf '// #cgo %s\n' "$@"; printf 'import "C"\n'; } >"$consumer/flags.go"
  cat >"$consumer/go.mod" <<END
module example.com/consumer

go 1.19

require github.com/cgo-guard/cgo_guard v0.0.0

replace github.com/cgo-guard/cgo_guard => $origin
END
  cd "$consumer"
}

# Runs a command that has to succeed and to say OK as its last word.
says_ok() {
  local said
  said=$("$@" 2>&1) || { echo "$said"; echo "failed: $*"; return 1; }
  echo "$said"
  [ "${said##*$'\n'}" = OK ]
}

# Runs a command that has to be killed by a signal. Bounded, because what goes wrong here may spin.
killed_by() {  # signal, command...
  local status=0 said number
  number=$(kill -l "$1")
  said=$(ulimit -c 0; timeout 20 "${@:2}" 2>&1) || status=$?
  [ "$status" = $((128 + number)) ] || { echo "$said"; echo "exit status $status, want death by SIG$1: ${*:2}"; return 1; }
}
