#include "cascade/plan.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

#include "cascade/cut_units.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/declared_reference.hpp"
#include "schema/identifier.hpp"

namespace trashd::cascade {
namespace {

using schema::Action;
using schema::Catalog;
using schema::Column;
using schema::ForeignKey;
using schema::Table;

std::string name_of(const Table& table) {
    return table.name.schema + "." + table.name.name;
}

// Why the columns cannot be set; empty: they can.
std::string kept_as_they_are(const Table& child, const ForeignKey& key, bool to_default) {
    for (int attnum : key.set_columns) {
        const Column* column = child.column(attnum);
        if (!column) continue;
        if (column->generated) return "the column " + column->name + " is generated";
        if (column->not_null && !(to_default && column->has_default))
            return "the column " + column->name + " is NOT NULL";
    }
    return "";
}

constexpr const char* kKeptOfUnkept =
    "its rows are kept in the trash, and those that they refer to go for good (trash = false)";

// Setting a column that others refer to would change or break their reference.
bool referred_to(const Catalog& catalog, const ForeignKey& key) {
    for (const ForeignKey* other : catalog.referrers(key.child)) {
        for (int attnum : other->parent_columns) {
            if (std::count(key.set_columns.begin(), key.set_columns.end(), attnum)) return true;
        }
    }
    return false;
}

OnDelete configured(const Policy& policy, const ForeignKey& key) {
    auto found = policy.find(key.oid);
    return found == policy.end() ? OnDelete::kDatabase : found->second;
}

Edge with(const ForeignKey& key, Effect effect, bool by_database, std::string reason) {
    Edge edge;
    edge.key = &key;
    edge.keys = {&key};
    edge.effect = effect;
    edge.by_database = by_database;
    edge.reason = std::move(reason);
    return edge;
}

// What the configuration declares, only the plan itself carries out.
Edge as_declared(const ForeignKey& key) {
    const std::string reason = "declared: " + std::string(schema::action_word(key.on_delete));
    switch (key.on_delete) {
        case Action::kCascade:
            return with(key, Effect::kCascade, false, reason);
        case Action::kSetNull:
            return with(key, Effect::kSetNull, false, reason);
        default:
            return with(key, Effect::kRestrict, false, reason);
    }
}

Edge by_database(const ForeignKey& key) {
    switch (key.on_delete) {
        case Action::kCascade:
            return with(key, Effect::kCascade, true, "ON DELETE CASCADE");
        case Action::kSetNull:
            return with(key, Effect::kSetNull, true, "ON DELETE SET NULL");
        case Action::kSetDefault:
            return with(key, Effect::kSetDefault, true, "ON DELETE SET DEFAULT");
        case Action::kRestrict:
            return with(key, Effect::kRestrict, true, "ON DELETE RESTRICT");
        case Action::kNoAction:
            break;
    }
    return with(key, Effect::kRestrict, true, "ON DELETE NO ACTION");
}

Edge asked_for(const Policy& policy, const ForeignKey& key) {
    switch (configured(policy, key)) {
        case OnDelete::kCascade:
            return with(key, Effect::kCascade, false, "configured: cascade");
        case OnDelete::kRestrict:
            return with(key, Effect::kRestrict, false, "configured: restrict");
        case OnDelete::kSetNull:
            return with(key, Effect::kSetNull, false, "configured: set-null");
        case OnDelete::kDatabase:
            break;
    }
    return key.declared ? as_declared(key) : by_database(key);
}

// Keys of single partitions, told apart by nothing but the partition: one look-up serves them all.
bool mean_the_same(const Edge& a, const Edge& b) {
    const auto meaning = [](const Edge& edge) {
        const ForeignKey& key = *edge.key;
        return std::tuple(edge.parent, key.child, key.child_part != 0, key.parent_part != 0,
                          std::tie(key.child_columns, key.parent_columns, key.set_columns),
                          std::tie(key.operators, edge.reason), edge.effect, edge.by_database,
                          key.indexed);
    };
    return (a.key->child_part != 0 || a.key->parent_part != 0) && meaning(a) == meaning(b);
}

// Tarjan's strongly connected components over the cascade edges, in reverse topological order.
class Components {
  public:
    explicit Components(const Plan& plan)
        : plan_(plan),
          index_(plan.nodes.size(), -1),
          low_(plan.nodes.size()),
          on_stack_(plan.nodes.size()) {
        for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
            if (index_[node] < 0) visit(static_cast<int>(node));
        }
    }
    std::vector<std::vector<int>> found;

