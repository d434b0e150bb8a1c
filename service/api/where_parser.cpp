#include "service/api/where_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "schema/error.hpp"
#include "schema/value.hpp"
#include "service/config/resources.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kDeepest = 8;
constexpr std::array<std::pair<std::string_view, Op>, 11> kOps = {
    {{"equals", Op::kEquals},
     {"not_equals", Op::kNotEquals},
     {"greater_than", Op::kGreater},
     {"greater_than_equal", Op::kGreaterEqual},
     {"less_than", Op::kLess},
     {"less_than_equal", Op::kLessEqual},
     {"in", Op::kIn},
     {"not_in", Op::kNotIn},
     {"like", Op::kLike},
     {"contains", Op::kContains},
     {"exists", Op::kExists}}};

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

// The parts of where[a][b][c]; a ] ends one only before [ or at the end.
std::vector<std::string> parts_of(const std::string& name) {
    std::vector<std::string> parts;
    for (std::size_t at = std::string_view("where").size(); at < name.size();) {
        auto end = name.find("][", at);
        if (end == std::string::npos) end = name.size() - 1;
        if (name[at] != '[' || name.back() != ']' || end <= at)
            bad("'" + name + "' must be written as where[column][operator]");
        parts.push_back(name.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return parts;
}

bool is_index(const std::string& text) {
    return !text.empty() && text.size() < 10 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_junction(const std::vector<std::string>& parts, std::size_t at) {
    return at + 1 < parts.size() && (parts[at] == "and" || parts[at] == "or") &&
           is_index(parts[at + 1]);
}

Conditions& child(std::vector<Conditions>& of, const std::string& index) {
    auto found = std::ranges::find(of, index, &Conditions::index);
    if (found != of.end()) return *found;
    of.push_back({index, {}, {}, {}});
    return of.back();
}

Op op_of(const std::string& name) {
    for (const auto& [text, op] : kOps)
        if (text == name) return op;
    std::string all;
    for (const auto& [text, op] : kOps) all += (all.empty() ? "" : ", ") + std::string(text);
    bad("the operator '" + name + "' is not known; there are " + all);
}

bool is_list(Op op) {
    return op == Op::kIn || op == Op::kNotIn;
}

bool is_compared(Op op) {
    return op != Op::kLike && op != Op::kContains && op != Op::kExists;
}

std::vector<std::string> split(const std::string& text, bool (*separates)(char)) {
    std::vector<std::string> parts(1);
    for (char c : text) {
        if (separates(c))
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

std::vector<std::string> values_of(Op op, const std::string& text) {
    if (!is_list(op)) return {text};
    if (text.empty()) return {};
    return split(text, [](char c) { return c == ','; });
}

void check(const Term& term, const std::string& value) {
    const auto& column = *term.column;
    if (is_compared(term.op) && column.comparisons.empty())
        bad("values of column '" + column.name + "', of type " + column.value_type +
            ", cannot be compared; like, contains and exists work");
    if (term.op == Op::kExists && value != "true" && value != "false")
        bad("'exists' of column '" + column.name + "' must be true or false");
}

class Parser {
  public:
    Parser(const schema::Table& table, std::size_t most) : table_(table), most_(most) {}

    void add(const std::string& name, const std::string& value) {
        const auto parts = parts_of(name);
        Conditions* at = &result;
        std::size_t next = 0;
        for (; is_junction(parts, next); next += 2) {
            if (next / 2 == kDeepest) bad("'where' nests deeper than " + std::to_string(kDeepest));
            at = &child(parts[next] == "or" ? at->any : at->all, parts[next + 1]);
        }
        add_term(*at, {parts.begin() + static_cast<long>(next), parts.end()}, name, value);
    }

    Conditions result;

  private:
    void add_term(Conditions& into, const std::vector<std::string>& parts, const std::string& name,
                  const std::string& value) {
        if (parts.size() < 2) bad("'" + name + "' must be written as where[column][operator]");
        Term term{find_column(table_, parts[0]), op_of(parts[1]), {}};
        if (!term.column) bad("there is no column '" + parts[0] + "' to ask for in 'where'");
        check(term, value);
        const bool indexed = parts.size() == 3 && is_list(term.op) && is_index(parts[2]);
        if (parts.size() > 2 && !indexed) bad("'" + name + "' has parts behind the operator");
        term.values = indexed ? std::vector{value} : values_of(term.op, value);
        if (indexed && append(into, term)) return;
        if (++terms_ > most_) bad("'where' has more than " + std::to_string(most_) + " conditions");
        into.terms.push_back(std::move(term));
    }

    // [in][0] and [in][1] are one list.
    static bool append(Conditions& into, const Term& term) {
        for (auto& known : into.terms) {
            if (known.column != term.column || known.op != term.op) continue;
            known.values.insert(known.values.end(), term.values.begin(), term.values.end());
            return true;
        }
        return false;
    }

    const schema::Table& table_;
    std::size_t most_, terms_ = 0;
};

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
        return "(" + compared(term) + " " + term.column->comparisons[strategy] + " " +
               value_sql(*term.column, param(value)) + ")";
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
    return "(" + compared(term) + " " + term.column->comparisons[2] + " ANY (ARRAY[" + values +
           "]))";
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
        words = split(term.values[0], [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
        std::erase(words, "");
        if (words.empty()) words = {""};
    }
    for (const auto& word : words)
        parts.push_back("(" + text + " OPERATOR(pg_catalog.~~*) " + param(escaped(word)) + ")");
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
    return "(" + column + (term.values[0] == "true" ? " IS" : " IS NOT") + " DISTINCT FROM NULL)";
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
    if (const auto* own = table.column(name)) return own;
    return name == unused_name(table, kDeletedAtName) ? &deleted_at() : nullptr;
}

std::string column_sql(const schema::Column& column) {
    return &column == &deleted_at() ? trash::kDeletedAt : "t." + schema::quoted(column.name);
}

std::string value_sql(const schema::Column& column, const std::string& param) {
    auto plain = column;
    plain.type = column.value_type;
    // a cast would take a regclass by its name alone, and cursors have the number
    plain.cast_from_text = plain.cast_from_text || plain.reg;
    plain.reg = false;
    return schema::from_text(plain, param);
}

Conditions parse_where(const Query& query, const schema::Table& table, std::size_t most) {
    Parser parser(table, most);
    for (const auto& [name, value] : query.all())
        if (name.starts_with(kWhere)) parser.add(name, value);
    return parser.result;
}

bool mentions(const Conditions& conditions, const schema::Column& column) {
    bool found = false;
    for_terms(conditions, [&](const Term& term) { found = found || term.column == &column; });
    return found;
}

void add_columns(const Conditions& conditions, std::vector<const schema::Column*>& into) {
    for_terms(conditions, [&](const Term& term) { into.push_back(term.column); });
}

void add_compared(const Conditions& conditions, std::vector<Compared>& into) {
    for_terms(conditions, [&](const Term& term) {
        if (!is_compared(term.op)) return;
        for (const auto& value : term.values) into.push_back({term.column, value});
    });
}

std::string where_sql(const Conditions& conditions, std::vector<schema::Param>& params) {
    return Writer{params}.all(conditions);
}

}  // namespace trashd::service
