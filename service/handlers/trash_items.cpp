// The trash as a resource: lists items, shows one, purges a group, empties by a filter. A purge
// answers with the receipt of its entry in the ledger, which outlives the rows.
#include <map>
#include <utility>

#include "service/api/actor.hpp"
#include "service/api/async_requests.hpp"
#include "service/api/cross_site.hpp"
#include "service/api/cursor.hpp"
#include "service/api/idempotency.hpp"
#include "service/api/object_id.hpp"
#include "service/api/parameters.hpp"
#include "service/api/problem.hpp"
#include "service/api/redaction.hpp"
#include "service/api/row_rights.hpp"
#include "service/api/row_stream.hpp"
#include "service/handlers/handlers.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {

namespace {

bool expand(const Request& request) {
    auto what = request.target.query.text("expand");
    if (what && *what != "object") throw Error(Code::kBadRequest, "'expand' must be object");
    return what.has_value();
}

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

// right: what is done with the items that it means.
trash::ItemFilter parse_filter(const Request& request, const Caller& caller, const Context& context,
                               Right right) {
    const auto& query = request.target.query;
    trash::ItemFilter filter;
    if (query.text("root")) filter.root = query.flag("root");
    filter.table = table_of(request, context);
    if (filter.table) caller.access.need_of(right, *context.resources, *filter.table);
    filter.group_id = group_of(request);
    filter.object_id = query.text("deletedObjectId");
    filter.deleted_by = query.text("deletedBy");
    filter.from = time_of(request, "from");
    filter.to = time_of(request, "to");
    filter.age = age_of(request);
    filter.words = query.text("q");
    return filter;
}

std::string cursor_after(const Request& request, const trash::ItemPosition& last) {
    return encode_cursor(list_mark(request.target), {last.created_at, std::to_string(last.group),
                                                     std::to_string(last.ordinal)});
}

trash::ItemQuery parse_items(const Request& request, const Caller& caller, const Context& context) {
    const auto& query = request.target.query;
    trash::ItemQuery asked;
    asked.filter = parse_filter(request, caller, context, Right::kViewTrash);
    see_only(caller, context, asked.filter);
    asked.limit = limit_of(request);
    asked.with_object = expand(request);
    asked.count = query.flag("count");
    if (auto cursor = query.text("cursor")) {
        auto values = decode_cursor(*cursor, list_mark(request.target), 3);
        if (!values[0]) trash::refuse_cursor();
        asked.after = {*values[0], cursor_number(values[1]), cursor_number(values[2])};
    }
    return asked;
}

}  // namespace

namespace {

std::string emptied_json(const trash::Emptied& emptied) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(emptied.groups);
    out.key("items").Int64(emptied.items);
    out.EndObject();
    return out.take();
}

std::string receipt_json(const trash::Purged& purged) {
    JsonWriter out;
    out.StartObject();
    out.key("receipt").text(purged.receipt);
    out.EndObject();
    return out.take();
}

// What went into the trash after an operation was asked for is not meant by it.
trash::EmptyOptions parse_emptying(const Request& request, const Caller& caller,
                                   const Context& context) {
    request.target.query.only({"confirm", "olderThan", "reason", "root", "resource", "groupId",
                               "deletedObjectId", "deletedBy", "from", "to", "q"});
    trash::EmptyOptions options;
    options.filter = parse_filter(request, caller, context, Right::kPurge);
    purge_only(caller, context, options.filter);
    options.rows = check_of(caller, context, {Right::kPurge}).rows;
    // the counts would tell the names of what is there
    if (options.filter.words) caller.access.need_everywhere(Right::kViewTrash);
    if (context.operation) options.before = context.operation->operation().created_at;
    options.at_batch = [&context](schema::Transaction& transaction, const trash::Emptied& now) {
        if (context.operation) context.operation->note(transaction, now.groups, now.items);
        if (context.progress) context.progress(now.items);
    };
    return options;
}

Response empty(const Request& request, const Caller& caller, const Context& context) {
    const auto options = parse_emptying(request, caller, context);
    const auto counts = context.trash->count_groups(options);
    if (!request.target.query.flag("confirm")) throw PurgeUnconfirmed(counts);
    const auto most = most_rows(request, context);
    if (wants_async(request, context) || (most && counts.items > *most))
        return accept(request, caller, context, "empty", counts.items);
    const auto emptied = context.trash->empty(options, actor_of(request, caller));
    Response reply;
    const bool noted =
        context.operation && (emptied.groups || context.operation->operation().result);
    if (!noted) reply.body = emptied_json(emptied);
    return reply;
}

}  // namespace

Response empty_trash(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    try {
        return empty(request, caller, context);
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kBadRequest, "'from', 'to' and 'olderThan' must mean times that exist");
    }
}

Response list_items(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"limit", "cursor", "count", "expand", "root", "resource", "groupId",
                               "deletedObjectId", "deletedBy", "from", "to", "olderThan", "q"});
    auto asked = parse_items(request, caller, context);
    JsonArray elements;
    bool open = false;
    asked.object = [&](std::string_view piece) { elements.append(piece); };
    const auto page = context.trash->list(asked, [&](const trash::Item& item) {
        if (std::exchange(open, asked.with_object)) elements.append("}");
        const auto json = item_json(item, *context.resources, false);
        if (open)
            elements.add({without_brace(json), ",\"object\":"});
        else
            elements.add({json});
    });
    if (open) elements.append("}");
    Response reply;
    if (page.more) link(reply, request, "next", "cursor", cursor_after(request, page.last));
    if (page.total) reply.headers.emplace_back("X-Total-Count", std::to_string(*page.total));
    reply.spool = elements.finish();
    return reply;
}

Response get_item(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"expand"});
    expand(request);
    const auto id = trash_item_id(request);
    need_on_item(caller, context, Right::kViewTrash, id);
    auto spool = std::make_shared<Spool>();
    context.trash->item(id, {[&](const trash::Item& item) {
                                 const auto json = item_json(item, *context.resources, false);
                                 spool->append(without_brace(json));
                                 spool->append(",\"object\":");
                             },
                             [&](std::string_view piece) { spool->append(piece); }});
    spool->append("}");
    Response reply;
    give_body(reply, std::move(spool));
    return reply;
}

Response purge_item(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    const auto id = trash_item_id(request);
    need_on_group(caller, context, Right::kPurge, id);
    auto later = [&] {
        return accept(request, caller, context, "purge", context.trash->item(id, false).group_size);
    };
    if (wants_async(request, context)) return later();
    trash::PurgeOptions options{
        most_rows(request, context), {}, check_of(caller, context, {Right::kPurge})};
    Response reply{204, "", "", {}};
    options.at_end = [&](schema::Transaction& transaction, const trash::Purged& purged) {
        reply.headers = {{"X-Purge-Receipt", purged.receipt}};
        if (context.operation)
            context.operation->end(transaction, purged.rows, receipt_json(purged));
        keep_reply(context, transaction, reply);
    };
    try {
        context.trash->purge(id, actor_of(request, caller), options);
    } catch (const trash::TooLarge&) {
        return later();
    }
    return reply;
}

}  // namespace trashd::service
