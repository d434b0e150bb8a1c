#include "trash/trash.hpp"

#include "trash/compiled.hpp"
#include "trash/items.hpp"
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

constexpr int kAttempts = 4;  // after a changed catalog, or rows that moved under a guard

// The plan was made for a catalog that is no more: its own check, a name that is gone, or its
// function.
bool stale(const Error& error) {
    for (const char* state : {"TD001", "42P01", "42703", "42883", "42704"}) {
        if (error.is(state)) return true;
    }
    return false;
}

std::string sentence(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : "; ") + part;
    return all;
}

std::vector<Param> params_of(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

}  // namespace

struct Trash::Impl {
    Impl(schema::Pool& pool, const std::string& trash_schema)
        : pool(pool), name(trash_schema), cache(pool, trash_schema), plans(trash_schema) {}

    const Table& table(const std::shared_ptr<const schema::Catalog>& catalog,
                       const QualifiedName& wanted) const;
    std::shared_ptr<const schema::Catalog> catalog_with(const QualifiedName& wanted);
    std::shared_ptr<const Compiled> compiled(const QualifiedName& wanted, bool take_all);
    template <typename Work>
    auto reading(Work work);
    DeleteResult move(const Compiled& plan, const std::vector<std::string>& id,
                      const DeleteOptions& options, const Context& context);
    DeleteResult not_live(const QualifiedName& wanted, const std::vector<std::string>& id,
                          const DeleteOptions& options, const Context& context);
    void purge(const std::string& item_id, const Context& context);
    void renew(const Compiled& plan);
    void explain(const Compiled& plan, const std::vector<std::string>& id, const Error& error);
    [[noreturn]] void give_up(const Error& error);
    Impact impact_of(const Compiled& plan, const std::vector<std::string>& id);
    [[noreturn]] void refused(const Compiled& plan, const std::vector<std::string>& id,
                              const Error& error);

    schema::Pool& pool;
    std::string name;
    schema::CatalogCache cache;
    CompiledPlans plans;
    cascade::Policy policy;
};

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

std::shared_ptr<const Compiled> Trash::Impl::compiled(const QualifiedName& wanted, bool take_all) {
    auto catalog = catalog_with(wanted);
    const Table& root = table(catalog, wanted);
    if (root.primary_key.empty()) {
        throw Error(Code::kNotFound, "the table " + wanted.name + " has no primary key; add one");
    }
    return plans.get(pool, catalog, root, policy, take_all);
}

template <typename Work>
auto Trash::Impl::reading(Work work) {
    auto catalog = cache.get();
    schema::Lease lease = pool.lease();
    schema::Transaction transaction(lease.connection(), schema::Mode::kRead, pool.limits());
    Items items(lease.connection(), *catalog, name);
    auto result = work(items, *catalog);
    transaction.commit();
    return result;
}

DeleteResult Trash::Impl::move(const Compiled& plan, const std::vector<std::string>& id,
                               const DeleteOptions& options, const Context& context) {
    const std::string uuid = new_group_id();
    const Param etags =
        options.if_match.empty() ? Param() : schema::array_literal(params_of(options.if_match));
    long long size = 0;
    schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const Result moved = transaction.connection().exec_prepared(
            "SELECT (m)[2] FROM " + plan.move +
                "($1::text[], $2::uuid, $3::text, $4::text, $5::text, $6::bool, "
                "$7::text[]) m",
            {schema::array_literal(params_of(id)), uuid, context.by, context.reason,
             context.request_id, options.hard ? "t" : "f", etags});
        size = moved.integer(0, 0);
    });
    DeleteResult result;
    if (options.hard) return result;
    result.item.emplace();
    result.item->id = item_id(uuid, 1);
    result.item->group_id = uuid;
    result.item->table = plan.plan.root->name;
    result.item->root = true;
    result.item->group_size = size;
    return result;
}

// There is no such live row: it may lie in the trash.
DeleteResult Trash::Impl::not_live(const QualifiedName& wanted, const std::vector<std::string>& id,
                                   const DeleteOptions& options, const Context& context) {
    auto found = reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        return known ? items.newest_of(*known, id, false) : std::nullopt;
    });
    if (!found) throw Error(Code::kNotFound, "there is no such object");
    if (!options.hard) return {found, true};
    if (!found->root) {
        throw NotRoot(
            "the object went into the trash with another one; purge or restore that group",
            reading([&](Items& items, const schema::Catalog&) {
                return items.one(item_id(found->group_id, 1), false);
            }));
    }
    purge(found->id, context);
    return {std::nullopt, true};
}

void Trash::Impl::purge(const std::string& item_id, const Context& context) {
    schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        purge_group(transaction, name, group_of(transaction.connection(), name, item_id, true),
                    context);
    });
}

void Trash::Impl::renew(const Compiled& plan) {
    plans.forget(plan);
    cache.reload();
}

