# shellcheck shell=bash
# SPDX-License-Identifier: BSL-1.0
# Sourced by ./dev: finds the tools and libraries, installs what is missing, prints what is used.
#
# Every need is a name. For each, version_of prints what is there (nothing if it is missing or does not work), minimum
# says what is old, and packages says what Debian and Ubuntu call it.

SETUP_LOG=build/setup.log
MESON_VENV=.dev/meson
# A compiler for platforms that this machine does not run. No distribution has it; from PyPI, in one version, because
# with another its headers and libraries are others too.
ZIG_VENV=.dev/zig
ARM64_LIBRARIES=.dev/arm64
ZIG_VERSION=0.17.1

# The sources ask for no more than these; Debian 12 and Ubuntu 22.04 have them, but for the last one's Meson and Go.
minimum() {
  case $1 in
    g++) echo 9 ;;
    clang) echo 10 ;;
    meson) echo 1.0 ;;
    zig) echo "$ZIG_VERSION" ;;
    catch2) echo 2.13 ;;
    boost) echo 1.74 ;;
    go) echo 1.19 ;;
    *) echo 0 ;;
  esac
}

packages() {
  case $1 in
    ninja) echo ninja-build ;;
    boost) echo libboost-dev libboost-stacktrace-dev ;;
    json) echo nlohmann-json3-dev ;;
    libdw) echo libdw1 ;;
    libc++) echo libc++-dev libc++abi-dev ;;
    leveldb | tbb | sqlite3 | yaml) echo "lib$1-dev" ;;
    zlib) echo zlib1g-dev ;;
    jemalloc) echo libjemalloc2 ;;
    tcmalloc) echo libtcmalloc-minimal4 ;;
    arm64-g++) echo g++-aarch64-linux-gnu ;;
    arm64-libraries) ;;  # of another processor: see install_arm64_libraries
    qemu) echo qemu-user ;;
    go) echo golang-go ;;
    zig) echo python3-venv ;;
    *) echo "$1" ;;
  esac
}

at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

first_number() { grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1; }

# A compiler counts only if it finds its standard library: clang is known to pick a GCC without one.
compiler_version() {
  echo '#include <string>' | "$1" -std=c++17 -x c++ -fsyntax-only - 2>/dev/null && "$1" --version | first_number
}

header_version() {  # header, macro
  printf '#include <%s>\n%s\n' "$1" "$2" | g++ -E -P -x c++ - 2>/dev/null | tail -n 1 | tr -d '" '
}

go_version() { GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null | sed -n 's/^go//p' | first_number; }

# The first Go that is new enough. The distribution's own may be too old while a newer one is installed beside it.
find_go() {
  local candidate
  for candidate in "$(command -v go)" /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
    [ -x "$candidate" ] && at_least "$(go_version "$candidate")" "$(minimum go)" && echo "$candidate" && return
  done
  return 1
}

# Where the dynamic linker finds a library.
library() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -n "s/^[[:space:]]*${1//./\\.} .*=> //p" | head -n 1; }

