#include "cascade/predicates.hpp"

#include <algorithm>
#include <set>

#include "schema/value.hpp"

namespace trashd::cascade {

using schema::Table;

std::string join(const std::vector<std::string>& parts, const std::string& between) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : between) + part;
    return all;
}

std::string column_of(const Table& table, int attnum, const std::string& alias) {
    return alias + "." + schema::quoted(table.column(attnum)->name);
}

std::string value_of(const Table& table, int attnum, const std::string& alias) {
    return schema::in_base_type(*table.column(attnum), column_of(table, attnum, alias));
}

std::vector<std::string> identity_operators(const Table& table) {
    for (const schema::UniqueIndex& index : table.uniques) {
        if (index.attnums == table.identity && index.predicate.empty()) return index.operators;
    }
    return std::vector<std::string>(table.identity.size(), "OPERATOR(pg_catalog.=)");
}

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

std::string Predicates::any_found(int node, const std::string& set) const {
    return variable(set, node, key_columns_[node].front()) + " IS NOT NULL";
}

// left: expressions over t; sets: array variables, all of one length.
std::string Predicates::among(const std::vector<std::string>& left,
                              const std::vector<std::string>& operators,
                              const std::vector<std::string>& sets, bool filter) const {
    if (left.size() == 1 && !filter) return left[0] + " " + operators[0] + " ANY (" + sets[0] + ")";
    if (left.size() == 1) {
        return left[0] + " " + operators[0] + " ANY (SELECT pg_catalog.unnest(" + sets[0] + "))";
    }
    std::vector<std::string> rows, names, equal;
    for (std::size_t i = 0; i < left.size(); ++i) {
        rows.push_back("pg_catalog.unnest(" + sets[i] + ")");
        names.push_back("c" + std::to_string(i));
        equal.push_back("_u.c" + std::to_string(i) + " " + operators[i] + " " + left[i]);
    }
    return "EXISTS (SELECT FROM ROWS FROM (" + join(rows, ", ") + ") AS _u(" + join(names, ", ") +
           ") WHERE " + join(equal, " AND ") + ")";
}

std::string Predicates::part(const Edge& edge) const {
    if (!edge.key->child_part) return "";
    return " AND t.tableoid OPERATOR(pg_catalog.=) ANY (SELECT relid::pg_catalog.oid FROM "
           "pg_catalog.pg_partition_tree(" +
           std::to_string(edge.key->child_part) + "::pg_catalog.oid::pg_catalog.regclass))";
}

std::string Predicates::matches(const Edge& edge, const std::string& set, bool filter) const {
    const Table& child = *catalog_.table(edge.key->child);
    std::vector<std::string> left, sets;
    for (std::size_t i = 0; i < edge.key->child_columns.size(); ++i) {
        left.push_back(value_of(child, edge.key->child_columns[i], "t"));
        sets.push_back(variable(set, edge.parent, edge.key->parent_columns[i]));
    }
    return "(" + among(left, edge.key->operators, sets, filter) + part(edge) + ")";
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
    return "(" + join(ways, " OR ") + ")";
}

std::string Predicates::is_root() const {
    const Table& table = *plan_.root;
    const std::vector<std::string> operators = identity_operators(table);
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < table.identity.size(); ++i) {
        equal.push_back(value_of(table, table.identity[i], "t") + " " + operators[i] + " _r" +
                        std::to_string(table.identity[i]));
    }
    return join(equal, " AND ");
}

}  // namespace trashd::cascade
