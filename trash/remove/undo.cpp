// Undoes an entry of the ledger: with it all that its transaction did, or nothing.
#include <algorithm>
#include <map>
#include <set>

#include "schema/catalog/stale_catalog.hpp"
#include "schema/catalog/tenant.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/restore/restore.hpp"
#include "trash/restore/undo_restore.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/own_statements.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

struct Entry {
    std::string id, action, group;  // group: uuid
    bool latest = false;            // nothing has put the group into the trash since
};

// The newest of the entries by which a group came into the trash is the one that is undone.
constexpr const char* kOfTransaction = R"(SELECT l.id, l.action,
    COALESCE(l.group_uuid::pg_catalog.text, ''),
    NOT EXISTS (SELECT FROM {schema}.ledger n
      WHERE n.group_uuid OPERATOR(pg_catalog.=) l.group_uuid
        AND n.action OPERATOR(pg_catalog.=) 'trashed' AND n.at OPERATOR(pg_catalog.>) l.at)
  FROM (
    SELECT e.id FROM {schema}.ledger e
    WHERE e.id OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND {seen}
    UNION SELECT o.entry
    FROM {schema}.undo_together t
    JOIN {schema}.undo_together o ON o.first OPERATOR(pg_catalog.=) t.first
    JOIN {schema}.ledger e ON e.id OPERATOR(pg_catalog.=) t.entry
    WHERE t.entry OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND {seen}) x
  JOIN {schema}.ledger l ON l.id OPERATOR(pg_catalog.=) x.id
  ORDER BY l.id)";

std::vector<Entry> entries_with(schema::Connection& connection, const std::string& trash_schema,
                                const std::string& id) {
    const auto found = connection.exec(
        filled(kOfTransaction, trash_schema, {{"seen", seen_by_tenant("e")}}), {id});
    std::vector<Entry> entries;
    for (int row = 0; row < found.rows(); ++row)
        entries.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1)),
                           std::string(found.text(row, 2)), found.boolean(row, 3)});
    if (entries.empty()) throw Error(Code::kNotFound, "there is no such entry");
    return entries;
}

bool brought_back(const Entry& entry) {
    return entry.action == "restored" || entry.action == "copied";
}

void refuse_final(const std::vector<Entry>& entries) {
    for (const auto& entry : entries)
        if (!brought_back(entry) && entry.action != "trashed")
            throw Error(Code::kConflict,
                        "only what went into the trash, or came back, can be undone; this was " +
                            entry.action);
}

std::map<std::string_view, const GroupRow*> by_uuid(const std::vector<GroupRow>& groups) {
    std::map<std::string_view, const GroupRow*> all;
    for (const auto& group : groups) all.emplace(group.uuid, &group);
    return all;
}

// One transaction, by its entries: what goes back into the trash, and what leaves it.
class Undoing {
  public:
    Undoing(schema::Transaction& transaction, const schema::Catalog& catalog,
            const std::string& trash_schema, std::vector<Entry> entries)
        : transaction_(transaction),
          trash_schema_(trash_schema),
          entries_(std::move(entries)),
          groups_(groups_with(transaction.connection(), trash_schema, uuids(), true)),
          by_uuid_(by_uuid(groups_)),
          returning_(transaction, catalog, trash_schema, returns()) {}

    UndoRestore& returning() { return returning_; }
    // Groups to be restored; of those that lie there with others these items alone.
    std::vector<GroupRow> trashed();
    Choices items();
    std::optional<std::string> tenant() const {
        return groups_.empty() ? std::nullopt : groups_.front().tenant;
    }
    // What is to be known for the entries written meanwhile, and no more for these.
    void keep();

  private:
    std::vector<std::string> uuids() const;
    std::vector<Return> returns() const;
    const GroupRow* group(const std::string& uuid) const;
    std::map<std::string, long long> kept_sizes();
    std::set<long long> kept_ordinals(const Entry& entry);

    schema::Transaction& transaction_;
    const std::string& trash_schema_;
    std::vector<Entry> entries_;
    std::vector<GroupRow> groups_;
    std::map<std::string_view, const GroupRow*> by_uuid_;
    UndoRestore returning_;
};

std::vector<std::string> Undoing::uuids() const {
    std::vector<std::string> all;
    for (const auto& entry : entries_) all.push_back(entry.group);
    return all;
}

const GroupRow* Undoing::group(const std::string& uuid) const {
    const auto found = by_uuid_.find(uuid);
    return found == by_uuid_.end() ? nullptr : found->second;
}

