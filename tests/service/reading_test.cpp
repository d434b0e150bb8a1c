#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "schema/error.hpp"
#include "service/http/url.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"

using namespace trashd::test;
using trashd::service::percent_encode;

namespace {

const char* kTypes = R"(
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN score AS int CHECK (VALUE >= 0);
CREATE TABLE thing (
  id int PRIMARY KEY, n int, num numeric(6,2), t text COLLATE "en-x-icu", loose text COLLATE loose,
  ci ext.citext, code varchar(3), pad char(4), yes bool, d date, ts timestamptz, u uuid, m mood,
  ints int[], j jsonb, bytes bytea, s score, ip inet, r int4range, p pair, f float8, iv interval,
  raw json, place point, tm time, tmz timetz, big int8, mr int4multirange, bits varbit,
  words text[], mac macaddr, cash money);
INSERT INTO thing
SELECT i, CASE i % 7 WHEN 0 THEN NULL ELSE i % 5 END, CASE i % 6 WHEN 0 THEN NULL ELSE i / 8.0 END,
  (ARRAY['a', 'B', 'c', 'Ä', 'ä b', 'z', NULL, '50%', 'a_b', E'back\\slash', ''])[1 + i % 11],
  (ARRAY['abc', 'ABC', 'x', NULL])[1 + i % 4], (ARRAY['One', 'ONE', 'two', NULL])[1 + i % 4],
  (ARRAY['ab', 'abc', NULL])[1 + i % 3], (ARRAY['x', 'xy', NULL])[1 + i % 3],
  (ARRAY[true, false, NULL])[1 + i % 3], date '2024-02-27' + i % 5,
  timestamptz '2024-03-31 00:30:00+01' + i % 4 * interval '1 hour',
  ('00000000-0000-4000-8000-00000000000' || i % 10)::uuid,
  (ARRAY['sad', 'ok', 'happy', NULL]::mood[])[1 + i % 4],
  (ARRAY['{1,2}', '{10}', '{}', '{NULL}', NULL])[1 + i % 5]::int[],
  (ARRAY['{"a": 1}', '[1, 2]', '"x"', NULL])[1 + i % 4]::jsonb,
  (ARRAY['\x00ff', '\x', NULL])[1 + i % 3]::bytea, i % 9,
  (ARRAY['10.0.0.1', '10.0.0.0/8', '::1', NULL])[1 + i % 4]::inet,
  CASE i % 4 WHEN 0 THEN NULL ELSE int4range(i % 4, 9) END,
  (ARRAY['(1,x)', '(1,y)', '(,)', NULL])[1 + i % 4]::pair,
  (ARRAY['-0', '1e300', 'NaN', '0.1', NULL])[1 + i % 5]::float8,
  (ARRAY['1 day', '24:00', '1 mon', NULL])[1 + i % 4]::interval, '{"a": 1}', '(1,2)',
  (ARRAY['24:00', '12:30', NULL])[1 + i % 3]::time,
  (ARRAY['12:00+02', '10:00+00'])[1 + i % 2]::timetz, 9007199254740993 * (i % 3 - 1),
  (ARRAY['{[1,3),[5,7)}', '{}', NULL])[1 + i % 3]::int4multirange,
  (ARRAY['101', '1', '10'])[1 + i % 3]::varbit,
  (ARRAY['{a,NULL}', '{"b c"}', '{}'])[1 + i % 3]::text[],
  (ARRAY['08:00:2b:01:02:03', '08:00:2b:01:02:04'])[1 + i % 2]::macaddr, (i % 4 * 1000.25)::money
FROM generate_series(1, 60) i;
CREATE TABLE shadow AS TABLE thing;
)";

// Rows with odd ids lie in the trash; shadow has all of them as they were.
struct Bench {
    explicit Bench(const std::string& script = kTypes) : database(script) {
        sql->script("SET search_path = public, ext; SET DateStyle = ISO; SET TimeZone = 'UTC'");
    }

