#include "service/writing/trashed_writes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "schema/text.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/preconditions.hpp"
#include "service/requests/idempotency.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/rights/actor.hpp"
#include "service/rights/row_rights.hpp"
#include "service/writing/row_insert.hpp"
#include "trash/rows/live_row.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {

namespace {

constexpr int kTries = 10;

// A key that is not live and lies in the trash: its columns as text, and the id of its newest
// TrashItem. Both are empty of what is live, or lies nowhere.
struct Place {
    std::vector<std::string> key;
    std::string item;
    bool operator==(const Place&) const = default;
};
using Places = std::vector<Place>;

bool none_in_trash(const Places& places) {
    return std::ranges::all_of(places, [](const Place& place) { return place.item.empty(); });
}

// What else deletes, restores or purges may be the reason.
bool may_be_elsewhere(Code code) {
    return code == Code::kGone || code == Code::kNotFound || code == Code::kForbidden ||
           code == Code::kInTrash || code == Code::kConflict || code == Code::kRestoreConflict;
}

// Does the work with what look() has found; again where by then that is something else.
template <class Look, class Work>
Response where_it_lies(Look look, Work work) {
    for (int tries = 1;; ++tries) {
        const Places found = look();
        try {
            return work(found);
        } catch (const Error& error) {
            if (!may_be_elsewhere(error.code())) throw;
            // What was neither here nor there may have gone and come back meanwhile.
            const bool last = tries == kTries;
            if (look() == found && (last || error.code() != Code::kNotFound)) throw;
            if (last)
                throw Error(Code::kConflict,
                            "others delete and restore the object at this moment; send it again");
        }
    }
}

// The groups, each once, in the order of the places.
std::vector<std::string> groups_of(const Places& places) {
    std::vector<std::string> groups;
    for (const auto& place : places) {
        if (place.item.empty()) continue;
        auto group = trash::parse_item_id(place.item).group_id;
        if (std::ranges::count(groups, group) == 0) groups.push_back(std::move(group));
    }
    return groups;
}

// One item of each group. That a key lies in the trash is told to all who may write it.
std::vector<std::string> items_to_restore(const Write& write, const Places& places) {
    std::vector<std::string> items;
    for (const auto& group : groups_of(places)) {
        const auto of_group = [&](const Place& place) {
            return !place.item.empty() && trash::parse_item_id(place.item).group_id == group;
        };
        items.push_back(std::ranges::find_if(places, of_group)->item);
        need_on_group(write.caller, write.context, Right::kRestore, items.back());
    }
    return items;
}

// Restores the groups, and writes in the same transaction.
Response restore_and_write(Write& write, const Places& places, const Writing& work) {
    const auto& context = write.context;
    const auto items = items_to_restore(write, places);
    const auto actor = actor_of(write.request, write.caller);
    Response reply;
    trash::RestoreOptions options;
    options.check = check_of(write.caller, context, {Right::kRestore});
    options.at_end = [&](schema::Transaction& transaction, const trash::Restored&) {
        trash::write_as_others(transaction);
        write_on(write.caller, context, transaction, [&] { reply = work(transaction); });
        reply.headers.emplace_back("X-Restored-Groups", schema::join(groups_of(places), ", "));
        keep_reply(context, transaction, reply);
    };
    in_words(write, [&] { context.trash->restore_all(items, options, actor); });
    return reply;
}

// The newest generation of the address's key.
Place place_of_address(const Request& request, const Context& context) {
    const auto id = object_id(request);
    if (is_live(request, context, id)) return {};
    const auto item = context.trash->find(request.resource->table->name, id, false);
    return item ? Place{id, item->id} : Place{};
}

// As far as the object says its whole key.
Place place_of_object(const Write& write, schema::Transaction& transaction,
                      const trash::ColumnValues& values) {
    const auto& table = *write.request.resource->table;
    Columns key;
    for (const int attnum : table.identity) key.push_back(table.column(attnum));
    for (const auto* column : key)
        if (std::ranges::count(values.columns, column) == 0) return {};
    auto id = trash::texts_of(transaction, {table, {}}, values, key);
    if (id.empty() || !trash::can_be_key(table, id)) return {};
    const auto own = write.context.trash->tenant_condition(table, trash::alias_of(table));
    if (trash::read_row(transaction, table, {id, {}, own}, false)) return {};
    const auto item = items_of(write.context, transaction).newest_of(table, id, false);
    return item ? Place{std::move(id), item->id} : Place{};
}

// What a second object with the same key finds is live by then.
Places places_of_objects(Write write, const std::vector<trash::ColumnValues>& objects, bool array) {
    Places places;
    in_words(write, [&] {
        write.context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
            std::set<std::string> taken;
            places.clear();
            for (const auto& one : objects) {
                if (array) write.position = places.size();
                write.given = &one;
                places.push_back(place_of_object(write, transaction, one));
                if (!places.back().item.empty() && !taken.insert(places.back().item).second)
                    places.back() = {};
            }
        });
    });
    return places;
}

