// Purges whole groups in batches, each a transaction of its own, so that no lock is held for long.
// What others hold is passed over and waited for at the end.
#include <algorithm>
#include <set>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/records/holds.hpp"
#include "trash/records/purge.hpp"
#include "trash/remove/trash_impl.hpp"
#include "trash/store/groups.hpp"
#include "trash/store/sql.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {
namespace {

using schema::Param;
using schema::Result;

// What one transaction purges, so that it holds no lock for long.
constexpr int kGroups = 200;
constexpr long long kItems = 50000;

constexpr const char* kLockGroups = R"(SELECT id, uuid, size FROM {schema}.trash_group
  WHERE uuid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.uuid[])
    AND state OPERATOR(pg_catalog.=) 'trashed'
  ORDER BY id FOR UPDATE{skip_locked})";

// Those that may be purged now; with `skip` without those that another request holds.
std::vector<GroupRow> lock_groups(schema::Connection& connection, const std::string& trash_schema,
                                  const std::vector<Param>& uuids, bool skip) {
    const Result found = connection.exec(
        filled(kLockGroups, trash_schema, {{"skip_locked", skip ? " SKIP LOCKED" : ""}}),
        {schema::array_literal(uuids)});
    std::vector<GroupRow> groups(static_cast<std::size_t>(found.rows()));
    for (int row = 0; row < found.rows(); ++row) {
        GroupRow& group = groups[static_cast<std::size_t>(row)];
        group.id = found.integer(row, 0);
        group.uuid = found.text(row, 1);
        group.size = found.integer(row, 2);
    }
    return groups;
}

class TrashPurge {
  public:
    TrashPurge(schema::CatalogCache& cache, schema::Pool& pool, const std::string& trash_schema,
               const EmptyOptions& options, const Actor& actor)
        : pool_(pool),
          catalog_(cache.get()),
          name_(trash_schema),
          options_(options),
          actor_(actor) {}

    void add(const Item& root) {
        batch_.emplace_back(root.group_id);
        size_ += root.group_size;
        if (size_ >= kItems) flush(true);
    }
    // Purges what was added; what others hold is left for finish().
    void flush(bool skip);
    Emptied finish();
    // Takes out those that are held, and counts them.
    void leave_held(schema::Connection& connection, std::vector<GroupRow>& groups, Emptied& now);
    // Not to be purged by who asks.
    bool kept(schema::Transaction& transaction, const GroupRow& group) const;

  private:
    schema::Pool& pool_;
    std::shared_ptr<const schema::Catalog> catalog_;
    const std::string& name_;
    const EmptyOptions& options_;
    const Actor& actor_;
    std::vector<Param> batch_, left_;
    long long size_ = 0;
    Emptied done_;
    std::set<std::string> held_;  // uuids of groups
};

void TrashPurge::leave_held(schema::Connection& connection, std::vector<GroupRow>& groups,
                            Emptied& now) {
    std::vector<long long> ids;
    for (const auto& group : groups) ids.push_back(group.id);
    const auto held = held_among(connection, name_, ids);
    std::erase_if(groups, [&](const GroupRow& group) {
        if (std::ranges::count(held, group.id) == 0) return false;
        ++now.held_groups;
        now.held_items += group.size;
        held_.insert(group.uuid);
        return true;
    });
}

bool TrashPurge::kept(schema::Transaction& transaction, const GroupRow& group) const {
    if (!options_.rows) return false;
    try {
        options_.rows(transaction, *catalog_, group.id);
        return false;
    } catch (const Error& error) {
        const bool kept = error.code() == Code::kForbidden || error.code() == Code::kNotFound;
        if (!kept || error.sql()) throw;
        return true;
    }
}

