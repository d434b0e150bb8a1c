// Most keys are of types that write equal values alike, and then the text of an id decides, by an
// index. For the others ids are read as the key's types and compared by these types' equality.
#include "trash/store/key_spelling.hpp"

#include <algorithm>
#include <array>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Column;
using schema::literal;
using schema::Table;
using std::to_string;

// Built-in types that write equal values alike under the settings of every transaction; numeric,
// float, interval, character(n), jsonb, arrays and all that others made are not among them.
constexpr std::array<schema::Oid, 26> kOneText = {
    16,  17,  18,  19,   20,   21,   23,   25,   26,   28,   29,   650,  774,
    790, 829, 869, 1043, 1082, 1083, 1114, 1184, 1266, 1560, 1562, 2950, 3220};

bool one_text(const Column& column) {
    return column.reg ||
           (column.deterministic && std::ranges::find(kOneText, column.base_oid) != kOneText.end());
}

// The key's column at the position, from 0, out of an id (key_text).
std::string part(const Table& table, std::size_t at, const std::string& id) {
    if (table.identity.size() == 1) return id;
    return schema::filled(
        R"(pg_catalog.replace(pg_catalog.replace(
    pg_catalog.split_part({id}, ',', {n}), '%2C', ','), '%25', '%'))",
        {{"id", id}, {"n", to_string(at + 1)}});
}

std::string value(const Column& column, const std::string& text) {
    const auto read = schema::in_base_type(column, schema::from_text(column, text));
    return column.collation.empty() ? read : "(" + read + ") COLLATE " + column.collation;
}

std::string readable(const Column& column, const std::string& text,
                     const std::string& trash_schema) {
    return filled("{schema}.cast_error({text}, {type}) IS NULL", trash_schema,
                  {{"text", text}, {"type", literal(column.type)}});
}

// That the forms s wrote the key in the types that it has today, which are built in.
std::string sure(const Table& table) {
    std::vector<std::string> all;
    for (const int attnum : table.identity) {
        const auto& column = *table.column(attnum);
        if (column.user_type) return "false";
        all.push_back("s.types[" + place_in("s", attnum) + "] OPERATOR(pg_catalog.=) " +
                      literal(column.type));
    }
    return schema::join(all, " AND ");
}

// stored: a SELECT of object_id, read and sure.
std::string spelt(const Table& table, const std::string& ids, const std::string& stored,
                  const std::string& trash_schema) {
    if (text_decides(table, table.identity))
        return schema::filled("(SELECT id, ARRAY[id] AS ids FROM ({ids}) w(id))", {{"ids", ids}});
    return schema::filled(
        R"((SELECT w.id, pg_catalog.array_agg(DISTINCT o.object_id) AS ids
    FROM ({ids}) w(id)
    JOIN ({stored}) o ON {same_object}
    GROUP BY w.id))",
        {{"ids", ids},
         {"stored", stored},
         {"same_object", same_object(table, "o.read", "o.sure", "w.id", trash_schema)}});
}

// SELECTs of object_id, how it reads today, and sure.
std::string in_items(const Table& table, const std::string& trash_schema) {
    return filled(
        R"(SELECT DISTINCT i.object_id, {today} AS read, {sure} AS sure
      FROM {schema}.shape s
      JOIN {schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id
      WHERE s.relation OPERATOR(pg_catalog.=) {table})",
        trash_schema,
        {{"today", id_today(table, "i.object_id", "s")},
         {"sure", sure(table)},
         {"table", to_string(table.oid)}});
}

std::string in_ledger(const Table& table, const std::string& trash_schema) {
    return filled(
        R"(SELECT DISTINCT l.object_id, l.object_id AS read, false AS sure
      FROM {schema}.ledger l
      WHERE (l.schema_name, l.table_name) IN ({names}))",
        trash_schema, {{"names", names_of(table, trash_schema)}});
}

// SQL over w.id: it has as many parts as the key has columns, and these can be read.
std::string is_key(const Table& table, const std::string& trash_schema) {
    const auto columns = table.identity.size();
    std::vector<std::string> all = {
        columns == 1 ? "true"
                     : "pg_catalog.cardinality(pg_catalog.string_to_array(w.id, ',')) "
                       "OPERATOR(pg_catalog.=) " +
                           to_string(columns)};
    for (std::size_t k = 0; k < columns; ++k)
        all.push_back(
            readable(*table.column(table.identity[k]), part(table, k, "w.id"), trash_schema));
    return schema::join(all, " AND ");
}

