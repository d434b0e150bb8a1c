// A filter is turned into the query of a list and read by the same code, so that what a client has
// looked at is what goes.
#include "service/requests/bulk_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/parsing/body_members.hpp"
#include "service/requests/item_filter.hpp"
#include "service/requests/restore_request.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/records/operations.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {
namespace {

constexpr std::size_t kMostNamed = 1000;  // ids

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

std::vector<std::string> ids_of(const Json& body, const std::string& member,
                                const std::string& too_many) {
    std::vector<std::string> ids;
    for (const auto& one : list_member(body, member, kMostNamed, too_many)) {
        if (one.kind != Json::Kind::kString)
            bad(fmt::format("'{}' must be an array of ids of TrashItems", member));
        if (std::ranges::count(ids, one.text) == 0) ids.push_back(one.text);
    }
    if (ids.empty()) bad(fmt::format("'{}' names nothing", member));
    return ids;
}

// Of groups; what is no id of an item could be meant for one that then goes all the same.
std::vector<std::string> exceptions_of(const Json& body) {
    std::vector<std::string> groups;
    for (const auto& id : ids_of(body, "except", "items; use a narrower 'filter'")) {
        try {
            groups.push_back(trash::parse_item_id(id).group_id);
        } catch (const Error&) {
            bad("'except' must be an array of ids of TrashItems");
        }
    }
    return groups;
}

void add_parameter(std::string& query, const std::string& name, const Json& value) {
    const bool scalar = value.kind == Json::Kind::kString || value.kind == Json::Kind::kNumber ||
                        value.kind == Json::Kind::kBool;
    if (!scalar) bad(fmt::format("'{}' in 'filter' must be a string", name));
    query += (query.empty() ? "" : "&") + name + "=" + percent_encode(value.text);
}

// The filter as the query of a list, so that each means the same in both.
Query query_of(const Json& filter) {
    std::vector<std::string> known;
    for (const auto& name : item_filter_parameters())
        if (name != "root") known.push_back(name);
    known.insert(known.end(), {"text", "orphaned"});
    only_members(filter, "'filter'", known);
    if (filter.members.empty()) bad("'filter' must say which groups; an empty one would mean all");
    std::string query;
    for (const auto& [name, value] : filter.members) {
        if (name != "resource" || value.kind != Json::Kind::kArray) {
            add_parameter(query, name, value);
            continue;
        }
        for (const auto& one : value.elements) add_parameter(query, name, one);
    }
    return Query(query);
}

trash::ItemFilter filter_of(const Json& given, const Request& request, const Caller& caller,
                            const Context& context, Right right) {
    auto asked = request;
    asked.target.query = query_of(given);
    auto filter = parse_item_filter(asked, caller, context, right);
    parse_search(asked, caller, context, filter);
    // the counts would tell what is in rows and names
    if (filter.words || filter.text || filter.orphaned)
        caller.access.need_everywhere(Right::kViewTrash);
    filter.root = true;
    // what went into the trash after an operation was asked for is not meant by it
    if (context.operation && !filter.to) filter.to = context.operation->operation().created_at;
    whole_groups_only(caller, context, right, filter);
    return filter;
}

}  // namespace

BulkRequest parse_bulk(const Request& request, const Caller& caller, const Context& context,
                       Right right) {
    if (request.body.empty()) bad("the body must be {\"ids\": […]} or {\"filter\": {…}}");
    const auto body = parse_body(request, context);
    std::vector<std::string> known = {"ids", "filter", "except", "dryRun", "expect", "partial"};
    if (right == Right::kRestore) known.emplace_back("otherwise");
    only_members(body, "the body", known);
    const auto* filter = body.member("filter");
    if ((body.member("ids") != nullptr) == (filter != nullptr))
        bad("the body must have either 'ids' or 'filter'");
    BulkRequest bulk;
    const bool excepts = body.member("except") != nullptr;
    if (excepts && !filter) bad("'except' is of what 'filter' means; leave the ids out of 'ids'");
    if (filter)
        bulk.filter = filter_of(*filter, request, caller, context, right);
    else
        bulk.ids = ids_of(body, "ids", "items; use 'filter' for more");
    if (excepts) bulk.filter->except = exceptions_of(body);
    bulk.dry_run = flag_member(body, "dryRun");
    bulk.partial = flag_member(body, "partial");
    bulk.expect = count_member(body, "expect");
    if (const auto word = text_member(body, "otherwise", false); !word.empty())
        bulk.otherwise = read_choice(word);
    return bulk;
}

}  // namespace trashd::service
