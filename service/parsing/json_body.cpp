// RapidJSON's own document would read numbers as doubles and take a name twice. Its reader alone is
// used, which hands over each number as it was sent.
#include "service/parsing/json_body.hpp"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "trash/records/operations.hpp"

namespace trashd::service {

namespace {

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

// Builds the value of what the reader finds; refuses by throwing, so its functions never say false.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
  public:
    Builder(std::string_view text, rapidjson::MemoryStream& stream, std::size_t depth)
        : text_(text), stream_(stream), depth_(depth) {}

    bool Null() { return add({}); }
    bool Bool(bool value) { return add({Json::Kind::kBool, value ? "true" : "false", {}, {}, {}}); }
    bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
        return add({Json::Kind::kNumber, {text, size}, {}, {}, {}});
    }
    bool String(const char* text, rapidjson::SizeType size, bool) {
        return add({Json::Kind::kString, checked({text, size}), {}, {}, {}});
    }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        open_.back().value.members.push_back({checked({text, size}), Json{}});
        return true;
    }
    bool StartObject() { return open(Json::Kind::kObject); }
    bool StartArray() { return open(Json::Kind::kArray); }
    bool EndArray(rapidjson::SizeType) { return close(); }
    bool EndObject(rapidjson::SizeType) {
        refuse_twice(open_.back().value);
        return close();
    }
    Json take() { return std::move(root_); }

  private:
    struct Open {
        Json value;
        std::size_t begin;
    };

    static std::string checked(std::string text) {
        if (text.find('\0') != std::string::npos)
            bad("the body holds U+0000, which PostgreSQL cannot store; leave it out");
        if (!is_utf8(text)) bad("the body holds half of a surrogate pair; send both or none");
        return text;
    }

    static void refuse_twice(const Json& object) {
        std::vector<std::string_view> names;
        for (const auto& [name, value] : object.members) names.push_back(name);
        std::sort(names.begin(), names.end());
        const auto twice = std::adjacent_find(names.begin(), names.end());
        if (twice != names.end())
            bad(fmt::format("the name '{}' stands twice in one object; send it once", *twice));
    }

    bool add(Json value) {
        if (open_.empty())
            root_ = std::move(value);
        else if (auto& parent = open_.back().value; parent.kind == Json::Kind::kArray)
            parent.elements.push_back(std::move(value));
        else
            parent.members.back().value = std::move(value);
        return true;
    }

    bool open(Json::Kind kind) {
        if (open_.size() == depth_)
            bad(fmt::format("the body is nested deeper than {} levels; make it flatter", depth_));
        open_.push_back({{kind, "", {}, {}, {}}, stream_.Tell() - 1});
        return true;
    }

    bool close() {
        auto [value, begin] = std::move(open_.back());
        open_.pop_back();
        value.source = text_.substr(begin, stream_.Tell() - begin);
        return add(std::move(value));
    }

    std::string_view text_;
    rapidjson::MemoryStream& stream_;
    std::size_t depth_;
    std::vector<Open> open_;
    Json root_;
};

void write(JsonWriter& out, const Json& value) {
    switch (value.kind) {
        case Json::Kind::kNull:
            out.Null();
            return;
        case Json::Kind::kBool:
        case Json::Kind::kNumber:
            return out.raw(value.text);
        case Json::Kind::kString:
            return out.text(value.text);
        case Json::Kind::kArray:
            out.StartArray();
            for (const auto& element : value.elements) write(out, element);
            out.EndArray();
            return;
        case Json::Kind::kObject:
            break;
    }
    out.StartObject();
    for (const auto& [name, member] : value.members) write(out.key(name.c_str()), member);
    out.EndObject();
}

std::string media_type(const Request& request) {
    const auto values = request.headers("Content-Type");
    if (values.empty()) return "application/json";
    auto type = values.front().substr(0, values.front().find(';'));
    type.erase(std::remove_if(type.begin(), type.end(), [](char c) { return c == ' '; }),
               type.end());
    for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return type;
}

}  // namespace

const Json* Json::member(std::string_view name) const {
    for (const auto& [key, value] : members)
        if (key == name) return &value;
    return nullptr;
}

Json parse_json(std::string_view text, std::size_t depth) {
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
        bad("the body is not text in UTF-8");
    rapidjson::MemoryStream stream(text.data(), text.size());
    Builder builder(text, stream, depth);
    rapidjson::Reader reader;
    const auto result = reader.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, builder);
    if (result.Code() == rapidjson::kParseErrorNumberTooBig)
        bad(fmt::format("the number at byte {} is too big for JSON; send it as a string",
                        result.Offset()));
    if (result.IsError())
        bad(fmt::format("the body is not JSON at byte {}: {}", result.Offset(),
                        rapidjson::GetParseError_En(result.Code())));
    return builder.take();
}

Json merged(Json value, const Json& patch) {
    if (patch.kind != Json::Kind::kObject) return patch;
    if (value.kind != Json::Kind::kObject) value = {Json::Kind::kObject, "", {}, {}, {}};
    for (const auto& [name, change] : patch.members) {
        auto& members = value.members;
        auto place =
            std::find_if(members.begin(), members.end(),
                         [&name = name](const auto& member) { return member.name == name; });
        if (change.kind == Json::Kind::kNull) {
            if (place != members.end()) members.erase(place);
            continue;
        }
        if (place == members.end()) place = members.insert(members.end(), {name, Json{}});
        place->value = merged(std::move(place->value), change);
    }
    return value;
}

std::string to_json(const Json& value) {
    JsonWriter out;
    write(out, value);
    return out.take();
}

bool says_something(const Request& request) {
    std::string said = request.body;
    std::erase_if(said, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    return !said.empty() && said != "{}";
}

Json parse_body(const Request& request, const Context& context) {
    if (!request.headers("Content-Encoding").empty())
        throw Error(Code::kUnsupportedMediaType, "send the body without Content-Encoding");
    const auto type = media_type(request);
    const bool patch = request.verb == "PATCH" && type == "application/merge-patch+json";
    if (type != "application/json" && !patch)
        throw Error(Code::kUnsupportedMediaType, "send the body as application/json");
    if (request.body.empty()) bad("this request needs a body of JSON");
    return parse_json(request.body, context.config->limits.json_depth);
}

}  // namespace trashd::service
