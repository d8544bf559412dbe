// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <cgo_guard/detail/stack/fold_names.hpp>

#include "catch.hpp"

static std::string folded(std::string name) {
  cgo_guard::detail::fold_name(name.data());
  return name.c_str();
}

TEST_CASE("Names of the standard library are what stands in the source") {
  CHECK(folded("std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >") == "std::string");
  CHECK(folded("std::__cxx11::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<wchar_t> >") ==
        "std::wstring");
  CHECK(folded("std::basic_string_view<char, std::char_traits<char> >") == "std::string_view");
  CHECK(folded("std::basic_ostream<char, std::char_traits<char> >& f()") == "std::ostream& f()");
  CHECK(folded("std::filesystem::__cxx11::filesystem_error") == "std::filesystem::filesystem_error");
  CHECK(folded("std::ios_base::failure[abi:cxx11]") == "std::ios_base::failure");
  CHECK(folded("std::vector<int, std::allocator<int> >") == "std::vector<int>");
  CHECK(folded("std::vector<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, "
               "std::allocator<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > > >") ==
        "std::vector<std::string>");
  CHECK(folded("std::map<int, int, std::less<int>, std::allocator<std::pair<int const, int> > >::at(int const&)") ==
        "std::map<int, int, std::less<int>>::at(int const&)");
}

TEST_CASE("Names of libc++'s are too, whichever library the program has") {
  CHECK(folded("std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >") ==
        "std::string");
  CHECK(folded("std::__1::__fs::filesystem::filesystem_error") == "std::filesystem::filesystem_error");
  CHECK(folded("std::__1::map<int, std::__1::vector<int, std::__1::allocator<int>>, std::__1::less<int>, "
               "std::__1::allocator<std::__1::pair<int const, std::__1::vector<int, std::__1::allocator<int>>>>>") ==
        "std::map<int, std::vector<int>, std::less<int>>");
}

TEST_CASE("What is not of the standard library, or not its default, keeps its name") {
  for (const char *const name :
       {"", "f", "mine::basic_string<char>", "std::basic_string<char, my_traits>",
        "std::vector<int, my_allocator<int> >", "f(std::allocator<int>, int)", "g<int, std::allocator<int>, int>",
        "std::runtime_error", "operator<< <std::allocator<int> >"}) {
    CHECK(folded(name) == name);
  }
}
