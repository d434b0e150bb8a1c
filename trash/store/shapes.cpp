// A form is written once and shared by all rows that were captured while the table was like that.
// What a table became since is compared with it when it is read.
#include "trash/store/shapes.hpp"

#include <algorithm>

#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/oids.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;
using std::to_string;

struct Shown {
    std::string name, sql;
};

std::string stored(const Form& form, int position) {
    return schema::read_today(form.readings[static_cast<std::size_t>(position) - 1],
                              "i.payload[" + to_string(position) + "]");
}

std::string readable(const std::string& text, const std::string& type,
                     const std::string& trash_schema) {
    return quoted({trash_schema, "cast_error"}) + "(" + text + ", " + schema::literal(type) +
           ") IS NULL";
}

// Built-in types read back what they wrote; labels, members and checks of a user's may change, and
// what oids are of may go.
bool certain(const Form& form, int position, const schema::Column& column) {
    return form.types[static_cast<std::size_t>(position) - 1] == column.type && !column.user_type &&
           !column.reg;
}

std::string json_or_text(const std::string& value, const std::string& text,
                         const std::string& condition) {
    return "CASE WHEN " + condition + " THEN pg_catalog.to_json(" + value +
           ") ELSE pg_catalog.to_json(" + text + ") END";
}

std::string shown(const Form& form, const schema::Column& column, int position,
                  const std::string& trash_schema) {
    const auto text = stored(form, position);
    const auto value = schema::from_text(column, text);
    if (certain(form, position, column)) return value;
    return json_or_text(value, text, readable(text, column.type, trash_schema));
}

std::string shown_as_it_was(const Form& form, std::size_t at, const std::string& trash_schema) {
    const auto position = static_cast<int>(at) + 1;
    const auto text = stored(form, position);
    const auto* column = form.table ? form.table->column(form.attnums[at]) : nullptr;
    if (column && column->type == form.types[at])
        return shown(form, *column, position, trash_schema);
    if (!form.type_exists[at]) return text;
    schema::Column gone;
    gone.type = form.types[at];
    gone.cast_from_text = true;  // a cast from text need not be what reads the stored text
    return json_or_text(schema::from_text(gone, text), text,
                        readable(text, form.types[at], trash_schema));
}

bool has_name(const std::vector<Shown>& columns, const std::string& name) {
    return std::ranges::find(columns, name, &Shown::name) != columns.end();
}

// The JSON of an item i, and what it is selected from.
struct JsonOfItem {
    std::string json, from;
};

JsonOfItem json_of_item(const std::vector<Shown>& columns) {
    std::vector<std::string> names, parts;
    for (const auto& column : columns) {
        names.push_back(column.name);
        parts.push_back(column.sql + " AS " + quoted(column.name));
    }
    const auto alias = schema::row_alias(names);
    return {"pg_catalog.row_to_json(" + alias + ")",
            "(SELECT " + schema::join(parts, ", ") + " OFFSET 0) " + alias};
}

std::string json_of(const std::vector<Shown>& columns, const std::string& trash_schema,
                    const ItemPlace& place) {
    const auto [json, from] = json_of_item(columns);
    return "(SELECT " + json + " FROM " + quoted({trash_schema, "item"}) +
           " i CROSS JOIN LATERAL " + from + " WHERE i.group_id OPERATOR(pg_catalog.=) " +
           place.group_id + " AND i.ordinal OPERATOR(pg_catalog.=) " + place.ordinal + ")";
}

std::vector<std::string> texts(std::string_view array) {
    std::vector<std::string> out;
    for (const auto& element : schema::parse_array(array)) out.push_back(element.value_or(""));
    return out;
}

std::vector<int> integers(std::string_view array) {
    std::vector<int> out;
    for (const auto& element : texts(array)) out.push_back(std::stoi(element));
    return out;
}

std::vector<bool> flags(std::string_view array) {
    std::vector<bool> out;
    for (const auto& element : texts(array)) out.push_back(element == "t");
    return out;
}

