// Groups leave the trash: they are restored or purged, one alone or many in one transaction.
#include <algorithm>
#include <map>
#include <set>

#include "schema/error.hpp"
#include "schema/sqlstate.hpp"
#include "trash/insert/restore_context.hpp"
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

namespace {

// Each item with its group, nullptr where there is none.
std::vector<std::pair<ItemAddress, const GroupRow*>> with_groups(
    const std::vector<ItemAddress>& items, const std::vector<GroupRow>& groups) {
    std::map<std::string_view, const GroupRow*> by_uuid;
    for (const auto& group : groups) by_uuid.emplace(group.uuid, &group);
    std::vector<std::pair<ItemAddress, const GroupRow*>> out;
    for (const auto& item : items) {
        const auto known = by_uuid.find(item.group_id);
        out.emplace_back(item, known == by_uuid.end() ? nullptr : known->second);
    }
    return out;
}

}  // namespace

// Many groups are of few tables, which are asked about once.
void Trash::Impl::check_tables(schema::Connection& connection,
                               const std::vector<std::string>& item_ids,
                               const TableCheck& check) const {
    if (!check) return;
    const auto ask = [&](const std::string& id) { check(group_tables(connection, name, id).all); };
    if (item_ids.size() == 1) return ask(item_ids[0]);
    std::vector<std::string> uuids;
    for (const auto& id : item_ids) uuids.push_back(parse_item_id(id).group_id);
    std::set<std::vector<int>> asked;
    for (const auto& group : groups_with(connection, name, uuids, false))
        if (asked.insert(group.shapes).second) ask(item_id(group.uuid, 1));
}

std::vector<GroupRow> Trash::Impl::those_in_trash(schema::Connection& connection,
                                                  const std::string& trash_schema,
                                                  const std::vector<std::string>& item_ids,
                                                  const std::vector<GroupRow>& groups) {
    std::vector<ItemAddress> items;
    std::set<std::string> uuids;
    for (const auto& id : item_ids) {
        items.push_back(parse_item_id(id));
        uuids.insert(items.back().group_id);
    }
    for (const auto& [item, group] : with_groups(items, groups))
        need_in_trash(connection, trash_schema, group, item.ordinal);
    std::vector<GroupRow> those;
    for (const auto& group : groups)
        if (uuids.contains(group.uuid)) those.push_back(group);
    return those;
}

// In the order of their ids, so that those who want the same wait for each other.
std::vector<GroupRow> Trash::Impl::lock(schema::Transaction& transaction,
                                        const std::vector<std::string>& item_ids,
                                        const Limited& limits) {
    auto& connection = transaction.connection();
    std::vector<std::string> uuids;
    for (const auto& id : item_ids) uuids.push_back(parse_item_id(id).group_id);
    check_tables(connection, item_ids, limits.check.tables);
    auto groups =
        those_in_trash(connection, name, item_ids, groups_with(connection, name, uuids, true));
    long long size = 0;
    for (const auto& group : groups) size += group.size;
    if (limits.most && size > *limits.most) throw TooLarge();
    if (limits.expect && size != *limits.expect) throw UnexpectedCount(*limits.expect, size);
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
                   const std::vector<GroupRow>& groups, const std::vector<GroupRow>& descendants,
                   const Actor& actor) {
    Purged purged;
    for (const auto& group : groups) purged.rows += group.size;
    for (const auto& group : descendants) {
        ++purged.descendants.groups;
        purged.descendants.items += group.size;
    }
    purged.rows += purged.descendants.items;
    purged.receipt = purge_groups(transaction, trash_schema, groups, actor).front();
    purge_groups(transaction, trash_schema, descendants, actor);
    return purged;
}

}  // namespace

