#include <algorithm>

#include "schema/text.hpp"
#include "service/api/actor.hpp"
#include "service/api/async_requests.hpp"
#include "service/api/cross_site.hpp"
#include "service/api/delete_request.hpp"
#include "service/api/idempotency.hpp"
#include "service/api/json.hpp"
#include "service/api/json_body.hpp"
#include "service/api/list_request.hpp"
#include "service/api/problem.hpp"
#include "service/api/redaction.hpp"
#include "service/api/row_rights.hpp"
#include "service/api/where_parser.hpp"
#include "service/handlers/handlers.hpp"
#include "trash/read/live_row.hpp"

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

void read_body(const Call& call, Named& named, std::size_t columns) {
    const auto body = parse_body(call);
    const auto* ids = body.member("ids");
    if (!ids || ids->kind != Json::Kind::kArray || body.members.size() != 1)
        bad("the body must be {\"ids\": [...]}");
    for (const auto& id : ids->elements) add_from_body(named, id, columns);
}

trash::Selection select_where(const Call& call) {
    const auto& table = *call.resource->table;
    const auto where = parse_where(call.target.query, table, call.config->limits.where_terms);
    if (where.empty()) return {};
    // what meets a condition tells what the rows hold
    call.access.need(Right::kRead, *call.resource);
    if (trash::mentions(where, trash::deleted_at()))
        bad("'where' picks live objects here; they have no 'deletedAt'");
    if (call.target.query.text("ids") || !call.body.empty())
        bad("name objects by their ids or by 'where', not by both");
    trash::check_where(*call.trash, where);
    trash::Selection selection;
    selection.condition = trash::where_sql(where, selection.params);
    for (const auto right : {Right::kRead, Right::kTrash})
        selection.condition = "(" + selection.condition + ") AND " + own_rows(call, right, "t");
    return selection;
}

Named parse(const Call& call) {
    const auto columns = call.resource->table->identity.size();
    const auto ids = call.target.query.text("ids");
    if (ids && !call.body.empty()) bad("give the ids in the address or in the body, not in both");
    Named named;
    if (ids && !ids->empty()) add_from_query(named, *ids, columns);
    if (!call.body.empty()) read_body(call, named, columns);
    if (named.keys.empty())
        bad("name what to delete: ?ids=1,2,3, a body {\"ids\": [...]}, or ?where[...]=");
    return named;
}

// What cannot be a key is asked for with no key at all: it is not found.
trash::Selection select(const Call& call, const Named& named) {
    trash::Selection selection;
    if (!call.access.allows(Right::kTrash, *call.resource))
        selection.own = own_rows(call, Right::kTrash, "t");
    for (const auto& key : named.keys) {
        const bool fits = trash::can_be_key(*call.resource->table, key);
        selection.ids.push_back(fits ? key : std::vector<std::string>());
    }
    return selection;
}

void ask_for_what_is_missing(const Call& call, const trash::Selection& selection,
                             const DeleteRequest& wish) {
    const bool no_confirm = lacks_confirm(call, wish);
    if (!no_confirm && !lacks_reason(call)) return;
    auto impact = call.trash->impact_all(call.resource->table->name, selection, wish.cascade);
    if (impact.total == 0 && !wish.hard) return;
    if (no_confirm) throw ConfirmationRequired(impact);
    throw reason_required();
}

std::string render(const Call& call, const Named& named, const trash::BulkResult& result) {
    const bool may_see = call.access.as_far(Right::kViewTrash, Right::kTrash, *call.resource);
    JsonWriter out;
    out.StartArray();
    for (std::size_t i = 0; i < result.entries.size(); ++i) {
        const auto& entry = result.entries[i];
        out.StartObject();
        out.key("id").text(entry.id.empty() && i < named.texts.size() ? named.texts[i] : entry.id);
        out.key("status").text(entry.status);
        out.key("trashItem");
        if (entry.item && may_see)
            write_item(out, *entry.item, *call.resources, false);
        else
            out.Null();
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

// What lies in the trash already and belongs to another is not there.
void add_owner(const Call& call, trash::BulkOptions& options) {
    if (call.access.allows(Right::kTrash, *call.resource)) return;
    options.mine = [&call, reach = *reach_of(call, Right::kTrash)](schema::Transaction& transaction,
                                                                   const trash::Item& item) {
        return trash::item_within(transaction.connection(), *call.resources->catalog(),
                                  call.trash->schema_name(), item.id, reach);
    };
}

// As for a single object.
std::vector<trash::TableCount> rehearse(const Call& call, const trash::Selection& selection,
                                        const DeleteRequest& wish) {
    struct Rehearsed {};
    std::vector<trash::TableCount> written;
    trash::BulkOptions options{wish.cascade, wish.hard, {}, {}, wish.check};
    options.at_end = [&](schema::Transaction&, const trash::BulkResult& result) {
        written = result.written;
        throw Rehearsed{};
    };
    add_owner(call, options);
    try {
        call.trash->remove_all(call.resource->table->name, selection, options, actor_of(call));
    } catch (const Rehearsed&) {
    } catch (const trash::Blocked&) {  // which the impact says too
    }
    return written;
}

Response execute(const Call& call, const Named& named, const trash::Selection& selection,
                 const DeleteRequest& wish) {
    trash::BulkOptions options{wish.cascade, wish.hard, most_deleted(call), {}, wish.check};
    add_owner(call, options);
    Response reply;
    options.at_end = [&](schema::Transaction& transaction, const trash::BulkResult& result) {
        reply.body = render(call, named, result);
        if (call.operation) call.operation->end(transaction, result.rows, reply.body);
        keep_reply(call, transaction, reply);
    };
    call.trash->remove_all(call.resource->table->name, selection, options, actor_of(call));
    return reply;
}

Response remove(const Call& call) {
    auto wish = parse_delete(call, {"ids", kWhere});
    need_on_taken(call, wish);
    if (!wish.if_match.empty()) bad("If-Match is of one object; delete them one by one for it");
    auto selection = select_where(call);
    Named named;
    if (selection.condition.empty()) {
        named = parse(call);
        selection = select(call, named);
    }
    const auto impact = [&] {
        return call.trash->impact_all(call.resource->table->name, selection, wish.cascade);
    };
    std::vector<trash::TableCount> written;
    if (must_rehearse(call, wish)) written = rehearse(call, selection, wish);
    if (wish.dry_run) {
        Response reply;
        auto found = impact();
        found.written = std::move(written);
        reply.body = impact_json(redact(call, found), *call.resources);
        return reply;
    }
    ask_for_what_is_missing(call, selection, wish);
    if (wants_async(call)) return accept_delete(call, kKind, impact);
    if (call.operation) call.operation->set_total(impact().total);
    try {
        return execute(call, named, selection, wish);
    } catch (const trash::TooLarge&) {
        return delete_too_large(call, kKind, impact);
    }
}

}  // namespace

Response remove_objects(const Call& call) {
    refuse_foreign(call);
    return remove(call);
}

}  // namespace trashd::service
