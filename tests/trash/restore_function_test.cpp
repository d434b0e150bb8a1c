// Groups that come back in one round trip, by a function made for their kind: what one would notice
// is the same as without.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTables = R"(
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, made timestamptz DEFAULT now());
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE,
                n numeric CHECK (n > 0), twice numeric GENERATED ALWAYS AS (n * 2) STORED);
INSERT INTO p SELECT n, 'code ' || n FROM generate_series(1, 9) n;
INSERT INTO c SELECT n, 1 + n % 3, n FROM generate_series(1, 12) n;
DO $$BEGIN
  EXECUTE format('ALTER DATABASE %I SET track_functions = ''all''', current_database()); END$$;
)";

struct Kinds {
    std::string all() { return copy_of_all_tables(own.get()); }
    std::string remove(const std::string& table, const std::string& id) {
        return bin.remove({"public", table}, {id}, {.cascade = true}, {}).item->id;
    }
    trash::Restored again(const std::string& table, const std::string& id) {
        return bin.restore(remove(table, id), {}, {});
    }
    // The function of the kind is made behind the second restore.
    void learn(const std::string& table, const std::string& id) {
        again(table, id);
        again(table, id);
    }
    long long calls() {
        own->exec("SELECT pg_stat_clear_snapshot()");
        pool.lease().connection().exec("SELECT pg_stat_force_next_flush()");
        return own
            ->exec(
                "SELECT COALESCE(sum(calls), 0) FROM pg_stat_user_functions"
                " WHERE funcname ~ '^restore_'")
            .integer(0, 0);
    }
    long long functions() {
        return own->exec("SELECT count(*) FROM pg_proc WHERE proname ~ '^restore_'").integer(0, 0);
    }

    TempDatabase database{kTables};
    TestConnection own{database.url()};
    schema::Pool pool{database.url(), 1};
    trash::Trash bin{pool};
};

// Where functions are counted.
struct Counted : Kinds {
    Counted() { learn("p", "1"); }
};

}  // namespace

TEST_CASE_FIXTURE(Counted, "the third group of a kind comes back by the function of its kind") {
    if (older_than(150000)) return;  // pg_stat_force_next_flush
    const auto before = all();
    REQUIRE(functions() == 1);
    const auto calls_before = calls();
    const auto item = remove("p", "1");
    trash::Actor me;
    me.by = "me";
    me.reason = "why";
    const auto restored = bin.restore(item, {}, me);
    CHECK(calls() == calls_before + 1);
    CHECK((all() == before));
    CHECK(restored.restored == 5);
    CHECK(restored.group_id == item.substr(0, 35) + "0");
    CHECK(restored.root_table.name == "p");
    CHECK(restored.root_id == "1");
    REQUIRE(restored.tables.size() == 2);
    CHECK(restored.tables[0].table.name == "p");
    CHECK(restored.tables[0].count == 1);
    CHECK(restored.tables[1].table.name == "c");
    CHECK(restored.tables[1].count == 4);
    CHECK(own.value("SELECT concat_ws('|', action, by, reason, table_name, object_id, counts)"
                    " FROM trashd.ledger ORDER BY id DESC LIMIT 1") ==
          R"(restored|me|why|p|1|{"public.c": 4, "public.p": 1})");
    CHECK_THROWS_AS(bin.restore(item, {}, {}), trash::GoneError);
    REQUIRE(restored.entries.size() == 1);
    CHECK(bin.undo(restored.entries[0], {}, {}).trashed == 5);
    CHECK(bin.restore(item, {}, {}).restored == 5);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Counted,
                  "a large group of a known kind does not hang on one statement's timeout") {
    if (older_than(150000)) return;  // pg_stat_force_next_flush
    own->exec("INSERT INTO c SELECT n, 1, n FROM generate_series(101, 10100) n");
    const auto before = all();
    const auto calls_before = calls();
    const auto item = remove("p", "1");
    CHECK(bin.restore(item, {}, {}).restored == 10005);
    CHECK((all() == before));
    own->exec("DELETE FROM c WHERE id > 100");
    CHECK(again("p", "1").restored == 5);
    CHECK(calls() == calls_before + 2);
    CHECK(functions() == 1);
}

TEST_CASE_FIXTURE(Counted, "what is in the way is told as ever, and nothing has come back") {
    const auto item = remove("p", "1");
    own->exec("INSERT INTO p VALUES (100, 'code 1')");
    const auto before = all();
    try {
        bin.restore(item, {}, {});
        FAIL("it came back");
    } catch (const trash::Conflicted& refused) {
        REQUIRE(refused.conflicts.size() == 1);
        CHECK(refused.conflicts[0].kind == "unique-taken");
        CHECK(refused.conflicts[0].with_id == "100");
    }
    CHECK((all() == before));
    own->exec("DELETE FROM p WHERE id = 100");
    CHECK(bin.restore(item, {}, {}).restored == 5);
    trash::RestoreOptions options;
    options.most = 4;
    const auto large = remove("p", "1");
    CHECK_THROWS_AS(bin.restore(large, options, {}), trash::TooLarge);
    options = {};
    options.expect = 6;
    CHECK_THROWS_AS(bin.restore(large, options, {}), trash::UnexpectedCount);
    CHECK(bin.restore(large, {}, {}).restored == 5);
}