  private:
    void visit(int node) {
        index_[node] = low_[node] = next_++;
        stack_.push_back(node);
        on_stack_[node] = true;
        for (const Edge& edge : plan_.edges) {
            if (edge.parent != node || edge.effect != Effect::kCascade) continue;
            if (index_[edge.child] < 0) {
                visit(edge.child);
                low_[node] = std::min(low_[node], low_[edge.child]);
            } else if (on_stack_[edge.child]) {
                low_[node] = std::min(low_[node], index_[edge.child]);
            }
        }
        if (low_[node] == index_[node]) pop(node);
    }

    void pop(int node) {
        std::vector<int> component;
        int top = -1;
        do {
            top = stack_.back();
            stack_.pop_back();
            on_stack_[top] = false;
            component.push_back(top);
        } while (top != node);
        std::sort(component.begin(), component.end());
        found.push_back(std::move(component));
    }

    const Plan& plan_;
    std::vector<int> index_, low_;
    std::vector<bool> on_stack_;
    std::vector<int> stack_;
    int next_ = 0;
};

bool self_edge(const Plan& plan, int node) {
    return std::any_of(plan.edges.begin(), plan.edges.end(), [&](const Edge& edge) {
        return edge.effect == Effect::kCascade && edge.parent == node && edge.child == node;
    });
}

// Numbers the nodes anew in step order, so that parents come first and node 0 is the root. What
// goes for good comes last: nothing that is kept hangs on it.
void put_in_order(Plan& plan) {
    Components components(plan);
    std::vector<int> place(plan.nodes.size());
    std::vector<Node> nodes;
    std::ranges::reverse(components.found);
    if (plan.root->kept)
        std::stable_partition(components.found.begin(), components.found.end(),
                              [&](const std::vector<int>& component) {
                                  return plan.nodes[component.front()].table->kept;
                              });
    for (const auto& component : components.found) {
        Step step;
        step.loop = component.size() > 1 || self_edge(plan, component.front());
        for (int old : component) {
            place[old] = static_cast<int>(nodes.size());
            step.nodes.push_back(place[old]);
            nodes.push_back(plan.nodes[old]);
            nodes.back().loop = step.loop;
        }
        plan.steps.push_back(step);
    }
    plan.nodes = std::move(nodes);
    for (Edge& edge : plan.edges) {
        edge.parent = place[edge.parent];
        if (edge.child >= 0) edge.child = place[edge.child];
    }
}

class Builder {
  public:
    Builder(const Catalog& catalog, const Policy& policy, Plan& plan)
        : catalog_(catalog), policy_(policy), plan_(plan) {}

    void grow() {
        node_of(*plan_.root);
        for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
            for (const ForeignKey* key : catalog_.referrers(plan_.nodes[node].table->oid)) {
                add(static_cast<int>(node), *key);
            }
        }
        for (Edge& edge : plan_.edges) {
            auto known = place_.find(edge.key->child);
            edge.child = known == place_.end() ? -1 : known->second;
        }
    }

  private:
    void add(int parent, const ForeignKey& key) {
        Edge edge = effect_of(catalog_, policy_, key, plan_.take_all);
        edge.parent = parent;
        if (edge.effect == Effect::kCascade) node_of(*catalog_.table(key.child));
        const auto same = std::ranges::find_if(
            plan_.edges, [&](const Edge& other) { return mean_the_same(edge, other); });
        if (same == plan_.edges.end())
            plan_.edges.push_back(std::move(edge));
        else
            same->keys.push_back(&key);
    }

    void node_of(const Table& table) {
        if (!place_.emplace(table.oid, static_cast<int>(plan_.nodes.size())).second) return;
        plan_.nodes.push_back({&table, false, {}});
    }

    const Catalog& catalog_;
    const Policy& policy_;
    Plan& plan_;
    std::map<schema::Oid, int> place_;
};

// What the role lacks, in one sentence for each table.
void refuse_without(Plan& plan, const Table& table, const std::vector<std::string>& rights) {
    if (rights.empty()) return;
    ++plan.missing_grants;
    std::string list;
    for (const std::string& right : rights) list += (list.empty() ? "" : ", ") + right;
    plan.refusals.push_back(
        "the service's role lacks " + list + " on " + name_of(table) + "; GRANT " + list + " ON " +
        schema::quoted(table.name) + " to it" +
        (&table == plan.root ? "" : ", or configure the foreign key to restrict"));
}

// Of a table in a publication PostgreSQL itself refuses deletes and updates that it could not tell
// subscribers of.
void refuse_unnamed(Plan& plan, const Table& table, bool taken) {
    if (!(taken ? table.deletes_unnamed : table.updates_unnamed)) return;
    plan.refusals.push_back("the table " + name_of(table) +
                            " is in a publication and has no replica identity; ALTER TABLE " +
                            schema::quoted(table.name) +
                            " REPLICA IDENTITY FULL, or give it a primary key");
}

