// POST and PUT of a key that lies in the trash, where the client says with ?trashed= what becomes
// of what lies there.
#pragma once

#include "service/api/response.hpp"

namespace trashd::service {

struct Caller;
struct Context;
struct Json;
struct Request;

// kRefuse: the write is refused; kRestore: the group comes back, and is written over, in one
// transaction; kReplace: a new row is made, and the group stays in the trash.
enum class Trashed { kRefuse, kRestore, kReplace };

// What ?trashed= says. Throws kBadRequest for what it cannot say.
Trashed parse_trashed(const Request& request);

// These write as usual what does not lie in the trash. They throw Forbidden, or kNotFound, where
// the group may not be restored, and what a restore throws.
Response create_restoring(const Request& request, const Caller& caller, const Context& context,
                          const Json& body);
Response put_restoring(const Request& request, const Caller& caller, const Context& context,
                       const Json& body);
// A PUT that makes the row again where one with its key lies in the trash and may be seen there.
Response put_beside(const Request& request, const Caller& caller, const Context& context,
                    const Json& body);

}  // namespace trashd::service
