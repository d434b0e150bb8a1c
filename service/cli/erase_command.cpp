// `trashd erase`: empties personal columns in what hangs on an object in the trash, through the
// handler that clients reach by HTTP. Who sits at a terminal is asked first.
#include <unistd.h>

#include <iostream>

#include "schema/catalog/catalog.hpp"
#include "service/api/json.hpp"
#include "service/cli/answers.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"

namespace trashd::service {

namespace {

LocalAnswer ask(LocalService& service, const CliOptions& options, bool dry_run) {
    const auto address = service.address_of(options.resource, options.id);
    const std::string_view versioned = "/v1/";
    const auto path = address.substr(versioned.size(), address.rfind('/') - versioned.size());
    JsonWriter body;
    body.StartObject();
    body.key("resource").text(path);
    body.key("id").text(options.id);
    body.key("reason").text(options.reason.value_or(""));
    body.key("dryRun").Bool(dry_run);
    body.EndObject();
    return service.call("POST", "/v1/@erasures", {}, {body.take()});
}

// Whether to go on; what there is to do is told.
bool wanted(LocalService& service, const CliOptions& options) {
    if (options.yes || options.dry_run || !on_terminal(STDIN_FILENO)) return true;
    const auto foreseen = ask(service, options, true);
    if (foreseen.status >= 300) return true;  // what refuses it is told by the real one
    long long rows = 0;
    const auto answer = parsed(foreseen.body);
    for (const auto& line : answer["counts"].GetArray()) rows += std::stoll(text_of(line, "count"));
    return confirmed("Erase personal data in " + counted(std::to_string(rows), "row") +
                     " for good?");
}

void print_counts(const rapidjson::Value& answer, const CliOptions& options) {
    TextTable table{{"RESOURCE", "ROWS"}, {}, 0};
    for (const auto& line : answer["counts"].GetArray())
        table.rows.push_back(cells(line, {"resource", "count"}));
    if (table.rows.empty())
        std::cout << (options.dry_run ? "nothing would be erased\n" : "nothing was to be erased\n");
    else
        std::cout << for_output(table, STDOUT_FILENO);
    if (const auto receipt = text_of(answer, "receipt"); !receipt.empty())
        std::cout << "receipt: " << receipt << "\n";
}

}  // namespace

int erase(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    if (!wanted(service, options)) return kFailed;
    const auto answer = ask(service, options, options.dry_run);
    if (!printed(answer, options)) print_counts(parsed(answer.body), options);
    return status_of_http(answer.status);
}

}  // namespace trashd::service
