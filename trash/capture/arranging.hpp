// Making what captures deletes as the tables want it that are asked for: entries, functions,
// triggers.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema/object_name.hpp"
#include "schema/session/result.hpp"
#include "schema/text.hpp"
#include "trash/capture/capture_sql.hpp"

namespace trashd::schema {
class Catalog;
struct Table;
class Transaction;
}  // namespace trashd::schema

namespace trashd::trash {

class Trash;

// By whom each table is asked for; empty: because of another.
using Asked = std::map<schema::QualifiedName, std::string>;

// The tables that inherit from each, partitions left out: a statement that names it reaches their
// rows.
using Heirs = std::multimap<schema::Oid, schema::Oid>;

// In a transaction that holds LockKey::kFunctions.
class Arranging {
  public:
    // triggers: their statements are put there instead of being run, where that is not null.
    Arranging(schema::Transaction& transaction, const Trash& trash, const schema::Catalog& catalog,
              std::vector<std::string>* triggers);

    // By which tables are captured now.
    Asked asked();
    // Makes it so; gives at how many tables something was changed. again: triggers that were
    // switched off are switched on.
    int arrange(const Asked& wanted, bool again);

  private:
    schema::Result exec(const std::string& text, const schema::Values& values = {},
                        const std::vector<schema::Param>& params = {});
    std::string bearers() const;
    void follow_renames();
    Heirs heirs();
    std::string same_types(const schema::Table& table) const;
    void enter_tables(const Asked& wanted);
    void enter_keys();
    void leave_others();
    void drop_function(const std::string& name);
    bool has_function(const std::string& name);
    void make_stub(const std::string& name, const std::string& unquoted);
    bool make_triggers(const std::string& function, const std::string& relation,
                       const std::string& trigger, const std::string& statement, bool changed);
    std::vector<std::string> relations_of(const schema::Table& table);
    bool of_other_level(const std::string& relation, bool by_row);
    bool arrange_table(CapturedTable& captured, const CaptureSql& sql);
    bool arrange_key(const CapturedKey& key, const CaptureSql& sql);

    schema::Transaction& transaction_;
    const Trash& trash_;
    const std::string& schema_;
    const schema::Catalog& catalog_;
    std::vector<std::string>* triggers_;
    bool again_ = false;
    std::vector<CapturedTable> tables_;
    std::vector<CapturedKey> keys_;
    std::set<schema::QualifiedName> changed_;
};

}  // namespace trashd::trash
