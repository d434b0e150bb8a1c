#include "trash/restore/restore.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "cascade/plan.hpp"
#include "cascade/predicates.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/stale_catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/access/trigger_trust.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/records/purge.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/steps.hpp"
#include "trash/restore/undo_restore.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/trigger_settings.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::Statement;
using std::to_string;

constexpr int kTries = 3;  // while nothing explains why the one before failed

// Goes with the next round trip; nobody is there to ask where there are no triggers.
void tell_triggers(RestoreContext& restoring) {
    const auto tables = concerned(restoring);
    if (std::ranges::all_of(tables, [](const auto* table) { return table->triggers.empty(); }))
        return;
    const auto& group = restoring.groups.front();
    restoring.transaction.connection().later(told("restore", group.uuid, restoring.actor));
}

void refuse_untrusted(const RestoreContext& restoring) {
    if (!restoring.options.role) return;
    for (const auto* table : concerned(restoring))
        for (const auto event : {&schema::Trigger::on_insert, &schema::Trigger::on_update})
            if (const auto why = untrusted(*table, event); !why.empty())
                throw Error(Code::kConflict, why);
}

// From here to the end of the transaction the tables are what the catalog says.
void hold_tables(RestoreContext& restoring) {
    std::vector<schema::Oid> oids;
    std::vector<std::string> names;
    for (const auto* table : concerned(restoring)) {
        oids.push_back(table->oid);
        names.push_back(schema::relation(*table));
    }
    if (oids.empty()) return;
    const auto expected = schema::expected_fingerprint(restoring.catalog, oids);
    const auto types = schema::types_of(restoring.catalog, oids);
    std::vector<Statement> look = {{"LOCK TABLE " + join(names, ", ") + " IN ROW EXCLUSIVE MODE"},
                                   {schema::fingerprint_sql(oids)}};
    if (!types.empty()) look.push_back({schema::types_fingerprint_sql(types)});
    try {
        const auto held = restoring.together(look);
        if (held[1].text(0, 0) != expected) throw StaleCatalog();
        if (!types.empty() &&
            held[2].text(0, 0) != schema::expected_types_fingerprint(restoring.catalog, oids))
            throw StaleCatalog();
    } catch (const Error& error) {
        if (schema::is_stale(error)) throw StaleCatalog();
        throw;
    }
    refuse_untrusted(restoring);
}

long long links_of_all(const RestoreContext& restoring) {
    long long links = 0;
    for (const auto& group : restoring.groups) links += group.links;
    return links;
}

void look_everywhere(RestoreContext& restoring) {
    relink_live(restoring);
    relink_taken_meanwhile(restoring);
}

// A row that goes into the trash and comes back between the looks is never where it is looked for:
// what was not found is looked for again. A like row without a key may be another one than was set
// back.
void relink(RestoreContext& restoring) {
    const auto wanted = links_of_all(restoring);
    const auto& found = restoring.result.relinked;
    look_everywhere(restoring);
    const auto keyless = [](const auto& shape) { return shape.second.identity.empty(); };
    if (std::ranges::any_of(restoring.shapes, keyless)) return;
    for (long long before = -1; found != wanted && found != before;) {
        before = found;
        look_everywhere(restoring);
    }
}

// Answers what is written when all constraints hold.
WrittenBy put_back(RestoreContext& restoring) {
    const std::vector<Statement> check = {{"SET CONSTRAINTS ALL IMMEDIATE"},
                                          count_written(restoring)};
    restoring.watch.own.clear();
    restoring.watch.set_back.clear();
    restoring.watch.in_vain = false;
    restoring.at = 0;
    if (links_of_all(restoring) == 0) return written_in(insert_all(restoring, check));
    relink_trashed(restoring);
    insert_all(restoring, {});
    relink(restoring);
    return written_in(restoring.together(check)[1]);
}

