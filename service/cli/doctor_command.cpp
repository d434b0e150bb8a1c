// `trashd doctor`: prints what doctor.cpp found, for people or for programs. It fails where
// something was found that stops deletes, so that a script can stop before a deployment.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/pool.hpp"
#include "service/api/findings_json.hpp"
#include "service/api/json.hpp"
#include "service/cli/app.hpp"
#include "service/cli/cli.hpp"
#include "service/cli/local_service.hpp"
#include "service/cli/terminal.hpp"
#include "service/cli/text_table.hpp"
#include "service/doctor/doctor.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kIndent = 9;  // of what is said, behind the severity

void print_indented(const std::string& text) {
    const auto width = std::max(terminal_width(STDOUT_FILENO), 2 * kIndent);
    for (const auto& line : wrapped(printable(text), width - kIndent))
        std::cout << std::string(kIndent, ' ') << line << "\n";
}

// A statement is no use when it is cut: it stands whole in a line of its own.
void print_lines(const std::vector<Finding>& findings) {
    for (const auto& finding : findings) {
        std::string severity(severity_name(finding.severity));
        severity.resize(kIndent, ' ');
        std::cout << severity
                  << (finding.subject.empty() ? "the database" : printable(finding.subject))
                  << "\n";
        print_indented(finding.detail);
        if (is_statement(finding))
            std::cout << std::string(kIndent, ' ') << printable(finding.fix) << "\n";
        else
            print_indented(finding.fix);
    }
}

// Each once, in the order of the findings.
void print_statements(const std::vector<Finding>& findings) {
    std::set<std::string> said;
    for (const auto& finding : findings)
        if (is_statement(finding) && said.insert(finding.fix).second)
            std::cout << finding.fix << "\n";
}

// Those that are as severe, or more.
std::vector<Finding> from(const std::string& least, std::vector<Finding> findings) {
    const auto most = least == "error"     ? Severity::kError
                      : least == "warning" ? Severity::kWarning
                                           : Severity::kInfo;
    std::erase_if(findings, [&](const Finding& one) { return one.severity > most; });
    return findings;
}

// Of all there are; beside lines for programs it goes where these do not read.
void print_summary(const std::vector<Finding>& findings) {
    std::string text = findings.empty() ? "nothing stands in the way" : summary(findings);
    if (std::ranges::any_of(findings, is_statement)) text += "; --sql prints what can be run";
    if (!on_terminal(STDOUT_FILENO))
        std::cerr << text << "\n";
    else
        for (const auto& line : wrapped(text, terminal_width(STDOUT_FILENO)))
            std::cout << line << "\n";
}

void print_tabs(const std::vector<Finding>& findings) {
    TextTable table{{"SEVERITY", "KIND", "SUBJECT", "DETAIL", "FIX"}, {}, 1};
    for (const auto& finding : findings)
        table.rows.push_back({std::string(severity_name(finding.severity)), finding.kind,
                              finding.subject, finding.detail, finding.fix});
    std::cout << tab_separated(table);
}

}  // namespace

int doctor(const CliOptions& options) {
    const auto config = configuration(options.overrides);
    LocalDatabase database(config);
    auto lease = database.pool().lease();
    const auto findings = examine(lease.connection(), config);
    const auto shown = from(options.severity, findings);
    if (options.json) {
        std::cout << findings_json(shown) << "\n";
    } else if (options.sql) {
        print_statements(shown);
    } else {
        on_terminal(STDOUT_FILENO) ? print_lines(shown) : print_tabs(shown);
        print_summary(findings);
    }
    const bool errors = std::ranges::any_of(
        findings, [](const Finding& one) { return one.severity == Severity::kError; });
    return errors ? kFailed : kDone;
}

}  // namespace trashd::service
