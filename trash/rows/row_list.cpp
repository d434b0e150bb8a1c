#include "trash/rows/row_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pieces.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/read/kept_pages.hpp"
#include "trash/read/trashed_rows.hpp"
#include "trash/records/operations.hpp"
#include "trash/rows/live_row.hpp"
#include "trash/store/sql.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {

namespace {

using schema::Column;

// Characters of a value that a cursor goes on after: more do not fit into an address.
constexpr int kLongestTerm = 8000;

std::string place_of(std::size_t term) {
    return "o" + std::to_string(term + 1);
}

// The statement of one listing and what it needs to be run.
class Reader {
  public:
    Reader(Trash& trash, const Listing& listing, const schema::Catalog& catalog,
           schema::Connection& connection)
        : trash_(trash),
          listing_(listing),
          table_(*listing.table),
          connection_(connection),
          trashed_(connection, catalog, trash.readable_schema(), table_) {}

    void be_careful() { trashed_.be_careful(); }
    void check_values();
    Listed read(const ListedRows& into);
    // The statement of KeptPage::sql.
    std::string kept_statement();

  private:
    TrashedRowsQuery asked(std::vector<schema::Param>& params, bool paged) const;
    // With what makes them rows that may be seen.
    TrashedRowsQuery of_trashed(TrashedRowsQuery asked) const;
    std::string live_from(const TrashedRowsQuery& asked) const;
    std::vector<std::string> branches(const TrashedRowsQuery& asked) const;
    std::string page_sql(const TrashedRowsQuery& asked) const;
    std::string last_texts() const;
    std::string live_case() const;
    std::string statement(const TrashedRowsQuery& asked) const;
    std::string forms_now() const;
    long long count();

    Trash& trash_;
    const Listing& listing_;
    const schema::Table& table_;
    schema::Connection& connection_;
    TrashedRows trashed_;
};

std::optional<std::size_t> first_misfit(schema::Connection& connection, const Trash& trash,
                                        const std::vector<TypedValue>& compared) {
    std::vector<TypedText> values;
    for (const auto& one : compared) values.push_back({one.value, one.column->value_type});
    return first_bad(connection, trash.readable_schema(), values);
}

[[noreturn]] void refuse_value(const Column& column) {
    throw Error(Code::kBadRequest, "a value for column '" + column.name +
                                       "' in 'where' is not of its type, " + column.value_type);
}

// The server would read only those that it comes to compare.
void Reader::check_values() {
    std::vector<TypedValue> compared;
    add_compared(listing_.where, compared);
    const auto own = compared.size();
    for (std::size_t at = 0; at < listing_.after.size(); ++at)
        if (listing_.after[at])
            compared.push_back({listing_.order.terms[at].column, *listing_.after[at]});
    const auto wrong = first_misfit(connection_, trash_, compared);
    if (!wrong) return;
    if (*wrong >= own) refuse_cursor();
    refuse_value(*compared[*wrong].column);
}

TrashedRowsQuery Reader::asked(std::vector<schema::Param>& params, bool paged) const {
    const auto& order = listing_.order;
    TrashedRowsQuery asked;
    asked.where = where_sql(listing_.where, params);
    if (trash_.tenant()) asked.groups = seen_by_tenant("g");
    add_columns(listing_.where, asked.columns);
    if (paged && !listing_.after.empty()) {
        const auto after = after_sql(order, listing_.after, params);
        asked.where = schema::both(asked.where, after.where);
        asked.bound = after.bound;
    }
    std::vector<std::string> values, terms;
    for (std::size_t at = 0; at < order.terms.size(); ++at) {
        terms.push_back(term_sql(order.terms[at]));
        values.push_back(terms.back() + " AS " + place_of(at));
        if (paged) asked.columns.push_back(order.terms[at].column);
    }
    std::erase_if(asked.columns, [&](const Column* c) { return table_.column(c->name) != c; });
    std::ranges::sort(asked.columns);
    asked.columns.erase(std::unique(asked.columns.begin(), asked.columns.end()),
                        asked.columns.end());
    asked.values = schema::join(values, ", ");
    asked.order = order_sql(order, terms);
    asked.newest = order.newest;
    asked.limit = listing_.offset + listing_.limit + 1;
    return asked;
}

TrashedRowsQuery Reader::of_trashed(TrashedRowsQuery asked) const {
    if (listing_.owners.empty()) return asked;
    asked.where = schema::both(asked.where, listing_.trashed);
    for (const auto* column : listing_.owners)
        if (std::ranges::count(asked.columns, column) == 0) asked.columns.push_back(column);
    return asked;
}

std::string Reader::live_from(const TrashedRowsQuery& asked) const {
    const auto where = schema::both(schema::both(asked.where, asked.bound), listing_.live);
    return schema::filled(
        " FROM {table} AS t CROSS JOIN {no_item} WHERE {where}",
        {{"table", schema::relation(table_)}, {"no_item", kNotTrashed}, {"where", where}});
}

constexpr const char* kLivePart = R"(SELECT 0 AS shape, g.id AS group_id, i.ordinal, {values}
  {live_from}
  ORDER BY {order} LIMIT {limit})";
