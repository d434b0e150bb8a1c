// Rights are asked for by resource as soon as one is named; without a name the list is narrowed to
// what may be seen, which is for the callers (service/rights/row_rights.hpp).
#include "service/requests/item_filter.hpp"

#include <map>

#include "service/config/config.hpp"
#include "service/http/url.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/parameters.hpp"
#include "service/rights/row_rights.hpp"

namespace trashd::service {

namespace {

constexpr const char* kOtherReason = "deletedReason[not_equals]";

// 30d: an interval that no clock and no calendar can take another way.
std::optional<std::string> age_of(const Request& request) {
    auto text = request.target.query.text("olderThan");
    if (!text) return std::nullopt;
    static const std::map<char, std::string> kUnits = {
        {'s', "seconds"}, {'m', "minutes"}, {'h', "hours"}, {'d', "days"}, {'w', "weeks"}};
    const auto unit = text->empty() ? kUnits.end() : kUnits.find(text->back());
    const auto digits = text->substr(0, text->size() - !text->empty());
    if (unit == kUnits.end() || digits.empty() || digits.size() > 6 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
        throw Error(Code::kBadRequest,
                    "'olderThan' must be a number and a unit of s, m, h, d or w, as in 30d");
    return digits + " " + unit->second;
}

// An exception without a reason, as of a variable that was not set, would spare nothing.
std::optional<std::string> reason_in(const Request& request, const char* parameter) {
    const auto text = request.target.query.text(parameter);
    if (text && is_blank(*text))
        throw Error(Code::kBadRequest,
                    std::string("'") + parameter + "' must not be empty; leave it out to see all");
    return text;
}

}  // namespace

std::set<std::string> item_filter_parameters() {
    return {"root",       "resource",
            "groupId",    "deletedObjectId",
            "deletedBy",  "deletedReason",
            kOtherReason, "from",
            "to",         "q",
            "olderThan",  "expiresBefore",
            "restorable"};
}

trash::ItemFilter parse_item_filter(const Request& request, const Caller& caller,
                                    const Context& context, Right right) {
    const auto& query = request.target.query;
    trash::ItemFilter filter;
    if (query.text("root")) filter.root = query.flag("root");
    filter.tables = tables_of(request, context);
    for (const auto& table : filter.tables) caller.access.need_of(right, *context.resources, table);
    filter.group_id = group_of(request);
    filter.object_id = query.text("deletedObjectId");
    filter.deleted_by = query.text("deletedBy");
    filter.reason = reason_in(request, "deletedReason");
    filter.other_reason = reason_in(request, kOtherReason);
    filter.from = time_of(request, "from");
    filter.to = time_of(request, "to");
    filter.expires_before = time_of(request, "expiresBefore");
    filter.age = age_of(request);
    filter.words = query.text("q");
    if (query.text("restorable")) filter.restorable = query.flag("restorable");
    return filter;
}

void parse_search(const Request& request, const Caller& caller, const Context& context,
                  trash::ItemFilter& filter) {
    const auto& query = request.target.query;
    filter.text = query.text("text");
    if (filter.text && filter.text->empty())
        throw Error(Code::kBadRequest, "'text' must not be empty; leave it out to see all");
    filter.orphaned = query.flag("orphaned");
    // what policies hide of live rows would be taken for gone
    if (filter.orphaned && !context.config->access.roles.empty())
        throw Error(Code::kBadRequest,
                    "'orphaned' cannot be told where requests run as roles of the database");
    filter.parent = query.text("parent");
    if (!filter.parent) return;
    if (!is_uuid(*filter.parent)) throw Error(Code::kBadRequest, "'parent' must be a UUID");
    need_on_item(caller, context, Right::kViewTrash, *filter.parent);
}

}  // namespace trashd::service
