#include "service/completion/command_tree.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

namespace trashd::service::completion {

namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& name : option.get_snames()) names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) names.push_back("--" + name);
    return names;
}

// What IsMember checks has a type as TEXT:{error,warning,note}.
std::vector<std::string> choices_of(const std::string& type) {
    const auto open = type.find(":{");
    if (open == type.npos || !type.ends_with('}')) return {};
    std::vector<std::string> choices;
    std::istringstream list(type.substr(open + 2, type.size() - open - 3));
    for (std::string choice; std::getline(list, choice, ',');) choices.push_back(choice);
    return choices;
}

Values values_of(const CLI::Option& option, const std::string& type) {
    if (option.get_items_expected_max() == 0) return Values::kNone;
    if (!choices_of(type).empty()) return Values::kChoices;
    if (type == "FILE") return Values::kFile;
    return type == "DIR" ? Values::kDirectory : Values::kText;
}

Argument argument_of(const CLI::Option& option) {
    const auto type = option.get_type_name();
    Argument made;
    made.names = names_of(option);
    made.label = made.names.empty() ? option.get_name(true) : type.substr(0, type.find(":{"));
    made.description = option.get_description();
    made.values = values_of(option, type);
    made.choices = choices_of(type);
    made.repeated = option.get_items_expected_max() > 1;
    for (const auto* other : option.get_excludes())
        for (const auto& name : names_of(*other)) made.excludes.push_back(name);
    return made;
}

Command command_of(const CLI::App& app, const std::string& path) {
    Command made{path, app.get_description(), {}, {}, {}};
    for (const auto* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        (option->nonpositional() ? made.options : made.arguments).push_back(argument_of(*option));
    }
    for (const auto* command : app.get_subcommands({}))
        made.commands.push_back(command_of(*command, path + " " + command->get_name()));
    return made;
}

}  // namespace

Command command_tree(const CLI::App& app) {
    return command_of(app, app.get_name());
}

void for_each_command(const Command& command, const std::function<void(const Command&)>& visit) {
    visit(command);
    for (const auto& below : command.commands) for_each_command(below, visit);
}

}  // namespace trashd::service::completion
