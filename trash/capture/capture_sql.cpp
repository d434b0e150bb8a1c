#include "trash/capture/capture_sql.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/oids.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/fixed_settings.hpp"
#include "schema/text.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Column;
using schema::filled;
using schema::ForeignKey;
using schema::join;
using schema::literal;
using schema::quoted;
using schema::Table;
using std::to_string;

// A value of the column as a key compares it, of the SQL of a text. Read as the type under all
// domains, whose checks may call functions of their owners: these functions run as the service's
// role.
std::string value_of_text(const Column& column, const std::string& text) {
    Column base = column;
    base.type = schema::base_type(column);
    base.type_oid = column.base_oid;
    const auto value = schema::from_text(base, text);
    return column.collation.empty() ? value : "(" + value + ") COLLATE " + column.collation;
}

// Whether the type's input would call checks of domains inside of it: that of arrays, composites
// and ranges of the users', whose equality is PostgreSQL's own.
bool read_by_code(const ForeignKey& key, std::size_t at, const Table& child) {
    constexpr schema::Oid kFirstOfUsers = 16384;
    return child.column(key.child_columns[at])->base_oid >= kFirstOfUsers &&
           key.operators[at].starts_with("OPERATOR(\"pg_catalog\".");
}

// That the two sides of the key are the same: SQL of the parent's and the child's columns.
template <typename Parent, typename Child>
std::string refers(const ForeignKey& key, Parent parent, Child child) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < key.child_columns.size(); ++i)
        all.push_back(parent(key.parent_columns[i]) + " " + key.operators[i] + " " +
                      child(key.child_columns[i]));
    return join(all, " AND ");
}

// The same of sides of which one is text, as items and notes have it. Sides give SQL of a column,
// as text or as a value.
template <typename Parent, typename Child>
std::string refers_as_kept(const CapturedKey& captured, Parent parent, Child child) {
    const ForeignKey& key = *captured.key;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
        const bool text = read_by_code(key, i, *captured.child);
        all.push_back(parent(key.parent_columns[i], text) + " " +
                      (text ? "OPERATOR(pg_catalog.=)" : key.operators[i]) + " " +
                      child(key.child_columns[i], text));
    }
    return join(all, " AND ");
}

auto in_item(const Table& table, const char* alias) {
    return [&table, alias](int attnum, bool text) {
        const auto kept =
            std::string(alias) + ".payload[" + to_string(table.kept_place(attnum)) + "]";
        return text ? kept : value_of_text(*table.column(attnum), kept);
    };
}

auto in_row(const Table& table, const char* alias) {
    return [&table, alias](int attnum) { return cascade::value_of(table, attnum, alias); };
}

auto in_row_as_kept(const Table& table, const char* alias) {
    return [&table, alias](int attnum, bool text) {
        return text ? schema::to_text(*table.column(attnum), alias)
                    : cascade::value_of(table, attnum, alias);
    };
}

// The settings that decide how a value of such a type is written. Types that hold others, and the
// users' own, may hold any.
struct WrittenUnder {
    schema::Oid type;
    const char* setting;
};
constexpr std::array<WrittenUnder, 12> kWrittenUnder{{
    {1082, "DateStyle"},
    {1114, "DateStyle"},
    {1184, "DateStyle"},
    {1184, "TimeZone"},
    {1266, "TimeZone"},
    {1186, "IntervalStyle"},
    {700, "extra_float_digits"},
    {701, "extra_float_digits"},
    {17, "bytea_output"},
    {790, "lc_monetary"},
    {142, "xmlbinary"},
    {142, "xmloption"},
}};
// bool, char, name, int8, int2, int4, text, oid, json, bpchar, varchar, time, bit, varbit, numeric,
// uuid, jsonb, inet, cidr, macaddr: written the same under all of them.
constexpr std::array<schema::Oid, 20> kAlwaysTheSame{16,   18,   19,   20,   21,   23,   25,
                                                     26,   114,  1042, 1043, 1083, 1560, 1562,
                                                     1700, 2950, 3802, 869,  650,  829};

