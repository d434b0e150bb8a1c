// How much lies in the trash: by the filters of its list, and altogether.
#include <algorithm>
#include <functional>

#include "schema/text.hpp"
#include "service/api/json.hpp"
#include "service/handlers/handlers.hpp"
#include "service/parsing/object_id.hpp"
#include "service/requests/item_filter.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/model/statistics.hpp"

namespace trashd::service {

namespace {

using ValueOf = std::function<std::string(const trash::FacetCount&)>;

void write_counts(JsonWriter& out, const std::vector<trash::FacetCount>& counts,
                  const ValueOf& value_of, bool sized) {
    out.StartArray();
    for (const auto& one : counts) {
        out.StartObject();
        out.key("value").text(value_of(one));
        write_name(out, "name", one.name);
        out.key("groups").Int64(one.groups);
        out.key("items").Int64(one.items);
        if (sized) out.key("bytes").Int64(one.bytes);
        out.EndObject();
    }
    out.EndArray();
}

ValueOf path_in(const Resources& resources) {
    return [&](const trash::FacetCount& one) { return resources.path_of(one.table); };
}

std::string own_value(const trash::FacetCount& one) {
    return one.value;
}

// What is told apart; all of it where nothing is said.
std::vector<std::string> facets_of(const Request& request) {
    const std::vector<std::string> known = {"resource", "deletedBy", "day"};
    const auto text = request.target.query.text("by");
    const auto asked = text ? schema::split(*text, ',') : known;
    for (const auto& one : asked)
        if (std::ranges::count(known, one) == 0 || std::ranges::count(asked, one) > 1)
            throw Error(Code::kBadRequest,
                        "'by' must be some of resource, deletedBy and day, with commas between");
    return asked;
}

template <typename Work>
auto with_times(Work work) {
    try {
        return work();
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kBadRequest, "'olderThan' must mean a time that exists");
    }
}

}  // namespace

Response get_facets(const Request& request, const Caller& caller, const Context& context) {
    auto known = item_filter_parameters();
    known.insert({"by", "text", "orphaned", "parent"});
    request.target.query.only(known, {"resource"});
    const auto asked = facets_of(request);
    auto filter = parse_item_filter(request, caller, context, Right::kViewTrash);
    parse_search(request, caller, context, filter);
    see_only(caller, context, filter);
    const auto facets = with_times([&] { return context.trash->facets(filter); });
    JsonWriter out;
    out.StartObject();
    for (const auto& one : asked) {
        out.key(one.c_str());
        if (one == "resource")
            write_counts(out, facets.tables, path_in(*context.resources), false);
        else
            write_counts(out, one == "day" ? facets.days : facets.people, own_value, false);
    }
    if (facets.approximate) out.key("approximate").Bool(true);
    out.EndObject();
    Response reply;
    reply.body = out.take();
    return reply;
}

// Of what may be seen of whole resources: own rows are counted by the facets.
Response get_statistics(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    trash::ItemFilter filter;
    filter.among = tables_with(caller, context, Right::kViewTrash);
    const auto all = context.trash->statistics(filter);
    JsonWriter out;
    out.StartObject();
    out.key("at").text(all.at);
    out.key("groups").Int64(all.groups);
    out.key("items").Int64(all.items);
    out.key("bytes").Int64(all.bytes);
    write_counts(out.key("resource"), all.tables, path_in(*context.resources), true);
    write_counts(out.key("deletedBy"), all.people, own_value, true);
    write_counts(out.key("age"), all.ages, own_value, true);
    out.key("oldest").text_or_null(all.oldest);
    out.key("nextToExpire").text_or_null(all.next_to_expire);
    out.key("approximate").Bool(all.approximate);
    out.EndObject();
    Response reply;
    reply.body = out.take();
    return reply;
}

}  // namespace trashd::service
