#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "service/parsing/json_body.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::service;

namespace {

std::string refusal(const std::string& text) {
    try {
        parse_json(text, 4);
    } catch (const Error& error) {
        CHECK(error.code() == Code::kBadRequest);
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("nodb: JSON of a client comes out as it went in, numbers digit by digit") {
    for (const char* text :
         {"null", "true", "-0", "1.10", "123456789012345678901234567890.000", "1E+2", "\"é\\n\"",
          "[]", "{}", "[1,[\"a\",{\"b\":null}]]", "{\"b\":1,\"a\":false,\"\":\"\"}"}) {
        CAPTURE(text);
        CHECK(to_json(parse_json(text, 4)) == text);
    }
    const std::string spaced = R"( [ {"a" : 1e2} , [ ] ] )";
    const auto list = parse_json(spaced, 4);
    CHECK(list.elements.at(0).source == R"({"a" : 1e2})");
    CHECK(list.elements.at(1).source == "[ ]");
    CHECK(list.elements.at(0).member("a")->text == "1e2");
    CHECK(list.elements.at(0).member("b") == nullptr);
}

TEST_CASE("nodb: what is not JSON is refused with the place") {
    CHECK(refusal(R"({"a":1,})").find("not JSON at byte 7") != std::string::npos);
    for (const char* text : {"", "{", "01", "NaN", "'a'", "[1]x", "\"\t\"", "\"\\ud800\"",
                             "// c\n1", "\xEF\xBB\xBF{}", "[1,]"}) {
        CAPTURE(text);
        CHECK(refusal(text).find("not JSON at byte") != std::string::npos);
    }
    CHECK(refusal("\"\xFF\"") == "the body is not text in UTF-8");
    CHECK(refusal(std::string("1\0x", 3)) == "the body is not text in UTF-8");
    // Half a surrogate pair was let through: no text that PostgreSQL takes.
    CHECK(refusal("[\"\\udc00\"]") == "the body holds half of a surrogate pair; send both or none");
    CHECK(refusal("1e400") == "the number at byte 0 is too big for JSON; send it as a string");
}

TEST_CASE("nodb: names that stand twice, U+0000 and depth are refused") {
    CHECK(refusal(R"([{"a":1,"b":2,"\u0061":3}])") ==
          "the name 'a' stands twice in one object; send it once");
    for (const char* text : {R"("a\u0000")", R"({"\u0000":1})"})
        CHECK(refusal(text) ==
              "the body holds U+0000, which PostgreSQL cannot store; leave it out");
    CHECK(refusal("[[[[]]]]").empty());
    CHECK(refusal("[[[[[]]]]]") == "the body is nested deeper than 4 levels; make it flatter");
    CHECK(refusal(std::string(500000, '[')) ==
          "the body is nested deeper than 4 levels; make it flatter");
}
