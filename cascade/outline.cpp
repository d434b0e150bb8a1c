#include "cascade/outline.hpp"

#include <algorithm>

#include "cascade/plan.hpp"
#include "cascade/statements.hpp"
#include "schema/catalog/catalog.hpp"

namespace trashd::cascade {
namespace {

using schema::Catalog;

// Follows the order of move_function_sql().
class Outline {
  public:
    Outline(const Catalog& catalog, const Plan& plan)
        : catalog_(catalog), plan_(plan), is_(catalog, plan, false) {}

    std::vector<Stage> all() {
        hold();
        add({Act::kLock, plan_.root->name, {}, "FOR UPDATE", "the row that is asked for"});
        for (const Step& step : plan_.steps) collect(step);
        refuse(false);
        set();
        for (int node = 0; node < static_cast<int>(plan_.nodes.size()); ++node) take(node);
        refuse(true);
        return std::move(stages_);
    }

  private:
    void add(Stage stage) { stages_.push_back(std::move(stage)); }
    void add(Act act, const Edge& edge, const std::string& lock, const std::string& more = "") {
        std::vector<std::string> keys;
        for (const schema::ForeignKey* key : edge.keys) keys.push_back(key->name);
        add({act, catalog_.table(edge.key->child)->name, keys, lock, edge.reason + more});
    }
    void hold() {
        for (const schema::Oid oid : locked_tables(catalog_, plan_))
            add({Act::kHold,
                 catalog_.table(oid)->name,
                 {},
                 "ROW EXCLUSIVE",
                 "no foreign key comes meanwhile"});
        if (one_row_alone(catalog_, plan_) && plan_.root->kept)
            add({Act::kTakeAlone,
                 plan_.root->name,
                 {},
                 "DELETE",
                 "nothing refers to it: one statement, unless a version or hard is asked for"});
    }
    void collect(const Step& step) {
        if (step.loop) return collect_loop(step);
        const int node = step.nodes[0];
        if (node == 0 || !is_.collected(node)) return;
        for (const int edge : plan_.nodes[node].in) add(Act::kLock, plan_.edges[edge], kLocked);
    }
    void collect_loop(const Step& step) {
        for (const bool again : {false, true})
            for (const int node : step.nodes)
                for (const int at : plan_.nodes[node].in) {
                    const Edge& edge = plan_.edges[at];
                    const bool inside = std::ranges::count(step.nodes, edge.parent) > 0;
                    if (inside == again)
                        add(Act::kLock, edge, kLocked, again ? ", until no row is new" : "");
                }
    }
    // What the database judges it judges in the end.
    void refuse(bool by_database) {
        for (const Edge& edge : plan_.edges)
            if (edge.effect == Effect::kRestrict && edge.by_database == by_database)
                add(Act::kRefuse, edge, "");
    }
    void set() {
        for (const Unit& unit : units_of(catalog_, plan_))
            for (const Edge* edge : unit.edges)
                add(edge->effect == Effect::kSetNull ? Act::kSetNull : Act::kSetDefault, *edge,
                    "FOR NO KEY UPDATE");
    }
    void take(int node) {
        const Node& from = plan_.nodes[node];
        const bool locked = is_.collected(node);
        const auto act = from.table->kept ? Act::kTake : Act::kDelete;
        if (node == 0 || (locked && !from.table->identity.empty()))
            return add({act, from.table->name, {}, "", "what was locked"});
        for (const int edge : from.in) add(act, plan_.edges[edge], locked ? "" : "DELETE");
    }

    static constexpr const char* kLocked = "FOR UPDATE";

    const Catalog& catalog_;
    const Plan& plan_;
    const Predicates is_;
    std::vector<Stage> stages_;
};

}  // namespace

std::vector<Stage> outline(const Catalog& catalog, const Plan& plan) {
    return Outline(catalog, plan).all();
}

}  // namespace trashd::cascade
