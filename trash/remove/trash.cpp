// What all calls of the local API share: the catalog, plans made for it and made again when it is
// old, and views of the trash for one tenant or one role.
#include "trash/trash.hpp"

#include <algorithm>

#include "cascade/functions.hpp"
#include "schema/context.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/role.hpp"
#include "schema/sqlstate.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/read/group_details.hpp"
#include "trash/read/group_referrers.hpp"
#include "trash/records/ledger.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/setup/migrate.hpp"
#include "trash/store/groups.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::QualifiedName;
using schema::Table;

// By which triggers that capture what others delete know the service.
std::string own_secret(schema::Connection& connection, const std::string& trash_schema) {
    return std::string(connection
                           .exec("SELECT secret FROM " +
                                 schema::quoted({trash_schema, "capture_secret"}) +
                                 " ORDER BY secret LIMIT 1")
                           .text(0, 0));
}

std::vector<QualifiedName> tables_in(const cascade::Plan& plan) {
    std::vector<QualifiedName> tables;
    for (const auto& node : plan.nodes) tables.push_back(node.table->name);
    return tables;
}

std::string sentence(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : "; ") + part;
    return all;
}

}  // namespace

std::vector<Param> params_of(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

const Table& Trash::Impl::table(const std::shared_ptr<const schema::Catalog>& catalog,
                                const QualifiedName& wanted) const {
    const Table* found = catalog->table(wanted);
    if (!found)
        throw Error(Code::kNotFound, "there is no table " + wanted.schema + "." + wanted.name);
    return *found;
}

// A table that is not known may have been made since the catalog was read.
std::shared_ptr<const schema::Catalog> Trash::Impl::catalog_with(const QualifiedName& wanted) {
    auto catalog = cache.get();
    return catalog->table(wanted) ? catalog : cache.refresh();
}

std::shared_ptr<const CompiledPlan> Trash::Impl::planned(const QualifiedName& wanted,
                                                         bool take_all) {
    auto catalog = catalog_with(wanted);
    const Table& root = table(catalog, wanted);
    if (root.identity.empty()) {
        throw Error(Code::kNotFound, "the table " + wanted.name +
                                         " has no primary key, and no unique index over NOT NULL "
                                         "columns in its place; add one");
    }
    return plans.get(
        pool, catalog, root,
        {shared->policy, take_all, tenant ? shared->tenant_column : "", role.has_value()});
}

std::shared_ptr<const CompiledPlan> Trash::Impl::compiled(const QualifiedName& wanted,
                                                          bool take_all, const Checks& check) {
    auto plan = planned(wanted, take_all);
    // what was refused for may be mended by now, and no statement looks at the catalog
    if (!plan->plan.refusals.empty() && cache.refresh() != plan->catalog)
        plan = planned(wanted, take_all);
    if (check.tables) check.tables(tables_in(plan->plan));
    const auto& refusals = plan->plan.refusals;
    if (!refusals.empty())
        throw Error(
            plan->plan.missing_grants == refusals.size() ? Code::kMissingGrant : Code::kConflict,
            sentence(refusals));
    return plan;
}

bool Trash::Impl::renew(const CompiledPlan& plan) {
    plans.forget(plan);
    replace(plan.catalog);
    const auto tables = cascade::tables_of(plan.plan);
    return schema::expected_fingerprint(*plan.catalog, tables) !=
           schema::expected_fingerprint(*cache.get(), tables);
}

// Its function may be gone, which is made anew; then something else is not there.
void Trash::Impl::renew_for(const CompiledPlan& plan, const Error& error,
                            schema::Attempts& attempts) {
    if (renew(plan) || error.is(sqlstate::kCatalogChanged)) return;
    if (!attempts.unexplained_twice()) return;
    if (!plan.foreign_code) throw error;
    throw Error(Code::kConflict, kCodeFails, *error.sql());
}

// One reads for all: many readings at once would each be old again when they end.
void Trash::Impl::replace(const std::shared_ptr<const schema::Catalog>& old) {
    const std::lock_guard lock(shared->renewing);
    if (cache.get() == old) cache.reload();
}

namespace {

// A trigger's own RAISE, which may have any SQLSTATE.
bool refuses_in_words(const Error& error) {
    const auto frames = schema::frames_of(*error.sql());
    return !frames.empty() && frames.front().by_author;
}

}  // namespace

void Trash::Impl::naming_role(const std::function<void()>& work) const {
    try {
        work();
    } catch (const Error& error) {
        if (!role || !error.is(sqlstate::kInsufficientPrivilege)) throw;
        if (refuses_in_words(error)) throw;
        throw Error(Code::kForbidden,
                    "the database does not let the role of the credentials do this: it lacks a "
                    "privilege, or row-level security refuses the row",
                    *error.sql());
    }
}

Checks Trash::Impl::with_sight(const Checks& checks) const {
    if (!role) return checks;
    auto rows = [this, rows = checks.rows](schema::Transaction& transaction,
                                           const schema::Catalog& catalog, long long group) {
        need_sight(transaction.connection(), name, *role, group);
        if (rows) rows(transaction, catalog, group);
    };
    return {checks.tables, rows};
}

namespace {

// Managed databases have event triggers that let few roles change the schema.
void make_schema(schema::Connection& connection, const std::string& trash_schema) {
    try {
        migrate(connection, trash_schema);
    } catch (const Error& error) {
        const auto refusal = refusal_by_code(error, trash_schema, {});
        if (!refusal) throw;
        throw Error(Code::kConflict,
                    "the trash schema cannot be made: " + std::string(refusal->what()) +
                        "; a role that may make it can do so for the service's: trashd migrate "
                        "--for ROLE",
                    *error.sql());
    }
}

}  // namespace

Trash::Trash(schema::Pool& pool, const std::string& trash_schema)
    : impl_(std::make_unique<Impl>(std::make_shared<Shared>(pool, trash_schema))) {
    schema::Lease lease = pool.lease();
    // Unqualified names in the database's own functions must not mean the trash.
    if (lease.connection().exec("SELECT current_user").text(0, 0) == trash_schema)
        pool.hide_user_schema();
    make_schema(lease.connection(), trash_schema);
    pool.be_known_by(own_secret(lease.connection(), trash_schema));
    if (lease.connection().exec("SHOW session_replication_role").text(0, 0) == "replica") {
        throw Error(Code::kUnavailable,
                    "session_replication_role is replica here, so foreign keys and triggers do not "
                    "hold; ALTER DATABASE or ALTER ROLE … RESET session_replication_role");
    }
    if (lease.connection().exec("SHOW track_counts").text(0, 0) != "on") {
        throw Error(Code::kUnavailable,
                    "track_counts is off in this database; turn it on: the guard needs it");
    }
}

Trash::Trash(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Trash::Trash(Trash&&) noexcept = default;
Trash::~Trash() = default;

Trash Trash::of_tenant(const std::string& tenant) const {
    return Trash(std::make_unique<Impl>(impl_->shared, tenant, impl_->role));
}
Trash Trash::of_role(const DatabaseRole& role) const {
    return Trash(std::make_unique<Impl>(impl_->shared, impl_->tenant, role));
}
void Trash::open_to(const std::vector<std::string>& roles) {
    schema::Lease lease = impl_->pool.lease();
    trash::open_to(lease.connection(), impl_->name, roles);
}
void Trash::as_itself(schema::Transaction& transaction, const std::function<void()>& work) const {
    if (impl_->role)
        schema::as_role(transaction.connection(), "none", work);
    else
        work();
}
std::string Trash::readable_schema() const {
    return impl_->readable();
}
const std::optional<std::string>& Trash::tenant() const {
    return impl_->tenant;
}
bool Trash::of_all() const {
    return !impl_->tenant && !impl_->role;
}
void Trash::set_tenant_column(std::string column) {
    impl_->shared->tenant_column = std::move(column);
}
void Trash::set_batches(const BatchLimits& limits) {
    impl_->shared->batches.limit(limits);
}
const schema::Column* Trash::tenant_column(const Table& table) const {
    return impl_->tenant ? table.column(impl_->shared->tenant_column) : nullptr;
}
std::string Trash::tenant_condition(const Table& table, const std::string& alias) const {
    if (!impl_->tenant) return "true";
    const auto* column = tenant_column(table);
    return column ? schema::of_tenant(*column, alias) : "false";
}
void Trash::run(schema::Mode mode, const std::function<void(schema::Transaction&)>& work) {
    impl_->run(mode, [&](schema::Transaction& transaction) {
        impl_->as_asker(transaction.connection(), [&] { work(transaction); });
    });
}

void Trash::set_policy(PolicyOf policy) {
    impl_->shared->policy = std::move(policy);
}
void Trash::set_naming(std::vector<Naming> naming) {
    impl_->naming = std::move(naming);
}
const std::vector<Naming>& Trash::naming() const {
    return impl_->naming;
}
schema::CatalogCache& Trash::catalog() {
    return impl_->cache;
}
schema::Pool& Trash::pool() {
    return impl_->pool;
}
const std::string& Trash::schema_name() const {
    return impl_->name;
}

KeptPages& Trash::kept_pages() {
    return impl_->shared->pages;
}

Operations& Trash::operations() {
    return impl_->shared->operations;
}

std::vector<QualifiedName> Trash::taken_by(const QualifiedName& wanted, bool cascade) {
    return tables_in(impl_->planned(wanted, cascade)->plan);
}

std::vector<QualifiedName> Trash::gone_tables() {
    return impl_->reading([](Items& items, const schema::Catalog&) { return items.gone_tables(); });
}

GroupTables Trash::tables_of(const std::string& item_id) {
    return impl_->reading([&](Items& items, const schema::Catalog&) {
        return group_tables(items.connection(), impl_->readable(), item_id);
    });
}

bool Trash::meets_code(const QualifiedName& wanted, bool cascade) {
    return impl_->planned(wanted, cascade)->interferes;
}

bool Trash::within(const std::string& item_id, const RowScope& reach) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        return item_within(items.connection(), catalog, impl_->readable(), item_id, reach);
    });
}

