// Why rows cannot come back where keys are concerned: live rows with the same key, items that are
// in each other's way. Looks after a failed attempt, because most restores meet nothing.
#include <algorithm>
#include <functional>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/context.hpp"
#include "schema/identifier.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/insert/clashes.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/restore/steps.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::Table;
using std::to_string;

std::string limit() {
    return " LIMIT " + to_string(kMostConflicts + 1);
}

// Of the columns that the expressions of an index use; the catalog as it is read does not say.
// pg_depend does not tell them from those of its predicate, so they are taken from the expressions
// as they are stored, where 0 is the whole row.
constexpr const char* kUsed = R"(SELECT DISTINCT f.found[1]::pg_catalog.int4
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid OPERATOR(pg_catalog.=) i.indexrelid
  AND k.conrelid OPERATOR(pg_catalog.=) i.indrelid
  AND k.contype OPERATOR(pg_catalog.=) ANY ('{p,u,x}'::pg_catalog."char"[])
CROSS JOIN LATERAL pg_catalog.regexp_matches(
  i.indexprs::pg_catalog.text, ':varattno ([1-9][0-9]*)', 'g') f(found)
WHERE i.indrelid OPERATOR(pg_catalog.=) {table}
  AND coalesce(k.conname, x.relname) OPERATOR(pg_catalog.=) {name}
ORDER BY 1)";

std::vector<int> used_in_expressions(RestoreContext& restoring, const Table& table,
                                     const Rule& rule) {
    std::vector<int> out;
    if (std::ranges::count(rule.attnums, 0) == 0) return out;
    const auto found = restoring.exec(schema::filled(
        kUsed, {{"table", to_string(table.oid)},
                {"name", schema::literal(rule.like.constraint) + "::pg_catalog.name"}}));
    for (int row = 0; row < found.rows(); ++row)
        out.push_back(static_cast<int>(found.integer(row, 0)));
    return out;
}

// What can be set: the key's columns, and in the place of expressions the columns in them. Where
// there are none it is the expressions that are named.
Rule with_columns(RestoreContext& restoring, const Table& table, Rule rule) {
    const auto used = used_in_expressions(restoring, table, rule);
    auto& names = rule.like.columns;
    const auto add = [&](int attnum) {
        const auto* column = table.column(attnum);
        if (column == nullptr || std::ranges::count(rule.told, attnum) > 0) return;
        rule.told.push_back(attnum);
        names.push_back(column->name);
    };
    for (const int attnum : rule.attnums) {
        if (attnum == 0)
            std::ranges::for_each(used, add);
        else
            add(attnum);
    }
    if (!names.empty()) return rule;
    rule.told = rule.attnums;
    names = rule.expressions;
    return rule;
}

std::vector<Conflict> taken(RestoreContext& restoring, const Table& table, const Rule& rule) {
    std::vector<Conflict> out;
    const auto found = restoring.exec(
        schema::filled("SELECT v.object_id, v.w, v.group_id, v.ordinal, t.id FROM {clashes}{limit}",
                       {{"clashes", clashes(restoring, table, rule)}, {"limit", limit()}}));
    append(out, rule.like, found);
    for (int row = 0; row < found.rows(); ++row) {
        if (found.null(row, 4)) continue;
        out[row].with_table = table.name;
        out[row].with_id = found.text(row, 4);
    }
    return out;
}

// Items that would be in each other's way.
std::vector<Conflict> twice(RestoreContext& restoring, const Table& table, const Rule& rule) {
    std::vector<std::string> keys;
    for (std::size_t k = 0; k < rule.expressions.size(); ++k)
        keys.push_back("v." + expression_name(k));
    auto where = predicate_of(rule);
    if (!rule.nulls_not_distinct)
        where += " AND pg_catalog.num_nulls(" + join(keys, ", ") + ") OPERATOR(pg_catalog.=) 0";
    auto like = rule.like;
    like.detail = "another row of the same restore has the same key";
    const auto found = restoring.exec(schema::filled(
        R"(SELECT d.object_id, d.w, d.group_id, d.ordinal
  FROM (
    SELECT v.object_id, v.w, v.group_id, v.ordinal,
      pg_catalog.count(*) OVER (PARTITION BY {keys}) AS n
    FROM {items} v
    WHERE {where}) d
  WHERE d.n OPERATOR(pg_catalog.>) 1{limit})",
        {{"keys", join(keys, ", ")},
         {"items", items_under(restoring, table, rule)},
         {"where", where},
         {"limit", limit()}}));
    std::vector<Conflict> out;
    append(out, like, found);
    return out;
}

