#include "trash/store/sql.hpp"

#include "schema/identifier.hpp"
#include "schema/tenant.hpp"

namespace trashd::trash {

using schema::quoted;

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

}  // namespace trashd::trash
