// zsh: a function for each command, which tells _arguments its options and what they take.
#include <fmt/format.h>

#include <algorithm>

#include "service/completion/completion.hpp"

namespace trashd::service::completion {

namespace {

constexpr const char* kScript = R"(#compdef {0}
# Completion of {0} for zsh, made by `{0} completion zsh`.
{1}
if [[ $funcstack[1] == _{0} ]]; then
  _{0} "$@"
else
  compdef _{0} {0}
fi
)";

constexpr const char* kParent = R"(
{0}() {{
  local curcontext=$curcontext state line ret=1
  local -a commands=({1})
  _arguments -C{2} \
    '1:command:->command' '*::argument:->argument' && ret=0
  case $state in
    command) _describe -t commands command commands && ret=0 ;;
    argument)
      case $line[1] in{3}
      esac
      ;;
  esac
  return ret
}}
)";

constexpr const char* kLeaf = R"(
{0}() {{
  _arguments{1}
}}
)";

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

// With a backslash before what would end it, or mean something in it.
std::string escaped(const std::string& text, std::string_view special) {
    std::string out;
    for (const char c : text)
        out += (special.find(c) == special.npos ? "" : "\\") + std::string(1, c);
    return out;
}

// What the value may be, as _arguments wants it. A text, of which nothing is known, is a space
// behind an option; where an option may stand in its place, a space would keep options from it.
std::string action_of(const Argument& argument) {
    switch (argument.values) {
        case Values::kChoices:
            return fmt::format("({})", fmt::join(argument.choices, " "));
        case Values::kFile:
            return "_files";
        case Values::kDirectory:
            return "_files -/";
        default:
            return argument.names.empty() ? R"(_guard "[^-]*" )" + argument.label : " ";
    }
}

std::string value_of(const Argument& argument) {
    return ":" + escaped(argument.label, ":\\") + ":" + action_of(argument);
}

// Once it is given neither its other names nor what it excludes is offered any more.
std::string excluded(const Argument& option) {
    if (option.repeated) return "*";
    auto others = option.excludes;
    others.insert(others.end(), option.names.begin(), option.names.end());
    return fmt::format("({})", fmt::join(others, " "));
}

std::string option_spec(const Argument& option, const std::string& name) {
    const bool flag = option.values == Values::kNone;
    return excluded(option) + name +
           (flag                     ? ""
            : name.starts_with("--") ? "="
                                     : "+") +
           "[" + escaped(option.description, "[]\\") + "]" + (flag ? "" : value_of(option));
}

std::string specs_of(const Command& command) {
    std::string specs;
    const auto add = [&](const std::string& spec) { specs += " \\\n    " + quoted(spec); };
    for (const auto& option : command.options)
        for (const auto& name : option.names) add(option_spec(option, name));
    for (std::size_t i = 0; i < command.arguments.size(); ++i) {
        const auto& argument = command.arguments[i];
        add((argument.repeated ? "*" : std::to_string(i + 1)) + value_of(argument));
    }
    return specs;
}

// _trashd_trash_list
std::string function_of(const Command& command) {
    auto name = "_" + command.path;
    std::ranges::replace(name, ' ', '_');
    return name;
}

std::string parent(const Command& command) {
    std::string listed, cases;
    for (const auto& below : command.commands) {
        listed += "\n    " + quoted(escaped(below.name(), ":\\") + ":" + below.description);
        cases += fmt::format("\n        {}) {} && ret=0 ;;", below.name(), function_of(below));
    }
    return fmt::format(kParent, function_of(command), listed + "\n  ", specs_of(command), cases);
}

}  // namespace

std::string zsh_script(const Command& root) {
    std::string functions;
    for_each_command(root, [&](const Command& command) {
        functions += command.commands.empty()
                         ? fmt::format(kLeaf, function_of(command), specs_of(command))
                         : parent(command);
    });
    return fmt::format(kScript, root.name(), functions);
}

}  // namespace trashd::service::completion
