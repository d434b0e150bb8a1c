// Lists as CSV (RFC 4180), made from their JSON: a line of names, then one for each element.
#pragma once

#include <string>
#include <string_view>

namespace trashd::service {

struct Request;
struct Response;

// True where Accept names text/csv, and nothing of JSON that it likes better.
bool wants_csv(const Request& request);
// Makes a list of objects that was answered with 200 CSV; anything else stays as it is. A text
// stands between quotes as it is, a number as it is written, objects and lists as their JSON, null
// as nothing at all. Throws Error kUnavailable where the temporary folder cannot hold it.
void write_as_csv(Response& reply);

}  // namespace trashd::service
