// Which groups are to be rehearsed, and what was found (docs/architecture.md, the table rehearsal).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace trashd::schema {
class Connection;
class Pool;
}  // namespace trashd::schema

namespace trashd::trash {

struct GroupRow;

// How far a round through the groups has come; nothing: it begins.
struct RoundPlace {
    std::string created_at;
    long long group = 0;
};
struct RehearsalCounts {
    long long restorable = 0, not_restorable = 0;
};
struct RoundPage {
    std::vector<std::string> due;      // uuids of groups
    RehearsalCounts others;            // what was found about those that are not due
    std::optional<RoundPlace> last{};  // where to go on; nothing: the round is over
};
struct RoundOptions {
    std::chrono::hours every{168};   // no group is due before it was tried so long ago
    std::chrono::minutes after{60};  // nor before it has lain there so long
};
// The next 1000 groups, the newest first, and which of them are due.
RoundPage next_to_rehearse(schema::Pool& pool, const std::string& trash_schema,
                           const RoundOptions& options, const std::optional<RoundPlace>& after);

// What was found about a group; restorable: nothing where it was not tried to its end. conflicts: a
// JSON array, empty: none.
struct Finding {
    std::optional<bool> restorable;
    std::string conflicts;
};
void keep_rehearsal(schema::Pool& pool, const std::string& trash_schema, const GroupRow& group,
                    const Finding& found);
// Of groups that are not in the trash any more.
void forget_rehearsals(schema::Pool& pool, const std::string& trash_schema);

// Groups in the trash that could not come back when that was last tried.
long long count_not_restorable(schema::Connection& connection, const std::string& trash_schema);

}  // namespace trashd::trash
