#include "trash/read/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/read/item_sql.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::quoted;
using schema::Result;
using std::to_string;

constexpr int kExact = 10000;      // so many are counted one by one
constexpr int kMostValues = 1000;  // of one facet
// Blocks of groups in a sample: some thousand groups, fewer where their items are read.
constexpr long long kBlocks = 200, kBlocksOfItems = 50;
// From so many blocks on, some ten thousand groups, counting may not take long.
constexpr long long kLarge = 1000;
constexpr std::chrono::milliseconds kLongestCount{100};
constexpr int kSizedRows = 50;  // of each form, for the bytes of one

constexpr const char* kSums =
    ", pg_catalog.count(DISTINCT m.group_id), coalesce(pg_catalog.sum(m.n), 0)::bigint, "
    "coalesce(pg_catalog.sum(m.n OPERATOR(pg_catalog.*) z.bytes), 0)::bigint FROM meant m LEFT "
    "JOIN "
    "sizes z ON z.shape OPERATOR(pg_catalog.=) m.shape";

// A SELECT of group_id, created_at, deleted_by, shape and n, so many items.
struct Meant {
    std::string select;
    std::vector<Param> params;
};

class Counter {
  public:
    // sized: with bytes.
    Counter(const CountSource& source, bool sized)
        : source_(source),
          sized_(sized),
          by_items_(asks_values(source.filter) || source.filter.hidden),
          groups_(quoted({source.items.trash_schema, "trash_group"})) {}

    // Rows of: what is told apart, value, schema, table, groups, items, bytes.
    Result count(const std::string& facets);
    double scale() const { return scale_; }
    bool approximate() const { return approximate_; }
    std::optional<std::string> first(const std::string& column);
    std::string shapes() const {
        return described_shapes(source_.items.trash_schema, source_.items.naming);
    }
    std::string items() const { return quoted({source_.items.trash_schema, "item"}); }

  private:
    ItemQuery asked() const {
        ItemQuery asked;
        asked.filter = source_.filter;
        asked.limit = kExact;  // one more shows that there are more
        return asked;
    }
    ItemConditions conditions() const {
        return item_conditions(asked(), source_.items, source_.forms);
    }
    long long blocks();
    Meant by_groups(const std::string& sample) const;
    Meant by_items() const;
    Meant by_sampled_items(const std::string& sample) const;
    std::string sizes() const;
    Result run(const Meant& meant, const std::string& facets);
    bool count_all(const std::string& facets, long long blocks);

    const CountSource& source_;
    bool sized_, by_items_, approximate_ = false;
    std::string groups_;
    double scale_ = 1;
    std::optional<Result> counted_;
};

long long Counter::blocks() {
    if (source_.filter.hidden) return 0;  // a view has none
    return source_.connection
        .exec(
            "SELECT pg_catalog.pg_relation_size($1::pg_catalog.regclass) OPERATOR(pg_catalog./) "
            "8192",
            {groups_})
        .integer(0, 0);
}

// How many items of which forms a group has stands in its own row. sample: TABLESAMPLE, or empty
// for the newest ones.
Meant Counter::by_groups(const std::string& sample) const {
    const auto all = conditions();
    const auto newest = " ORDER BY g.created_at DESC, g.id DESC LIMIT " + to_string(kExact + 1);
    const bool roots = source_.filter.root == true;
    const auto form = std::string(roots ? "g.root_shape" : "u.shape");
    std::string mine;
    for (const auto& array : all.forms)
        mine += " AND " + form + " OPERATOR(pg_catalog.=) ANY(" + array + ")";
    // the first form is the root's
    const std::string members =
        source_.filter.root == false
            ? "(u.amount OPERATOR(pg_catalog.-) CASE WHEN u.place OPERATOR(pg_catalog.=) 1 THEN 1 "
              "ELSE 0 END)"
            : "u.amount";
    const auto head = "SELECT g.id AS group_id, g.created_at, g.deleted_by, " + form +
                      " AS shape, " + (roots ? "1::bigint" : members) +
                      " AS n FROM (SELECT g.* FROM " + groups_ + " g" + sample + " WHERE " +
                      all.groups + (sample.empty() ? newest : "") + ") g";
    if (roots) return {head + " WHERE true" + mine, all.params};
    return {head +
                " CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(g.shapes), "
                "pg_catalog.unnest(g.counts)) WITH ORDINALITY u(shape, amount, place) WHERE " +
                members + " OPERATOR(pg_catalog.>) 0" + mine,
            all.params};
}

