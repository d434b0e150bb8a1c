#include "schema/identifier.hpp"

#include <doctest/doctest.h>

#include <iomanip>

#include "schema/object_name.hpp"
#include "schema/session/result.hpp"

using namespace trashd::schema;

TEST_CASE("nodb: names are always quoted and their quotes doubled") {
    CHECK(quoted("select") == "\"select\"");
    CHECK(quoted("we\"ird / näme") == "\"we\"\"ird / näme\"");
    CHECK(quoted(QualifiedName{"Mixed", "a\"b"}) == "\"Mixed\".\"a\"\"b\"");
}

TEST_CASE("nodb: a std::string is quoted by this function, also beside <iomanip>") {
    std::string name = "a\"b";
    const std::string& constant = name;
    CHECK(std::string(quoted(name)) == "\"a\"\"b\"");
    CHECK(std::string(quoted(constant)) == "\"a\"\"b\"");
}

TEST_CASE("nodb: literals double quotes and escape backslashes") {
    CHECK(literal("it's") == "'it''s'");
    CHECK(literal("a\\'b") == "E'a\\\\''b'");
}

TEST_CASE("nodb: an array literal comes back as it was") {
    const std::vector<Param> values = {"a", std::nullopt, "", "NULL", "x\"y\\z", "{,} ", "ü\n"};
    CHECK(array_literal({}) == "{}");
    CHECK(array_literal({"a", std::nullopt}) == "{\"a\",NULL}");
    CHECK(parse_array(array_literal(values)) == values);
}

TEST_CASE("nodb: the server's form of an array is read") {
    CHECK(parse_array("{}").empty());
    CHECK(parse_array("{1,NULL,\"a b\"}") == std::vector<Param>{"1", std::nullopt, "a b"});
    CHECK(parse_array("[0:1]={7,8}") == std::vector<Param>{"7", "8"});
}
