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

std::string metrics_text() {
    return prometheus::TextSerializer().Serialize(the_metrics().registry.Collect());
}

}  // namespace trashd::service
