// The views are made once and marked by a comment on their schema: which migration and which text
// they are of. Another mark, or a role that may not use them yet, has them made anew under the lock
// of migrations.
#include "trash/access/database_role.hpp"

#include "generated/kAccess.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/object_name.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/role.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/setup/migrate.hpp"
#include "trash/store/lock_keys.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;

// Another version has other columns, and other views may show other rows.
std::string mark() {
    unsigned long long hash = 14695981039346656037ULL;
    for (const char* c = kAccess; *c; ++c)
        hash = (hash ^ static_cast<unsigned char>(*c)) * 1099511628211ULL;
    return "version " + std::to_string(newest_version()) + ", views " + std::to_string(hash);
}

void check_role(schema::Connection& connection, const std::string& role) {
    const auto found = connection.exec(
        "SELECT pg_catalog.pg_has_role(session_user, oid, 'MEMBER') FROM pg_catalog.pg_roles WHERE "
        "rolname OPERATOR(pg_catalog.=) $1",
        {role});
    if (found.rows() == 0)
        throw Error(Code::kConflict,
                    "access.database_roles: there is no role '" + role + "'; create it");
    if (!found.boolean(0, 0))
        throw Error(Code::kConflict, "access.database_roles: the service's role is no member of '" +
                                         role + "'; GRANT it to the role");
}

bool is_open(schema::Connection& connection, const std::string& access, const std::string& role) {
    return connection
               .exec(
                   "SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) $1 "
                   "AND "
                   "pg_catalog.obj_description(oid, 'pg_namespace') OPERATOR(pg_catalog.=) $2 AND "
                   "pg_catalog.has_schema_privilege($3, oid, 'USAGE') AND "
                   "pg_catalog.pg_has_role(session_user, nspowner, 'MEMBER')",
                   {access, mark(), role})
               .rows() > 0;
}

void make_views(schema::Connection& connection, const std::string& trash_schema) {
    const auto access = access_schema(trash_schema);
    connection.script(
        schema::filled(kAccess, {{"schema", quoted(trash_schema)}, {"access", quoted(access)}}));
    connection.exec("COMMENT ON SCHEMA " + quoted(access) + " IS " + schema::literal(mark()));
}

void grant(schema::Connection& connection, const std::string& trash_schema,
           const std::string& role) {
    const auto access = access_schema(trash_schema);
    const auto to = " TO " + quoted(role);
    connection.exec("GRANT USAGE ON SCHEMA " + quoted(trash_schema) + ", " + quoted(access) + to);
    connection.exec("GRANT SELECT ON ALL TABLES IN SCHEMA " + quoted(access) + to);
    connection.exec("GRANT INSERT ON " + quoted({access, "incoming"}) + to);
}

}  // namespace

std::string access_schema(const std::string& trash_schema) {
    return trash_schema + "_access";
}

void open_to(schema::Connection& connection, const std::string& trash_schema,
             const std::vector<std::string>& roles) {
    for (const auto& role : roles) check_role(connection, role);
    schema::Transaction transaction(connection, schema::Mode::kMove);
    transaction.exec("SELECT " + lock_call(LockKey::kMigration));
    bool open = true;
    for (const auto& role : roles)
        open = open && is_open(connection, access_schema(trash_schema), role);
    if (open) return;
    make_views(connection, trash_schema);
    for (const auto& role : roles) grant(connection, trash_schema, role);
    transaction.commit();
}

void set_role(schema::Connection& connection, const DatabaseRole& role) {
    connection.exec(
        "SELECT pg_catalog.set_config('trashd.role', $1, true), "
        "pg_catalog.set_config('request.jwt.claims', $2, true), "
        "pg_catalog.set_config('trashd.id', $3, true)",
        {role.name, role.claims, role.id});
}

void need_sight(schema::Connection& connection, const std::string& trash_schema,
                const DatabaseRole& role, long long group) {
    auto count = [&](const std::string& schema) {
        return connection
            .exec("SELECT pg_catalog.count(*) FROM " + quoted({schema, "item"}) +
                      " WHERE group_id OPERATOR(pg_catalog.=) $1::bigint",
                  {std::to_string(group)})
            .integer(0, 0);
    };
    const auto all = count(trash_schema);
    long long seen = 0;
    schema::as_role(connection, role.name, [&] { seen = count(access_schema(trash_schema)); });
    if (seen == 0) throw Error(Code::kNotFound, "there is no such TrashItem");
    if (seen < all)
        throw Error(Code::kForbidden,
                    "the group has rows that the database hides from the role of the credentials; "
                    "ask who may see them");
}

}  // namespace trashd::trash
