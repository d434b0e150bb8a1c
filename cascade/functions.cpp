#include "cascade/functions.hpp"

#include <set>

#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"

namespace trashd::cascade {

using schema::Catalog;
using schema::literal;
using schema::Oid;
using schema::QualifiedName;
using schema::quoted;
using schema::relation;
using schema::Table;

std::string array_of(const std::vector<std::string>& elements, const std::string& type) {
    return "ARRAY[" + schema::join(elements, ", ") + "]::pg_catalog." + type + "[]";
}

std::string raise_expression(std::string_view code, const std::string& message) {
    return "RAISE EXCEPTION USING ERRCODE = " + literal(code) + ", MESSAGE = " + message + ";\n";
}

std::string raise(std::string_view code, const std::string& message) {
    return raise_expression(code, literal(message));
}

const schema::Column* tenant_column_of(const Plan& plan, const Table& table) {
    return plan.tenant_column.empty() ? nullptr : table.column(plan.tenant_column);
}

std::string and_of_tenant(const Plan& plan, const Table& table) {
    const auto* column = tenant_column_of(plan, table);
    return column ? " AND " + schema::of_tenant(*column, "t") : "";
}

std::string refuse_crossing(const Plan& plan, const Table& table, const std::string& where) {
    const auto* column = tenant_column_of(plan, table);
    if (!column) return "";
    return schema::filled(
        R"(  PERFORM FROM {table} t WHERE ({where}) AND {of_tenant} IS NOT TRUE LIMIT 1;
  IF FOUND THEN {raise}  END IF;
)",
        {{"table", relation(table)},
         {"where", where},
         {"of_tenant", schema::of_tenant(*column, "t")},
         {"raise", raise(sqlstate::kOtherTenant, "the delete would cross tenants")}});
}

std::string same_types(const Names& names) {
    if (names.types.empty()) return "";
    return schema::filled("({types}) OPERATOR(pg_catalog.=) {expected} AND ",
                          {{"types", schema::types_fingerprint_sql(names.types)},
                           {"expected", literal(names.types_fingerprint)}});
}

std::vector<Oid> locked_tables(const Catalog& catalog, const Plan& plan) {
    std::set<Oid> all;
    for (const Node& node : plan.nodes) all.insert(node.table->oid);
    for (const Unit& unit : units_of(catalog, plan)) all.insert(unit.table->oid);
    return {all.begin(), all.end()};
}

namespace {

std::string same_catalog(const Plan& plan, const Names& names) {
    return schema::filled(
        R"(  IF ({same_types}({fingerprint}) OPERATOR(pg_catalog.=) {expected}) IS NOT TRUE THEN
    {raise}  END IF;
)",
        {{"same_types", same_types(names)},
         {"fingerprint", schema::fingerprint_sql(tables_of(plan))},
         {"expected", literal(names.fingerprint)},
         {"raise", raise(sqlstate::kCatalogChanged, "the catalog changed")}});
}

std::string hold(const Catalog& catalog, const Plan& plan) {
    std::vector<std::string> tables;
    for (Oid oid : locked_tables(catalog, plan)) tables.push_back(relation(*catalog.table(oid)));
    return "  LOCK TABLE " + schema::join(tables, ", ") + " IN ROW EXCLUSIVE MODE;\n";
}

// Which of the edge's keys, by position, a row t is bound by: the first one of its partition.
std::string key_of_row(const Edge& edge) {
    std::string text = "CASE";
    for (std::size_t i = 0; i < edge.keys.size(); ++i) {
        if (!edge.key->child_part) continue;
        text += " WHEN " + in_leaves("t.tableoid", edge.keys[i]->child_leaves) + " THEN " +
                std::to_string(i);
    }
    return text == "CASE" ? "0" : text + " END";
}

// Rows of impact_function_sql() for an edge whose rows the role may not look at.
std::string not_looked_at(const Edge& edge) {
    std::string parts;
    for (std::size_t i = 0; i < edge.keys.size(); ++i)
        parts += "  _part := " + std::to_string(i) + "; RETURN NEXT;\n";
    return "_amount := -1; _ids := NULL;\n" + parts + "  _part := 0;\n";
}

