// The list of routes, and how an address finds its own. The paths are those of openapi.yaml.
#pragma once

#include <span>
#include <string_view>

#include "service/call.hpp"

namespace trashd::service {

struct Route {
    std::string_view verb, path;
    Reply (*handler)(const Call&);
};

std::span<const Route> routes();

// The path of the route that the address means, e.g. "/v1/{resource}/{id}"; fills resource and
// raw_id of the call. Empty when there is none.
std::string_view match_path(Call& call);
// The verbs that the path answers, for Allow.
std::string allowed_verbs(std::string_view path);
// Throws Error: kNotFound for an empty path, WrongVerb for a verb that the path does not answer.
const Route& find_route(const Call& call, std::string_view path);

}  // namespace trashd::service
