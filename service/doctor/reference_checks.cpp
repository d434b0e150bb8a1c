// References that no constraint holds: rows that have lost what they refer to, and columns that
// look like references of which nobody has said so.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/doctor/doctor.hpp"

namespace trashd::service {

namespace {

using schema::ForeignKey;
using schema::Table;

constexpr int kMostCounted = 1000;

std::string name_of(const Table& table) {
    return table.name.schema + "." + table.name.name;
}

// Live rows that refer to none, as far as they are counted.
constexpr const char* kOrphans = R"(SELECT pg_catalog.count(*) FROM (
  SELECT FROM {child} t WHERE {there} AND NOT EXISTS (SELECT FROM {parent} p WHERE {same})
  LIMIT {most}) o)";

std::string orphans_sql(const schema::Catalog& catalog, const ForeignKey& key) {
    const auto& child = *catalog.table(key.child);
    const auto& parent = *catalog.table(key.parent);
    std::vector<std::string> there, same;
    for (std::size_t k = 0; k < key.child_columns.size(); ++k) {
        const auto own = cascade::value_of(child, key.child_columns[k], "t");
        there.push_back(own + " IS NOT NULL");
        same.push_back(
            schema::same_value(key, k, cascade::value_of(parent, key.parent_columns[k], "p"), own));
    }
    if (auto bound = schema::binds(key, child, "t"); !bound.empty())
        there.push_back(std::move(bound));
    return schema::filled(kOrphans, {{"child", schema::relation(child)},
                                     {"parent", schema::relation(parent)},
                                     {"there", schema::join(there, " AND ")},
                                     {"same", schema::join(same, " AND ")},
                                     {"most", std::to_string(kMostCounted)}});
}

bool can_be_read(const Table& table) {
    return table.can_select && !table.row_security;
}

class References {
  public:
    References(schema::Connection& connection, const Resources& resources, const Config& config)
        : connection_(connection),
          catalog_(*resources.catalog()),
          served_(config.schemas.begin(), config.schemas.end()) {}

    std::vector<Finding> run() {
        for (const auto& table : catalog_.tables()) {
            for (const auto* key : catalog_.references(table.oid))
                if (key->declared) look_for_orphans(table, *key);
            if (served_.contains(table.name.schema)) look_for_undeclared(table);
        }
        return std::move(findings_);
    }

  private:
    void look_for_orphans(const Table& table, const ForeignKey& key) {
        const auto& parent = *catalog_.table(key.parent);
        if (!can_be_read(table) || !can_be_read(parent)) return;
        const auto count = orphans_of(table, key);
        if (count == 0) return;
        findings_.push_back(
            {Severity::kWarning, "orphaned", name_of(table),
             fmt::format("{}{} rows refer by {} to rows of {} that are not there, or lie in the "
                         "trash",
                         count >= kMostCounted ? "at least " : "", count, key.name,
                         name_of(parent)),
             "delete these rows, or bring back what they refer to"});
    }

    // The condition is the owner's, and may fail on what stands in a row.
    long long orphans_of(const Table& table, const ForeignKey& key) {
        try {
            return connection_.exec(orphans_sql(catalog_, key)).integer(0, 0);
        } catch (const Error& error) {
            if (!error.sql() || error.code() == Code::kUnavailable) throw;
            findings_.push_back(
                {Severity::kError, "configuration", name_of(table),
                 "the reference " + key.name + " cannot be followed: " + error.sql()->message,
                 "correct its where"});
            return 0;
        }
    }

    bool known(const Table& table, int attnum) const {
        const auto by = [&](const ForeignKey* key) {
            return std::ranges::count(key->child_columns, attnum) > 0;
        };
        return std::ranges::any_of(catalog_.references(table.oid), by) ||
               std::ranges::any_of(catalog_.unenforced_references(table.oid), by);
    }

    void look_for_undeclared(const Table& table) {
        for (const auto& column : table.columns) {
            if (!column.name.ends_with("_id") || column.name.size() == 3 ||
                known(table, column.attnum))
                continue;
            const auto stem = column.name.substr(0, column.name.size() - 3);
            if (table.column(stem + "_type") != nullptr)
                propose_pair(table, stem);
            else if (const auto* parent = table_meant(table, column, stem))
                propose(table, column.name, *parent);
        }
    }

    // A row tells in one column which table the other refers to.
    void propose_pair(const Table& table, const std::string& stem) {
        findings_.push_back(
            {Severity::kInfo, "undeclared-reference", name_of(table),
             fmt::format("the columns {0}_type and {0}_id look like a reference to rows of several "
                         "tables: deletes of these leave the row behind",
                         stem),
             fmt::format("for each of them: [[reference]] table = \"{0}\", columns = "
                         "[\"{1}_id\"], where = \"{1}_type = '…'\", to = \"…\", on_delete = "
                         "\"cascade\"",
                         name_of(table), stem)});
    }

    void propose(const Table& table, const std::string& column, const Table& parent) {
        findings_.push_back(
            {Severity::kInfo, "undeclared-reference", name_of(table),
             fmt::format("the column {} looks like a reference to {} of which no foreign key "
                         "knows: deletes of that leave the row behind",
                         column, name_of(parent)),
             fmt::format("[[reference]] table = \"{}\", columns = [\"{}\"], to = \"{}\", on_delete "
                         "= \"cascade\"; or a foreign key",
                         name_of(table), column, name_of(parent))});
    }

    // The table that the column is named after, where its key is of the same type.
    const Table* table_meant(const Table& table, const schema::Column& column,
                             const std::string& stem) const {
        std::vector<std::string> names = {stem, stem + "s", stem + "es"};
        if (stem.ends_with('y')) names.push_back(stem.substr(0, stem.size() - 1) + "ies");
        for (const auto& name : names) {
            const auto* parent = catalog_.table(schema::QualifiedName{table.name.schema, name});
            if (parent == nullptr || parent->identity.size() != 1) continue;
            if (parent->column(parent->identity[0])->base_oid == column.base_oid) return parent;
        }
        return nullptr;
    }

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    const std::set<std::string> served_;
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_references(schema::Connection& connection, const Resources& resources,
                                        const Config& config) {
    return References(connection, resources, config).run();
}

}  // namespace trashd::service
