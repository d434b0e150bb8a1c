// Answers for people: pages without scripts that fetch nothing.
#pragma once

#include <string>
#include <string_view>

#include "service/api/response.hpp"

namespace trashd::service {

struct Request;

// The text as it stands in HTML; what is between backticks becomes code.
std::string html_of(std::string_view text);
// body: HTML.
std::string html_page(std::string_view title, std::string_view body);
// An answer that is the same until another version runs: caches may keep it.
Response fixed_reply(const Request& request, const std::string& body, const std::string& type);
// The same with an ETag that was made before; the body is copied where who asks has it not.
Response tagged_reply(const Request& request, const std::string& etag, const std::string& body,
                      const std::string& type);
// The document of an OpenAPI description as a page. Throws std::exception when it is none.
std::string openapi_page(const std::string& yaml);

}  // namespace trashd::service
