#include "trash/restore/choices.hpp"

#include <algorithm>

#include "schema/error.hpp"
#include "schema/text.hpp"
#include "trash/model/options.hpp"
#include "trash/store/item_id.hpp"
#include "trash/store/sql.hpp"

namespace trashd::trash {
namespace {

using schema::ForeignKey;
using std::to_string;

bool offers(const Conflict& conflict, Choice choice) {
    return std::ranges::count(conflict.choices, choice) > 0;
}

const ForeignKey* key_of(const RestoreContext& restoring, const Conflict& conflict) {
    const auto* table = restoring.catalog.table(conflict.table);
    if (table == nullptr) return nullptr;
    for (const auto* key : restoring.catalog.references(table->oid))
        if (key->name == conflict.constraint) return key;
    return nullptr;
}

// A key that binds all its columns or none; the catalog as it is read does not say.
bool matches_full(RestoreContext& restoring, const ForeignKey& key) {
    if (key.child_columns.size() <= 1) return false;
    const auto sql = schema::filled(
        R"(SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint
    WHERE oid OPERATOR(pg_catalog.=) {key} AND confmatchtype OPERATOR(pg_catalog.=) 'f'))",
        {{"key", to_string(key.oid)}});
    return restoring.exec(sql).boolean(0, 0);
}

bool in_other_key(const RestoreContext& restoring, const ForeignKey& key, int attnum) {
    return std::ranges::any_of(restoring.catalog.references(key.child), [&](const auto* other) {
        return other != &key && std::ranges::count(other->child_columns, attnum) > 0;
    });
}

const GroupRow& whole_group(const RestoreContext& restoring, long long id) {
    const auto& groups =
        restoring.chosen.groups.empty() ? restoring.groups : restoring.chosen.groups;
    const auto found = std::ranges::find(groups, id, &GroupRow::id);
    return found == groups.end() ? groups.front() : *found;
}

// Where something comes back all the same: all hangs on a root that is the only one.
bool may_stay(const RestoreContext& restoring, const Conflict& conflict) {
    if (conflict.ordinal == 0) return false;
    const auto place = as_trashed(restoring, {conflict.group, conflict.ordinal});
    const auto& group = whole_group(restoring, place.group);
    return group.roots.size() > 1 || group.roots.front() != place.ordinal;
}

// The missing parent is of the same group and stays because that was chosen.
bool left_out(const RestoreContext& restoring, const Conflict& conflict) {
    const auto parent = parse_item_id(conflict.trash_item);
    return !restoring.options.choices.only &&
           std::ranges::any_of(restoring.groups,
                               [&](const auto& group) { return group.uuid == parent.group_id; });
}

// The missing parent went into the trash to make room, as was chosen: it cannot come along again.
bool swapped_out(const RestoreContext& restoring, const Conflict& conflict) {
    const auto parent = parse_item_id(conflict.trash_item).group_id;
    return std::ranges::any_of(restoring.result.swapped, [&](const auto& swapped) {
        return parse_item_id(swapped.item).group_id == parent;
    });
}

// An index may be over an expression in which there is none.
bool names_column(const RestoreContext& restoring, const Conflict& conflict) {
    const auto* table = restoring.catalog.table(conflict.table);
    return table == nullptr || std::ranges::any_of(table->columns, [&](const auto& column) {
               return std::ranges::count(conflict.columns, column.name) > 0;
           });
}

