// What answers a route: a function of what was said, who says it, and what it is answered from.
#pragma once

#include "service/api/response.hpp"

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// Throws Error and what is derived from it; the server makes the answer of those.
using Handler = Response (*)(const Request&, const Caller&, const Context&);

}  // namespace trashd::service