std::vector<Return> Undoing::returns() const {
    std::vector<Return> all;
    for (const auto& entry : entries_)
        if (const auto* group = this->group(entry.group); group && brought_back(entry))
            all.push_back({entry.id, *group, entry.action == "copied"});
    return all;
}

std::vector<GroupRow> Undoing::trashed() {
    std::vector<GroupRow> all;
    std::set<std::string> known;
    for (const auto& entry : entries_) {
        if (brought_back(entry) || !known.insert(entry.group).second) continue;
        const auto* group = this->group(entry.group);
        if (group == nullptr)
            throw Error(Code::kGone, "the group is not there any more; it cannot be undone");
        if (group->state != "trashed")
            throw GoneError("the group was " + group->state + " at " + group->ended_at,
                            {group->state, group->ended_at, group->ended_by});
        if (!entry.latest)
            throw Error(Code::kGone, "the group has come back, and gone again, since; undo that");
        all.push_back(*group);
    }
    return all;
}

// Of items that an undo has put back into a group.
std::set<long long> Undoing::kept_ordinals(const Entry& entry) {
    const auto found =
        transaction_.exec(filled(R"(SELECT o.ordinal, EXISTS (SELECT FROM {schema}.item i
      JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) i.group_id
      WHERE g.uuid OPERATOR(pg_catalog.=) $2::pg_catalog.uuid
        AND i.ordinal OPERATOR(pg_catalog.=) o.ordinal)
  FROM {schema}.undo_item u CROSS JOIN LATERAL pg_catalog.unnest(u.ordinals) o(ordinal)
  WHERE u.entry OPERATOR(pg_catalog.=) $1::pg_catalog.int8)",
                                 trash_schema_),
                          {entry.id, entry.group});
    std::set<long long> all;
    for (int row = 0; row < found.rows(); ++row) {
        if (!found.boolean(row, 1))
            throw Error(Code::kGone, "some of its rows have left the trash since");
        all.insert(found.integer(row, 0));
    }
    return all;
}

// How many items each entry has put back, of those that undid something.
std::map<std::string, long long> Undoing::kept_sizes() {
    std::vector<schema::Param> ids;
    for (const auto& entry : entries_)
        if (!brought_back(entry)) ids.emplace_back(entry.id);
    const auto found = transaction_.exec(
        filled(R"(SELECT u.entry, pg_catalog.sum(pg_catalog.cardinality(u.ordinals))
  FROM {schema}.undo_item u WHERE u.entry OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[])
  GROUP BY u.entry)",
               trash_schema_),
        {schema::array_literal(ids)});
    std::map<std::string, long long> sizes;
    for (int row = 0; row < found.rows(); ++row)
        sizes.emplace(found.text(row, 0), found.integer(row, 1));
    return sizes;
}

// A group may be whole again of which a part alone had come back.
Choices Undoing::items() {
    Choices choices;
    const auto sizes = kept_sizes();
    for (const auto& entry : entries_) {
        const auto* group = this->group(entry.group);
        const auto kept = sizes.find(entry.id);
        if (!group || kept == sizes.end()) continue;
        if (group->partly || kept->second != group->size)
            choices.exactly[entry.group].merge(kept_ordinals(entry));
    }
    return choices;
}

// Which items an undo has put back is known as long as their groups hold others.
void Undoing::keep() {
    std::vector<schema::Param> were, groups, ids;
    for (const auto& one : returning_.returns()) {
        were.emplace_back(one.entry);
        groups.emplace_back(one.group.uuid);
    }
    for (const auto& one : entries_) ids.emplace_back(one.id);
    transaction_.exec(filled(R"(UPDATE {schema}.undo_item u SET entry = n.id
  FROM (SELECT w.entry, pg_catalog.max(l.id) AS id
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]),
      pg_catalog.unnest($2::pg_catalog.uuid[])) w(entry, of_group)
    JOIN {schema}.ledger l ON l.group_uuid OPERATOR(pg_catalog.=) w.of_group
      AND l.action OPERATOR(pg_catalog.=) 'trashed'
      AND l.at OPERATOR(pg_catalog.=) pg_catalog.now()
    GROUP BY w.entry) n
  WHERE u.entry OPERATOR(pg_catalog.=) n.entry)",
                             trash_schema_),
                      {schema::array_literal(were), schema::array_literal(groups)});
    for (const char* list : {"undo_item", "undo_link", "undo_together"})
        transaction_.exec(filled(R"(DELETE FROM {schema}.{list}
  WHERE entry OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))",
                                 trash_schema_, {{"list", list}}),
                          {schema::array_literal(ids)});
}

