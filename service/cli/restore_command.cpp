// trash restore: one group or several, in whatever order they need.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/json.hpp"
#include "service/cli/answers.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "service/http/url.hpp"
#include "service/parsing/json_body.hpp"
#include "trash/store/groups.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kDepth = 64;  // of JSON in --set

struct Attempt {
    std::string item;
    LocalAnswer answer;
};

// "column=text" or "column:=JSON" as a member of an object.
void write_value(JsonWriter& out, const std::string& given) {
    const auto equals = given.find('=');
    const bool json = equals != given.npos && equals > 0 && given[equals - 1] == ':';
    const auto column = given.substr(0, json ? equals - 1 : equals);
    if (equals == given.npos || column.empty())
        throw Error(Code::kBadRequest,
                    "--set takes COLUMN=TEXT, or COLUMN:=JSON as in author:=null; "
                    "'" +
                        given + "' is neither");
    out.key(column.c_str());
    const auto value = given.substr(equals + 1);
    if (json)
        out.raw(to_json(parse_json(value, kDepth)));
    else
        out.text(value);
}

void write_values(JsonWriter& out, const rapidjson::Value& item, const CliOptions& options) {
    out.key("set").StartArray();
    out.StartObject();
    out.key("resource").text(text_of(item, "resource"));
    out.key("id").text(text_of(item, "deletedObjectId"));
    out.key("values").StartObject();
    for (const auto& given : options.set) write_value(out, given);
    out.EndObject();
    out.EndObject();
    out.EndArray();
}

// What is for the conflicts; nothing: they refuse.
const char* otherwise(const CliOptions& options) {
    if (options.detach) return "detach";
    if (options.swap) return "swap";
    return options.leave_out ? "leave-out" : nullptr;
}

// together: items of the one's group, itself among them, that were named.
std::string body_of(LocalService& service, const std::vector<std::string>& together,
                    const CliOptions& options) {
    const auto* choice = otherwise(options);
    if (!choice && options.set.empty() && !options.only && !options.copy) return "";
    JsonWriter out;
    out.StartObject();
    if (choice) out.key("otherwise").text(choice);
    if (options.copy) out.key("copy").Bool(true);
    if (options.only) {
        out.key("only").StartArray();
        for (const auto& item : together) out.text(item);
        out.EndArray();
    }
    if (!options.set.empty()) {
        const auto item = service.call("GET", "/v1/trash/" + percent_encode(together.front()));
        if (item.status == 200) write_values(out, parsed(item.body), options);
    }
    out.EndObject();
    return out.take();
}

LocalAnswer restore_one(LocalService& service, const std::vector<std::string>& together,
                        const CliOptions& options) {
    const Waiting waiting("restoring");
    return service.call(
        "POST", "/v1/trash/" + percent_encode(together.front()) + "/$restore",
        {{"with", options.with_ancestors ? std::optional<std::string>("ancestors") : std::nullopt},
         {"lossy", flag(options.lossy)},
         {"dryRun", flag(options.dry_run)}},
        {body_of(service, together, options)});
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
            auto answer = restore_one(service_, named_with(items, item), options_);
            if (answer.status < 300) back_.insert(group_of(item));
            (answer.status == 409 ? refused : done_).push_back({item, std::move(answer)});
        }
        return refused;
    }

    // The item first, then the others of its group.
    static std::vector<std::string> named_with(const std::vector<std::string>& items,
                                               const std::string& item) {
        std::vector<std::string> out = {item};
        for (const auto& other : items)
            if (other != item && group_of(other) == group_of(item)) out.push_back(other);
        return out;
    }

    LocalService& service_;
    const CliOptions& options_;
    std::set<std::string> back_;
    std::vector<Attempt> done_;
};

// Of all that came back, in the order of the answers.
void print_counts(const std::vector<Attempt>& attempts) {
    std::map<std::string, std::size_t> place;
    TextTable table{{"RESOURCE", "ROWS"}, {}, 0};
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

std::string shown(const rapidjson::Value& object, const std::string& column) {
    const auto text = text_of(object, column.c_str());
    return text.empty() ? "null" : text;
}

// author = 2 (was 1)
std::string changes_of(const rapidjson::Value& row) {
    std::string out;
    for (const auto& one : row["columns"].GetArray()) {
        const auto column = text_of(one);
        out += (out.empty() ? "" : ", ") + column + " = " + shown(row["is"], column) + " (was " +
               shown(row["was"], column) + ")";
    }
    return out;
}

// A line for each row that came back otherwise than it went.
void add_lines(TextTable& table, const rapidjson::Document& answer) {
    const auto add = [&](const char* name, const char* what, auto&& tell) {
        const auto found = answer.FindMember(name);
        if (found == answer.MemberEnd()) return;
        for (const auto& row : found->value.GetArray())
            table.rows.push_back({what, text_of(row, "resource"), text_of(row, "id"), tell(row)});
    };
    add("detached", "detached", [](const auto& row) { return text_of(row, "constraint"); });
    add("changed", "changed", changes_of);
    add("swapped", "swapped", [](const auto& row) {
        return counted(text_of(row, "groupSize"), "row") + ", " + text_of(row, "trashItem");
    });
    const auto copied = answer.FindMember("copied");
    if (copied == answer.MemberEnd()) return;
    for (const auto& row : copied->value.GetArray())
        table.rows.push_back(
            {"copied", text_of(row, "resource"), text_of(row, "from"), "-> " + text_of(row, "to")});
}

void print_choices(const std::vector<Attempt>& attempts) {
    TextTable table{{"CHOICE", "RESOURCE", "ID", "WHAT"}, {}, 1};
    long long left = 0;
    for (const auto& one : attempts) {
        if (one.answer.status >= 300) continue;
        const auto answer = parsed(one.answer.body);
        add_lines(table, answer);
        if (answer.HasMember("left")) left += std::stoll(text_of(answer, "left"));
    }
    if (!table.rows.empty()) std::cout << for_output(table, STDOUT_FILENO);
    if (left > 0)
        std::cerr << "trashd: " << counted(std::to_string(left), "row")
                  << " of the same group stayed in the trash\n";
}

// How each of them is undone, to who sits there; scripts read it in the JSON.
void print_undo(const std::vector<Attempt>& attempts) {
    if (!on_terminal(STDOUT_FILENO)) return;
    for (const auto& one : attempts) {
        if (one.answer.status >= 300) continue;
        const auto entry = entry_to_undo(parsed(one.answer.body));
        if (!entry.empty()) std::cout << "undone by: trashd undo " << entry << "\n";
    }
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
    if (!options.set.empty() && options.items.size() > 2)
        throw Error(Code::kBadRequest, "--set is for one object at a time");
    LocalService service(configuration(options.overrides));
    const auto attempts = RestoreContext(service, options).run(items_of(service, options.items));
    if (options.json) {
        std::vector<LocalAnswer> answers;
        for (const auto& one : attempts) answers.push_back(one.answer);
        print_json(answers);
    } else {
        print_counts(attempts);
        print_choices(attempts);
        print_undo(attempts);
        print_problems(attempts, options);
    }
    int status = kDone;
    for (const auto& one : attempts)
        if (status == kDone) status = status_of_http(one.answer.status);
    return status;
}

}  // namespace trashd::service
