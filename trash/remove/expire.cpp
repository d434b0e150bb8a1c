// What is due is looked for a page at a time: which groups in the trash need which others to come
// back takes a look at all items of their tables, and no lock is held meanwhile. Then it is purged
// in small batches, each a transaction of its own that passes over what others hold, those that
// need others before those. One instance at a time does it.
#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/model/actor.hpp"
#include "trash/read/item_references.hpp"
#include "trash/records/holds.hpp"
#include "trash/records/purge.hpp"
#include "trash/records/retention.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/sql.hpp"
#include "trash/store/trigger_settings.hpp"

namespace trashd::trash {

// What one look has found. needs: which of it stays as long as which other group is in the trash.
struct DuePage {
    DuePlace begin, end;
    std::vector<GroupRow> left;  // the next one last
    std::vector<NeededGroup> needs;
    std::chrono::steady_clock::time_point found = std::chrono::steady_clock::now();
};

namespace {

constexpr const char* kRetention = "retention";  // who purges, in the ledger
// Of a page, and of a batch. The first group alone may have more items.
constexpr std::size_t kPageGroups = 5000, kGroups = 50;
constexpr long long kPageItems = 250000, kItems = 2000;
constexpr std::chrono::seconds kPageKeeps(60);

constexpr const char* kDue = R"(SELECT g.id, g.uuid, g.size, g.shapes, g.counts,
    g.expires_at::pg_catalog.text
  FROM {schema}.trash_group g
  WHERE g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.expires_at OPERATOR(pg_catalog.<=) pg_catalog.now()
    AND (g.expires_at, g.id) OPERATOR(pg_catalog.>)
      ($1::pg_catalog.timestamptz, $2::pg_catalog.int8)
  ORDER BY g.expires_at, g.id LIMIT {groups})";
constexpr const char* kLockDue = R"(SELECT g.id, g.uuid, g.size, g.shapes, g.counts
  FROM {schema}.trash_group g
  WHERE g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
    AND g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.expires_at OPERATOR(pg_catalog.<=) pg_catalog.now()
  ORDER BY g.id
  FOR UPDATE SKIP LOCKED)";
constexpr const char* kInTrash = R"(SELECT g.id FROM {schema}.trash_group g
  WHERE g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
    AND g.state OPERATOR(pg_catalog.=) 'trashed')";

template <class Number>
std::vector<Number> numbers_of(std::string_view array) {
    std::vector<Number> all;
    for (const auto& text : schema::parse_array(array))
        all.push_back(static_cast<Number>(std::stoll(*text)));
    return all;
}

GroupRow group_from(const schema::Result& found, int row) {
    GroupRow group;
    group.id = found.integer(row, 0);
    group.uuid = found.text(row, 1);
    group.size = found.integer(row, 2);
    group.shapes = numbers_of<int>(found.text(row, 3));
    group.counts = numbers_of<long long>(found.text(row, 4));
    return group;
}

// Those that no other one of them needs first. What needs each other in a circle comes last.
std::vector<GroupRow> in_order(const std::vector<GroupRow>& groups,
                               const std::vector<NeededGroup>& needs) {
    std::map<long long, std::vector<long long>> by;
    for (const auto& need : needs) by[need.needed].push_back(need.by);
    std::set<long long> waiting;
    for (const auto& group : groups) waiting.insert(group.id);
    std::vector<GroupRow> ordered;
    for (bool again = true; std::exchange(again, false);)
        for (const auto& group : groups) {
            const auto is_waiting = [&](long long id) { return waiting.contains(id); };
            if (!waiting.contains(group.id) || std::ranges::any_of(by[group.id], is_waiting))
                continue;
            waiting.erase(group.id);
            ordered.push_back(group);
            again = true;
        }
    for (const auto& group : groups)
        if (waiting.contains(group.id)) ordered.push_back(group);
    return ordered;
}

std::shared_ptr<DuePage> read_due(schema::Connection& connection, const schema::Catalog& catalog,
                                  const std::string& trash_schema, const DuePlace& after) {
    const auto found =
        connection.exec(filled(kDue, trash_schema, {{"groups", std::to_string(kPageGroups)}}),
                        {after.expires_at, std::to_string(after.group)});
    auto page = std::make_shared<DuePage>();
    page->begin = after;
    long long items = 0;
    std::vector<GroupRow> groups;
    for (int row = 0; row < found.rows(); ++row) {
        auto group = group_from(found, row);
        items += group.size;
        if (row > 0 && items > kPageItems) break;
        page->end = {std::string(found.text(row, 5)), group.id};
        groups.push_back(std::move(group));
    }
    if (groups.empty()) return nullptr;
    // No statistics tell that a group has many rows, and row by row each is compared with all.
    connection.exec("SET LOCAL enable_nestloop = off");
    page->needs = needed_groups(connection, catalog, trash_schema, groups);
    page->left = in_order(groups, page->needs);
    std::ranges::reverse(page->left);
    return page;
}

std::vector<GroupRow> next_batch(DuePage& page) {
    std::vector<GroupRow> batch;
    long long items = 0;
    while (!page.left.empty() && batch.size() < kGroups) {
        items += page.left.back().size;
        if (!batch.empty() && items > kItems) break;
        batch.push_back(std::move(page.left.back()));
        page.left.pop_back();
    }
    return batch;
}

// A row whose reference a constraint holds is not live while what it refers to is in the trash, so
// none comes into the trash after it. Of a declared one it may.
bool may_come_later(const schema::Catalog& catalog) {
    return std::ranges::any_of(catalog.tables(), [&](const schema::Table& table) {
        return std::ranges::any_of(catalog.references(table.oid),
                                   [](const auto* key) { return key->declared; });
    });
}

