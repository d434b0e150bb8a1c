// What the service says of itself: whether it is well, its contract, what its resources are, and
// pages for people, which are without scripts and fetch nothing, but for the panel.
#pragma once

#include <string>
#include <string_view>

#include "service/api/response.hpp"

namespace trashd::service {

struct Request;
struct Context;
struct Caller;

// metadata.cpp
Response describe_resource(const Request& request, const Caller& caller, const Context& context);
// health.cpp
Response healthy(const Request& request, const Caller& caller, const Context& context);
Response ready(const Request& request, const Caller& caller, const Context& context);
Response metrics(const Request& request, const Caller& caller, const Context& context);
// contract.cpp
Response get_contract(const Request& request, const Caller& caller, const Context& context);
Response get_contract_as_json(const Request& request, const Caller& caller, const Context& context);
// pages.cpp
Response home(const Request& request, const Caller& caller, const Context& context);
Response explain_problem(const Request& request, const Caller& caller, const Context& context);
Response docs(const Request& request, const Caller& caller, const Context& context);
// privacy.cpp
Response privacy(const Request& request, const Caller& caller, const Context& context);
// panel.cpp
Response open_panel(const Request& request, const Caller& caller, const Context& context);
Response get_panel_file(const Request& request, const Caller& caller, const Context& context);

// The text as it stands in HTML; what is between backticks becomes code.
std::string html_of(std::string_view text);
// body: HTML.
std::string html_page(std::string_view title, std::string_view body,
                      std::string_view language = "en");
// An answer that is the same until another version runs: caches may keep it.
Response fixed_reply(const Request& request, const std::string& body, const std::string& type);
// The same with an ETag that was made before; the body is copied where who asks has it not.
Response tagged_reply(const Request& request, const std::string& etag, const std::string& body,
                      const std::string& type);
// The document of an OpenAPI description as a page. Throws std::exception when it is none.
std::string openapi_page(const std::string& yaml);

}  // namespace trashd::service
