// Rows of several tenants in one table, told apart by a column. A transaction may be of one tenant:
// a setting of it says which, so no statement needs a parameter for it, and where the setting is
// missing the condition holds for no row.
#pragma once

#include <string>

namespace trashd::schema {

struct Column;
class Connection;

// Until the end of the connection's transaction.
void set_tenant(Connection& connection, const std::string& tenant);

// SQL text of the transaction's tenant; NULL: it is of none.
inline constexpr const char* kTenant =
    "(CASE WHEN pg_catalog.current_setting('trashd.tenant', true) OPERATOR(pg_catalog.<>) '' THEN "
    "pg_catalog.current_setting('trashd.tenant', true) END)";

// SQL: the text of the column is that tenant, in the row under the alias. Lets an index on the
// column serve where it is a text, an integer or a UUID.
std::string of_tenant(const Column& column, const std::string& alias);

}  // namespace trashd::schema
