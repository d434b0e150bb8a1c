// Under what a client wants its change to be made: If-Match, Prefer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

struct Request;

// The entity tags that If-Match names, with their quotes; empty: any. "*" is left out, since it
// asks only that the object is there.
std::vector<std::string> if_match(const Request& request);
// Prefer holds the word, as return=minimal.
bool prefers(const Request& request, std::string_view word);

}  // namespace trashd::service
