// The scripts that complete the command line are asked by the shells that they are for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>
#include <sstream>

#include "service/cli/text_table.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tokens.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

// What the shell says of the script, on both of its outputs.
std::string said(const std::string& shell, const std::string& script) {
    const TempFile file(script);
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        popen((shell + " " + file.path() + " 2>&1 </dev/null").c_str(), "r"), pclose);
    std::string text;
    std::array<char, 4096> part{};
    while (const auto length = fread(part.data(), 1, part.size(), pipe.get()))
        text.append(part.data(), length);
    return text;
}

std::string script_for(const std::string& shell) {
    const auto made = run_program({"completion", shell});
    REQUIRE(made.status == 0);
    return made.output;
}

// The answers of bash for the words, the last of which is being typed.
std::string by_bash(const std::string& words) {
    const auto ask = fmt::format(
        "COMP_WORDS=({0}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _trashd\n"
        "echo \"${{COMPREPLY[*]}}\"\n",
        words);
    return said("bash --norc", script_for("bash") + ask);
}

std::string by_fish(const std::string& line) {
    return said("fish --no-config",
                script_for("fish") + "complete -C '" + line + "' | string replace -r '\\t.*' ''\n");
}

// The line after a Tab in a zsh on a terminal of its own.
std::string by_zsh(const std::string& line) {
    const TempFile script(script_for("zsh"));
    return said("timeout 60 zsh -f", fmt::format(R"(
zmodload zsh/zpty
line=$(mktemp)
zpty asked zsh -f -i
zpty -w asked "autoload -Uz compinit; compinit -u -D; source {0}
tell() {{ print -r -- \$BUFFER > $line.new; mv $line.new $line }}; zle -N tell
bindkey '^X' tell; bindkey '^I' complete-word; READY=yes; echo $READY; print begin''ning"
zpty -r asked out '*beginning*'
zpty -w -n asked $'{1}\t\x18'
while [[ ! -s $line ]]; do zpty -r -t asked out; sleep 0.05; done
cat $line; rm -f $line
)",
                                                 script.path(), line));
}

// Of the command and of all that its help names below itself; how many these were.
int checked_helps(const std::vector<std::string>& command) {
    auto words = command;
    words.emplace_back("--help");
    const auto help = run_program(words);
    CHECK(help.status == 0);
    int checked = 1;
    bool commands = false;
    std::istringstream lines(help.output);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(service::text_width(line) <= 80);
        if (commands && line.starts_with("  ") && line[2] != ' ') {
            words = command;
            words.push_back(line.substr(2, line.find(' ', 2) - 2));
            checked += checked_helps(words);
        }
        commands = line == "Subcommands:" || (commands && !line.empty());
    }
    return checked;
}

}  // namespace

TEST_CASE("nodb: bash completes commands, options of nested ones, choices and files") {
    CHECK(by_bash("trashd ''") ==
          "serve config trash undo erase impact plan key capture retention events ledger migrate "
          "doctor "
          "completion\n");
    CHECK(by_bash("trashd trash re") == "restore\n");
    CHECK(by_bash("trashd trash restore --l") == "--lossy --leave-out\n");
    CHECK(by_bash("trashd doctor --severity ''") == "error warning note\n");
    CHECK(by_bash("trashd doctor --severity = w") == "warning\n");
    CHECK(by_bash("trashd doctor --severity =") == "error warning note\n");
    CHECK(by_bash("trashd completion ''") == "bash zsh fish\n");
    CHECK(by_bash("trashd serve --config /proc/self/cmdl") == "/proc/self/cmdline\n");
    CHECK(by_bash("trashd serve --data-dir /proc/self/cmdl") == "\n");
    CHECK(by_bash("trashd serve --data-dir /proc/self/tas") == "/proc/self/task\n");
    CHECK(by_bash("trashd serve --listen ''") == "\n");
    CHECK(by_bash("trashd trash restore 1 --root") == "\n");
}

TEST_CASE("nodb: bash offers again only what may be given again") {
    CHECK(by_bash("trashd trash restore --set a=b --copy --s") == "--schema --swap --set\n");
    CHECK(by_bash("trashd trash restore --set a=b --copy --c") == "--config\n");
}

TEST_CASE("nodb: fish completes commands, options of nested ones, choices and files") {
    CHECK(by_fish("trashd trash re") == "restore\n");
    CHECK(by_fish("trashd key ") == "create\nlist\nrevoke\n");
    CHECK(by_fish("trashd trash restore --le") == "--leave-out\n");
    CHECK(by_fish("trashd doctor --severity w") == "warning\n");
    CHECK(by_fish("trashd completion ") == "bash\nfish\nzsh\n");
    CHECK(by_fish("trashd serve --config /proc/self/cmdl") == "/proc/self/cmdline\n");
    CHECK(by_fish("trashd serve --data-dir /proc/self/tas") == "/proc/self/task/\n");
}

TEST_CASE("nodb: zsh completes commands, options of nested ones, choices and files") {
    CHECK(by_zsh("trashd trash res") == "trashd trash restore \n");
    CHECK(by_zsh("trashd trash restore 1 --le") == "trashd trash restore 1 --leave-out \n");
    CHECK(by_zsh("trashd doctor --severity w") == "trashd doctor --severity warning \n");
    CHECK(by_zsh("trashd completion f") == "trashd completion fish \n");
    CHECK(by_zsh("trashd serve --config /proc/self/cmdl") ==
          "trashd serve --config /proc/self/cmdline \n");
}

TEST_CASE("nodb: completion is for the shells that it names") {
    const auto refused = run_program({"completion", "tcsh"});
    CHECK(refused.status == 2);
    CHECK(refused.output.starts_with("SHELL: tcsh not in {bash,zsh,fish}\n"));
    CHECK(run_program({"completion"}).status == 2);
}

TEST_CASE("nodb: the help of every command fits 80 columns") {
    CHECK(checked_helps({}) == 33);
}
