#include "service/http/metrics.hpp"

#include <prometheus/counter.h>
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

std::string metrics_text() {
    return prometheus::TextSerializer().Serialize(the_metrics().registry.Collect());
}

}  // namespace trashd::service