std::string settings_for(const Table& table) {
    std::set<std::string> wanted;
    for (const auto& column : table.columns) {
        if (std::ranges::find(kAlwaysTheSame, column.base_oid) != kAlwaysTheSame.end()) continue;
        const bool known = std::ranges::find(kWrittenUnder, column.base_oid, &WrittenUnder::type) !=
                           kWrittenUnder.end();
        for (const auto& one : kWrittenUnder)
            if (!known || one.type == column.base_oid) wanted.insert(one.setting);
    }
    std::string text;
    for (const auto& name : wanted)
        text += "  SET " + name + " = " + literal(schema::fixed_setting(name)) + "\n";
    return text;
}

std::string object_of(const Table& table) {
    return table.identity.empty() ? "NULL::pg_catalog.text"
                                  : schema::key_text(table, table.identity, "t");
}

// Of an inheritance tree each table has a trigger for each row: what a statement took it says in
// the form of the table that it names.
constexpr const char* kFunction = R"(CREATE OR REPLACE FUNCTION {name}() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
  SET quote_all_identifiers = off SET plan_cache_mode = force_generic_plan{planning}
{settings}AS {code})";

// A statement that names a table with policies for the service's role has their functions run as
// that role, when it is planned already: it is not named there.
constexpr const char* kCapture = R"(#variable_conflict use_variable
DECLARE
  _group pg_catalog.int8; _base pg_catalog.int8 := 0; _n pg_catalog.int8; _roots pg_catalog.int8;
  _ok pg_catalog.bool; _first pg_catalog.bool;
BEGIN
  IF pg_catalog.current_setting('trashd.own', true) IS NOT NULL AND {schema}.is_own() THEN
    RETURN NULL;
  END IF;
  IF TG_LEVEL OPERATOR(pg_catalog.<>) {level} THEN PERFORM {schema}.refuse_stale({called}); END IF;
  SELECT pg_catalog.count(*) INTO _n FROM {gone};
  IF _n OPERATOR(pg_catalog.=) 0 THEN RETURN NULL; END IF;
  IF pg_catalog.current_setting('trashd.hard', true) OPERATOR(pg_catalog.=) 'on' THEN
    PERFORM {schema}.delete_hard({table_schema}, {table_name}, (SELECT {object} FROM {gone} LIMIT 1), _n);
    RETURN NULL;
  END IF;
  IF pg_catalog.row_security_active(pg_catalog.to_regclass({regclass})::pg_catalog.oid) THEN
    _ok := {still_now};
  ELSE
    SELECT {still} INTO _ok FROM (VALUES (1)) v LEFT JOIN {table} ON false;
  END IF;
  IF _ok IS NOT TRUE{other_types}{children_stand} THEN
    PERFORM {schema}.refuse_stale({called});
  END IF;
  SELECT (SELECT p.group_id FROM {schema}.capture_part p
      WHERE p.tx OPERATOR(pg_catalog.=) x.tx AND p.first OPERATOR(pg_catalog.=) 1),
    NOT EXISTS (SELECT FROM {schema}.capture_cut c WHERE c.tx OPERATOR(pg_catalog.=) x.tx)
    AND NOT EXISTS (SELECT FROM {schema}.trash_group g
      WHERE g.created_at OPERATOR(pg_catalog.=) pg_catalog.now() AND g.state OPERATOR(pg_catalog.=) 'trashed'
        AND g.captured_in OPERATOR(pg_catalog.=) x.tx)
  INTO _group, _first FROM (SELECT pg_catalog.pg_current_xact_id()) x(tx);
  IF _group IS NULL THEN
    _group := pg_catalog.nextval({ids}::pg_catalog.regclass);
    _first := {takes_nothing_along} AND _first AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.=) 1;
  ELSE
    _first := false;
    _base := COALESCE((SELECT i.ordinal FROM {schema}.item i
      WHERE i.group_id OPERATOR(pg_catalog.=) _group ORDER BY i.ordinal DESC LIMIT 1), 0);
  END IF;
  INSERT INTO {schema}.item (group_id, ordinal, shape, object_id, payload)
  SELECT _group, _base OPERATOR(pg_catalog.+) pg_catalog.row_number() OVER ({order}), {shape},
    {object}, {payload} FROM {gone};
  IF _base OPERATOR(pg_catalog.=) 0 THEN
    {roots_of_first}
  ELSE
    {roots_of_later}
  END IF;
  IF _first AND (_roots OPERATOR(pg_catalog.=) 1 OR _roots OPERATOR(pg_catalog.>=) 1000) THEN
    PERFORM {schema}.book_captured(_group, {table_schema}, {table_name}, ARRAY[{shape}], ARRAY[_n],
      pg_catalog.jsonb_build_object({called}, _n), _roots OPERATOR(pg_catalog.>) 1);
  ELSE
    INSERT INTO {schema}.capture_part (group_id, first, tx, shape, amount, roots)
    VALUES (_group, _base OPERATOR(pg_catalog.+) 1, pg_catalog.pg_current_xact_id(), {shape}, _n, _roots)
    ON CONFLICT (group_id, first) DO UPDATE
    SET shape = EXCLUDED.shape, amount = EXCLUDED.amount, roots = EXCLUDED.roots;
  END IF;
  {note_oids}RETURN NULL;
