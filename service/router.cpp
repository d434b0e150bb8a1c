#include "service/router.hpp"

#include <array>

#include "service/handlers.hpp"
#include "service/http_error.hpp"

namespace trashd::service {

namespace {

constexpr std::string_view kObject = "/v1/{resource}/{id}", kItem = "/v1/trash/{trashItemId}",
                           kRestore = "/v1/trash/{trashItemId}/$restore",
                           kOperation = "/v1/operations/{operationId}",
                           kBulkDelete = "/v1/{resource}/bulk-delete",
                           kProblem = "/problems/{code}";

constexpr std::array kRoutes = {
    Route{"GET", "/healthz", healthy},
    Route{"GET", "/readyz", ready},
    Route{"GET", "/metrics", metrics},
    Route{"GET", "/openapi.yaml", openapi},
    Route{"GET", "/", home},
    Route{"GET", "/docs", docs},
    Route{"GET", kProblem, explain_problem},
    Route{"GET", "/v1/", list_resources},
    Route{"GET", "/v1/{resource}", list_objects},
    Route{"DELETE", "/v1/{resource}", remove_objects},
    Route{"POST", kBulkDelete, remove_objects},
    Route{"POST", "/v1/{resource}", create_objects},
    Route{"GET", "/v1/{resource}/@deleted", list_deleted},
    Route{"GET", "/v1/{resource}/$metadata", describe_resource},
    Route{"GET", kObject, get_object},
    Route{"PATCH", kObject, patch_object},
    Route{"PUT", kObject, put_object},
    Route{"DELETE", kObject, remove_object},
    Route{"GET", "/v1/{resource}/{id}/@deleted", get_deleted},
    Route{"GET", "/v1/{resource}/{id}/@history", object_history},
    Route{"GET", "/v1/history", list_history},
    Route{"GET", kOperation, get_operation},
    Route{"GET", "/v1/trash", list_items},
    Route{"DELETE", "/v1/trash", empty_trash},
    Route{"GET", kItem, get_item},
    Route{"DELETE", kItem, purge_item},
    Route{"GET", kRestore, restore_item},
    Route{"POST", kRestore, restore_item},
};

std::string_view match_trash(Call& call) {
    const auto& segments = call.target.segments;
    if (segments.size() == 2) return "/v1/trash";
    call.raw_id = call.target.raw[2];
    if (segments.size() == 3) return kItem;
    if (segments.size() == 4 && segments[3] == "$restore") return kRestore;
    return {};
}

// An id is compared as sent, so that a key that begins with @ has an address: %40.
std::string_view match_resource(Call& call) {
    const auto& raw = call.target.raw;
    call.resource = call.resources->match(call.target.segments, 1);
    if (!call.resource) return {};
    const auto at = 1 + call.resource->path.size();
    if (raw.size() == at) return "/v1/{resource}";
    if (raw.size() == at + 1 && raw[at] == "@deleted") return "/v1/{resource}/@deleted";
    if (raw.size() == at + 1 && raw[at] == "$metadata") return "/v1/{resource}/$metadata";
    if (raw.size() == at + 1 && raw[at] == "bulk-delete" && call.verb == "POST") return kBulkDelete;
    call.raw_id = raw[at];
    if (raw.size() == at + 1) return raw[at].starts_with('$') ? std::string_view() : kObject;
    if (raw.size() == at + 2 && call.target.segments[at + 1] == "@deleted")
        return "/v1/{resource}/{id}/@deleted";
    if (raw.size() == at + 2 && call.target.segments[at + 1] == "@history")
        return "/v1/{resource}/{id}/@history";
    return {};
}

}  // namespace

std::span<const Route> routes() {
    return kRoutes;
}

std::string_view match_path(Call& call) {
    const auto& segments = call.target.segments;
    if (segments.size() == 1)
        for (const auto& route : kRoutes)
            if (route.path.substr(1) == segments[0]) return route.path;
    if (segments.size() == 2 && segments[0] == "problems") return kProblem;
    if (segments[0] != "v1") return {};
    if (segments.size() == 1 || (segments.size() == 2 && segments[1].empty())) return "/v1/";
    if (segments[1] == "trash") return match_trash(call);
    if (segments[1] == "operations") {
        if (segments.size() != 3) return {};
        call.raw_id = call.target.raw[2];
        return kOperation;
    }
    if (segments[1] == "history")
        return segments.size() == 2 ? std::string_view("/v1/history") : std::string_view();
    return match_resource(call);
}

std::string allowed_verbs(std::string_view path) {
    std::string allow;
    for (const auto& route : kRoutes) {
        if (route.path != path) continue;
        allow += std::string(route.verb) + ", ";
        if (route.verb == "GET" && path != kRestore) allow += "HEAD, ";
    }
    return allow + "OPTIONS";
}

const Route& find_route(const Call& call, std::string_view path) {
    if (path.empty())
        throw Error(Code::kNotFound, "nothing is at this address; /v1/ lists what there is");
    for (const auto& route : kRoutes)
        if (route.path == path && route.verb == call.verb) return route;
    throw WrongVerb(allowed_verbs(path));
}

}  // namespace trashd::service
