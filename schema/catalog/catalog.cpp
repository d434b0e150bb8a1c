// Tables and keys are sorted once, so that whatever is made from them (statements, names of
// functions, answers) is the same in every process that read the same database.
#include "schema/catalog/catalog.hpp"

#include <algorithm>
#include <tuple>

namespace trashd::schema {
namespace {

const std::vector<const ForeignKey*>& at(const std::map<Oid, std::vector<const ForeignKey*>>& keys,
                                         Oid oid) {
    static const std::vector<const ForeignKey*> none;
    const auto found = keys.find(oid);
    return found == keys.end() ? none : found->second;
}

}  // namespace

const Column* Table::column(int attnum) const {
    const auto found = std::ranges::find(columns, attnum, &Column::attnum);
    return found == columns.end() ? nullptr : &*found;
}

const Column* Table::column(const std::string& name) const {
    const auto found = std::ranges::find(columns, name, &Column::name);
    return found == columns.end() ? nullptr : &*found;
}

const Column* Table::shown_column(const std::string& name) const {
    const auto* found = column(name);
    return found && !found->hidden ? found : nullptr;
}

bool Table::hides_columns() const {
    return std::ranges::any_of(columns, &Column::hidden);
}

std::vector<const Column*> Table::kept_columns() const {
    std::vector<const Column*> kept;
    for (const auto& column : columns)
        if (!column.omitted) kept.push_back(&column);
    return kept;
}

int Table::kept_place(int attnum) const {
    const auto kept = kept_columns();
    const auto found = std::ranges::find(kept, attnum, &Column::attnum);
    return found == kept.end() ? 0 : static_cast<int>(found - kept.begin()) + 1;
}

std::vector<std::string> UniqueIndex::equality() const {
    auto out = operators;
    if (temporal) out.back() = "OPERATOR(pg_catalog.=)";
    return out;
}

Catalog::Catalog(std::vector<Table> tables, std::vector<ForeignKey> keys,
                 std::vector<BrokenReference> broken, OptionsOfTables options)
    : tables_(std::move(tables)),
      keys_(std::move(keys)),
      broken_(std::move(broken)),
      options_(std::move(options)) {
    std::ranges::sort(tables_, {}, &Table::name);
    for (const auto& table : tables_) {
        by_oid_[table.oid] = &table;
        by_name_[table.name] = &table;
    }
    const auto order = [this](const ForeignKey& key) {
        const auto* child = this->table(key.child);
        return std::tuple(child ? child->name : QualifiedName{}, key.name, key.oid);
    };
    std::ranges::sort(keys_, {}, order);
    for (const auto& key : keys_) {
        Ends& ends = key.enforced ? enforced_ : unenforced_;
        ends.referrers[key.parent].push_back(&key);
        ends.references[key.child].push_back(&key);
    }
}

const Table* Catalog::table(Oid oid) const {
    const auto found = by_oid_.find(oid);
    return found == by_oid_.end() ? nullptr : found->second;
}

const Table* Catalog::table(const QualifiedName& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

const std::vector<const ForeignKey*>& Catalog::referrers(Oid parent) const {
    return at(enforced_.referrers, parent);
}

const std::vector<const ForeignKey*>& Catalog::references(Oid child) const {
    return at(enforced_.references, child);
}

const std::vector<const ForeignKey*>& Catalog::unenforced_referrers(Oid parent) const {
    return at(unenforced_.referrers, parent);
}

const std::vector<const ForeignKey*>& Catalog::unenforced_references(Oid child) const {
    return at(unenforced_.references, child);
}

bool Catalog::hides(const QualifiedName& table, const std::string& column) const {
    const auto found = options_.find(table);
    return found != options_.end() && std::ranges::count(found->second.hidden, column) > 0;
}

std::string unused_name(const Table& table, std::string name) {
    while (table.column(name)) name.insert(0, 1, '$');
    return name;
}

}  // namespace trashd::schema
