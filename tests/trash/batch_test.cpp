// Requests that come at the same time and share a statement: each of them is answered, and written
// down, as if it had come alone. A batch shows in the ledger: its entries are of one transaction.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/remove/batches.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTables = R"(
CREATE TABLE leaf (id int PRIMARY KEY, tag text NOT NULL);
CREATE TABLE pair (a text COLLATE "C", b numeric, tag text, PRIMARY KEY (a, b));
INSERT INTO leaf SELECT n, 'tag ' || n FROM generate_series(1, 100) n;
INSERT INTO pair SELECT 'a,' || n, n, NULL FROM generate_series(1, 10) n;
)";

// What became of one request.
struct Outcome {
    trash::DeleteResult result;
    std::string error;
    bool unknown = false;
    Code code = Code::kInternal;
};

struct Together {
    // So many share a statement as soon as so many are there.
    void force(std::size_t size) {
        bin.set_batches({.least = size, .patience = std::chrono::seconds(20)});
    }
    static trash::Actor actor(const std::string& id) {
        trash::Actor me;
        me.by = "by " + id;
        me.reason = "because of " + id;
        me.request_id = "request " + id;
        me.address = "10.0.0." + id;
        return me;
    }
    Outcome remove(const std::string& id, const std::string& reason = "") {
        auto me = actor(id);
        if (!reason.empty()) me.reason = reason;
        return outcome([&] { return bin.remove({"public", "leaf"}, {id}, {}, me); });
    }
    template <typename Work>
    static Outcome outcome(Work work) {
        Outcome out;
        try {
            out.result = work();
        } catch (const Error& error) {
            out.error = error.what();
            out.code = error.code();
            out.unknown = dynamic_cast<const schema::OutcomeUnknown*>(&error) != nullptr;
        }
        return out;
    }
    std::vector<std::future<Outcome>> removing(const std::vector<std::string>& ids) {
        std::vector<std::future<Outcome>> all;
        for (const auto& id : ids)
            all.push_back(std::async(std::launch::async, [this, id] { return remove(id); }));
        return all;
    }
    // The plan is made, so that all of the next arrive together.
    void plan() { bin.remove({"public", "leaf"}, {"100"}, {}, {}); }
    std::string value(const std::string& sql) { return own.value(sql); }
    std::string transactions(const std::string& entries) {
        return value(
            "SELECT count(DISTINCT xmin::text) || ' of ' || count(*) FROM trashd.ledger"
            " WHERE " +
            entries);
    }
    void await(const std::string& sql) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (value(sql) != "t") {
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error("never: " + sql);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    // What stands in the trash's tables of the delete of that row, once.
    void check_own(const std::string& id, const Outcome& out) {
        CAPTURE(id);
        REQUIRE(out.error == "");
        CHECK(out.result.rows == 1);
        CHECK_FALSE(out.result.already);
        CHECK(value("SELECT concat_ws('|', g.deleted_by, g.reason, g.request_id, g.size, g.links,"
                    " g.root_object, g.uuid, i.object_id, i.payload, i.ordinal)"
                    " FROM trashd.trash_group g JOIN trashd.item i ON i.group_id = g.id"
                    " WHERE g.root_object = '" +
                    id + "' AND g.state = 'trashed'") ==
              "by " + id + "|because of " + id + "|request " + id + "|1|0|" + id + "|" +
                  out.result.item->group_id + "|" + id + "|{" + id + ",\"tag " + id + "\"}|1");
        CHECK(value("SELECT concat_ws('|', action, by, reason, request_id, address, object_id,"
                    " group_uuid, counts, table_name) FROM trashd.ledger WHERE id = " +
                    out.result.entry) ==
              "trashed|by " + id + "|because of " + id + "|request " + id + "|10.0.0." + id + "|" +
                  id + "|" + out.result.item->group_id + R"(|{"public.leaf": 1}|leaf)");
    }

    TempDatabase database{kTables};
    schema::Pool pool{database.url(),
                      16,
                      std::chrono::seconds(30),
                      {std::chrono::seconds(60), std::chrono::seconds(60)}};
    trash::Trash bin{pool};
    TestConnection own{database.url()}, other{database.url()};
};

}  // namespace

