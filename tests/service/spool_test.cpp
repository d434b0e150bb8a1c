#include "service/http/spool.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;
using trashd::service::Spool;

namespace {

// All of it, read in pieces of the size.
template <std::size_t size>
std::string contents(const Spool& spool) {
    std::string text;
    std::array<char, size> piece;
    while (const auto length = spool.read(text.size(), piece)) text.append(piece.data(), length);
    return text;
}

}  // namespace

TEST_CASE("nodb: a spool gives back what was put in, in memory or on disk") {
    Spool spool(10);
    std::string expected;
    for (const char* part : {"", "abc", "0123456", "x", "a longer piece than fits", "tail"}) {
        spool.append(part);
        expected += part;
        CHECK(spool.size() == expected.size());
        CHECK(spool.on_disk() == (expected.size() > 10));
        CHECK(contents<3>(spool) == expected);
        CHECK(contents<100>(spool) == expected);
    }
}

TEST_CASE("nodb: a temporary folder that is not there is a 503, not a short answer") {
    setenv("TMPDIR", "/nonexistent/folder", 1);
    Spool spool(1);
    CHECK_THROWS_WITH_AS(spool.append("abc"), doctest::Contains("temporary folder"), trashd::Error);
    unsetenv("TMPDIR");
}

TEST_CASE("a list of many MiB arrives whole, with its length") {
    TempDatabase database(
        "CREATE TABLE big (id int PRIMARY KEY, t text);"
        "INSERT INTO big SELECT n, pg_catalog.repeat(n::text, 1000000 / length(n::text)) "
        "FROM generate_series(1, 12) n");
    ServiceProcess service(database.url());
    auto answer = request(service.port(), "GET", "/v1/big");
    // the answer is without its line end here
    CHECK(answer.header("Content-Length") == std::to_string(answer.body.size() + 1));
    auto rows = answer.json();
    REQUIRE(rows.Size() == 12);
    for (const auto& row : rows.GetArray()) CHECK(row["t"].GetStringLength() == 1000000);
    CHECK(rows[6]["t"].GetString()[999999] == '7');
    auto head = request(service.port(), "HEAD", "/v1/big");
    CHECK(head.header("Content-Length") == answer.header("Content-Length"));
    CHECK(head.body.empty());
    // What was too large for memory was not compressed.
    auto packed = request(service.port(), "GET", "/v1/big", {{"Accept-Encoding", "gzip"}});
    CHECK(packed.header("Content-Encoding") == "gzip");
    CHECK(std::stoul(packed.header("Content-Length")) < answer.body.size() / 10);
    CHECK(packed.body == answer.body);
}
