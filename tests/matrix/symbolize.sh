#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# cgo-guard symbolize names every frame that a stripped program reports, with the copy that was not stripped: in an
# error's text, in its JSON, in lines of a JSON log and in the report of a crash under no guard. Another build is refused.
# The text is then the one that the program would have printed itself, had it not been stripped.
#
#   symbolize.sh CXX IMPLEMENTATION
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(realpath "$(mktemp -d)")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
implementation=$2
(cd "$here/../../cmd" && go build -o "$scratch/cgo-guard" ./cgo-guard)
symbolize() { ./cgo-guard symbolize "$@"; }

build() {  # name, flags...
  "$CXX" -std=c++17 -g -O2 -Wl,--build-id -I"$here/../../include" "$here/symbolize.cpp" "${@:2}" "$implementation" -pthread -ldl -o "$1"
}
CXX=$1
build program
mkdir copies other
build other/program.debug -DANOTHER_BUILD=1 -O1
cp program copies/program.debug
./program text >own
strip -s program

fail() {
  echo "$1"
  cat report named said 2>/dev/null
  exit 1
}
fails_with() {  # exit status, what it says, arguments...
  local status=0
  symbolize "${@:3}" >named 2>said || status=$?
  [ "$status" = "$1" ] || fail "exit status $status, want $1: ${*:3}"
  grep -q -- "$2" said || fail "it does not say: $2"
}
# GCC's debug information has no parameters for a function of internal linkage that is inlined.
functions=('inlined_function()' 'innermost_function()' 'local_function' 'middle_function(int)' 'outermost_function()')
place() {
  local name=${1%%(*}
  echo "$here/symbolize.cpp:$(grep -n "// line of $name\$" "$here/symbolize.cpp" | cut -d : -f 1)"
}
# The functions with their lines, one below the other.
names_all() {  # what, file
  local function want=''
  for function in "${functions[@]}"; do
    want+="$function"$'\n'$'\t'"$(place "$function") (program+0xN)"$'\n'
  done
  local got
  got=$(sed -E -e 's/:[0-9]+ \(program\+0x[0-9a-f]+\)$/ (program+0xN)/' -e 's/^local_function\(\)$/local_function/' "$2")
  [[ $got == *"${want%$'\n'}"* ]] || { echo "$want"; cat "$2"; fail "$1: not all are named"; }
}

# An error as text.
./program text >report
! grep -q '_function' report || fail "the program was to be stripped"
symbolize --binary copies/program.debug report >named 2>said || fail "text: exit status $?"
names_all text named
diff -u own named || fail "the program itself gives other names or lines"
[ "$(head -n 3 named)" = "$(head -n 3 report)" ] || fail "what is around the stack was changed"
! grep -q 'build id' <(grep program named | head -n 4) || fail "text: a frame was left"
symbolize --binary copies/program.debug <named >again 2>said || fail "what is named already is an error"
cmp named again || fail "what is named already was changed"

# A build ID also finds separate debug files.
id=$(readelf -n copies/program.debug | sed -n 's/.*Build ID: //p')
mkdir -p "debug/.build-id/${id:0:2}"
objcopy --only-keep-debug copies/program.debug "debug/.build-id/${id:0:2}/${id:2}.debug"
symbolize --debug-dir debug report >again 2>said || fail "debug directory: exit status $?"
cmp named again || fail "a separate debug file gives other names"

# Its JSON, and lines of a log.
./program json >report
symbolize --binary copies/program.debug report >named 2>said || fail "JSON: exit status $?"
python3 -c 'import json; e = json.load(open("named")); print(e["cause"]["c_stack"], end=""); assert e["error"] == "outer <é>"' >stack
names_all JSON stack
./program log >report
symbolize --binary copies/program.debug report >named 2>said || fail "log: exit status $?"
[ "$(head -n 2 named)" = "$(head -n 2 report)" ] || fail "lines without a stack were changed"
python3 -c 'import json; print(json.loads(open("named").readlines()[2])["err"]["c_stack"], end="")' >stack
names_all log stack

# The report of a crash, which has no build ID.
(ulimit -c 0; exec ./program crash) >report 2>&1 || true
grep -q 'under no guard' report || fail "there is no report of the crash"
symbolize --binary copies/program.debug report >named 2>said || fail "crash: exit status $?"
grep -q 'taken by its name' said || fail "crash: it does not say that the binary was not checked"
at=$(grep -n " #0 .* inlined_function() at $(place 'inlined_function()'):[0-9]*\$" named | cut -d : -f 1)
[ -n "$at" ] || fail "crash: the inlined function is not the first frame"
for i in 1 3 4; do
  sed -n "$((at + i))p" named | grep -qF "${functions[i]} at $(place "${functions[i]}"):" || fail "crash: frame $i"
done

# What can't be used, and says why.
./program text >report
fails_with 1 "refused: other/program.debug has build ID" --binary other/program.debug report
cmp report named || fail "refused, but the report was changed"
fails_with 1 'no frame is of' --binary copies/program.debug <(printf 'f\n\t/lib/another.so+0x12 [build id 00]\n')
fails_with 2 'has no debug information' --binary program report
fails_with 2 'is not an ELF file' --binary report report
fails_with 2 'no such file' --binary nowhere report
fails_with 2 'is empty' --binary copies/program.debug /dev/null
fails_with 2 'has no C++ stack' --binary copies/program.debug "$here/symbolize.cpp"
fails_with 2 'is not valid JSON' --binary copies/program.debug <(printf '{"c_stack": ')
fails_with 2 'is not text' --binary copies/program.debug copies/program.debug
fails_with 2 'give a -binary' report
