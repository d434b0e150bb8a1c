// Databases whose encoding is not UTF-8: bytes that are no text, and texts that cannot be written.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "service/http/utf8_mender.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Bench {
    Bench(const std::string& encoding, const std::string& script)
        : url(make(encoding, script)), service(url) {}

    static std::string make(const std::string& encoding, const std::string& script) {
        const auto name = "encoded_" + encoding;
        TestConnection server(TestCluster::get().url("postgres"));
        server->exec("DROP DATABASE IF EXISTS " + schema::quoted(name) + " WITH (FORCE)");
        server->exec("CREATE DATABASE " + schema::quoted(name) + " TEMPLATE template0 ENCODING '" +
                     encoding + "' LC_COLLATE 'C' LC_CTYPE 'C'");
        const auto url = TestCluster::get().url(name);
        TestConnection(url)->script(script);
        return url;
    }
    Answer operator()(const std::string& verb, const std::string& address,
                      const std::string& body = "") {
        httplib::Headers headers;
        if (!body.empty()) headers.emplace("Content-Type", "application/json");
        return request(service.port(), verb, address, headers, body);
    }

    std::string url;
    ServiceProcess service;
};

const std::string kShown =
    "a\xEF\xBF\xBD"
    "b";

}  // namespace

TEST_CASE(
    "bytes that are no UTF-8 are shown as such and hide nothing, and come back as they were") {
    // One such row made every list of the trash 422, to everybody.
    Bench call("SQL_ASCII", R"(
CREATE TABLE t (id int PRIMARY KEY, name text, "more" bytea);
INSERT INTO t VALUES (1, E'a\xe9b', '\xe9'), (2, 'plain', NULL), (3, E'\xc3\xa4', NULL);
CREATE TABLE k (name text PRIMARY KEY, n int);
INSERT INTO k VALUES (E'a\xe9b', 1), (E'a\xe9c', 2), ('b', 3);
CREATE TABLE long (id int PRIMARY KEY, name text);
INSERT INTO long VALUES (1, repeat(E'\xe9', 200000));
)");
    TestConnection other(call.url);
    const auto rows = "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t";
    const auto before = other.value(rows);
    CHECK(call("GET", "/v1/t/1").json()["name"] == kShown.c_str());
    CHECK(call("GET", "/v1/t/3").json()["name"] == "\xC3\xA4");
    CHECK(call("GET", "/v1/t").json().Size() == 3);
    CHECK(call("GET", "/v1/long/1").body.size() == 600018);
    for (const char* address : {"/v1/t/1", "/v1/t/3", "/v1/long/1"})
        CHECK(call("DELETE", address).status == 204);
    CHECK(call("DELETE", "/v1/k?where[n][less_than]=3").status == 200);
    const auto list = call("GET", "/v1/trash?expand=object");
    CHECK(list.status == 200);
    CHECK(list.json().Size() == 5);
    CHECK(call("GET", "/v1/t/@deleted?sort=name").json()[0]["name"] == kShown.c_str());
    CHECK(call("GET", "/v1/history").json().Size() == 5);
    CHECK(call("GET", "/v1/k?deleted=null&limit=1&sort=name").header("Link").empty() == false);
    const auto items = list.json();
    for (const auto& item : items.GetArray()) {
        const std::string id = item["id"].GetString();
        CHECK(call("GET", "/v1/trash/" + id).status == 200);
        CHECK(call("POST", "/v1/trash/" + id + "/$restore?dryRun=true").status == 200);
        CHECK(call("POST", "/v1/trash/" + id + "/$restore").status == 200);
    }
    CHECK(call("GET", "/v1/trash").body == "[]");
    CHECK(other.value(rows) == before);
    CHECK(other.value("SELECT count(*) FROM k WHERE name ~ E'\\xe9'") == "2");
}

TEST_CASE("pages of a list go on behind a value that is no UTF-8") {
    Bench call("SQL_ASCII", R"(
CREATE TABLE k (name text PRIMARY KEY, n int);
INSERT INTO k VALUES (E'a\xe9b', 1), (E'a\xe9c', 2), ('b', 3), (E'\xff', 4);
)");
    std::string seen, address = "/v1/k?sort=name&limit=1";
    for (int page = 0; page < 4; ++page) {
        const auto answer = call("GET", address);
        REQUIRE(answer.status == 200);
        seen += std::to_string(answer.json()[0]["n"].GetInt());
        const auto link = answer.header("Link");
        CHECK(link.empty() == (page == 3));
        if (!link.empty()) address = link.substr(1, link.find('>') - 1);
    }
    CHECK(seen == "1234");
}

TEST_CASE("what the encoding of the database cannot write is invalid, or no key") {
    // DELETE with such a reason told of a trigger of the database.
    Bench call("LATIN1",
               "CREATE TABLE t (id text PRIMARY KEY, name text); INSERT INTO t VALUES "
               "('1', 'one'), (E'\\u00e4', NULL)");
    const std::string euro = "%E2%82%AC";
    const std::string detail =
        "a text has a character that the encoding of the database cannot write; leave it out";
    for (const std::string query :
         {"/1?reason=", "?ids=1&reason=", "?where[id][equals]=1&reason="}) {
        const auto answer = call("DELETE", "/v1/t" + query + euro);
        CAPTURE(query);
        CHECK(answer.status == 422);
        CHECK(answer.code() == "invalid");
        CHECK(answer.json()["detail"] == detail.c_str());
    }
    for (const char* verb : {"GET", "DELETE"})
        CHECK(call(verb, "/v1/t/" + euro).code() == "not-found");
    CHECK(call("PATCH", "/v1/t/" + euro, R"({"name":"x"})").code() == "not-found");
    const auto written = call("PATCH", "/v1/t/1", "{\"name\":\"\xE2\x82\xAC\"}");
    CHECK(written.code() == "invalid");
    CHECK(call("GET", "/v1/trash?q=" + euro).status < 500);
    CHECK(call("GET", "/v1/t?where[name][equals]=" + euro).status < 500);
    CHECK(call("GET", "/v1/t/%C3%A4").json()["id"] == "\xC3\xA4");
    CHECK(call("DELETE", "/v1/t/%C3%A4?reason=%C3%BC").status == 204);
    CHECK(call("GET", "/v1/trash").json()[0]["reason"] == "\xC3\xBC");
    CHECK(TestConnection(call.url).value("SELECT count(*) FROM t") == "1");
}

TEST_CASE("nodb: bytes that are no UTF-8 are replaced one by one, wherever a piece ends") {
    const std::string text =
        "a\xE9"
        "b\xC3\xA4\xF0\x9F\x98\x80\xE2\x82"
        "c\xED\xA0\x80\xFF\xF0\x9F";
    const std::string bad = "\xEF\xBF\xBD";
    const std::string wanted = "a" + bad + "b\xC3\xA4\xF0\x9F\x98\x80" + bad + bad + "c" + bad +
                               bad + bad + bad + bad + bad;
    CHECK(service::legible(text) == wanted);
    CHECK(service::legible("\xC3\xA4") == "\xC3\xA4");
    for (std::size_t size = 1; size <= text.size(); ++size) {
        service::Utf8Mender mender;
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += size)
            out += mender.take(std::string_view(text).substr(at, size));
        CHECK(out + mender.end() == wanted);
        CHECK(mender.mended() == 9);
    }
}
