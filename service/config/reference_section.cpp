#include "service/config/reference_section.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "schema/text.hpp"
#include "service/config/config.hpp"
#include "service/config/section.hpp"

namespace trashd::service {

namespace {

using schema::DeclaredReference;

void take_action(Section& section, DeclaredReference& reference) {
    static const std::map<std::string, schema::Action> kActions = {
        {"cascade", schema::Action::kCascade},
        {"set-null", schema::Action::kSetNull},
        {"restrict", schema::Action::kRestrict},
        {"no-action", schema::Action::kNoAction}};
    std::string word = "no-action";
    section.take("on_delete", word);
    const auto known = kActions.find(word);
    if (known == kActions.end())
        return section.fault("on_delete", "must be cascade, set-null, restrict or no-action");
    reference.on_delete = known->second;
}

schema::QualifiedName take_table(Section& section, const char* key) {
    std::string name;
    section.take(key, name);
    if (name.empty()) section.fault(key, "is missing");
    return table_name(name);
}

DeclaredReference take_reference(const toml::table& table, const std::string& prefix,
                                 std::vector<std::string>& faults) {
    Section section(table, prefix, faults);
    DeclaredReference reference;
    reference.table = take_table(section, "table");
    section.take("columns", reference.columns);
    if (!table.contains("columns")) section.fault("columns", "is missing");
    section.take("where", reference.where);
    if (table.contains("where") &&
        reference.where.find_first_not_of(" \t\r\n") == std::string::npos)
        section.fault("where", "must not be empty");
    reference.to = take_table(section, "to");
    section.take("to_columns", reference.to_columns);
    take_action(section, reference);
    reference.name =
        reference.table.name + "_" + schema::join(reference.columns, "_") + "_" + reference.to.name;
    section.take("name", reference.name);
    if (reference.name.empty()) section.fault("name", "must not be empty");
    section.refuse_unknown();
    return reference;
}

}  // namespace

void take_references(Section& section, Config& config, std::vector<std::string>& faults) {
    const auto* node = section.find("reference");
    if (!node) return;
    const auto* array = node->as_array();
    if (!array || !array->is_homogeneous<toml::table>())
        return section.fault("reference", "must be written as [[reference]]");
    std::set<std::pair<schema::QualifiedName, std::string>> seen;
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto prefix = fmt::format("reference[{}].", i);
        const auto reference = take_reference(*array->get(i)->as_table(), prefix, faults);
        if (!seen.emplace(reference.table, reference.name).second)
            faults.push_back(prefix + "name: another reference of the table is called " +
                             reference.name);
        config.references.push_back(reference);
    }
}

}  // namespace trashd::service
