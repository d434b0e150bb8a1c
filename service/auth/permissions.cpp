// Rights only add up: what one role grants no other takes away. A role with an owner grants its
// rights for own rows alone, and counts for nothing where all rows are meant.
#include "service/auth/permissions.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "service/auth/principal.hpp"
#include "service/config/resources.hpp"

namespace trashd::service {

namespace {

std::string sentence(const std::vector<Missing>& missing) {
    std::string text;
    for (const auto& one : missing)
        text += (text.empty() ? "the right '" : ", '") + std::string(right_name(one.right)) + "'" +
                (one.resource.empty() ? "" : " for " + one.resource);
    return text + " is missing; ask for a role that has it";
}

template <class Test>
bool grants(const Role& role, Right right, Test test) {
    const auto found = role.grants.find(right);
    return found != role.grants.end() && std::ranges::any_of(found->second, test);
}

bool is_for(const Role& role, Right right, GroupsOf of) {
    return of == GroupsOf::kAsker || !role.own_deletes.contains(right);
}

// By roles that ask for no owner.
template <class Test>
bool any_pattern(const std::vector<const Role*>& roles, Right right, GroupsOf of, Test test) {
    return std::ranges::any_of(roles, [&](const Role* role) {
        return role->owner.empty() && is_for(*role, right, of) && grants(*role, right, test);
    });
}

auto meaning(const Resource& resource) {
    return [&resource](const ResourcePattern& one) { return one.matches(resource.path); };
}

Missing missing_on(Right right, const Resource* resource) {
    return {right, resource ? encode_path(resource->path) : "*"};
}

}  // namespace

Forbidden::Forbidden(const std::vector<Missing>& what) : Forbidden(what, sentence(what)) {}

Forbidden::Forbidden(std::vector<Missing> what, const std::string& detail)
    : Error(Code::kForbidden, detail), missing(std::move(what)) {}

Access::Access(const std::map<std::string, Role>& configured, const Principal& principal)
    : all_(false), id_(principal.id) {
    for (const auto& name : principal.roles) {
        const auto found = configured.find(name);
        if (found != configured.end()) roles_.push_back(&found->second);
    }
}

bool Access::everywhere(Right right, GroupsOf of) const {
    return all_ || any_pattern(roles_, right, of, [](const auto& one) { return one.everything(); });
}

bool Access::somewhere(Right right) const {
    return all_ || std::ranges::any_of(roles_, [&](const Role* role) {
               return grants(*role, right, [](const auto&) { return true; });
           });
}

bool Access::allows(Right right, const Resource& resource, GroupsOf of) const {
    return all_ || any_pattern(roles_, right, of, meaning(resource));
}

std::vector<std::string> Access::owners(Right right, const Resource& resource, GroupsOf of) const {
    std::vector<std::string> columns;
    if (allows(right, resource, of)) return columns;
    for (const auto* role : roles_)
        if (!role->owner.empty() && is_for(*role, right, of) &&
            resource.table->column(role->owner) && grants(*role, right, meaning(resource)) &&
            std::ranges::count(columns, role->owner) == 0)
            columns.push_back(role->owner);
    return columns;
}

bool Access::own_deletes(Right right) const {
    return std::ranges::any_of(roles_,
                               [&](const Role* role) { return role->own_deletes.contains(right); });
}

bool Access::reaches(Right right, const Resource& resource) const {
    return allows(right, resource, GroupsOf::kAsker) ||
           !owners(right, resource, GroupsOf::kAsker).empty();
}

bool Access::reaches(Right right, const Resources& resources,
                     const schema::QualifiedName& table) const {
    const auto* resource = resources.of(table);
    return resource ? reaches(right, *resource) : everywhere(right, GroupsOf::kAsker);
}

bool Access::takes(Right right, const Resources& resources, const schema::QualifiedName& table,
                   GroupsOf of) const {
    if (allows(right, resources, table)) return true;
    const auto* resource = resources.of(table);
    return std::ranges::any_of(roles_, [&](const Role* role) {
        if (!is_for(*role, right, of)) return false;
        return resource ? grants(*role, right, meaning(*resource))
                        : grants(*role, right, [](const auto& one) { return one.everything(); });
    });
}

bool Access::as_far(Right other, Right used, const Resource& resource) const {
    if (allows(other, resource)) return true;
    if (allows(used, resource)) return false;
    const auto known = owners(other, resource, GroupsOf::kAnyone);
    return std::ranges::all_of(owners(used, resource, GroupsOf::kAnyone), [&](const auto& column) {
        return std::ranges::count(known, column) > 0;
    });
}

bool Access::allows(Right right, const Resources& resources,
                    const schema::QualifiedName& table) const {
    if (all_) return true;
    const auto* resource = resources.of(table);
    return resource ? allows(right, *resource) : everywhere(right);
}

void Access::need(Right right, const Resource& resource) const {
    if (!reaches(right, resource)) throw Forbidden({missing_on(right, &resource)});
}

void Access::need_of(Right right, const Resources& resources,
                     const schema::QualifiedName& table) const {
    if (!reaches(right, resources, table))
        throw Forbidden({missing_on(right, resources.of(table))});
}

void Access::need_somewhere(Right right) const {
    if (!somewhere(right)) throw Forbidden({{right, ""}});
}

void Access::need_everywhere(Right right) const {
    if (!everywhere(right)) throw Forbidden({{right, ""}});
}

std::vector<Missing> Access::lacking(const std::vector<Right>& rights, const Resources& resources,
                                     const std::vector<schema::QualifiedName>& tables) const {
    std::vector<Missing> missing;
    for (const auto& table : tables)
        for (const auto right : rights)
            if (!takes(right, resources, table)) {
                const auto one = missing_on(right, resources.of(table));
                if (std::ranges::count(missing, one) == 0) missing.push_back(one);
            }
    return missing;
}

void Access::need_all(const std::vector<Right>& rights, const Resources& resources,
                      const std::vector<schema::QualifiedName>& tables) const {
    auto missing = lacking(rights, resources, tables);
    if (!missing.empty()) throw Forbidden(std::move(missing));
}

}  // namespace trashd::service
