// Each item gets the first markers that its checks let pass. Columns that no check has in common
// are tried apart from each other, so that there is little to try.
#include "trash/erase/form_eraser.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"
#include "trash/erase/markers.hpp"
#include "trash/read/item_values.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {

using schema::Column;
using schema::join;
using schema::Param;
using std::to_string;

namespace {

constexpr std::size_t kMostTries = 1000;  // of markers of a part together

std::vector<Param> places_of(const std::vector<HangingItem>& items) {
    std::vector<Param> groups, ordinals;
    for (const auto& item : items) {
        groups.emplace_back(to_string(item.group));
        ordinals.emplace_back(to_string(item.ordinal));
    }
    return {schema::array_literal(groups), schema::array_literal(ordinals)};
}

std::vector<HangingItem> without(const std::vector<HangingItem>& items,
                                 const std::vector<HangingItem>& gone) {
    std::set<std::pair<long long, int>> places;
    for (const auto& item : gone) places.emplace(item.group, item.ordinal);
    std::vector<HangingItem> out;
    for (const auto& item : items)
        if (!places.contains({item.group, item.ordinal})) out.push_back(item);
    return out;
}

constexpr const char* kPlaces = R"(ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]),
    pg_catalog.unnest($2::pg_catalog.int4[])) m(g, o))";

}  // namespace

FormEraser::FormEraser(schema::Connection& connection, const std::string& trash_schema,
                       const Form& form, const std::vector<std::string>& personal)
    : connection_(connection), trash_schema_(trash_schema), form_(form) {
    for (std::size_t at = 0; at < form.attnums.size(); ++at) note(at, personal);
}

// A column that is gone may have been personal, and one that is generated is made of others. One
// that is called otherwise now is personal by its name of then, too.
void FormEraser::note(std::size_t at, const std::vector<std::string>& personal) {
    const auto* column = form_.table->column(form_.attnums[at]);
    const int position = static_cast<int>(at) + 1;
    if (!column || (column->generated && form_.generated[at]))
        return add({position, nullptr, {"NULL::pg_catalog.text"}});
    if (std::ranges::count(personal, column->name) == 0 &&
        std::ranges::count(personal, form_.names[at]) == 0)
        return;
    auto markers = markers_of(connection_, trash_schema_, form_, *column);
    if (markers.empty())
        refuse("column " + column->name + " of table " + form_.table->name.schema + "." +
               form_.table->name.name +
               " may not be null, and no marker is known that its type and constraints take; let "
               "the column be null, or purge what lies in the trash");
    add({position, column, std::move(markers)});
}

// Joins the parts with which the column has checks in common.
void FormEraser::add(Change change) {
    Part own;
    if (change.column) own.checks = checks_over(*form_.table, *change.column);
    auto& into = own.checks.empty() ? free_ : own;
    into.changes.push_back(std::move(change));
    if (own.checks.empty()) return;
    std::erase_if(bound_, [&](Part& other) {
        const auto shared = [&](const auto* check) {
            return std::ranges::count(other.checks, check) > 0;
        };
        if (std::ranges::none_of(own.checks, shared)) return false;
        own.changes.insert(own.changes.begin(), other.changes.begin(), other.changes.end());
        for (const auto* check : other.checks)
            if (std::ranges::count(own.checks, check) == 0) own.checks.push_back(check);
        return true;
    });
    bound_.push_back(std::move(own));
}

void FormEraser::refuse(const std::string& what) const {
    throw Error(Code::kConflict, what);
}

long long FormEraser::erase(const std::vector<HangingItem>& items) {
    changed_.clear();
    if (items.empty()) return 0;
    Chosen first;
    for (const auto& change : free_.changes) first.push_back(change.markers.front());
    if (!first.empty()) change(free_, items, first);
    for (const auto& part : bound_) erase_part(part, items);
    return static_cast<long long>(changed_.size());
}

