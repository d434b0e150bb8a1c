// A restored dump is another database under the same names: numbers in the trash (oids of tables,
// types, functions) mean other things there. Where the signs of the birthplace differ, forms, and
// oids in values, are found again by name.
#include "trash/setup/birthplace.hpp"

#include <spdlog/spdlog.h>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/setup/birthplace_sql.hpp"
#include "trash/store/lock_keys.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::quoted;
using schema::Result;

std::string with_schema(const std::string& sql, const std::string& trash_schema) {
    return schema::filled(sql, {{"schema", quoted(trash_schema)},
                                {"shape", schema::literal(quoted({trash_schema, "shape"}))}});
}

// Some hosts let nobody ask for it; the other signs are left then.
std::string system_identifier(Connection& connection) {
    const auto may = connection.exec(
        "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')");
    if (!may.boolean(0, 0)) return "";
    return std::string(
        connection.exec("SELECT system_identifier FROM pg_catalog.pg_control_system()").text(0, 0));
}

constexpr const char* kPlace =
    "(SELECT (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) "
    "pg_catalog.current_database()) AS database, {shape}::pg_catalog.regclass::pg_catalog.oid AS "
    "shape) h";

void forget_numbers(schema::Transaction& transaction, const std::string& trash_schema) {
    transaction.exec(with_schema("UPDATE {schema}.shape SET written = '0'", trash_schema));
}

// Where the key holds such numbers, the object's id does.
void renumber_keys(schema::Transaction& transaction, const std::string& trash_schema) {
    const char* const keyed =
        "s.id = i.shape AND EXISTS (SELECT FROM unnest(s.identity) a(n) WHERE "
        "s.oids[array_position(s.attnums, a.n)] <> '')";
    transaction.exec(with_schema(
        std::string(
            "UPDATE {schema}.item i SET object_id = (SELECT CASE count(*) WHEN 1 THEN min(k.v) "
            "ELSE string_agg(replace(replace(k.v, '%', '%25'), ',', '%2C'), ',' ORDER BY k.n) END "
            "FROM (SELECT i.payload[array_position(s.attnums, a.attnum)] AS v, a.n FROM "
            "unnest(s.identity) WITH ORDINALITY a(attnum, n)) k) FROM {schema}.shape s WHERE ") +
            keyed,
        trash_schema));
    transaction.exec(with_schema(
        std::string("UPDATE {schema}.trash_group g SET root_object = i.object_id FROM "
                    "{schema}.item i, {schema}.shape s WHERE i.group_id = g.id AND i.ordinal = "
                    "coalesce(g.roots[1], 1) AND ") +
            keyed,
        trash_schema));
}

// The texts of a row of the form s, with the oids in them as they are here.
std::string numbers_here(const std::string& row) {
    return "ARRAY(SELECT CASE WHEN u.v IS NULL OR coalesce(s.oids[u.n], '') = '' THEN u.v WHEN "
           "s.oids[u.n] LIKE '{%' THEN {schema}.fields_here(u.v, s.oids[u.n]::text[]) ELSE "
           "{schema}.oids_here(u.v, s.oids[u.n]) END FROM unnest(" +
           row + ") WITH ORDINALITY u(v, n) ORDER BY u.n)";
}

// Oids in values become those of what has the name here.
void renumber_oids(schema::Transaction& transaction, const std::string& trash_schema) {
    const auto run = [&](const std::string& sql) {
        transaction.exec(with_schema(sql, trash_schema));
    };
    run("UPDATE {schema}.named SET here = {schema}.oid_of(kind, name)");
    run("UPDATE {schema}.item i SET payload = " + numbers_here("i.payload") +
        " FROM {schema}.shape s WHERE s.id = i.shape AND cardinality(s.oids) > 0");
    for (const std::string row : {"row_was", "row_left"})
        run("UPDATE {schema}.link l SET " + row + " = " + numbers_here("l." + row) +
            " FROM {schema}.shape s WHERE s.id = l.shape AND cardinality(s.oids) > 0 AND l." + row +
            " IS NOT NULL");
    renumber_keys(transaction, trash_schema);
    run("DELETE FROM {schema}.named n WHERE here IS NULL OR EXISTS (SELECT FROM {schema}.named o "
        "WHERE o.kind = n.kind AND o.here = n.here AND o.number > n.number)");
    // by way of kinds that there are not, since new numbers may be old ones of others
    run("UPDATE {schema}.named SET kind = 'moved ' || kind, number = here, here = NULL");
    run("UPDATE {schema}.named SET kind = substr(kind, 7)");
}

