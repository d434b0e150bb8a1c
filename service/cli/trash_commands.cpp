// `trashd trash`: lists, shows, purges and empties on the server, through the handlers that clients
// reach by HTTP, so that both say the same. What cannot be undone is asked about first.
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>

#include "schema/catalog/catalog.hpp"
#include "service/cli/answers.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

constexpr int kPage = 1000;  // most items of one answer

Parameters filters_of(const CliOptions& options) {
    return {{"resource", options.in_resource},
            {"olderThan", options.older_than},
            {"deletedBy", options.by},
            {"q", options.query}};
}

LocalAnswer page_of(LocalService& service, const CliOptions& options, int limit,
                    const std::optional<std::string>& cursor) {
    auto parameters = filters_of(options);
    parameters.emplace_back("root", flag(!options.all));
    parameters.emplace_back("limit", std::to_string(limit));
    parameters.emplace_back("cursor", cursor);
    return service.call("GET", "/v1/trash", parameters);
}

// How long ago, as in 5m; the time is as the service writes it.
std::string age_of(const std::string& time) {
    std::tm parts{};
    if (strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return time;
    const auto seconds = std::max<long long>(0, std::time(nullptr) - timegm(&parts));
    if (seconds < 60) return std::to_string(seconds) + "s";
    if (seconds < 3600) return std::to_string(seconds / 60) + "m";
    if (seconds < 86400) return std::to_string(seconds / 3600) + "h";
    return std::to_string(seconds / 86400) + "d";
}

void print_items(const std::vector<std::string>& pages) {
    TextTable table{{"ITEM", "RESOURCE", "ID", "NAME", "ROWS", "DELETED", "BY", "REASON"}, {}, 1};
    table.spare = {"REASON", "BY", "ID"};
    for (const auto& page : pages) {
        const auto items = parsed(page);
        for (const auto& item : items.GetArray())
            table.rows.push_back(cells(item, {"id", "resource", "deletedObjectId", "displayName",
                                              "groupSize", "createdAt", "deletedBy", "reason"}));
    }
    if (on_terminal(STDOUT_FILENO)) {
        table.header[5] = "AGE";
        for (auto& row : table.rows) row[5] = age_of(row[5]);
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

void print_fields(const rapidjson::Value& object, const std::string& indent, TextTable& table) {
    for (const auto& member : object.GetObject()) {
        const std::string name(member.name.GetString(), member.name.GetStringLength());
        table.rows.push_back({indent + name, text_of(member.value)});
    }
}

std::string item_address(LocalService& service, const CliOptions& options) {
    return "/v1/trash/" + percent_encode(item_of(service, options.items));
}

// Says what it is and asks, where that is not done away with by --yes.
int ask(const std::string& what, const CliOptions& options) {
    if (options.yes) return kDone;
    if (on_terminal(STDIN_FILENO))
        return confirmed("Forget " + what + " for good?") ? kDone : kFailed;
    std::cerr << "trashd: this forgets " << what
              << " for good; purging asks first, and "
                 "there is no terminal; give --yes\n";
    return kUsage;
}

int ask_about_item(const LocalAnswer& answer, const CliOptions& options) {
    if (answer.status >= 300) {
        printed(answer, options);
        return status_of_http(answer.status);
    }
    const auto item = parsed(answer.body);
    return ask("'" + printable(text_of(item, "displayName")) + "', " +
                   counted(text_of(item, "groupSize"), "row") + " in all,",
               options);
}

std::string counts_of(const rapidjson::Value& counts) {
    return counted(text_of(counts, "groups"), "group") + ", " +
           counted(text_of(counts, "items"), "row");
}

// What the filters mean: the counts of a request that lacks its confirmation.
int print_what_goes(const rapidjson::Value& counts, const CliOptions& options) {
    if (options.json)
        std::cout << "{\"groups\":" << text_of(counts, "groups")
                  << ",\"items\":" << text_of(counts, "items") << "}\n";
    else
        std::cout << "would be forgotten: " << counts_of(counts) << "\n";
    return kDone;
}

int empty_now(LocalService& service, const CliOptions& options, long long rows) {
    auto parameters = filters_of(options);
    parameters.emplace_back("confirm", "true");
    parameters.emplace_back("reason", options.reason);
    Waiting waiting("purging", rows);
    const auto answer = service.call("DELETE", "/v1/trash", parameters,
                                     {"", [&](long long moved) { waiting.add(moved); }});
    if (!printed(answer, options))
        std::cout << "forgotten: " << counts_of(parsed(answer.body)) << "\n";
    return status_of_http(answer.status);
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
    if (!options.all && !options.json && pages.front() == "[]")
        std::cerr << "trashd: none was deleted by name; --all lists what went along too\n";
    return kDone;
}

int trash_show(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto answer = service.call("GET", item_address(service, options));
    if (!printed(answer, options)) {
        auto item = parsed(answer.body);
        const rapidjson::Value object(item["object"], item.GetAllocator());
        item.RemoveMember("object");
        TextTable table{{"FIELD", "VALUE"}, {}, 1};
        print_fields(item, "", table);
        print_fields(object, "object.", table);
        std::cout << for_output(table, STDOUT_FILENO);
    }
    return status_of_http(answer.status);
}

int trash_purge(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto address = item_address(service, options);
    if (const int status = ask_about_item(service.call("GET", address), options); status != kDone)
        return status;
    const Waiting waiting("purging");
    const auto answer = service.call("DELETE", address);
    printed(answer, options);
    return status_of_http(answer.status);
}

int trash_empty(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto unconfirmed = service.call("DELETE", "/v1/trash", filters_of(options));
    const auto counts = parsed(unconfirmed.body);
    if (!counts.HasMember("groups")) {
        printed(unconfirmed, options);
        return status_of_http(unconfirmed.status);
    }
    if (options.dry_run) return print_what_goes(counts, options);
    if (const int status = ask(counts_of(counts), options); status != kDone) return status;
    return empty_now(service, options, std::stoll(text_of(counts, "items")));
}

int impact_of_delete(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto answer = service.call("DELETE", service.address_of(options.resource, options.id),
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
        if (blocked) print_blockers(impact["blockers"]);
    }
    return blocked ? kConflict : kDone;
}

}  // namespace trashd::service
