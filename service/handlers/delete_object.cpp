#include "service/api/actor.hpp"
#include "service/api/async_requests.hpp"
#include "service/api/cross_site.hpp"
#include "service/api/delete_request.hpp"
#include "service/api/idempotency.hpp"
#include "service/api/object_id.hpp"
#include "service/api/problem.hpp"
#include "service/api/redaction.hpp"
#include "service/api/row_rights.hpp"
#include "service/handlers/handlers.hpp"

namespace trashd::service {

namespace {

constexpr const char* kKind = "delete";

// Of what is not live: nothing would move when it is in the trash, else it is not there.
std::optional<trash::Impact> find_impact(const Call& call, const std::vector<std::string>& id,
                                         bool cascade) {
    try {
        return call.trash->impact(call.resource->table->name, id, cascade);
    } catch (const Error& error) {
        if (error.code() != Code::kNotFound) throw;
        return std::nullopt;
    }
}

// What is in the trash already tells as little to whom it does not belong as what is nowhere.
void need_on_trashed(const Call& call, const trash::Item& item) {
    if (!call.access.allows(Right::kTrash, *call.resource))
        need_on_item(call, Right::kTrash, item.id);
}

// An operation is not begun on what is not there, which would tell it from what may not be seen.
void need_there(const Call& call, const std::vector<std::string>& id) {
    if (has_row(call, Right::kTrash, id)) return;
    const auto item = call.trash->find(call.resource->table->name, id, false);
    if (!item) throw not_found(call);
    need_on_trashed(call, *item);
}

// Which rows it would take, and what triggers do, shows only when it takes them; then nothing is
// kept of it. Gives the rows that triggers would write.
std::vector<trash::TableCount> rehearse(const Call& call, const std::vector<std::string>& id,
                                        const DeleteRequest& wish) {
    struct Rehearsed {};
    std::vector<trash::TableCount> written;
    trash::DeleteOptions options{wish.cascade, wish.hard, wish.if_match, {}, {}, wish.check};
    options.at_end = [&](schema::Transaction&, const trash::DeleteResult& result) {
        written = result.written;
        throw Rehearsed{};
    };
    try {
        call.trash->remove(call.resource->table->name, id, options, actor_of(call));
    } catch (const Rehearsed&) {
    } catch (const trash::Blocked&) {  // which the impact says too
    } catch (const Error& error) {
        if (error.code() != Code::kNotFound) throw;
    }
    return written;
}

Response dry_run(const Call& call, const std::vector<std::string>& id, const DeleteRequest& wish,
                 std::vector<trash::TableCount> written) {
    auto impact = find_impact(call, id, wish.cascade);
    if (!impact) {
        auto item = call.trash->find(call.resource->table->name, id, false);
        if (!item) throw not_found(call);
        need_on_trashed(call, *item);
        impact = trash::Impact{item->table, item->object_id, 0, {}, {}};
    }
    impact->written = std::move(written);
    Response reply;
    reply.body = impact_json(redact(call, *impact), *call.resources);
    return reply;
}

// A repeated delete changes nothing, so it needs neither confirmation nor reason.
void ask_for_what_is_missing(const Call& call, const std::vector<std::string>& id,
                             const DeleteRequest& wish) {
    const bool no_confirm = lacks_confirm(call, wish);
    if (!no_confirm && !lacks_reason(call)) return;
    auto impact = find_impact(call, id, wish.cascade);
    if (!impact && !call.trash->find(call.resource->table->name, id, false)) throw not_found(call);
    if (!impact && !wish.hard) return;
    if (no_confirm) throw ConfirmationRequired(impact);
    throw reason_required();
}

// Without it where another request has restored or purged it since.
trash::Item item_with_object(const Call& call, const trash::Item& item) {
    try {
        return call.trash->item(item.id, true);
    } catch (const Error& error) {
        if (error.code() != Code::kGone) throw;
        return item;
    }
}

Response render(const Call& call, const trash::DeleteResult& result, const DeleteRequest& wish) {
    Response reply{204, "", "", {}};
    if (!result.item) return reply;
    const auto& item = *result.item;
    reply.headers.emplace_back("Location", "/v1/trash/" + item.id);
    reply.headers.emplace_back("X-Trash-Group", item.group_id);
    const bool visible = call.access.as_far(Right::kViewTrash, Right::kTrash, *call.resource);
    if (!wish.represent || !visible) return reply;
    reply.status = 200;
    reply.type = "application/json";
    reply.headers.emplace_back("Preference-Applied", "return=representation");
    reply.body =
        deleted_json(item_with_object(call, item), redact(call, result.written), *call.resources);
    return reply;
}

std::string result_json(const trash::DeleteResult& result) {
    JsonWriter out;
    out.StartObject();
    out.key("location").text("/v1/trash/" + result.item->id);
    out.key("groupId").text(result.item->group_id);
    out.EndObject();
    return out.take();
}

trash::DeleteOptions options_of(const Call& call, const DeleteRequest& wish) {
    trash::DeleteOptions options{wish.cascade,       wish.hard, wish.if_match,
                                 most_deleted(call), {},        wish.check};
    if (!call.operation && !call.key_claim) return options;
    options.at_end = [&](schema::Transaction& transaction, const trash::DeleteResult& result) {
        std::optional<std::string> json;
        if (result.item) json = result_json(result);
        if (call.operation) call.operation->end(transaction, result.rows, json);
        if (!wish.represent) keep_reply(call, transaction, render(call, result, wish));
    };
    return options;
}

Response execute(const Call& call, const DeleteRequest& wish) {
    const auto id = object_id(call);
    const bool live = need_on_row(call, Right::kTrash, id);
    if (wish.hard) need_on_row(call, Right::kPurge, id);
    if (!live)
        if (const auto item = call.trash->find(call.resource->table->name, id, false))
            need_on_trashed(call, *item);
    std::vector<trash::TableCount> written;
    if (must_rehearse(call, wish)) written = rehearse(call, id, wish);
    if (wish.dry_run) return dry_run(call, id, wish, std::move(written));
    ask_for_what_is_missing(call, id, wish);
    const auto impact = [&] { return find_impact(call, id, wish.cascade); };
    if (wants_async(call)) {
        need_there(call, id);
        return accept_delete(call, kKind, impact);
    }
    if (call.operation)
        if (const auto found = impact()) call.operation->set_total(found->total);
    try {
        const auto result = call.trash->remove(call.resource->table->name, id,
                                               options_of(call, wish), actor_of(call));
        if (result.already && result.item) need_on_trashed(call, *result.item);
        return render(call, result, wish);
    } catch (const trash::TooLarge&) {
        return delete_too_large(call, kKind, impact);
    }
}

}  // namespace

Response remove_object(const Call& call) {
    refuse_foreign(call);
    auto wish = parse_delete(call);
    need_on_taken(call, wish);
    return execute(call, wish);
}

}  // namespace trashd::service
