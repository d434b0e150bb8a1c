#include "service/openapi/database_document.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "schema/catalog/catalog.hpp"
#include "service/openapi/column_schema.hpp"
#include "service/openapi/general_document.hpp"

namespace trashd::service::openapi {

namespace {

constexpr std::string_view kResource = "/v1/{resource}";

// time/order_lines -> TimeOrderLines; of letters and digits alone, as programs' names are.
std::string name_of(const std::vector<std::string>& path) {
    std::string name;
    bool first = true;
    for (const auto& segment : path) {
        for (const char c : segment) {
            const bool lower = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
            const bool known = lower || digit || (c >= 'A' && c <= 'Z');
            if (known) name += first && lower ? static_cast<char>(c - 'a' + 'A') : c;
            first = !known;
        }
        first = true;
    }
    return name.empty() || (name[0] >= '0' && name[0] <= '9') ? "Resource" + name : name;
}

// One that is not taken yet, with a number behind it where it is.
std::string unused(const std::string& name, std::set<std::string>& taken) {
    auto free = name;
    for (int number = 2; !taken.insert(free).second; ++number) free = name + std::to_string(number);
    return free;
}

std::vector<NamedResource> named_resources(const View& view) {
    std::vector<NamedResource> named;
    std::set<std::string> taken;
    for (const auto& resource : view.resources->all())
        if (view.shows(resource))
            named.push_back({&resource, unused(name_of(resource.path), taken)});
    return named;
}

std::string replaced(std::string text, std::string_view what, const std::string& by) {
    const auto at = text.find(what);
    return at == text.npos ? text : text.replace(at, what.size(), by);
}

// The paths of one resource.
class ResourcePaths {
  public:
    ResourcePaths(const Nodes& nodes, const View& view, const NamedResource& named)
        : nodes_(nodes), view_(view), named_(named), table_(*named.resource->table) {
        for (const int attnum : table_.identity) {
            const auto& column = *table_.column(attnum);
            columns_.push_back({&column, key_name(column.name)});
        }
    }

    // general: the address in the general document.
    std::string address(std::string_view general) const {
        std::string key;
        for (const auto& [column, name] : columns_) key += (key.empty() ? "{" : ",{") + name + "}";
        return replaced(
            replaced(std::string(general), "{resource}", encode_path(named_.resource->path)),
            "{id}", key);
    }

    // Empty where nothing of it may be done.
    Node path(const Node& general) const {
        Node path = nodes_.object();
        for (const auto& [name, part] : general.GetObject())
            if (text_of(name) != "parameters" && may(text_of(part["operationId"])))
                nodes_.put(path, text_of(name), operation(part));
        if (path.ObjectEmpty()) return path;
        Node parameters = path_parameters(general["parameters"]);
        if (!parameters.Empty()) nodes_.put(path, "parameters", std::move(parameters));
        return path;
    }

  private:
    struct KeyColumn {
        const schema::Column* column;
        std::string name;  // of the parameter
    };

    // A key of one column is called so whatever its name, as the address is in the general
    // document.
    std::string key_name(const std::string& column) {
        if (table_.identity.size() == 1) return "id";
        auto name = column;
        for (auto& c : name) {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && !(c >= '0' && c <= '9')) c = '_';
        }
        return unused(name, key_names_);
    }

    bool may(std::string_view operation) const {
        const auto& resource = *named_.resource;
        if (operation == "patchObject" && view_.reach.allows(Right::kRestore, resource))
            return true;
        const auto found = std::ranges::find(kGuarded, operation, &Guarded::operation);
        return found == kGuarded.end() || view_.reach.allows(found->right, resource);
    }

    Node operation(const Node& general) const {
        const std::string id(text_of(general["operationId"]));
        Node made = nodes_.object();
        for (const auto& [name, part] : general.GetObject())
            if (const auto member = text_of(name); !is_own(member))
                nodes_.put(made, member, adapted(part, form_of(id, member)));
        Node tags = nodes_.array(), more = nodes_.object();
        nodes_.add(tags, encode_path(named_.resource->path));
        nodes_.put(more, "url", "/docs#" + id);
        nodes_.put(made, "operationId", id + "In" + named_.name);
        nodes_.put(made, "tags", std::move(tags));
        nodes_.put(made, "externalDocs", std::move(more));
        return made;
    }

