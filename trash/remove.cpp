#include "schema/value.hpp"
#include "trash/impl.hpp"
#include "trash/restore.hpp"
#include "trash/store.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::QualifiedName;
using schema::Result;
using schema::Table;

Param text_of(const std::optional<long long>& number) {
    return number ? Param(std::to_string(*number)) : std::nullopt;
}

Item root_item(const Compiled& plan, const std::string& uuid, long long size) {
    Item item;
    item.id = item_id(uuid, 1);
    item.group_id = uuid;
    item.table = plan.plan.root->name;
    item.root = true;
    item.group_size = size;
    return item;
}

// How often an object is looked for, live and then in the trash, before there is none: one that
// moves between the two looks is found by the next.
constexpr int kLooks = 6;

}  // namespace

DeleteResult Trash::Impl::move(const Compiled& plan, const std::vector<std::string>& id,
                               const DeleteOptions& options, const Context& context) {
    const std::string uuid = new_group_id();
    const Param etags =
        options.if_match.empty() ? Param() : schema::array_literal(params_of(options.if_match));
    const schema::Connection::Statement statement{
        "SELECT " + plan.move +
            "($1::pg_catalog.text[], $2::pg_catalog.uuid, $3::pg_catalog.text, "
            "$4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text, $7::pg_catalog.bool, "
            "$8::pg_catalog.text[], $9::bigint)",
        {schema::array_literal(params_of(id)), uuid, context.by, context.reason, context.request_id,
         context.address, options.hard && !options.check.rows ? "t" : "f", etags,
         text_of(options.most)}};
    // what is asked about its rows is asked when they are in the trash
    const bool through = options.hard && options.check.rows;
    auto result_of = [&](const Result& moved) {
        DeleteResult result;
        result.rows = std::stoll(*schema::parse_array(moved.text(0, 0)).at(1));
        if (!options.hard) result.item = root_item(plan, uuid, result.rows);
        return result;
    };
    // the transaction of a tenant or role says first whose it is
    if (!options.at_end && !options.check.rows && !tenant && !role)
        return result_of(plan.foreign_code ? schema::run_one(pool, schema::Mode::kMove, statement)
                                           : schema::run_alone(pool, statement));
    DeleteResult result;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        const auto moved = transaction.connection().exec_prepared(statement.sql, statement.params);
        result = result_of(moved);
        if (options.check.rows) {
            GroupRow group;
            group.id = std::stoll(*schema::parse_array(moved.text(0, 0)).at(0));
            group.size = result.rows;
            options.check.rows(transaction, *plan.catalog, group.id);
            if (through) purge_group(transaction, name, group, context);
        }
        if (options.at_end) options.at_end(transaction, result);
    });
    return result;
}

// There is no such live row: it may lie in the trash.
std::optional<DeleteResult> Trash::Impl::not_live(const QualifiedName& wanted,
                                                  const std::vector<std::string>& id,
                                                  const DeleteOptions& options,
                                                  const Context& context) {
    auto found = reading([&](Items& items, const schema::Catalog& catalog) {
        const Table* known = catalog.table(wanted);
        return known ? items.newest_of(*known, id, false) : std::nullopt;
    });
    if (!found) return std::nullopt;
    if (!options.hard) return DeleteResult{found, true, 0};
    if (!found->root) {
        throw NotRoot(
            "the object went into the trash with another one; purge or restore that group",
            reading([&](Items& items, const schema::Catalog&) {
                return items.one(item_id(found->group_id, 1), false);
            }));
    }
    PurgeOptions purging{options.most, {}, options.check};
    if (options.at_end) {
        purging.at_end = [&](schema::Transaction& transaction, const Purged& purged) {
            options.at_end(transaction, {std::nullopt, true, purged.rows});
        };
    }
    purge(found->id, context, purging);
    return DeleteResult{std::nullopt, true, 0};
}

[[noreturn]] void refuse_hidden() {
    throw Error(Code::kForbidden,
                "the delete would take rows that the database hides from the role of the "
                "credentials, so nothing was deleted; ask who may see them");
}

void explain_refusal(const Error& error) {
    if (error.is("TD405")) refuse_hidden();
    if (error.is("TD412")) {
        throw Error(Code::kStale,
                    "the object is another version than If-Match names; read it again");
    }
    if (error.is("TD413")) throw TooLarge();
    if (error.is("TD403")) {
        throw Error(Code::kConflict,
                    "the delete would cross tenants: rows of another one refer to what would go; "
                    "ask who looks after the database");
    }
    if (error.is("TD003")) {
        throw Error(Code::kConflict,
                    error.sql()->message + "; change the trigger or delete those rows first");
    }
    if (error.is("27000")) {
        throw Error(Code::kConflict,
                    "a trigger changes rows of the same group while they are deleted; make it an "
                    "AFTER trigger");
    }
}

// Refusals of the function in the words of the contract; returns for what may be tried again.
void Trash::Impl::explain(const Compiled& plan, const std::vector<std::string>& id,
                          const Error& error) {
    explain_refusal(error);
    if (error.is("TD409") || error.is("23503")) refused(plan, id, error);
    if (error.sql() && error.sql()->sqlstate.substr(0, 2) == "22") {
        reading([&](Items& items, const schema::Catalog&) {
            return items.canonical(*plan.plan.root, id);
        });
        throw Error(Code::kConflict,
                    "a trigger or function of the database fails on these rows; see the log of the "
                    "service",
                    *error.sql());
    }
}

void Trash::Impl::give_up(const Error& error) {
    if (!error.is("TD002")) throw error;
    throw Error(
        Code::kConflict,
        "rows vanished that were not captured, so nothing was deleted; a trigger or another "
        "session interferes: try again");
}

// A foreign key refused: names everything that refers, not the first. Returns when nothing does any
// more.
void Trash::Impl::refused(const Compiled& plan, const std::vector<std::string>& id,
                          const Error& error) {
    Impact impact = impact_of(plan, id);
    if (!impact.blockers.empty()) throw_blocked(std::move(impact));
    if (role) refuse_hidden();
    throw Error(Code::kConflict,
                error.sql() && !error.sql()->constraint.empty()
                    ? "the constraint " + error.sql()->constraint + " refuses the delete"
                    : "rows refer to this object; try again");
}

DeleteResult Trash::remove(const QualifiedName& wanted, const std::vector<std::string>& id,
                           const DeleteOptions& options, const Context& context) {
    int looks = 0;
    for (int attempt = 1;; ++attempt) {
        auto plan = impl_->compiled(wanted, options.cascade, options.check);
        if (id.size() != plan->plan.root->primary_key.size())
            throw Error(Code::kNotFound, "there is no such object");
        try {
            return impl_->move(*plan, id, options, context);
        } catch (const Error& error) {
            if (!error.sql()) throw;
            if (error.is("TD404")) {
                auto result = impl_->not_live(wanted, id, options, context);
                if (result) return *result;
                if (++looks == kLooks) throw Error(Code::kNotFound, "there is no such object");
                --attempt;
                continue;
            }
            impl_->explain(*plan, id, error);
            if (attempt == kAttempts && stale(error)) throw StaleCatalog();
            if (attempt == kAttempts || !(stale(error) || error.is("TD002"))) impl_->give_up(error);
            if (stale(error)) impl_->renew(*plan);
        }
    }
}

}  // namespace trashd::trash
