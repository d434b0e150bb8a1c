// Reads of live and trashed objects, one or a page of them. Both are read in one snapshot: an
// object that is on its way is found in exactly one place.
#include <set>
#include <utility>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/api/row_stream.hpp"
#include "service/config/config.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/request_head.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/parameters.hpp"
#include "service/parsing/where_parser.hpp"
#include "service/requests/list_request.hpp"
#include "service/requests/row_references.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/read/items.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

namespace {

bool expands_references(const Request& request) {
    const auto what = request.target.query.text("expand");
    if (what && *what != "references")
        throw Error(Code::kBadRequest, "'expand' must be references");
    return what.has_value();
}

// Behind the last row that was written, before its brace.
RowReferences::Place place_behind(const Spool& rows, const schema::Table& table) {
    return {rows.size() - 1, schema::unused_name(table, "references"), ends_empty(rows)};
}

// Longer ones would not fit into an address.
constexpr std::size_t kLongestCursor = 6000;

std::string next_cursor(const Request& request, const trash::Listed& listed) {
    auto cursor = encode_cursor(list_mark(request.target), listed.last);
    if (cursor.size() <= kLongestCursor) return cursor;
    throw Error(Code::kBadRequest,
                "values in the columns of 'sort' are too long to go on after; sort by others, or "
                "ask for pages with page=1");
}

void add_links(Response& reply, const Request& request, const trash::Listing& listing,
               const trash::Listed& listed) {
    const auto page = listing.offset / listing.limit + 1;
    if (!request.target.query.text("page")) {
        if (listed.more) link(reply, request, "next", "cursor", next_cursor(request, listed));
        return;
    }
    link(reply, request, "first", "page", "1");
    if (page > 1) link(reply, request, "prev", "page", std::to_string(page - 1));
    if (listed.more) link(reply, request, "next", "page", std::to_string(page + 1));
}

Response list(const Request& request, const Caller& caller, const Context& context,
              bool trashed_only) {
    auto listing = parse_listing(request, context, trashed_only);
    listing.live = live_rows(request, caller, context, Right::kRead, "t");
    listing.trashed = own_rows(request, caller, Right::kViewTrash, "t");
    listing.owners = owner_columns(request, caller, Right::kViewTrash);
    if (listing.scope.trashed) caller.access.need(Right::kViewTrash, *request.resource);
    const auto& table = *request.resource->table;
    const bool expanded = expands_references(request);
    JsonArray rows;
    std::optional<RowWriter> writer;
    std::optional<RowReferences> references;
    bool open = false;
    auto end = [&] {
        writer->end();
        if (std::exchange(open, false)) references->end(place_behind(rows.spool(), table));
    };
    trash::ListedRows into;
    into.begin = [&] {
        rows = JsonArray();
        writer.emplace(table, *context.resources, rows.spool());
        if (expanded) references.emplace(request, caller, context);
        open = false;
    };
    into.row = [&](std::optional<trash::Item> item) {
        end();
        rows.add({});
        if (references) references->begin(&table, item.has_value());
        open = references.has_value();
        writer->begin(std::move(item));
    };
    into.piece = [&](std::string_view piece) {
        writer->piece(piece);
        if (references) references->piece(piece);
    };
    const auto listed = trash::read_listing(*context.trash, listing, into);
    end();
    Response reply;
    add_links(reply, request, listing, listed);
    if (listed.total) reply.headers.emplace_back("X-Total-Count", std::to_string(*listed.total));
    reply.spool = rows.finish();
    if (references) reply.spool = references->filled_in(*reply.spool);
    return reply;
}

using Names = std::vector<std::string>;

struct Found {
    std::optional<trash::LiveRow> live;
    std::optional<trash::Item> item;
    std::shared_ptr<Spool> json = {};  // of a trashed row, or of a live one that is long
    bool untagged = false;
};

// One read of one object: who asks, and where it is looked for.
struct Reading {
    const Request& request;
    const Caller& caller;
    const Context& context;
    const trash::Scope scope;

    const schema::Table& table() const { return *request.resource->table; }
};

void find_live(const Reading& reading, schema::Transaction& transaction,
               const trash::RowQuery& asked, Found& found) {
    const auto& table = reading.table();
    found.live = trash::read_row(transaction, table, asked, !found.untagged);
    if (!found.live || found.live->json) return;
    found.json = std::make_shared<Spool>();
    trash::write_row(transaction, table, asked,
                     [&](std::string_view piece) { found.json->append(piece); });
}

void find_trashed(const Reading& reading, trash::Items& items, const trash::RowQuery& asked,
                  Found& found) {
    found.json = std::make_shared<Spool>();
    RowWriter writer(reading.table(), *reading.context.resources, *found.json);
    items.newest_row_of(reading.table(), asked.id, asked.select,
                        {[&](const trash::Item& item) {
                             found.item = item;
                             writer.begin(item);
                         },
                         [&](std::string_view piece) { writer.piece(piece); }});
    writer.end();
}

// A live row is mostly there, and found at once. Else both are looked at in one snapshot: what is
// on its way between live rows and trash is in one of them. With both scopes the live row goes
// before a trashed one of the same key.
Found find(const Reading& reading, const Names& select, bool untagged) {
    const auto& [request, caller, context, scope] = reading;
    const auto& table = reading.table();
    const auto id = object_id(request);
    const trash::RowQuery asked{
        id, select, live_rows(request, caller, context, Right::kRead, trash::alias_of(table))};
    Found found;
    if (reading.scope.live && !untagged)
        found.live = trash::read_row_alone(*context.trash, table, asked);
    if (found.live) return found;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        found = {};
        found.untagged = untagged;
        if (reading.scope.live) find_live(reading, transaction, asked, found);
        if (found.live || (!reading.scope.live && !reading.scope.trashed)) return;
        trash::Items items(transaction.connection(), *reading.context.resources->catalog(),
                           reading.context.trash->readable_schema(),
                           reading.context.trash->naming());
        if (reading.scope.trashed)
            find_trashed(reading, items, asked, found);
        else
            found.item = items.newest_of(table, id, true);
    });
    return found;
}