    Answer get(const std::string& address) { return request(service.port(), "GET", address); }
    void trash_odd() {
        for (int id = 1; id <= 60; id += 2) trash(id);
    }
    void trash(int id) {
        auto gone = request(service.port(), "DELETE", "/v1/thing/" + std::to_string(id));
        REQUIRE(gone.status == 204);
    }
    // A row that was trashed after the table changed.
    void trash_of_today() {
        sql->exec("INSERT INTO thing (id, now, m, num) VALUES (3, 'c', 'ok', 30)");
        trash(3);
    }
    // The ids of a list as "1,2,3", in its order.
    std::string ids(const std::string& address) {
        auto answer = get(address);
        INFO(address, ": ", answer.body);
        REQUIRE(answer.status == 200);
        return ids_of(answer);
    }
    static std::string ids_of(const Answer& answer) {
        std::string text;
        const auto rows = answer.json();
        for (const auto& row : rows.GetArray())
            text += (text.empty() ? "" : ",") + std::to_string(row["id"].GetInt());
        return text;
    }
    std::string expected(const std::string& rest) {
        return sql.value(
            "SELECT coalesce(string_agg(id::text, ','), '') FROM (SELECT id FROM "
            "shadow WHERE " +
            rest + ") x");
    }
    // The whole list, page by page.
    std::string all_pages(std::string address) {
        std::string all;
        while (!address.empty()) {
            auto answer = get(address);
            INFO(address, ": ", answer.body);
            REQUIRE(answer.status == 200);
            const auto page = ids_of(answer);
            all += (all.empty() || page.empty() ? "" : ",") + page;
            address = next(answer);
        }
        return all;
    }
    static std::string next(const Answer& answer) {
        auto [from, to] = answer.headers.equal_range("Link");
        for (; from != to; ++from)
            if (from->second.ends_with(">; rel=\"next\""))
                return from->second.substr(1, from->second.find('>') - 1);
        return "";
    }

    TempDatabase database;
    TestConnection sql{database.url()};
    ServiceProcess service{database.url()};
};

struct Question {
    std::string op, sql;
};

// What each operator means of a column of the type, asked of SQL.
std::vector<Question> questions(const std::string& column, const std::string& value) {
    return {{"equals", column + " = " + value},
            {"not_equals", column + " IS DISTINCT FROM " + value},
            {"greater_than", column + " > " + value},
            {"greater_than_equal", column + " >= " + value},
            {"less_than", column + " < " + value},
            {"less_than_equal", column + " <= " + value},
            {"in", column + " IN (" + value + ")"},
            {"not_in", "(" + column + " IN (" + value + ")) IS NOT TRUE"}};
}

struct Place {
    std::string parameters, sql;
};
const std::vector<Place> kPlaces = {
    {"", "id % 2 = 0"}, {"deleted=true&", "id % 2 = 1"}, {"deleted=null&", "true"}};

}  // namespace

TEST_CASE("every operator means the same as in SQL, of live rows, trashed ones and both") {
    Bench bench;
    bench.trash_odd();
    struct Sample {
        std::string column, value, type;
    };
    for (const auto& [column, value, type] :
         std::vector<Sample>{{"n", "3", "int"},
                             {"num", "2.5", "numeric"},
                             {"num", "1.125", "numeric"},
                             {"t", "b", "text"},
                             {"t", "Ä", "text"},
                             {"loose", "aBc", "text"},
                             {"ci", "oNe", "citext"},
                             {"code", "abcd", "text"},
                             {"pad", "x", "bpchar"},
                             {"yes", "true", "bool"},
                             {"d", "2024-02-29", "date"},
                             {"ts", "2024-03-31T02:30:00+02:00", "timestamptz"},
                             {"u", "00000000-0000-4000-8000-000000000004", "uuid"},
                             {"m", "ok", "mood"},
                             {"ints", "{10}", "int[]"},
                             {"j", "{\"a\":1.0}", "jsonb"},
                             {"bytes", "\\x00FF", "bytea"},
                             {"s", "4", "int"},
                             {"ip", "10.0.0.1", "inet"},
                             {"r", "[2,9)", "int4range"},
                             {"p", "(1,x)", "pair"},
                             {"f", "NaN", "float8"},
                             {"iv", "24 hours", "interval"},
                             {"tm", "12:30", "time"},
                             {"tmz", "11:00+01", "timetz"},
                             {"big", "9007199254740993", "bigint"},
                             {"mr", "{[1,3),[5,7)}", "int4multirange"},
                             {"bits", "1", "varbit"},
                             {"words", "{b c}", "text[]"},
                             {"mac", "08-00-2B-01-02-03", "macaddr"},
                             {"cash", "2000.50", "money"}}) {
        for (const auto& [op, where] : questions(column, fmt::format("'{}'::{}", value, type)))
            for (const auto& [parameters, part] : kPlaces) {
                // a comma parts the values of in
                if (value.find(',') != std::string::npos && op.ends_with("in")) continue;
                CAPTURE(column);
                CAPTURE(op);
                CAPTURE(parameters);
                CHECK(
                    bench.ids("/v1/thing?limit=100&sort=id&" + parameters +
                              fmt::format("where[{}][{}]={}", column, op, percent_encode(value))) ==
                    bench.expected(part + " AND " + where + " ORDER BY id"));
            }
    }
}