END)";

// What ended transactions have left goes by the way. Nobody's fails because another was first, and
// a serializable one, which would conflict with each that notes something, leaves it to the others.
constexpr const char* kForget = R"(DELETE FROM {schema}.capture_cut c
    WHERE c.id OPERATOR(pg_catalog.=) ANY (ARRAY(
      SELECT o.id FROM {schema}.capture_cut o WHERE o.tx OPERATOR(pg_catalog.<)
        pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
      ORDER BY o.tx LIMIT 2 FOR UPDATE SKIP LOCKED));)";

// A note of a whole row names all columns, of which some may be gone or renamed.
constexpr const char* kStillWhole =
    R"(IF pg_catalog.row_security_active(pg_catalog.to_regclass({regclass})::pg_catalog.oid) THEN
    IF {still_now} IS NOT TRUE THEN PERFORM {schema}.refuse_stale({called}); END IF;
  ELSIF (SELECT {still} FROM (VALUES (1)) v LEFT JOIN {table} ON false) IS NOT TRUE THEN
    PERFORM {schema}.refuse_stale({called});
  END IF;
  )";

constexpr const char* kCut = R"(#variable_conflict use_variable
BEGIN
  IF pg_catalog.current_setting('trashd.own', true) IS NOT NULL AND {schema}.is_own() THEN
    RETURN NULL;
  END IF;
  {still}IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed' THEN
    {forget}
  ELSIF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'repeatable read' THEN
    BEGIN
      {forget}
    EXCEPTION WHEN serialization_failure THEN NULL;
    END;
  END IF;
  INSERT INTO {schema}.capture_cut (tx, number, shape, object_id, key, attnums, places, was, left_as,
    row_was, row_left)
  SELECT pg_catalog.pg_current_xact_id(), {number}, {shape}, {object}, {key}, {attnums}, {places},
    {was}, {left_as}, {row_was}, {row_left}
  FROM (SELECT (OLD).*) o CROSS JOIN (SELECT (NEW).*) t;
  PERFORM {schema}.take_late_cut();
  RETURN NULL;
END)";

std::string int_array(const std::vector<int>& numbers, const char* type) {
    std::vector<std::string> all;
    for (const int number : numbers) all.push_back(to_string(number));
    return "ARRAY[" + join(all, ", ") + "]::pg_catalog." + type + "[]";
}

std::string texts_of(const Table& table, const std::vector<int>& attnums, const char* alias) {
    std::vector<std::string> all;
    for (const int attnum : attnums) all.push_back(schema::to_text(*table.column(attnum), alias));
    return text_array(all);
}

bool updated_by_triggers(const Table& table) {
    return std::ranges::any_of(table.triggers, &schema::Trigger::on_update);
}

}  // namespace

