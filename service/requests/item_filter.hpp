// Which TrashItems a request means: the parameters that lists, counts and emptying have in common.
#pragma once

#include <set>
#include <string>

#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "trash/model/item.hpp"

namespace trashd::service {

// Their names; 'resource' may be given several times.
std::set<std::string> item_filter_parameters();
// right: what is done with the items. Throws Error kBadRequest, Forbidden.
trash::ItemFilter parse_item_filter(const Request& request, const Caller& caller,
                                    const Context& context, Right right);
// Beside them, where it may take long: 'text', 'orphaned', and the 'parent' that they hang on.
void parse_search(const Request& request, const Caller& caller, const Context& context,
                  trash::ItemFilter& filter);

}  // namespace trashd::service
