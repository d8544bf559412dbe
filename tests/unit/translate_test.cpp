// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <boost/exception/all.hpp>
#include <boost/throw_exception.hpp>
#include <cgo_guard/boost_exception.hpp>

#include "c_library.hpp"
#include "faults.hpp"
#include "support.hpp"

namespace inventory {

struct error : std::runtime_error {
  error(const char *what, std::string sku_, int shelf_)
      : std::runtime_error(what), sku(std::move(sku_)), shelf(shelf_) {}
  std::string sku;
  int shelf;
};
struct sold_out : error {
  using error::error;
};
/// Not derived from std::exception.
struct odd_thing {
  int value;
};
/// What its translator does wrong.
struct troublesome : std::runtime_error {
  explicit troublesome(int m) : std::runtime_error("the plain message"), mode(m) {}
  int mode;
};

using tag_shelf = boost::error_info<struct tag_shelf_, int>;
using tag_note = boost::error_info<struct tag_note_, std::string>;
struct boosted : virtual boost::exception, virtual std::exception {
  const char *what() const noexcept override { return "boosted"; }
};

}  // namespace inventory

namespace {

template <class T>
caught thrown(const T &value) {
  return caught(CGO_GUARD { throw value; });
}

std::map<std::string, std::string> fields_of(const cgo_guard_error &error) {
  std::map<std::string, std::string> result;
  for (std::uint64_t i = 0; i < error.field_count; ++i) result[error.fields[i].key] = error.fields[i].value;
  return result;
}

std::uint64_t live_errors() {
  cgo_guard_stats stats{};
  stats.struct_size = sizeof stats;
  cgo_guard_get_stats(&stats);
  return stats.live_errors;
}

enum trouble { throws, crashes, terminates, exhausts, odd_bytes, bad_code, null_texts, a_lot };

const cgo_guard::translator<inventory::error> translate_inventory([](const inventory::error &e,
                                                                     cgo_guard::translation &to) {
  to.code(CGO_GUARD_USER + 3).number(e.shelf).category("inventory").name("inventory").field("sku", e.sku);
  to.message(std::string("no ") + e.sku);
});

const cgo_guard::translator<inventory::odd_thing> translate_odd_thing([](const inventory::odd_thing &e,
                                                                         cgo_guard::translation &to) {
  to.field("int", e.value).field("bool", true).field("double", 0.5).field("largest", ~0ull).field("char", 'x');
});

const cgo_guard::translator<inventory::troublesome> translate_troublesome([](const inventory::troublesome &e,
                                                                             cgo_guard::translation &to) {
  to.name("never to be seen").field("key", "value");
  switch (e.mode) {
    case throws: throw std::out_of_range("in the translator");
    case crashes: faults::write_null(); break;
    case terminates: std::terminate();
    case exhausts:  // a length that no machine has room for; nothing of the text is read
      to.message(std::string_view("x", std::numeric_limits<std::size_t>::max() / 4));
      break;
    case odd_bytes:
      to.field(std::string_view("k\0ey", 4), std::string_view("\xff\0\xfe", 3)).message(std::string_view("a\0b", 3));
      break;
    case bad_code: to.code(CGO_GUARD_SIGNAL); break;
    case null_texts: {
      const char *const nothing = nullptr;
      to.name(nothing).message(nothing).field(nothing, nothing);
      break;
    }
    default:
      for (int i = 0; i < 100000; ++i) to.field("key " + std::to_string(i), i);
  }
});

}  // namespace

GUARDED_TEST_CASE("A translator's code, name, number, category, message and fields are the error's") {
  const std::uint64_t live = live_errors();
  {
    const caught error = thrown(inventory::error("plain", "A-113", 7));
    CHECK(error->code == CGO_GUARD_USER + 3);
    CHECK(error->number == 7);
    CHECK(std::string(error->name) == "inventory");
    CHECK(std::string(error->category) == "inventory");
    CHECK(message_of(error) == "no A-113");
    CHECK(fields_of(*error) == std::map<std::string, std::string>{{"sku", "A-113"}});
    CHECK(contains(cgo_guard_describe(error.get()), "\nsku: A-113\n"));
    CHECK(error->frame_count > 0);
  }
  CHECK(live_errors() == live);
}

GUARDED_TEST_CASE("A translator sees derived types, types that are no std::exception, and nothing else") {
  CHECK(fields_of(*thrown(inventory::sold_out("plain", "B-1", 0))).at("sku") == "B-1");
  const caught odd = thrown(inventory::odd_thing{-5});
  CHECK(odd->code == CGO_GUARD_EXCEPTION);
  CHECK(std::string(odd->name) == "inventory::odd_thing");
  CHECK(fields_of(*odd) ==
        std::map<std::string, std::string>{
            {"int", "-5"}, {"bool", "true"}, {"double", "0.5"}, {"largest", "18446744073709551615"}, {"char", "120"}});
  const caught other = thrown(std::runtime_error("untouched"));
  CHECK(other->field_count == 0);
  CHECK(other->fields == nullptr);
  CHECK(message_of(other) == "untouched");
}