constexpr const char* kPage = R"((SELECT * FROM (({parts})) u
  ORDER BY {order} LIMIT {limit} OFFSET {offset}))";

// Each part is filtered, ordered and limited by itself, so that the live one can use its indexes.
std::vector<std::string> Reader::branches(const TrashedRowsQuery& asked) const {
    std::vector<std::string> all;
    if (listing_.scope.live)
        all.push_back(schema::filled(kLivePart, {{"values", asked.values},
                                                 {"live_from", live_from(asked)},
                                                 {"order", asked.order},
                                                 {"limit", std::to_string(asked.limit)}}));
    if (listing_.scope.trashed)
        for (auto& part : trashed_.selects(of_trashed(asked))) all.push_back(std::move(part));
    return all;
}

std::string Reader::page_sql(const TrashedRowsQuery& asked) const {
    const auto parts = branches(asked);
    if (parts.empty()) return "";
    std::vector<std::string> places;
    for (std::size_t at = 0; at < listing_.order.terms.size(); ++at) places.push_back(place_of(at));
    return schema::filled(kPage, {{"parts", schema::join(parts, ") UNION ALL (")},
                                  {"order", order_sql(listing_.order, places)},
                                  {"limit", std::to_string(listing_.limit + 1)},
                                  {"offset", std::to_string(listing_.offset)}});
}

std::string Reader::last_texts() const {
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < listing_.order.terms.size(); ++at) {
        auto column = *listing_.order.terms[at].column;
        column.name = place_of(at);
        texts.push_back(
            fmt::format("pg_catalog.left({}, {})", schema::to_text(column, "p"), kLongestTerm));
    }
    return "ARRAY[" + schema::join(texts, ", ") + "]::pg_catalog.text[]";
}

// By its key again, so that only rows of the page are made JSON, one by one.
std::string Reader::live_case() const {
    const auto& terms = listing_.order.terms;
    const auto alias = alias_of(table_);
    std::vector<std::string> same;
    for (int attnum : table_.identity) {
        const auto* column = table_.column(attnum);
        const auto at = std::ranges::find(terms, column, &OrderTerm::column) - terms.begin();
        same.push_back(fmt::format(
            "{} {} {}", schema::in_base_type(*column, alias + "." + schema::quoted(column->name)),
            column->comparisons.at(2),
            schema::in_base_type(*column, "p." + place_of(static_cast<std::size_t>(at)))));
    }
    return schema::filled(R"( WHEN p.shape OPERATOR(pg_catalog.=) 0
    THEN (SELECT {json} FROM {table} AS {alias} WHERE {same}))",
                          {{"json", live_json(table_, alias, listing_.select)},
                           {"table", schema::relation(table_)},
                           {"alias", alias},
                           {"same", schema::join(same, " AND ")}});
}

std::string Reader::statement(const TrashedRowsQuery& asked) const {
    const auto page = page_sql(asked);
    if (page.empty()) return "";
    std::string cases = listing_.scope.live ? live_case() : "", item = "NULL";
    if (listing_.scope.trashed) {
        cases += trashed_.json_cases("p.shape", {"p.group_id", "p.ordinal"}, listing_.select);
        item = schema::filled("CASE WHEN p.shape OPERATOR(pg_catalog.<>) 0 THEN {item} END",
                              {{"item", item_fields_at(trash_.readable_schema(), trash_.naming(),
                                                       "p.group_id", "p.ordinal")}});
    }
    return schema::filled(
        "SELECT {last}, {item}, (CASE{cases} END)::pg_catalog.text FROM {page} p",
        {{"last", last_texts()}, {"item", item}, {"cases", cases}, {"page", page}});
}

