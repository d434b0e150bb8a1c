// What a delete asks for beside the objects: shared by that of one object and that of many.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "schema/error.hpp"
#include "trash/model/options.hpp"

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// hard: not through the trash. cascade: rows that would refuse go along. represent: the answer has
// the TrashItem (Prefer: return=representation). if_match: entity tags; empty: any version.
struct DeleteRequest {
    bool hard = false, cascade = false, dry_run = false, confirmed = false, represent = false;
    std::vector<std::string> if_match;
    // What hangs on it in the trash and could never come back goes along, as far as the check
    // allows.
    bool descendants = false;
    trash::Checks check_descendants;
    trash::Checks check;  // empty: nothing that is taken needs to be checked
};

// others: parameters that the address knows beside those of every delete. Throws Error kBadRequest.
DeleteRequest parse_delete(const Request& request, const std::set<std::string>& others = {});
// Live rows of it do not go through the trash: it was asked for, or the resource's are not kept.
bool is_for_good(const Request& request, const DeleteRequest& asked);
// Before its impact is told it must be tried whether the rows may go.
bool must_rehearse(const Request& request, const Context& context, const DeleteRequest& asked);
// The resource asks for ?confirm=true, or for ?reason=, and the request has none.
bool lacks_confirm(const Request& request, const DeleteRequest& asked);
bool lacks_reason(const Request& request);
Error reason_required();
// Checks the rights that the delete needs on every resource that it may take rows from.
void need_on_taken(const Request& request, const Caller& caller, const Context& context,
                   DeleteRequest& asked);

}  // namespace trashd::service
