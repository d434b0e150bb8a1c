#include "service/parsing/body_members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>

#include "schema/error.hpp"
#include "service/config/did_you_mean.hpp"

namespace trashd::service {
namespace {

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

}  // namespace

void only_members(const Json& object, const std::string& what,
                  const std::vector<std::string>& known) {
    if (object.kind != Json::Kind::kObject) bad(fmt::format("{} must be a JSON object", what));
    for (const auto& [name, value] : object.members)
        if (std::ranges::count(known, name) == 0)
            bad(fmt::format("{} has no member '{}'{}", what, name, did_you_mean(name, known)));
}

const std::vector<Json>& list_member(const Json& object, const std::string& name, std::size_t most,
                                     const std::string& instead) {
    static const std::vector<Json> kNone;
    const auto* found = object.member(name);
    if (!found) return kNone;
    if (found->kind != Json::Kind::kArray) bad(fmt::format("'{}' must be an array", name));
    if (found->elements.size() > most)
        bad(fmt::format("'{}' may name up to {} {}", name, most, instead));
    return found->elements;
}

std::string text_member(const Json& object, const std::string& name, bool needed) {
    const auto* found = object.member(name);
    if (!found && !needed) return "";
    if (!found) bad(fmt::format("'{}' is missing", name));
    if (found->kind != Json::Kind::kString && found->kind != Json::Kind::kNumber)
        bad(fmt::format("'{}' must be a string", name));
    return found->text;
}

bool flag_member(const Json& object, const std::string& name) {
    const auto* found = object.member(name);
    if (found && found->kind != Json::Kind::kBool)
        bad(fmt::format("'{}' must be true or false", name));
    return found && found->text == "true";
}

std::optional<long long> count_member(const Json& object, const std::string& name) {
    const auto* found = object.member(name);
    if (!found) return std::nullopt;
    long long count = -1;
    const auto& text = found->text;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    if (found->kind != Json::Kind::kNumber || read.ptr != text.data() + text.size() || count < 0)
        bad(fmt::format("'{}' must be a number from 0", name));
    return count;
}

std::optional<std::string> time_member(const Json& object, const std::string& name) {
    const auto* value = object.member(name);
    if (!value || value->kind == Json::Kind::kNull) return std::nullopt;
    static const std::regex kTime(
        R"(\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?)");
    if (value->kind != Json::Kind::kString || !std::regex_match(value->text, kTime))
        throw Error(Code::kInvalid,
                    "'" + name + "' must be a time as in RFC 3339, a date, or null for ever");
    return value->text;
}

}  // namespace trashd::service