TEST_CASE_FIXTURE(Together, "deletes that share a statement have each its own group and entry") {
    plan();
    for (const int size : {2, 7, 64}) {
        force(static_cast<std::size_t>(size));
        const auto last = value("SELECT max(id) FROM trashd.ledger");
        std::vector<std::string> ids;
        for (int n = 1; n <= size; ++n) ids.push_back(std::to_string(n));
        auto all = removing(ids);
        for (int n = 0; n < size; ++n) check_own(ids[n], all[n].get());
        CHECK(transactions("id > " + last) == "1 of " + std::to_string(size));
        CHECK(value("SELECT count(*) FROM leaf") == std::to_string(99 - size));
        bin.set_batches({});
        for (const auto& id : ids)
            bin.restore(bin.find({"public", "leaf"}, {id}, false)->id, {}, {});
        CHECK(value("SELECT count(*) FROM leaf WHERE tag = 'tag ' || id") == "99");
    }
}

TEST_CASE_FIXTURE(Together, "who comes alone, or wants more than the row, shares nothing") {
    plan();
    CHECK(remove("1").error == "");
    CHECK(remove("2").error == "");
    force(2);
    const auto alone = [&](const trash::DeleteOptions& options, const std::string& id) {
        return outcome([&] { return bin.remove({"public", "leaf"}, {id}, options, actor(id)); });
    };
    CHECK(alone({.if_match = {"\"x\""}}, "3").code == Code::kStale);
    CHECK(alone({.hard = true}, "4").result.rows == 1);
    CHECK(alone({.most = 0}, "5").error != "");
    CHECK(transactions("by LIKE 'by %'") == "3 of 3");
}

TEST_CASE_FIXTURE(Together, "keys of several columns share a statement, whatever is in them") {
    bin.remove({"public", "pair"}, {"a,10", "10"}, {}, {});
    force(3);
    std::vector<std::future<Outcome>> all;
    for (const std::string id : {"1", "2", "3"})
        all.push_back(std::async(std::launch::async, [this, id] {
            return outcome([&] {
                return bin.remove({"public", "pair"}, {"a," + id, id + ".0"}, {}, actor(id));
            });
        }));
    for (auto& one : all) CHECK(one.get().error == "");
    CHECK(transactions("by LIKE 'by %'") == "1 of 3");
    CHECK(value("SELECT string_agg(object_id, ' ' ORDER BY object_id) FROM trashd.item") ==
          "a%2C1,1 a%2C10,10 a%2C2,2 a%2C3,3");
}

TEST_CASE_FIXTURE(Together, "a row that another transaction holds keeps nobody else waiting") {
    plan();
    other->script("BEGIN; SELECT FROM leaf WHERE id = 2 FOR UPDATE");
    force(4);
    auto all = removing({"1", "2", "3", "4"});
    for (const int n : {0, 2, 3}) check_own(std::to_string(n + 1), all[n].get());
    CHECK(transactions("by LIKE 'by %'") == "1 of 3");
    CHECK(value("SELECT count(*) FROM leaf WHERE id = 2") == "1");
    other->script("COMMIT");
    check_own("2", all[1].get());
}

TEST_CASE_FIXTURE(Together, "a row that was changed as the batch took it goes as it is then") {
    plan();
    other->script("BEGIN; UPDATE leaf SET tag = 'changed' WHERE id = 2");
    force(2);
    auto all = removing({"1", "2"});
    check_own("1", all[0].get());
    other->script("COMMIT");
    REQUIRE(all[1].get().error == "");
    CHECK(value("SELECT payload FROM trashd.item WHERE object_id = '2'") == "{2,changed}");
}

TEST_CASE_FIXTURE(Together, "what is not there, and what is no key, is told to who asked for it") {
    plan();
    force(4);
    auto all = removing({"1", "2000", "3", "no number"});
    check_own("1", all[0].get());
    CHECK(all[1].get().code == Code::kNotFound);
    check_own("3", all[2].get());
    CHECK(all[3].get().code == Code::kNotFound);
    CHECK(value("SELECT count(*) FROM leaf") == "97");
}

