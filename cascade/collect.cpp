// Finds the rows that a delete takes, before anything is changed: key arrays, table after table,
// each locked as it is found. Tables that reach each other are gone through again until nothing is
// new.
#include <algorithm>

#include "cascade/functions.hpp"
#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"

namespace trashd::cascade {

using schema::relation;
using schema::Table;

std::string CollectSql::declarations() const {
    std::string text = "  _root record;\n";
    for (int attnum : plan_.root->identity) {
        text += "  _r" + std::to_string(attnum) + " " +
                schema::base_type(*plan_.root->column(attnum)) + ";\n";
    }
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        for (int attnum : is_.key_columns(static_cast<int>(node))) {
            const std::string type = is_.key_type(static_cast<int>(node), attnum) + "[];\n";
            for (const char* set : {"k", "x", "f", "i", "n"}) {
                if (*set != 'k' && *set != 'x' && !plan_.nodes[node].loop) continue;
                text += "  " + is_.variable(set, static_cast<int>(node), attnum) + " " + type;
            }
        }
    }
    return text;
}

std::string CollectSql::assign(int node, const std::string& to, const std::string& from) const {
    std::string text;
    for (int attnum : is_.key_columns(node)) {
        text += "  " + is_.variable(to, node, attnum) +
                " := " + (from.empty() ? "NULL" : is_.variable(from, node, attnum)) + ";\n";
    }
    return text;
}

// Adds what select_keys found (_x) to the set.
std::string CollectSql::append(int node, const std::string& to) const {
    std::string text;
    for (int attnum : is_.key_columns(node)) {
        const std::string target = is_.variable(to, node, attnum);
        text += "  " + target + " := " + target + " OPERATOR(pg_catalog.||) " +
                is_.variable("x", node, attnum) + ";\n";
    }
    return text;
}

std::string CollectSql::is_named(const std::string& key) const {
    const Table& table = *plan_.root;
    const std::vector<std::string> operators = identity_operators(table);
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < table.identity.size(); ++i) {
        const schema::Column& column = *table.column(table.identity[i]);
        const auto wanted = schema::from_text(column, key + "[" + std::to_string(i + 1) + "]");
        equal.push_back(value_of(table, column.attnum, "t") + " " + operators[i] + " " +
                        schema::in_base_type(column, wanted));
    }
    return schema::join(equal, " AND ") + and_of_tenant(plan_, table);
}

std::string CollectSql::take_root() const {
    const Table& table = *plan_.root;
    std::vector<std::string> columns;
    std::string assigned;  // by way of a record: INTO would spread a composite over its fields
    for (int attnum : table.identity) {
        const std::string number = std::to_string(attnum);
        columns.push_back(value_of(table, attnum, "t") + " AS r" + number);
        assigned += "  _r" + number + " := _root.r" + number + ";\n";
    }
    for (int attnum : is_.key_columns(0)) {
        const std::string number = std::to_string(attnum);
        columns.push_back(is_.key_value(0, attnum) + " AS c" + number);
        assigned += "  " + is_.variable("k", 0, attnum) + " := ARRAY[_root.c" + number + "];\n";
    }
    return schema::filled(R"(  SELECT {columns} INTO _root FROM {root} t WHERE {is_named}{lock};
  IF NOT FOUND THEN {raise}  END IF;
{assigned})",
                          {{"columns", schema::join(columns, ", ")},
                           {"root", relation(table)},
                           {"is_named", is_named()},
                           {"lock", for_impact_ ? "" : " FOR UPDATE"},
                           {"raise", raise(sqlstate::kNoSuchRow, "no such row")},
                           {"assigned", assigned}});
}

std::string CollectSql::refuse_other_version() const {
    return schema::filled(R"(  IF _etags IS NOT NULL THEN
  PERFORM FROM {root} t WHERE {is_root} AND {etag} OPERATOR(pg_catalog.=) ANY (_etags);
  IF NOT FOUND THEN {raise}  END IF; END IF;
)",
                          {{"root", relation(*plan_.root)},
                           {"is_root", is_.is_root()},
                           {"etag", etag_sql(*plan_.root, "t")},
                           {"raise", raise(sqlstate::kOtherVersion, "another version")}});
}

