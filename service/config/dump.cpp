// `trashd config`: the configuration in force, as a file that would give the same again. Passwords
// are left out, so that it can be shown to others.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <toml++/toml.h>

#include <memory>
#include <sstream>

#include "service/config/config.hpp"

namespace trashd::service {

namespace {

std::string conninfo_value(const std::string& value) {
    std::string text = "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
    }
    return text + "'";
}

// The connection string again, option by option, without what libpq itself marks as secret.
std::string without_password(const std::string& url) {
    if (url.empty()) return url;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), nullptr), PQconninfoFree);
    if (!options) return "(not a connection string)";
    std::string text;
    for (auto* option = options.get(); option->keyword; ++option) {
        if (!option->val || std::string_view(option->dispchar) == "*") continue;
        text += (text.empty() ? "" : " ") + std::string(option->keyword) + "=" +
                conninfo_value(option->val);
    }
    return text;
}

toml::table resource_table(const ResourceConfig& resource) {
    toml::table table{{"table", resource.table.schema + "." + resource.table.name},
                      {"confirm", resource.confirm},
                      {"require_reason", resource.require_reason},
                      {"capture", resource.capture},
                      {"trash", resource.trash},
                      {"serve", resource.serve}};
    if (!resource.path.empty()) table.insert("path", resource.path);
    if (!resource.class_name.empty()) table.insert("class", resource.class_name);
    if (!resource.display.empty()) table.insert("display", resource.display);
    const auto insert = [&](const char* name, const std::vector<std::string>& columns) {
        toml::array list;
        for (const auto& column : columns) list.push_back(column);
        if (!list.empty()) table.insert(name, list);
    };
    insert("key", resource.key);
    insert("hidden", resource.hidden);
    insert("omit", resource.omit);
    insert("personal", resource.personal);
    if (resource.keep) table.insert("keep", keep_text(*resource.keep));
    return table;
}

toml::table reference_table(const schema::DeclaredReference& reference) {
    const auto named = [](const schema::QualifiedName& name) {
        return name.schema + "." + name.name;
    };
    const auto list = [](const std::vector<std::string>& names) {
        toml::array out;
        for (const auto& name : names) out.push_back(name);
        return out;
    };
    toml::table table{{"name", reference.name},
                      {"table", named(reference.table)},
                      {"columns", list(reference.columns)},
                      {"to", named(reference.to)},
                      {"on_delete", schema::action_word(reference.on_delete)}};
    if (!reference.where.empty()) table.insert("where", reference.where);
    if (!reference.to_columns.empty()) table.insert("to_columns", list(reference.to_columns));
    return table;
}

toml::table credentials_table(const Credentials& credentials) {
    toml::table table{{"api_keys", credentials.api_keys},
                      {"clock_skew_seconds", credentials.clock_skew_seconds},
                      {"name_claim", credentials.name_claim}};
    auto insert = [&](const char* key, const std::string& value) {
        if (!value.empty()) table.insert(key, value);
    };
    insert("jwt_keys", credentials.jwt_keys);
    insert("issuer", credentials.issuer);
    insert("audience", credentials.audience);
    insert("id_claim", credentials.id_claim);
    insert("roles_claim", credentials.roles_claim);
    insert("tenant_claim", credentials.tenant_claim);
    insert("role_claim", credentials.role_claim);
    insert("anonymous", credentials.anonymous);
    return table;
}

void insert(toml::table& table, const PrincipalLimits& limits) {
    table.insert("delete_rows", limits.delete_rows);
    table.insert("requests_per_second", limits.requests_per_second);
    table.insert("burst", limits.burst);
}

toml::table role_table(const Config& config, const std::string& name) {
    toml::table grants;
    for (const auto& [right, patterns] : config.roles.at(name).grants) {
        toml::array resources;
        if (config.roles.at(name).own_deletes.contains(right)) resources.push_back(kOwnDeletes);
        for (const auto& pattern : patterns) resources.push_back(pattern.text());
        grants.insert(right_name(right), resources);
    }
    if (!config.roles.at(name).owner.empty()) grants.insert("owner", config.roles.at(name).owner);
    insert(grants, config.role_limits.at(name));
    return grants;
}

// Tables under names that the library's formatter would print bare with the quotes in them.
std::string key_text(const std::string& key) {
    std::ostringstream text;
    text << toml::toml_formatter(toml::value<std::string>(key), toml::format_flags::none);
    return text.str();
}

void print_roles(std::ostream& text, const Config& config) {
    for (const auto& [name, role] : config.roles)
        text << "\n[roles." << key_text(name) << "]\n" << role_table(config, name) << "\n";
}

void print_resources(std::ostream& text, const Config& config) {
    for (const auto& resource : config.resources) {
        text << "\n[[resource]]\n" << resource_table(resource) << "\n";
        if (!resource.on_delete.empty()) text << "\n[resource.on_delete]\n";
        for (const auto& [constraint, action] : resource.on_delete)
            text << key_text(constraint) << " = " << toml::value<std::string>(action) << "\n";
    }
    for (const auto& reference : config.references)
        text << "\n[[reference]]\n" << reference_table(reference) << "\n";
}

// Without secrets.
void print_webhooks(std::ostream& text, const Config& config) {
    const auto list_of = [](const std::vector<std::string>& names) {
        toml::array list;
        for (const auto& name : names) list.push_back(name);
        return list;
    };
    for (const auto& hook : config.webhooks) {
        toml::table table{{"url", hook.url}};
        if (!hook.actions.empty()) table.insert("actions", list_of(hook.actions));
        if (!hook.resources.empty()) table.insert("resources", list_of(hook.resources));
        if (hook.insecure) table.insert("insecure", true);
        text << "\n[[webhook]]\n" << table << "\n";
    }
}

