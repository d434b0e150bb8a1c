// Keys are told without their text, which is given only once, by who makes them.
#include "service/requests/key_request.hpp"

#include <algorithm>

#include "schema/error.hpp"
#include "schema/text.hpp"

namespace trashd::service {

void check_name(const trash::NewKey& wanted) {
    const auto& name = wanted.name;
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (name.empty() || name.size() > 100 || std::ranges::any_of(name, control))
        throw Error(Code::kBadRequest, "a name has from 1 to 100 bytes and no control characters");
}

void check_roles(const Config& config, const trash::NewKey& wanted) {
    std::vector<std::string> known;
    for (const auto& [name, role] : config.roles) known.push_back(name);
    for (const auto& role : config.access.roles) known.push_back(role);
    for (const auto& role : wanted.roles)
        if (std::ranges::count(known, role) == 0)
            throw Error(Code::kBadRequest,
                        "there is no role '" + role + "' in the configuration; it has " +
                            (known.empty() ? "none" : schema::join(known, ", ")));
}

std::string_view key_state(const trash::Key& key) {
    if (key.revoked_at) return "revoked";
    return key.expired ? "expired" : "valid";
}

void write_key(JsonWriter& out, const trash::Key& key) {
    out.key("id").text(key.id);
    out.key("name").text(key.name);
    out.key("state").text(std::string(key_state(key)));
    out.key("roles").StartArray();
    for (const auto& role : key.roles) out.text(role);
    out.EndArray();
    out.key("tenant").text_or_null(key.tenant);
    out.key("createdAt").text(key.created_at);
    out.key("createdBy").text_or_null(key.created_by);
    out.key("expiresAt").text_or_null(key.expires_at);
    out.key("revokedAt").text_or_null(key.revoked_at);
    out.key("revokedBy").text_or_null(key.revoked_by);
    out.key("usedOn").text_or_null(key.used_on);
}

}  // namespace trashd::service
