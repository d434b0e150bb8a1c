// What stands in the place of values that were erased: null, or a marker that the column's type,
// its domain, its checks and its unique indexes take, so that the row comes back.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "tests/support/served_database.hpp"

using namespace trashd::test;

namespace {

std::string personal(const std::string& table, const std::string& columns) {
    return fmt::format("[[resource]]\ntable = \"{}\"\npersonal = [{}]\n", table, columns);
}

Answer erase(ServedDatabase& call, const std::string& resource, const std::string& id) {
    return call("POST", "/v1/erasures",
                fmt::format(R"({{"resource":"{}","id":"{}","reason":"r"}})", resource, id));
}

// Deletes, erases and restores row 1; what it is like then.
std::string through_the_trash(ServedDatabase& call, const std::string& table) {
    const auto item = call.trash(table + "/1");
    const auto erased = erase(call, table, "1");
    CAPTURE(erased.body);
    REQUIRE(erased.status == 200);
    const auto back = call("POST", item + "/$restore");
    CAPTURE(back.body);
    REQUIRE(back.status == 200);
    return call.value("SELECT t::text FROM " + table + " t WHERE id = 1");
}

std::string refusal(const std::string& schema, const std::string& toml) {
    const TempDatabase database(schema);
    try {
        const ServiceProcess service(database.url(), {}, toml);
        return "it started";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("a column of any type that may not be null gets a marker of its type") {
    const char* schema = R"(
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE place AS (street text, number int, since date);
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN code AS text NOT NULL CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN level AS int CHECK (VALUE BETWEEN 7 AND 9);
CREATE TABLE t (id int PRIMARY KEY,
  a text NOT NULL, b varchar(4) NOT NULL, c char(3) NOT NULL, d int NOT NULL, e numeric(6,2) NOT NULL,
  f boolean NOT NULL, g date NOT NULL, h timestamptz NOT NULL, i time NOT NULL, j interval NOT NULL,
  k uuid NOT NULL, l json NOT NULL, m jsonb NOT NULL, n bytea NOT NULL, o text[] NOT NULL,
  p int4range NOT NULL, q mood NOT NULL, r place NOT NULL, s mail NOT NULL, u code, v level NOT NULL,
  w inet NOT NULL, x point NOT NULL, y bit(5) NOT NULL, z mood[] NOT NULL, aa tsvector NOT NULL,
  ab xml NOT NULL, ac macaddr NOT NULL, ad money NOT NULL, ae place[] NOT NULL, af int4multirange NOT NULL,
  ag circle NOT NULL, ah "char" NOT NULL, ai name NOT NULL, aj float8 NOT NULL);
INSERT INTO t VALUES (1, 'zq', 'zq', 'zq', 77, 77.77, true, '2001-02-03', '2001-02-03 04:05:06+00',
  '07:07:07', '77 days', gen_random_uuid(), '{"zq":1}', '{"zq":1}', 'zq', '{zq}', '[77,78)', 'glad',
  ROW('zq', 77, '2001-02-03'), 'zq@zq', 'ZQX', 8, '7.7.7.7', '(7,7)', B'11111', '{glad}', 'zq',
  '<zq/>', '07:07:07:07:07:07', 77.77, ARRAY[ROW('zq', 77, NULL)::place], '{[77,78)}', '<(7,7),7>', 'z',
  'zq', 77.5);
)";
    std::string columns;
    for (const char* name : {"a", "b",  "c",  "d",  "e",  "f",  "g",  "h",  "i",  "j",  "k", "l",
                             "m", "n",  "o",  "p",  "q",  "r",  "s",  "u",  "v",  "w",  "x", "y",
                             "z", "aa", "ab", "ac", "ad", "ae", "af", "ag", "ah", "ai", "aj"})
        columns += fmt::format("{}\"{}\"", columns.empty() ? "" : ", ", name);
    ServedDatabase call(schema, personal("t", columns));
    const auto item = call.trash("t/1");
    const auto answer = erase(call, "t", "1");
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    const auto object = call("GET", item).json();
    CHECK(object["object"]["a"] == "erased");
    CHECK(object["object"]["d"].GetInt() == 0);
    CHECK(object["object"]["q"] == "sad");
    CHECK(object["object"]["s"] == "erased@example.invalid");
    CHECK(call("POST", item + "/$restore").status == 200);
    const auto row = call.value("SELECT t::text FROM t");
    CAPTURE(row);
    CHECK(row.find("zq") == row.npos);
    CHECK(row.find("ZQ") == row.npos);
    CHECK(row.find("77") == row.npos);
    CHECK(
        call.value(
            "SELECT concat(a, '|', b, '|', c, '|', d, '|', e, '|', f, '|', g, '|', k, '|', n, '|', "
            "o, '|', p, '|', q, '|', u, '|', v, '|', y) FROM t") ==
        "erased|eras|era|0|0.00|f|1970-01-01|00000000-0000-0000-0000-000000000000|\\x657261736564|{"
        "}|empty|"
        "sad|XXX|7|00000");
}

TEST_CASE(
    "nullable columns become null where their checks let them, else markers that the checks take") {
    ServedDatabase call(R"(
CREATE TABLE t (id int PRIMARY KEY, mail text, phone text, kind text CHECK (kind IN ('m', 'w', 'x') AND kind IS NOT NULL),
  low int NOT NULL, high int NOT NULL, state text,
  CONSTRAINT reachable CHECK (mail IS NOT NULL OR phone IS NOT NULL),
  CONSTRAINT ordered CHECK (low < high), CHECK (state <> 'zq' OR high > 5));
INSERT INTO t VALUES (1, 'zq', 'zq', 'w', 70, 77, 'zq'), (2, 'zq', NULL, 'm', 3, 4, 'zr');
)",
                        personal("t", R"("mail", "phone", "kind", "low", "high")"));
    CHECK(through_the_trash(call, "t") == "(1,,erased,m,0,100,zq)");
}

TEST_CASE("where a constraint takes no marker the erasure is refused whole and says what to do") {
    const char* schema = R"(
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE t (id int PRIMARY KEY, person int REFERENCES person ON DELETE CASCADE, code text NOT NULL CHECK (md5(code) = '0cc175b9c0f1b6a831c399e269772661'),
  a int NOT NULL, b int NOT NULL, CONSTRAINT far CHECK (md5(concat(a, '-', b)) = md5('12346-1')));
CREATE TABLE flag (id int PRIMARY KEY, person int REFERENCES person ON DELETE CASCADE, yes boolean NOT NULL UNIQUE);
INSERT INTO person VALUES (1, 'zq-Ann'), (2, 'zq-Bob'), (3, 'zq-Cy');
INSERT INTO t VALUES (1, 1, 'a', 12346, 1);
INSERT INTO flag VALUES (1, 2, true);
)";
    const auto config = personal("person", "\"name\"") + personal("flag", "\"yes\"");
    {
        ServedDatabase call(schema, config + personal("t", "\"code\""));
        const auto item = call.trash("person/1");
        check_problem(erase(call, "person", "1"), "conflict",
                      "column code of table public.t may not be null, and no marker is known that "
                      "its type and constraints take; let the column be null, or purge what lies "
                      "in the trash");
        CHECK(call.value("SELECT count(*) FROM trashd.item WHERE payload::text LIKE '%zq-Ann%'") ==
              "1");
        call.trash("person/2");
        check_problem(erase(call, "person", "2"), "conflict",
                      "column yes of table public.flag may not be null, and no marker is known "
                      "that its type and constraints take; let the column be null, or purge what "
                      "lies in the trash");
        CHECK(call("POST", item + "/$restore").status == 200);
    }
    ServedDatabase call(schema, config + personal("t", "\"a\", \"b\""));
    call.trash("person/1");
    check_problem(erase(call, "person", "1"), "conflict",
                  "the constraint far of table public.t takes neither null nor a marker that is "
                  "known in its personal columns; change the constraint, or purge what lies in the "
                  "trash");
    CHECK(call.value("SELECT count(*) FROM trashd.item WHERE payload::text LIKE '%zq-Ann%'") ==
          "1");
}