std::string CollectSql::take_roots(const std::string& keys) const {
    const Table& table = *plan_.root;
    const std::vector<std::string> operators = identity_operators(table);
    std::vector<std::string> wanted, equal, columns, aggregates, into;
    for (std::size_t i = 0; i < table.identity.size(); ++i) {
        const schema::Column& column = *table.column(table.identity[i]);
        const std::string number = std::to_string(i + 1);
        const auto key = schema::from_text(column, "_l.key[" + number + "]");
        wanted.push_back(schema::in_base_type(column, key) + " AS a" + number);
        equal.push_back(value_of(table, column.attnum, "t") + " " + operators[i] + " _q.a" +
                        number);
    }
    for (int attnum : is_.key_columns(0)) {
        columns.push_back(is_.key_value(0, attnum) + " AS c" + std::to_string(attnum));
        aggregates.push_back("pg_catalog.array_agg(s.c" + std::to_string(attnum) + ")");
        into.push_back(is_.variable("k", 0, attnum));
    }
    return schema::filled(R"(  SELECT {aggregates} INTO {into} FROM (
    SELECT {columns} FROM (
      SELECT {wanted} FROM (
        SELECT u.x::pg_catalog.text[] AS key FROM pg_catalog.unnest({keys}) u(x)) _l) _q
    JOIN {root} t ON {equal}{of_tenant}) s;
)",
                          {{"aggregates", schema::join(aggregates, ", ")},
                           {"into", schema::join(into, ", ")},
                           {"columns", schema::join(columns, ", ")},
                           {"wanted", schema::join(wanted, ", ")},
                           {"keys", keys},
                           {"root", relation(table)},
                           {"equal", schema::join(equal, " AND ")},
                           {"of_tenant", and_of_tenant(plan_, table)}});
}

// One statement, its own snapshot: locks the rows in key order and puts their keys into _x.
std::string CollectSql::select_keys(int node, const std::string& where) const {
    const Table& table = *plan_.nodes[node].table;
    std::vector<std::string> columns, aggregates, into, order;
    for (int attnum : is_.key_columns(node)) {
        columns.push_back(is_.key_value(node, attnum) + " AS c" + std::to_string(attnum));
        aggregates.push_back("pg_catalog.array_agg(s.c" + std::to_string(attnum) + ")");
        into.push_back(is_.variable("x", node, attnum));
    }
    for (int attnum : table.identity) order.push_back(column_of(table, attnum, "t"));
    const bool ordered = !for_impact_ && !order.empty();
    return schema::filled(
        R"(  SELECT {aggregates} INTO {into} FROM (
    SELECT {columns} FROM {table} t WHERE {where}{order}{lock}) s;
)",
        {{"aggregates", schema::join(aggregates, ", ")},
         {"into", schema::join(into, ", ")},
         {"columns", schema::join(columns, ", ")},
         {"table", relation(table)},
         {"where", where},
         {"order", ordered ? " ORDER BY " + schema::join(order, ", ") : ""},
         {"lock", for_impact_ ? "" : " FOR UPDATE OF t"}});
}

// The same where any row of the edge's parent is in the set; what is added goes into _k.
std::string CollectSql::select_children(const Edge& edge, const std::string& set,
                                        const std::string& where) const {
    return schema::filled(
        R"(  IF {any_parent} THEN
{select_keys}{append}  END IF;
)",
        {{"any_parent", is_.any_found(edge.parent, set)},
         {"select_keys", select_keys(edge.child, where)},
         {"append", append(edge.child, "k") + (set == "f" ? append(edge.child, "n") : "")}});
}

// Each way in by itself, so that each can use its own index; rows found by an earlier one left out.
std::string CollectSql::collect_once(int node) const {
    std::string text;
    std::vector<std::string> before;
    for (int position : plan_.nodes[node].in) {
        const Edge& edge = plan_.edges[position];
        std::string where = is_.reaches(edge);
        for (const std::string& earlier : before) where += " AND " + earlier + " IS NOT TRUE";
        text += select_children(edge, "k", where);
        before.push_back(is_.reaches_filter(edge));
    }
    return text;
}

