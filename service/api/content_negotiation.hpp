// Headers by which a client says what it can take, and an answer brought into that form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trashd::service {

struct Request;
struct Response;

// The weight from 0 to 1 that Accept or Accept-Encoding give to an entry by its exact name, in any
// case; -1 when it is not named.
double weight_of(const std::vector<std::string>& values, std::string_view name);
// True for a browser: text/html is named, and nothing that a program asks for is liked better.
bool prefers_html(const Request& request);
// True where the client says that it reads what is compressed so.
bool takes_gzip(const Request& request);
std::string gzip(std::string_view text);
// Compresses the body, where the client takes gzip and it is worth it.
void compress(const Request& request, Response& reply);

}  // namespace trashd::service
