// `trashd trash`: lists, shows, purges and empties on the server, through the handlers that clients
// reach by HTTP, so that both say the same. What cannot be undone is asked about first.
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <set>

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

// The filters are refused; throws Error kNotFound, with what was likely meant, where the resource
// is none. One whose table is gone is not refused.
int refused_filter(LocalService& service, const LocalAnswer& answer, const CliOptions& options) {
    if (text_of(parsed(answer.body), "detail").starts_with("'resource'"))
        service.table_of(options.in_resource.value_or(""));
    printed(answer, options);
    return status_of_http(answer.status);
}

void print_item(const LocalAnswer& answer, const CliOptions& options) {
    if (printed(answer, options)) return;
    auto item = parsed(answer.body);
    const rapidjson::Value object(item["object"], item.GetAllocator());
    item.RemoveMember("object");
    TextTable table{{"FIELD", "VALUE"}, {}, 0};
    print_fields(item, "", table);
    print_fields(object, "object.", table);
    std::cout << for_output(table, STDOUT_FILENO);
}

std::string address_of(const std::string& item) {
    return "/v1/trash/" + percent_encode(item);
}

// The first that is named of each group.
std::vector<std::string> one_of_each_group(const std::vector<std::string>& items) {
    std::vector<std::string> out;
    std::set<std::string> groups;
    for (const auto& item : items)
        if (groups.insert(group_of(item)).second) out.push_back(item);
    return out;
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

// Of items of as many groups.
int ask_about(const std::vector<LocalAnswer>& items, const CliOptions& options) {
    long long rows = 0;
    for (const auto& one : items) rows += std::stoll(text_of(parsed(one.body), "groupSize"));
    const auto all = counted(std::to_string(rows), "row");
    if (items.size() > 1)
        return ask(counted(std::to_string(items.size()), "group") + ", " + all, options);
    const auto name = text_of(parsed(items.front().body), "displayName");
    return ask("'" + printable(name) + "', " + all + " in all,", options);
}

Parameters parameters_of_purge(const CliOptions& options) {
    return {{"with",
             options.with_descendants ? std::optional<std::string>("descendants") : std::nullopt}};
}

// What goes along, where that is wanted; of several items the same group may count for each.
int tell_descendants(LocalService& service, const std::vector<std::string>& items,
                     const CliOptions& options) {
    if (!options.with_descendants) return kDone;
    long long groups = 0, rows = 0;
    for (const auto& item : items) {
        auto parameters = parameters_of_purge(options);
        parameters.emplace_back("dryRun", "true");
        const auto answer = service.call("DELETE", address_of(item), parameters);
        if (answer.status >= 300) {
            printed(answer, options);
            return status_of_http(answer.status);
        }
        const auto counts = parsed(answer.body);
        groups += std::stoll(text_of(counts["descendants"], "groups"));
        rows += std::stoll(text_of(counts["descendants"], "items"));
    }
    if (groups > 0)
        std::cerr << "trashd: that takes along " << counted(std::to_string(groups), "group") << ", "
                  << counted(std::to_string(rows), "row") << ", which could never come back\n";
    return kDone;
}

// The first status that is not that of success; what was refused is told. What hung on another one
// of them has gone with that.
int purge_all(LocalService& service, const std::vector<std::string>& items,
              const CliOptions& options) {
    int status = kDone;
    std::vector<LocalAnswer> refused;
    for (const auto& item : items) {
        const Waiting waiting("purging");
        const auto answer = service.call("DELETE", address_of(item), parameters_of_purge(options));
        if (answer.status < 300 || (options.with_descendants && answer.status == 410)) continue;
        refused.push_back(answer);
        if (status == kDone) status = status_of_http(answer.status);
    }
    if (options.json)
        print_json(refused);
    else
        for (const auto& one : refused) printed(one, options);
    return status;
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
        if (answer.status >= 300) return refused_filter(service, answer, options);
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
    int status = kDone;
    std::vector<LocalAnswer> answers;
    for (const auto& item : items_of(service, options.items)) {
        answers.push_back(service.call("GET", address_of(item)));
        if (status == kDone) status = status_of_http(answers.back().status);
    }
    if (options.json) {
        print_json(answers);
        return status;
    }
    for (const auto& answer : answers) {
        if (&answer != &answers.front()) std::cout << "\n";
        print_item(answer, options);
    }
    return status;
}

int trash_purge(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto items = one_of_each_group(items_of(service, options.items));
    std::vector<LocalAnswer> found;
    for (const auto& item : items) {
        found.push_back(service.call("GET", address_of(item)));
        if (found.back().status < 300) continue;
        printed(found.back(), options);
        return status_of_http(found.back().status);
    }
    int status = tell_descendants(service, items, options);
    if (status == kDone) status = ask_about(found, options);
    return status == kDone ? purge_all(service, items, options) : status;
}

int trash_empty(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto unconfirmed = service.call("DELETE", "/v1/trash", filters_of(options));
    const auto counts = parsed(unconfirmed.body);
    if (!counts.HasMember("groups")) return refused_filter(service, unconfirmed, options);
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
        TextTable table{{"RESOURCE", "ACTION", "ROWS", "REASON"}, {}, 0};
        for (const auto& line : impact["resources"].GetArray())
            table.rows.push_back(cells(line, {"resource", "action", "count", "reason"}));
        std::cout << for_output(table, STDOUT_FILENO);
        if (blocked) print_blockers(impact["blockers"]);
    }
    return blocked ? kConflict : kDone;
}

}  // namespace trashd::service