// False, or an Error about rows, when something is in the way.
bool attempt(RestoreContext& restoring) {
    if (!find_missing_tables(restoring).empty() || !find_losses(restoring).empty()) return false;
    if (plans(restoring)) note_live_rows(restoring);
    if (!find_old_keys(restoring).empty()) return false;
    // to the database a row of another tenant is a parent like any other
    const bool tenants = !restoring.options.tenant_column.empty();
    if (tenants && !find_missing_parents(restoring).empty()) return false;
    if (lack_declared_parents(restoring)) return false;
    const bool code = runs_code(restoring);
    const auto& rehearsal = restoring.options.rehearsal;
    if (code && rehearsal && !rehearsal->code) throw RunsCode();
    if (code) begin_watch(restoring);
    const auto counted = put_back(restoring);
    if (code) refuse_harm(restoring);
    if (restoring.conflicts.empty()) check_places(restoring, counted);
    if (code) find_absent(restoring);
    if (!restoring.conflicts.empty()) return false;
    if (code) remove_companions(restoring);
    verify(restoring);
    if (links_of_all(restoring) > 0) set_rows_back(restoring);
    if (code) judge(restoring);
    return restoring.conflicts.empty();
}

// Others decide over these: what was in the way, or lacked, may not any more.
bool may_pass_now(const Error& error) {
    return error.of_foreign_key() || error.is(sqlstate::kUniqueViolation) ||
           error.is(sqlstate::kExclusionViolation);
}

[[noreturn]] void refuse(const RestoreContext& restoring, std::vector<Conflict> conflicts,
                         const std::optional<SqlError>& sql = {}) {
    refuse_unknown(restoring);
    const auto count = conflicts.size();
    throw Conflicted("the group cannot go back as it is: " + to_string(count) +
                         (count == 1 ? " conflict" : " conflicts") +
                         "; resolve them and restore again",
                     std::move(conflicts), sql);
}

// What was found may be of tables that have taken the names of others meanwhile.
void check_names(RestoreContext& restoring) {
    std::vector<schema::Oid> oids;
    for (const auto* table : concerned(restoring)) oids.push_back(table->oid);
    if (oids.empty()) return;
    if (restoring.exec(schema::fingerprint_sql(oids)).text(0, 0) !=
        schema::expected_fingerprint(restoring.catalog, oids))
        throw StaleCatalog();
}

// Ancestors' groups, with theirs, for as long as some are missing; false when there is none.
bool bring_ancestors(RestoreContext& restoring) {
    const auto known = restoring.groups.size();
    while (add_ancestors(restoring)) hold_tables(restoring);
    for (auto at = known; at < restoring.groups.size(); ++at)
        if (const auto& check = restoring.options.check.rows)
            check(restoring.transaction, restoring.catalog, restoring.groups[at].id);
    return restoring.groups.size() > known;
}

// A parent that was there when the ancestors were looked for may lie in the trash by now. Its group
// is locked outside the savepoint, to which the next attempt may go back.
bool bring_later_ancestors(RestoreContext& restoring, const std::vector<Conflict>& conflicts) {
    const auto trashed = [](const Conflict& conflict) { return !conflict.trash_item.empty(); };
    if (!restoring.options.with_ancestors || chooses(restoring) ||
        std::ranges::none_of(conflicts, trashed))
        return false;
    restoring.exec(std::string("RELEASE SAVEPOINT ") + kSavepoint);
    const bool found = bring_ancestors(restoring);
    restoring.exec(std::string("SAVEPOINT ") + kSavepoint);
    return found;
}

// failed: why it did not go well; without an Error the attempt itself has found conflicts.
bool goes_well(RestoreContext& restoring, std::optional<Error>& failed) {
    try {
        return attempt(restoring);
    } catch (const Error& error) {
        if (!about_rows_or_triggers(restoring, error)) throw;
        failed = error;
        return false;
    }
}

std::vector<Conflict> look_for_conflicts(RestoreContext& restoring, const Restored& before) {
    restoring.exec(std::string("ROLLBACK TO SAVEPOINT ") + kSavepoint);
    auto conflicts = find_conflicts(restoring);
    check_names(restoring);
    restoring.conflicts.clear();
    restoring.guard_casts = false;
    restoring.result = before;
    return conflicts;
}

// What was chosen is carried out outside the savepoint to which a failed attempt goes back, and all
// of it anew where something more is chosen.
constexpr const char* kChosen = "trashd_choices";