// SQL of what only some readers ask of a row s of shape, because it costs or its views lack it.
struct Asked {
    const char *native, *type_exists, *omitted;
};
constexpr Asked kToShow{"false", R"(ARRAY(SELECT pg_catalog.to_regtype(u.t) IS NOT NULL
      FROM pg_catalog.unnest(s.types) WITH ORDINALITY u(t, n) ORDER BY u.n))",
                        "'{}'::pg_catalog.text[]"};
constexpr Asked kToRestore{"s.xmin OPERATOR(pg_catalog.=) s.written::pg_catalog.xid", "'{}'",
                           "s.omitted"};

// Of the rows s of shape that meet the condition.
std::string select_forms(const std::string& trash_schema, const std::string& condition,
                         const Asked& asked = kToShow) {
    return schema::filled(
        R"(SELECT s.id, s.relation, COALESCE(s.now_schema, s.schema_name),
    COALESCE(s.now_table, s.table_name),
    EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) s.relation),
    {native}, s.attnums, s.identity, s.names, s.types, {type_exists}, s.generated, s.makeup,
    {omitted}
  FROM {schema}.shape s WHERE {condition} ORDER BY s.id)",
        {{"schema", quoted(trash_schema)},
         {"condition", condition},
         {"native", asked.native},
         {"type_exists", asked.type_exists},
         {"omitted", asked.omitted}});
}

// A column that is gone, or is called otherwise now, is hidden by its name of then, too.
bool is_hidden(const Form& form, std::size_t at, const schema::Catalog& catalog) {
    const auto* column = form.table ? form.table->column(form.attnums[at]) : nullptr;
    return (column && column->hidden) || catalog.hides(form.called(), form.names[at]);
}

Form form_from(const schema::Result& found, int row, const schema::Catalog& catalog) {
    Form form;
    form.id = static_cast<int>(found.integer(row, 0));
    form.relation = static_cast<schema::Oid>(found.integer(row, 1));
    form.name = {std::string(found.text(row, 2)), std::string(found.text(row, 3))};
    form.table = catalog.table(form.relation);
    form.there = found.boolean(row, 4);
    form.native = found.boolean(row, 5);
    form.attnums = integers(found.text(row, 6));
    form.identity = integers(found.text(row, 7));
    form.names = texts(found.text(row, 8));
    form.types = texts(found.text(row, 9));
    form.type_exists = flags(found.text(row, 10));
    form.generated = flags(found.text(row, 11));
    form.readings =
        schema::readings_of(form.table, {form.attnums, form.types, found.text(row, 12)});
    form.omitted = texts(found.text(row, 13));
    for (std::size_t at = 0; at < form.names.size(); ++at)
        form.hidden.push_back(is_hidden(form, at, catalog));
    return form;
}

std::vector<Form> forms_from(const schema::Result& found, const schema::Catalog& catalog) {
    std::vector<Form> forms;
    for (int row = 0; row < found.rows(); ++row) forms.push_back(form_from(found, row, catalog));
    return forms;
}

std::string array_of(const std::vector<int>& ids) {
    std::vector<schema::Param> all;
    for (const int id : ids) all.emplace_back(to_string(id));
    return schema::array_literal(all);
}

}  // namespace

const schema::QualifiedName& Form::called() const {
    return table ? table->name : name;
}

int Form::position(int attnum) const {
    const auto found = std::ranges::find(attnums, attnum);
    return found == attnums.end() ? 0 : static_cast<int>(found - attnums.begin()) + 1;
}

std::vector<Form> forms_of(schema::Connection& connection, const schema::Catalog& catalog,
                           const std::string& trash_schema, const schema::Table& table) {
    const auto sql =
        select_forms(trash_schema, "s.relation OPERATOR(pg_catalog.=) $1::pg_catalog.oid");
    return forms_from(connection.exec(sql, {to_string(table.oid)}), catalog);
}

