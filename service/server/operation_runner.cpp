// An operation goes the way of any other request, as the caller that was kept with it. What fails
// for reasons of the moment is put back with growing pauses; what ends with the process is put back
// at once, for whoever comes next.
#include "service/server/operation_runner.hpp"

#include <spdlog/spdlog.h>

#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/config/config.hpp"
#include "service/requests/async_requests.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/rights/tenant_scope.hpp"
#include "service/server/router.hpp"
#include "trash/records/operations.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {

namespace {

constexpr int kConnections = 3;  // the claim's, the work's, one for reading
constexpr int kTries = 10;       // of what the database could not do just then
constexpr auto kPoll = std::chrono::seconds(2);

schema::Limits limits_of(const Config& config, const std::string& name) {
    auto limits = database_limits(config);
    limits.statement_timeout = std::chrono::milliseconds(0);
    limits.name = name;
    return limits;
}

}  // namespace

Runner::Runner(trash::Operations& queue, schema::Pool& pool, const Config& config)
    : queue_(queue),
      shared_(pool),
      config_(config),
      name_("trashd operations " + trash::new_group_id().substr(0, 23)),
      own_(pool.url(), kConnections, std::chrono::seconds(5), limits_of(config, name_)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

Runner::~Runner() {
    thread_.request_stop();
    while (!over_) cancel();
}

// Again and again: a statement may begin after it was looked for.
void Runner::cancel() {
    try {
        auto lease = shared_.lease();
        lease.connection().exec(
            "SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity WHERE "
            "application_name OPERATOR(pg_catalog.=) $1 AND state OPERATOR(pg_catalog.=) 'active'",
            {name_});
    } catch (const std::exception& error) {
        spdlog::warn("the operation that runs cannot be stopped: {}", in_log(error));
    }
    if (!over_) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void Runner::work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        bool ran = false;
        try {
            ran = run_next(stop);
        } catch (const std::exception& error) {
            spdlog::warn("operations cannot be run: {}", in_log(error));
        }
        if (!ran) queue_.wait(stop, kPoll);
    }
    over_ = true;
}

bool Runner::run_next(const std::stop_token& stop) {
    auto claim = queue_.claim(own_);
    if (!claim) return false;
    try {
        run(*claim);
    } catch (const Error& error) {
        take_back(*claim, error, stop);
    } catch (const std::exception& error) {
        spdlog::error("operation {}: {}", claim->operation().id, in_log(error));
        take_back(*claim, Error(Code::kInternal, error.what()), stop);
    }
    return true;
}

void Runner::run(trash::Claim& claim) {
    if (!resources_) {  // the second may fail, and both are made anew then
        trash_ = std::make_unique<trash::Trash>(own_, config_.trash_schema);
        resources_ = std::make_unique<ResourceCache>(*trash_, config_);
    }
    auto [request, caller] = accepted_request(claim.operation());
    if (config_.credentials.configured()) caller.access = Access(config_.roles, caller.principal);
    Context context{resources_->refresh(), trash_.get(), nullptr, &config_};
    context.operation = &claim;
    const auto path = match_path(request, *context.resources);
    if (is_of_tenant(request, path)) {
        narrow_to_tenant(request, caller, context);
        act_as_role(caller, context);
    }
    const auto reply = answer_route(request, caller, context, path);
    if (!claim.ended()) claim.end(result_of(reply));
}

void Runner::take_back(trash::Claim& claim, const Error& error, const std::stop_token& stop) {
    const auto& operation = claim.operation();
    if (stop.stop_requested()) return claim.put_back(std::chrono::seconds(0));
    if (error.code() == Code::kUnavailable && operation.tries < kTries)
        return claim.put_back(std::chrono::seconds(1 << std::min(operation.tries - 1, 5)));
    const auto resources = resources_ ? resources_->get() : nullptr;
    claim.fail(problem(error, resources.get(), operation.id, false).body);
}

}  // namespace trashd::service
