// What the body of a restore says: the caller's choices.
#pragma once

#include <string>

#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "trash/model/choices.hpp"

namespace trashd::service {

// Throws Error kBadRequest for a choice that there is not.
trash::Choice read_choice(const std::string& word);
// Of the group that the item is of; no choices where there is no body. Throws Error kBadRequest for
// members, resources, columns, constraints and choices that are not known, naming the nearest one,
// and Forbidden where values are set that who asks may not write.
// Each list has up to 1000 entries; 'otherwise' is there for what is beyond.
trash::Choices parse_choices(const Request& request, const Caller& caller, const Context& context,
                             const std::string& item_id);

}  // namespace trashd::service
