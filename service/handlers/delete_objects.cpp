// DELETE of several objects at once, named by ids or by a condition: all of them or none. How many
// a condition meets is not known before, so more than was confirmed is refused.
#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/config/config.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/undo_link.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/where_parser.hpp"
#include "service/requests/async_requests.hpp"
#include "service/requests/delete_request.hpp"
#include "service/requests/idempotency.hpp"
#include "service/requests/list_request.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/operations.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

namespace {

constexpr const char* kKind = "bulk-delete";

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

struct Named {
    std::vector<std::string> texts;  // as given, for the answer
    std::vector<std::vector<std::string>> keys;

    void add(const std::string& text, std::vector<std::string> key) {
        texts.push_back(text);
        keys.push_back(std::move(key));
        if (keys.size() > trash::kMostNamed)
            bad("up to " + std::to_string(trash::kMostNamed) + " ids at once");
    }
};

// The query is decoded already, so a value with a separator in it can only be named in a body.
void add_from_query(Named& named, const std::string& ids, std::size_t columns) {
    for (const auto& id : schema::split(ids, columns == 1 ? ',' : ';'))
        named.add(id, columns == 1 ? std::vector{id} : schema::split(id, ','));
}

std::string scalar(const Json& value) {
    if (value.kind != Json::Kind::kString && value.kind != Json::Kind::kNumber)
        bad("'ids' must be strings or numbers, or for a key of several columns lists of them");
    return value.text;
}

void add_from_body(Named& named, const Json& id, std::size_t columns) {
    if (id.kind != Json::Kind::kArray) {
        const auto text = scalar(id);
        return named.add(text, columns == 1 ? std::vector{text} : split_id(text, columns));
    }
    std::vector<std::string> key;
    std::string text;
    for (const auto& part : id.elements) {
        key.push_back(scalar(part));
        text += (key.size() > 1 ? "," : "") + key.back();
    }
    named.add(text, std::move(key));
}

void read_body(const Request& request, const Context& context, Named& named, std::size_t columns) {
    const auto body = parse_body(request, context);
    const auto* ids = body.member("ids");
    if (!ids || ids->kind != Json::Kind::kArray || body.members.size() != 1)
        bad("the body must be {\"ids\": [...]}");
    for (const auto& id : ids->elements) add_from_body(named, id, columns);
}

trash::Selection select_where(const Request& request, const Caller& caller,
                              const Context& context) {
    const auto& table = *request.resource->table;
    const auto where = parse_where(request.target.query, table, context.config->limits.where_terms);
    if (where.empty()) return {};
    // what meets a condition tells what the rows hold
    caller.access.need(Right::kRead, *request.resource);
    if (trash::mentions(where, trash::deleted_at()))
        bad("'where' picks live objects here; they have no 'deletedAt'");
    if (request.target.query.text("ids") || !request.body.empty())
        bad("name objects by their ids or by 'where', not by both");
    trash::check_where(*context.trash, where);
    trash::Selection selection;
    selection.condition = trash::where_sql(where, selection.params);
    for (const auto right : {Right::kRead, Right::kTrash})
        selection.condition =
            "(" + selection.condition + ") AND " + own_rows(request, caller, right, "t");
    return selection;
}

Named parse(const Request& request, const Context& context) {
    const auto columns = request.resource->table->identity.size();
    const auto ids = request.target.query.text("ids");
    if (ids && !request.body.empty())
        bad("give the ids in the address or in the body, not in both");
    Named named;
    if (ids && !ids->empty()) add_from_query(named, *ids, columns);
    if (!request.body.empty()) read_body(request, context, named, columns);
    if (named.keys.empty())
        bad("name what to delete: ?ids=1,2,3, a body {\"ids\": [...]}, or ?where[...]=");
    return named;
}

// What cannot be a key is asked for with no key at all: it is not found.
trash::Selection select(const Request& request, const Caller& caller, const Named& named) {
    trash::Selection selection;
    if (!caller.access.allows(Right::kTrash, *request.resource))
        selection.own = own_rows(request, caller, Right::kTrash, "t");
    for (const auto& key : named.keys) {
        const bool fits = trash::can_be_key(*request.resource->table, key);
        selection.ids.push_back(fits ? key : std::vector<std::string>());
    }
    return selection;
}

void ask_for_what_is_missing(const Request& request, const Context& context,
                             const trash::Selection& selection, const DeleteRequest& asked) {
    const bool no_confirm = lacks_confirm(request, asked);
    if (!no_confirm && !lacks_reason(request)) return;
    auto impact =
        context.trash->impact_all(request.resource->table->name, selection, asked.cascade);
    if (impact.total == 0 && !asked.hard) return;
    if (no_confirm) throw ConfirmationRequired(impact);
    throw reason_required();
}

std::string render(const Request& request, const Caller& caller, const Context& context,
                   const Named& named, const trash::BulkResult& result) {
    const bool may_see = caller.access.as_far(Right::kViewTrash, Right::kTrash, *request.resource);
    JsonWriter out;
    out.StartArray();
    for (std::size_t i = 0; i < result.entries.size(); ++i) {
        const auto& entry = result.entries[i];
        out.StartObject();
        out.key("id").text(entry.id.empty() && i < named.texts.size() ? named.texts[i] : entry.id);
        out.key("status").text(entry.status);
        out.key("trashItem");
        if (entry.item && may_see)
            write_item(out, *entry.item, *context.resources, false);
        else
            out.Null();
        if (!entry.dropped.empty())
            write_lines(out.key("deleted"), redact(caller, context, entry.dropped),
                        *context.resources);
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

// What lies in the trash already and belongs to another is not there.
void add_owner(const Request& request, const Caller& caller, const Context& context,
               trash::BulkOptions& options) {
    if (caller.access.allows(Right::kTrash, *request.resource)) return;
    options.mine = [&context, reach = *reach_of(caller, context, Right::kTrash)](
                       schema::Transaction& transaction, const trash::Item& item) {
        return trash::item_within(transaction.connection(), *context.resources->catalog(),
                                  context.trash->schema_name(), item.id, reach);
    };
}

// As for a single object.
std::vector<trash::TableCount> rehearse(const Request& request, const Caller& caller,
                                        const Context& context, const trash::Selection& selection,
                                        const DeleteRequest& asked) {
    std::vector<trash::TableCount> written;
    trash::BulkOptions options{asked.cascade, asked.hard, {}, {}, asked.check};
    options.at_end = [&](schema::Transaction& transaction, const trash::BulkResult& result) {
        written = result.written;
        transaction.roll_back();
    };
    add_owner(request, caller, context, options);
    try {
        context.trash->remove_all(request.resource->table->name, selection, options,
                                  actor_of(request, caller));
    } catch (const trash::Blocked&) {  // which the impact says too
    }
    return written;
}

Response execute(const Request& request, const Caller& caller, const Context& context,
                 const Named& named, const trash::Selection& selection,
                 const DeleteRequest& asked) {
    trash::BulkOptions options{
        asked.cascade, asked.hard, most_deleted(request, caller, context), {}, asked.check};
    add_owner(request, caller, context, options);
    Response reply;
    options.at_end = [&](schema::Transaction& transaction, const trash::BulkResult& result) {
        reply.body = render(request, caller, context, named, result);
        reply.headers.clear();
        add_undo(reply, result.entry);
        if (context.operation) context.operation->end(transaction, result.rows, reply.body);
        keep_reply(context, transaction, reply);
    };
    context.trash->remove_all(request.resource->table->name, selection, options,
                              actor_of(request, caller));
    return reply;
}

Response remove(const Request& request, const Caller& caller, const Context& context) {
    auto asked = parse_delete(request, {"ids", kWhere});
    need_on_taken(request, caller, context, asked);
    if (!asked.if_match.empty()) bad("If-Match is of one object; delete them one by one for it");
    auto selection = select_where(request, caller, context);
    Named named;
    if (selection.condition.empty()) {
        named = parse(request, context);
        selection = select(request, caller, named);
    }
    const auto impact = [&] {
        return context.trash->impact_all(request.resource->table->name, selection, asked.cascade);
    };
    std::vector<trash::TableCount> written;
    if (must_rehearse(request, context, asked))
        written = rehearse(request, caller, context, selection, asked);
    if (asked.dry_run) {
        Response reply;
        auto found = impact();
        found.written = std::move(written);
        reply.body = impact_json(redact(caller, context, found), *context.resources);
        return reply;
    }
    ask_for_what_is_missing(request, context, selection, asked);
    if (wants_async(request, context))
        return accept_delete(request, caller, context, kKind, impact);
    if (context.operation) context.operation->set_total(impact().total);
    try {
        return execute(request, caller, context, named, selection, asked);
    } catch (const trash::TooLarge&) {
        return delete_too_large(request, caller, context, kKind, impact);
    }
}

}  // namespace

Response remove_objects(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    return remove(request, caller, context);
}

}  // namespace trashd::service
