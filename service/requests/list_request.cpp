// deleted=, trash= and where[deletedAt] say the same in several ways; each can only narrow what the
// address means, and where they contradict each other nothing is left.
#include "service/requests/list_request.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/parameters.hpp"
#include "service/parsing/sort_parser.hpp"
#include "service/parsing/where_parser.hpp"

namespace trashd::service {

namespace {

constexpr long long kLastPage = 1000000000;

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

void narrow(trash::Scope& scope, const std::string& deleted) {
    if (deleted != "true" && deleted != "false" && deleted != "null")
        bad("'deleted' must be true, false or null");
    if (deleted == "true") scope.live = false;
    if (deleted == "false") scope.trashed = false;
}

// What where says of deletedAt without alternatives.
void narrow(trash::Scope& scope, const trash::Conditions& where) {
    for (const auto& term : where.terms) {
        if (term.column != &trash::deleted_at() || term.op != trash::Op::kExists) continue;
        (term.values[0] == "true" ? scope.live : scope.trashed) = false;
    }
}

std::vector<std::string> names_of(const std::string& text) {
    std::vector<std::string> names;
    for (std::size_t at = 0;;) {
        const auto comma = text.find(',', at);
        names.push_back(text.substr(at, comma - at));
        if (comma == std::string::npos) return names;
        at = comma + 1;
    }
}

void parse_place(const Request& request, trash::Listing& listing) {
    const auto& query = request.target.query;
    const auto cursor = query.text("cursor");
    if (cursor && query.text("page")) bad("give either 'cursor' or 'page'");
    if (cursor)
        listing.after =
            decode_cursor(*cursor, list_mark(request.target), listing.order.terms.size());
    listing.offset = (query.number("page", 1, 1, kLastPage) - 1) * listing.limit;
}

}  // namespace

trash::Scope parse_scope(const Query& query, const trash::Conditions& where, bool trashed_only) {
    if (trashed_only) {
        trash::Scope scope{false, true};
        narrow(scope, where);
        return scope;
    }
    const auto deleted = query.text("deleted");
    const bool both = deleted || query.text("trash") || trash::mentions(where, trash::deleted_at());
    trash::Scope scope{true, both};
    if (deleted) narrow(scope, *deleted);
    if (query.text("trash") && !query.flag("trash")) scope.trashed = false;
    narrow(scope, where);
    return scope;
}

std::vector<std::string> parse_select(const Query& query, const schema::Table& table) {
    const auto text = query.text("select");
    if (!text) return {};
    auto names = names_of(*text);
    for (const auto& name : names)
        if (!table.shown_column(name)) bad("there is no column '" + name + "' to select");
    return names;
}

trash::Listing parse_listing(const Request& request, const Context& context, bool trashed_only) {
    const auto& query = request.target.query;
    const auto& table = *request.resource->table;
    trash::Listing listing;
    listing.table = request.resource->table;
    listing.where = parse_where(query, table, context.config->limits.where_terms);
    listing.scope = parse_scope(query, listing.where, trashed_only);
    const bool newest = listing.scope.trashed && !listing.scope.live;
    listing.order =
        parse_order(query.text("sort").value_or(""), table, listing.scope.trashed, newest);
    listing.select = parse_select(query, table);
    listing.limit = limit_of(request);
    listing.count = query.flag("count");
    parse_place(request, listing);
    return listing;
}

}  // namespace trashd::service