Meant Counter::by_items() const {
    const auto list = item_list_sql(asked(), source_.items, source_.forms);
    return {
        "SELECT m.group_id, g.created_at, g.deleted_by, m.shape, pg_catalog.count(*) AS n FROM "
        "(" +
            list.select + ") m JOIN " + groups_ +
            " g ON g.id OPERATOR(pg_catalog.=) m.group_id GROUP BY 1, 2, 3, 4",
        list.params};
}

Meant Counter::by_sampled_items(const std::string& sample) const {
    const auto all = conditions();
    return {
        "SELECT g.id AS group_id, g.created_at, g.deleted_by, i.shape, pg_catalog.count(*) AS "
        "n FROM " +
            groups_ + " g" + sample + " CROSS JOIN LATERAL (SELECT i.shape FROM " + items() + " i" +
            all.names + " WHERE i.group_id OPERATOR(pg_catalog.=) g.id" +
            all.items_of_form(kShapeInGroup) + ") i WHERE " + all.groups + " GROUP BY 1, 2, 3, 4",
        all.params};
}

// What a row of each form takes, on average of some.
std::string Counter::sizes() const {
    if (!sized_) return "SELECT NULL::int AS shape, NULL::pg_catalog.numeric AS bytes WHERE false";
    return "SELECT f.shape, (SELECT pg_catalog.avg(pg_catalog.pg_column_size(p.payload)) FROM "
           "(SELECT i.payload FROM " +
           items() + " i WHERE i.shape OPERATOR(pg_catalog.=) f.shape LIMIT " +
           to_string(kSizedRows) + ") p) AS bytes FROM (SELECT DISTINCT shape FROM meant) f";
}

Result Counter::run(const Meant& meant, const std::string& facets) {
    return source_.connection.exec(
        "WITH meant AS MATERIALIZED (" + meant.select + "), sizes AS MATERIALIZED (" + sizes() +
            ") SELECT 'all', NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text" +
            kSums + facets,
        meant.params);
}

// False: there are more, or they are not found soon.
bool Counter::count_all(const std::string& facets, long long blocks) {
    const auto count = [&] {
        counted_.emplace(run(by_items_ ? by_items() : by_groups(""), facets));
    };
    if (blocks < kLarge)
        count();
    else if (!in_time(source_.connection, kLongestCount, count))
        return false;
    return counted_->integer(0, by_items_ ? 5 : 4) <= kExact;
}

Result Counter::count(const std::string& facets) {
    const auto size = blocks();
    if (count_all(facets, size)) return std::move(*counted_);
    approximate_ = true;
    if (source_.filter.hidden) return std::move(*counted_);
    const double percent = std::min(
        100.0, 100.0 * (by_items_ ? kBlocksOfItems : kBlocks) / std::max(1.0, double(size)));
    scale_ = 100 / percent;
    const auto sample = fmt::format(" TABLESAMPLE SYSTEM ({})", percent);
    return run(by_items_ ? by_sampled_items(sample) : by_groups(sample), facets);
}

std::optional<std::string> Counter::first(const std::string& column) {
    const auto all = conditions();
    const auto found = source_.connection.exec("SELECT " + utc("g." + column) + " FROM " + groups_ +
                                                   " g WHERE " + all.groups + " AND g." + column +
                                                   " IS NOT NULL ORDER BY g." + column + " LIMIT 1",
                                               all.params);
    return found.rows() == 0 ? std::nullopt : found.value(0, 0);
}

