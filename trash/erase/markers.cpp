// Types are asked, not known: of a list of texts those are taken that the type reads and the checks
// let pass. So domains, enums, composite types and what extensions bring need no rules of their
// own.
#include "trash/erase/markers.hpp"

#include <algorithm>
#include <cctype>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/store/shapes.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Column;
using schema::Connection;
using schema::literal;
using schema::Param;
using schema::Table;
using std::to_string;

constexpr const char* kNull = "NULL::pg_catalog.text";

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

// The best first; '0' is a number as well as false.
std::vector<std::string> plain_texts() {
    std::vector<std::string> texts = {"erased",
                                      "{}",
                                      "empty",
                                      "\"erased\"",
                                      "0",
                                      "1",
                                      "-1",
                                      "1970-01-01",
                                      "00:00:00",
                                      "00000000-0000-0000-0000-000000000000",
                                      "erased@example.invalid",
                                      "https://example.invalid/erased",
                                      "ERASED",
                                      "Erased",
                                      "[]",
                                      "(0,0)",
                                      "((0,0),(0,0))",
                                      "<(0,0),0>",
                                      "{0,0,0}",
                                      "0.0.0.0",
                                      "00:00:00:00:00:00",
                                      "<erased/>",
                                      "0/0",
                                      "xx",
                                      "XX",
                                      "XXX",
                                      "00000",
                                      "000000",
                                      "0000000000",
                                      "+10000000000",
                                      "100",
                                      "1000000",
                                      ""};
    std::string commas;
    for (int fields = 1; fields <= 64; ++fields, commas += ',') texts.push_back("(" + commas + ")");
    return texts;
}

std::string hash_of_place() {
    return "pg_catalog.md5(pg_catalog.concat(i.group_id, ':', i.ordinal))";
}

// A number below `most` for each place, another one for each of a group.
std::string number_of_place(const std::string& most) {
    return schema::filled(
        R"((((i.group_id::pg_catalog.int8 OPERATOR(pg_catalog.*) 1000003) OPERATOR(pg_catalog.+) i.ordinal)
      OPERATOR(pg_catalog.%) {most}))",
        {{"most", most}});
}

std::string below_zero(const std::string& most) {
    return schema::filled("((-1) OPERATOR(pg_catalog.-) {number})::pg_catalog.text",
                          {{"number", number_of_place(most)}});
}

std::string joined(const std::string& first, const std::string& second) {
    return "(" + first + " OPERATOR(pg_catalog.||) " + second + ")";
}

// SQL over an item i: texts that are others for each.
std::vector<std::string> distinct_texts() {
    const auto hash = hash_of_place();
    const auto part = [&](int length) {
        return "pg_catalog.left(" + hash + ", " + to_string(length) + ")";
    };
    const auto day = schema::filled(
        "((DATE '0001-01-01' OPERATOR(pg_catalog.+) {days}::pg_catalog.int4))::pg_catalog.text",
        {{"days", number_of_place("700000")}});
    return {joined("'erased-'", part(12)),
            below_zero("9000000000000000000"),
            below_zero("2147483647"),
            below_zero("32767"),
            number_of_place("2147483647") + "::pg_catalog.text",
            hash + "::pg_catalog.uuid::pg_catalog.text",
            hash,
            part(12),
            part(8),
            joined(joined("'erased-'", part(12)), "'@example.invalid'"),
            joined(joined("'\"erased-'", part(12)), "'\"'"),
            day,
            joined(day, "' 00:00:00'"),
            joined(day, "' 00:00:00+00'"),
            joined("'\\x'", hash),
            "pg_catalog.concat('{', " + part(12) + ", '}')"};
}

// What stands between quotes in the text of a check, and the numbers in it.
std::vector<std::string> values_in(const std::string& expression) {
    std::vector<std::string> values;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        std::string value;
        if (expression[at] == '\'') {
            for (++at; at < expression.size(); ++at) {
                if (expression[at] == '\'' && expression[++at] != '\'') break;
                value += expression[at];
            }
            values.push_back(value);
        } else if (std::isdigit(static_cast<unsigned char>(expression[at])) &&
                   (at == 0 || !is_word(expression[at - 1]))) {
            for (; at < expression.size() && (is_word(expression[at]) || expression[at] == '.');
                 ++at)
                value += expression[at];
            values.push_back(value);
        }
    }
    return values;
}

void append(std::vector<std::string>& all, const schema::Result& found) {
    for (int row = 0; row < found.rows(); ++row) all.emplace_back(found.text(row, 0));
}

