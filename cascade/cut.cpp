// Sets references of rows that stay, where a delete does not take them along. What stood in them is
// noted first, as links, because a restore cannot tell it from anything else.
#include <algorithm>

#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "schema/trigger_words.hpp"

namespace trashd::cascade {

using schema::literal;
using schema::quoted;
using schema::relation;
using schema::Table;

namespace {

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

// The row t is the one that the link names by its key, a text[].
std::string linked(const Table& table, const std::string& link_key) {
    const auto operators = identity_operators(table);
    std::vector<std::string> out;
    for (std::size_t k = 0; k < operators.size(); ++k) {
        const auto& column = *table.column(table.identity[k]);
        const auto key = schema::from_text(column, link_key + "[" + std::to_string(k + 1) + "]");
        out.push_back(value_of(table, column.attnum, "t") + " " + operators[k] + " " +
                      schema::in_base_type(column, key));
    }
    return schema::join(out, " AND ");
}

// What the references of the unit mean does not come back.
bool for_good(const Plan& plan, const Unit& unit) {
    return std::ranges::all_of(unit.edges, [&](const Edge* edge) { return plan.drops(*edge); });
}

// Rows of the unit that go into the trash go there without a reference to what goes for good.
bool strands(const Plan& plan, const Unit& unit) {
    return std::ranges::all_of(unit.edges, [&](const Edge* edge) { return plan.strands(*edge); });
}

}  // namespace

std::string UnlinkSql::own(const Table& table, const std::string& statement,
                           schema::Values more) const {
    more.merge(
        schema::Values{{"schema", quoted(names_.trash_schema)},
                       {"group", "_group"},
                       {"shape", std::to_string(names_.link_shapes.at(table.oid))},
                       {"row_ids", literal(quoted({names_.trash_schema, names_.own.row_ids}))}});
    return schema::filled(statement, more);
}

std::string UnlinkSql::refuse_configured() const {
    std::string text;
    for (const Edge& edge : plan_.edges) {
        if (edge.effect != Effect::kRestrict || edge.by_database) continue;
        text += schema::filled(
            R"(  PERFORM FROM {child} t WHERE {reaches} AND {stays} IS NOT TRUE LIMIT 1;
  IF FOUND THEN {raise}  END IF;
)",
            {{"child", relation(*catalog_.table(edge.key->child))},
             {"reaches", is_.reaches(edge)},
             {"stays", plan_.strands(edge) ? "false" : is_.in_closure(edge.child)},
             {"raise", raise(sqlstate::kConfigured, edge.key->name)}});
    }
    return text;
}

std::string UnlinkSql::hit(const Unit& unit) const {
    std::vector<std::string> ways;
    for (const Edge* edge : unit.edges) ways.push_back(is_.reaches(*edge));
    std::string text = "(" + schema::join(ways, " OR ") + ")";
    if (unit.node < 0) return text;
    const auto stays = is_.in_closure(unit.node);
    return text + " AND " + (strands(plan_, unit) ? "(_hard AND " + stays + ")" : stays) +
           " IS NOT TRUE";
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
    std::vector<std::string> was, left, attnums, key;
    std::string hits;
    for (int attnum : unit.set_columns()) {
        was.push_back(schema::to_text(*table.column(attnum), "t"));
        left.push_back(schema::to_text(*table.column(attnum), "_w"));
        attnums.push_back(std::to_string(attnum));
    }
    for (std::size_t i = 0; i < unit.edges.size(); ++i)
        hits += ", (" + is_.reaches_filter(*unit.edges[i]) + ") IS TRUE AS h" + std::to_string(i);
    for (int attnum : table.identity) key.push_back(schema::to_text(*table.column(attnum), "_w"));
    const bool keyed = !table.identity.empty(), whole = !keyed || keeps_rows(table);
    return schema::filled(
        R"(UPDATE {table} _w SET {set} FROM (
      SELECT t.ctid AS c, t.tableoid AS o, {was} AS was, {before} AS before{hits}
      FROM {table} t WHERE {hit}) _o
    WHERE _w.ctid OPERATOR(pg_catalog.=) _o.c AND _w.tableoid OPERATOR(pg_catalog.=) _o.o
    RETURNING {object} AS object, {key} AS key, {attnums} AS attnums, _o.was AS was,
      {left} AS left_as, _o.before AS before)",
        {{"table", relation(table)},
         {"set", set_list(unit)},
         {"was", array_of(was, "text")},
         {"before", whole ? schema::payload(table, "t") : "NULL::pg_catalog.text[]"},
         {"hits", hits},
         {"hit", hit(unit)},
         {"object",
          keyed ? schema::key_text(table, table.identity, "_w") : "NULL::pg_catalog.text"},
         {"key", keyed ? array_of(key, "text") : schema::payload(table, "_w")},
         {"attnums", array_of(attnums, "int2")},
         {"left", array_of(left, "text")}});
}

