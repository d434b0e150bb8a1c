// `trashd key`: makes, lists and revokes API keys. A key's text is shown once, when it is made; the
// database holds a hash of it alone.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "schema/text.hpp"
#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "service/requests/key_request.hpp"
#include "trash/records/api_keys.hpp"
#include "trash/setup/migrate.hpp"

namespace trashd::service {

namespace {

trash::Actor local_actor() {
    trash::Actor actor;
    actor.by = user_name();
    return actor;
}

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

// 2030-01-31 12:00 of a time as the service writes it.
std::string to_minutes(const std::string& time) {
    auto text = time.substr(0, 16);
    std::ranges::replace(text, 'T', ' ');
    return text;
}

void print_keys(const std::vector<trash::Key>& keys) {
    TextTable table{
        {"ID", "NAME", "STATE", "ROLES", "TENANT", "CREATED", "EXPIRES", "USED"}, {}, 1};
    table.spare = {"CREATED", "USED", "TENANT"};
    for (const auto& key : keys)
        table.rows.push_back({key.id, key.name, std::string(key_state(key)),
                              schema::join(key.roles, " "), key.tenant.value_or(""), key.created_at,
                              key.expires_at.value_or(""), key.used_on.value_or("")});
    if (on_terminal(STDOUT_FILENO))
        for (auto& row : table.rows)
            for (const std::size_t column : {5, 6}) row[column] = to_minutes(row[column]);
    std::cout << for_output(table, STDOUT_FILENO);
}

}  // namespace

int key_create(const CliOptions& options) {
    const trash::NewKey wanted{options.name, options.roles, options.tenant, options.expires,
                               local_actor()};
    check_name(wanted);
    const auto config = configuration(options.overrides);
    check_roles(config, wanted);
    KeyStore keys(config);
    const auto made = keys->create(wanted);
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
    print_keys(all);
    return kDone;
}

int key_revoke(const CliOptions& options) {
    KeyStore keys(configuration(options.overrides));
    const auto key = keys->revoke(options.id, local_actor());
    if (options.json)
        std::cout << json_of(std::vector{key}) << "\n";
    else
        std::cerr << "the key of " << printable(key.name) << " is refused from now on\n";
    return kDone;
}

}  // namespace trashd::service
