// Deletes that others send, as psql or an ORM does: what lies in the trash afterwards comes back
// byte for byte.
#include "trash/capture/capture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "tests/support/database.hpp"
#include "tests/support/programs.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/group.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/trash.hpp"
#include "trash/write/row_writer.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kWork = R"(
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client ON DELETE CASCADE, name text);
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE,
  parent int REFERENCES task ON DELETE CASCADE, at timestamptz DEFAULT '2026-01-02 03:04:05.678+00');
CREATE TABLE record (id int PRIMARY KEY, task int REFERENCES task ON DELETE SET NULL, hours float8);
CREATE TABLE tag (task int REFERENCES task ON DELETE CASCADE, word text);
INSERT INTO client VALUES (1, 'one'), (2, 'two');
INSERT INTO project VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
INSERT INTO task SELECT n, 1 + n % 3, CASE WHEN n > 6 THEN n - 3 END FROM generate_series(1, 12) n;
INSERT INTO record SELECT n, 1 + n % 12, n / 3.0 FROM generate_series(1, 30) n;
INSERT INTO tag SELECT 1 + n % 12, 'word' || n / 24 FROM generate_series(1, 48) n)";

struct Captured {
    explicit Captured(const std::string& script, const std::string& table = "client")
        : database(script), pool(database.url(), 4), bin(pool), client(database.url()) {
        trash::Capture(bin).on({{"public", table}});
        before = all();
    }
    std::string all() { return copy_of_all_tables(client.get()); }
    std::string value(const std::string& sql) { return client.value(sql); }
    void sql(const std::string& text) { client->script(text); }
    // What the database says to the client; empty: nothing is wrong.
    std::string refusal(const std::string& text) {
        try {
            sql(text);
        } catch (const Error& error) {
            return error.sql() ? error.sql()->message + " | " + error.sql()->hint : error.what();
        }
        return "";
    }
    std::string groups() {
        return value("SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed'");
    }
    // Brings everything back, newest first.
    void restore_all() {
        while (groups() != "0") {
            const auto id = value(
                "SELECT uuid FROM trashd.trash_group WHERE state = 'trashed' ORDER BY id DESC "
                "LIMIT 1");
            trash::RestoreOptions options;
            options.with_ancestors = true;
            bin.restore(id.substr(0, 28) + "00000001", options, {});
        }
        CHECK((all() == before));
    }
    // The group of the only delete: its root, and how many rows it has of each table.
    std::string group() {
        return value(R"(SELECT string_agg(s.table_name || ' ' || u.n, ', ' ORDER BY u.o) || '; '
              || g.root_object || '; links ' || g.links
            FROM trashd.trash_group g CROSS JOIN ROWS FROM (unnest(g.shapes), unnest(g.counts))
              WITH ORDINALITY u(shape, n, o)
            JOIN trashd.shape s ON s.id = u.shape WHERE g.state = 'trashed'
            GROUP BY g.id, g.root_object, g.links)");
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection client;
    std::string before;
};

}  // namespace

TEST_CASE("a row that a client deletes lies in the trash and comes back") {
    Captured work(kWork);
    work.sql("DELETE FROM record WHERE id = 7");
    CHECK(work.groups() == "0");  // records are not captured: they are kept by their tasks only
    work.sql("INSERT INTO record SELECT 7, 8, 7 / 3.0");
    work.sql("DELETE FROM tag WHERE task = 3 AND word = 'word0'");
    CHECK(work.groups() == "2");
    work.restore_all();
}

TEST_CASE("what one statement takes by cascade is one group, what was cut is linked") {
    Captured work(kWork);
    CHECK(work.client->exec("DELETE FROM client WHERE id = 1").affected() == 1);
    CHECK(work.group() == "client 1, project 2, task 8, tag 32; 1; links 20");
    CHECK(work.value("SELECT count(*) FROM record WHERE task IS NULL") == "20");
    CHECK(work.value("SELECT deleted_by = 'sql:' || session_user FROM trashd.trash_group") == "t");
    CHECK(work.value("SELECT action || counts::text FROM trashd.ledger") ==
          "trashed{\"public.tag\": 32, \"public.task\": 8, \"public.client\": 1, "
          "\"public.project\": 2}");
    CHECK(work.value("SELECT count(*) FROM trashd.capture_part") == "0");
    work.restore_all();
}

