#include "service/writing/row_write.hpp"

#include <fmt/format.h>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/parsing/object_id.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/writing/column_values.hpp"
#include "service/writing/trashed_parent.hpp"
#include "trash/access/access_function.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/model/errors.hpp"

namespace trashd::service {

namespace {

// Says which column a value does not fit; returns where that is not the fault.
void refuse_misfit(const Context& context, const trash::ColumnValues& given) {
    const auto* column = trash::misfit(context.trash->pool(), given);
    if (!column) return;
    throw column_fault(column->name, fmt::format("the value of column '{}' does not fit its type, "
                                                 "{}; send one that does",
                                                 column->name, column->type));
}

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

}  // namespace

void in_words(Write& write, const std::function<void()>& work) {
    try {
        try {
            work();
        } catch (const trash::Conflicted&) {
            throw;  // of a restore before it, in words already
        } catch (const Error& error) {
            explain(write, error);
            throw;
        }
    } catch (WriteFault& fault) {
        if (!write.found && fault.column.empty()) throw not_found(write.request);
        fault.position = write.position;
        throw;
    }
}

Response run_write(Write& write, const Writing& work) {
    Response reply;
    in_words(write, [&] {
        write.context.trash->run(schema::Mode::kWrite, [&](schema::Transaction& transaction) {
            reply = work(transaction);
            write.context.trash->as_itself(transaction,
                                           [&] { keep_reply(write.context, transaction, reply); });
        });
    });
    return reply;
}

trash::Items items_of(const Context& context, schema::Transaction& transaction) {
    return {transaction.connection(), *context.resources->catalog(),
            context.trash->readable_schema(), context.trash->naming()};
}

void refuse_kept_out() {
    throw Error(Code::kConflict,
                "a trigger, rule or policy of the database keeps the row out; nothing was written");
}

void add_etag(Response& reply, const Write& write, const std::string& etag) {
    if (write.caller.access.as_far(Right::kRead, Right::kWrite, *write.request.resource))
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

}  // namespace trashd::service
