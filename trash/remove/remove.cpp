// One delete from the first look to the answer: calls the plan's function, begins anew where the
// catalog was old, and turns what the database refused into the reason that lies behind it.
#include <algorithm>

#include "schema/catalog/value.hpp"
#include "schema/context.hpp"
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/holds.hpp"
#include "trash/records/purge.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/restore/restore.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::QualifiedName;
using schema::Result;
using schema::Table;

Param text_of(const std::optional<long long>& number) {
    return number ? Param(std::to_string(*number)) : std::nullopt;
}

Item root_item(const CompiledPlan& plan, const std::string& uuid, long long size) {
    Item item;
    item.id = item_id(uuid, 1);
    item.group_id = uuid;
    item.table = plan.plan.root->name;
    item.root = true;
    item.group_size = size;
    return item;
}

struct Moved {
    const std::vector<std::string>& id;
    const std::string& group;  // the uuid that it gets
};

// What is asked about its rows, and what hangs on them, is looked at when they are in the trash.
bool goes_through(const DeleteOptions& options) {
    return options.hard && (options.check.rows || options.descendants);
}

schema::Statement move_statement(const CompiledPlan& plan, const Moved& moved,
                                 const DeleteOptions& options, const Actor& actor) {
    const Param etags =
        options.if_match.empty() ? Param() : schema::array_literal(params_of(options.if_match));
    const bool look = options.check.rows && !plan.look.empty();
    return {
        "SELECT " + (look ? plan.look : plan.move) +
            "($1::pg_catalog.text[], $2::pg_catalog.uuid, $3::pg_catalog.text, "
            "$4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text, $7::pg_catalog.bool, "
            "$8::pg_catalog.text[], $9::bigint)",
        {schema::array_literal(params_of(moved.id)), moved.group, actor.by, actor.reason,
         actor.request_id, actor.address, options.hard && !goes_through(options) ? "t" : "f", etags,
         text_of(options.most)}};
}

// How often an object is looked for, live and then in the trash, before there is none: one that
// moves between the two looks is found by the next.
constexpr int kLooks = 6;

}  // namespace

namespace {

// In the order of the batch function's parameters, a value of each for each of them.
schema::Statement batch_statement(const CompiledPlan& plan, const Batches::Asked& asked) {
    return {"SELECT b.of_group, b.entry FROM " + plan.batch +
                "($1::pg_catalog.text[], $2::pg_catalog.uuid[], $3::pg_catalog.text[], "
                "$4::pg_catalog.text[], $5::pg_catalog.text[], $6::pg_catalog.text[]) b",
            params_of(Batches::arrays_of(asked))};
}

constexpr std::size_t kGroupAt = 1;  // among the values of one that asks

Batches::Answers move_together(schema::Pool& pool, const CompiledPlan& plan,
                               const Batches::Asked& asked) {
    const auto moved = schema::run_alone(pool, batch_statement(plan, asked), 1);
    Batches::Answers answers(asked.size());
    for (int row = 0; row < moved.rows(); ++row) {
        const auto group = moved.value(row, 0);
        const auto one = std::ranges::find(
            asked, group, [](const Batches::Values* values) { return values->at(kGroupAt); });
        answers.at(static_cast<std::size_t>(one - asked.begin())) = {moved.value(row, 1)};
    }
    return answers;
}

}  // namespace

// Nothing is to be said or decided on the way.
bool Trash::Impl::may_share(const CompiledPlan& plan, const DeleteOptions& options) const {
    const bool asked = options.at_end || options.check.rows || !options.if_match.empty();
    return !plan.batch.empty() && !asked && !tenant && !role && !options.hard &&
           options.most.value_or(1) > 0;
}

