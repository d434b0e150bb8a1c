#include "trash/compiled.hpp"

#include <algorithm>
#include <cstdint>

#include "cascade/sql.hpp"
#include "schema/reader.hpp"
#include "trash/locks.hpp"
#include "trash/sight.hpp"
#include "trash/store.hpp"
#include "trash/trust.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;

// FNV-1a: the same text has the same name in every instance of the service.
std::string hash(const std::string& text) {
    std::uint64_t value = 14695981039346656037ULL;
    for (unsigned char byte : text) value = (value ^ byte) * 1099511628211ULL;
    static const char* const kDigits = "0123456789abcdef";
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) digits += kDigits[(value >> shift) & 15];
    return digits;
}

cascade::Names names_for(schema::Transaction& transaction, const Compiled& compiled,
                         const std::string& trash_schema) {
    cascade::Names names;
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

struct Source {
    const Compiled& compiled;
    const cascade::Names& names;
};
using TextOf = std::string(const schema::Catalog&, const cascade::Plan&, const cascade::Names&,
                           const std::string&);

// Named by its text; gives the quoted name.
std::string create_function(schema::Transaction& transaction, const Source& source, TextOf* text_of,
                            const std::string& prefix) {
    auto text = [&](const std::string& name) {
        return text_of(*source.compiled.catalog, source.compiled.plan, source.names, name);
    };
    const std::string name = prefix + hash(text("")), &schema = source.names.trash_schema;
    const auto exists = transaction.exec(
        "SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid "
        "OPERATOR(pg_catalog.=) p.pronamespace "
        "WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND p.proname OPERATOR(pg_catalog.=) $2",
        {schema, name});
    if (exists.rows() == 0) transaction.exec(text(name));
    return quoted({schema, name});
}

bool diverted(const Compiled& compiled) {
    return std::ranges::any_of(compiled.plan.edges, [&](const auto& edge) {
        return edge.key->on_delete != schema::Action::kNoAction &&
               compiled.catalog->table(edge.key->child)->rules;
    });
}

void refuse_untrusted(Compiled& compiled) {
    const auto refuse = [&](const schema::Table& table, bool schema::Trigger::*event) {
        const auto why = untrusted(table, event);
        if (!why.empty()) compiled.plan.refusals.push_back(why);
    };
    for (const auto& node : compiled.plan.nodes) refuse(*node.table, &schema::Trigger::on_delete);
    for (const auto& edge : compiled.plan.edges)
        if (edge.effect == cascade::Effect::kSetNull || edge.effect == cascade::Effect::kSetDefault)
            refuse(*compiled.catalog->table(edge.key->child), &schema::Trigger::on_update);
}

}  // namespace

std::shared_ptr<const Compiled> CompiledPlans::make(schema::Pool& pool,
                                                    std::shared_ptr<const schema::Catalog> catalog,
                                                    const schema::Table& table,
                                                    const PlanAsked& asked) {
    auto made = std::make_shared<Compiled>();
    made->catalog = std::move(catalog);
    made->plan =
        cascade::make_plan(*made->catalog, table, asked.policy(*made->catalog), asked.take_all);
    made->plan.tenant_column = asked.tenant_column;
    made->as_role = asked.as_role;
    made->foreign_code = cascade::runs_code(*made->catalog, made->plan);
    made->interferes = cascade::runs_triggers(*made->catalog, made->plan) || diverted(*made);
    if (made->as_role) refuse_untrusted(*made);
    if (!made->plan.refusals.empty()) return made;
    schema::run(pool, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        transaction.exec(kFunctionLock);
        const cascade::Names names = names_for(transaction, *made, trash_schema_);
        auto create = [&](auto* text_of, const char* prefix) {
            return create_function(transaction, {*made, names}, text_of, prefix);
        };
        made->move = create(cascade::move_function_sql, "move_");
        made->impact = create(cascade::impact_function_sql, "impact_");
        if (made->plan.nodes[0].loop)
            made->owners = create(cascade::owners_function_sql, "owners_");
    });
    return made;
}

std::shared_ptr<const Compiled> CompiledPlans::get(schema::Pool& pool,
                                                   std::shared_ptr<const schema::Catalog> catalog,
                                                   const schema::Table& table,
                                                   const PlanAsked& asked) {
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

void CompiledPlans::forget(const Compiled& compiled) {
    std::lock_guard<std::mutex> lock(mutex_);
    plans_.erase({compiled.plan.root->oid, compiled.plan.take_all, compiled.plan.tenant_column,
                  compiled.as_role});
}

}  // namespace trashd::trash