TEST_CASE("rows that are deleted child by child and then the parent are one group") {
    Captured work(kWork);
    work.sql(R"(BEGIN;
DELETE FROM tag WHERE task IN (SELECT id FROM task WHERE project IN (1, 2));
UPDATE record SET task = NULL WHERE task IN (SELECT id FROM task WHERE project IN (1, 2));
DELETE FROM task WHERE project IN (1, 2) AND parent IS NOT NULL;
DELETE FROM task WHERE project IN (1, 2);
DELETE FROM project WHERE client = 1;
DELETE FROM client WHERE id = 1;
COMMIT)");
    CHECK(work.group() == "client 1, tag 32, task 8, project 2; 1; links 20");
    work.restore_all();
}

TEST_CASE("a row whose group is made at once belongs to what is deleted after it") {
    Captured work(kWork);
    const std::string one_tag =
        "BEGIN; DELETE FROM tag WHERE ctid = (SELECT min(ctid) FROM tag WHERE task = 4);";
    work.sql(one_tag + "COMMIT");
    CHECK(work.group() == "tag 1; ; links 0");
    CHECK(work.value("SELECT counts FROM trashd.ledger") == "{\"public.tag\": 1}");
    work.restore_all();
    work.sql(one_tag +
             R"(UPDATE record SET task = NULL WHERE task IN (SELECT id FROM task WHERE project < 3);
SAVEPOINT a; DELETE FROM task; ROLLBACK TO a;
DELETE FROM tag WHERE task IN (SELECT id FROM task WHERE project IN (1, 2));
DELETE FROM task WHERE project IN (1, 2);
DELETE FROM project WHERE client = 1;
DELETE FROM client WHERE id = 1;
COMMIT)");
    CHECK(work.group() == "client 1, tag 32, task 8, project 2; 1; links 20");
    CHECK(work.value("SELECT count(*) FROM trashd.capture_part") == "0");
    CHECK(work.value("SELECT count(*) FROM trashd.ledger WHERE action = 'trashed'") == "2");
    work.restore_all();
    work.sql(one_tag + "SAVEPOINT a; DELETE FROM client WHERE id = 2; ROLLBACK TO a; COMMIT");
    CHECK(work.group() == "tag 1; ; links 0");
    work.restore_all();
}

TEST_CASE("unrelated rows of one statement and of one transaction are groups of their own") {
    Captured work(kWork);
    work.sql("DELETE FROM project WHERE id IN (1, 2, 3)");
    CHECK(work.groups() == "3");
    work.restore_all();
    work.sql("BEGIN; DELETE FROM project WHERE id = 1; DELETE FROM project WHERE id = 3; COMMIT");
    CHECK(work.groups() == "2");
    work.restore_all();
}

TEST_CASE("what is rolled back leaves nothing, a savepoint that is only its own") {
    Captured work(kWork);
    work.sql("BEGIN; DELETE FROM client WHERE id = 1; ROLLBACK");
    CHECK(work.groups() == "0");
    work.sql(R"(BEGIN; SAVEPOINT a; DELETE FROM client WHERE id = 1; ROLLBACK TO a;
DELETE FROM client WHERE id = 2; SAVEPOINT b; DELETE FROM client; ROLLBACK TO b; COMMIT)");
    CHECK(work.groups() == "1");
    CHECK(work.value("SELECT root_object FROM trashd.trash_group") == "2");
    work.restore_all();
}

TEST_CASE("constraints that are checked at once do not part what belongs together") {
    Captured work(kWork);
    for (const char* mode : {"SET CONSTRAINTS ALL IMMEDIATE;", ""}) {
        work.sql(
            std::string("BEGIN;") + mode +
            "DELETE FROM tag; DELETE FROM project WHERE client = 2; SET CONSTRAINTS ALL IMMEDIATE;"
            "DELETE FROM client WHERE id = 2; DELETE FROM client WHERE id = 1; COMMIT");
        CHECK(work.groups() == "2");
        CHECK(work.value(
                  "SELECT count(*) FROM trashd.ledger WHERE action = 'trashed' AND NOT EXISTS ("
                  "SELECT FROM trashd.trash_group g WHERE g.uuid = group_uuid)") == "0");
        work.restore_all();
    }
}

TEST_CASE("from a thousand rows on one statement makes one group") {
    Captured work(
        "CREATE TABLE client (id int PRIMARY KEY, at timestamptz DEFAULT now());"
        "INSERT INTO client SELECT generate_series(1, 3000)");
    work.sql("DELETE FROM client WHERE id <= 999");
    CHECK(work.groups() == "999");
    work.restore_all();
    work.sql("DELETE FROM client");
    CHECK(work.groups() == "1");
    CHECK(work.value("SELECT many FROM trashd.trash_group WHERE state = 'trashed'") == "t");
    work.restore_all();
}