void check_table(Plan& plan, const Table& table, bool taken) {
    refuse_unnamed(plan, table, taken);
    std::vector<std::string> rights;
    if (!table.can_select) rights.push_back("SELECT");
    if (taken && table.kept && !table.can_insert) rights.push_back("INSERT");
    if (!table.can_update) rights.push_back("UPDATE");
    if (taken && !table.can_delete) rights.push_back("DELETE");
    refuse_without(plan, table, rights);
    if (table.row_security) {
        plan.refusals.push_back("row-level security may hide rows of " + name_of(table) +
                                " from the service's role; make the role a member of the table's "
                                "owner or give it BYPASSRLS");
    }
}

void check_nodes(Plan& plan) {
    for (const Node& node : plan.nodes) {
        check_table(plan, *node.table, true);
        if (node.loop && node.table->kept && node.table->insert_rules) {
            plan.refusals.push_back("rewrite rules on " + name_of(*node.table) +
                                    " would divert its rows on "
                                    "their way back; drop the rules");
        }
        if (node.loop && node.table->identity.empty()) {
            plan.refusals.push_back(name_of(*node.table) +
                                    " refers to itself but has no primary "
                                    "key or NOT NULL unique key; add one");
        }
    }
    if (plan.root->rules) {
        plan.refusals.push_back("rewrite rules on " + name_of(*plan.root) +
                                " would divert its rows; drop the rules");
    }
}

// The columns that two references share cannot be set to NULL by one and to the default by the
// other.
void refuse_shared_default(Plan& plan, const Edge& edge) {
    const ForeignKey& key = *edge.key;
    if (edge.effect != Effect::kSetDefault) return;
    for (const Edge& other : plan.edges) {
        if (!sets(other) || other.key == edge.key || other.key->child != key.child) continue;
        if (apart(edge, other)) continue;
        const bool shared = std::ranges::any_of(other.key->child_columns, [&](int attnum) {
            return std::ranges::count(key.child_columns, attnum) > 0;
        });
        if (!shared) continue;
        plan.refusals.push_back("the foreign key " + key.name +
                                " sets columns to their default that " + other.key->name +
                                " sets too; configure one of them to restrict");
    }
}

void refuse_kept_below(Plan& plan, const Edge& edge, const Table& parent, const Table& child) {
    if (edge.effect != Effect::kCascade || parent.kept || !child.kept) return;
    plan.refusals.push_back(kept_below(parent, child, edge.key->name));
}

void refuse_shared_column(Plan& plan, const Table& child) {
    plan.refusals.push_back("foreign keys of " + name_of(child) +
                            " share a column, and only one of them refers to rows that are kept "
                            "in the trash; configure one of them to restrict");
}

// Of a row in which both are cut one reference would come back and the other not.
void refuse_mixed_cuts(const Catalog& catalog, Plan& plan) {
    for (const Unit& unit : units_of(catalog, plan)) {
        const auto gone =
            std::ranges::count_if(unit.edges, [&](const Edge* edge) { return plan.drops(*edge); });
        if (gone > 0 && gone < static_cast<std::ptrdiff_t>(unit.edges.size()))
            refuse_shared_column(plan, *unit.table);
    }
}

// A row that is cut before it is taken would not be found by the columns that were cut.
void refuse_cut_ways(Plan& plan) {
    for (const Edge& edge : plan.edges) {
        if (!sets(edge) || !plan.strands(edge)) continue;
        const Node& node = plan.nodes[static_cast<std::size_t>(edge.child)];
        const bool shared = std::ranges::any_of(node.in, [&](int way) {
            const auto& columns = plan.edges[static_cast<std::size_t>(way)].key->child_columns;
            return std::ranges::any_of(edge.key->set_columns, [&](int attnum) {
                return std::ranges::count(columns, attnum) > 0;
            });
        });
        if (shared) refuse_shared_column(plan, *node.table);
    }
}

void check_declared(const Catalog& catalog, Plan& plan) {
    for (const auto& broken : catalog.broken())
        for (const Node& node : plan.nodes)
            if (node.table->name == broken.parent)
                plan.refusals.push_back("the reference " + broken.name + " of " +
                                        broken.child.schema + "." + broken.child.name +
                                        " cannot be followed: " + broken.why +
                                        "; change the configuration");
}

void check_edges(const Catalog& catalog, Plan& plan) {
    std::set<schema::Oid> set_in;
    for (const Edge& edge : plan.edges) {
        const Table& parent = *plan.nodes[edge.parent].table;
        const Table& child = *catalog.table(edge.key->child);
        if (sets(edge) && set_in.insert(child.oid).second) check_table(plan, child, false);
        refuse_shared_default(plan, edge);
        refuse_kept_below(plan, edge, parent, child);
        if (edge.effect == Effect::kRestrict && !edge.by_database) {
            if (!child.can_select) refuse_without(plan, child, {"SELECT"});
        }
        for (int attnum : edge.key->parent_columns) {
            const Column* column = parent.column(attnum);
            if (!column || !column->array) continue;
            plan.refusals.push_back("the foreign key " + edge.key->name +
                                    " refers to an array column; configure it to restrict");
        }
    }
}

}  // namespace

