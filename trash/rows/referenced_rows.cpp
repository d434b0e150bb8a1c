// Values come from rows that may be older than the types of today, so each is tried before it is
// read as one: a single one that is none must not keep the others from being told.
#include "trash/rows/referenced_rows.hpp"

#include <algorithm>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/access/row_scope.hpp"
#include "trash/read/items.hpp"
#include "trash/store/sql.hpp"
#include "trash/store/usual_names.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using schema::Param;
using schema::Table;
using std::to_string;

constexpr int kLongestName = 500;  // characters, as of items

std::string value_at(std::size_t column) {
    return "w.v" + to_string(column + 1);
}

// SQL text of the column in a live row t; NULL: nothing is in it, or there is none such.
std::string shown(const Table& table, std::string_view name) {
    const auto* column = table.shown_column(std::string(name));
    if (!column || !column->selectable) return "";
    return "nullif(" + schema::to_text(*column, "t") + ", '')";
}

// A name that one column makes, or two.
void add_name(const Table& table, const UsualName& usual, std::vector<std::string>& names) {
    std::vector<std::string> parts;
    for (const auto column : {usual.column, usual.second})
        if (auto part = column.empty() ? "" : shown(table, column); !part.empty())
            parts.push_back(std::move(part));
    if (parts.empty()) return;
    names.push_back(parts.size() == 1 ? parts.front()
                                      : "nullif(pg_catalog.concat_ws(' ', " +
                                            schema::join(parts, ", ") + "), '')");
}

// As an item of the same row would be called.
std::string name_of_live(const Table& table, const std::vector<Naming>& naming) {
    const auto known = std::ranges::find(naming, table.name, &Naming::table);
    std::vector<std::string> names;
    auto called = table.name.name;
    if (known != naming.end()) {
        if (!known->class_name.empty()) called = known->class_name;
        if (!known->display.empty()) add_name(table, {known->display}, names);
    }
    for (const auto& usual : kUsualNames) add_name(table, usual, names);
    names.push_back(literal(called + " ") + " OPERATOR(pg_catalog.||) " +
                    schema::key_text(table, table.identity, "t"));
    return schema::filled(
        "pg_catalog.left(coalesce({names}), {longest})",
        {{"names", schema::join(names, ", ")}, {"longest", to_string(kLongestName)}});
}

class Finder {
  public:
    Finder(const Trash& trash, schema::Transaction& transaction, const schema::Catalog& catalog,
           const ReferencedRows& asked)
        : trash_(trash),
          connection_(transaction.connection()),
          catalog_(catalog),
          asked_(asked),
          table_(*asked.table) {}

    std::vector<ReferencedRow> find() {
        found_.resize(asked_.values.size());
        if (!may_select()) return unreadable();
        find_live();
        if (asked_.in_trash) find_trashed();
        return std::move(found_);
    }

  private:
    bool may_select();
    std::vector<ReferencedRow> unreadable();
    std::string is_readable() const;
    std::string is_same() const;
    std::string arrays() const;
    std::vector<Param> params() const;
    void find_live();
    void find_trashed();
    std::set<std::string> seen(const std::map<std::string, Item>& items);

    const Trash& trash_;
    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    const ReferencedRows& asked_;
    const Table& table_;
    std::vector<ReferencedRow> found_;
};

// A role of the database may lack what the service has.
bool Finder::may_select() {
    if (trash_.readable_schema() == trash_.schema_name()) return table_.can_select;
    return connection_
        .exec("SELECT pg_catalog.has_table_privilege($1::pg_catalog.oid, 'SELECT')",
              {to_string(table_.oid)})
        .boolean(0, 0);
}

std::vector<ReferencedRow> Finder::unreadable() {
    for (auto& one : found_) one.readable = false;
    return std::move(found_);
}

std::string read(const schema::Column& column, std::size_t at) {
    return "CASE WHEN w.readable THEN " + schema::from_text(column, value_at(at)) + " END";
}

// What live rows hold is of the types that they refer to.
std::string Finder::is_readable() const {
    if (!asked_.trashed) return "true";
    std::vector<std::string> all;
    for (std::size_t at = 0; at < asked_.columns.size(); ++at)
        all.push_back(filled("{schema}.cast_error({value}, {type}) IS NULL",
                             trash_.readable_schema(),
                             {{"value", value_at(at)},
                              {"type", literal(table_.column(asked_.columns[at])->value_type)}}));
    return schema::join(all, " AND ");
}

std::string Finder::is_same() const {
    std::vector<std::string> all;
    for (std::size_t at = 0; at < asked_.columns.size(); ++at) {
        const auto& column = *table_.column(asked_.columns[at]);
        all.push_back(schema::filled(
            "{own} {equals} {value}",
            {{"own", schema::in_base_type(column, "t." + schema::quoted(column.name))},
             {"equals", column.comparisons.at(2)},
             {"value", schema::in_base_type(column, "(" + read(column, at) + ")")}}));
    }
    return schema::join(all, " AND ");
}

