#include "trash/trash.hpp"

#include "trash/impl.hpp"
#include "trash/ledger.hpp"
#include "trash/restore.hpp"
#include "trash/store.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::QualifiedName;
using schema::quoted;
using schema::Result;
using schema::Table;

Param text_of(const std::optional<long long>& number) {
    return number ? Param(std::to_string(*number)) : std::nullopt;
}

Item root_item(const Compiled& plan, const std::string& uuid, long long size) {
    Item item;
    item.id = item_id(uuid, 1);
    item.group_id = uuid;
    item.table = plan.plan.root->name;
    item.root = true;
    item.group_size = size;
    return item;
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

bool stale(const Error& error) {
    for (const char* state : {"TD001", "42P01", "42703", "42883", "42704"}) {
        if (error.is(state)) return true;
    }
    return false;
}

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

std::shared_ptr<const Compiled> Trash::Impl::planned(const QualifiedName& wanted, bool take_all) {
    auto catalog = catalog_with(wanted);
    const Table& root = table(catalog, wanted);
    if (root.primary_key.empty()) {
        throw Error(Code::kNotFound, "the table " + wanted.name + " has no primary key; add one");
    }
    return plans.get(
        pool, catalog, root,
        {shared->policy, take_all, tenant ? shared->tenant_column : "", role.has_value()});
}

std::shared_ptr<const Compiled> Trash::Impl::compiled(const QualifiedName& wanted, bool take_all,
                                                      const Checks& check) {
    auto plan = planned(wanted, take_all);
    if (check.tables) check.tables(tables_in(plan->plan));
    if (!plan->plan.refusals.empty()) throw Error(Code::kConflict, sentence(plan->plan.refusals));
    return plan;
}

DeleteResult Trash::Impl::move(const Compiled& plan, const std::vector<std::string>& id,
                               const DeleteOptions& options, const Context& context) {
    const std::string uuid = new_group_id();
    const Param etags =
        options.if_match.empty() ? Param() : schema::array_literal(params_of(options.if_match));
    const schema::Connection::Statement statement{
        "SELECT " + plan.move +
            "($1::text[], $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::bool, "
            "$8::text[], $9::bigint)",
        {schema::array_literal(params_of(id)), uuid, context.by, context.reason, context.request_id,
         context.address, options.hard && !options.check.rows ? "t" : "f", etags,
         text_of(options.most)}};
    // what is asked about its rows is asked when they are in the trash
    const bool through = options.hard && options.check.rows;
    auto result_of = [&](const Result& moved) {
        DeleteResult result;
        result.rows = std::stoll(*schema::parse_array(moved.text(0, 0)).at(1));
        if (!options.hard) result.item = root_item(plan, uuid, result.rows);
        return result;
    };
    // the transaction of a tenant or role says first whose it is
    if (!options.at_end && !options.check.rows && !tenant && !role)
        return result_of(schema::run_one(pool, schema::Mode::kMove, statement));
    DeleteResult result;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const auto moved = transaction.connection().exec_prepared(statement.sql, statement.params);
        result = result_of(moved);
        if (options.check.rows) {
            GroupRow group;
            group.id = std::stoll(*schema::parse_array(moved.text(0, 0)).at(0));
            group.size = result.rows;
            options.check.rows(transaction, *plan.catalog, group.id);
            if (through) purge_group(transaction, name, group, context);
        }
        if (options.at_end) options.at_end(transaction, result);
    });
    return result;
}

// There is no such live row: it may lie in the trash.
std::optional<DeleteResult> Trash::Impl::not_live(const QualifiedName& wanted,
                                                  const std::vector<std::string>& id,
                                                  const DeleteOptions& options,
                                                  const Context& context) {
    auto found = reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        return known ? items.newest_of(*known, id, false) : std::nullopt;
    });
    if (!found) return std::nullopt;
    if (!options.hard) return DeleteResult{found, true, 0};
    if (!found->root) {
        throw NotRoot(
            "the object went into the trash with another one; purge or restore that group",
            reading([&](Items& items, const schema::Catalog&) {
                return items.one(item_id(found->group_id, 1), false);
            }));
    }
    PurgeOptions purging{options.most, {}, options.check};
    if (options.at_end) {
        purging.at_end = [&](schema::Transaction& transaction, const Purged& purged) {
            options.at_end(transaction, {std::nullopt, true, purged.rows});
        };
    }
    purge(found->id, context, purging);
    return DeleteResult{std::nullopt, true, 0};
}

