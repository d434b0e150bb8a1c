// Undoing what brought rows back: a delete takes them again, and what it took is put into the group
// and under the numbers that it had. The delete itself is the caller's, who may delete.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "schema/object_name.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/model/restored.hpp"
#include "trash/store/groups.hpp"

namespace trashd::schema {
class Catalog;
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

struct ChangedRow;
struct RestoreContext;

// undo_list.cpp: what undoing the restore of the group needs, to be kept behind its entry in the
// ledger and while its items are still there.
std::vector<schema::Statement> keep_for_undo(const RestoreContext& restoring,
                                             const GroupRow& group);

// The group's rows came back just as their items were kept; of many such groups, all of which have
// their entries of the same transaction.
bool came_back_plain(const RestoreContext& restoring, const GroupRow& group);
bool all_came_back_plain(const RestoreContext& restoring);  // whichever group it is
std::vector<schema::Statement> keep_many_for_undo(const RestoreContext& restoring,
                                                  const std::vector<GroupRow>& groups);

// An entry of the ledger whose rows are to go into the trash again. A copy's group is still there:
// its rows go into groups of their own.
struct Return {
    std::string entry;
    GroupRow group;
    bool copied = false;
    std::vector<long long> taken = {};  // ids of groups that deletes have made of its rows
};

class UndoRestore {
  public:
    UndoRestore(schema::Transaction& transaction, const schema::Catalog& catalog,
                const std::string& trash_schema, std::vector<Return> returns);

    // How many rows the entries brought back. Throws kGone where it is not known any more what one
    // of them did.
    long long size();
    // Throws ChangedSince where rows are not as they came back. Others may change them until they
    // are taken.
    void refuse_changed();
    // Of each return the first row that nothing has taken yet, by its key, in the order in which
    // they are to be taken; one may take others along.
    struct Row {
        Return* of;
        schema::Oid relation;
        schema::QualifiedName table;
        std::string id;
    };
    std::vector<Row> next();
    bool is_taken(const Row& row);
    // A delete has made the group of rows of the return.
    void took(Return& one, long long group);
    // What was taken becomes the groups' again. Throws ChangedSince where that is not just what had
    // come back, or where other rows refer to it than did then.
    void regroup();
    // Groups that hold such rows as they were taken: the deletes write the group's uuid into the
    // ledger, which it has to give away meanwhile.
    void lend_uuid(const Return& one);
    std::vector<Return>& returns() { return returns_; }

  private:
    void note_parts(const Return& one);
    void refuse_left_over();
    void recount(const Return& one);
    bool all_taken();
    bool other_links();
    bool as_came_back();
    void uncut();
    [[noreturn]] void refuse_others();
    [[noreturn]] static void refuse(std::vector<ChangedRow> rows);
    std::vector<schema::Oid> relations();
    std::vector<std::string> changed_in(const schema::Table& table);
    std::string kept_entries() const;
    std::vector<long long> taken_groups() const;
    schema::Result ask(const std::string& text, schema::Values values = {});

    schema::Transaction& transaction_;
    const schema::Catalog& catalog_;
    const std::string& trash_schema_;
    std::vector<Return> returns_;
    std::unordered_set<long long> made_;  // all that were taken
};

}  // namespace trashd::trash
