#include "service/http/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace trashd::service {

namespace {

struct Metrics {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests =
        prometheus::BuildCounter()
            .Name("trashd_http_requests_total")
            .Help("Requests answered, by verb and status.")
            .Register(registry);
    prometheus::Histogram& seconds =
        prometheus::BuildHistogram()
            .Name("trashd_http_request_seconds")
            .Help("Time from the parsed request to the answer.")
            .Register(registry)
            .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.025, 0.1, 0.5, 2, 10});
    prometheus::Family<prometheus::Counter>& rehearsals =
        prometheus::BuildCounter()
            .Name("trashd_rehearsals_total")
            .Help("Restores that were tried in the background, by what was found.")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& rehearsed =
        prometheus::BuildGauge()
            .Name("trashd_rehearsed_groups")
            .Help("Groups in the trash by whether they could come back when that was last tried.")
            .Register(registry);
    prometheus::Gauge& due =
        gauge("trashd_retention_due_groups", "Groups in the trash whose time has passed.");
    prometheus::Gauge& overdue =
        gauge("trashd_retention_overdue_seconds", "For how long the first of them has been due.");
    prometheus::Gauge& kept =
        gauge("trashd_retention_kept_groups",
              "Groups that are due and were left: held, or needed by others to come back.");
    prometheus::Gauge& last_run = gauge("trashd_retention_last_run_timestamp_seconds",
                                        "When this instance last looked for what is due.");
    prometheus::Counter& purged_groups =
        counter("trashd_retention_purged_groups_total", "Groups that this instance has purged.");
    prometheus::Counter& purged_items = counter("trashd_retention_purged_items_total",
                                                "Items of groups that this instance has purged.");
    prometheus::Counter& pruned_entries =
        counter("trashd_history_pruned_entries_total",
                "Entries of the ledger that this instance has pruned.");
    prometheus::Counter& pruned_groups =
        counter("trashd_history_pruned_groups_total",
                "Groups that had ended, of which this instance has pruned the rest.");
    prometheus::Counter& retention_errors =
        counter("trashd_retention_errors_total", "Looks for what is due that have failed.");
    prometheus::Family<prometheus::Counter>& webhooks =
        prometheus::BuildCounter()
            .Name("trashd_webhook_messages_total")
            .Help("Messages that this instance has sent to web hooks, by whether they were taken.")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& webhooks_behind =
        prometheus::BuildGauge()
            .Name("trashd_webhook_behind_entries")
            .Help("Entries of the ledger that a web hook has not been told of yet.")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& webhook_failures =
        prometheus::BuildGauge()
            .Name("trashd_webhook_failures")
            .Help("Tries in a row for which a web hook's partner could not be reached.")
            .Register(registry);

  private:
    prometheus::Gauge& gauge(const char* name, const char* help) {
        return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
    }
    prometheus::Counter& counter(const char* name, const char* help) {
        return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
    }
};

Metrics& the_metrics() {
    static Metrics metrics;
    return metrics;
}

}  // namespace

void count_request(const std::string& verb, int status, double seconds) {
    the_metrics().requests.Add({{"verb", verb}, {"status", std::to_string(status)}}).Increment();
    the_metrics().seconds.Observe(seconds);
}

void count_rehearsal(const std::string& outcome) {
    the_metrics().rehearsals.Add({{"outcome", outcome}}).Increment();
}

void show_rehearsals(long long restorable, long long not_restorable) {
    auto& groups = the_metrics().rehearsed;
    groups.Add({{"restorable", "true"}}).Set(static_cast<double>(restorable));
    groups.Add({{"restorable", "false"}}).Set(static_cast<double>(not_restorable));
}

void count_expired(long long groups, long long items) {
    the_metrics().purged_groups.Increment(static_cast<double>(groups));
    the_metrics().purged_items.Increment(static_cast<double>(items));
}

void count_pruned(long long entries, long long groups) {
    the_metrics().pruned_entries.Increment(static_cast<double>(entries));
    the_metrics().pruned_groups.Increment(static_cast<double>(groups));
}

void show_retention(long long due, double overdue_seconds, long long kept) {
    the_metrics().due.Set(static_cast<double>(due));
    the_metrics().overdue.Set(overdue_seconds);
    the_metrics().kept.Set(static_cast<double>(kept));
}

void count_retention_run() {
    the_metrics().last_run.SetToCurrentTime();
}

void count_retention_error() {
    the_metrics().retention_errors.Increment();
}

void count_webhook(const std::string& hook, bool taken) {
    the_metrics()
        .webhooks.Add({{"hook", hook}, {"outcome", taken ? "taken" : "failed"}})
        .Increment();
}

void show_webhook(const std::string& hook, long long behind, long long failures) {
    the_metrics().webhooks_behind.Add({{"hook", hook}}).Set(static_cast<double>(behind));
    the_metrics().webhook_failures.Add({{"hook", hook}}).Set(static_cast<double>(failures));
}

std::string metrics_text() {
    return prometheus::TextSerializer().Serialize(the_metrics().registry.Collect());
}

}  // namespace trashd::service