TEST_CASE_FIXTURE(Together, "of two requests for one row the second finds it in the trash") {
    plan();
    force(3);
    auto all = removing({"1", "1", "2"});
    std::vector<Outcome> both;
    both.push_back(all[0].get());
    both.push_back(all[1].get());
    check_own("2", all[2].get());
    std::ranges::sort(both, {}, [](const Outcome& one) { return one.result.already; });
    check_own("1", both[0]);
    REQUIRE(both[1].error == "");
    CHECK(both[1].result.already);
    CHECK(both[1].result.item->id == both[0].result.item->id);
    CHECK(value("SELECT count(*) FROM trashd.ledger WHERE object_id = '1'") == "1");
}

TEST_CASE_FIXTURE(Together, "what one of a batch is refused for is its own") {
    plan();
    own->exec("ALTER TABLE trashd.trash_group ADD CHECK (reason <> 'because of 2')");
    force(3);
    auto all = removing({"1", "2", "3"});
    check_own("1", all[0].get());
    CHECK(all[1].get().error != "");
    check_own("3", all[2].get());
    CHECK(value("SELECT count(*) FROM leaf") == "97");
    CHECK(value("SELECT count(*) FROM trashd.ledger WHERE by LIKE 'by %'") == "2");
}

TEST_CASE_FIXTURE(Together, "a table that changes while a batch is under way is planned anew") {
    plan();
    other->script("BEGIN; ALTER TABLE leaf ADD COLUMN more text DEFAULT 'm'");
    force(3);
    auto all = removing({"1", "2", "3"});
    // the batch has given up, and each waits by itself
    await(
        "SELECT count(*) = 3 FROM pg_stat_activity WHERE wait_event = 'relation' AND "
        "datname = current_database() AND query LIKE '%\"move_%'");
    other->script("COMMIT");
    for (auto& one : all) CHECK(one.get().error == "");
    CHECK(value("SELECT string_agg(payload::text, ' ' ORDER BY object_id) FROM trashd.item"
                " WHERE object_id < '4' AND object_id <> '100'") ==
          R"({1,"tag 1",m} {2,"tag 2",m} {3,"tag 3",m})");
}

TEST_CASE_FIXTURE(Together, "a batch whose backend dies is repeated by nobody, and keeps nobody") {
    plan();
    own->script(R"(CREATE FUNCTION slow(reason text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN
  IF reason = 'because of 2' THEN PERFORM pg_sleep(60); END IF; RETURN true; END$$;
ALTER TABLE trashd.trash_group ADD CHECK (slow(reason)))");
    force(3);
    auto all = removing({"1", "2", "3"});
    await(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = "
        "current_database()");
    value(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
        "AND datname = current_database()");
    for (auto& one : all) {
        const auto out = one.get();
        CHECK(out.unknown);
        CHECK(out.code == Code::kUnavailable);
    }
    CHECK(value("SELECT count(*) FROM leaf") == "99");
    CHECK(value("SELECT count(*) FROM trashd.trash_group") == "1");
    bin.set_batches({});
    check_own("1", remove("1"));
}

