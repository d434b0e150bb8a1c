// Deletes, restores and purges against everything that others may do to the same rows meanwhile.
// Each row has a tag of its own and counts its updates: in the end each is exactly where it should
// be, as it was last. TRASHD_OPERATIONS sets the number of operations.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "tests/support/database.hpp"
#include "tests/trash/race_graph.hpp"
#include "trash/capture/capture.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

constexpr std::size_t kThreads = 12, kMostTags = 400000;
constexpr int kPhases = 3;
class Race {
  public:
    // captured: plain deletes go into the trash, too, and may take others along.
    explicit Race(bool captured)
        : captured_(captured),
          database_(kGraph),
          pool_(database_.url(), 10, std::chrono::seconds(30)),
          bin_(pool_),
          own_(database_.url()) {
        own_->script(kAudit);
        if (!captured_) return;
        for (const auto& table : kTables) trash::Capture(bin_).on({{"public", table}});
    }
    void run(int operations);
    void watch();
    void check();
    void check_references();
    void restore_all();
    std::string figures();

  private:
    using Random = std::minstd_rand;
    struct Worker {
        Worker(const std::string& url, std::size_t number)
            : sql(url), random(static_cast<unsigned>(number * 7919 + 17)) {}
        TestConnection sql;
        Random random;
    };

    static long long below(Random& random, long long end) {
        return std::uniform_int_distribution<long long>(0, end - 1)(random);
    }
    void note(const std::string& what) {
        std::lock_guard<std::mutex> lock(mutex_);
        ++outcomes_[what];
    }
    void fault(const std::string& what) {
        std::lock_guard<std::mutex> lock(mutex_);
        faults_.push_back(what);
    }
    // One of those made lately, so that workers meet; 0 when there is none.
    long long one(Random& random, Kind kind);
    std::string text(Random& random, Kind kind) { return std::to_string(one(random, kind)); }
    // The same, or the next that was live a moment ago; most statements hit something then.
    std::string live(Random& random, Kind kind) {
        return "(SELECT id FROM " + kTables[kind] + " WHERE id >= " + text(random, kind) +
               " ORDER BY id LIMIT 1)";
    }
    std::string group(Worker& worker);

    bool plain(Worker& worker, const std::string& name, const std::string& sql);
    void calling(const std::string& name, const std::function<void()>& call);
    void step(Worker& worker);
    void plant(Worker& worker);
    void insert(Worker& worker);
    void made(Kind kind, long long id, long long count);
    void change(Worker& worker);
    void reparent(Worker& worker);
    void forget(Worker& worker);
    void alter(Worker& worker);
    void remove(Worker& worker, bool hard);
    void restore(Worker& worker);
    void purge(Worker& worker);
    void look(Worker& worker);
    void check_hard_deletes(const std::set<long long>& lost);

    bool captured_;
    TempDatabase database_;
    schema::Pool pool_;
    trash::Trash bin_;
    TestConnection own_;
    std::mutex mutex_;
    std::map<std::string, long long> outcomes_;
    std::vector<std::string> faults_, groups_;
    std::array<std::vector<long long>, 7> ids_;
    std::atomic<long long> next_ = 1, left_ = 0, columns_ = 0;
    // By tag: whether it was inserted, and deleted by a plain DELETE; how often it was updated.
    std::vector<std::atomic<char>> inserted_ = std::vector<std::atomic<char>>(kMostTags);
    std::vector<std::atomic<char>> deleted_ = std::vector<std::atomic<char>>(kMostTags);
    std::vector<std::atomic<int>> versions_ = std::vector<std::atomic<int>>(kMostTags);
    // By tag: its table; the impulse or task that it was inserted with, and whether that changed.
    std::vector<std::atomic<int>> kinds_ = std::vector<std::atomic<int>>(kMostTags);
    std::vector<std::atomic<long long>> refers_ = std::vector<std::atomic<long long>>(kMostTags);
    std::vector<std::atomic<char>> moved_ = std::vector<std::atomic<char>>(kMostTags);
    std::set<long long> lost_before_;  // the watch began
    bool watching_ = false;
};

