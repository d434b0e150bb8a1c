#include "cascade/predicates.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"

namespace trashd::cascade {

using schema::Table;

std::string column_of(const Table& table, int attnum, const std::string& alias) {
    return alias + "." + schema::quoted(table.column(attnum)->name);
}

std::string value_of(const Table& table, int attnum, const std::string& alias) {
    return schema::in_base_type(*table.column(attnum), column_of(table, attnum, alias));
}

std::string in_leaves(const std::string& partition, const std::vector<schema::Oid>& leaves) {
    std::string list;
    for (const schema::Oid leaf : leaves) list += (list.empty() ? "" : ",") + std::to_string(leaf);
    return partition + " OPERATOR(pg_catalog.=) ANY ('{" + list + "}'::pg_catalog.oid[])";
}

std::vector<std::string> identity_operators(const Table& table) {
    for (const schema::UniqueIndex& index : table.uniques) {
        if (index.name == table.key_name && index.attnums == table.identity)
            return index.equality();
    }
    return std::vector<std::string>(table.identity.size(), "OPERATOR(pg_catalog.=)");
}

namespace {

// Each value of a row _u against its expression over t.
std::vector<std::string> equal(const std::vector<std::string>& left,
                               const std::vector<std::string>& operators) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < left.size(); ++i)
        all.push_back("_u.c" + std::to_string(i) + " " + operators[i] + " " + left[i]);
    return all;
}

}  // namespace

Predicates::Predicates(const schema::Catalog& catalog, const Plan& plan, bool for_impact)
    : catalog_(catalog),
      plan_(plan),
      for_impact_(for_impact),
      collected_(plan.nodes.size()),
      key_columns_(plan.nodes.size()) {
    std::vector<std::set<int>> needed(plan.nodes.size());
    collected_[0] = true;
    for (const Edge& edge : plan.edges) {
        if (!looked_up(edge)) continue;
        collected_[edge.parent] = true;
        needed[edge.parent].insert(edge.key->parent_columns.begin(),
                                   edge.key->parent_columns.end());
        if (edge.key->parent_part != 0) needed[edge.parent].insert(kPartition);
    }
    for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
        if (!collected_[node]) continue;
        const std::vector<int>& identity = plan.nodes[node].table->identity;
        needed[node].insert(identity.begin(), identity.end());
        key_columns_[node].assign(needed[node].begin(), needed[node].end());
    }
}

bool Predicates::looked_up(const Edge& edge) const {
    return for_impact_ || edge.effect != Effect::kRestrict || !edge.by_database;
}

std::string Predicates::variable(const std::string& set, int node, int attnum) const {
    return "_" + set + std::to_string(node) + "_" + std::to_string(attnum);
}

std::string Predicates::key_value(int node, int attnum) const {
    return attnum == kPartition ? "t.tableoid" : value_of(*plan_.nodes[node].table, attnum, "t");
}

std::string Predicates::key_type(int node, int attnum) const {
    if (attnum == kPartition) return "pg_catalog.oid";
    return schema::base_type(*plan_.nodes[node].table->column(attnum));
}

std::string Predicates::any_found(int node, const std::string& set) const {
    return variable(set, node, key_columns_[node].front()) + " IS NOT NULL";
}

std::string Predicates::count_found(int node) const {
    return "COALESCE(pg_catalog.cardinality(" + variable("k", node, key_columns_[node].front()) +
           "), 0)";
}

// That a row _u of the sets meets what is asked of it: c0, c1, … are its values, one of each set.
std::string Predicates::some_row(const std::vector<std::string>& sets,
                                 const std::vector<std::string>& asked) const {
    std::vector<std::string> rows, names;
    for (const std::string& set : sets) {
        names.push_back("c" + std::to_string(names.size()));
        rows.push_back("pg_catalog.unnest(" + set + ")");
    }
    return "EXISTS (SELECT FROM ROWS FROM (" + schema::join(rows, ", ") + ") AS _u(" +
           schema::join(names, ", ") + ") WHERE " + schema::join(asked, " AND ") + ")";
}

