// Values of hundreds of megabytes: shown piece by piece, or refused in words; the service stays as
// small as it was.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "tests/support/problem.hpp"

using namespace trashd::test;

namespace {

const char* kTooLong =
    "a row has more in it than PostgreSQL writes as one text (1 GB), so it can neither be shown "
    "whole nor go into the trash; ask for some of its columns with select=, or make its values "
    "smaller first";
constexpr long kMegabyte = 1024;  // in KiB, as peak_of() tells
constexpr std::size_t kBytes = 15'000'000, kText = 30'000'000;

struct Bench {
    TempDatabase database{
        "CREATE TABLE thing (id int PRIMARY KEY, n int, b bytea, t text, j json);"
        "DO $$BEGIN"
        " ALTER TABLE thing ALTER b SET COMPRESSION lz4, ALTER t SET COMPRESSION lz4;"
        "EXCEPTION WHEN feature_not_supported THEN END$$"};  // then it takes longer
    ServiceProcess service{database.url()};

    void sql(const std::string& text) { TestConnection(database.url())->exec(text); }
    Answer operator()(const std::string& verb, const std::string& address,
                      httplib::Headers headers = {}, const std::string& body = "") {
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return ask(service.port(), verb, address, headers, body);
    }
    // The length of the answer, of which the head alone is kept, and its beginning and end.
    std::string length(const std::string& address) {
        return (*this)("HEAD", address).header("Content-Length");
    }
    // Reads the answer and forgets it; how many bytes its body had.
    std::size_t read(const std::string& verb, const std::string& address) {
        httplib::Client client("127.0.0.1", service.port());
        client.set_read_timeout(120);
        std::size_t bytes = 0;
        httplib::Request wanted;
        wanted.method = verb;
        wanted.path = address;
        wanted.content_receiver = [&](const char*, std::size_t length, uint64_t, uint64_t) {
            bytes += length;
            return true;
        };
        const auto result = client.send(wanted);
        REQUIRE(result);
        CHECK(result->status < 300);
        return bytes;
    }
    void check_small() {
        const auto peak = peak_of(service.pid());
        MESSAGE("the service had at most ", peak / kMegabyte, " MiB");
        CHECK(peak < 48 * kMegabyte);
    }
};

}  // namespace

TEST_CASE("rows of tens of megabytes are shown in full, live and trashed, in little memory") {
    // The service grew to several times the size of the row, and stayed so.
    Bench bench;
    bench.sql(
        fmt::format("INSERT INTO thing VALUES (1, 5, convert_to(repeat('x', {}), 'UTF8'), "
                    "repeat('äb', {}), '[1 , 2]'), (2, 6, '\\x', '', NULL)",
                    kBytes, kText / 3));
    const std::size_t row = 2 * kBytes + kText;
    const auto live = bench.read("GET", "/v1/thing/1");
    CHECK(live > row);
    CHECK(live < row + 100);
    CHECK(bench.length("/v1/thing/1") == std::to_string(live));
    CHECK(bench.read("GET", "/v1/thing") > live);
    CHECK(bench("GET", "/v1/thing?select=id,n").body == R"([{"id":1,"n":5},{"id":2,"n":6}])");
    const httplib::Headers minimal = {{"Prefer", "return=minimal"}};
    CHECK(bench("PATCH", "/v1/thing/1", minimal, R"({"n":7})").status == 204);
    const auto kept = bench("PATCH", "/v1/thing/1", {{"Idempotency-Key", "k"}}, R"({"n":5})");
    CHECK(kept.status == 204);  // larger than answers are kept
    CHECK(kept.header("Preference-Applied") == "return=minimal");
    const auto gone = bench("DELETE", "/v1/thing/1", {{"Prefer", "return=representation"}});
    CHECK(gone.status == 200);
    CHECK(gone.json()["deletedObjectId"] == "1");
    CHECK_FALSE(gone.json().HasMember("object"));
    const auto item = "/v1/trash/" + std::string(gone.json()["id"].GetString());
    CHECK(bench.read("GET", item) > live);
    CHECK(bench.read("GET", "/v1/trash?expand=object") > live);
    CHECK(bench.read("GET", "/v1/thing/1/@deleted") > live);
    CHECK(bench.read("GET", "/v1/thing/@deleted?sort=t") > live);
    const auto there = bench("GET", "/v1/thing/1");
    CHECK(there.code() == "in-trash");
    CHECK_FALSE(there.json()["trashItem"].HasMember("object"));
    CHECK(bench("POST", "/v1/thing", {}, R"({"id":1})").code() == "in-trash");
    CHECK(bench("POST", item + "/$restore").status == 200);
    CHECK(bench.read("GET", "/v1/thing/1") == live);
    bench.check_small();
}

TEST_CASE("a row that PostgreSQL cannot write as one text is refused in words, and stays") {
    // 540 MB of bytes are more than 1 GB in hexadecimal digits: it was an internal error.
    Bench bench;
    bench.sql(
        "INSERT INTO thing VALUES (1, 5, convert_to(repeat('x', 540000000), 'UTF8')), (2, 6, "
        "NULL)");
    for (const char* verb : {"GET", "DELETE"})
        check_problem(bench(verb, "/v1/thing/1"), "row-too-large", kTooLong);
    check_problem(bench("DELETE", "/v1/thing?ids=1,2"), "row-too-large", kTooLong);
    check_problem(bench("DELETE", "/v1/thing/1", {{"If-Match", "\"x\""}}), "row-too-large",
                  kTooLong);
    check_problem(bench("GET", "/v1/thing"), "row-too-large", kTooLong);
    check_problem(bench("PATCH", "/v1/thing/1", {}, R"({"n":7})"), "row-too-large", kTooLong);
    const auto some = bench("GET", "/v1/thing/1?select=id,n");
    CHECK(some.body == R"({"id":1,"n":5})");
    CHECK(some.header("ETag").empty());
    CHECK(bench("GET", "/v1/thing?select=id,n").json().Size() == 2);
    TestConnection other(bench.database.url());
    CHECK(other.value("SELECT count(*) FROM thing") == "2");
    CHECK(other.value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(bench("DELETE", "/v1/thing/2").status == 204);
    bench.check_small();
}

TEST_CASE("documents that are too large to be merged into are replaced as a whole") {
    Bench bench;
    bench.sql(
        "INSERT INTO thing VALUES (1, 5, NULL, NULL, json_build_object('a', repeat('x', "
        "2000000))), (2, 5, NULL, NULL, json_build_object('a', repeat('x', 1000000)))");
    const std::string change = R"({"j":{"b":1}})";
    check_problem(bench("PATCH", "/v1/thing/1", {}, change), "invalid",
                  "what column 'j' holds is too large to be merged into; replace the object with "
                  "PUT",
                  R"(,"column":"j")");
    CHECK(bench("PATCH", "/v1/thing/2", {}, change).json()["j"]["b"].GetInt() == 1);
    CHECK(bench("PUT", "/v1/thing/1", {}, change).json()["j"]["b"].GetInt() == 1);
    CHECK(bench("PATCH", "/v1/thing/1", {}, R"({"n":8})").json()["n"].GetInt() == 8);
}
