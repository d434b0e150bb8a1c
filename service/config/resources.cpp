#include "service/config/resources.hpp"

#include <algorithm>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "service/config/config.hpp"
#include "service/config/table_options.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

std::vector<std::string> default_path(const schema::QualifiedName& name) {
    if (name.schema == "public") return {name.name};
    return {name.schema, name.name};
}

std::vector<std::string> segments_of(const std::string& path) {
    std::vector<std::string> segments;
    for (std::size_t at = 0;;) {
        auto slash = path.find('/', at);
        segments.push_back(path.substr(at, slash - at));
        if (slash == std::string::npos) return segments;
        at = slash + 1;
    }
}

bool reserved(const std::string& segment) {
    return segment == "trash" || segment == "history" || segment == "operations" ||
           segment == "openapi.yaml" || segment.starts_with('@');
}

std::string text_of(const schema::QualifiedName& name) {
    return name.schema + "." + name.name;
}

const ResourceConfig* config_of(const Config& config, const schema::QualifiedName& name) {
    for (const auto& resource : config.resources)
        if (resource.table == name) return &resource;
    return nullptr;
}

// Or there are none to tell apart.
bool has_tenants(const schema::Table& table, const std::string& name) {
    if (name.empty()) return true;
    const auto* column = table.column(name);
    return column && !column->generated && column->identity != "always";
}

Resource make_resource(const schema::Table& table, const ResourceConfig* configured) {
    Resource resource{default_path(table.name), &table, table.name.name, "", false, false};
    if (!configured) return resource;
    if (!configured->path.empty()) resource.path = segments_of(configured->path);
    if (!configured->class_name.empty()) resource.class_name = configured->class_name;
    resource.display = configured->display;
    resource.confirm = configured->confirm;
    resource.require_reason = configured->require_reason;
    return resource;
}

// What is neither kept nor served needs no key.
bool needs_key(const ResourceConfig& configured) {
    return configured.trash || configured.serve || !configured.key.empty();
}

// Of a table that no key was found of.
std::string without_key(const ResourceConfig& configured) {
    const auto name = text_of(configured.table);
    if (configured.key.empty())
        return "table " + name +
               " has no primary key, and no unique index over NOT NULL columns in its place";
    std::string columns;
    for (const auto& column : configured.key) columns += (columns.empty() ? "" : ", ") + column;
    return "no unique index of table " + name + " is over its key (" + columns +
           "), of NOT NULL columns, without a predicate and not deferrable";
}

cascade::OnDelete on_delete_of(const std::string& action) {
    if (action == "cascade") return cascade::OnDelete::kCascade;
    return action == "restrict" ? cascade::OnDelete::kRestrict : cascade::OnDelete::kSetNull;
}

// The constraint stands on the table or refers to it; names are unique among those on the table.
const schema::ForeignKey* constraint_of(const schema::Catalog& catalog, const schema::Table& table,
                                        const std::string& name) {
    for (const auto* key : catalog.references(table.oid))
        if (key->name == name) return key;
    const schema::ForeignKey* found = nullptr;
    for (const auto* key : catalog.referrers(table.oid)) {
        if (key->name != name) continue;
        if (found) return nullptr;
        found = key;
    }
    return found;
}

}  // namespace

std::string encode_path(const std::vector<std::string>& segments) {
    std::string text;
    for (const auto& segment : segments)
        text += (text.empty() ? "" : "/") + percent_encode(segment);
    return text;
}

Resources::Resources(std::shared_ptr<const schema::Catalog> catalog, const Config& config)
    : catalog_(std::move(catalog)) {
    std::set<std::string> served(config.schemas.begin(), config.schemas.end());
    add_option_faults(*catalog_, config, faults_);
    for (const auto& configured : config.resources) {
        if (!configured.path.empty()) configured_[configured.table] = segments_of(configured.path);
        const auto* table = catalog_->table(configured.table);
        const auto name = text_of(configured.table);
        if (!table)
            faults_.push_back("resource: there is no table " + name);
        else if (table->identity.empty() && needs_key(configured))
            faults_.push_back("resource: " + without_key(configured));
        else if (!configured.display.empty() && !table->column(configured.display))
            faults_.push_back("resource: table " + name + " has no column " + configured.display);
    }
    for (const auto& broken : catalog_->broken())
        faults_.push_back("reference " + broken.name + ": " + broken.why);
    std::vector<Resource> made;
    for (const auto& table : catalog_->tables()) {
        const auto* configured = config_of(config, table.name);
        if (table.identity.empty() || (!configured && !served.contains(table.name.schema)))
            continue;
        if (configured && !configured->serve) continue;
        if (!has_tenants(table, config.tenant.column)) {
            warnings_.push_back("table " + text_of(table.name) +
                                " is not served: it has no column " + config.tenant.column +
                                " that says whose its rows are");
            continue;
        }
        made.push_back(make_resource(table, configured));
    }
    std::ranges::stable_sort(made, {}, &Resource::path);
    for (auto& resource : made) add(std::move(resource));
}