// The same for one that is of one key, and for one that is of several: {rows} stay, {id} is theirs.
constexpr const char* kLookedAt = R"(  SELECT pg_catalog.count(*) INTO _n FROM {rows};
  IF _n OPERATOR(pg_catalog.>) 0 THEN {place}_amount := _n;
    _ids := ARRAY(SELECT {id} FROM {rows} ORDER BY 1 LIMIT 5); RETURN NEXT; END IF;
)";
constexpr const char* kLookedAtParts = R"(  {place}FOR _part, _amount, _ids IN
    SELECT s.part, pg_catalog.count(*), (pg_catalog.array_agg(s.id ORDER BY s.id))[1:5]
    FROM (SELECT {key_of_row} AS part, {id} AS id FROM {rows}) s GROUP BY 1 ORDER BY 1
    LOOP RETURN NEXT; END LOOP;
  _part := 0;
)";

std::string looked_at(const Catalog& catalog, const Plan& plan, const Predicates& is,
                      int position) {
    const Edge& edge = plan.edges[position];
    const Table& child = *catalog.table(edge.key->child);
    const auto place = schema::filled(
        "_kind := {kind}; _place := {position}; ",
        {{"kind", literal(sets(edge) ? "set" : "block")}, {"position", std::to_string(position)}});
    if (!child.can_select || child.row_security) return "  " + place + not_looked_at(edge);
    const bool any = plan.strands(edge) && !sets(edge);
    const auto where =
        is.reaches(edge) + (any ? "" : " AND " + is.in_closure(edge.child) + " IS NOT TRUE");
    const auto id = child.identity.empty() ? "''::pg_catalog.text"
                                           : schema::key_text(child, child.identity, "t");
    return refuse_crossing(plan, child, where) +
           schema::filled(edge.keys.size() > 1 ? kLookedAtParts : kLookedAt,
                          {{"rows", relation(child) + " t WHERE " + where},
                           {"place", place},
                           {"id", id},
                           {"key_of_row", key_of_row(edge)}});
}

// Of rows whose keys are not collected, way by way.
std::string counted_by_ways(const Plan& plan, const Predicates& is, int node) {
    std::string text = "  _n := 0;\n", others;
    for (int position : plan.nodes[node].in) {
        const Edge& edge = plan.edges[position];
        text += schema::filled(R"(  SELECT _n OPERATOR(pg_catalog.+) pg_catalog.count(*) INTO _n
    FROM {table} t WHERE {reaches}{others};
)",
                               {{"table", relation(*plan.nodes[node].table)},
                                {"reaches", is.reaches(edge)},
                                {"others", others}});
        others += " AND " + is.reaches_filter(edge) + " IS NOT TRUE";
    }
    return text;
}

std::string counted(const Plan& plan, const Predicates& is, int node) {
    const bool reached = node > 0 || is.collected(node);
    const std::string crossing =
        reached ? refuse_crossing(plan, *plan.nodes[node].table, is.in_closure(node)) : "";
    return schema::filled(R"({crossing}{count}  IF _n OPERATOR(pg_catalog.>) 0 THEN
    _kind := 'trash'; _place := {node}; _amount := _n; _ids := NULL; RETURN NEXT; END IF;
)",
                          {{"crossing", crossing},
                           {"count", is.collected(node) ? "  _n := " + is.count_found(node) + ";\n"
                                                        : counted_by_ways(plan, is, node)},
                           {"node", std::to_string(node)}});
}

}  // namespace

std::vector<Oid> tables_of(const Plan& plan) {
    std::set<Oid> all;
    for (const Node& node : plan.nodes) all.insert(node.table->oid);
    for (const Edge& edge : plan.edges) all.insert(edge.key->child);
    return {all.begin(), all.end()};
}

std::string etag_sql(const Table& table, const std::string& alias) {
    return schema::filled(
        R"(('"' OPERATOR(pg_catalog.||) pg_catalog.md5(({payload})::pg_catalog.text)
    OPERATOR(pg_catalog.||) '"'))",
        {{"payload", schema::shown_payload(table, alias)}});
}