void begin_with_choices(RestoreContext& restoring) {
    restoring.chosen.groups = restoring.groups;
    restoring.chosen.shapes = restoring.shapes;
    restoring.exec(std::string("SAVEPOINT ") + kChosen);
    carry_out(restoring);
    restoring.exec(std::string("SAVEPOINT ") + kSavepoint);
}

void add_chosen_ancestors(RestoreContext& restoring, const std::vector<std::string>& groups) {
    const auto known = restoring.groups.size();
    if (groups.empty() || !add_ancestors(restoring, groups)) return;
    hold_tables(restoring);
    for (auto at = known; at < restoring.groups.size(); ++at)
        if (const auto& check = restoring.options.check.rows)
            check(restoring.transaction, restoring.catalog, restoring.groups[at].id);
}

// False when nothing of it is answered that was not before.
bool answered(RestoreContext& restoring, std::vector<Conflict>& conflicts) {
    offer(restoring, conflicts);
    if (!chooses(restoring)) return false;
    const auto answers = answer(restoring, conflicts);
    if (!answers.progress) return false;
    note_answered(restoring, conflicts);
    restoring.exec(std::string("ROLLBACK TO SAVEPOINT ") + kChosen);
    restoring.exec(std::string("RELEASE SAVEPOINT ") + kChosen);
    restoring.groups = restoring.chosen.groups;
    restoring.shapes = restoring.chosen.shapes;
    restoring.conflicts.clear();
    add_chosen_ancestors(restoring, answers.ancestors);
    begin_with_choices(restoring);
    return true;
}

void begin_attempts(RestoreContext& restoring) {
    if (chooses(restoring))
        begin_with_choices(restoring);
    else
        restoring.transaction.connection().later({std::string("SAVEPOINT ") + kSavepoint});
}

// The look-up sees what was committed since the attempt failed: the obstacle may be gone then.
void insert_or_refuse(RestoreContext& restoring) {
    begin_attempts(restoring);
    for (int tries = 1;;) {
        const auto before = restoring.result;
        std::optional<Error> failed;
        if (goes_well(restoring, failed)) break;
        auto conflicts = look_for_conflicts(restoring, before);
        if (bring_later_ancestors(restoring, conflicts)) continue;
        if (answered(restoring, conflicts)) continue;
        if (!conflicts.empty() || !failed) refuse(restoring, std::move(conflicts));
        if (try_otherwise(restoring, *failed)) continue;
        if (tries++ < kTries && may_pass_now(*failed)) continue;
        conflicts = find_refused(restoring, *failed);
        if (!answered(restoring, conflicts)) refuse(restoring, std::move(conflicts), failed->sql());
    }
    refuse_unknown(restoring);
}

}  // namespace

Statement ledger_entry(const RestoreContext& restoring, const GroupRow& group,
                       const std::string& action) {
    std::map<std::string, long long> counts;
    for (std::size_t k = 0; k < group.shapes.size(); ++k) {
        if (group.counts[k] == 0) continue;
        const auto& name = restoring.shapes.at(group.shapes[k]).called();
        counts[name.schema + "." + name.name] += group.counts[k];
    }
    std::vector<schema::Param> names, numbers;
    for (const auto& [name, count] : counts) {
        names.emplace_back(name);
        numbers.emplace_back(to_string(count));
    }
    const auto& root = restoring.shapes.at(group.root_shape).called();
    const auto& actor = restoring.actor;
    const auto insert = schema::filled(own_statements().insert_entry,
                                       {{"schema", schema::quoted(restoring.trash_schema)},
                                        {"action", "$11"},
                                        {"by", "$1"},
                                        {"reason", "$2"},
                                        {"table_schema", "$3"},
                                        {"table", "$4"},
                                        {"object", "$5"},
                                        {"uuid", "$6::pg_catalog.uuid"},
                                        {"request", "$7"},
                                        {"address", "$10"},
                                        {"counts", "pg_catalog.jsonb_object_agg(n, c)"},
                                        {"tenant", "$12"}});
    return {insert + R"( FROM ROWS FROM (pg_catalog.unnest($8::pg_catalog.text[]),
    pg_catalog.unnest($9::pg_catalog.int8[])) AS x(n, c) RETURNING l.id)",
            {actor.by, actor.reason, root.schema, root.name, group.root_object, group.uuid,
             actor.request_id, schema::array_literal(names), schema::array_literal(numbers),
             actor.address, action, group.tenant}};
}