bool may_be_cut(const Table& child, const ForeignKey& key) {
    return key.on_delete == schema::Action::kSetDefault ||
           std::ranges::any_of(key.child_columns, [&](int attnum) {
               return !child.column(attnum)->not_null && !child.column(attnum)->generated;
           });
}

std::string fingerprint_in_copy(const std::string& fingerprint) {
    return fingerprint.substr(0, fingerprint.rfind(" ; numbers "));
}

std::string CaptureSql::own(const std::string& text,
                            std::map<std::string, std::string, std::less<>> more) const {
    more.emplace("schema", quoted(schema_));
    return filled(text, more);
}

std::string CaptureSql::trigger_name(const std::string& what) const {
    return schema_ + "_" + what;
}

std::string CaptureSql::function_name(const CapturedTable& captured) const {
    return quoted({schema_, "capture_" + to_string(captured.id)});
}

std::string CaptureSql::function_name(const CapturedKey& key) const {
    return quoted({schema_, "cut_" + to_string(key.number)});
}

// Columns have their numbers in it where they are not those that a copy of the database gives them.
std::string CaptureSql::fingerprint_sql(const CapturedTable& captured) const {
    return filled(
        R"(SELECT pg_catalog.concat_ws(' ; ',
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', pg_catalog.quote_ident(a.attname),
      pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) r.oid
      AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped),
  (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', k.conrelid::pg_catalog.regclass,
      pg_catalog.quote_ident(k.conname), k.confdeltype), ', '
      ORDER BY k.conrelid::pg_catalog.regclass::pg_catalog.text, k.conname)
    FROM pg_catalog.pg_constraint k WHERE k.confrelid OPERATOR(pg_catalog.=) r.oid
      AND k.contype OPERATOR(pg_catalog.=) 'f' AND k.conparentid OPERATOR(pg_catalog.=) 0
      AND k.confdeltype OPERATOR(pg_catalog.=) ANY ('{c,n,d}')),
  (SELECT pg_catalog.string_agg(i.inhrelid::pg_catalog.regclass::pg_catalog.text, ', '
      ORDER BY i.inhrelid::pg_catalog.regclass::pg_catalog.text)
    FROM pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) r.oid),
  (SELECT pg_catalog.concat('key ', pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', '
      ORDER BY a.attnum)) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a
      ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
      AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey::pg_catalog.int2[])
    WHERE i.indrelid OPERATOR(pg_catalog.=) r.oid AND i.indisprimary),
  (SELECT CASE WHEN pg_catalog.max(a.attnum) OPERATOR(pg_catalog.<>) pg_catalog.count(*)
      THEN pg_catalog.concat('numbers ', pg_catalog.string_agg(a.attnum::pg_catalog.text, ' '
        ORDER BY a.attnum)) END
    FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) r.oid
      AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped))
FROM (SELECT pg_catalog.to_regclass({table})::pg_catalog.oid) r(oid))",
        {{"table", literal(quoted(captured.table->name))}});
}

// That the query still gives the fingerprint, or that of a copy.
std::string CaptureSql::still(const std::string& query, const std::string& fingerprint) const {
    const auto is = [&](const std::string& expected) {
        return own("{schema}.still({query}, {fingerprint})",
                   {{"query", literal(query)}, {"fingerprint", literal(expected)}});
    };
    const auto copied = fingerprint_in_copy(fingerprint);
    return copied == fingerprint ? is(copied) : is(fingerprint) + " OR " + is(copied);
}

// The same asked each time, where no statement may name the table.
std::string CaptureSql::still_now(const std::string& query, const std::string& fingerprint) const {
    return own("{schema}.text_now({query}) OPERATOR(pg_catalog.=) ANY ({expected})",
               {{"query", literal(query)},
                {"expected",
                 text_array({literal(fingerprint), literal(fingerprint_in_copy(fingerprint))})}});
}

