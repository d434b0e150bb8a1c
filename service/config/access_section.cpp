#include "service/config/access_section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "schema/error.hpp"
#include "service/config/config.hpp"
#include "service/config/section.hpp"

namespace trashd::service {

namespace {

constexpr const char* kNameResources = "must name resources, as in \"time/*\" or \"*\"";

// Strings, or a single one.
std::vector<std::string> words_of(const toml::node& node) {
    std::vector<std::string> words;
    if (const auto one = node.value_exact<std::string>()) words.push_back(*one);
    const auto* array = node.as_array();
    for (std::size_t at = 0; array && at < array->size(); ++at)
        words.push_back(array->get(at)->value_exact<std::string>().value_or(""));
    return words;
}

// No table is likely to be called so.
bool misspells_own_deletes(const std::string& word) {
    if (word == kOwnDeletes || word.find('/') != std::string::npos) return false;
    return word == "own" || word.starts_with("own-") || !did_you_mean(word, {kOwnDeletes}).empty();
}

// What a role's table says of one right, or of all of them.
struct Granted {
    std::vector<ResourcePattern> patterns;
    bool own_deletes = false;
    std::string fault;  // why it cannot be meant; empty: it can
};

// own-deletes by itself is for all resources.
Granted granted_of(const toml::node& node, const std::optional<Right>& right) {
    Granted granted;
    for (const auto& word : words_of(node)) {
        if (misspells_own_deletes(word))
            return {
                {}, false, fmt::format("there is no '{}'; did you mean {}?", word, kOwnDeletes)};
        if (word == kOwnDeletes) {
            granted.own_deletes = true;
            continue;
        }
        if (!valid_path(word)) return {{}, false, kNameResources};
        granted.patterns.emplace_back(word);
    }
    if (granted.own_deletes && right != Right::kRestore && right != Right::kPurge)
        granted.fault = fmt::format("'{}' is for restore and purge alone", kOwnDeletes);
    if (granted.patterns.empty() && granted.own_deletes) granted.patterns.emplace_back("*");
    if (granted.patterns.empty()) granted.fault = kNameResources;
    return granted;
}

// Of a single right, or of all of them for "*".
void grant(Role& role, const std::optional<Right>& right,
           const std::vector<ResourcePattern>& patterns) {
    for (const auto one : kRights)
        if (!right || one == *right)
            role.grants[one].insert(role.grants[one].end(), patterns.begin(), patterns.end());
}

constexpr std::array<std::string_view, 3> kAskerLimits = {"delete_rows", "requests_per_second",
                                                          "burst"};

bool is_right(std::string_view key) {
    return key != "owner" && std::ranges::count(kAskerLimits, key) == 0;
}

std::string no_right(const std::string& word) {
    if (word == kOwnDeletes)
        return fmt::format("'{0}' is no right; say of which, as in {{ restore = \"{0}\" }}", word);
    std::vector<std::string> known;
    for (const auto right : kRights) known.emplace_back(right_name(right));
    return fmt::format("'{}' is no right; there are {}, and * for all of them{}", word,
                       fmt::join(known, ", "), did_you_mean(word, known));
}

// What a role does not say is as it is for all.
PrincipalLimits take_role_limits(const toml::node& node, const std::string& name,
                                 const Config& config, std::vector<std::string>& faults) {
    auto limits = config.limits.asker;
    if (!node.as_table()) return limits;
    // Its own rate has its own burst.
    if (node.as_table()->contains("requests_per_second")) limits.burst = 0;
    Section section(*node.as_table(), "roles." + name + ".", faults);
    take_asker_limits(section, limits);
    return limits;
}

std::string take_owner(Section& section, const std::string& name, const toml::table& role) {
    const auto* node = role.get("owner");
    if (!node) return "";
    const auto column = node->value_exact<std::string>().value_or("");
    if (column.empty()) section.fault(name + ".owner", "must be the name of a column");
    return column;
}

// A list of rights holds for all resources; a table names for each right its resources.
Role take_role(Section& section, const std::string& name, const toml::node& node) {
    Role role;
    auto add = [&](const std::string& word, const Granted& granted) {
        const auto right = right_called(word);
        if (!right && word != "*") return section.fault(name, no_right(word));
        if (!granted.fault.empty()) return section.fault(name + "." + word, granted.fault);
        grant(role, right, granted.patterns);
        if (granted.own_deletes) role.own_deletes.insert(*right);
    };
    if (const auto* table = node.as_table()) {
        role.owner = take_owner(section, name, *table);
        for (const auto& [key, value] : *table)
            if (const std::string word(key.str()); is_right(word))
                add(word, granted_of(value, right_called(word)));
    } else if (node.as_array() || node.is_string())
        for (const auto& word : words_of(node)) add(word, {{ResourcePattern("*")}, false, ""});
    else
        section.fault(name, "must be a list of rights, or a table of right = resources");
    return role;
}

}  // namespace

bool valid_path(const std::string& path) {
    return !path.empty() && path.front() != '/' && path.back() != '/' &&
           path.find("//") == std::string::npos;
}

void take_asker_limits(Section& section, PrincipalLimits& into) {
    section.take("delete_rows", into.delete_rows, 0, 1LL << 40);
    section.take("requests_per_second", into.requests_per_second, 0, 1000000);
    section.take("burst", into.burst, 0, 1000000);
}

void take_tenant(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "tenant", faults, [&](Section& tenant) {
        tenant.take("column", config.tenant.column);
        tenant.take("host", config.tenant.host);
        if (config.tenant.column.empty()) tenant.fault("column", "is missing");
    });
}

