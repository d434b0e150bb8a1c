// SQL that sees what code of the database's users does to tables and large objects within a
// transaction, of which the counts of deleted rows tell nothing: one look before, one after.
#pragma once

#include <string>

namespace trashd::schema {

// Expression of type text[]: every table of the users and the file that it lies in.
std::string stored_tables_sql(const std::string& trash_schema);

// Expression of type text: what this transaction has done to a table since `before` (an expression,
// as stored_tables_sql was), "drops the table public.t", "drops a column of the table public.t" or
// "empties or rewrites the table public.t"; NULL: nothing. Tables made since, temporary ones, and what others do do not count.
std::string harmed_table_sql(const std::string& trash_schema, const std::string& before);

// Expression of type int8: how many large objects, and pages of them, the transaction has deleted.
std::string deleted_large_objects_sql();

}  // namespace trashd::schema
