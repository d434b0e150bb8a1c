// Groups are locked as by a purge before anything is changed, and looked for again behind the
// locks, until no other is found: what came into the trash meanwhile is taken in, or comes
// afterwards.
#include "trash/erase/erase.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "trash/erase/erased_answers.hpp"
#include "trash/erase/form_eraser.hpp"
#include "trash/erase/hanging_items.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/hold.hpp"
#include "trash/read/items.hpp"
#include "trash/records/holds.hpp"
#include "trash/records/ledger_seal.hpp"
#include "trash/records/purge.hpp"
#include "trash/store/sql.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::Connection;
using schema::Param;
using schema::QualifiedName;
using schema::Table;
using std::to_string;

std::string array_of(const std::set<long long>& numbers) {
    std::vector<Param> all;
    for (const auto number : numbers) all.emplace_back(to_string(number));
    return schema::array_literal(all);
}

// One erasure, in one transaction.
class Erasure {
  public:
    Erasure(Trash& trash, schema::Transaction& transaction, const schema::Catalog& catalog,
            const EraseOptions& options, const Actor& actor)
        : trash_(trash),
          transaction_(transaction),
          connection_(transaction.connection()),
          catalog_(catalog),
          name_(trash.schema_name()),
          options_(options),
          actor_(actor) {
        for (const auto& [table, columns] : options.personal)
            if (const auto* known = catalog.table(table)) personal_.emplace(known, &columns);
    }

    Erased run(const Table& table, const std::vector<std::string>& id) {
        Items items(connection_, catalog_, name_, trash_.naming());
        const ObjectSought object{table, id, items.canonical(table, id),
                                  trash_.tenant_condition(table, "p")};
        lock(object);
        refuse_absent(object);
        check(object);
        Erased erased;
        erased.groups = static_cast<long long>(groups_.size());
        std::map<QualifiedName, long long> counts;
        for (const auto& [form, found] : found_->items()) {
            const auto& one = found_->form(form);
            const auto columns = personal_.find(one.table);
            if (columns == personal_.end()) continue;
            counts[one.table->name] +=
                FormEraser(connection_, name_, one, *columns->second).erase(found);
        }
        for (const auto& [name, count] : counts)
            if (count > 0) erased.counts.push_back({name, count});
        forget_beside(object);
        enter(object, erased);
        return erased;
    }

    const std::set<long long>& groups() const { return groups_; }

  private:
    std::set<const Table*> tables() const {
        std::set<const Table*> out;
        for (const auto& [table, columns] : personal_) out.insert(table);
        return out;
    }