version_of() {
  local found
  case $1 in
    g++) compiler_version g++ ;;
    clang) compiler_version clang++ ;;
    arm64-g++) compiler_version aarch64-linux-gnu-g++ ;;
    arm64-libraries)
      [ -e "$ARM64_LIBRARIES/usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4" ] && cat "$ARM64_LIBRARIES/version" ;;
    qemu) qemu-aarch64 --version | first_number ;;
    libc++)  # with the archives, for a plugin that has the runtime for itself
      for found in libc++.a libc++abi.a; do [ -f "$(clang++ -print-file-name=$found)" ] || return 0; done
      # 14000, and since LLVM 16 180100.
      found=$(printf '#include <cstddef>\n_LIBCPP_VERSION\n' | clang++ -stdlib=libc++ -E -P -x c++ - | tail -n 1)
      [ "$found" -lt 100000 ] && echo $((found / 1000)).0 || echo $((found / 10000)).$((found / 100 % 100)) ;;
    python3 | ninja | meson | clang-format | ccache | gdb | gdb-multiarch)
      command -v "$1" >/dev/null && "$1" --version 2>/dev/null | first_number ;;
    pkg-config) pkg-config --version ;;
    catch2 | tbb | sqlite3 | zlib) pkg-config --modversion "$1" ;;
    yaml) pkg-config --modversion yaml-0.1 ;;
    leveldb)
      echo '#include <leveldb/db.h>' | g++ -E -P -x c++ - | grep -oE 'k(Major|Minor)Version = [0-9]+' |
        grep -oE '[0-9]+$' | paste -sd . ;;
    boost)
      # The back end with libbacktrace is a library, the rest is headers.
      case $(g++ -print-file-name=libboost_stacktrace_backtrace.so 2>/dev/null) in
        /*) header_version boost/version.hpp BOOST_LIB_VERSION | tr _ . | first_number ;;
      esac ;;
    json) header_version nlohmann/json.hpp \
      'NLOHMANN_JSON_VERSION_MAJOR.NLOHMANN_JSON_VERSION_MINOR.NLOHMANN_JSON_VERSION_PATCH' | first_number ;;
    libdw)
      found=$(library libdw.so.1)
      [ -n "$found" ] && readlink -f "$found" | first_number ;;
    lld) ld.lld --version | first_number ;;
    mold) mold --version | first_number ;;
    jemalloc) [ -n "$(library libjemalloc.so.2)" ] && echo 2 ;;
    tcmalloc) [ -n "$(library libtcmalloc_minimal.so.4)" ] && echo 4 ;;
    go) found=$(find_go) && go_version "$found" ;;
    zig) [ -x "$ZIG_VENV/bin/python" ] && "$ZIG_VENV/bin/python" -m ziglang version ;;
    ca-certificates) [ -s /etc/ssl/certs/ca-certificates.crt ] && echo present ;;
  esac 2>/dev/null || true
}

is_met() {
  local version
  version=$(version_of "$1")
  [ -n "$version" ] && at_least "$version" "$(minimum "$1")"
}

unmet() {
  local need
  for need in "$@"; do is_met "$need" || echo "$need"; done
}

die() {
  echo "dev: $*" >&2
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_get() {
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >>"$SETUP_LOG" 2>&1; then
    tail -n 15 "$SETUP_LOG" >&2
    die "apt-get $* failed; the whole output is in $SETUP_LOG"
  fi
}

# What apt would install, without the epoch and the distribution's suffix.
candidate() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}//p' | first_number; }

# Ubuntu keeps newer Go versions beside its own, under /usr/lib/go-*.
go_package() {
  local package
  at_least "$(candidate golang-go)" "$(minimum go)" && echo golang-go && return
  for package in $(apt-cache pkgnames golang-1. | grep -E '^golang-1\.[0-9]+-go$' | sort -rV); do
    at_least "${package:7}" "$(minimum go)" && echo "$package" && return
  done
  die "no package of Go $(minimum go) or newer here; install Go from https://go.dev/dl/"
}

# Only Meson is taken from it: its Python would hide the system's.
use_venv() {
  [ -x "$MESON_VENV/bin/meson" ] || return
  mkdir -p .dev/bin && ln -sf "$PWD/$MESON_VENV/bin/meson" .dev/bin/meson
  PATH=$PWD/.dev/bin:$PATH
}

install_meson_in_venv() {
  python3 -c 'import ensurepip' 2>/dev/null || apt_get install --no-install-recommends python3-venv || return
  echo "installing Meson in $MESON_VENV (the distribution's is older than $(minimum meson))"
  { python3 -m venv "$MESON_VENV" && "$MESON_VENV/bin/pip" install 'meson>=1.0,<2'; } >>"$SETUP_LOG" 2>&1 &&
    use_venv && return
  tail -n 15 "$SETUP_LOG" >&2
  die "Meson could not be installed with pip; the whole output is in $SETUP_LOG"
}

install_zig_in_venv() {
  mkdir -p build
  echo "installing zig $ZIG_VERSION in $ZIG_VENV, 100 MB"
  { python3 -m venv "$ZIG_VENV" && "$ZIG_VENV/bin/pip" install "ziglang==$ZIG_VERSION"; } >>"$SETUP_LOG" 2>&1 && return
  tail -n 15 "$SETUP_LOG" >&2
  die "zig could not be installed with pip; the whole output is in $SETUP_LOG"
}

# Unpacked and not installed: this machine's own packages and list of architectures are not ours to change. What a package
# of the system would be for, dpkg would have to know as well.
install_arm64_libraries() {
  local apt work=$PWD/$ARM64_LIBRARIES/apt
  apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  echo "unpacking libdw and allocators for arm64 in $ARM64_LIBRARIES"
  rm -rf "$ARM64_LIBRARIES" && mkdir -p "$work/lists/partial" "$work/cache/archives/partial" || return
  if ! { "${apt[@]}" update &&
    (cd "$work" && "${apt[@]}" download libdw1 libelf1 zlib1g liblzma5 libbz2-1.0 libjemalloc2 libtcmalloc-minimal4 &&
      for package in ./*.deb; do dpkg-deb -x "$package" ..; done); } >>"$SETUP_LOG" 2>&1; then
    tail -n 15 "$SETUP_LOG" >&2
    echo "dev: Ubuntu has arm64 packages on a server of its own; ./dev test native needs none" >&2
    die "libraries for arm64 could not be had; the whole output is in $SETUP_LOG"
    return
  fi
  dpkg-deb -f "$work"/libdw1_*.deb Version | first_number >"$ARM64_LIBRARIES/version"
  rm -rf "$work"
}

# As .dev/bin/zig on PATH: the program itself, which finds its libraries beside where it really is.
use_zig() {
  local program
  program=$("$ZIG_VENV/bin/python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))') || return
  mkdir -p .dev/bin && ln -sf "$program" .dev/bin/zig
  PATH=$PWD/.dev/bin:$PATH
}

install() {
  local need all=() wanted=()
  for need in "$@"; do read -ra wanted <<<"$(packages "$need")" && all+=("${wanted[@]}"); done
  if ! command -v apt-get >/dev/null || ! grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; then
    echo "Please install, in these versions or newer, what Debian calls ${all[*]}:" >&2
    for need in "$@"; do echo "  $need $(minimum "$need" | sed 's/^0$/(any)/')" >&2; done
    die "only Debian's and Ubuntu's packages are installed automatically"
    return
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "missing: $*. As root, run: apt-get install ${all[*]}"
    return
  fi
  echo "installing ${all[*]} (log: $SETUP_LOG)"
  mkdir -p build && : >"$SETUP_LOG"
  apt_get update || return
  local chosen=()
  for need in "${all[@]}"; do
    case $need in
      golang-go) need=$(go_package) || return ;;
      meson) at_least "$(candidate meson)" "$(minimum meson)" || need=python3 ;;
    esac
    chosen+=("$need")
  done
  apt_get install --no-install-recommends "${chosen[@]}" || return
  hash -r
  if [[ " $* " = *" meson "* ]] && ! is_met meson; then install_meson_in_venv || return; fi
  if [[ " $* " = *" zig "* ]] && ! is_met zig; then install_zig_in_venv || return; fi
  if [[ " $* " = *" arm64-libraries "* ]]; then install_arm64_libraries || return; fi
}

# Installs what apt has, and what it has not is done without: tests that want it are skipped, by name.
wish() {
  local need wanted=()
  for need in "$@"; do
    is_met "$need" || [ -z "$(candidate "$need")" ] || wanted+=("$need")
  done
  [ ${#wanted[@]} -eq 0 ] || install "${wanted[@]}" || echo "going on without ${wanted[*]}"
}

# Makes sure of every need, or says what is wrong and fails. Leaves the right programs on PATH.
setup() {
  local need missing line=()
  use_venv || true
  # Where Python can make a venv, nothing of the distribution's is needed for this one.
  if [[ " $* " = *" zig "* ]] && ! is_met zig && python3 -c 'import ensurepip' 2>/dev/null; then
    install_zig_in_venv || return
  fi
  mapfile -t missing < <(unmet "$@")
  if [ ${#missing[@]} -gt 0 ]; then
    install "${missing[@]}" || return
    mapfile -t missing < <(unmet "${missing[@]}")
    for need in "${missing[@]}"; do
      echo "dev: $need $(minimum "$need") or newer is needed, found: $(version_of "$need")" >&2
    done
    [ ${#missing[@]} -eq 0 ] || return 1
  fi
  for need in "$@"; do
    [ "$need" = ca-certificates ] || line+=(", $need $(version_of "$need")")
    [ "$need" != go ] || PATH=$(dirname "$(find_go)"):$PATH
    [ "$need" != zig ] || use_zig || return
  done
  export PATH
  printf '%s' "${line[0]#, }" "${line[@]:1}"
  echo
}
