// The trash as a resource: lists items, shows one, purges a group, empties by a filter. A purge
// answers with the receipt of its entry in the ledger, which outlives the rows.
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/api/row_stream.hpp"
#include "service/handlers/group_json.hpp"
#include "service/handlers/handlers.hpp"
#include "service/parsing/body_members.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/parameters.hpp"
#include "service/requests/async_requests.hpp"
#include "service/requests/idempotency.hpp"
#include "service/requests/item_filter.hpp"
#include "service/requests/row_references.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/group.hpp"
#include "trash/records/operations.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {

namespace {

// Which way a cursor goes.
constexpr const char *kNext = "next", *kPrevious = "prev";

// What comes with the items. One item has its object anyway.
struct Expansion {
    bool object = false, group = false, references = false;
};

Expansion expansion_of(const Request& request, bool one) {
    Expansion expansion;
    const auto what = request.target.query.text("expand");
    for (const auto& name : what ? schema::split(*what, ',') : std::vector<std::string>()) {
        bool* known = name == "object"         ? &expansion.object
                      : name == "references"   ? &expansion.references
                      : one && name == "group" ? &expansion.group
                                               : nullptr;
        if (!known || std::exchange(*known, true))
            throw Error(
                Code::kBadRequest,
                one ? "'expand' must be some of object, group and references, with commas "
                      "between"
                    : "'expand' must be object or references, or both with a comma between");
    }
    return expansion;
}

std::string cursor_at(const Request& request, const char* way, const trash::ItemPosition& place) {
    return encode_cursor(list_mark(request.target), {way, place.key, std::to_string(place.group),
                                                     std::to_string(place.ordinal)});
}

// newest first, unless 'sort' says otherwise
void parse_sort(const Request& request, trash::ItemQuery& asked) {
    auto text = request.target.query.text("sort");
    if (!text) return;
    static const std::map<std::string, trash::ItemOrder> kOrders = {
        {"createdAt", trash::ItemOrder::kCreatedAt},
        {"displayName", trash::ItemOrder::kDisplayName},
        {"groupSize", trash::ItemOrder::kGroupSize},
        {"deletedBy", trash::ItemOrder::kDeletedBy},
        {"expiresAt", trash::ItemOrder::kExpiresAt}};
    asked.descending = text->starts_with('-');
    const auto order = kOrders.find(text->substr(asked.descending ? 1 : 0));
    if (order == kOrders.end())
        throw Error(Code::kBadRequest,
                    "'sort' must be createdAt, displayName, groupSize, deletedBy or expiresAt, "
                    "with - in front for the other way round");
    asked.order = order->second;
}

void parse_cursor(const Request& request, trash::ItemQuery& asked) {
    const auto cursor = request.target.query.text("cursor");
    if (!cursor) return;
    const auto values = decode_cursor(*cursor, list_mark(request.target), 4);
    if (!values[0] || (*values[0] != kNext && *values[0] != kPrevious) || !values[1])
        trash::refuse_cursor();
    asked.backwards = *values[0] == kPrevious;
    asked.after = {*values[1], cursor_number(values[2]), cursor_number(values[3])};
}

trash::ItemQuery parse_items(const Request& request, const Caller& caller, const Context& context) {
    const auto& query = request.target.query;
    trash::ItemQuery asked;
    asked.filter = parse_item_filter(request, caller, context, Right::kViewTrash);
    parse_search(request, caller, context, asked.filter);
    see_only(caller, context, asked.filter);
    asked.limit = limit_of(request);
    const auto expansion = expansion_of(request, false);
    asked.with_object = expansion.object || expansion.references;
    asked.count = query.flag("count");
    parse_sort(request, asked);
    parse_cursor(request, asked);
    return asked;
}

void add_links(Response& reply, const Request& request, const trash::ItemQuery& asked,
               const trash::ItemPage& page) {
    const bool before = asked.backwards ? page.more : asked.after.has_value();
    if (asked.backwards || page.more)
        link(reply, request, "next", "cursor", cursor_at(request, kNext, page.last));
    if (before) link(reply, request, "prev", "cursor", cursor_at(request, kPrevious, page.first));
}

}  // namespace

namespace {

std::string emptied_json(const trash::Emptied& emptied) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(emptied.groups);
    out.key("items").Int64(emptied.items);
    if (emptied.held_groups > 0) {
        out.key("held").StartObject();
        out.key("groups").Int64(emptied.held_groups);
        out.key("items").Int64(emptied.held_items);
        out.EndObject();
    }
    out.EndObject();
    return out.take();
}

void write_descendants(JsonWriter& out, long long groups, long long items) {
    out.key("descendants").StartObject();
    out.key("groups").Int64(groups);
    out.key("items").Int64(items);
    out.EndObject();
}

