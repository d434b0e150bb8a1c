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

std::vector<std::string> UniqueIndex::equality() const {
    auto out = operators;
    if (temporal) out.back() = "OPERATOR(pg_catalog.=)";
    return out;
}

Catalog::Catalog(std::vector<Table> tables, std::vector<ForeignKey> keys,
                 std::vector<BrokenReference> broken)
    : tables_(std::move(tables)), keys_(std::move(keys)), broken_(std::move(broken)) {
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

std::string unused_name(const Table& table, std::string name) {
    while (table.column(name)) name.insert(0, 1, '$');
    return name;
}

}  // namespace trashd::schema