TEST_CASE_FIXTURE(Counted, "a table that has changed since is restored as it is now") {
    const auto item = remove("p", "1");
    SUBCASE("a column more") {
        own->exec("ALTER TABLE c ADD more text DEFAULT 'more'");
        bin.restore(item, {}, {});
        CHECK(own.value("SELECT count(*) FROM c WHERE p = 1 AND more = 'more'") == "4");
    }
    SUBCASE("a trigger") {
        own->script(R"(CREATE TABLE seen (id int);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO seen VALUES (NEW.id); PERFORM set_config(''work_mem'', ''1MB'', false);
   RETURN NEW; END';
CREATE TRIGGER see AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION see())");
        const auto restored = bin.restore(item, {}, {});
        CHECK(own.value("SELECT count(*) FROM seen") == "4");
        REQUIRE(restored.added.size() == 1);
        CHECK(restored.added[0].count == 4);
    }
    SUBCASE("other names") {
        own->script("ALTER TABLE c RENAME TO d; CREATE TABLE c (LIKE d INCLUDING ALL)");
        const auto restored = bin.restore(item, {}, {});
        CHECK(restored.tables.at(1).table.name == "d");
        CHECK(own.value("SELECT count(*) FROM d WHERE p = 1") == "4");
        CHECK(own.value("SELECT count(*) FROM c") == "0");
    }
    SUBCASE("a rule") {
        own->script("CREATE RULE r AS ON INSERT TO c DO INSTEAD NOTHING");
        CHECK_THROWS_AS(bin.restore(item, {}, {}), trash::Conflicted);
        CHECK(own.value("SELECT count(*) FROM p WHERE id = 1") == "0");
    }
}

TEST_CASE_FIXTURE(Counted,
                  "a function of the users that a check or a column calls is no part of it") {
    own->script(R"(CREATE FUNCTION positive(n numeric) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM set_config(''application_name'', ''taken'', false); RETURN n > 0; END')");
    const auto told = [&] {
        auto lease = pool.lease();
        return std::string(lease.connection().exec("SHOW application_name").text(0, 0));
    };
    SUBCASE("a check") {
        own->exec("ALTER TABLE c ADD CHECK (positive(n))");
    }
    SUBCASE("an index, which is no unique one") {
        own->exec("CREATE INDEX ON c (positive(n))");
    }
    SUBCASE("a generated column") {
        own->exec("ALTER TABLE c ADD g bool GENERATED ALWAYS AS (positive(n)) STORED");
    }
    SUBCASE("a check by what runs a text") {
        own->exec(
            "ALTER TABLE c ADD CHECK (query_to_xml('SELECT public.positive(1)', false, false,"
            " '') IS NOT NULL)");
    }
    SUBCASE("a check that sets something") {
        own->exec("ALTER TABLE c ADD CHECK (set_config('application_name', 'taken', false) <> '')");
    }
    for (int i = 0; i < 4; ++i) CHECK(again("p", "1").restored == 5);
    CHECK(told() != "taken");
}

TEST_CASE_FIXTURE(Counted, "a cast from text that was made since changes no value") {
    own->exec("ALTER TABLE c ADD d date DEFAULT '2020-01-06'");
    learn("p", "1");
    own->script(R"(CREATE FUNCTION t2d(text) RETURNS date LANGUAGE sql IMMUTABLE AS
  $$SELECT date '1999-09-09'$$;
CREATE CAST (text AS date) WITH FUNCTION t2d(text);
CREATE TABLE unknown (id int PRIMARY KEY); INSERT INTO unknown VALUES (1))");
    remove("unknown", "1");  // for which the catalog is read anew
    const auto before = all();
    // What a session has planned stays as it was.
    const auto new_session = [&] {
        own->exec(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
            " current_database() AND pid <> pg_backend_pid()");
        try {
            pool.lease().connection().exec("SELECT 1");
        } catch (const Error&) {
        }
    };
    for (int i = 0; i < 3; ++i) {
        const auto item = remove("p", "1");
        new_session();
        CHECK(bin.restore(item, {}, {}).restored == 5);
        CHECK((all() == before));
    }
    own->exec("DROP CAST (text AS date)");
}