void write_referrers(JsonWriter& out, long long groups, bool known,
                     const std::vector<trash::Referrer>& first, const Resources& resources) {
    if (groups == 0 && known) return;
    out.key("referrers").StartObject();
    out.key("groups").Int64(groups);
    if (!known) out.key("partial").Bool(true);
    out.key("first").StartArray();
    for (const auto& [root, rows] : first) {
        out.StartObject();
        out.key("trashItemId").text(root.id);
        out.key("resource").text(resources.path_of(root.table));
        out.key("displayName").text(root.display_name);
        out.key("items").Int64(rows);
        out.EndObject();
    }
    out.EndArray();
    out.EndObject();
}

// A whole group goes, and which other deletions in the trash refer to it and stay. along: with
// those that could never come back.
Response foreseen(const trash::Purged& purged, const trash::Referrers& referrers,
                  const Resources& resources, bool along) {
    JsonWriter out;
    out.StartObject();
    out.key("groups").Int64(1 + purged.descendants.groups);
    out.key("items").Int64(purged.rows);
    if (along) {
        write_descendants(out, purged.descendants.groups, purged.descendants.items);
        write_referrers(out, referrers.others, referrers.known, referrers.first_others, resources);
    } else {
        const auto would = referrers.descendants.value_or(trash::Referrers::Descendants());
        if (would.groups > 0) write_descendants(out, would.groups, would.items);
        write_referrers(out, referrers.groups, referrers.known, referrers.first, resources);
    }
    out.EndObject();
    Response reply;
    reply.body = out.take();
    return reply;
}

Response counted(const trash::Emptied& counts) {
    Response reply;
    reply.body = emptied_json(counts);
    return reply;
}

std::string receipt_json(const trash::Purged& purged) {
    JsonWriter out;
    out.StartObject();
    out.key("receipt").text(purged.receipt);
    out.EndObject();
    return out.take();
}

std::optional<long long> expected(const Request& request) {
    constexpr auto kMost = std::numeric_limits<long long>::max();
    const auto& query = request.target.query;
    return query.text("expect") ? std::optional(query.number("expect", 0, 0, kMost)) : std::nullopt;
}

// What went into the trash after an operation was asked for is not meant by it.
trash::EmptyOptions parse_emptying(const Request& request, const Caller& caller,
                                   const Context& context) {
    auto known = item_filter_parameters();
    known.insert({"confirm", "reason", "dryRun", "expect"});
    request.target.query.only(known, {"resource"});
    trash::EmptyOptions options;
    options.expect = expected(request);
    // what an operation has purged before it was begun anew
    if (options.expect && context.operation) *options.expect -= context.operation->operation().done;
    options.filter = parse_item_filter(request, caller, context, Right::kPurge);
    whole_groups_only(caller, context, Right::kPurge, options.filter);
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
    if (request.target.query.flag("dryRun")) return counted(counts);
    if (!request.target.query.flag("confirm")) throw PurgeUnconfirmed(counts);
    const auto most = most_rows(request, context);
    if (options.expect && counts.items != *options.expect)
        throw trash::UnexpectedCount(*options.expect, counts.items);
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

namespace {

// Items of a list on their way into the answer, each with its object where that was asked for.
class ItemWriter {
  public:
    ItemWriter(const Request& request, const Caller& caller, const Context& context)
        : context_(context), expansion_(expansion_of(request, false)) {
        if (expansion_.references) references_.emplace(request, caller, context);
    }

    void begin(const trash::Item& item) {
        end();
        const auto json = item_json(item, *context_.resources, false);
        elements_.add({without_brace(json)});
        if (expansion_.object) elements_.append(",\"object\":");
        if (references_) references_->begin(context_.resources->catalog()->table(item.table), true);
        open_ = true;
    }
    void piece(std::string_view json) {
        if (expansion_.object) elements_.append(json);
        if (references_) references_->piece(json);
    }
    std::shared_ptr<Spool> finish() {
        end();
        auto all = elements_.finish();
        return references_ ? references_->filled_in(*all) : all;
    }

  private:
    void end() {
        if (!std::exchange(open_, false)) return;
        elements_.append("}");
        if (references_) references_->end({elements_.spool().size() - 1});
    }

    const Context& context_;
    Expansion expansion_;
    JsonArray elements_;
    std::optional<RowReferences> references_;
    bool open_ = false;
};

}  // namespace

Response list_items(const Request& request, const Caller& caller, const Context& context) {
    auto known = item_filter_parameters();
    known.insert({"limit", "cursor", "count", "expand", "sort", "text", "orphaned", "parent"});
    request.target.query.only(known, {"resource"});
    auto asked = parse_items(request, caller, context);
    ItemWriter writer(request, caller, context);
    asked.object = [&](std::string_view piece) { writer.piece(piece); };
    const auto page =
        context.trash->list(asked, [&](const trash::Item& item) { writer.begin(item); });
    Response reply;
    add_links(reply, request, asked, page);
    if (page.partial) reply.headers.emplace_back("X-Partial", "true");
    if (page.total) reply.headers.emplace_back("X-Total-Count", std::to_string(*page.total));
    reply.spool = writer.finish();
    return reply;
}

Response get_item(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"expand"});
    const auto expansion = expansion_of(request, true);
    const auto id = trash_item_id(request);
    need_on_item(caller, context, Right::kViewTrash, id);
    auto spool = std::make_shared<Spool>();
    std::optional<RowReferences> references;
    if (expansion.references) references.emplace(request, caller, context);
    std::string group_id;
    context.trash->item(id, {[&](const trash::Item& item) {
                                 group_id = item.group_id;
                                 const auto json = item_json(item, *context.resources, false);
                                 spool->append(without_brace(json));
                                 spool->append(",\"object\":");
                                 if (references)
                                     references->begin(
                                         context.resources->catalog()->table(item.table), true);
                             },
                             [&](std::string_view piece) {
                                 spool->append(piece);
                                 if (references) references->piece(piece);
                             }});
    if (expansion.group) spool->append(",\"group\":" + group_json(caller, context, group_id));
    spool->append("}");
    if (references) {
        references->end({spool->size() - 1});
        spool = references->filled_in(*spool);
    }
    Response reply;
    give_body(reply, std::move(spool));
    return reply;
}

