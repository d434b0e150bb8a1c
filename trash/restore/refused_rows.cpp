// Which rows a trigger refuses, where only trying tells: they go in one by one, each under a
// savepoint. All of it is rolled back by who refuses the restore then.
#include <utility>

#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/restore/steps.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using std::to_string;

constexpr long long kMostTried = 1000;  // statements of one look
constexpr const char* kTry = "trashd_try";

// Nothing: it went well. An error without the server's words: rows were kept out.
std::optional<Error> tried(RestoreContext& restoring, const std::function<bool()>& work) {
    restoring.exec(std::string("SAVEPOINT ") + kTry);
    std::optional<Error> failed;
    try {
        if (!work()) failed = Error(Code::kConflict, "");
    } catch (const Error& error) {
        if (!about_rows_or_triggers(restoring, error)) throw;
        failed = error;
    }
    if (failed) restoring.exec(std::string("ROLLBACK TO SAVEPOINT ") + kTry);
    restoring.exec(std::string("RELEASE SAVEPOINT ") + kTry);
    return failed;
}

Conflict refused(const RestoreContext& restoring, const Shape& shape, const Error& failed) {
    if (failed.sql()) return as_said(restoring, failed);
    Conflict conflict;
    conflict.kind = "constraint";
    conflict.table = shape.called();
    conflict.detail = "the row is kept out; look at " + code_at(restoring, *shape.table);
    return conflict;
}

std::string object_of(RestoreContext& restoring, const Range& row) {
    const auto found = restoring.transaction.exec(filled(R"(SELECT object_id FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND ordinal OPERATOR(pg_catalog.=) $2::pg_catalog.int4)",
                                                         restoring.trash_schema),
                                                  {to_string(row.group), to_string(row.first)});
    return found.rows() == 0 ? "" : std::string(found.text(0, 0));
}

class Search {
  public:
    explicit Search(RestoreContext& restoring) : restoring_(restoring) {}

    // Whether the rows went in; whatever is refused is noted.
    bool put(const Shapes& step) {
        restoring_.at = step[0]->relation;
        std::optional<Error> failed = tried(restoring_, [&] {
            bool all = true;
            restoring_.as_asker([&] {
                const auto done = insert_step(restoring_, step);
                all = step.size() > 1 || done.affected() == step[0]->count;
            });
            return all;
        });
        if (!failed) return true;
        state_ = failed->sql() ? failed->sql()->sqlstate : "";
        const auto& ranges = step[0]->ranges;
        if (step.size() == 1)
            for (const auto& range : ranges)
                look_into(*step[0], range, ranges.size() == 1 ? &*failed : nullptr);
        if (found_.empty()) found_.push_back(refused(restoring_, *step[0], *failed));
        return false;
    }

    std::vector<Conflict> found() { return std::move(found_); }

  private:
    // whole: they have just been refused together. Rows that only lack others of the same table
    // are not the ones looked for.
    void look_into(const Shape& shape, const Range& range, const Error* whole) {
        if (left_ <= 0 || found_.size() >= static_cast<std::size_t>(kMostConflicts)) return;
        --left_;
        const auto failed = whole ? std::optional<Error>(*whole) : put_range(shape, range);
        if (!failed) return;
        if (range.first == range.last) return note(shape, range, *failed);
        const auto middle = (range.first + range.last) / 2;
        look_into(shape, {range.group, range.first, middle}, nullptr);
        look_into(shape, {range.group, middle + 1, range.last}, nullptr);
    }

    void note(const Shape& shape, const Range& row, const Error& failed) {
        const auto state = [](const Error& error) {
            return error.sql() ? error.sql()->sqlstate : "";
        };
        if (state(failed) != state_) return;
        found_.push_back(refused(restoring_, shape, failed));
        found_.back().id = object_of(restoring_, row);
        found_.back().group = row.group;
        found_.back().ordinal = row.first;
    }

    std::optional<Error> put_range(const Shape& shape, const Range& range) {
        return tried(restoring_, [&] {
            long long rows = 0;
            restoring_.as_asker([&] { rows = insert_one(restoring_, shape, range); });
            return rows == items_in(range);
        });
    }

    // Some of its items may stay in the trash.
    long long items_in(const Range& range) {
        return restoring_.transaction
            .exec(filled(R"(SELECT pg_catalog.count(*) FROM {schema}.item
  WHERE group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
    AND ordinal OPERATOR(pg_catalog.>=) $2::pg_catalog.int4
    AND ordinal OPERATOR(pg_catalog.<=) $3::pg_catalog.int4)",
                         restoring_.trash_schema),
                  {to_string(range.group), to_string(range.first), to_string(range.last)})
            .integer(0, 0);
    }

    RestoreContext& restoring_;
    std::vector<Conflict> found_;
    std::string state_;  // of the error that is to be explained
    long long left_ = kMostTried;
};

}  // namespace

std::vector<Conflict> find_refused(RestoreContext& restoring, const Error& failed) {
    const auto at = std::exchange(restoring.at, 0);
    restoring.by_step = false;
    restoring.first.clear();
    Search search(restoring);
    for (const auto& step : in_order(restoring))
        if (!search.put(step)) break;
    auto found = search.found();
    if (found.empty()) restoring.at = at;
    if (found.empty()) found.push_back(as_said(restoring, failed));
    return found;
}

}  // namespace trashd::trash
