#include "service/config/config.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "schema/error.hpp"
#include "service/config/access_section.hpp"
#include "service/config/reference_section.hpp"
#include "service/config/retention_section.hpp"
#include "service/config/section.hpp"
#include "service/config/webhook_section.hpp"
#include "service/http/allowed_hosts.hpp"

namespace trashd::service {

namespace {

std::string joined(const std::vector<std::string>& faults, const std::vector<unsigned>& lines) {
    std::string text = "the configuration cannot be used:";
    for (std::size_t i = 0; i < faults.size(); ++i) {
        const auto line = i < lines.size() ? lines[i] : 0;
        text += "\n  " + (line ? fmt::format("line {}: ", line) : "") + faults[i];
    }
    return text;
}

// Where the key that the fault begins with stands, or the nearest table that it would stand in.
unsigned line_of(const toml::table& file, const std::string& fault) {
    for (auto path = fault.substr(0, fault.find(": ")); !path.empty();) {
        if (const auto node = file.at_path(path)) return node.node()->source().begin.line;
        const auto dot = path.find_last_of(".[");
        path.resize(dot == path.npos ? 0 : dot);
    }
    return 0;
}

void take_on_delete(Section& section, ResourceConfig& resource) {
    const auto* node = section.find("on_delete");
    if (!node) return;
    const auto* table = node->as_table();
    if (!table) return section.fault("on_delete", "must be a table of constraint = action");
    static const std::set<std::string> kActions = {"cascade", "restrict", "set-null"};
    for (const auto& [key, value] : *table) {
        auto action = value.value_exact<std::string>().value_or("");
        auto constraint = std::string(key.str());
        if (!kActions.contains(action))
            section.fault("on_delete." + constraint, "must be cascade, restrict or set-null");
        resource.on_delete[constraint] = action;
    }
}

ResourceConfig take_resource(const toml::table& table, const std::string& prefix,
                             std::vector<std::string>& faults) {
    Section section(table, prefix, faults);
    ResourceConfig resource;
    std::string name;
    section.take("table", name);
    if (name.empty()) section.fault("table", "is missing");
    resource.table = table_name(name);
    section.take("path", resource.path);
    if (table.contains("path") && !valid_path(resource.path))
        section.fault("path", "must be segments with / between them");
    section.take("class", resource.class_name);
    section.take("display", resource.display);
    section.take("key", resource.key);
    section.take("confirm", resource.confirm);
    section.take("require_reason", resource.require_reason);
    section.take("capture", resource.capture);
    section.take("trash", resource.trash);
    if (resource.capture && !resource.trash)
        section.fault("capture", "captures nothing where trash = false: leave one of them out");
    section.take("serve", resource.serve);
    section.take("hidden", resource.hidden);
    section.take("omit", resource.omit);
    section.take("personal", resource.personal);
    if (table.contains("keep")) take_keep(section, "keep", resource.keep.emplace());
    take_on_delete(section, resource);
    section.refuse_unknown();
    return resource;
}

void take_resources(Section& section, Config& config, std::vector<std::string>& faults) {
    const auto* node = section.find("resource");
    if (!node) return;
    const auto* array = node->as_array();
    if (!array || !array->is_homogeneous<toml::table>())
        return section.fault("resource", "must be written as [[resource]]");
    std::set<schema::QualifiedName> seen;
    for (std::size_t i = 0; i < array->size(); ++i) {
        auto prefix = fmt::format("resource[{}].", i);
        config.resources.push_back(take_resource(*array->get(i)->as_table(), prefix, faults));
        if (!seen.insert(config.resources.back().table).second)
            faults.push_back(prefix + "table: is configured twice");
    }
}

void take_limits(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "limits", faults, [&](Section& limits) {
        auto& into = config.limits;
        limits.take("body_bytes", into.body_bytes, 1, 1LL << 30);
        limits.take("url_bytes", into.url_bytes, 64, 8192);
        limits.take("header_count", into.header_count, 8, 10000);
        limits.take("header_bytes", into.header_bytes, 1024, 1 << 20);
        limits.take("connections", into.connections, 1, 1000000);
        limits.take("idle_seconds", into.idle_seconds, 1, 3600);
        limits.take("header_seconds", into.header_seconds, 1, 3600);
        limits.take("request_seconds", into.request_seconds, 1, 86400);
        limits.take("write_seconds", into.write_seconds, 1, 86400);
        limits.take("where_terms", into.where_terms, 1, 1000);
        limits.take("json_depth", into.json_depth, 1, 1000);
        limits.take("async_rows", into.async_rows, 0, 1LL << 40);
        limits.take("operations", into.operations, 0, 1000000);
        take_asker_limits(limits, into.asker);
        limits.take("lock_timeout_ms", into.lock_timeout_ms, 1, 3600000);
        limits.take("statement_timeout_ms", into.statement_timeout_ms, 1, 86400000);
    });
}

void take_tls(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "tls", faults, [&](Section& tls) {
        tls.take("certificate", config.tls.certificate);
        tls.take("key", config.tls.key);
        if (config.tls.certificate.empty()) tls.fault("certificate", "is missing");
        if (config.tls.key.empty()) tls.fault("key", "is missing");
    });
}

