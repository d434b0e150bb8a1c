// Deletes of groups on a real server: what goes, what stays, what is refused.
#include <doctest/doctest.h>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kProjects = R"(
CREATE TABLE person (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE project (id bigint PRIMARY KEY, name text UNIQUE, owner bigint REFERENCES person);
CREATE TABLE task (id bigint PRIMARY KEY, project_id bigint REFERENCES project ON DELETE CASCADE,
                   parent_id bigint REFERENCES task ON DELETE CASCADE,
                   author bigint REFERENCES person ON DELETE SET NULL);
CREATE INDEX ON task (project_id);
CREATE TABLE member (project_id bigint REFERENCES project ON DELETE CASCADE, person_id bigint REFERENCES person ON DELETE CASCADE,
                     PRIMARY KEY (project_id, person_id));
CREATE TABLE note (project_id bigint REFERENCES project ON DELETE CASCADE, text text);
CREATE TABLE bookmark (id int PRIMARY KEY, task_id bigint REFERENCES task ON DELETE SET NULL, title text);
INSERT INTO person SELECT i, 'person ' || i FROM generate_series(1, 5) i;
INSERT INTO project SELECT i, 'project ' || i, 1 FROM generate_series(1, 3) i;
INSERT INTO task SELECT i, 1 + i % 3, NULL, 2 FROM generate_series(1, 30) i;
INSERT INTO task SELECT 100 + i, NULL, CASE WHEN i = 1 THEN 3 ELSE 99 + i END, 3 FROM generate_series(1, 20) i;
INSERT INTO member SELECT p, q FROM generate_series(1, 3) p, generate_series(2, 5) q;
INSERT INTO note SELECT 1, 'same' FROM generate_series(1, 3);
INSERT INTO bookmark SELECT i, i, 'b' FROM generate_series(1, 30) i;
)";

struct Fixture {
    Fixture() : database(kProjects), pool(database.url(), 4), bin(pool), lease(pool.lease()) {}
    long long number(const std::string& sql) { return lease.connection().exec(sql).integer(0, 0); }
    std::string all() { return copy_of_all_tables(lease.connection()); }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    schema::Lease lease;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a delete takes everything that hangs on the row and a restore puts it back") {
    const std::string before = all();
    const auto result = bin.remove({"public", "project"}, {"1"}, {}, {});
    CHECK(result.item->group_size == 1 + 10 + 20 + 4 + 3);
    CHECK(number("SELECT count(*) FROM project WHERE id = 1") == 0);
    CHECK(number("SELECT count(*) FROM task WHERE project_id = 1 OR id > 100") == 0);
    CHECK(number("SELECT count(*) FROM bookmark WHERE task_id IS NULL") == 10);
    const auto restored = bin.restore(result.item->id, {}, {});
    CHECK(restored.restored == 38);
    CHECK(restored.relinked == 10);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Fixture, "a delete that others refuse names all of them and changes nothing") {
    const std::string before = all();
    try {
        bin.remove({"public", "person"}, {"1"}, {}, {});
        FAIL("nothing refused");
    } catch (const trash::Blocked& blocked) {
        REQUIRE(blocked.impact.blockers.size() == 1);
        CHECK(blocked.impact.blockers[0].constraint == "project_owner_fkey");
        CHECK(blocked.impact.blockers[0].count == 3);
        CHECK(blocked.impact.blockers[0].ids == std::vector<std::string>{"1", "2", "3"});
    }
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Fixture, "cascade=true takes along what would refuse") {
    const std::string before = all();
    const auto result = bin.remove({"public", "person"}, {"1"}, {.cascade = true}, {});
    CHECK(number("SELECT count(*) FROM project") == 0);
    CHECK(result.item->group_size == 1 + 3 + 50 + 12 + 3);
    bin.restore(result.item->id, {}, {});
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Fixture,
                  "a repeated delete answers the same item and an unknown id is not found") {
    const auto first = bin.remove({"public", "project"}, {"2"}, {}, {});
    const auto second = bin.remove({"public", "project"}, {"02"}, {}, {});
    CHECK(second.already);
    CHECK(second.item->id == first.item->id);
    for (const char* id : {"77", "x", "99999999999999999999"}) {
        CHECK_THROWS_WITH_AS(bin.remove({"public", "project"}, {id}, {}, {}),
                             doctest::Contains("no such object"), Error);
    }
}