// Of the type itself: labels of an enum, values that the checks of a domain name.
std::vector<std::string> texts_of_type(Connection& connection, const Column& column) {
    std::vector<std::string> texts;
    append(texts, connection.exec(
                      R"(SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum e
  WHERE e.enumtypid OPERATOR(pg_catalog.=) $1::pg_catalog.oid ORDER BY e.enumsortorder)",
                      {to_string(column.base_oid)}));
    const auto checks = connection.exec(
        R"(SELECT pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint c
  WHERE c.contypid OPERATOR(pg_catalog.=) $1::pg_catalog.oid)",
        {to_string(column.type_oid)});
    for (int row = 0; row < checks.rows(); ++row)
        for (auto& value : values_in(std::string(checks.text(row, 0))))
            texts.push_back(std::move(value));
    return texts;
}

// An index over the column, or over an expression with it, in which rows must be others.
bool told_apart(const Table& table, const Column& column) {
    const auto in = [&](const std::vector<std::string>& expressions) {
        return std::ranges::any_of(expressions,
                                   [&](const auto& one) { return mentions(one, column); });
    };
    return std::ranges::any_of(table.uniques,
                               [&](const auto& index) { return in(index.expressions); }) ||
           std::ranges::any_of(table.exclusions,
                               [&](const auto& one) { return in(one.expressions); });
}

bool nulls_are_one(const Table& table, const Column& column) {
    return std::ranges::any_of(table.uniques, [&](const auto& index) {
        return index.nulls_not_distinct &&
               std::ranges::any_of(index.expressions,
                                   [&](const auto& one) { return mentions(one, column); });
    });
}

class Trial {
  public:
    Trial(Connection& connection, const std::string& trash_schema, const Form& form,
          const Column& column)
        : connection_(connection),
          trash_schema_(trash_schema),
          table_(*form.table),
          column_(column),
          reading_(form.readings.at(static_cast<std::size_t>(form.position(column.attnum)) - 1)) {
        as_v_.name = "v";
    }

    // Of the SQL texts those that may stand in the payload, written as the type writes them.
    // distinct: as they are alone.
    std::vector<std::string> fit(const std::vector<std::string>& asked, bool distinct) {
        std::vector<std::string> out;
        for (const auto& [place, text] : written(readable(asked), distinct)) {
            const auto& sql = asked[static_cast<std::size_t>(place)];
            out.push_back(distinct || !text ? sql : literal(*text) + "::pg_catalog.text");
        }
        return pass(out);
    }

  private:
    using Texts = std::vector<std::pair<long long, Param>>;

    std::string today(const std::string& text) const { return schema::read_today(reading_, text); }

    // With the places that they had. Text of a type that has changed may not even be such as could
    // be read today: then each is asked about by itself.
    Texts readable(const std::vector<std::string>& asked) {
        if (today("x.v") == "x.v") return readable_of(asked, 0);
        Texts out;
        for (std::size_t n = 0; n < asked.size(); ++n) {
            if (reading_.moved && !asked[n].starts_with("'(,") && !asked[n].starts_with("'()"))
                continue;  // it is no composite of nulls
            connection_.exec("SAVEPOINT trashd_check");
            try {
                for (auto& one : readable_of({asked[n]}, n)) out.push_back(std::move(one));
                connection_.exec("RELEASE SAVEPOINT trashd_check");
            } catch (const Error&) {
                if (connection_.broken()) throw;
                connection_.exec("ROLLBACK TO SAVEPOINT trashd_check");
            }
        }
        return out;
    }

