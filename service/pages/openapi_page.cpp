// openapi.yaml as it was when the program was built, so that the contract that is read is the one
// that is kept.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "cascade/plan.hpp"
#include "service/pages/pages.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

class Document {
  public:
    explicit Document(const std::string& yaml) : root_(YAML::Load(yaml)) {}

    std::string html() const {
        const auto info = root_["info"];
        const auto title = text(info["title"]) + " " + text(info["version"]);
        std::string body = "<h1>" + html_of(title) + "</h1>\n" + paragraphs(info["description"]);
        for (const auto& tag : root_["tags"]) body += contents_of(tag);
        for (const auto& path : root_["paths"]) body += path_html(text(path.first), path.second);
        const auto components = root_["components"];
        if (!components) return html_page(title, body);
        body += "<h2>Schemas</h2>\n";
        for (const auto& schema : components["schemas"])
            body += schema_html(text(schema.first), schema.second);
        return html_page(title, body);
    }

  private:
    static std::string text(const YAML::Node& node) {
        return node && node.IsScalar() ? node.Scalar() : "";
    }

    // What a $ref within the document stands for; another node as it is.
    YAML::Node resolved(const YAML::Node& node) const {
        if (!node.IsMap() || !node["$ref"]) return node;
        const auto address = text(node["$ref"]);
        YAML::Node found = root_;
        for (std::size_t at = 2; at < address.size();) {
            const auto slash = std::min(address.find('/', at), address.size());
            found.reset(found[address.substr(at, slash - at)]);
            at = slash + 1;
        }
        return found;
    }

    static std::string in_capitals(std::string verb) {
        for (auto& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return verb;
    }

    // Links to the operations of a tag, in the order of the document.
    std::string contents_of(const YAML::Node& tag) const {
        const auto name = text(tag["name"]);
        std::string items;
        for (const auto& path : root_["paths"])
            for (const auto& entry : path.second) {
                const auto& operation = entry.second;
                if (!operation.IsMap() || text(operation["tags"][0]) != name) continue;
                items += "<li><a href=\"#" + html_of(text(operation["operationId"])) + "\">" +
                         in_capitals(text(entry.first)) + " <code>" + html_of(text(path.first)) +
                         "</code></a> " + html_of(text(operation["summary"])) + "\n";
            }
        return "<h2>" + html_of(name) + "</h2>\n<p>" + html_of(text(tag["description"])) +
               "</p>\n<ul>" + items + "</ul>\n";
    }

    static std::string paragraphs(const YAML::Node& node) {
        std::string html, left = text(node);
        while (!left.empty()) {
            const auto end = std::min(left.find("\n\n"), left.size());
            html += "<p>" + html_of(left.substr(0, end)) + "</p>\n";
            left.erase(0, end + 2);
        }
        return html;
    }

    static std::string type_of(const YAML::Node& schema) {
        if (!schema || !schema.IsMap()) return "";
        if (schema["$ref"]) {
            const auto address = text(schema["$ref"]);
            return address.substr(address.rfind('/') + 1);
        }
        if (schema["enum"]) return list(schema["enum"], " | ");
        if (schema["oneOf"]) return "one of several";
        const auto type = schema["type"];
        const auto name = type && type.IsSequence() ? list(type, " or ") : text(type);
        return schema["items"] ? name + " of " + type_of(schema["items"]) : name;
    }

    static std::string list(const YAML::Node& values, const std::string& between) {
        std::string joined;
        for (const auto& value : values) joined += (joined.empty() ? "" : between) + text(value);
        return joined;
    }

    static std::string row(const std::string& name, const std::string& type,
                           const std::string& what) {
        return "<tr><td><code>" + html_of(name) + "</code><td>" + html_of(type) + "<td>" +
               html_of(what) + "\n";
    }

    std::string parameters_html(const YAML::Node& parameters) const {
        std::string rows;
        for (const auto& entry : parameters) {
            const auto parameter = resolved(entry);
            rows += row(text(parameter["name"]),
                        text(parameter["in"]) + ", " + type_of(parameter["schema"]),
                        text(parameter["description"]));
        }
        return rows.empty() ? "" : "<table>" + rows + "</table>\n";
    }

    std::string path_html(const std::string& path, const YAML::Node& node) const {
        std::string html = "<h2><code>" + html_of(path) + "</code></h2>\n";
        html += parameters_html(node["parameters"]);
        for (const auto& entry : node) {
            const auto verb = text(entry.first);
            if (verb == "parameters") continue;
            html += operation_html(verb, entry.second);
        }
        return html;
    }

    std::string operation_html(const std::string& verb, const YAML::Node& operation) const {
        const auto id = text(operation["operationId"]);
        std::string html = (id.empty() ? "<h3>" : "<h3 id=\"" + html_of(id) + "\">") +
                           in_capitals(verb) + ": " + html_of(text(operation["summary"])) +
                           "</h3>\n";
        html += paragraphs(operation["description"]) + parameters_html(operation["parameters"]);
        std::string rows;
        for (const auto& entry : operation["responses"])
            rows += row(text(entry.first), content_of(resolved(entry.second)),
                        text(resolved(entry.second)["description"]));
        return html + "<table>" + rows + "</table>\n";
    }

    static std::string content_of(const YAML::Node& response) {
        std::string types;
        for (const auto& content : response["content"]) {
            const auto schema = type_of(content.second["schema"]);
            types += (types.empty() ? "" : ", ") + text(content.first) +
                     (schema.empty() ? "" : ": " + schema);
        }
        return types;
    }

    static std::string schema_html(const std::string& name, const YAML::Node& schema) {
        std::string html = "<h3>" + html_of(name) + "</h3>\n" + paragraphs(schema["description"]);
        std::string rows;
        for (const auto& property : schema["properties"])
            rows += row(text(property.first), type_of(property.second),
                        text(property.second["description"]));
        return html + (rows.empty() ? "<p>" + html_of(type_of(schema)) + "</p>\n"
                                    : "<table>" + rows + "</table>\n");
    }

    YAML::Node root_;
};

}  // namespace

std::string openapi_page(const std::string& yaml) {
    return Document(yaml).html();
}

}  // namespace trashd::service
