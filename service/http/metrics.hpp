// Counters for Prometheus.
#pragma once

#include <string>

namespace trashd::service {

// outcome: restorable, not-restorable, skipped.
void count_rehearsal(const std::string& outcome);
// Groups in the trash that could come back when that was last tried, and those that could not.
void show_rehearsals(long long restorable, long long not_restorable);
void count_request(const std::string& verb, int status, double seconds);
// In Prometheus' text format.
std::string metrics_text();

}  // namespace trashd::service
