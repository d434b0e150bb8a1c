#include "tests/support/problem.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <regex>

namespace trashd::test {

namespace {

// The status and title of each code.
const std::map<std::string, std::pair<int, std::string>> kMeanings = {
    {"bad-request", {400, "The request cannot be understood"}},
    {"confirmation-required", {400, "Confirmation is required"}},
    {"reason-required", {400, "A reason is required"}},
    {"unauthorized", {401, "Credentials are missing or wrong"}},
    {"forbidden", {403, "Not allowed"}},
    {"not-found", {404, "Not found"}},
    {"method-not-allowed", {405, "Method not allowed"}},
    {"has-dependents", {409, "Other objects refer to it"}},
    {"not-group-root", {409, "It is not the root of its group"}},
    {"restore-conflict", {409, "It cannot go back as it is"}},
    {"missing-grant", {409, "The service lacks a grant"}},
    {"conflict", {409, "Conflict"}},
    {"changed", {409, "It is not what was expected"}},
    {"held", {409, "It is held"}},
    {"too-large", {409, "More rows than may go at once"}},
    {"row-too-large", {409, "A row is too large"}},
    {"in-trash", {410, "It is in the trash"}},
    {"gone", {410, "Gone"}},
    {"stale", {412, "The object has changed"}},
    {"payload-too-large", {413, "The body is too large"}},
    {"unsupported-media-type", {415, "Unsupported media type"}},
    {"invalid", {422, "Invalid"}},
    {"too-many-requests", {429, "Too many requests"}},
    {"internal", {500, "Internal error"}},
    {"unavailable", {503, "Unavailable"}},
};

constexpr const char* kRequestId = "request-1";

}  // namespace

void check_problem(const Answer& answer, const std::string& code, const std::string& detail,
                   const std::string& members) {
    const auto& [status, title] = kMeanings.at(code);
    CHECK(answer.status == status);
    CHECK(answer.body == fmt::format(R"({{"type":"/problems/{0}","title":"{1}","status":{2},)"
                                     R"("detail":"{3}","code":"{0}","requestId":"{4}"{5}}})",
                                     code, title, status, detail, kRequestId, members));
    CHECK(answer.header("Content-Type") == "application/problem+json");
    CHECK(answer.header("X-Request-Id") == kRequestId);
    CHECK(answer.header("Cache-Control") == "no-store");
    CHECK(answer.header("Retry-After") == (status == 503 || status == 429 ? "1" : ""));
}

Answer ask(int port, const std::string& verb, const std::string& address, httplib::Headers headers,
           const std::string& body) {
    headers.emplace("X-Request-Id", kRequestId);
    return request(port, verb, address, headers, body);
}

std::string without_undo(const std::string& body) {
    static const std::regex kUndo(R"(,"undo":\{"href":"/v1/history/\d+/\$undo"\})");
    CHECK(std::regex_search(body, kUndo));
    return std::regex_replace(body, kUndo, "");
}

}  // namespace trashd::test
