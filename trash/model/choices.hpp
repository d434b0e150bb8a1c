// What may be done about what keeps a group from coming back, and what a caller has chosen.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/identifier.hpp"
#include "schema/object_name.hpp"

namespace trashd::trash {

// In the order in which a conflict names them: what changes least comes first.
enum class Choice { kFail, kAncestors, kLeaveOut, kDetach, kSet, kSwap, kLossy };

inline constexpr std::pair<Choice, const char*> kChoices[] = {{Choice::kFail, "fail"},
                                                              {Choice::kAncestors, "ancestors"},
                                                              {Choice::kLeaveOut, "leave-out"},
                                                              {Choice::kDetach, "detach"},
                                                              {Choice::kSet, "set"},
                                                              {Choice::kSwap, "swap"},
                                                              {Choice::kLossy, "lossy"}};

inline const char* word_of(Choice choice) {
    return kChoices[static_cast<std::size_t>(choice)].second;
}
inline std::optional<Choice> choice_of(std::string_view word) {
    for (const auto& [choice, name] : kChoices)
        if (word == name) return choice;
    return std::nullopt;
}

// A row of the group, by its object id; an empty id means every row of the table.
struct Member {
    schema::QualifiedName table;
    std::string id;
};

// Of the conflicts of a member, or of those with one constraint where it is named.
struct Answer {
    Member member;
    std::string constraint;
    Choice choice = Choice::kFail;
};

// The columns get the values that the JSON object has for them.
struct NewValues {
    Member member;
    std::vector<std::string> columns;
    std::string json;
};

// Everything that a caller has chosen for one restore. What nothing here answers is a conflict, and
// then none of the group comes back.
struct Choices {
    std::vector<Answer> resolve = {};
    std::vector<NewValues> set = {};
    Choice otherwise = Choice::kFail;  // of conflicts that nothing in resolve answers
    // Ids of items: these come back, with what hangs on them, and the rest stays; nothing: all.
    std::optional<std::vector<std::string>> only = {};
    // The same by group (its uuid): items by their ordinals, whatever hangs on them.
    std::map<std::string, std::set<long long>> exactly = {};
    bool copy = false;  // with new keys, beside whatever is live; the group stays in the trash

    bool none() const {
        return resolve.empty() && set.empty() && otherwise == Choice::kFail && !only && !copy &&
               exactly.empty();
    }
};

}  // namespace trashd::trash