// Of a row that is too long for an ETag some columns can be shown without one.
Found find(const Reading& reading) {
    const auto select = parse_select(reading.request.target.query, reading.table());
    try {
        return find(reading, select, false);
    } catch (const Error& error) {
        if (error.code() != Code::kRowTooLarge || select.empty()) throw;
        return find(reading, select, true);
    }
}

// Weakly, as RFC 9110 has it for reading: proxies that compress make tags weak.
bool knows(const Request& request, const std::string& etag) {
    for (const auto& value : request.headers("If-None-Match"))
        for (const auto& known : list_of(value))
            if (known == etag || known == "W/" + etag || known == "*") return true;
    return false;
}

// The JSON of the row with what it refers to.
std::shared_ptr<Spool> with_references(const Reading& reading, const Spool& row, bool trashed) {
    RowReferences references(reading.request, reading.caller, reading.context);
    references.begin(&reading.table(), trashed);
    references.read(row);
    references.end(place_behind(row, reading.table()));
    return references.filled_in(row);
}

// The ETag is that of the row alone: what it refers to may be called otherwise meanwhile.
Response row_reply(const Reading& reading, Found& found) {
    Response reply;
    const auto& row = *found.live;
    const bool expanded = expands_references(reading.request);
    if (!row.etag.empty()) reply.headers.emplace_back("ETag", row.etag);
    if (!row.etag.empty() && !expanded && knows(reading.request, row.etag)) reply.status = 304;
    if (reply.status != 200) return reply;
    if (row.json && expanded) {
        found.json = std::make_shared<Spool>();
        found.json->append(*row.json);
    }
    if (expanded) found.json = with_references(reading, *found.json, false);
    if (row.json && !expanded)
        reply.body = *row.json;
    else
        give_body(reply, found.json);
    return reply;
}

// With its own rows only it may be asked again whether the item is one.
bool sees(const Reading& reading, const trash::Item& item) {
    const auto& [request, caller, context, scope] = reading;
    if (!caller.access.reaches(Right::kViewTrash, *request.resource)) return false;
    try {
        need_on_item(caller, context, Right::kViewTrash, item.id);
        return true;
    } catch (const Error& error) {
        if (error.code() != Code::kNotFound) throw;
        return false;
    }
}

Response get(const Reading& reading) {
    const auto& [request, caller, context, scope] = reading;
    if (scope.trashed) caller.access.need(Right::kViewTrash, *request.resource);
    expands_references(request);
    Found found;
    try {
        found = find(reading);
    } catch (const Error& error) {
        if (is_bad_key(error)) throw not_found(request);
        throw;
    }
    if (found.live) return row_reply(reading, found);
    const auto& item = found.item;
    if (!item || !sees(reading, *item)) throw not_found(request);
    if (!scope.trashed) throw InTrash(*item);
    if (expands_references(request)) found.json = with_references(reading, *found.json, true);
    Response reply;
    give_body(reply, found.json);
    return reply;
}

}  // namespace

Response list_resources(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    Response reply;
    reply.body = resources_json(*context.resources, caller.access);
    return reply;
}

Response list_objects(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"limit", "cursor", "page", "count", "sort", "select", kWhere,
                               "deleted", "trash", "expand"});
    return list(request, caller, context, false);
}

Response list_deleted(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only(
        {"limit", "cursor", "page", "count", "sort", "select", kWhere, "expand"});
    return list(request, caller, context, true);
}

// where picks a scope here, it is no filter.
Response get_object(const Request& request, const Caller& caller, const Context& context) {
    const auto& table = *request.resource->table;
    std::set<std::string> known = {"deleted", "trash", "select", "expand"};
    known.insert("where[" + schema::unused_name(table, trash::kDeletedAtName) + "][exists]");
    request.target.query.only(known);
    const auto where = parse_where(request.target.query, table, context.config->limits.where_terms);
    return get({request, caller, context, parse_scope(request.target.query, where, false)});
}

Response get_deleted(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"select", "expand"});
    return get({request, caller, context, {false, true}});
}

}  // namespace trashd::service
