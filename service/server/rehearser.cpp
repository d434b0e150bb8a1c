// One group after another, with pauses in between that keep the work to its share of the time, and
// a longer one between two rounds.
#include "service/server/rehearser.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "service/api/problem.hpp"
#include "service/config/config.hpp"
#include "service/http/metrics.hpp"
#include "trash/model/options.hpp"
#include "trash/records/rehearsals.hpp"

namespace trashd::service {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kConnections = 2;  // the try's, one for the catalog
constexpr std::chrono::minutes kLongestBetweenRounds{1};

// What is locked by others is tried again in the next round.
schema::Limits limits_of(const Config& config) {
    auto limits = database_limits(config);
    limits.lock_timeout = milliseconds(200);
    limits.statement_timeout = milliseconds(2000);
    limits.name = "trashd proof";
    return limits;
}

void sleep(const std::stop_token& stop, steady_clock::duration length) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, length, [] { return false; });
}

// So long after work that took so long that it is the share, in percent, of both.
steady_clock::duration rest_of(steady_clock::duration worked, int share) {
    return worked * (100 - share) / share;
}

// Before that no other group is due.
steady_clock::duration between_rounds(const ProofConfig& proof) {
    const std::chrono::minutes after(proof.after_minutes);
    return std::clamp<steady_clock::duration>(after, std::chrono::seconds(1),
                                              kLongestBetweenRounds);
}

}  // namespace

Rehearser::Rehearser(const std::string& url, const Config& config)
    : config_(config),
      own_(url, kConnections, std::chrono::seconds(5), limits_of(config)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Rehearser::work(const std::stop_token& stop) {
    while (true) {  // not at once: a start has enough to do
        sleep(stop, between_rounds(config_.proof));
        if (stop.stop_requested()) return;
        try {
            go_round(stop);
        } catch (const std::exception& error) {
            spdlog::warn("restores cannot be rehearsed: {}", in_log(error));
        }
    }
}

void Rehearser::rehearse(const std::string& group, trash::RehearsalCounts& counts) {
    const auto can = trash_->rehearse(group, {config_.proof.max_items, config_.proof.triggers});
    if (can) ++(*can ? counts.restorable : counts.not_restorable);
    count_rehearsal(!can ? "skipped" : *can ? "restorable" : "not-restorable");
}

void Rehearser::go_round(const std::stop_token& stop) {
    if (!trash_) {
        auto made = std::make_unique<trash::Trash>(own_, config_.trash_schema);
        made->set_tenant_column(config_.tenant.column);
        trash_ = std::move(made);
    }
    const auto& proof = config_.proof;
    const trash::RoundOptions options{std::chrono::hours(proof.every_hours),
                                      std::chrono::minutes(proof.after_minutes)};
    std::optional<trash::RoundPlace> place;
    trash::RehearsalCounts counts;
    do {
        auto began = steady_clock::now();
        const auto rest = [&] {
            sleep(stop, rest_of(steady_clock::now() - began, proof.share));
            began = steady_clock::now();
        };
        const auto page = trash::next_to_rehearse(own_, config_.trash_schema, options, place);
        rest();
        for (const auto& group : page.due) {
            if (stop.stop_requested()) return;
            rehearse(group, counts);
            rest();
        }
        counts.restorable += page.others.restorable;
        counts.not_restorable += page.others.not_restorable;
        place = page.last;
    } while (place && !stop.stop_requested());
    show_rehearsals(counts.restorable, counts.not_restorable);
}

}  // namespace trashd::service
