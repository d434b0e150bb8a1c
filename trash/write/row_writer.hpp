// The SQL of writing live rows. The client's JSON goes to PostgreSQL as text, which reads each
// column as its type, so that no value passes through a type of this program.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "schema/session/result.hpp"

namespace trashd::schema {
class Catalog;
struct Column;
class Pool;
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

class Trash;

// A row as it is after a write, which triggers may have changed, as far as the client is told of
// it.
struct WrittenRow {
    std::optional<std::string> json;  // nothing where it has more bytes than Given::shown
    std::string etag, id;             // id: as it stands in item.object_id
    std::string crossing;  // the foreign key that refers to another tenant's row; empty: none
    bool own = true;       // as Given::own says
};

// Values of columns: a JSON object and those of its members that are meant.
struct ColumnValues {
    std::vector<const schema::Column*> columns;
    std::string json = "{}";
    std::string crossing = "NULL";  // crossing_sql()
    std::string own = "true";       // condition on the row written, under alias_of(table)
    std::size_t shown = 0;          // bytes of the JSON of the row written that are wanted
};

struct RowAddress {
    const schema::Table& table;
    std::vector<std::string> id;  // the key's columns as text
    std::string own = "true";     // condition on the row under alias_of(table)
};

// SQL text over a row under alias_of(table): the name of the foreign key by which it refers to a
// row that the trash's tenant does not have; NULL. written: by keys of these columns only; empty:
// by any.
std::string crossing_sql(const Trash& trash, const schema::Catalog& catalog,
                         const schema::Table& table,
                         const std::vector<const schema::Column*>& written);

// In a transaction that moves rows: what triggers delete from here on is not the service's own, and
// is captured where deletes of others are.
void write_as_others(schema::Transaction& transaction);

struct LockedRow {
    std::string etag;
    std::vector<schema::Param> present;         // the text of the columns asked for
    const schema::Column* long_one = nullptr;   // the first of them whose text is too long
    const schema::Column* other_key = nullptr;  // the first given key column that differs
};

// The row as it is after the database's own triggers; nothing where one of them kept it out.
std::optional<WrittenRow> insert_row(schema::Transaction& transaction, const schema::Table& table,
                                     const ColumnValues& given);
inline constexpr std::size_t kMostMerged = 1 << 20;
// Holds the row until the transaction ends. key: of the key's columns those that the client gave;
// wanted: columns whose text is needed, up to kMostMerged bytes. Nothing when there is no such row.
std::optional<LockedRow> lock_row(schema::Transaction& transaction, const RowAddress& address,
                                  const ColumnValues& key,
                                  const std::vector<const schema::Column*>& wanted);
// Sets the given columns, and the others to their defaults. Reads the row when there are none.
std::optional<WrittenRow> update_row(schema::Transaction& transaction, const RowAddress& address,
                                     const ColumnValues& given,
                                     const std::vector<const schema::Column*>& defaults);
// The text that the columns get: of those given as they were, else what the row at the address has.
// Nothing where one is not known, or NULL.
std::vector<std::string> texts_of(schema::Transaction& transaction, const RowAddress& address,
                                  const ColumnValues& given,
                                  const std::vector<const schema::Column*>& wanted);
// The first of the columns whose value its type does not take; nullptr: they all do, or the types
// themselves are not what the catalog says.
const schema::Column* misfit(schema::Pool& pool, const ColumnValues& given);

}  // namespace trashd::trash
