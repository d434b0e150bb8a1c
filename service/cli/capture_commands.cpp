// `trashd capture`: puts deletes that others send into the trash, too, or no more, and says which
// tables that is about.
#include <unistd.h>

#include <iostream>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/reader.hpp"
#include "schema/error.hpp"
#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "trash/capture/capture.hpp"

namespace trashd::service {

namespace {

std::string called(const schema::QualifiedName& table) {
    return table.schema + "." + table.name;
}

const char* name_of(trash::CaptureState state) {
    switch (state) {
        case trash::CaptureState::kOn:
            return "on";
        case trash::CaptureState::kStale:
            return "stale";
        case trash::CaptureState::kOff:
            return "off";
    }
    return "";
}

// A resource, or a table of any schema, served or not.
schema::QualifiedName table_of(LocalService& service, const std::string& text) {
    const auto table = table_name(text);
    if (service.trash().catalog().get()->table(table)) return table;
    return service.table_of(text);
}

std::vector<schema::QualifiedName> tables_of(LocalService& service, const CliOptions& options) {
    std::vector<schema::QualifiedName> tables;
    for (const auto& text : options.items) tables.push_back(table_of(service, text));
    return tables;
}

std::string json_of(const std::vector<trash::CaptureStatus>& all) {
    JsonWriter out;
    out.StartArray();
    for (const auto& one : all) {
        out.StartObject();
        out.key("table").text(called(one.table));
        out.key("state").text(name_of(one.state));
        out.key("asked").text_or_null(one.asked.empty() ? std::nullopt : std::optional(one.asked));
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

// Fails where a delete would be refused or lost, so that a script can stop there.
int print_status(const std::vector<trash::CaptureStatus>& all, bool json) {
    bool whole = true;
    for (const auto& one : all) whole = whole && one.state == trash::CaptureState::kOn;
    if (json) {
        std::cout << json_of(all) << "\n";
        return whole ? kDone : kConflict;
    }
    TextTable table{{"TABLE", "STATE", "ASKED BY"}, {}, 1};
    for (const auto& one : all)
        table.rows.push_back({called(one.table), name_of(one.state),
                              one.asked.empty() ? "a table that it refers to" : one.asked});
    std::cout << for_output(table, STDOUT_FILENO);
    return whole ? kDone : kConflict;
}

}  // namespace

int capture_on(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const trash::Capture capture(service.trash());
    const auto tables = tables_of(service, options);
    if (options.sql) {
        for (const auto& statement : capture.on_sql(tables)) std::cout << statement << ";\n";
        return kDone;
    }
    capture.on(tables);
    return print_status(capture.status(), options.json);
}

int capture_off(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const trash::Capture capture(service.trash());
    if (options.items.empty() && !options.all)
        throw Error(Code::kBadRequest, "name tables, or say --all");
    capture.off(tables_of(service, options));
    return print_status(capture.status(), options.json);
}

int capture_status(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    return print_status(trash::Capture(service.trash()).status(), options.json);
}

int capture_renew(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const trash::Capture capture(service.trash());
    capture.renew();
    return print_status(capture.status(), options.json);
}

}  // namespace trashd::service
