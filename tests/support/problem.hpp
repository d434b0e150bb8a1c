// Error answers of the service, compared whole.
#pragma once

#include "tests/support/http.hpp"

namespace trashd::test {

// request() under a request id that check_problem expects.
Answer ask(int port, const std::string& verb, const std::string& address,
           httplib::Headers headers = {}, const std::string& body = "");

// Checks status, headers and the whole body. detail: as it stands in JSON; members: those beside
// the usual ones, as JSON, each after a comma.
void check_problem(const Answer& answer, const std::string& code, const std::string& detail,
                   const std::string& members = "");

// An answer's body without how it is undone, of which no test knows the number.
std::string without_undo(const std::string& body);

}  // namespace trashd::test