// With others that come at the same time, where that may be.
DeleteResult Trash::Impl::move_one(const CompiledPlan& plan, const std::vector<std::string>& id,
                                   const DeleteOptions& options, const Actor& actor) {
    if (!may_share(plan, options)) return move(plan, id, options, actor);
    const std::string uuid = new_group_id();
    const auto turn = shared->batches.join(
        plan.batch,
        {schema::array_literal(params_of(id)), uuid, actor.by, actor.reason, actor.request_id,
         actor.address},
        [&](const Batches::Asked& asked) {
            try {
                return move_together(pool, plan, asked);
            } catch (const Error& error) {  // the function is made anew with the plan
                if (error.is(sqlstate::kUndefinedFunction)) plans.forget(plan);
                throw;
            }
        });
    if (!turn.answer()) return move(plan, id, options, actor);
    DeleteResult result;
    result.item = root_item(plan, uuid, 1);
    result.rows = 1;
    result.entry = turn.answer()->at(0).value_or("");
    return result;
}

std::vector<ImpactLine> dropped(const CompiledPlan& plan, std::string_view moved) {
    std::vector<ImpactLine> lines;
    if (plan.look.empty()) return lines;
    const auto numbers = schema::parse_array(moved);
    const auto nodes = plan.plan.nodes.size();
    for (auto node = static_cast<std::size_t>(plan.plan.kept_nodes()); node < nodes; ++node)
        if (const auto count = std::stoll(*numbers.at(4 + node)); count > 0)
            lines.push_back(line_of(plan, node, count));
    return lines;
}

long long sum_of(const std::vector<ImpactLine>& lines) {
    long long rows = 0;
    for (const auto& line : lines) rows += line.count;
    return rows;
}

void Trash::Impl::forget_dropped(schema::Transaction& transaction, const CompiledPlan& plan,
                                 long long group) const {
    if (plan.look.empty()) return;
    refuse_held(transaction.connection(), name, {group}, false);
    transaction.exec(filled(R"(DELETE FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND ordinal OPERATOR(pg_catalog.<) 0)",
                            name),
                     {std::to_string(group)});
}

DeleteResult Trash::Impl::move(const CompiledPlan& plan, const std::vector<std::string>& id,
                               const DeleteOptions& options, const Actor& actor) {
    const std::string uuid = new_group_id();
    const auto statement = move_statement(plan, {id, uuid}, options, actor);
    const bool through = goes_through(options);
    long long size = 0;  // of the group
    auto result_of = [&](const Result& moved) {
        DeleteResult result;
        const auto numbers = schema::parse_array(moved.text(0, 0));
        size = std::stoll(*numbers.at(1));
        if (!options.hard || through) result.dropped = dropped(plan, moved.text(0, 0));
        result.rows = size + sum_of(result.dropped);
        if (!options.hard) result.entry = *numbers.at(3);
        result.written = written(plan, moved.text(0, 0));
        if (!options.hard) result.item = root_item(plan, uuid, size);
        return result;
    };
    // the transaction of a tenant or role says first whose it is
    if (!options.at_end && !options.check.rows && !through && !tenant && !role)
        return result_of(plan.foreign_code ? schema::run_one(pool, schema::Mode::kMove, statement)
                                           : schema::run_alone(pool, statement));
    DeleteResult result;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        if (through) transaction.connection().later({kTellHard});
        const auto take = [&] {  // a hard delete has no group
            const auto moved =
                transaction.connection().exec_prepared(statement.sql, statement.params);
            return std::pair(std::stoll(schema::parse_array(moved.text(0, 0)).at(0).value_or("0")),
                             result_of(moved));
        };
        GroupRow group;
        TakenFamily family;
        if (options.descendants)
            family =
                take_family(transaction, *plan.catalog, options.check_descendants.tables, take);
        else
            std::tie(family.group, family.result) = take();
        result = family.result;
        group.id = family.group;
        group.size = size;
        if (options.check.rows) {
            options.check.rows(transaction, *plan.catalog, group.id);
            forget_dropped(transaction, plan, group.id);
        }
        if (through) purge_group(transaction, name, group, actor);
        if (options.descendants)
            purge_below(transaction, plan, family.descendants, options, actor, result);
        if (options.at_end) options.at_end(transaction, result);
    });
    return result;
}

// Counts them in the result.
void Trash::Impl::purge_below(schema::Transaction& transaction, const CompiledPlan& plan,
                              const std::vector<GroupRow>& groups, const DeleteOptions& options,
                              const Actor& actor, DeleteResult& result) {
    const auto checks = with_sight(options.check_descendants);
    for (const auto& group : groups) {
        if (checks.rows) checks.rows(transaction, *plan.catalog, group.id);
        ++result.descendants.groups;
        result.descendants.items += group.size;
    }
    result.rows += result.descendants.items;
    if (options.most && result.rows > *options.most) throw TooLarge();
    purge_groups(transaction, name, groups, actor);
}

