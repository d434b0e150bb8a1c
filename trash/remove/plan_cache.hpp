// A plan with its two functions in the trash schema: made once per table, kind of delete and
// catalog.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "cascade/plan.hpp"

namespace trashd::schema {
class Catalog;
class Pool;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// What the configuration says of a catalog's foreign keys.
using PolicyOf = std::function<cascade::Policy(const schema::Catalog&)>;

struct CompiledPlan {
    std::shared_ptr<const schema::Catalog> catalog;  // the plan points into it
    cascade::Plan plan;
    bool as_role = false;
    bool foreign_code = false;  // may run when it moves
    bool cuts = false;          // may set references to null or a default
    // Only trying tells whether it goes well: triggers run, rules divert what the database does, or
    // a table may refuse that references in it are cut.
    bool interferes = false;
    // Quoted names of the functions; owners and batch only where they can be. look: move, where
    // rows that go for good must be looked at before; empty: none do with what is kept.
    std::string move, look, impact, owners, batch;
};

struct PlanQuery {
    const PolicyOf& policy;
    bool take_all = false;
    std::string tenant_column;  // empty: rows of all tenants
    bool as_role = false;       // as the role of the setting trashd.role
};

class PlanCache {
  public:
    explicit PlanCache(std::string trash_schema) : trash_schema_(std::move(trash_schema)) {}
    // Makes shape rows and functions where they are missing, in a transaction of its own.
    std::shared_ptr<const CompiledPlan> get(schema::Pool& pool,
                                            std::shared_ptr<const schema::Catalog> catalog,
                                            const schema::Table& table, const PlanQuery& asked);
    // Forgets the plan, so that its functions are made again.
    void forget(const CompiledPlan& compiled);

  private:
    std::shared_ptr<const CompiledPlan> make(schema::Pool& pool,
                                             std::shared_ptr<const schema::Catalog> catalog,
                                             const schema::Table& table, const PlanQuery& asked);

    std::string trash_schema_;
    // The functions that earlier processes left were looked through; later each table's own are.
    std::atomic<bool> looked_through_ = false;
    std::mutex mutex_;
    std::map<std::tuple<schema::Oid, bool, std::string, bool>, std::shared_ptr<const CompiledPlan>>
        plans_;
};

}  // namespace trashd::trash
