// Groups leave the trash: they are restored or purged, one alone or many in one transaction.
#include <algorithm>
#include <set>

#include "trash/model/errors.hpp"
#include "trash/records/purge.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/restore/partial.hpp"
#include "trash/restore/restore.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/trigger_settings.hpp"

namespace trashd::trash {

using schema::QualifiedName;

std::vector<GroupRow> Trash::Impl::lock(schema::Transaction& transaction,
                                        std::vector<std::string> item_ids, const Limited& limits) {
    std::ranges::sort(item_ids);  // so that those who want the same wait for each other
    std::vector<GroupRow> groups;
    std::set<long long> known;
    long long items = 0;
    for (const auto& id : item_ids) {
        if (limits.check.tables)
            limits.check.tables(group_tables(transaction.connection(), name, id).all);
        auto group = group_of(transaction.connection(), name, id, true);
        if (!known.insert(group.id).second) continue;
        items += group.size;
        if (limits.most && items > *limits.most) throw TooLarge();
        groups.push_back(std::move(group));
    }
    if (limits.expect && items != *limits.expect) throw UnexpectedCount(*limits.expect, items);
    return groups;
}

namespace {

void refuse_several_tenants(const std::vector<GroupRow>& groups) {
    for (const auto& group : groups)
        if (group.tenant != groups.front().tenant)
            throw Error(Code::kBadRequest,
                        "these groups are of several tenants; restore those of one at a time, or "
                        "each by itself with partial");
}

Purged purge_these(schema::Transaction& transaction, const std::string& trash_schema,
                   const std::vector<GroupRow>& groups, const Actor& actor) {
    Purged purged;
    for (const auto& group : groups) purged.rows += group.size;
    purged.receipt = purge_groups(transaction, trash_schema, groups, actor).front();
    return purged;
}

}  // namespace

Purged Trash::Impl::purge_once(const std::vector<std::string>& item_ids, const Actor& actor,
                               const PurgeOptions& options) {
    Purged purged;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const auto expect = options.only_member ? std::nullopt : options.expect;
        const auto groups = lock(transaction, item_ids, {options.check, options.most, expect});
        const auto checks = with_sight(options.check);
        transaction.connection().later(told("purge", groups.front().uuid, actor));
        if (checks.rows)
            for (const auto& group : groups) checks.rows(transaction, *cache.get(), group.id);
        const auto part = options.only_member
                              ? purge_part(transaction, *cache.get(), name,
                                           {groups.front(), item_ids.front(), actor})
                              : std::nullopt;
        purged = part ? *part : purge_these(transaction, name, groups, actor);
        if (options.expect && *options.expect != purged.rows)
            throw UnexpectedCount(*options.expect, purged.rows);
        if (options.dry_run)
            transaction.roll_back();
        else if (options.at_end)
            options.at_end(transaction, purged);
    });
    return purged;
}

namespace {

// What is in the way may be hidden from the role; the service found it.
Conflicted without_others(Conflicted error) {
    for (auto& conflict : error.conflicts) {
        conflict.with_table.reset();
        conflict.with_id.clear();
        conflict.trash_item.clear();
        conflict.detail.clear();
        std::erase(conflict.choices, Choice::kAncestors);
        std::erase(conflict.choices, Choice::kSwap);
    }
    return error;
}

// Who sends a plan has just that done.
void need_plan(const RestoreOptions& options, Restored& restored) {
    const auto& plans = options.if_match;
    if (!plans.empty() && std::ranges::count(plans, '"' + restored.plan + '"') == 0)
        throw StalePlan(std::move(restored));
    if (!options.dry_run) restored.plan.clear();
}

// What is refused by now went well when its plan was made.
[[noreturn]] void throw_refused(const RestoreOptions& options, const Conflicted& conflicted) {
    if (options.if_match.empty()) throw Conflicted(conflicted);
    throw StalePlan(conflicted.conflicts);
}

// The error that is being handled, where that is another.
[[noreturn]] void throw_refused(const RestoreOptions& options, const Error& error) {
    if (options.if_match.empty()) throw;
    if (const auto* conflicted = dynamic_cast<const Conflicted*>(&error))
        throw StalePlan(conflicted->conflicts);
    if (const auto* blocked = dynamic_cast<const Blocked*>(&error))
        throw StalePlan(blocked->impact);
    throw;
}

}  // namespace