// There is no such live row: it may lie in the trash.
std::optional<DeleteResult> Trash::Impl::not_live(const QualifiedName& wanted,
                                                  const std::vector<std::string>& id,
                                                  const DeleteOptions& options,
                                                  const Actor& actor) {
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
                return items.root_of(found->group_id);
            }));
    }
    PurgeOptions purging{
        options.most, {}, options.descendants ? options.check_descendants : options.check};
    purging.descendants = options.descendants;
    if (options.at_end) {
        purging.at_end = [&](schema::Transaction& transaction, const Purged& purged) {
            DeleteResult result{std::nullopt, true, purged.rows};
            result.descendants = purged.descendants;
            options.at_end(transaction, result);
        };
    }
    purge_once({found->id}, actor, purging);
    return DeleteResult{std::nullopt, true, 0};
}

[[noreturn]] void refuse_hidden() {
    throw Error(Code::kForbidden,
                "the delete would take rows that the database hides from the role of the "
                "credentials, so nothing was deleted; ask who may see them");
}

void explain_refusal(const Error& error) {
    if (error.is(sqlstate::kHidden)) refuse_hidden();
    if (error.is(sqlstate::kOtherVersion)) {
        throw Error(Code::kStale,
                    "the object is another version than If-Match names; read it again");
    }
    if (error.is(sqlstate::kTooMany)) throw TooLarge();
    if (error.is(sqlstate::kOtherTenant)) {
        throw Error(Code::kConflict,
                    "the delete would cross tenants: rows of another one refer to what would go; "
                    "ask who looks after the database");
    }
    if (error.is(sqlstate::kInterference)) {
        throw Error(Code::kConflict, error.sql()->message, *error.sql());
    }
    if (error.is(sqlstate::kTriggeredDataChange)) {
        throw Error(Code::kConflict,
                    "a trigger changes rows of the same group while they are deleted; make it an "
                    "AFTER trigger");
    }
}

namespace {

std::vector<const Table*> touched_by(const CompiledPlan& plan) {
    std::vector<const Table*> tables;
    for (const auto& node : plan.plan.nodes) tables.push_back(node.table);
    for (const auto& edge : plan.plan.edges) tables.push_back(plan.catalog->table(edge.key->child));
    std::ranges::sort(tables);
    tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
    return tables;
}

// What the database does at a foreign key of its own goes through the rewrite rules too, and it
// ends with an internal error where they divert it.
void explain_rules(const CompiledPlan& plan, const Error& error) {
    if (!error.is(sqlstate::kInternalError)) return;
    for (const auto& edge : plan.plan.edges) {
        const auto& child = *plan.catalog->table(edge.key->child);
        if (!child.rules || edge.key->on_delete == schema::Action::kNoAction) continue;
        throw Error(Code::kConflict,
                    "rewrite rules on " + child.name.schema + "." + child.name.name +
                        " divert what the foreign key " + edge.key->name +
                        " does when a row goes; drop the rules",
                    *error.sql());
    }
}

// The partition's rows are those of its root.
const Table* table_with(const schema::Catalog& catalog, schema::Oid oid) {
    if (const auto* table = catalog.table(oid)) return table;
    for (const auto& table : catalog.tables())
        if (std::ranges::count(table.leaves, oid) > 0) return &table;
    return nullptr;
}

}  // namespace

void throw_unexplained(const CompiledPlan& plan, const Error& error) {
    if (error.sql()->constraint.empty())
        throw Error(Code::kConflict, "rows refer to this object; try again", *error.sql());
    const auto triggers = delete_triggers(touched_by(plan));
    auto detail = "the constraint " + error.sql()->constraint + " refuses the delete";
    if (!triggers.empty())
        detail += ": triggers keep rows of " + error.sql()->schema + "." + error.sql()->table +
                  ", or write rows into it meanwhile; look at " + triggers;
    throw Error(Code::kConflict, detail, *error.sql());
}

