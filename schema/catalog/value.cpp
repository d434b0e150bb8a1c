// A payload must come back byte for byte, so only the type's own output and input functions are
// used: a cast that a user made between the type and text could be called instead, and is avoided.
#include "schema/catalog/value.hpp"

#include <algorithm>
#include <array>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/oids.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"

namespace trashd::schema {
namespace {

std::string reference(const Column& column, const std::string& alias) {
    return alias.empty() ? quoted(column.name) : alias + '.' + quoted(column.name);
}

// Types whose text never holds '%' or ',': boolean, bigint, smallint, integer, oid, uuid, date.
bool plain(const Column& column) {
    constexpr std::array<Oid, 7> kPlain = {16, 20, 21, 23, 26, 2950, 1082};
    return column.reg || std::ranges::find(kPlain, column.base_oid) != kPlain.end();
}

std::string oid_type(const Column& column) {
    return column.array ? "::pg_catalog.oid[]" : "::pg_catalog.oid";
}

std::string output(const Column& column, const std::string& alias) {
    const auto c = reference(column, alias);
    if (column.reg) return c + oid_type(column) + "::pg_catalog.text";
    if (!column.cast_to_text) return c + "::pg_catalog.text";
    // num_nulls, because IS NULL is true for a composite of NULLs
    const bool holds_oids = oids_of(column).starts_with("{");
    return "CASE WHEN pg_catalog.num_nulls(" + c + ") OPERATOR(pg_catalog.=) 0 THEN " +
           (holds_oids ? fields_with_oids(column, c) : "pg_catalog.format('%s', " + c + ")") +
           " END";
}

std::string escaped(const Column& column, const std::string& alias) {
    const auto text = to_text(column, alias);
    if (plain(column)) return text;
    return "pg_catalog.replace(pg_catalog.replace(" + text + ", '%', '%25'), ',', '%2C')";
}

const Column& column_at(const Table& table, int attnum) {
    if (const auto* found = table.column(attnum)) return *found;
    throw Error(Code::kInternal, "table " + quoted(table.name) + " has no column number " +
                                     std::to_string(attnum) + "; reload the catalog");
}

}  // namespace

// replace() takes no nondeterministic collation, and texts are the same where their bytes are.
std::string to_text(const Column& column, const std::string& alias) {
    const auto text = output(column, alias);
    return column.deterministic ? text : "((" + text + ") COLLATE pg_catalog.\"C\")";
}

std::string from_text(const Column& column, const std::string& text) {
    if (!column.cast_from_text && !column.reg) return '(' + text + ")::" + column.type;
    // goes through the input function, which takes numbers for names of oids, and where a cast
    // would call the user's function
    return "(SELECT x.v FROM pg_catalog.json_to_record(pg_catalog.json_build_object('v', " + text +
           ")) AS x(v " + column.type + "))";
}

std::string in_base_type(const Column& column, const std::string& sql) {
    return column.type_oid == column.base_oid ? sql : sql + "::" + column.value_type;
}

const std::string& base_type(const Column& column) {
    return column.type_oid == column.base_oid ? column.type : column.value_type;
}

std::string payload(const Table& table, const std::string& alias) {
    std::string out;
    for (const auto* column : table.kept_columns())
        out += (out.empty() ? "" : ", ") + to_text(*column, alias);
    return "ARRAY[" + out + "]::pg_catalog.text[]";
}

std::string shown_payload(const Table& table, const std::string& alias) {
    std::string out;
    for (const auto& column : table.columns)
        if (!column.hidden) out += (out.empty() ? "" : ", ") + to_text(column, alias);
    return "ARRAY[" + out + "]::pg_catalog.text[]";
}

std::string key_text(const Table& table, const std::vector<int>& attnums,
                     const std::string& alias) {
    if (attnums.size() == 1) return to_text(column_at(table, attnums[0]), alias);
    std::string out;
    for (const int attnum : attnums) {
        if (!out.empty()) out += " OPERATOR(pg_catalog.||) ',' OPERATOR(pg_catalog.||) ";
        out += escaped(column_at(table, attnum), alias);
    }
    return '(' + out + ')';
}

// Arrays of one element: their equality takes NULLs for alike.
std::string same(const std::string& one, const std::string& other) {
    return "(ARRAY[" + one + "] OPERATOR(pg_catalog.=) ARRAY[" + other + "])";
}

std::string differ(const std::string& one, const std::string& other) {
    return "(ARRAY[" + one + "] OPERATOR(pg_catalog.<>) ARRAY[" + other + "])";
}

std::string relation(const Table& table) {
    return (table.partitioned ? "" : "ONLY ") + quoted(table.name);
}

}  // namespace trashd::schema
