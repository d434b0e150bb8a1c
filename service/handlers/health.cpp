#include "generated/kOpenapi.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/pages.hpp"
#include "service/http/metrics.hpp"

namespace trashd::service {

Response healthy(const Call&) {
    return {200, "{\"status\":\"alive\"}", "application/json", {}};
}

Response ready(const Call& call) {
    auto lease = call.trash->pool().lease();
    lease.connection().exec("SELECT 1");
    call.trash->catalog().get();
    return {200, "{\"status\":\"ready\"}", "application/json", {}};
}

Response metrics(const Call&) {
    return {200, metrics_text(), "text/plain; version=0.0.4; charset=utf-8", {}};
}

Response openapi(const Call& call) {
    return fixed_reply(call, kOpenapi, "application/yaml");
}

}  // namespace trashd::service
