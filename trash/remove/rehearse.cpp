// A rehearsal is a restore in a transaction that is rolled back. What was found is kept by another
// one, so that no lock on rows outlasts the try.
#include <fmt/format.h>

#include <map>

#include "schema/sqlstate.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/rehearsals.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/restore/restore.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/lock_keys.hpp"

namespace trashd::trash {
namespace {

// [{"kind": "unique-taken", "count": 2}], which names no row and no table: who may see the item may
// not see all that is in its way.
std::string summed_up(const std::vector<Conflict>& conflicts) {
    std::map<std::string, int> counts;
    for (const auto& conflict : conflicts) ++counts[conflict.kind];
    std::string json;
    for (const auto& [kind, count] : counts)
        json += fmt::format("{}{{\"kind\": \"{}\", \"count\": {}}}", json.empty() ? "" : ", ", kind,
                            count);
    return "[" + json + "]";
}

// Of an error that is being handled. Nothing: it says nothing about the group, and is to be tried
// again soon.
std::optional<Finding> found_by(const Error& error) {
    if (const auto* conflicted = dynamic_cast<const Conflicted*>(&error))
        return Finding{false, summed_up(conflicted->conflicts)};
    const bool beyond = dynamic_cast<const TooLarge*>(&error) != nullptr ||
                        dynamic_cast<const RunsCode*>(&error) != nullptr ||
                        error.is(sqlstate::kQueryCanceled);
    if (beyond) return Finding{std::nullopt, ""};
    if (error.code() == Code::kConflict)
        return Finding{false, R"([{"kind": "constraint", "count": 1}])"};
    if (error.is(sqlstate::kLockNotAvailable) || error.is(sqlstate::kDeadlockDetected))
        return std::nullopt;
    throw;
}

Actor rehearser() {
    Actor actor;
    actor.by = "proof";
    return actor;
}

}  // namespace

// The ancestors' items count, too.
RowCheck Trash::Impl::at_most(long long most) const {
    return [this, most, items = 0LL](schema::Transaction& transaction, const schema::Catalog&,
                                     long long group) mutable {
        items += group_with_id(transaction.connection(), name, group).size;
        if (items > most) throw TooLarge();
    };
}

void Trash::Impl::try_restore(schema::Transaction& transaction, const schema::Catalog& catalog,
                              const std::vector<GroupRow>& groups,
                              const RehearsalOptions& options) {
    const auto actor = rehearser();
    RestoreOptions wanted;
    wanted.with_ancestors = true;
    wanted.rehearsal = {options.code};
    wanted.check.rows = at_most(options.most);
    const auto own = own_options(transaction, wanted, groups, actor);
    restore_groups(transaction, catalog, name, groups, own, actor);
}

std::optional<bool> Trash::rehearse(const std::string& group_id, const RehearsalOptions& options) {
    std::shared_ptr<const schema::Catalog> catalog;
    std::vector<GroupRow> groups;
    std::optional<Finding> found;
    auto attempt = [&](schema::Transaction& transaction) {
        if (!transaction.exec("SELECT " + try_lock_call(LockKey::kProof)).boolean(0, 0)) return;
        try {
            groups = groups_with(transaction.connection(), impl_->name, {group_id}, true);
            if (groups.empty() || groups.front().state != "trashed") return;
            impl_->try_restore(transaction, *catalog, groups, options);
            found = Finding{true, ""};
        } catch (const Error& error) {
            found = found_by(error);
        }
        transaction.roll_back();
    };
    auto work = [&] {
        catalog = impl_->cache.get();
        impl_->run(schema::Mode::kMove, attempt, 1);
    };
    auto recover = [&](const Error& error, const schema::Attempts& attempts) {
        if (dynamic_cast<const StaleCatalog*>(&error) == nullptr || attempts.last()) throw;
        impl_->replace(catalog);
    };
    schema::retry(schema::Attempts(), work, recover);
    if (!found) return std::nullopt;
    keep_rehearsal(impl_->pool, impl_->name, groups.front(), *found);
    return found->restorable;
}

}  // namespace trashd::trash