long long Reader::count() {
    std::vector<schema::Param> params;
    const auto all = asked(params, false);
    std::vector<std::string> parts;
    if (listing_.scope.live) parts.push_back("SELECT pg_catalog.count(*)" + live_from(all));
    if (listing_.scope.trashed)
        for (auto& part : trashed_.counts(of_trashed(all))) parts.push_back(std::move(part));
    if (parts.empty()) return 0;
    return connection_
        .exec("SELECT (" + schema::join(parts, ") OPERATOR(pg_catalog.+) (") + ")", params)
        .integer(0, 0);
}

Listed Reader::read(const ListedRows& into) {
    Listed listed;
    std::vector<schema::Param> params;
    const auto sql = statement(asked(params, true));
    long long rows = 0;
    auto begin = [&](const schema::Result& row) {
        listed.more = ++rows > listing_.limit;
        if (listed.more) return;
        into.row(row.null(0, 1) ? std::nullopt : std::optional(item_from(row.text(0, 1))));
        if (rows == listing_.limit) listed.last = schema::parse_array(row.text(0, 0));
    };
    auto piece = [&](std::string_view json) {
        if (!listed.more) into.piece(json);
    };
    if (!sql.empty()) schema::read_long(connection_, {sql, 2, params}, {begin, piece});
    if (listing_.count) listed.total = count();
    return listed;
}

// SQL text: what says that the forms of the table, and what it is called, are others.
std::string Reader::forms_now() const {
    return filled(
        R"((SELECT pg_catalog.concat(
      pg_catalog.string_agg(pg_catalog.concat(s.id, ' ', s.xmin), ',' ORDER BY s.id), ' of ',
      (SELECT c.xmin FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) {table}))
    FROM {schema}.shape s WHERE s.relation OPERATOR(pg_catalog.=) {table}))",
        trash_.schema_name(), {{"table", std::to_string(table_.oid)}});
}

// A plan for a small trash would be used when it is large: its size makes the text another one. It
// may be partitioned.
constexpr const char* kMagnitude = R"(SELECT {forms}, pg_catalog.floor(pg_catalog.log(2, (
    SELECT coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(t.relid)), 0)
      OPERATOR(pg_catalog.+) pg_catalog.pg_relation_size({items}::pg_catalog.regclass)
      OPERATOR(pg_catalog.+) 1
    FROM pg_catalog.pg_partition_tree({items}::pg_catalog.regclass) t))))";

constexpr const char* kKeptPage = R"(-- of some 2^{magnitude} bytes
SELECT {forms} OPERATOR(pg_catalog.=) {as_made}, p.*
  FROM (VALUES (true)) one
  LEFT JOIN (
    SELECT {last}, {fields}, {json}
    FROM {page} p
    JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) p.group_id
      AND i.ordinal OPERATOR(pg_catalog.=) p.ordinal
    JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) p.group_id
    JOIN {shapes} s ON s.id OPERATOR(pg_catalog.=) p.shape
    ORDER BY {order}) p ON true)";

std::string Reader::kept_statement() {
    if (trashed_.forms().empty() || !std::ranges::all_of(trashed_.forms(), is_current)) return "";
    const auto& schema = trash_.schema_name();
    const auto now = connection_.exec(schema::filled(
        kMagnitude,
        {{"forms", forms_now()}, {"items", schema::literal(schema::quoted({schema, "item"}))}}));
    std::vector<schema::Param> params;
    const auto of_page = asked(params, true);
    std::vector<int> forms;
    std::string cases;
    for (const auto& form : trashed_.forms()) {
        forms.push_back(form.id);
        cases += schema::filled(
            " WHEN p.shape OPERATOR(pg_catalog.=) {form} THEN {json}",
            {{"form", std::to_string(form.id)}, {"json", json_of_current(form, schema)}});
    }
    std::vector<std::string> places;
    for (std::size_t at = 0; at < listing_.order.terms.size(); ++at)
        places.push_back("p." + place_of(at));
    return filled(
        kKeptPage, schema,
        {{"magnitude", std::string(now.text(0, 1))},
         {"forms", forms_now()},
         {"as_made", schema::literal(std::string(now.text(0, 0)))},
         {"last", last_texts()},
         {"fields", item_fields(schema)},
         {"json", schema::short_text("(CASE" + cases + " END)::pg_catalog.text", kShortRow)},
         {"page", page_sql(of_page)},
         {"shapes", shapes_as_described(connection_, schema, trash_.naming(), forms)},
         {"order", order_sql(listing_.order, places)}});
}

