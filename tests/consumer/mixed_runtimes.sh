#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Both C++ runtimes in one process: a plugin of the other library than the program's, with that library's runtime linked
# into it, or with the program's in spite of it (the dynamic linker takes the first that has been loaded, for all).
# shellcheck source=tests/consumer/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cp "$here"/testdata/mixed/* "$consumer"
cd "$consumer"

for archive in libc++.a libc++abi.a; do
  [ -f "$(clang++ -print-file-name=$archive)" ] || { echo "clang++ finds no $archive (Debian: libc++-dev, libc++abi-dev)"; exit 1; }
done
libstdcxx=(g++ -std=c++17)
libcxx=(clang++ -stdlib=libc++ -std=c++17)
"${libstdcxx[@]}" -I"$origin/include" program.cpp -rdynamic -ldl -pthread -o on_libstdcxx &
"${libcxx[@]}" -I"$origin/include" program.cpp -rdynamic -ldl -pthread -o on_libcxx
wait $!
plugin=(-fPIC -shared plugin.cpp)
"${libstdcxx[@]}" "${plugin[@]}" -o of_libstdcxx.so
"${libcxx[@]}" "${plugin[@]}" -o of_libcxx.so
# And the library's inline functions, of which the program has some by the same names. The unwinder is the program's: no
# stack can be unwound by two.
for_itself=(-Wl,-Bsymbolic,--exclude-libs,ALL)
"${libstdcxx[@]}" "${plugin[@]}" -static-libstdc++ "${for_itself[@]}" -o with_libstdcxx.so
"${libcxx[@]}" -nostdlib++ "${plugin[@]}" "${for_itself[@]}" "$(clang++ -print-file-name=libc++.a)" \
  "$(clang++ -print-file-name=libc++abi.a)" -lgcc_s -pthread -o with_libcxx.so

expect() {  # program, plugin, which failures, and what it has to print
  local said
  said=$(timeout 60 "./$1" "./$2" "$3" 2>&1) || { echo "$said"; echo "failed: $*"; exit 1; }
  diff <(cat) <(echo "$said") || { echo "^ printed by $1 with $2"; exit 1; }
}

# Not 6 and 7, which would crash without a guard too: an exception_ptr of the one library counts in the other's exception.
for pair in "on_libstdcxx of_libcxx.so" "on_libcxx of_libstdcxx.so"; do
  # shellcheck disable=SC2086
  expect $pair 01234589 <<'END'
0: std::runtime_error: out of paper, cleaned up 1
1: std::system_error: looking: No such file or directory (2), cleaned up 1
2: int: 7, cleaned up 1
3: warehouse::odd: (an object of this type carries no message), cleaned up 1
4: warehouse::empty_shelf: row 7, cleaned up 1
5: warehouse::empty_shelf: row 7, cleaned up 2
8: SIGSEGV: null pointer write at 0x0, cleaned up 1
9: SIGSEGV: null pointer write at 0x0, cleaned up 2
4: warehouse::empty_shelf: row 7, cleaned up 1
8: SIGSEGV: null pointer write at 0x0, cleaned up 1
still the program's own
OK
END
done

# To the plugin's own runtime, an exception that leaves it is in flight for ever, as it is with a `catch (...)` in the place
# of a guard. A frame with catch clauses is not cleaned up after a fault: they are for that runtime's personality.
for pair in "on_libstdcxx with_libcxx.so" "on_libcxx with_libstdcxx.so"; do
  # shellcheck disable=SC2086
  expect $pair 0123456789 <<'END'
0: std::runtime_error: out of paper, cleaned up 1, counts 1
1: std::system_error: looking: No such file or directory (2), cleaned up 1, counts 2
2: int: 7, cleaned up 1, counts 3
3: warehouse::odd: (an object of this type carries no message), cleaned up 1, counts 4
4: warehouse::empty_shelf: row 7, cleaned up 1, counts 5
5: warehouse::empty_shelf: row 7, cleaned up 2, counts 6
6: warehouse::empty_shelf: kept, cleaned up 1, counts 7
7: std::runtime_error: loading <- warehouse::empty_shelf: row 7, cleaned up 2, counts 8
8: SIGSEGV: null pointer write at 0x0, cleaned up 1, counts 8
9: SIGSEGV: null pointer write at 0x0, cleaned up 1 and not all, counts 8
4: warehouse::empty_shelf: row 7, cleaned up 1, counts 9
8: SIGSEGV: null pointer write at 0x0, cleaned up 1, counts 9
still the program's own
OK
END
done
