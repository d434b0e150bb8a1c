// POST, PATCH and PUT of live rows. What lies in the trash is said to lie there, or taken out of it
// where that is asked for.
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/restore_group.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/row_rights.hpp"
#include "service/writing/row_change.hpp"
#include "service/writing/row_insert.hpp"
#include "service/writing/trashed_writes.hpp"
#include "trash/rows/conditions.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

namespace {

void need_live(const Write& write, const char* in_trash) {
    const auto& request = write.request;
    const trash::RowAddress address{*request.resource->table, object_id(request),
                                    writable_rows(request, write.caller, write.context)};
    write.context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        if (!trash::read_row(transaction, address.table, {address.id, {}, address.own}))
            refuse_missing(write, transaction, address, in_trash);
    });
}

// Of a trashed object it is told how that would be a restore; of a live one it is no column.
void look_at_deleted_at(const Request& request, const Caller& caller, const Context& context,
                        const Json& body) {
    if (!body.member(trash::kDeletedAtName) ||
        request.resource->table->column(trash::kDeletedAtName))
        return;
    need_on_row(request, caller, context, Right::kWrite, object_id(request));
    need_live({request, caller, context},
              "the object is in the trash; restore it first, or add ?deleted=true, with which "
              "{\"deletedAt\": null} restores it");
}

Response update(const Request& request, const Caller& caller, const Context& context,
                const Json& body, Setting setting) {
    look_at_deleted_at(request, caller, context, body);
    const auto change = change_of(request, caller, context, {object_id(request), body, setting});
    need_on_row(request, caller, context, Right::kWrite, change.address.id);
    Write write{request, caller, context, &change.key};
    write.id = change.address.id;
    return run_write(write, [&](schema::Transaction& transaction) {
        write.found = false;
        return changed(write, transaction, change_row(write, transaction, change));
    });
}

Response patch(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"deleted", "trash"});
    refuse_untrusted(request, context, &schema::Trigger::on_update);
    return update(request, caller, context, parse_body(request, context), Setting::kMerge);
}

bool asks_back(const Json& body) {
    const auto* deleted_at = body.member(trash::kDeletedAtName);
    return body.members.size() == 1 && deleted_at && deleted_at->kind == Json::Kind::kNull;
}

// {"deletedAt": null}, and nothing else, takes an object out of the trash.
Response take_back(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"deleted", "trash", "with", "dryRun", "lossy"});
    const auto options = restore_options(request, caller, context);
    const auto body = parse_body(request, context);
    if (!asks_back(body))
        throw Error(Code::kBadRequest,
                    "an object in the trash takes {\"deletedAt\": null} alone, which restores it");
    const auto item = context.trash->find(request.resource->table->name, object_id(request), false);
    if (!item) throw not_found(request);
    return restore_group(request, caller, context, item->id, options);
}

// With trash=true live and trashed ones are meant, the live one first.
Response patch_either(const Request& request, const Caller& caller, const Context& context) {
    if (asks_back(parse_body(request, context)) && !is_live(request, context, object_id(request)))
        return take_back(request, caller, context);
    caller.access.need(Right::kWrite, *request.resource);
    return patch(request, caller, context);
}

}  // namespace

Response create_objects(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({"trashed"});
    const auto trashed = parse_trashed(request);
    refuse_untrusted(request, context, &schema::Trigger::on_insert);
    if (trashed == Trashed::kRestore)
        refuse_untrusted(request, context, &schema::Trigger::on_update);
    const auto body = parse_body(request, context);
    if (trashed == Trashed::kRestore) return create_restoring(request, caller, context, body);
    NewRows made{{}, body.kind == Json::Kind::kArray, trashed == Trashed::kReplace};
    for (auto& one : given_objects(request, caller, context, body))
        made.rows.push_back({std::move(one)});
    Write write{request, caller, context, &made.rows.front().values};
    return run_write(
        write, [&](schema::Transaction& transaction) { return insert(write, transaction, made); });
}

Response patch_object(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    const auto& query = request.target.query;
    if (query.flag("deleted")) return take_back(request, caller, context);
    return query.flag("trash") ? patch_either(request, caller, context)
                               : patch(request, caller, context);
}

Response put_object(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    if (request.target.query.flag("deleted"))
        throw Error(Code::kBadRequest, "only PATCH takes 'deleted=true'");
    request.target.query.only({"deleted", "trashed"});
    const auto trashed = parse_trashed(request);
    refuse_untrusted(request, context, &schema::Trigger::on_update);
    if (trashed == Trashed::kReplace)
        refuse_untrusted(request, context, &schema::Trigger::on_insert);
    const auto body = parse_body(request, context);
    if (trashed == Trashed::kRestore) return put_restoring(request, caller, context, body);
    if (trashed == Trashed::kReplace) return put_beside(request, caller, context, body);
    return update(request, caller, context, body, Setting::kReplace);
}

}  // namespace trashd::service