std::vector<Form> forms_of(schema::Connection& connection, const schema::Catalog& catalog,
                           const std::string& trash_schema, const std::vector<int>& ids) {
    const auto sql =
        select_forms(trash_schema, "s.id OPERATOR(pg_catalog.=) ANY($1::pg_catalog.int4[])");
    return forms_from(connection.exec(sql, {array_of(ids)}), catalog);
}

std::vector<Form> forms_of(schema::Connection& connection, const schema::Catalog& catalog,
                           const std::string& trash_schema, const GroupRow& group) {
    const auto condition = schema::filled(
        R"(s.id OPERATOR(pg_catalog.=) ANY($1::pg_catalog.int4[])
    OR s.id OPERATOR(pg_catalog.=) ANY(ARRAY(
      SELECT l.shape FROM {schema}.link l
      WHERE l.group_id OPERATOR(pg_catalog.=) $2::pg_catalog.int8)))",
        {{"schema", quoted(trash_schema)}});
    auto ids = group.shapes;
    ids.push_back(group.root_shape);
    const auto found = connection.exec_pipeline(
        {{kByIndex},
         {select_forms(trash_schema, condition, kToRestore), {array_of(ids), to_string(group.id)}},
         {kAsPlanned}})[1];
    return forms_from(found, catalog);
}

std::string typed_value(const Form& form, const schema::Column& column,
                        const std::string& trash_schema, bool careful) {
    const int position = form.position(column.attnum);
    std::string value =
        schema::from_text(column, position ? stored(form, position) : "NULL::pg_catalog.text");
    if (position && !certain(form, position, column)) {
        const bool same = form.types[static_cast<std::size_t>(position) - 1] == column.type;
        if (careful || !same)
            value = "CASE WHEN " + readable(stored(form, position), column.type, trash_schema) +
                    " THEN " + value + " END";
    }
    return column.collation.empty() ? value : "(" + value + ") COLLATE " + column.collation;
}

std::string json_as_it_was(const Form& form, const std::string& trash_schema,
                           const ItemPlace& place) {
    std::vector<Shown> columns;
    for (std::size_t at = 0; at < form.names.size(); ++at)
        if (!form.hidden[at])
            columns.push_back({form.names[at], shown_as_it_was(form, at, trash_schema)});
    return json_of(columns, trash_schema, place);
}

bool is_current(const Form& form) {
    if (!form.table || form.table->columns.size() != form.attnums.size()) return false;
    return std::ranges::all_of(form.table->columns, [&](const schema::Column& column) {
        const int position = form.position(column.attnum);
        return position && certain(form, position, column);
    });
}

std::string json_of_current(const Form& form, const std::string& trash_schema) {
    std::vector<Shown> columns;
    for (const auto& column : form.table->columns)
        if (!column.hidden)
            columns.push_back(
                {column.name, shown(form, column, form.position(column.attnum), trash_schema)});
    const auto [json, from] = json_of_item(columns);
    return "(SELECT " + json + " FROM " + from + ")";
}

std::string json_as_today(const Form& form, const std::string& trash_schema, const ItemPlace& place,
                          const std::vector<std::string>& select) {
    std::vector<Shown> columns;
    for (const auto& column : form.table->columns) {
        if (column.hidden) continue;
        if (!select.empty() && std::ranges::find(select, column.name) == select.end()) continue;
        const int position = form.position(column.attnum);
        columns.push_back({column.name, position ? shown(form, column, position, trash_schema)
                                                 : "NULL::pg_catalog.text"});
    }
    for (std::size_t at = 0; select.empty() && at < form.names.size(); ++at)
        if (!form.hidden[at] && !form.table->column(form.attnums[at]) &&
            !has_name(columns, form.names[at]))
            columns.push_back({form.names[at], shown_as_it_was(form, at, trash_schema)});
    return json_of(columns, trash_schema, place);
}

