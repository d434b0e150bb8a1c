// Parts of an OpenAPI document, as values of JSON, and how they are put together.
#pragma once

#include <rapidjson/document.h>

#include <string_view>
#include <utility>

namespace trashd::service::openapi {

using Node = rapidjson::Value;

std::string_view text_of(const Node& text);

// Makes nodes of one document, which lends them its memory and must outlive them.
class Nodes {
  public:
    explicit Nodes(rapidjson::Document& document) : memory_(document.GetAllocator()) {}

    Node text(std::string_view value) const;
    Node copy(const Node& other) const { return Node(other, memory_); }
    Node object() const { return Node(rapidjson::kObjectType); }
    Node array() const { return Node(rapidjson::kArrayType); }
    // {"$ref": "#/components/" and the rest}
    Node reference(std::string_view component) const;
    // Each adds a member, which must not be there yet.
    void put(Node& object, std::string_view name, Node value) const;
    void put(Node& object, std::string_view name, std::string_view value) const;
    void add(Node& array, Node value) const { array.PushBack(std::move(value), memory_); }
    void add(Node& array, std::string_view value) const { add(array, text(value)); }

  private:
    rapidjson::Document::AllocatorType& memory_;
};

}  // namespace trashd::service::openapi
