#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schema/sqlstate.hpp"
#include "service/api/act_as_role.hpp"
#include "service/api/cross_site.hpp"
#include "service/api/idempotency.hpp"
#include "service/api/json_body.hpp"
#include "service/api/object_id.hpp"
#include "service/api/preconditions.hpp"
#include "service/api/problem.hpp"
#include "service/api/row_rights.hpp"
#include "service/api/where_parser.hpp"
#include "service/handlers/column_values.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/restore_group.hpp"
#include "service/handlers/trashed_parent.hpp"
#include "service/handlers/written_rows.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/read/items.hpp"
#include "trash/read/live_row.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::service {

namespace {

constexpr unsigned kJson = 114, kJsonb = 3802;

// Says which column a value does not fit; returns where that is not the fault.
void refuse_misfit(const Call& call, const trash::ColumnValues& given) {
    const auto* column = trash::misfit(call.trash->pool(), given);
    if (!column) return;
    throw column_fault(column->name, fmt::format("the value of column '{}' does not fit its type, "
                                                 "{}; send one that does",
                                                 column->name, column->type));
}

// One write and what it is about, for saying what was wrong with it.
struct Write {
    const Call& call;
    const trash::ColumnValues* given = nullptr;
    std::optional<std::size_t> position = std::nullopt;
    std::vector<std::string> id = {};  // of the row that is changed; empty: it is new
    bool found = true;                 // the address has been understood as a key
};

// In the words of the contract; returns for what is no fault of what was sent.
void explain(const Write& write, const Error& error) {
    const auto& call = write.call;
    if (!error.sql()) return;
    if (const auto refusal =
            trash::refusal_by_code(error, call.trash->schema_name(), {call.resource->table})) {
        refuse_misfit(call, *write.given);  // types and domains run functions too
        throw *refusal;
    }
    const auto& sql = *error.sql();
    const auto kind = sql.sqlstate.substr(0, 2);
    const bool named = !sql.table.empty();
    // the types of extensions refuse values with any SQLSTATE
    if (error.code() == Code::kInternal || kind == "22" || (kind == "23" && !named))
        refuse_misfit(call, *write.given);
    if (kind == "54")
        throw WriteFault(Code::kInvalid,
                         "a value is too large to be stored or indexed; send a shorter one");
    if (error.is(sqlstate::kForeignKeyViolation))
        refuse_trashed_parent(call, write.id, *write.given, sql);
    if (kind != "22" && kind != "23") return;
    WriteFault fault(error.code(), error.what());
    fault.constraint = sql.constraint;
    fault.column = sql.column;
    throw fault;
}

Response run(Write& write, const std::function<Response(schema::Transaction&)>& work) {
    const auto& call = write.call;
    Response reply;
    try {
        try {
            call.trash->run(schema::Mode::kWrite, [&](schema::Transaction& transaction) {
                reply = work(transaction);
                call.trash->as_itself(transaction, [&] { keep_reply(call, transaction, reply); });
            });
        } catch (const Error& error) {
            explain(write, error);
            throw;
        }
    } catch (WriteFault& fault) {
        if (!write.found && fault.column.empty()) throw not_found(call);
        fault.position = write.position;
        throw;
    }
    return reply;
}

trash::Items items_of(const Call& call, schema::Transaction& transaction) {
    return {transaction.connection(), *call.resources->catalog(), call.trash->readable_schema(),
            call.trash->naming()};
}

[[noreturn]] void refuse_kept_out() {
    throw Error(Code::kConflict,
                "a trigger, rule or policy of the database keeps the row out; nothing was written");
}

// Tells what the row holds to who can guess it.
void add_etag(Response& reply, const Call& call, const std::string& etag) {
    if (call.access.as_far(Right::kRead, Right::kWrite, *call.resource))
        reply.headers.emplace_back("ETag", etag);
}

void ask_function(const Call& call, schema::Transaction& transaction, const char* action,
                  const std::optional<std::string>& row) {
    const auto consent = consent_of(call);
    if (!consent) return;
    if (!row)
        throw Error(Code::kRowTooLarge,
                    "the row is too large for the function that is asked about it; make its values "
                    "smaller, or change it in SQL");
    call.trash->as_itself(transaction, [&] {
        trash::need_consent(transaction.connection(), *consent, action, call.resource->table->name,
                            *row);
    });
}

// A row that is not the asker's is not written. One referred to that is another tenant's is not
// there, as the database would say.
void check_written(const Call& call, schema::Transaction& transaction, const char* action,
                   const trash::WrittenRow& row) {
    const auto& table = *call.resource->table;
    if (!row.own) throw Forbidden({{Right::kWrite, encode_path(call.resource->path)}});
    if (!row.crossing.empty())
        throw Error(SqlError{std::string(sqlstate::kForeignKeyViolation), "", "", table.name.schema,
                             table.name.name, "", row.crossing});
    ask_function(call, transaction, action, row.json);
}

struct ChosenKey {
    std::string id;
    std::optional<std::size_t> position;
};

// Asked after the rows are in, so that a delete that was first is seen.
void refuse_trashed(const Call& call, schema::Transaction& transaction,
                    const std::vector<ChosenKey>& keys) {
    if (keys.empty()) return;
    std::vector<std::string> ids;
    for (const auto& key : keys) ids.push_back(key.id);
    auto items = items_of(call, transaction);
    const auto found = items.newest_of_all(*call.resource->table, ids);
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

Response created(const Call& call, schema::Transaction& transaction,
                 const std::vector<trash::WrittenRow>& rows, bool array) {
    Response reply;
    reply.status = 201;
    if (!array) {
        reply.headers.emplace_back("Location",
                                   call.resources->href(call.resource->table->name, rows[0].id));
        add_etag(reply, call, rows[0].etag);
    }
    add_representation(reply, call, transaction, rows, array);
    return reply;
}

Response insert(Write& write, schema::Transaction& transaction,
                const std::vector<trash::ColumnValues>& objects, bool array) {
    const auto& table = *write.call.resource->table;
    std::vector<trash::WrittenRow> rows;
    std::vector<ChosenKey> keys;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        write.given = &objects[i];
        if (array) write.position = i;
        auto row = trash::insert_row(transaction, table, objects[i]);
        if (!row) refuse_kept_out();
        check_written(write.call, transaction, "create", *row);
        if (std::ranges::any_of(objects[i].columns,
                                [&](const auto* column) { return is_key(table, *column); }))
            keys.push_back({row->id, write.position});
        rows.push_back(std::move(*row));
    }
    write.position.reset();
    expect_catalog(write.call, transaction);
    refuse_trashed(write.call, transaction, keys);
    return created(write.call, transaction, rows, array);
}

// What PATCH and PUT set in one row.
struct Change {
    trash::RowAddress address;
    const Json& body;
    bool replace = false;
    trash::ColumnValues key, given;  // columns of the key; the others
    Columns merging, defaults;       // JSON that is merged into what is there; left out of a PUT
};

bool merges(const Change& change, const schema::Column& column) {
    return !change.replace && (column.base_oid == kJson || column.base_oid == kJsonb) &&
           change.body.member(column.name)->kind == Json::Kind::kObject;
}

Change change_of(const Call& call, const Json& body, bool replace) {
    const auto& table = *call.resource->table;
    const auto* tenant = call.trash->tenant_column(table);
    Change change{{table, object_id(call), live_rows(call, Right::kWrite, trash::alias_of(table))},
                  body,
                  replace,
                  {},
                  {},
                  {},
                  {}};
    change.given.own = own_rows(call, Right::kWrite, trash::alias_of(table));
    change.given.shown = shown_bytes(call);
    const auto sent = columns_of(call, body);
    change.key.json = change.given.json = body.source;
    for (const auto* column : sent) {
        const bool key = is_key(table, *column);
        if (column == tenant) {
            refuse_other_tenant(call, *column, *body.member(column->name));
            continue;
        }
        (key ? change.key : change.given).columns.push_back(column);
        if (!key) refuse_generated(*column);
        if (!key && merges(change, *column)) change.merging.push_back(column);
    }
    for (const auto& column : table.columns)
        if (replace && !is_key(table, column) && !by_database(column) && &column != tenant &&
            std::ranges::count(sent, &column) == 0)
            change.defaults.push_back(&column);
    Columns written = change.given.columns;
    written.insert(written.end(), change.defaults.begin(), change.defaults.end());
    if (!written.empty())
        change.given.crossing =
            trash::crossing_sql(*call.trash, *call.resources->catalog(), table, written);
    return change;
}

Json present_json(const Call& call, const schema::Column& column, const schema::Param& text) {
    if (!text) return {};
    try {
        return parse_json(*text, call.config->limits.json_depth);
    } catch (const Error&) {
        throw column_fault(column.name,
                           fmt::format("what column '{}' holds cannot be merged into; replace the "
                                       "object with PUT",
                                       column.name));
    }
}

trash::ColumnValues with_merged(const Call& call, const Change& change,
                                const trash::LockedRow& locked) {
    if (change.merging.empty()) return change.given;
    Json body = change.body;
    for (std::size_t i = 0; i < change.merging.size(); ++i) {
        const auto& column = *change.merging[i];
        for (auto& [name, value] : body.members)
            if (name == column.name)
                value = merged(present_json(call, column, locked.present[i]), value);
    }
    auto given = change.given;
    given.json = to_json(body);
    return given;
}

constexpr const char* kRestoreFirst = "the object is in the trash; restore it first";

[[noreturn]] void refuse_missing(const Call& call, schema::Transaction& transaction,
                                 const trash::RowAddress& address,
                                 const char* in_trash = kRestoreFirst) {
    auto item = items_of(call, transaction).newest_of(address.table, address.id, true);
    const auto reach = reach_of(call, Right::kViewTrash);
    if (item && (!reach || trash::item_within(transaction.connection(), *call.resources->catalog(),
                                              call.trash->readable_schema(), item->id, *reach)))
        throw InTrash(*item, in_trash);
    throw not_found(call);
}

bool is_live(const Call& call) {
    const auto& table = *call.resource->table;
    bool live = false;
    call.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        const auto own = call.trash->tenant_condition(table, trash::alias_of(table));
        live = trash::read_row(transaction, table, {object_id(call), {}, own}).has_value();
    });
    return live;
}

