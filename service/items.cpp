#include "service/cursor.hpp"
#include "service/handlers.hpp"
#include "service/http_error.hpp"

namespace trashd::service {

namespace {

std::string item_id(const Call& call) {
    auto id = percent_decode(call.raw_id);
    if (!is_uuid(id)) throw Error(Code::kNotFound, "there is no such TrashItem");
    return id;
}

bool expand(const Call& call) {
    auto what = call.target.query.text("expand");
    if (what && *what != "object") throw Error(Code::kBadRequest, "'expand' must be object");
    return what.has_value();
}

trash::RestoreOptions restore_options(const Call& call) {
    const auto& query = call.target.query;
    query.only({"with", "dryRun", "lossy"});
    auto with = query.text("with");
    if (with && *with != "ancestors") throw Error(Code::kBadRequest, "'with' must be ancestors");
    return {with.has_value(), query.flag("lossy"), query.flag("dryRun")};
}

}  // namespace

Reply list_items(const Call& call) {
    call.target.query.only({"limit", "cursor", "expand"});
    const auto with_object = expand(call);
    Cursor from;
    if (auto text = call.target.query.text("cursor")) {
        from = decode_cursor(*text);
        if (!from.trashed) throw Error(Code::kBadRequest, "the cursor is not one of this list");
    }
    auto after = from.values.empty() ? "" : from.values.front();
    auto page = call.trash->list(limit_of(call), after, with_object);
    JsonArray elements;
    for (const auto& item : page.items) elements.add(item_json(item, *call.resources, with_object));
    Reply reply;
    reply.spool = elements.finish();
    if (page.more && !page.items.empty())
        link_next(reply, call, encode_cursor({true, {page.items.back().id}}));
    return reply;
}

Reply get_item(const Call& call) {
    call.target.query.only({"expand"});
    expand(call);
    Reply reply;
    reply.body = item_json(call.trash->item(item_id(call), true), *call.resources, true);
    return reply;
}

Reply purge_item(const Call& call) {
    refuse_foreign(call);
    call.target.query.only({});
    call.trash->purge(item_id(call), context_of(call));
    return {204, "", "", {}};
}

// GET restores because primaERP documents it so; HEAD asks what GET would answer and must not.
Reply restore_item(const Call& call) {
    if (call.head || (call.safe && !call.config->restore_by_get)) throw WrongVerb("POST");
    refuse_foreign(call);
    const auto options = restore_options(call);
    Reply reply;
    reply.body = restored_json(call.trash->restore(item_id(call), options, context_of(call)),
                               *call.resources);
    return reply;
}

}  // namespace trashd::service
