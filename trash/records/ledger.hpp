// Reading the ledger: what happened to an object, and to all of them. One entry for each group and
// hard delete, under its root.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "schema/catalog/tenant.hpp"
#include "schema/object_name.hpp"
#include "schema/session/result.hpp"
#include "trash/model/history.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

class Ledger {
  public:
    Ledger(schema::Connection& connection, const schema::Catalog& catalog, std::string trash_schema)
        : connection_(connection), catalog_(catalog), trash_schema_(std::move(trash_schema)) {}
    // Of the transaction's tenant alone, by the tenant's own index.
    void of_tenant() {
        own_ = std::string(" AND l.tenant OPERATOR(pg_catalog.=) ") + schema::kTenant;
    }

    // The contract of Trash::history and history_of; object_id: as the store writes it.
    HistoryPage page(const HistoryFilter& filter, int limit, long long before);
    // Oldest first: those behind the entry `after`, up to the one `upto`.
    HistoryPage events(const HistoryFilter& filter, int limit, long long after, long long upto);
    HistoryPage page_of(const schema::Table& table, const std::string& object_id,
                        const HistoryQuery& asked);

  private:
    // Entries between two ids, neither of which is one of them.
    struct Stretch {
        long long after = 0, before = 0;
        bool oldest_first = false;
    };
    HistoryPage read(const std::string& from, std::vector<schema::Param> params, int limit,
                     const Stretch& stretch);
    std::string from_of(const HistoryFilter& filter, std::vector<schema::Param>& params) const;
    LedgerEntry entry_from(const schema::Result& result, int row) const;
    schema::QualifiedName table_called(const std::string& name) const;

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    std::string trash_schema_, own_;
};

}  // namespace trashd::trash
