// Resources are built anew when the catalog is another one. What the configuration names in vain
// ends the process at its start, and is told in the log later, since the table may come back.
#include "service/server/resource_cache.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/config/served_schemas.hpp"
#include "trash/model/item.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

namespace {

// Most likely misspelt; the table may also come later.
void warn_of_unmatched(const std::map<std::string, Role>& roles, const Resources& resources) {
    auto matched = [&](const ResourcePattern& pattern) {
        return pattern.everything() ||
               std::ranges::any_of(resources.all(), [&](const Resource& resource) {
                   return pattern.matches(resource.path);
               });
    };
    for (const auto& [name, role] : roles)
        for (const auto& [right, patterns] : role.grants)
            for (const auto& pattern : patterns)
                if (!matched(pattern))
                    spdlog::warn("roles.{}.{}: no resource is meant by '{}'", name,
                                 right_name(right), pattern.text());
}

}  // namespace

ResourceCache::ResourceCache(trash::Trash& trash, const Config& config)
    : trash_(trash), config_(config) {
    trash_.catalog().set_keys(keys_of(config_), config_.references, options_of(config_));
    resources_ = build(trash_.catalog().get());
    faults_ = missing_schemas(trash_.pool().lease().connection(), config_);
    for (const auto& fault : resources_->faults()) faults_.push_back(fault);
    if (faults_.empty() && resources_->all().empty())
        spdlog::warn("no table is served: there is none with a primary key in the schemas served");
    std::vector<trash::Naming> naming;
    for (const auto& one : config_.resources)
        naming.push_back({one.table, one.class_name, one.display, one.hidden});
    trash_.set_naming(std::move(naming));
    trash_.set_tenant_column(config_.tenant.column);
    make_policy(*resources_->catalog(), config_, faults_);
    trash_.set_policy([&config](const schema::Catalog& catalog) {
        std::vector<std::string> missing;
        auto policy = make_policy(catalog, config, missing);
        for (const auto& fault : missing) spdlog::warn("{}", fault);
        return policy;
    });
}

void ResourceCache::require_configured() const {
    if (!faults_.empty()) throw ConfigError(faults_);
}

std::shared_ptr<const Resources> ResourceCache::get() {
    return build(trash_.catalog().get());
}

std::shared_ptr<const Resources> ResourceCache::refresh() {
    return build(trash_.catalog().refresh());
}

std::shared_ptr<const Resources> ResourceCache::build(
    std::shared_ptr<const schema::Catalog> catalog) {
    std::lock_guard lock(mutex_);
    if (resources_ && resources_->catalog() == catalog) return resources_;
    resources_ = std::make_shared<Resources>(std::move(catalog), config_);
    for (const auto& warning : resources_->warnings()) spdlog::warn("{}", warning);
    for (const auto& note : resources_->notes()) spdlog::info("{}", note);
    for (const auto& fault : resources_->faults()) spdlog::warn("{}", fault);
    warn_of_unmatched(config_.roles, *resources_);
    return resources_;
}

}  // namespace trashd::service
