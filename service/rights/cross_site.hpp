// Requests that change something and that a browser sends without its user having asked for it.
#pragma once

namespace trashd::service {

struct Context;
struct Request;

// A browser fetching ahead, or a page of another origin, must not change anything.
// Throws Error kForbidden. Pages of the origins that the configuration allows may.
void refuse_foreign(const Request& request, const Context& context);

}  // namespace trashd::service
