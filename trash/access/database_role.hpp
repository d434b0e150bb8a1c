// What roles of the database see of the trash: views in a schema of their own, called like the
// trash schema with _access behind it. They show rows of tables that the role may SELECT, and where
// row-level security holds for it only what the one who asks has trashed; and they show anything
// only in sessions of the service, so that the role by itself finds nothing in them.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
class Connection;
}

namespace trashd::trash {

// Whom the transactions of a view of the trash are for.
struct DatabaseRole {
    std::string name;    // the database's
    std::string claims;  // JSON, for policies: the setting request.jwt.claims
    std::string id;      // of the principal
};

std::string access_schema(const std::string& trash_schema);
// Makes the views where they are missing or of another version, and lets the roles use them.
// Throws kConflict where a role is not there, or the session's role cannot become it.
void open_to(schema::Connection& connection, const std::string& trash_schema,
             const std::vector<std::string>& roles);
// Of the connection's transaction.
void set_role(schema::Connection& connection, const DatabaseRole& role);
// Throws kNotFound where the role sees no item of the group, kForbidden where it does not see all.
void need_sight(schema::Connection& connection, const std::string& trash_schema,
                const DatabaseRole& role, long long group);

}  // namespace trashd::trash