NewRows rows_over(const Write& write, const Json& body,
                  const std::vector<trash::ColumnValues>& objects, const Places& places) {
    NewRows made;
    made.array = body.kind == Json::Kind::kArray;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        auto& one = made.rows.emplace_back(NewRow{objects[i]});
        if (places[i].item.empty()) continue;
        one.over.emplace(
            change_of(write.request, write.caller, write.context,
                      {places[i].key, made.array ? body.elements[i] : body, Setting::kSet}));
        one.over->restored = true;
    }
    return made;
}

// The body as JSON with the key of the address in it.
std::string with_key(const Request& request, const Json& body) {
    const auto& table = *request.resource->table;
    const auto id = object_id(request);
    Json whole = object(body);
    for (std::size_t i = 0; i < id.size(); ++i) {
        const auto& name = table.column(table.identity[i])->name;
        std::erase_if(whole.members, [&](const auto& member) { return member.name == name; });
        Json value;
        value.kind = Json::Kind::kString;
        value.text = id[i];
        whole.members.push_back({name, std::move(value)});
    }
    return to_json(whole);
}

void refuse_key_by_database(const Request& request) {
    const auto& table = *request.resource->table;
    for (const int attnum : table.identity)
        if (const auto* column = table.column(attnum); by_database(*column))
            throw column_fault(column->name,
                               fmt::format("the database itself fills column '{}', so that no new "
                                           "row can have this key; send trashed=restore",
                                           column->name));
}

void check_key(Write& write, schema::Transaction& transaction, const Change& change) {
    write.given = &change.key;
    const auto locked =
        trash::lock_row(transaction, {change.address.table, change.address.id}, change.key, {});
    if (!locked) refuse_kept_out();
    if (const auto* other = locked->other_key)
        throw column_fault(other->name, fmt::format("column '{}' is another than the address "
                                                    "says; leave it out",
                                                    other->name));
}

Response make_again(Write& write, const Change& change) {
    const auto& request = write.request;
    if (!if_match(request).empty())
        throw Error(Code::kStale,
                    "the object is in the trash, and no version of it is live; leave "
                    "If-Match out");
    refuse_key_by_database(request);
    const auto text = with_key(request, change.body);
    const auto whole = parse_json(text, write.context.config->limits.json_depth);
    const NewRows made{
        {NewRow{given_object(request, write.caller, write.context, whole)}}, false, true};
    return run_write(write, [&](schema::Transaction& transaction) {
        auto reply = insert(write, transaction, made);
        check_key(write, transaction, change);
        return reply;
    });
}

// A PUT to a row that is there, or was restored.
Writing put_of(Write& write, const Change& change) {
    return [&](schema::Transaction& transaction) {
        write.found = false;
        return changed(write, transaction, change_row(write, transaction, change));
    };
}

Change replacement(const Request& request, const Caller& caller, const Context& context,
                   const Json& body) {
    auto change =
        change_of(request, caller, context, {object_id(request), body, Setting::kReplace});
    need_on_row(request, caller, context, Right::kWrite, change.address.id);
    return change;
}

}  // namespace

Trashed parse_trashed(const Request& request) {
    const auto word = request.target.query.text("trashed");
    if (!word) return Trashed::kRefuse;
    if (*word == "restore") return Trashed::kRestore;
    if (*word == "replace") return Trashed::kReplace;
    throw Error(Code::kBadRequest, "'trashed' must be restore or replace");
}

Response create_restoring(const Request& request, const Caller& caller, const Context& context,
                          const Json& body) {
    caller.access.need(Right::kRestore, *request.resource);
    const auto objects = given_objects(request, caller, context, body);
    const bool array = body.kind == Json::Kind::kArray;
    const auto look = [&] {
        return places_of_objects({request, caller, context, &objects.front()}, objects, array);
    };
    return where_it_lies(look, [&](const Places& places) {
        Write write{request, caller, context, &objects.front()};
        const auto made = rows_over(write, body, objects, places);
        const auto work = [&](schema::Transaction& transaction) {
            return insert(write, transaction, made);
        };
        return none_in_trash(places) ? run_write(write, work)
                                     : restore_and_write(write, places, work);
    });
}

Response put_restoring(const Request& request, const Caller& caller, const Context& context,
                       const Json& body) {
    caller.access.need(Right::kRestore, *request.resource);
    auto change = replacement(request, caller, context, body);
    const auto look = [&] { return Places{place_of_address(request, context)}; };
    return where_it_lies(look, [&](const Places& places) {
        Write write{request, caller, context, &change.key};
        write.id = change.address.id;
        change.restored = !none_in_trash(places);
        const auto put = put_of(write, change);
        return change.restored ? restore_and_write(write, places, put) : run_write(write, put);
    });
}

Response put_beside(const Request& request, const Caller& caller, const Context& context,
                    const Json& body) {
    const auto change = replacement(request, caller, context, body);
    const auto look = [&] {
        const auto place = place_of_address(request, context);
        const bool seen =
            !place.item.empty() && has_item(caller, context, Right::kViewTrash, place.item);
        return Places{seen ? place : Place{}};
    };
    return where_it_lies(look, [&](const Places& places) {
        Write write{request, caller, context, &change.key};
        write.id = change.address.id;
        return none_in_trash(places) ? run_write(write, put_of(write, change))
                                     : make_again(write, change);
    });
}

}  // namespace trashd::service