Purged Trash::Impl::purge_once(const std::vector<std::string>& item_ids, const Actor& actor,
                               const PurgeOptions& options) {
    Purged purged;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const auto expect = options.only_member ? std::nullopt : options.expect;
        const Limited limits{options.check, options.most, expect};
        const auto [groups, descendants] = options.descendants
                                               ? lock_family(transaction, item_ids, limits)
                                               : Family{lock(transaction, item_ids, limits), {}};
        const auto checks = with_sight(options.check);
        transaction.connection().later(told("purge", groups.front().uuid, actor));
        for (const auto* those : {&groups, &descendants})
            for (const auto& group : *those)
                if (checks.rows) checks.rows(transaction, *cache.get(), group.id);
        const auto part = options.only_member
                              ? purge_part(transaction, *cache.get(), name,
                                           {groups.front(), item_ids.front(), actor})
                              : std::nullopt;
        purged = part ? *part : purge_these(transaction, name, groups, descendants, actor);
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

// Its function may be gone, which the next makes anew.
schema::Result purge_all_of(Shared& shared, const std::string& function,
                            const Batches::Asked& asked) {
    try {
        return schema::run_alone(shared.pool, purges_call(function, Batches::arrays_of(asked)), 1);
    } catch (const Error& error) {
        if (error.is(sqlstate::kUndefinedFunction)) shared.purging.forget();
        throw;
    }
}

Batches::Answers purge_together(Shared& shared, const std::string& function,
                                const Batches::Asked& asked) {
    const auto done = purge_all_of(shared, function, asked);
    Batches::Answers answers(asked.size());
    for (int row = 0; row < done.rows(); ++row)
        answers.at(static_cast<std::size_t>(done.integer(row, 0) - 1)) = {
            done.value(row, 1), done.value(row, 2), done.value(row, 3)};
    return answers;
}

// told: the number of items, and both halves of the receipt.
Purged purged_of(const Batches::Values& told) {
    Purged purged;
    purged.rows = std::stoll(*told.at(0));
    purged.receipt = receipt_of(*told.at(1), *told.at(2));
    return purged;
}

}  // namespace

std::optional<Purged> Trash::Impl::purge_alone(const std::string& item_id, const Actor& actor,
                                               const PurgeOptions& options) {
    const bool asked = options.check.tables || options.check.rows || options.at_end;
    const bool other = options.only_member || options.dry_run || options.descendants;
    if (tenant || role || asked || other) return std::nullopt;
    const auto functions = shared->purging.names(pool);
    const auto call = purge_call(functions.one, item_id, options, actor);
    const auto turn = shared->batches.join(
        functions.many, call.params,
        [&](const Batches::Asked& all) { return purge_together(*shared, functions.many, all); });
    if (turn.answer()) return purged_of(*turn.answer());
    try {
        const auto done = schema::run_alone(pool, call);
        if (done.null(0, 0)) return std::nullopt;
        return purged_of(schema::parse_array(done.text(0, 0)));
    } catch (const Error& error) {
        if (!error.is(sqlstate::kUndefinedFunction)) throw;
        shared->purging.forget();
        return std::nullopt;
    }
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

// Nothing is kept of it, so there is nothing to undo.
Restored as_if_dry(Restored restored) {
    restored.entries.clear();
    return restored;
}

// Who sends a plan has just that done.
void need_plan(const RestoreOptions& options, Restored& restored) {
    const auto& plans = options.if_match;
    if (!plans.empty() && std::ranges::count(plans, '"' + restored.plan + '"') == 0)
        throw StalePlan(as_if_dry(std::move(restored)));
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
    // What another one has taken along, or somebody else by now, is not in the way any more. What
    // the role does not see stays there, and is in the way again.
    own.swap = [this, check, &actor](schema::Transaction& at, const QualifiedName& table,
                                     const std::string& id) -> std::optional<Swapped> {
        const auto uuid = new_group_id();
        at.exec("SAVEPOINT trashd_swap");
        try {
            const auto taken = take(at, {table, id, uuid}, check, actor);
            at.exec("RELEASE SAVEPOINT trashd_swap");
            return Swapped{table, id, item_id(uuid, 1), taken.entry, taken.rows};
        } catch (const RowNotThere&) {
            at.exec("ROLLBACK TO SAVEPOINT trashd_swap");
            return std::nullopt;
        }
    };
    return own;
}

Restored Trash::Impl::restore_once(const schema::Catalog& catalog,
                                   const std::vector<std::string>& item_ids,
                                   const RestoreOptions& options, const Actor& actor) {
    Restored restored;
    std::vector<GroupRow> groups;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        groups = lock(transaction, item_ids, {options.check, options.most, options.expect});
        refuse_several_tenants(groups);
        const auto own = own_options(transaction, options, groups, actor);
        restored = restore_groups(transaction, catalog, name, groups, own, actor);
        need_plan(options, restored);
        note_together(transaction, name, restored.entries);
        if (options.dry_run) {
            restored = as_if_dry(std::move(restored));
            transaction.roll_back();
        } else if (options.at_end) {
            options.at_end(transaction, restored);
        }
    });
    if (groups.size() == 1 && may_be_alone(options))
        shared->restoring.note(pool, catalog, groups.front());
    return restored;
}

