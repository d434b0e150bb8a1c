// The list of routes, and how an address finds its own. The paths are those of openapi.yaml.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "service/api/handler.hpp"
#include "service/config/roles.hpp"

namespace trashd::service {

class Resources;

// What a route asks for before anything is looked up. There is no default: a route says it.
struct Need {
    enum class Of {
        kNothing,       // whoever asks
        kCredentials,   // whoever is known; what it shows depends on the rights
        kService,       // the right for everything
        kSomeResource,  // the right for some resource; the handler looks at which
        kResource,      // the right for the resource of the address
    };
    constexpr Need(Of of, Right right) : of(of), right(right) {}
    // with_deleted: instead, where ?deleted=true
    constexpr Need(Of of, Right right, Right with_deleted)
        : of(of), right(right), with_deleted(with_deleted) {}
    // A document that is everybody's, but for ?for=: then it is of what who asks may see.
    struct Document {};
    constexpr Need(Of of, Right right, Document) : of(of), right(right), document(true) {}

    Of of;
    Right right;
    std::optional<Right> with_deleted = {};
    bool document = false;
};

struct Route {
    std::string_view verb, path;
    Handler handler;
    Need need;
};

std::span<const Route> routes();

// The path of the route that the address means, e.g. "/v1/{resource}/{id}"; fills resource
// and raw_id of the request. Empty when there is none.
std::string_view match_path(Request& request, const Resources& resources);
// True for the paths of the web panel's own files.
bool is_of_panel(std::string_view path);
// True for the paths whose lists may be CSV: rows, TrashItems, history.
bool is_table(std::string_view path);
// The verbs that the path answers, for Allow.
std::string allowed_verbs(std::string_view path);
// Throws Error: kNotFound for an empty path, WrongVerb for a verb that the path does not answer.
const Route& find_route(const Request& request, std::string_view path);
// True when whoever asks may use all routes of the path as the request does.
bool is_public(const Request& request, std::string_view path);
// What the request asks for at the path is a tenant's, where there are tenants.
bool is_of_tenant(const Request& request, std::string_view path);
// Finds the route, checks the right that it needs and asks it, once for each Idempotency-Key.
// Throws Forbidden.
Response answer_route(const Request& request, const Caller& caller, const Context& context,
                      std::string_view path);

}  // namespace trashd::service
