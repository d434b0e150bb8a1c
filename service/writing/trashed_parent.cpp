// A write that refers to a row in the trash: which row that is, from what was sent.
#include "service/writing/trashed_parent.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/trash.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::service {
namespace {

// Nullptr where the server names none that the table has, or one that refers not to a key.
const schema::ForeignKey* broken_key(const Request& request, const Context& context,
                                     const SqlError& sql) {
    const auto& catalog = *context.resources->catalog();
    const auto& table = *request.resource->table;
    const bool own =
        table.partitioned || schema::QualifiedName{sql.schema, sql.table} == table.name;
    for (const auto* key : catalog.references(table.oid)) {
        const auto* parent = catalog.table(key->parent);
        if (own && key->name == sql.constraint && parent &&
            std::ranges::is_permutation(key->parent_columns, parent->identity))
            return key;
    }
    return nullptr;
}

// The key, in its order, of the row that the foreign key refers to.
std::vector<std::string> parent_of(const Request& request, const Context& context,
                                   const std::vector<std::string>& own,
                                   const trash::ColumnValues& given,
                                   const schema::ForeignKey& key) {
    const auto& table = *request.resource->table;
    const auto& parent = *context.resources->catalog()->table(key.parent);
    std::vector<const schema::Column*> wanted;
    for (const int attnum : parent.identity) {
        const auto at = std::ranges::find(key.parent_columns, attnum) - key.parent_columns.begin();
        wanted.push_back(table.column(key.child_columns[static_cast<std::size_t>(at)]));
    }
    std::vector<std::string> id;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        id = trash::texts_of(transaction, {table, own}, given, wanted);
    });
    return id;
}

}  // namespace

void refuse_trashed_parent(const Request& request, const Caller& caller, const Context& context,
                           const std::vector<std::string>& own, const trash::ColumnValues& given,
                           const SqlError& sql) {
    const auto* key = broken_key(request, context, sql);
    if (!key) return;
    const auto& parent = context.resources->catalog()->table(key->parent)->name;
    if (!caller.access.allows(Right::kViewTrash, *context.resources, parent)) return;
    const auto id = parent_of(request, context, own, given, *key);
    const auto item = id.empty() ? std::nullopt : context.trash->find(parent, id, false);
    const auto reach = reach_of(caller, context, Right::kViewTrash);
    if (!item || (reach && !context.trash->within(item->id, *reach))) return;
    TrashedParent fault(*item, fmt::format("the row of {} that it refers to lies in the trash; "
                                           "restore it first",
                                           context.resources->path_of(parent)));
    fault.constraint = sql.constraint;
    throw fault;
}

}  // namespace trashd::service
