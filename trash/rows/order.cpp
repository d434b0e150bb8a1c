// NULLs come last going up and first going down, as PostgreSQL sorts by itself, so that its indexes
// serve. Row comparisons know no NULLs; therefore what comes after a row is said column by column,
// and beside it, by a row comparison of what cannot be NULL, where an index may start.
#include "trash/rows/order.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/text.hpp"
#include "trash/read/trashed_rows.hpp"
#include "trash/rows/conditions.hpp"

namespace trashd::trash {

namespace {

schema::Column number_of(const char* name, const char* type, schema::Oid oid) {
    auto column = deleted_at();
    column.name = name;
    column.type = column.value_type = type;
    column.type_oid = column.base_oid = oid;
    column.not_null = true;
    return column;
}

struct Writer {
    const Order& order;
    const CursorValues& values;
    std::vector<std::string> params;  // SQL of each value

    std::string compare(std::size_t at, std::size_t strategy) const {
        const auto& term = order.terms[at];
        return compared(term) + " " + term.column->comparisons[strategy] + " " + params[at];
    }
    static std::string compared(const OrderTerm& term) {
        return schema::in_base_type(*term.column, term_sql(term));
    }
    bool nullable(std::size_t at) const { return !order.terms[at].column->not_null; }
    std::string same(std::size_t at) const {
        if (values[at]) return compare(at, 2);
        return term_sql(order.terms[at]) + " IS NOT DISTINCT FROM NULL";
    }
    std::string beyond(std::size_t at) const;
    std::string where() const;
    std::string bound() const;
};

// Ascending, nulls come last; descending, first.
std::string Writer::beyond(std::size_t at) const {
    const auto term = term_sql(order.terms[at]);
    if (order.terms[at].descending)
        return values[at] ? compare(at, 0) : term + " IS DISTINCT FROM NULL";
    if (!values[at]) return "false";
    if (!nullable(at)) return compare(at, 4);
    return schema::filled("({greater} OR {term} IS NOT DISTINCT FROM NULL)",
                          {{"greater", compare(at, 4)}, {"term", term}});
}

std::string Writer::where() const {
    std::string inner;
    for (std::size_t at = order.terms.size(); at-- > 0;)
        inner = inner.empty() ? beyond(at)
                              : schema::filled(
                                    "({beyond} OR ({same} AND {inner}))",
                                    {{"beyond", beyond(at)}, {"same", same(at)}, {"inner", inner}});
    return inner;
}

// The longest beginning that one row comparison says.
std::string Writer::bound() const {
    const auto& first = order.terms.front();
    std::string left, right;
    const std::size_t strategy = first.descending ? 1 : 3;
    for (std::size_t at = 0; at < order.terms.size(); ++at) {
        const auto& term = order.terms[at];
        const bool fits = values[at] && (!nullable(at) || term.descending) &&
                          term.descending == first.descending &&
                          term.column->comparisons == first.column->comparisons;
        if (!fits) break;
        left += (left.empty() ? "" : ", ") + compared(term);
        right += (right.empty() ? "" : ", ") + params[at];
    }
    if (left.empty()) return "";
    return schema::filled(
        "ROW({left}) {compared} ROW({right})",
        {{"left", left}, {"compared", first.column->comparisons[strategy]}, {"right", right}});
}

}  // namespace

const schema::Column& group_number() {
    static const auto column = number_of("group", "bigint", 20);
    return column;
}

const schema::Column& ordinal() {
    static const auto column = number_of("ordinal", "integer", 23);
    return column;
}

std::string term_sql(const OrderTerm& term) {
    if (term.column == &group_number()) return kGroup;
    if (term.column == &ordinal()) return kOrdinal;
    return column_sql(*term.column);
}

std::string order_sql(const Order& order, const std::vector<std::string>& terms) {
    std::string sql;
    for (std::size_t at = 0; at < terms.size(); ++at)
        sql += (at ? ", " : "") + terms[at] + (order.terms[at].descending ? " DESC" : "");
    return sql;
}

After after_sql(const Order& order, const CursorValues& values,
                std::vector<schema::Param>& params) {
    Writer writer{order, values, {}};
    for (std::size_t at = 0; at < values.size(); ++at) {
        if (values[at]) params.push_back(values[at]);
        writer.params.push_back(
            values[at] ? value_sql(*order.terms[at].column,
                                   "$" + std::to_string(params.size()) + "::pg_catalog.text")
                       : "NULL");
    }
    return {writer.where(), writer.bound()};
}

void refuse_cursor() {
    throw Error(Code::kBadRequest, "the cursor is not one of this list; begin again without it");
}

}  // namespace trashd::trash