bool valid_origin(const std::string& origin) {
    const auto host = origin.find("://");
    return origin == "*" || (host != origin.npos && host + 3 < origin.size() &&
                             origin.find('/', host + 3) == origin.npos);
}

// Of a URL: scheme, host and port.
std::optional<std::string> origin_of(const std::string& url) {
    static const std::regex kOrigin(
        R"((https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)(?:/[^\s?#]*)?)");
    std::smatch found;
    if (!std::regex_match(url, found, kOrigin)) return std::nullopt;
    return found[1].str();
}

void take_cors(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "cors", faults, [&](Section& cors) {
        cors.take("origins", config.cors_origins);
        for (const auto& origin : config.cors_origins)
            if (!valid_origin(origin))
                cors.fault("origins", "'" + origin + "' must be as in https://app.example, or *");
    });
}

void take_http(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "http", faults, [&](Section& http) {
        http.take("hosts", config.hosts);
        for (const auto& host : config.hosts)
            if (host.find('/') != host.npos || host_name(host).empty())
                http.fault("hosts", "'" + host + "' must be a name, as in trash.example");
        http.take("origins", config.own_origins);
        for (const auto& origin : config.own_origins)
            if (origin == "*" || !valid_origin(origin))
                http.fault("origins", "'" + origin + "' must be as in https://tools.example");
    });
}

void take_panel(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "panel", faults, [&](Section& panel) {
        panel.take("enabled", config.panel.enabled);
        panel.take("title", config.panel.title);
        if (config.panel.title.empty()) panel.fault("title", "must not be empty");
        panel.take("client_id", config.panel.client_id);
        panel.take("issuer", config.panel.issuer);
        panel.take("scope", config.panel.scope);
        panel.take("token_origin", config.panel.token_origin);
    });
}

// Only then is it known which tokens are taken.
void complete_panel(Config& config, std::vector<std::string>& faults) {
    auto& panel = config.panel;
    if (!panel.signs_in()) {
        if (!panel.issuer.empty() || !panel.token_origin.empty())
            faults.push_back("panel.client_id: is missing; the panel signs in by it");
        return;
    }
    if (config.credentials.jwt_keys.empty())
        faults.push_back(
            "panel.client_id: needs credentials.jwt_keys, which its tokens are checked with");
    if (panel.issuer.empty()) panel.issuer = config.credentials.issuer;
    const auto origin = origin_of(panel.issuer);
    if (!origin) faults.push_back("panel.issuer: must be a URL, as in https://id.example/realm");
    if (panel.token_origin.empty()) panel.token_origin = origin.value_or("");
    if (origin && origin_of(panel.token_origin) != panel.token_origin)
        faults.push_back("panel.token_origin: must be as in https://id.example");
    panel.origins = {origin.value_or(""), panel.token_origin};
}

