// What the parts of a restore share: the groups on their way back, their rows by shape, and the SQL
// that reads those rows as values of the live table. Rows stay in the server.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/database.hpp"
#include "trash/restore.hpp"
#include "trash/store.hpp"

namespace trashd::trash {

// Most conflicts, and most altered rows, that one answer lists.
inline constexpr int kMostConflicts = 1000;

struct Range {
    long long group, first, last;  // ordinals
};

// A table in the form that its items were captured in, and which items of the groups have it.
struct Shape {
    int id = 0;
    schema::Oid relation = 0;
    schema::QualifiedName name;            // as it was called last
    const schema::Table* table = nullptr;  // as it is; nullptr: dropped
    std::vector<int> attnums, identity;
    std::vector<std::string> names, types;
    std::vector<bool> generated;
    std::vector<Range> ranges;
    long long count = 0;

    int position(int attnum) const;  // in the payload, from 1; 0: the shape lacks the column
    const schema::QualifiedName& called() const { return table ? table->name : name; }
};

struct Restoring {
    schema::Transaction& transaction;
    const schema::Catalog& catalog;
    std::string trash_schema;
    const RestoreOptions& options;
    const Context& context;
    std::vector<GroupRow> groups;
    std::map<int, Shape> shapes;      // of items, of links, of roots
    bool guard_casts = false;         // leave out rows with a value that cannot be cast
    std::vector<Conflict> conflicts;  // found by the attempt itself
    Restored result;

    std::string items() const;                         // that the asker's role may read
    std::string own(const std::string& name) const;    // a table or function of the trash schema
    void as_asker(const std::function<void()>& work);  // as the role of who asks, if there is one
    schema::Result exec(const std::string& sql) { return transaction.exec(sql); }
    std::vector<schema::Result> together(const std::vector<schema::Connection::Statement>& all) {
        return transaction.connection().exec_pipeline(all);
    }
};

// rows.cpp
void add_group(Restoring& restoring, GroupRow group);
void add_group(Restoring& restoring, long long id);
std::vector<const schema::Table*> tables_of(const Restoring& restoring);  // of the items, each once
std::vector<const Shape*> shapes_of(const Restoring& restoring, const schema::Table& table);
// Subquery of the items of the shape: group_id, ordinal, object_id, payload.
std::string source(const Restoring& restoring, const Shape& shape);
// The same of a shape with one range: its group, first and last are $1, $2 and $3.
std::string source_of_one(const Restoring& restoring, const Shape& shape);
// i.payload[n] of the column, or NULL of its type where the shape lacks it; as text and as value.
std::string stored(const Shape& shape, int attnum);
std::string value(const Shape& shape, const schema::Column& column);
// Subquery of all items of the table: group_id, ordinal, object_id, w (text[]: the stored text of
// the columns in `texts`, for 0 the text of the expression there), e1... (the expressions, which
// may name the table's columns).
std::string evaluated(const Restoring& restoring, const schema::Table& table,
                      const std::vector<std::string>& expressions, const std::vector<int>& texts);
// Columns whose text may not be readable as their type: (position, column).
std::vector<std::pair<int, const schema::Column*>> suspects(const Shape& shape);
// Conflicts from rows (object id, text[] of values): alike but for those.
void append(std::vector<Conflict>& out, const Conflict& like, const schema::Result& rows);
// False for errors that say nothing about the rows: deadlocks, timeouts, a lost connection.
bool about_rows(const Error& error);

// drift.cpp: values that would get lost without any statement failing.
std::vector<Conflict> find_losses(Restoring& restoring);
// drift.cpp: casts that fail, NULL where there must be none, tables that are gone.
std::vector<Conflict> find_failing_casts(Restoring& restoring);
std::vector<Conflict> find_missing_values(Restoring& restoring);
std::vector<Conflict> find_missing_tables(const Restoring& restoring);

// relink.cpp: set references back in rows that lie in the trash, then in live ones.
void relink_trashed(Restoring& restoring);
void relink_live(Restoring& restoring);
// A row that another delete took between those two lies in the trash by now.
void relink_taken_meanwhile(Restoring& restoring);

// verify.cpp: what came back is what went in.
void verify(Restoring& restoring);

// ancestors.cpp
std::vector<Conflict> find_missing_parents(Restoring& restoring);
// Adds the groups in which missing parents lie; false when there is none.
bool add_ancestors(Restoring& restoring);

// conflicts.cpp: everything that keeps the groups out, after the attempt was rolled back to
// kSavepoint. Empty when nothing does any more.
inline constexpr const char* kSavepoint = "trashd_restore";
std::vector<Conflict> find_conflicts(Restoring& restoring);
// The server's own words, where no look-up explains its error.
Conflict as_said(const Restoring& restoring, const Error& failed);

}  // namespace trashd::trash