std::string kept_below(const Table& parent, const Table& child, const std::string& key) {
    const auto of = name_of(child);
    return "rows of " + of + " are kept in the trash, and by " + key + " they go with rows of " +
           name_of(parent) + ", which are not: trash = false; say trash = false of " + of +
           " as well, or on_delete = {" + key + " = \"restrict\"}";
}

bool Plan::drops(int node) const {
    return root->kept && !nodes[static_cast<std::size_t>(node)].table->kept;
}

int Plan::kept_nodes() const {
    int kept = 0;
    while (kept < static_cast<int>(nodes.size()) && !drops(kept)) ++kept;
    return kept;
}

bool Plan::strands(const Edge& edge) const {
    return drops(edge) && edge.child >= 0 && !drops(edge.child);
}

bool apart(const Edge& a, const Edge& b) {
    const auto leaves = [](const Edge& edge) {
        std::set<schema::Oid> all;
        for (const ForeignKey* key : edge.keys)
            all.insert(key->child_leaves.begin(), key->child_leaves.end());
        return all;
    };
    if (a.key->child_part == 0 || b.key->child_part == 0) return false;
    const auto those = leaves(b);
    return std::ranges::none_of(leaves(a), [&](auto oid) { return those.contains(oid); });
}

Edge effect_of(const Catalog& catalog, const Policy& policy, const ForeignKey& key, bool take_all) {
    Edge edge = asked_for(policy, key);
    const Table& child = *catalog.table(key.child);
    if (sets(edge)) {
        auto why = kept_as_they_are(child, key, edge.effect == Effect::kSetDefault);
        if (why.empty() && referred_to(catalog, key))
            why = "others refer to the column that would be set";
        if (!why.empty()) edge = with(key, Effect::kRestrict, false, edge.reason + ", but " + why);
    }
    if (take_all && edge.effect == Effect::kRestrict) {
        edge = child.kept && !catalog.table(key.parent)->kept
                   ? with(key, Effect::kRestrict, false, kKeptOfUnkept)
                   : with(key, Effect::kCascade, false, "cascade=true");
    }
    if (child.rules && edge.effect != Effect::kRestrict) {
        edge =
            with(key, Effect::kRestrict, false,
                 "rewrite rules on " + name_of(child) + " would divert its rows; drop the rules");
    }
    return edge;
}

namespace {

// What stays behind would be refused by the database; what goes along would come back alone.
void refuse_stranding(Plan& plan) {
    for (Edge& edge : plan.edges) {
        if (edge.effect != Effect::kRestrict || !plan.strands(edge)) continue;
        edge.by_database = false;
        edge.reason = kKeptOfUnkept;
    }
}

}  // namespace

Plan make_plan(const Catalog& catalog, const Table& root, const Policy& policy, bool take_all) {
    Plan plan;
    plan.root = &root;
    plan.take_all = take_all;
    Builder(catalog, policy, plan).grow();
    put_in_order(plan);
    for (std::size_t edge = 0; edge < plan.edges.size(); ++edge) {
        if (plan.edges[edge].effect != Effect::kCascade) continue;
        plan.nodes[plan.edges[edge].child].in.push_back(static_cast<int>(edge));
    }
    refuse_stranding(plan);
    check_nodes(plan);
    check_edges(catalog, plan);
    refuse_mixed_cuts(catalog, plan);
    refuse_cut_ways(plan);
    check_declared(catalog, plan);
    return plan;
}

std::vector<std::vector<const Table*>> insert_order(const Catalog& catalog,
                                                    const std::vector<const Table*>& tables) {
    Plan plan;
    std::map<schema::Oid, int> place;
    for (const Table* table : tables) {
        if (place.emplace(table->oid, static_cast<int>(plan.nodes.size())).second) {
            plan.nodes.push_back({table, false, {}});
        }
    }
    for (const auto& [oid, node] : place) {
        for (const ForeignKey* key : catalog.referrers(oid)) {
            auto child = place.find(key->child);
            if (child == place.end()) continue;
            Edge edge = with(*key, Effect::kCascade, true, "");
            edge.parent = node;
            edge.child = child->second;
            plan.edges.push_back(std::move(edge));
        }
    }
    std::vector<std::vector<const Table*>> order;
    Components components(plan);
    for (auto it = components.found.rbegin(); it != components.found.rend(); ++it) {
        order.emplace_back();
        for (int node : *it) order.back().push_back(plan.nodes[node].table);
    }
    return order;
}

}  // namespace trashd::cascade
