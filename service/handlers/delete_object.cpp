// DELETE of one object. A repeated one changes nothing and is answered alike, and a dry run is the
// delete itself, rolled back, where only trying tells what triggers would do.
#include <fmt/format.h>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/problem.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/undo_link.hpp"
#include "service/parsing/object_id.hpp"
#include "service/requests/async_requests.hpp"
#include "service/requests/delete_request.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

constexpr const char* kKind = "delete";

// One delete of one object: who asks for what, and of which row.
struct Deletion {
    const Request& request;
    const Caller& caller;
    const Context& context;
    const DeleteRequest asked;
    const std::vector<std::string> id;

    const Resource& resource() const { return *request.resource; }
    const schema::QualifiedName& table() const { return resource().table->name; }
    trash::Trash& trash() const { return *context.trash; }
};

// What a delete that was tried has done.
struct Foreseen {
    std::vector<trash::TableCount> written;
    trash::Descendants descendants;
};

// What is in the trash already tells as little to whom it does not belong as what is nowhere.
void need_on_trashed(const Deletion& deletion, const trash::Item& item) {
    if (!deletion.caller.access.allows(Right::kTrash, deletion.resource()))
        need_on_item(deletion.caller, deletion.context, Right::kTrash, item.id);
}

// The newest item of the object; nothing: none is in the trash. Throws Error kNotFound where it is
// not of who asks.
std::optional<trash::Item> find_trashed(const Deletion& deletion) {
    auto item = deletion.trash().find(deletion.table(), deletion.id, false);
    if (item) need_on_trashed(deletion, *item);
    return item;
}

void authorize(const Deletion& deletion) {
    const auto& [request, caller, context, asked, id] = deletion;
    const bool live = need_on_row(request, caller, context, Right::kTrash, id);
    if (is_for_good(request, asked)) need_on_row(request, caller, context, Right::kPurge, id);
    if (!live) find_trashed(deletion);
}

// Of what is not live: nothing would move when it is in the trash, else it is not there.
std::optional<trash::Impact> find_impact(const Deletion& deletion) {
    try {
        return deletion.trash().impact(deletion.table(), deletion.id, deletion.asked.cascade);
    } catch (const Error& error) {
        if (error.code() != Code::kNotFound) throw;
        return std::nullopt;
    }
}

// An operation is not begun on what is not there, which would tell it from what may not be seen.
void need_there(const Deletion& deletion) {
    const auto& [request, caller, context, asked, id] = deletion;
    if (has_row(request, caller, context, Right::kTrash, id)) return;
    if (!find_trashed(deletion)) throw not_found(request);
}

// Which rows it would take, and what triggers do, shows only when it takes them; then nothing is
// kept of it. Gives the rows that triggers would write, and what hangs on it in the trash.
Foreseen rehearse(const Deletion& deletion) {
    const auto& asked = deletion.asked;
    Foreseen foreseen;
    trash::DeleteOptions options{asked.cascade, asked.hard, asked.if_match, {}, {}, asked.check};
    options.descendants = asked.descendants;
    options.check_descendants = asked.check_descendants;
    options.at_end = [&](schema::Transaction& transaction, const trash::DeleteResult& result) {
        foreseen.written = result.written;
        foreseen.descendants = result.descendants;
        transaction.roll_back();
    };
    try {
        deletion.trash().remove(deletion.table(), deletion.id, options,
                                actor_of(deletion.request, deletion.caller));
    } catch (const trash::Blocked&) {  // which the impact says too
    } catch (const Error& error) {
        if (error.code() != Code::kNotFound) throw;
    }
    return foreseen;
}

void add_descendants(std::string& impact, const trash::Descendants& descendants) {
    impact = std::string(without_brace(impact)) +
             fmt::format(",\"descendants\":{{\"groups\":{},\"items\":{}}}}}", descendants.groups,
                         descendants.items);
}

Response dry_run(const Deletion& deletion, Foreseen foreseen) {
    auto impact = find_impact(deletion);
    if (!impact) {
        const auto item = find_trashed(deletion);
        if (!item) throw not_found(deletion.request);
        impact = trash::Impact{item->table, item->object_id, 0, {}, {}};
    }
    impact->written = std::move(foreseen.written);
    Response reply;
    reply.body = impact_json(redact(deletion.caller, deletion.context, *impact),
                             *deletion.context.resources);
    if (deletion.asked.descendants) add_descendants(reply.body, foreseen.descendants);
    return reply;
}