void take_proxy(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "proxy", faults, [&](Section& proxy) {
        std::vector<std::string> trusted;
        proxy.take("trusted", trusted);
        for (const auto& text : trusted) {
            if (const auto network = Network::parse(text))
                config.proxies.push_back(*network);
            else
                proxy.fault("trusted", "'" + text + "' must be as in 10.0.0.0/8 or ::1");
        }
    });
}

void take_log(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "log", faults, [&](Section& log) {
        const auto* access = log.find("access");
        if (access && access->is_boolean())
            config.access_log = access->ref<bool>() ? "-" : "";
        else
            log.take("access", config.access_log);
        log.take("file", config.log.file);
        std::string format = config.log.json ? "json" : "text";
        log.take("format", format);
        config.log.json = format == "json";
        if (format != "json" && format != "text") log.fault("format", "must be text or json");
        log.take("level", config.log.level);
        static const std::set<std::string> kLevels = {"debug", "info", "warning", "error"};
        if (!kLevels.contains(config.log.level))
            log.fault("level", "must be debug, info, warning or error");
    });
}

void take_idempotency(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "idempotency", faults, [&](Section& idempotency) {
        idempotency.take("keep_hours", config.idempotency_hours, 1, 8760);
    });
}

void take_undo(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "undo", faults,
               [&](Section& undo) { undo.take("keep_hours", config.undo_hours, 1, 87600); });
}

void take_proof(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "proof", faults, [&](Section& proof) {
        proof.take("every_hours", config.proof.every_hours, 0, 87600);
        proof.take("after_minutes", config.proof.after_minutes, 0, 525600);
        proof.take("max_items", config.proof.max_items, 1, 1000000);
        proof.take("share", config.proof.share, 1, 100);
        proof.take("triggers", config.proof.triggers);
    });
}

void take_privacy(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "privacy", faults,
               [&](Section& privacy) { privacy.take("contact", config.privacy.contact); });
}

void take_capture(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "capture", faults,
               [&](Section& capture) { capture.take("hard", config.capture_hard); });
}

void take_pooler(Section& section, Config& config) {
    std::string wanted(pooler_name(config.pooler));
    section.take("pooler", wanted);
    for (const auto pooler :
         {schema::Pooler::kAuto, schema::Pooler::kSession, schema::Pooler::kTransaction}) {
        config.pooler = pooler;
        if (pooler_name(pooler) == wanted) return;
    }
    section.fault("pooler", "must be auto, session or transaction");
}

void take_file(const toml::table& file, Config& config, std::vector<std::string>& faults) {
    Section section(file, "", faults);
    section.take("listen", config.listen);
    section.take("database", config.database);
    section.take("data_dir", config.data_dir);
    section.take("trash_schema", config.trash_schema);
    section.take("schemas", config.schemas);
    section.take("pool_size", config.pool_size, 1, 1000);
    take_pooler(section, config);
    section.take("threads", config.threads, 1, 10000);
    section.take("restore_by_get", config.restore_by_get);
    take_limits(section, config, faults);
    take_idempotency(section, config, faults);
    take_undo(section, config, faults);
    take_proof(section, config, faults);
    take_retention(section, config, faults);
    take_privacy(section, config, faults);
    take_capture(section, config, faults);
    take_tls(section, config, faults);
    take_tenant(section, config, faults);
    take_database_access(section, config, faults);
    take_cors(section, config, faults);
    take_http(section, config, faults);
    take_panel(section, config, faults);
    take_proxy(section, config, faults);
    take_log(section, config, faults);
    take_credentials(section, config, faults);
    take_roles(section, config, faults);
    take_resources(section, config, faults);
    take_references(section, config, faults);
    take_webhooks(section, config, faults);
    complete_panel(config, faults);
    section.refuse_unknown();
}

