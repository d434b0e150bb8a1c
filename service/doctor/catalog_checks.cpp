// What doctor finds by looking at the tables alone: deletes that would be refused, and why, before
// somebody asks for one.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cascade/plan.hpp"
#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"
#include "schema/text.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/doctor/doctor.hpp"

namespace trashd::service {

namespace {

using schema::Catalog;
using schema::ForeignKey;
using schema::Table;

std::string name_of(const Table& table) {
    return table.name.schema + "." + table.name.name;
}

// What rights, rules and row-level security refuse is said of them, once; this leaves the rest.
Catalog without_obstacles(const Catalog& catalog) {
    std::vector<Table> tables = catalog.tables();
    std::vector<ForeignKey> keys;
    for (auto& table : tables) {
        table.can_select = table.can_insert = table.can_update = table.can_delete = true;
        table.row_security = table.rules = table.insert_rules = false;
        table.deletes_unnamed = table.updates_unnamed = false;
        for (const auto* key : catalog.references(table.oid)) keys.push_back(*key);
    }
    return Catalog(std::move(tables), std::move(keys), catalog.broken());
}

// Looks at each table once, with what deletes do to it.
class Examination {
  public:
    Examination(const Resources& resources, const Config& config, std::string role)
        : resources_(resources),
          config_(config),
          role_(std::move(role)),
          catalog_(*resources.catalog()) {}

    std::vector<Finding> run() {
        auto faults = resources_.faults();
        const auto policy = make_policy(catalog_, config_, faults);
        for (const auto& fault : faults)
            add(Severity::kError, "configuration", "", fault, "correct the configuration");
        look_at_policy(policy);
        const auto free = without_obstacles(catalog_);
        for (const auto& resource : resources_.all()) plan_of(resource, free, policy);
        reach_by_cascade();
        add_refusals();
        for (const auto& table : catalog_.tables()) look_at(table);
        add_not_served();
        return std::move(findings_);
    }

  private:
    void add(Severity severity, std::string kind, std::string subject, std::string detail,
             std::string fix) {
        findings_.push_back(
            {severity, std::move(kind), std::move(subject), std::move(detail), std::move(fix)});
    }

    // What cannot be set refuses instead.
    void look_at_policy(const cascade::Policy& policy) {
        for (const auto& table : catalog_.tables())
            for (const auto* key : catalog_.references(table.oid)) {
                const auto asked = policy.find(key->oid);
                if (asked == policy.end() || asked->second != cascade::OnDelete::kSetNull) continue;
                const auto edge = cascade::effect_of(catalog_, policy, *key, false);
                if (edge.effect == cascade::Effect::kSetNull) continue;
                add(Severity::kWarning, "configuration", name_of(table),
                    "the foreign key " + key->name + " refuses deletes: " + edge.reason,
                    "let the columns be NULL, or say another on_delete");
            }
    }

    void plan_of(const Resource& resource, const Catalog& free, const cascade::Policy& policy) {
        const auto path = encode_path(resource.path);
        const auto plan = cascade::make_plan(free, *free.table(resource.table->oid), policy, false);
        for (const auto& refusal : plan.refusals) refusals_[refusal].push_back(path);
        for (const auto& node : plan.nodes) taken_.insert(node.table->oid);
        std::vector<std::string> refusing;
        for (const auto& edge : plan.edges) {
            if (edge.effect == cascade::Effect::kRestrict)
                for (const auto* key : edge.keys) refusing.push_back(key->name);
            else
                changed_.insert(edge.key->child);
        }
        if (refusing.empty()) return;
        add(Severity::kInfo, "refusing-keys", path,
            fmt::format("{} foreign keys may refuse deletes: {}", refusing.size(),
                        schema::join(refusing, ", ")),
            "delete with cascade=true, or say on_delete in the configuration");
    }

    // Whatever a delete with cascade=true may meet.
    void reach_by_cascade() {
        std::vector<schema::Oid> open(taken_.begin(), taken_.end());
        reached_ = taken_;
        while (!open.empty()) {
            const auto table = open.back();
            open.pop_back();
            for (const auto* key : catalog_.referrers(table))
                if (reached_.insert(key->child).second) open.push_back(key->child);
        }
    }

