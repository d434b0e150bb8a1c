// What is due is purged in small batches, each a transaction of its own that passes over what
// others hold. One instance at a time does it.
#include <algorithm>
#include <map>
#include <set>

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
namespace {

constexpr const char* kRetention = "retention";  // who purges, in the ledger
constexpr int kGroups = 100;
constexpr long long kItems = 20000;

constexpr const char* kDue = R"(SELECT g.id, g.uuid, g.size, g.shapes, g.counts,
    g.expires_at::pg_catalog.text
  FROM {schema}.trash_group g
  WHERE g.state OPERATOR(pg_catalog.=) 'trashed'
    AND g.expires_at OPERATOR(pg_catalog.<=) pg_catalog.now()
    AND (g.expires_at, g.id) OPERATOR(pg_catalog.>)
      ($1::pg_catalog.timestamptz, $2::pg_catalog.int8)
  ORDER BY g.expires_at, g.id LIMIT {groups}
  FOR UPDATE SKIP LOCKED)";

template <class Number>
std::vector<Number> numbers_of(std::string_view array) {
    std::vector<Number> all;
    for (const auto& text : schema::parse_array(array))
        all.push_back(static_cast<Number>(std::stoll(*text)));
    return all;
}

// The first alone may have more items than a batch has.
std::vector<GroupRow> lock_due(schema::Connection& connection, const std::string& trash_schema,
                               const DuePlace& after, DueBatch& batch) {
    const auto found =
        connection.exec(filled(kDue, trash_schema, {{"groups", std::to_string(kGroups)}}),
                        {after.expires_at, std::to_string(after.group)});
    std::vector<GroupRow> groups;
    long long items = 0;
    for (int row = 0; row < found.rows(); ++row) {
        GroupRow group;
        group.id = found.integer(row, 0);
        group.uuid = found.text(row, 1);
        group.size = found.integer(row, 2);
        group.shapes = numbers_of<int>(found.text(row, 3));
        group.counts = numbers_of<long long>(found.text(row, 4));
        items += group.size;
        if (row > 0 && items > kItems) break;
        batch.last = {std::string(found.text(row, 5)), group.id};
        groups.push_back(std::move(group));
    }
    return groups;
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

DueBatch Trash::purge_due(const DuePlace& after) {
    DueBatch batch;
    const auto catalog = impl_->cache.get();
    Actor actor;
    actor.by = kRetention;
    impl_->run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        batch = {};
        auto& connection = transaction.connection();
        if (!connection.exec("SELECT " + try_lock_call(LockKey::kRetention)).boolean(0, 0)) return;
        auto groups = lock_due(connection, impl_->name, after, batch);
        if (groups.empty()) return;
        const auto due = static_cast<long long>(groups.size());
        // No statistics tell that a group has many rows, and row by row each is compared with all.
        connection.exec("SET LOCAL enable_nestloop = off");
        keep_needed(groups, needed_groups(connection, *catalog, impl_->name, groups),
                    held(connection, impl_->name, groups));
        connection.exec("SET LOCAL enable_nestloop TO DEFAULT");
        if (groups.empty()) {
            batch.kept = due;
            return;
        }
        connection.later(told("purge", groups.size() == 1 ? groups.front().uuid : "", actor));
        purge_groups(transaction, impl_->name, groups, actor);
        batch.groups = static_cast<long long>(groups.size());
        batch.kept = due - batch.groups;
        for (const auto& group : groups) batch.items += group.size;
    });
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
