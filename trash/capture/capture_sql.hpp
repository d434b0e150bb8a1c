// The functions and triggers that capture what others delete, as texts: what each does and in which
// order says docs/decisions/captured-by-triggers.md. Nothing here has a connection.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
struct Column;
struct ForeignKey;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// A table as it is captured: the numbers that it has in capture and in shape.
struct CapturedTable {
    const schema::Table* table = nullptr;
    int id = 0, shape = 0;
    bool by_row = false;  // of an inheritance tree that is no partitioned table
    // SQL: the users' types in its columns, of which nothing is seen at the table, are as they
    // were; empty: there are none.
    std::string same_types = {};
    std::string fingerprint = {};  // that capture_fingerprint_sql() gives for it
};

// A foreign key that refers to a captured table.
struct CapturedKey {
    const schema::ForeignKey* key = nullptr;
    const schema::Table *child = nullptr, *parent = nullptr;
    int number = 0, child_shape = 0, parent_shape = 0;
    bool child_captured = false;  // else its references are noted when they are cut, no more
};

// Whether values of the reference can become null or its default while its row stays.
bool may_be_cut(const schema::Table& child, const schema::ForeignKey& key);

// Of a fingerprint that has the columns' numbers: the one of a copy of the table, in which they
// follow each other.
std::string fingerprint_in_copy(const std::string& fingerprint);

class CaptureSql {
  public:
    CaptureSql(const std::string& trash_schema, const std::vector<CapturedTable>& tables,
               const std::vector<CapturedKey>& keys)
        : schema_(trash_schema), tables_(tables), keys_(keys) {}

    // SELECT giving one text, under the search path pg_catalog: what the function relies on, by
    // name, so that it holds in a copy of the database.
    std::string fingerprint_sql(const CapturedTable& captured) const;
    // CREATE OR REPLACE FUNCTION of the trigger that captures a statement's rows, or of a table of
    // an inheritance tree each row by itself.
    std::string function_sql(const CapturedTable& captured) const;
    // A function of that name that does nothing yet, where there is none.
    std::string cut_function_sql(const CapturedKey& key) const;
    // CREATE OR REPLACE TRIGGER, for the relation, "schema"."name": the table or a partition.
    std::vector<std::string> triggers_sql(const CapturedTable& captured,
                                          const std::string& relation) const;
    std::string cut_trigger_sql(const CapturedKey& key, const std::string& relation) const;
    // What capture_key keeps: joins of items, and of notes with items.
    std::string pairs_sql(const CapturedKey& key) const;
    std::string cuts_sql(const CapturedKey& key) const;

    std::string function_name(const CapturedTable& captured) const;  // quoted
    std::string function_name(const CapturedKey& key) const;
    std::string trigger_name(const std::string& what) const;  // unquoted

  private:
    std::string own(const std::string& text,
                    std::map<std::string, std::string, std::less<>> more) const;
    std::string roots_of_first(const CapturedTable& captured) const;
    std::string roots_of_later(const CapturedTable& captured) const;
    std::string hangs_on_captured(const CapturedKey& key) const;
    std::string hangs_on_gone(const CapturedTable& captured, const CapturedKey& key) const;
    std::string still(const std::string& query, const std::string& fingerprint) const;
    std::string still_now(const std::string& query, const std::string& fingerprint) const;
    std::string still_whole(const CapturedKey& key) const;
    std::string children_stand(const CapturedTable& captured) const;
    static std::string gone(const CapturedTable& captured, const std::string& alias);
    std::string planning_for(const CapturedTable& captured) const;
    std::string note_oids(const CapturedTable& captured) const;

    const std::string& schema_;
    const std::vector<CapturedTable>& tables_;
    const std::vector<CapturedKey>& keys_;
};

}  // namespace trashd::trash