void TrashPurge::flush(bool skip) {
    if (batch_.empty()) return;
    Emptied now;
    std::vector<GroupRow> groups;
    schema::run(pool_, schema::Mode::kMove, [&](schema::Transaction& transaction) {
        now = {};
        if (options_.begin) options_.begin(transaction.connection());
        groups = lock_groups(transaction.connection(), name_, batch_, skip);
        std::erase_if(groups, [&](const GroupRow& group) { return kept(transaction, group); });
        leave_held(transaction.connection(), groups, now);
        purge_groups(transaction, name_, groups, actor_);
        for (const GroupRow& group : groups) now.items += group.size;
        now.groups = static_cast<long long>(groups.size());
        if (options_.at_batch) options_.at_batch(transaction, now);
    });
    done_.groups += now.groups;
    done_.items += now.items;
    done_.held_groups += now.held_groups;
    done_.held_items += now.held_items;
    auto purged = [&](const Param& uuid) {
        return std::any_of(groups.begin(), groups.end(),
                           [&](const GroupRow& group) { return group.uuid == *uuid; });
    };
    std::copy_if(batch_.begin(), batch_.end(), std::back_inserter(left_), [&](const Param& uuid) {
        return skip && !purged(uuid) && !held_.contains(*uuid);
    });
    batch_.clear();
    size_ = 0;
}

Emptied TrashPurge::finish() {
    flush(true);
    const std::vector<Param> left = std::move(left_);
    for (const Param& uuid : left) {
        batch_ = {uuid};
        flush(false);
    }
    return done_;
}

}  // namespace

// Asked of the roots, and of what lies in the trash already: what comes later stays.
ItemFilter Trash::Impl::roots_of(const EmptyOptions& options) {
    ItemFilter filter = options.filter;
    filter.root = true;
    filter.tenant = tenant;
    filter.to = reading([&](Items& items, const schema::Catalog&) {
        return items.connection()
            .exec("SELECT " + utc(R"(LEAST($1::pg_catalog.timestamptz,
    COALESCE($2::pg_catalog.timestamptz, pg_catalog.clock_timestamp())
      OPERATOR(pg_catalog.-) COALESCE($3::interval, '0 seconds')))"),
                  {options.filter.to, options.before, options.filter.age})
            .value(0, 0);
    });
    filter.age.reset();
    return filter;
}

// What an emptying takes, and what it leaves because it is held.
Emptied Trash::Impl::totals(const ItemFilter& roots) {
    const auto held = held_groups(pool.lease().connection(), name);
    return reading([&](Items& items, const schema::Catalog&) {
        const auto all = items.totals(roots);
        if (held.empty()) return all;
        auto rest = roots;
        rest.except.insert(rest.except.end(), held.begin(), held.end());
        auto goes = items.totals(rest);
        goes.held_groups = all.groups - goes.groups;
        goes.held_items = all.items - goes.items;
        return goes;
    });
}

void Trash::Impl::expect(const ItemFilter& roots, long long items) {
    const auto found = totals(roots);
    if (found.items != items) throw UnexpectedCount(items, found.items);
}

Emptied Trash::count_groups(const EmptyOptions& options) {
    if (options.filter.root == false) return {};
    return impl_->totals(impl_->roots_of(options));
}

Emptied Trash::empty(const EmptyOptions& options, const Actor& actor) {
    if (options.filter.root == false) return {};
    auto own = options;
    own.rows = impl_->with_sight({{}, options.rows}).rows;
    own.begin = [this](schema::Connection& connection) { impl_->begin(connection); };
    TrashPurge emptying(impl_->cache, impl_->pool, impl_->name, own, actor);
    ItemQuery asked;
    asked.filter = impl_->roots_of(options);
    if (options.expect) impl_->expect(asked.filter, *options.expect);
    asked.limit = kGroups;
    for (bool more = true; more;) {
        std::vector<Item> roots;
        const ItemPage page = list(asked, [&](const Item& item) { roots.push_back(item); });
        for (const Item& root : roots) emptying.add(root);
        emptying.flush(true);
        asked.after = page.last;
        more = page.more;
    }
    return emptying.finish();
}

}  // namespace trashd::trash