toml::table proof_table(const ProofConfig& proof) {
    return toml::table{{"every_hours", proof.every_hours},
                       {"after_minutes", proof.after_minutes},
                       {"max_items", proof.max_items},
                       {"share", proof.share},
                       {"triggers", proof.triggers}};
}

toml::table retention_table(const RetentionConfig& retention) {
    toml::table table{{"keep", keep_text(retention.keep)},
                      {"history", keep_text(retention.history)},
                      {"every", keep_text({retention.every_seconds})}};
    toml::table tenants;
    for (const auto& [name, keep] : retention.tenants) tenants.insert(name, keep_text(keep));
    if (!tenants.empty()) table.insert("tenants", tenants);
    return table;
}

toml::table limits_table(const RequestLimits& limits) {
    toml::table table{{"body_bytes", static_cast<int64_t>(limits.body_bytes)},
                      {"url_bytes", static_cast<int64_t>(limits.url_bytes)},
                      {"header_count", static_cast<int64_t>(limits.header_count)},
                      {"header_bytes", static_cast<int64_t>(limits.header_bytes)},
                      {"connections", static_cast<int64_t>(limits.connections)},
                      {"idle_seconds", limits.idle_seconds},
                      {"header_seconds", limits.header_seconds},
                      {"request_seconds", limits.request_seconds},
                      {"write_seconds", limits.write_seconds},
                      {"where_terms", static_cast<int64_t>(limits.where_terms)},
                      {"json_depth", static_cast<int64_t>(limits.json_depth)},
                      {"async_rows", limits.async_rows},
                      {"operations", limits.operations},
                      {"lock_timeout_ms", limits.lock_timeout_ms},
                      {"statement_timeout_ms", limits.statement_timeout_ms}};
    insert(table, limits.asker);
    return table;
}

// Who reaches the service, and from where: the tables that are there only where something is set.
void insert_network(toml::table& table, const Config& config) {
    toml::array origins, hosts, proxies, own_origins;
    for (const auto& host : config.hosts) hosts.push_back(host);
    for (const auto& network : config.proxies) proxies.push_back(network.text());
    for (const auto& origin : config.cors_origins) origins.push_back(origin);
    for (const auto& origin : config.own_origins) own_origins.push_back(origin);
    toml::table http;
    if (!hosts.empty()) http.insert("hosts", hosts);
    if (!own_origins.empty()) http.insert("origins", own_origins);
    if (!http.empty()) table.insert("http", http);
    if (!proxies.empty()) table.insert("proxy", toml::table{{"trusted", proxies}});
    if (!origins.empty()) table.insert("cors", toml::table{{"origins", origins}});
    if (config.tls.on())
        table.insert("tls",
                     toml::table{{"certificate", config.tls.certificate}, {"key", config.tls.key}});
}

// Who may do what, as far as that is not said of roles and resources; without keys and secrets.
void insert_rights(toml::table& table, const Config& config) {
    if (!config.tenant.column.empty())
        table.insert("tenant",
                     toml::table{{"column", config.tenant.column}, {"host", config.tenant.host}});
    toml::table access;
    toml::array database_roles;
    for (const auto& role : config.access.roles) database_roles.push_back(role);
    if (!database_roles.empty()) access.insert("database_roles", database_roles);
    if (!config.access.function.empty()) access.insert("function", config.access.function);
    if (!access.empty()) table.insert("access", access);
    if (config.credentials.configured())
        table.insert("credentials", credentials_table(config.credentials));
}

toml::table panel_table(const PanelConfig& panel) {
    toml::table table{{"enabled", panel.enabled}, {"title", panel.title}};
    if (!panel.signs_in()) return table;
    table.insert("client_id", panel.client_id);
    table.insert("issuer", panel.issuer);
    table.insert("scope", panel.scope);
    table.insert("token_origin", panel.token_origin);
    return table;
}

toml::table log_table(const Config& config) {
    toml::table log{{"format", config.log.json ? "json" : "text"}, {"level", config.log.level}};
    if (!config.log.file.empty()) log.insert("file", config.log.file);
    if (!config.access_log.empty()) log.insert("access", config.access_log);
    return log;
}

}  // namespace

std::string dump(const Config& config) {
    toml::array schemas;
    for (const auto& name : config.schemas) schemas.push_back(name);
    toml::array hard;
    for (const auto& name : config.capture_hard) hard.push_back(name);
    toml::table table{{"listen", config.listen},
                      {"database", without_password(config.database)},
                      {"data_dir", config.data_dir},
                      {"trash_schema", config.trash_schema},
                      {"schemas", schemas},
                      {"pool_size", config.pool_size},
                      {"pooler", pooler_name(config.pooler)},
                      {"threads", config.threads},
                      {"restore_by_get", config.restore_by_get},
                      {"idempotency", toml::table{{"keep_hours", config.idempotency_hours}}},
                      {"undo", toml::table{{"keep_hours", config.undo_hours}}},
                      {"proof", proof_table(config.proof)},
                      {"retention", retention_table(config.retention)},
                      {"limits", limits_table(config.limits)},
                      {"panel", panel_table(config.panel)},
                      {"log", log_table(config)}};
    if (!config.privacy.contact.empty())
        table.insert("privacy", toml::table{{"contact", config.privacy.contact}});
    if (!hard.empty()) table.insert("capture", toml::table{{"hard", hard}});
    insert_network(table, config);
    insert_rights(table, config);
    std::ostringstream text;
    text << table << "\n";
    print_roles(text, config);
    print_resources(text, config);
    print_webhooks(text, config);
    return text.str();
}

}  // namespace trashd::service
