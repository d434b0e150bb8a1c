// Whose rows a request is about, where the configuration names a column for it.
#pragma once

namespace trashd::service {

struct Caller;
struct Context;
struct Request;

// Gives the context the trash of the tenant that its credentials name. Throws Error kForbidden
// where they name none, or another than the host name does.
// An operation has no host name and is not asked for one.
void narrow_to_tenant(const Request& request, const Caller& caller, Context& context);

}  // namespace trashd::service
