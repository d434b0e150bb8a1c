#include "trash/store/principal_names.hpp"

#include "schema/session/connection.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

constexpr const char* kIsPrincipal = R"(p.tenant OPERATOR(pg_catalog.=) coalesce({tenant}, '')
      AND p.id OPERATOR(pg_catalog.=) {by})";

std::string is_principal(const std::string& by, const std::string& tenant) {
    return schema::filled(kIsPrincipal, {{"by", by}, {"tenant", tenant}});
}

}  // namespace

std::string name_of_principal(const std::string& trash_schema, const std::string& by,
                              const std::string& tenant) {
    return filled("(SELECT p.name FROM {schema}.principal p WHERE {is_principal})", trash_schema,
                  {{"is_principal", is_principal(by, tenant)}});
}

std::string join_principal(const std::string& trash_schema, const std::string& by,
                           const std::string& tenant) {
    return filled(" LEFT JOIN {schema}.principal p ON {is_principal}", trash_schema,
                  {{"is_principal", is_principal(by, tenant)}});
}

std::optional<std::string> principal_name(schema::Connection& connection,
                                          const std::string& trash_schema, const std::string& by,
                                          const std::optional<std::string>& tenant) {
    return connection
        .exec("SELECT " +
                  name_of_principal(trash_schema, "$1::pg_catalog.text", "$2::pg_catalog.text"),
              {by, tenant})
        .value(0, 0);
}

}  // namespace trashd::trash
