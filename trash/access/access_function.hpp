// A function of the database that is asked about each row before something is done with it:
// function(action text, resource text, row jsonb, claims jsonb) returns text. NULL lets it be; a
// text is why not.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace trashd::schema {
class Catalog;
class Connection;
struct QualifiedName;
}  // namespace trashd::schema

namespace trashd::trash {

struct AccessFunction {
    std::string function;  // quoted, with its schema
    std::string claims;    // JSON of who asks
    // How a table is called in addresses.
    std::function<std::string(const schema::QualifiedName&)> resource_of;
};

// Throws kConflict where there is no such function.
void check_function(schema::Connection& connection, const std::string& function);
// Throw kForbidden with the function's words. The row as JSON; the items of a group, as they lie in
// the trash.
void need_consent(schema::Connection& connection, const AccessFunction& consent,
                  const std::string& action, const schema::QualifiedName& table,
                  const std::string& row);
void need_consent(schema::Connection& connection, const AccessFunction& consent,
                  const std::string& action, const schema::Catalog& catalog,
                  const std::string& trash_schema, long long group);

}  // namespace trashd::trash