    Texts readable_of(const std::vector<std::string>& asked, std::size_t first) {
        std::vector<std::string> values;
        for (std::size_t n = 0; n < asked.size(); ++n)
            values.push_back("(" + to_string(first + n) + ", " + asked[n] + ")");
        const auto found = connection_.exec(filled(
            R"(SELECT x.n, x.v
  FROM (SELECT 12345::pg_catalog.int8 AS group_id, 3::pg_catalog.int4 AS ordinal) i
  CROSS JOIN LATERAL (VALUES {values}) x(n, v)
  WHERE {schema}.cast_error({text}, {type}) IS NULL ORDER BY x.n)",
            trash_schema_,
            {{"values", schema::join(values, ", ")},
             {"text", today("x.v")},
             {"type", literal(column_.type)}}));
        Texts out;
        for (int row = 0; row < found.rows(); ++row)
            out.emplace_back(found.integer(row, 0), found.value(row, 1));
        return out;
    }

    // A type may cut or round what it reads. What is read otherwise today stays as it is.
    Texts written(const Texts& texts, bool distinct) {
        if (today("x.v") != "x.v" || texts.empty()) return texts;
        std::vector<Param> all;
        for (const auto& [place, text] : texts) all.push_back(text);
        const auto found = connection_.exec(
            schema::filled(
                R"(SELECT {text} FROM (
    SELECT x.n, {value} AS v
    FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY x(t, n)) a ORDER BY a.n)",
                {{"text", schema::to_text(as_v_, "a")},
                 {"value", "(" + schema::from_text(column_, "x.t") + ")::" + column_.type}}),
            {schema::array_literal(all)});
        Texts out;
        for (int row = 0; row < found.rows(); ++row) {
            const auto& [place, text] = texts[static_cast<std::size_t>(row)];
            const auto now = found.value(row, 0);
            if (!distinct || now == text) out.emplace_back(place, now);
        }
        return out;
    }

    // What the checks over this column alone refuse is left out; a check that cannot be asked
    // refuses nothing.
    std::vector<std::string> pass(const std::vector<std::string>& asked) {
        std::string checks;
        for (const auto* check : checks_over(table_, column_))
            if (over_one(*check)) checks += " AND (" + check->expression + ") IS NOT FALSE";
        if (checks.empty() || asked.empty()) return asked;
        std::vector<std::string> values;
        for (std::size_t n = 0; n < asked.size(); ++n)
            values.push_back("(" + to_string(n) + ", " + asked[n] + ")");
        const auto sql = schema::filled(
            R"(SELECT x.n
  FROM (SELECT 12345::pg_catalog.int8 AS group_id, 3::pg_catalog.int4 AS ordinal) i
  CROSS JOIN LATERAL (VALUES {values}) x(n, v)
  WHERE (SELECT true{checks} FROM (SELECT {value} AS {column} OFFSET 0) {table})
  ORDER BY x.n)",
            {{"values", schema::join(values, ", ")},
             {"checks", checks},
             {"value", schema::from_text(column_, today("x.v"))},
             {"column", schema::quoted(column_.name)},
             {"table", schema::quoted(table_.name.name)}});
        connection_.exec("SAVEPOINT trashd_check");
        try {
            const auto found = connection_.exec(sql);
            connection_.exec("RELEASE SAVEPOINT trashd_check");
            std::vector<std::string> out;
            for (int row = 0; row < found.rows(); ++row)
                out.push_back(asked[static_cast<std::size_t>(found.integer(row, 0))]);
            return out;
        } catch (const Error&) {
            if (connection_.broken()) throw;
            connection_.exec("ROLLBACK TO SAVEPOINT trashd_check");
            return asked;
        }
    }

    bool over_one(const schema::Check& check) const {
        return std::ranges::none_of(table_.columns, [&](const Column& other) {
            return other.attnum != column_.attnum && mentions(check.expression, other);
        });
    }

    Connection& connection_;
    const std::string& trash_schema_;
    const Table& table_;
    const Column& column_;
    Column as_v_ = column_;
    const schema::Reading& reading_;
};

std::vector<std::string> texts_for(Connection& connection, const Table& table,
                                   const Column& column) {
    auto texts = plain_texts();
    for (auto& text : texts_of_type(connection, column)) texts.push_back(std::move(text));
    for (const auto* check : checks_over(table, column))
        for (auto& value : values_in(check->expression)) texts.push_back(std::move(value));
    for (auto& text : texts) text = literal(text) + "::pg_catalog.text";
    return texts;
}

}  // namespace

bool mentions(const std::string& expression, const Column& column) {
    const auto quoted = schema::quoted(column.name);
    const auto name = quoted.substr(1, quoted.size() - 2);
    for (auto at = expression.find(name); at != std::string::npos;
         at = expression.find(name, at + 1)) {
        const auto end = at + name.size();
        if ((at == 0 || !is_word(expression[at - 1])) &&
            (end == expression.size() || !is_word(expression[end])))
            return true;
    }
    return false;
}

std::vector<const schema::Check*> checks_over(const Table& table, const Column& column) {
    std::vector<const schema::Check*> checks;
    for (const auto& check : table.checks)
        if (mentions(check.expression, column)) checks.push_back(&check);
    return checks;
}

std::vector<std::string> markers_of(Connection& connection, const std::string& trash_schema,
                                    const Form& form, const Column& column) {
    const auto& table = *form.table;
    const bool one = nulls_are_one(table, column);
    Trial trial(connection, trash_schema, form, column);
    std::vector<std::string> markers;
    if (!column.not_null && !one) {
        if (checks_over(table, column).empty()) return {kNull};
        markers = trial.fit({kNull}, false);
        if (!markers.empty()) markers = {kNull};
    }
    const auto more = told_apart(table, column)
                          ? trial.fit(distinct_texts(), true)
                          : trial.fit(texts_for(connection, table, column), false);
    markers.insert(markers.end(), more.begin(), more.end());
    return markers;
}

}  // namespace trashd::trash
