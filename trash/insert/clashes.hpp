// Rows that keep items out by a key: unique indexes and exclusion constraints as joins of items
// with live rows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "trash/model/restored.hpp"

namespace trashd::schema {
struct Exclusion;
struct Table;
struct UniqueIndex;
}  // namespace trashd::schema

namespace trashd::trash {

struct RestoreContext;

// A unique index or an exclusion constraint: no two rows of which all operators say yes.
struct Rule {
    Conflict like;
    std::vector<std::string> expressions, operators;
    std::vector<int> attnums;  // 0 for an expression
    std::string predicate;
    bool nulls_not_distinct = false;
    std::vector<int> told = {};  // attnums of the columns that a conflict names
};

Rule unique_rule(const schema::Table& table, const schema::UniqueIndex& index);
Rule exclusion_rule(const schema::Table& table, const schema::Exclusion& exclusion);
Conflict conflict_like(const schema::Table& table, const std::string& kind,
                       const std::string& constraint);

// SQL: the name of the rule's expression at the position, from 0, in what follows.
std::string expression_name(std::size_t position);
// Subquery of the table's items: group_id, ordinal, object_id, w, the expressions and, last, the
// predicate.
std::string items_under(const RestoreContext& restoring, const schema::Table& table,
                        const Rule& rule);
// SQL: the predicate holds for the item v.
std::string predicate_of(const Rule& rule);
// What follows FROM: pairs of an item v under the rule and a live row t (id, part, place) that is
// in its way. Another tenant's row has no id.
std::string clashes(const RestoreContext& restoring, const schema::Table& table, const Rule& rule);
// SELECTs of (tableoid, ctid): live rows that keep items of the table out.
std::vector<std::string> clashing_rows(const RestoreContext& restoring, const schema::Table& table);

}  // namespace trashd::trash
