// Comparisons use the operators that the catalog found for the column's type, so that they mean
// what the type's own index would. What compares text (like, contains) is the output text of the
// value.
#include "trash/rows/conditions.hpp"

#include <iterator>
#include <sstream>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "trash/read/trashed_rows.hpp"

namespace trashd::trash {

namespace {

template <class Each>
void for_terms(const Conditions& conditions, const Each& each) {
    for (const auto& term : conditions.terms) each(term);
    for (const auto* list : {&conditions.all, &conditions.any})
        for (const auto& one : *list) for_terms(one, each);
}

std::string joined(const std::vector<std::string>& parts, const std::string& word) {
    std::string sql;
    for (const auto& part : parts) sql += (sql.empty() ? "" : " " + word + " ") + part;
    return parts.size() > 1 ? "(" + sql + ")" : sql;
}

struct Writer {
    std::vector<schema::Param>& params;

    std::string param(const std::string& value) const {
        params.emplace_back(value);
        return "$" + std::to_string(params.size()) + "::pg_catalog.text";
    }
    std::string compare(const Term& term, std::size_t strategy, const std::string& value) const {
        return schema::filled("({column} {compared} {value})",
                              {{"column", compared(term)},
                               {"compared", term.column->comparisons[strategy]},
                               {"value", value_sql(*term.column, param(value))}});
    }
    static std::string compared(const Term& term) {
        return schema::in_base_type(*term.column, column_sql(*term.column));
    }
    std::string one_of(const Term& term) const;
    std::string with_words(const Term& term) const;
    std::string term(const Term& term) const;
    std::string all(const Conditions& conditions) const;
};

// An array of arrays would be one array of more dimensions.
std::string Writer::one_of(const Term& term) const {
    if (term.values.empty()) return "false";
    std::vector<std::string> parts;
    if (term.column->array) {
        for (const auto& value : term.values) parts.push_back(compare(term, 2, value));
        return joined(parts, "OR");
    }
    std::string values;
    for (const auto& value : term.values)
        values += (values.empty() ? "" : ", ") + value_sql(*term.column, param(value));
    return schema::filled(
        "({column} {equals} ANY (ARRAY[{values}]))",
        {{"column", compared(term)}, {"equals", term.column->comparisons[2]}, {"values", values}});
}

// At least one, which may be empty.
std::vector<std::string> words_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    if (words.empty()) words.emplace_back();
    return words;
}

std::string escaped(const std::string& text) {
    std::string pattern = "%";
    for (char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

// contains: the text as a whole; like: each of its words.
std::string Writer::with_words(const Term& term) const {
    auto plain = *term.column;
    plain.reg = false;  // by its name, as it is shown
    std::string text = term.column == &deleted_at() ? column_sql(*term.column) + "::pg_catalog.text"
                                                    : schema::to_text(plain, "t");
    // patterns cannot be matched under such a collation
    text = "(" + text + ")" + (plain.deterministic ? "" : " COLLATE pg_catalog.\"default\"");
    std::vector<std::string> words = {term.values[0]}, parts;
    if (term.op == Op::kLike) {
        words = words_of(term.values[0]);
    }
    for (const auto& word : words)
        parts.push_back(schema::filled("({text} OPERATOR(pg_catalog.~~*) {pattern})",
                                       {{"text", text}, {"pattern", param(escaped(word))}}));
    return joined(parts, "AND");
}

// The strategies of a btree: < <= = >= >.
std::string Writer::term(const Term& term) const {
    const auto column = column_sql(*term.column);
    switch (term.op) {
        case Op::kEquals:
            return compare(term, 2, term.values[0]);
        case Op::kNotEquals:
            return "(" + compare(term, 2, term.values[0]) + " IS NOT TRUE)";
        case Op::kGreater:
            return compare(term, 4, term.values[0]);
        case Op::kGreaterEqual:
            return compare(term, 3, term.values[0]);
        case Op::kLess:
            return compare(term, 0, term.values[0]);
        case Op::kLessEqual:
            return compare(term, 1, term.values[0]);
        case Op::kIn:
            return one_of(term);
        case Op::kNotIn:
            return "(" + one_of(term) + " IS NOT TRUE)";
        case Op::kLike:
        case Op::kContains:
            return with_words(term);
        case Op::kExists:
            break;
    }
    // IS NULL would be true of a composite of nulls as well
    return schema::filled("({column} {is} DISTINCT FROM NULL)",
                          {{"column", column}, {"is", term.values[0] == "true" ? "IS" : "IS NOT"}});
}

std::string Writer::all(const Conditions& conditions) const {
    std::vector<std::string> parts, alternatives;
    for (const auto& one : conditions.terms) parts.push_back(term(one));
    for (const auto& one : conditions.all) parts.push_back(all(one));
    for (const auto& one : conditions.any) alternatives.push_back(all(one));
    if (!alternatives.empty()) parts.push_back(joined(alternatives, "OR"));
    return joined(parts, "AND");
}

}  // namespace

bool is_compared(Op op) {
    return op != Op::kLike && op != Op::kContains && op != Op::kExists;
}

const schema::Column& deleted_at() {
    static const schema::Column column = [] {
        schema::Column made;
        made.name = kDeletedAtName;
        made.type = made.value_type = "timestamp with time zone";
        made.type_oid = made.base_oid = 1184;
        for (const char* sign : {"<", "<=", "=", ">=", ">"})
            made.comparisons.push_back(std::string("OPERATOR(pg_catalog.") + sign + ")");
        return made;
    }();
    return column;
}

const schema::Column* find_column(const schema::Table& table, const std::string& name) {
    if (const auto* own = table.column(name)) return own->hidden ? nullptr : own;
    return name == schema::unused_name(table, kDeletedAtName) ? &deleted_at() : nullptr;
}

std::string column_sql(const schema::Column& column) {
    return &column == &deleted_at() ? kDeletedAt : "t." + schema::quoted(column.name);
}

std::string value_sql(const schema::Column& column, const std::string& param) {
    auto plain = column;
    plain.type = column.value_type;
    // a cast would take a regclass by its name alone, and cursors have the number
    plain.cast_from_text = plain.cast_from_text || plain.reg;
    plain.reg = false;
    return schema::from_text(plain, param);
}

bool mentions(const Conditions& conditions, const schema::Column& column) {
    bool found = false;
    for_terms(conditions, [&](const Term& term) { found = found || term.column == &column; });
    return found;
}

void add_columns(const Conditions& conditions, std::vector<const schema::Column*>& into) {
    for_terms(conditions, [&](const Term& term) { into.push_back(term.column); });
}

void add_compared(const Conditions& conditions, std::vector<TypedValue>& into) {
    for_terms(conditions, [&](const Term& term) {
        if (!is_compared(term.op)) return;
        for (const auto& value : term.values) into.push_back({term.column, value});
    });
}

std::string where_sql(const Conditions& conditions, std::vector<schema::Param>& params) {
    return Writer{params}.all(conditions);
}

}  // namespace trashd::trash