GUARDED_TEST_CASE("A nested exception is translated as well") {
  const caught error(CGO_GUARD {
    try {
      throw inventory::sold_out("plain", "C-2", 1);
    } catch (...) {
      std::throw_with_nested(std::runtime_error("the order failed"));
    }
  });
  REQUIRE(error->cause != nullptr);
  CHECK(error->cause->code == CGO_GUARD_USER + 3);
  CHECK(fields_of(*error->cause).at("sku") == "C-2");
  CHECK(contains(cgo_guard_describe(error.get()), "sku: C-2\n"));
}

GUARDED_TEST_CASE("Of two translators the later is used, until it is gone") {
  {
    const cgo_guard::translator<inventory::error> later(
        [](const inventory::error &, cgo_guard::translation &to) { to.name("later"); });
    const cgo_guard::translator<std::out_of_range> unrelated(
        [](const std::out_of_range &, cgo_guard::translation &to) { to.name("unrelated"); });
    CHECK(std::string(thrown(inventory::sold_out("plain", "D", 0))->name) == "later");
    CHECK(message_of(thrown(inventory::sold_out("plain", "D", 0))) == "plain");
  }
  CHECK(std::string(thrown(inventory::sold_out("plain", "D", 0))->name) == "inventory");
}

GUARDED_TEST_CASE("Trap 50: a translator that fails leaves the plain error, which names it") {
  const struct {
    trouble mode;
    const char *complaint;
  } cases[] = {{throws, "(the translator of inventory::troublesome threw std::out_of_range)"},
               {crashes, "(the translator of inventory::troublesome crashed: SIGSEGV"},
               {terminates, "(the translator of inventory::troublesome crashed: SIGABRT"},
               {exhausts, "(there was no memory for its translation)"}};
  const std::uint64_t live = live_errors();
  for (const auto &c : cases) {
    const caught error = thrown(inventory::troublesome(c.mode));
    REQUIRE(error);
    CHECK(error->code == CGO_GUARD_EXCEPTION);
    CHECK(std::string(error->name) == "inventory::troublesome");
    INFO(message_of(error));
    CHECK(message_of(error).rfind("the plain message (", 0) == 0);
    CHECK(contains(message_of(error), c.complaint));
    CHECK(error->field_count == 0);
  }
  CHECK(live_errors() == live);
}

GUARDED_TEST_CASE("Trap 50: any bytes, no texts and very many fields are all an error's") {
  const caught odd = thrown(inventory::troublesome(odd_bytes));
  CHECK(fields_of(*odd).at("k\\0ey") == "\xff\\0\xfe");
  CHECK(message_of(odd) == std::string("a\0b", 3));

  const caught nothing = thrown(inventory::troublesome(null_texts));
  CHECK(std::string(nothing->name).empty());
  CHECK(message_of(nothing).empty());
  CHECK(fields_of(*nothing).count("") == 1);

  const caught many = thrown(inventory::troublesome(a_lot));
  CHECK(many->field_count == 100001);
  CHECK(std::string(many->fields[100000].key) == "key 99999");
  CHECK(std::string(many->fields[100000].value) == "99999");
}

GUARDED_TEST_CASE("A code that is the library's own is refused, and the message says so") {
  const caught error = thrown(inventory::troublesome(bad_code));
  CHECK(error->code == CGO_GUARD_EXCEPTION);
  CHECK(std::string(error->name) == "never to be seen");
  CHECK(message_of(error) ==
        "the plain message (its translator's code 2 is not CGO_GUARD_USER or more, and was refused)");
  CHECK(fields_of(*error).at("key") == "value");
}

GUARDED_TEST_CASE("The standard library's own codes and paths need no translator") {
  const caught file(CGO_GUARD { std::filesystem::rename("/nonexistent/from", "/nonexistent/to"); });
  REQUIRE(file);
  CHECK(file->number == ENOENT);
  CHECK(fields_of(*file) ==
        std::map<std::string, std::string>{{"path1", "/nonexistent/from"}, {"path2", "/nonexistent/to"}});
  const caught one_path(CGO_GUARD { static_cast<void>(std::filesystem::file_size("/nonexistent/one")); });
  REQUIRE(one_path);
  CHECK(fields_of(*one_path) == std::map<std::string, std::string>{{"path1", "/nonexistent/one"}});

  const caught future(CGO_GUARD {
    std::promise<int> promise;
    static_cast<void>(promise.get_future());
    static_cast<void>(promise.get_future());
  });
  REQUIRE(future);
  CHECK(future->number == static_cast<int>(std::future_errc::future_already_retrieved));
  CHECK(std::string(future->category) == "future");
}