namespace {

struct Purging : Together {
    struct Outcome {
        trash::Purged purged;
        std::string error;
        bool gone = false, unexpected = false;
    };
    Purging() {
        own->script(R"(CREATE TABLE root (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, root int REFERENCES root ON DELETE CASCADE);
INSERT INTO root SELECT n FROM generate_series(1, 9) n;
INSERT INTO child SELECT n, n % 9 + 1 FROM generate_series(1, 36) n)");
        for (const std::string id : {"1", "2", "3", "4", "5", "6", "7", "8", "9"})
            items.push_back(bin.remove({"public", "root"}, {id}, {}, {}).item->id);
        bin.purge(items[8], {});
    }
    std::future<Outcome> purging(std::size_t at, const std::string& id,
                                 std::optional<long long> expect = {}) {
        return std::async(std::launch::async, [this, at, id, expect] {
            Outcome out;
            try {
                out.purged = bin.purge(items[at], actor(id), {.expect = expect});
            } catch (const trash::GoneError&) {
                out.gone = true;
            } catch (const trash::UnexpectedCount&) {
                out.unexpected = true;
            } catch (const Error& error) {
                out.error = error.what();
            }
            return out;
        });
    }
    std::string group(std::size_t at) { return items[at].substr(0, 35) + "0"; }
    void check_purged(std::size_t at, const std::string& id, const Outcome& out) {
        CAPTURE(id);
        REQUIRE(out.error == "");
        CHECK(out.purged.rows == 5);
        CHECK(out.purged.whole);
        const auto entry = out.purged.receipt.substr(0, out.purged.receipt.find('-'));
        CHECK(value("SELECT concat_ws('|', action, by, reason, request_id, address, object_id,"
                    " group_uuid, counts, table_name) FROM trashd.ledger WHERE id = " +
                    entry) == "purged|by " + id + "|because of " + id + "|request " + id +
                                  "|10.0.0." + id + "|" + std::to_string(at + 1) + "|" + group(at) +
                                  R"(|{"public.root": 1, "public.child": 4}|root)");
        CHECK(trash::has_receipt(*own.operator->(), "trashd", out.purged.receipt));
        CHECK(value("SELECT concat_ws('|', state, ended_by, ended_at IS NOT NULL, (SELECT count(*)"
                    " FROM trashd.item i WHERE i.group_id = g.id)) FROM trashd.trash_group g"
                    " WHERE uuid = '" +
                    group(at) + "'") == "purged|by " + id + "|t|0");
    }

    std::vector<std::string> items;
};

}  // namespace

TEST_CASE_FIXTURE(Purging, "purges that share a statement have each its own entry and receipt") {
    force(3);
    auto first = purging(0, "1"), second = purging(1, "2", 5), third = purging(2, "3");
    check_purged(0, "1", first.get());
    check_purged(1, "2", second.get());
    check_purged(2, "3", third.get());
    CHECK(transactions("by LIKE 'by %'") == "1 of 3");
    CHECK(value("SELECT count(DISTINCT group_id) || ' ' || count(*) FROM trashd.item") == "5 25");
}

TEST_CASE_FIXTURE(Purging, "a purge that is refused, or too late, is so by itself") {
    other->script("BEGIN; SELECT FROM trashd.trash_group WHERE uuid = '" + group(3) +
                  "' FOR UPDATE");
    force(6);
    auto first = purging(0, "1"), again = purging(0, "1"), gone = purging(8, "9"),
         unexpected = purging(1, "2", 4), held = purging(3, "4"), last = purging(2, "3");
    std::vector<Outcome> both{first.get(), again.get()};
    std::ranges::sort(both, {}, &Outcome::gone);
    check_purged(0, "1", both[0]);
    CHECK(both[1].gone);
    CHECK(gone.get().gone);
    CHECK(unexpected.get().unexpected);
    check_purged(2, "3", last.get());
    CHECK(value("SELECT count(*) FROM trashd.ledger WHERE by LIKE 'by %'") == "2");
    other->script("COMMIT");
    check_purged(3, "4", held.get());
    CHECK(value("SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed'") == "5");
}

TEST_CASE_FIXTURE(Purging, "purges share nothing where triggers are to be told of each") {
    own->script(R"(CREATE TABLE told (action text, by text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
  INSERT INTO told VALUES (current_setting('trashd.action'), current_setting('trashd.principal'));
  RETURN NULL; END$$;
CREATE TRIGGER tell AFTER UPDATE ON trashd.trash_group FOR EACH ROW EXECUTE FUNCTION tell())");
    force(2);
    auto first = purging(0, "1"), second = purging(1, "2");
    check_purged(0, "1", first.get());
    check_purged(1, "2", second.get());
    CHECK(value("SELECT string_agg(concat_ws(' ', action, by), ',' ORDER BY by) FROM told") ==
          "purge by 1,purge by 2");
}

