// What the parts of a restore share: the groups on their way back, their rows by shape, and the SQL
// that reads those rows as values of the live table. Rows stay in the server.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/object_name.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"
#include "trash/model/restored.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/shapes.hpp"

namespace trashd::schema {
class Catalog;
struct Column;
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd {
class Error;
}

namespace trashd::trash {

struct RestoreOptions;
struct Actor;

// Most conflicts, and most altered rows, that one answer lists.
inline constexpr int kMostConflicts = 1000;

struct Range {
    long long group, first, last;  // ordinals
};

// Of an item in the trash.
struct Place {
    long long group = 0, ordinal = 0;
    auto operator<=>(const Place&) const = default;
};

// A form, and which items of the groups have it.
struct Shape : Form {
    std::vector<Range> ranges;
    long long count = 0;
};

// Rows written, by the oid of their table; of partitions by their root's.
struct Written {
    long long inserted = 0, updated = 0, deleted = 0;
};
using WrittenBy = std::map<schema::Oid, Written>;

// An attempt as it is watched: what had been written and what stood when it began, and what its own
// statements have written since.
struct Watch {
    WrittenBy before, own;
    // Only where code of the database's users runs; beside: before, of whatever table.
    WrittenBy beside;
    std::string standing, read_under;  // tables; settings
    long long large_objects = 0;       // deleted
    // Rows of the trash itself, of all its tables together, that the transaction had written; then
    // those that the attempt's own statements have. Both without what is inserted.
    Written trash = {}, own_trash = {};
    std::map<schema::Oid, long long> set_back = {};  // rows with references set back
    bool in_vain = false;  // own statements were rolled back, so updates are no longer told apart
};

// What of a group stays in the trash while the rest comes back. During the restore one of both is
// at negative ordinals, and the links that stay are at the group's negative number.
struct Part {
    bool going_moved = false;        // else what stays is at the negative ordinals
    std::vector<long long> counts;   // of what stays, for each of the group's forms
    long long size = 0, links = 0;   // of what stays
    std::vector<long long> topmost;  // ordinals of what has nothing above it there
    long long first = 1;             // ordinal of the topmost item that comes back
};

// What was chosen so far: by the caller for members, and of that what answers conflicts found. Each
// attempt begins with the trash as it is and carries it out.
struct Chosen {
    struct Named {
        const Answer* answer;
        std::set<Place> places;  // as the items lie in the trash, like all below but `now`
    };
    std::vector<Named> answers = {};
    std::set<Place> lossy = {};
    std::set<Place> left_out = {}, brought = {};  // with what hangs on them; brought: alone
    std::map<std::pair<Place, const schema::ForeignKey*>, Detached> detached = {};
    std::set<std::string> asked_for = {};                                  // groups of ancestors
    std::set<std::pair<schema::QualifiedName, std::string>> swapped = {};  // live rows
    std::vector<GroupRow> groups = {};  // as they lie in the trash
    std::map<int, Shape> shapes = {};
    // Of this attempt: members that no group has; where items lie that were changed; their forms;
    // the ids of those whose key was.
    std::vector<Member> unknown = {};
    std::map<Place, Place> now = {}, was = {};
    std::map<std::pair<int, std::vector<int>>, int> forms = {};
    std::map<Place, std::string> ids = {};
    std::map<long long, Part> parts = {};  // by group
};

// Of a group that comes back as a copy and stays: how it lies in the trash, and the uuid of the
// group that its copied items are in meanwhile, which comes first of the groups.
struct Copy {
    GroupRow group;
    std::map<int, Shape> shapes;
    std::string uuid;
};

struct RestoreContext {
    schema::Transaction& transaction;
    const schema::Catalog& catalog;
    std::string trash_schema;
    const RestoreOptions& options;
    const Actor& actor;
    std::vector<GroupRow> groups = {};
    // Of items, of links, of roots. Under a negative number: of items that were changed.
    std::map<int, Shape> shapes = {};
    Restored result = {};
    bool guard_casts = false;              // leave out rows with a value that cannot be cast
    std::vector<Conflict> conflicts = {};  // found by the attempt itself
    Watch watch = {};                      // of the attempt
    // Table after table, rows that triggers made in the place of items giving way. Then also: pairs
    // of tables of which the first's rows go in first though they refer to the other's; deferred
    // triggers run behind their table.
    bool by_step = false;
    std::vector<std::pair<schema::Oid, schema::Oid>> first = {};
    bool fire_deferred = false;
    schema::Oid at = 0;  // the table that a statement is writing to, where one alone does
    Chosen chosen = {};
    std::optional<Copy> copy = {};
    // For the plan: live rows before the attempt, and conflicts that were answered.
    std::vector<std::string> live_rows = {};
    std::set<std::string> answered = {};