TEST_CASE_FIXTURE(Counted,
                  "a trigger on the trash's tables that was made meanwhile leaves nothing") {
    own->script(R"(CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM set_config(''application_name'', ''taken'', false); RETURN OLD; END')");
    const auto item = remove("p", "1");
    own->exec("BEGIN");
    own->exec("SELECT FROM trashd.trash_group FOR UPDATE");
    std::thread restoring([&] { bin.restore(item, {}, {}); });
    TestConnection other(database.url());
    while (other.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND"
                       " datname = current_database()") != "1") {
    }
    other->exec("SET lock_timeout = 200");
    CHECK_THROWS(
        other->exec("CREATE TRIGGER tell BEFORE DELETE ON trashd.item FOR EACH ROW"
                    " EXECUTE FUNCTION tell()"));
    own->exec("COMMIT");
    restoring.join();
    CHECK(own.value("SELECT count(*) FROM p WHERE id = 1") == "1");
}

TEST_CASE_FIXTURE(Counted, "a function that may not be called is gone round") {
    own->script(
        R"(CREATE ROLE mover LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public, trashd TO mover;
GRANT USAGE ON SCHEMA public TO mover; GRANT ALL ON SCHEMA trashd TO mover;
GRANT ALL ON ALL SEQUENCES IN SCHEMA trashd TO mover;
DO $$ DECLARE f regprocedure; BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'trashd'::regnamespace AND
    proname ~ '^restore_' LOOP EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f || ' FROM PUBLIC';
  END LOOP; END $$)");
    {
        schema::Pool as_mover(database.url("mover"), 1);
        trash::Trash moved(as_mover);
        for (int i = 0; i < 4; ++i) CHECK(moved.restore(remove("p", "1"), {}, {}).restored == 5);
    }
    own->script("DROP OWNED BY mover; DROP ROLE mover");
}

TEST_CASE_FIXTURE(Counted, "a function that somebody has dropped is missed by nobody") {
    own->script(R"(DO $$ DECLARE f regprocedure; BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'trashd'::regnamespace AND
    proname ~ '^restore_' LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$)");
    const auto before = all();
    for (int i = 0; i < 4; ++i) CHECK(again("p", "1").restored == 5);
    CHECK((all() == before));
    CHECK(functions() == 1);
}

TEST_CASE_FIXTURE(Counted, "with triggers on the trash's own tables these are told what happens") {
    own->script(R"(CREATE TABLE told (text text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO told VALUES (TG_TABLE_NAME); RETURN OLD; END';
CREATE TRIGGER tell AFTER DELETE ON trashd.item FOR EACH ROW EXECUTE FUNCTION tell())");
    for (int i = 1; i <= 3; ++i) {
        CHECK(again("p", "1").restored == 5);
        CHECK(own.value("SELECT count(*) FROM told") == std::to_string(5 * i));
    }
}

TEST_CASE("a deferred constraint that fails at the end is told, and all stays in the trash") {
    TempDatabase database(R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY,
                p int REFERENCES p ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED);
INSERT INTO p VALUES (1);
INSERT INTO c VALUES (1, 1);)");
    schema::Pool pool(database.url(), 1);
    trash::Trash bin(pool);
    TestConnection own(database.url());
    const auto remove = [&] { return bin.remove({"public", "c"}, {"1"}, {}, {}).item->id; };
    for (int i = 0; i < 3; ++i) CHECK(bin.restore(remove(), {}, {}).restored == 1);
    const auto item = remove();
    own->exec("DELETE FROM p");
    CHECK_THROWS_AS(bin.restore(item, {}, {}), trash::Conflicted);
    CHECK(own.value("SELECT count(*) FROM c") == "0");
    CHECK(own.value("SELECT count(*) FROM trashd.item") == "1");
    own->exec("INSERT INTO p VALUES (1)");
    CHECK(bin.restore(item, {}, {}).restored == 1);
}

TEST_CASE("a row that many restore at a time comes back once, and each time it is binned again") {
    TempDatabase database(kTables);
    schema::Pool pool(database.url(), 8);
    trash::Trash bin(pool);
    std::atomic<int> restored = 0, removed = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 60; ++i) {
                try {
                    const auto gone = bin.remove({"public", "p"}, {"1"}, {.cascade = true}, {});
                    if (!gone.already) ++removed;
                    bin.restore(gone.item->id, {}, {});
                    ++restored;
                } catch (const Error&) {  // another one was there before
                }
            }
        });
    for (auto& thread : threads) thread.join();
    TestConnection own(database.url());
    CHECK(own.value("SELECT (SELECT count(*) FROM p WHERE id = 1) +"
                    " (SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed')") == "1");
    CHECK(own.value("SELECT (SELECT count(*) FROM c) + (SELECT count(*) FROM trashd.item i JOIN"
                    " trashd.shape s ON s.id = i.shape WHERE s.table_name = 'c')") == "12");
    CHECK(own.value("SELECT count(*) FROM trashd.ledger WHERE action = 'restored'") ==
          std::to_string(restored.load()));
    CHECK(restored > 60);
}
