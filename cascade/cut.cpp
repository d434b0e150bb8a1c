// Sets references of rows that stay, where a delete does not take them along. What stood in them is
// noted first, as links, because a restore cannot tell it from anything else.
#include <algorithm>

#include "cascade/statements.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "schema/trigger_words.hpp"
#include "schema/value.hpp"

namespace trashd::cascade {

using schema::Catalog;
using schema::literal;
using schema::quoted;
using schema::relation;
using schema::Table;

namespace {

bool overlap(const std::set<int>& a, const std::set<int>& b) {
    return std::any_of(a.begin(), a.end(), [&](int x) { return b.count(x) > 0; });
}

// Code of the users' may write other columns when a reference is cut.
bool keeps_rows(const Table& table) {
    return table.rules || std::ranges::any_of(table.triggers, &schema::Trigger::on_update);
}

// What to raise when a reference was not set.
std::string not_set(const Table& table) {
    std::vector<std::string> keepers;
    for (const auto& trigger : table.triggers)
        if (trigger.on_update && trigger.before && trigger.row) keepers.push_back(trigger.name);
    if (keepers.empty())
        return raise(sqlstate::kUncaptured,
                     "a reference in " + quoted(table.name) + " was not set");
    return raise(sqlstate::kInterference,
                 schema::trigger_words(keepers) + " of " + table.name.schema + "." +
                     table.name.name +
                     " keeps a reference to what would go; drop it or let the row pass");
}

// The row t is the one that the link l names by its key.
std::string linked(const Table& table) {
    const auto operators = identity_operators(table);
    std::vector<std::string> out;
    for (std::size_t k = 0; k < operators.size(); ++k) {
        const auto& column = *table.column(table.identity[k]);
        const auto key = schema::from_text(column, "l.key[" + std::to_string(k + 1) + "]");
        out.push_back(value_of(table, column.attnum, "t") + " " + operators[k] + " " +
                      schema::in_base_type(column, key));
    }
    return schema::join(out, " AND ");
}

bool all_apart(const Unit& unit, const Edge& edge) {
    return std::ranges::all_of(unit.edges, [&](const Edge* other) { return apart(*other, edge); });
}

}  // namespace

std::vector<Unit> units_of(const Catalog& catalog, const Plan& plan) {
    std::vector<Unit> units;
    for (const Edge& edge : plan.edges) {
        if (!sets(edge)) continue;
        Unit unit{catalog.table(edge.key->child), edge.child, {&edge}};
        for (auto it = units.begin(); it != units.end();) {
            if (it->table == unit.table && overlap(it->columns(), unit.columns()) &&
                !all_apart(*it, edge)) {
                unit.edges.insert(unit.edges.begin(), it->edges.begin(), it->edges.end());
                it = units.erase(it);
            } else {
                ++it;
            }
        }
        units.push_back(std::move(unit));
    }
    std::stable_sort(units.begin(), units.end(),
                     [](const Unit& a, const Unit& b) { return a.table->oid < b.table->oid; });
    return units;
}

std::string UnlinkSql::link() const {
    return quoted({names_.trash_schema, "link"});
}

std::string UnlinkSql::refuse_configured() const {
    std::string text;
    for (const Edge& edge : plan_.edges) {
        if (edge.effect != Effect::kRestrict || edge.by_database) continue;
        text += "  PERFORM FROM " + relation(*catalog_.table(edge.key->child)) + " t WHERE " +
                is_.reaches(edge) + " AND " + is_.in_closure(edge.child) +
                " IS NOT TRUE LIMIT 1;\n  IF FOUND THEN " +
                raise(sqlstate::kConfigured, edge.key->name) + "  END IF;\n";
    }
    return text;
}

std::string UnlinkSql::hit(const Unit& unit) const {
    std::vector<std::string> ways;
    for (const Edge* edge : unit.edges) ways.push_back(is_.reaches(*edge));
    std::string text = "(" + schema::join(ways, " OR ") + ")";
    if (unit.node >= 0) text += " AND " + is_.in_closure(unit.node) + " IS NOT TRUE";
    return text;
}

std::string UnlinkSql::set_list(const Unit& unit) const {
    std::vector<std::string> parts;
    for (int attnum : unit.set_columns()) {
        const std::string name = quoted(unit.table->column(attnum)->name);
        if (unit.edges.size() == 1) {
            parts.push_back(
                name + (unit.edges[0]->effect == Effect::kSetDefault ? " = DEFAULT" : " = NULL"));
            continue;
        }
        std::vector<std::string> hits;
        for (std::size_t i = 0; i < unit.edges.size(); ++i) {
            const std::vector<int>& set = unit.edges[i]->key->set_columns;
            if (std::count(set.begin(), set.end(), attnum))
                hits.push_back("_o.h" + std::to_string(i));
        }
        parts.push_back(name + " = CASE WHEN " + schema::join(hits, " OR ") +
                        " THEN NULL ELSE _w." + name + " END");
    }
    return schema::join(parts, ", ");
}

// The rows are locked, so joining the row to itself by its place is safe and gives old and new.
std::string UnlinkSql::update(const Unit& unit) const {
    const Table& table = *unit.table;
    std::vector<std::string> was, left, attnums, hits;
    for (int attnum : unit.set_columns()) {
        was.push_back(schema::to_text(*table.column(attnum), "t"));
        left.push_back(schema::to_text(*table.column(attnum), "_w"));
        attnums.push_back(std::to_string(attnum));
    }
    for (std::size_t i = 0; i < unit.edges.size(); ++i) {
        hits.push_back(", (" + is_.reaches_filter(*unit.edges[i]) + ") IS TRUE AS h" +
                       std::to_string(i));
    }
    std::vector<std::string> key;
    for (int attnum : table.identity) key.push_back(schema::to_text(*table.column(attnum), "_w"));
    const std::string object = table.identity.empty()
                                   ? "NULL::pg_catalog.text"
                                   : schema::key_text(table, table.identity, "_w");
    const bool whole = table.identity.empty() || keeps_rows(table);
    const std::string before = whole ? schema::payload(table, "t") : "NULL::pg_catalog.text[]";
    return "UPDATE " + relation(table) + " _w SET " + set_list(unit) +
           " FROM (SELECT t.ctid AS c, t.tableoid AS o, " + array_of(was, "text") + " AS was, " +
           before + " AS before" + schema::join(hits, "") + " FROM " + relation(table) +
           " t WHERE " + hit(unit) +
           ") _o WHERE _w.ctid OPERATOR(pg_catalog.=) _o.c AND _w.tableoid "
           "OPERATOR(pg_catalog.=) _o.o RETURNING " +
           object + " AS object, " +
           (table.identity.empty() ? schema::payload(table, "_w") : array_of(key, "text")) +
           " AS key, " + array_of(attnums, "int2") + " AS attnums, _o.was AS was, " +
           array_of(left, "text") + " AS left_as, _o.before AS before";
}

// A row without a key is known by all its values. Every link of such a row has its row_id, and as
// key the row as it is now, however many deletes have changed it: alike rows are paired one to one.
std::string UnlinkSql::known_rows(const std::string& shape) const {
    return "r AS (SELECT d.*, pg_catalog.row_number() OVER (PARTITION BY d.key ORDER BY d.row_id) "
           "AS n FROM (SELECT DISTINCT o.row_id, o.key FROM " +
           link() + " o WHERE o.shape OPERATOR(pg_catalog.=) " + shape +
           " AND o.row_id IS NOT NULL AND o.key OPERATOR(pg_catalog.=) ANY (SELECT before FROM u)) "
           "d),\n"
           "  w AS MATERIALIZED (SELECT c.*, COALESCE(r.row_id, pg_catalog.nextval(" +
           literal(quoted({names_.trash_schema, "link_row_id_seq"})) +
           "::pg_catalog.regclass)) AS row_id FROM (SELECT u.*, pg_catalog.row_number() OVER "
           "(PARTITION BY u.before) AS n FROM u) c LEFT JOIN r ON r.key OPERATOR(pg_catalog.=) "
           "c.before AND r.n OPERATOR(pg_catalog.=) "
           "c.n),\n"
           "  o AS (UPDATE " +
           link() +
           " o SET key = w.key FROM w WHERE o.row_id OPERATOR(pg_catalog.=) w.row_id RETURNING 1)";
}

// What a link keeps of its whole row: before, and how it is left. Of several links of one row each
// has it as it was before the first; left_rows() tells later how a row with a key is left.
std::string UnlinkSql::whole_row(const Unit& unit) const {
    if (!keeps_rows(*unit.table)) return "NULL, NULL";
    if (unit.table->identity.empty()) return "w.before, w.key";
    return "COALESCE((SELECT e.row_was FROM " + link() +
           " e WHERE e.group_id OPERATOR(pg_catalog.=) _group AND e.shape OPERATOR(pg_catalog.=) " +
           std::to_string(names_.link_shapes.at(unit.table->oid)) +
           " AND e.object_id OPERATOR(pg_catalog.=) w.object ORDER BY e.id LIMIT 1), w.before), "
           "NULL::pg_catalog.text[]";
}

std::string UnlinkSql::cut(const Unit& unit) const {
    std::vector<std::string> order, parents;
    for (int attnum : unit.table->identity) order.push_back(column_of(*unit.table, attnum, "t"));
    for (const Edge* edge : unit.edges) parents.push_back(is_.any_found(edge->parent));
    const std::string shape = std::to_string(names_.link_shapes.at(unit.table->oid));
    const std::string known = unit.table->identity.empty()
                                  ? known_rows(shape)
                                  : "w AS (SELECT u.*, NULL::pg_catalog.int8 AS row_id FROM u)";
    return "  IF " + schema::join(parents, " OR ") + " THEN\n  PERFORM FROM " +
           relation(*unit.table) + " t WHERE " + hit(unit) +
           (order.empty() ? "" : " ORDER BY " + schema::join(order, ", ")) +
           " FOR NO KEY UPDATE OF t;\n  GET DIAGNOSTICS _n = ROW_COUNT;\n  IF _n "
           "OPERATOR(pg_catalog.>) 0 THEN\n" +
           refuse_crossing(plan_, *unit.table, hit(unit)) + "  WITH u AS (" + update(unit) +
           "),\n  " + known + ",\n  l AS (INSERT INTO " + link() +
           " (group_id, shape, object_id, key, attnums, was, left_as, row_id, row_was, "
           "row_left) SELECT _group, " +
           shape + ", w.object, w.key, w.attnums, w.was, w.left_as, w.row_id, " + whole_row(unit) +
           " FROM w WHERE NOT _hard)\n"
           "  SELECT pg_catalog.count(*), _rekeyed" +
           (unit.table->identity.empty()
                ? " OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM o)"
                : "") +
           " INTO _m, _rekeyed FROM u;\n  IF _m OPERATOR(pg_catalog.<>) _n "
           "THEN " +
           not_set(*unit.table) +
           "  END IF;\n  _links := _links OPERATOR(pg_catalog.+) _n;\n  _cut := _cut "
           "OPERATOR(pg_catalog.||) ARRAY[" +
           std::to_string(unit.table->oid) + ", OPERATOR(pg_catalog.-) _n];\n  END IF; END IF;\n";
}

std::string UnlinkSql::cut_references() const {
    std::string text;
    for (const Unit& unit : units_of(catalog_, plan_)) text += cut(unit);
    return text;
}

// When all triggers have run.
std::string UnlinkSql::left_rows() const {
    std::string text;
    std::set<schema::Oid> done;
    for (const Unit& unit : units_of(catalog_, plan_)) {
        const Table& table = *unit.table;
        if (table.identity.empty() || !keeps_rows(table) || !done.insert(table.oid).second)
            continue;
        text += "  UPDATE " + link() + " l SET row_left = " + schema::payload(table, "t") +
                " FROM " + relation(table) +
                " t WHERE l.group_id OPERATOR(pg_catalog.=) _group AND l.shape "
                "OPERATOR(pg_catalog.=) " +
                std::to_string(names_.link_shapes.at(table.oid)) + " AND " + linked(table) + ";\n";
    }
    return text.empty()
               ? ""
               : "  IF NOT _hard AND _links OPERATOR(pg_catalog.>) 0 THEN\n" + text + "  END IF;\n";
}

}  // namespace trashd::cascade