namespace {

trash::PurgeOptions parse_purge(const Request& request, const Caller& caller,
                                const Context& context) {
    const auto only = request.target.query.text("only");
    if (only && *only != "member") throw Error(Code::kBadRequest, "'only' must be member");
    trash::PurgeOptions options;
    options.check = check_of(caller, context, {Right::kPurge});
    options.only_member = only.has_value();
    options.descendants = with_descendants(request);
    if (only && options.descendants)
        throw Error(Code::kBadRequest,
                    "'with=descendants' is of whole groups; leave 'only' or 'with' out");
    options.dry_run = request.target.query.flag("dryRun");
    options.expect = expected(request);
    if (!options.dry_run) options.most = most_rows(request, context);
    return options;
}

}  // namespace

Response purge_item(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"only", "with", "dryRun", "expect", "reason"});
    auto options = parse_purge(request, caller, context);
    const auto id = trash_item_id(request);
    need_on_group(caller, context, Right::kPurge, id);
    if (options.dry_run) {
        const auto purged = context.trash->purge(id, actor_of(request, caller), options);
        if (!purged.whole) return counted({0, purged.rows});
        const auto reach = reach_of(caller, context, Right::kViewTrash);
        return foreseen(purged, context.trash->referrers(id, reach), *context.resources,
                        options.descendants);
    }
    auto later = [&] {
        return accept(request, caller, context, "purge", context.trash->item(id, false).group_size);
    };
    if (wants_async(request, context)) return later();
    auto replied = [](const trash::Purged& purged) {
        return Response{204, "", "", {{"X-Purge-Receipt", purged.receipt}}};
    };
    if (context.operation || context.key_claim)
        options.at_end = [&](schema::Transaction& transaction, const trash::Purged& purged) {
            if (context.operation)
                context.operation->end(transaction, purged.rows, receipt_json(purged));
            keep_reply(context, transaction, replied(purged));
        };
    try {
        return replied(context.trash->purge(id, actor_of(request, caller), options));
    } catch (const trash::TooLarge&) {
        return later();
    }
}

namespace {

// The time, or nothing for null.
std::optional<std::string> parse_expiry(const Json& body) {
    only_members(body, "a change of a TrashItem", {"expiresAt"});
    const auto* expires = body.member("expiresAt");
    if (!expires) throw Error(Code::kBadRequest, "the body must have 'expiresAt': a time, or null");
    return time_member(body, "expiresAt");
}

}  // namespace

Response change_item(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"reason"});
    const auto id = trash_item_id(request);
    const auto body = parse_body(request, context);
    need_on_group(caller, context, Right::kPurge, id);
    const auto expires = parse_expiry(body);
    try {
        const auto item = context.trash->set_expiry(
            id, expires, check_of(caller, context, {Right::kPurge}), actor_of(request, caller));
        Response reply;
        reply.body = item_json(item, *context.resources, false);
        return reply;
    } catch (const Error& error) {
        if (!is_bad_key(error)) throw;
        throw Error(Code::kInvalid, "'expiresAt' must be a time that exists");
    }
}

}  // namespace trashd::service
