// How triggers are called in sentences for people.
#pragma once

#include <string>
#include <vector>

#include "schema/text.hpp"

namespace trashd::schema {

// "the trigger a", or "one of the triggers a, b" where it cannot be told which it was.
inline std::string trigger_words(const std::vector<std::string>& names) {
    return (names.size() == 1 ? "the trigger " : "one of the triggers ") + join(names, ", ");
}

}  // namespace trashd::schema
