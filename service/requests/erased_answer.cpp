// What an answer says of a row stands in an object of it: a row by its columns, among which are
// those of its key, or something that names the resource and the id. What is inside of that is
// about the row too, as far as it has names of personal columns.
#include "service/requests/erased_answer.hpp"

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "service/parsing/json_body.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kDepth = 1000;
constexpr const char* kErased = "erased";

using Names = std::vector<std::string>;

bool is_among(const Names& names, const std::string& name) {
    return std::ranges::count(names, name) > 0;
}

std::string escaped(const std::string& part) {
    std::string out;
    for (const char c : part) out += c == '%' ? "%25" : c == ',' ? "%2C" : std::string(1, c);
    return out;
}

// The id of a row by the columns of its key; nothing where it lacks one of them.
std::optional<std::string> id_in(const Json& row, const schema::Table& table) {
    std::string id;
    for (const int attnum : table.identity) {
        const auto* value = row.member(table.column(attnum)->name);
        if (!value || value->kind == Json::Kind::kNull) return std::nullopt;
        if (table.identity.size() == 1) return value->text;
        id += (id.empty() ? "" : ",") + escaped(value->text);
    }
    return id;
}

class Eraser {
  public:
    Eraser(const trash::ErasedObjects& objects, const trash::PersonalColumns& personal,
           const Resources& resources)
        : objects_(objects), personal_(personal), resources_(resources) {}

    // within: the personal columns of the row that this is about.
    void erase(Json& json, const Names& within) {
        for (auto& element : json.elements) erase(element, within);
        if (json.kind != Json::Kind::kObject) return;
        const auto own = columns_of(json);
        const auto& columns = own ? *own : within;
        if (own) erase_told(json, columns);
        for (auto& [name, value] : json.members) {
            if (is_among(columns, name) && !is_name_of_answer(json, name))
                clear(value);
            else
                erase(value, columns);
        }
    }
    bool changed() const { return changed_; }

  private:
    // Columns called so are of the row; beside "resource" these are the answer's own.
    static bool is_name_of_answer(const Json& json, const std::string& name) {
        return json.member("resource") &&
               (name == "resource" || name == "id" || name == "reason" || name == "root");
    }

    bool is_erased(const schema::Table& table, const std::string& id) const {
        const auto known = objects_.find(table.name);
        return known != objects_.end() && known->second.contains(id);
    }

    // Nothing: it is no row of the objects, and about none.
    std::optional<Names> columns_of(const Json& json) const {
        if (const auto* path = json.member("resource")) {
            const auto* id = json.member("deletedObjectId");
            if (!id) id = json.member("id");
            for (const auto& [name, ids] : objects_)
                if (id && path->text == resources_.path_of(name) && ids.contains(id->text))
                    return personal_of(name);
        }
        for (const auto& [name, columns] : personal_) {
            const auto* table = resources_.catalog()->table(name);
            if (!table) continue;
            const auto id = id_in(json, *table);
            if (id && is_erased(*table, *id)) return columns;
        }
        return std::nullopt;
    }

    Names personal_of(const schema::QualifiedName& name) const {
        const auto known = personal_.find(name);
        return known == personal_.end() ? Names() : known->second;
    }

    void set(Json& json, Json value) {
        if (json.kind == value.kind && json.text == value.text) return;
        json = std::move(value);
        changed_ = true;
    }
    void clear(Json& json) { set(json, Json{}); }

    // What is told of a row beside its columns: its name, and the values of a conflict, in the
    // order of its columns and in the words of the server.
    void erase_told(Json& json, const Names& columns) {
        if (columns.empty()) return;
        const auto member = [&](const char* name) -> Json* {
            for (auto& [known, value] : json.members)
                if (known == name) return &value;
            return nullptr;
        };
        if (auto* name = member("displayName"))
            if (const auto* id = json.member("deletedObjectId"))
                set(*name, {Json::Kind::kString, id->text, {}, {}, {}});
        auto* names = member("columns");
        auto* values = member("values");
        bool any = false;
        for (std::size_t i = 0; names && values && i < values->elements.size(); ++i)
            if (i < names->elements.size() && is_among(columns, names->elements[i].text)) {
                clear(values->elements[i]);
                any = true;
            }
        if (const auto* column = member("column"))
            if (auto* value = member("value"); value && is_among(columns, column->text))
                clear(*value);
        if (auto* detail = member("detail"); detail && any)
            set(*detail, {Json::Kind::kString, kErased, {}, {}, {}});
    }

    const trash::ErasedObjects& objects_;
    const trash::PersonalColumns& personal_;
    const Resources& resources_;
    bool changed_ = false;
};

}  // namespace

trash::PersonalColumns personal_columns(const Config& config) {
    trash::PersonalColumns all;
    for (const auto& resource : config.resources)
        if (!resource.personal.empty()) all[resource.table] = resource.personal;
    return all;
}

std::optional<std::string> erased_answer(const std::string& text,
                                         const trash::ErasedObjects& objects,
                                         const trash::PersonalColumns& personal,
                                         const Resources& resources) {
    try {
        auto json = parse_json(text, kDepth);
        Eraser eraser(objects, personal, resources);
        eraser.erase(json, {});
        // An operation's request has the body that was sent as a text of its own.
        for (auto& [name, value] : json.members)
            if (name == "body" && json.member("verb") && !value.text.empty())
                if (const auto body = erased_answer(value.text, objects, personal, resources)) {
                    value.text = *body;
                    return to_json(json);
                }
        return eraser.changed() ? std::optional(to_json(json)) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;
    }
}

}  // namespace trashd::service