void take_database_access(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "access", faults, [&](Section& access) {
        access.take("database_roles", config.access.roles);
        access.take("function", config.access.function);
    });
}

void take_credentials(Section& section, Config& config, std::vector<std::string>& faults) {
    take_table(section, "credentials", faults, [&](Section& credentials) {
        auto& into = config.credentials;
        credentials.take("api_keys", into.api_keys);
        credentials.take("jwt_keys", into.jwt_keys);
        credentials.take("issuer", into.issuer);
        credentials.take("audience", into.audience);
        credentials.take("clock_skew_seconds", into.clock_skew_seconds, 0, 3600);
        credentials.take("id_claim", into.id_claim);
        credentials.take("name_claim", into.name_claim);
        credentials.take("roles_claim", into.roles_claim);
        credentials.take("tenant_claim", into.tenant_claim);
        credentials.take("role_claim", into.role_claim);
        credentials.take("anonymous", into.anonymous);
    });
}

void take_roles(Section& section, Config& config, std::vector<std::string>& faults) {
    const auto* node = section.find("roles");
    if (!node) return;
    if (!node->as_table()) return section.fault("roles", "must be a table");
    Section roles(*node->as_table(), "roles.", faults);
    for (const auto& [key, value] : *node->as_table()) {
        const std::string name(key.str());
        try {
            config.roles[name] = take_role(roles, name, value);
            config.role_limits[name] = take_role_limits(value, name, config, faults);
        } catch (const Error& error) {
            roles.fault(name, error.what());
        }
    }
}

void check_access(const Config& config, std::vector<std::string>& faults) {
    const auto& credentials = config.credentials;
    const bool configured = credentials.configured();
    const bool tenants = !config.tenant.column.empty();
    if (tenants && !configured)
        faults.push_back(
            "tenant.column: nobody names a tenant; set api_keys or jwt_keys under [credentials]");
    if (tenants && !credentials.anonymous.empty())
        faults.push_back("credentials.anonymous: with tenants each request must name one");
    if (!config.access.roles.empty() && !configured)
        faults.push_back(
            "access.database_roles: nobody names a role; set api_keys or jwt_keys under "
            "[credentials]");
    if (configured && config.roles.empty())
        faults.push_back("roles: there is none, so nobody could do anything");
    if (!configured && !config.roles.empty())
        faults.push_back(
            "roles: nobody can have one; set api_keys or jwt_keys under [credentials]");
    if (!configured && !credentials.anonymous.empty())
        faults.push_back("credentials.anonymous: without api_keys or jwt_keys anyone may do all");
    if (!credentials.anonymous.empty() && !config.roles.contains(credentials.anonymous))
        faults.push_back("credentials.anonymous: there is no role '" + credentials.anonymous + "'");
}

}  // namespace trashd::service