    std::string items() const;                         // that the asker's role may read
    std::string own(const std::string& name) const;    // a table or function of the trash schema
    void as_asker(const std::function<void()>& work);  // as the role of who asks, if there is one
    schema::Result exec(const std::string& sql) { return transaction.exec(sql); }
    std::vector<schema::Result> together(const std::vector<schema::Statement>& all) {
        return transaction.connection().exec_pipeline(all);
    }
};

// stored_rows.cpp
void add_group(RestoreContext& restoring, GroupRow group);
void add_group(RestoreContext& restoring, long long id);
// Its items; moved: at negative ordinals.
void add_ranges(RestoreContext& restoring, const GroupRow& group, bool moved);
std::vector<const schema::Table*> tables_of(
    const RestoreContext& restoring);  // of the items, each once
std::vector<const schema::Table*> concerned(
    const RestoreContext& restoring);  // of links too, by oid
std::vector<const Shape*> shapes_of(const RestoreContext& restoring, const schema::Table& table);
// Subquery of the items of the shape: group_id, ordinal, object_id, payload.
std::string source(const RestoreContext& restoring, const Shape& shape);
// The same of a shape with one range: its group, first and last are $1, $2 and $3.
std::string source_of_one(const RestoreContext& restoring, const Shape& shape);
// The same with the group, the first and the last ordinal given as SQL.
std::string source_between(const RestoreContext& restoring, const Shape& shape,
                           const std::string& group,
                           const std::pair<std::string, std::string>& ordinals);
// i.payload[n] of the column, or NULL of its type where the shape lacks it; as text and as value.
std::string stored(const Shape& shape, int attnum);
// Of payload, which is at the position there.
std::string stored_at(const Shape& shape, int position, const std::string& payload);
std::string value(const Shape& shape, const schema::Column& column);
// Subquery of all items of the table: group_id, ordinal, object_id, w (text[]: the stored text of
// the columns in `texts`, for 0 the text of the expression there), e1... (the expressions, which
// may name the table's columns).
std::string evaluated(const RestoreContext& restoring, const schema::Table& table,
                      const std::vector<std::string>& expressions, const std::vector<int>& texts);
// Columns whose text may not be readable as their type: (position, column).
std::vector<std::pair<int, const schema::Column*>> suspects(const Shape& shape);
// Conflicts from rows (object id, text[] of values, group, ordinal): alike but for those.
void append(std::vector<Conflict>& out, const Conflict& like, const schema::Result& rows);
// False for errors that say nothing about the rows: deadlocks, timeouts, a lost connection.
bool about_rows(const Error& error);
// The same of an error while rows go in: a trigger of theirs may lack a privilege. As another role
// than the service's that is for who asks to be told.
bool about_rows_or_triggers(const RestoreContext& restoring, const Error& error);

// insert.cpp: the shapes of each statement that inserts, in the order in which they go in.
using Shapes = std::vector<const Shape*>;
std::vector<Shapes> in_order(RestoreContext& restoring);
// All rows, in one round trip where nothing is in the way. last: what else goes with it; answers
// the result of the last.
schema::Result insert_all(RestoreContext& restoring, const std::vector<schema::Statement>& last);
// One step alone: one result, counting rows or with a count for each shape.
schema::Result insert_step(const RestoreContext& restoring, const Shapes& step);
// SQL: puts items of the shape, given as SQL, into its table; where: what stands behind them.
std::string insert_sql(const Shape& shape, const std::string& items, const std::string& where = "");
// Rows of one range; how many went in.
long long insert_one(const RestoreContext& restoring, const Shape& shape, const Range& range);

// companions.cpp: SQL: the row under the alias was made, or changed, by this transaction.
std::string made_here(const std::string& alias);
// What triggers made where the shape's items go gives way; how many of its rows became the items.
long long replace_made(RestoreContext& restoring, const Shape& shape);
// Runs the deferred triggers of the step's tables.
void fire_deferred(RestoreContext& restoring, const Shapes& step);
// Whether another attempt may do better than the one that failed so, and in which way.
bool try_otherwise(RestoreContext& restoring, const Error& failed);
// Rows that triggers made for restored ones, beside those that were captured, go again.
void remove_companions(RestoreContext& restoring);

// relink.cpp: set references back in rows that lie in the trash, then in live ones.
void relink_trashed(RestoreContext& restoring);
void relink_live(RestoreContext& restoring);
// A row that another delete took between those two lies in the trash by now.
void relink_taken_meanwhile(RestoreContext& restoring);

// cut_rows.cpp: what triggers changed beside references that are set back becomes as it was; what
// does not is `altered`.
void set_rows_back(RestoreContext& restoring);

// write_guard.cpp: whether triggers or rules of the database's users run, and which; those of the
// table first.
bool runs_code(const RestoreContext& restoring);
std::string code_at(const RestoreContext& restoring, const schema::Table& table);
// What has been written to the tables of items and links; its answer, row by row.
schema::Statement count_written(const RestoreContext& restoring);
WrittenBy written_in(const schema::Result& counted);
WrittenBy written_beside(const schema::Result& counted);  // of schema::written_sql()
void begin_watch(RestoreContext& restoring);
// Names may have moved while a statement waited: throws StaleCatalog where the rows of the
// attempt's own statements are not in the tables that they were meant for.
void check_places(const RestoreContext& restoring, const WrittenBy& now);
// Conflicts for what code of the database's users took away beside: whole tables; then rows too.
// What it made is `added`.
void refuse_harm(RestoreContext& restoring);
void judge(RestoreContext& restoring);

// verify.cpp: rows by identity can be compared only where the items hold its values.
bool comparable(const Shape& shape);
// SQL: the row t of the table is the item i of the shape, by the key.
std::string same_row(const Shape& shape);
// SQL, to stand right of a JOIN after the items i of the shape: that row t.
std::string its_row(const Shape& shape);
// SQL: the row t is that of which a query i tells `part` and `place`.
inline constexpr const char* kOfPlace =
    "t.tableoid OPERATOR(pg_catalog.=) i.part AND t.ctid OPERATOR(pg_catalog.=) i.place";
// set is given assignments, all together, as one that is refused keeps the others from being set;
// then each by itself. What the table does not let stays as it is.
using Set = std::function<void(const std::vector<std::string>& assignments)>;
void try_to_set(RestoreContext& restoring, const std::vector<std::string>& assignments,
                const Set& set);
// A conflict for each row that is not there. Then: what came back is what went in.
void find_absent(RestoreContext& restoring);
void verify(RestoreContext& restoring);

}  // namespace trashd::trash
