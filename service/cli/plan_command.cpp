// `trashd plan`: a delete as people read it, without an object.
#include <unistd.h>

#include <iostream>

#include "cascade/outline.hpp"
#include "schema/text.hpp"
#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "trash/delete_outline.hpp"

namespace trashd::service {

namespace {

using cascade::Act;
using cascade::Stage;

const char* name_of(Act act) {
    switch (act) {
        case Act::kHold:
            return "hold";
        case Act::kTakeAlone:
            return "trash alone";
        case Act::kLock:
            return "lock";
        case Act::kRefuse:
            return "refuse";
        case Act::kSetNull:
            return "set null";
        case Act::kSetDefault:
            return "set default";
        case Act::kTake:
            return "trash";
        case Act::kDelete:
            return "delete";
    }
    return "";
}

std::string name_of(const schema::QualifiedName& table) {
    return table.schema + "." + table.name;
}

void write_texts(JsonWriter& out, const char* name, const std::vector<std::string>& texts) {
    out.key(name).StartArray();
    for (const auto& text : texts) out.text(text);
    out.EndArray();
}

void write_stage(JsonWriter& out, const Stage& stage) {
    out.StartObject();
    out.key("action").text(name_of(stage.act));
    out.key("table").text(name_of(stage.table));
    write_texts(out, "foreignKeys", stage.keys);
    out.key("lock").text_or_null(stage.lock.empty() ? std::nullopt : std::optional(stage.lock));
    out.key("reason").text(stage.reason);
    out.EndObject();
}

std::string json_of(const trash::DeleteOutline& outline,
                    const std::vector<std::string>* functions) {
    JsonWriter out;
    out.StartObject();
    out.key("stages").StartArray();
    for (const auto& stage : outline.stages) write_stage(out, stage);
    out.EndArray();
    write_texts(out, "refusals", outline.refusals);
    if (functions) write_texts(out, "functions", *functions);
    out.EndObject();
    return out.take();
}

void print_stages(const std::vector<Stage>& stages) {
    TextTable table{{"ACTION", "TABLE", "BY", "LOCK", "REASON"}, {}, 1};
    for (const auto& stage : stages)
        table.rows.push_back({name_of(stage.act), name_of(stage.table),
                              schema::join(stage.keys, ", "), stage.lock, stage.reason});
    std::cout << for_output(table, STDOUT_FILENO);
}

}  // namespace

int plan_of_delete(const CliOptions& options) {
    LocalService service(configuration(options.overrides));
    const auto table = service.table_of(options.resource);
    const auto outline = service.trash().outline_of(table, options.cascade);
    const bool trusted = outline.refusals.empty();
    std::vector<std::string> functions;
    if (options.sql && trusted) functions = service.trash().functions_of(table, options.cascade);
    if (options.json)
        std::cout << json_of(outline, options.sql ? &functions : nullptr) << "\n";
    else if (!options.sql)
        print_stages(outline.stages);
    else
        for (const auto& function : functions) std::cout << function << ";\n\n";
    for (const auto& refusal : outline.refusals)
        if (!options.json) std::cerr << "trashd: " << printable(refusal) << "\n";
    return trusted ? kDone : kConflict;
}

}  // namespace trashd::service
