// What the body of a bulk restore or purge says: which groups, and how they go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "trash/model/choices.hpp"
#include "trash/model/item.hpp"

namespace trashd::service {

// Either ids or a filter. A filter means the groups that are in the trash when the work is done; of
// an operation those that were there when it was asked for.
struct BulkRequest {
    std::vector<std::string> ids;             // of items, each once; empty where there is a filter
    std::optional<trash::ItemFilter> filter;  // of the roots
    bool dry_run = false;
    bool partial = false;             // each group in a transaction of its own
    std::optional<long long> expect;  // items
    trash::Choice otherwise = trash::Choice::kFail;
};

// right: what is done with the groups, kRestore or kPurge. Throws Error kBadRequest, Forbidden.
BulkRequest parse_bulk(const Request& request, const Caller& caller, const Context& context,
                       Right right);

}  // namespace trashd::service
