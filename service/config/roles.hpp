// Rights, and the roles of the configuration that grant them: for all resources or for named ones.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

enum class Right { kRead, kWrite, kTrash, kViewTrash, kRestore, kPurge, kHold, kErase, kAdmin };
inline constexpr std::array kRights = {Right::kRead,      Right::kWrite,   Right::kTrash,
                                       Right::kViewTrash, Right::kRestore, Right::kPurge,
                                       Right::kHold,      Right::kErase,   Right::kAdmin};

// As it is called in the configuration: "view-trash".
std::string_view right_name(Right right);
std::optional<Right> right_called(std::string_view name);
// Among the resources of a right: it is for groups that who asks has deleted.
inline constexpr const char* kOwnDeletes = "own-deletes";

// Which resources: segments of a path; a last one "*" stands for all that may follow.
class ResourcePattern {
  public:
    // text: "*", "time/*", "time/projects", encoded as in addresses.
    explicit ResourcePattern(const std::string& text);
    bool everything() const { return any_ && segments_.empty(); }
    bool matches(const std::vector<std::string>& path) const;
    const std::string& text() const { return text_; }

  private:
    std::string text_;
    std::vector<std::string> segments_;
    bool any_ = false;
};

struct Role {
    std::map<Right, std::vector<ResourcePattern>> grants;
    std::string owner;  // the column that must hold the id of who asks; empty: for all rows
    std::set<Right> own_deletes;  // to restore, to purge: only groups that who asks has deleted
};

}  // namespace trashd::service
