#include "cascade/functions.hpp"

#include <set>

#include "cascade/statements.hpp"
#include "schema/reader.hpp"
#include "schema/sqlstate.hpp"
#include "schema/tenant.hpp"
#include "schema/text.hpp"
#include "schema/value.hpp"

namespace trashd::cascade {

using schema::Catalog;
using schema::literal;
using schema::Oid;
using schema::quoted;
using schema::relation;
using schema::Table;

bool sets(const Edge& edge) {
    return edge.effect == Effect::kSetNull || edge.effect == Effect::kSetDefault;
}

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
    return "  PERFORM FROM " + relation(table) + " t WHERE (" + where + ") AND " +
           schema::of_tenant(*column, "t") + " IS NOT TRUE LIMIT 1;\n  IF FOUND THEN " +
           raise(sqlstate::kOtherTenant, "the delete would cross tenants") + "  END IF;\n";
}

std::string same_types(const Names& names) {
    if (names.types.empty()) return "";
    return "(" + schema::types_fingerprint_sql(names.types) + ") OPERATOR(pg_catalog.=) " +
           literal(names.types_fingerprint) + " AND ";
}

std::vector<Oid> locked_tables(const Catalog& catalog, const Plan& plan) {
    std::set<Oid> all;
    for (const Node& node : plan.nodes) all.insert(node.table->oid);
    for (const Unit& unit : units_of(catalog, plan)) all.insert(unit.table->oid);
    return {all.begin(), all.end()};
}

namespace {

std::string same_catalog(const Plan& plan, const Names& names) {
    return "  IF (" + same_types(names) + "(" + schema::fingerprint_sql(tables_of(plan)) +
           ") OPERATOR(pg_catalog.=) " + literal(names.fingerprint) + ") IS NOT TRUE THEN " +
           raise(sqlstate::kCatalogChanged, "the catalog changed") + "  END IF;\n";
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

std::string looked_at(const Catalog& catalog, const Plan& plan, const Predicates& is,
                      int position) {
    const Edge& edge = plan.edges[position];
    const std::string kind = sets(edge) ? "set" : "block";
    const Table& child = *catalog.table(edge.key->child);
    const std::string place = std::to_string(position);
    if (!child.can_select || child.row_security) {
        std::string text =
            "  kind := " + literal(kind) + "; place := " + place + "; amount := -1; ids := NULL;\n";
        for (std::size_t i = 0; i < edge.keys.size(); ++i)
            text += "  part := " + std::to_string(i) + "; RETURN NEXT;\n";
        return text + "  part := 0;\n";
    }
    const std::string where =
        is.reaches(edge) + " AND " + is.in_closure(edge.child) + " IS NOT TRUE";
    const std::string from = " FROM " + relation(child) + " t WHERE " + where;
    const std::string id = child.identity.empty() ? "''::pg_catalog.text"
                                                  : schema::key_text(child, child.identity, "t");
    const std::string found = "kind := " + literal(kind) + "; place := " + place + "; ";
    if (edge.keys.size() > 1)
        return refuse_crossing(plan, child, where) + "  " + found +
               "FOR part, amount, ids IN SELECT s.part, pg_catalog.count(*), "
               "(pg_catalog.array_agg(s.id ORDER BY s.id))[1:5] FROM (SELECT " +
               key_of_row(edge) + " AS part, " + id + " AS id" + from +
               ") s GROUP BY 1 ORDER BY 1 LOOP RETURN NEXT; END LOOP;\n  part := 0;\n";
    return refuse_crossing(plan, child, where) + "  SELECT pg_catalog.count(*) INTO _n" + from +
           ";\n  IF _n OPERATOR(pg_catalog.>) 0 THEN " + found +
           "amount := _n; ids := ARRAY(SELECT " + id + from +
           " ORDER BY 1 LIMIT 5); RETURN NEXT; END IF;\n";
}

std::string counted(const Plan& plan, const Predicates& is, int node) {
    const bool reached = node > 0 || is.collected(node);
    const std::string crossing =
        reached ? refuse_crossing(plan, *plan.nodes[node].table, is.in_closure(node)) : "";
    std::string text = crossing + "  _n := 0;\n";
    if (is.collected(node)) {
        text = crossing + "  _n := COALESCE(pg_catalog.cardinality(" +
               is.variable("k", node, is.key_columns(node).front()) + "), 0);\n";
    } else {
        std::string others;
        for (int position : plan.nodes[node].in) {
            const Edge& edge = plan.edges[position];
            text += "  SELECT _n OPERATOR(pg_catalog.+) pg_catalog.count(*) INTO _n FROM " +
                    relation(*plan.nodes[node].table) + " t WHERE " + is.reaches(edge) + others +
                    ";\n";
            others += " AND " + is.reaches_filter(edge) + " IS NOT TRUE";
        }
    }
    return text + "  IF _n OPERATOR(pg_catalog.>) 0 THEN kind := 'trash'; place := " +
           std::to_string(node) + "; amount := _n; ids := NULL; RETURN NEXT; END IF;\n";
}

}  // namespace

std::vector<Oid> tables_of(const Plan& plan) {
    std::set<Oid> all;
    for (const Node& node : plan.nodes) all.insert(node.table->oid);
    for (const Edge& edge : plan.edges) all.insert(edge.key->child);
    return {all.begin(), all.end()};
}

std::string etag_sql(const Table& table, const std::string& alias) {
    return "('\"' OPERATOR(pg_catalog.||) pg_catalog.md5((" + schema::payload(table, alias) +
           ")::pg_catalog.text) OPERATOR(pg_catalog.||) '\"')";
}

std::string move_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                              const std::string& function) {
    CollectSql collecting(catalog, plan, false);
    UnlinkSql cutting(catalog, plan, names, collecting.predicates());
    DeleteSql taking(catalog, plan, names, collecting.predicates());
    std::string text = "CREATE OR REPLACE FUNCTION " + quoted({names.trash_schema, function}) +
                       "(_key pg_catalog.text[], _uuid pg_catalog.uuid, _by pg_catalog.text, "
                       "_reason pg_catalog.text, _request pg_catalog.text, "
                       "_address pg_catalog.text, _hard pg_catalog.bool, "
                       "_etags pg_catalog.text[], _most bigint) "
                       "RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS ";
    std::string code =
        "#variable_conflict use_variable\nDECLARE\n" + collecting.declarations() +
        "  _group bigint; _n bigint; _m bigint; _links bigint := 0; _elsewhere "
        "bigint := 0; _changed bigint := 0; _rekeyed bigint := 0; _cut bigint[] := '{}'; _object "
        "pg_catalog.text;\n"
        "  _before bigint[]; _counts bigint[]; _want bigint; _was pg_catalog.text; _role "
        "pg_catalog.text; _objects bigint; _tables pg_catalog.text[]; _harm pg_catalog.text; _made "
        "pg_catalog.jsonb; _now pg_catalog.jsonb;\nBEGIN\n" +
        hold(catalog, plan) + taking.take_alone(collecting.is_named()) + same_catalog(plan, names) +
        collecting.take_root() + taking.see_root() + collecting.refuse_other_version() +
        collecting.collect() + collecting.refuse_more() + cutting.refuse_configured() +
        taking.watch_others() + "  IF NOT _hard THEN _group := " + taking.next_group() +
        "; END IF;\n" + cutting.cut_references() + taking.take() + taking.prove() +
        cutting.left_rows() + taking.record() + taking.note_oids() +
        "  RETURN ARRAY[_group, _n, _links] OPERATOR(pg_catalog.||) _counts" +
        taking.written_elsewhere() + ";\nEND";
    return text + literal(code);
}