void Resources::add(Resource resource) {
    const auto name = text_of(resource.table->name);
    if (reserved(resource.path.front())) {
        warnings_.push_back("table " + name + " is not served: its path " +
                            encode_path(resource.path) +
                            " begins with a reserved word; configure another path for it");
        return;
    }
    auto [place, fresh] = by_path_.emplace(resource.path, resources_.size());
    if (!fresh) {
        faults_.push_back("resource: path " + encode_path(resource.path) + " is claimed by " +
                          text_of(resources_[place->second].table->name) + " and " + name);
        return;
    }
    note_names(*resource.table);
    by_table_[resource.table->name] = resources_.size();
    resources_.push_back(std::move(resource));
}

void Resources::note_names(const schema::Table& table) {
    for (const char* name : {"deletedAt", "trashItem"})
        if (table.column(name))
            notes_.push_back("table " + text_of(table.name) + " has a column " + name +
                             " of its own: what trashd says under that name is called " +
                             schema::unused_name(table, name) + " there");
}

const Resource* Resources::called(const std::vector<std::string>& path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &resources_[found->second];
}

const Resource* Resources::match(const std::vector<std::string>& segments, std::size_t from,
                                 std::size_t& used) const {
    const auto first = segments.begin() + static_cast<std::ptrdiff_t>(from);
    for (used = segments.size() - from; used > 0; --used)
        if (const auto* found = called({first, first + static_cast<std::ptrdiff_t>(used)}))
            return found;
    for (used = segments.size() - from; used > 0; --used) {
        std::vector<std::string> path;
        for (std::size_t at = from; at < from + used; ++at)
            for (auto& part : segments_of(segments[at])) path.push_back(std::move(part));
        if (const auto* found = called(path)) return found;
    }
    return nullptr;
}

const Resource* Resources::of(const schema::QualifiedName& table) const {
    auto found = by_table_.find(table);
    return found == by_table_.end() ? nullptr : &resources_[found->second];
}

std::string Resources::path_of(const schema::QualifiedName& table) const {
    if (const auto* resource = of(table)) return encode_path(resource->path);
    const auto configured = configured_.find(table);
    return encode_path(configured == configured_.end() ? default_path(table) : configured->second);
}

std::string Resources::href(const schema::QualifiedName& table,
                            const std::string& object_id) const {
    const auto* resource = of(table);
    auto columns = resource ? resource->table->identity.size() : 1;
    return "/v1/" + path_of(table) + "/" + encode_object_id(object_id, columns);
}

schema::KeyChoice keys_of(const Config& config) {
    schema::KeyChoice keys;
    for (const auto& resource : config.resources)
        if (!resource.key.empty()) keys[resource.table] = resource.key;
    return keys;
}

schema::OptionsOfTables options_of(const Config& config) {
    schema::OptionsOfTables all;
    for (const auto& resource : config.resources)
        all[resource.table] = {resource.hidden, resource.omit, resource.trash};
    return all;
}

cascade::Policy make_policy(const schema::Catalog& catalog, const Config& config,
                            std::vector<std::string>& faults) {
    cascade::Policy policy;
    for (const auto& resource : config.resources) {
        const auto* table = catalog.table(resource.table);
        if (!table) continue;
        for (const auto& [constraint, action] : resource.on_delete) {
            const auto* key = constraint_of(catalog, *table, constraint);
            if (key)
                policy[key->oid] = on_delete_of(action);
            else
                faults.push_back("resource: no foreign key " + constraint +
                                 " stands on or refers to table " + text_of(resource.table) +
                                 ", or several do");
        }
    }
    return policy;
}

}  // namespace trashd::service
