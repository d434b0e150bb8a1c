// Errors that carry what the contract lists beside the sentence, and those that are tried again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/error.hpp"
#include "trash/model/impact.hpp"
#include "trash/model/item.hpp"
#include "trash/model/restored.hpp"

namespace trashd::trash {

// What has become of a group that is not in the trash any more: by whom, and when (RFC 3339 UTC).
struct Gone {
    std::string outcome, at, by;  // restored | purged
    std::optional<std::string> by_name = {};
};

struct Blocked : Error {  // has-dependents
    Blocked(const std::string& detail, Impact found)
        : Error(Code::kHasDependents, detail), impact(std::move(found)) {}
    Impact impact;
};
struct Conflicted : Error {  // restore-conflict
    // sql: what only the server's words tell.
    Conflicted(const std::string& detail, std::vector<Conflict> found,
               const std::optional<SqlError>& sql = {})
        : Error(sql ? Error(Code::kRestoreConflict, detail, *sql)
                    : Error(Code::kRestoreConflict, detail)),
          conflicts(std::move(found)) {}
    std::vector<Conflict> conflicts;
};
// stale: the restore is not the one whose plan was sent. What it would be: as a dry run answers it,
// or what refuses it.
struct StalePlan : Error {
    explicit StalePlan(Restored found) : StalePlan() { now = std::move(found); }
    explicit StalePlan(std::vector<Conflict> found) : StalePlan() { conflicts = std::move(found); }
    explicit StalePlan(Impact found) : StalePlan() { blocked = std::move(found); }
    std::optional<Restored> now = {};
    std::vector<Conflict> conflicts = {};
    std::optional<Impact> blocked = {};  // a swap

  private:
    StalePlan()
        : Error(Code::kStale,
                "the restore would not do any more what its plan says; look at what it would do "
                "now, and send that plan") {}
};
struct GoneError : Error {  // gone
    GoneError(const std::string& detail, Gone what)
        : Error(Code::kGone, detail), gone(std::move(what)) {}
    Gone gone;
};
struct UnexpectedCount : Error {  // changed
    UnexpectedCount(long long expected, long long found)
        : Error(Code::kChanged, "this is about " + std::to_string(found) +
                                    (found == 1 ? " item, not " : " items, not ") +
                                    std::to_string(expected) +
                                    "; look again, and expect what is there then") {}
};
struct RowReference {
    schema::QualifiedName table;
    std::string id, constraint;
};
struct ChangedRow {
    schema::QualifiedName table;
    std::string id;                              // empty: the table has no key
    std::vector<RowReference> referred_by = {};  // now, and not then
};
struct ChangedSince : Error {  // changed
    ChangedSince(const std::string& detail, std::vector<ChangedRow> found)
        : Error(Code::kChanged, detail), rows(std::move(found)) {}
    std::vector<ChangedRow> rows;
};
struct TooLarge : Error {  // more rows than `most`
    TooLarge() : Error(Code::kConflict, "more rows would move than were asked for") {}
};
struct NotRoot : Error {  // not-group-root
    NotRoot(const std::string& detail, Item what)
        : Error(Code::kNotGroupRoot, detail), root(std::move(what)) {}
    Item root;
};
struct RunsCode : Error {
    RunsCode() : Error(Code::kConflict, "triggers or rules of the tables would run") {}
};

// So many operations of who asks wait or run already.
struct TooManyOperations : Error {
    explicit TooManyOperations(long long most)
        : Error(Code::kTooManyRequests,
                std::to_string(most) +
                    " of your operations wait or run already; ask again when one has ended") {}
};
// Another request holds the claim of the key.
struct StillRunning : Error {
    StillRunning()
        : Error(Code::kConflict,
                "a request with this Idempotency-Key is still running; try again in a moment") {}
};

// The catalog is older than the tables: read it again and start over, once.
struct StaleCatalog : Error {
    StaleCatalog() : Error(Code::kUnavailable, "the schema changed meanwhile; try again") {}
};

}  // namespace trashd::trash