long long Race::one(Random& random, Kind kind) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto& ids = ids_[kind];
    if (ids.empty()) return 0;
    const auto span =
        std::min<long long>(static_cast<long long>(ids.size()), kind == kProject ? 5 : 100);
    return ids[ids.size() - 1 - static_cast<std::size_t>(below(random, span))];
}

std::string Race::group(Worker& worker) {
    auto& random = worker.random;
    if (captured_ && below(random, 2) == 0)
        return worker.sql.value(
            "SELECT COALESCE((SELECT overlay(uuid::text PLACING '00000001' FROM 29) FROM "
            "trashd.trash_group WHERE state = 'trashed' ORDER BY random() LIMIT 1), '')");
    std::lock_guard<std::mutex> lock(mutex_);
    if (groups_.empty()) return "";
    const auto span = std::min<long long>(static_cast<long long>(groups_.size()), 25);
    return groups_[groups_.size() - 1 - static_cast<std::size_t>(below(random, span))];
}

// A statement of the others: it may fail for what the trash did, and change no row then.
bool Race::plain(Worker& worker, const std::string& name, const std::string& sql) {
    try {
        const auto done = worker.sql->exec(sql);
        note(done.affected() > 0 || name == "alter" ? name : name + " of nothing");
        for (int row = 0; row < done.rows(); ++row) {
            const auto tag = static_cast<std::size_t>(done.integer(row, 0));
            if (name == "insert") inserted_[tag] = 1, refers_[tag] = done.integer(row, 1);
            if (name == "delete" && !captured_) deleted_[tag] = 1;
            if (name == "update" || name == "re-parent") ++versions_[tag];
            if (name == "re-parent") moved_[tag] = 1;
        }
        return done.affected() > 0;
    } catch (const Error& error) {
        const std::string state = error.sql() ? error.sql()->sqlstate : "";
        if (state != "23502" && state != "23503" && state != "23505" && state != "40P01" &&
            state != "55P03" && (state != "55000" || !captured_)) {
            fault(name + ": " + state + " " + error.what());
        }
        note(name + " refused with " + state);
        return false;
    }
}

// Of the trash only refusals that say why may come; deadlocks and timeouts are its own affair.
void Race::calling(const std::string& name, const std::function<void()>& call) {
    try {
        call();
        note(name);
    } catch (const trash::Conflicted& error) {
        const auto& first = error.conflicts.at(0);
        note(name + " in conflict: " + first.kind);
        if (first.id.empty()) fault(name + " names no row: " + first.constraint + first.detail);
    } catch (const trash::GoneError&) {
        note(name + " gone");
    } catch (const trash::NotRoot&) {
        note(name + " of a member");
    } catch (const Error& error) {
        if (error.code() == Code::kNotFound) return note(name + " not found");
        fault(name + ": " + std::string(code_name(error.code())) + " " +
              (error.sql() ? error.sql()->sqlstate + " " + error.sql()->message : "") + " " +
              error.what());
    }
}

void Race::made(Kind kind, long long id, long long count) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (; count > 0; ++id, --count) {
        ids_[kind].push_back(id);
        kinds_[static_cast<std::size_t>(id)] = kind;
    }
}

void Race::plant(Worker& worker) {
    constexpr long long kSize = 28;
    long long id = next_.fetch_add(kSize);
    if (id + kSize > static_cast<long long>(kMostTags)) return;
    std::string sql = kTree;
    for (auto at = sql.find('$'); at != std::string::npos; at = sql.find('$', at))
        sql.replace(at, 1, std::to_string(id));
    if (!plain(worker, "insert", sql)) return;
    for (const auto& [kind, count] : kOfTree) {
        made(kind, id, count);
        id += count;
    }
}

