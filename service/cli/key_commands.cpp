// `trashd key`: makes, lists and revokes API keys. A key's text is shown once, when it is made; the
// database holds a hash of it alone.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "schema/text.hpp"
#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "trash/store/api_keys.hpp"
#include "trash/store/migrate.hpp"

namespace trashd::service {

namespace {

// Keys before there is any service: the first one may be made before the first start.
class KeyStore {
  public:
    explicit KeyStore(const Config& config)
        : database_(config), keys_(database_.pool(), config.trash_schema) {
        auto lease = database_.pool().lease();
        trash::migrate(lease.connection(), config.trash_schema);
    }
    trash::Keys* operator->() { return &keys_; }

  private:
    LocalDatabase database_;
    trash::Keys keys_;
};

std::string state_of(const trash::Key& key) {
    if (key.revoked_at) return "revoked";
    return key.expired ? "expired" : "valid";
}

void write_key(JsonWriter& out, const trash::Key& key) {
    out.key("id").text(key.id);
    out.key("name").text(key.name);
    out.key("state").text(state_of(key));
    out.key("roles").StartArray();
    for (const auto& role : key.roles) out.text(role);
    out.EndArray();
    out.key("tenant").text_or_null(key.tenant);
    out.key("createdAt").text(key.created_at);
    out.key("expiresAt").text_or_null(key.expires_at);
    out.key("revokedAt").text_or_null(key.revoked_at);
    out.key("usedOn").text_or_null(key.used_on);
}

std::string json_of(const std::vector<trash::Key>& keys) {
    JsonWriter out;
    out.StartArray();
    for (const auto& key : keys) {
        out.StartObject();
        write_key(out, key);
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

std::string json_of(const trash::MadeKey& made) {
    JsonWriter out;
    out.StartObject();
    out.key("key").text(made.text);
    write_key(out, made.key);
    out.EndObject();
    return out.take();
}

void check_name(const std::string& name) {
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (name.empty() || name.size() > 100 || std::ranges::any_of(name, control))
        throw Error(Code::kBadRequest, "a name has from 1 to 100 bytes and no control characters");
}

// A role that is not configured yet grants nothing: most likely its name is misspelt.
void check_roles(const Config& config, const std::vector<std::string>& roles) {
    std::vector<std::string> known;
    for (const auto& [name, role] : config.roles) known.push_back(name);
    for (const auto& role : config.access.roles) known.push_back(role);
    for (const auto& role : roles)
        if (std::ranges::count(known, role) == 0)
            throw Error(Code::kBadRequest,
                        "there is no role '" + role + "' in the configuration; it has " +
                            (known.empty() ? "none" : schema::join(known, ", ")));
}

}  // namespace

int key_create(const CliOptions& options) {
    check_name(options.name);
    const auto config = configuration(options.overrides);
    check_roles(config, options.roles);
    KeyStore keys(config);
    const auto made = keys->create({options.name, options.roles, options.tenant, options.expires});
    std::cout << (options.json ? json_of(made) : made.text) << "\n";
    if (on_terminal(STDERR_FILENO))
        std::cerr << "Keep it well: it is not shown again. Revoke it with trashd key revoke "
                  << made.key.id << "\n";
    return kDone;
}

int key_list(const CliOptions& options) {
    KeyStore keys(configuration(options.overrides));
    const auto all = keys->list();
    if (options.json) {
        std::cout << json_of(all) << "\n";
        return kDone;
    }
    TextTable table{
        {"ID", "NAME", "STATE", "ROLES", "TENANT", "CREATED", "EXPIRES", "USED"}, {}, 1};
    for (const auto& key : all)
        table.rows.push_back({key.id, key.name, state_of(key), schema::join(key.roles, " "),
                              key.tenant.value_or(""), key.created_at, key.expires_at.value_or(""),
                              key.used_on.value_or("")});
    std::cout << for_output(table, STDOUT_FILENO);
    return kDone;
}

int key_revoke(const CliOptions& options) {
    KeyStore keys(configuration(options.overrides));
    const auto key = keys->revoke(options.id);
    if (options.json)
        std::cout << json_of(std::vector{key}) << "\n";
    else
        std::cerr << "the key of " << printable(key.name) << " is refused from now on\n";
    return kDone;
}

}  // namespace trashd::service
