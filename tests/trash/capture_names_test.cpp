// Captured deletes where names are whatever PostgreSQL takes for one, and where what is deleted is
// named by a view, diverted by a rule, or done by a trigger in the delete's place.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "tests/support/database.hpp"
#include "trash/capture/capture.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

struct Captured {
    explicit Captured(const std::string& script, const std::vector<schema::QualifiedName>& tables)
        : database(script), pool(database.url(), 4), bin(pool), client(database.url()) {
        trash::Capture(bin).on(tables);
        before = all();
    }
    std::string all() { return copy_of_all_tables(client.get()); }
    void sql(const std::string& text) { client->script(text); }
    std::string value(const std::string& text) { return client.value(text); }
    long long affected(const std::string& text) { return client->exec(text).affected(); }
    std::string items() {
        return value(
            "SELECT coalesce(string_agg(t, ' ' ORDER BY t), '') FROM (SELECT s.table_name || ' ' "
            "|| "
            "count(*) AS t FROM trashd.item i JOIN trashd.shape s ON s.id = i.shape GROUP BY "
            "s.table_name) x");
    }
    std::string groups() {
        return value("SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed'");
    }
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

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection client;
    std::string before;
};

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int time = 0; time < times; ++time) all += text;
    return all;
}

// The last three are of 63 bytes, the most that a name may have.
std::vector<std::string> odd_names() {
    return {"Upper Case",
            "quo\"te",
            "it's",
            "a.b",
            ".",
            "back\\slash",
            "new\nline",
            "$$",
            "%I %s",
            "{schema}",
            "{table}",
            "select",
            "B\xC3\xBCro \xE2\x80\x94 \xE8\xA1\xA8 \xF0\x9F\x97\x91",
            std::string(63, 'x'),
            repeated("\xC3\xA4", 31) + "x",
            std::string(61, '"') + "''"};
}

// name of everything there is: the schema, tables, columns and constraints.
std::string tables_named(const std::string& name) {
    const auto tail = [&](const char* end) {  // others of the same kind, no longer than it may be
        auto text = name;
        const auto in_character = [&] {
            return (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80;
        };
        if (text.size() > 61) {
            text.resize(62);
            while (in_character()) text.pop_back();
            text.pop_back();
        }
        return schema::quoted(text + end);
    };
    return schema::filled(R"(
CREATE SCHEMA {name};
CREATE TABLE {name}.{name} ({name} int PRIMARY KEY, {other} text);
CREATE TABLE {name}.{child} ({name} int PRIMARY KEY,
  {other} int CONSTRAINT {name} REFERENCES {name}.{name} ON DELETE CASCADE);
CREATE TABLE {name}.{note} ({name} int PRIMARY KEY,
  {other} int CONSTRAINT {name} REFERENCES {name}.{child} ON DELETE SET NULL);
INSERT INTO {name}.{name} VALUES (1, 'one'), (2, 'two');
INSERT INTO {name}.{child} VALUES (10, 1), (11, 1), (20, 2);
INSERT INTO {name}.{note} VALUES (100, 10), (200, 20);
)",
                          {{"name", schema::quoted(name)},
                           {"child", tail("c")},
                           {"note", tail("n")},
                           {"other", tail("o")}});
}

constexpr const char* kWork = R"(
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client ON DELETE CASCADE, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO client VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO project VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
INSERT INTO task VALUES (1, 1), (2, 2), (3, 3);
)";

const std::vector<schema::QualifiedName> kClient = {{"public", "client"}};

}  // namespace

TEST_CASE("whatever the schema, the tables, their columns and constraints are called") {
    for (const auto& name : odd_names()) {
        CAPTURE(name);
        Captured work(tables_named(name), {{name, name}});
        const auto table = schema::quoted({name, name});
        CHECK(trash::Capture(work.bin).status().size() == 2);
        CHECK(work.affected("DELETE FROM " + table + " WHERE " + schema::quoted(name) + " = 1") ==
              1);
        CHECK(work.groups() == "1");
        CHECK(work.value("SELECT size || ' ' || links FROM trashd.trash_group") == "3 1");
        work.restore_all();
        trash::Capture(work.bin).renew();
        work.sql("DELETE FROM " + table);
        CHECK(work.groups() == "2");
        work.restore_all();
        trash::Capture(work.bin).off({});
        CHECK(work.value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE "
                         "'trashd%' AND tgrelid NOT IN (SELECT oid FROM pg_class WHERE "
                         "relnamespace = 'trashd'::regnamespace)") == "0");
    }
}

TEST_CASE("tables whose names look alike are told apart") {
    Captured work(R"(
CREATE SCHEMA a; CREATE SCHEMA "a.b";
CREATE TABLE a."b.c" (id int PRIMARY KEY);
CREATE TABLE "a.b".c (id int PRIMARY KEY, up int REFERENCES a."b.c" ON DELETE CASCADE);
CREATE TABLE a."B.C" (id int PRIMARY KEY, up int REFERENCES a."b.c" ON DELETE CASCADE);
CREATE TABLE a."b.c " (id int PRIMARY KEY, up int REFERENCES a."b.c" ON DELETE CASCADE);
INSERT INTO a."b.c" VALUES (1), (2);
INSERT INTO "a.b".c VALUES (1, 1), (2, 1); INSERT INTO a."B.C" VALUES (1, 1); INSERT INTO a."b.c " VALUES (1, 1);
)",
                  {{"a", "b.c"}});
    work.sql(R"(DELETE FROM a."b.c" WHERE id = 1)");
    CHECK(work.groups() == "1");
    CHECK(work.value("SELECT size FROM trashd.trash_group") == "5");
    work.restore_all();
    work.sql(R"(DELETE FROM "a.b".c WHERE id = 2; DELETE FROM a."B.C")");
    CHECK(work.items() == "B.C 1 c 1");
    work.restore_all();
}

