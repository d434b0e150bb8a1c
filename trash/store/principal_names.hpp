// What principals are called, for statements that read who did something.
#pragma once

#include <optional>
#include <string>

namespace trashd::schema {
class Connection;
}

namespace trashd::trash {

// SQL text: what the principal is called; NULL: nothing is known. by and tenant: SQL, with the
// alias of their table in front, since the table of names has columns of its own; a tenant that is
// NULL is that of credentials without one.
std::string name_of_principal(const std::string& trash_schema, const std::string& by,
                              const std::string& tenant);
// A join of the same for statements over many rows: p.name.
std::string join_principal(const std::string& trash_schema, const std::string& by,
                           const std::string& tenant);
// The same of one, asked now.
std::optional<std::string> principal_name(schema::Connection& connection,
                                          const std::string& trash_schema, const std::string& by,
                                          const std::optional<std::string>& tenant);

}  // namespace trashd::trash