// What a link keeps of its whole row: before, and how it is left; left_rows() tells later how a row
// with a key is left.
std::string UnlinkSql::insert_links(const Unit& unit) const {
    const Table& table = *unit.table;
    schema::Values whole = {{"row_was", "NULL"}, {"row_left", "NULL"}};
    if (keeps_rows(table) && table.identity.empty())
        whole = {{"row_was", "w.before"}, {"row_left", "w.key"}};
    else if (keeps_rows(table))
        whole = {{"row_was", own(table, names_.own.first_row_was)},
                 {"row_left", "NULL::pg_catalog.text[]"}};
    whole.emplace("kept", for_good(plan_, unit) ? "false" : "NOT _hard");
    return own(table, names_.own.insert_links, whole);
}

std::string UnlinkSql::cut(const Unit& unit) const {
    const Table& table = *unit.table;
    std::vector<std::string> order, parents;
    for (int attnum : table.identity) order.push_back(column_of(table, attnum, "t"));
    for (const Edge* edge : unit.edges) parents.push_back(is_.any_found(edge->parent));
    const bool keyed = !table.identity.empty();
    const auto& rows = keyed ? names_.own.rows_by_key : names_.own.rows_without_key;
    return schema::filled(
        R"(  IF {parents} THEN
  PERFORM FROM {table} t WHERE {hit}{order} FOR NO KEY UPDATE OF t;
  GET DIAGNOSTICS _n = ROW_COUNT;
  IF _n OPERATOR(pg_catalog.>) 0 THEN
{refuse_crossing}  WITH u AS ({update}),
  {rows},
  l AS ({insert_links})
  SELECT pg_catalog.count(*), _rekeyed{rekeyed} INTO _m, _rekeyed FROM u;
  IF _m OPERATOR(pg_catalog.<>) _n THEN {not_set}  END IF;
{count_links}  _cut := _cut OPERATOR(pg_catalog.||) ARRAY[{oid}, OPERATOR(pg_catalog.-) _n];
  END IF; END IF;
)",
        {{"parents", schema::join(parents, " OR ")},
         {"table", relation(table)},
         {"hit", hit(unit)},
         {"order", order.empty() ? "" : " ORDER BY " + schema::join(order, ", ")},
         {"refuse_crossing", refuse_crossing(plan_, table, hit(unit))},
         {"update", update(unit)},
         {"rows", own(table, rows)},
         {"insert_links", insert_links(unit)},
         {"rekeyed", keyed ? ""
                           : " OPERATOR(pg_catalog.+) (SELECT "
                             "pg_catalog.count(*) FROM o)"},
         {"not_set", not_set(table)},
         {"count_links",
          for_good(plan_, unit) ? "" : "  _links := _links OPERATOR(pg_catalog.+) _n;\n"},
         {"oid", std::to_string(table.oid)}});
}

std::string UnlinkSql::cut_references() const {
    std::string text;
    for (const Unit& unit : units_of(catalog_, plan_)) text += cut(unit);
    return text;
}

std::string UnlinkSql::refuse_late() const {
    std::string text;
    for (const Edge& edge : plan_.edges) {
        if (!edge.key->declared) continue;
        text += schema::filled(
            R"(  PERFORM FROM {child} t WHERE {reaches} LIMIT 1;
  IF FOUND THEN {raise}  END IF;
)",
            {{"child", relation(*catalog_.table(edge.key->child))},
             {"reaches", is_.reaches(edge)},
             {"raise", raise(sqlstate::kUncaptured,
                             "a row came that refers by " + edge.key->name + " to what goes")}});
    }
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
        text += "  " +
                own(table, names_.own.set_row_left,
                    {{"row", schema::payload(table, "t")},
                     {"table", relation(table)},
                     {"same", linked(table, names_.own.link_key)}}) +
                ";\n";
    }
    if (text.empty()) return "";
    return schema::filled(R"(  IF NOT _hard AND _links OPERATOR(pg_catalog.>) 0 THEN
{updates}  END IF;
)",
                          {{"updates", text}});
}

}  // namespace trashd::cascade
