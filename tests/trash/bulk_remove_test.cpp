// Many objects in one transaction on a real server: which groups come of it, what is refused, and
// what overlapping requests do to each other.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "schema/error.hpp"
#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project_id int REFERENCES project ON DELETE CASCADE,
                   parent_id int REFERENCES task ON DELETE CASCADE);
CREATE TABLE member (project_id int REFERENCES project ON DELETE CASCADE, person text,
                     PRIMARY KEY (project_id, person));
CREATE TABLE bill (id int PRIMARY KEY, project_id int REFERENCES project, follows int REFERENCES bill);
CREATE TABLE ring (id int PRIMARY KEY, next_id int REFERENCES ring ON DELETE CASCADE);
CREATE INDEX ON task (project_id); CREATE INDEX ON task (parent_id); CREATE INDEX ON bill (project_id);
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, 5) i;
INSERT INTO task SELECT i, 1, NULL FROM generate_series(1, 3) i;
INSERT INTO task SELECT i, NULL, i - 1 FROM generate_series(4, 6) i;
INSERT INTO member SELECT 1, p FROM unnest(ARRAY['ann', 'bob, jr', '50%']) p;
INSERT INTO bill VALUES (1, 5, NULL), (2, 5, 1), (3, 5, 2);
INSERT INTO ring VALUES (1, 2), (2, 3), (3, NULL); UPDATE ring SET next_id = 1 WHERE id = 3;
)";

using Ids = std::vector<std::vector<std::string>>;

struct Fixture {
    // Those that wait for each other do so for as long as a busy machine lets them.
    Fixture()
        : database(kSchema),
          pool(database.url(), 8, kPatience, {kPatience, kPatience}),
          bin(pool),
          sql(database.url()) {}
    trash::BulkResult remove(const std::string& table, const Ids& ids,
                             const trash::BulkOptions& options = {}) {
        return bin.remove_all({"public", table}, {.ids = ids}, options, {});
    }
    long long number(const std::string& query) { return sql->exec(query).integer(0, 0); }
    long long groups() { return number("SELECT count(*) FROM trashd.trash_group"); }

    static constexpr std::chrono::seconds kPatience{60};
    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    TestConnection sql;
};

std::string statuses(const trash::BulkResult& result) {
    std::string text;
    for (const auto& entry : result.entries) text += entry.id + " " + entry.status + "; ";
    return text;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "each object named becomes a group of its own, answered in order") {
    remove("project", {{"3"}});
    const auto result = remove("project", {{"2"}, {"3"}, {"77"}, {"x"}, {"1"}, {"01"}});
    CHECK(statuses(result) ==
          "2 trashed; 3 already-trashed; 77 not-found;  not-found; 1 trashed; 1 trashed; ");
    CHECK(groups() == 3);
    CHECK(result.entries[4].item->group_size == 10);
    CHECK(result.entries[4].item->root);
    CHECK(result.rows == 11);
    CHECK(number("SELECT count(*) FROM project") == 2);
}

TEST_CASE_FIXTURE(Fixture, "a child named with its parent is a member of the parent's group") {
    const auto result = remove("task", {{"6"}, {"2"}, {"3"}, {"5"}});
    CHECK(statuses(result) == "6 trashed; 2 trashed; 3 trashed; 5 trashed; ");
    CHECK(groups() == 2);
    for (int i : {0, 3}) {
        CHECK(result.entries[i].item->group_id == result.entries[2].item->group_id);
        CHECK_FALSE(result.entries[i].item->root);
    }
    CHECK(result.entries[2].item->group_size == 4);
}

TEST_CASE_FIXTURE(Fixture, "of objects that take each other along the first named is the root") {
    const auto result = remove("ring", {{"2"}, {"1"}, {"3"}});
    CHECK(groups() == 1);
    CHECK(result.entries[0].item->root);
    CHECK(number("SELECT count(*) FROM ring") == 0);
    bin.restore(result.entries[1].item->id, {}, {});
    CHECK(number("SELECT count(*) FROM ring") == 3);
}

TEST_CASE_FIXTURE(Fixture, "composite keys with commas and percent signs are found") {
    const auto result = remove("member", {{"1", "bob, jr"}, {"1", "50%"}, {"1"}, {"1", "carl"}});
    CHECK(statuses(result) ==
          "1,bob%2C jr trashed; 1,50%25 trashed;  not-found; 1,carl not-found; ");
    CHECK(number("SELECT count(*) FROM member") == 1);
}

TEST_CASE_FIXTURE(Fixture, "one that is refused keeps all of them, and names everything") {
    try {
        remove("project", {{"1"}, {"5"}});
        FAIL("nothing refused");
    } catch (const trash::Blocked& blocked) {
        REQUIRE(blocked.impact.blockers.size() == 1);
        CHECK(blocked.impact.blockers[0].ids == std::vector<std::string>{"1", "2", "3"});
    }
    CHECK(number("SELECT count(*) FROM project") == 5);
    CHECK(groups() == 0);
}