// What the function gave behind the counts.
std::vector<TableCount> Trash::Impl::written(const CompiledPlan& plan,
                                             std::string_view moved) const {
    std::vector<TableCount> tables;
    if (!plan.foreign_code) return tables;
    const auto numbers = schema::parse_array(moved);
    for (std::size_t i = 4 + plan.plan.nodes.size(); i + 1 < numbers.size(); i += 2) {
        const auto oid = static_cast<schema::Oid>(std::stoul(*numbers[i]));
        const auto* table = table_with(*plan.catalog, oid);
        if (table == nullptr) continue;  // made by the trigger itself
        const auto count = std::stoll(*numbers[i + 1]);
        const auto known = std::ranges::find(tables, table->name, &TableCount::table);
        if (known == tables.end())
            tables.push_back({table->name, count});
        else
            known->count += count;
    }
    // what the delete itself has set to null or default
    std::erase_if(tables, [](const TableCount& one) { return one.count <= 0; });
    return tables;
}

namespace {

// Of a constraint of the table in which references are cut; the delete itself gives no values.
void explain_cut(const CompiledPlan& plan, const Error& error) {
    const bool integrity =
        error.of_class(sqlstate::kIntegrityViolations) && !error.of_foreign_key();
    if (!integrity || !plan.cuts) return;
    throw Error(Code::kConflict,
                "rows that refer to what would go have their references set to NULL or a default, "
                "which is refused: " +
                    std::string(error.what()) +
                    "; or let on_delete of the configuration take these rows along",
                *error.sql());
}

}  // namespace

void Trash::Impl::explain_code(const CompiledPlan& plan, const Error& error) const {
    if (const auto refusal = refusal_by_code(error, name, touched_by(plan))) throw *refusal;
    explain_rules(plan, error);
    explain_cut(plan, error);
    // functions written in C leave no name
    const bool own = error.of_class(sqlstate::kOwn);
    if (plan.foreign_code && error.code() == Code::kInternal && !own && !schema::is_stale(error))
        throw Error(Code::kConflict, kCodeFails, *error.sql());
}

// Refusals of the function in the words of the contract; returns for what may be tried again.
void Trash::Impl::explain(const CompiledPlan& plan, const std::vector<std::string>& id,
                          const Error& error) {
    explain_refusal(error);
    if (error.is(sqlstate::kConfigured) || error.of_foreign_key()) refused(plan, id, error);
    if (error.of_class(sqlstate::kDataExceptions)) {
        reading([&](Items& items, const schema::Catalog&) {
            return items.canonical(*plan.plan.root, id);
        });
        if (schema::is_unwritable(error)) throw error;
        throw Error(Code::kConflict, kCodeFails, *error.sql());
    }
}

void Trash::Impl::give_up(const Error& error) {
    if (schema::is_stale(error)) throw StaleCatalog();
    if (error.is(sqlstate::kConfigured) || error.of_foreign_key())
        throw Error(Code::kConflict, "rows refer to this object; try again");
    if (!error.is(sqlstate::kUncaptured)) throw;
    throw Error(
        Code::kConflict,
        "rows changed while they were captured, so nothing was deleted; another session or a "
        "trigger interferes: try again",
        *error.sql());
}

// A foreign key refused: names everything that refers, not the first. Returns when the row, or the
// plan, is another one by now.
void Trash::Impl::refused(const CompiledPlan& plan, const std::vector<std::string>& id,
                          const Error& error) {
    Impact impact;
    try {
        impact = impact_of(plan, id);
    } catch (const Error& meanwhile) {
        if (meanwhile.is(sqlstate::kNoSuchRow) || schema::is_stale(meanwhile)) return;
        throw;
    }
    if (!impact.blockers.empty()) throw_blocked(std::move(impact), plan.plan.take_all);
    if (role) refuse_hidden();
    throw_unexplained(plan, error);
}