namespace {

// The statement that makes a function of that name, parameters and result.
std::string function_sql(const QualifiedName& name, const std::string& signature,
                         const std::string& code) {
    return schema::filled(
        "CREATE OR REPLACE FUNCTION {name}{signature} LANGUAGE plpgsql VOLATILE AS {code}",
        {{"name", quoted(name)}, {"signature", signature}, {"code", literal(code)}});
}

constexpr const char* kMoves = R"((_key pg_catalog.text[], _uuid pg_catalog.uuid,
  _by pg_catalog.text, _reason pg_catalog.text, _request pg_catalog.text, _address pg_catalog.text,
  _hard pg_catalog.bool, _etags pg_catalog.text[], _most bigint) RETURNS bigint[])";

constexpr const char* kMove =
    R"(#variable_conflict use_variable
DECLARE
{keys}  _group bigint; _entry bigint; _n bigint; _m bigint; _links bigint := 0; _elsewhere bigint := 0;
  _changed bigint := 0; _rekeyed bigint := 0; _cut bigint[] := '{}'; _object pg_catalog.text;
  _before bigint[]; _counts bigint[]; _want bigint; _was pg_catalog.text; _role pg_catalog.text;
  _objects bigint; _tables pg_catalog.text[]; _harm pg_catalog.text; _made pg_catalog.jsonb;
  _now pg_catalog.jsonb;
BEGIN
{hold}{take_alone}{same_catalog}
{take_root}{see_root}{refuse_other_version}
{collect}{refuse_more}{refuse_configured}{watch}
  IF NOT _hard THEN _group := {next_group}; END IF;
{cut_references}{take}{prove}{refuse_late}
{left_rows}{record}{note_oids}
  RETURN ARRAY[_group, {size}, _links, _entry] OPERATOR(pg_catalog.||) _counts{elsewhere};
END)";

}  // namespace

std::string move_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                              const std::string& function) {
    CollectSql collecting(catalog, plan, false);
    UnlinkSql cutting(catalog, plan, names, collecting.predicates());
    DeleteSql taking(catalog, plan, names, collecting.predicates());
    const auto code =
        schema::filled(kMove, {{"keys", collecting.declarations()},
                               {"hold", hold(catalog, plan)},
                               {"take_alone", taking.take_alone(collecting.is_named())},
                               {"same_catalog", same_catalog(plan, names)},
                               {"take_root", collecting.take_root()},
                               {"see_root", taking.see_root()},
                               {"refuse_other_version", collecting.refuse_other_version()},
                               {"collect", collecting.collect()},
                               {"refuse_more", collecting.refuse_more()},
                               {"refuse_configured", cutting.refuse_configured()},
                               {"watch", taking.watch_others()},
                               {"next_group", taking.next_group()},
                               {"cut_references", cutting.cut_references()},
                               {"take", taking.take()},
                               {"prove", taking.prove()},
                               {"refuse_late", cutting.refuse_late()},
                               {"left_rows", cutting.left_rows()},
                               {"record", taking.record()},
                               {"note_oids", taking.note_oids()},
                               {"size", taking.size()},
                               {"elsewhere", taking.written_elsewhere()}});
    return function_sql({names.trash_schema, function}, kMoves, code);
}

namespace {

// The plan is made once for a session, from an array of which it is not known how long it is: rows
// are found by their keys, one by one, whatever the statistics say. What waits for a lock would
// keep all of the batch waiting.
constexpr const char* kShares = R"((_keys pg_catalog.text[], _uuids pg_catalog.uuid[],
  _by pg_catalog.text[], _reasons pg_catalog.text[], _requests pg_catalog.text[],
  _addresses pg_catalog.text[]) RETURNS TABLE (of_group pg_catalog.uuid, entry bigint)
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET lock_timeout = '20ms')";

constexpr const char* kShare = R"(#variable_conflict use_column
DECLARE
  _n bigint; _m bigint;
