// The parts of the functions that functions.cpp puts together, in the order in which they run:
// CollectSql finds and locks the rows, UnlinkSql records and sets references, DeleteSql deletes,
// captures and proves. Each gives PL/pgSQL text; the variables that they share are declared by
// functions.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cascade/cut_units.hpp"
#include "cascade/functions.hpp"
#include "cascade/plan.hpp"
#include "cascade/predicates.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/text.hpp"

namespace trashd::cascade {

std::string array_of(const std::vector<std::string>& elements, const std::string& type);
std::string raise(std::string_view code, const std::string& message);
// The same with a message that an SQL expression gives.
std::string raise_expression(std::string_view code, const std::string& message);
// That the users' types are those of the plan, and " AND "; empty: there are none.
std::string same_types(const Names& names);
// Tables that are held still: those of the nodes and those in which references are set, by oid.
std::vector<schema::Oid> locked_tables(const schema::Catalog& catalog, const Plan& plan);
// A row of the root is deleted and captured in one statement, where nothing else is asked for.
bool one_row_alone(const schema::Catalog& catalog, const Plan& plan);
// Whether values in the node's rows hold oids, whose names are noted.
bool holds_oids(const Node& node);
// The plan's tenant column in the table; nullptr: there is none, or none is meant.
const schema::Column* tenant_column_of(const Plan& plan, const schema::Table& table);
// SQL to append to a condition on rows t of the table: they are the tenant's.
std::string and_of_tenant(const Plan& plan, const schema::Table& table);
// A statement that raises TD403 where a row t of the table that meets the condition is another
// tenant's.
std::string refuse_crossing(const Plan& plan, const schema::Table& table, const std::string& where);

class CollectSql {
  public:
    CollectSql(const schema::Catalog& catalog, const Plan& plan, bool for_impact)
        : plan_(plan), for_impact_(for_impact), is_(catalog, plan, for_impact) {}

    std::string declarations() const;
    // The condition that a row t is the one that the key names, SQL of its text[].
    std::string is_named(const std::string& key = "_key") const;
    std::string take_root() const;
    std::string refuse_other_version() const;
    // All of the roots that are there; keys: SQL text[] of key arrays written as text.
    std::string take_roots(const std::string& keys) const;
    std::string collect() const;
    // Only as far as rows of the root's own table can be.
    std::string collect_roots_loop() const;
    std::string forget() const;
    // The rows known so far are more than _most: counts what no key is collected of.
    std::string refuse_more() const;
    const Predicates& predicates() const { return is_; }

  private:
    std::string select_keys(int node, const std::string& where) const;
    std::string select_children(const Edge& edge, const std::string& set,
                                const std::string& where) const;
    std::string append(int node, const std::string& to) const;
    std::string collect_once(int node) const;
    std::string collect_loop(const Step& step) const;
    std::string counted_to_most(int node) const;
    std::string initial(int node, const Step& step) const;
    std::string round(int node, const Step& step, bool single) const;
    bool inside(int edge, const Step& step) const;
    std::string assign(int node, const std::string& to, const std::string& from) const;

    const Plan& plan_;
    bool for_impact_;
    Predicates is_;
};

class UnlinkSql {
  public:
    UnlinkSql(const schema::Catalog& catalog, const Plan& plan, const Names& names,
              const Predicates& is)
        : catalog_(catalog), plan_(plan), names_(names), is_(is) {}

    std::string refuse_configured() const;
    std::string cut_references() const;
    // Of declared references no constraint refuses rows that came since they were looked for.
    std::string refuse_late() const;
    std::string left_rows() const;

  private:
    std::string hit(const Unit& unit) const;
    std::string cut(const Unit& unit) const;
    std::string insert_links(const Unit& unit) const;
    std::string update(const Unit& unit) const;
    std::string own(const schema::Table& table, const std::string& statement,
                    schema::Values more = {}) const;
    std::string set_list(const Unit& unit) const;

    const schema::Catalog& catalog_;
    const Plan& plan_;
    const Names& names_;
    const Predicates& is_;
};

// What follows once every key is known and locked.
class DeleteSql {
  public:
    DeleteSql(const schema::Catalog& catalog, const Plan& plan, const Names& names,
              const Predicates& is)
        : catalog_(catalog), plan_(plan), names_(names), is_(is) {}

    // The whole delete of a row that nothing refers to, where it is that simple: named is the
    // condition that picks it. What it does not take is for the statements behind it to find out.
    std::string take_alone(const std::string& named) const;
    // The same of many rows, each for who asks for it: named is the condition that q, a row of
    // take_together()'s own, picks it.
    std::string take_together(const std::string& named) const;
    std::string next_group() const;
    // Tells triggers, in settings, what happens, and looks at what they could change.
    std::string watch_others() const;
    // int8[]: pairs of a table's oid and how many rows code of the users has put into it.
    std::string written_elsewhere() const;
    // Of what is given: how many rows the group has, or went for good as the whole was to.
    std::string size() const;
    // Raises TD404 where the root is hidden from the role.
    std::string see_root() const;
    std::string take() const;
    std::string prove() const;
    std::string record() const;
    std::string note_oids() const;  // what oids in values are called; empty: there are none

  private:
    std::vector<std::string> deleted_so_far() const;
    std::string in_other_tables(const std::string& made) const;
    std::string tell_triggers() const;
    std::string refuse_other_role() const;
    std::string refuse_harm() const;
    std::string refuse_traces() const;
    std::string refuse_elsewhere() const;
    // Of what the deletes give: SELECTs of all rows, of those that become items, of the others.
    struct Taken {
        std::string all = {}, items = {}, others = {};
    };
    // The deletes, as CTEs.
    std::vector<std::string> deletes(Taken& taken) const;
    std::string one_delete(int node, const std::string& name, const std::string& where) const;
    std::string crossing() const;
    bool drops_any() const;
    bool is_item(int node) const;
    bool nothing_asked_of(int node) const;
    std::string refuse_held() const;
    std::string kept_size() const;
    std::string kept_counts() const;
    std::string ordinal() const;
    std::string insert_kept(const Taken& taken) const;
    std::string count_taken(const std::string& taken, const std::string& items = "") const;
    std::string refuse_foreign(bool hard) const;
    std::string vetoed(int node) const;
    std::string all_of(int node) const;
    std::string become_asker() const;
    std::string become_service() const;
    std::string deferred_as_asker() const;
    std::string count_wanted() const;
    std::string expect_wanted() const;
    bool alone() const;
    std::string unchanged() const;
    std::string own(const std::string& statement, schema::Values more = {}) const;
    const std::string& insert_items() const;
    std::string object_of_root() const;
    std::string record_group() const;
    std::string record_entry() const;
    std::string record_dropped() const;

    const schema::Catalog& catalog_;
    const Plan& plan_;
    const Names& names_;
    const Predicates& is_;
};

}  // namespace trashd::cascade