    // What an operation here says in its own way; what it means at length is at /docs.
    static bool is_own(std::string_view member) {
        return member == "operationId" || member == "tags" || member == "description";
    }

    static std::string_view form_of(const std::string& id, std::string_view member) {
        if (member == "requestBody") {
            if (id == "patchObject") return "Change";
            return id == "replaceObject" ? "Replacement" : "New";
        }
        return id == "listDeletedObjects" || id == "getDeletedObject" ? "Trashed" : "Row";
    }

    // A copy that refers to the resource's own rows in the form.
    Node adapted(const Node& general, std::string_view form) const {
        if (general.IsArray()) {
            Node array = nodes_.array();
            for (const auto& element : general.GetArray())
                nodes_.add(array, adapted(element, form));
            return array;
        }
        if (!general.IsObject()) return scalar(general);
        if (const auto* to = target_of(general)) return adapted(*to, form);
        if (is_reference(general, "#/components/schemas/Row"))
            return nodes_.reference("schemas/" + named_.name + std::string(form));
        Node object = nodes_.object();
        for (const auto& [name, part] : general.GetObject())
            nodes_.put(object, text_of(name), adapted(part, form));
        return object;
    }

    static bool is_reference(const Node& node, std::string_view to) {
        const auto found = node.FindMember("$ref");
        return found != node.MemberEnd() && text_of(found->value) == to;
    }

    // Rows are answered by operations on many resources, so their answer is a component.
    static const Node* target_of(const Node& node) {
        if (!is_reference(node, "#/components/responses/Rows")) return nullptr;
        return &contract()["components"]["responses"]["Rows"];
    }

    // The parameter of get that picks a row in the trash is called as the row calls that.
    Node scalar(const Node& general) const {
        if (!general.IsString() || text_of(general) != "where[deletedAt][exists]")
            return nodes_.copy(general);
        return nodes_.text("where[" + schema::unused_name(table_, "deletedAt") + "][exists]");
    }

    Node path_parameters(const Node& general) const {
        Node parameters = nodes_.array();
        for (const auto& parameter : general.GetArray()) {
            if (is_reference(parameter, "#/components/parameters/resource")) continue;
            if (!is_reference(parameter, "#/components/parameters/id")) {
                nodes_.add(parameters, nodes_.copy(parameter));
                continue;
            }
            for (const auto& column : columns_) nodes_.add(parameters, key_parameter(column));
        }
        return parameters;
    }

    Node key_parameter(const KeyColumn& key) const {
        Node parameter = nodes_.object();
        nodes_.put(parameter, "name", key.name);
        nodes_.put(parameter, "in", "path");
        nodes_.put(parameter, "required", Node(true));
        nodes_.put(parameter, "description", key.column->name + ": " + key.column->type);
        nodes_.put(parameter, "schema", key_schema(nodes_, table_, *key.column));
        return parameter;
    }

    const Nodes& nodes_;
    const View& view_;
    const NamedResource& named_;
    const schema::Table& table_;
    std::set<std::string> key_names_;
    std::vector<KeyColumn> columns_;
};

// Every text behind a $ref.
void collect_references(const Node& node, std::set<std::string_view>& into) {
    if (node.IsArray())
        for (const auto& element : node.GetArray()) collect_references(element, into);
    if (!node.IsObject()) return;
    for (const auto& [name, part] : node.GetObject()) {
        if (text_of(name) == "$ref" && part.IsString()) into.insert(text_of(part));
        collect_references(part, into);
    }
}

// Whether anything was left out.
bool leave_out(Node& components, const char* kind, const std::set<std::string_view>& used) {
    if (!components.HasMember(kind)) return false;
    const Node& all = components[kind];
    std::vector<std::string> unused;
    for (const auto& [name, part] : all.GetObject()) {
        const std::string own(text_of(name));
        if (!used.contains("#/components/" + std::string(kind) + "/" + own)) unused.push_back(own);
    }
    for (const auto& name : unused) components[kind].EraseMember(name.c_str());
    return !unused.empty();
}

// What was used by what is left out is used no more.
void leave_out_unused(Node& document) {
    for (bool again = true; again;) {
        std::set<std::string_view> used;
        collect_references(document, used);
        again = false;
        for (const auto* kind : {"parameters", "responses", "headers", "schemas"})
            again = leave_out(document["components"], kind, used) || again;
    }
}

class DatabaseDocument {
  public:
    DatabaseDocument(rapidjson::Document& document, const View& view)
        : document_(document), nodes_(document), view_(view), named_(named_resources(view)) {}