TEST_CASE_FIXTURE(Fixture, "a hard delete leaves nothing behind but the ledger") {
    bin.remove({"public", "project"}, {"1"}, {.hard = true}, {});
    CHECK(number("SELECT count(*) FROM project WHERE id = 1") == 0);
    CHECK(number("SELECT count(*) FROM trashd.item") == 0);
    CHECK(number("SELECT count(*) FROM trashd.ledger WHERE action = 'deleted'") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a hard delete in the trash purges a root and refuses a member") {
    const auto result = bin.remove({"public", "project"}, {"1"}, {}, {});
    CHECK_THROWS_AS(bin.remove({"public", "task"}, {"3"}, {.hard = true}, {}), trash::NotRoot);
    bin.remove({"public", "project"}, {"1"}, {.hard = true}, {});
    CHECK_THROWS_AS(bin.item(result.item->id, false), trash::GoneError);
    CHECK(number("SELECT count(*) FROM trashd.item") == 0);
}

TEST_CASE_FIXTURE(Fixture, "the impact counts what would move, be nulled, and refuse") {
    const auto impact = bin.impact({"public", "project"}, {"1"}, false);
    CHECK(impact.total == 38);
    CHECK(impact.blockers.empty());
    CHECK(number("SELECT count(*) FROM project") == 3);
    const auto blocked = bin.impact({"public", "person"}, {"1"}, false);
    CHECK(blocked.blockers.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a column added after the plan was made is captured too") {
    bin.remove({"public", "project"}, {"2"}, {}, {});
    lease.connection().exec("ALTER TABLE project ADD COLUMN colour text DEFAULT 'red'");
    const std::string before = all();
    const auto result = bin.remove({"public", "project"}, {"1"}, {}, {});
    CHECK(bin.item(result.item->id, true).object->find("\"colour\":\"red\"") != std::string::npos);
    bin.restore(result.item->id, {}, {});
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Fixture, "a table that begins to refer after the plan was made is taken along") {
    bin.remove({"public", "project"}, {"2"}, {}, {});
    lease.connection().script(
        "CREATE TABLE late (id int PRIMARY KEY, project bigint REFERENCES project ON DELETE "
        "CASCADE); INSERT INTO late VALUES (1, 1), (2, 3)");
    const auto result = bin.remove({"public", "project"}, {"1"}, {}, {});
    CHECK(result.item->group_size == 39);
    CHECK(number("SELECT count(*) FROM late") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a schema that is renamed after the plan was made is not there") {
    lease.connection().script(
        "CREATE SCHEMA shop; CREATE TABLE shop.bill (id int PRIMARY KEY); CREATE TABLE shop.line "
        "(id int PRIMARY KEY, bill int REFERENCES shop.bill ON DELETE CASCADE); INSERT INTO "
        "shop.bill VALUES (1), (2), (3); INSERT INTO shop.line VALUES (7, 2)");
    bin.remove({"shop", "bill"}, {"1"}, {}, {});
    lease.connection().exec("ALTER SCHEMA shop RENAME TO store");
    const auto code_of = [](const auto& work) {
        try {
            work();
        } catch (const Error& error) {
            return error.code();
        }
        return Code::kInternal;
    };
    CHECK(code_of([&] { bin.remove({"shop", "bill"}, {"2"}, {}, {}); }) == Code::kNotFound);
    CHECK(bin.remove({"store", "bill"}, {"2"}, {}, {}).item->group_size == 2);
    CHECK(number("SELECT count(*) FROM store.bill") == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a trigger that keeps a child from being deleted refuses the whole delete") {
    lease.connection().script(
        "CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER veto BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION veto()");
    const std::string before = all();
    CHECK_THROWS_WITH_AS(bin.remove({"public", "project"}, {"1"}, {}, {}),
                         doctest::Contains("trigger"), Error);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Fixture, "a trigger that deletes rows elsewhere refuses the whole delete") {
    lease.connection().script(
        "CREATE TABLE cache (id int); INSERT INTO cache VALUES (1);"
        "CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM cache; "
        "RETURN OLD; END';"
        "CREATE TRIGGER wipe AFTER DELETE ON note FOR EACH ROW EXECUTE FUNCTION wipe()");
    const std::string before = all();
    CHECK_THROWS_WITH_AS(bin.remove({"public", "project"}, {"1"}, {}, {}),
                         doctest::Contains("would not be in the trash"), Error);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Fixture, "lists show the newest first and page without gaps") {
    bin.remove({"public", "project"}, {"1"}, {}, {});
    bin.remove({"public", "project"}, {"2"}, {}, {});
    std::vector<std::string> ids, objects;
    trash::ItemQuery asked{.limit = 7, .with_object = true};
    for (bool more = true; more;) {
        const auto page = bin.list(asked, [&](const trash::Item& item) { ids.push_back(item.id); });
        more = page.more;
        asked.after = page.last;
    }
    CHECK(static_cast<long long>(ids.size()) == number("SELECT count(*) FROM trashd.item"));
    bin.list({.filter = {.tables = {{"public", "project"}}}},
             [&](const trash::Item& item) { objects.push_back(item.object_id); });
    CHECK(objects == std::vector<std::string>{"2", "1"});
}

TEST_CASE("what a trigger sets for its session changes nothing in later deletes") {
    const TempDatabase database(
        "CREATE TABLE plain (id int PRIMARY KEY, data bytea);"
        "INSERT INTO plain SELECT i, '\\x5c00' FROM generate_series(1, 4) i;"
        "CREATE TABLE loud (id int PRIMARY KEY); INSERT INTO loud VALUES (1), (2);"
        "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "SET bytea_output = 'escape'; SET default_transaction_read_only = on; RETURN OLD; END $$; "
        "CREATE TRIGGER change BEFORE DELETE ON loud FOR EACH ROW "
        "EXECUTE FUNCTION change()");
    schema::Pool pool(database.url(), 1);
    trash::Trash bin(pool);
    const auto remove = [&](const char* table, const char* id) {
        bin.remove({"public", table}, {id}, {}, {});
    };
    for (const char* id : {"1", "2"}) {
        remove("plain", id);
        remove("loud", id);
    }
    remove("plain", "3");
    remove("plain", "4");
    TestConnection connection(database.url());
    CHECK(connection.value("SELECT string_agg(DISTINCT payload[2], ' ') FROM trashd.item WHERE "
                           "cardinality(payload) = 2") == "\\x5c00");
}
