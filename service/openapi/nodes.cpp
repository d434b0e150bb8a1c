#include "service/openapi/nodes.hpp"

#include <string>

namespace trashd::service::openapi {

std::string_view text_of(const Node& text) {
    return {text.GetString(), text.GetStringLength()};
}

Node Nodes::text(std::string_view value) const {
    return {value.data(), static_cast<rapidjson::SizeType>(value.size()), memory_};
}

Node Nodes::reference(std::string_view component) const {
    Node node = object();
    put(node, "$ref", "#/components/" + std::string(component));
    return node;
}

void Nodes::put(Node& object, std::string_view name, Node value) const {
    object.AddMember(text(name), std::move(value), memory_);
}

void Nodes::put(Node& object, std::string_view name, std::string_view value) const {
    put(object, name, text(value));
}

}  // namespace trashd::service::openapi
