#include "service/cli/answers.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "service/api/json.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "service/parsing/cursor.hpp"

namespace trashd::service {

namespace {

using Json = rapidjson::Value;

std::string with_of(const Json& conflict) {
    const auto found = conflict.FindMember("with");
    return found == conflict.MemberEnd()
               ? ""
               : text_of(found->value, "resource") + " " + text_of(found->value, "id");
}

// email = ann@example.com
std::string values_of(const Json& conflict) {
    std::string text;
    const auto& columns = conflict["columns"];
    const auto& values = conflict["values"];
    for (rapidjson::SizeType i = 0; i < std::min(columns.Size(), values.Size()); ++i)
        text += (text.empty() ? "" : ", ") + text_of(columns[i]) + " = " +
                (values[i].IsNull() ? "null" : text_of(values[i]));
    return text;
}

void print_table(const Json& conflicts) {
    TextTable table{
        {"CONFLICT", "RESOURCE", "ID", "CONSTRAINT", "VALUES", "WITH", "TRASH ITEM"}, {}, 1};
    table.spare = {"CONSTRAINT", "TRASH ITEM"};
    for (const auto& conflict : conflicts.GetArray()) {
        auto row = cells(conflict,
                         {"kind", "resource", "id", "constraint", "values", "with", "trashItem"});
        row[4] = values_of(conflict);
        row[5] = with_of(conflict);
        table.rows.push_back(std::move(row));
    }
    std::cerr << for_output(table, STDERR_FILENO);
}

bool offered(const Json& conflicts, const std::string& choice) {
    return std::ranges::any_of(conflicts.GetArray(), [&](const auto& conflict) {
        const auto choices = conflict.FindMember("choices");
        return choices != conflict.MemberEnd() &&
               std::ranges::any_of(choices->value.GetArray(),
                                   [&](const auto& one) { return text_of(one) == choice; });
    });
}

// What would settle a conflict beside changing rows by hand.
void print_ways_out(const Json& conflicts, const CliOptions& options) {
    if (offered(conflicts, "set") && options.set.empty())
        std::cerr << "trashd: --set COLUMN=TEXT gives the row that is named another value\n";
    if (offered(conflicts, "detach") && !options.detach)
        std::cerr << "trashd: --detach lets references whose parent is gone be null\n";
    if (offered(conflicts, "swap") && !options.swap)
        std::cerr << "trashd: --swap puts the live rows in the way into the trash\n";
    if (offered(conflicts, "leave-out") && !options.leave_out)
        std::cerr << "trashd: --leave-out lets these rows stay in the trash\n";
    bool ancestors = false, lossy = false;
    for (const auto& conflict : conflicts.GetArray()) {
        ancestors |= conflict.HasMember("trashItem");
        lossy |= text_of(conflict, "kind") == "schema-changed" && !conflict["columns"].Empty();
    }
    if (ancestors && !options.with_ancestors)
        std::cerr << "trashd: what is missing lies in the trash; --with-ancestors restores it "
                     "first\n";
    if (lossy && !options.lossy)
        std::cerr << "trashd: --lossy restores without the values of columns that are gone\n";
}

void print_conflicts(const Json& problem, const CliOptions& options) {
    const auto found = problem.FindMember("conflicts");
    if (found == problem.MemberEnd()) return;
    print_table(found->value);
    print_ways_out(found->value, options);
}

std::string newest_item(LocalService& service, const std::string& resource, const std::string& id) {
    const auto answer = service.call("GET", service.address_of(resource, id) + "/@deleted");
    if (answer.status == 200) return text_of(parsed(answer.body)["trashItem"], "id");
    throw Error(Code::kNotFound, resource + " " + id + " is not in the trash");
}

}  // namespace

rapidjson::Document parsed(const std::string& body) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseNumbersAsStringsFlag>(body.data(), body.size());
    return document;
}

std::string text_of(const Json& value) {
    if (value.IsNull()) return "";
    if (value.IsString()) return {value.GetString(), value.GetStringLength()};
    JsonWriter out;
    value.Accept(out);
    return out.take();
}

std::string text_of(const Json& object, const char* member) {
    const auto found = object.FindMember(member);
    return found == object.MemberEnd() ? "" : text_of(found->value);
}

std::vector<std::string> cells(const Json& object, std::initializer_list<const char*> members) {
    std::vector<std::string> row;
    for (const char* member : members) row.push_back(text_of(object, member));
    return row;
}

std::string counted(const std::string& number, const std::string& noun) {
    return number + " " + noun + (number == "1" ? "" : "s");
}

int status_of_http(int status) {
    if (status < 300) return kDone;
    if (status == 404 || status == 410) return kNotFound;
    if (status == 409 || status == 412) return kConflict;
    if (status == 503) return kUnavailable;
    return status == 400 || status == 422 ? kUsage : kFailed;
}

bool printed(const LocalAnswer& answer, const CliOptions& options) {
    if (options.json) {
        if (!answer.body.empty()) std::cout << answer.body << "\n";
        return true;
    }
    if (answer.status < 300) return false;
    const auto problem = parsed(answer.body);
    std::cerr << "trashd: " << printable(text_of(problem, "detail")) << "\n";
    print_conflicts(problem, options);
    return true;
}

void print_blockers(const Json& blockers) {
    TextTable table{{"REFUSED BY", "CONSTRAINT", "ROWS", "IDS"}, {}, 0};
    for (const auto& blocker : blockers.GetArray()) {
        auto row = cells(blocker, {"resource", "constraint", "count"});
        std::string ids;
        for (const auto& id : blocker["ids"].GetArray())
            ids += (ids.empty() ? "" : " ") + text_of(id);
        row.push_back(ids);
        table.rows.push_back(std::move(row));
    }
    std::cerr << for_output(table, STDERR_FILENO);
}

std::optional<std::string> flag(bool set) {
    return set ? std::optional<std::string>("true") : std::nullopt;
}

std::vector<std::string> items_of(LocalService& service, const std::vector<std::string>& words) {
    if (is_uuid(words.front())) return words;
    if (words.size() == 1)
        throw Error(Code::kNotFound, "'" + words.front() +
                                         "' is not the id of a TrashItem; give one, or a resource "
                                         "and the id of an object");
    std::vector<std::string> items;
    for (std::size_t i = 1; i < words.size(); ++i)
        items.push_back(newest_item(service, words.front(), words[i]));
    return items;
}

std::string group_of(const std::string& item) {
    return item.substr(0, std::min<std::size_t>(item.size(), 28));
}

void print_json(const std::vector<LocalAnswer>& answers) {
    std::string all;
    for (const auto& one : answers) all += (all.empty() ? "" : ",") + one.body;
    if (!all.empty()) std::cout << (answers.size() == 1 ? all : "[" + all + "]") << "\n";
}

}  // namespace trashd::service
