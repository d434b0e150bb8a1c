#include "service/config/table_options.hpp"

#include <algorithm>

#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"

namespace trashd::service {

namespace {

using schema::Column;
using schema::Table;

std::string text_of(const schema::QualifiedName& name) {
    return name.schema + "." + name.name;
}

bool is_in(const std::vector<int>& attnums, const Column& column) {
    return std::ranges::count(attnums, column.attnum) > 0;
}

// The name of a reference that the column is part of, at either end; empty: none.
std::string reference_over(const schema::Catalog& catalog, const Table& table,
                           const Column& column) {
    for (const auto* key : catalog.references(table.oid))
        if (is_in(key->child_columns, column)) return key->name;
    for (const auto* key : catalog.referrers(table.oid))
        if (is_in(key->parent_columns, column)) return key->name;
    return "";
}

// The checks of one table's options.
class Checker {
  public:
    Checker(const schema::Catalog& catalog, const Config& config, const ResourceConfig& configured,
            const Table& table, std::vector<std::string>& faults)
        : catalog_(catalog),
          config_(config),
          configured_(configured),
          table_(table),
          faults_(faults) {}

    void hidden() {
        for (const auto& name : configured_.hidden)
            if (const auto* column = found("hidden", name)) check_hidden(*column);
    }

    void omitted() {
        for (const auto& name : configured_.omit)
            if (const auto* column = found("omitted", name)) check_omitted(*column);
    }

    void personal() {
        for (const auto& name : configured_.personal)
            if (const auto* column = found("personal", name)) check_personal(*column);
    }

  private:
    const Column* found(const std::string& option, const std::string& name) {
        const auto* column = table_.column(name);
        if (!column)
            faults_.push_back("resource: table " + text_of(table_.name) + " has no column " + name +
                              " that could be " + option);
        return column;
    }

    void refuse(const std::string& option, const Column& column, const std::string& why) {
        faults_.push_back("resource: column " + column.name + " of table " + text_of(table_.name) +
                          " cannot be " + option + ": " + why);
    }

    void check_hidden(const Column& column) {
        const auto reference = reference_over(catalog_, table_, column);
        if (is_in(table_.identity, column))
            refuse("hidden", column,
                   "it is part of the key, which addresses hold; choose another key");
        else if (!reference.empty())
            refuse("hidden", column,
                   "the reference " + reference +
                       " is over it, and who sees what refers to what sees its value");
        else if (configured_.display == column.name)
            refuse("hidden", column, "display names it; show another column");
    }

    // A restore makes the row anew without the column.
    void check_omitted(const Column& column) {
        const auto reference = reference_over(catalog_, table_, column);
        const auto unique = std::ranges::find_if(
            table_.uniques, [&](const auto& index) { return is_in(index.attnums, column); });
        if (is_in(table_.identity, column))
            refuse("omitted", column, "it is part of the key, by which the row is known");
        else if (!reference.empty())
            refuse("omitted", column,
                   "the reference " + reference +
                       " is over it, and the rows could not be joined again");
        else if (unique != table_.uniques.end())
            refuse("omitted", column,
                   "the unique index " + unique->name +
                       " is over it, and rows that come back would share one value");
        else if (column.not_null && !column.has_default)
            refuse("omitted", column,
                   "it must not be null and has no default, so the row could not come back; give "
                   "the column a default");
        else if (column.name == config_.tenant.column || is_owner(column.name))
            refuse("omitted", column, "it says whose the row is");
    }

    // An erasure empties it, and the row must still be known and come back.
    void check_personal(const Column& column) {
        const auto reference = reference_over(catalog_, table_, column);
        if (is_key(column))
            refuse("personal", column,
                   "it is part of the key, by which the row is known, in the ledger too; give the "
                   "table a key that says nothing of people");
        else if (column.generated)
            refuse("personal", column,
                   "it is generated; name the columns that it is made of, and it goes with them");
        else if (!reference.empty())
            refuse("personal", column,
                   "the reference " + reference +
                       " is over it, and the rows could not be joined again; name the columns of "
                       "the table that it refers to");
        else if (column.name == config_.tenant.column || is_owner(column.name))
            refuse("personal", column, "it says whose the row is");
    }

    bool is_key(const Column& column) const {
        return is_in(table_.identity, column) ||
               std::ranges::any_of(table_.uniques, [&](const auto& index) {
                   return index.primary && is_in(index.attnums, column);
               });
    }

    bool is_owner(const std::string& name) const {
        return std::ranges::any_of(config_.roles,
                                   [&](const auto& role) { return role.second.owner == name; });
    }

    const schema::Catalog& catalog_;
    const Config& config_;
    const ResourceConfig& configured_;
    const Table& table_;
    std::vector<std::string>& faults_;
};

}  // namespace

namespace {

// A restore would bring back rows that hang on what does not come back.
void add_kept_below(const schema::Catalog& catalog, const Config& config,
                    std::vector<std::string>& faults) {
    std::vector<std::string> of_policy;  // which are told elsewhere
    const auto policy = make_policy(catalog, config, of_policy);
    for (const auto& parent : catalog.tables()) {
        if (parent.kept) continue;
        for (const auto* key : catalog.referrers(parent.oid)) {
            const auto& child = *catalog.table(key->child);
            const auto effect = cascade::effect_of(catalog, policy, *key, false).effect;
            if (child.kept && effect == cascade::Effect::kCascade)
                faults.push_back("resource: " + cascade::kept_below(parent, child, key->name));
        }
    }
}

}  // namespace

void add_option_faults(const schema::Catalog& catalog, const Config& config,
                       std::vector<std::string>& faults) {
    add_kept_below(catalog, config, faults);
    for (const auto& configured : config.resources) {
        const auto* table = catalog.table(configured.table);
        if (!table) continue;
        Checker checker(catalog, config, configured, *table, faults);
        checker.hidden();
        checker.omitted();
        checker.personal();
    }
}

}  // namespace trashd::service
