// Each round goes through all that is due, batch by batch, in the order of the times: what was left
// in one is looked at again in the next.
#include "service/server/expirer.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "schema/error.hpp"
#include "service/config/config.hpp"
#include "service/http/metrics.hpp"
#include "trash/model/options.hpp"
#include "trash/records/pruned_history.hpp"

namespace trashd::service {

namespace {

constexpr int kConnections = 2;  // the batch's, one for the catalog

// What is locked by others is looked at again in the next round.
schema::Limits limits_of(const Config& config) {
    auto limits = database_limits(config);
    limits.lock_timeout = std::chrono::milliseconds(200);
    limits.name = "trashd retention";
    return limits;
}

void add(std::vector<trash::KeepRule>& rules, trash::KeepRule rule, const Keep& keep) {
    rule.seconds = keep.seconds;
    rules.push_back(std::move(rule));
}

}  // namespace

// Where all is kept for ever deletes need not ask.
std::vector<trash::KeepRule> keep_rules(const Config& config) {
    std::vector<trash::KeepRule> rules;
    for (const auto& resource : config.resources)
        if (resource.keep) add(rules, {.table = resource.table}, *resource.keep);
    for (const auto& [tenant, keep] : config.retention.tenants)
        add(rules, {.tenant = tenant}, keep);
    if (config.retention.keep.seconds) add(rules, {}, config.retention.keep);
    return rules;
}

Expirer::Expirer(const std::string& url, const Config& config)
    : config_(config),
      own_(url, kConnections, std::chrono::seconds(5), limits_of(config)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Expirer::work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const std::chrono::seconds every(config_.retention.every_seconds);
    while (!wake.wait_for(lock, stop, every, [&] { return stop.stop_requested(); })) {
        try {
            go_round(stop);
        } catch (const std::exception& error) {
            count_retention_error();
            spdlog::warn("what is due cannot be purged: {}", in_log(error));
        }
        try {
            prune(stop);
        } catch (const std::exception& error) {
            count_retention_error();
            spdlog::warn("old history cannot be pruned: {}", in_log(error));
        }
    }
}

void Expirer::go_round(const std::stop_token& stop) {
    if (!trash_) trash_ = std::make_unique<trash::Trash>(own_, config_.trash_schema);
    long long kept = 0, groups = 0;
    for (std::optional<trash::DuePlace> place{trash::DuePlace{}};
         place && !stop.stop_requested();) {
        const auto batch = trash_->purge_due(*place);
        count_expired(batch.groups, batch.items);
        kept += batch.kept;
        groups += batch.groups;
        place = batch.last;
    }
    const auto state = trash::what_is_due(own_, config_.trash_schema);
    show_retention(state.due, state.overdue, kept);
    count_retention_run();
    if (groups > 0) spdlog::info("retention has purged {} groups", groups);
}

// Another instance that is at it goes on with it.
void Expirer::prune(const std::stop_token& stop) {
    if (!config_.retention.history.seconds) return;
    const auto before = trash::old_before(own_, *config_.retention.history.seconds);
    if (before == pruned_before_ || !trash_) return;
    long long entries = 0;
    for (std::optional<long long> place = 0; place && !stop.stop_requested();) {
        const auto batch = trash::prune_history(own_, config_.trash_schema, before, *place);
        count_pruned(batch.entries, batch.groups);
        entries += batch.entries;
        place = batch.last;
    }
    if (!stop.stop_requested()) pruned_before_ = before;
    if (entries > 0)
        spdlog::info("{} entries of the ledger before {} were pruned", entries, before);
}

}  // namespace trashd::service
