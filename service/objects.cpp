#include "service/cursor.hpp"
#include "service/handlers.hpp"
#include "service/http_error.hpp"
#include "service/rows.hpp"

namespace trashd::service {

namespace {

enum class Part { kLive, kTrashed, kBoth };

Part deleted_part(const std::string& value) {
    if (value == "false") return Part::kLive;
    if (value == "true") return Part::kTrashed;
    if (value == "null") return Part::kBoth;
    throw Error(Code::kBadRequest, "'deleted' must be true, false or null");
}

// deleted=… and Payload's trash=… say the same.
Part part_of(const Call& call) {
    const auto& query = call.target.query;
    auto deleted = query.text("deleted");
    if (deleted && query.text("trash"))
        throw Error(Code::kBadRequest, "give either 'deleted' or 'trash'");
    if (deleted) return deleted_part(*deleted);
    return query.flag("trash") ? Part::kBoth : Part::kLive;
}

Cursor start_of(const Call& call, Part part) {
    auto text = call.target.query.text("cursor");
    if (!text) return {part == Part::kTrashed, {}};
    auto cursor = decode_cursor(*text);
    bool keyed = cursor.trashed || cursor.values.size() == call.resource->table->primary_key.size();
    if (!keyed || (part == Part::kLive && cursor.trashed) ||
        (part == Part::kTrashed && !cursor.trashed))
        throw Error(Code::kBadRequest,
                    "the cursor is not one of this list; begin again without it");
    return cursor;
}

struct Page {
    std::vector<std::string> rows;
    std::optional<Cursor> next;
};

void add_live(Page& page, const Call& call, int limit, const Cursor& from) {
    try {
        auto live = read_page(call.trash->pool(), *call.resource->table, limit, from.values);
        page.rows = std::move(live.rows);
        if (live.more) page.next = Cursor{false, live.last_key};
    } catch (const Error& error) {
        if (!is_bad_key(error) || from.values.empty()) throw;
        throw Error(Code::kBadRequest,
                    "the cursor is not one of this list; begin again without it");
    }
}

void add_trashed(Page& page, const Call& call, int limit, const Cursor& from) {
    auto room = limit - static_cast<int>(page.rows.size());
    if (room == 0) {
        page.next = Cursor{true, {}};
        return;
    }
    auto after = from.values.empty() ? "" : from.values.front();
    auto items = call.trash->list_of(call.resource->table->name, room, after);
    for (const auto& item : items.items)
        page.rows.push_back(trashed_row_json(item, *call.resources));
    if (items.more && !items.items.empty()) page.next = Cursor{true, {items.items.back().id}};
}

Reply list(const Call& call, Part part) {
    const auto limit = limit_of(call);
    auto from = start_of(call, part);
    Page page;
    if (!from.trashed) {
        add_live(page, call, limit, from);
        from.values.clear();
    }
    if (part != Part::kLive && !page.next) add_trashed(page, call, limit, from);
    Reply reply;
    JsonArray rows;
    for (const auto& row : page.rows) rows.add(row);
    reply.spool = rows.finish();
    if (page.next) link_next(reply, call, encode_cursor(*page.next));
    return reply;
}

std::optional<LiveRow> live_row(const Call& call, const std::vector<std::string>& id) {
    try {
        return read_row(call.trash->pool(), *call.resource->table, id);
    } catch (const Error& error) {
        if (is_bad_key(error)) throw not_found(call);
        throw;
    }
}

std::optional<trash::Item> trashed_item(const Call& call, const std::vector<std::string>& id) {
    try {
        return call.trash->find(call.resource->table->name, id, true);
    } catch (const Error& error) {
        if (is_bad_key(error)) throw not_found(call);
        throw;
    }
}

Reply row_reply(const Call& call, const LiveRow& row) {
    Reply reply;
    reply.headers.emplace_back("ETag", row.etag);
    for (const auto& known : call.headers("If-None-Match"))
        if (known == row.etag || known == "*") reply.status = 304;
    if (reply.status == 200) reply.body = row.json;
    return reply;
}

Reply get(const Call& call, Part part) {
    const auto id = object_id(call);
    if (part != Part::kTrashed)
        if (auto row = live_row(call, id)) return row_reply(call, *row);
    auto item = trashed_item(call, id);
    if (!item) throw not_found(call);
    if (part == Part::kLive) throw InTrash(*item);
    Reply reply;
    reply.body = trashed_row_json(*item, *call.resources);
    return reply;
}

}  // namespace

Reply list_resources(const Call& call) {
    call.target.query.only({});
    Reply reply;
    reply.body = resources_json(*call.resources);
    return reply;
}

Reply list_objects(const Call& call) {
    call.target.query.only({"limit", "cursor", "deleted", "trash"});
    return list(call, part_of(call));
}

Reply list_deleted(const Call& call) {
    call.target.query.only({"limit", "cursor"});
    return list(call, Part::kTrashed);
}

Reply get_object(const Call& call) {
    call.target.query.only({"deleted", "trash"});
    return get(call, part_of(call));
}

Reply get_deleted(const Call& call) {
    call.target.query.only({});
    return get(call, Part::kTrashed);
}

}  // namespace trashd::service
