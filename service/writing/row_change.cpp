#include "service/writing/row_change.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/preconditions.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/rights/row_rights.hpp"
#include "service/writing/written_rows.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

namespace {

constexpr unsigned kJson = 114, kJsonb = 3802;

bool merges(const ChangeWanted& wanted, const schema::Column& column) {
    return wanted.setting == Setting::kMerge &&
           (column.base_oid == kJson || column.base_oid == kJsonb) &&
           wanted.body.member(column.name)->kind == Json::Kind::kObject;
}

// What is sent goes to the key, or to the other columns.
void take_sent(const Request& request, const Context& context, const ChangeWanted& wanted,
               Change& change) {
    const auto& table = change.address.table;
    for (const auto* column : columns_of(request, context, wanted.body)) {
        if (column == context.trash->tenant_column(table)) {
            refuse_other_tenant(context, *column, *wanted.body.member(column->name));
            continue;
        }
        const bool key = is_key(table, *column);
        (key ? change.key : change.given).columns.push_back(column);
        if (!key) refuse_generated(*column);
        if (!key && merges(wanted, *column)) change.merging.push_back(column);
    }
}

void add_defaults(const Context& context, Change& change) {
    const auto& table = change.address.table;
    const auto* tenant = context.trash->tenant_column(table);
    for (const auto& column : table.columns)
        if (!is_key(table, column) && !by_database(column) && !column.hidden && &column != tenant &&
            std::ranges::count(change.given.columns, &column) == 0)
            change.defaults.push_back(&column);
}

Json present_json(const Context& context, const schema::Column& column, const schema::Param& text) {
    if (!text) return {};
    try {
        return parse_json(*text, context.config->limits.json_depth);
    } catch (const Error&) {
        throw column_fault(column.name,
                           fmt::format("what column '{}' holds cannot be merged into; replace the "
                                       "object with PUT",
                                       column.name));
    }
}

trash::ColumnValues with_merged(const Context& context, const Change& change,
                                const trash::LockedRow& locked) {
    if (change.merging.empty()) return change.given;
    Json body = change.body;
    for (std::size_t i = 0; i < change.merging.size(); ++i) {
        const auto& column = *change.merging[i];
        for (auto& [name, value] : body.members)
            if (name == column.name)
                value = merged(present_json(context, column, locked.present[i]), value);
    }
    auto given = change.given;
    given.json = to_json(body);
    return given;
}

void check(const Request& request, const trash::LockedRow& locked) {
    const auto tags = if_match(request);
    if (!tags.empty() && std::ranges::count(tags, locked.etag) == 0)
        throw Error(Code::kStale,
                    "the object is another version than If-Match names; read it again");
    if (locked.long_one)
        throw column_fault(locked.long_one->name,
                           fmt::format("what column '{}' holds is too large to be merged into; "
                                       "replace the object with PUT",
                                       locked.long_one->name));
    if (locked.other_key)
        throw column_fault(locked.other_key->name,
                           fmt::format("column '{}' is part of the key and cannot be changed; "
                                       "leave it out",
                                       locked.other_key->name));
}

// The access function is asked about the row as it was, too.
void ask_about_present(const Write& write, schema::Transaction& transaction, const Change& change) {
    if (!consent_of(write.caller, write.context)) return;
    const std::vector<std::string> all;
    const trash::RowQuery asked{change.address.id, all, change.address.own,
                                shown_bytes(write.request, write.caller, write.context)};
    if (const auto row = trash::read_row(transaction, change.address.table, asked, false))
        ask_function(write, transaction, "update", row->json);
}

[[noreturn]] void refuse_missing(const Write& write, schema::Transaction& transaction,
                                 const Change& change) {
    if (change.restored)
        throw Forbidden({{Right::kWrite, encode_path(write.request.resource->path)}});
    refuse_missing(write, transaction, change.address);
}

}  // namespace

Change change_of(const Request& request, const Caller& caller, const Context& context,
                 const ChangeWanted& wanted) {
    const auto& table = *request.resource->table;
    Change change{
        {table, wanted.id, writable_rows(request, caller, context)}, wanted.body, {}, {}, {}, {}};
    change.given.own = own_rows(request, caller, Right::kWrite, trash::alias_of(table));
    change.given.shown = shown_bytes(request, caller, context);
    change.key.json = change.given.json = wanted.body.source;
    take_sent(request, context, wanted, change);
    if (wanted.setting == Setting::kReplace) add_defaults(context, change);
    Columns written = change.given.columns;
    written.insert(written.end(), change.defaults.begin(), change.defaults.end());
    if (!written.empty())
        change.given.crossing =
            trash::crossing_sql(*context.trash, *context.resources->catalog(), table, written);
    return change;
}

trash::WrittenRow change_row(Write& write, schema::Transaction& transaction, const Change& change) {
    write.given = &change.key;
    const auto locked = trash::lock_row(transaction, change.address, change.key, change.merging);
    write.found = true;
    if (!locked) refuse_missing(write, transaction, change);
    check(write.request, *locked);
    ask_about_present(write, transaction, change);
    write.given = &change.given;
    auto row = trash::update_row(transaction, change.address,
                                 with_merged(write.context, change, *locked), change.defaults);
    if (!row) refuse_kept_out();
    check_written(write, transaction, "update", *row);
    return std::move(*row);
}

Response changed(const Write& write, schema::Transaction& transaction,
                 const trash::WrittenRow& row) {
    expect_catalog(write.request, write.context, transaction);
    Response reply;
    add_etag(reply, write, row.etag);
    add_representation(reply, write.request, write.caller, write.context,
                       {transaction, {row}, false});
    if (reply.type.empty()) reply.status = 204;
    return reply;
}

std::string writable_rows(const Request& request, const Caller& caller, const Context& context) {
    return live_rows(request, caller, context, Right::kWrite,
                     trash::alias_of(*request.resource->table));
}

bool is_live(const Request& request, const Context& context, const std::vector<std::string>& id) {
    const auto& table = *request.resource->table;
    bool live = false;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        const auto own = context.trash->tenant_condition(table, trash::alias_of(table));
        live = trash::read_row(transaction, table, {id, {}, own}).has_value();
    });
    return live;
}

std::optional<trash::Item> seen_in_trash(const Write& write, schema::Transaction& transaction,
                                         const trash::RowAddress& address) {
    const auto& context = write.context;
    auto item = items_of(context, transaction).newest_of(address.table, address.id, true);
    const auto reach = reach_of(write.caller, context, Right::kViewTrash);
    const bool seen =
        item &&
        (!reach || trash::item_within(transaction.connection(), *context.resources->catalog(),
                                      context.trash->readable_schema(), item->id, *reach));
    return seen ? std::move(item) : std::nullopt;
}

void refuse_missing(const Write& write, schema::Transaction& transaction,
                    const trash::RowAddress& address, const char* detail) {
    if (auto item = seen_in_trash(write, transaction, address))
        throw InTrash(std::move(*item), detail);
    throw not_found(write.request);
}

}  // namespace trashd::service
