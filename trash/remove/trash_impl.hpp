// What the files behind Trash share: trash.cpp, remove.cpp, impact.cpp, bulk_remove.cpp, empty.cpp,
// rehearse.cpp, leave_trash.cpp, undo.cpp.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cascade/policy.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/stale_catalog.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/result.hpp"
#include "schema/session/role.hpp"
#include "schema/session/transaction.hpp"
#include "trash/access/database_role.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/impact.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/read/items.hpp"
#include "trash/read/kept_pages.hpp"
#include "trash/records/operations.hpp"
#include "trash/records/settled_ids.hpp"
#include "trash/remove/batches.hpp"
#include "trash/remove/plan_cache.hpp"
#include "trash/remove/purge_function.hpp"
#include "trash/restore/restore_function.hpp"
#include "trash/setup/birthplace.hpp"
#include "trash/store/groups.hpp"
#include "trash/trash.hpp"

namespace trashd {
class Error;
}

namespace trashd::schema {
struct QualifiedName;
}

namespace trashd::trash {

struct Actor;
struct DuePage;
class UndoRestore;

// The plan of deletes at a table, and who is asked whether its tables may be touched.
struct PlanWanted {
    const schema::QualifiedName& table;
    bool take_all;
    Checks check = {};
};

// What the views of all tenants have in common.
struct Shared {
    Shared(schema::Pool& pool, const std::string& trash_schema)
        : pool(pool),
          name(trash_schema),
          cache(pool, trash_schema,
                [trash_schema](schema::Connection& connection, const schema::Catalog& catalog) {
                    keep_current(connection, trash_schema, catalog);
                }),
          plans(trash_schema),
          operations(pool, trash_schema),
          settled(trash_schema),
          purging(trash_schema),
          restoring(trash_schema) {}

    schema::Pool& pool;
    std::string name, tenant_column;
    schema::CatalogCache cache;
    PlanCache plans;
    Operations operations;
    SettledIds settled;
    KeptPages pages;
    PurgeFunction purging;
    RestoreFunctions restoring;
    Batches batches;
    std::mutex renewing;
    std::mutex due_mutex;
    std::shared_ptr<DuePage> due;  // what purge_due() goes on with
    std::vector<Naming> naming;
    PolicyOf policy = [](const schema::Catalog&) { return cascade::Policy(); };
};

// It is gone by now, or hidden from the role of who asks.
class RowNotThere : public StaleCatalog {};
struct RowToTake {
    schema::QualifiedName table;
    std::string id;     // as the database writes it
    std::string group;  // the uuid that its group gets
    bool take_all = false;
};
// The number of its group, how many rows that has, and the entry of the ledger.
struct TakenRow {
    long long group = 0, rows = 0;
    std::string entry;
};
// They are undone together: of one transaction.
void note_together(schema::Transaction& transaction, const std::string& trash_schema,
                   const std::vector<std::string>& entries);

struct Trash::Impl {
    explicit Impl(std::shared_ptr<Shared> all, std::optional<std::string> of = {},
                  std::optional<DatabaseRole> as = {})
        : shared(std::move(all)),
          tenant(std::move(of)),
          role(std::move(as)),
          pool(shared->pool),
          name(shared->name),
          cache(shared->cache),
          plans(shared->plans),
          naming(shared->naming) {}

    // Every transaction on rows begins here, so that it is the tenant's.
    void run(schema::Mode mode, const std::function<void(schema::Transaction&)>& work,
             int tries = 5) {
        auto own = [&](schema::Transaction& transaction) {
            begin(transaction.connection());
            work(transaction);
        };
        naming_role([&] { schema::run(pool, mode, own, tries); });
    }
    void begin(schema::Connection& connection) const {
        if (tenant) schema::set_tenant(connection, *tenant);
        if (role) set_role(connection, *role);
    }
    // Work on live rows as the view's role, if it has one.
    void as_asker(schema::Connection& connection, const std::function<void()>& work) const {
        if (role)
            schema::as_role(connection, role->name, work);
        else
            work();
    }
    std::function<void(const std::function<void()>&)> asker_of(schema::Transaction& transaction) {
        if (!role) return {};
        return [&](const std::function<void()>& work) { as_asker(transaction.connection(), work); };
    }
    // What the role lacks is the asker's to know, not the service's to have.
    void naming_role(const std::function<void()>& work) const;
    // The schema whose tables as_asker() reads.
    std::string readable() const { return role ? access_schema(name) : name; }
    // Where there is a role it must see all of a group that leaves the trash.
    Checks with_sight(const Checks& checks) const;

