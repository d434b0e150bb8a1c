// The role is set for the transaction only, so that it ends with it, whatever happens. Deferred
// triggers are fired before it is given back: they are to run as the role that caused them.
#include "schema/session/role.hpp"

#include "schema/error.hpp"
#include "schema/session/connection.hpp"

namespace trashd::schema {

void as_role(Connection& connection, const std::string& role, const std::function<void()>& work) {
    // what policies hide is to be hidden, not an error as it is to the service's own statements
    const std::string become =
        "SELECT pg_catalog.set_config('role', $1, true), pg_catalog.set_config('row_security', $2, "
        "true)";
    const auto found = connection.exec(
        "SELECT pg_catalog.current_setting('role'), pg_catalog.current_setting('row_security')");
    const std::string before(found.text(0, 0)), security(found.text(0, 1));
    connection.exec(become, {role, role == "none" ? security : "on"});
    work();
    if (role != "none") {
        connection.exec("SET CONSTRAINTS ALL IMMEDIATE");  // or deferred triggers run as another
        if (connection.exec("SELECT pg_catalog.current_setting('role')").text(0, 0) != role)
            throw Error(Code::kConflict,
                        "a trigger or function of the database changes the role; nothing was done");
    }
    connection.exec(become, {before, security});
}

}  // namespace trashd::schema
