#include "service/writing/row_insert.hpp"

#include <algorithm>
#include <string>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/writing/column_values.hpp"
#include "service/writing/written_rows.hpp"

namespace trashd::service {

namespace {

struct ChosenKey {
    std::string id;
    std::optional<std::size_t> position;
};

void refuse_trashed(const Write& write, schema::Transaction& transaction,
                    const std::vector<ChosenKey>& keys) {
    if (keys.empty()) return;
    std::vector<std::string> ids;
    for (const auto& key : keys) ids.push_back(key.id);
    auto items = items_of(write.context, transaction);
    const auto found = items.newest_of_all(*write.request.resource->table, ids);
    for (const auto& key : keys) {
        const auto item = found.find(key.id);
        if (item == found.end()) continue;
        InTrash error(items.one(item->second.id, true),
                      "an object with this key is in the trash; restore trashItem, or purge it "
                      "first");
        error.position = key.position;
        throw error;
    }
}

trash::WrittenRow write_new(Write& write, schema::Transaction& transaction, const NewRow& one) {
    write.id.clear();
    if (one.over) write.id = one.over->address.id;
    if (one.over) return change_row(write, transaction, *one.over);
    write.given = &one.values;
    auto row = trash::insert_row(transaction, *write.request.resource->table, one.values);
    if (!row) refuse_kept_out();
    check_written(write, transaction, "create", *row);
    return std::move(*row);
}

bool chooses_key(const schema::Table& table, const NewRow& one) {
    return !one.over && std::ranges::any_of(one.values.columns, [&](const auto* column) {
        return is_key(table, *column);
    });
}

Response created(const Write& write, schema::Transaction& transaction, const NewRows& made,
                 const std::vector<trash::WrittenRow>& rows) {
    const auto is_new = [](const NewRow& one) { return !one.over; };
    Response reply;
    reply.status = std::ranges::any_of(made.rows, is_new) ? 201 : 200;
    if (!made.array) {
        reply.headers.emplace_back(
            "Location",
            write.context.resources->href(write.request.resource->table->name, rows[0].id));
        add_etag(reply, write, rows[0].etag);
    }
    add_representation(reply, write.request, write.caller, write.context,
                       {transaction, rows, made.array});
    return reply;
}

}  // namespace

Response insert(Write& write, schema::Transaction& transaction, const NewRows& made) {
    const auto& table = *write.request.resource->table;
    std::vector<trash::WrittenRow> rows;
    std::vector<ChosenKey> keys;
    for (std::size_t i = 0; i < made.rows.size(); ++i) {
        if (made.array) write.position = i;
        rows.push_back(write_new(write, transaction, made.rows[i]));
        if (!made.beside_trash && chooses_key(table, made.rows[i]))
            keys.push_back({rows.back().id, write.position});
    }
    write.position.reset();
    expect_catalog(write.request, write.context, transaction);
    refuse_trashed(write, transaction, keys);
    return created(write, transaction, made, rows);
}

}  // namespace trashd::service