    const schema::Table& table(const std::shared_ptr<const schema::Catalog>& catalog,
                               const schema::QualifiedName& wanted) const;
    std::shared_ptr<const schema::Catalog> catalog_with(const schema::QualifiedName& wanted);
    std::shared_ptr<const CompiledPlan> planned(const schema::QualifiedName& wanted, bool take_all);
    // Throws what the check throws, kConflict when the plan refuses.
    std::shared_ptr<const CompiledPlan> compiled(const schema::QualifiedName& wanted, bool take_all,
                                                 const Checks& check = {});
    template <typename Work>
    auto reading(Work work) {
        auto catalog = cache.get();
        schema::Lease lease = pool.lease();
        schema::Transaction transaction(lease.connection(), schema::Mode::kRead, pool.limits());
        begin(lease.connection());
        Items items(lease.connection(), *catalog, readable(), naming);
        std::optional<decltype(work(items, *catalog))> result;
        naming_role([&] { as_asker(lease.connection(), [&] { result = work(items, *catalog); }); });
        transaction.commit();
        return std::move(*result);
    }
    // In a transaction of something else: a live row goes into the trash. Throws StaleCatalog where
    // it is not there.
    TakenRow take(schema::Transaction& transaction, const RowToTake& row, const Checks& check,
                  const Actor& actor);
    DeleteResult move(const CompiledPlan& plan, const std::vector<std::string>& id,
                      const DeleteOptions& options, const Actor& actor);
    // When rows that go for good have been looked at among the items. Throws Held.
    void forget_dropped(schema::Transaction& transaction, const CompiledPlan& plan,
                        long long group) const;
    void purge_below(schema::Transaction& transaction, const CompiledPlan& plan,
                     const std::vector<GroupRow>& groups, const DeleteOptions& options,
                     const Actor& actor, DeleteResult& result);
    bool may_share(const CompiledPlan& plan, const DeleteOptions& options) const;
    // With others that come at the same time, where that may be.
    DeleteResult move_one(const CompiledPlan& plan, const std::vector<std::string>& id,
                          const DeleteOptions& options, const Actor& actor);
    // The contract of Trash::remove, but where rows would go for good beside holds of objects it
    // throws kHeld.
    DeleteResult remove_as_asked(const schema::QualifiedName& table,
                                 const std::vector<std::string>& id, const DeleteOptions& options,
                                 const Actor& actor);
    // Looks in the trash for what is not live.
    DeleteResult move_or_find(const CompiledPlan& plan, const std::vector<std::string>& id,
                              const DeleteOptions& options, const Actor& actor);
    Undone undo_once(const schema::Catalog& catalog, const std::string& entry,
                     const UndoOptions& options, const Actor& actor);
    // Takes the rows of the returns again and puts them where they lay.
    // Answers the entries of the ledger.
    std::vector<std::string> return_rows(schema::Transaction& transaction, UndoRestore& returning,
                                         const Checks& check, const Actor& actor);
    // What the tenant and the role add to what was asked for.
    RestoreOptions own_options(schema::Transaction& transaction, const RestoreOptions& options,
                               const std::vector<GroupRow>& groups, const Actor& actor);
    Restored restore_once(const schema::Catalog& catalog, const std::vector<std::string>& item_ids,
                          const RestoreOptions& options, const Actor& actor);
    // Groups that are locked, in a transaction to be rolled back. Throws what restores throw,
    // RunsCode, TooLarge.
    void try_restore(schema::Transaction& transaction, const schema::Catalog& catalog,
                     const std::vector<GroupRow>& groups, const RehearsalOptions& options);
    // Throws TooLarge once it was asked about groups with more items in all.
    RowCheck at_most(long long most) const;
    // The items' groups, each once, locked. Throws what group_of() throws, TooLarge,
    // UnexpectedCount.
    struct Limited {
        const Checks& check;
        std::optional<long long> most, expect;  // items
    };
    std::vector<GroupRow> lock(schema::Transaction& transaction,
                               const std::vector<std::string>& item_ids, const Limited& limits);
    // Of the groups those that the items are of. Throws what group_of() throws.
    static std::vector<GroupRow> those_in_trash(schema::Connection& connection,
                                                const std::string& trash_schema,
                                                const std::vector<std::string>& item_ids,
                                                const std::vector<GroupRow>& groups);
    // The items' groups with those that hang on them, locked. Throws what lock() throws.
    struct Family {
        std::vector<GroupRow> groups, descendants;
    };
    Family lock_family(schema::Transaction& transaction, const std::vector<std::string>& item_ids,
                       const Limited& limits);
    // Live rows that take() has put into a group, whose number it gives, and what hangs on them.
    struct TakenFamily {
        long long group = 0;
        DeleteResult result;
        std::vector<GroupRow> descendants;
    };
    TakenFamily take_family(schema::Transaction& transaction, const schema::Catalog& catalog,
                            const TableCheck& check,
                            const std::function<std::pair<long long, DeleteResult>()>& take);
    void check_descendants(schema::Connection& connection, const std::vector<GroupRow>& groups,
                           const TableCheck& check) const;
    // Asks about the tables of the items' groups.
    void check_tables(schema::Connection& connection, const std::vector<std::string>& item_ids,
                      const TableCheck& check) const;
    // Nothing: it is not in the trash either.
    std::optional<DeleteResult> not_live(const schema::QualifiedName& wanted,
                                         const std::vector<std::string>& id,
                                         const DeleteOptions& options, const Actor& actor);
    Purged purge_once(const std::vector<std::string>& item_ids, const Actor& actor,
                      const PurgeOptions& options);
    // A whole group in one round trip. Nothing: it goes the ordinary way, or says there why not.
    std::optional<Purged> purge_alone(const std::string& item_id, const Actor& actor,
                                      const PurgeOptions& options);
    // The same of a restore, where nothing of it is to be said or decided on the way.
    std::optional<Restored> restore_alone(const std::string& item_id, const RestoreOptions& options,
                                          const Actor& actor);
    bool may_be_alone(const RestoreOptions& options) const;
    std::shared_ptr<DuePage> due_page(const DuePlace& after);
    // false: another instance is at it.
    bool purge_due_batch(schema::Transaction& transaction, const DuePage& page,
                         const std::vector<GroupRow>& wanted, DueBatch& batch);
    ItemFilter roots_of(const EmptyOptions& options);
    Emptied totals(const ItemFilter& roots);
    // Throws UnexpectedCount where the groups have not so many items.
    void expect(const ItemFilter& roots, long long items);
    // Has the plan made anew from the catalog as it is now; false when that is the same.
    bool renew(const CompiledPlan& plan);
    // The error of the moment when the plan is old; throws when it is not, but something else
    // lacks.
    void renew_for(const CompiledPlan& plan, const Error& error, schema::Attempts& attempts);
    // Does work(plan), again with a plan that is made anew where the catalog has changed since.
    // explain(plan, error) throws what the error means, and gives whether another look may find
    // the rows as they have to be.
    template <typename Work, typename Explain>
    auto with_plan(const PlanWanted& wanted, Work work, Explain explain) {
        std::shared_ptr<const CompiledPlan> plan;
        auto attempt = [&] {
            plan = nullptr;
            plan = compiled(wanted.table, wanted.take_all, wanted.check);
            return work(*plan);
        };
        return schema::retry(schema::Attempts(), attempt, [&](const Error& error, auto& attempts) {
            if (!plan) throw;
            const bool again = explain(*plan, error);
            if (!again && !schema::is_stale(error)) throw;
            if (attempts.last()) give_up(error);
            if (schema::is_stale(error)) renew_for(*plan, error, attempts);
        });
    }
    // Throws where code of the users refuses.
    void explain_code(const CompiledPlan& plan, const Error& error) const;
    std::vector<TableCount> written(const CompiledPlan& plan, std::string_view moved) const;
    // Has the catalog read again where nobody has yet.
    void replace(const std::shared_ptr<const schema::Catalog>& old);
    void explain(const CompiledPlan& plan, const std::vector<std::string>& id, const Error& error);
    // Of an error that did not pass however often it was tried, which is being handled.
    [[noreturn]] static void give_up(const Error& error);
    Impact impact_of(const CompiledPlan& plan, const std::vector<std::string>& id);
    void refused(const CompiledPlan& plan, const std::vector<std::string>& id, const Error& error);