long long sum_of(const std::vector<GroupRow>& groups) {
    long long items = 0;
    for (const auto& group : groups) items += group.size;
    return items;
}

}  // namespace

void note_together(schema::Transaction& transaction, const std::string& trash_schema,
                   const std::vector<std::string>& entries) {
    if (entries.size() < 2) return;
    const std::vector<schema::Param> ids(entries.begin(), entries.end());
    transaction.exec(filled(kTogether, trash_schema), {schema::array_literal(ids)});
}

// The rows that came back go first: what they took the place of comes back then.
Undone Trash::Impl::undo_once(const schema::Catalog& catalog, const std::string& entry,
                              const UndoOptions& options, const Actor& actor) {
    Undone undone;
    run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        undone = {};
        auto entries = entries_with(transaction.connection(), name, entry);
        refuse_final(entries);
        Undoing undoing(transaction, catalog, name, std::move(entries));
        if (const auto tenant = undoing.tenant())
            schema::set_tenant(transaction.connection(), *tenant);
        const auto groups = undoing.trashed();
        auto& returning = undoing.returning();
        undone.trashed = returning.size();
        if (options.most && undone.trashed + sum_of(groups) > *options.most) throw TooLarge();
        auto written = return_rows(transaction, returning, with_sight(options.check_trash), actor);
        for (const auto& one : returning.returns()) undone.groups.push_back(one.group.uuid);
        if (!groups.empty()) {
            for (const auto& group : groups)
                if (const auto& check = options.check_restore.tables)
                    check(group_tables(transaction.connection(), name, item_id(group.uuid, 1)).all);
            RestoreOptions restore;
            restore.check = options.check_restore;
            restore.choices = undoing.items();
            undone.back = restore_groups(transaction, catalog, name, groups,
                                         own_options(transaction, restore, groups, actor), actor);
        }
        if (undone.back) {
            auto& entries = undone.back->entries;
            written.insert(written.end(), entries.begin(), entries.end());
            entries.clear();  // it is undone by the undo's
        }
        note_together(transaction, name, written);
        undone.entry = written.front();
        undoing.keep();
        if (options.dry_run) {
            undone.entry.clear();
            transaction.roll_back();
        } else if (options.at_end) {
            options.at_end(transaction, undone);
        }
    });
    return undone;
}

// Which tables are asked about shows when their rows are taken: all that could be would be more
// than went at first.
std::vector<std::string> Trash::Impl::return_rows(schema::Transaction& transaction,
                                                  UndoRestore& returning, const Checks& check,
                                                  const Actor& actor) {
    std::vector<std::string> entries;
    if (returning.returns().empty()) return entries;
    returning.refuse_changed();
    for (auto rows = returning.next(); !rows.empty(); rows = returning.next())
        for (const auto& row : rows) {
            if (returning.is_taken(row)) continue;
            auto& one = *row.of;
            if (!one.copied) returning.lend_uuid(one);
            const auto uuid = one.copied ? new_group_id() : one.group.uuid;
            const Checks of_rows = {{}, check.rows};
            const auto taken = take(transaction, {row.table, row.id, uuid, true}, of_rows, actor);
            returning.took(one, taken.group);
            entries.push_back(taken.entry);
            if (check.tables)
                check.tables(group_tables(transaction.connection(), name, item_id(uuid, 1)).all);
        }
    returning.regroup();
    return entries;
}

Undone Trash::undo(const std::string& entry, const UndoOptions& options, const Actor& actor) {
    std::shared_ptr<const schema::Catalog> catalog;
    auto work = [&] {
        catalog = impl_->cache.get();
        return impl_->undo_once(*catalog, entry, options, actor);
    };
    auto recover = [&](const Error& error, const schema::Attempts& attempts) {
        // the service found them; the database may hide them from the role
        if (impl_->role && dynamic_cast<const ChangedSince*>(&error) != nullptr)
            throw ChangedSince(error.what(), {});
        if (impl_->role && attempts.last() && dynamic_cast<const RowNotThere*>(&error) != nullptr)
            throw Error(Code::kForbidden,
                        "the database hides rows that came back from the role of the credentials, "
                        "so nothing was undone; ask who may see them");
        if (dynamic_cast<const StaleCatalog*>(&error) == nullptr || attempts.last()) throw;
        impl_->replace(catalog);
    };
    return schema::retry(schema::Attempts(), work, recover);
}

}  // namespace trashd::trash
