#include "schema/text.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace trashd::schema;

TEST_CASE("nodb: a text is filled by name, each name as often as it stands there") {
    CHECK(filled("SELECT {what} FROM {table} WHERE {what} IS NULL",
                 {{"what", "a"}, {"table", "t"}, {"unused", "u"}}) ==
          "SELECT a FROM t WHERE a IS NULL");
    CHECK(filled("{a}{b_2}", {{"a", "1"}, {"b_2", "2"}}) == "12");
    CHECK(filled("", {}).empty());
}

TEST_CASE("nodb: what fills a text is not filled itself, whatever tables are called") {
    CHECK(filled("{a} {b}", {{"a", "{b}"}, {"b", "{a}"}}) == "{b} {a}");
}

TEST_CASE("nodb: braces around no name stay in a text that is filled") {
    for (const char* text :
         {"'{}'", "'{1,2}'", "'{{}'", "a{3}", "{A}", "{a b}", "{", "x{", "{a", "}"})
        CHECK(filled(text, {}) == text);
    CHECK(filled("{{a}}", {{"a", "1"}}) == "{1}");
}

TEST_CASE("nodb: a name that nothing stands for is never sent to the server") {
    CHECK_THROWS_WITH_AS(filled("SELECT {nothing}", {{"other", "1"}}),
                         "nothing stands for {nothing}", std::logic_error);
}