// A text that cannot be read, or has other parts than the key has columns, is no key: CASE asks
// that before it is read, and OFFSET keeps the planner from reading it before.
std::string written(const Table& table, const std::string& id, const std::string& stored,
                    const std::string& trash_schema) {
    if (text_decides(table, table.identity)) return "SELECT " + id;
    return schema::filled(
        R"(SELECT {id}
      UNION
      SELECT o.object_id
      FROM ({stored}) o
      CROSS JOIN (SELECT {id} AS id OFFSET 0) w
      WHERE CASE WHEN {is_key} THEN {same_object} END)",
        {{"id", id},
         {"stored", stored},
         {"is_key", is_key(table, trash_schema)},
         {"same_object", same_object(table, "o.read", "o.sure", "w.id", trash_schema)}});
}

}  // namespace

bool text_decides(const Table& table, const std::vector<int>& attnums) {
    return std::ranges::all_of(attnums,
                               [&](int attnum) { return one_text(*table.column(attnum)); });
}

std::string id_today(const Table& table, const std::string& id, const std::string& form) {
    const auto labelled = [&](int attnum) { return schema::is_enum(*table.column(attnum)); };
    if (std::ranges::none_of(table.identity, labelled)) return id;
    std::vector<std::string> parts;
    for (std::size_t k = 0; k < table.identity.size(); ++k) {
        const int attnum = table.identity[k];
        auto text = part(table, k, id);
        if (labelled(attnum))
            text = schema::label_today(text, form + ".makeup[" + place_in(form, attnum) + "]");
        if (table.identity.size() == 1) return text;
        parts.push_back("pg_catalog.replace(pg_catalog.replace(" + text +
                        ", '%', '%25'), ',', '%2C')");
    }
    return schema::join(parts, " OPERATOR(pg_catalog.||) ',' OPERATOR(pg_catalog.||) ");
}

std::string reads_as(const Column& column, const std::string& stored, const std::string& equals,
                     const std::string& of, const std::string& trash_schema) {
    return schema::filled("(CASE WHEN {readable} THEN {value} END {equals} {of})",
                          {{"readable", readable(column, stored, trash_schema)},
                           {"value", value(column, stored)},
                           {"equals", equals},
                           {"of", of}});
}

// Each side of an operator is of one relation, so that the server may hash them.
std::string same_object(const Table& table, const std::string& stored, const std::string& sure,
                        const std::string& id, const std::string& trash_schema) {
    const auto operators = cascade::identity_operators(table);
    std::vector<std::string> all;
    for (std::size_t k = 0; k < operators.size(); ++k) {
        const auto& column = *table.column(table.identity[k]);
        const auto text = part(table, k, stored);
        all.push_back(
            schema::filled("(CASE WHEN {sure} OR {readable} THEN {value} END) {equals} {id}",
                           {{"sure", sure},
                            {"readable", readable(column, text, trash_schema)},
                            {"value", value(column, text)},
                            {"equals", operators[k]},
                            {"id", value(column, part(table, k, id))}}));
    }
    return "(" + schema::join(all, " AND ") + ")";
}

std::string spelt_by_items(const Table& table, const std::string& ids,
                           const std::string& trash_schema) {
    return spelt(table, ids, in_items(table, trash_schema), trash_schema);
}

std::string spelt_by_ledger(const Table& table, const std::string& ids,
                            const std::string& trash_schema) {
    return spelt(table, ids, in_ledger(table, trash_schema), trash_schema);
}

std::string any_spelling(const std::string& spelt) {
    return "ANY (ARRAY(SELECT pg_catalog.unnest(w.ids) FROM " + spelt + " w))";
}

std::string written_in_items(const Table& table, const std::string& id,
                             const std::string& trash_schema) {
    return written(table, id, in_items(table, trash_schema), trash_schema);
}

std::string written_in_ledger(const Table& table, const std::string& id,
                              const std::string& trash_schema) {
    return written(table, id, in_ledger(table, trash_schema), trash_schema);
}

std::string names_of(const Table& table, const std::string& trash_schema) {
    return filled(
        R"(SELECT {table_schema}, {table}
      UNION
      SELECT s.schema_name, s.table_name FROM {schema}.shape s
      WHERE s.relation OPERATOR(pg_catalog.=) {oid})",
        trash_schema,
        {{"table_schema", literal(table.name.schema)},
         {"table", literal(table.name.name)},
         {"oid", to_string(table.oid)}});
}

}  // namespace trashd::trash