std::string Finder::arrays() const {
    std::vector<std::string> all;
    for (std::size_t at = 0; at < asked_.columns.size(); ++at)
        all.push_back("pg_catalog.unnest($" + to_string(at + 1) + "::pg_catalog.text[])");
    return schema::join(all, ", ");
}

std::vector<Param> Finder::params() const {
    std::vector<Param> all;
    for (std::size_t at = 0; at < asked_.columns.size(); ++at) {
        std::vector<Param> column;
        for (const auto& values : asked_.values) column.emplace_back(values[at]);
        all.emplace_back(schema::array_literal(column));
    }
    return all;
}

// What can be read is known before it is, and behind the operator, so that an index of the column
// serves.
constexpr const char* kLive = R"(SELECT w.n, w.readable, t.id, t.name
  FROM (SELECT w.*, {is_readable} AS readable
    FROM ROWS FROM ({arrays}) WITH ORDINALITY w({names}, n) OFFSET 0) w
  LEFT JOIN LATERAL (
    SELECT {id} AS id, {name} AS name FROM {table} AS t
    WHERE {is_same} AND {live} LIMIT 1) t ON true)";

void Finder::find_live() {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < asked_.columns.size(); ++at)
        names.push_back("v" + to_string(at + 1));
    const auto sql = schema::filled(kLive, {{"is_readable", is_readable()},
                                            {"arrays", arrays()},
                                            {"names", schema::join(names, ", ")},
                                            {"id", schema::key_text(table_, table_.identity, "t")},
                                            {"name", name_of_live(table_, trash_.naming())},
                                            {"table", schema::relation(table_)},
                                            {"is_same", is_same()},
                                            {"live", asked_.live}});
    const auto rows = connection_.exec(sql, params());
    for (int row = 0; row < rows.rows(); ++row) {
        auto& one = found_.at(static_cast<std::size_t>(rows.integer(row, 0)) - 1);
        one.readable = rows.boolean(row, 1);
        one.live = !rows.null(row, 2);
        one.id = rows.text(row, 2);
        one.name = rows.text(row, 3);
    }
}

// The ids of the items among these that are within reach.
std::set<std::string> Finder::seen(const std::map<std::string, Item>& items) {
    std::vector<std::string> ids;
    for (const auto& [id, item] : items) ids.push_back(item.id);
    if (!asked_.seen) return {ids.begin(), ids.end()};
    return items_within(connection_, catalog_, trash_.readable_schema(), ids, *asked_.seen);
}

void Finder::find_trashed() {
    std::map<std::string, std::vector<std::size_t>> wanted;
    for (std::size_t at = 0; at < found_.size(); ++at)
        if (!found_[at].live && found_[at].readable)
            if (const auto id = referenced_id(table_, asked_.columns, asked_.values[at]))
                wanted[*id].push_back(at);
    if (wanted.empty()) return;
    std::vector<std::string> ids;
    for (const auto& [id, places] : wanted) ids.push_back(id);
    Items items(connection_, catalog_, trash_.readable_schema(), trash_.naming());
    const auto newest = items.newest_of_all(table_, ids);
    const auto within = newest.empty() ? std::set<std::string>() : seen(newest);
    for (const auto& [id, item] : newest)
        for (const auto at : wanted[id]) {
            found_[at].hidden = !within.contains(item.id);
            if (!found_[at].hidden) found_[at].item = item;
        }
}

// As schema::key_text() writes it.
std::string escaped(const std::string& value) {
    std::string text;
    for (const char c : value) text += c == '%' ? "%25" : c == ',' ? "%2C" : std::string(1, c);
    return text;
}

}  // namespace

std::optional<std::string> referenced_id(const Table& table, const std::vector<int>& columns,
                                         const std::vector<std::string>& values) {
    if (table.identity.size() != columns.size()) return std::nullopt;
    std::vector<std::string> parts;
    for (const int attnum : table.identity) {
        const auto place = std::ranges::find(columns, attnum);
        if (place == columns.end()) return std::nullopt;
        const auto& value = values.at(static_cast<std::size_t>(place - columns.begin()));
        parts.push_back(columns.size() == 1 ? value : escaped(value));
    }
    return schema::join(parts, ",");
}

std::vector<ReferencedRow> find_referenced(const Trash& trash, schema::Transaction& transaction,
                                           const schema::Catalog& catalog,
                                           const ReferencedRows& asked) {
    return Finder(trash, transaction, catalog, asked).find();
}

}  // namespace trashd::trash
