// What the database itself says to a request: the role that it runs as, and the function that is
// asked about rows.
#pragma once

#include <functional>
#include <optional>

#include "trash/access/access_function.hpp"

namespace trashd::schema {
class Transaction;
struct Trigger;
}  // namespace trashd::schema

namespace trashd::trash {
class Trash;
}

namespace trashd::service {

struct Caller;
struct Config;
struct Context;
struct Request;

// Gives the context the trash as the role that its credentials name has it: of a token the claim;
// else the first of the principal's roles that is one of the configured ones. Throws Error
// kForbidden where they name none of these.
void act_as_role(const Caller& caller, Context& context);
// What the function is asked with; nothing: there is none.
std::optional<trash::AccessFunction> consent_of(const Caller& caller, const Context& context);
// Where requests run as roles of the database, around a write of the resource's table. Throws Error
// kConflict where a trigger on the event could act as the service.
void refuse_untrusted(const Request& request, const Context& context, bool schema::Trigger::*event);
// Has the request begin again where the table, which the write holds, is not the catalog's any
// more.
void expect_catalog(const Request& request, const Context& context,
                    schema::Transaction& transaction);
// A write of live rows at the end of a restore's transaction (RestoreOptions::at_end), as the role:
// with row-level security as in a transaction that writes alone, with constraints deferred that may
// be, and triggers are told of no restore any more.
void write_on(const Caller& caller, const Context& context, schema::Transaction& transaction,
              const std::function<void()>& work);
// Makes the database ready for what is configured. Throws Error kConflict where it cannot be.
void open_database_access(trash::Trash& trash, const Config& config);

}  // namespace trashd::service