    void add_refusals() {
        for (const auto& [why, paths] : refusals_)
            add(Severity::kError, "refused", schema::join(paths, ", "),
                "every delete is refused: " + why, "");
    }

    void look_at(const Table& table) {
        if (!table.kept)
            add(Severity::kInfo, "not-kept", name_of(table),
                "its rows are deleted for good, by themselves and with what they hang on: the "
                "configuration says trash = false",
                "");
        if (!reached_.contains(table.oid)) return;
        look_at_rights(table);
        look_at_security(table);
        look_at_publications(table);
        look_at_rules(table);
        look_at_triggers(table);
        look_at_trust(table);
        for (const auto* key : catalog_.references(table.oid)) look_at_index(table, *key);
        for (const auto* key : catalog_.unenforced_referrers(table.oid)) tell_unenforced(*key);
    }

    void tell_unenforced(const schema::ForeignKey& key) {
        const auto child = name_of(*catalog_.table(key.child));
        add(Severity::kWarning, "not-enforced", child,
            fmt::format("foreign key {} is NOT ENFORCED: a delete from {} leaves what refers to "
                        "the row, and a restore does not look for it",
                        key.name, name_of(*catalog_.table(key.parent))),
            fmt::format("ALTER TABLE {} ALTER CONSTRAINT {} ENFORCED;",
                        schema::quoted(catalog_.table(key.child)->name), schema::quoted(key.name)));
    }

    // An error where deletes without cascade=true need it.
    Severity severity_of(const Table& table) const {
        const bool needed = taken_.contains(table.oid) || changed_.contains(table.oid);
        return needed ? Severity::kError : Severity::kWarning;
    }

    void look_at_rights(const Table& table) {
        const bool whole = taken_.contains(table.oid) || !changed_.contains(table.oid);
        std::vector<std::string> missing;
        if (!table.can_select) missing.push_back("SELECT");
        if (!table.can_insert && whole) missing.push_back("INSERT");
        if (!table.can_update) missing.push_back("UPDATE");
        if (!table.can_delete && whole) missing.push_back("DELETE");
        if (missing.empty()) return;
        const auto list = schema::join(missing, ", "), to = " TO " + schema::quoted(role_) + ";";
        add(severity_of(table), "missing-grant", name_of(table), "the role lacks " + list,
            "GRANT USAGE ON SCHEMA " + schema::quoted(table.name.schema) + to + " GRANT " + list +
                " ON " + schema::quoted(table.name) + to);
    }

    void look_at_security(const Table& table) {
        if (!table.row_security) return;
        add(severity_of(table), "row-security", name_of(table),
            "row-level security may hide rows from the role",
            "make the role a member of the table's owner, or give it BYPASSRLS");
    }

    void look_at_rules(const Table& table) {
        if (table.rules)
            add(severity_of(table), "rewrite-rule", name_of(table),
                "rewrite rules on UPDATE or DELETE would divert its rows", "drop the rules");
        if (table.insert_rules)
            add(Severity::kWarning, "rewrite-rule", name_of(table),
                "rewrite rules on INSERT may divert its rows on their way back", "drop the rules");
    }

    void look_at_publications(const Table& table) {
        const bool deletes = table.deletes_unnamed && taken_.contains(table.oid),
                   updates = table.updates_unnamed;
        if (!table.deletes_unnamed && !updates) return;
        add(deletes ? Severity::kError : severity_of(table), "replica-identity", name_of(table),
            "the table is in a publication and has no replica identity: PostgreSQL refuses to "
            "delete or update its rows",
            "ALTER TABLE " + schema::quoted(table.name) + " REPLICA IDENTITY FULL;");
    }

    // Where requests run as roles of the database, such a role could act as the service.
    void look_at_trust(const Table& table) {
        if (config_.access.roles.empty()) return;
        for (const auto& trigger : table.triggers) {
            if (trigger.trusted) continue;
            add(Severity::kError, "trigger", name_of(table),
                "the trigger " + trigger.name +
                    " runs a function of a role that is neither the table's owner nor a superuser: "
                    "deletes are refused, for it could act as the service",
                "ALTER FUNCTION " + schema::quoted(trigger.function) +
                    "() OWNER TO the table's owner");
        }
    }