// Refusals of the function in the words of the contract; returns for what may be tried again.
void Trash::Impl::explain(const Compiled& plan, const std::vector<std::string>& id,
                          const Error& error) {
    if (error.is("TD412")) {
        throw Error(Code::kStale,
                    "the object is another version than If-Match names; read it again");
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

Impact Trash::Impl::impact_of(const Compiled& plan, const std::vector<std::string>& id) {
    return reading([&](Items& items, const schema::Catalog&) {
        Impact impact;
        impact.table = plan.plan.root->name;
        impact.id = items.canonical(*plan.plan.root, id);
        const Result found = items.connection().exec(
            "SELECT kind, place, amount, ids FROM " + plan.impact + "($1::text[])",
            {schema::array_literal(params_of(id))});
        for (int row = 0; row < found.rows(); ++row) {
            const std::string_view kind = found.text(row, 0);
            const auto place = static_cast<std::size_t>(found.integer(row, 1));
            const long long count = found.integer(row, 2);
            if (kind == "trash") {
                const cascade::Node& node = plan.plan.nodes[place];
                const cascade::Edge* edge =
                    node.in.empty() ? nullptr : &plan.plan.edges[node.in.front()];
                impact.lines.push_back(
                    {node.table->name, "trash", count,
                     edge && place > 0 ? edge->key->name + ": " + edge->reason : "named"});
                impact.total += count;
                continue;
            }
            const cascade::Edge& edge = plan.plan.edges[place];
            const QualifiedName& child = plan.catalog->table(edge.key->child)->name;
            if (kind == "set") {
                impact.lines.push_back(
                    {child, edge.effect == cascade::Effect::kSetNull ? "set-null" : "set-default",
                     count, edge.key->name + ": " + edge.reason});
                continue;
            }
            Blocker blocker{child, edge.key->name, count, {}};
            for (const Param& one : schema::parse_array(found.text(row, 3)))
                blocker.ids.push_back(one.value_or(""));
            impact.blockers.push_back(std::move(blocker));
        }
        return impact;
    });
}

// A foreign key refused: names everything that refers, not the first. Returns when nothing does any
// more.
void Trash::Impl::refused(const Compiled& plan, const std::vector<std::string>& id,
                          const Error& error) {
    Impact impact = impact_of(plan, id);
    if (!impact.blockers.empty()) {
        throw Blocked(
            "other rows refer to this object; delete them first, or take them along with "
            "cascade=true",
            std::move(impact));
    }
    throw Error(Code::kConflict,
                error.sql() && !error.sql()->constraint.empty()
                    ? "the constraint " + error.sql()->constraint + " refuses the delete"
                    : "rows refer to this object; try again");
}

Trash::Trash(schema::Pool& pool, std::string trash_schema)
    : impl_(std::make_unique<Impl>(pool, trash_schema)) {
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

Trash::~Trash() = default;

void Trash::set_policy(cascade::Policy policy) {
    impl_->policy = std::move(policy);
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

DeleteResult Trash::remove(const QualifiedName& wanted, const std::vector<std::string>& id,
                           const DeleteOptions& options, const Context& context) {
    for (int attempt = 1;; ++attempt) {
        auto plan = impl_->compiled(wanted, options.cascade);
        if (!plan->plan.refusals.empty())
            throw Error(Code::kConflict, sentence(plan->plan.refusals));
        if (id.size() != plan->plan.root->primary_key.size())
            return impl_->not_live(wanted, id, options, context);
        try {
            return impl_->move(*plan, id, options, context);
        } catch (const Error& error) {
            if (error.is("TD404")) return impl_->not_live(wanted, id, options, context);
            impl_->explain(*plan, id, error);
            if (attempt == kAttempts || !(stale(error) || error.is("TD002"))) impl_->give_up(error);
            if (stale(error)) impl_->renew(*plan);
        }
    }
}

Impact Trash::impact(const QualifiedName& wanted, const std::vector<std::string>& id,
                     bool cascade) {
    for (int attempt = 1;; ++attempt) {
        auto plan = impl_->compiled(wanted, cascade);
        if (!plan->plan.refusals.empty())
            throw Error(Code::kConflict, sentence(plan->plan.refusals));
        try {
            return impl_->impact_of(*plan, id);
        } catch (const Error& error) {
            if (error.is("TD404")) throw Error(Code::kNotFound, "there is no such object");
            if (!stale(error) || attempt == kAttempts) throw;
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
            schema::run(impl_->pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
                const GroupRow group =
                    group_of(transaction.connection(), impl_->name, item_id, true);
                restored =
                    restore_groups(transaction, *catalog, impl_->name, group.id, options, context);
                if (options.dry_run) throw DryRun{};
            });
            return restored;
        } catch (const DryRun&) {
            return restored;
        } catch (const StaleCatalog&) {
            if (attempt == kAttempts) throw;
            impl_->cache.reload();
        }
    }
}

void Trash::purge(const std::string& item_id, const Context& context) {
    impl_->purge(item_id, context);
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

ItemPage Trash::list(int limit, const std::string& after, bool with_object) {
    return impl_->reading([&](Items& items, const schema::Catalog&) {
        return items.page(limit, after, with_object);
    });
}

ItemPage Trash::list_of(const QualifiedName& wanted, int limit, const std::string& after) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        return known ? items.page_of(*known, limit, after) : ItemPage{};
    });
}

HistoryPage Trash::history(const HistoryFilter& filter, int limit, long long before) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        return Ledger(items.connection(), catalog, impl_->name).page(filter, limit, before);
    });
}

HistoryPage Trash::history_of(const QualifiedName& wanted, const std::vector<std::string>& id,
                              int limit, long long before) {
    return impl_->reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        if (!known) return HistoryPage{};
        return Ledger(items.connection(), catalog, impl_->name)
            .page_of(*known, items.canonical(*known, id), limit, before);
    });
}

}  // namespace trashd::trash