    // In the order of their ids, so that those who want the same wait for each other; what is found
    // behind the locks may come before them, and is waited for all the same.
    void lock(const ObjectSought& object) {
        for (std::set<long long> locked;;) {
            found_.emplace(connection_, catalog_, name_);
            found_->find(object);
            groups_ = found_->groups_of(tables());
            if (std::ranges::includes(locked, groups_)) return;
            connection_.exec(filled(R"(SELECT g.id FROM {schema}.trash_group g
  WHERE g.id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]) ORDER BY g.id FOR UPDATE)",
                                    name_),
                             {array_of(groups_)});
            locked.insert(groups_.begin(), groups_.end());
        }
    }

    void refuse_absent(const ObjectSought& object) {
        if (!found_->items().empty()) return;
        const auto live =
            connection_.exec(schema::filled("SELECT FROM {table} p WHERE {is_object} AND {live}",
                                            {{"table", schema::relation(object.table)},
                                             {"is_object", is_object(object)},
                                             {"live", object.live}}));
        if (live.rows() == 0)
            throw Error(Code::kNotFound,
                        "there is no such object, and nothing in the trash hangs on it");
    }

    // Rights on what is concerned, then what holds it.
    void check(const ObjectSought& object) {
        std::vector<QualifiedName> concerned = {object.table.name};
        for (const auto& [form, items] : found_->items()) {
            const auto* table = found_->form(form).table;
            if (personal_.contains(table)) concerned.push_back(table->name);
        }
        if (options_.check.tables) options_.check.tables(concerned);
        if (options_.check.rows)
            for (const auto group : groups_) options_.check.rows(transaction_, catalog_, group);
        try {
            refuse_held(connection_, name_, {groups_.begin(), groups_.end()});
            refuse_held_object(connection_, name_, object.table, object.canonical);
        } catch (Held& held) {
            throw Held(std::move(held.holds), "nothing of it can be erased");
        }
    }

    // Rows that were noted beside their references, what was found of restores, and kept answers.
    void forget_beside(const ObjectSought& object) {
        forget_noted(object);
        connection_.exec(filled(R"(DELETE FROM {schema}.rehearsal
  WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))",
                                name_),
                         {array_of(groups_)});
        if (options_.answer)
            erase_answers(transaction_, name_, trash_.tenant(), [&](const std::string& text) {
                return options_.answer(text, objects(object));
            });
    }

    const ErasedObjects& objects(const ObjectSought& object) {
        if (!objects_.empty()) return objects_;
        objects_[object.table.name].insert(object.canonical);
        for (const auto& [form, items] : found_->items())
            for (const auto& item : items)
                objects_[found_->form(form).table->name].insert(item.object_id);
        return objects_;
    }

    // Without the whole row a restore sets back the reference alone.
    void forget_noted(const ObjectSought& object) {
        std::set<long long> links;
        for (const auto& [table, columns] : personal_) {
            for (const auto link : found_->links_of(object, *table)) links.insert(link);
            const auto known = objects(object).find(table->name);
            if (known == objects_.end()) continue;
            const std::vector<Param> ids(known->second.begin(), known->second.end());
            const auto own = connection_.exec(filled(R"(SELECT l.id FROM {schema}.link l
  JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) l.shape
  JOIN {schema}.trash_group g ON g.id OPERATOR(pg_catalog.=) l.group_id AND {seen}
  WHERE s.relation OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND l.row_was IS NOT NULL
    AND l.object_id OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[]))",
                                                     name_, {{"seen", seen_by_tenant("g")}}),
                                              {to_string(table->oid), schema::array_literal(ids)});
            for (int row = 0; row < own.rows(); ++row) links.insert(own.integer(row, 0));
        }
        connection_.exec(
            filled(R"(UPDATE {schema}.link SET row_was = NULL, row_left = NULL, row_wanted = NULL
  WHERE id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))",
                   name_),
            {array_of(links)});
    }

    void enter(const ObjectSought& object, Erased& erased) {
        std::vector<Param> names, counts;
        for (const auto& [table, count] : erased.counts) {
            names.emplace_back(table.schema + "." + table.name);
            counts.emplace_back(to_string(count));
        }
        const auto entry = connection_.exec(
            filled(
                R"(INSERT INTO {schema}.ledger AS l (at, action, by, reason, schema_name, table_name,
    object_id, counts, request_id, address)
  SELECT pg_catalog.now(), 'erased', $1, $2, $3, $4, $5, COALESCE((
      SELECT pg_catalog.jsonb_object_agg(u.name, u.n)
      FROM ROWS FROM (pg_catalog.unnest($6::pg_catalog.text[]), pg_catalog.unnest($7::pg_catalog.int8[]))
        u(name, n)), '{}'), $8, $9
  RETURNING l.id, pg_catalog.encode({digest}, 'hex'))",
                name_, {{"digest", entry_digest()}}),
            {actor_.by, actor_.reason, object.table.name.schema, object.table.name.name,
             object.canonical, schema::array_literal(names), schema::array_literal(counts),
             actor_.request_id, actor_.address});
        erased.receipt = receipt_of(entry.text(0, 0), entry.text(0, 1));
    }

    Trash& trash_;
    schema::Transaction& transaction_;
    Connection& connection_;
    const schema::Catalog& catalog_;
    std::string name_;
    const EraseOptions& options_;
    const Actor& actor_;
    std::map<const Table*, const std::vector<std::string>*> personal_;
    std::optional<HangingItems> found_;
    std::set<long long> groups_;
    ErasedObjects objects_;
};

// A role of the database must see all of what it has erased.
void need_sight_of(Trash& trash, schema::Transaction& transaction,
                   const std::set<long long>& groups) {
    if (trash.readable_schema() == trash.schema_name() || groups.empty()) return;
    const auto count = [&](const std::string& trash_schema) {
        return transaction
            .exec(filled(R"(SELECT pg_catalog.count(*) FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]))",
                         trash_schema),
                  {array_of(groups)})
            .integer(0, 0);
    };
    long long all = 0;
    trash.as_itself(transaction, [&] { all = count(trash.schema_name()); });
    if (count(trash.readable_schema()) < all)
        throw Error(Code::kForbidden,
                    "what hangs on the object has rows that the database hides from the role of "
                    "the credentials; ask who may see them");
}

}  // namespace

Erased erase(Trash& trash, const QualifiedName& table, const std::vector<std::string>& id,
             const EraseOptions& options, const Actor& actor) {
    const auto catalog = trash.catalog().get();
    const auto* known = catalog->table(table);
    if (!known || known->identity.empty()) throw Error(Code::kNotFound, "there is no such table");
    Erased erased;
    trash.run(schema::Mode::kMove, [&](schema::Transaction& transaction) {
        std::set<long long> groups;
        transaction.exec("SAVEPOINT trashd_erase");
        trash.as_itself(transaction, [&] {
            Erasure erasure(trash, transaction, *catalog, options, actor);
            erased = erasure.run(*known, id);
            groups = erasure.groups();
        });
        need_sight_of(trash, transaction, groups);
        if (options.dry_run) {
            erased.receipt.clear();
            transaction.exec("ROLLBACK TO SAVEPOINT trashd_erase");
        } else if (options.at_end) {
            trash.as_itself(transaction, [&] { options.at_end(transaction, erased); });
        }
    });
    return erased;
}

}  // namespace trashd::trash
