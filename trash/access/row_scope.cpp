// Live rows are judged by their columns, items by the texts in their payload; both compare text
// with the id of who asks, so that a row does not change hands on its way into the trash.
#include "trash/access/row_scope.hpp"

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/model/row_scope.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::literal;

std::string any_of(const std::vector<std::string>& conditions) {
    return conditions.empty() ? "false" : "(" + schema::join(conditions, " OR ") + ")";
}

std::string oids_of(const std::vector<const schema::Table*>& tables) {
    std::vector<schema::Param> oids;
    for (const auto* table : tables) oids.emplace_back(std::to_string(table->oid));
    return literal(schema::array_literal(oids)) + "::pg_catalog.oid[]";
}

// A column that is no more, or is called otherwise by now, says of no row whose it is.
std::string own_items(const OwnRows& own, const schema::Table& table, const std::string& id) {
    std::vector<std::string> same;
    for (const auto& name : own.columns)
        if (const auto* column = table.column(name))
            same.push_back("i.payload[" + place_in("f", column->attnum) +
                           "] OPERATOR(pg_catalog.=) " + literal(id));
    return schema::filled("(f.relation OPERATOR(pg_catalog.=) {table} AND {same})",
                          {{"table", std::to_string(table.oid)}, {"same", any_of(same)}});
}

// SQL over items i: they are among rows. members: of tables without a column as well.
struct RowsWriter {
    const schema::Catalog& catalog;
    const std::string& trash_schema;
    const std::string& id;
    const bool members;

    std::string write(const Rows& rows) const;
};

std::string RowsWriter::write(const Rows& rows) const {
    if (rows.all) return "true";
    std::vector<const schema::Table*> whole;
    std::vector<std::string> conditions;
    for (const auto& name : rows.whole)
        if (const auto* table = catalog.table(name)) whole.push_back(table);
    for (const auto& own : rows.own) {
        const auto* table = catalog.table(own.table);
        if (!table) continue;
        if (!own.columns.empty())
            conditions.push_back(own_items(own, *table, id));
        else if (members)
            whole.push_back(table);
    }
    conditions.push_back("f.relation OPERATOR(pg_catalog.=) ANY (" + oids_of(whole) + ")");
    return filled(
        R"(EXISTS (SELECT FROM {schema}.shape f
    WHERE f.id OPERATOR(pg_catalog.=) i.shape AND {conditions}))",
        trash_schema, {{"conditions", any_of(conditions)}});
}

}  // namespace

std::string own_rows(const schema::Table& table, const std::vector<std::string>& columns,
                     const std::string& alias, const std::string& id) {
    std::vector<std::string> same;
    for (const auto& name : columns)
        if (const auto* column = table.column(name))
            same.push_back(
                schema::filled(R"(({text}) OPERATOR(pg_catalog.=) {id} COLLATE pg_catalog."C")",
                               {{"text", schema::to_text(*column, alias)}, {"id", literal(id)}}));
    return any_of(same) + " IS TRUE";
}

std::string within(const RowScope& reach, const schema::Catalog& catalog,
                   const std::string& trash_schema, bool members) {
    const RowsWriter writer{catalog, trash_schema, reach.id, members};
    if (!reach.own_deletes) return writer.write(reach);
    return schema::filled(
        "CASE WHEN g.deleted_by OPERATOR(pg_catalog.=) {id} THEN {own_deletes} ELSE {others} END",
        {{"id", literal(reach.id)},
         {"own_deletes", writer.write(*reach.own_deletes)},
         {"others", writer.write(reach)}});
}

bool item_within(schema::Connection& connection, const schema::Catalog& catalog,
                 const std::string& trash_schema, const std::string& item_id,
                 const RowScope& reach) {
    const auto address = parse_item_id(item_id);
    const auto sql = filled(
        R"(SELECT FROM {schema}.item i
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
  WHERE g.uuid OPERATOR(pg_catalog.=) $1::pg_catalog.uuid
    AND i.ordinal OPERATOR(pg_catalog.=) $2::int
    AND {within})",
        trash_schema, {{"within", within(reach, catalog, trash_schema, false)}});
    return connection.exec(sql, {address.group_id, std::to_string(address.ordinal)}).rows() > 0;
}

std::set<std::string> items_within(schema::Connection& connection, const schema::Catalog& catalog,
                                   const std::string& trash_schema,
                                   const std::vector<std::string>& item_ids,
                                   const RowScope& reach) {
    std::vector<schema::Param> groups, ordinals;
    for (const auto& id : item_ids) {
        const auto address = parse_item_id(id);
        groups.emplace_back(address.group_id);
        ordinals.emplace_back(std::to_string(address.ordinal));
    }
    const auto sql = filled(
        R"(SELECT w.n
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.uuid[]), pg_catalog.unnest($2::int[]))
    WITH ORDINALITY w(uuid, ordinal, n)
  JOIN {schema}.trash_group g ON g.uuid OPERATOR(pg_catalog.=) w.uuid
  JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) g.id
    AND i.ordinal OPERATOR(pg_catalog.=) w.ordinal
  WHERE {within})",
        trash_schema, {{"within", within(reach, catalog, trash_schema, false)}});
    const auto found =
        connection.exec(sql, {schema::array_literal(groups), schema::array_literal(ordinals)});
    std::set<std::string> ids;
    for (int row = 0; row < found.rows(); ++row)
        ids.insert(item_ids.at(static_cast<std::size_t>(found.integer(row, 0)) - 1));
    return ids;
}

std::optional<schema::QualifiedName> first_beyond(schema::Connection& connection,
                                                  const schema::Catalog& catalog,
                                                  const std::string& trash_schema, long long group,
                                                  const RowScope& reach) {
    const auto sql = filled(
        R"(SELECT coalesce(n.nspname::pg_catalog.text, s.now_schema, s.schema_name),
    coalesce(c.relname::pg_catalog.text, s.now_table, s.table_name)
  FROM {schema}.item i
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
    JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) i.shape
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  WHERE i.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND NOT CASE WHEN i.ordinal OPERATOR(pg_catalog.=)
        ANY (SELECT pg_catalog.unnest(coalesce(g.roots, ARRAY[1])))
      THEN {root_within} ELSE {member_within} END
  ORDER BY i.ordinal LIMIT 1)",
        trash_schema,
        {{"root_within", within(reach, catalog, trash_schema, false)},
         {"member_within", within(reach, catalog, trash_schema, true)}});
    const auto found = connection.exec(sql, {std::to_string(group)});
    if (found.rows() == 0) return std::nullopt;
    return schema::QualifiedName{std::string(found.text(0, 0)), std::string(found.text(0, 1))};
}

}  // namespace trashd::trash