void Race::insert(Worker& worker) {
    auto& random = worker.random;
    static constexpr Kind kKinds[] = {kTask,   kTask,   kTask,    kTask,   kTask,       kRecord,
                                      kRecord, kRecord, kImpulse, kMember, kAssignment, kBookmark};
    const Kind kind = kKinds[below(random, std::size(kKinds))];
    const long long id = next_++;
    if (id >= static_cast<long long>(kMostTags)) return;
    const std::string tag = std::to_string(id);
    std::string columns = "id, tag", values = tag + ", " + tag, refers = "NULL";
    if (kind == kTask) {
        const bool child = below(random, 4) != 0;
        columns += child ? ", parent_id" : ", project_id";
        values += ", " + live(random, child ? kTask : kProject);
    } else if (kind == kImpulse) {
        columns += ", project_id";
        values += ", " + live(random, kProject);
    } else if (kind == kRecord) {
        columns += ", task_id, impulse_id";
        values += ", " + live(random, kTask) + ", " + live(random, kImpulse);
        refers = "impulse_id";
    } else if (kind == kMember || kind == kAssignment) {
        if (kind == kMember) columns = "tag", values = tag;
        columns += ", project_id, person";
        values += ", " + live(random, kProject) + ", " + std::to_string(below(random, 4));
    } else if (kind == kBookmark) {
        columns += ", task_id";
        values += ", " + live(random, kTask);
        refers = "task_id";
    }
    if (plain(worker, "insert",
              "INSERT INTO " + kTables[kind] + " (" + columns + ") VALUES (" + values +
                  ") RETURNING tag, " + refers)) {
        made(kind, id, 1);
    }
}

void Race::change(Worker& worker) {
    const auto kind = static_cast<Kind>(below(worker.random, 7));
    plain(worker, "update",
          "UPDATE " + kTables[kind] + " SET version = version + 1 WHERE tag = " +
              text(worker.random, kind) + " RETURNING tag");
}

void Race::reparent(Worker& worker) {
    auto& random = worker.random;
    std::string sql;
    switch (below(random, 6)) {
        case 0:
            sql = "task SET project_id = " + live(random, kProject) + ", parent_id = NULL";
            break;
        case 1:
            sql = "task SET project_id = NULL, parent_id = " + live(random, kTask);
            break;
        case 2:
            sql = "time_record SET task_id = " + live(random, kTask);
            break;
        case 3:
            sql = "time_record SET impulse_id = " + live(random, kImpulse);
            break;
        case 4:
            sql = "impulse SET project_id = " + live(random, kProject);
            break;
        default:
            sql = "bookmark SET task_id = " + live(random, kTask);
    }
    const Kind kind = sql[1] == 'a'   ? kTask
                      : sql[0] == 't' ? kRecord
                      : sql[0] == 'i' ? kImpulse
                                      : kBookmark;
    plain(worker, "re-parent",
          "UPDATE " + sql + ", version = version + 1 WHERE id = " + live(random, kind) +
              " RETURNING tag");
}

// Only rows that nothing hangs on, where they are not captured: a cascade would take others along
// unseen.
void Race::forget(Worker& worker) {
    static constexpr Kind kKinds[] = {kRecord, kAssignment, kBookmark, kImpulse, kProject, kTask};
    const Kind kind = kKinds[below(worker.random, captured_ ? 6 : 4)];
    plain(worker, "delete",
          "DELETE FROM " + kTables[kind] + " WHERE id = " + text(worker.random, kind) +
              " RETURNING tag");
}

void Race::alter(Worker& worker) {
    if (columns_ >= 40) return look(worker);
    const std::string name = "extra" + std::to_string(++columns_);
    plain(worker, "alter",
          "ALTER TABLE " + kTables[static_cast<std::size_t>(below(worker.random, 7))] +
              " ADD COLUMN " + name + " text DEFAULT '" + name + "'");
    if (captured_) calling("renew", [&] { trash::Capture(bin_).renew(); });
}

void Race::remove(Worker& worker, bool hard) {
    auto& random = worker.random;
    static constexpr Kind kKinds[] = {kProject, kProject, kProject, kProject, kProject, kTask,
                                      kTask,    kTask,    kImpulse, kRecord,  kMember,  kBookmark};
    const Kind kind = kKinds[below(random, std::size(kKinds))];
    std::vector<std::string> id = {text(random, kind == kMember ? kProject : kind)};
    if (kind == kMember) id.push_back(std::to_string(below(random, 4)));
    trash::DeleteOptions options;
    options.cascade = below(random, 2) == 0;
    options.hard = hard;
    calling(hard ? "hard delete" : "delete into the trash", [&] {
        const auto done = bin_.remove({"public", kTables[kind]}, id, options, {});
        if (!done.item || done.already) return;
        std::lock_guard<std::mutex> lock(mutex_);
        groups_.push_back(done.item->id);
    });
}

