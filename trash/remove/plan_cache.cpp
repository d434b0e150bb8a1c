// A plan is kept as long as the catalog that it was made from is the current one. Its functions are
// made in a transaction of their own, under a lock that keeps two instances from making one at
// once.
#include "trash/remove/plan_cache.hpp"

#include <algorithm>

#include "cascade/functions.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "trash/access/database_role.hpp"
#include "trash/access/trigger_trust.hpp"
#include "trash/store/lock_keys.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/plan_functions.hpp"
#include "trash/store/shapes.hpp"

namespace trashd::trash {
namespace {

cascade::Names names_for(schema::Transaction& transaction, const CompiledPlan& compiled,
                         const std::string& trash_schema) {
    cascade::Names names;
    names.own = own_statements();
    names.trash_schema = trash_schema;
    if (compiled.as_role) names.access_schema = access_schema(trash_schema);
    for (const cascade::Node& node : compiled.plan.nodes) {
        names.shapes.push_back(shape_of(transaction.connection(), trash_schema, *node.table));
    }
    for (const cascade::Edge& edge : compiled.plan.edges) {
        if (edge.effect != cascade::Effect::kSetNull && edge.effect != cascade::Effect::kSetDefault)
            continue;
        const schema::Oid child = edge.key->child;
        if (names.link_shapes.count(child)) continue;
        names.link_shapes[child] =
            shape_of(transaction.connection(), trash_schema, *compiled.catalog->table(child));
    }
    const auto tables = cascade::tables_of(compiled.plan);
    names.fingerprint = schema::expected_fingerprint(*compiled.catalog, tables);
    names.types = schema::types_of(*compiled.catalog, tables);
    names.types_fingerprint = schema::expected_types_fingerprint(*compiled.catalog, tables);
    return names;
}

using TextOf = std::string(const schema::Catalog&, const cascade::Plan&, const cascade::Names&,
                           const std::string&);

// Gives the functions their names.
void make_functions(PlanFunctions& functions, CompiledPlan& made, const cascade::Names& names) {
    const PlanBasis basis{made.plan.root->oid, cascade::tables_of(made.plan), names.types,
                          names.fingerprint + names.types_fingerprint};
    auto make_of = [&](const cascade::Plan& plan, TextOf* text_of, const char* prefix) {
        return functions.make(prefix, basis, [&](const std::string& name) {
            return text_of(*made.catalog, plan, names, name);
        });
    };
    auto make = [&](TextOf* text_of, const char* prefix) {
        return make_of(made.plan, text_of, prefix);
    };
    made.move = make(cascade::move_function_sql, "move_");
    if (made.plan.kept_nodes() < static_cast<int>(made.plan.nodes.size())) {
        auto looking = made.plan;
        looking.look_first = true;
        made.look = make_of(looking, cascade::move_function_sql, "move_");
    }
    made.impact = make(cascade::impact_function_sql, "impact_");
    if (!made.foreign_code && cascade::may_share(*made.catalog, made.plan, names))
        made.batch = make(cascade::batch_function_sql, "batch_");
    if (made.plan.nodes[0].loop) made.owners = make(cascade::owners_function_sql, "owners_");
}

bool diverted(const CompiledPlan& compiled) {
    return std::ranges::any_of(compiled.plan.edges, [&](const auto& edge) {
        return edge.key->on_delete != schema::Action::kNoAction &&
               compiled.catalog->table(edge.key->child)->rules;
    });
}

bool sets(const cascade::Edge& edge) {
    return edge.effect == cascade::Effect::kSetNull || edge.effect == cascade::Effect::kSetDefault;
}

// An index in which rows with NULL may collide.
bool binds_nulls(const schema::UniqueIndex& unique) {
    return unique.nulls_not_distinct || !unique.predicate.empty() ||
           std::ranges::count(unique.attnums, 0) > 0;
}

// Whether the table may refuse NULL, or a default, in the place of a reference to it. What
// partitions and domains ask for is not known, and NOT NULL blocks by itself.
bool may_refuse_cut(const schema::Table& table, const cascade::Edge& edge) {
    const auto narrow = [&](int attnum) { return table.column(attnum)->user_type; };
    return edge.effect == cascade::Effect::kSetDefault || table.partitioned ||
           !table.checks.empty() || !table.exclusions.empty() ||
           std::ranges::any_of(table.uniques, binds_nulls) ||
           std::ranges::any_of(table.columns, &schema::Column::generated) ||
           std::ranges::any_of(edge.key->set_columns, narrow);
}

bool may_cut_in_vain(const CompiledPlan& compiled) {
    return std::ranges::any_of(compiled.plan.edges, [&](const auto& edge) {
        return sets(edge) && may_refuse_cut(*compiled.catalog->table(edge.key->child), edge);
    });
}

// Triggers of the users on what a delete writes in the trash.
bool own_tables_run_code(schema::Transaction& transaction, const std::string& trash_schema) {
    const auto found = transaction.exec(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid "
        "OPERATOR(pg_catalog.=) t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid "
        "OPERATOR(pg_catalog.=) c.relnamespace JOIN pg_catalog.pg_proc f ON f.oid "
        "OPERATOR(pg_catalog.=) t.tgfoid WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND NOT "
        "t.tgisinternal AND f.pronamespace OPERATOR(pg_catalog.<>) n.oid)",
        {trash_schema});
    return found.boolean(0, 0);
}

void refuse_untrusted(CompiledPlan& compiled) {
    const auto refuse = [&](const schema::Table& table, bool schema::Trigger::*event) {
        const auto why = untrusted(table, event);
        if (!why.empty()) compiled.plan.refusals.push_back(why);
    };
    for (const auto& node : compiled.plan.nodes) refuse(*node.table, &schema::Trigger::on_delete);
    for (const auto& edge : compiled.plan.edges)
        if (sets(edge))
            refuse(*compiled.catalog->table(edge.key->child), &schema::Trigger::on_update);
}

}  // namespace

std::shared_ptr<const CompiledPlan> PlanCache::make(schema::Pool& pool,
                                                    std::shared_ptr<const schema::Catalog> catalog,
                                                    const schema::Table& table,
                                                    const PlanQuery& asked) {
    auto made = std::make_shared<CompiledPlan>();
    made->catalog = std::move(catalog);
    made->plan =
        cascade::make_plan(*made->catalog, table, asked.policy(*made->catalog), asked.take_all);
    made->plan.tenant_column = asked.tenant_column;
    made->as_role = asked.as_role;
    made->foreign_code = cascade::runs_code(*made->catalog, made->plan);
    made->cuts = std::ranges::any_of(made->plan.edges, sets);
    made->interferes = cascade::runs_triggers(*made->catalog, made->plan) || diverted(*made) ||
                       may_cut_in_vain(*made);
    if (made->as_role) refuse_untrusted(*made);
    if (!made->plan.refusals.empty()) return made;
    schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        transaction.exec("SELECT " + lock_call(LockKey::kFunctions));
        PlanFunctions functions(transaction, trash_schema_);
        if (own_tables_run_code(transaction, trash_schema_)) made->foreign_code = true;
        make_functions(functions, *made, names_for(transaction, *made, trash_schema_));
        functions.drop_old(looked_through_ ? std::optional(table.oid) : std::nullopt);
    });
    looked_through_ = true;
    return made;
}

std::shared_ptr<const CompiledPlan> PlanCache::get(schema::Pool& pool,
                                                   std::shared_ptr<const schema::Catalog> catalog,
                                                   const schema::Table& table,
                                                   const PlanQuery& asked) {
    const std::tuple key{table.oid, asked.take_all, asked.tenant_column, asked.as_role};
    {
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = plans_.find(key);
        if (found != plans_.end() && found->second->catalog == catalog) return found->second;
    }
    auto made = make(pool, std::move(catalog), table, asked);
    std::lock_guard<std::mutex> lock(mutex_);
    plans_[key] = made;
    return made;
}

void PlanCache::forget(const CompiledPlan& compiled) {
    std::lock_guard<std::mutex> lock(mutex_);
    plans_.erase({compiled.plan.root->oid, compiled.plan.take_all, compiled.plan.tenant_column,
                  compiled.as_role});
}

}  // namespace trashd::trash
