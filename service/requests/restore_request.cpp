// Names in the choices are those of addresses. They are looked up among the tables of the group
// first, which may be gone, and then among the resources.
#include "service/requests/restore_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/catalog/catalog.hpp"
#include "service/config/did_you_mean.hpp"
#include "service/parsing/body_members.hpp"
#include "service/parsing/cursor.hpp"
#include "service/rights/row_rights.hpp"

namespace trashd::service {
namespace {

constexpr std::size_t kMostNamed = 1000;  // of members in each list

[[noreturn]] void bad(const std::string& detail) {
    throw Error(Code::kBadRequest, detail);
}

constexpr const char* kInstead = "members; use 'otherwise' for the rest";

std::vector<std::string> item_ids(const Json& body) {
    std::vector<std::string> ids;
    for (const auto& one : list_member(body, "only", kMostNamed, kInstead)) {
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
        only_members(given, "an entry of 'resolve'", {"resource", "id", "constraint", "choice"});
        trash::Answer answer{member(given), text_member(given, "constraint", false),
                             read_choice(text_member(given, "choice", true))};
        check_constraint(answer);
        return answer;
    }

    trash::NewValues values(const Json& given) const {
        only_members(given, "an entry of 'set'", {"resource", "id", "values"});
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
        const auto name = text_member(given, "resource", true);
        const auto found = std::ranges::find(names_, name);
        if (found == names_.end())
            bad(fmt::format("there is no resource '{}'{}", name, did_you_mean(name, names_)));
        return {tables_[static_cast<std::size_t>(found - names_.begin())],
                text_member(given, "id", false)};
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
        for (const auto& one : table->columns)
            if (!one.hidden) known.push_back(one.name);
        const auto* found = table->shown_column(column);
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

trash::Choice read_choice(const std::string& word) {
    std::vector<std::string> known;
    for (const auto& [value, name] : trash::kChoices) known.emplace_back(name);
    const auto found = trash::choice_of(word);
    if (!found) bad(fmt::format("there is no choice '{}'{}", word, did_you_mean(word, known)));
    return *found;
}

trash::Choices parse_choices(const Request& request, const Caller& caller, const Context& context,
                             const std::string& item_id) {
    trash::Choices choices;
    if (!says_something(request)) return choices;
    const auto body = parse_body(request, context);
    only_members(body, "the body", {"only", "resolve", "set", "otherwise", "copy"});
    choices.copy = flag_member(body, "copy");
    if (body.member("only")) choices.only = item_ids(body);
    const Reader reader(caller, context, item_id);
    for (const auto& one : list_member(body, "resolve", kMostNamed, kInstead))
        choices.resolve.push_back(reader.answer(one));
    for (const auto& one : list_member(body, "set", kMostNamed, kInstead))
        choices.set.push_back(reader.values(one));
    if (const auto word = text_member(body, "otherwise", false); !word.empty())
        choices.otherwise = read_choice(word);
    return choices;
}

}  // namespace trashd::service