// Arrays and composites are found incomparable only when their members are compared.
[[noreturn]] void refuse_comparison() {
    throw Error(Code::kBadRequest,
                "a column in 'where' or 'sort' has a type whose values cannot be compared");
}

bool may_be_old_text(const Error& error) {
    return error.of_class(sqlstate::kDataExceptions) ||
           error.of_class(sqlstate::kIntegrityViolations);
}

}  // namespace

void check_where(Trash& trash, const Conditions& where) {
    std::vector<TypedValue> compared;
    add_compared(where, compared);
    trash.run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        if (const auto wrong = first_misfit(transaction.connection(), trash, compared))
            refuse_value(*compared[*wrong].column);
    });
}

namespace {

// The newest rows of the trash, all that they have, for who may see them all: the same text each
// time, so that it is worth being prepared.
bool may_be_kept(const Trash& trash, const Listing& listing) {
    return trash.of_all() && listing.order.newest && !listing.scope.live && listing.scope.trashed &&
           listing.where.empty() && listing.select.empty() && listing.trashed == "true" &&
           listing.owners.empty() && listing.offset == 0 && !listing.count &&
           std::ranges::all_of(listing.after, [](const auto& value) { return value.has_value(); });
}

std::shared_ptr<const KeptPage> make_page(Trash& trash, const Listing& listing) {
    auto page = std::make_shared<KeptPage>();
    page->catalog = trash.catalog().get();
    trash.run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        page->sql =
            Reader(trash, listing, *page->catalog, transaction.connection()).kept_statement();
    });
    return page;
}

// Nothing: it cannot be answered so.
std::optional<Listed> listed_from(const schema::Result& found, const Listing& listing,
                                  const ListedRows& rows) {
    const bool none = found.null(0, 1);
    for (int row = 0; row < found.rows() && !none; ++row)
        if (found.null(row, 3)) return std::nullopt;  // too long
    Listed listed;
    listed.more = found.rows() > listing.limit;
    const auto shown = none ? 0 : std::min<long long>(found.rows(), listing.limit);
    rows.begin();
    for (int row = 0; row < shown; ++row) {
        rows.row(item_from(found.text(row, 2)));
        rows.piece(found.text(row, 3));
    }
    if (shown == listing.limit)
        listed.last = schema::parse_array(found.text(static_cast<int>(shown) - 1, 1));
    return listed;
}

std::optional<Listed> read_kept(Trash& trash, const Listing& listing, const ListedRows& rows) {
    if (!may_be_kept(trash, listing)) return std::nullopt;
    const PageKey key{listing.table->oid, listing.limit, listing.after.empty()};
    auto page = trash.kept_pages().find(key, trash.catalog().get());
    if (!page) trash.kept_pages().keep(key, page = make_page(trash, listing));
    if (page->sql.empty()) return std::nullopt;
    std::vector<schema::Param> params;
    for (const auto& value : listing.after) params.push_back(value);
    try {
        const auto found = schema::read_alone(trash.pool(), {page->sql, params});
        if (found.boolean(0, 0)) return listed_from(found, listing, rows);
    } catch (const Error& error) {
        if (!error.sql()) throw;
    }
    trash.kept_pages().forget(key);
    return std::nullopt;
}

}  // namespace

Listed read_listing(Trash& trash, const Listing& listing, const ListedRows& rows) {
    if (auto listed = read_kept(trash, listing, rows)) return *listed;
    const auto catalog = trash.catalog().get();
    for (bool careful = false;; careful = true) {
        Listed listed;
        try {
            trash.run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
                rows.begin();
                Reader reader(trash, listing, *catalog, transaction.connection());
                if (careful) reader.be_careful();
                reader.check_values();
                listed = reader.read(rows);
            });
            return listed;
        } catch (const Error& error) {
            if (error.is(sqlstate::kUndefinedFunction)) refuse_comparison();
            if (careful || !listing.scope.trashed || !may_be_old_text(error)) throw;
        }
    }
}

}  // namespace trashd::trash
