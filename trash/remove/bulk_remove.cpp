// Deletes of many rows in one transaction. They move together where nothing tells one row from
// another, else one by one, which is slower and says which of them was refused.
#include <algorithm>
#include <map>
#include <set>

#include "cascade/predicates.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "trash/access/trigger_refusal.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/purge.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/restore/restore.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/item_id.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::join;
using schema::Param;
using schema::QualifiedName;
using schema::quoted;
using schema::Result;
using schema::Table;

constexpr int kTries = 20;  // where requests overlap and one has to give way

struct Live {
    std::string id, key;             // as the database writes it; the key array as text
    std::vector<std::string> asked;  // the ids that it was asked for by
};

bool refusal(const Error& error, const std::string& trash_schema) {
    return error.is(sqlstate::kConfigured) ||
           (error.of_foreign_key() && !refusal_by_code(error, trash_schema, {}));
}

std::vector<Param> keys_of(const std::vector<Live>& rows) {
    std::vector<Param> keys;
    for (const Live& row : rows) keys.emplace_back(row.key);
    return keys;
}

// Who asks: what live rows t that one has, the schema in which it finds the trash, and how work is
// done as its role, if it has one.
struct BulkAsker {
    std::string own, readable;
    std::function<void(const std::function<void()>&)> as;
};

// What a move's answer tells of rows that triggers have written.
using Written = std::function<std::vector<TableCount>(std::string_view moved)>;
using Forget = std::function<void(long long group)>;

void add(std::vector<TableCount>& to, const std::vector<TableCount>& more) {
    for (const auto& one : more) {
        const auto known = std::ranges::find(to, one.table, &TableCount::table);
        if (known == to.end())
            to.push_back(one);
        else
            known->count += one.count;
    }
}

class Bulk {
  public:
    Bulk(schema::Connection& connection, const CompiledPlan& plan, const std::string& trash_schema,
         const std::vector<Naming>& naming, BulkAsker asker)
        : connection_(connection),
          plan_(plan),
          table_(*plan.plan.root),
          name_(trash_schema),
          asker_(std::move(asker)),
          own_(asker_.own),
          items_(connection, *plan.catalog, asker_.readable, naming) {}

    // In key order, each once; locked, so that they stay what they are.
    std::vector<Live> live(const Selection& selection, bool lock);
    void tell(Written written) { written_ = std::move(written); }
    // What is done when rows that go for good have been looked at.
    void forget_by(Forget forget) { forget_ = std::move(forget); }
    BulkResult run(schema::Transaction& transaction, const Selection& selection,
                   const BulkOptions& options, const Actor& actor);

  private:
    void read_ids(const Selection& selection);
    std::vector<bool> castable(const std::vector<Param>& keys);
    std::string casts() const;
    std::vector<Live> live_where(const std::string& from, const std::vector<Param>& params,
                                 const std::string& asked, bool lock);
    std::vector<Live> live_of(const std::vector<Param>& keys, bool lock);
    void as(const std::function<void()>& work) { asker_.as ? asker_.as(work) : work(); }
    std::vector<Live> held(const Selection& selection);
    Impact impact_of(const std::vector<Param>& keys);
    void move(std::vector<Live> left);
    void tell_hard();
    std::vector<bool> owned(const std::vector<Live>& rows);
    void move_these(const std::vector<Live>& roots);
    void note_dropped(const Live& root, std::string_view moved);
    void ask_rows(long long group);
    void look_at(long long group, long long size);
    bool tried(const std::vector<Live>& roots);
    bool for_good() const { return options_->hard || !table_.kept; }
    void move_together(const std::vector<Live>& roots);
    void move_one_by_one(std::vector<Live> roots);
    void purge_trashed(const std::map<std::string, Item>& found);
    BulkEntry entry(const std::string& id, const std::map<std::string, Item>& found) const;

    schema::Connection& connection_;
    const CompiledPlan& plan_;
    const Table& table_;
    const std::string& name_;
    const BulkAsker asker_;
    std::string own_;  // the same for the selection
    Items items_;
    schema::Transaction* transaction_ = nullptr;
    const BulkOptions* options_ = nullptr;
    const Actor* actor_ = nullptr;
    std::vector<Param> ids_, keys_;  // of each id given, as the database writes it; those that fit
    std::set<std::string> groups_;   // made or purged here
    std::set<std::string> were_live_;
    long long rows_ = 0;
    std::vector<std::string> entries_;  // of the ledger
    std::optional<Error> refused_;      // what the last refusal said
    Written written_;
    Forget forget_;
    std::vector<TableCount> all_written_;
    std::map<std::string, std::vector<ImpactLine>> dropped_;  // by the root's id
};

