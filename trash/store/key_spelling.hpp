// Finding what is of an object in the trash by the equality of its key's types, for so it is found
// among live rows: 'Ann' and 'ann' of citext are one key, and so are 1.0 and 1.00 of numeric. Ids
// are kept as the row had them, so the other spellings of an id are found first.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// Whether equal values of the columns always have the same text.
bool text_decides(const schema::Table& table, const std::vector<int>& attnums);

// SQL bool: the stored text, of whatever type the column had, is the value; NULL where it cannot be
// read today.
std::string reads_as(const schema::Column& column, const std::string& stored,
                     const std::string& equals, const std::string& value,
                     const std::string& trash_schema);

// SQL bool: both texts are ids of one object of the table. The second is one that can be read.
// sure: SQL bool that the first can.
std::string same_object(const schema::Table& table, const std::string& stored,
                        const std::string& sure, const std::string& id,
                        const std::string& trash_schema);

// SQL (a subquery) of id text and ids text[]: each id of the SELECT of ids, which can be read, and
// how the items of the table, or its entries in the ledger, write it. Ids that none has may be left
// out.
std::string spelt_by_items(const schema::Table& table, const std::string& ids,
                           const std::string& trash_schema);
std::string spelt_by_ledger(const schema::Table& table, const std::string& ids,
                            const std::string& trash_schema);

// SQL behind an operator: one of the ids that such a subquery has.
std::string any_spelling(const std::string& spelt);

// SQL (a SELECT of text): how the items of the table, or its entries in the ledger, write an id
// that a filter names; of a text that is none, nothing but the text.
std::string written_in_items(const schema::Table& table, const std::string& id,
                             const std::string& trash_schema);
std::string written_in_ledger(const schema::Table& table, const std::string& id,
                              const std::string& trash_schema);

// SQL: the id as it was written in a form of the table (an alias), with the labels of enums in it
// as they are called today.
std::string id_today(const schema::Table& table, const std::string& id, const std::string& form);

// SQL: the names that the table has, or had as its rows went into the trash.
std::string names_of(const schema::Table& table, const std::string& trash_schema);

}  // namespace trashd::trash