void Race::restore(Worker& worker) {
    const std::string item = group(worker);
    if (item.empty()) return;
    trash::RestoreOptions options;
    options.with_ancestors = below(worker.random, 2) == 0;
    options.dry_run = below(worker.random, 10) == 0;
    calling(options.dry_run ? "dry run" : "restore", [&] { bin_.restore(item, options, {}); });
}

void Race::purge(Worker& worker) {
    const std::string item = group(worker);
    if (!item.empty()) calling("purge", [&] { bin_.purge(item, {}); });
}

void Race::look(Worker& worker) {
    auto& random = worker.random;
    calling("look", [&] {
        bin_.list({.limit = 20, .with_object = true}, [](const trash::Item&) {});
        bin_.find({"public", "task"}, {text(random, kTask)}, true);
        bin_.impact({"public", "project"}, {text(random, kProject)}, false);
    });
}

void Race::step(Worker& worker) {
    const auto dice = below(worker.random, 1000);
    if (dice < 60) return plant(worker);
    if (dice < 460) return insert(worker);
    if (dice < 560) return change(worker);
    if (dice < 710) return reparent(worker);
    if (dice < 740) return forget(worker);
    if (dice < 840) return remove(worker, false);
    if (dice < 850) return remove(worker, true);
    if (dice < 970) return restore(worker);
    if (dice < 978) return purge(worker);
    if (dice < 997) return look(worker);
    alter(worker);
}

void Race::run(int operations) {
    left_ = operations;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([this, i] {
            try {
                Worker worker(database_.url(), i + static_cast<std::size_t>(next_) * kThreads);
                worker.sql->exec("SET lock_timeout = '4s'");
                while (left_-- > 0) step(worker);
            } catch (const std::exception& error) {
                fault(std::string("a worker ended: ") + error.what());
            }
        });
    }
    for (auto& thread : threads) thread.join();
}

// Only now: before, deletes run as they do without triggers of the user's.
void Race::watch() {
    watching_ = true;
    own_->script(kWatch);
    for (const auto& table : kTables) {
        own_->exec("CREATE TRIGGER vanish AFTER DELETE ON " + table +
                   " REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "
                   "audit.vanish()");
    }
}

// Lost is just what hard deletes say: by table, and under watch row by row.
void Race::check_hard_deletes(const std::set<long long>& lost) {
    std::map<std::string, long long> missing, said;
    for (const auto tag : lost)
        ++missing["public." +
                  kTables[static_cast<std::size_t>(kinds_[static_cast<std::size_t>(tag)])]];
    const auto counts = own_->exec(
        "SELECT key, sum(value::bigint) FROM trashd.ledger, jsonb_each_text(counts) WHERE action = "
        "'deleted' GROUP BY key");
    for (int row = 0; row < counts.rows(); ++row)
        said[std::string(counts.text(row, 0))] = counts.integer(row, 1);
    CHECK((missing == said));
    if (!watching_) {
        lost_before_ = lost;
        return;
    }
    auto expected = lost_before_;
    const auto rows = own_->exec("SELECT tag FROM audit.vanished JOIN audit.hard USING (xid)");
    for (int row = 0; row < rows.rows(); ++row) {
        if (!expected.insert(rows.integer(row, 0)).second)
            fault("deleted for good and there still");
    }
    CHECK((lost == expected));
    CHECK(own_.value("SELECT count(*) FROM audit.hard h WHERE said <> (SELECT count(*) FROM "
                     "audit.vanished v WHERE v.xid = h.xid)") == "0");
}