// What the locked groups are needed by now.
std::vector<NeededGroup> needs_of(schema::Connection& connection, const schema::Catalog& catalog,
                                  const std::string& trash_schema,
                                  const std::vector<GroupRow>& groups,
                                  const std::vector<NeededGroup>& found) {
    if (may_come_later(catalog)) {
        connection.exec("SET LOCAL enable_nestloop = off");
        auto needs = needed_groups(connection, catalog, trash_schema, groups);
        connection.exec("SET LOCAL enable_nestloop TO DEFAULT");
        return needs;
    }
    std::set<long long> locked;
    for (const auto& group : groups) locked.insert(group.id);
    std::vector<NeededGroup> needs;
    std::vector<GroupRow> by;
    for (const auto& need : found)
        if (locked.contains(need.needed)) {
            needs.push_back(need);
            by.emplace_back().id = need.by;
        }
    if (needs.empty()) return needs;
    const auto there = connection.exec(filled(kInTrash, trash_schema), {ids_of(by)});
    std::set<long long> in_trash;
    for (int row = 0; row < there.rows(); ++row) in_trash.insert(there.integer(row, 0));
    std::erase_if(needs, [&](const NeededGroup& need) { return !in_trash.contains(need.by); });
    return needs;
}

// They stay, and with them what they need.
std::set<long long> held(schema::Connection& connection, const std::string& trash_schema,
                         const std::vector<GroupRow>& groups) {
    std::vector<long long> ids;
    for (const auto& group : groups) ids.push_back(group.id);
    const auto found = held_among(connection, trash_schema, ids);
    return {found.begin(), found.end()};
}

// A group stays as long as one that stays refers to its rows: without them that could not come
// back.
void keep_needed(std::vector<GroupRow>& groups, const std::vector<NeededGroup>& pairs,
                 const std::set<long long>& held) {
    std::set<long long> going;
    for (const auto& group : groups)
        if (!held.contains(group.id)) going.insert(group.id);
    for (bool again = true; std::exchange(again, false);)
        for (const auto& [needed, by] : pairs)
            if (!going.contains(by) && going.erase(needed) > 0) again = true;
    std::erase_if(groups, [&](const GroupRow& group) { return !going.contains(group.id); });
}

}  // namespace

// What is left of the last look from this place, or another look; nothing: nothing is due behind
// it, or another instance is at it.
std::shared_ptr<DuePage> Trash::Impl::due_page(const DuePlace& after) {
    {
        const std::lock_guard lock(shared->due_mutex);
        const auto page = std::move(shared->due);
        shared->due = nullptr;
        const auto oldest = std::chrono::steady_clock::now() - kPageKeeps;
        if (page && page->begin.expires_at == after.expires_at &&
            page->begin.group == after.group && page->found > oldest)
            return page;
    }
    std::shared_ptr<DuePage> page;
    const auto catalog = cache.get();
    run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        auto& connection = transaction.connection();
        page = nullptr;
        if (connection.exec("SELECT " + try_lock_call(LockKey::kRetention)).boolean(0, 0))
            page = read_due(connection, *catalog, name, after);
    });
    return page;
}

bool Trash::Impl::purge_due_batch(schema::Transaction& transaction, const DuePage& page,
                                  const std::vector<GroupRow>& wanted, DueBatch& batch) {
    auto& connection = transaction.connection();
    if (!connection.exec("SELECT " + try_lock_call(LockKey::kRetention)).boolean(0, 0))
        return false;
    const auto found = connection.exec(filled(kLockDue, name), {ids_of(wanted)});
    std::vector<GroupRow> groups;
    for (int row = 0; row < found.rows(); ++row) groups.push_back(group_from(found, row));
    if (groups.empty()) return true;
    batch.kept = found.rows();
    const auto needs = needs_of(connection, *cache.get(), name, groups, page.needs);
    keep_needed(groups, needs, held(connection, name, groups));
    if (groups.empty()) return true;
    Actor actor;
    actor.by = kRetention;
    connection.later(told("purge", groups.size() == 1 ? groups.front().uuid : "", actor));
    purge_groups(transaction, name, groups, actor);
    batch.groups = static_cast<long long>(groups.size());
    batch.kept -= batch.groups;
    for (const auto& group : groups) batch.items += group.size;
    return true;
}

DueBatch Trash::purge_due(const DuePlace& after) {
    DueBatch batch;
    const auto page = impl_->due_page(after);
    if (!page) return batch;
    const auto wanted = next_batch(*page);
    bool done = false;
    impl_->run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        batch = {};
        done = impl_->purge_due_batch(transaction, *page, wanted, batch);
    });
    if (!done) return batch;
    batch.last = page->left.empty() ? page->end : after;
    if (page->left.empty()) return batch;
    const std::lock_guard lock(impl_->shared->due_mutex);
    impl_->shared->due = page;
    return batch;
}

Item Trash::set_expiry(const std::string& item_id, const std::optional<std::string>& expires,
                       const Checks& check, const Actor& actor) {
    impl_->run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const auto groups = impl_->lock(transaction, {item_id}, {check, {}, {}});
        const auto checks = impl_->with_sight(check);
        if (checks.rows) checks.rows(transaction, *impl_->cache.get(), groups.front().id);
        trash::set_expiry(transaction, impl_->name, groups.front().id, expires, actor);
    });
    return item(item_id, false);
}

}  // namespace trashd::trash
