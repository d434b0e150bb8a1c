// $metadata: what a client can know of a resource before it deletes anything: columns, keys, and
// what a delete would do at each reference.
#include <algorithm>

#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/pages/pages.hpp"

namespace trashd::service {

namespace {

using schema::ForeignKey;
using schema::Table;

// Of rows of the table, by an edge with the effect.
std::string action_name(cascade::Effect effect, const Table& table) {
    switch (effect) {
        case cascade::Effect::kCascade:
            return table.kept ? "trash" : "delete";
        case cascade::Effect::kSetNull:
            return "set-null";
        case cascade::Effect::kSetDefault:
            return "set-default";
        case cascade::Effect::kRestrict:
            break;
    }
    return "refuse";
}

void write_columns(JsonWriter& out, const Table& table) {
    out.StartArray();
    for (const auto& column : table.columns) {
        if (column.hidden) continue;
        out.StartObject();
        out.key("name").text(column.name);
        out.key("type").text(column.type);
        out.key("nullable").Bool(!column.not_null);
        out.key("default").Bool(column.has_default);
        out.key("generated").Bool(column.generated);
        out.key("identity")
            .text_or_null(column.identity.empty() ? std::optional<std::string>() : column.identity);
        out.EndObject();
    }
    out.EndArray();
}

void write_names(JsonWriter& out, const Table& table, const std::vector<int>& attnums) {
    out.StartArray();
    for (int attnum : attnums) out.text(table.column(attnum)->name);
    out.EndArray();
}

bool is_shown(const Table& table, const schema::UniqueIndex& unique) {
    return std::ranges::none_of(
        unique.attnums, [&](int attnum) { return attnum != 0 && table.column(attnum)->hidden; });
}

void write_uniques(JsonWriter& out, const Table& table) {
    out.StartArray();
    for (const auto& unique : table.uniques) {
        if (unique.name == table.key_name || !is_shown(table, unique)) continue;
        out.StartObject();
        out.key("constraint").text(unique.name);
        out.key("columns").StartArray();
        for (std::size_t i = 0; i < unique.attnums.size(); ++i)
            out.text(unique.attnums[i] ? table.column(unique.attnums[i])->name
                                       : unique.expressions[i]);
        out.EndArray();
        if (!unique.predicate.empty()) out.key("where").text(unique.predicate);
        out.EndObject();
    }
    out.EndArray();
}

// Writes what deletes mean, as the plans say it that they are made by.
class Writer {
  public:
    Writer(JsonWriter& out, const Context& context)
        : out_(out),
          resources_(*context.resources),
          catalog_(*resources_.catalog()),
          policy_(make_policy(catalog_, *context.config, faults_)) {}

    using Keys = std::vector<const ForeignKey*>;

    // other: the table at the other end.
    void keys(const Keys& enforced, const Keys& unenforced, schema::Oid ForeignKey::*other) {
        out_.StartArray();
        for (const auto* key : enforced) one_key(*key, key->*other);
        for (const auto* key : unenforced) one_key(*key, key->*other);
        out_.EndArray();
    }

    void plan(const Table& root, bool take_all) {
        const auto plan = cascade::make_plan(catalog_, root, policy_, take_all);
        out_.StartObject();
        out_.key("takes").StartArray();
        for (const auto& node : plan.nodes) out_.text(resources_.path_of(node.table->name));
        out_.EndArray();
        out_.key("effects").StartArray();
        for (const auto& edge : plan.edges)
            for (const auto* key : edge.keys) edge_of(plan, edge, *key);
        out_.EndArray();
        out_.key("refusals").StartArray();
        for (const auto& refusal : plan.refusals) out_.text(refusal);
        out_.EndArray();
        out_.EndObject();
    }

  private:
    std::string path_of(schema::Oid table) const {
        return resources_.path_of(catalog_.table(table)->name);
    }

    void one_key(const ForeignKey& key, schema::Oid other) {
        out_.StartObject();
        out_.key("constraint").text(key.name);
        write_names(out_.key("columns"), *catalog_.table(key.child), key.child_columns);
        out_.key("resource").text(path_of(other));
        write_names(out_.key("referencedColumns"), *catalog_.table(key.parent), key.parent_columns);
        out_.key("indexed").Bool(key.indexed);
        out_.key("enforced").Bool(key.enforced);
        out_.key("period").Bool(key.period);
        out_.key("declared").Bool(key.declared);
        if (!key.where.empty()) out_.key("where").text(key.where);
        out_.key("onDelete").StartObject();
        if (key.enforced)
            effect(cascade::effect_of(catalog_, policy_, key, false));
        else
            no_effect();
        out_.EndObject();
        out_.EndObject();
    }

    void no_effect() {
        out_.key("action").text("none");
        out_.key("reason").text("the foreign key is NOT ENFORCED: deletes leave its rows alone");
    }

    void effect(const cascade::Edge& edge) {
        out_.key("action").text(action_name(edge.effect, *catalog_.table(edge.key->child)));
        out_.key("reason").text(edge.reason);
    }

    void edge_of(const cascade::Plan& plan, const cascade::Edge& edge, const ForeignKey& key) {
        out_.StartObject();
        out_.key("constraint").text(key.name);
        out_.key("resource").text(path_of(key.child));
        out_.key("references").text(resources_.path_of(plan.nodes[edge.parent].table->name));
        out_.key("indexed").Bool(key.indexed);
        effect(edge);
        out_.EndObject();
    }

    JsonWriter& out_;
    const Resources& resources_;
    const schema::Catalog& catalog_;
    std::vector<std::string> faults_;
    const cascade::Policy policy_;
};

// As far as they are shown.
std::vector<int> omitted_of(const Table& table) {
    std::vector<int> attnums;
    for (const auto& column : table.columns)
        if (column.omitted && !column.hidden) attnums.push_back(column.attnum);
    return attnums;
}

void write_resource(JsonWriter& out, const Resource& resource) {
    const auto& table = *resource.table;
    const auto path = encode_path(resource.path);
    out.key("resource").text(path);
    out.key("href").text("/v1/" + path);
    out.key("table").text(table.name.schema + "." + table.name.name);
    out.key("class").text(resource.class_name);
    out.key("display").text_or_null(display_column(resource));
    out.key("confirm").Bool(resource.confirm);
    out.key("requireReason").Bool(resource.require_reason);
    write_names(out.key("key"), table, table.identity);
    out.key("keyConstraint").text(table.key_name);
    write_columns(out.key("columns"), table);
    write_uniques(out.key("unique"), table);
    if (!table.kept) out.key("trash").Bool(false);
    const auto omitted = omitted_of(table);
    if (!omitted.empty()) write_names(out.key("omit"), table, omitted);
}

}  // namespace

Response describe_resource(const Request& request, const Caller&, const Context& context) {
    request.target.query.only({});
    const auto& table = *request.resource->table;
    const auto& catalog = *context.resources->catalog();
    JsonWriter out;
    out.StartObject();
    write_resource(out, *request.resource);
    Writer writer(out, context);
    out.key("references");
    writer.keys(catalog.references(table.oid), catalog.unenforced_references(table.oid),
                &ForeignKey::parent);
    out.key("referrers");
    writer.keys(catalog.referrers(table.oid), catalog.unenforced_referrers(table.oid),
                &ForeignKey::child);
    out.key("delete");
    writer.plan(table, false);
    out.key("deleteWithCascade");
    writer.plan(table, true);
    out.EndObject();
    return {200, out.take(), "application/json", {}};
}

}  // namespace trashd::service