Item Trash::item(const std::string& item_id, bool with_object) {
    return impl_->reading(
        [&](Items& items, const schema::Catalog&) { return items.one(item_id, with_object); });
}

void Trash::item(const std::string& item_id, const ItemSink& sink) {
    impl_->reading([&](Items& items, const schema::Catalog&) {
        items.one(item_id, sink);
        return true;
    });
}

std::optional<Item> Trash::find(const QualifiedName& wanted, const std::vector<std::string>& id,
                                bool with_object) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) -> std::optional<Item> {
        const Table* known = catalog.table(wanted);
        return known ? items.newest_of(*known, id, with_object) : std::nullopt;
    });
}

ItemPage Trash::list(const ItemQuery& asked, const std::function<void(const Item&)>& each) {
    auto own = asked;
    own.filter.tenant = impl_->tenant;
    own.filter.hidden = impl_->role.has_value();
    return impl_->reading(
        [&](Items& items, const schema::Catalog&) { return items.page(own, each); });
}

GroupDetails Trash::group(const std::string& group_id, const GroupQuery& asked) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        return read_group({items.connection(), catalog, impl_->readable(), impl_->naming,
                           impl_->role.has_value()},
                          group_id, asked);
    });
}

Referrers Trash::referrers(const std::string& item_id, const std::optional<RowScope>& seen) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        return read_referrers({items.connection(), catalog, impl_->readable(), impl_->naming,
                               impl_->role.has_value()},
                              item_id, seen);
    });
}

