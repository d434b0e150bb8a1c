// What goes for good takes along the groups that hang on it. All of them are locked in the order of
// their ids, before live rows are, as restores do it too: where more turn out to be needed, what is
// locked is let go of first.
#include <algorithm>

#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/read/descendants.hpp"
#include "trash/records/purge.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::trash {
namespace {

constexpr int kTries = 10;

[[noreturn]] void refuse_restless() {
    throw Error(Code::kUnavailable,
                "what hangs on it goes into the trash and leaves it all the time; try again");
}

std::vector<std::string> uuids_of(const std::vector<GroupRow>& groups) {
    std::vector<std::string> uuids;
    for (const auto& group : groups) uuids.push_back(group.uuid);
    return uuids;
}

// Those of them that are locked; nothing: not all are.
bool all_locked(const std::vector<GroupRow>& wanted, const std::vector<GroupRow>& locked) {
    return std::ranges::all_of(wanted, [&](const GroupRow& group) {
        const auto found = std::ranges::find(locked, group.id, &GroupRow::id);
        return found != locked.end() && found->state == "trashed";
    });
}

long long size_of(const std::vector<GroupRow>& groups) {
    long long size = 0;
    for (const auto& group : groups) size += group.size;
    return size;
}

}  // namespace

void Trash::Impl::check_descendants(schema::Connection& connection,
                                    const std::vector<GroupRow>& groups,
                                    const TableCheck& check) const {
    std::vector<std::string> items;
    for (const auto& group : groups) items.push_back(item_id(group.uuid, 1));
    if (!items.empty()) check_tables(connection, items, check);
}

Trash::Impl::Family Trash::Impl::lock_family(schema::Transaction& transaction,
                                             const std::vector<std::string>& item_ids,
                                             const Limited& limits) {
    auto& connection = transaction.connection();
    check_tables(connection, item_ids, limits.check.tables);
    std::vector<std::string> named;
    for (const auto& id : item_ids) named.push_back(parse_item_id(id).group_id);
    std::vector<GroupRow> below;
    for (int tries = 0; tries < kTries; ++tries) {
        transaction.exec("SAVEPOINT trashd_family");
        auto wanted = uuids_of(below);
        wanted.insert(wanted.end(), named.begin(), named.end());
        const auto locked = groups_with(connection, name, wanted, true);
        Family family;
        family.groups = those_in_trash(connection, name, item_ids, locked);
        below = descendants_of(connection, *cache.get(), name, family.groups);
        if (all_locked(below, locked)) {
            transaction.exec("RELEASE SAVEPOINT trashd_family");
            family.descendants = std::move(below);
            const auto size = size_of(family.groups) + size_of(family.descendants);
            if (limits.most && size > *limits.most) throw TooLarge();
            if (limits.expect && size != *limits.expect)
                throw UnexpectedCount(*limits.expect, size);
            return family;
        }
        transaction.exec("ROLLBACK TO SAVEPOINT trashd_family");
        check_descendants(connection, below, limits.check.tables);
    }
    refuse_restless();
}

Trash::Impl::TakenFamily Trash::Impl::take_family(
    schema::Transaction& transaction, const schema::Catalog& catalog, const TableCheck& check,
    const std::function<std::pair<long long, DeleteResult>()>& take) {
    auto& connection = transaction.connection();
    std::vector<GroupRow> below;
    for (int tries = 0; tries < kTries; ++tries) {
        transaction.exec("SAVEPOINT trashd_family");
        const auto locked = below.empty() ? std::vector<GroupRow>()
                                          : groups_with(connection, name, uuids_of(below), true);
        TakenFamily family;
        std::tie(family.group, family.result) = take();
        below = descendants_of(connection, catalog, name,
                               {group_with_id(connection, name, family.group)});
        if (all_locked(below, locked)) {
            transaction.exec("RELEASE SAVEPOINT trashd_family");
            family.descendants = std::move(below);
            return family;
        }
        transaction.exec("ROLLBACK TO SAVEPOINT trashd_family");
        check_descendants(connection, below, check);
    }
    refuse_restless();
}

}  // namespace trashd::trash