std::vector<Conflict> violated(RestoreContext& restoring, const Table& table,
                               const schema::Check& check) {
    std::vector<Conflict> out;
    auto like = conflict_like(table, "constraint", check.name);
    like.detail = "the check does not hold for the row";
    const auto found = restoring.exec(schema::filled(
        R"(SELECT v.object_id, v.w, v.group_id, v.ordinal
  FROM {items} v WHERE v.e1 IS FALSE{limit})",
        {{"items", evaluated(restoring, table, {check.expression}, {})}, {"limit", limit()}}));
    append(out, like, found);
    return out;
}

// Collects; a check that itself fails must not hide what the others find.
class Finder {
  public:
    explicit Finder(RestoreContext& restoring) : restoring_(restoring) {}

    void look(const std::function<std::vector<Conflict>()>& check) {
        if (found_.size() > static_cast<std::size_t>(kMostConflicts)) return;
        try {
            for (auto& conflict : check()) found_.push_back(std::move(conflict));
        } catch (const Error& error) {
            if (!about_rows(error)) throw;
            restoring_.exec(std::string("ROLLBACK TO SAVEPOINT ") + kSavepoint);
        }
    }

    void look_at(const Table& table) {
        for (const auto& index : table.uniques) {
            const auto rule = with_columns(restoring_, table, unique_rule(table, index));
            look([&] { return taken(restoring_, table, rule); });
            look([&] { return twice(restoring_, table, rule); });
        }
        for (const auto& exclusion : table.exclusions) {
            const auto rule = with_columns(restoring_, table, exclusion_rule(table, exclusion));
            look([&] { return taken(restoring_, table, rule); });
        }
        for (const auto& check : table.checks) {
            look([&] { return violated(restoring_, table, check); });
        }
    }

    // Those of rows of which nothing was found that has to do with the same constraint.
    std::vector<Conflict> without_known(std::vector<Conflict> all) const {
        std::erase_if(all, [&](const auto& one) {
            return std::ranges::any_of(found_, [&](const auto& known) {
                return known.constraint == one.constraint && known.group == one.group &&
                       known.ordinal == one.ordinal;
            });
        });
        return all;
    }

    std::vector<Conflict> found() { return std::move(found_); }
    bool none() const { return found_.empty(); }

  private:
    RestoreContext& restoring_;
    std::vector<Conflict> found_;
};

void cap(std::vector<Conflict>& conflicts) {
    if (conflicts.size() <= static_cast<std::size_t>(kMostConflicts)) return;
    conflicts.resize(kMostConflicts);
    auto& detail = conflicts.back().detail;
    detail += std::string(detail.empty() ? "" : "; ") + "there are more conflicts than these " +
              to_string(kMostConflicts);
}

}  // namespace

std::vector<Conflict> find_conflicts(RestoreContext& restoring) {
    Finder finder(restoring);
    finder.look([&] { return find_missing_tables(restoring); });
    finder.look([&] { return find_failing_casts(restoring); });
    restoring.guard_casts = !finder.none();
    finder.look([&] { return find_losses(restoring); });
    finder.look([&] { return find_missing_values(restoring); });
    for (const auto* table : tables_of(restoring)) finder.look_at(*table);
    finder.look([&] { return find_missing_parents(restoring); });
    finder.look([&] { return restoring.conflicts; });
    finder.look([&] { return finder.without_known(find_old_keys(restoring)); });
    auto out = finder.found();
    cap(out);
    return out;
}

namespace {

// Of a statement of a trigger the row is another table's.
void name_table(const RestoreContext& restoring, const SqlError& sql, Conflict& conflict) {
    const auto* at = restoring.catalog.table(restoring.at);
    if (at == nullptr) {
        if (!sql.table.empty()) conflict.table = {sql.schema, sql.table};
        return;
    }
    conflict.table = at->name;
    if (sql.table.empty() || at->partitioned) return;
    if (schema::QualifiedName{sql.schema, sql.table} != at->name)
        conflict.detail += "; a trigger writes that row of " + sql.schema + "." + sql.table +
                           "; look at " + code_at(restoring, *at);
}

}  // namespace

Conflict as_said(const RestoreContext& restoring, const Error& failed) {
    const auto& sql = *failed.sql();
    const bool of_schema =
        failed.of_class(sqlstate::kDataExceptions) || failed.of_class(sqlstate::kSyntaxOrAccess);
    Conflict conflict;
    conflict.kind = of_schema ? "schema-changed" : "constraint";
    conflict.table = restoring.shapes.at(restoring.groups.front().root_shape).called();
    conflict.constraint = sql.constraint;
    if (!sql.column.empty()) conflict.columns = {sql.column};
    conflict.detail = sql.message;
    if (const auto refusal =
            refusal_by_code(failed, restoring.trash_schema, tables_of(restoring))) {
        conflict.kind = "constraint";
        if (!schema::written_for_users(sql)) conflict.detail = refusal->what();
    }
    name_table(restoring, sql, conflict);
    return conflict;
}

}  // namespace trashd::trash
