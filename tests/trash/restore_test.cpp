// Restores on a real server: every byte comes back, or every reason why not is named.
#include <doctest/doctest.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTables = R"(
CREATE TABLE person (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE project (id bigint PRIMARY KEY, name text NOT NULL, code text, active bool,
                      owner bigint REFERENCES person ON DELETE CASCADE);
CREATE UNIQUE INDEX project_name ON project (lower(name));
CREATE UNIQUE INDEX project_code ON project (code) WHERE active;
CREATE TABLE task (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                   project_id bigint NOT NULL REFERENCES project ON DELETE CASCADE,
                   parent_id bigint REFERENCES task ON DELETE CASCADE, title varchar(40),
                   hours numeric(8,2), twice numeric GENERATED ALWAYS AS (hours * 2) STORED);
CREATE TABLE bookmark (id int PRIMARY KEY, task_id bigint REFERENCES task ON DELETE SET NULL,
                       project_id bigint REFERENCES project ON DELETE SET NULL);
CREATE TABLE scrap (task_id bigint REFERENCES task ON DELETE SET NULL, word text);
INSERT INTO person VALUES (1, 'Ada'), (2, 'Bo');
INSERT INTO project VALUES (1, 'One', 'a', true, 1), (2, 'Two', 'b', true, 1), (3, 'Three', 'c', false, 2);
INSERT INTO task (project_id, parent_id, title, hours)
    SELECT 1 + i % 3, CASE WHEN i > 3 THEN i - 3 END, 'task ' || i, i / 4.0 FROM generate_series(1, 30) i;
INSERT INTO bookmark SELECT i, i, 1 + i % 3 FROM generate_series(1, 30) i;
INSERT INTO scrap SELECT 1 + i % 6, 'same' FROM generate_series(1, 12) i;
)";

const schema::QualifiedName kProject{"public", "project"}, kPerson{"public", "person"},
    kTask{"public", "task"}, kBookmark{"public", "bookmark"};