// Of tables whose rows the database takes along: that their triggers are still there.
std::string CaptureSql::children_stand(const CapturedTable& captured) const {
    std::string text;
    std::set<std::pair<std::string, std::string>> asked;
    for (const auto& key : keys_) {
        using schema::Action;
        if (key.parent != captured.table) continue;
        std::string trigger;
        if (key.key->on_delete == Action::kCascade)
            trigger = key.child->kept ? trigger_name("capture") : "";
        else if (key.key->on_delete == Action::kSetNull ||
                 key.key->on_delete == Action::kSetDefault)
            trigger = trigger_name("cut_" + to_string(key.number));
        if (trigger.empty() || !asked.emplace(quoted(key.child->name), trigger).second) continue;
        text +=
            filled(R"( OR NOT EXISTS (SELECT FROM pg_catalog.pg_trigger x
      WHERE x.tgrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({table})
        AND x.tgname OPERATOR(pg_catalog.=) {trigger}
        AND x.tgenabled OPERATOR(pg_catalog.=) ANY ('{O,A}')))",
                   {{"table", literal(quoted(key.child->name))}, {"trigger", literal(trigger)}});
    }
    return text;
}

// The rows that the function is about, as FROM has them.
std::string CaptureSql::gone(const CapturedTable& captured, const std::string& alias) {
    return (captured.by_row ? "(SELECT (OLD).*) " : "gone ") + alias;
}

// Row t, just deleted, refers to one that an earlier statement of the transaction has captured.
std::string CaptureSql::hangs_on_captured(const CapturedKey& key) const {
    return own(R"(EXISTS (SELECT FROM {schema}.item p
      WHERE p.group_id OPERATOR(pg_catalog.=) _group AND p.ordinal OPERATOR(pg_catalog.<=) _base
        AND p.shape OPERATOR(pg_catalog.=) {shape} AND {refers}))",
               {{"shape", to_string(key.parent_shape)},
                {"refers",
                 refers_as_kept(key, in_item(*key.parent, "p"), in_row_as_kept(*key.child, "t"))}});
}

std::string CaptureSql::hangs_on_gone(const CapturedTable& captured, const CapturedKey& key) const {
    std::vector<std::string> same;
    for (const int attnum : key.parent->identity)
        same.push_back(schema::same(cascade::value_of(*key.parent, attnum, "p"),
                                    cascade::value_of(*key.parent, attnum, "t")));
    return "EXISTS (SELECT FROM " + gone(captured, "p") + " WHERE " +
           refers(*key.key, in_row(*key.parent, "p"), in_row(*key.child, "t")) +
           (same.empty() ? "" : " AND NOT (" + join(same, " AND ") + ")") + ")";
}

std::string CaptureSql::roots_of_first(const CapturedTable& captured) const {
    std::string hang;
    for (const auto& key : keys_)
        if (key.child == captured.table && key.parent == captured.table)
            hang += " AND NOT " + hangs_on_gone(captured, key);
    if (hang.empty()) return "_roots := _n;";
    return "SELECT pg_catalog.count(*) INTO _roots FROM " + gone(captured, "t") + " WHERE true" +
           hang + ";";
}

std::string CaptureSql::roots_of_later(const CapturedTable& captured) const {
    std::string hang;
    for (const auto& key : keys_) {
        if (key.child != captured.table) continue;
        hang += " AND NOT " + hangs_on_captured(key);
        if (key.parent == captured.table) hang += " AND NOT " + hangs_on_gone(captured, key);
    }
    if (hang.empty()) return "_roots := _n;";
    return "SELECT pg_catalog.count(*) INTO _roots FROM " + gone(captured, "t") + " WHERE true" +
           hang + ";";
}

// Rows just deleted are compared with those captured before, of which the planner knows nothing.
std::string CaptureSql::planning_for(const CapturedTable& captured) const {
    const bool compares = std::ranges::any_of(
        keys_, [&](const CapturedKey& key) { return key.child == captured.table; });
    return compares ? " SET jit = off SET enable_seqscan = off SET enable_nestloop = off"
                    : " SET jit = off SET enable_seqscan = off";
}