// Answers (table, moved, whether it is known, forms) of what changed.
Result put_right(Connection& connection, const std::string& trash_schema) {
    const auto renumbered = [](const char* from) {
        return schema::filled(kRenumbered, {{"from", from}});
    };
    return connection.exec(with_schema(
        std::string("WITH ") + kStrayForms +
            ", links AS (UPDATE {schema}.link l SET attnums = " + renumbered("l.attnums") +
            " FROM stray p WHERE p.id = l.shape AND p.attnums <> p.before), changed AS (UPDATE "
            "{schema}.shape s SET relation = p.relation, now_schema = p.schema, now_table = "
            "p.table, now_names = p.names, attnums = p.attnums, identity = " +
            renumbered("p.identity") +
            ", signature = CASE WHEN p.moved THEN 'moved ' || s.id ELSE s.signature END, written = "
            "pg_current_xact_id(), makeup = CASE WHEN p.native THEN s.makeup ELSE ARRAY(SELECT "
            "regexp_replace(u.m, '^{\"[0-9]+\"', '{\"0\"') FROM unnest(s.makeup) WITH ORDINALITY "
            "u(m, n) ORDER BY u.n) END FROM stray p WHERE p.id = s.id RETURNING format('%I.%I', "
            "coalesce(s.now_schema, s.schema_name), coalesce(s.now_table, s.table_name)) AS name, "
            "p.moved, p.known) SELECT name, moved, known, count(*) FROM changed GROUP BY 1, 2, 3 "
            "ORDER BY 1",
        trash_schema));
}

void tell(const Result& changed) {
    for (int row = 0; row < changed.rows(); ++row) {
        if (!changed.boolean(row, 1)) continue;
        const auto name = changed.text(row, 0);
        if (changed.boolean(row, 2))
            spdlog::info("the table of the trashed rows of {} was found by name", name);
        else
            spdlog::warn("the table {} is gone; its trashed rows cannot be restored", name);
    }
}

void note_birth(schema::Transaction& transaction, const std::string& trash_schema) {
    const auto system = system_identifier(transaction.connection());
    transaction.exec(
        with_schema(std::string("INSERT INTO {schema}.birth AS b (system, database, shape, "
                                "written) SELECT NULLIF($1, ''), database, shape, "
                                "pg_catalog.pg_current_xact_id() FROM ") +
                        kPlace +
                        " ON CONFLICT (one) DO UPDATE SET system = excluded.system, database = "
                        "excluded.database, shape = excluded.shape, written = excluded.written",
                    trash_schema),
        {system});
}

// A dropped column, as the migration has left one. Where another role owns the table, physical
// copies of this copy go by name too.
void mark(schema::Transaction& transaction, const std::string& trash_schema) {
    const auto owned = transaction.exec(
        with_schema("SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c "
                    "WHERE c.oid = {shape}::pg_catalog.regclass",
                    trash_schema));
    if (!owned.boolean(0, 0)) return;
    transaction.exec(with_schema("ALTER TABLE {schema}.shape ADD here bool", trash_schema));
    transaction.exec(with_schema("ALTER TABLE {schema}.shape DROP here", trash_schema));
}

bool strays(Connection& connection, const std::string& trash_schema) {
    return connection
        .exec(with_schema(std::string("WITH ") + kStrayForms + " SELECT EXISTS (SELECT FROM stray)",
                          trash_schema))
        .boolean(0, 0);
}

bool needed(Connection& connection, const std::string& trash_schema) {
    schema::Transaction transaction(connection, schema::Mode::kRead);
    transaction.exec("SET LOCAL search_path = pg_catalog, pg_temp");
    const bool found =
        home_of(connection, trash_schema) != Home::kHere || strays(connection, trash_schema);
    transaction.commit();
    return found;
}

// What the types of the form's columns are made of by now; empty: what it says already.
std::vector<schema::Param> followed(const schema::Table& table,
                                    const std::vector<schema::Param>& attnums,
                                    std::vector<schema::Param> makeup) {
    bool changed = false;
    for (std::size_t i = 0; i < makeup.size() && i < attnums.size(); ++i) {
        const auto* column = table.column(std::stoi(*attnums[i]));
        if (!column || column->makeup.empty() || makeup[i]->empty()) continue;
        auto then = schema::Makeup::read(*makeup[i]);
        if (!schema::follow(then, schema::Makeup::read(column->makeup))) continue;
        makeup[i] = then.text();
        changed = true;
    }
    return changed ? makeup : std::vector<schema::Param>();
}