// Of each key array whether its texts can be a key of the table.
std::vector<bool> Bulk::castable(const std::vector<Param>& keys) {
    const std::string count = std::to_string(table_.identity.size());
    std::vector<std::string> faults;
    for (std::size_t i = 0; i < table_.identity.size(); ++i) {
        faults.push_back(quoted({name_, "cast_error"}) + "(u.key[" + std::to_string(i + 1) + "], " +
                         schema::literal(table_.column(table_.identity[i])->type) + ")");
    }
    const Result found =
        connection_.exec("SELECT CASE WHEN pg_catalog.cardinality(u.key) OPERATOR(pg_catalog.=) " +
                             count + " THEN pg_catalog.num_nonnulls(" + join(faults, ", ") +
                             ") OPERATOR(pg_catalog.=) 0 ELSE false END FROM (SELECT "
                             "x::pg_catalog.text[] AS key, n FROM "
                             "pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY a(x, n) "
                             "OFFSET 0) u ORDER BY u.n",
                         {schema::array_literal(keys)});
    std::vector<bool> good;
    for (int row = 0; row < found.rows(); ++row) good.push_back(found.boolean(row, 0));
    return good;
}

// The key's columns as values, under their names.
std::string Bulk::casts() const {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < table_.identity.size(); ++i) {
        const schema::Column& column = *table_.column(table_.identity[i]);
        columns.push_back(schema::from_text(column, "u.key[" + std::to_string(i + 1) + "]") +
                          " AS " + quoted(column.name));
    }
    return "(SELECT " + join(columns, ", ") +
           ", u.n AS trashd_n FROM (SELECT x::pg_catalog.text[] AS key, n FROM "
           "pg_catalog.unnest($1::pg_catalog.text[]) "
           "WITH ORDINALITY a(x, n)) u) k";
}

void Bulk::read_ids(const Selection& selection) {
    keys_.clear();
    ids_.clear();
    std::vector<Param> keys;
    for (const auto& id : selection.ids) keys.emplace_back(schema::array_literal(params_of(id)));
    const std::vector<bool> good = castable(keys);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!good[i]) continue;
        keys_.push_back(keys[i]);
        places.push_back(i);
    }
    const Result found =
        connection_.exec("SELECT " + schema::key_text(table_, table_.identity, "k") + " FROM " +
                             casts() + " ORDER BY k.trashd_n",
                         {schema::array_literal(keys_)});
    ids_.resize(keys.size());
    for (int row = 0; row < found.rows(); ++row)
        ids_[places[static_cast<std::size_t>(row)]] = found.value(row, 0);
}

// asked: the alias, t or another, whose key was asked for.
std::vector<Live> Bulk::live_where(const std::string& from, const std::vector<Param>& params,
                                   const std::string& asked, bool lock) {
    std::vector<std::string> texts, order;
    for (int attnum : table_.identity) {
        texts.push_back(schema::to_text(*table_.column(attnum), "t"));
        order.push_back(cascade::column_of(table_, attnum, "t"));
    }
    const Result found =
        connection_.exec("SELECT " + schema::key_text(table_, table_.identity, "t") + ", ARRAY[" +
                             join(texts, ", ") + "]::pg_catalog.text[], " +
                             schema::key_text(table_, table_.identity, asked) + " FROM " + from +
                             " ORDER BY " + join(order, ", ") + " LIMIT " +
                             std::to_string(kMostNamed + 1) + (lock ? " FOR UPDATE OF t" : ""),
                         params);
    if (found.rows() > kMostNamed) {
        throw Error(Code::kBadRequest, "more than " + std::to_string(kMostNamed) +
                                           " objects meet the condition; narrow it");
    }
    std::vector<Live> rows;
    for (int row = 0; row < found.rows(); ++row) {
        Live one{std::string(found.text(row, 0)), std::string(found.text(row, 1)), {}};
        if (rows.empty() || rows.back().id != one.id) rows.push_back(std::move(one));
        rows.back().asked.emplace_back(found.text(row, 2));
    }
    return rows;
}