std::string CaptureSql::note_oids(const CapturedTable& captured) const {
    std::vector<std::string> places, kinds;
    const auto columns = captured.table->kept_columns();
    for (std::size_t at = 0; at < columns.size(); ++at) {
        for (const auto& kind : schema::kinds_in(schema::oids_of(*columns[at]))) {
            places.push_back(to_string(at + 1));
            kinds.push_back(literal(kind));
        }
    }
    if (places.empty()) return "";
    return own(R"(PERFORM {schema}.note_oids(_group, {shape}, ARRAY[{places}]::pg_catalog.int4[],
    ARRAY[{kinds}]::pg_catalog.text[]);
  )",
               {{"shape", to_string(captured.shape)},
                {"places", join(places, ", ")},
                {"kinds", join(kinds, ", ")}});
}

std::string CaptureSql::function_sql(const CapturedTable& captured) const {
    const Table& table = *captured.table;
    std::vector<std::string> roots_first;
    for (const auto& key : keys_)
        if (key.child == captured.table && key.parent == captured.table)
            roots_first.push_back(hangs_on_gone(captured, key));
    const auto code =
        own(kCapture,
            {{"gone", gone(captured, "t")},
             {"level", captured.by_row ? "'ROW'" : "'STATEMENT'"},
             {"table_schema", literal(table.name.schema)},
             {"table_name", literal(table.name.name)},
             {"called", literal(table.name.schema + "." + table.name.name)},
             {"table", schema::relation(table)},
             {"object", object_of(table)},
             {"payload", schema::payload(table, "t")},
             {"still", still(fingerprint_sql(captured), captured.fingerprint)},
             {"still_now", still_now(fingerprint_sql(captured), captured.fingerprint)},
             {"regclass", literal(quoted(table.name))},
             {"other_types",
              captured.same_types.empty() ? "" : " OR (" + captured.same_types + ") IS NOT TRUE"},
             {"children_stand", children_stand(captured)},
             {"ids", literal(quoted({schema_, "trash_group_id_seq"}))},
             {"takes_nothing_along", children_stand(captured).empty() ? "true" : "false"},
             {"order", roots_first.empty() ? "" : "ORDER BY " + join(roots_first, ", ")},
             {"shape", to_string(captured.shape)},
             {"roots_of_first", roots_of_first(captured)},
             {"roots_of_later", roots_of_later(captured)},
             {"note_oids", note_oids(captured)}});
    return filled(kFunction, {{"name", function_name(captured)},
                              {"planning", planning_for(captured)},
                              {"settings", settings_for(table)},
                              {"code", literal(code)}});
}

std::string CaptureSql::still_whole(const CapturedKey& key) const {
    const Table& child = *key.child;
    std::vector<std::string> names;
    for (const auto& column : child.columns) names.push_back(literal(column.name));
    const auto there = filled(
        R"(SELECT pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_attribute a
  WHERE a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({table})
    AND a.attname OPERATOR(pg_catalog.=) ANY ({names}::pg_catalog.name[]))",
        {{"table", literal(quoted(child.name))}, {"names", text_array(names)}});
    const auto count = to_string(names.size());
    return own(kStillWhole, {{"still", still(there, count)},
                             {"still_now", still_now(there, count)},
                             {"regclass", literal(quoted(child.name))},
                             {"table", schema::relation(child)},
                             {"called", literal(child.name.schema + "." + child.name.name)}});
}

std::string CaptureSql::cut_function_sql(const CapturedKey& key) const {
    const Table& child = *key.child;
    std::vector<int> places;
    for (const int attnum : key.key->child_columns) places.push_back(child.kept_place(attnum));
    const bool whole = updated_by_triggers(child) || child.identity.empty();
    const auto row = [&](const char* alias) {
        return whole ? schema::payload(child, alias) : "NULL::pg_catalog.text[]";
    };
    const auto code =
        own(kCut, {{"still", whole ? still_whole(key) : ""},
                   {"forget", own(kForget, {})},
                   {"number", to_string(key.number)},
                   {"shape", to_string(key.child_shape)},
                   {"object", object_of(child)},
                   {"key", child.identity.empty() ? schema::payload(child, "t")
                                                  : texts_of(child, child.identity, "t")},
                   {"attnums", int_array(key.key->child_columns, "int2")},
                   {"places", int_array(places, "int4")},
                   {"was", texts_of(child, key.key->child_columns, "o")},
                   {"left_as", texts_of(child, key.key->child_columns, "t")},
                   {"row_was", row("o")},
                   {"row_left", row("t")}});
    return filled(kFunction, {{"name", function_name(key)},
                              {"planning", " SET jit = off"},
                              {"settings", settings_for(child)},
                              {"code", literal(code)}});
}