    void write() {
        document_.SetObject();
        for (const auto& [name, part] : contract().GetObject())
            nodes_.put(document_, text_of(name), top(text_of(name), part));
        auto& schemas = document_["components"]["schemas"];
        for (const auto& named : named_) add_row_schemas(nodes_, schemas, view_, named);
        leave_out_unused(document_);
    }

  private:
    Node top(std::string_view name, const Node& general) const {
        if (name == "info") return info(general);
        if (name == "servers") return servers();
        if (name == "tags") return tags(general);
        return name == "paths" ? paths(general) : nodes_.copy(general);
    }

    Node info(const Node& general) const {
        Node info = nodes_.object();
        for (const auto& [name, part] : general.GetObject())
            if (text_of(name) != "description") nodes_.put(info, text_of(name), nodes_.copy(part));
        nodes_.put(info, "description",
                   "The resources of one database, as far as who asked for this document may see "
                   "and use them. The general document, /openapi.yaml, says what all of it means.");
        return info;
    }

    // Where the document came from.
    Node servers() const {
        Node servers = nodes_.array(), own = nodes_.object();
        nodes_.put(own, "url", "/");
        nodes_.add(servers, std::move(own));
        return servers;
    }

    // A resource is a tag, in the place of the one for all of them.
    Node tags(const Node& general) const {
        Node tags = nodes_.array();
        std::set<std::string> taken;
        for (const auto& tag : general.GetArray()) {
            if (text_of(tag["name"]) == "Objects") continue;
            taken.emplace(text_of(tag["name"]));
            nodes_.add(tags, nodes_.copy(tag));
        }
        for (const auto& [resource, name] : named_) {
            if (!taken.insert(encode_path(resource->path)).second) continue;
            Node tag = nodes_.object();
            nodes_.put(tag, "name", encode_path(resource->path));
            nodes_.put(
                tag, "description",
                "Rows of " + resource->table->name.schema + "." + resource->table->name.name);
            nodes_.add(tags, std::move(tag));
        }
        return tags;
    }

    Node paths(const Node& general) const {
        Node paths = nodes_.object();
        for (const auto& [name, path] : general.GetObject()) {
            const auto address = text_of(name);
            if (address == kResource) add_resources(paths, general);
            if (!address.starts_with(kResource) && !is_taken(address))
                nodes_.put(paths, address, nodes_.copy(path));
        }
        return paths;
    }

    // Where a resource has the name, the service's own address is another, with an @ in front.
    bool is_taken(std::string_view address) const {
        return std::ranges::any_of(named_, [&](const NamedResource& named) {
            const auto& path = named.resource->path;
            return path.size() == 1 && address.starts_with("/v1/" + path[0] + "/{");
        });
    }

    // A longer path of another resource goes before: what has its address cannot be reached.
    void add_resources(Node& paths, const Node& general) const {
        std::set<std::string> taken;
        for (const auto& named : named_)
            taken.insert(ResourcePaths(nodes_, view_, named).address(kResource));
        for (const auto& named : named_) {
            const ResourcePaths resource(nodes_, view_, named);
            for (const auto& [name, part] : general.GetObject()) {
                if (!text_of(name).starts_with(kResource)) continue;
                const auto address = resource.address(text_of(name));
                if (text_of(name) != kResource && !taken.insert(address).second) continue;
                if (Node path = resource.path(part); !path.ObjectEmpty())
                    nodes_.put(paths, address, std::move(path));
            }
        }
    }

    rapidjson::Document& document_;
    Nodes nodes_;
    const View& view_;
    std::vector<NamedResource> named_;
};

}  // namespace

rapidjson::Document database_document(const View& view) {
    rapidjson::Document document;
    DatabaseDocument(document, view).write();
    return document;
}

}  // namespace trashd::service::openapi