// A reference that nobody changed is what it was, or null while what it refers to is not there.
void Race::check_references() {
    std::set<long long> there;
    const auto ids = own_->exec("SELECT id FROM impulse UNION ALL SELECT id FROM task");
    for (int row = 0; row < ids.rows(); ++row) there.insert(ids.integer(row, 0));
    const auto rows = own_->exec(
        "SELECT tag, impulse_id FROM time_record UNION ALL SELECT tag, task_id FROM bookmark");
    for (int row = 0; row < rows.rows(); ++row) {
        const auto tag = static_cast<std::size_t>(rows.integer(row, 0));
        const long long was = refers_[tag];
        if (!moved_[tag] && rows.integer(row, 1) != (there.count(was) ? was : 0))
            fault("another reference: " + std::to_string(tag));
    }
    CHECK(rows.rows() > 0);
    for (const auto& text : faults_) MESSAGE(text);
    CHECK(faults_.empty());
}

void Race::check() {
    std::map<long long, std::vector<std::string>> places;
    const auto rows = own_->exec(everything());
    for (int row = 0; row < rows.rows(); ++row) {
        const long long tag = rows.integer(row, 1);
        places[tag].emplace_back(rows.text(row, 0));
        if (!rows.null(row, 2) &&
            rows.integer(row, 2) != versions_[static_cast<std::size_t>(tag)]) {
            fault("stale: " + std::to_string(tag));
        }
    }
    std::set<long long> lost;
    for (std::size_t tag = 1; tag < static_cast<std::size_t>(std::min<long long>(next_, kMostTags));
         ++tag) {
        const auto found = places.find(static_cast<long long>(tag));
        const auto count = (found == places.end() ? 0 : found->second.size()) +
                           static_cast<std::size_t>(deleted_[tag]);
        if (count > 1) fault("twice: " + std::to_string(tag));
        if (count == 0 && inserted_[tag]) lost.insert(static_cast<long long>(tag));
        if (count > 0 && !inserted_[tag]) fault("never inserted: " + std::to_string(tag));
    }
    const long long sizes =
        own_->exec(
                "SELECT count(*) FROM trashd.trash_group g WHERE state = 'trashed' AND size <> "
                "(SELECT count(*) FROM trashd.item i WHERE i.group_id = g.id)")
            .integer(0, 0);
    const long long left_over =
        own_->exec(
                "SELECT count(*) FROM trashd.item WHERE group_id NOT IN "
                "(SELECT id FROM trashd.trash_group WHERE state = 'trashed')")
            .integer(0, 0);
    check_hard_deletes(lost);
    CHECK(sizes == 0);
    CHECK(left_over == 0);
    for (std::size_t i = 0; i < faults_.size() && i < 30; ++i) MESSAGE(faults_[i]);
    CHECK(faults_.empty());
}

// What still lies in the trash goes back, but for what another row has taken the place of.
void Race::restore_all() {
    Worker worker(database_.url(), 0);
    const auto left = own_->exec(
        "SELECT overlay(uuid::text PLACING '00000001' FROM 29) FROM trashd.trash_group "
        "WHERE state = 'trashed' ORDER BY id DESC");
    for (int row = 0; row < left.rows(); ++row) {
        const std::string item(left.text(row, 0));
        calling("restore at the end", [&] { bin_.restore(item, {.with_ancestors = true}, {}); });
    }
}

std::string Race::figures() {
    std::string text;
    for (const auto& [name, count] : outcomes_) text += "\n  " + std::to_string(count) + " " + name;
    return text + "\n  " +
           own_.value(
               "SELECT format('%s rows captured in %s groups, %s on average, %s at most', sum(n), "
               "count(*), round(avg(n), 1), max(n)) FROM (SELECT count(*) AS n FROM audit.captured "
               "GROUP BY group_id) g");
}

void run_race(bool captured) {
    const char* given = std::getenv("TRASHD_OPERATIONS");
    const int operations = given ? std::atoi(given) : captured ? 1600 : 3200;
    Race race(captured);
    for (int phase = 0; phase < kPhases; ++phase) {
        if (phase == kPhases - 1) race.watch();
        race.run(operations / kPhases);
        race.check();
    }
    race.restore_all();
    race.check();
    race.check_references();
    if (given) MESSAGE(race.figures());
}

}  // namespace

TEST_CASE("no row gets lost, doubled or stale whatever others do meanwhile") {
    run_race(false);
}

TEST_CASE("nor where what others delete is captured, through both doors at once") {
    run_race(true);
}