// One more SELECT behind the sums of all. joined: what the value comes from; last: the order.
std::string facet(const std::string& name, const std::string& columns, const std::string& joined,
                  const std::string& last) {
    return " UNION ALL (SELECT '" + name + "', " + columns + kSums + joined +
           " GROUP BY 1, 2, 3, 4 ORDER BY " + last + " LIMIT " + to_string(kMostValues) + ")";
}

std::string by_table(const Counter& counter) {
    return facet("table", "NULL::pg_catalog.text, s.schema_name, s.table_name",
                 " JOIN " + counter.shapes() + " s ON s.id OPERATOR(pg_catalog.=) m.shape",
                 "6 DESC, 3, 4");
}

std::string by_person() {
    return facet("person", "m.deleted_by, NULL::pg_catalog.text, NULL::pg_catalog.text", "",
                 "6 DESC, 2");
}

std::string by_day() {
    return facet("day",
                 "pg_catalog.to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), "
                 "NULL::pg_catalog.text, NULL::pg_catalog.text",
                 "", "2 DESC");
}

// The youngest first, as the numbers in front say.
std::string by_age() {
    std::string age = "CASE";
    for (const char* days : {"1", "7", "30", "365"})
        age += std::string(
                   " WHEN m.created_at OPERATOR(pg_catalog.>) (pg_catalog.now() "
                   "OPERATOR(pg_catalog.-) '") +
               days + " days'::interval) THEN '" + days + "d'";
    return facet("age", age + " ELSE 'older' END, NULL::pg_catalog.text, NULL::pg_catalog.text", "",
                 "pg_catalog.max(m.created_at) DESC");
}

std::vector<FacetCount> values_of(const Result& found, const std::string& name, double scale) {
    std::vector<FacetCount> values;
    const auto scaled = [&](int row, int column) {
        return std::llround(static_cast<double>(found.integer(row, column)) * scale);
    };
    for (int row = 0; row < found.rows(); ++row)
        if (found.text(row, 0) == name)
            values.push_back({std::string(found.text(row, 1)),
                              {std::string(found.text(row, 2)), std::string(found.text(row, 3))},
                              scaled(row, 4),
                              scaled(row, 5),
                              scaled(row, 6)});
    return values;
}

}  // namespace

// What is read inside is taken back together with the limit, which changes nothing.
bool in_time(schema::Connection& connection, std::chrono::milliseconds longest,
             const std::function<void()>& work) {
    connection.exec("SAVEPOINT trashd_search");
    connection.exec("SET LOCAL statement_timeout = " + to_string(longest.count()));
    bool done = true;
    try {
        work();
    } catch (const Error& error) {
        if (!error.is(sqlstate::kQueryCanceled)) throw;
        done = false;
    }
    connection.exec("ROLLBACK TO SAVEPOINT trashd_search");
    return done;
}

Facets read_facets(const CountSource& source) {
    Counter counter(source, false);
    const auto found = counter.count(by_table(counter) + by_person() + by_day());
    Facets facets;
    facets.tables = values_of(found, "table", counter.scale());
    facets.people = values_of(found, "person", counter.scale());
    facets.days = values_of(found, "day", counter.scale());
    facets.approximate = counter.approximate();
    return facets;
}

Statistics read_statistics(const CountSource& source) {
    Counter counter(source, true);
    const auto found = counter.count(by_table(counter) + by_person() + by_age());
    Statistics all;
    all.at = std::string(source.connection.exec("SELECT " + utc("pg_catalog.now()")).text(0, 0));
    const auto sums = values_of(found, "all", counter.scale());
    all.groups = sums.at(0).groups;
    all.items = sums.at(0).items;
    all.bytes = sums.at(0).bytes;
    all.tables = values_of(found, "table", counter.scale());
    all.people = values_of(found, "person", counter.scale());
    all.ages = values_of(found, "age", counter.scale());
    all.approximate = counter.approximate();
    all.oldest = counter.first("created_at");
    all.next_to_expire = counter.first("expires_at");
    return all;
}

}  // namespace trashd::trash
