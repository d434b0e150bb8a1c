// What the configuration says is old of the ledger and of groups that have ended is forgotten; a
// checkpoint stays, from which the chain of hashes goes on (docs/decisions/pruned-history.md).
#pragma once

#include <optional>
#include <string>

namespace trashd::schema {
class Pool;
}

namespace trashd::trash {

// The time before which history is old that is kept for so many seconds, as PostgreSQL reads it. It
// goes on in steps of a hundredth of them, so that pruning does not fill the ledger that it prunes.
std::string old_before(schema::Pool& pool, long long seconds);

// entries, groups: forgotten. last: the entry that was looked at last; nothing: there are none
// behind the place, or another instance is at it.
struct PrunedBatch {
    long long entries = 0, groups = 0;
    std::optional<long long> last = {};
};
// Forgets what is older than `before` among the next entries behind the one with the id `place`, in
// one transaction. Entries of groups that are in the trash stay, and what is not sealed yet.
PrunedBatch prune_history(schema::Pool& pool, const std::string& trash_schema,
                          const std::string& before, long long place);

// old: what is older than the time, and will be forgotten; pruned: what has been up to now, of
// which the newest was older than `before` (RFC 3339 in UTC).
struct HistoryState {
    long long old_entries = 0, old_groups = 0, pruned_entries = 0, pruned_groups = 0;
    std::optional<std::string> before = {};
};
// older_than: as old_before() gives it; nothing: nothing is old.
HistoryState history_state(schema::Pool& pool, const std::string& trash_schema,
                           const std::optional<std::string>& older_than);

}  // namespace trashd::trash
