// Times are checked here by their form only; whether there is a 31st of February the server says.
#include "service/parsing/parameters.hpp"

#include <charconv>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/api/response.hpp"
#include "service/parsing/cursor.hpp"
#include "trash/store/groups.hpp"

namespace trashd::service {

namespace {

// Takes off what the form says, where 0 stands for a digit; false: the text does not begin so.
bool take(std::string_view& text, std::string_view form) {
    if (text.size() < form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
    text.remove_prefix(form.size());
    return true;
}

// 2025-01-31, or 2025-01-31T12:00:00.5Z with seconds and their parts left out or not.
bool is_time(std::string_view text) {
    if (!take(text, "0000-00-00")) return false;
    if (text.empty()) return true;
    if (!take(text, "T00:00") && !take(text, " 00:00")) return false;
    if (take(text, ":00") && take(text, ".")) {
        if (!take(text, "0")) return false;
        while (take(text, "0")) {
        }
    }
    if (!take(text, "Z") && !take(text, "z") && !take(text, "+00:00") && !take(text, "-00:00"))
        return false;
    return text.empty();
}

}  // namespace

int limit_of(const Request& request) {
    return static_cast<int>(request.target.query.number("limit", 50, 1, 1000));
}

// PostgreSQL would take 'yesterday' as well.
std::optional<std::string> time_of(const Request& request, const std::string& name) {
    auto text = request.target.query.text(name);
    if (text && !is_time(*text))
        throw Error(Code::kBadRequest,
                    "'" + name + "' must be a time as in 2025-01-31T12:00:00Z, or a date");
    return text;
}

namespace {

schema::QualifiedName table_called(const Context& context, const std::string& path) {
    const auto is = [&](const std::string& encoded) {
        return encoded == path || percent_decode(encoded) == path;
    };
    for (const auto& resource : context.resources->all())
        if (is(encode_path(resource.path))) return resource.table->name;
    for (const auto& gone : context.trash->gone_tables())
        if (is(context.resources->path_of(gone))) return gone;
    throw Error(Code::kBadRequest, "'resource' is none; /v1/ lists what there is");
}

}  // namespace

std::optional<schema::QualifiedName> table_of(const Request& request, const Context& context) {
    const auto path = request.target.query.text("resource");
    return path ? std::optional(table_called(context, *path)) : std::nullopt;
}

std::vector<schema::QualifiedName> tables_of(const Request& request, const Context& context) {
    std::vector<schema::QualifiedName> tables;
    for (const auto& path : request.target.query.texts("resource"))
        tables.push_back(table_called(context, path));
    return tables;
}

std::optional<std::string> group_of(const Request& request) {
    auto group = request.target.query.text("groupId");
    if (group && !is_uuid(*group)) throw Error(Code::kBadRequest, "'groupId' must be a UUID");
    return group;
}

long long cursor_number(const std::optional<std::string>& value) {
    long long number = 0;
    if (!value) trash::refuse_cursor();
    const char* end = value->data() + value->size();
    auto [stop, fault] = std::from_chars(value->data(), end, number);
    if (fault != std::errc() || stop != end) trash::refuse_cursor();
    return number;
}

void link(Response& reply, const Request& request, const std::string& relation,
          const std::string& name, const std::string& value) {
    std::string address;
    // as sent: %40deleted is the object of that name, @deleted is not
    for (const auto& segment : request.target.raw) address += "/" + segment;
    reply.headers.emplace_back("Link", "<" + address + request.target.query.with(name, value) +
                                           ">; rel=\"" + relation + "\"");
}

bool with_descendants(const Request& request) {
    const auto with = request.target.query.text("with");
    if (with && *with != "descendants")
        throw Error(Code::kBadRequest, "'with' must be descendants");
    return with.has_value();
}

}  // namespace trashd::service
