// What others do between two steps of a restore or a delete. Each step waits for a lock that the
// test holds; the next is made when the server says that it waits.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <future>
#include <stdexcept>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// mark: its reference is set to null with p; goes itself with holder, and leaf with it.
constexpr const char* kTables = R"(
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE holder (id int PRIMARY KEY);
CREATE TABLE mark (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL,
                   holder int REFERENCES holder ON DELETE CASCADE);
CREATE TABLE leaf (id int PRIMARY KEY, mark int REFERENCES mark ON DELETE CASCADE);
CREATE TABLE other (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL,
                    holder int REFERENCES holder ON DELETE SET NULL);
CREATE TABLE note (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL,
                   holder int REFERENCES holder ON DELETE CASCADE);
CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
INSERT INTO p VALUES (1), (2);
INSERT INTO holder VALUES (1);
INSERT INTO mark VALUES (1, 1, 1), (2, 1, NULL);
INSERT INTO leaf VALUES (1, 1);
INSERT INTO other VALUES (1, 1);
INSERT INTO child VALUES (1, 2);
)";

struct Meanwhile {
    std::string all() { return copy_of_all_tables(*own.operator->()); }
    std::string value(const std::string& sql) { return own.value(sql); }
    std::string remove(const std::string& table, const std::string& id) {
        return bin.remove({"public", table}, {id}, {}, {}).item->id;
    }
    // As soon as so many wait for a lock of that kind: transactionid, relation.
    void await(int count, const std::string& kind) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "wait_event_type = 'Lock' AND wait_event = '" +
                     kind + "'") != std::to_string(count)) {
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("none waits");
        }
    }
    std::future<trash::Restored> restoring(const std::string& item) {
        return std::async(std::launch::async, [this, item] { return bin.restore(item, {}, {}); });
    }
    std::future<std::string> removing(const std::string& table, const std::string& id) {
        return std::async(std::launch::async, [this, table, id] { return remove(table, id); });
    }

    TempDatabase database{kTables};
    schema::Pool pool{database.url(),
                      4,
                      std::chrono::seconds(5),
                      {std::chrono::seconds(60), std::chrono::seconds(60)}};
    trash::Trash bin{pool};
    TestConnection own{database.url()}, first{database.url()}, second{database.url()};
};

}  // namespace

TEST_CASE_FIXTURE(Meanwhile, "what was in the way of a restore and has gone is none any more") {
    // Named no row: the parent came back after the insert had failed and before it was looked for.
    const auto before = all();
    const auto item = remove("child", "1");
    first->script("BEGIN; DELETE FROM p WHERE id = 2");
    auto restored = restoring(item);
    await(1, "transactionid");
    auto back = std::async(std::launch::async, [&] {
        second->script("BEGIN; LOCK TABLE p; INSERT INTO p VALUES (2); COMMIT");
    });
    await(1, "relation");
    first->exec("COMMIT");
    CHECK(restored.get().restored == 1);
    back.get();
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Meanwhile, "a parent that goes while its child comes back with its ancestors") {
    // It had been there when the ancestors were looked for, and was a missing parent then.
    const auto before = all();
    const auto item = remove("child", "1");
    first->script("BEGIN; LOCK trashd.ledger IN SHARE MODE");
    auto taken = removing("p", "2");
    await(1, "relation");
    trash::RestoreOptions options;
    options.with_ancestors = true;
    auto restored = std::async(std::launch::async, [&] { return bin.restore(item, options, {}); });
    await(1, "transactionid");
    first->exec("COMMIT");
    taken.get();
    CHECK(restored.get().ancestors.size() == 1);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Meanwhile, "a refusal that nothing explains is given after three attempts") {
    const auto item = remove("child", "1");
    own->script(
        "CREATE SEQUENCE tries; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN PERFORM nextval('tries'); RAISE 'taken' USING ERRCODE = '23505'; END $$; "
        "CREATE TRIGGER refuse BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION refuse()");
    try {
        bin.restore(item, {}, {});
        FAIL("restored against a trigger");
    } catch (const trash::Conflicted& conflicted) {
        REQUIRE(conflicted.conflicts.size() == 1);
        CHECK(conflicted.conflicts[0].detail == "taken");
        CHECK(conflicted.conflicts[0].id == "1");
    }
    // One more to find which row it is.
    CHECK(value("SELECT last_value FROM tries") == "4");
}

TEST_CASE_FIXTURE(Meanwhile, "a reference of a row that is taken during the restore comes back") {
    const auto before = all();
    const auto item = remove("p", "1");
    first->script("BEGIN; SELECT FROM leaf FOR UPDATE");
    auto taken = removing("holder", "1");
    await(1, "transactionid");
    auto restored = restoring(item);
    await(2, "transactionid");
    first->exec("COMMIT");
    const auto result = restored.get();
    CHECK(result.relinked == 3);
    CHECK(result.not_relinked == 0);
    CHECK(value("SELECT count(*) FROM mark") == "1");
    bin.restore(taken.get(), {}, {});
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Meanwhile,
                  "a reference of a row that goes and comes back meanwhile is set back") {
    // Was lost: the row was in the trash when looked for live, and live when looked for there.
    const auto before = all();
    const auto item = remove("p", "1");
    first->script("BEGIN; SELECT FROM leaf FOR UPDATE");
    second->script("BEGIN; SELECT FROM other FOR UPDATE");
    auto taken = removing("holder", "1");
    await(1, "transactionid");
    auto restored = restoring(item);
    await(2, "transactionid");
    first->exec("COMMIT");
    const auto holder = taken.get();
    await(1, "transactionid");
    bin.restore(holder, {}, {});
    second->exec("COMMIT");
    CHECK(restored.get().not_relinked == 0);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Meanwhile, "a reference comes back in a row of a group that began earlier") {
    // Was lost: the group that took the row had the lower id, but took it later.
    own->script("UPDATE other SET holder = 1; INSERT INTO note VALUES (1, 2, 1)");
    const auto before = all();
    first->script("BEGIN; SELECT FROM other FOR UPDATE");
    auto taken = removing("holder", "1");
    await(1, "transactionid");
    const auto item = remove("p", "2");
    first->exec("COMMIT");
    const auto holder = taken.get();
    CHECK(bin.restore(item, {}, {}).not_relinked == 0);
    bin.restore(holder, {}, {});
    CHECK((all() == before));
}

