// What machines ask of the service itself: whether it lives, whether it can reach its database, its
// metrics and its contract. None of it asks for credentials or touches the users' tables.
#include "generated/kOpenapi.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/pages.hpp"
#include "service/http/metrics.hpp"

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

Response openapi(const Request& request, const Caller&, const Context&) {
    return fixed_reply(request, kOpenapi, "application/yaml");
}

}  // namespace trashd::service