TEST_CASE("like, contains and exists see any type as the text that PostgreSQL writes") {
    Bench bench;
    bench.trash_odd();
    const auto found = [](const std::string& column, const std::string& word) {
        return fmt::format(
            "position(lower('{}' COLLATE \"und-x-icu\") IN lower(concat({}) COLLATE "
            "\"und-x-icu\")) "
            "> 0",
            word, column);
    };
    for (const char* column :
         {"n",    "num", "t",     "loose", "ci", "code", "pad", "yes", "d",  "ts",  "u",    "m",
          "ints", "j",   "bytes", "s",     "ip", "r",    "p",   "f",   "iv", "raw", "place"})
        for (const auto& [parameters, part] : kPlaces) {
            CAPTURE(column);
            CAPTURE(parameters);
            const auto ids = [&](const std::string& op, const std::string& value) {
                return bench.ids(
                    "/v1/thing?limit=100&sort=id&" + parameters +
                    fmt::format("where[{}][{}]={}", column, op, percent_encode(value)));
            };
            const auto expected = [&](const std::string& where) {
                return bench.expected(part + " AND " + where + " ORDER BY id");
            };
            for (const char* word : {"A", "1", "Ä", "%", "_", "\\", "x", "0 d"})
                CHECK(ids("contains", word) == expected(found(column, word)));
            CHECK(ids("like", "1 0") ==
                  expected(found(column, "1") + " AND " + found(column, "0")));
            CHECK(ids("exists", "true") == expected(fmt::format("num_nonnulls({}) = 1", column)));
            CHECK(ids("exists", "false") == expected(fmt::format("num_nonnulls({}) = 0", column)));
        }
}

