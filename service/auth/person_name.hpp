// Names as credentials say them: whoever may choose one chooses what others read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trashd::service {

// The name as it is shown: without spaces around it, and up to 100 characters. Nothing where there
// is none, or where it would not be read as it is written: control characters, ends of lines, and
// those that turn the direction of what follows.
std::optional<std::string> person_name(std::string_view text);

}  // namespace trashd::service