namespace {

// What is kept of a form: its arrays, and the text that tells it from others of the table.
struct FormRow {
    std::string signature;
    std::vector<schema::Param> attnums, names, types, generated, identity, makeup, oids, omitted;
};

FormRow row_of(const schema::Table& table) {
    FormRow form;
    std::string made_of, numbered;
    for (const schema::Column& column : table.columns) {
        if (column.omitted) {
            form.omitted.emplace_back(column.name);
            continue;
        }
        form.attnums.emplace_back(to_string(column.attnum));
        form.names.emplace_back(column.name);
        form.types.emplace_back(column.type);
        form.generated.emplace_back(column.generated ? "t" : "f");
        form.makeup.emplace_back(column.makeup);
        made_of += column.makeup;
        form.oids.emplace_back(schema::oids_of(column));
        numbered += *form.oids.back();
        form.signature += *form.attnums.back() + " " + quoted(column.name) + " " + column.type +
                          *form.generated.back() + ",";
    }
    for (const int attnum : table.identity) form.identity.emplace_back(to_string(attnum));
    form.signature +=
        schema::array_literal(form.identity) + quoted(table.name) + made_of + numbered;
    if (!form.omitted.empty()) form.signature += " without " + schema::array_literal(form.omitted);
    if (made_of.empty()) form.makeup.clear();
    if (numbered.empty()) form.oids.clear();
    return form;
}

// An index takes a third of a page at most.
constexpr const char* kMark = R"(CASE WHEN
      pg_catalog.octet_length($2::pg_catalog.text) OPERATOR(pg_catalog.>) 2000
      THEN pg_catalog.md5($2::pg_catalog.text) ELSE $2 END)";
constexpr const char* kFindShape = R"(SELECT id FROM {schema}.shape
  WHERE relation OPERATOR(pg_catalog.=) $1::pg_catalog.oid
    AND signature OPERATOR(pg_catalog.=) {mark})";
constexpr const char* kInsertShape = R"(INSERT INTO {schema}.shape (relation, signature,
    schema_name, table_name, attnums, names, types, generated, identity, now_schema, now_table,
    now_names, makeup, oids, omitted)
  VALUES ($1::pg_catalog.oid, {mark},
    $3, $4, $5::pg_catalog.int2[], $6::pg_catalog.text[], $7::pg_catalog.text[],
    $8::pg_catalog.bool[], $9::pg_catalog.int2[], $3, $4,
    $6::pg_catalog.text[], $10::pg_catalog.text[], $11::pg_catalog.text[], $12::pg_catalog.text[])
  ON CONFLICT (relation, signature) DO NOTHING)";

std::vector<schema::Param> values_of(const schema::Table& table, const FormRow& form) {
    return {to_string(table.oid),
            form.signature,
            table.name.schema,
            table.name.name,
            schema::array_literal(form.attnums),
            schema::array_literal(form.names),
            schema::array_literal(form.types),
            schema::array_literal(form.generated),
            schema::array_literal(form.identity),
            schema::array_literal(form.makeup),
            schema::array_literal(form.oids),
            schema::array_literal(form.omitted)};
}

}  // namespace

int shape_of(schema::Connection& connection, const std::string& trash_schema,
             const schema::Table& table) {
    const auto form = row_of(table);
    const auto look = filled(kFindShape, trash_schema, {{"mark", kMark}});
    const std::vector<schema::Param> key = {to_string(table.oid), form.signature};
    auto found = connection.exec(look, key);
    if (found.rows() == 0) {
        connection.exec(filled(kInsertShape, trash_schema, {{"mark", kMark}}),
                        values_of(table, form));
        found = connection.exec(look, key);
    }
    if (found.rows() != 1)
        throw Error(Code::kInternal, "the form of " + quoted(table.name) + " was not kept");
    return static_cast<int>(found.integer(0, 0));
}

}  // namespace trashd::trash