TEST_CASE("a list of any order goes on after its cursor, nulls in both directions") {
    Bench bench;
    bench.trash_odd();
    bench.sql->exec("INSERT INTO thing SELECT * FROM shadow WHERE id = 1");
    bench.trash(1);
    for (const char* sort :
         {"n", "-n", "-m,t", "t,-num", "-ts,-loose", "p,-ints", "-id", "ci,f", "code", "pad",
          "-yes", "d", "-u", "j", "bytes", "-s", "ip", "r", "-iv"}) {
        std::string order;
        for (std::string_view rest = sort; !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            const auto term = rest.substr(0, comma);
            order += std::string(term.substr(term.starts_with('-'))) +
                     (term.starts_with('-') ? " DESC, " : ", ");
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
        for (const auto& [parameters, part] : kPlaces) {
            CAPTURE(sort);
            CAPTURE(parameters);
            const auto twice =
                part == "id % 2 = 0" ? "" : " UNION ALL SELECT * FROM shadow WHERE id = 1";
            CHECK(bench.all_pages("/v1/thing?limit=7&" + parameters + "sort=" + sort) ==
                  bench.sql.value("SELECT string_agg(id::text, ',') FROM (SELECT id FROM (SELECT * "
                                  "FROM shadow WHERE " +
                                  part + twice + ") y ORDER BY " + order + "id) x"));
        }
    }
}

TEST_CASE("the trash alone is listed newest first, everything else by key") {
    Bench bench;
    for (int id : {5, 3, 9}) bench.trash(id);
    CHECK(bench.ids("/v1/thing/@deleted") == "9,3,5");
    CHECK(bench.all_pages("/v1/thing/@deleted?limit=1") == "9,3,5");
    CHECK(bench.ids("/v1/thing?deleted=true") == "9,3,5");
    CHECK(bench.ids("/v1/thing?where[deletedAt][exists]=true") == "9,3,5");
    CHECK(bench.ids("/v1/thing?deleted=true&sort=-id") == "9,5,3");
    CHECK(bench.ids("/v1/thing?deleted=null&limit=6") == "1,2,3,4,5,6");
    CHECK(bench.ids("/v1/thing?limit=4") == "1,2,4,6");
}

TEST_CASE("deleted, trash and where[deletedAt] narrow each other") {
    Bench bench("CREATE TABLE thing (id int PRIMARY KEY); INSERT INTO thing VALUES (1), (2)");
    bench.trash(1);
    for (const auto& [query, ids] : std::vector<std::pair<std::string, std::string>>{
             {"", "2"},
             {"deleted=false", "2"},
             {"deleted=true", "1"},
             {"deleted=null", "1,2"},
             {"trash=true", "1,2"},
             {"trash=false", "2"},
             {"deleted=true&trash=true", "1"},
             {"deleted=true&trash=false", ""},
             {"deleted=null&trash=false", "2"},
             {"where[deletedAt][exists]=true", "1"},
             {"where[deletedAt][exists]=false", "2"},
             {"deleted=false&where[deletedAt][exists]=true", ""},
             {"trash=true&where[deletedAt][exists]=true", "1"},
             {"where[deletedAt][greater_than]=2020-01-01", "1"},
             {"where[deletedAt][not_equals]=2020-01-01", "1,2"},
             {"where[or][0][deletedAt][exists]=false&where[or][1][id][equals]=1", "1,2"},
             {"sort=deletedAt&deleted=null", "1,2"},
             {"sort=-deletedAt&deleted=null", "2,1"}}) {
        CAPTURE(query);
        CHECK(bench.ids("/v1/thing?" + query) == ids);
        CHECK(bench.get("/v1/thing?count=true&" + query).header("X-Total-Count") ==
              std::to_string((ids.size() + 1) / 2));
    }
}

TEST_CASE("what a list cannot be asked is a 400 that names it") {
    Bench bench;
    for (const auto& [query, word] : std::vector<std::pair<std::string, std::string>>{
             {"where[nope][equals]=1", "'nope'"},
             {"where[n][is]=1", "'is'"},
             {"where[n]=1", "where[column][operator]"},
             {"where[n][equals][0]=1", "behind the operator"},
             {"where[n][equals]=x", "column 'n'"},
             {"where[n][in]=1,x", "column 'n'"},
             {"where[d][less_than]=2024-02-30", "column 'd'"},
             {"where[m][equals]=angry", "column 'm'"},
             {"where[n][equals]=99999999999", "column 'n'"},
             {"where[n][exists]=yes", "'exists'"},
             {"where[raw][equals]={}", "'raw'"},
             {"where[place][greater_than]=(1,2)", "'place'"},
             {"sort=place", "'place'"},
             {"sort=nope", "'nope'"},
             {"sort=", ""},
             {"select=id,nope", "'nope'"},
             {"page=0", "'page'"},
             {"page=1&cursor=x", "'page'"},
             {"cursor=WyJ4Il0", "cursor"},
             {"where[or][0][or][0][or][0][or][0][or][0][or][0][or][0][or][0][or][0][n][equals]=1",
              "nests"},
             {"limit=1001", "'limit'"}}) {
        if (word.empty()) continue;
        CAPTURE(query);
        auto answer = bench.get("/v1/thing?" + query);
        CHECK(answer.code() == "bad-request");
        CHECK(answer.body.find(word) != std::string::npos);
        CHECK(answer.body.find("SELECT") == std::string::npos);
    }
    auto cursor = Bench::next(bench.get("/v1/thing?limit=2&sort=n"));
    CHECK(bench.get(cursor).status == 200);
    cursor.replace(cursor.find("sort=n"), 6, "sort=d");
    CHECK(bench.get(cursor).code() == "bad-request");
}

TEST_CASE("values are parameters, whatever is in them") {
    Bench bench;
    bench.trash_odd();
    for (const char* value : {"'; DROP TABLE thing; --", "$1", "\\", "%", "_", "{}", "null"}) {
        CAPTURE(value);
        const auto text = percent_encode(value);
        for (const char* op : {"equals", "in", "like"})
            CHECK(bench.get("/v1/thing?deleted=null&where[t][" + std::string(op) + "]=" + text)
                      .status == 200);
        CHECK(bench.ids("/v1/thing?limit=100&deleted=null&where[t][contains]=" + text) ==
              bench.expected("strpos(t, '" +
                             std::string(value[0] == '\'' ? "'" + std::string(value) : value) +
                             "') > 0 ORDER BY id"));
    }
    CHECK(bench.get("/v1/thing/1").status == 410);
}

TEST_CASE("rows that stay are shown once while others come and go") {
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, n int);"
        "INSERT INTO thing SELECT i * 10, i % 7 FROM generate_series(1, 200) i");
    for (const char* query : {"sort=n", "sort=-n", "", "deleted=null&sort=-n", "deleted=null"}) {
        CAPTURE(query);
        std::multiset<int> seen;
        std::string address = std::string("/v1/thing?limit=9&") + query;
        for (int turn = 0; !address.empty(); ++turn) {
            const auto answer = bench.get(address);
            REQUIRE(answer.status == 200);
            const auto rows = answer.json();
            for (const auto& row : rows.GetArray()) seen.insert(row["id"].GetInt());
            address = Bench::next(answer);
            // ids that end in 0 stay
            bench.sql->exec(
                "INSERT INTO thing SELECT $1::int * 10 + 5, $1::int % 7 "
                "ON CONFLICT DO NOTHING",
                {std::to_string(turn * 37 % 200)});
            bench.sql->exec("DELETE FROM thing WHERE id % 10 = 5 AND id % 3 = $1::int % 3",
                            {std::to_string(turn)});
        }
        for (int id = 10; id <= 2000; id += 10) CHECK(seen.count(id) == 1);
    }
}

