// What a delete would do, counted by the plan's own function, so that a dry run cannot speak of
// other rows than the delete takes.
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/sqlstate.hpp"
#include "trash/model/errors.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/restore/restore.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::QualifiedName;
using schema::Result;

void add_line(Impact& impact, const CompiledPlan& plan, const Result& found, int row) {
    const std::string_view kind = found.text(row, 0);
    const auto place = static_cast<std::size_t>(found.integer(row, 1));
    const auto part = static_cast<std::size_t>(found.integer(row, 2));
    const long long count = found.integer(row, 3);
    if (kind == "trash") {
        impact.lines.push_back(line_of(plan, place, count));
        impact.total += count;
        return;
    }
    const cascade::Edge& edge = plan.plan.edges[place];
    const schema::ForeignKey& key = *edge.keys.at(part);
    const QualifiedName& child = plan.catalog->table(key.child)->name;
    if (kind == "set") {
        impact.lines.push_back(
            {child, edge.effect == cascade::Effect::kSetNull ? "set-null" : "set-default", count,
             key.name + ": " + edge.reason});
        return;
    }
    Blocker blocker{child, key.name, count, {}, {}};
    if (!edge.by_database) blocker.reason = edge.reason;
    for (const Param& one : schema::parse_array(found.text(row, 4)))
        blocker.ids.push_back(one.value_or(""));
    impact.blockers.push_back(std::move(blocker));
}

}  // namespace

ImpactLine line_of(const CompiledPlan& plan, std::size_t place, long long count) {
    const cascade::Node& node = plan.plan.nodes[place];
    const cascade::Edge* edge = node.in.empty() ? nullptr : &plan.plan.edges[node.in.front()];
    return {node.table->name, node.table->kept ? "trash" : "delete", count,
            edge && place > 0 ? edge->key->name + ": " + edge->reason : "named"};
}

Impact read_impact(schema::Connection& connection, const CompiledPlan& plan,
                   const std::vector<Param>& keys) {
    Impact impact;
    impact.table = plan.plan.root->name;
    if (keys.empty()) return impact;
    try {
        const Result found = connection.exec("SELECT _kind, _place, _part, _amount, _ids FROM " +
                                                 plan.impact + "($1::pg_catalog.text[])",
                                             {schema::array_literal(keys)});
        for (int row = 0; row < found.rows(); ++row) add_line(impact, plan, found, row);
    } catch (const Error& error) {
        explain_refusal(error);
        throw;
    }
    return impact;
}

void throw_blocked(Impact impact, bool take_all) {
    const char* const why =
        take_all ? "other rows refer to this object and cannot be taken along; each of dependents "
                   "says why"
                 : "other rows refer to this object; delete them first, or take them along with "
                   "cascade=true";
    throw Blocked(why, std::move(impact));
}

Impact Trash::Impl::impact_of(const CompiledPlan& plan, const std::vector<std::string>& id) {
    return reading([&](Items& items, const schema::Catalog&) {
        const std::string canonical = items.canonical(*plan.plan.root, id);
        Impact impact =
            read_impact(items.connection(), plan, {schema::array_literal(params_of(id))});
        impact.id = canonical;
        return impact;
    });
}

Impact Trash::impact(const QualifiedName& wanted, const std::vector<std::string>& id,
                     bool cascade) {
    auto explain = [](const CompiledPlan&, const Error& error) {
        if (error.is(sqlstate::kNoSuchRow)) throw Error(Code::kNotFound, "there is no such object");
        // with who changes several of the tables
        return error.is(sqlstate::kDeadlockDetected);
    };
    return impl_->with_plan(
        {wanted, cascade}, [&](const CompiledPlan& plan) { return impl_->impact_of(plan, id); },
        explain);
}

}  // namespace trashd::trash
