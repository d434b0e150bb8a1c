// The key's columns go behind those that were asked for, and of rows in the trash their group and
// ordinal: without a total order a cursor could skip rows or give them twice.
#include "service/parsing/sort_parser.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "trash/rows/conditions.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kMostTerms = 20;

bool has(const trash::Order& order, const schema::Column* column) {
    return std::ranges::find(order.terms, column, &trash::OrderTerm::column) != order.terms.end();
}

trash::OrderTerm parse_term(const std::string& text, const schema::Table& table) {
    const bool descending = text.starts_with('-');
    const auto name = text.substr(descending ? 1 : 0);
    const auto* column = trash::find_column(table, name);
    if (!column) throw Error(Code::kBadRequest, "there is no column '" + name + "' to sort by");
    if (column->comparisons.empty())
        throw Error(Code::kBadRequest, "column '" + name + "', of type " + column->value_type +
                                           ", cannot be sorted by");
    return {column, descending};
}

}  // namespace

trash::Order parse_order(const std::string& sort, const schema::Table& table, bool trashed,
                         bool newest) {
    trash::Order order;
    std::string text = sort;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto term = parse_term(text.substr(0, comma), table);
        if (!has(order, term.column)) order.terms.push_back(term);
        text = comma == std::string::npos ? "" : text.substr(comma + 1);
        if (order.terms.size() > kMostTerms)
            throw Error(Code::kBadRequest, "'sort' names too many columns");
    }
    order.newest = newest && order.terms.empty();
    if (order.newest) order.terms = {{&trash::deleted_at(), true}, {&trash::group_number(), true}};
    for (int attnum : table.identity)
        if (const auto* column = table.column(attnum); !order.newest && !has(order, column))
            order.terms.push_back({column});
    if (trashed && !order.newest) order.terms.push_back({&trash::group_number()});
    if (trashed) order.terms.push_back({&trash::ordinal()});
    return order;
}

}  // namespace trashd::service