namespace {

std::string unescaped(const std::string& part) {
    std::string out;
    for (std::size_t at = 0; at < part.size(); ++at) {
        const auto code = part.substr(at, 3);
        const bool escape = code == "%2C" || code == "%25";
        out += escape ? (code == "%2C" ? ',' : '%') : part[at];
        if (escape) at += 2;
    }
    return out;
}

// The columns of an object id, as schema::key_text() joins them.
std::vector<std::string> columns_of(const std::string& id, std::size_t columns) {
    if (columns == 1) return {id};
    auto parts = schema::split(id, ',');
    for (auto& part : parts) part = unescaped(part);
    return parts;
}

}  // namespace

// A plan that is old makes the whole begin again; what refers to the row is told as of a delete.
// Rows that go for good with it are asked for holds.
TakenRow Trash::Impl::take(schema::Transaction& transaction, const RowToTake& row,
                           const Checks& check, const Actor& actor) {
    const auto plan = compiled(row.table, row.take_all, check);
    const auto id = columns_of(row.id, plan->plan.root->identity.size());
    try {
        DeleteOptions options;
        options.check.rows = check.rows ? check.rows : kAskNothing;
        const auto statement = move_statement(*plan, {id, row.group}, options, actor);
        const auto moved = transaction.connection().exec_prepared(statement.sql, statement.params);
        const auto numbers = schema::parse_array(moved.text(0, 0));
        const TakenRow taken{std::stoll(*numbers.at(0)), std::stoll(*numbers.at(1)),
                             *numbers.at(3)};
        options.check.rows(transaction, *plan->catalog, taken.group);
        forget_dropped(transaction, *plan, taken.group);
        return taken;
    } catch (const Error& error) {
        if (!error.sql()) throw;
        if (error.is(sqlstate::kNoSuchRow)) throw RowNotThere();
        explain_code(*plan, error);
        explain(*plan, id, error);
        if (schema::is_stale(error)) throw StaleCatalog();
        throw;
    }
}

// What lies in the trash from a time when such rows were kept is treated as was asked for.
DeleteResult Trash::Impl::move_or_find(const CompiledPlan& plan, const std::vector<std::string>& id,
                                       const DeleteOptions& options, const Actor& actor) {
    auto of_live = options;
    of_live.hard = options.hard || !plan.plan.root->kept;
    for (int look = 1;; ++look) {
        try {
            if (look == 1) return move_one(plan, id, of_live, actor);
            return move(plan, id, of_live, actor);
        } catch (const Error& error) {
            if (!error.is(sqlstate::kNoSuchRow)) throw;
            explain_code(plan, error);
        }
        if (const auto result = not_live(plan.plan.root->name, id, options, actor)) return *result;
        if (look == kLooks) throw Error(Code::kNotFound, "there is no such object");
    }
}

namespace {

// Rows that would go for good past the trash must be seen there, where what is held is found.
bool must_be_seen(const Error& error, const Checks& check) {
    return error.is(sqlstate::kHeld) && !check.rows;
}

}  // namespace

DeleteResult Trash::remove(const QualifiedName& wanted, const std::vector<std::string>& id,
                           const DeleteOptions& options, const Actor& actor) {
    try {
        return impl_->remove_as_asked(wanted, id, options, actor);
    } catch (const Error& error) {
        if (!must_be_seen(error, options.check)) throw;
    }
    auto seen = options;
    seen.check.rows = kAskNothing;
    return impl_->remove_as_asked(wanted, id, seen, actor);
}

DeleteResult Trash::Impl::remove_as_asked(const QualifiedName& wanted,
                                          const std::vector<std::string>& id,
                                          const DeleteOptions& options, const Actor& actor) {
    auto work = [&](const CompiledPlan& plan) {
        if (id.size() != plan.plan.root->identity.size())
            throw Error(Code::kNotFound, "there is no such object");
        return move_or_find(plan, id, options, actor);
    };
    auto explain = [&](const CompiledPlan& plan, const Error& error) {
        if (!error.sql() || error.is(sqlstate::kHeld)) throw;
        explain_code(plan, error);
        this->explain(plan, id, error);
        return error.is(sqlstate::kUncaptured) || error.is(sqlstate::kConfigured) ||
               error.of_foreign_key();
    };
    return with_plan({wanted, options.cascade, options.check}, work, explain);
}

}  // namespace trashd::trash