TEST_CASE("tables of an inheritance tree are captured whole, each by itself") {
    Captured work(
        "CREATE TABLE client (id int PRIMARY KEY, name text);"
        "CREATE TABLE firm (tax text, PRIMARY KEY (id)) INHERITS (client);"
        "INSERT INTO client VALUES (1, 'a'); INSERT INTO firm VALUES (2, 'b', 'x-1'), (3, 'c', "
        "'x-2')");
    work.sql("DELETE FROM client");
    CHECK(work.groups() == "3");
    work.restore_all();
}

TEST_CASE("a row that moves to another partition is not deleted, one of any partition is") {
    Captured work(
        "CREATE TABLE client (id int, kind int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);"
        "CREATE TABLE client1 PARTITION OF client FOR VALUES IN (1);"
        "CREATE TABLE client2 PARTITION OF client FOR VALUES IN (2);"
        "INSERT INTO client VALUES (1, 1), (2, 1), (3, 2), (4, 2)");
    work.sql("UPDATE client SET kind = 2 WHERE id = 1; UPDATE client SET kind = 1 WHERE id = 1");
    CHECK(work.groups() == "0");
    work.sql(
        "DELETE FROM client WHERE id = 1; DELETE FROM client2 WHERE id = 3; DELETE FROM ONLY "
        "client1");
    CHECK(work.groups() == "3");
    work.restore_all();
}

TEST_CASE("a partition that is detached is captured by itself, and no other's rows go into it") {
    Captured work(
        "CREATE TABLE client (id int, kind int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);"
        "CREATE TABLE client1 PARTITION OF client FOR VALUES IN (1);"
        "CREATE TABLE client2 PARTITION OF client FOR VALUES IN (2);"
        "INSERT INTO client VALUES (1, 1), (2, 1), (3, 2), (4, 2)");
    work.sql("ALTER TABLE client DETACH PARTITION client2; ALTER TABLE client RENAME TO person");
    CHECK(work.refusal("DELETE FROM client2 WHERE id = 3") != "");
    trash::Capture(work.bin).renew();
    work.before = work.all();
    work.sql("DELETE FROM client2 WHERE id = 3; DELETE FROM person WHERE id = 1");
    CHECK(work.value("SELECT string_agg(s.table_name, ', ' ORDER BY g.id) FROM trashd.trash_group "
                     "g JOIN trashd.shape s ON s.id = g.root_shape") == "client2, person");
    work.restore_all();
}

TEST_CASE("tables that took each other's names are captured under those that they have") {
    Captured work(
        "CREATE TABLE client (id int PRIMARY KEY, a text); INSERT INTO client VALUES (1, 'a');"
        "CREATE TABLE firm (id int PRIMARY KEY, b text); INSERT INTO firm VALUES (1, 'b')");
    trash::Capture capture(work.bin);
    capture.on({{"public", "firm"}});
    work.sql(
        "ALTER TABLE client RENAME TO x; ALTER TABLE firm RENAME TO client; ALTER TABLE x "
        "RENAME TO firm");
    capture.renew();
    work.before = work.all();
    work.sql("DELETE FROM client; DELETE FROM firm");
    CHECK(work.groups() == "2");
    work.restore_all();
    // As who puts a copy in the place of a table does.
    work.sql(
        "CREATE TABLE x (LIKE client INCLUDING ALL); INSERT INTO x TABLE client;"
        "ALTER TABLE client RENAME TO former; ALTER TABLE x RENAME TO client");
    capture.renew();
    work.before = work.all();
    work.sql("DELETE FROM client; DELETE FROM former");
    CHECK(work.groups() == "2");
    work.restore_all();
}

TEST_CASE("whatever a session is set to, values come back as they were") {
    Captured work(
        "CREATE TABLE client (id int PRIMARY KEY, at timestamptz, d date, i interval, f float8, b "
        "bytea,"
        " m money, x xml, r tstzrange, a date[]);"
        "INSERT INTO client VALUES (1, '2026-01-02 03:04:05.678901+00', '2026-02-03', '1 mon -2 "
        "days 03:00:00',"
        " 0.1::float8 + 0.2, '\\xdeadbeef', 12.5, '<a/>', '[2026-01-01,2026-02-01)', "
        "'{2026-03-04}')");
    work.sql(
        "SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = "
        "-5;"
        "SET bytea_output = 'escape'; SET TimeZone = 'Asia/Tokyo'; SET xmlbinary = 'hex';"
        "SET standard_conforming_strings = off; SET search_path = ''; SET quote_all_identifiers = "
        "on;"
        "DELETE FROM public.client; RESET ALL");
    CHECK(work.groups() == "1");
    work.restore_all();
}

