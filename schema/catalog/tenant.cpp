#include "schema/catalog/tenant.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"

namespace trashd::schema {
namespace {

constexpr Oid kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kVarchar = 1043, kUuid = 2950;

// The tenant as a value of the type; NULL where it is none, for a cast would be an error then.
std::string value_of(Oid type) {
    const std::string tenant(kTenant);
    auto where_like = [&](const std::string& pattern, const std::string& cast) {
        return "CASE WHEN " + tenant + " OPERATOR(pg_catalog.~) '" + pattern + "' THEN (" + tenant +
               ")::pg_catalog." + cast + " END";
    };
    if (type == kText || type == kVarchar) return tenant;
    if (type == kInt2 || type == kInt4 || type == kInt8)
        return where_like("^(0|-?[1-9][0-9]{0,17})$", "int8");
    if (type == kUuid) return where_like("^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", "uuid");
    return "";
}

}  // namespace

void set_tenant(Connection& connection, const std::string& tenant) {
    connection.exec("SELECT pg_catalog.set_config('trashd.tenant', $1, true)", {tenant});
}

// By the text as well: a collation may take different texts for equal.
std::string of_tenant(const Column& column, const std::string& alias) {
    const std::string value = column.array ? "" : value_of(column.base_oid);
    const std::string indexed = value.empty() ? ""
                                              : alias + "." + quoted(column.name) +
                                                    " OPERATOR(pg_catalog.=) " + value + " AND ";
    return "(" + indexed + "(" + to_text(column, alias) + ") OPERATOR(pg_catalog.=) " + kTenant +
           " COLLATE pg_catalog.\"C\")";
}

}  // namespace trashd::schema
