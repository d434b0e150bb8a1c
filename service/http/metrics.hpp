// Counters for Prometheus.
#pragma once

#include <string>

namespace trashd::service {

// outcome: restorable, not-restorable, skipped.
void count_rehearsal(const std::string& outcome);
// Groups in the trash that could come back when that was last tried, and those that could not.
void show_rehearsals(long long restorable, long long not_restorable);
// Groups that retention has purged, and their items; kept: those that it left, though they are due.
void count_expired(long long groups, long long items);
void count_pruned(long long entries, long long groups);
void show_retention(long long due, double overdue_seconds, long long kept);
void count_retention_run();
void count_retention_error();
// hook: its address without what stands behind the path. taken: the partner has taken the message.
void count_webhook(const std::string& hook, bool taken);
// behind: entries of the ledger that it has not been told of yet; failures: tries in a row.
void show_webhook(const std::string& hook, long long behind, long long failures);
void count_request(const std::string& verb, int status, double seconds);
// In Prometheus' text format.
std::string metrics_text();

}  // namespace trashd::service