struct Database {
    explicit Database(const std::string& script = kTables)
        : database(script), pool(database.url(), 4), bin(pool), lease(pool.lease()) {}
    void sql(const std::string& text) { lease.connection().script(text); }
    std::string value(const std::string& text) {
        return std::string(lease.connection().exec(text).text(0, 0));
    }
    std::string all() { return copy_of_all_tables(lease.connection()); }
    std::string remove(const schema::QualifiedName& table, const std::string& id) {
        return bin.remove(table, {id}, {}, {}).item->id;
    }
    trash::Restored restore(const std::string& id, trash::RestoreOptions options = {}) {
        return bin.restore(id, options, {});
    }
    std::vector<trash::Conflict> conflicts(const std::string& id,
                                           trash::RestoreOptions options = {}) {
        const auto before = all();
        std::vector<trash::Conflict> out;
        try {
            bin.restore(id, options, {});
        } catch (const trash::Conflicted& conflicted) {
            out = conflicted.conflicts;
        }
        CHECK((all() == before));
        return out;
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    schema::Lease lease;
};

const trash::Conflict* of_kind(const std::vector<trash::Conflict>& all, const std::string& kind) {
    const auto found = std::ranges::find(all, kind, &trash::Conflict::kind);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE_FIXTURE(Database,
                  "a group comes back byte for byte with its references and leaves the trash") {
    const auto before = all();
    const auto item = remove(kPerson, "1");
    CHECK((all() != before));
    const auto restored = restore(item);
    CHECK((all() == before));
    CHECK(restored.root_id == "1");
    CHECK(restored.restored == 1 + 2 + 20);
    CHECK(restored.not_relinked == 0);
    CHECK(restored.tables.front().table == kPerson);
    CHECK(value("SELECT count(*) FROM trashd.item") == "0");
    CHECK(value("SELECT count(*) FROM trashd.link") == "0");
    CHECK(value("SELECT counts->>'public.task' FROM trashd.ledger WHERE action = 'restored'") ==
          "20");
    CHECK(value("SELECT state FROM trashd.trash_group") == "restored");
    CHECK_THROWS_AS(restore(item), trash::GoneError);
}

TEST_CASE_FIXTURE(Database, "a dry run says the same and changes nothing") {
    const auto item = remove(kProject, "1");
    const auto gone = all();
    trash::RestoreOptions options;
    options.dry_run = true;
    CHECK(restore(item, options).restored == 11);
    CHECK((all() == gone));
    CHECK(restore(item).restored == 11);
}

TEST_CASE_FIXTURE(Database, "a reference that somebody set meanwhile is left alone and counted") {
    const auto item = remove(kProject, "1");
    sql("UPDATE bookmark SET task_id = 1 WHERE id = 3; DELETE FROM bookmark WHERE id = 6");
    const auto restored = restore(item);
    CHECK(restored.not_relinked == 3);
    CHECK(value("SELECT task_id FROM bookmark WHERE id = 3") == "1");
    CHECK(value("SELECT task_id FROM bookmark WHERE id = 9") == "9");
}

TEST_CASE("stacked deletes restored in any order are byte-identical") {
    std::vector<int> order = {0, 1, 2, 3};
    do {
        Database db;
        const auto before = db.all();
        const std::vector<std::string> items = {db.remove(kTask, "30"), db.remove(kProject, "2"),
                                                db.remove(kBookmark, "30"),
                                                db.remove(kBookmark, "4")};
        for (const int at : order) db.restore(items[at]);
        CHECK((db.all() == before));
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE_FIXTURE(Database, "every conflict is named, not the first") {
    const auto item = remove(kProject, "1");
    sql("INSERT INTO project VALUES (9, 'ONE', NULL, false, 1), (8, 'x', 'a', true, 1), (1, 'y', "
        "'z', false, 1)");
    const auto found = conflicts(item);
    REQUIRE(of_kind(found, "primary-key-taken"));
    CHECK(of_kind(found, "primary-key-taken")->with_id == "1");
    CHECK(of_kind(found, "primary-key-taken")->columns == std::vector<std::string>{"id"});
    const auto uniques = std::ranges::count(found, "unique-taken", &trash::Conflict::kind);
    CHECK(uniques == 2);
    for (const auto& conflict : found) {
        if (conflict.constraint == "project_name") CHECK(conflict.with_id == "9");
        if (conflict.constraint == "project_code") CHECK(conflict.values.at(0) == "a");
    }
    sql("DELETE FROM project WHERE id IN (1, 8, 9)");
    CHECK(restore(item).restored == 11);
}

TEST_CASE_FIXTURE(Database, "a partial unique index is asked on both sides") {
    const auto item = remove(kProject, "3");
    sql("INSERT INTO project VALUES (8, 'x', 'c', true, 1), (3, 'y', 'z', false, 1)");
    const auto found = conflicts(item);
    CHECK(found.size() == 1);
    CHECK(of_kind(found, "primary-key-taken"));
}

TEST_CASE_FIXTURE(Database, "a parent in the trash is named, and restored first when asked") {
    const auto before = all();
    const auto child = remove(kProject, "1");
    const auto parent = remove(kPerson, "1");
    const auto found = conflicts(child);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "missing-parent");
    CHECK(found[0].trash_item == parent);
    trash::RestoreOptions options;
    options.with_ancestors = true;
    const auto restored = restore(child, options);
    CHECK(restored.ancestors.size() == 1);
    CHECK((all() == before));
    CHECK(value("SELECT count(*) FROM trashd.ledger WHERE action = 'restored'") == "2");
}

TEST_CASE_FIXTURE(Database, "a parent that was purged is said to be purged") {
    const auto child = remove(kProject, "1");
    bin.purge(remove(kPerson, "1"), {});
    const auto found = conflicts(child);
    REQUIRE(found.size() == 1);
    CHECK(found[0].trash_item.empty());
    CHECK(found[0].detail == "the row of public.person was purged from the trash");
}

TEST_CASE_FIXTURE(Database, "ancestors are found over several levels") {
    const auto before = all();
    const auto task = remove(kTask, "30");
    const auto project = remove(kProject, "1");
    const auto person = remove(kPerson, "1");
    trash::RestoreOptions options;
    options.with_ancestors = true;
    CHECK(restore(task, options).ancestors.size() == 2);
    CHECK((all() == before));
    CHECK(value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE_FIXTURE(Database,
                  "a dropped column that held a value is a conflict, or lost when asked") {
    const auto item = remove(kProject, "1");
    sql("ALTER TABLE task DROP COLUMN title; ALTER TABLE project ADD COLUMN extra text DEFAULT "
        "'new'");
    const auto found = conflicts(item);
    REQUIRE(found.size() == 10);
    CHECK(found[0].kind == "schema-changed");
    CHECK(found[0].columns == std::vector<std::string>{"title"});
    trash::RestoreOptions options;
    options.lossy = true;
    const auto restored = restore(item, options);
    CHECK(restored.lost.size() == 10);
    CHECK(value("SELECT extra FROM project WHERE id = 1") == "new");
}

TEST_CASE_FIXTURE(Database, "renamed tables and columns and wider types take the rows back") {
    const auto item = remove(kProject, "1");
    const auto kept = value(
        "SELECT string_agg(payload[4], ',' ORDER BY ordinal) FROM trashd.item WHERE payload[4] "
        "LIKE 'task%'");
    sql("ALTER TABLE task RENAME TO todo; ALTER TABLE todo RENAME title TO label; "
        "ALTER TABLE todo ALTER label TYPE text; ALTER TABLE project ALTER code TYPE varchar(5)");
    CHECK(restore(item).restored == 11);
    CHECK(kept.size() > 60);
    CHECK(value("SELECT count(*) FROM todo WHERE project_id = 1 AND label LIKE 'task %'") == "10");
}

TEST_CASE_FIXTURE(Database,
                  "a type that would cut or round a value is a conflict naming the value") {
    const auto item = remove(kProject, "1");
    sql("ALTER TABLE task DROP COLUMN twice; ALTER TABLE task ALTER title TYPE varchar(6) USING "
        "left(title, 6), "
        "ALTER hours TYPE numeric(8,1) USING round(hours, 1)");
    const auto found = conflicts(item);
    CHECK(std::ranges::all_of(found, [](const auto& c) { return c.kind == "schema-changed"; }));
    const auto has = [&](const std::string& text) {
        return std::ranges::any_of(found, [&](const auto& c) { return c.values.at(0) == text; });
    };
    CHECK(has("task 30"));
    CHECK(!has("task 3"));
    CHECK(has("0.75"));
    CHECK(!has("1.50"));
}

TEST_CASE_FIXTURE(Database, "a cast that fails and a taken key are found in one go") {
    const auto item = remove(kProject, "1");
    sql("UPDATE project SET code = NULL; ALTER TABLE project ALTER code TYPE int USING NULL; "
        "INSERT INTO project VALUES (9, 'One', 4, true, 1); "
        "INSERT INTO task (id, project_id) OVERRIDING SYSTEM VALUE VALUES (30, 2)");
    const auto found = conflicts(item);
    REQUIRE(of_kind(found, "schema-changed"));
    CHECK(of_kind(found, "schema-changed")->values.at(0) == "a");
    REQUIRE(of_kind(found, "primary-key-taken"));
    CHECK(of_kind(found, "primary-key-taken")->with_id == "30");
}

TEST_CASE_FIXTURE(Database,
                  "new rules of the schema are conflicts: not null, check, a dropped table") {
    const auto item = remove(kProject, "1");
    sql("ALTER TABLE project ADD COLUMN must int; UPDATE project SET must = 1; "
        "ALTER TABLE project ALTER must SET NOT NULL; "
        "ALTER TABLE task ADD CONSTRAINT short CHECK (title <> 'task 30')");
    auto found = conflicts(item);
    REQUIRE(of_kind(found, "schema-changed"));
    CHECK(of_kind(found, "schema-changed")->columns.at(0) == "must");
    REQUIRE(of_kind(found, "constraint"));
    CHECK(of_kind(found, "constraint")->id == "30");
    sql("DROP TABLE task CASCADE");
    found = conflicts(item);
    CHECK(found.front().detail == "the table was dropped");
}

TEST_CASE_FIXTURE(Database, "a trigger that vetoes a row is a conflict that names it") {
    const auto item = remove(kProject, "1");
    sql("CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 30 THEN "
        "RETURN NULL; "
        "END IF; RETURN NEW; END $$; CREATE TRIGGER no_thirty BEFORE INSERT ON task FOR EACH ROW "
        "EXECUTE FUNCTION veto()");
    const auto found = conflicts(item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == "30");
    CHECK(found[0].detail == "the row is kept out; look at the trigger no_thirty on public.task");
    sql("CREATE OR REPLACE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "'never'; END $$");
    CHECK(conflicts(item).at(0).detail == "never");
}

TEST_CASE_FIXTURE(Database,
                  "counters that triggers keep come right, and what stays different is reported") {
    sql("ALTER TABLE project ADD COLUMN tasks int DEFAULT 0; ALTER TABLE task ADD COLUMN seen "
        "timestamptz; "
        "UPDATE project p SET tasks = (SELECT count(*) FROM task t WHERE t.project_id = p.id); "
        "CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE project SET "
        "tasks = tasks + 1 "
        "WHERE id = NEW.project_id; RETURN NULL; END $$; "
        "CREATE TRIGGER tally AFTER INSERT ON task FOR EACH ROW EXECUTE FUNCTION tally(); "
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.seen := now(); "
        "RETURN NEW; END $$; "
        "CREATE TRIGGER touch BEFORE INSERT ON task FOR EACH ROW EXECUTE FUNCTION touch()");
    const auto before = all();
    const auto item = remove(kProject, "1");
    CHECK(restore(item).altered.empty());
    CHECK((all() == before));
    sql("CREATE TRIGGER touch2 BEFORE UPDATE ON task FOR EACH ROW EXECUTE FUNCTION touch()");
    const auto restored = restore(remove(kProject, "1"));
    CHECK(restored.altered.size() == 10);
    CHECK(restored.altered.at(0).columns == std::vector<std::string>{"seen"});
}

TEST_CASE("rows in a loop, and a deferred constraint that fails, are told apart") {
    Database db(R"(
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a ON DELETE CASCADE);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b ON DELETE CASCADE;
CREATE TABLE slot (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE, at int4range,
    place int UNIQUE DEFERRABLE INITIALLY DEFERRED, EXCLUDE USING gist (at WITH &&));
INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1;
INSERT INTO slot VALUES (1, 1, '[1,5)', 1), (2, NULL, '[7,9)', 2);)");
    const auto before = db.all();
    const auto item = db.remove({"public", "a"}, "1");
    db.sql("UPDATE slot SET place = 1, at = '[4,9)'");
    const auto found = db.conflicts(item);
    REQUIRE(of_kind(found, "unique-taken"));
    CHECK(of_kind(found, "unique-taken")->with_id == "2");
    REQUIRE(of_kind(found, "constraint"));
    CHECK(of_kind(found, "constraint")->values.at(0) == "[1,5)");
    db.sql("UPDATE slot SET place = 2, at = '[7,9)'");
    db.restore(item);
    CHECK((db.all() == before));
}

TEST_CASE("more than a thousand conflicts are cut, and the last one says so") {
    Database db(
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, "
        "p int REFERENCES p ON DELETE CASCADE); INSERT INTO p VALUES (1), (2); "
        "INSERT INTO c SELECT i, 1 FROM generate_series(1, 2000) i");
    const auto item = db.remove({"public", "p"}, "1");
    db.sql("INSERT INTO c SELECT i, 2 FROM generate_series(1, 2000) i");
    const auto found = db.conflicts(item);
    REQUIRE(found.size() == 1000);
    CHECK(found.back().detail == "there are more conflicts than these 1000");
}

TEST_CASE("composite keys with commas, partitions and odd names come back") {
    Database db(R"(
CREATE SCHEMA "Odd ""schema";
CREATE TABLE "Odd ""schema"."select" ("a,b" text, "Group" "char", "group_id" int, PRIMARY KEY ("a,b", "Group"));
CREATE TABLE "Odd ""schema".part (id int, payload text, x text, y "char", PRIMARY KEY (id, payload),
    FOREIGN KEY (x, y) REFERENCES "Odd ""schema"."select" ON DELETE CASCADE) PARTITION BY LIST (payload);
CREATE TABLE "Odd ""schema".part_a PARTITION OF "Odd ""schema".part FOR VALUES IN ('a');
CREATE TABLE "Odd ""schema".part_b PARTITION OF "Odd ""schema".part DEFAULT;
INSERT INTO "Odd ""schema"."select" VALUES ('1,2%', 'x', 1), ('', 'y', 2);
INSERT INTO "Odd ""schema".part SELECT i, chr(96 + i), '1,2%', 'x' FROM generate_series(1, 4) i;)");
    const auto before = db.all();
    const auto item = db.bin.remove({"Odd \"schema", "select"}, {"1,2%", "x"}, {}, {}).item->id;
    CHECK(db.restore(item).restored == 5);
    CHECK((db.all() == before));
    const auto part = db.bin.remove({"Odd \"schema", "part"}, {"1", "a"}, {}, {}).item->id;
    const auto parent = db.bin.remove({"Odd \"schema", "select"}, {"1,2%", "x"}, {}, {}).item->id;
    const auto found = db.conflicts(part);
    REQUIRE(found.size() == 1);
    CHECK(found[0].trash_item == parent);
    db.sql("INSERT INTO \"Odd \"\"schema\".\"select\" VALUES ('1,2%', 'x', 3)");
    CHECK(db.conflicts(parent).at(0).with_id == "1%2C2%25,x");
}

TEST_CASE("rows without a key get their references back, one for one") {
    Database db(R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE loose (p int REFERENCES p ON DELETE SET NULL, q int REFERENCES p ON DELETE CASCADE, word text);
INSERT INTO p VALUES (1), (2), (3);
INSERT INTO loose VALUES (1, NULL, 'a'), (1, NULL, 'a'), (NULL, NULL, 'a'), (1, 3, 'b'), (1, 3, 'b'), (2, NULL, NULL);)");
    const auto before = db.all();
    const auto first = db.remove({"public", "p"}, "1");
    const auto second = db.remove({"public", "p"}, "3");
    CHECK(db.restore(first).relinked == 4);
    db.restore(second);
    CHECK((db.all() == before));
}

// References of rows without a key came back in one order of restores only.
TEST_CASE("rows without a key that several deletes changed come back in any order") {
    Database db(R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE hint (a int REFERENCES p ON DELETE SET NULL, b int REFERENCES p ON DELETE SET NULL,
                   c int REFERENCES p ON DELETE SET NULL, t text, "abc" int GENERATED ALWAYS AS (a + b + c) STORED);
INSERT INTO p VALUES (1), (2), (3);
INSERT INTO hint VALUES (1, 2, 3, 'x'), (1, 2, 3, 'x'), (1, NULL, NULL, 'x'), (NULL, 2, NULL, 'x'), (NULL, NULL, 3, 'x'),
                        (NULL, 2, 3, 'x'), (1, 2, NULL, 'y'), (NULL, NULL, NULL, 'x'), (1, 1, 1, NULL), (1, 2, 1, 'x');)");
    const auto before = db.all();
    std::vector<int> order = {0, 1, 2};
    do {
        std::vector<std::string> items;
        for (const char* id : {"1", "2", "3"}) items.push_back(db.remove({"public", "p"}, id));
        for (int which : order) CHECK(db.restore(items[which]).not_relinked == 0);
        CHECK((db.all() == before));
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("a row without a key that a hard delete or a purge passed gets back what is left") {
    Database db(R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE hint (a int REFERENCES p ON DELETE SET NULL, b int REFERENCES p ON DELETE SET NULL, c int REFERENCES p ON DELETE SET NULL);
INSERT INTO p VALUES (1), (2), (3);
INSERT INTO hint VALUES (1, 2, 3);)");
    const auto first = db.remove({"public", "p"}, "1");
    trash::DeleteOptions hard;
    hard.hard = true;
    db.bin.remove({"public", "p"}, {"2"}, hard, {});
    db.bin.purge(db.remove({"public", "p"}, "3"), {});
    CHECK(db.restore(first).relinked == 1);
    CHECK(db.value("SELECT hint::text FROM hint") == "(1,,)");
}

TEST_CASE("a row without a key gets its references back while it lies in the trash itself") {
    Database db(R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE q (id int PRIMARY KEY);
CREATE TABLE hint (a int REFERENCES p ON DELETE SET NULL, b int REFERENCES p ON DELETE SET NULL, q int REFERENCES q ON DELETE CASCADE);
INSERT INTO p VALUES (1), (2);
INSERT INTO q VALUES (1);
INSERT INTO hint VALUES (1, 2, 1), (1, 2, 1), (1, NULL, 1), (NULL, NULL, 1);)");
    const auto before = db.all();
    std::vector<int> order = {0, 1, 2};
    do {
        const std::vector<std::string> items = {db.remove({"public", "p"}, "1"),
                                                db.remove({"public", "p"}, "2"),
                                                db.remove({"public", "q"}, "1")};
        for (int which : order) CHECK(db.restore(items[which]).not_relinked == 0);
        CHECK((db.all() == before));
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE_FIXTURE(Database, "a generated column that was dropped and made anew is no loss") {
    const auto item = remove(kProject, "1");
    sql("ALTER TABLE project DROP COLUMN code; "
        "ALTER TABLE task DROP COLUMN twice; ALTER TABLE task ADD COLUMN twice numeric GENERATED "
        "ALWAYS AS (hours * 2) STORED");
    const auto found = conflicts(item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].columns == std::vector<std::string>{"code"});
}

TEST_CASE_FIXTURE(Database, "a lock that is not had in time is no conflict") {
    const auto item = remove(kProject, "1");
    schema::Pool quick(database.url(), 2, std::chrono::seconds(1),
                       {std::chrono::milliseconds(50), std::chrono::seconds(5)});
    trash::Trash impatient(quick);
    sql("BEGIN; LOCK TABLE task IN SHARE MODE");
    try {
        impatient.restore(item, {}, {});
        FAIL("restored under a lock");
    } catch (const Error& error) {
        CHECK(error.is("55P03"));
    }
    sql("ROLLBACK");
    CHECK(restore(item).restored == 11);
}

TEST_CASE("a restore on a fresh install reads its own group, however full the trash is") {
    // Without statistics the server looked through every item of a shape for the few of the group.
    TempDatabase database(kTables);
    schema::Pool pool(database.url(), 1);
    trash::Trash bin(pool);
    const auto id = bin.remove(kProject, {"3"}, {}, {}).item->id;
    auto sql = [&](const std::string& text) {
        return std::string(pool.lease().connection().exec(text).text(0, 0));
    };
    pool.lease().connection().script(
        "ALTER TABLE trashd.item SET (autovacuum_enabled = off);"
        "INSERT INTO trashd.item SELECT 1000 * s.id + n / 10, n % 10, s.id, n, ARRAY[repeat('x', "
        "1900)] "
        "FROM generate_series(1, 10000) n, trashd.shape s");
    const std::string read =
        "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'item_object'";
    sql("SELECT pg_stat_force_next_flush()");
    const auto before = sql(read);
    CHECK(bin.restore(id, {}, {}).restored == 11);
    sql("SELECT pg_stat_force_next_flush()");
    CHECK(sql(read) == before);
}

TEST_CASE("a row goes back to its table when another schema has taken the name of its own") {
    // Went into the table that has the name by now: a schema's new name is no change of its tables.
    Database db(
        "CREATE SCHEMA app; CREATE TABLE app.t (id int PRIMARY KEY, a text); "
        "INSERT INTO app.t VALUES (1, 'old'), (2, 'old'); CREATE SCHEMA next; "
        "CREATE TABLE next.t (id int PRIMARY KEY, a text); INSERT INTO next.t VALUES (2, 'new')");
    const auto item = db.remove({"app", "t"}, "1");
    db.sql("ALTER SCHEMA app RENAME TO before; ALTER SCHEMA next RENAME TO app");
    CHECK(db.restore(item).root_table == schema::QualifiedName{"before", "t"});
    CHECK(db.value("SELECT count(*) FROM before.t") == "2");
    db.restore(db.remove({"app", "t"}, "2"));
    CHECK(db.value("SELECT a FROM app.t") == "new");
}

TEST_CASE("a rule that comes after others keeps the row in the trash") {
    // The row was lost to where the rule puts it: only the first rule of a table changes the table.
    Database db(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE away (id int); "
        "INSERT INTO t VALUES (1), (2); CREATE RULE was AS ON UPDATE TO t DO NOTHING; "
        "DROP RULE was ON t");
    const schema::QualifiedName t{"public", "t"};
    const auto item = db.remove(t, "1");
    db.sql("CREATE RULE divert AS ON INSERT TO t DO INSTEAD INSERT INTO away VALUES (NEW.id)");
    CHECK(of_kind(db.conflicts(item), "constraint") != nullptr);
    db.sql("DROP RULE divert ON t; CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING");
    CHECK_THROWS_WITH_AS(db.remove(t, "2"), doctest::Contains("drop the rules"), Error);
    db.sql("DROP RULE keep ON t");
    CHECK(db.restore(item).restored == 1);
    CHECK(db.value("SELECT count(*) FROM t") == "2");
}

TEST_CASE_FIXTURE(Database, "a table that another instance alone knows takes its rows back") {
    // Was said to be dropped: this one had read the catalog before the table was made.
    restore(remove(kBookmark, "1"));
    sql("CREATE TABLE young (id int PRIMARY KEY); INSERT INTO young VALUES (1)");
    trash::Trash other(pool);
    const auto item = other.remove({"public", "young"}, {"1"}, {}, {}).item->id;
    CHECK(restore(item).restored == 1);
}

TEST_CASE("a value that an index made meanwhile cannot hold is a conflict") {
    // Was an internal error, of the class of limits that the server has.
    Database db(
        "CREATE TABLE t (id int PRIMARY KEY, name text); "
        "INSERT INTO t SELECT 1, string_agg(md5(i::text), '') FROM generate_series(1, 999) i");
    const auto item = db.remove({"public", "t"}, "1");
    // An index takes dead rows in, too, that a snapshot as old as autovacuum's may see: the file is
    // made anew.
    db.sql("TRUNCATE t; CREATE INDEX tall ON t (name)");
    const auto found = db.conflicts(item);
    REQUIRE(found.size() == 1);
    CHECK(found[0].detail.starts_with("index row"));
    db.sql("DROP INDEX tall");
    CHECK(db.restore(item).restored == 1);
}

TEST_CASE("of a parent that may have got another key it is said, and how the row comes back") {
    // only live rows go along when the key of their parent changes
    Database db(
        "CREATE TABLE country (code text PRIMARY KEY); CREATE TABLE city (id int PRIMARY KEY, code "
        "text NOT NULL REFERENCES country ON UPDATE CASCADE ON DELETE CASCADE); INSERT INTO "
        "country VALUES ('DE'), ('FR'); INSERT INTO city VALUES (1, 'DE'), (2, 'FR')");
    const auto moved = db.remove({"public", "city"}, "1");
    const auto below = db.remove({"public", "city"}, "2");
    db.sql("UPDATE country SET code = 'GER' WHERE code = 'DE'");
    db.remove({"public", "country"}, "FR");
    const auto found = db.conflicts(moved);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "missing-parent");
    CHECK(
        found[0].detail ==
        "the row of public.country is neither there nor in the trash; its key may have been "
        "changed since, which only live rows follow (ON UPDATE CASCADE): restore with the new key "
        "in 'set'");
    CHECK(db.conflicts(below).at(0).detail ==
          "the row of public.country lies in the trash; restore it first");
    db.sql("UPDATE country SET code = 'DE' WHERE code = 'GER'");
    db.restore(moved);
    db.sql("UPDATE country SET code = 'GER' WHERE code = 'DE'");
    CHECK(db.value("SELECT code FROM city WHERE id = 1") == "GER");
}
