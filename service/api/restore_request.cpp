#include "service/api/restore_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/api/cursor.hpp"
#include "service/api/json_body.hpp"
#include "service/api/row_rights.hpp"
#include "service/config/did_you_mean.hpp"

namespace trashd::service {
namespace {

constexpr std::size_t kMostNamed = 1000;  // of members in each list

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

void only(const Json& object, const std::string& what, const std::vector<std::string>& known) {
    if (object.kind != Json::Kind::kObject) bad(fmt::format("{} must be a JSON object", what));
    for (const auto& [name, value] : object.members)
        if (std::ranges::count(known, name) == 0)
            bad(fmt::format("{} has no member '{}'{}", what, name, did_you_mean(name, known)));
}

const std::vector<Json>& list(const Json& body, const std::string& name) {
    static const std::vector<Json> kNone;
    const auto* found = body.member(name);
    if (!found) return kNone;
    if (found->kind != Json::Kind::kArray) bad(fmt::format("'{}' must be an array", name));
    if (found->elements.size() > kMostNamed)
        bad(fmt::format("'{}' may name up to {} members; use 'otherwise' for the rest", name,
                        kMostNamed));
    return found->elements;
}

// Numbers are taken for ids as well.
std::string text(const Json& object, const std::string& name, bool needed) {
    const auto* found = object.member(name);
    if (!found && !needed) return "";
    if (!found) bad(fmt::format("'{}' is missing", name));
    if (found->kind != Json::Kind::kString && found->kind != Json::Kind::kNumber)
        bad(fmt::format("'{}' must be a string", name));
    return found->text;
}

bool flag(const Json& object, const std::string& name) {
    const auto* found = object.member(name);
    if (found && found->kind != Json::Kind::kBool)
        bad(fmt::format("'{}' must be true or false", name));
    return found && found->text == "true";
}

trash::Choice choice(const std::string& word) {
    std::vector<std::string> known;
    for (const auto& [value, name] : trash::kChoices) known.emplace_back(name);
    const auto found = trash::choice_of(word);
    if (!found) bad(fmt::format("there is no choice '{}'{}", word, did_you_mean(word, known)));
    return *found;
}

std::vector<std::string> item_ids(const Json& body) {
    std::vector<std::string> ids;
    for (const auto& one : list(body, "only")) {
        if (one.kind != Json::Kind::kString || !is_uuid(one.text))
            bad("'only' must be an array of ids of TrashItems");
        ids.push_back(one.text);
    }
    if (ids.empty()) bad("'only' names nothing; leave it out for the whole group");
    return ids;
}

// Reads members of a group.
class Reader {
  public:
    Reader(const Caller& caller, const Context& context, const std::string& item_id)
        : caller_(caller), context_(context) {
        for (const auto& table : context.trash->tables_of(item_id).all) add(table);
        for (const auto& resource : context.resources->all()) add(resource.table->name);
    }

    trash::Answer answer(const Json& given) const {
        only(given, "an entry of 'resolve'", {"resource", "id", "constraint", "choice"});
        trash::Answer answer{member(given), text(given, "constraint", false),
                             choice(text(given, "choice", true))};
        check_constraint(answer);
        return answer;
    }

    trash::NewValues values(const Json& given) const {
        only(given, "an entry of 'set'", {"resource", "id", "values"});
        trash::NewValues out{member(given), {}, "{}"};
        need_write(out.member.table);
        const auto* values = given.member("values");
        if (!values || values->kind != Json::Kind::kObject || values->members.empty())
            bad("'values' must be a JSON object with the columns to be set");
        out.json = std::string(values->source);
        for (const auto& [name, value] : values->members) {
            check_column(out.member.table, name);
            out.columns.push_back(name);
        }
        return out;
    }

  private:
    void add(const schema::QualifiedName& table) {
        const auto name = context_.resources->path_of(table);
        if (std::ranges::count(names_, name) > 0) return;
        names_.push_back(name);
        tables_.push_back(table);
    }

    trash::Member member(const Json& given) const {
        const auto name = text(given, "resource", true);
        const auto found = std::ranges::find(names_, name);
        if (found == names_.end())
            bad(fmt::format("there is no resource '{}'{}", name, did_you_mean(name, names_)));
        return {tables_[static_cast<std::size_t>(found - names_.begin())],
                text(given, "id", false)};
    }

    void check_constraint(const trash::Answer& answer) const {
        const auto* table = context_.resources->catalog()->table(answer.member.table);
        if (!table || answer.constraint.empty()) return;
        std::vector<std::string> known;
        for (const auto* key : context_.resources->catalog()->references(table->oid))
            known.push_back(key->name);
        for (const auto& index : table->uniques) known.push_back(index.name);
        for (const auto& exclusion : table->exclusions) known.push_back(exclusion.name);
        for (const auto& check : table->checks) known.push_back(check.name);
        if (std::ranges::count(known, answer.constraint) > 0) return;
        bad(fmt::format("'{}' has no constraint '{}'{}", table->name.name, answer.constraint,
                        did_you_mean(answer.constraint, known)));
    }

    void check_column(const schema::QualifiedName& name, const std::string& column) const {
        const auto* table = context_.resources->catalog()->table(name);
        if (!table) return;
        std::vector<std::string> known;
        for (const auto& one : table->columns) known.push_back(one.name);
        const auto* found = table->column(column);
        if (!found)
            bad(fmt::format("'{}' has no column '{}'{}", table->name.name, column,
                            did_you_mean(column, known)));
        if (found == context_.trash->tenant_column(*table))
            throw Error(Code::kInvalid, fmt::format("column '{}' is the tenant that the "
                                                    "credentials name; leave it out",
                                                    column));
    }

    // A right for own rows is not enough: whose a row is could be set.
    void need_write(const schema::QualifiedName& table) const {
        need_on_table(caller_, context_, Right::kWrite, table);
    }

    const Caller& caller_;
    const Context& context_;
    std::vector<std::string> names_;
    std::vector<schema::QualifiedName> tables_;
};

}  // namespace

trash::Choices parse_choices(const Request& request, const Caller& caller, const Context& context,
                             const std::string& item_id) {
    trash::Choices choices;
    if (request.body.empty()) return choices;
    const auto body = parse_body(request, context);
    only(body, "the body", {"only", "resolve", "set", "otherwise", "copy"});
    choices.copy = flag(body, "copy");
    if (body.member("only")) choices.only = item_ids(body);
    const Reader reader(caller, context, item_id);
    for (const auto& one : list(body, "resolve")) choices.resolve.push_back(reader.answer(one));
    for (const auto& one : list(body, "set")) choices.set.push_back(reader.values(one));
    if (const auto word = text(body, "otherwise", false); !word.empty())
        choices.otherwise = choice(word);
    return choices;
}

}  // namespace trashd::service