void offer(RestoreContext& restoring, Conflict& conflict) {
    if (!conflict.trash_item.empty() && swapped_out(restoring, conflict))
        conflict.trash_item.clear();  // of an attempt that is rolled back
    const bool one = conflict.ordinal != 0 || !conflict.id.empty();
    auto& choices = conflict.choices;
    const auto add = [&](Choice choice) {
        if (!offers(conflict, choice)) choices.push_back(choice);
    };
    if (conflict.kind == "missing-parent") {
        if (!conflict.trash_item.empty() && !left_out(restoring, conflict)) add(Choice::kAncestors);
        const auto* key = key_of(restoring, conflict);
        if (key && one && !detachable(restoring, *key).empty()) add(Choice::kDetach);
    }
    const bool taken = conflict.kind == "primary-key-taken" || conflict.kind == "unique-taken";
    if (taken && restoring.options.swap && !restoring.copy && !conflict.with_id.empty())
        add(Choice::kSwap);
    if (one && may_stay(restoring, conflict)) add(Choice::kLeaveOut);
    const bool named = !conflict.id.empty() && (!taken || names_column(restoring, conflict));
    if (conflict.kind != "schema-changed" && named) add(Choice::kSet);
    std::ranges::sort(choices);
}

std::string listed(const std::vector<Choice>& choices) {
    std::vector<std::string> words;
    for (const auto choice : choices) words.emplace_back(word_of(choice));
    return words.empty() ? "none" : schema::join(words, ", ");
}

[[noreturn]] void refuse_misfit(const Conflict& conflict, Choice choice) {
    throw Error(Code::kBadRequest, "'" + std::string(word_of(choice)) +
                                       "' does not fit the conflict " + conflict.kind + " of " +
                                       conflict.table.name + " " + conflict.id +
                                       "; its choices are: " + listed(conflict.choices));
}

// Where the conflict's row lay in the trash; no group where it is of no row.
Place place_of(RestoreContext& restoring, const Conflict& conflict) {
    if (conflict.ordinal != 0) return as_trashed(restoring, {conflict.group, conflict.ordinal});
    if (conflict.id.empty()) return {};
    const auto found = find_members(restoring, {conflict.table, conflict.id});
    return found.empty() ? Place() : as_trashed(restoring, found.front().place);
}

class Answers {
  public:
    Answers(RestoreContext& restoring, const std::vector<Conflict>& conflicts)
        : restoring_(restoring), conflicts_(conflicts) {
        for (const auto& conflict : conflicts) places_.push_back(place_of(restoring, conflict));
    }

    Answered all() {
        refuse_misfits();
        for (std::size_t at = 0; at < conflicts_.size(); ++at) take(at, choice_for(at));
        return std::move(answered_);
    }

  private:
    bool means(const Chosen::Named& named, std::size_t at) const {
        const auto& conflict = conflicts_[at];
        const auto& answer = *named.answer;
        if (answer.member.table != conflict.table) return false;
        if (!answer.constraint.empty() && answer.constraint != conflict.constraint) return false;
        return answer.member.id.empty() || named.places.contains(places_[at]);
    }

    // An answer must fit some conflict of those that it means, if there are any.
    void refuse_misfits() const {
        for (const auto& named : restoring_.chosen.answers) {
            const Conflict* misfit = nullptr;
            bool fits = named.answer->choice == Choice::kFail;
            for (std::size_t at = 0; at < conflicts_.size() && !fits; ++at) {
                if (!means(named, at)) continue;
                fits = offers(conflicts_[at], named.answer->choice);
                if (!fits) misfit = &conflicts_[at];
            }
            if (!fits && misfit) refuse_misfit(*misfit, named.answer->choice);
        }
    }

    Choice choice_for(std::size_t at) const {
        const auto& conflict = conflicts_[at];
        for (const auto& named : restoring_.chosen.answers) {
            const auto choice = named.answer->choice;
            if (!means(named, at)) continue;
            if (choice == Choice::kFail || offers(conflict, choice)) return choice;
        }
        if (offers(conflict, restoring_.options.choices.otherwise))
            return restoring_.options.choices.otherwise;
        return brings_ancestors(at) ? Choice::kAncestors : Choice::kFail;
    }

    // The parents of ancestors come along without being named.
    bool brings_ancestors(std::size_t at) const {
        const bool of_ancestor =
            restoring_.chosen.brought.contains(places_[at]) ||
            (places_[at].group != 0 && places_[at].group != restoring_.groups.front().id);
        return offers(conflicts_[at], Choice::kAncestors) &&
               (restoring_.options.with_ancestors || of_ancestor);
    }

