// fish: a line for each word that may follow, with the command after which it may.
#include <fmt/format.h>

#include "service/completion/completion.hpp"

namespace trashd::service::completion {

namespace {

constexpr const char* kScript = R"(# Completion of {0} for fish, made by `{0} completion fish`.

# The words before the cursor that name a command.
function __{0}_command
    set -l command {0}
    for word in (commandline -opc)
        switch "$command $word"
            case {1}
                set command "$command $word"
        end
    end
    echo $command
end

function __{0}_in
    test (__{0}_command) = "$argv"
end

complete -c {0} -f
{2})";

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    return out + "'";
}

// What the value may be; -r: there is one, -x: one that is no file.
std::string value_of(const Argument& argument) {
    switch (argument.values) {
        case Values::kChoices:
            return fmt::format(" -x -a {}",
                               quoted(fmt::format("{}", fmt::join(argument.choices, " "))));
        case Values::kFile:
            return " -r -F";
        case Values::kDirectory:
            return " -x -a '(__fish_complete_directories)'";
        case Values::kText:
            return " -x";
        default:
            return "";
    }
}

std::string names_of(const Argument& option) {
    std::string names;
    for (const auto& name : option.names)
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    return names;
}

std::string lines_of(const Command& command, const std::string& program) {
    const auto begin = fmt::format("complete -c {0} -n '__{0}_in {1}'", program, command.path);
    std::string lines;
    for (const auto& below : command.commands)
        lines += begin + " -a " + below.name() + " -d " + quoted(below.description) + "\n";
    for (const auto& option : command.options)
        lines += begin + names_of(option) + value_of(option) + " -d " + quoted(option.description) +
                 "\n";
    for (const auto& argument : command.arguments)
        if (argument.values == Values::kChoices) lines += begin + value_of(argument) + "\n";
    return lines;
}

}  // namespace

std::string fish_script(const Command& root) {
    std::string paths, lines;
    for_each_command(root, [&](const Command& command) {
        if (&command != &root) paths += (paths.empty() ? "" : " ") + quoted(command.path);
        lines += lines_of(command, root.name());
    });
    return fmt::format(kScript, root.name(), paths, lines);
}

}  // namespace trashd::service::completion