bool CollectSql::inside(int edge, const Step& step) const {
    return std::count(step.nodes.begin(), step.nodes.end(), plan_.edges[edge].parent) > 0;
}

std::string CollectSql::initial(int node, const Step& step) const {
    std::string text;
    for (int position : plan_.nodes[node].in) {
        if (inside(position, step)) continue;
        const Edge& edge = plan_.edges[position];
        text += select_children(edge, "k",
                                is_.reaches(edge) + " AND " + is_.found(node) + " IS NOT TRUE");
    }
    return text + assign(node, "f", "k") + assign(node, "i", "k");
}

// With one edge from a table to itself each row has one parent, so a row can only be met again
// among those the loop began with; otherwise among all found so far.
std::string CollectSql::round(int node, const Step& step, bool single) const {
    std::string text = assign(node, "n", "");
    for (int position : plan_.nodes[node].in) {
        if (!inside(position, step)) continue;
        const Edge& edge = plan_.edges[position];
        text += select_children(edge, "f",
                                is_.reaches(edge, "f") + " AND " +
                                    is_.found(node, single ? "i" : "k") + " IS NOT TRUE");
    }
    return text;
}

std::string CollectSql::collect_loop(const Step& step) const {
    std::string text;
    int edges = 0;
    for (int node : step.nodes) {
        text += initial(node, step);
        for (int position : plan_.nodes[node].in)
            if (inside(position, step))
                edges += static_cast<int>(plan_.edges[position].keys.size());
    }
    text += "  LOOP\n";
    std::vector<std::string> none;
    std::string next;
    for (int node : step.nodes) {
        text += round(node, step, edges == 1);
        next += assign(node, "f", "n");
        none.push_back("NOT (" + is_.any_found(node, "n") + ")");
    }
    return text + "  EXIT WHEN " + schema::join(none, " AND ") + ";\n" + next + "  END LOOP;\n";
}

std::string CollectSql::collect_roots_loop() const {
    for (const Step& step : plan_.steps) {
        if (std::count(step.nodes.begin(), step.nodes.end(), 0) && step.loop)
            return collect_loop(step);
    }
    return "";
}

std::string CollectSql::forget() const {
    std::string text;
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
        text += assign(static_cast<int>(node), "k", "");
    }
    return text;
}

std::string CollectSql::counted_to_most(int node) const {
    if (is_.collected(node))
        return schema::filled("  _n := _n OPERATOR(pg_catalog.+) {count};\n",
                              {{"count", is_.count_found(node)}});
    std::string text, others;
    for (int position : plan_.nodes[node].in) {
        const Edge& edge = plan_.edges[position];
        text += schema::filled(R"(  IF _n OPERATOR(pg_catalog.<=) _most THEN
    SELECT _n OPERATOR(pg_catalog.+) pg_catalog.count(*) INTO _n FROM (
      SELECT FROM {table} t WHERE {reaches}{others}
      LIMIT _most OPERATOR(pg_catalog.+) 1) s;
  END IF;
)",
                               {{"table", relation(*plan_.nodes[node].table)},
                                {"reaches", is_.reaches(edge)},
                                {"others", others}});
        others += " AND " + is_.reaches_filter(edge) + " IS NOT TRUE";
    }
    return text;
}

std::string CollectSql::refuse_more() const {
    std::string known, leaves;
    for (int node = 0; node < static_cast<int>(plan_.nodes.size()); ++node)
        (is_.collected(node) ? known : leaves) += counted_to_most(node);
    return schema::filled(R"(  IF _most IS NOT NULL THEN _n := 0;
{known}{leaves}  IF _n OPERATOR(pg_catalog.>) _most THEN {raise}  END IF; END IF;
)",
                          {{"known", known},
                           {"leaves", leaves},
                           {"raise", raise(sqlstate::kTooMany, "more rows than asked for")}});
}

std::string CollectSql::collect() const {
    std::string text;
    for (const Step& step : plan_.steps) {
        if (step.loop) {
            text += collect_loop(step);
        } else if (step.nodes[0] != 0 && is_.collected(step.nodes[0])) {
            text += collect_once(step.nodes[0]);
        }
    }
    return text;
}

}  // namespace trashd::cascade
