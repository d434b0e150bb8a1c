// POST, PATCH and PUT of live rows. What the database refuses is explained in the contract's words,
// with the column where one is to blame; a row that lies in the trash is said to lie there.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/handlers/column_values.hpp"
#include "service/handlers/handlers.hpp"
#include "service/handlers/restore_group.hpp"
#include "service/handlers/trashed_parent.hpp"
#include "service/handlers/written_rows.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/preconditions.hpp"
#include "service/parsing/where_parser.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/rights/cross_site.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/read/items.hpp"
#include "trash/read/live_row.hpp"
#include "trash/records/operations.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::service {

namespace {

constexpr unsigned kJson = 114, kJsonb = 3802;

// Says which column a value does not fit; returns where that is not the fault.
void refuse_misfit(const Context& context, const trash::ColumnValues& given) {
    const auto* column = trash::misfit(context.trash->pool(), given);
    if (!column) return;
    throw column_fault(column->name, fmt::format("the value of column '{}' does not fit its type, "
                                                 "{}; send one that does",
                                                 column->name, column->type));
}

// One write and what it is about, for saying what was wrong with it.
struct Write {
    const Request& request;
    const Caller& caller;
    const Context& context;
    const trash::ColumnValues* given = nullptr;
    std::optional<std::size_t> position = std::nullopt;
    std::vector<std::string> id = {};  // of the row that is changed; empty: it is new
    bool found = true;                 // the address has been understood as a key
};

// In the words of the contract; returns for what is no fault of what was sent.
void explain(const Write& write, const Error& error) {
    if (!error.sql()) return;
    if (const auto refusal = trash::refusal_by_code(error, write.context.trash->schema_name(),
                                                    {write.request.resource->table})) {
        refuse_misfit(write.context, *write.given);  // types and domains run functions too
        throw *refusal;
    }
    const auto& sql = *error.sql();
    const bool of_data = error.of_class(sqlstate::kDataExceptions);
    const bool of_integrity = error.of_class(sqlstate::kIntegrityViolations);
    const bool named = !sql.table.empty();
    // the types of extensions refuse values with any SQLSTATE
    if (error.code() == Code::kInternal || of_data || (of_integrity && !named))
        refuse_misfit(write.context, *write.given);
    if (error.of_class(sqlstate::kProgramLimits))
        throw WriteFault(Code::kInvalid,
                         "a value is too large to be stored or indexed; send a shorter one");
    if (error.is(sqlstate::kForeignKeyViolation))
        refuse_trashed_parent(write.request, write.caller, write.context, write.id, *write.given,
                              sql);
    if (!of_data && !of_integrity) return;
    WriteFault fault(error.code(), error.what());
    fault.constraint = sql.constraint;
    fault.column = sql.column;
    throw fault;
}

Response run(Write& write, const std::function<Response(schema::Transaction&)>& work) {
    Response reply;
    try {
        try {
            write.context.trash->run(schema::Mode::kWrite, [&](schema::Transaction& transaction) {
                reply = work(transaction);
                write.context.trash->as_itself(
                    transaction, [&] { keep_reply(write.context, transaction, reply); });
            });
        } catch (const Error& error) {
            explain(write, error);
            throw;
        }
    } catch (WriteFault& fault) {
        if (!write.found && fault.column.empty()) throw not_found(write.request);
        fault.position = write.position;
        throw;
    }
    return reply;
}

trash::Items items_of(const Context& context, schema::Transaction& transaction) {
    return {transaction.connection(), *context.resources->catalog(),
            context.trash->readable_schema(), context.trash->naming()};
}

[[noreturn]] void refuse_kept_out() {
    throw Error(Code::kConflict,
                "a trigger, rule or policy of the database keeps the row out; nothing was written");
}

// Tells what the row holds to who can guess it.
void add_etag(Response& reply, const Request& request, const Caller& caller,
              const std::string& etag) {
    if (caller.access.as_far(Right::kRead, Right::kWrite, *request.resource))
        reply.headers.emplace_back("ETag", etag);
}

void ask_function(const Write& write, schema::Transaction& transaction, const char* action,
                  const std::optional<std::string>& row) {
    const auto consent = consent_of(write.caller, write.context);
    if (!consent) return;
    if (!row)
        throw Error(Code::kRowTooLarge,
                    "the row is too large for the function that is asked about it; make its values "
                    "smaller, or change it in SQL");
    write.context.trash->as_itself(transaction, [&] {
        trash::need_consent(transaction.connection(), *consent, action,
                            write.request.resource->table->name, *row);
    });
}

// A row that is not the asker's is not written. One referred to that is another tenant's is not
// there, as the database would say.
void check_written(const Write& write, schema::Transaction& transaction, const char* action,
                   const trash::WrittenRow& row) {
    const auto& table = *write.request.resource->table;
    if (!row.own) throw Forbidden({{Right::kWrite, encode_path(write.request.resource->path)}});
    if (!row.crossing.empty())
        throw Error(SqlError{std::string(sqlstate::kForeignKeyViolation), "", "", table.name.schema,
                             table.name.name, "", row.crossing});
    ask_function(write, transaction, action, row.json);
}

struct ChosenKey {
    std::string id;
    std::optional<std::size_t> position;
};

// Asked after the rows are in, so that a delete that was first is seen.
void refuse_trashed(const Request& request, const Context& context,
                    schema::Transaction& transaction, const std::vector<ChosenKey>& keys) {
    if (keys.empty()) return;
    std::vector<std::string> ids;
    for (const auto& key : keys) ids.push_back(key.id);
    auto items = items_of(context, transaction);
    const auto found = items.newest_of_all(*request.resource->table, ids);
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

Response created(const Write& write, schema::Transaction& transaction,
                 const std::vector<trash::WrittenRow>& rows, bool array) {
    Response reply;
    reply.status = 201;
    if (!array) {
        reply.headers.emplace_back(
            "Location",
            write.context.resources->href(write.request.resource->table->name, rows[0].id));
        add_etag(reply, write.request, write.caller, rows[0].etag);
    }
    add_representation(reply, write.request, write.caller, write.context,
                       {transaction, rows, array});
    return reply;
}

Response insert(Write& write, schema::Transaction& transaction,
                const std::vector<trash::ColumnValues>& objects, bool array) {
    const auto& table = *write.request.resource->table;
    std::vector<trash::WrittenRow> rows;
    std::vector<ChosenKey> keys;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        write.given = &objects[i];
        if (array) write.position = i;
        auto row = trash::insert_row(transaction, table, objects[i]);
        if (!row) refuse_kept_out();
        check_written(write, transaction, "create", *row);
        if (std::ranges::any_of(objects[i].columns,
                                [&](const auto* column) { return is_key(table, *column); }))
            keys.push_back({row->id, write.position});
        rows.push_back(std::move(*row));
    }
    write.position.reset();
    expect_catalog(write.request, write.context, transaction);
    refuse_trashed(write.request, write.context, transaction, keys);
    return created(write, transaction, rows, array);
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

Change change_of(const Request& request, const Caller& caller, const Context& context,
                 const Json& body, bool replace) {
    const auto& table = *request.resource->table;
    const auto* tenant = context.trash->tenant_column(table);
    Change change{{table, object_id(request),
                   live_rows(request, caller, context, Right::kWrite, trash::alias_of(table))},
                  body,
                  replace,
                  {},
                  {},
                  {},
                  {}};
    change.given.own = own_rows(request, caller, Right::kWrite, trash::alias_of(table));
    change.given.shown = shown_bytes(request, caller, context);
    const auto sent = columns_of(request, context, body);
    change.key.json = change.given.json = body.source;
    for (const auto* column : sent) {
        const bool key = is_key(table, *column);
        if (column == tenant) {
            refuse_other_tenant(context, *column, *body.member(column->name));
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
            trash::crossing_sql(*context.trash, *context.resources->catalog(), table, written);
    return change;
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

constexpr const char* kRestoreFirst = "the object is in the trash; restore it first";

[[noreturn]] void refuse_missing(const Request& request, const Caller& caller,
                                 const Context& context, schema::Transaction& transaction,
                                 const trash::RowAddress& address,
                                 const char* in_trash = kRestoreFirst) {
    auto item = items_of(context, transaction).newest_of(address.table, address.id, true);
    const auto reach = reach_of(caller, context, Right::kViewTrash);
    if (item &&
        (!reach || trash::item_within(transaction.connection(), *context.resources->catalog(),
                                      context.trash->readable_schema(), item->id, *reach)))
        throw InTrash(*item, in_trash);
    throw not_found(request);
}

bool is_live(const Request& request, const Context& context) {
    const auto& table = *request.resource->table;
    bool live = false;
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        const auto own = context.trash->tenant_condition(table, trash::alias_of(table));
        live = trash::read_row(transaction, table, {object_id(request), {}, own}).has_value();
    });
    return live;
}

void need_live(const Request& request, const Caller& caller, const Context& context,
               const char* in_trash) {
    const auto& table = *request.resource->table;
    const trash::RowAddress address{
        table, object_id(request),
        live_rows(request, caller, context, Right::kWrite, trash::alias_of(table))};
    context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        if (!trash::read_row(transaction, table, {address.id, {}, address.own}))
            refuse_missing(request, caller, context, transaction, address, in_trash);
    });
}

// Of a trashed object it is told how that would be a restore; of a live one it is no column.
void look_at_deleted_at(const Request& request, const Caller& caller, const Context& context,
                        const Json& body) {
    if (!body.member(trash::kDeletedAtName) ||
        request.resource->table->column(trash::kDeletedAtName))
        return;
    need_on_row(request, caller, context, Right::kWrite, object_id(request));
    need_live(request, caller, context,
              "the object is in the trash; restore it first, or add ?deleted=true, with which "
              "{\"deletedAt\": null} restores it");
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

Response apply(Write& write, schema::Transaction& transaction, const Change& change) {
    write.given = &change.key;
    const auto locked = trash::lock_row(transaction, change.address, change.key, change.merging);
    write.found = true;
    if (!locked)
        refuse_missing(write.request, write.caller, write.context, transaction, change.address);
    check(write.request, *locked);
    if (consent_of(write.caller, write.context)) {
        const std::vector<std::string> all;
        const trash::RowQuery asked{change.address.id, all, change.address.own,
                                    shown_bytes(write.request, write.caller, write.context)};
        if (const auto row = trash::read_row(transaction, change.address.table, asked, false))
            ask_function(write, transaction, "update", row->json);
    }
    write.given = &change.given;
    const auto row = trash::update_row(
        transaction, change.address, with_merged(write.context, change, *locked), change.defaults);
    if (!row) refuse_kept_out();
    check_written(write, transaction, "update", *row);
    expect_catalog(write.request, write.context, transaction);
    Response reply;
    add_etag(reply, write.request, write.caller, row->etag);
    add_representation(reply, write.request, write.caller, write.context,
                       {transaction, {*row}, false});
    if (reply.type.empty()) reply.status = 204;
    return reply;
}

Response update(const Request& request, const Caller& caller, const Context& context,
                bool replace) {
    request.target.query.only(replace ? std::set<std::string>{"deleted"}
                                      : std::set<std::string>{"deleted", "trash"});
    refuse_untrusted(request, context, &schema::Trigger::on_update);
    const auto body = parse_body(request, context);
    look_at_deleted_at(request, caller, context, body);
    const auto change = change_of(request, caller, context, body, replace);
    need_on_row(request, caller, context, Right::kWrite, change.address.id);
    Write write{request, caller, context, &change.key};
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
Response take_back(const Request& request, const Caller& caller, const Context& context) {
    request.target.query.only({"deleted", "trash", "with", "dryRun", "lossy"});
    const auto options = restore_options(request, caller, context);
    const auto body = parse_body(request, context);
    if (!asks_back(body))
        throw Error(Code::kBadRequest,
                    "an object in the trash takes {\"deletedAt\": null} alone, which restores it");
    const auto item = context.trash->find(request.resource->table->name, object_id(request), false);
    if (!item) throw not_found(request);
    return restore_group(request, caller, context, item->id, options);
}

// With trash=true live and trashed ones are meant, the live one first.
Response patch_either(const Request& request, const Caller& caller, const Context& context) {
    if (asks_back(parse_body(request, context)) && !is_live(request, context))
        return take_back(request, caller, context);
    caller.access.need(Right::kWrite, *request.resource);
    return update(request, caller, context, false);
}

}  // namespace

Response create_objects(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    request.target.query.only({});
    refuse_untrusted(request, context, &schema::Trigger::on_insert);
    const auto body = parse_body(request, context);
    const auto objects = given_objects(request, caller, context, body);
    Write write{request, caller, context, &objects.front()};
    return run(write, [&](schema::Transaction& transaction) {
        return insert(write, transaction, objects, body.kind == Json::Kind::kArray);
    });
}

Response patch_object(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    const auto& query = request.target.query;
    if (query.flag("deleted")) return take_back(request, caller, context);
    return query.flag("trash") ? patch_either(request, caller, context)
                               : update(request, caller, context, false);
}

Response put_object(const Request& request, const Caller& caller, const Context& context) {
    refuse_foreign(request, context);
    if (request.target.query.flag("deleted"))
        throw Error(Code::kBadRequest, "only PATCH takes 'deleted=true'");
    return update(request, caller, context, true);
}

}  // namespace trashd::service