// The delete of such a row looks at the catalog while it is planned: with the eyes of the moment at
// which it began to wait it kept the old plan for good, and rows of `late` went unseen.
TEST_CASE_FIXTURE(Meanwhile,
                  "a table that begins to refer while a single row waits is taken along") {
    own->exec("INSERT INTO leaf VALUES (2, 1)");
    remove("leaf", "2");  // the server knows the plan
    first->script(
        "BEGIN; CREATE TABLE late (id int PRIMARY KEY, leaf int REFERENCES leaf ON DELETE "
        "CASCADE); INSERT INTO late VALUES (1, 1)");
    auto removed = removing("leaf", "1");
    await(1, "relation");
    first->script("COMMIT");
    CHECK(bin.item(removed.get(), false).group_size == 2);
    CHECK(value("SELECT count(*) FROM late") == "0");
}

TEST_CASE_FIXTURE(Meanwhile, "a column added while a single row waits is captured too") {
    own->exec("INSERT INTO leaf VALUES (2, 1)");
    remove("leaf", "2");
    first->script("BEGIN; ALTER TABLE leaf ADD COLUMN colour text DEFAULT 'red'");
    auto removed = removing("leaf", "1");
    await(1, "relation");
    first->script("COMMIT");
    const auto item = bin.item(removed.get(), true);
    CHECK(item.object->find("\"colour\":\"red\"") != std::string::npos);
}

namespace {

// One connection, whose server process ends while it waits in the middle of a request.
struct Ended : Meanwhile {
    Ended() { own->exec("UPDATE other SET p = 2"); }
    std::string everything() { return copy_of_all_tables(*own.operator->(), "none"); }
    void ends_at(const std::string& lock, const std::function<void()>& request) {
        const auto before = everything();
        first->script("BEGIN; " + lock);
        auto answer = std::async(std::launch::async, [&] {
            try {
                request();
            } catch (const Error& error) {
                return std::string(code_name(error.code()));
            }
            return std::string("done");
        });
        await(1, lock.starts_with("LOCK") ? "relation" : "transactionid");
        own->exec(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = "
            "current_database() AND wait_event_type = 'Lock'");
        CHECK_MESSAGE(answer.get() == "unavailable", lock);
        first->exec("ROLLBACK");
        CHECK_MESSAGE((everything() == before), lock);
    }

    schema::Pool single{database.url(), 1, std::chrono::seconds(5), pool.limits()};
    trash::Trash alone{single};
};

}  // namespace

TEST_CASE_FIXTURE(Ended, "a server process that ends within a restore leaves all as it was") {
    const auto before = all();
    const auto item = remove("p", "2");
    for (const auto* lock :
         {"LOCK p IN SHARE MODE", "INSERT INTO p VALUES (2)", "INSERT INTO child VALUES (1, NULL)",
          "SELECT FROM other FOR UPDATE", "LOCK trashd.ledger IN SHARE MODE",
          "SELECT FROM trashd.item WHERE ordinal = 2 FOR UPDATE",
          "SELECT FROM trashd.link FOR UPDATE"}) {
        ends_at(lock, [&] { alone.restore(item, {}, {}); });
    }
    CHECK(alone.restore(item, {}, {}).relinked == 1);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Ended, "a server process that ends within a purge leaves all as it was") {
    const auto item = remove("p", "2");
    for (const auto* lock :
         {"LOCK trashd.ledger IN SHARE MODE", "SELECT FROM trashd.link FOR UPDATE",
          "SELECT FROM trashd.item WHERE ordinal = 2 FOR UPDATE",
          "LOCK trashd.trash_group IN SHARE MODE"}) {
        ends_at(lock, [&] { alone.purge(item, {}, {}); });
    }
    CHECK(alone.purge(item, {}, {}).rows == 2);
    CHECK(value("SELECT count(*) FROM trashd.item") == "0");
}

TEST_CASE_FIXTURE(Ended, "a server process that ends within the delete of one row leaves it") {
    own->exec("INSERT INTO leaf VALUES (2, 1)");
    remove("leaf", "2");  // notes the form of the table
    for (const auto* lock :
         {"LOCK leaf IN SHARE MODE", "SELECT FROM leaf FOR UPDATE",
          "LOCK trashd.item IN SHARE MODE", "LOCK trashd.ledger IN SHARE MODE"}) {
        ends_at(lock, [&] { alone.remove({"public", "leaf"}, {"1"}, {}, {}); });
    }
    CHECK(alone.remove({"public", "leaf"}, {"1"}, {}, {}).rows == 1);
}