RestoreOptions Trash::Impl::own_options(schema::Transaction& transaction,
                                        const RestoreOptions& options,
                                        const std::vector<GroupRow>& groups, const Actor& actor) {
    auto own = options;
    own.check = with_sight(options.check);
    if (role) own.role = {role->name, readable()};
    if (const auto& tenant = groups.front().tenant) {  // whoever restores it
        schema::set_tenant(transaction.connection(), *tenant);
        own.tenant_column = shared->tenant_column;
    }
    const auto check = with_sight(options.check_swapped);
    own.swap = [this, check, &actor](schema::Transaction& at, const QualifiedName& table,
                                     const std::string& id) {
        const auto uuid = new_group_id();
        const auto taken = take(at, {table, id, uuid}, check, actor);
        return Swapped{table, id, item_id(uuid, 1), taken.rows};
    };
    return own;
}

Restored Trash::Impl::restore_once(const schema::Catalog& catalog,
                                   const std::vector<std::string>& item_ids,
                                   const RestoreOptions& options, const Actor& actor) {
    Restored restored;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const auto groups =
            lock(transaction, item_ids, {options.check, options.most, options.expect});
        refuse_several_tenants(groups);
        const auto own = own_options(transaction, options, groups, actor);
        restored = restore_groups(transaction, catalog, name, groups, own, actor);
        need_plan(options, restored);
        if (options.dry_run) {
            restored.entry.clear();
            transaction.roll_back();
        } else if (options.at_end) {
            options.at_end(transaction, restored);
        }
    });
    return restored;
}

Restored Trash::restore(const std::string& item_id, const RestoreOptions& options,
                        const Actor& actor) {
    return restore_all({item_id}, options, actor);
}

Restored Trash::restore_all(const std::vector<std::string>& item_ids, const RestoreOptions& options,
                            const Actor& actor) {
    std::shared_ptr<const schema::Catalog> catalog;
    auto work = [&] {
        catalog = impl_->cache.get();
        return impl_->restore_once(*catalog, item_ids, options, actor);
    };
    auto recover = [&](const Error& error, const schema::Attempts& attempts) {
        const auto* conflicted = dynamic_cast<const Conflicted*>(&error);
        if (conflicted && impl_->role) throw_refused(options, without_others(*conflicted));
        if (dynamic_cast<const StaleCatalog*>(&error) == nullptr || attempts.last())
            throw_refused(options, error);
        impl_->replace(catalog);
    };
    return schema::retry(schema::Attempts(), work, recover);
}

Purged Trash::purge(const std::string& item_id, const Actor& actor, const PurgeOptions& options) {
    return purge_all({item_id}, actor, options);
}

Purged Trash::purge(const std::string& item_id, const Actor& actor) {
    return purge(item_id, actor, {});
}

Purged Trash::purge_all(const std::vector<std::string>& item_ids, const Actor& actor,
                        const PurgeOptions& options) {
    std::shared_ptr<const schema::Catalog> catalog;
    auto work = [&] {
        catalog = impl_->cache.get();
        return impl_->purge_once(item_ids, actor, options);
    };
    auto recover = [&](const Error& error, const schema::Attempts& attempts) {
        if (dynamic_cast<const StaleCatalog*>(&error) == nullptr || attempts.last()) throw;
        impl_->replace(catalog);
    };
    return schema::retry(schema::Attempts(), work, recover);
}

}  // namespace trashd::trash
