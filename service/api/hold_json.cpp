#include "service/api/hold_json.hpp"

#include "service/api/json.hpp"
#include "service/config/resources.hpp"
#include "trash/model/hold.hpp"

namespace trashd::service {

void write_hold(JsonWriter& out, const trash::Hold& hold, const Resources& resources) {
    out.StartObject();
    out.key("id").text(hold.id);
    out.key("at").text(hold.at);
    out.key("by").text(hold.by);
    out.key("reason").text(hold.reason);
    out.key("until").text_or_null(hold.until);
    out.key("inForce").Bool(hold.in_force);
    if (hold.group_id) out.key("groupId").text(*hold.group_id);
    if (hold.table) out.key("resource").text(resources.path_of(*hold.table));
    if (hold.object_id) out.key("objectId").text(*hold.object_id);
    if (hold.condition) out.key("where").raw(*hold.condition);
    if (hold.table) out.key("objects").Int64(hold.objects);
    if (hold.released_at) {
        out.key("releasedAt").text(*hold.released_at);
        out.key("releasedBy").text(hold.released_by.value_or(""));
        out.key("releaseReason").text_or_null(hold.release_reason);
    }
    out.EndObject();
}

void write_holds(JsonWriter& out, const std::vector<trash::Hold>& holds,
                 const Resources& resources) {
    out.StartArray();
    for (const auto& hold : holds) write_hold(out, hold, resources);
    out.EndArray();
}

}  // namespace trashd::service
