# SPDX-License-Identifier: BSL-1.0
"""The build directories of `./dev test`: which compiler, for which processor and libraries, and how what it builds is
started here."""

import dataclasses
import os
import platform

NATIVE_LEVELS = ["0", "2"]


@dataclasses.dataclass
class Cell:
    name: str
    cc: str
    cxx: str
    level: str
    options: list = dataclasses.field(default_factory=list)  # for meson setup
    flags: list = dataclasses.field(default_factory=list)  # of both compilers, also when they link
    target: str = ""  # the processor, where it is not this machine's
    runner: list = dataclasses.field(default_factory=list)  # what starts a program
    environment: dict = dataclasses.field(default_factory=dict)
    test_files: str = "tests/*/*_test.cpp"  # each of them has to be in a list of tests

    def machine(self, cc, cxx):
        """Meson's description of another machine, or "" for this one."""
        if not self.target:
            return ""
        headers = headers_of_any_processor()
        flags = self.flags + ["-isystem", headers]
        return """[binaries]
c = {c}
cpp = {cpp}
ar = 'ar'
pkgconfig = 'pkg-config'
[built-in options]
c_args = {flags}
cpp_args = {flags}
c_link_args = {link}
cpp_link_args = {link}
[properties]
needs_exe_wrapper = true
boost_includedir = '{headers}'
boost_librarydir = '{headers}'
pkg_config_libdir = '/usr/share/pkgconfig:/usr/lib/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = '{cpu}'
cpu = '{cpu}'
endian = 'little'
""".format(c=[cc], cpp=[cxx], flags=flags, link=self.flags, headers=headers, cpu=self.target)


def headers_of_any_processor():
    """Catch2 2 and Boost are headers, the same for all. A cross compiler looks for its own processor's packages only,
    and to show it all of /usr/include would be to show it this processor's C library."""
    directory = os.path.abspath("build/headers")
    os.makedirs(directory, exist_ok=True)
    for name in ("catch2", "boost"):
        if not os.path.lexists(os.path.join(directory, name)):
            os.symlink("/usr/include/" + name, os.path.join(directory, name))
    return directory


def native():
    return [Cell("%s-O%s" % (cc, level), cc, cxx, level)
            for cc, cxx in (("gcc", "g++"), ("clang", "clang++")) for level in NATIVE_LEVELS]


def only_unit_tests(**fields):
    """A cell for another processor or other libraries. What a compiler's flags do is seen in the native ones."""
    return Cell(options=["-Donly_unit_tests=true"], test_files="tests/unit/*_test.cpp", **fields)


def libcxx():
    """The other C++ runtime: libc++ with libc++abi, and LLVM's unwinder."""
    # Meson compiles and links with these.
    return only_unit_tests(name="clang-libc++-O2", cc="clang", cxx="clang++", level="2",
                           environment={"CXXFLAGS": "-stdlib=libc++"})


ARM64_EMULATOR = "qemu-aarch64"
ARM64_ENVIRONMENT = {
    # For the tests, which start themselves anew: the kernel would not know how.
    "CGO_GUARD_TEST_EMULATOR": ARM64_EMULATOR,
    # Where the dynamic linker and the libraries are that Debian's cross compilers come with.
    "QEMU_LD_PREFIX": "/usr/aarch64-linux-gnu",
    # Where setup.sh puts libdw and the allocators. For the programs only: the emulator itself is of this processor.
    "QEMU_SET_ENV": "LD_LIBRARY_PATH=" + ":".join(
        os.path.abspath(".dev/arm64/%s/aarch64-linux-gnu" % directory) for directory in ("usr/lib", "lib")),
}


def arm64():
    # Not optimised: at -O2, and with -mbranch-protection=standard, some tests are still x86-64's (docs/platforms.md).
    common = dict(level="0", target="aarch64", runner=[ARM64_EMULATOR], environment=ARM64_ENVIRONMENT)
    return [
        only_unit_tests(name="arm64-gcc-O0", cc="aarch64-linux-gnu-gcc", cxx="aarch64-linux-gnu-g++", **common),
        only_unit_tests(name="arm64-clang-O0", cc="clang", cxx="clang++", flags=["--target=aarch64-linux-gnu"], **common),
    ]


ONLY_AN_ARM64_MACHINE_SHOWS = (
    "an arm64 machine would still have to show (./dev test native): the access of a fault from the kernel's ESR, single steps, "
    "seccomp, memory errors, SS_AUTODISARM, the restore of SVE registers, branch targets that the processor checks")


def imitates(arguments):
    """Whether to run what this machine can only imitate. `native` asks for what it is by itself."""
    return "native" not in arguments and platform.machine() == "x86_64"


# What zig compiles for and this machine does not run, with what guards take there (docs/platforms.md) and further flags.
COMPILED_FOR = [
    ("aarch64-macos", "0"),
    ("aarch64-macos", "0", "-DCGO_GUARD_NO_BOOST_STACKTRACE"),
    ("x86_64-macos", "0"),
    ("x86_64-windows-gnu", "0"),
    ("x86_64-freebsd", "0"),
    ("riscv64-linux-gnu", "0"),
    ("riscv64-linux-musl", "0"),
]


def compiled_only(arguments):
    return COMPILED_FOR if imitates(arguments) else []


def chosen(arguments):
    """The cells of a run with these arguments."""
    return native() + [libcxx()] + (arm64() if imitates(arguments) else [])