TEST_CASE("where a unique index is over the column each row gets a marker of its own") {
    ServedDatabase call(
        R"(
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, person int REFERENCES person ON DELETE CASCADE,
  mail text NOT NULL UNIQUE, login varchar(12) NOT NULL, number int NOT NULL UNIQUE, small smallint NOT NULL UNIQUE,
  big bigint NOT NULL UNIQUE, token uuid NOT NULL UNIQUE, day date NOT NULL UNIQUE, at timestamptz NOT NULL UNIQUE,
  raw bytea NOT NULL UNIQUE, maybe text UNIQUE, doc jsonb NOT NULL UNIQUE, once text UNIQUE NULLS NOT DISTINCT);
CREATE UNIQUE INDEX ON t (lower(login));
INSERT INTO person VALUES (1);
INSERT INTO t SELECT i, 1, 'zq' || i, 'zq' || i, i, i, i, gen_random_uuid(), date '2020-01-01' + i, now() + i * interval '1 s',
  convert_to('zq' || i, 'UTF8'), 'zq' || i, to_jsonb('zq' || i), 'zq' || i FROM generate_series(1, 300) i;
)",
        personal(
            "t",
            R"("mail", "login", "number", "small", "big", "token", "day", "at", "raw", "maybe", "doc", "once")"));
    const auto item = call.trash("person/1");
    const auto answer = erase(call, "person", "1");
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    const auto back = call("POST", item + "/$restore");
    CAPTURE(back.body);
    CHECK(back.status == 200);
    CHECK(call.value("SELECT count(*) FROM t WHERE mail LIKE 'erased-%' AND maybe IS NULL") ==
          "300");
    CHECK(call.value("SELECT count(*) FROM t WHERE t::text LIKE '%zq%'") == "0");
}