std::vector<Live> Bulk::live_of(const std::vector<Param>& keys, bool lock) {
    const std::vector<std::string> operators = cascade::identity_operators(table_);
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < table_.identity.size(); ++i) {
        const int attnum = table_.identity[i];
        equal.push_back(cascade::value_of(table_, attnum, "t") + " " + operators[i] + " " +
                        cascade::value_of(table_, attnum, "k"));
    }
    return live_where(casts() + " JOIN " + schema::relation(table_) + " t ON " +
                          join(equal, " AND ") + " WHERE " + own_,
                      {schema::array_literal(keys)}, "k", lock);
}

// Found by who asks, locked by the service, which alone may lock without a right to change, and
// looked at again: what is locked stays.
std::vector<Live> Bulk::held(const Selection& selection) {
    if (!asker_.as) return live(selection, true);
    std::vector<Live> found, again;
    as([&] { found = live(selection, false); });
    live_of(keys_of(found), true);
    as([&] { again = live(selection, false); });
    std::set<std::string> locked;
    for (const Live& row : found) locked.insert(row.id);
    std::erase_if(again, [&](const Live& row) { return !locked.contains(row.id); });
    return again;
}

std::vector<Live> Bulk::live(const Selection& selection, bool lock) {
    if (!selection.condition.empty()) {
        return live_where(
            schema::relation(table_) + " t WHERE (" + selection.condition + ") AND " + own_,
            selection.params, "t", lock);
    }
    read_ids(selection);
    own_ = schema::both(asker_.own, selection.own);
    return live_of(keys_, lock);
}

// Which rows others of them take along; asked in the order in which they were named.
std::vector<bool> Bulk::owned(const std::vector<Live>& rows) {
    std::vector<bool> taken(rows.size(), false);
    if (plan_.owners.empty() || rows.size() < 2) return taken;
    std::map<std::string, std::size_t> named;
    for (const Param& id : ids_)
        if (id) named.emplace(*id, named.size());
    std::vector<std::size_t> order(rows.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return named[rows[a].asked.front()] < named[rows[b].asked.front()];
    });
    std::vector<Param> keys, ids;
    for (std::size_t at : order) {
        keys.emplace_back(rows[at].key);
        ids.emplace_back(rows[at].id);
    }
    const Result found = connection_.exec(
        "SELECT o FROM pg_catalog.unnest(" + plan_.owners +
            "($1::pg_catalog.text[], $2::pg_catalog.text[])) WITH ORDINALITY u(o, n) ORDER BY n",
        {schema::array_literal(keys), schema::array_literal(ids)});
    for (int row = 0; row < found.rows(); ++row)
        taken[order[static_cast<std::size_t>(row)]] = found.integer(row, 0) != 0;
    return taken;
}

void Bulk::move_these(const std::vector<Live>& roots) {
    std::vector<Param> groups;
    for (std::size_t i = 0; i < roots.size(); ++i) groups.emplace_back(new_group_id());
    const bool looks = options_->check.rows && !plan_.look.empty();
    const bool past = for_good() && !options_->check.rows;
    const Param most = options_->most ? Param(std::to_string(*options_->most)) : std::nullopt;
    const Result moved = connection_.exec(
        "SELECT (x.m)[2], (x.m)[1], x.m, (x.m)[4] FROM (SELECT " +
            (looks ? plan_.look : plan_.move) +
            "(k.key::pg_catalog.text[], k.uuid, $3::pg_catalog.text, $4::pg_catalog.text, "
            "$5::pg_catalog.text, $6::pg_catalog.text, $7::pg_catalog.bool, NULL, "
            "$8::bigint) m "
            "FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), "
            "pg_catalog.unnest($2::pg_catalog.uuid[])) "
            "k(key, uuid) OFFSET 0) x",
        {schema::array_literal(keys_of(roots)), schema::array_literal(groups), actor_->by,
         actor_->reason, actor_->request_id, actor_->address, past ? "t" : "f", most});
    for (int row = 0; row < moved.rows(); ++row) {
        rows_ += moved.integer(row, 0);
        if (!past) note_dropped(roots[static_cast<std::size_t>(row)], moved.text(row, 2));
        if (written_) add(all_written_, written_(moved.text(row, 2)));
        if (!for_good()) entries_.emplace_back(moved.text(row, 3));
        look_at(moved.integer(row, 1), moved.integer(row, 0));
    }
    if (options_->most && rows_ > *options_->most) throw TooLarge();
    for (const Param& group : groups) groups_.insert(*group);
}

