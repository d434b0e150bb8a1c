// What machines ask of the service itself: whether it lives, whether it can reach its database and
// what it needs there, and its metrics. None of it touches the users' tables.
#include <utility>
#include <vector>

#include "schema/catalog/reader.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/readiness.hpp"
#include "service/api/request.hpp"
#include "service/http/metrics.hpp"
#include "service/pages/pages.hpp"
#include "trash/setup/migrate.hpp"

namespace trashd::service {

namespace {

using Reasons = std::vector<NotReady::Reason>;

// Throws NotReady where there is no connection to ask by.
Reasons missing_in_database(trash::Trash& trash) {
    try {
        trash.catalog().get();
        auto lease = trash.pool().lease();
        if (trash::installed_version(lease.connection(), trash.schema_name())) return {};
    } catch (const Error& error) {
        const auto* reason = error.sql() ? "database-unreachable" : "connections-in-use";
        throw NotReady(Reasons{{reason, error.what()}}, error.sql());
    }
    return {
        {"trash-schema-missing",
         "the trash schema is not in the database; bring it back from a backup, or start trashd "
         "again, which makes an empty one"}};
}

}  // namespace

Response healthy(const Request&, const Caller&, const Context&) {
    return {200, "{\"status\":\"alive\"}", "application/json", {}};
}

Response ready(const Request&, const Caller&, const Context& context) {
    if (auto missing = missing_in_database(*context.trash); !missing.empty())
        throw NotReady(std::move(missing));
    return {200, "{\"status\":\"ready\"}", "application/json", {}};
}

Response metrics(const Request&, const Caller&, const Context&) {
    return {200, metrics_text(), "text/plain; version=0.0.4; charset=utf-8", {}};
}

}  // namespace trashd::service
