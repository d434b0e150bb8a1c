// Makes the trash schema, brings it up to date, and lets roles use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace trashd::schema {
class Connection;
}

namespace trashd::trash {

// The version of the trash schema that this program makes, and the one that is there, if any.
int newest_version();
std::optional<int> installed_version(schema::Connection& connection,
                                     const std::string& trash_schema);

// Applies what is missing, under an advisory lock; validates the version. Throws Error kUnavailable
// before anything is made where the server is too old or another product; an error of a migration
// names its statement and what the server said.
void migrate(schema::Connection& connection, const std::string& trash_schema);

// Own tables that nothing identifies the rows of: PostgreSQL refuses to delete from them as soon as
// a publication has them.
std::vector<std::string> without_replica_identity(schema::Connection& connection,
                                                  const std::string& trash_schema);

// What the service needs when another role owns the trash schema: all but changing the ledger.
void grant_use(schema::Connection& connection, const std::string& trash_schema,
               const std::string& role);

}  // namespace trashd::trash
