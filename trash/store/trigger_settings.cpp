#include "trash/store/trigger_settings.hpp"

#include "schema/session/result.hpp"
#include "trash/model/actor.hpp"

namespace trashd::trash {

schema::Statement told(const std::string& action, const std::string& group_uuid,
                       const Actor& actor) {
    return {
        "SELECT pg_catalog.set_config('trashd.action', $1, true), "
        "pg_catalog.set_config('trashd.group', $2, true), "
        "pg_catalog.set_config('trashd.principal', $3, true), "
        "pg_catalog.set_config('trashd.reason', $4, true), "
        "pg_catalog.set_config('trashd.request', $5, true)",
        {action, group_uuid, actor.by, actor.reason.value_or(""), actor.request_id.value_or("")}};
}

}  // namespace trashd::trash
