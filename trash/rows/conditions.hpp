// Conditions on rows t as values, and as SQL. They mean the same for live rows and for trashed
// ones.
#pragma once

#include <string>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// Of a column that is NULL kNotEquals and kNotIn hold, and kExists tells; nothing else does.
enum class Op {
    kEquals,
    kNotEquals,
    kGreater,
    kGreaterEqual,
    kLess,
    kLessEqual,
    kIn,
    kNotIn,
    kLike,
    kContains,
    kExists
};

struct Term {
    const schema::Column* column = nullptr;
    Op op = Op::kEquals;
    std::vector<std::string> values;  // several for kIn and kNotIn only
};

// All terms hold, and everything in `all`, and something in `any` unless that is empty.
struct Conditions {
    std::string index;  // in its list, as written
    std::vector<Term> terms;
    std::vector<Conditions> all, any;
    bool empty() const { return terms.empty() && all.empty() && any.empty(); }
};

inline constexpr const char* kDeletedAtName = "deletedAt";
// When a row went into the trash, as a column beside the table's own.
const schema::Column& deleted_at();
// The table's column, or deletedAt ($deletedAt where the table has a column so called); nullptr.
const schema::Column* find_column(const schema::Table& table, const std::string& name);
// SQL of the column over rows t.
std::string column_sql(const schema::Column& column);
// A value of the column's type from a parameter: nothing is cut or rounded to fit.
std::string value_sql(const schema::Column& column, const std::string& param);

bool mentions(const Conditions& conditions, const schema::Column& column);
// Each column that is named, some twice.
void add_columns(const Conditions& conditions, std::vector<const schema::Column*>& into);
// Each value that is compared, with its column.
struct TypedValue {
    const schema::Column* column;
    std::string value;
};
void add_compared(const Conditions& conditions, std::vector<TypedValue>& into);

// Appends the values to params; empty for no conditions.
std::string where_sql(const Conditions& conditions, std::vector<schema::Param>& params);
// Each is compared, so its value must be of the column's type.
bool is_compared(Op op);

}  // namespace trashd::trash
