// Which live rows have keys that items want: what a restore asks after it has failed, and what
// makes room for items where triggers have made rows in their place.
#include "trash/insert/clashes.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/options.hpp"

namespace trashd::trash {

using schema::join;
using schema::quoted;
using schema::Table;
using std::to_string;

Conflict conflict_like(const Table& table, const std::string& kind, const std::string& constraint) {
    Conflict conflict;
    conflict.kind = kind;
    conflict.table = table.name;
    conflict.constraint = constraint;
    return conflict;
}

Rule unique_rule(const Table& table, const schema::UniqueIndex& index) {
    return {
        conflict_like(table, index.name == table.key_name ? "primary-key-taken" : "unique-taken",
                      index.name),
        index.expressions,
        index.operators,
        index.attnums,
        index.predicate,
        index.nulls_not_distinct};
}

Rule exclusion_rule(const Table& table, const schema::Exclusion& exclusion) {
    Rule rule{conflict_like(table, "constraint", exclusion.name),
              exclusion.expressions,
              exclusion.operators,
              std::vector<int>(exclusion.expressions.size(), 0),
              exclusion.predicate,
              false};
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) {
        for (const auto& column : table.columns) {
            if (quoted(column.name) != rule.expressions[k] && column.name != rule.expressions[k])
                continue;
            rule.attnums[k] = column.attnum;
        }
    }
    return rule;
}

std::string expression_name(std::size_t position) {
    return "e" + to_string(position + 1);
}

// The items under the rule: e1... and, last, whether the predicate holds.
std::string items_under(const RestoreContext& restoring, const Table& table, const Rule& rule) {
    auto expressions = rule.expressions;
    if (!rule.predicate.empty()) expressions.push_back(rule.predicate);
    return evaluated(restoring, table, expressions, rule.told);
}

std::string predicate_of(const Rule& rule) {
    return rule.predicate.empty() ? "true" : "v." + expression_name(rule.expressions.size());
}

namespace {

std::string compared(const Table& table, const Rule& rule, std::size_t k,
                     const std::string& alias) {
    const auto value = alias + "." + expression_name(k);
    const auto* column = rule.attnums[k] == 0 ? nullptr : table.column(rule.attnums[k]);
    return column ? schema::in_base_type(*column, value) : value;
}

std::string clash(const Table& table, const Rule& rule) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) {
        auto same = compared(table, rule, k, "t") + " " + rule.operators[k] + " " +
                    compared(table, rule, k, "v");
        if (rule.nulls_not_distinct)
            same = schema::filled(
                "({same} OR pg_catalog.num_nulls(t.{e}, v.{e}) OPERATOR(pg_catalog.=) 2)",
                {{"same", same}, {"e", expression_name(k)}});
        out.push_back(same);
    }
    return join(out, " AND ");
}

// What is another tenant's has no id here.
std::string live_id(const RestoreContext& restoring, const Table& table) {
    if (table.identity.empty()) return "''::pg_catalog.text";
    const auto id = schema::key_text(table, table.identity, "");
    const auto& name = restoring.options.tenant_column;
    if (name.empty()) return id;
    const auto* column = table.column(name);
    if (!column) return "NULL::pg_catalog.text";
    return schema::filled(
        "CASE WHEN {of_tenant} THEN {id} END",
        {{"of_tenant", schema::of_tenant(*column, quoted(table.name.name))}, {"id", id}});
}

std::string live(const RestoreContext& restoring, const Table& table, const Rule& rule) {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < rule.expressions.size(); ++k) {
        out.push_back("(" + rule.expressions[k] + ") AS " + expression_name(k));
    }
    out.push_back(live_id(restoring, table) + " AS id, tableoid AS part, ctid AS place");
    return schema::filled("(SELECT {columns} FROM {table} AS {name}{where}) t",
                          {{"columns", join(out, ", ")},
                           {"table", schema::relation(table)},
                           {"name", quoted(table.name.name)},
                           {"where", rule.predicate.empty() ? "" : " WHERE " + rule.predicate}});
}

}  // namespace

// Pairs of an item v under the rule and a live row t that is in its way.
std::string clashes(const RestoreContext& restoring, const Table& table, const Rule& rule) {
    return schema::filled("{items} v JOIN {live} ON {clash} WHERE {holds}",
                          {{"items", items_under(restoring, table, rule)},
                           {"live", live(restoring, table, rule)},
                           {"clash", clash(table, rule)},
                           {"holds", predicate_of(rule)}});
}

std::vector<std::string> clashing_rows(const RestoreContext& restoring, const Table& table) {
    std::vector<Rule> rules;
    for (const auto& index : table.uniques) rules.push_back(unique_rule(table, index));
    for (const auto& exclusion : table.exclusions)
        rules.push_back(exclusion_rule(table, exclusion));
    std::vector<std::string> out;
    for (const auto& rule : rules)
        out.push_back("SELECT t.part, t.place FROM " + clashes(restoring, table, rule));
    return out;
}

}  // namespace trashd::trash
