#include "service/access.hpp"

#include <algorithm>

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
bool any_pattern(const std::vector<const Role*>& roles, Right right, Test test) {
    return std::ranges::any_of(roles, [&](const Role* role) {
        const auto found = role->find(right);
        return found != role->end() && std::ranges::any_of(found->second, test);
    });
}

}  // namespace

Forbidden::Forbidden(std::vector<Missing> what)
    : Error(Code::kForbidden, sentence(what)), missing(std::move(what)) {}

Access::Access(const std::map<std::string, Role>& configured, const std::vector<std::string>& roles)
    : all_(false) {
    for (const auto& name : roles) {
        const auto found = configured.find(name);
        if (found != configured.end()) roles_.push_back(&found->second);
    }
}

bool Access::everywhere(Right right) const {
    return all_ || any_pattern(roles_, right, [](const auto& one) { return one.everything(); });
}

bool Access::somewhere(Right right) const {
    return all_ || any_pattern(roles_, right, [](const auto&) { return true; });
}

bool Access::allows(Right right, const Resource& resource) const {
    return all_ ||
           any_pattern(roles_, right, [&](const auto& one) { return one.matches(resource.path); });
}

bool Access::allows(Right right, const Resources& resources,
                    const schema::QualifiedName& table) const {
    if (all_) return true;
    const auto* resource = resources.of(table);
    return resource ? allows(right, *resource) : everywhere(right);
}

void Access::need(Right right, const Resource& resource) const {
    if (!allows(right, resource)) throw Forbidden({{right, encode_path(resource.path)}});
}

void Access::need_somewhere(Right right) const {
    if (!somewhere(right)) throw Forbidden({{right, ""}});
}

void Access::need_everywhere(Right right) const {
    if (!everywhere(right)) throw Forbidden({{right, ""}});
}

void Access::need_all(const std::vector<Right>& rights, const Resources& resources,
                      const std::vector<schema::QualifiedName>& tables) const {
    std::vector<Missing> missing;
    for (const auto& table : tables)
        for (const auto right : rights)
            if (!allows(right, resources, table)) {
                const auto* resource = resources.of(table);
                const Missing one{right, resource ? encode_path(resource->path) : "*"};
                if (std::ranges::count(missing, one) == 0) missing.push_back(one);
            }
    if (!missing.empty()) throw Forbidden(std::move(missing));
}

}  // namespace trashd::service
