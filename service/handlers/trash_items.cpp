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

bool expand(const Call& call) {
    auto what = call.target.query.text("expand");
    if (what && *what != "object") throw Error(Code::kBadRequest, "'expand' must be object");
    return what.has_value();
}

// 30d: an interval that no clock and no calendar can take another way.
std::optional<std::string> age_of(const Call& call) {
    auto text = call.target.query.text("olderThan");
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
trash::ItemFilter parse_filter(const Call& call, Right right) {
    const auto& query = call.target.query;
    trash::ItemFilter filter;
    if (query.text("root")) filter.root = query.flag("root");
    filter.table = table_of(call);
    if (filter.table) call.access.need_of(right, *call.resources, *filter.table);
    filter.group_id = group_of(call);
    filter.object_id = query.text("deletedObjectId");
    filter.deleted_by = query.text("deletedBy");
    filter.from = time_of(call, "from");
    filter.to = time_of(call, "to");
    filter.age = age_of(call);
    filter.words = query.text("q");
    return filter;
}

std::string cursor_after(const Call& call, const trash::ItemPosition& last) {
    return encode_cursor(list_mark(call.target), {last.created_at, std::to_string(last.group),
                                                  std::to_string(last.ordinal)});
}

trash::ItemQuery parse_items(const Call& call) {
    const auto& query = call.target.query;
    trash::ItemQuery asked;
    asked.filter = parse_filter(call, Right::kViewTrash);
    see_only(call, asked.filter);
    asked.limit = limit_of(call);
    asked.with_object = expand(call);
    asked.count = query.flag("count");
    if (auto cursor = query.text("cursor")) {
        auto values = decode_cursor(*cursor, list_mark(call.target), 3);
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
trash::EmptyOptions parse_emptying(const Call& call) {
    call.target.query.only({"confirm", "olderThan", "reason", "root", "resource", "groupId",
                            "deletedObjectId", "deletedBy", "from", "to", "q"});
    trash::EmptyOptions options;
    options.filter = parse_filter(call, Right::kPurge);
    purge_only(call, options.filter);
    options.rows = check_of(call, {Right::kPurge}).rows;
    // the counts would tell the names of what is there
    if (options.filter.words) call.access.need_everywhere(Right::kViewTrash);
    if (call.operation) options.before = call.operation->operation().created_at;
    options.at_batch = [&call](schema::Transaction& transaction, const trash::Emptied& now) {
        if (call.operation) call.operation->note(transaction, now.groups, now.items);
        if (call.progress) call.progress(now.items);
    };
    return options;
}

Response empty(const Call& call) {
    const auto options = parse_emptying(call);
    const auto counts = call.trash->count_groups(options);
    if (!call.target.query.flag("confirm")) throw PurgeUnconfirmed(counts);
    const auto most = most_rows(call);
    if (wants_async(call) || (most && counts.items > *most))
        return accept(call, "empty", counts.items);
    const auto emptied = call.trash->empty(options, actor_of(call));
    Response reply;
    const bool noted = call.operation && (emptied.groups || call.operation->operation().result);
    if (!noted) reply.body = emptied_json(emptied);
    return reply;
}

}  // namespace

Response empty_trash(const Call& call) {
    refuse_foreign(call);
    try {
        return empty(call);
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kBadRequest, "'from', 'to' and 'olderThan' must mean times that exist");
    }
}

Response list_items(const Call& call) {
    call.target.query.only({"limit", "cursor", "count", "expand", "root", "resource", "groupId",
                            "deletedObjectId", "deletedBy", "from", "to", "olderThan", "q"});
    auto asked = parse_items(call);
    JsonArray elements;
    bool open = false;
    asked.object = [&](std::string_view piece) { elements.append(piece); };
    const auto page = call.trash->list(asked, [&](const trash::Item& item) {
        if (std::exchange(open, asked.with_object)) elements.append("}");
        const auto json = item_json(item, *call.resources, false);
        if (open)
            elements.add({without_brace(json), ",\"object\":"});
        else
            elements.add({json});
    });
    if (open) elements.append("}");
    Response reply;
    if (page.more) link(reply, call, "next", "cursor", cursor_after(call, page.last));
    if (page.total) reply.headers.emplace_back("X-Total-Count", std::to_string(*page.total));
    reply.spool = elements.finish();
    return reply;
}

Response get_item(const Call& call) {
    call.target.query.only({"expand"});
    expand(call);
    const auto id = trash_item_id(call);
    need_on_item(call, Right::kViewTrash, id);
    auto spool = std::make_shared<Spool>();
    call.trash->item(id, {[&](const trash::Item& item) {
                              const auto json = item_json(item, *call.resources, false);
                              spool->append(without_brace(json));
                              spool->append(",\"object\":");
                          },
                          [&](std::string_view piece) { spool->append(piece); }});
    spool->append("}");
    Response reply;
    give_body(reply, std::move(spool));
    return reply;
}

Response purge_item(const Call& call) {
    refuse_foreign(call);
    call.target.query.only({});
    const auto id = trash_item_id(call);
    need_on_group(call, Right::kPurge, id);
    auto later = [&] { return accept(call, "purge", call.trash->item(id, false).group_size); };
    if (wants_async(call)) return later();
    trash::PurgeOptions options{most_rows(call), {}, check_of(call, {Right::kPurge})};
    Response reply{204, "", "", {}};
    options.at_end = [&](schema::Transaction& transaction, const trash::Purged& purged) {
        reply.headers = {{"X-Purge-Receipt", purged.receipt}};
        if (call.operation) call.operation->end(transaction, purged.rows, receipt_json(purged));
        keep_reply(call, transaction, reply);
    };
    try {
        call.trash->purge(id, actor_of(call), options);
    } catch (const trash::TooLarge&) {
        return later();
    }
    return reply;
}

}  // namespace trashd::service