std::vector<std::string> CaptureSql::triggers_sql(const CapturedTable& captured,
                                                  const std::string& relation) const {
    return {filled("CREATE OR REPLACE TRIGGER {name} AFTER DELETE ON {relation} {each} EXECUTE "
                   "FUNCTION {function}()",
                   {{"name", quoted(trigger_name("capture"))},
                    {"relation", relation},
                    {"each", captured.by_row ? "FOR EACH ROW"
                                             : "REFERENCING OLD TABLE AS gone FOR EACH STATEMENT"},
                    {"function", function_name(captured)}}),
            filled("CREATE OR REPLACE TRIGGER {name} BEFORE TRUNCATE ON {relation} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
                   {{"name", quoted(trigger_name("truncate"))},
                    {"relation", relation},
                    {"function", quoted({schema_, "capture_truncate"})}})};
}

std::string CaptureSql::cut_trigger_sql(const CapturedKey& key, const std::string& relation) const {
    const Table& child = *key.child;
    std::vector<std::string> were, changed;
    for (const int attnum : key.key->child_columns) {
        const auto name = quoted(child.column(attnum)->name);
        were.push_back("OLD." + name + " IS NOT NULL");
        changed.push_back(key.key->on_delete == schema::Action::kSetDefault
                              ? "OLD." + name + " IS DISTINCT FROM NEW." + name
                              : "NEW." + name + " IS NULL");
    }
    return filled(
        "CREATE OR REPLACE TRIGGER {name} AFTER UPDATE ON {relation} FOR EACH ROW "
        "WHEN ({were} AND ({changed})) EXECUTE FUNCTION {function}()",
        {{"name", quoted(trigger_name("cut_" + to_string(key.number)))},
         {"relation", relation},
         {"were", join(were, " AND ")},
         {"changed", join(changed, " OR ")},
         {"function", function_name(key)}});
}

std::string CaptureSql::pairs_sql(const CapturedKey& key) const {
    return own(
        R"(SELECT c.ordinal, p.ordinal FROM {schema}.item c JOIN {schema}.item p ON {refers}
  WHERE c.group_id OPERATOR(pg_catalog.=) $1 AND c.shape OPERATOR(pg_catalog.=) {child}
    AND p.group_id OPERATOR(pg_catalog.=) $1 AND p.shape OPERATOR(pg_catalog.=) {parent})",
        {{"child", to_string(key.child_shape)},
         {"parent", to_string(key.parent_shape)},
         {"refers", refers_as_kept(key, in_item(*key.parent, "p"), in_item(*key.child, "c"))}});
}

std::string CaptureSql::cuts_sql(const CapturedKey& key) const {
    const auto was = [&](int attnum, bool text) {
        const auto& all = key.key->child_columns;
        const auto at = std::ranges::find(all, attnum) - all.begin() + 1;
        const auto kept = "c.was[" + to_string(at) + "]";
        return text ? kept : value_of_text(*key.child->column(attnum), kept);
    };
    return own(
        R"(SELECT c.id, p.ordinal FROM {schema}.capture_cut c JOIN {schema}.item p ON {refers}
  WHERE c.tx OPERATOR(pg_catalog.=) $2 AND c.number OPERATOR(pg_catalog.=) {number}
    AND p.group_id OPERATOR(pg_catalog.=) $1 AND p.shape OPERATOR(pg_catalog.=) {parent})",
        {{"number", to_string(key.number)},
         {"parent", to_string(key.parent_shape)},
         {"refers", refers_as_kept(key, in_item(*key.parent, "p"), was)}});
}

}  // namespace trashd::trash
