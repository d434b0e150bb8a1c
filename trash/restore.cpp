#include "trash/restore.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "cascade/plan.hpp"
#include "cascade/predicates.hpp"
#include "schema/reader.hpp"
#include "schema/value.hpp"
#include "trash/restoring.hpp"

namespace trashd::trash {
namespace {

using cascade::join;
using schema::quoted;
using schema::Table;
using Statement = schema::Connection::Statement;
using std::to_string;

constexpr int kTries = 3;  // while nothing explains why the one before failed

// Tables of items and of links, by oid.
std::vector<const Table*> concerned(const Restoring& restoring) {
    std::map<schema::Oid, const Table*> out;
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.table != nullptr) out[shape.relation] = shape.table;
    }
    std::vector<const Table*> tables;
    for (const auto& [oid, table] : out) tables.push_back(table);
    return tables;
}

// From here to the end of the transaction the tables are what the catalog says.
void hold_tables(Restoring& restoring) {
    std::vector<schema::Oid> oids;
    std::vector<std::string> names;
    for (const auto* table : concerned(restoring)) {
        oids.push_back(table->oid);
        names.push_back(schema::relation(*table));
    }
    if (oids.empty()) return;
    const auto expected = schema::expected_fingerprint(restoring.catalog, oids);
    try {
        const auto held =
            restoring.together({{"LOCK TABLE " + join(names, ", ") + " IN ROW EXCLUSIVE MODE"},
                                {schema::fingerprint_sql(oids)}});
        if (held[1].text(0, 0) != expected) throw StaleCatalog();
    } catch (const Error& error) {
        if (error.is("42P01") || error.is("3F000")) throw StaleCatalog();
        throw;
    }
}

std::string insert_sql(const Shape& shape, const std::string& items) {
    std::vector<std::string> names, values;
    for (const auto& column : shape.table->columns) {
        if (column.generated || shape.position(column.attnum) == 0) continue;
        names.push_back(quoted(column.name));
        values.push_back(value(shape, column));
    }
    return "INSERT INTO " + quoted(shape.table->name) +
           (names.empty() ? "" : " (" + join(names, ", ") + ")") +
           " OVERRIDING SYSTEM VALUE SELECT " + join(values, ", ") + " FROM " + items +
           " i ORDER BY i.group_id, i.ordinal";
}

void expect(Restoring& restoring, const Shape& shape, long long inserted) {
    if (inserted == shape.count) return;
    Conflict conflict;
    conflict.kind = "constraint";
    conflict.table = shape.table->name;
    conflict.detail =
        to_string(inserted) + " of " + to_string(shape.count) + " rows went in; look at";
    std::vector<std::string> names;
    for (const auto& trigger : shape.table->triggers) {
        if (trigger.on_insert) names.push_back(trigger.name);
    }
    conflict.detail += names.empty() ? " the table's rules" : " its triggers: " + join(names, ", ");
    restoring.conflicts.push_back(std::move(conflict));
}

using Shapes = std::vector<const Shape*>;

// One statement: foreign keys are checked at its end, so these may refer to each other.
Statement insert_together(const Restoring& restoring, const Shapes& shapes) {
    const auto& first = *shapes[0];
    if (shapes.size() == 1 && first.ranges.size() == 1 && !restoring.guard_casts) {
        const auto& range = first.ranges[0];
        return {insert_sql(first, source_of_one(restoring, first)),
                {to_string(range.group), to_string(range.first), to_string(range.last)}};
    }
    if (shapes.size() == 1) return {insert_sql(first, source(restoring, first)), {}, false};
    std::vector<std::string> with, counts;
    for (const auto* shape : shapes) {
        const auto name = "w" + to_string(with.size());
        with.push_back(name + " AS (" + insert_sql(*shape, source(restoring, *shape)) +
                       " RETURNING 1)");
        counts.push_back("(SELECT pg_catalog.count(*) FROM " + name + ")");
    }
    return {"WITH " + join(with, ", ") + " SELECT " + join(counts, ", "), {}, false};
}

// The shapes of each statement, in the order in which they go in.
std::vector<Shapes> in_order(Restoring& restoring) {
    std::vector<Shapes> out;
    auto& result = restoring.result;
    for (const auto& step : cascade::insert_order(restoring.catalog, tables_of(restoring))) {
        Shapes together;
        for (const auto* table : step) {
            TableCount line{table->name, 0};
            for (const auto* shape : shapes_of(restoring, *table)) {
                together.push_back(shape);
                line.count += shape->count;
            }
            result.restored += line.count;
            result.tables.push_back(std::move(line));
        }
        out.push_back(std::move(together));
    }
    return out;
}

// All in one round trip; last: what else goes with it.
void insert_all(Restoring& restoring, const std::vector<Statement>& last) {
    const auto steps = in_order(restoring);
    std::vector<Statement> statements = {{kByIndex}};
    for (const auto& shapes : steps) statements.push_back(insert_together(restoring, shapes));
    statements.push_back({kAsPlanned});
    statements.insert(statements.end(), last.begin(), last.end());
    std::vector<schema::Result> done;
    restoring.as_asker([&] { done = restoring.together(statements); });
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto& shapes = steps[i];
        const auto& inserted = done[i + 1];
        if (shapes.size() == 1) expect(restoring, *shapes[0], inserted.affected());
        for (std::size_t k = 0; shapes.size() > 1 && k < shapes.size(); ++k)
            expect(restoring, *shapes[k], inserted.integer(0, static_cast<int>(k)));
    }
}

long long links_of_all(const Restoring& restoring) {
    long long links = 0;
    for (const auto& group : restoring.groups) links += group.links;
    return links;
}