TEST_CASE_FIXTURE(Fixture, "objects that refuse each other's delete go together in any order") {
    const auto result = remove("bill", {{"2"}, {"1"}, {"3"}});
    CHECK(groups() == 3);
    CHECK(number("SELECT count(*) FROM bill") == 0);
    sql->exec("INSERT INTO bill VALUES (10, NULL, NULL), (11, NULL, 10)");
    sql->exec("UPDATE bill SET follows = 11 WHERE id = 10");
    CHECK_THROWS_AS(remove("bill", {{"10"}, {"11"}}), trash::Blocked);
    CHECK(statuses(remove("bill", {{"10"}, {"11"}}, {.cascade = true})) ==
          "10 trashed; 11 trashed; ");
}

TEST_CASE_FIXTURE(Fixture, "a condition picks live rows only") {
    remove("project", {{"1"}});
    trash::Selection some{.condition = "t.id < $1::int", .params = {"4"}};
    const auto result = bin.remove_all({"public", "project"}, some, {}, {});
    CHECK(statuses(result) == "2 trashed; 3 trashed; ");
    sql->exec("INSERT INTO project SELECT i, '' FROM generate_series(100, 1200) i");
    some.params = {"99999"};
    CHECK_THROWS_WITH_AS(bin.remove_all({"public", "project"}, some, {}, {}),
                         doctest::Contains("narrow"), Error);
    CHECK(groups() == 3);
}

TEST_CASE_FIXTURE(Fixture, "hard deletes live rows, purges roots, and refuses members") {
    const auto first = remove("project", {{"2"}, {"1"}});
    CHECK(statuses(remove("project", {{"2"}, {"3"}, {"9"}}, {.hard = true})) ==
          "2 deleted; 3 deleted; 9 not-found; ");
    CHECK_THROWS_AS(bin.item(first.entries[0].item->id, false), trash::GoneError);
    CHECK_THROWS_AS(remove("task", {{"1"}}, {.hard = true}), trash::NotRoot);
    CHECK(number("SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed'") == 1);
}

TEST_CASE_FIXTURE(Fixture, "the impact of several counts each row once") {
    CHECK(bin.impact_all({"public", "task"}, {.ids = {{"3"}, {"5"}, {"x"}}}, false).total == 4);
    const auto impact = bin.impact_all({"public", "project"}, {.ids = {{"1"}, {"5"}}}, false);
    CHECK(impact.total == 11);
    CHECK(impact.blockers.size() == 1);
    CHECK(groups() == 0);
}

TEST_CASE_FIXTURE(Fixture, "more rows than asked for are refused before anything changes") {
    CHECK_THROWS_AS(bin.remove({"public", "project"}, {"1"}, {.most = 9}, {}), trash::TooLarge);
    CHECK(groups() == 0);
    CHECK_THROWS_AS(remove("project", {{"2"}, {"3"}}, {.most = 1}), trash::TooLarge);
    CHECK(number("SELECT count(*) FROM project") == 5);
    const auto result = bin.remove({"public", "project"}, {"1"}, {.most = 10}, {});
    CHECK_THROWS_AS(bin.purge(result.item->id, {}, {.most = 9}), trash::TooLarge);
    CHECK_THROWS_AS(bin.restore(result.item->id, {.most = 9}, {}), trash::TooLarge);
    CHECK(bin.restore(result.item->id, {.most = 10}, {}).restored == 10);
}

TEST_CASE_FIXTURE(Fixture, "overlapping bulk deletes and restores wait for each other") {
    sql->script(
        "TRUNCATE project, task, member, bill;"
        "INSERT INTO task SELECT i, NULL, CASE WHEN i > 8 THEN i / 2 END FROM generate_series(1, "
        "64) i");
    std::atomic<int> failed = 0;
    auto client = [&](unsigned seed) {
        std::minstd_rand random(seed);
        for (int turn = 0; turn < 10; ++turn) {
            Ids ids;
            for (int i = 0; i < 12; ++i) ids.push_back({std::to_string(1 + random() % 64)});
            try {
                const auto result = remove("task", ids);
                for (const auto& entry : result.entries) {
                    if (entry.status != "trashed" || !entry.item->root) continue;
                    try {
                        bin.restore(entry.item->id, {.with_ancestors = true}, {});
                    } catch (const trash::GoneError&) {   // another one was first
                    } catch (const trash::Conflicted&) {  // or took the parent meanwhile
                    }
                }
            } catch (const Error& error) {
                ++failed;
                const std::string what = error.what();
                MESSAGE(what);
            }
        }
    };
    std::vector<std::thread> clients;
    for (unsigned i = 1; i <= 6; ++i) clients.emplace_back(client, i);
    for (auto& one : clients) one.join();
    CHECK(failed == 0);
    CHECK(number("SELECT count(*) FROM task") + number("SELECT count(*) FROM trashd.item") == 64);
    CHECK(number("SELECT count(*) FROM (SELECT id::text FROM task UNION SELECT object_id FROM "
                 "trashd.item) s") == 64);
}
