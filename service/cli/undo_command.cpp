// undo: what an entry of the ledger tells, by its number.
#include <unistd.h>

#include <iostream>

#include "service/cli/answers.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

// The rows that keep it from being undone, each with one that refers to it in a line.
void print_changed(const rapidjson::Value& rows) {
    TextTable table{{"RESOURCE", "ID", "REFERRED TO BY", "ID", "CONSTRAINT"}, {}, 1};
    for (const auto& row : rows.GetArray()) {
        const auto own = cells(row, {"resource", "id"});
        if (row["referredBy"].Empty()) table.rows.push_back({own[0], own[1], "", "", ""});
        for (const auto& by : row["referredBy"].GetArray()) {
            const auto other = cells(by, {"resource", "id", "constraint"});
            table.rows.push_back({own[0], own[1], other[0], other[1], other[2]});
        }
    }
    if (!table.rows.empty()) std::cerr << for_output(table, STDERR_FILENO);
}

}  // namespace

std::string entry_to_undo(const rapidjson::Value& answer) {
    const auto undo = answer.FindMember("undo");
    if (undo == answer.MemberEnd()) return "";
    const auto href = text_of(undo->value, "href");  // /v1/history/42/$undo
    const auto end = href.rfind('/'), begin = href.rfind('/', end - 1) + 1;
    return href.substr(begin, end - begin);
}

int undo(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    LocalAnswer answer;
    {
        const Waiting waiting("undoing");
        answer = service.call("POST", "/v1/history/" + percent_encode(options.id) + "/$undo",
                              {{"reason", options.reason}, {"dryRun", flag(options.dry_run)}});
    }
    const auto body = parsed(answer.body);
    if (printed(answer, options)) {
        if (!options.json && answer.status == 409 && body.HasMember("rows"))
            print_changed(body["rows"]);
        return status_of_http(answer.status);
    }
    std::cout << counted(text_of(body, "trashed"), "row") << " back in the trash, "
              << counted(text_of(body, "restored"), "row") << " out of it\n";
    const auto entry = entry_to_undo(body);
    if (!entry.empty()) std::cout << "undone by: trashd undo " << entry << "\n";
    return kDone;
}

}  // namespace trashd::service
