// Holds: what must not be purged, who says so and why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/error.hpp"
#include "schema/object_name.hpp"

namespace trashd::trash {

// Of a group, or of objects of a table: one, or all that met a condition when it was made. Times
// are RFC 3339 in UTC.
struct Hold {
    std::string id, at, by, reason;
    std::optional<std::string> until;
    std::optional<std::string> group_id;         // a uuid
    std::optional<schema::QualifiedName> table;  // of objects
    std::optional<std::string> object_id;
    std::optional<std::string> condition;  // JSON, as it was sent
    long long objects = 0;
    std::optional<std::string> released_at, released_by, release_reason;
    bool in_force = true;  // neither released nor over
};

// A purge or an erasure was refused: these hold what would go. refused: what may not be done.
class Held : public Error {
  public:
    explicit Held(std::vector<Hold> by, const std::string& refused = "it cannot be purged")
        : Error(Code::kHeld, "it is held, so " + refused +
                                 "; the holds say why, and who made them may release them"),
          holds(std::move(by)) {}
    std::vector<Hold> holds;
};

}  // namespace trashd::trash