GUARDED_TEST_CASE("A boost::exception gives its place and all that was attached to it") {
  const caught error(CGO_GUARD { boost::throw_exception(std::out_of_range("row 12"), BOOST_CURRENT_LOCATION); });
  REQUIRE(error);
  CHECK(std::string(error->name) == "std::out_of_range");
  CHECK(message_of(error) == "row 12");
  auto fields = fields_of(*error);
  CHECK(contains(fields["throw_file"], "translate_test.cpp"));
  CHECK(std::stoi(fields["throw_line"]) > 100);
  CHECK_FALSE(fields["throw_function"].empty());

  const caught tagged(CGO_GUARD {
    BOOST_THROW_EXCEPTION(inventory::boosted() << inventory::tag_shelf(12) << inventory::tag_note("two\n[lines\nof it")
                                               << boost::errinfo_errno(ENOENT));
  });
  REQUIRE(tagged);
  CHECK(std::string(tagged->name) == "inventory::boosted");
  CHECK(tagged->number == ENOENT);
  CHECK(std::string(tagged->category) == "generic");
  fields = fields_of(*tagged);
  INFO(cgo_guard_describe(tagged.get()));
  CHECK(fields["inventory::tag_shelf_"] == "12");
  CHECK(fields["inventory::tag_note_"] == "two\n[lines\nof it");
  CHECK(fields.size() == 6);

  const caught enabled(
      CGO_GUARD { throw boost::enable_current_exception(boost::enable_error_info(std::logic_error("x"))); });
  REQUIRE(enabled);
  CHECK(std::string(enabled->name) == "std::logic_error");
}

GUARDED_TEST_CASE("Eight threads throw translated types while another registers and removes translators") {
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  const std::uint64_t live = live_errors();
  std::thread registrar([&] {
    while (!stop) {
      const cgo_guard::translator<inventory::sold_out> first(
          [](const inventory::sold_out &e, cgo_guard::translation &to) {
            to.field("sku", e.sku).field("by", "first");
          });
      const cgo_guard::translator<inventory::sold_out> second(
          [](const inventory::sold_out &e, cgo_guard::translation &to) {
            to.field("sku", e.sku).field("by", "second");
          });
    }
  });
  std::thread throwers[8];
  for (std::thread &thrower : throwers) {
    thrower = std::thread([&wrong, mine = std::to_string(&thrower - throwers)] {
      for (int i = 0; i < 2000; ++i) {
        const caught error = thrown(inventory::sold_out("plain", mine, 0));
        if (fields_of(*error)["sku"] != mine) ++wrong;
      }
    });
  }
  for (std::thread &thrower : throwers) thrower.join();
  stop = true;
  registrar.join();
  CHECK(wrong == 0);
  CHECK(live_errors() == live);
}

GUARDED_TEST_CASE("A plugin's translator works for the program's guards until the plugin is closed") {
  if (c_library::is_static()) SKIP_CASE(c_library::why_not_static);
  void *const plugin = dlopen(CGO_GUARD_TRANSLATING_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  INFO((plugin == nullptr ? dlerror() : ""));
  REQUIRE(plugin != nullptr);
  const auto throw_it = reinterpret_cast<void (*)(int)>(dlsym(plugin, "throw_plugin_error"));
  REQUIRE(throw_it != nullptr);
  {
    const caught error(CGO_GUARD { throw_it(5); });
    REQUIRE(error);
    CHECK(error->code == CGO_GUARD_USER + 77);
    CHECK(fields_of(*error) == std::map<std::string, std::string>{{"part", "5"}});
    CHECK(dlclose(plugin) == 0);
    // The error owns what it says.
    CHECK(fields_of(*error) == std::map<std::string, std::string>{{"part", "5"}});
  }
  REQUIRE(dlopen(CGO_GUARD_TRANSLATING_PLUGIN, RTLD_NOW | RTLD_NOLOAD) == nullptr);
  CHECK(message_of(thrown(std::runtime_error("after it"))) == "after it");
}

DEATH_CASE(too_many_translators) {
  using one = cgo_guard::translator<inventory::odd_thing>;
  std::vector<std::unique_ptr<one>> all;
  for (int i = 0; i < 80; ++i) {
    all.push_back(std::make_unique<one>([](const inventory::odd_thing &, cgo_guard::translation &) {}));
  }
  all.clear();
  const one again([](const inventory::odd_thing &, cgo_guard::translation &to) { to.name("there is room again"); });
  std::puts(thrown(inventory::odd_thing{1})->name);
}
TEST_CASE("A translator too many is ignored and says so; removed ones make room") {
  const death d = die(too_many_translators);
  CHECK(d.exit_status == 0);
  CHECK(contains(d.output, "is ignored: 64 are registered"));
  CHECK(contains(d.output, "there is room again"));
}

DEATH_CASE(translator_exits) {
  const cgo_guard::translator<inventory::odd_thing> bad(
      [](const inventory::odd_thing &, cgo_guard::translation &) { std::exit(12); });
  static const cgo_guard::translator<inventory::odd_thing> static_bad(
      [](const inventory::odd_thing &, cgo_guard::translation &) { std::exit(12); });
  thrown(inventory::odd_thing{1});
}
TEST_CASE("A translator that exits ends the process, without waiting for itself for ever") {
  CHECK(die(translator_exits).exit_status == 12);
}
