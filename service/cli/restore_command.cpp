// trash restore: one group or several, in whatever order they need.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "service/cli/answers.hpp"
#include "service/cli/app.hpp"
#include "service/cli/terminal.hpp"
#include "trash/store/groups.hpp"

namespace trashd::service {

namespace {

struct Attempt {
    std::string item;
    LocalAnswer answer;
};

LocalAnswer restore_one(LocalService& service, const std::string& item, const CliOptions& options) {
    const Waiting waiting("restoring");
    return service.call(
        "POST", "/v1/trash/" + percent_encode(item) + "/$restore",
        {{"with", options.with_ancestors ? std::optional<std::string>("ancestors") : std::nullopt},
         {"lossy", flag(options.lossy)},
         {"dryRun", flag(options.dry_run)}});
}

// The same for all items of a group.
std::string group_of(const std::string& item) {
    return item.substr(0, std::min<std::size_t>(item.size(), 28));
}

// Restores in rounds: what conflicts may pass when another of them is back, its parent.
class RestoreContext {
  public:
    RestoreContext(LocalService& service, const CliOptions& options)
        : service_(service), options_(options) {}

    std::vector<Attempt> run(std::vector<std::string> items) {
        std::vector<Attempt> refused;
        bool progress = true;
        while (progress && !items.empty()) {
            refused = one_round(items);
            progress = refused.size() < items.size() && !options_.dry_run;
            items.clear();
            for (const auto& one : refused) items.push_back(one.item);
        }
        std::ranges::move(refused, std::back_inserter(done_));
        return std::move(done_);
    }

  private:
    // Those that conflict; the others are done.
    std::vector<Attempt> one_round(const std::vector<std::string>& items) {
        std::vector<Attempt> refused;
        for (const auto& item : items) {
            if (back_.contains(group_of(item))) continue;
            auto answer = restore_one(service_, item, options_);
            if (answer.status < 300) back_.insert(group_of(item));
            (answer.status == 409 ? refused : done_).push_back({item, std::move(answer)});
        }
        return refused;
    }

    LocalService& service_;
    const CliOptions& options_;
    std::set<std::string> back_;
    std::vector<Attempt> done_;
};

void print_json(const std::vector<Attempt>& attempts) {
    std::string all;
    for (const auto& one : attempts) all += (all.empty() ? "" : ",") + one.answer.body;
    std::cout << (attempts.size() == 1 ? all : "[" + all + "]") << "\n";
}

// Of all that came back, in the order of the answers.
void print_counts(const std::vector<Attempt>& attempts) {
    std::map<std::string, std::size_t> place;
    TextTable table{{"RESOURCE", "ROWS"}, {}, 1};
    for (const auto& one : attempts) {
        if (one.answer.status >= 300) continue;
        const auto answer = parsed(one.answer.body);
        for (const auto& line : answer["resources"].GetArray()) {
            const auto row = cells(line, {"resource", "count"});
            const auto [found, fresh] = place.emplace(row[0], table.rows.size());
            if (fresh) table.rows.push_back({row[0], "0"});
            auto& sum = table.rows[found->second][1];
            sum = std::to_string(std::stoll(sum) + std::stoll(row[1]));
        }
    }
    if (!table.rows.empty()) std::cout << for_output(table, STDOUT_FILENO);
}

void print_problems(const std::vector<Attempt>& attempts, const CliOptions& options) {
    for (const auto& one : attempts) {
        if (one.answer.status < 300) continue;
        if (attempts.size() > 1) std::cerr << "trashd: " << one.item << ":\n";
        printed(one.answer, options);
    }
}

}  // namespace

int trash_restore(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto attempts = RestoreContext(service, options).run(items_of(service, options.items));
    if (options.json) {
        print_json(attempts);
    } else {
        print_counts(attempts);
        print_problems(attempts, options);
    }
    int status = kDone;
    for (const auto& one : attempts)
        if (status == kDone) status = status_of_http(one.answer.status);
    return status;
}

}  // namespace trashd::service
