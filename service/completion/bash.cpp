// bash: the words before the cursor tell the command, the last of them the option whose value is
// typed; what is left are words to choose from.
#include <fmt/format.h>

#include <array>

#include "service/completion/completion.hpp"

namespace trashd::service::completion {

namespace {

constexpr const char* kScript = R"(# Completion of {0} for bash, made by `{0} completion bash`.
_{0}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}}
    local before=("${{COMP_WORDS[@]:1:COMP_CWORD-1}}")
    local command='{0}' word words= options= again=
    # --option=value comes as three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for word in "${{before[@]}}"; do
        case "$command $word" in
{1}            command+=" $word" ;;
        esac
    done
    COMPREPLY=()
    case "$command $prev" in
{2}    *)
        case $command in
{3}        esac
        [[ $cur != -* && $words ]] || words=$options
        ;;
    esac
    for word in $words; do
        [[ $word == "$cur"* ]] || continue
        [[ " $again " != *" $word "* && " ${{before[*]}} " == *" $word "* ]] || COMPREPLY+=("$word")
    done
}}

# The names of files, or of directories alone, that begin with the word.
_{0}_files() {{
    local name
    compopt -o filenames 2>/dev/null
    while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen "$1" -- "$2")
}}

complete -F _{0} {0}
)";

std::string joined(const std::vector<std::string>& words, const std::string& gap) {
    return fmt::format("{}", fmt::join(words, gap));
}

// 'trashd serve' | 'trashd config')
std::string pattern(const std::vector<std::string>& words) {
    return "'" + joined(words, "' | '") + "')\n";
}

std::string command_pattern(const Command& root) {
    std::vector<std::string> paths;
    for_each_command(root, [&](const Command& command) {
        if (&command != &root) paths.push_back(command.path);
    });
    return "        " + pattern(paths);
}

// The options of all commands whose values are of the kind, each behind its command.
std::vector<std::string> options_with(const Command& root, Values values) {
    std::vector<std::string> found;
    for_each_command(root, [&](const Command& command) {
        for (const auto& option : command.options)
            if (option.values == values)
                for (const auto& name : option.names) found.push_back(command.path + " " + name);
    });
    return found;
}

std::string choice_cases(const Command& root) {
    std::string cases;
    for_each_command(root, [&](const Command& command) {
        for (const auto& option : command.options)
            for (const auto& name : option.names)
                if (option.values == Values::kChoices)
                    cases += fmt::format("    '{} {}') words='{}' ;;\n", command.path, name,
                                         joined(option.choices, " "));
    });
    return cases;
}

std::string value_cases(const Command& root) {
    struct Kind {
        Values values;
        const char* answer;
    };
    const auto function = "_" + root.name() + "_files";
    std::string cases;
    for (const auto& [values, answer] : {Kind{Values::kFile, " -f \"$cur\""},
                                         {Values::kDirectory, " -d \"$cur\""},
                                         {Values::kText, ""}}) {
        const auto options = options_with(root, values);
        const auto what = *answer ? function + answer : std::string("return");
        if (!options.empty()) cases += "    " + pattern(options) + "        " + what + " ;;\n";
    }
    return cases + choice_cases(root);
}

std::string word_case(const Command& command) {
    std::vector<std::string> words, options, again;
    for (const auto& below : command.commands) words.push_back(below.name());
    for (const auto& argument : command.arguments)
        words.insert(words.end(), argument.choices.begin(), argument.choices.end());
    for (const auto& option : command.options)
        for (const auto& name : option.names) {
            options.push_back(name);
            if (option.repeated) again.push_back(name);
        }
    return fmt::format(
        "        '{}')\n            words='{}' again='{}'\n            options='{}' ;;\n",
        command.path, joined(words, " "), joined(again, " "), joined(options, " "));
}

}  // namespace

std::string bash_script(const Command& root) {
    std::string words;
    for_each_command(root, [&](const Command& command) { words += word_case(command); });
    return fmt::format(kScript, root.name(), command_pattern(root), value_cases(root), words);
}

}  // namespace trashd::service::completion