// Of a form that was copied since, and so is to be found by name first, nothing is written.
void follow_types(Connection& connection, const std::string& trash_schema,
                  const schema::Catalog& catalog) {
    const auto shape = quoted({trash_schema, "shape"});
    const auto found = connection.exec(
        "SELECT id, relation, attnums, makeup FROM " + shape +
        " WHERE relation IS NOT NULL AND pg_catalog.cardinality(makeup) OPERATOR(pg_catalog.>) 0");
    for (int row = 0; row < found.rows(); ++row) {
        const auto* table = catalog.table(static_cast<schema::Oid>(found.integer(row, 1)));
        if (!table) continue;
        const auto makeup = followed(*table, schema::parse_array(found.text(row, 2)),
                                     schema::parse_array(found.text(row, 3)));
        if (makeup.empty()) continue;
        connection.exec("UPDATE " + shape +
                            " SET makeup = $1::pg_catalog.text[], written = "
                            "pg_catalog.pg_current_xact_id() WHERE id OPERATOR(pg_catalog.=) "
                            "$2::pg_catalog.int4 AND makeup OPERATOR(pg_catalog.=) "
                            "$3::pg_catalog.text[] AND xmin OPERATOR(pg_catalog.=) "
                            "written::pg_catalog.xid",
                        {schema::array_literal(makeup), std::string(found.text(row, 0)),
                         std::string(found.text(row, 3))});
    }
}

// In a transaction that writes, whatever the database says of those that do not say what they are.
void follow_names(Connection& connection, const std::string& trash_schema,
                  const schema::Catalog& catalog) {
    schema::Transaction transaction(connection, schema::Mode::kMove);
    follow_types(transaction.connection(), trash_schema, catalog);
    transaction.exec(with_schema(
        "UPDATE {schema}.named n SET name = f.name FROM (SELECT kind, number, "
        "{schema}.name_of(kind, number) AS name FROM {schema}.named) f WHERE n.kind "
        "OPERATOR(pg_catalog.=) f.kind AND n.number OPERATOR(pg_catalog.=) f.number AND n.name "
        "OPERATOR(pg_catalog.<>) f.name",
        trash_schema));
    transaction.commit();
}

}  // namespace

Home home_of(Connection& connection, const std::string& trash_schema) {
    const auto found = connection.exec(
        with_schema(
            std::string(
                "SELECT b.database OPERATOR(pg_catalog.=) h.database "
                "AND b.shape OPERATOR(pg_catalog.=) h.shape AND COALESCE(b.system, "
                "'') OPERATOR(pg_catalog.=) $1, b.shape OPERATOR(pg_catalog.=) "
                "h.shape AND b.xmin OPERATOR(pg_catalog.=) "
                "b.written::pg_catalog.xid AND EXISTS (SELECT FROM "
                "pg_catalog.pg_attribute a WHERE a.attrelid "
                "OPERATOR(pg_catalog.=) h.shape AND a.attisdropped) FROM {schema}.birth b, ") +
                kPlace,
            trash_schema),
        {system_identifier(connection)});
    if (found.rows() == 0) return Home::kLogicalCopy;
    if (found.boolean(0, 0)) return Home::kHere;
    return found.boolean(0, 1) ? Home::kPhysicalCopy : Home::kLogicalCopy;
}

void settle(schema::Transaction& transaction, const std::string& trash_schema) {
    transaction.exec("SET LOCAL search_path = pg_catalog, pg_temp");
    const auto home = home_of(transaction.connection(), trash_schema);
    if (home == Home::kLogicalCopy) {
        forget_numbers(transaction, trash_schema);
        renumber_oids(transaction, trash_schema);
    }
    tell(put_right(transaction.connection(), trash_schema));
    if (home == Home::kLogicalCopy) mark(transaction, trash_schema);
    if (home != Home::kHere) note_birth(transaction, trash_schema);
}

void keep_current(Connection& connection, const std::string& trash_schema,
                  const schema::Catalog& catalog) {
    if (connection.exec("SELECT pg_catalog.pg_is_in_recovery()").boolean(0, 0)) return;
    if (needed(connection, trash_schema)) {
        schema::Transaction transaction(connection, schema::Mode::kMove);
        transaction.exec("SELECT " + lock_call(LockKey::kMigration));
        settle(transaction, trash_schema);
        transaction.commit();
    }
    follow_names(connection, trash_schema, catalog);
}

std::vector<Stranded> stranded(Connection& connection, const std::string& trash_schema) {
    const auto found = connection.exec(with_schema(
        "SELECT COALESCE(s.now_schema, s.schema_name), COALESCE(s.now_table, s.table_name), "
        "pg_catalog.count(DISTINCT i.group_id), pg_catalog.count(*) FROM {schema}.shape s JOIN "
        "{schema}.item i ON i.shape OPERATOR(pg_catalog.=) s.id WHERE NOT EXISTS (SELECT FROM "
        "pg_catalog.pg_class c "
        "WHERE "
        "c.oid OPERATOR(pg_catalog.=) s.relation) GROUP BY 1, 2 ORDER BY 1, 2",
        trash_schema));
    std::vector<Stranded> all;
    for (int row = 0; row < found.rows(); ++row)
        all.push_back({{std::string(found.text(row, 0)), std::string(found.text(row, 1))},
                       found.integer(row, 2),
                       found.integer(row, 3)});
    return all;
}

}  // namespace trashd::trash
