// Parameters that several lists share. All throw Error kBadRequest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::service {

struct Context;
struct Request;
struct Response;

// From 1 to 1000; 50 where it is absent.
int limit_of(const Request& request);
// A time as in RFC 3339, or a date.
std::optional<std::string> time_of(const Request& request, const std::string& name);
// The table of the resource in 'resource', named as in addresses; also one that is gone, of which
// rows lie in the trash.
std::optional<schema::QualifiedName> table_of(const Request& request, const Context& context);
// The same where it may be given several times.
std::vector<schema::QualifiedName> tables_of(const Request& request, const Context& context);
std::optional<std::string> group_of(const Request& request);
// A number that a cursor holds.
long long cursor_number(const std::optional<std::string>& value);
// Adds a Link to the same list with the parameter (cursor or page) set.
void link(Response& reply, const Request& request, const std::string& relation,
          const std::string& name, const std::string& value);

// with=descendants: what hangs on it in the trash and could never come back goes along. Throws
// Error kBadRequest.
bool with_descendants(const Request& request);

}  // namespace trashd::service