namespace {

struct Restoring : Together {
    struct Outcome {
        trash::Restored restored;
        std::string error;
        bool gone = false, conflicted = false;
    };
    Restoring() {
        own->script(
            R"(CREATE TABLE note (id int PRIMARY KEY, leaf int REFERENCES leaf, code text UNIQUE,
  twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO note SELECT n, n, 'code ' || n FROM generate_series(1, 9) n)");
        before = copy_of_all_tables(*own.operator->());
        for (const std::string table : {"leaf", "note"})  // its function is made
            for (int again = 0; again < 3; ++again)
                bin.restore(remove(table, table == "leaf" ? "99" : "9"), {}, {});
        for (const std::string id : {"1", "2", "3", "4"}) items.push_back(remove("note", id));
        for (const std::string id : {"51", "52"}) items.push_back(remove("leaf", id));
    }
    std::string remove(const std::string& table, const std::string& id) {
        return bin.remove({"public", table}, {id}, {}, {}).item->id;
    }
    std::future<Outcome> restoring(std::size_t at, const std::string& id) {
        return std::async(std::launch::async, [this, at, id] {
            Outcome out;
            try {
                out.restored = bin.restore(items[at], {}, actor(id));
            } catch (const trash::GoneError&) {
                out.gone = true;
            } catch (const trash::Conflicted&) {
                out.conflicted = true;
            } catch (const Error& error) {
                out.error = error.what();
            }
            return out;
        });
    }
    std::string group(std::size_t at) { return items[at].substr(0, 35) + "0"; }
    void check_back(std::size_t at, const std::string& id, const Outcome& out) {
        const std::string table = at < 4 ? "note" : "leaf";
        const auto row = at < 4 ? std::to_string(at + 1) : std::to_string(at + 47);
        CAPTURE(id);
        REQUIRE(out.error == "");
        CHECK_FALSE(out.gone);
        CHECK(out.restored.restored == 1);
        CHECK(out.restored.group_id == group(at));
        CHECK(out.restored.root_id == row);
        CHECK(out.restored.root_table.name == table);
        REQUIRE(out.restored.entries.size() == 1);
        CHECK(value("SELECT concat_ws('|', action, by, reason, request_id, address, object_id,"
                    " group_uuid, counts, table_name) FROM trashd.ledger WHERE id = " +
                    out.restored.entries[0]) ==
              "restored|by " + id + "|because of " + id + "|request " + id + "|10.0.0." + id + "|" +
                  row + "|" + group(at) + "|{\"public." + table + "\": 1}|" + table);
        CHECK(value("SELECT concat_ws('|', state, ended_by, ended_at IS NOT NULL, (SELECT count(*)"
                    " FROM trashd.item i WHERE i.group_id = g.id)) FROM trashd.trash_group g"
                    " WHERE uuid = '" +
                    group(at) + "'") == "restored|by " + id + "|t|0");
    }

    std::string before;
    std::vector<std::string> items;
};

}  // namespace

TEST_CASE_FIXTURE(Restoring, "restores that share a statement have each its own entry and undo") {
    force(4);
    auto first = restoring(0, "1"), second = restoring(1, "2"), third = restoring(4, "3"),
         fourth = restoring(5, "4");
    check_back(0, "1", first.get());
    const auto back = second.get();
    check_back(1, "2", back);
    check_back(4, "3", third.get());
    check_back(5, "4", fourth.get());
    CHECK(transactions("by LIKE 'by %'") == "1 of 4");
    bin.set_batches({});
    CHECK(bin.undo(back.restored.entries[0], {}, {}).trashed == 1);
    CHECK(value("SELECT count(*) FROM note WHERE id IN (1, 2)") == "1");
    for (const std::size_t at : {1, 2, 3}) bin.restore(items[at], {}, {});
    CHECK((copy_of_all_tables(*own.operator->()) == before));
}

TEST_CASE_FIXTURE(Restoring, "a restore that is refused, or too late, is so by itself") {
    own->exec("INSERT INTO note VALUES (20, NULL, 'code 2')");
    force(5);
    auto first = restoring(0, "1"), again = restoring(0, "1"), conflicted = restoring(1, "2"),
         third = restoring(2, "3"), leaf = restoring(4, "4");
    std::vector<Outcome> both;
    both.push_back(first.get());
    both.push_back(again.get());
    std::ranges::sort(both, {}, &Outcome::gone);
    check_back(0, "1", both[0]);
    CHECK(both[1].gone);
    CHECK(conflicted.get().conflicted);
    check_back(2, "3", third.get());
    check_back(4, "4", leaf.get());
    CHECK(value("SELECT count(*) FROM trashd.ledger WHERE by LIKE 'by %'") == "3");
}

