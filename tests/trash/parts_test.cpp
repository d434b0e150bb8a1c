// Groups that come back, or are purged, part by part.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>

#include "tests/trash/guarded.hpp"
#include "trash/model/group.hpp"
#include "trash/model/statistics.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr const char* kTree = R"(
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE,
                   parent int REFERENCES task ON DELETE CASCADE, title text);
CREATE TABLE hour (id int PRIMARY KEY, task int NOT NULL REFERENCES task ON DELETE CASCADE);
CREATE TABLE mark (id int PRIMARY KEY, task int REFERENCES task ON DELETE SET NULL);
INSERT INTO project VALUES (1, 'One'), (2, 'Two');
INSERT INTO task SELECT i, 1 + (i > 8)::int, CASE WHEN i IN (2, 3) THEN 1 WHEN i = 4 THEN 2 END,
    'task ' || i FROM generate_series(1, 10) i;
INSERT INTO hour SELECT i, 1 + (i - 1) / 2 FROM generate_series(1, 16) i;
INSERT INTO mark SELECT i, i FROM generate_series(1, 8) i;
)";

using Names = std::vector<schema::QualifiedName>;

struct Parts : Guarded {
    explicit Parts(const std::string& script = kTree) : Guarded(script) {}

    // The item of a row that lies in the trash.
    std::string item(const std::string& table, const std::string& id) {
        return bin.find({"public", table}, {id}, false)->id;
    }
    trash::Restored only(const std::string& root, const std::vector<std::string>& items,
                         trash::Choice otherwise = trash::Choice::kFail) {
        trash::RestoreOptions options;
        options.choices.only = items;
        options.choices.otherwise = otherwise;
        return bin.restore(root, options, {});
    }
    trash::Restored leave_out(const std::string& root, const std::string& table,
                              const std::string& id) {
        trash::RestoreOptions options;
        options.choices.resolve = {{{{"public", table}, id}, "", trash::Choice::kLeaveOut}};
        return bin.restore(root, options, {});
    }
    long long purge(const std::string& item) {
        trash::PurgeOptions options;
        options.only_member = true;
        return bin.purge(item, {}, options).rows;
    }
    // Undoes one of the entries of the ledger, where that can be.
    void undo_any(unsigned number) {
        const auto entries = std::stoul(value("SELECT max(id) FROM trashd.ledger"));
        try {
            bin.undo(std::to_string(1 + number % entries), {}, {});
        } catch (const Error& error) {
            const auto code = error.code();
            REQUIRE((code == Code::kGone || code == Code::kChanged || code == Code::kConflict ||
                     code == Code::kRestoreConflict));
        }
    }
    std::string live(const std::string& table) {
        return value("SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM " + table);
    }
    std::string trashed(const std::string& table) {
        return value(
            "SELECT coalesce(string_agg(i.object_id, ' ' ORDER BY i.object_id::int), '') "
            "FROM trashd.item i JOIN trashd.shape s ON s.id = i.shape WHERE s.table_name "
            "= '" +
            table + "'");
    }
    std::vector<trash::Item> roots() {
        std::vector<trash::Item> out;
        trash::ItemQuery asked;
        asked.filter.root = true;
        bin.list(asked, [&](const trash::Item& item) { out.push_back(item); });
        return out;
    }
    std::string group() {
        return value(
            "SELECT state || ' ' || size || ' ' || links || ' ' || (SELECT count(*) FROM "
            "trashd.item i WHERE i.group_id = g.id) || ' ' || (SELECT count(*) FROM "
            "trashd.link l WHERE l.group_id = g.id) || ' ' || (SELECT sum(c) FROM "
            "unnest(g.counts) c) FROM trashd.trash_group g ORDER BY id LIMIT 1");
    }
    static std::string text_of(const std::vector<trash::ReferenceCount>& counts) {
        std::string text;
        for (const auto& one : counts)
            text += one.table.name + " " + std::to_string(one.count) + " " +
                    one.constraint.value_or("-") + "; ";
        return text;
    }
    // What hangs on the item, in the order of names.
    std::string members(const std::string& item) {
        std::vector<std::string> all;
        trash::ItemQuery asked;
        asked.filter.parent = item;
        bin.list(asked, [&](const trash::Item& one) {
            all.push_back(one.table.name + " " + one.object_id + " " + one.via.value_or("-"));
        });
        std::ranges::sort(all);
        std::string text;
        for (const auto& one : all) text += one + "; ";
        return text;
    }
    // Groups and items of each table.
    std::string counted(std::optional<bool> root) {
        trash::ItemFilter filter;
        filter.root = root;
        std::string text;
        for (const auto& one : bin.facets(filter).tables)
            text += one.table.name + " " + std::to_string(one.groups) + "/" +
                    std::to_string(one.items) + "; ";
        return text;
    }
    std::string refusal(const std::function<void()>& work) {
        const auto before = all();
        std::string said = "nothing";
        try {
            work();
        } catch (const Error& error) {
            said = std::string(code_name(error.code())) + ": " + error.what();
        }
        CHECK((all() == before));
        return said;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Parts, "a member stays in the trash with what hangs on it, and comes later") {
    const auto before = all();
    const auto root = remove("project", "1");
    CHECK(group() == "trashed 25 8 25 8 25");
    const auto restored = leave_out(root, "task", "2");
    CHECK(restored.restored == 1 + 6 + 12);
    CHECK(restored.left == 6);
    CHECK(restored.relinked == 6);
    CHECK(live("task") == "1 3 5 6 7 8 9 10");
    CHECK(trashed("task") == "2 4");
    CHECK(trashed("hour") == "3 4 7 8");
    CHECK(group() == "trashed 6 2 6 2 6");
    REQUIRE(roots().size() == 1);
    CHECK(roots()[0].object_id == "2");
    CHECK(roots()[0].group_size == 6);
    CHECK(roots()[0].partly);
    const auto rest = bin.restore(roots()[0].id, {}, {});
    CHECK(rest.restored == 6);
    CHECK(rest.root_id == "2");
    CHECK(rest.relinked == 2);
    CHECK((all() == before));
    CHECK(group().starts_with("restored"));
    CHECK(value("SELECT string_agg(action, ' ' ORDER BY id) FROM trashd.ledger") ==
          "trashed restored restored");
}

TEST_CASE_FIXTURE(Parts, "members alone come back where what they need is there") {
    const auto before = all();
    const auto root = remove("task", "1");
    CHECK(refusal([&] {
              only(root, {item("task", "4")});
          }).starts_with("restore-conflict: the group cannot go back as it is: 1 conflict"));
    const auto restored = only(root, {item("task", "4")}, trash::Choice::kAncestors);
    CHECK(restored.restored == 1 + 2 + 1 + 1);  // 4, its hours, 2 and 1 alone
    CHECK(live("task") == "1 2 4 5 6 7 8 9 10");
    CHECK(trashed("task") == "3");
    CHECK(trashed("hour") == "1 2 3 4 5 6");
    CHECK(roots().size() == 5);
    CHECK(std::ranges::all_of(roots(), [](const auto& one) { return one.partly; }));
    CHECK(bin.restore(roots()[0].id, {}, {}).restored == 7);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Parts, "an item that is back already is gone, and others of its group are not") {
    const auto root = remove("project", "1");
    const auto six = item("task", "6"), hour = item("hour", "11");
    leave_out(root, "task", "5");
    CHECK(refusal([&] { bin.item(six, true); }).starts_with("gone: the TrashItem was restored"));
    CHECK(refusal([&] { bin.restore(hour, {}, {}); }).starts_with("gone: "));
    CHECK(refusal([&] { only(item("task", "5"), {six}); }).starts_with("gone: "));
    CHECK(bin.item(item("task", "5"), true).root);
    CHECK(bin.tables_of(item("hour", "9")).item == schema::QualifiedName{"public", "hour"});
}

TEST_CASE_FIXTURE(Parts, "a part is purged and the rest comes back") {
    const auto root = remove("project", "1");
    const auto two = item("task", "2"), hour = item("hour", "7");
    CHECK(purge(two) == 6);
    CHECK(group() == "trashed 19 6 19 6 19");
    CHECK(refusal([&] { bin.item(hour, true); }).starts_with("gone: the TrashItem was purged"));
    REQUIRE(roots().size() == 1);
    CHECK(roots()[0].object_id == "1");
    CHECK(bin.restore(root, {}, {}).restored == 19);
    CHECK(live("task") == "1 3 5 6 7 8 9 10");
    CHECK(value("SELECT string_agg(action || (counts->>'public.hour'), ' ' ORDER BY id) FROM "
                "trashd.ledger") == "trashed16 purged4 restored12");
}

TEST_CASE_FIXTURE(Parts, "purging the root's member purges all of the group") {
    const auto root = remove("project", "1");
    CHECK(purge(root) == 25);
    CHECK(group().starts_with("purged"));
}

TEST_CASE_FIXTURE(Parts, "only refuses what it cannot mean") {
    const auto root = remove("project", "1");
    const auto other = remove("project", "2");
    CHECK(refusal([&] { only(root, {}); }).starts_with("bad-request: 'only' names nothing"));
    CHECK(refusal([&] { only(root, {other}); }).starts_with("bad-request: 'only' names " + other));
    CHECK(refusal([&] { leave_out(root, "project", "1"); }) ==
          "bad-request: all of the group is left out; nothing would come back");
}

TEST_CASE_FIXTURE(Parts, "whatever is in the way is left out, and the others come back") {
    const auto before = all();
    const auto root = remove("project", "1");
    sql("INSERT INTO task VALUES (2, 2, NULL, 'in the way'), (7, 2, NULL, 'in the way')");
    trash::RestoreOptions options;
    options.choices.otherwise = trash::Choice::kLeaveOut;
    const auto restored = bin.restore(root, options, {});
    CHECK(restored.left == 9);
    CHECK(trashed("task") == "2 4 7");
    CHECK(roots().size() == 2);
    sql("DELETE FROM task WHERE title = 'in the way'");
    CHECK(bin.restore(roots()[0].id, {}, {}).restored == 9);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Parts, "a dry run of a part changes nothing") {
    const auto root = remove("project", "1");
    const auto before = all();
    trash::RestoreOptions options;
    options.dry_run = true;
    options.choices.only = {{item("task", "2")}};
    options.choices.otherwise = trash::Choice::kAncestors;
    CHECK(bin.restore(root, options, {}).restored == 6 + 2);
    CHECK((all() == before));
}

TEST_CASE_FIXTURE(Parts, "a changed member that is left out stays as it was") {
    const auto before = all();
    const auto root = remove("project", "1");
    trash::RestoreOptions options;
    options.choices.resolve = {{{{"public", "task"}, "2"}, "", trash::Choice::kLeaveOut}};
    options.choices.set = {{{{"public", "task"}, "4"}, {"title"}, R"({"title": "x"})"},
                           {{{"public", "task"}, "6"}, {"title"}, R"({"title": "y"})"}};
    CHECK(bin.restore(root, options, {}).changed.size() == 1);
    CHECK(value("SELECT title FROM task WHERE id = 6") == "y");
    CHECK(bin.restore(roots()[0].id, {}, {}).restored == 6);
    CHECK(value("SELECT title FROM task WHERE id = 4") == "task 4");
}

TEST_CASE_FIXTURE(Parts, "a group of which a part is back tells what is left of it") {
    leave_out(remove("project", "1"), "task", "2");
    const auto top = roots().at(0);
    const auto left = bin.group(top.group_id, {});
    CHECK(left.root.id == top.id);
    CHECK(left.root.partly);
    CHECK(left.root.group_size == 6);
    CHECK(left.tables == Names{{"public", "task"}, {"public", "hour"}});
    CHECK(text_of(left.counts) == "task 1 -; task 1 task_parent_fkey; hour 4 hour_task_fkey; ");
    CHECK(text_of(left.links) == "mark 2 mark_task_fkey; ");
    CHECK(members(top.id) ==
          "hour 3 hour_task_fkey; hour 4 hour_task_fkey; task 4 "
          "task_parent_fkey; ");
    CHECK(members(item("task", "4")) == "hour 7 hour_task_fkey; hour 8 hour_task_fkey; ");
    CHECK(counted({}) == "hour 1/4; task 1/2; ");
    CHECK(counted(true) == "task 1/1; ");
    CHECK(counted(false) == "hour 1/4; task 1/1; ");
    bin.restore(top.id, {}, {});
    const auto ended = bin.group(top.group_id, {});
    CHECK(ended.state == "restored");
    CHECK(text_of(ended.counts).starts_with("task 2 "));
}

TEST_CASE_FIXTURE(Parts, "each of the topmost items of a group is a root, and the group is one") {
    const auto root = remove("task", "1");
    only(root, {item("task", "4")}, trash::Choice::kAncestors);
    REQUIRE(roots().size() == 5);
    CHECK(counted(true) == "hour 1/4; task 1/1; ");
    CHECK(counted(false) == "hour 1/2; ");
    CHECK(members(item("task", "3")) == "hour 5 hour_task_fkey; hour 6 hour_task_fkey; ");
    CHECK(members(item("hour", "1")) == "");
    CHECK(text_of(bin.group(roots()[0].group_id, {}).counts) ==
          "task 1 -; hour 4 -; hour 2 hour_task_fkey; ");
    const auto meant = bin.count_groups({});
    CHECK(meant.groups == 1);
    CHECK(meant.items == 7);
    const auto emptied = bin.empty({}, {});
    CHECK(emptied.groups == 1);
    CHECK(emptied.items == 7);
    CHECK(group() == "purged 7 1 0 0 7");
    CHECK(refusal([&] { bin.item(root, true); }).starts_with("gone: the TrashItem was restored"));
    CHECK(value("SELECT string_agg(action || ' ' || counts::text, '; ' ORDER BY id) FROM "
                "trashd.ledger") ==
          "trashed {\"public.hour\": 8, \"public.task\": 4}; restored {\"public.hour\": 2, "
          "\"public.task\": 3}; purged {\"public.hour\": 6, \"public.task\": 1}");
}

// Random restores and purges of parts: each row is exactly once live, in the trash, or purged on
// record, and what is live is as it was.
TEST_CASE("whatever parts come back and go, each row is in one place") {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Parts db;
        db.sql(
            "CREATE TABLE kept AS SELECT 'task' AS kind, id, t::text AS row FROM task t UNION ALL "
            "SELECT 'hour', id, t::text FROM hour t UNION ALL SELECT 'project', id, t::text "
            "FROM project t; CREATE TABLE marked AS SELECT * FROM mark");
        db.remove("project", "1");
        long long purged = 0;
        for (int step = 0; step < 40; ++step) {
            const auto any = db.lease.connection().exec(
                "SELECT g.uuid, i.ordinal FROM trashd.item i JOIN trashd.trash_group g ON g.id = "
                "i.group_id ORDER BY 1, 2");
            if (any.rows() == 0) break;
            const int row = static_cast<int>(random() % static_cast<unsigned>(any.rows()));
            char ordinal[9];
            std::snprintf(ordinal, sizeof ordinal, "%08llx",
                          static_cast<unsigned long long>(any.integer(row, 1)));
            const auto item = std::string(any.text(row, 0)).substr(0, 28) + ordinal;
            try {
                switch (random() % 7) {
                    case 0:
                        db.only(item, {item});
                        break;
                    case 1:
                        db.only(item, {item}, trash::Choice::kAncestors);
                        break;
                    case 2:
                        db.only(item, {item}, trash::Choice::kLeaveOut);
                        break;
                    case 3:
                        if (random() % 3 == 0) purged += db.purge(item);
                        break;
                    case 4:
                    case 5:
                        db.undo_any(random());
                        break;
                    default:
                        if (random() % 6 == 0) db.bin.restore(item, {}, {});
                }
            } catch (const trash::Conflicted&) {
            } catch (const Error& error) {
                REQUIRE(error.code() == Code::kBadRequest);
            }
            const auto live = std::stoll(db.value(
                "SELECT (SELECT count(*) FROM task) + (SELECT count(*) FROM hour) + (SELECT "
                "count(*) FROM project)"));
            CHECK(live + std::stoll(db.value("SELECT count(*) FROM trashd.item")) + purged == 28);
            CHECK(db.value("SELECT count(*) FROM (SELECT 'task' AS kind, id, t::text AS row FROM "
                           "task t UNION ALL SELECT 'hour', id, t::text FROM hour t UNION ALL "
                           "SELECT 'project', id, t::text FROM project t EXCEPT TABLE kept) x") ==
                  "0");
            CHECK(db.value("SELECT count(*) FROM mark m JOIN marked k USING (id) JOIN task t ON "
                           "t.id = k.task WHERE m.task IS DISTINCT FROM k.task") == "0");
            CHECK(db.value("SELECT count(*) FROM trashd.trash_group g WHERE state = 'trashed' AND "
                           "(size <> (SELECT count(*) FROM trashd.item i WHERE i.group_id = g.id) "
                           "OR links <> (SELECT count(*) FROM trashd.link l WHERE l.group_id = "
                           "g.id))") == "0");
            CHECK(db.value("SELECT count(*) FROM trashd.item WHERE ordinal < 0 OR ordinal > 25") ==
                  "0");
        }
    }
}