Purged Trash::Impl::purge(const std::string& item_id, const Context& context,
                          const PurgeOptions& options) {
    Purged purged;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        if (options.check.tables)
            options.check.tables(group_tables(transaction.connection(), name, item_id).all);
        const GroupRow group = group_of(transaction.connection(), name, item_id, true);
        const auto checks = with_sight(options.check);
        if (checks.rows) checks.rows(transaction, *cache.get(), group.id);
        if (options.most && group.size > *options.most) throw TooLarge();
        purged = {group.size, purge_group(transaction, name, group, context)};
        if (options.at_end) options.at_end(transaction, purged);
    });
    return purged;
}

[[noreturn]] void refuse_hidden() {
    throw Error(Code::kForbidden,
                "the delete would take rows that the database hides from the role of the "
                "credentials, so nothing was deleted; ask who may see them");
}

void Trash::Impl::renew(const Compiled& plan) {
    plans.forget(plan);
    replace(plan.catalog);
}

// One reads for all: many readings at once would each be old again when they end.
void Trash::Impl::replace(const std::shared_ptr<const schema::Catalog>& old) {
    const std::lock_guard lock(shared->renewing);
    if (cache.get() == old) cache.reload();
}

void Trash::Impl::naming_role(const std::function<void()>& work) const {
    try {
        work();
    } catch (const Error& error) {
        if (!role || !error.is("42501")) throw;
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

void explain_refusal(const Error& error) {
    if (error.is("TD405")) refuse_hidden();
    if (error.is("TD412")) {
        throw Error(Code::kStale,
                    "the object is another version than If-Match names; read it again");
    }
    if (error.is("TD413")) throw TooLarge();
    if (error.is("TD403")) {
        throw Error(Code::kConflict,
                    "the delete would cross tenants: rows of another one refer to what would go; "
                    "ask who looks after the database");
    }
    if (error.is("TD003")) {
        throw Error(Code::kConflict,
                    error.sql()->message + "; change the trigger or delete those rows first");
    }
    if (error.is("27000")) {
        throw Error(Code::kConflict,
                    "a trigger changes rows of the same group while they are deleted; make it an "
                    "AFTER trigger");
    }
}

// Refusals of the function in the words of the contract; returns for what may be tried again.
void Trash::Impl::explain(const Compiled& plan, const std::vector<std::string>& id,
                          const Error& error) {
    explain_refusal(error);
    if (error.is("TD409") || error.is("23503")) refused(plan, id, error);
    if (error.sql() && error.sql()->sqlstate.substr(0, 2) == "22") {
        reading([&](Items& items, const schema::Catalog&) {
            return items.canonical(*plan.plan.root, id);
        });
        throw Error(Code::kConflict,
                    "a trigger or function of the database fails on these rows; see the log of the "
                    "service",
                    *error.sql());
    }
}

void Trash::Impl::give_up(const Error& error) {
    if (!error.is("TD002")) throw error;
    throw Error(
        Code::kConflict,
        "rows vanished that were not captured, so nothing was deleted; a trigger or another "
        "session interferes: try again");
}

void add_line(Impact& impact, const Compiled& plan, const Result& found, int row) {
    const std::string_view kind = found.text(row, 0);
    const auto place = static_cast<std::size_t>(found.integer(row, 1));
    const long long count = found.integer(row, 2);
    if (kind == "trash") {
        const cascade::Node& node = plan.plan.nodes[place];
        const cascade::Edge* edge = node.in.empty() ? nullptr : &plan.plan.edges[node.in.front()];
        impact.lines.push_back(
            {node.table->name, "trash", count,
             edge && place > 0 ? edge->key->name + ": " + edge->reason : "named"});
        impact.total += count;
        return;
    }
    const cascade::Edge& edge = plan.plan.edges[place];
    const QualifiedName& child = plan.catalog->table(edge.key->child)->name;
    if (kind == "set") {
        impact.lines.push_back(
            {child, edge.effect == cascade::Effect::kSetNull ? "set-null" : "set-default", count,
             edge.key->name + ": " + edge.reason});
        return;
    }
    Blocker blocker{child, edge.key->name, count, {}};
    for (const Param& one : schema::parse_array(found.text(row, 3)))
        blocker.ids.push_back(one.value_or(""));
    impact.blockers.push_back(std::move(blocker));
}

Impact read_impact(schema::Connection& connection, const Compiled& plan,
                   const std::vector<Param>& keys) {
    Impact impact;
    impact.table = plan.plan.root->name;
    if (keys.empty()) return impact;
    try {
        const Result found =
            connection.exec("SELECT kind, place, amount, ids FROM " + plan.impact + "($1::text[])",
                            {schema::array_literal(keys)});
        for (int row = 0; row < found.rows(); ++row) add_line(impact, plan, found, row);
    } catch (const Error& error) {
        explain_refusal(error);
        throw;
    }
    return impact;
}

void throw_blocked(Impact impact) {
    throw Blocked(
        "other rows refer to this object; delete them first, or take them along with "
        "cascade=true",
        std::move(impact));
}

Impact Trash::Impl::impact_of(const Compiled& plan, const std::vector<std::string>& id) {
    return reading([&](Items& items, const schema::Catalog&) {
        const std::string canonical = items.canonical(*plan.plan.root, id);
        Impact impact =
            read_impact(items.connection(), plan, {schema::array_literal(params_of(id))});
        impact.id = canonical;
        return impact;
    });
}

// A foreign key refused: names everything that refers, not the first. Returns when nothing does any
// more.
void Trash::Impl::refused(const Compiled& plan, const std::vector<std::string>& id,
                          const Error& error) {
    Impact impact = impact_of(plan, id);
    if (!impact.blockers.empty()) throw_blocked(std::move(impact));
    if (role) refuse_hidden();
    throw Error(Code::kConflict,
                error.sql() && !error.sql()->constraint.empty()
                    ? "the constraint " + error.sql()->constraint + " refuses the delete"
                    : "rows refer to this object; try again");
}

Trash::Trash(schema::Pool& pool, std::string trash_schema)
    : impl_(std::make_unique<Impl>(std::make_shared<Shared>(pool, trash_schema))) {
    schema::Lease lease = pool.lease();
    if (lease.connection().exec("SELECT current_user").text(0, 0) == trash_schema) {
        throw Error(
            Code::kUnavailable,
            "the role is called like the trash schema, so unqualified names in the "
            "database's own functions would mean the trash; set trash_schema to another name");
    }
    migrate(lease.connection(), trash_schema);
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
void Trash::set_tenant_column(std::string column) {
    impl_->shared->tenant_column = std::move(column);
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

Operations& Trash::operations() {
    return impl_->shared->operations;
}

namespace {

// What is in the way may be hidden from the role; the service found it.
Conflicted without_others(Conflicted error) {
    for (auto& conflict : error.conflicts) {
        conflict.with_table.reset();
        conflict.with_id.clear();
        conflict.trash_item.clear();
        conflict.detail.clear();
    }
    return error;
}

// How often an object is looked for, live and then in the trash, before there is none: one that
// moves between the two looks is found by the next.
constexpr int kLooks = 6;

}  // namespace

DeleteResult Trash::remove(const QualifiedName& wanted, const std::vector<std::string>& id,
                           const DeleteOptions& options, const Context& context) {
    int looks = 0;
    for (int attempt = 1;; ++attempt) {
        auto plan = impl_->compiled(wanted, options.cascade, options.check);
        if (id.size() != plan->plan.root->primary_key.size())
            throw Error(Code::kNotFound, "there is no such object");
        try {
            return impl_->move(*plan, id, options, context);
        } catch (const Error& error) {
            if (!error.sql()) throw;
            if (error.is("TD404")) {
                auto result = impl_->not_live(wanted, id, options, context);
                if (result) return *result;
                if (++looks == kLooks) throw Error(Code::kNotFound, "there is no such object");
                --attempt;
                continue;
            }
            impl_->explain(*plan, id, error);
            if (attempt == kAttempts && stale(error)) throw StaleCatalog();
            if (attempt == kAttempts || !(stale(error) || error.is("TD002"))) impl_->give_up(error);
            if (stale(error)) impl_->renew(*plan);
        }
    }
}

Impact Trash::impact(const QualifiedName& wanted, const std::vector<std::string>& id,
                     bool cascade) {
    for (int attempt = 1;; ++attempt) {
        auto plan = impl_->compiled(wanted, cascade);
        try {
            return impl_->impact_of(*plan, id);
        } catch (const Error& error) {
            if (error.is("TD404")) throw Error(Code::kNotFound, "there is no such object");
            if (!stale(error)) throw;
            if (attempt == kAttempts) throw StaleCatalog();
            impl_->renew(*plan);
        }
    }
}

Restored Trash::restore(const std::string& item_id, const RestoreOptions& options,
                        const Context& context) {
    for (int attempt = 1;; ++attempt) {
        auto catalog = impl_->cache.get();
        Restored restored;
        struct DryRun {};
        try {
            impl_->run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
                if (options.check.tables)
                    options.check.tables(
                        group_tables(transaction.connection(), impl_->name, item_id).all);
                const GroupRow group =
                    group_of(transaction.connection(), impl_->name, item_id, true);
                if (options.most && group.size > *options.most) throw TooLarge();
                auto own = options;
                own.check = impl_->with_sight(options.check);
                if (impl_->role) own.role = {impl_->role->name, impl_->readable()};
                if (group.tenant) {  // whoever restores it
                    schema::set_tenant(transaction.connection(), *group.tenant);
                    own.tenant_column = impl_->shared->tenant_column;
                }
                restored = restore_groups(transaction, *catalog, impl_->name, group, own, context);
                if (options.dry_run) throw DryRun{};
                if (options.at_end) options.at_end(transaction, restored);
            });
            return restored;
        } catch (const DryRun&) {
            return restored;
        } catch (const Conflicted& error) {
            if (!impl_->role) throw;
            throw without_others(error);
        } catch (const StaleCatalog&) {
            if (attempt == kAttempts) throw;
            impl_->replace(catalog);
        }
    }
}

Purged Trash::purge(const std::string& item_id, const Context& context,
                    const PurgeOptions& options) {
    return impl_->purge(item_id, context, options);
}

std::vector<QualifiedName> Trash::taken_by(const QualifiedName& wanted, bool cascade) {
    return tables_in(impl_->planned(wanted, cascade)->plan);
}

GroupTables Trash::tables_of(const std::string& item_id) {
    return impl_->reading([&](Items& items, const schema::Catalog&) {
        return group_tables(items.connection(), impl_->readable(), item_id);
    });
}

bool Trash::within(const std::string& item_id, const Reach& reach) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        return item_within(items.connection(), catalog, impl_->readable(), item_id, reach);
    });
}

