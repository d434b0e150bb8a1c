// Objects are found as a list of rows finds them, live and in the trash, so that their ids are
// those that the database writes.
#include "service/requests/hold_request.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/url.hpp"
#include "service/parsing/body_members.hpp"
#include "service/parsing/cursor.hpp"
#include "service/parsing/json_body.hpp"
#include "service/parsing/object_id.hpp"
#include "service/parsing/sort_parser.hpp"
#include "service/parsing/where_parser.hpp"
#include "service/rights/row_rights.hpp"
#include "trash/read/items.hpp"
#include "trash/rows/row_list.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kMostObjects = 10000, kDepth = 64;

[[noreturn]] void bad(const std::string& why) {
    throw Error(Code::kBadRequest, why);
}

// As the parameters of an address: {"name": {"like": "x"}} is where[name][like]=x.
void add_terms(std::string& query, const std::string& name, const Json& value) {
    if (value.kind == Json::Kind::kObject) {
        for (const auto& [member, inner] : value.members)
            add_terms(query, name + "[" + percent_encode(member) + "]", inner);
        return;
    }
    const bool nested = value.kind == Json::Kind::kArray && !value.elements.empty() &&
                        value.elements.front().kind == Json::Kind::kObject;
    if (nested) {
        for (std::size_t i = 0; i < value.elements.size(); ++i)
            add_terms(query, name + "[" + std::to_string(i) + "]", value.elements[i]);
        return;
    }
    std::string text = value.text;
    for (std::size_t i = 0; i < value.elements.size(); ++i)
        text += (i ? "," : "") + value.elements[i].text;
    query += (query.empty() ? "" : "&") + name + "=" + percent_encode(text);
}

std::string terms_of_key(const Request& asked) {
    const auto& table = *asked.resource->table;
    const auto id = object_id(asked);
    std::string query;
    for (std::size_t i = 0; i < id.size(); ++i)
        query += (i ? "&where[" : "where[") +
                 percent_encode(table.column(table.identity[i])->name) +
                 "][equals]=" + percent_encode(id[i]);
    return query;
}

// Values of the key's columns in the JSON of a live row.
std::vector<std::string> key_in(const schema::Table& table, const std::string& row) {
    const auto json = parse_json(row, kDepth);
    std::vector<std::string> key;
    for (const int attnum : table.identity) {
        const auto* value = json.member(table.column(attnum)->name);
        key.push_back(value->elements.empty() && value->members.empty() ? value->text
                                                                        : to_json(*value));
    }
    return key;
}

// Of those rows of a resource that the right to hold is for and that meet the conditions.
class Found {
  public:
    Found(const Request& asked, const Caller& caller, const Context& context)
        : context_(context), table_(*asked.resource->table) {
        listing_.table = &table_;
        listing_.scope = {true, true};
        listing_.live = live_rows(asked, caller, context, Right::kHold, "t");
        listing_.trashed = own_rows(asked, caller, Right::kHold, "t");
        listing_.owners = owner_columns(asked, caller, Right::kHold);
        listing_.limit = kMostObjects + 1;
        for (const int attnum : table_.identity)
            listing_.select.push_back(table_.column(attnum)->name);
    }

    std::vector<std::string> ids(const std::string& query) {
        listing_.where = parse_where(Query(query), table_, context_.config->limits.where_terms);
        listing_.order = parse_order("", table_, true, false);
        read_listing(*context_.trash, listing_,
                     {[&] { begin(); }, [&](const auto& item) { add(item); },
                      [&](std::string_view piece) { row_ += piece; }});
        end();
        if (ids_.size() + live_.size() > kMostObjects)
            bad("'where' is true for more than 10000 objects; make a hold for fewer each");
        write_live();
        return std::move(ids_);
    }

  private:
    void begin() {
        ids_.clear();
        live_.clear();
        is_live_ = false;
    }
    void add(const std::optional<trash::Item>& item) {
        end();
        is_live_ = !item;
        if (item) ids_.push_back(item->object_id);
        row_.clear();
    }
    void end() {
        if (is_live_) live_.push_back(key_in(table_, row_));
        is_live_ = false;
    }
    void write_live() {
        context_.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
            trash::Items items(transaction.connection(), *context_.resources->catalog(),
                               context_.trash->readable_schema(), context_.trash->naming());
            for (const auto& key : live_) ids_.push_back(items.canonical(table_, key));
        });
    }

    const Context& context_;
    const schema::Table& table_;
    trash::Listing listing_;
    std::vector<std::string> ids_;
    std::vector<std::vector<std::string>> live_;
    std::string row_;
    bool is_live_ = false;
};

void name_objects(const Json& body, Request asked, const Caller& caller, const Context& context,
                  trash::NewHold& wanted) {
    asked.resource = &resource_called(context, text_member(body, "resource", true));
    caller.access.need(Right::kHold, *asked.resource);
    wanted.table = asked.resource->table->name;
    Found found(asked, caller, context);
    if (const auto* where = body.member("where")) {
        if (where->kind != Json::Kind::kObject || where->members.empty())
            bad("'where' must be an object with conditions, as in {\"name\": {\"like\": \"x\"}}");
        std::string query;
        add_terms(query, "where", *where);
        wanted.condition = to_json(*where);
        wanted.objects = found.ids(query);
    } else {
        asked.raw_id = percent_encode(text_member(body, "id", true));
        try {
            wanted.objects = found.ids(terms_of_key(asked));
        } catch (const Error& error) {
            if (error.code() != Code::kBadRequest) throw;
        }
    }
    if (wanted.objects.empty())
        throw Error(Code::kNotFound, "there is no such object, neither live nor in the trash");
}

void name_group(const Json& body, const Caller& caller, const Context& context,
                trash::NewHold& wanted) {
    wanted.group_id = text_member(body, "groupId", true);
    if (!is_uuid(*wanted.group_id)) bad("'groupId' must be a UUID");
    need_on_group(caller, context, Right::kHold, trash::item_id(*wanted.group_id, 1));
}

}  // namespace

trash::NewHold parse_hold(const Request& request, const Caller& caller, const Context& context) {
    const auto body = parse_body(request, context);
    only_members(body, "a hold", {"groupId", "resource", "id", "where", "reason", "until"});
    const auto has = [&](const char* name) { return body.member(name) != nullptr; };
    if (has("groupId") == has("resource") || has("resource") != (has("id") != has("where")) ||
        (has("groupId") && (has("id") || has("where"))))
        bad("a hold has either 'groupId', or 'resource' and 'id', or 'resource' and 'where'");
    trash::NewHold wanted;
    wanted.until = time_member(body, "until");
    if (has("groupId"))
        name_group(body, caller, context, wanted);
    else
        name_objects(body, request, caller, context, wanted);
    return wanted;
}

}  // namespace trashd::service