void look_everywhere(Restoring& restoring) {
    relink_live(restoring);
    relink_taken_meanwhile(restoring);
}

// A row that goes into the trash and comes back between the looks is never where it is looked for:
// what was not found is looked for again. A like row without a key may be another one than was set
// back.
void relink(Restoring& restoring) {
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

// False, or an Error about rows, when something is in the way.
bool attempt(Restoring& restoring) {
    if (!find_missing_tables(restoring).empty() || !find_losses(restoring).empty()) return false;
    // to the database a row of another tenant is a parent like any other
    const bool tenants = !restoring.options.tenant_column.empty();
    if (tenants && !find_missing_parents(restoring).empty()) return false;
    const std::vector<Statement> check = {{"SET CONSTRAINTS ALL IMMEDIATE"}};
    if (links_of_all(restoring) == 0) {
        insert_all(restoring, check);
    } else {
        relink_trashed(restoring);
        insert_all(restoring, {});
        relink(restoring);
        restoring.together(check);
    }
    verify(restoring);
    return restoring.conflicts.empty();
}

// Others decide over these: what was in the way, or lacked, may not any more.
bool may_pass_now(const Error& error) {
    return error.is("23503") || error.is("23505") || error.is("23P01");
}

[[noreturn]] void refuse(std::vector<Conflict> conflicts) {
    const auto count = conflicts.size();
    throw Conflicted("the group cannot go back as it is: " + to_string(count) +
                         (count == 1 ? " conflict" : " conflicts") +
                         "; resolve them and restore again",
                     std::move(conflicts));
}

// The look-up sees what was committed since the attempt failed: the obstacle may be gone then.
void insert_or_refuse(Restoring& restoring) {
    restoring.transaction.connection().later({std::string("SAVEPOINT ") + kSavepoint});
    const auto before = restoring.result;
    for (int tries = 1;; ++tries) {
        std::optional<Error> failed;
        try {
            if (attempt(restoring)) return;
        } catch (const Error& error) {
            if (!about_rows(error)) throw;
            failed = error;
        }
        restoring.exec(std::string("ROLLBACK TO SAVEPOINT ") + kSavepoint);
        auto conflicts = find_conflicts(restoring);
        if (!conflicts.empty() || !failed) refuse(std::move(conflicts));
        if (tries == kTries || !may_pass_now(*failed)) refuse({as_said(restoring, *failed)});
        restoring.result = before;
    }
}

Statement entry_of(const Restoring& restoring, const GroupRow& group) {
    std::map<std::string, long long> counts;
    for (std::size_t k = 0; k < group.shapes.size(); ++k) {
        const auto& name = restoring.shapes.at(group.shapes[k]).called();
        counts[name.schema + "." + name.name] += group.counts[k];
    }
    std::vector<schema::Param> names, numbers;
    for (const auto& [name, count] : counts) {
        names.emplace_back(name);
        numbers.emplace_back(to_string(count));
    }
    const auto& root = restoring.shapes.at(group.root_shape).called();
    const auto& context = restoring.context;
    return {"INSERT INTO " + restoring.own("ledger") +
                " (at, action, by, reason, schema_name, table_name, object_id, group_uuid, counts, "
                "request_id, address) SELECT pg_catalog.now(), 'restored', $1, $2, $3, $4, $5, "
                "$6::pg_catalog.uuid, "
                "pg_catalog.jsonb_object_agg(n, c), $7, $10 FROM ROWS FROM (pg_catalog.unnest($8::"
                "pg_catalog.text[]), pg_catalog.unnest($9::pg_catalog.int8[])) AS x(n, c)",
            {context.by, context.reason, root.schema, root.name, group.root_object, group.uuid,
             context.request_id, schema::array_literal(names), schema::array_literal(numbers),
             context.address}};
}

void end_group(Restoring& restoring, const GroupRow& group) {
    const auto id = to_string(group.id);
    const std::string of_this = " WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8";
    const auto done = restoring.together(
        {{kByIndex},
         {"UPDATE " + restoring.own("trash_group") +
              " SET state = 'restored', ended_at = pg_catalog.now(), ended_by = $1 "
              "WHERE id OPERATOR(pg_catalog.=) $2::pg_catalog.int8",
          {restoring.context.by, id}},
         entry_of(restoring, group),
         {"DELETE FROM " + restoring.own("item") + of_this, {id}},
         {"DELETE FROM " + restoring.own("link") + of_this, {id}},
         {kAsPlanned}});
    if (done[3].affected() != group.size) {
        throw Error(Code::kInternal,
                    "the group has other items than it says; nothing was restored");
    }
}

void sum_up(Restoring& restoring) {
    auto& result = restoring.result;
    const auto& root = restoring.groups.front();
    result.group_id = root.uuid;
    result.root_table = restoring.shapes.at(root.root_shape).called();
    result.root_id = root.root_object;
    result.not_relinked = links_of_all(restoring) - result.relinked;
}

}  // namespace

Restored restore_groups(schema::Transaction& transaction, const schema::Catalog& catalog,
                        const std::string& trash_schema, const GroupRow& group,
                        const RestoreOptions& options, const Context& context) {
    Restoring restoring{transaction, catalog, trash_schema, options, context,
                        {},          {},      false,        {},      {}};
    add_group(restoring, group);
    hold_tables(restoring);
    while (options.with_ancestors && add_ancestors(restoring)) hold_tables(restoring);
    for (const auto& row : restoring.groups)
        if (options.check.rows) options.check.rows(transaction, catalog, row.id);
    insert_or_refuse(restoring);
    for (const auto& row : restoring.groups) end_group(restoring, row);
    sum_up(restoring);
    return std::move(restoring.result);
}

}  // namespace trashd::trash