namespace {

void end_group(RestoreContext& restoring, const GroupRow& group) {
    auto& entries = restoring.result.entries;
    if (restoring.copy && group.id == restoring.groups.front().id) {
        entries.push_back(end_copy(restoring));
        return;
    }
    if (restoring.chosen.parts.contains(group.id)) {
        entries.push_back(end_part(restoring, group, "restored").entry);
        return;
    }
    const auto written =
        end_groups(restoring.transaction.connection(), restoring.trash_schema,
                   {{group}, "restored", restoring.actor.by, keep_for_undo(restoring, group)},
                   ledger_entry(restoring, group, "restored"));
    entries.emplace_back(written.text(0, 0));
}

// Many groups end together where nothing is to be said of one that is not of all of them.
void end_all(RestoreContext& restoring) {
    std::vector<GroupRow> together;
    const bool plain = restoring.groups.size() > 1 && all_came_back_plain(restoring);
    for (const auto& group : restoring.groups) {
        const bool alone =
            restoring.groups.size() == 1 || (!plain && !came_back_plain(restoring, group));
        if (alone)
            end_group(restoring, group);
        else
            together.push_back(group);
    }
    if (together.empty()) return;
    const auto written = end_groups(
        restoring.transaction.connection(), restoring.trash_schema,
        {together, "restored", restoring.actor.by, keep_many_for_undo(restoring, together)},
        entries_of(restoring.trash_schema, "restored", together, restoring.actor));
    for (int row = 0; row < written.rows(); ++row)
        restoring.result.entries.emplace_back(written.text(row, 0));
}

void count_rows(RestoreContext& restoring) {
    auto& result = restoring.result;
    for (const auto& step : in_order(restoring)) {
        for (const auto* shape : step) {
            result.restored += shape->count;
            auto& tables = result.tables;
            if (tables.empty() || tables.back().table != shape->table->name)
                tables.push_back({shape->table->name, 0});
            tables.back().count += shape->count;
        }
    }
}

void sum_up(RestoreContext& restoring) {
    count_rows(restoring);
    auto& result = restoring.result;
    const auto& root = restoring.groups.front();
    result.group_id = root.uuid;
    result.root_table = restoring.shapes.at(root.root_shape).called();
    const auto& ids = restoring.chosen.ids;
    const auto renamed = ids.find({root.id, 1});
    result.root_id = renamed == ids.end() ? root.root_object : renamed->second;
    const auto& copied = result.copied;
    if (!copied.empty() && copied.front().from == root.root_object)
        result.root_id = copied.front().to;
    result.not_relinked = links_of_all(restoring) - result.relinked;
}

}  // namespace

Restored restore_groups(schema::Transaction& transaction, const schema::Catalog& catalog,
                        const std::string& trash_schema, const std::vector<GroupRow>& groups,
                        const RestoreOptions& options, const Actor& actor) {
    RestoreContext restoring{transaction, catalog, trash_schema, options, actor};
    for (const auto& group : groups) add_group(restoring, group);
    tell_triggers(restoring);
    hold_tables(restoring);
    if (options.check.rows)
        for (const auto& group : groups) options.check.rows(transaction, catalog, group.id);
    if (options.choices.copy) begin_copy(restoring);
    // with choices they are looked for when what was chosen shows which are missing
    if (options.with_ancestors && !chooses(restoring)) bring_ancestors(restoring);
    insert_or_refuse(restoring);
    if (options.rehearsal) return std::move(restoring.result);
    end_all(restoring);
    for (const auto& swapped : restoring.result.swapped)
        restoring.result.entries.push_back(swapped.entry);
    sum_up(restoring);
    if (plans(restoring)) restoring.result.plan = plan_of(restoring);
    return std::move(restoring.result);
}

}  // namespace trashd::trash
