#include "trash/store/sql.hpp"

#include "schema/catalog/tenant.hpp"
#include "schema/identifier.hpp"
#include "schema/object_name.hpp"

namespace trashd::trash {

using schema::quoted;

std::string filled(std::string_view text, const std::string& trash_schema, schema::Values values) {
    values.emplace("schema", quoted(trash_schema));
    return schema::filled(text, values);
}

std::string utc(const std::string& time) {
    return "pg_catalog.to_char(" + time +
           " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
}

std::string seen_by_tenant(const std::string& alias) {
    const std::string tenant(schema::kTenant);
    return "(" + tenant + " IS NULL OR " + alias + ".tenant OPERATOR(pg_catalog.=) " + tenant + ")";
}

std::string group_seen_by_tenant(const std::string& trash_schema, const std::string& group_id) {
    const std::string tenant(schema::kTenant);
    return "(" + tenant + " IS NULL OR EXISTS (SELECT FROM " +
           quoted({trash_schema, "trash_group"}) + " own WHERE own.id OPERATOR(pg_catalog.=) " +
           group_id + " AND own.tenant OPERATOR(pg_catalog.=) " + tenant + "))";
}

std::string place_in(const std::string& form, int attnum) {
    return "pg_catalog.array_position(" + form + ".attnums, " + std::to_string(attnum) +
           "::pg_catalog.int2)";
}

// OFFSET keeps the query from being made one with that around it.
std::string looked_up(const std::string& table, const std::string& condition) {
    return schema::filled(
        "LATERAL (SELECT t.tableoid, t.ctid, t.xmin, t.* FROM {table} AS t"
        " WHERE {condition} OFFSET 0) t ON true",
        {{"table", table}, {"condition", condition}});
}

std::string text_array(const std::vector<std::string>& expressions) {
    return "ARRAY[" + schema::join(expressions, ", ") + "]::pg_catalog.text[]";
}

std::string not_null(const std::vector<std::string>& numbers) {
    return schema::filled(
        R"((SELECT pg_catalog.array_agg(x.n)
      FROM pg_catalog.unnest(ARRAY[{numbers}]::pg_catalog.int4[]) x(n) WHERE x.n IS NOT NULL))",
        {{"numbers", schema::join(numbers, ", ")}});
}

}  // namespace trashd::trash