    std::shared_ptr<Shared> shared;
    std::optional<std::string> tenant;  // whose view this is; nothing: of all
    std::optional<DatabaseRole> role;   // that it is for; nothing: the session's own
    schema::Pool& pool;
    const std::string& name;
    schema::CatalogCache& cache;
    PlanCache& plans;
    std::vector<Naming>& naming;
};

// Refusals that are the same for one object and for many; returns for what may be tried again.
void explain_refusal(const Error& error);
// Of the answer of the plan's function where it kept rows: those that went for good with them.
std::vector<ImpactLine> dropped(const CompiledPlan& plan, std::string_view moved);
long long sum_of(const std::vector<ImpactLine>& lines);
// So many rows of the node of the plan go.
ImpactLine line_of(const CompiledPlan& plan, std::size_t node, long long count);
// Who asks nothing has rows that go for good looked at all the same, for what holds them.
inline const RowCheck kAskNothing = [](schema::Transaction&, const schema::Catalog&, long long) {};
// Told to triggers where rows go for good by way of the trash.
inline constexpr const char* kTellHard =
    "SELECT pg_catalog.set_config('trashd.action', 'hard', true)";
std::vector<schema::Param> params_of(const std::vector<std::string>& texts);
// Of all these roots (key arrays written as text) together, on the connection of a transaction.
Impact read_impact(schema::Connection& connection, const CompiledPlan& plan,
                   const std::vector<schema::Param>& keys);
// take_all: it was asked for already that they be taken along.
[[noreturn]] void throw_blocked(Impact impact, bool take_all);
// Nothing that stays refers to what goes, and yet a constraint refuses.
[[noreturn]] void throw_unexplained(const CompiledPlan& plan, const Error& error);
// Rows in the way are hidden from the role that asks.
[[noreturn]] void refuse_hidden();

}  // namespace trashd::trash
