#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# gdb/cgo_guard-gdb.py finds the threads inside cgo and prints their C++ stack with the goroutine's that called: in a core
# of the seed's program, and in a live process that is in C++ behind a callback into Go.
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

template=seed
new_go_consumer 'CXXFLAGS: -std=c++17' "CPPFLAGS: -I$origin/include"
clean go build -ldflags='-s=false -w=false' -o consumer .
# Without what an installed gdb may have loaded: its settings, and Go's script, whose place gdb complains of.
debugger=(timeout 120 gdb -nx -batch -iex 'set auto-load off' -iex 'set debuginfod enabled off')
commands=(-ex "source $origin/gdb/cgo_guard-gdb.py" -ex 'cgo-guard threads')
fail() {
  echo "$1"
  cat printed
  exit 1
}
place() { echo "$consumer/$1:$(grep -n "// line of $2\$" "$1" | cut -d : -f 1)"; }
# The stack, a line for each frame, without those of libc, whose lines are relative names or none.
stack_is() {
  sed -n '/^C++:$/,$p' printed | awk '/^\t/ { printf "%s", $0; next } { printf "%s%s", (NR > 1 ? "\n" : ""), $0 } END { print "" }' |
    grep -vF -e $'\t./' -e $'\t../' -e libc.so >got
  diff -u - got || fail "$1: another stack is printed"
}
frame() { printf '%s\t%s\n' "$1" "$2"; }

# A core from the kernel, where it writes one here.
mkdir core.d
cd core.d
pattern=$(cat /proc/sys/kernel/core_pattern)
if [[ $pattern != [\|/]* ]] && (ulimit -c unlimited) 2>/dev/null; then
  echo "note: gdb_core: a core of the kernel's"
  (ulimit -c unlimited; GOTRACEBACK=crash timeout 60 ../consumer) >../said 2>../trace || true
else
  echo "note: gdb_core: a core of gdb's own, because the kernel writes none here (core_pattern: $pattern, ulimit -c: $(ulimit -Hc))"
  "${debugger[@]}" -ex 'handle SIGURG nostop noprint pass' -ex run -ex 'generate-core-file core' ../consumer >../said 2>../trace || true
fi
cores=(*)
cd ..
[ -s "core.d/${cores[0]}" ] || { cat said trace; echo "there is no core"; exit 1; }
number=$(sed -n 's/^goroutine //p' said | head -n 1)

# Whatever thread the core's first is.
"${debugger[@]}" "${commands[@]}" consumer "core.d/${cores[0]}" >printed 2>&1
cat printed
thread=$(sed -n "s/^thread \([0-9]*\) (LWP [0-9]*), goroutine $number: .*/\1/p" printed)
[ -n "$thread" ] || fail "goroutine $number is on no thread inside cgo"
[ "$(grep -c '^thread .* goroutine [0-9]' printed)" = 1 ] || fail "goroutine $number alone is inside cgo"
"${debugger[@]}" "${commands[@]}" -ex "cgo-guard bt $thread" consumer "core.d/${cores[0]}" >printed 2>&1
sed -n '/^C++:/,$p' printed
stack_is core <<END
C++:
$(frame '(anonymous namespace)::fn2(char const*)' "$(place seed.cpp fn2)")
$(frame '(anonymous namespace)::fn1(int)' "$(place seed.cpp fn1)")
$(frame 'test_crash(char const*)' "$(place seed.cpp test_crash)")
goroutine $number:
$(frame main.crash "$(place main.go crash)")
$(frame main.main.func3 "$(place main.go 'the goroutine')")
END

# A live process.
./consumer wait >said 2>&1 &
process=$!
trap 'kill -9 $process 2>/dev/null; chmod -R u+w "$scratch" && rm -rf "$scratch"' EXIT
for _ in {1..200}; do
  ! grep -q waiting said || break
  sleep 0.1
done
number=$(sed -n 's/^goroutine //p' said | head -n 1)
"${debugger[@]}" -p "$process" "${commands[@]}" >printed 2>&1
cat printed
thread=$(sed -n "s/^thread \([0-9]*\) (LWP [0-9]*), goroutine $number: .*/\1/p" printed)
[ -n "$thread" ] || fail "goroutine $number is on no thread inside cgo"
"${debugger[@]}" -p "$process" "${commands[@]}" -ex "cgo-guard bt $thread" >printed 2>&1
sed -n '/^C++:/,$p' printed
sed -i '/_cgo_export\.c/d; /^go_answer$/d; s/^\[Inferior .*//; /^$/d' printed
stack_is 'live process' <<END
C++:
$(frame 'wait_for_ever()' "$(place seed.cpp wait_for_ever)")
goroutine $number:
$(frame main.go_answer "$(place main.go go_answer)")
C++:
$(frame '(anonymous namespace)::ask(char const*)' "$(place seed.cpp ask)")
$(frame 'wait_behind_callback()' "$(place seed.cpp wait_behind_callback)")
goroutine $number:
$(frame main.question "$(place main.go question)")
$(frame main.main.func3 "$(place main.go 'the waiting goroutine')")
END