// left: expressions over t; sets: array variables, all of one length.
std::string Predicates::among(const std::vector<std::string>& left,
                              const std::vector<std::string>& operators,
                              const std::vector<std::string>& sets, bool filter) const {
    if (left.size() == 1 && !filter) return left[0] + " " + operators[0] + " ANY (" + sets[0] + ")";
    if (left.size() == 1) {
        return left[0] + " " + operators[0] + " ANY (SELECT pg_catalog.unnest(" + sets[0] + "))";
    }
    return some_row(sets, equal(left, operators));
}

// The rows of the partitions that the keys are declared on.
std::string Predicates::part(const Edge& edge) const {
    if (!edge.key->child_part) return "";
    std::vector<schema::Oid> leaves;
    for (const schema::ForeignKey* key : edge.keys)
        leaves.insert(leaves.end(), key->child_leaves.begin(), key->child_leaves.end());
    return " AND " + in_leaves("t.tableoid", leaves);
}

// What refers to a partition means its rows only, even where another one has the same values.
std::string Predicates::parents_part(const Edge& edge, const std::string& set,
                                     std::vector<std::string> asked,
                                     std::vector<std::string> sets) const {
    if (!edge.key->parent_part) return "";
    std::map<std::vector<schema::Oid>, std::vector<schema::Oid>> children;
    for (const schema::ForeignKey* key : edge.keys) {
        auto& own = children[key->parent_leaves];
        own.insert(own.end(), key->child_leaves.begin(), key->child_leaves.end());
    }
    const std::string partition = "_u.c" + std::to_string(sets.size());
    std::vector<std::string> ways;
    for (const auto& [parents, own] : children)
        ways.push_back(in_leaves(partition, parents) +
                       (edge.key->child_part ? " AND " + in_leaves("t.tableoid", own) : ""));
    asked.push_back("(" + schema::join(ways, " OR ") + ")");
    sets.push_back(variable(set, edge.parent, kPartition));
    return " AND " + some_row(sets, asked);
}

std::string Predicates::matches(const Edge& edge, const std::string& set, bool filter) const {
    const Table& child = *catalog_.table(edge.key->child);
    std::vector<std::string> left, sets;
    for (std::size_t i = 0; i < edge.key->child_columns.size(); ++i) {
        left.push_back(value_of(child, edge.key->child_columns[i], "t"));
        sets.push_back(variable(set, edge.parent, edge.key->parent_columns[i]));
        if (edge.key->readings.empty() || edge.key->readings[i].empty()) continue;
        // as texts, so that an index over the child's text serves
        left.back() = "(" + left.back() + ")::pg_catalog.text";
        sets.back() = "(" + sets.back() + ")::pg_catalog.text[]";
    }
    const auto bound = schema::binds(*edge.key, child, "t");
    return "(" + among(left, edge.key->operators, sets, filter) + part(edge) +
           parents_part(edge, set, equal(left, edge.key->operators), sets) +
           (bound.empty() ? "" : " AND " + bound) + ")";
}

std::string Predicates::reaches(const Edge& edge, const std::string& set) const {
    return matches(edge, set, !edge.key->indexed);
}

std::string Predicates::reaches_filter(const Edge& edge, const std::string& set) const {
    return matches(edge, set, true);
}

std::string Predicates::found(int node, const std::string& set, bool filter) const {
    const Table& table = *plan_.nodes[node].table;
    std::vector<std::string> left, sets;
    for (int attnum : table.identity) {
        left.push_back(value_of(table, attnum, "t"));
        sets.push_back(variable(set, node, attnum));
    }
    return "(" + among(left, identity_operators(table), sets, filter) + ")";
}

std::string Predicates::in_closure(int node) const {
    if (node < 0) return "false";
    if (collected_[node] && !plan_.nodes[node].table->identity.empty()) return found(node);
    std::vector<std::string> ways;
    for (int edge : plan_.nodes[node].in) ways.push_back(reaches_filter(plan_.edges[edge]));
    return "(" + schema::join(ways, " OR ") + ")";
}

std::string Predicates::is_root() const {
    const Table& table = *plan_.root;
    const std::vector<std::string> operators = identity_operators(table);
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < table.identity.size(); ++i) {
        equal.push_back(value_of(table, table.identity[i], "t") + " " + operators[i] + " _r" +
                        std::to_string(table.identity[i]));
    }
    return schema::join(equal, " AND ");
}

}  // namespace trashd::cascade
