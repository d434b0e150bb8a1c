// Lists as CSV: what a program that reads RFC 4180 gets of each value.
#include <doctest/doctest.h>

#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;

namespace {

struct Bench {
    TempDatabase database;
    ServiceProcess service{database.url()};
    explicit Bench(const std::string& schema) : database(schema) {}
    Answer operator()(const std::string& verb, const std::string& address,
                      const std::string& accept = "text/csv", const std::string& body = "") {
        httplib::Headers headers = {{"Accept", accept}};
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
};

const char* kThings =
    "CREATE TABLE thing (id int PRIMARY KEY, name text, size numeric, ok bool, more jsonb);"
    "INSERT INTO thing VALUES (1, 'plain', 1.50, true, '{\"a\": [1, \"x\\\"y\"]}'),"
    "  (2, E'a \"quote\", a comma;\\r\\nand a line', -0.1, false, '[]'),"
    "  (3, '', NULL, NULL, NULL), (4, NULL, 'NaN', NULL, 'null');";

}  // namespace

TEST_CASE("each kind of value is written so that it can be read back as it was") {
    Bench call(kThings);
    const auto page = call("GET", "/v1/thing");
    CHECK(page.status == 200);
    CHECK(page.header("Content-Type") == "text/csv; charset=utf-8; header=present");
    CHECK(page.header("Vary").find("Accept") != std::string::npos);
    CHECK(page.body ==
          "\"id\",\"name\",\"size\",\"ok\",\"more\"\r\n"
          "1,\"plain\",1.50,true,\"{\"\"a\"\": [1, \"\"x\\\"\"y\"\"]}\"\r\n"
          "2,\"a \"\"quote\"\", a comma;\r\nand a line\",-0.1,false,\"[]\"\r\n"
          "3,\"\",,,\r\n"
          "4,,\"NaN\",,\r\n");
    CHECK(call("HEAD", "/v1/thing").header("Content-Type") == page.header("Content-Type"));
}

TEST_CASE("what a spreadsheet would take for a formula is not changed") {
    Bench call(
        "CREATE TABLE thing (id text PRIMARY KEY);"
        "INSERT INTO thing VALUES ('=1+1'), ('+1'), ('-1'), ('@x'), (E'\\tx'), (E'\\rx');");
    const auto page = call("GET", "/v1/thing?limit=10").body;
    for (const char* value : {"\"=1+1\"", "\"+1\"", "\"-1\"", "\"@x\"", "\"\tx\"", "\"\rx\""})
        CHECK(page.find("\r\n" + std::string(value) + "\r\n") != std::string::npos);
}

TEST_CASE("characters are UTF-8, however the JSON writes them") {
    Bench call(
        "CREATE TABLE thing (id int PRIMARY KEY, \"a \"\"b\"\", c\" text);"
        "INSERT INTO thing VALUES (1, E'\\u00e4\\U0001F642\\u0001\\b\\f\\n\\t/\\\\');");
    CHECK(call("GET", "/v1/thing").body ==
          "\"id\",\"a \"\"b\"\", c\"\r\n1,\"\u00e4\U0001F642\x01\b\f\n\t/\\\"\r\n");
}

TEST_CASE("an empty list is an empty text") {
    Bench call("CREATE TABLE thing (id int PRIMARY KEY)");
    CHECK(call("GET", "/v1/thing").body.empty());
    CHECK(call("GET", "/v1/thing").status == 200);
    CHECK(call("GET", "/v1/thing").header("Content-Type") ==
          "text/csv; charset=utf-8; header=present");
}

TEST_CASE("pages, counts and columns are those of the JSON") {
    Bench call(
        "CREATE TABLE thing (id int PRIMARY KEY, a text, b text);"
        "INSERT INTO thing SELECT n, repeat('x', 3000), n FROM generate_series(1, 1000) n;");
    const auto page = call("GET", "/v1/thing?limit=2&count=true&select=b,id");
    CHECK(page.body == "\"id\",\"b\"\r\n1,\"1\"\r\n2,\"2\"\r\n");
    CHECK(page.header("X-Total-Count") == "1000");
    CHECK(call("GET", page.link("next")).body == "\"id\",\"b\"\r\n3,\"3\"\r\n4,\"4\"\r\n");
    const auto large = call("GET", "/v1/thing?limit=1000").body;
    const std::size_t digits = 9 + 90 * 2 + 900 * 3 + 4;  // of the numbers from 1 to 1000
    CHECK(large.size() == 14 + 1000 * (3002 + 6) + 2 * digits);
    CHECK(large.ends_with("\r\n1000,\"" + std::string(3000, 'x') + "\",\"1000\"\r\n"));
}

TEST_CASE("the trash and the history come as CSV, with names that not all of them have") {
    Bench call(kThings);
    call("DELETE", "/v1/thing/1?reason=a,b");
    call("DELETE", "/v1/thing/2");
    const auto trash = call("GET", "/v1/trash").body;
    CHECK(trash.starts_with("\"id\","));
    CHECK(trash.find(",\"a,b\",") != std::string::npos);
    const auto items = call("GET", "/v1/trash", "application/json").json();
    for (const auto& item : items.GetArray())
        CHECK(trash.find("\r\n\"" + std::string(item["id"].GetString()) + "\",") !=
              std::string::npos);
    const auto rows = call("GET", "/v1/thing/@deleted").body;
    CHECK(rows.starts_with(
        "\"id\",\"name\",\"size\",\"ok\",\"more\",\"deletedAt\",\"trashItem\"\r\n"));
    for (const char* address : {"/v1/history", "/v1/thing/1/@history"}) {
        const auto history = call("GET", address);
        CHECK(history.header("Content-Type").starts_with("text/csv"));
        CHECK(history.body.find("\"trashed\"") != std::string::npos);
    }
}

TEST_CASE("what is no list, what goes wrong, and what one likes better stay JSON") {
    Bench call(kThings);
    for (const char* address : {"/v1/thing/1", "/v1/", "/v1/thing/$metadata", "/v1/@me"})
        CHECK(call("GET", address).header("Content-Type") == "application/json");
    check_problem(call("GET", "/v1/thing?limit=0"), "bad-request",
                  "'limit' must be a number from 1 to 1000");
    for (const char* accept : {"*/*", "text/*", "application/json", "text/csv;q=0",
                               "application/json, text/csv;q=0.5", ""})
        CHECK(call("GET", "/v1/thing", accept).header("Content-Type") == "application/json");
    CHECK(call("GET", "/v1/thing", "text/html, text/csv;q=0.9, application/json;q=0.1")
              .header("Content-Type")
              .starts_with("text/csv"));
    CHECK(call("POST", "/v1/thing", "text/csv", R"([{"id":9}])").header("Content-Type") ==
          "application/json");
}
