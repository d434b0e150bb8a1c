#include <rapidjson/document.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "service/app.hpp"
#include "service/cli.hpp"
#include "service/json.hpp"
#include "service/local.hpp"
#include "service/terminal.hpp"

namespace trashd::service {

namespace {

using Json = rapidjson::Value;

constexpr int kPage = 1000;  // most items of one answer

rapidjson::Document parsed(const std::string& body) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseNumbersAsStringsFlag>(body.data(), body.size());
    return document;
}

// As it stands in a table: text without quotes, null as nothing, the rest as JSON.
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

int status_of_http(int status) {
    if (status < 300) return kDone;
    if (status == 404 || status == 410) return kNotFound;
    if (status == 409 || status == 412) return kConflict;
    if (status == 503) return kUnavailable;
    return status == 400 || status == 422 ? kUsage : kFailed;
}

std::string with_of(const Json& conflict) {
    const auto found = conflict.FindMember("with");
    return found == conflict.MemberEnd()
               ? ""
               : text_of(found->value, "resource") + " " + text_of(found->value, "id");
}

void print_conflicts(const Json& problem) {
    const auto found = problem.FindMember("conflicts");
    if (found == problem.MemberEnd()) return;
    TextTable table{{"CONFLICT", "RESOURCE", "ID", "CONSTRAINT", "WITH", "TRASH ITEM"}, {}, 1};
    for (const auto& conflict : found->value.GetArray()) {
        auto row = cells(conflict, {"kind", "resource", "id", "constraint", "with", "trashItem"});
        row[4] = with_of(conflict);
        table.rows.push_back(std::move(row));
    }
    std::cerr << for_output(table, STDERR_FILENO);
}

void print_blockers(const Json& blockers, std::ostream& out, int descriptor) {
    TextTable table{{"REFUSED BY", "CONSTRAINT", "ROWS", "IDS"}, {}, 1};
    for (const auto& blocker : blockers.GetArray()) {
        auto row = cells(blocker, {"resource", "constraint", "count"});
        std::string ids;
        for (const auto& id : blocker["ids"].GetArray())
            ids += (ids.empty() ? "" : " ") + text_of(id);
        row.push_back(ids);
        table.rows.push_back(std::move(row));
    }
    out << for_output(table, descriptor);
}

// Prints the answer where it is an error or JSON is wanted; true when nothing is left to print.
bool printed(const LocalAnswer& answer, const CliOptions& options) {
    if (options.json) {
        if (!answer.body.empty()) std::cout << answer.body << "\n";
        return true;
    }
    if (answer.status < 300) return false;
    const auto problem = parsed(answer.body);
    std::cerr << "trashd: " << printable(text_of(problem, "detail")) << "\n";
    print_conflicts(problem);
    return true;
}

std::optional<std::string> flag(bool set) {
    return set ? std::optional<std::string>("true") : std::nullopt;
}

Parameters filters_of(const CliOptions& options) {
    return {{"root", flag(options.root)},
            {"resource", options.in_resource},
            {"olderThan", options.older_than},
            {"deletedBy", options.by},
            {"q", options.query}};
}

LocalAnswer page_of(LocalService& service, const CliOptions& options, int limit,
                    const std::optional<std::string>& cursor) {
    auto parameters = filters_of(options);
    parameters.emplace_back("limit", std::to_string(limit));
    parameters.emplace_back("cursor", cursor);
    return service.call("GET", "/v1/trash", parameters);
}

void print_items(const std::vector<std::string>& pages) {
    TextTable table{{"ITEM", "RESOURCE", "ID", "NAME", "ROWS", "DELETED", "BY", "REASON"}, {}, 1};
    for (const auto& page : pages) {
        const auto items = parsed(page);
        for (const auto& item : items.GetArray())
            table.rows.push_back(cells(item, {"id", "resource", "deletedObjectId", "displayName",
                                              "groupSize", "createdAt", "deletedBy", "reason"}));
    }
    std::cout << for_output(table, STDOUT_FILENO);
}

void print_page_array(const std::vector<std::string>& pages) {
    std::string all;
    for (const auto& page : pages) {
        const auto inner = page.substr(1, page.size() - 2);
        all += (all.empty() || inner.empty() ? "" : ",") + inner;
    }
    std::cout << "[" << all << "]\n";
}

void print_fields(const Json& object, const std::string& indent, TextTable& table) {
    for (const auto& member : object.GetObject()) {
        const std::string name(member.name.GetString(), member.name.GetStringLength());
        table.rows.push_back({indent + name, text_of(member.value)});
    }
}

std::string address_of(const CliOptions& options) {
    return "/v1/trash/" + percent_encode(options.item);
}

void print_counts(const Json& answer, const char* count) {
    TextTable table{{"RESOURCE", "ROWS"}, {}, 1};
    for (const auto& line : answer["resources"].GetArray())
        table.rows.push_back(cells(line, {"resource", count}));
    std::cout << for_output(table, STDOUT_FILENO);
}

// True when the group may be purged; says what it is first.
bool can_ask(const CliOptions& options) {
    if (options.yes || on_terminal(STDIN_FILENO)) return true;
    std::cerr << "trashd: purging asks first, and there is no terminal; give --yes\n";
    return false;
}

bool may_purge(LocalService& service, const CliOptions& options, int& status) {
    const auto answer = service.call("GET", address_of(options));
    status = status_of_http(answer.status);
    if (answer.status >= 300) return !printed(answer, options);
    if (options.yes) return true;
    const auto item = parsed(answer.body);
    status = kFailed;
    return confirmed("Forget '" + printable(text_of(item, "displayName")) + "' for good, " +
                     text_of(item, "groupSize") + " rows in all?");
}

std::string counted(const Json& counts) {
    return text_of(counts, "groups") + " groups, " + text_of(counts, "items") + " rows";
}

// What the filters mean, when it is to be emptied: asked for without confirmation.
std::optional<long long> rows_to_empty(LocalService& service, const CliOptions& options,
                                       int& status) {
    const auto answer = service.call("DELETE", "/v1/trash", filters_of(options));
    const auto counts = parsed(answer.body);
    const bool understood = counts.HasMember("groups");
    status = understood ? kFailed : status_of_http(answer.status);
    if (!understood) {
        printed(answer, options);
        return std::nullopt;
    }
    if (!options.yes && !confirmed("Forget " + counted(counts) + " for good?")) return std::nullopt;
    return std::stoll(text_of(counts, "items"));
}

}  // namespace

