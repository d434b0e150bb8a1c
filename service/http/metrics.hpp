// Counters for Prometheus.
#pragma once

#include <string>

namespace trashd::service {

void count_request(const std::string& verb, int status, double seconds);
// In Prometheus' text format.
std::string metrics_text();

}  // namespace trashd::service