bool Trash::Impl::may_be_alone(const RestoreOptions& options) const {
    const bool asked = options.check.tables || options.check.rows || options.at_end;
    return !tenant && !role && !asked && !options.dry_run && options.if_match.empty() &&
           options.choices.none();
}

namespace {

Batches::Answers restore_together(schema::Pool& pool, const RestoreCall& call,
                                  const Batches::Asked& asked) {
    const auto done = schema::run_alone(pool, {call.many, params_of(Batches::arrays_of(asked))}, 1);
    Batches::Answers answers(asked.size());
    for (int row = 0; row < done.rows(); ++row) {
        if (done.null(row, 1)) continue;
        const auto told = schema::parse_array(done.text(row, 1));
        const auto count = told.size() / 3;
        for (std::size_t i = 0; i < count; ++i)
            answers.at(std::stoul(*told[i]) - 1) = {done.value(row, 0), told[count + i],
                                                    told[2 * count + i]};
    }
    return answers;
}

}  // namespace

// What is about rows, or about a table that is another one by now, the ordinary way explains:
// nothing of it has stayed.
std::optional<Restored> Trash::Impl::restore_alone(const std::string& item_id,
                                                   const RestoreOptions& options,
                                                   const Actor& actor) {
    if (!may_be_alone(options)) return std::nullopt;
    const auto call = shared->restoring.call(item_id, options, actor);
    if (!call) return std::nullopt;
    const auto group = parse_item_id(item_id).group_id;
    const auto turn = shared->batches.join(
        call->many, call->statement.params,
        [&](const Batches::Asked& asked) { return restore_together(pool, *call, asked); });
    if (turn.answer()) {
        const auto& told = *turn.answer();
        return call->restored_one(std::stoul(*told.at(0)), group, *told.at(1), *told.at(2));
    }
    try {
        return call->restored(schema::run_alone(pool, call->statement), group);
    } catch (const Error& error) {
        const bool none = error.is(sqlstate::kUndefinedFunction) ||
                          error.is(sqlstate::kInsufficientPrivilege);  // to call it, maybe
        if (none) shared->restoring.forget();
        if (!none && !about_rows(error) && !schema::is_stale(error) &&
            !error.is(sqlstate::kInternalError))
            throw;
        return std::nullopt;
    }
}

Restored Trash::restore(const std::string& item_id, const RestoreOptions& options,
                        const Actor& actor) {
    if (auto restored = impl_->restore_alone(item_id, options, actor)) return *restored;
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
    if (auto purged = impl_->purge_alone(item_id, actor, options)) return *purged;
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
        const bool stale = dynamic_cast<const StaleCatalog*>(&error) != nullptr ||
                           (options.descendants && schema::is_stale(error));
        if (!stale || attempts.last()) throw;
        impl_->replace(catalog);
    };
    return schema::retry(schema::Attempts(), work, recover);
}

}  // namespace trashd::trash
