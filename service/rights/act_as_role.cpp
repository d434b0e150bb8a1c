// The role and the claims come from the credentials alone, never from the request. From here on
// context.trash is the view of that role, so that no handler can forget it.
#include "service/rights/act_as_role.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/role.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "trash/access/access_function.hpp"
#include "trash/access/database_role.hpp"
#include "trash/access/trigger_trust.hpp"
#include "trash/model/actor.hpp"
#include "trash/store/trigger_settings.hpp"

namespace trashd::service {

namespace {

bool is_role(const Context& context, const std::string& role) {
    return std::ranges::count(context.config->access.roles, role) > 0;
}

std::string role_of(const Caller& caller, const Context& context) {
    const auto& principal = caller.principal;
    if (principal.role && is_role(context, *principal.role)) return *principal.role;
    const bool token = principal.claims != "{}";
    for (const auto& role : principal.roles)
        if (!token && is_role(context, role)) return role;
    throw Error(Code::kForbidden,
                "the credentials name none of the roles of the database that requests run as; ask "
                "for ones that do");
}

// Those of a token; of others what is known of who asks.
std::string claims_of(const Principal& principal) {
    if (principal.claims != "{}") return principal.claims;
    JsonWriter out;
    out.StartObject();
    out.key("sub").text(principal.id);
    out.key("roles").StartArray();
    for (const auto& role : principal.roles) out.text(role);
    out.EndArray();
    if (principal.tenant) out.key("tenant").text(*principal.tenant);
    out.EndObject();
    return out.take();
}

std::string function_of(const Config& config) {
    return schema::quoted(table_name(config.access.function));
}

}  // namespace

void act_as_role(const Caller& caller, Context& context) {
    if (context.config->access.roles.empty()) return;
    const trash::DatabaseRole role{role_of(caller, context), claims_of(caller.principal),
                                   caller.principal.id};
    context.own_trash = std::make_shared<trash::Trash>(context.trash->of_role(role));
    context.trash = context.own_trash.get();
}

std::optional<trash::AccessFunction> consent_of(const Caller& caller, const Context& context) {
    if (context.config->access.function.empty()) return std::nullopt;
    auto resource_of = [&context](const schema::QualifiedName& table) {
        const auto* resource = context.resources->of(table);
        return resource ? encode_path(resource->path) : table.schema + "." + table.name;
    };
    return trash::AccessFunction{function_of(*context.config), claims_of(caller.principal),
                                 resource_of};
}

void refuse_untrusted(const Request& request, const Context& context,
                      bool schema::Trigger::*event) {
    if (context.config->access.roles.empty()) return;
    const auto why = trash::untrusted(*request.resource->table, event);
    if (!why.empty()) throw Error(Code::kConflict, why);
}

void expect_catalog(const Request& request, const Context& context,
                    schema::Transaction& transaction) {
    if (context.config->access.roles.empty()) return;
    const std::vector<schema::Oid> table{request.resource->table->oid};
    const auto found = transaction.exec(schema::fingerprint_sql(table));
    if (found.text(0, 0) != schema::expected_fingerprint(*context.resources->catalog(), table))
        throw Error(SqlError{std::string(sqlstate::kUndefinedTable), "", "", "", "", "", ""});
}

void write_on(const Caller& caller, const Context& context, schema::Transaction& transaction,
              const std::function<void()>& work) {
    trash::Actor nobody;
    nobody.by.clear();
    auto& connection = transaction.connection();
    connection.later(
        {"SELECT pg_catalog.set_config('row_security', 'on', true), "
         "pg_catalog.set_config('plan_cache_mode', 'auto', true)"});
    connection.later(trash::told("", "", nobody));
    connection.later({"SET CONSTRAINTS ALL DEFERRED"});
    if (context.config->access.roles.empty()) return work();
    schema::as_role(connection, role_of(caller, context), work);
}

void open_database_access(trash::Trash& trash, const Config& config) {
    if (!config.access.roles.empty()) trash.open_to(config.access.roles);
    if (config.access.function.empty()) return;
    schema::Lease lease = trash.pool().lease();
    trash::check_function(lease.connection(), function_of(config));
}

}  // namespace trashd::service
