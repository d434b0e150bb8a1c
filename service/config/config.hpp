// What trashd is told: file, environment and command line in one value, checked as a whole.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "schema/catalog/declared_reference.hpp"
#include "schema/object_name.hpp"
#include "schema/session/session_limits.hpp"
#include "service/config/duration.hpp"
#include "service/config/roles.hpp"
#include "service/http/client_address.hpp"
#include "service/http/limits.hpp"

namespace trashd::service {

// How a table is shown and what deleting from it asks for.
struct ResourceConfig {
    schema::QualifiedName table;
    std::string path, class_name, display;  // empty: the default
    std::vector<std::string> key;           // columns; empty: the primary key, else found
    bool confirm = false, require_reason = false;
    bool capture = false;             // what others delete from it goes into the trash, too
    bool serve = true;                // false: there is no address
    std::vector<std::string> hidden;  // columns that nobody is shown
    std::vector<std::string> omit;    // columns that are not kept in the trash
    bool trash = true;                // false: its rows go for good
    std::optional<Keep> keep;         // of rows in the trash; nothing: as all others
    // Columns that an erasure empties in the trash.
    std::vector<std::string> personal;
    std::map<std::string, std::string> on_delete;  // constraint -> cascade | restrict | set-null
};

// How requests say who asks. Without api_keys and jwt_keys anyone may do anything, on loopback.
struct Credentials {
    bool api_keys = false;
    std::string jwt_keys;          // file of the keys that tokens are signed with; empty: no tokens
    std::string issuer, audience;  // that tokens must name; empty: any
    int clock_skew_seconds = 60;
    std::string id_claim = "sub", name_claim = "name", roles_claim = "roles",
                tenant_claim = "tenant", role_claim = "role";
    std::string anonymous;  // role of requests without credentials; empty: there may be none

    bool configured() const { return api_keys || !jwt_keys.empty(); }
};

// The database's own say: roles that requests may run as, and a function that is asked about rows.
struct DatabaseAccess {
    std::vector<std::string> roles;  // none: as the service's own role
    std::string function;            // schema.name; empty: nobody is asked
};

// The column that tells rows of tenants apart; empty: there are no tenants.
struct TenantConfig {
    std::string column;
    bool host = false;  // the first label of the host name must be the tenant
};

// Of what the service tells about itself.
struct LogConfig {
    std::string file;  // to append to; empty: standard error
    bool json = false;
    std::string level = "info";  // nothing less is said: debug, info, warning, error
};

// Restores that are tried in the background.
struct ProofConfig {
    long long every_hours = 168;   // each group anew; 0: never
    long long after_minutes = 60;  // since it went into the trash
    long long max_items = 10000;   // of a group that is tried
    int share = 5;                 // of the time, in percent
    bool triggers = false;         // they may run
};

// How long what is deleted stays in the trash. A tenant's stands in the place of the general one, a
// resource's before both.
struct RetentionConfig {
    Keep keep;
    std::map<std::string, Keep> tenants;
    Keep history;                  // of groups that have ended, and of entries of the ledger
    long long every_seconds = 60;  // between looks for what is due
};

// Whom the service tells what happens in the trash.
struct WebhookConfig {
    std::string url, secret;             // secret: whsec_ and base64
    std::vector<std::string> actions;    // none: all
    std::vector<std::string> resources;  // patterns, as roles have them; none: all
    bool insecure = false;               // http beyond the loopback
};

// The web panel, which is served beside the API.
struct PanelConfig {
    bool enabled = true;
    std::string title = "trashd";  // what it calls itself, where one has several
    // Signing in with OpenID Connect, under this id of a client without a secret; empty: not.
    std::string client_id;
    std::string issuer;  // a URL; empty: that of the tokens
    std::string scope = "openid profile";
    std::string token_origin;       // of the token endpoint; empty: the issuer's
    std::set<std::string> origins;  // filled: of both

    bool signs_in() const { return !client_id.empty(); }
};

// What the page about privacy says beside what the configuration says.
struct PrivacyConfig {
    std::string contact;  // whom people ask; empty: nobody is named
};

struct Config {
    std::string listen = "127.0.0.1:8080", database, data_dir = "./trashd-data";
    std::string trash_schema = "trashd";
    std::vector<std::string> schemas = {"public"};
    int pool_size = 16, threads = 512;
    schema::Pooler pooler = schema::Pooler::kAuto;
    std::vector<std::string> cors_origins;  // "*": any
    std::vector<std::string> own_origins;   // by which browsers call the service behind proxies
    std::vector<std::string> hosts;         // names beside those of the loopback
    std::vector<Network> proxies;           // that are believed who asks
    std::string access_log;                 // empty: none, "-": standard output, else a file
    LogConfig log;
    bool restore_by_get = true, demo = false;
    long long idempotency_hours = 24;
    long long undo_hours = 720;  // how long what came back can be trashed again as it was
    ProofConfig proof;
    RetentionConfig retention;
    PrivacyConfig privacy;
    std::vector<WebhookConfig> webhooks;
    std::vector<std::string> capture_hard;  // roles of the database that may delete past the trash
    RequestLimits limits;
    TlsFiles tls;
    TenantConfig tenant;
    PanelConfig panel;
    std::vector<ResourceConfig> resources;
    std::vector<schema::DeclaredReference> references;
    Credentials credentials;
    DatabaseAccess access;
    std::map<std::string, Role> roles;
    std::map<std::string, PrincipalLimits> role_limits;  // of each role
};

// Said on the command line; what is absent comes from the environment, then from the file.
struct Overrides {
    std::optional<std::string> listen, database, config, data_dir;
    std::vector<std::string> schemas;
    bool demo = false;
    int wait_seconds = 0;  // for the database at the start
};

// Every fault of a configuration, a line each.
struct ConfigError : std::runtime_error {
    // lines: of the file, where each fault is; 0 or none: nowhere in it.
    explicit ConfigError(const std::vector<std::string>& faults,
                         const std::vector<unsigned>& lines = {});
    std::vector<std::string> faults;
};

using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment process_environment();

// toml: the text of the file. Throws ConfigError with all faults at once.
Config load_config(const std::string& toml, const Overrides& overrides,
                   const Environment& environment);
// The file that overrides names, else fallback; throws ConfigError when it cannot be read.
std::string config_text(const Overrides& overrides, const std::string& fallback);
// How the database is used for a request.
schema::Limits database_limits(const Config& config);
// "auto", "session" or "transaction".
std::string_view pooler_name(schema::Pooler pooler);
// What is in force, as TOML without passwords.
std::string dump(const Config& config);
// "schema.table" or "table" (public).
schema::QualifiedName table_name(const std::string& text);

}  // namespace trashd::service