// The markers of the last column are tried first.
void FormEraser::erase_part(const Part& part, const std::vector<HangingItem>& items) {
    auto left = items;
    std::vector<std::size_t> places(part.changes.size());
    const auto next = [&] {
        for (std::size_t n = places.size(); n-- > 0;) {
            if (++places[n] < part.changes[n].markers.size()) return true;
            places[n] = 0;
        }
        return false;
    };
    bool more = true;
    for (std::size_t tries = 0; more && tries < kMostTries && !left.empty(); ++tries) {
        Chosen now;
        for (std::size_t n = 0; n < places.size(); ++n)
            now.push_back(part.changes[n].markers[places[n]]);
        const auto fit = passing(part, left, now);
        if (!fit.empty()) change(part, fit, now);
        left = without(left, fit);
        more = next();
    }
    if (!left.empty())
        refuse("the constraint " + part.checks.front()->name + " of table " +
               form_.table->name.schema + "." + form_.table->name.name +
               " takes neither null nor a marker that is known in its personal columns; change "
               "the constraint, or purge what lies in the trash");
}

std::string FormEraser::these() const {
    return schema::filled(R"(i.group_id OPERATOR(pg_catalog.=) m.g
    AND i.ordinal OPERATOR(pg_catalog.=) m.o AND {is_of})",
                          {{"is_of", is_of(form_)}});
}

void FormEraser::change(const Part& part, const std::vector<HangingItem>& items,
                        const Chosen& now) {
    std::vector<std::string> set, differ;
    for (std::size_t n = 0; n < now.size(); ++n) {
        const auto place = "payload[" + to_string(part.changes[n].position) + "]";
        set.push_back(place + " = " + now[n]);
        differ.push_back(schema::differ("i." + place, now[n]));
    }
    const auto done = connection_.exec(filled(R"(UPDATE {schema}.item i SET {assignments}
  FROM {places}
  WHERE {these} AND ({differ})
  RETURNING i.group_id, i.ordinal)",
                                              trash_schema_,
                                              {{"assignments", join(set, ", ")},
                                               {"places", kPlaces},
                                               {"these", these()},
                                               {"differ", join(differ, " OR ")}}),
                                       places_of(items));
    for (int row = 0; row < done.rows(); ++row)
        changed_.emplace(done.integer(row, 0), static_cast<int>(done.integer(row, 1)));
}

// The row as it would come back, as far as the checks ask about it.
std::string FormEraser::row_with(const Part& part, const Chosen& now) const {
    std::vector<std::string> columns;
    for (const auto& column : form_.table->columns)
        if (std::ranges::any_of(part.checks, [&](const auto* check) {
                return mentions(check->expression, column);
            }))
            columns.push_back(value_with(part, column, now) + " AS " + schema::quoted(column.name));
    return join(columns, ", ");
}

std::string FormEraser::value_with(const Part& part, const Column& column,
                                   const Chosen& now) const {
    for (std::size_t n = 0; n < now.size(); ++n)
        if (const auto& change = part.changes[n]; change.column == &column)
            return schema::from_text(
                column, schema::read_today(
                            form_.readings[static_cast<std::size_t>(change.position) - 1], now[n]));
    return typed_value(form_, column, trash_schema_, true);
}

// Where a check cannot be asked of values alone it refuses nothing here.
std::vector<HangingItem> FormEraser::passing(const Part& part,
                                             const std::vector<HangingItem>& items,
                                             const Chosen& now) {
    std::string checks = "true";
    for (const auto* check : part.checks) checks += " AND (" + check->expression + ") IS NOT FALSE";
    const auto sql = filled(
        R"(SELECT i.group_id, i.ordinal
  FROM {places}
  JOIN {schema}.item i ON {these}
  WHERE (SELECT {checks} FROM (SELECT {row} OFFSET 0) {table}))",
        trash_schema_,
        {{"places", kPlaces},
         {"these", these()},
         {"checks", checks},
         {"row", row_with(part, now)},
         {"table", schema::quoted(form_.table->name.name)}});
    connection_.exec("SAVEPOINT trashd_check");
    try {
        const auto found = connection_.exec(sql, places_of(items));
        connection_.exec("RELEASE SAVEPOINT trashd_check");
        std::vector<HangingItem> out;
        for (int row = 0; row < found.rows(); ++row)
            out.push_back({found.integer(row, 0), static_cast<int>(found.integer(row, 1)), ""});
        return out;
    } catch (const Error&) {
        if (connection_.broken()) throw;
        connection_.exec("ROLLBACK TO SAVEPOINT trashd_check");
        return items;
    }
}

}  // namespace trashd::trash