void take_overrides(const Overrides& overrides, const Environment& environment, Config& config) {
    auto set = [](std::string& into, const std::optional<std::string>& value) {
        if (value) into = *value;
    };
    set(config.database, environment("TRASHD_DATABASE_URL"));
    set(config.listen, environment("TRASHD_LISTEN"));
    set(config.listen, overrides.listen);
    set(config.database, overrides.database);
    set(config.data_dir, overrides.data_dir);
    if (!overrides.schemas.empty()) config.schemas = overrides.schemas;
    config.demo = overrides.demo;
}

void check(const Config& config, std::vector<std::string>& faults) {
    check_access(config, faults);
    auto endpoint = parse_endpoint(config.listen);
    if (!endpoint)
        faults.push_back("listen: '" + config.listen + "' is not HOST:PORT");
    else if (!is_loopback(endpoint->host) && !config.credentials.configured())
        faults.push_back("listen: '" + config.listen +
                         "' is refused because no credentials are configured: anyone who reaches "
                         "it could delete; configure [credentials], or use a loopback address "
                         "such as 127.0.0.1:8080");
    if (config.threads <= config.pool_size)
        faults.push_back("threads: must be more than pool_size");
    if (!config.retention.tenants.empty() && config.tenant.column.empty())
        faults.push_back("retention.tenants: needs tenant.column, by which rows are a tenant's");
    if (config.trash_schema.empty()) faults.push_back("trash_schema: must not be empty");
    for (const auto& name : config.schemas)
        if (name == config.trash_schema)
            faults.push_back("schemas: '" + name + "' is the trash schema and cannot be served");
}

}  // namespace

ConfigError::ConfigError(const std::vector<std::string>& faults, const std::vector<unsigned>& lines)
    : std::runtime_error(joined(faults, lines)), faults(faults) {}

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (!value || !*value) return std::nullopt;
        return value;
    };
}

schema::Limits database_limits(const Config& config) {
    return {std::chrono::milliseconds(config.limits.lock_timeout_ms),
            std::chrono::milliseconds(config.limits.statement_timeout_ms),
            {},
            config.pooler};
}

std::string_view pooler_name(schema::Pooler pooler) {
    if (pooler == schema::Pooler::kAuto) return "auto";
    return pooler == schema::Pooler::kSession ? "session" : "transaction";
}

schema::QualifiedName table_name(const std::string& text) {
    auto dot = text.find('.');
    if (dot == std::string::npos) return {"public", text};
    return {text.substr(0, dot), text.substr(dot + 1)};
}

std::string config_text(const Overrides& overrides, const std::string& fallback) {
    if (!overrides.config) return fallback;
    std::ifstream file(*overrides.config);
    std::ostringstream text;
    // An empty file is a configuration of defaults.
    const bool empty = file.peek() == std::ifstream::traits_type::eof() && !file.bad();
    if (!file.is_open() || (!empty && !(text << file.rdbuf())))
        throw ConfigError({*overrides.config + ": cannot be read"});
    return text.str();
}

Config load_config(const std::string& toml, const Overrides& overrides,
                   const Environment& environment) {
    Config config;
    std::vector<std::string> faults;
    toml::table file;
    try {
        file = toml::parse(toml);
        take_file(file, config, faults);
    } catch (const toml::parse_error& error) {
        faults.push_back(fmt::format("line {}: {}", error.source().begin.line,
                                     std::string(error.description())));
    }
    take_overrides(overrides, environment, config);
    check(config, faults);
    if (faults.empty()) return config;
    std::vector<unsigned> lines;
    for (const auto& fault : faults) lines.push_back(line_of(file, fault));
    throw ConfigError(faults, lines);
}

}  // namespace trashd::service
