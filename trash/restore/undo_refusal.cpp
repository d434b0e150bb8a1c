// Why rows that came back cannot go into the trash again: which are not as they were, and what
// refers to them by now.
#include <map>
#include <utility>

#include "schema/catalog/catalog.hpp"
#include "trash/insert/restore_context.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/undo_restore.hpp"

namespace trashd::trash {

using schema::Result;
using schema::Table;
using std::to_string;

void UndoRestore::refuse(std::vector<ChangedRow> rows) {
    throw ChangedSince(
        "rows are not as they came back, or others refer to them by now; nothing was undone",
        std::move(rows));
}

namespace {

// Which rows refer to which, by the row referred to.
class ReferredRows {
  public:
    std::vector<RowReference>& of(const Table& table, std::string_view id) {
        return rows_[{table.name, std::string(id)}];
    }
    std::vector<ChangedRow> all() {
        std::vector<ChangedRow> out;
        for (auto& [row, by] : rows_) out.push_back({row.first, row.second, std::move(by)});
        return out;
    }

  private:
    std::map<std::pair<schema::QualifiedName, std::string>, std::vector<RowReference>> rows_;
};

void add(ReferredRows& rows, const RestoreContext& taken, const schema::ForeignKey& key,
         const Result& found) {
    const auto& parent = *taken.catalog.table(key.parent);
    const auto& child = *taken.catalog.table(key.child);
    for (int row = 0; row < found.rows(); ++row)
        rows.of(parent, found.text(row, 0))
            .push_back({child.name, std::string(found.text(row, 1)), key.name});
}

}  // namespace

// What the deletes took, or cut, though no restore had brought it back says what refers to the rows
// now; what they did not take is not as it was.
void UndoRestore::refuse_others() {
    ReferredRows rows;
    const RestoreOptions options;
    const Actor nobody;
    RestoreContext taken{transaction_, catalog_, trash_schema_, options, nobody};
    for (const auto& one : returns_)
        for (const auto id : one.taken) add_group(taken, id);
    for (const auto* key : hanging_keys(taken))
        add(rows, taken, *key,
            ask(R"(SELECT p.object_id, v.object_id FROM {references}
  WHERE (v.group_id, v.ordinal) IN ({others}) AND (p.group_id, p.ordinal) NOT IN ({others})
  ORDER BY 1, 2 LIMIT {most})",
                {{"references", referring_items(taken, *key)},
                 {"most", to_string(kMostConflicts)}}));
    for (const auto& [id, shape] : taken.shapes)
        for (const auto* key : cutting_keys(taken, shape)) {
            const auto cut = cut_reference(taken, shape, *key);
            add(rows, taken, *key,
                ask(R"(SELECT p.object_id, l.object_id
  FROM {schema}.link l JOIN {parents} p ON {same}
  WHERE {of_key} AND l.id OPERATOR(pg_catalog.=) ANY (ARRAY({other_links}))
  ORDER BY 1, 2 LIMIT {most})",
                    {{"parents", cut.parents},
                     {"same", cut.same},
                     {"of_key", cut.of_key},
                     {"most", to_string(kMostConflicts)}}));
        }
    const auto left = ask(R"(WITH {pairs}
  SELECT k.relation, k.id FROM k LEFT JOIN t ON {same} WHERE t.n IS NULL LIMIT {most})",
                          {{"most", to_string(kMostConflicts)}});
    for (int row = 0; row < left.rows(); ++row)
        rows.of(*catalog_.table(static_cast<schema::Oid>(left.integer(row, 0))), left.text(row, 1));
    refuse(rows.all());
}

}  // namespace trashd::trash