TEST_CASE(
    "columns that were renamed, dropped, added or got another type since are erased as they are "
    "now") {
    ServedDatabase call(R"(
CREATE TABLE t (id int PRIMARY KEY, name text, nick text NOT NULL, gone text, grade text NOT NULL, kind text);
INSERT INTO t VALUES (1, 'zq-Ann', 'zq-nick', 'zq-gone', '77', 'plain');
)");
    const auto item = call.trash("t/1");
    call.sql(R"(ALTER TABLE t RENAME name TO full_name; ALTER TABLE t DROP gone;
ALTER TABLE t ALTER grade TYPE int USING grade::int; ALTER TABLE t ADD late text;
ALTER TABLE t ALTER nick TYPE varchar(3))");
    const ServiceProcess again(call.database.url(), {},
                               personal("t", R"("full_name", "nick", "grade", "late")"));
    const auto answer =
        ask(again.port(), "POST", "/v1/erasures", {{"Content-Type", "application/json"}},
            R"({"resource":"t","id":"1","reason":"r"})");
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    CHECK(call.value("SELECT count(*) FROM trashd.item WHERE payload::text ~ 'zq|77'") == "0");
    const auto back = ask(again.port(), "POST", item + "/$restore");
    CAPTURE(back.body);
    CHECK(back.status == 200);
    CHECK(call.value(
              "SELECT concat(full_name, '|', nick, '|', grade, '|', kind, '|', late) FROM t") ==
          "|era|0|plain|");
}

TEST_CASE("a column that gets another name while the service runs is personal under its old one") {
    ServedDatabase call(
        "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'zq')",
        personal("t", "\"name\""));
    call.trash("t/1");
    call.sql("ALTER TABLE t RENAME name TO full_name");
    CHECK(erase(call, "t", "1").status == 200);
    CHECK(call.value("SELECT payload::text FROM trashd.item") == "{1,NULL}");
}

TEST_CASE("enums and composite types that changed since, and generated columns, are erased too") {
    ServedDatabase call(R"(
CREATE TYPE mood AS ENUM ('zq-sad', 'glad');
CREATE TYPE place AS (street text, number int);
CREATE TABLE t (id int PRIMARY KEY, mood mood NOT NULL, place place NOT NULL, first text, last text,
  whole text GENERATED ALWAYS AS (first || ' ' || last) STORED);
INSERT INTO t (id, mood, place, first, last) VALUES (1, 'glad', ROW('zq-street', 7), 'zq-Ann', 'zq-Lee');
)",
                        personal("t", R"("mood", "place", "first", "last")"));
    const auto item = call.trash("t/1");
    call.sql(
        R"(ALTER TYPE mood RENAME VALUE 'zq-sad' TO 'low'; ALTER TYPE mood ADD VALUE 'new' BEFORE 'low';
ALTER TYPE place ADD ATTRIBUTE town text)");
    std::this_thread::sleep_for(std::chrono::seconds(11));  // reads see it by then
    const auto answer = erase(call, "t", "1");
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    CHECK(call.value("SELECT count(*) FROM trashd.item WHERE payload::text LIKE '%zq-%'") == "0");
    CHECK(call("GET", item).json()["object"]["whole"].IsNull());
    const auto back = call("POST", item + "/$restore");
    CAPTURE(back.body);
    CHECK(back.status == 200);
    CHECK(call.value("SELECT concat(first, last, whole, (place).street) FROM t") == "");
}

TEST_CASE("rows of a partitioned table and of one with a key of several columns are erased") {
    ServedDatabase call(R"(
CREATE TABLE person (country text, number int, name text NOT NULL, PRIMARY KEY (country, number)) PARTITION BY LIST (country);
CREATE TABLE person_de PARTITION OF person FOR VALUES IN ('de');
CREATE TABLE person_rest PARTITION OF person DEFAULT;
CREATE TABLE note (id int PRIMARY KEY, country text, number int, body text,
  FOREIGN KEY (country, number) REFERENCES person ON DELETE CASCADE) PARTITION BY RANGE (id);
CREATE TABLE note_low PARTITION OF note FOR VALUES FROM (0) TO (10);
CREATE TABLE note_high PARTITION OF note FOR VALUES FROM (10) TO (20);
INSERT INTO person VALUES ('de', 1, 'zq-Ann'), ('a,b', 1, 'zq-Bob'), ('fr', 1, 'zq-Cy');
INSERT INTO note VALUES (1, 'de', 1, 'zq-low'), (11, 'de', 1, 'zq-high'), (12, 'a,b', 1, 'zq-comma'), (13, 'fr', 1, 'zq-keep');
)",
                        personal("person", "\"name\"") + personal("note", "\"body\""));
    const auto note = call.trash("note/11"), comma = call.trash("person/a%2Cb,1"),
               german = call.trash("person/de,1");
    call.trash("note/13");
    CHECK(erase(call, "person", "de,1").status == 200);
    CHECK(erase(call, "person", "a%2Cb,1").status == 200);
    CHECK(call.value("SELECT string_agg(payload::text, '') FROM trashd.item WHERE payload::text "
                     "LIKE '%zq-%'") == "{13,fr,1,zq-keep}");
    for (const auto& item : {comma, german, note})
        CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call.value("SELECT count(*) FROM person WHERE name = 'erased'") == "2");
}