void need_live(const Call& call, const char* in_trash) {
    const auto& table = *call.resource->table;
    const trash::RowAddress address{table, object_id(call),
                                    live_rows(call, Right::kWrite, trash::alias_of(table))};
    call.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        if (!trash::read_row(transaction, table, {address.id, {}, address.own}))
            refuse_missing(call, transaction, address, in_trash);
    });
}

// Of a trashed object it is told how that would be a restore; of a live one it is no column.
void look_at_deleted_at(const Call& call, const Json& body) {
    if (!body.member(trash::kDeletedAtName) || call.resource->table->column(trash::kDeletedAtName))
        return;
    need_on_row(call, Right::kWrite, object_id(call));
    need_live(call,
              "the object is in the trash; restore it first, or add ?deleted=true, with which "
              "{\"deletedAt\": null} restores it");
}

void check(const Call& call, const trash::LockedRow& locked) {
    const auto tags = if_match(call);
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

Response apply(Write& write, schema::Transaction& transaction, const Change& change) {
    const auto& call = write.call;
    write.given = &change.key;
    const auto locked = trash::lock_row(transaction, change.address, change.key, change.merging);
    write.found = true;
    if (!locked) refuse_missing(call, transaction, change.address);
    check(call, *locked);
    if (consent_of(call)) {
        const std::vector<std::string> all;
        const trash::RowQuery asked{change.address.id, all, change.address.own, shown_bytes(call)};
        if (const auto row = trash::read_row(transaction, change.address.table, asked, false))
            ask_function(call, transaction, "update", row->json);
    }
    write.given = &change.given;
    const auto row = trash::update_row(transaction, change.address,
                                       with_merged(call, change, *locked), change.defaults);
    if (!row) refuse_kept_out();
    check_written(call, transaction, "update", *row);
    expect_catalog(call, transaction);
    Response reply;
    add_etag(reply, call, row->etag);
    add_representation(reply, call, transaction, {*row}, false);
    if (reply.type.empty()) reply.status = 204;
    return reply;
}

Response update(const Call& call, bool replace) {
    call.target.query.only(replace ? std::set<std::string>{"deleted"}
                                   : std::set<std::string>{"deleted", "trash"});
    refuse_untrusted(call, &schema::Trigger::on_update);
    const auto body = parse_body(call);
    look_at_deleted_at(call, body);
    const auto change = change_of(call, body, replace);
    need_on_row(call, Right::kWrite, change.address.id);
    Write write{call, &change.key};
    write.id = change.address.id;
    return run(write, [&](schema::Transaction& transaction) {
        write.found = false;
        return apply(write, transaction, change);
    });
}

bool asks_back(const Json& body) {
    const auto* deleted_at = body.member(trash::kDeletedAtName);
    return body.members.size() == 1 && deleted_at && deleted_at->kind == Json::Kind::kNull;
}

// {"deletedAt": null}, and nothing else, takes an object out of the trash.
Response take_back(const Call& call) {
    call.target.query.only({"deleted", "trash", "with", "dryRun", "lossy"});
    const auto options = restore_options(call);
    const auto body = parse_body(call);
    if (!asks_back(body))
        throw Error(Code::kBadRequest,
                    "an object in the trash takes {\"deletedAt\": null} alone, which restores it");
    const auto item = call.trash->find(call.resource->table->name, object_id(call), false);
    if (!item) throw not_found(call);
    return restore_group(call, item->id, options);
}

// With trash=true live and trashed ones are meant, the live one first.
Response patch_either(const Call& call) {
    if (asks_back(parse_body(call)) && !is_live(call)) return take_back(call);
    call.access.need(Right::kWrite, *call.resource);
    return update(call, false);
}

}  // namespace

Response create_objects(const Call& call) {
    refuse_foreign(call);
    call.target.query.only({});
    refuse_untrusted(call, &schema::Trigger::on_insert);
    const auto body = parse_body(call);
    const auto objects = given_objects(call, body);
    Write write{call, &objects.front()};
    return run(write, [&](schema::Transaction& transaction) {
        return insert(write, transaction, objects, body.kind == Json::Kind::kArray);
    });
}

Response patch_object(const Call& call) {
    refuse_foreign(call);
    const auto& query = call.target.query;
    if (query.flag("deleted")) return take_back(call);
    return query.flag("trash") ? patch_either(call) : update(call, false);
}

Response put_object(const Call& call) {
    refuse_foreign(call);
    if (call.target.query.flag("deleted"))
        throw Error(Code::kBadRequest, "only PATCH takes 'deleted=true'");
    return update(call, true);
}

}  // namespace trashd::service
