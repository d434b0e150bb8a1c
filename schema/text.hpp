// Joining, splitting and filling texts, most of them SQL.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trashd::schema {

// The parts with `between` between them; empty for none.
std::string join(const std::vector<std::string>& parts, const std::string& between);
// What stands between the separators: one part more than there are of them.
std::vector<std::string> split(std::string_view text, char separator);
// SQL: both conditions hold; an empty one says nothing.
std::string both(const std::string& first, const std::string& second);
// What stands for the {names} in a text.
using Values = std::map<std::string, std::string, std::less<>>;
// The text with values in place of its {names}, of small letters, digits and _; other braces stay.
// Values are not looked through. Throws std::logic_error where a name has no value.
std::string filled(std::string_view text, const Values& values);

}  // namespace trashd::schema
