// The id of the object that an address names, and what is answered where it names none.
#pragma once

#include <string>
#include <vector>

#include "schema/error.hpp"

namespace trashd::service {

struct Context;
struct Request;
struct Resource;

// Parts of the object's id; throws Error kNotFound when it cannot be a key of the table.
std::vector<std::string> object_id(const Request& request);
// The resource with the path, as a body names it: "time/projects". Throws Error kNotFound.
const Resource& resource_called(const Context& context, const std::string& path);
// The TrashItem's; throws Error kNotFound when it is no UUID.
std::string trash_item_id(const Request& request);
// True for a cast that failed: a text that no key of the table can have.
bool is_bad_key(const Error& error);
// Asked after an error that the database gave: the id is a text that the key's type refuses. Types
// of extensions and checks of domains do so with any SQLSTATE.
bool refuses_id(const Request& request, const Context& context, const Error& error);
// The same for what is not there and for what may not be seen: nothing tells one from the other.
Error not_found(const Request& request);

}  // namespace trashd::service