TEST_CASE("a cursor, a prepared transaction, MERGE, a CTE and a function delete as ever") {
    Captured work(kWork);
    work.sql(
        "BEGIN; DECLARE c CURSOR FOR SELECT * FROM project FOR UPDATE; FETCH 2 FROM c;"
        "DELETE FROM project WHERE CURRENT OF c; COMMIT");
    CHECK(work.groups() == "1");
    work.restore_all();
    work.sql(
        "MERGE INTO project p USING (VALUES (1), (3)) v(id) ON p.id = v.id WHEN MATCHED THEN "
        "DELETE");
    CHECK(work.groups() == "2");
    work.restore_all();
    CHECK(
        work.value(
            "WITH d AS (DELETE FROM project WHERE id = 2 RETURNING id, name) SELECT name FROM d") ==
        "b");
    work.restore_all();
    work.sql(
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " DELETE FROM project p USING client c WHERE c.id = p.client AND c.id = 2; END $$; SELECT "
        "f()");
    CHECK(work.groups() == "1");
    work.restore_all();
}

TEST_CASE("who may only delete from the table reads nothing of the trash through it") {
    Captured work(kWork);
    const auto role = "captured_" + work.database.name();
    work.sql("CREATE ROLE " + role + "; GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA public TO " +
             role + "; GRANT UPDATE ON record TO " + role);
    work.sql("SET ROLE " + role + "; DELETE FROM client WHERE id = 2; RESET ROLE");
    CHECK(work.groups() == "1");
    CHECK(work.refusal("SET ROLE " + role + "; SELECT * FROM trashd.item") != "");
    CHECK(work.refusal("SET ROLE " + role + "; SELECT trashd.part_captured('{1}')") != "");
    work.sql("RESET ROLE");
    work.restore_all();
    work.sql("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_CASE("policies of a table, which are its owner's code, do not run as the service") {
    TempDatabase database(
        "CREATE TABLE client (id int PRIMARY KEY); INSERT INTO client VALUES (1), (2);"
        "CREATE FUNCTION mine() RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
        " RAISE 'runs as %', current_user; END $$;"
        "CREATE POLICY mine ON client USING (mine()); ALTER TABLE client ENABLE ROW LEVEL "
        "SECURITY");
    TestConnection owner(database.url());
    const auto role = "service_" + database.name();
    owner->script("CREATE ROLE " + role + " LOGIN; GRANT CREATE ON DATABASE " + database.name() +
                  " TO " + role + "; GRANT SELECT, DELETE, TRIGGER ON client TO " + role);
    {
        schema::Pool pool(database.url(role), 2);
        trash::Trash bin(pool);
        trash::Capture capture(bin);
        capture.on({{"public", "client"}});
        capture.allow_hard({owner.value("SELECT session_user")});
        owner->script("DELETE FROM client WHERE id = 1");
        CHECK(owner.value("SELECT size FROM trashd.trash_group") == "1");
        const auto refusal = [&](const std::string& text) -> std::string {
            try {
                owner->script(text);
            } catch (const Error& error) {
                return error.sql() ? error.sql()->message : error.what();
            }
            return "";
        };
        CHECK(refusal("SET trashd.hard = on; TRUNCATE client") ==
              "row-level security keeps the rows of public.client from being counted");
        owner->script("RESET trashd.hard; ALTER TABLE client ADD name text");
        CHECK(refusal("DELETE FROM client") ==
              "rows of public.client cannot be captured: it has changed since capture was set up");
    }
    owner->script("DROP OWNED BY " + role + " CASCADE; DROP ROLE " + role);
}

TEST_CASE("a child whose trigger is switched off keeps its parents' rows from going") {
    Captured work(kWork);
    work.sql("ALTER TABLE tag DISABLE TRIGGER USER");
    CHECK(work.refusal("DELETE FROM task WHERE id = 2")
              .starts_with("rows of public.task cannot be captured"));
    const auto states = trash::Capture(work.bin).status();
    CHECK(states[2].table.name == "tag");
    CHECK(states[2].state == trash::CaptureState::kOff);
    trash::Capture(work.bin).renew();
    CHECK(work.refusal("DELETE FROM task WHERE id = 2") !=
          "");  // whoever switched it off knows why
    trash::Capture(work.bin).on({{"public", "client"}});
    work.sql("DELETE FROM task WHERE id = 2");
    work.restore_all();
}

TEST_CASE("a domain's check, which is its owner's code, does not run as the service") {
    Captured work(
        "CREATE TABLE seen (who text);"
        "CREATE FUNCTION good(v int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO seen VALUES (current_user); RETURN true; END $$;"
        "CREATE DOMAIN number AS int CHECK (good(VALUE));"
        "CREATE TABLE client (id number PRIMARY KEY);"
        "CREATE TABLE project (id int PRIMARY KEY, client number REFERENCES client ON DELETE "
        "CASCADE);"
        "INSERT INTO client VALUES (1), (2); INSERT INTO project VALUES (1, 1), (2, 2)");
    const auto before = work.value("SELECT count(*) FROM seen");
    work.sql("BEGIN; DELETE FROM project; DELETE FROM client; COMMIT");
    CHECK(work.groups() == "2");
    CHECK(work.value("SELECT count(*) FROM seen") == before);
}

TEST_CASE("nor does one inside of an array, a composite or a range that keys are made of") {
    for (const char* type : {"number[]", "holder", "span"}) {
        Captured work(schema::filled(
            "CREATE TABLE seen (who text);"
            "CREATE FUNCTION good(v int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO seen VALUES (current_user); RETURN true; END $$;"
            "CREATE DOMAIN number AS int CHECK (good(VALUE)); CREATE TYPE holder AS (n number);"
            "CREATE TYPE span AS RANGE (subtype = number);"
            "CREATE TABLE client (id {type} PRIMARY KEY);"
            "CREATE TABLE project (id int PRIMARY KEY, client {type} REFERENCES client);"
            "CREATE TABLE record (id int PRIMARY KEY, client {type} REFERENCES client ON DELETE "
            "SET "
            "NULL);"
            "INSERT INTO client VALUES ({value}); INSERT INTO project SELECT 1, id FROM client;"
            "INSERT INTO record SELECT 1, id FROM client",
            {{"type", type},
             {"value", type == std::string("span")     ? "'[1,2)'"
                       : type == std::string("holder") ? "'(1)'"
                                                       : "'{1}'"}}));
        const auto seen = work.value("SELECT count(*) FROM seen");
        work.sql(
            "BEGIN; DELETE FROM project; UPDATE record SET client = NULL; DELETE FROM client; "
            "COMMIT");
        CHECK(work.value("SELECT count(*) FROM seen") == seen);
        CHECK(work.group().starts_with("client 1, project 1; "));
        CHECK(work.group().ends_with("; links 1"));
    }
}

TEST_CASE("what a trigger deletes when the service writes a live row is captured") {
    Captured work(
        std::string(kWork) +
        ";CREATE TABLE sign (id int); INSERT INTO sign VALUES (1);"
        "CREATE FUNCTION clear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " DELETE FROM client WHERE id = NEW.id; RETURN NULL; END $$;"
        "CREATE TRIGGER clear AFTER UPDATE ON sign FOR EACH ROW EXECUTE FUNCTION clear()");
    work.bin.run(schema::Mode::kWrite,
                 [](schema::Transaction& write) { write.exec("UPDATE sign SET id = 2"); });
    CHECK(work.value("SELECT root_object FROM trashd.trash_group") == "2");
    // Connections are used again: what a move has set is not the next write's.
    work.bin.remove({"public", "project"}, {"1"}, {}, {});
    work.bin.run(schema::Mode::kWrite,
                 [](schema::Transaction& write) { write.exec("UPDATE sign SET id = 1"); });
    CHECK(work.groups() == "3");
    // Nor is a write at the end of a restore a part of it.
    trash::RestoreOptions options;
    options.at_end = [](schema::Transaction& move, const trash::Restored&) {
        trash::write_as_others(move);
        move.exec("UPDATE sign SET id = 2");
    };
    const auto client = work.value("SELECT uuid FROM trashd.trash_group WHERE root_object = '2'");
    work.bin.restore(client.substr(0, 28) + "00000001", options, {});
    CHECK(work.value(
              "SELECT count(*) FROM trashd.ledger WHERE action = 'trashed' AND object_id = '2'") ==
          "2");
    work.sql("ALTER TABLE sign DISABLE TRIGGER USER; UPDATE sign SET id = 1");
    work.restore_all();
}

TEST_CASE("a type that has changed refuses deletes until capture is renewed, in whatever session") {
    Captured work(
        "CREATE TYPE mood AS ENUM ('good', 'bad', 'none');"
        "CREATE TYPE pair AS (a int, m mood);"
        "CREATE TABLE client (id int PRIMARY KEY, m mood, p pair, l mood[]);"
        "INSERT INTO client SELECT n, 'good'::mood, (n, 'bad')::pair, '{good,bad}'::mood[] FROM "
        "generate_series(1, 4) "
        "n");
    work.sql("DELETE FROM client WHERE id = 1");  // the plan is kept from here on
    for (const char* change : {"ALTER TYPE mood RENAME VALUE 'good' TO 'fine'",
                               "ALTER TYPE mood RENAME VALUE 'bad' TO 'good'",
                               "ALTER TYPE pair RENAME ATTRIBUTE a TO b"}) {
        work.sql(change);
        CHECK(work.refusal("DELETE FROM client WHERE id = 2")
                  .starts_with("rows of public.client cannot"));
        CHECK(trash::Capture(work.bin).renew() == 1);
        work.before = work.all();
        work.sql("DELETE FROM client WHERE id = 2");
        const auto id = work.value(
            "SELECT uuid FROM trashd.trash_group WHERE state = 'trashed' ORDER BY id DESC LIMIT 1");
        work.bin.restore(id.substr(0, 28) + "00000001", {}, {});
        CHECK((work.all() == work.before));
    }
}

TEST_CASE("a table that begins to have heirs refuses deletes until each is captured by itself") {
    Captured work(
        "CREATE TABLE client (id int PRIMARY KEY, name text); INSERT INTO client VALUES (1, 'a')");
    work.sql("BEGIN; DELETE FROM client; ROLLBACK");  // the plan is kept from here on
    work.sql(
        "CREATE TABLE firm (tax text, PRIMARY KEY (id)) INHERITS (client);"
        "INSERT INTO firm VALUES (2, 'b', 'x-1')");
    work.before = work.all();
    CHECK(work.refusal("DELETE FROM client") != "");
    trash::Capture(work.bin).renew();
    work.sql("DELETE FROM client");
    CHECK(work.groups() == "2");
    work.restore_all();
}

TEST_CASE("in a copy of the database deletes are captured as in the first" *
          doctest::test_suite("needs client programs")) {
    Captured work(kWork);
    work.sql("DELETE FROM client WHERE id = 2");
    const auto directory = temporary_directory();
    run("pg_dump", {"-f", directory + "/dump", "-d", work.database.url()});
    TempDatabase copy;
    run("psql", {"-q", "-v", "ON_ERROR_STOP=1", "-d", copy.url(), "-f", directory + "/dump"});
    std::filesystem::remove_all(directory);
    TestConnection client(copy.url());
    const auto before = copy_of_all_tables(client.get());
    client->script("DELETE FROM client WHERE id = 1");
    schema::Pool pool(copy.url(), 4);
    trash::Trash bin(pool);
    const auto last = [&] {
        return client
                   .value(
                       "SELECT uuid FROM trashd.trash_group WHERE state = 'trashed' "
                       "ORDER BY id DESC LIMIT 1")
                   .substr(0, 28) +
               "00000001";
    };
    bin.restore(last(), {}, {});
    CHECK((copy_of_all_tables(client.get()) == before));
    bin.restore(last(), {}, {});
    CHECK((copy_of_all_tables(client.get()) == work.before));
    client->script("DELETE FROM client WHERE id = 1");
    CHECK(client.value("SELECT size FROM trashd.trash_group WHERE state = 'trashed'") == "43");
}

TEST_CASE("the service's own deletes are not captured again") {
    Captured work(kWork);
    work.bin.remove({"public", "client"}, {"1"}, {}, {});
    CHECK(work.groups() == "1");
    CHECK(work.value("SELECT captured_in IS NULL FROM trashd.trash_group") == "t");
    work.restore_all();
    trash::DeleteOptions hard;
    hard.hard = true;
    work.bin.remove({"public", "client"}, {"2"}, hard, {});
    CHECK(work.groups() == "0");
}

TEST_CASE("capture that is off leaves the database as it was") {
    TempDatabase database(kWork);
    schema::Pool pool(database.url(), 4);
    trash::Trash bin(pool);
    TestConnection client(database.url());
    const auto state = [&] {
        return client.value(
                   "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid NOT IN "
                   "(SELECT oid FROM pg_class WHERE relnamespace = 'trashd'::regnamespace)") +
               " " +
               client.value(
                   "SELECT count(*) FROM pg_proc WHERE pronamespace = 'trashd'::regnamespace");
    };
    const auto before = state();
    trash::Capture capture(bin);
    capture.on({{"public", "client"}});
    CHECK(state() != before);
    CHECK(capture.status().size() == 4);
    capture.off({{"public", "client"}});
    CHECK(state() == before);
    CHECK(capture.status().empty());
    client->script("DELETE FROM client");
    CHECK(client.value("SELECT count(*) FROM trashd.trash_group") == "0");
}

TEST_CASE("after a migration deletes are refused until capture is renewed") {
    Captured work(kWork);
    trash::Capture capture(work.bin);
    work.sql("ALTER TABLE project ADD budget numeric DEFAULT 12.50");
    work.before = work.all();
    CHECK(
        work.refusal("DELETE FROM client WHERE id = 1") ==
        "rows of public.project cannot be captured: it has changed since capture was set up | Run "
        "\"trashd capture renew\", or start trashd, which renews it within seconds.");
    CHECK((work.all() == work.before));
    CHECK(capture.renew() > 0);
    work.sql("DELETE FROM client WHERE id = 1");
    work.restore_all();
    work.sql(
        "CREATE TABLE note (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);"
        "INSERT INTO note VALUES (1, 1), (2, 3)");
    work.before = work.all();
    CHECK_THROWS_AS(work.sql("DELETE FROM client WHERE id = 1"), Error);
    CHECK(capture.renew() > 0);
    work.sql("DELETE FROM client WHERE id = 1");
    work.restore_all();
    work.sql("ALTER TABLE project RENAME TO job");
    work.before = work.all();
    CHECK_THROWS_AS(work.sql("DELETE FROM client WHERE id = 1"), Error);
    capture.renew();
    work.sql("DELETE FROM client WHERE id = 1");
    work.restore_all();
}

TEST_CASE("a column that took the place of one of its name, and another key, are changes") {
    for (const char* change :
         {"ALTER TABLE client DROP name; ALTER TABLE client ADD name text",
          "ALTER TABLE client DROP CONSTRAINT client_pkey; ALTER TABLE client "
          "ALTER id SET NOT NULL; ALTER TABLE client ADD PRIMARY KEY (number)"}) {
        Captured work(
            "CREATE TABLE client (id int PRIMARY KEY, former int, number int NOT NULL, name text);"
            "ALTER TABLE client DROP former; INSERT INTO client VALUES (1, 10, 'a'), (2, 20, 'b')");
        work.sql("DELETE FROM client WHERE id = 1");
        work.restore_all();
        work.sql(std::string(change) + "; UPDATE client SET name = 'new'");
        CHECK(work.refusal("DELETE FROM client WHERE id = 1")
                  .starts_with("rows of public.client cannot"));
        trash::Capture capture(work.bin);
        CHECK(capture.status()[0].state == trash::CaptureState::kStale);
        capture.renew();
        work.before = work.all();
        work.sql("DELETE FROM client WHERE id = 1");
        work.restore_all();
    }
}

TEST_CASE("a note of a whole row is refused with what to run where columns of it are gone") {
    Captured work(std::string(kWork) +
                  ";CREATE TABLE visit (note text, task int REFERENCES task ON DELETE SET NULL);"
                  "INSERT INTO visit VALUES ('a', 1), ('b', 2)");
    work.sql(
        "ALTER TABLE visit ADD more int DEFAULT 7; UPDATE visit SET task = NULL WHERE task = 1;"
        "UPDATE visit SET task = 1 WHERE task IS NULL; ALTER TABLE visit RENAME note TO word");
    CHECK(work.refusal("UPDATE visit SET task = NULL WHERE task = 1")
              .starts_with("rows of public.visit cannot be captured: it has changed"));
    trash::Capture(work.bin).renew();
    work.before = work.all();
    work.sql("UPDATE visit SET task = NULL WHERE task = 1; DELETE FROM task WHERE id = 2");
    work.sql("UPDATE visit SET task = 1 WHERE word = 'a'");
    work.restore_all();
}

TEST_CASE("two transactions that read what was at their beginning do not fail over old notes") {
    Captured work(kWork);
    for (int i = 1; i <= 4; ++i)
        work.sql("UPDATE record SET task = NULL WHERE id = " + std::to_string(i));
    TestConnection one(work.database.url()), other(work.database.url());
    for (auto* client : {&one, &other})
        (*client)->script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM client");
    one->script("UPDATE record SET task = NULL WHERE id = 11; COMMIT");
    other->script("UPDATE record SET task = NULL WHERE id = 12; COMMIT");
    CHECK(work.value("SELECT count(*) FROM record WHERE id IN (11, 12) AND task IS NULL") == "2");
}

TEST_CASE("a TRUNCATE is refused, and deletes past the trash are for those who may") {
    Captured work(kWork);
    CHECK(work.refusal("TRUNCATE client CASCADE") ==
          "TRUNCATE would take the rows of public.client past the trash | Use DELETE, or SET "
          "trashd.hard "
          "= on as a role that may, or trashd capture off.");
    const auto role = work.value("SELECT current_user");
    CHECK(work.refusal("SET trashd.hard = on; DELETE FROM client WHERE id = 1") ==
          "the role " + role +
              " may not delete past the trash | Leave trashd.hard unset, or name the role "
              "in [capture] hard of the configuration.");
    work.sql("RESET trashd.hard");
    trash::Capture(work.bin).allow_hard({work.value("SELECT current_user")});
    work.sql(
        "SET trashd.hard = on; DELETE FROM client WHERE id = 1; TRUNCATE tag; RESET trashd.hard");
    CHECK(work.groups() == "0");
    CHECK(work.value(
              "SELECT string_agg(table_name || ' ' || (counts ->> ('public.' || table_name)), ', ' "
              "ORDER BY id) FROM trashd.ledger WHERE action = 'deleted'") ==
          "client 1, project 2, task 8, tag 32, tag 16");
}

TEST_CASE("who deletes is said by the session") {
    Captured work(kWork);
    work.sql(
        "SET trashd.by = 'ana@example.com'; SET trashd.reason = 'left'; DELETE FROM client WHERE "
        "id = 2");
    CHECK(work.value("SELECT deleted_by || ', ' || reason FROM trashd.trash_group") ==
          "sql:ana@example.com, left");
}

namespace {

constexpr const char* kOnesOwnWay[] = {
    "DELETE FROM client WHERE id = {n}",
    "DELETE FROM project WHERE id IN ({n}, 3)",
    "BEGIN; DELETE FROM tag WHERE task = {n}; UPDATE record SET task = NULL WHERE task = {n};"
    "DELETE FROM task WHERE id = {n}; COMMIT",
    "BEGIN; DELETE FROM task WHERE id = {n}; SAVEPOINT s; DELETE FROM client; ROLLBACK TO s; "
    "COMMIT",
    "BEGIN; DELETE FROM project WHERE id = {n}; ROLLBACK",
    "BEGIN; DELETE FROM tag WHERE task = {n}; SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM project "
    "WHERE id = {n};"
    "COMMIT"};

// Each does what comes to it until the time is over; what the database refuses is for the next.
template <typename Work>
std::thread often(const std::atomic<bool>& over, unsigned seed, Work work) {
    return std::thread([&over, seed, work] {
        std::mt19937 random(seed);
        while (!over) {
            try {
                work(random);
            } catch (const Error&) {
            }
        }
    });
}

}  // namespace

TEST_CASE("deletes through both doors, and restores between them, lose and double no row") {
    Captured work(kWork);
    std::atomic<bool> over = false;
    std::atomic<int> restored = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i)
        threads.push_back(often(over, i, [&](std::mt19937& random) {
            TestConnection client(work.database.url());
            client->script(schema::filled(kOnesOwnWay[random() % std::size(kOnesOwnWay)],
                                          {{"n", std::to_string(1 + random() % 12)}}));
        }));
    threads.push_back(often(over, 7, [&](std::mt19937& random) {
        work.bin.remove({"public", random() % 2 ? "project" : "task"},
                        {std::to_string(1 + random() % 3)}, {}, {});
    }));
    threads.push_back(often(over, 8, [&](std::mt19937&) {
        trash::RestoreOptions options;
        options.with_ancestors = true;
        TestConnection client(work.database.url());
        const auto id = client.value(
            "SELECT uuid FROM trashd.trash_group WHERE state = 'trashed' ORDER BY random() LIMIT "
            "1");
        work.bin.restore(id.substr(0, 28) + "00000001", options, {});
        ++restored;
    }));
    const auto begun = std::chrono::steady_clock::now();
    const auto passed = [&](int seconds) {
        return std::chrono::steady_clock::now() - begun > std::chrono::seconds(seconds);
    };
    while (!passed(6) || (restored <= 5 && !passed(60)))
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    over = true;
    for (auto& thread : threads) thread.join();
    CHECK(restored > 5);
    CHECK(work.value("SELECT count(*) FROM trashd.capture_part") == "0");
    CHECK(
        work.value(
            "SELECT count(*) FROM trashd.item i WHERE NOT EXISTS (SELECT FROM trashd.trash_group g "
            "WHERE g.id = i.group_id AND g.state = 'trashed')") == "0");
    work.restore_all();
}
