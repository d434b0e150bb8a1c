#include "service/parameters.hpp"

#include <charconv>
#include <regex>

#include "service/cursor.hpp"

namespace trashd::service {

int limit_of(const Call& call) {
    return static_cast<int>(call.target.query.number("limit", 50, 1, 1000));
}

// PostgreSQL would take 'yesterday' as well.
std::optional<std::string> time_of(const Call& call, const std::string& name) {
    static const std::regex kTime(
        R"(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?)");
    auto text = call.target.query.text(name);
    if (text && !std::regex_match(*text, kTime))
        throw Error(Code::kBadRequest,
                    "'" + name + "' must be a time as in 2025-01-31T12:00:00Z, or a date");
    return text;
}

std::optional<schema::QualifiedName> table_of(const Call& call) {
    auto path = call.target.query.text("resource");
    if (!path) return std::nullopt;
    for (const auto& resource : call.resources->all())
        if (encode_path(resource.path) == *path) return resource.table->name;
    throw Error(Code::kBadRequest, "'resource' is none; /v1/ lists what there is");
}

std::optional<std::string> group_of(const Call& call) {
    auto group = call.target.query.text("groupId");
    if (group && !is_uuid(*group)) throw Error(Code::kBadRequest, "'groupId' must be a UUID");
    return group;
}

long long cursor_number(const std::optional<std::string>& value) {
    long long number = 0;
    if (!value) refuse_cursor();
    const char* end = value->data() + value->size();
    auto [stop, fault] = std::from_chars(value->data(), end, number);
    if (fault != std::errc() || stop != end) refuse_cursor();
    return number;
}

void link(Reply& reply, const Call& call, const std::string& relation, const std::string& name,
          const std::string& value) {
    std::string address;
    // as sent: %40deleted is the object of that name, @deleted is not
    for (const auto& segment : call.target.raw) address += "/" + segment;
    reply.headers.emplace_back("Link", "<" + address + call.target.query.with(name, value) +
                                           ">; rel=\"" + relation + "\"");
}

}  // namespace trashd::service