    void take(std::size_t at, Choice choice) {
        const auto& conflict = conflicts_[at];
        auto& chosen = restoring_.chosen;
        if (choice == Choice::kAncestors) {
            bring(parse_item_id(conflict.trash_item));
        } else if (choice == Choice::kLeaveOut && places_[at].group != 0) {
            answered_.progress |= chosen.left_out.insert(places_[at]).second;
        } else if (choice == Choice::kSwap) {
            answered_.progress |=
                chosen.swapped.emplace(*conflict.with_table, conflict.with_id).second;
        } else if (choice == Choice::kLossy && places_[at].group != 0) {
            answered_.progress |= chosen.lossy.insert(places_[at]).second;
        } else if (choice == Choice::kDetach && places_[at].group != 0) {
            answered_.progress |= detach(at);
        }
    }

    // A parent that stays in the same group comes along by itself, others with their groups.
    void bring(const ItemAddress& parent) {
        auto& chosen = restoring_.chosen;
        const auto& own = restoring_.groups.front();
        if (parent.group_id == own.uuid) {
            answered_.progress |= chosen.brought.insert({own.id, parent.ordinal}).second;
        } else if (chosen.asked_for.insert(parent.group_id).second) {
            answered_.ancestors.push_back(parent.group_id);
            answered_.progress = true;
        }
    }

    bool detach(std::size_t at) {
        const auto& conflict = conflicts_[at];
        const auto* key = key_of(restoring_, conflict);
        Detached told{conflict.table, conflict.id, conflict.constraint, {}, {}};
        for (const int attnum : detachable(restoring_, *key)) {
            const auto place = std::ranges::find(key->child_columns, attnum);
            const auto k = static_cast<std::size_t>(place - key->child_columns.begin());
            told.columns.push_back(conflict.columns[k]);
            told.values.push_back(conflict.values[k]);
        }
        return restoring_.chosen.detached.emplace(std::pair{places_[at], key}, told).second;
    }

    RestoreContext& restoring_;
    const std::vector<Conflict>& conflicts_;
    std::vector<Place> places_;
    Answered answered_;
};

void find_named(RestoreContext& restoring) {
    auto& chosen = restoring.chosen;
    chosen.answers.clear();
    for (const auto& answer : restoring.options.choices.resolve) {
        chosen.answers.push_back({&answer, {}});
        auto& places = chosen.answers.back().places;
        for (const auto& one : find_members(restoring, answer.member)) places.insert(one.place);
        if (places.empty()) chosen.unknown.push_back(answer.member);
        // holds even where there is no conflict (any more)
        if (answer.choice == Choice::kLeaveOut && answer.constraint.empty())
            chosen.left_out.insert(places.begin(), places.end());
    }
    for (const auto& given : restoring.options.choices.set)
        if (find_members(restoring, given.member).empty()) chosen.unknown.push_back(given.member);
}

constexpr const char* kSetNull = R"(UPDATE {schema}.item i SET payload[$3::pg_catalog.int4] = NULL
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]),
    pg_catalog.unnest($2::pg_catalog.int4[])) p(g, o)
  WHERE i.group_id OPERATOR(pg_catalog.=) p.g AND i.ordinal OPERATOR(pg_catalog.=) p.o)";

void set_null(RestoreContext& restoring, const std::vector<Place>& places, int position) {
    std::vector<schema::Param> groups, ordinals;
    for (const auto& place : places) {
        groups.emplace_back(to_string(place.group));
        ordinals.emplace_back(to_string(place.ordinal));
    }
    restoring.transaction.exec(
        filled(kSetNull, restoring.trash_schema),
        {schema::array_literal(groups), schema::array_literal(ordinals), to_string(position)});
}

const Shape* shape_at(const RestoreContext& restoring, const Place& place, schema::Oid table) {
    for (const auto& [id, shape] : restoring.shapes) {
        if (shape.count == 0 || shape.relation != table) continue;
        for (const auto& range : shape.ranges)
            if (range.group == place.group && range.first <= place.ordinal &&
                place.ordinal <= range.last)
                return &shape;
    }
    return nullptr;
}