TEST_CASE("deletes through views that can be updated go into the trash of their tables") {
    Captured work(std::string(kWork) + R"(
CREATE VIEW few AS SELECT id AS number, name FROM client WHERE id < 3;
CREATE VIEW inner_few WITH (security_barrier) AS SELECT number FROM few WHERE number <> 2
  WITH CASCADED CHECK OPTION;
CREATE VIEW "Odd ""view" AS SELECT * FROM client;
)",
                  kClient);
    CHECK(work.affected("DELETE FROM few WHERE number = 3") == 0);
    CHECK(work.affected("DELETE FROM inner_few") == 1);
    CHECK(work.items() == "client 1 project 2 task 2");
    CHECK(work.groups() == "1");
    work.restore_all();
    CHECK(work.affected(R"(DELETE FROM "Odd ""view" RETURNING id)") == 3);
    CHECK(work.groups() == "3");
    work.restore_all();
}

TEST_CASE("a rule that deletes in the place of a view's delete deletes into the trash") {
    Captured work(std::string(kWork) + R"(
CREATE VIEW joined AS SELECT c.id, p.name FROM client c JOIN project p ON p.client = c.id;
CREATE RULE gone AS ON DELETE TO joined DO INSTEAD DELETE FROM client WHERE id = OLD.id;
)",
                  kClient);
    work.sql("DELETE FROM joined WHERE id = 2");
    CHECK(work.items() == "client 1 project 1 task 1");
    work.restore_all();
}

TEST_CASE("a rule of the table that deletes beside it makes one group of what belongs together") {
    Captured work(R"(
CREATE TABLE client (id int PRIMARY KEY);
CREATE TABLE project (id int PRIMARY KEY, client int REFERENCES client);
CREATE RULE children AS ON DELETE TO client DO ALSO DELETE FROM project WHERE client = OLD.id;
ALTER TABLE project ALTER CONSTRAINT project_client_fkey DEFERRABLE INITIALLY DEFERRED;
INSERT INTO client VALUES (1), (2); INSERT INTO project VALUES (1, 1), (2, 1), (3, 2);
)",
                  kClient);
    work.sql("DELETE FROM client WHERE id = 1");
    CHECK(work.value("SELECT count(*) FROM client") == "1");
    CHECK(work.items() == "client 1 project 2");
    CHECK(work.groups() == "1");
    work.restore_all();
}

TEST_CASE("a rule that keeps the row, or hides it, puts nothing into the trash") {
    Captured work(std::string(kWork) + R"(
ALTER TABLE task ADD hidden bool DEFAULT false;
CREATE RULE hide AS ON DELETE TO task WHERE OLD.id < 3 DO INSTEAD UPDATE task SET hidden = true WHERE id = OLD.id;
)",
                  {{"public", "task"}});
    work.sql("DELETE FROM task WHERE id = 1");
    CHECK(work.items().empty());
    CHECK(work.value("SELECT hidden FROM task WHERE id = 1") == "t");
    work.sql("UPDATE task SET hidden = false WHERE id = 1; DELETE FROM task WHERE id = 3");
    CHECK(work.items() == "task 1");
    work.restore_all();
}

TEST_CASE("what a trigger does in the place of a view's delete is captured as it does it") {
    Captured work(std::string(kWork) + R"(
CREATE VIEW joined AS SELECT c.id, p.id AS project FROM client c JOIN project p ON p.client = c.id;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM task WHERE project = OLD.project;
  DELETE FROM project WHERE id = OLD.project;
  DELETE FROM client WHERE id = OLD.id AND NOT EXISTS (SELECT FROM project WHERE client = OLD.id);
  RETURN OLD;
END $$;
CREATE TRIGGER instead INSTEAD OF DELETE ON joined FOR EACH ROW EXECUTE FUNCTION instead();
)",
                  kClient);
    CHECK(work.affected("DELETE FROM joined WHERE id = 1") == 2);
    CHECK(work.items() == "client 1 project 2 task 2");
    CHECK(work.groups() == "1");
    CHECK(work.value("SELECT root_object FROM trashd.trash_group") == "1");
    work.restore_all();
}

TEST_CASE("a delete in a CTE of a statement on a view, and one that joins views, are captured") {
    Captured work(std::string(kWork) + R"(
CREATE VIEW few AS SELECT * FROM project;
CREATE MATERIALIZED VIEW wanted AS SELECT 1 AS client;
)",
                  kClient);
    work.sql("WITH gone AS (DELETE FROM few WHERE id = 3 RETURNING *) SELECT count(*) FROM gone");
    work.sql("DELETE FROM few s USING wanted w WHERE s.client = w.client");
    CHECK(work.items() == "project 3 task 3");
    work.restore_all();
}