Facets Trash::facets(const ItemFilter& filter) {
    auto own = filter;
    own.tenant = impl_->tenant;
    own.hidden = impl_->role.has_value();
    return impl_->reading([&](Items& items, const schema::Catalog&) { return items.facets(own); });
}

Statistics Trash::statistics(const ItemFilter& filter) {
    auto own = filter;
    own.tenant = impl_->tenant;
    own.hidden = impl_->role.has_value();
    return impl_->reading(
        [&](Items& items, const schema::Catalog&) { return items.statistics(own); });
}

HistoryPage Trash::history(const HistoryFilter& filter, int limit, long long before) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        Ledger ledger(items.connection(), catalog, impl_->readable());
        if (impl_->tenant) ledger.of_tenant();
        return ledger.page(filter, limit, before);
    });
}

HistoryPage Trash::events(const HistoryFilter& filter, int limit, long long after) {
    const auto upto = impl_->shared->settled.look(impl_->pool.lease().connection());
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        Ledger ledger(items.connection(), catalog, impl_->readable());
        if (impl_->tenant) ledger.of_tenant();
        return ledger.events(filter, limit, after, upto);
    });
}

HistoryPage Trash::history_of(const QualifiedName& wanted, const std::vector<std::string>& id,
                              const HistoryQuery& asked) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        if (!known) return HistoryPage{};
        Ledger ledger(items.connection(), catalog, impl_->readable());
        if (impl_->tenant) ledger.of_tenant();
        return ledger.page_of(*known, items.canonical(*known, id), asked);
    });
}

}  // namespace trashd::trash