TEST_CASE_FIXTURE(Restoring, "a restore that has to wait for a parent keeps nobody else waiting") {
    other->script("BEGIN; SELECT FROM leaf WHERE id = 2 FOR UPDATE");
    force(3);
    auto first = restoring(0, "1"), held = restoring(1, "2"), third = restoring(2, "3");
    check_back(0, "1", first.get());
    check_back(2, "3", third.get());
    CHECK(value("SELECT count(*) FROM note WHERE id = 2") == "0");
    other->script("COMMIT");
    check_back(1, "2", held.get());
}

namespace {

// Commits wait for a standby that never comes, and a backend that is ended while it waits has
// committed all the same.
struct AnswersLost : Together {
    AnswersLost() {
        own->exec("SET synchronous_commit = local");
        other->exec("SET synchronous_commit = local");
        plan();
        own->exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        own->exec("SELECT pg_reload_conf()");
        await("SELECT current_setting('synchronous_standby_names') = 'nobody'");
    }
    ~AnswersLost() {
        own->exec("ALTER SYSTEM RESET synchronous_standby_names");
        own->exec("SELECT pg_reload_conf()");
    }
};

}  // namespace

TEST_CASE_FIXTURE(AnswersLost, "a batch whose answer is lost behind its commit is unknown to all") {
    force(3);
    auto all = removing({"1", "2", "3"});
    await(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = "
        "current_database()");
    value(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
        "AND datname = current_database()");
    for (auto& one : all) CHECK(one.get().unknown);
    CHECK(value("SELECT count(*) FROM leaf WHERE id < 4") == "0");
    CHECK(value("SELECT string_agg(object_id, ',' ORDER BY object_id) FROM trashd.item"
                " WHERE object_id <> '100'") == "1,2,3");
    CHECK(transactions("by LIKE 'by %'") == "1 of 3");
}

