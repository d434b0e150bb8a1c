// Whether groups could come back: found by trying, of which nothing is to be seen but the answer.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/trash/guarded.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTree = R"(
CREATE TABLE project (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE TABLE mark (id int PRIMARY KEY, task int REFERENCES task ON DELETE SET NULL);
INSERT INTO project VALUES (1, 'One'), (2, 'Two');
INSERT INTO task VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO mark VALUES (1, 1), (2, 3);
)";

struct Prover : Guarded {
    explicit Prover(const std::string& script = kTree) : Guarded(script) {}

    // yes, no or nothing, after which only the answer is new; with what the item then says.
    std::string rehearse(const std::string& item, const trash::RehearsalOptions& options = {}) {
        const auto group = bin.item(item, false).group_id;
        sql("TRUNCATE trashd.rehearsal");
        const auto before = all();
        const auto found = bin.rehearse(group, options);
        const auto now = bin.item(item, false);
        CHECK(now.restorable == found);
        CHECK(now.checked_at.has_value() == found.has_value());
        const auto kept = value("SELECT count(*) FROM trashd.rehearsal");
        sql("CREATE TEMP TABLE kept AS SELECT * FROM trashd.rehearsal;"
            "TRUNCATE trashd.rehearsal");
        CHECK((all() == before));
        sql("INSERT INTO trashd.rehearsal SELECT * FROM kept; DROP TABLE kept");
        if (!found) return "nothing, kept " + kept;
        return *found ? "yes" : "no " + now.conflicts.value_or("");
    }
};

}  // namespace

TEST_CASE("a group that can come back is known to, and lies there as before") {
    Prover prover;
    const auto item = prover.remove("project", "1");
    CHECK(prover.bin.item(item, false).restorable == std::nullopt);
    CHECK(prover.rehearse(item) == "yes");
    CHECK(prover.restore(item).restored == 3);
}

TEST_CASE("what is in the way is counted by its kind, and when it is gone that is found, too") {
    Prover prover;
    const auto item = prover.remove("project", "1");
    prover.sql("INSERT INTO project VALUES (7, 'One'); INSERT INTO task VALUES (1, 2)");
    CHECK(
        prover.rehearse(item) ==
        R"(no [{"kind": "primary-key-taken", "count": 1}, {"kind": "unique-taken", "count": 1}])");
    prover.sql("DELETE FROM task WHERE id = 1; DELETE FROM project WHERE id = 7");
    CHECK(prover.rehearse(item) == "yes");
}

TEST_CASE("a group comes back with its ancestors where these lie in the trash, not where not") {
    Prover prover;
    const auto task = prover.remove("task", "1");
    const auto project = prover.remove("project", "1");
    CHECK(prover.rehearse(task) == "yes");
    CHECK(prover.rehearse(task, {2, false}) == "nothing, kept 1");  // three rows in all
    prover.bin.purge(project, {});
    CHECK(prover.rehearse(task) == R"(no [{"kind": "missing-parent", "count": 1}])");
}

TEST_CASE("code of the database's users runs only where it may") {
    Prover prover(std::string(kTree) + "CREATE TABLE log (what text);" +
                  trigger("tell", "AFTER INSERT ON task FOR EACH ROW",
                          "INSERT INTO log VALUES (new.id); RETURN NULL;"));
    const auto item = prover.remove("project", "1");
    CHECK(prover.rehearse(item) == "nothing, kept 1");
    CHECK(prover.rehearse(item, {10000, true}) == "yes");
    CHECK(prover.value("SELECT count(*) FROM log") == "0");
}

TEST_CASE("what was found about a group does not hold for what it has become") {
    Prover prover;
    const auto item = prover.remove("project", "1");
    const auto task = prover.bin.find({"public", "task"}, {"2"}, false)->id;
    CHECK(prover.rehearse(item) == "yes");
    trash::PurgeOptions part;
    part.only_member = true;
    prover.bin.purge(task, {}, part);
    CHECK(prover.bin.item(item, false).restorable == std::nullopt);
    CHECK(prover.rehearse(item) == "yes");
    const auto restored = prover.restore(item);
    prover.bin.undo(restored.entries.front(), {}, {});
    CHECK(prover.bin.item(item, false).restorable == std::nullopt);
}

TEST_CASE("what is in use is left for later, and so is all while another instance tries one") {
    Prover prover;
    const auto item = prover.remove("project", "1");
    const auto group = prover.bin.item(item, false).group_id;
    prover.sql("BEGIN; SELECT pg_advisory_xact_lock(7237892340015)");
    CHECK(prover.bin.rehearse(group, {}) == std::nullopt);
    prover.sql("ROLLBACK; BEGIN; SELECT FROM trashd.trash_group FOR UPDATE");
    schema::Limits limits;
    limits.lock_timeout = std::chrono::milliseconds(50);
    schema::Pool impatient(prover.database.url(), 2, std::chrono::seconds(5), limits);
    trash::Trash other(impatient);
    CHECK(other.rehearse(group, {}) == std::nullopt);
    prover.sql("ROLLBACK");
    CHECK(prover.value("SELECT count(*) FROM trashd.rehearsal") == "0");
    CHECK(other.rehearse(group, {}) == true);
    CHECK(other.rehearse("01890a5d-ac96-774b-bcce-000000000000", {}) == std::nullopt);
    prover.restore(item);
    CHECK(other.rehearse(group, {}) == std::nullopt);
}

TEST_CASE("beside rehearsals rows are deleted and restored as ever") {
    Prover prover;
    std::atomic<bool> over = false;
    std::thread proof([&] {
        while (!over)
            for (const auto& id : {"1", "2"})
                if (const auto item = prover.bin.find({"public", "project"}, {id}, false))
                    prover.bin.rehearse(item->group_id, {});
    });
    std::vector<std::thread> movers;
    std::atomic<int> moved = 0, refused = 0;
    for (const auto* id : {"1", "2"})
        movers.emplace_back([&, id] {
            for (int i = 0; i < 40; ++i) try {
                    const auto item = prover.bin.remove({"public", "project"}, {id}, {}, {}).item;
                    prover.bin.restore(item->id, {}, {});
                    ++moved;
                } catch (const Error&) {
                    ++refused;
                }
        });
    for (auto& mover : movers) mover.join();
    over = true;
    proof.join();
    CHECK(moved == 80);
    CHECK(refused == 0);
    prover.sql("TRUNCATE trashd.rehearsal");
    CHECK(prover.value("SELECT count(*) FROM project") == "2");
    CHECK(prover.value("SELECT count(*) FROM task") == "3");
    CHECK(prover.value("SELECT sum(task) FROM mark") == "4");
    CHECK(prover.value("SELECT count(*) FROM trashd.item") == "0");
}