// The answer has a row for each root, in their order.
void Bulk::note_dropped(const Live& root, std::string_view moved) {
    auto lines = dropped(plan_, moved);
    rows_ += sum_of(lines);
    if (!for_good() && !lines.empty()) dropped_[root.id] = std::move(lines);
}

void Bulk::ask_rows(long long group) {
    if (options_->check.rows) options_->check.rows(*transaction_, *plan_.catalog, group);
}

// What has just been moved; a hard delete whose rows had to be asked about ends here.
void Bulk::look_at(long long group, long long size) {
    if (!options_->check.rows) return;
    ask_rows(group);
    forget_(group);
    if (!for_good()) return;
    GroupRow row;
    row.id = group;
    row.size = size;
    purge_group(*transaction_, name_, row, *actor_);
}

// False when something refused; nothing has changed then.
bool Bulk::tried(const std::vector<Live>& roots) {
    connection_.exec("SAVEPOINT trashd_bulk");
    bool done = true;
    try {
        move_these(roots);
    } catch (const Error& error) {
        if (!refusal(error, name_)) throw;
        refused_ = error;
        connection_.exec("ROLLBACK TO SAVEPOINT trashd_bulk");
        done = false;
    }
    connection_.exec("RELEASE SAVEPOINT trashd_bulk");
    return done;
}

// Who refers must go before whom it refers to; how deep that goes is how often all are tried.
void Bulk::move_one_by_one(std::vector<Live> roots) {
    while (!roots.empty()) {
        std::reverse(roots.begin(), roots.end());  // who refers often has the later key
        std::vector<Live> refused;
        for (const Live& root : roots)
            if (!tried({root})) refused.push_back(root);
        if (refused.size() == roots.size()) {
            Impact impact = impact_of({refused.front().key});
            if (impact.blockers.empty() && asker_.as) refuse_hidden();
            if (impact.blockers.empty()) throw_unexplained(plan_, *refused_);
            throw_blocked(std::move(impact), plan_.plan.take_all);
        }
        roots = std::move(refused);
    }
}

// What refers to them, as far as who asks may see it.
Impact Bulk::impact_of(const std::vector<Param>& keys) {
    Impact impact;
    as([&] { impact = read_impact(connection_, plan_, keys); });
    return impact;
}

// Through the trash, though it is a hard one, where its rows are asked about.
void Bulk::tell_hard() {
    if (for_good() && options_->check.rows) connection_.later({kTellHard});
}

void Bulk::move_together(const std::vector<Live>& roots) {
    if (tried(roots)) return;
    Impact impact = impact_of(keys_of(roots));
    if (!impact.blockers.empty()) throw_blocked(std::move(impact), plan_.plan.take_all);
    move_one_by_one(roots);
}

// What was about to be taken along may have been moved away meanwhile: then it goes by itself.
void Bulk::move(std::vector<Live> left) {
    while (!left.empty()) {
        const std::vector<bool> taken = owned(left);
        std::vector<Live> roots, others;
        for (std::size_t i = 0; i < left.size(); ++i)
            (taken[i] ? others : roots).push_back(left[i]);
        move_together(roots);
        left = others.empty() ? others : live_of(keys_of(others), true);
    }
}

void Bulk::purge_trashed(const std::map<std::string, Item>& found) {
    std::set<std::string> roots;
    for (const auto& [id, item] : found)
        if (item.root && !were_live_.contains(id)) roots.insert(item.id);
    for (const std::string& root : roots) {
        if (groups_.contains(parse_item_id(root).group_id)) continue;
        if (options_->check.tables)
            options_->check.tables(group_tables(connection_, name_, root).all);
        const GroupRow group = group_of(connection_, name_, root, true);
        ask_rows(group.id);
        purge_group(*transaction_, name_, group, *actor_);
        groups_.insert(group.uuid);
        rows_ += group.size;
    }
    for (const auto& [id, item] : found) {
        if (were_live_.contains(id) || groups_.contains(item.group_id)) continue;
        Item root;
        const std::string& group = item.group_id;
        as([&] { root = items_.root_of(group); });
        throw NotRoot("the object " + id +
                          " went into the trash with another one; purge or restore that group",
                      root);
    }
}