TEST_CASE("a composite key is compared column by column") {
    Bench bench(
        "CREATE TABLE pair (a int, b text, id int, PRIMARY KEY (a, b));"
        "INSERT INTO pair SELECT i % 5, 'k' || i % 11, i FROM generate_series(1, 50) i");
    const auto all = bench.sql.value("SELECT string_agg(id::text, ',' ORDER BY a, b) FROM pair");
    CHECK(bench.all_pages("/v1/pair?limit=1") == all);
    CHECK(bench.all_pages("/v1/pair?limit=7") == all);
    CHECK(bench.all_pages("/v1/pair?limit=7&sort=-b") ==
          bench.sql.value("SELECT string_agg(id::text, ',' ORDER BY b DESC, a) FROM pair"));
}

TEST_CASE("pages have a number, a total and links to their neighbours") {
    Bench bench;
    bench.trash_odd();
    const auto second = bench.get("/v1/thing?deleted=null&limit=25&page=2&count=true");
    CHECK(Bench::ids_of(second).starts_with("26,27,28"));
    CHECK(second.header("X-Total-Count") == "60");
    std::string links;
    for (auto [at, end] = second.headers.equal_range("Link"); at != end; ++at)
        links += at->second + "\n";
    for (const char* link :
         {"page=1>; rel=\"first\"", "page=1>; rel=\"prev\"", "page=3>; rel=\"next\""})
        CHECK(links.find(link) != std::string::npos);
    CHECK(bench.ids(Bench::next(second)).starts_with("51,52"));
    CHECK(bench.ids("/v1/thing?limit=25&page=9") == "");
}

TEST_CASE("select shows what it names, and of a trashed row what tells it from a live one") {
    Bench bench;
    bench.trash(1);
    CHECK(bench.get("/v1/thing?select=t,n&limit=1").body == R"([{"n":2,"t":"c"}])");
    CHECK(bench.get("/v1/thing/2?select=t").body == R"({"t":"c"})");
    CHECK(Bench::next(bench.get("/v1/thing?select=t&limit=1")).find("select=t") !=
          std::string::npos);
    for (const char* address :
         {"/v1/thing/1/@deleted?select=n", "/v1/thing/1?deleted=true&select=n"}) {
        const auto row = bench.get(address).json();
        CHECK(row.MemberCount() == 3);
        CHECK(row["n"].GetInt() == 1);
        CHECK(row["trashItem"]["deletedObjectId"] == "1");
        CHECK(row["deletedAt"] == row["trashItem"]["createdAt"]);
    }
    CHECK(bench.get("/v1/thing/2?select=nope").code() == "bad-request");
}