std::string impact_function_sql(const Catalog& catalog, const Plan& plan, const Names& names,
                                const std::string& function) {
    CollectSql collecting(catalog, plan, true);
    const Predicates& is = collecting.predicates();
    std::string code = "#variable_conflict use_variable\nDECLARE\n" + collecting.declarations() +
                       "  _n bigint;\nBEGIN\n  part := 0;\n" + same_catalog(plan, names) +
                       collecting.take_roots("_keys") + "  IF NOT (" + is.any_found(0) + ") THEN " +
                       raise(sqlstate::kNoSuchRow, "no such row") + "  END IF;\n" +
                       collecting.collect();
    for (int node = 0; node < static_cast<int>(plan.nodes.size()); ++node)
        code += counted(plan, is, node);
    for (std::size_t i = 0; i < plan.edges.size(); ++i) {
        const Edge& edge = plan.edges[i];
        if (edge.effect == Effect::kCascade) continue;
        code += looked_at(catalog, plan, is, static_cast<int>(i));
    }
    return "CREATE OR REPLACE FUNCTION " + quoted({names.trash_schema, function}) +
           "(_keys pg_catalog.text[]) RETURNS TABLE (kind pg_catalog.text, place int, part int, "
           "amount bigint, ids pg_catalog.text[]) "
           "LANGUAGE "
           "plpgsql "
           "VOLATILE AS " +
           literal(code + "  RETURN;\nEND");
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
    const std::string code =
        "#variable_conflict use_variable\nDECLARE\n" + collecting.declarations() +
        "  _owners int[] := pg_catalog.array_fill(0, ARRAY[pg_catalog.cardinality(_keys)]); _at "
        "int; _hit int;\nBEGIN\n" +
        same_catalog(plan, names) +
        "  FOR _at IN 1 .. pg_catalog.cardinality(_keys) LOOP\n  CONTINUE WHEN _owners[_at] "
        "OPERATOR(pg_catalog.<>) "
        "0;\n" +
        collecting.forget() + collecting.take_roots("_keys[_at:_at]") + "  CONTINUE WHEN NOT (" +
        is.any_found(0) + ");\n" + collecting.collect_roots_loop() +
        "  FOR _hit IN SELECT d.n FROM pg_catalog.unnest(_ids) WITH ORDINALITY d(id, n) WHERE d.n "
        "OPERATOR(pg_catalog.<>) _at AND d.id OPERATOR(pg_catalog.=) ANY (SELECT " +
        schema::key_text(*plan.root, plan.root->identity, "s") + " FROM ROWS FROM (" +
        schema::join(sets, ", ") + ") AS s(" + schema::join(columns, ", ") +
        ")) LOOP _owners[_hit] := _at; END LOOP;\n  END LOOP;\n  RETURN _owners;\nEND";
    return "CREATE OR REPLACE FUNCTION " + quoted({names.trash_schema, function}) +
           "(_keys pg_catalog.text[], _ids pg_catalog.text[]) RETURNS int[] LANGUAGE plpgsql "
           "VOLATILE AS " +
           literal(code);
}

}  // namespace trashd::cascade
