#include "service/openapi/general_document.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <yaml-cpp/yaml.h>

#include <charconv>

#include "generated/kOpenapi.hpp"

namespace trashd::service::openapi {

namespace {

template <class Number>
bool reads_as(const std::string& text, Number& number) {
    const char* end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, number);
    return fault == std::errc() && stop == end;
}

bool is_numeric(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789+-.eE") == text.npos;
}

Node scalar(const YAML::Node& node, const Nodes& nodes) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!") return nodes.text(text);
    if (text == "null" || text == "~" || text.empty()) return Node();
    if (text == "true" || text == "false") return Node(text == "true");
    long long whole = 0;
    double real = 0;
    if (reads_as(text, whole)) return Node(static_cast<int64_t>(whole));
    if (is_numeric(text) && reads_as(text, real)) return Node(real);
    return nodes.text(text);
}

Node converted(const YAML::Node& node, const Nodes& nodes) {
    if (node.IsMap()) {
        Node object = nodes.object();
        for (const auto& member : node)
            nodes.put(object, member.first.Scalar(), converted(member.second, nodes));
        return object;
    }
    if (node.IsSequence()) {
        Node array = nodes.array();
        for (const auto& element : node) nodes.add(array, converted(element, nodes));
        return array;
    }
    return node.IsScalar() ? scalar(node, nodes) : Node();
}

}  // namespace

rapidjson::Document from_yaml(const std::string& text) {
    rapidjson::Document document;
    static_cast<Node&>(document) = converted(YAML::Load(text), Nodes(document));
    return document;
}

const rapidjson::Document& contract() {
    static const rapidjson::Document document = from_yaml(kOpenapi);
    return document;
}

std::string json_text(const Node& node) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    node.Accept(writer);
    return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace trashd::service::openapi
