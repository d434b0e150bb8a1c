// How long groups are kept: the rules that deletes ask, what they mean for groups that lie in the
// trash already, and what is due.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Pool;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

// Rows of the table, else rows of the tenant, else all that no other rule names, are kept for so
// many seconds; nothing: for ever.
struct KeepRule {
    std::optional<schema::QualifiedName> table = {};
    std::optional<std::string> tenant = {};
    std::optional<long long> seconds = {};
};

// What deletes go by from now on, also those of others that are captured; no rules: all is kept for
// ever. Groups that lie in the trash already keep the time that they have.
void set_keep(schema::Pool& pool, const std::string& trash_schema,
              const std::vector<KeepRule>& rules);

// How many groups in the trash get another time, and how many of these are due at once. Those whose
// time was set by hand keep it.
struct KeepChange {
    long long groups = 0, due = 0, by_hand = 0;
};
// Gives the groups in the trash the times that they would have had under the rules, counted from
// when they went there, in batches; dry_run: counts alone.
KeepChange apply_keep(schema::Pool& pool, const std::string& trash_schema,
                      const std::vector<KeepRule>& rules, bool dry_run);

// Times are RFC 3339 in UTC. overdue: seconds since the first was due.
struct RetentionState {
    long long groups = 0, expiring = 0, due = 0;  // in the trash; with a time; that has passed
    double overdue = 0;
    std::optional<std::string> next = {};  // the first time that has not passed
};
RetentionState retention_state(schema::Pool& pool, const std::string& trash_schema);
// due and overdue alone, which take no longer than there are groups that are due.
RetentionState what_is_due(schema::Pool& pool, const std::string& trash_schema);

// Sets the time of a locked group by hand, and says so in the ledger. expires: a time as PostgreSQL
// reads it; nothing: for ever.
struct Actor;
void set_expiry(schema::Transaction& transaction, const std::string& trash_schema, long long group,
                const std::optional<std::string>& expires, const Actor& actor);

}  // namespace trashd::trash