BEGIN
{hold}{take_together}
END)";

}  // namespace

std::string batch_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                               const std::string& function) {
    CollectSql collecting(catalog, plan, false);
    DeleteSql taking(catalog, plan, names, collecting.predicates());
    const auto together = taking.take_together(collecting.is_named("q.key"));
    const auto code =
        schema::filled(kShare, {{"hold", hold(catalog, plan)}, {"take_together", together}});
    return function_sql({names.trash_schema, function}, kShares, code);
}

std::string impact_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                                const std::string& function) {
    CollectSql collecting(catalog, plan, true);
    const Predicates& is = collecting.predicates();
    std::string counts, looks;
    for (int node = 0; node < static_cast<int>(plan.nodes.size()); ++node)
        counts += counted(plan, is, node);
    for (std::size_t i = 0; i < plan.edges.size(); ++i)
        if (plan.edges[i].effect != Effect::kCascade)
            looks += looked_at(catalog, plan, is, static_cast<int>(i));
    const auto code = schema::filled(R"(#variable_conflict use_variable
DECLARE
{keys}  _n bigint;
BEGIN
  _part := 0;
{same_catalog}{take_roots}  IF NOT ({any_root}) THEN {raise}  END IF;
{collect}{counts}{looks}  RETURN;
END)",
                                     {{"keys", collecting.declarations()},
                                      {"same_catalog", same_catalog(plan, names)},
                                      {"take_roots", collecting.take_roots("_keys")},
                                      {"any_root", is.any_found(0)},
                                      {"raise", raise(sqlstate::kNoSuchRow, "no such row")},
                                      {"collect", collecting.collect()},
                                      {"counts", counts},
                                      {"looks", looks}});
    return function_sql(
        {names.trash_schema, function},
        "(_keys pg_catalog.text[]) RETURNS TABLE (_kind pg_catalog.text, _place int, "
        "_part int, _amount bigint, _ids pg_catalog.text[])",
        code);
}

std::string owners_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                                const std::string& function) {
    CollectSql collecting(catalog, plan, true);
    const Predicates& is = collecting.predicates();
    std::vector<std::string> sets, columns;
    for (int attnum : plan.root->identity) {
        sets.push_back("pg_catalog.unnest(" + is.variable("k", 0, attnum) + ")");
        columns.push_back(quoted(plan.root->column(attnum)->name));
    }
    const auto code =
        schema::filled(R"(#variable_conflict use_variable
DECLARE
{keys}  _owners int[] := pg_catalog.array_fill(0, ARRAY[pg_catalog.cardinality(_keys)]);
  _at int; _hit int;
BEGIN
{same_catalog}  FOR _at IN 1 .. pg_catalog.cardinality(_keys) LOOP
  CONTINUE WHEN _owners[_at] OPERATOR(pg_catalog.<>) 0;
{forget}{take_root}  CONTINUE WHEN NOT ({any_root});
{collect}  FOR _hit IN
    SELECT d.n FROM pg_catalog.unnest(_ids) WITH ORDINALITY d(id, n)
    WHERE d.n OPERATOR(pg_catalog.<>) _at AND d.id OPERATOR(pg_catalog.=) ANY (
      SELECT {id} FROM ROWS FROM ({sets}) AS s({columns}))
  LOOP _owners[_hit] := _at; END LOOP;
  END LOOP;
  RETURN _owners;
END)",
                       {{"keys", collecting.declarations()},
                        {"same_catalog", same_catalog(plan, names)},
                        {"forget", collecting.forget()},
                        {"take_root", collecting.take_roots("_keys[_at:_at]")},
                        {"any_root", is.any_found(0)},
                        {"collect", collecting.collect_roots_loop()},
                        {"id", schema::key_text(*plan.root, plan.root->identity, "s")},
                        {"sets", schema::join(sets, ", ")},
                        {"columns", schema::join(columns, ", ")}});
    return function_sql({names.trash_schema, function},
                        "(_keys pg_catalog.text[], _ids pg_catalog.text[]) RETURNS int[]", code);
}

}  // namespace trashd::cascade