    void look_at_triggers(const Table& table) {
        for (const auto& trigger : table.triggers) {
            if (!trigger.before || !trigger.row) continue;
            std::vector<std::string> effects;
            if (trigger.on_delete) effects.push_back("veto deletes, which are then refused");
            if (trigger.on_insert) effects.push_back("change or veto rows that are restored");
            if (trigger.on_update) effects.push_back("change references that are set");
            if (effects.empty()) continue;
            add(Severity::kWarning, "trigger", name_of(table),
                "the BEFORE trigger " + trigger.name + " may " + schema::join(effects, ", "),
                "see that it lets rows pass as they are");
        }
    }

    void look_at_index(const Table& table, const ForeignKey& key) {
        if (key.indexed || !reached_.contains(key.parent)) return;
        std::vector<std::string> columns;
        for (int attnum : key.child_columns)
            columns.push_back(schema::quoted(table.column(attnum)->name));
        add(Severity::kWarning, "missing-index", name_of(table),
            "no index begins with the columns of the " +
                std::string(key.declared ? "reference " : "foreign key ") + key.name +
                ": a delete from " + name_of(*catalog_.table(key.parent)) +
                " reads the whole table",
            std::string("CREATE INDEX ") + (table.partitioned ? "" : "CONCURRENTLY ") + "ON " +
                schema::quoted(table.name) + " (" + schema::join(columns, ", ") + ");");
    }

    // The index that would do if its columns were never NULL is named.
    void add_no_key(const Table& table) {
        std::string fix = "ALTER TABLE " + schema::quoted(table.name) + " ADD PRIMARY KEY (…);";
        for (const auto& index : table.uniques) {
            const bool plain = std::ranges::none_of(
                index.attnums, [&](int attnum) { return table.column(attnum) == nullptr; });
            if (!plain || !index.predicate.empty() || index.deferrable || !index.as_columns)
                continue;
            std::vector<std::string> changes;
            for (int attnum : index.attnums)
                if (const auto* column = table.column(attnum); !column->not_null)
                    changes.push_back("ALTER " + schema::quoted(column->name) + " SET NOT NULL");
            if (changes.empty()) continue;  // of other columns than the configuration says
            fix = "let the unique index " + index.name + " be its key: ALTER TABLE " +
                  schema::quoted(table.name) + " " + schema::join(changes, ", ") + ";";
            break;
        }
        add(Severity::kWarning, "no-key", name_of(table),
            "it is not served, because it has neither a primary key nor a unique index over NOT "
            "NULL columns",
            fix);
    }

    void add_not_served() {
        for (const auto& note : resources_.notes())
            add(Severity::kInfo, "own-column", "", note, "");
        for (const auto& warning : resources_.warnings())
            add(Severity::kWarning, "not-served", "", warning, "");
        const std::set<std::string> served(config_.schemas.begin(), config_.schemas.end());
        std::map<std::string, int> others;
        for (const auto& table : catalog_.tables()) {
            if (!served.contains(table.name.schema)) {
                others[table.name.schema] += resources_.of(table.name) ? 0 : 1;
            } else if (table.identity.empty()) {
                add_no_key(table);
            }
        }
        for (const auto& [name, count] : others)
            if (count > 0)
                add(Severity::kInfo, "not-served", name,
                    fmt::format("{} tables are not served: the schema is none of those served",
                                count),
                    "name it in schemas, or with --schema");
    }

    const Resources& resources_;
    const Config& config_;
    const std::string role_;
    const Catalog& catalog_;
    std::map<std::string, std::vector<std::string>> refusals_;
    std::set<schema::Oid> taken_, changed_, reached_;
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_catalog(const Resources& resources, const Config& config,
                                     const std::string& role) {
    return Examination(resources, config, role).run();
}

}  // namespace trashd::service