BulkEntry Bulk::entry(const std::string& id, const std::map<std::string, Item>& found) const {
    const auto item = found.find(id);
    const bool here = item != found.end() && groups_.contains(item->second.group_id);
    const bool was_live = were_live_.contains(id);
    if (options_->hard) return {id, here || was_live ? "deleted" : "not-found", {}};
    if (!table_.kept && was_live) return {id, "deleted", {}};
    if (item == found.end()) return {id, "not-found", {}};
    const auto dropped = dropped_.find(id);
    return {id, here ? "trashed" : "already-trashed", item->second,
            dropped == dropped_.end() ? std::vector<ImpactLine>() : dropped->second};
}

BulkResult Bulk::run(schema::Transaction& transaction, const Selection& selection,
                     const BulkOptions& options, const Actor& actor) {
    transaction_ = &transaction;
    options_ = &options;
    actor_ = &actor;
    const std::vector<Live> rows = held(selection);
    for (const Live& row : rows) were_live_.insert(row.asked.begin(), row.asked.end());
    if (!selection.condition.empty()) {
        for (const Live& row : rows) ids_.emplace_back(row.id);
    }
    tell_hard();
    move(rows);
    std::vector<std::string> asked;
    for (const Param& id : ids_)
        if (id) asked.push_back(*id);
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    std::map<std::string, Item> found;
    as([&] { found = items_.newest_of_all(table_, asked); });
    std::erase_if(found, [&](const auto& one) {
        const auto& item = one.second;
        return options.mine && !groups_.contains(item.group_id) && !options.mine(transaction, item);
    });
    if (options.hard) purge_trashed(found);
    BulkResult result;
    for (const Param& id : ids_)
        result.entries.push_back(id ? entry(*id, found) : BulkEntry{"", "not-found", {}});
    result.rows = rows_;
    note_together(transaction, name_, entries_);
    if (!entries_.empty()) result.entry = entries_.back();
    result.written = std::move(all_written_);
    if (options.at_end) options.at_end(transaction, result);
    return result;
}

}  // namespace

BulkResult Trash::remove_all(const QualifiedName& wanted, const Selection& selection,
                             const BulkOptions& options, const Actor& actor) {
    bool seen = false;  // what goes for good goes through the trash, where what is held is found
    auto work = [&](const CompiledPlan& plan) {
        BulkResult result;
        impl_->run(
            schema::Mode::kMove,
            [&](schema::Transaction& transaction) {
                auto own = options;
                own.check = impl_->with_sight(options.check);
                if (seen && !own.check.rows) own.check.rows = kAskNothing;
                Bulk bulk(transaction.connection(), plan, impl_->name, impl_->naming,
                          {tenant_condition(*plan.plan.root, "t"), impl_->readable(),
                           impl_->asker_of(transaction)});
                bulk.forget_by(
                    [&](long long group) { impl_->forget_dropped(transaction, plan, group); });
                if (plan.foreign_code)
                    bulk.tell([&](auto moved) { return impl_->written(plan, moved); });
                result = bulk.run(transaction, selection, own, actor);
            },
            kTries);
        return result;
    };
    auto explain = [&](const CompiledPlan& plan, const Error& error) {
        if (error.is(sqlstate::kHeld) && !std::exchange(seen, true)) return true;
        if (error.sql()) impl_->explain_code(plan, error);
        explain_refusal(error);
        // not there, gone: another request moved a row between two statements of this one
        return error.is(sqlstate::kUncaptured) || error.is(sqlstate::kNoSuchRow) ||
               error.code() == Code::kGone;
    };
    return impl_->with_plan({wanted, options.cascade, options.check}, work, explain);
}

Impact Trash::impact_all(const QualifiedName& wanted, const Selection& selection, bool cascade) {
    auto work = [&](const CompiledPlan& plan) {
        return impl_->reading([&](Items& items, const schema::Catalog&) {
            Bulk bulk(items.connection(), plan, impl_->name, impl_->naming,
                      {tenant_condition(*plan.plan.root, "t"), impl_->readable(), {}});
            return read_impact(items.connection(), plan, keys_of(bulk.live(selection, false)));
        });
    };
    return impl_->with_plan({wanted, cascade}, work,
                            [](const CompiledPlan&, const Error&) { return false; });
}

}  // namespace trashd::trash
