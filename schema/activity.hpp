// What the current transaction has done to tables of the database's users, whatever code of theirs
// ran in it: SQL that tells it by oid, so that names may move meanwhile.
#pragma once

#include <string>

namespace trashd::schema {

// SELECT (relation oid, schema_name, table_name, inserted, updated, deleted): a row for each
// permanent table outside trash_schema that the transaction has written to; partitions count for
// their root. Counts are of rows, with those of savepoints that were rolled back.
std::string written_sql(const std::string& trash_schema);
// The same for the tables of the oid[] that the SQL gives, each with a row, without names.
std::string written_to_sql(const std::string& oids);

// SQL text[]: the permanent tables, those of the trash too, each as its oid, that of the file that
// holds it, and its quoted name, with blanks between.
std::string standing_sql();
// SQL text[]: what this transaction has done since to the tables of the text[] that standing_sql()
// gave, each as the table's oid, a blank, and "drops the table public.t", "empties or rewrites the
// table public.t" or "drops a column of the table public.t".
std::string harmed_sql(const std::string& standing);
// SQL int8: how many large objects, and pages of them, this transaction has deleted.
std::string large_objects_deleted_sql();

}  // namespace trashd::schema
