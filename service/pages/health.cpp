// What machines ask of the service itself: whether it lives, whether it can reach its database, and
// its metrics. None of it touches the users' tables.
#include "schema/catalog/reader.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/http/metrics.hpp"
#include "service/pages/pages.hpp"

namespace trashd::service {

Response healthy(const Request&, const Caller&, const Context&) {
    return {200, "{\"status\":\"alive\"}", "application/json", {}};
}

Response ready(const Request&, const Caller&, const Context& context) {
    auto lease = context.trash->pool().lease();
    lease.connection().exec("SELECT 1");
    context.trash->catalog().get();
    return {200, "{\"status\":\"ready\"}", "application/json", {}};
}

Response metrics(const Request&, const Caller&, const Context&) {
    return {200, metrics_text(), "text/plain; version=0.0.4; charset=utf-8", {}};
}

}  // namespace trashd::service