int trash_list(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    std::vector<std::string> pages;
    std::optional<std::string> cursor;
    for (int left = options.limit; left > 0; left -= kPage) {
        const auto answer = page_of(service, options, std::min(left, kPage), cursor);
        if (answer.status >= 300) {
            printed(answer, options);
            return status_of_http(answer.status);
        }
        pages.push_back(answer.body);
        cursor.reset();
        if (answer.next.empty()) break;
        cursor = parse_target(answer.next).query.text("cursor");
    }
    if (options.json)
        print_page_array(pages);
    else
        print_items(pages);
    if (cursor) std::cerr << "trashd: there are more; raise --limit\n";
    return kDone;
}

int trash_show(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto answer = service.call("GET", address_of(options));
    if (!printed(answer, options)) {
        auto item = parsed(answer.body);
        const Json object(item["object"], item.GetAllocator());
        item.RemoveMember("object");
        TextTable table{{"FIELD", "VALUE"}, {}, 1};
        print_fields(item, "", table);
        print_fields(object, "object.", table);
        std::cout << for_output(table, STDOUT_FILENO);
    }
    return status_of_http(answer.status);
}

int trash_restore(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto answer = [&] {
        const Waiting waiting("restoring");
        return service.call(
            "POST", address_of(options) + "/$restore",
            {{"with",
              options.with_ancestors ? std::optional<std::string>("ancestors") : std::nullopt},
             {"lossy", flag(options.lossy)},
             {"dryRun", flag(options.dry_run)}});
    }();
    if (!printed(answer, options)) print_counts(parsed(answer.body), "count");
    return status_of_http(answer.status);
}

int trash_purge(const CliOptions& options) {
    if (!can_ask(options)) return kUsage;
    LocalService service(configuration(options.overrides));
    int status = kDone;
    if (!may_purge(service, options, status)) return status;
    const Waiting waiting("purging");
    const auto answer = service.call("DELETE", address_of(options));
    printed(answer, options);
    return status_of_http(answer.status);
}

int trash_empty(const CliOptions& options) {
    if (!can_ask(options)) return kUsage;
    LocalService service(configuration(options.overrides));
    int status = kDone;
    const auto rows = rows_to_empty(service, options, status);
    if (!rows) return status;
    auto parameters = filters_of(options);
    parameters.emplace_back("confirm", "true");
    parameters.emplace_back("reason", options.reason);
    Waiting waiting("purging", *rows);
    const auto answer = service.call("DELETE", "/v1/trash", parameters,
                                     [&](long long moved) { waiting.add(moved); });
    if (!printed(answer, options))
        std::cout << "forgotten: " << counted(parsed(answer.body)) << "\n";
    return status_of_http(answer.status);
}

int impact_of_delete(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto answer = service.call("DELETE", "/v1/" + options.resource + "/" + options.id,
                                     {{"dryRun", "true"}, {"cascade", flag(options.cascade)}});
    const bool done = printed(answer, options);
    if (answer.status >= 300) return status_of_http(answer.status);
    const auto impact = parsed(answer.body);
    const bool blocked = !impact["blockers"].Empty();
    if (!done) {
        TextTable table{{"RESOURCE", "ACTION", "ROWS", "REASON"}, {}, 1};
        for (const auto& line : impact["resources"].GetArray())
            table.rows.push_back(cells(line, {"resource", "action", "count", "reason"}));
        std::cout << for_output(table, STDOUT_FILENO);
        if (blocked) print_blockers(impact["blockers"], std::cerr, STDERR_FILENO);
    }
    return blocked ? kConflict : kDone;
}

}  // namespace trashd::service