TEST_CASE("rows that refer to each other and to themselves are found once each") {
    ServedDatabase call(R"(
CREATE TABLE person (id int PRIMARY KEY, name text, boss int REFERENCES person ON DELETE CASCADE, code text UNIQUE);
CREATE TABLE pair (id int PRIMARY KEY, code text REFERENCES person (code) ON DELETE SET NULL, text text);
INSERT INTO person VALUES (1, 'zq-one', NULL, 'c1'), (2, 'zq-two', 1, 'c2'), (3, 'zq-three', 2, 'c3'), (4, 'zq-four', 4, 'c4');
UPDATE person SET boss = 3 WHERE id = 1;
INSERT INTO pair VALUES (1, 'c1', 'zq-pair'), (2, 'c4', 'zq-pair4');
)",
                        personal("person", "\"name\"") + personal("pair", "\"text\""));
    const auto pair = call.trash("pair/1"), four = call.trash("pair/2");
    // the key that pairs refer by is not that of addresses: the live row says what it is
    CHECK(erase(call, "person", "4").json()["counts"][0]["count"].GetInt() == 1);
    call.trash("person/2");
    const auto answer = erase(call, "person", "3");
    CHECK(answer.body.find(
              R"("counts":[{"resource":"pair","count":1},{"resource":"person","count":3}])") !=
          answer.body.npos);
    CHECK(call.value("SELECT count(*) FROM trashd.item WHERE payload::text LIKE '%zq-%'") == "0");
}

TEST_CASE("odd names are erased as any others") {
    ServedDatabase call(
        R"(
CREATE TABLE "Per""son" ("I.d" int PRIMARY KEY, "Na""me" text NOT NULL CHECK ("Na""me" <> 'erased'), "select" text);
INSERT INTO "Per""son" VALUES (1, 'zq', 'zq');
)",
        "[[resource]]\ntable = 'Per\"son'\npath = \"people\"\npersonal = ['Na\"me', \"select\"]\n");
    const auto item = call.trash("people/1");
    const auto answer = erase(call, "people", "1");
    CAPTURE(answer.body);
    REQUIRE(answer.status == 200);
    CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call.value(R"(SELECT concat("Na""me", '|', "select") FROM "Per""son")") == "{}|");
}

TEST_CASE("columns that cannot be personal are faults of the configuration, with what to do") {
    const std::string schema = R"(
CREATE TABLE person (id int PRIMARY KEY, code text UNIQUE, name text, low text GENERATED ALWAYS AS (lower(name)) STORED,
  tenant text, owner text);
CREATE TABLE note (id int PRIMARY KEY, code text REFERENCES person (code));
)";
    const auto says = [&](const std::string& table, const std::string& column,
                          const std::string& part, const std::string& more = "") {
        const auto text = refusal(schema, more + personal(table, "\"" + column + "\""));
        CAPTURE(text);
        CHECK(text.find(part) != text.npos);
    };
    says("person", "nick",
         "resource: table public.person has no column nick that could be personal");
    says("person", "id",
         "resource: column id of table public.person cannot be personal: it is part of the key, by "
         "which the row is known, in the ledger too; give the table a key that says nothing of "
         "people");
    says("person", "low",
         "column low of table public.person cannot be personal: it is generated; name the columns "
         "that it is made of, and it goes with them");
    says("person", "code",
         "column code of table public.person cannot be personal: the reference note_code_fkey is "
         "over it, and the rows could not be joined again; name the columns of the table that it "
         "refers to");
    says("note", "code", "the reference note_code_fkey is over it");
    says("person", "owner",
         "column owner of table public.person cannot be personal: it says whose the row is",
         "[credentials]\napi_keys = true\n[roles]\nown = { \"*\" = \"*\", owner = \"owner\" }\n");
    CHECK(refusal(schema, personal("person", "\"name\", \"tenant\"")) == "it started");
}