Item Trash::item(const std::string& item_id, bool with_object) {
    return impl_->reading(
        [&](Items& items, const schema::Catalog&) { return items.one(item_id, with_object); });
}

std::optional<Item> Trash::find(const QualifiedName& wanted, const std::vector<std::string>& id,
                                bool with_object) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) -> std::optional<Item> {
        const Table* known = catalog.table(wanted);
        return known ? items.newest_of(*known, id, with_object) : std::nullopt;
    });
}

ItemPage Trash::list(const ItemsAsked& asked, const std::function<void(const Item&)>& each) {
    auto own = asked;
    own.filter.tenant = impl_->tenant;
    own.filter.hidden = impl_->role.has_value();
    return impl_->reading(
        [&](Items& items, const schema::Catalog&) { return items.page(own, each); });
}

HistoryPage Trash::history(const HistoryFilter& filter, int limit, long long before) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        Ledger ledger(items.connection(), catalog, impl_->readable());
        if (impl_->tenant) ledger.of_tenant();
        return ledger.page(filter, limit, before);
    });
}

HistoryPage Trash::history_of(const QualifiedName& wanted, const std::vector<std::string>& id,
                              const HistoryAsked& asked) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        if (!known) return HistoryPage{};
        Ledger ledger(items.connection(), catalog, impl_->readable());
        if (impl_->tenant) ledger.of_tenant();
        return ledger.page_of(*known, items.canonical(*known, id), asked);
    });
}

}  // namespace trashd::trash