// References become null.
void detach_all(RestoreContext& restoring) {
    std::map<int, std::vector<Place>> by_position;
    for (const auto& [which, told] : restoring.chosen.detached) {
        const auto& [member, key] = which;
        const auto place = as_changed(restoring, member);
        const auto* shape = shape_at(restoring, place, key->child);
        if (shape == nullptr) continue;
        for (const auto& name : told.columns)
            if (const int at = shape->position(shape->table->column(name)->attnum); at != 0)
                by_position[at].push_back(place);
        restoring.result.detached.push_back(told);
    }
    for (const auto& [position, places] : by_position) set_null(restoring, places, position);
}

// Rows in the way go into the trash, with what hangs on them.
void swap_all(RestoreContext& restoring) {
    auto& swapped = restoring.result.swapped;
    swapped.clear();
    for (const auto& [table, id] : restoring.chosen.swapped)
        if (const auto one = restoring.options.swap(restoring.transaction, table, id))
            swapped.push_back(*one);
}

// Values must be there for who chooses to set some.
void refuse_unset(const RestoreContext& restoring) {
    const auto& choices = restoring.options.choices;
    if (choices.otherwise == Choice::kSet)
        throw Error(Code::kBadRequest,
                    "'otherwise' cannot be set: name the members and their values in 'set'");
    for (const auto& answer : choices.resolve) {
        const auto of_member = [&](const NewValues& given) {
            return given.member.table == answer.member.table &&
                   (given.member.id.empty() || given.member.id == answer.member.id);
        };
        if (answer.choice == Choice::kSet && std::ranges::none_of(choices.set, of_member))
            throw Error(Code::kBadRequest, "'set' was chosen for " + answer.member.table.name +
                                               " " + answer.member.id +
                                               "; name the values that it gets in 'set'");
    }
}

}  // namespace

bool chooses(const RestoreContext& restoring) {
    return !restoring.options.choices.none();
}

std::vector<int> detachable(RestoreContext& restoring, const ForeignKey& key) {
    const auto& child = *restoring.catalog.table(key.child);
    std::vector<int> may, alone;
    for (const int attnum : key.child_columns) {
        const auto& column = *child.column(attnum);
        const bool fixed = column.not_null || column.generated ||
                           std::ranges::count(child.identity, attnum) > 0 ||
                           column.name == restoring.options.tenant_column;
        if (fixed) continue;
        may.push_back(attnum);
        if (!in_other_key(restoring, key, attnum)) alone.push_back(attnum);
    }
    if (matches_full(restoring, key))
        return may.size() == key.child_columns.size() ? may : std::vector<int>();
    return alone.empty() ? may : alone;
}

void offer(RestoreContext& restoring, std::vector<Conflict>& conflicts) {
    for (auto& conflict : conflicts) offer(restoring, conflict);
}

Answered answer(RestoreContext& restoring, const std::vector<Conflict>& conflicts) {
    return Answers(restoring, conflicts).all();
}

void carry_out(RestoreContext& restoring) {
    auto& chosen = restoring.chosen;
    chosen.unknown.clear();
    chosen.now.clear();
    chosen.was.clear();
    chosen.forms.clear();
    chosen.ids.clear();
    restoring.result.changed.clear();
    restoring.result.detached.clear();
    refuse_unset(restoring);
    find_named(restoring);
    hide_rest(restoring);
    set_values(restoring);
    detach_all(restoring);
    swap_all(restoring);
}

void refuse_unknown(const RestoreContext& restoring) {
    if (restoring.chosen.unknown.empty()) return;
    const auto& member = restoring.chosen.unknown.front();
    throw Error(Code::kBadRequest, "there is no " + member.table.name +
                                       (member.id.empty() ? "" : " " + member.id) +
                                       " in the group; a TrashItem's deletedObjectId names it");
}

}  // namespace trashd::trash
