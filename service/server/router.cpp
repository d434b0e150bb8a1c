#include "service/server/router.hpp"

#include <array>

#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/handlers/handlers.hpp"
#include "service/pages/pages.hpp"
#include "service/parsing/json_body.hpp"
#include "service/requests/idempotency.hpp"
#include "trash/records/principals.hpp"

namespace trashd::service {

namespace {

constexpr std::string_view kObject = "/v1/{resource}/{id}", kItem = "/v1/trash/{trashItemId}",
                           kRestore = "/v1/trash/{trashItemId}/$restore",
                           kOperation = "/v1/operations/{operationId}", kKey = "/v1/@keys/{keyId}",
                           kGroup = "/v1/groups/{groupId}", kOwnGroup = "/v1/@groups/{groupId}",
                           kHolds = "/v1/holds", kOwnHolds = "/v1/@holds",
                           kHold = "/v1/holds/{holdId}", kOwnHold = "/v1/@holds/{holdId}",
                           kErasures = "/v1/erasures", kOwnErasures = "/v1/@erasures",
                           kEvents = "/v1/events", kOwnEvents = "/v1/@events",
                           kBulkRestore = "/v1/trash/bulk-restore",
                           kBulkPurge = "/v1/trash/bulk-purge",
                           kBulkDelete = "/v1/{resource}/bulk-delete",
                           kUndo = "/v1/history/{entryId}/$undo", kProblem = "/problems/{code}",
                           kProblems = "/problems", kPanel = "/panel", kPanelFile = "/panel/{file}";

constexpr Need kPublic{Need::Of::kNothing, Right::kRead},
    kContract{Need::Of::kNothing, Right::kRead, Need::Document{}},
    kKnown{Need::Of::kCredentials, Right::kRead}, kAdmin{Need::Of::kService, Right::kAdmin},
    kPatch{Need::Of::kResource, Right::kWrite, Right::kRestore};

constexpr Need on_resource(Right right) {
    return {Need::Of::kResource, right};
}

constexpr Need on_some(Right right) {
    return {Need::Of::kSomeResource, right};
}

constexpr std::array kRoutes = {
    Route{"GET", "/healthz", healthy, kPublic},
    Route{"GET", "/readyz", ready, kPublic},
    Route{"GET", "/metrics", metrics, kAdmin},
    Route{"GET", "/openapi.yaml", get_contract, kContract},
    Route{"GET", "/openapi.json", get_contract_as_json, kContract},
    Route{"GET", "/", home, kPublic},
    Route{"GET", "/docs", docs, kPublic},
    Route{"GET", "/privacy", privacy, kPublic},
    Route{"GET", kProblems, explain_problem, kPublic},
    Route{"GET", kProblem, explain_problem, kPublic},
    Route{"GET", kPanel, open_panel, kPublic},
    Route{"GET", kPanelFile, get_panel_file, kPublic},
    Route{"GET", "/v1", list_resources, kKnown},
    Route{"GET", "/v1/@me", get_current_principal, kKnown},
    Route{"GET", "/v1/{resource}", list_objects, on_resource(Right::kRead)},
    Route{"DELETE", "/v1/{resource}", remove_objects, on_resource(Right::kTrash)},
    Route{"POST", kBulkDelete, remove_objects, on_resource(Right::kTrash)},
    Route{"POST", "/v1/{resource}", create_objects, on_resource(Right::kWrite)},
    Route{"GET", "/v1/{resource}/@deleted", list_deleted, on_resource(Right::kViewTrash)},
    Route{"GET", "/v1/{resource}/$metadata", describe_resource, on_resource(Right::kRead)},
    Route{"GET", kObject, get_object, on_resource(Right::kRead)},
    Route{"PATCH", kObject, patch_object, kPatch},
    Route{"PUT", kObject, put_object, on_resource(Right::kWrite)},
    Route{"DELETE", kObject, remove_object, on_resource(Right::kTrash)},
    Route{"GET", "/v1/{resource}/{id}/@deleted", get_deleted, on_resource(Right::kViewTrash)},
    Route{"GET", "/v1/{resource}/{id}/@history", object_history, on_resource(Right::kViewTrash)},
    Route{"GET", "/v1/history", list_history, on_some(Right::kViewTrash)},
    Route{"POST", kUndo, undo_entry, kKnown},
    Route{"GET", "/v1/history/$seal", get_seal, kAdmin},
    Route{"POST", "/v1/history/$verify", verify_history, kAdmin},
    Route{"GET", kEvents, follow_events, on_some(Right::kViewTrash)},
    Route{"GET", kOwnEvents, follow_events, on_some(Right::kViewTrash)},
    Route{"GET", "/v1/operations", list_operations, kKnown},
    Route{"GET", kOperation, get_operation, kKnown},
    Route{"DELETE", kOperation, cancel_operation, kKnown},
    Route{"GET", "/v1/@doctor", diagnose, kAdmin},
    Route{"GET", "/v1/@roles", list_roles, kAdmin},
    Route{"GET", "/v1/@keys", list_keys, kAdmin},
    Route{"POST", "/v1/@keys", create_key, kAdmin},
    Route{"DELETE", kKey, revoke_key, kAdmin},
    Route{"GET", kGroup, get_group, on_some(Right::kViewTrash)},
    Route{"GET", kOwnGroup, get_group, on_some(Right::kViewTrash)},
    Route{"GET", kHolds, list_holds, on_some(Right::kHold)},
    Route{"POST", kHolds, create_hold, on_some(Right::kHold)},
    Route{"GET", kHold, get_hold, on_some(Right::kHold)},
    Route{"DELETE", kHold, release_hold, on_some(Right::kHold)},
    Route{"GET", kOwnHolds, list_holds, on_some(Right::kHold)},
    Route{"POST", kOwnHolds, create_hold, on_some(Right::kHold)},
    Route{"GET", kOwnHold, get_hold, on_some(Right::kHold)},
    Route{"DELETE", kOwnHold, release_hold, on_some(Right::kHold)},
    Route{"POST", kErasures, create_erasure, on_some(Right::kErase)},
    Route{"POST", kOwnErasures, create_erasure, on_some(Right::kErase)},
    Route{"GET", "/v1/trash", list_items, on_some(Right::kViewTrash)},
    Route{"DELETE", "/v1/trash", empty_trash, on_some(Right::kPurge)},
    Route{"GET", "/v1/trash/$facets", get_facets, on_some(Right::kViewTrash)},
    Route{"GET", "/v1/trash/$stats", get_statistics, on_some(Right::kViewTrash)},
    Route{"POST", kBulkRestore, bulk_restore, on_some(Right::kRestore)},
    Route{"POST", kBulkPurge, bulk_purge, on_some(Right::kPurge)},
    Route{"GET", kItem, get_item, on_some(Right::kViewTrash)},
    Route{"PATCH", kItem, change_item, on_some(Right::kPurge)},
    Route{"DELETE", kItem, purge_item, on_some(Right::kPurge)},
    Route{"GET", kRestore, restore_item, on_some(Right::kRestore)},
    Route{"POST", kRestore, restore_item, on_some(Right::kRestore)},
};

// What begins with @ is the service's own, whatever tables there are.
std::string_view match_own(Request& request) {
    const auto& segments = request.target.segments;
    for (const std::string_view path : {"/v1/@me", "/v1/@doctor", "/v1/@roles", "/v1/@keys",
                                        "/v1/@holds", "/v1/@erasures", "/v1/@events"})
        if (segments.size() == 2 && path.substr(4) == segments[1]) return path;
    if (segments.size() != 3) return {};
    const auto path = segments[1] == "@groups"  ? kOwnGroup
                      : segments[1] == "@keys"  ? kKey
                      : segments[1] == "@holds" ? kOwnHold
                                                : std::string_view();
    if (!path.empty()) request.raw_id = request.target.raw[2];
    return path;
}

std::string_view match_history(Request& request) {
    const auto& segments = request.target.segments;
    if (segments.size() == 2) return "/v1/history";
    if (segments.size() == 3 && segments[2] == "$seal") return "/v1/history/$seal";
    if (segments.size() == 3 && segments[2] == "$verify") return "/v1/history/$verify";
    if (segments.size() == 4 && segments[3] == "$undo") {
        request.raw_id = request.target.raw[2];
        return kUndo;
    }
    return {};
}

std::string_view match_operation(Request& request) {
    const auto& segments = request.target.segments;
    if (segments.size() == 2) return "/v1/operations";
    if (segments.size() != 3) return {};
    request.raw_id = request.target.raw[2];
    return kOperation;
}

// Groups, holds, erasures and events are at these addresses as long as no table is.
std::string_view match_plain(Request& request, const Resources& resources) {
    const auto& segments = request.target.segments;
    std::size_t used = 0;
    if (resources.match(segments, 1, used)) return {};
    if (segments.size() == 2 && segments[1] == "holds") return kHolds;
    if (segments.size() == 2 && segments[1] == "erasures") return kErasures;
    if (segments.size() == 2 && segments[1] == "events") return kEvents;
    if (segments.size() != 3) return {};
    const auto path = segments[1] == "groups"  ? kGroup
                      : segments[1] == "holds" ? kHold
                                               : std::string_view();
    if (!path.empty()) request.raw_id = request.target.raw[2];
    return path;
}

std::string_view match_trash(Request& request) {
    const auto& segments = request.target.segments;
    if (segments.size() == 2) return "/v1/trash";
    if (segments.size() == 3 && segments[2] == "$facets") return "/v1/trash/$facets";
    if (segments.size() == 3 && segments[2] == "$stats") return "/v1/trash/$stats";
    for (const auto path : {kBulkRestore, kBulkPurge})
        if (segments.size() == 3 && path.substr(10) == segments[2]) return path;
    request.raw_id = request.target.raw[2];
    if (segments.size() == 3) return kItem;
    if (segments.size() == 4 && segments[3] == "$restore") return kRestore;
    return {};
}

// An id is compared as sent, so that a key that begins with @ has an address: %40.
std::string_view match_resource(Request& request, const Resources& resources) {
    const auto& raw = request.target.raw;
    std::size_t used = 0;
    request.resource = resources.match(request.target.segments, 1, used);
    if (!request.resource) return {};
    const auto at = 1 + used;
    if (raw.size() == at) return "/v1/{resource}";
    if (raw.size() == at + 1 && raw[at] == "@deleted") return "/v1/{resource}/@deleted";
    if (raw.size() == at + 1 && raw[at] == "$metadata") return "/v1/{resource}/$metadata";
    if (raw.size() == at + 1 && raw[at] == "bulk-delete" && request.verb == "POST")
        return kBulkDelete;
    request.raw_id = raw[at];
    if (raw.size() == at + 1) return raw[at].starts_with('$') ? std::string_view() : kObject;
    if (raw.size() == at + 2 && request.target.segments[at + 1] == "@deleted")
        return "/v1/{resource}/{id}/@deleted";
    if (raw.size() == at + 2 && request.target.segments[at + 1] == "@history")
        return "/v1/{resource}/{id}/@history";
    return {};
}

void check_rights(const Request& request, const Caller& caller, const Route& route) {
    const auto& need = route.need;
    const auto& query = request.target.query;
    const bool other = need.with_deleted && (query.flag("deleted") || query.flag("trash"));
    const auto right = other ? *need.with_deleted : need.right;
    switch (need.of) {
        case Need::Of::kNothing:
        case Need::Of::kCredentials:
            return;
        case Need::Of::kService:
            return caller.access.need_everywhere(right);
        case Need::Of::kSomeResource:
            return caller.access.need_somewhere(right);
        case Need::Of::kResource:
            return caller.access.need(right, *request.resource);
    }
}

bool asks_for_nothing(const Need& need, const Request& request) {
    const bool own = need.document && !request.target.query.texts("for").empty();
    return need.of == Need::Of::kNothing && !own;
}

bool takes_body(const Route& route) {
    return route.verb == "POST" || route.verb == "PATCH" || route.verb == "PUT" ||
           (route.verb == "DELETE" && route.path == "/v1/{resource}");
}

// A request that says more than is read must not be half obeyed. An empty object says nothing.
void refuse_body(const Request& request) {
    if (!says_something(request)) return;
    throw Error(Code::kBadRequest,
                "this request takes no body; leave it out, and say in the address what is meant");
}

bool changes(const Route& route, const Request& request) {
    return (route.verb != "GET" || route.path == kRestore) && !request.target.query.flag("dryRun");
}

// What is done from here on is told under the name that the credentials say now.
void note_name(const Caller& caller, const Context& context) {
    const auto& principal = caller.principal;
    if (context.principals && principal.kind != "anonymous")
        context.principals->note({context.trash->tenant(), principal.id, principal.called});
}

}  // namespace

std::span<const Route> routes() {
    return kRoutes;
}

std::string_view match_path(Request& request, const Resources& resources) {
    const auto& segments = request.target.segments;
    if (segments.size() == 1)
        for (const auto& route : kRoutes)
            if (route.path.substr(1) == segments[0]) return route.path;
    if (segments.size() == 2 && segments[0] == "problems") return kProblem;
    if (segments.size() == 2 && segments[0] == "panel") return kPanelFile;
    if (segments[0] != "v1") return {};
    if (segments.size() == 1 || (segments.size() == 2 && segments[1].empty())) return "/v1";
    if (segments[1].starts_with('@')) return match_own(request);
    if (segments[1] == "trash") return match_trash(request);
    if (segments[1] == "operations") return match_operation(request);
    if (segments[1] == "history") return match_history(request);
    if (const auto path = match_plain(request, resources); !path.empty()) return path;
    return match_resource(request, resources);
}

bool is_of_panel(std::string_view path) {
    return path == kPanel || path == kPanelFile;
}

bool is_table(std::string_view path) {
    return path == "/v1/{resource}" || path == "/v1/{resource}/@deleted" || path == "/v1/trash" ||
           path == "/v1/history" || path == "/v1/{resource}/{id}/@history";
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

const Route& find_route(const Request& request, std::string_view path) {
    if (path.empty())
        throw Error(Code::kNotFound, "nothing is at this address; /v1/ lists what there is");
    for (const auto& route : kRoutes)
        if (route.path == path && route.verb == request.verb) return route;
    throw WrongVerb(allowed_verbs(path));
}

bool is_public(const Request& request, std::string_view path) {
    for (const auto& route : kRoutes)
        if (route.path == path) return asks_for_nothing(route.need, request);
    return false;
}

bool is_of_tenant(const Request& request, std::string_view path) {
    for (const auto& route : kRoutes)
        if (route.path == path)
            return !asks_for_nothing(route.need, request) && route.need.of != Need::Of::kService;
    return false;
}

Response answer_route(const Request& request, const Caller& caller, const Context& context,
                      std::string_view path) {
    const auto& route = find_route(request, path);
    check_rights(request, caller, route);
    if (!takes_body(route)) refuse_body(request);
    if (changes(route, request)) note_name(caller, context);
    return run_idempotently(request, caller, context, route.handler);
}

}  // namespace trashd::service