namespace {

constexpr int kRaced = 40;

// Threads delete, restore, purge and insert few rows, or take them along with what they refer to;
// SQL changes and locks them meanwhile. Then each is in one place, and each delete that was
// answered is written down as its own.
struct Raced : Together {
    struct Made {
        std::string id, by, entry, group;
    };
    Raced() {
        own->script(R"(CREATE TABLE folder (id int PRIMARY KEY);
INSERT INTO folder SELECT n FROM generate_series(1, 4) n;
ALTER TABLE leaf ADD folder int REFERENCES folder ON DELETE CASCADE;
UPDATE leaf SET folder = 1 + id % 4 WHERE id <= 20)");
        plan();
    }
    // What may happen to who comes too late, or behind a connection that was lost.
    bool expected(const Error& error) const {
        const bool lost = killing && error.code() == Code::kUnavailable;
        return lost || error.code() == Code::kNotFound ||
               dynamic_cast<const trash::GoneError*>(&error) != nullptr ||
               dynamic_cast<const trash::Conflicted*>(&error) != nullptr;
    }
    template <typename Work>
    void attempt(Work work) {
        try {
            work();
        } catch (const Error& error) {
            if (expected(error)) return;
            const std::lock_guard lock(mutex);
            faults.emplace_back(error.what());
        }
    }
    void step(std::minstd_rand& random, const std::string& name, int n) {
        const std::string table = random() % 8 == 0 ? "folder" : "leaf";
        const auto id = std::to_string(1 + random() % (table == "leaf" ? kRaced : 4));
        auto me = actor(id);
        me.by = name + " " + std::to_string(n);
        trash::DeleteResult deleted;
        attempt([&] { deleted = bin.remove({"public", table}, {id}, {}, me); });
        if (!deleted.item) return;
        if (!deleted.already) {
            const std::lock_guard lock(mutex);
            made.push_back({id, me.by, deleted.entry, deleted.item->group_id});
        }
        const auto next = random() % 6;
        if (next == 0 && table == "leaf" && deleted.item->root)
            attempt([&] {
                bin.purge(deleted.item->id, me);
                pool.lease().connection().exec("INSERT INTO leaf VALUES ($1, 'new')", {id});
            });
        if (next > 1) attempt([&] { bin.restore(deleted.item->id, {}, me); });
    }
    void change(const std::string& url) {
        TestConnection sql(url);
        std::minstd_rand random(7);
        while (!over) {
            const auto id = std::to_string(1 + random() % kRaced);
            sql->script("BEGIN; UPDATE leaf SET tag = tag || '+' WHERE id = " + id +
                        "; SELECT pg_sleep(0.002); COMMIT");
            if (!killing) continue;
            sql->exec(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                "current_database() AND pid NOT IN (pg_backend_pid(), $1) AND state = "
                "'active' AND query LIKE '%trashd%' LIMIT 1",
                {own.value("SELECT pg_backend_pid()")});
        }
    }
    void race(int threads, int steps) {
        auto changing = std::async(std::launch::async, [&] { change(database.url()); });
        std::vector<std::thread> all;
        for (int thread = 0; thread < threads; ++thread)
            all.emplace_back([&, thread] {
                std::minstd_rand random(static_cast<unsigned>(thread * 77 + 5));
                for (int n = 0; n < steps; ++n) step(random, std::to_string(thread), n);
            });
        for (auto& one : all) one.join();
        over = true;
        changing.get();
        over = false;
    }
    void check_places() {
        CHECK(value("SELECT string_agg(id || ' ' || n, ',') FROM (SELECT x.id, count(*) AS n"
                    " FROM (SELECT 'leaf ' || id FROM leaf UNION ALL SELECT 'folder ' || id FROM"
                    " folder UNION ALL SELECT s.table_name || ' ' || i.object_id FROM trashd.item i"
                    " JOIN trashd.shape s ON s.id = i.shape) x(id) GROUP BY 1"
                    " HAVING count(*) <> 1) y") == "NULL");
        CHECK(value("SELECT string_agg(g.uuid::text, ',') FROM trashd.trash_group g WHERE g.size <>"
                    " (SELECT count(*) FROM trashd.item i WHERE i.group_id = g.id) AND"
                    " g.state = 'trashed'") == "NULL");
        for (const auto& what : faults) FAIL_CHECK(what);
    }
    void check() {
        check_places();
        CHECK(value("SELECT (SELECT count(*) FROM leaf) + (SELECT count(*) FROM folder) +"
                    " (SELECT count(*) FROM trashd.item)") == "104");
        for (const auto& one : made) {
            const auto entry = value(
                "SELECT concat_ws('|', action, by, reason, address, object_id,"
                " group_uuid) FROM trashd.ledger WHERE id = " +
                one.entry);
            CHECK(entry == "trashed|" + one.by + "|because of " + one.id + "|10.0.0." + one.id +
                               "|" + one.id + "|" + one.group);
        }
        CHECK(value("SELECT count(*) FROM trashd.ledger WHERE action = 'trashed'") ==
              std::to_string(made.size() + 1));
    }

    std::mutex mutex;
    std::vector<Made> made;
    std::vector<std::string> faults;
    std::atomic<bool> over = false;
    bool killing = false;
};

}  // namespace

TEST_CASE_FIXTURE(Raced,
                  "rows over which batches race are in one place, and who did what is kept") {
    for (const trash::BatchLimits& limits :
         {trash::BatchLimits{}, trash::BatchLimits{.most = 3, .leaders = 2},
          trash::BatchLimits{.least = 2, .patience = std::chrono::milliseconds(2)},
          trash::BatchLimits{.least = 12, .patience = std::chrono::milliseconds(5)}}) {
        bin.set_batches(limits);
        race(12, 24);
        check();
    }
    // Restores meet by chance alone here; that they share a statement is tried where they must.
    CHECK(value("SELECT count(*) > count(DISTINCT xmin::text) FROM trashd.ledger"
                " WHERE action = 'trashed'") == "t");
}

TEST_CASE_FIXTURE(Raced, "rows whose batches lose their backends are in one place all the same") {
    killing = true;
    for (const std::size_t least : {1, 6}) {
        bin.set_batches({.least = least, .patience = std::chrono::milliseconds(3)});
        race(12, 24);
        check_places();
    }
}
