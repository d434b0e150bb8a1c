// Members of a JSON body by their names: a name that is not known, and a value of another kind, are
// told with the name that was probably meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/parsing/json_body.hpp"

namespace trashd::service {

// All throw Error kBadRequest. what: how the object is called, as in "an entry of 'set'".
void only_members(const Json& object, const std::string& what,
                  const std::vector<std::string>& known);
// The elements; none where it is absent. Throws for more than `most`, saying what to do then.
const std::vector<Json>& list_member(const Json& object, const std::string& name, std::size_t most,
                                     const std::string& instead);
// A number is taken for a text as well, as it was sent. Empty where it is absent and not needed.
std::string text_member(const Json& object, const std::string& name, bool needed);
bool flag_member(const Json& object, const std::string& name);
// A time as in RFC 3339, or a date; nothing where it is null or absent. Throws Error kInvalid.
std::optional<std::string> time_member(const Json& object, const std::string& name);
std::optional<long long> count_member(const Json& object, const std::string& name);

}  // namespace trashd::service