// A repeated delete changes nothing, so it needs neither confirmation nor reason.
void ask_for_what_is_missing(const Deletion& deletion) {
    const auto& [request, caller, context, asked, id] = deletion;
    const bool no_confirm = lacks_confirm(request, asked);
    if (!no_confirm && !lacks_reason(request)) return;
    auto impact = find_impact(deletion);
    if (!impact && !deletion.trash().find(deletion.table(), id, false)) throw not_found(request);
    if (!impact && !asked.hard) return;
    if (no_confirm) throw ConfirmationRequired(impact);
    throw reason_required();
}

// Without it where another request has restored or purged it since.
trash::Item item_with_object(const Deletion& deletion, const trash::Item& item) {
    try {
        return deletion.trash().item(item.id, true);
    } catch (const Error& error) {
        if (error.code() != Code::kGone) throw;
        return item;
    }
}

// As far as who asks may see it.
trash::DeleteResult seen_of(const Caller& caller, const Context& context,
                            const trash::DeleteResult& result) {
    auto seen = result;
    seen.written = redact(caller, context, result.written);
    seen.dropped = redact(caller, context, result.dropped);
    return seen;
}

Response render(const Deletion& deletion, const trash::DeleteResult& result) {
    const auto& [request, caller, context, asked, id] = deletion;
    Response reply{204, "", "", {}};
    if (!result.item) return reply;
    const auto& item = *result.item;
    reply.headers.emplace_back("Location", "/v1/trash/" + item.id);
    reply.headers.emplace_back("X-Trash-Group", item.group_id);
    add_undo(reply, result.entry);
    const bool visible =
        caller.access.as_far(Right::kViewTrash, Right::kTrash, deletion.resource());
    if (!asked.represent || !visible) return reply;
    reply.status = 200;
    reply.type = "application/json";
    reply.headers.emplace_back("Preference-Applied", "return=representation");
    reply.body = deleted_json(item_with_object(deletion, item), seen_of(caller, context, result),
                              *context.resources);
    return reply;
}

std::string result_json(const trash::DeleteResult& result) {
    JsonWriter out;
    out.StartObject();
    out.key("location").text("/v1/trash/" + result.item->id);
    out.key("groupId").text(result.item->group_id);
    if (!result.entry.empty()) write_undo(out.key("undo"), result.entry);
    out.EndObject();
    return out.take();
}

// Where the answer is kept, or is an operation's, it commits together with the delete.
trash::DeleteOptions options_of(const Deletion& deletion) {
    const auto& [request, caller, context, asked, id] = deletion;
    trash::DeleteOptions options{
        asked.cascade, asked.hard, asked.if_match, most_deleted(request, caller, context), {},
        asked.check};
    options.descendants = asked.descendants;
    options.check_descendants = asked.check_descendants;
    if (!context.operation && !context.key_claim) return options;
    options.at_end = [&deletion](schema::Transaction& transaction,
                                 const trash::DeleteResult& result) {
        auto* operation = deletion.context.operation;
        std::optional<std::string> json;
        if (result.item) json = result_json(result);
        if (operation) operation->end(transaction, result.rows, json);
        if (!deletion.asked.represent)
            keep_reply(deletion.context, transaction, render(deletion, result));
    };
    return options;
}

Response execute(const Deletion& deletion) {
    const auto& [request, caller, context, asked, id] = deletion;
    const auto impact = [&deletion] { return find_impact(deletion); };
    if (wants_async(request, context)) {
        need_there(deletion);
        return accept_delete(request, caller, context, kKind, impact);
    }
    if (context.operation)
        if (const auto found = impact()) context.operation->set_total(found->total);
    try {
        const auto result = deletion.trash().remove(deletion.table(), id, options_of(deletion),
                                                    actor_of(request, caller));
        if (result.already && result.item) need_on_trashed(deletion, *result.item);
        return render(deletion, result);
    } catch (const trash::TooLarge&) {
        return delete_too_large(request, caller, context, kKind, impact);
    }
}

}  // namespace

// It parses, authorizes, plans, executes and renders, in this order.
Response remove_object(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    auto asked = parse_delete(request, {"with"});
    need_on_taken(request, caller, context, asked);
    const Deletion deletion{request, caller, context, std::move(asked), object_id(request)};
    authorize(deletion);
    Foreseen foreseen;
    if (must_rehearse(request, context, deletion.asked)) foreseen = rehearse(deletion);
    if (deletion.asked.dry_run) return dry_run(deletion, std::move(foreseen));
    ask_for_what_is_missing(deletion);
    return execute(deletion);
}

}  // namespace trashd::service
