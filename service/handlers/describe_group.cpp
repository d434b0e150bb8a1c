// A group at once: its root, how many rows of what went with it, and what may be done with it.
#include <algorithm>

#include "schema/session/transaction.hpp"
#include "service/api/hold_json.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/handlers/group_json.hpp"
#include "service/handlers/handlers.hpp"
#include "service/http/url.hpp"
#include "service/parsing/cursor.hpp"
#include "service/rights/redaction.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/model/group.hpp"
#include "trash/records/holds.hpp"

namespace trashd::service {

namespace {

Error no_such_group() {
    return {Code::kNotFound, "there is no such group"};
}

void write_counts(JsonWriter& out, const std::vector<trash::ReferenceCount>& counts,
                  const Resources& resources) {
    out.StartArray();
    for (const auto& one : counts) {
        out.StartObject();
        out.key("resource").text(resources.path_of(one.table));
        out.key("count").Int64(one.count);
        out.key("constraint").text_or_null(one.constraint);
        out.EndObject();
    }
    out.EndArray();
}

// What one right lacks; a row beyond reach lacks it on its table.
std::vector<Missing> missing_for(const Caller& caller, const Context& context, Right right,
                                 const trash::GroupDetails& group, const trash::WholeGroup& whole) {
    auto missing = caller.access.lacking({right}, *context.resources, group.tables);
    if (missing.empty() && whole.beyond) {
        const auto* resource = context.resources->of(*whole.beyond);
        missing.push_back({right, resource ? encode_path(resource->path) : "*"});
    }
    return missing;
}

void write_missing(JsonWriter& out, const std::vector<Missing>& missing) {
    out.StartArray();
    for (const auto& one : missing) {
        out.StartObject();
        out.key("right").text(std::string(right_name(one.right)));
        out.key("resource").text(one.resource);
        out.EndObject();
    }
    out.EndArray();
}

// Of a group that has ended nothing may be done, and nothing is missing for it.
void write_may(JsonWriter& out, const Caller& caller, const Context& context,
               const trash::GroupDetails& group) {
    std::vector<Missing> restore, purge;
    if (group.state == "trashed") {
        restore = missing_for(caller, context, Right::kRestore, group, group.restored);
        purge = missing_for(caller, context, Right::kPurge, group, group.purged);
    }
    out.key("may").StartObject();
    out.key("restore").Bool(group.restored.within && restore.empty());
    out.key("purge").Bool(group.purged.within && purge.empty());
    restore.insert(restore.end(), purge.begin(), purge.end());
    write_missing(out.key("missing"), restore);
    out.EndObject();
}

void write_group(JsonWriter& out, const Caller& caller, const Context& context,
                 const trash::GroupDetails& group) {
    const auto& root = group.root;
    out.StartObject();
    out.key("id").text(root.group_id);
    out.key("state").text(group.state);
    out.key("root");
    if (group.root_seen)
        write_item(out, root, *context.resources, false);
    else
        out.Null();
    out.key("size").Int64(root.group_size);
    if (root.partly) out.key("partly").Bool(true);
    out.key("createdAt").text(root.created_at);
    out.key("deletedBy").text(root.deleted_by);
    write_name(out, "deletedByName", root.deleted_by_name);
    out.key("reason").text_or_null(root.reason);
    out.key("expiresAt").text_or_null(root.expires_at);
    out.key("endedAt").text_or_null(group.ended_at);
    out.key("endedBy").text_or_null(group.ended_by);
    write_name(out, "endedByName", group.ended_by_name);
    write_counts(out.key("counts"), group.counts, *context.resources);
    write_counts(out.key("links"), group.links, *context.resources);
    std::vector<trash::Hold> holds;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        holds = trash::holds_of(transaction, context.trash->schema_name(), root.group_id);
    });
    write_holds(out.key("holds"), holds, *context.resources);
    write_may(out, caller, context, group);
    out.EndObject();
}

}  // namespace

std::string group_json(const Caller& caller, const Context& context, const std::string& group_id) {
    auto group = context.trash->group(group_id, {reach_of(caller, context, Right::kViewTrash),
                                                 reach_of(caller, context, Right::kRestore),
                                                 reach_of(caller, context, Right::kPurge)});
    if (!group.root_seen && group.counts.empty()) throw no_such_group();
    group.links = redact(caller, context, std::move(group.links));
    JsonWriter out;
    write_group(out, caller, context, group);
    return out.take();
}

Response get_group(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({});
    const auto id = percent_decode(request.raw_id);
    if (!is_uuid(id)) throw no_such_group();
    Response reply;
    reply.body = group_json(caller, context, id);
    return reply;
}

}  // namespace trashd::service