TEST_CASE("of several trashed rows of one key the newest is shown alone, the list has all") {
    Bench bench;
    for (const char* n : {"71", "72", "73"}) {
        bench.trash(4);
        bench.sql->exec("INSERT INTO thing (id, n) VALUES (4, $1::int)", {n});
    }
    CHECK(bench.get("/v1/thing/4/@deleted").json()["n"].GetInt() == 72);
    CHECK(bench.get("/v1/thing/4").json()["n"].GetInt() == 73);
    CHECK(bench.get("/v1/thing/4?deleted=null").json()["n"].GetInt() == 73);
    CHECK(bench.all_pages("/v1/thing?deleted=null&where[id][equals]=4&limit=1") == "4,4,4,4");
    CHECK(bench.all_pages("/v1/thing/@deleted?limit=1") == "4,4,4");
}

TEST_CASE("trashed rows are read as the table is today") {
    Bench bench(
        "CREATE TYPE mood AS ENUM ('sad', 'ok');"
        "CREATE TABLE thing (id int PRIMARY KEY, old text, m mood, gone int, num text);"
        "INSERT INTO thing VALUES (1, 'a', 'sad', 7, '12'), (2, 'b', 'ok', 8, 'x')");
    bench.trash(1);
    bench.trash(2);
    bench.sql->script(
        "ALTER TABLE thing RENAME old TO now; ALTER TABLE thing DROP gone;"
        "ALTER TABLE thing ADD more int DEFAULT 5;"
        "ALTER TABLE thing ALTER num TYPE int USING num::int;"
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'");
    bench.trash_of_today();
    auto ids = [&](const char* rest) {
        return bench.ids(std::string("/v1/thing/@deleted?sort=id&") + rest);
    };
    CHECK(ids("where[now][equals]=b") == "2");
    CHECK(ids("where[num][greater_than]=9") == "1,3");
    CHECK(ids("where[num][exists]=false") == "2");
    CHECK(ids("where[more][exists]=false") == "1,2");
    CHECK(ids("where[m][equals]=ok") == "2,3");
    CHECK(ids("where[m][equals]=blue") == "1");
    CHECK(ids("where[m][exists]=false").empty());
    CHECK(bench.get("/v1/thing?deleted=true&where[gone][equals]=7").code() == "bad-request");
    const auto rows = bench.get("/v1/thing/@deleted?sort=-num,id").json();
    CHECK(rows[0]["id"].GetInt() == 2);
    CHECK(rows[0]["num"] == "x");
    CHECK(rows[0]["gone"].GetInt() == 8);
    CHECK(rows[0]["more"].IsNull());
    CHECK(rows[2]["now"] == "a");
    CHECK(rows[2]["m"] == "blue");
}

TEST_CASE("a column called deletedAt is the table's own") {
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, \"deletedAt\" int);"
        "INSERT INTO thing VALUES (1, 10), (2, 20), (3, NULL)");
    bench.trash(1);
    CHECK(bench.ids("/v1/thing?where[deletedAt][exists]=true") == "2");
    CHECK(bench.ids("/v1/thing?deleted=null&where[deletedAt][less_than]=20") == "1");
    CHECK(bench.get("/v1/thing/1/@deleted").json()["deletedAt"].GetInt() == 10);
}

TEST_CASE("columns named and and or, and conditions that nest") {
    Bench bench(
        "CREATE TABLE thing (id int PRIMARY KEY, \"and\" int, \"or\" int, \"a[b]\" int);"
        "INSERT INTO thing SELECT i, i % 2, i % 3, i FROM generate_series(1, 12) i");
    CHECK(bench.ids("/v1/thing?where[and][equals]=1&where[or][equals]=0") == "3,9");
    CHECK(bench.ids("/v1/thing?where[or][in][0]=0&where[or][in][1]=1&where[and][equals]=0") ==
          "4,6,10,12");
    CHECK(bench.ids("/v1/thing?where[or][0][id][less_than]=3&where[or][1][and][0][or][equals]=2"
                    "&where[or][1][and][1][and][equals]=1") == "1,2,5,11");
    CHECK(bench.ids("/v1/thing?where[a[b]][equals]=7") == "7");
    CHECK(bench.ids("/v1/thing?where[id][in]=") == "");
    CHECK(bench.ids("/v1/thing?where[id][not_in]=1,2,3&where[id][less_than]=6") == "4,5");
}
