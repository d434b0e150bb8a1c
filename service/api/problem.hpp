// Code -> HTTP status, and every error as application/problem+json. Nothing else makes an error
// answer.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "schema/error.hpp"
#include "service/api/response.hpp"
#include "trash/model/impact.hpp"
#include "trash/model/options.hpp"

namespace trashd::service {

class Resources;

// confirmation-required, with what would be taken.
struct ConfirmationRequired : Error {
    explicit ConfirmationRequired(std::optional<trash::Impact> found)
        : Error(Code::kConfirmationRequired,
                "this resource asks for ?confirm=true; impact says what would be taken"),
          impact(std::move(found)) {}
    std::optional<trash::Impact> impact;
};

// too-large, with what would be taken.
struct TooManyRows : Error {
    TooManyRows(long long limit, std::optional<trash::Impact> found)
        : Error(Code::kTooLarge,
                "a delete of yours may take up to " + std::to_string(limit) +
                    " rows, and this one would take more; delete parts of it first, or ask "
                    "someone whose role may take more"),
          most(limit),
          impact(std::move(found)) {}
    long long most;
    std::optional<trash::Impact> impact;
};

// confirmation-required, with what emptying the trash would purge.
struct PurgeUnconfirmed : Error {
    explicit PurgeUnconfirmed(trash::Emptied found)
        : Error(Code::kConfirmationRequired,
                "this purges groups and items for good; say so with confirm=true"),
          counts(found) {}
    trash::Emptied counts;
};

// in-trash, with the item.
struct InTrash : Error {
    explicit InTrash(trash::Item found)
        : InTrash(std::move(found),
                  "the object is in the trash; restore trashItem to have it back") {}
    InTrash(trash::Item found, const std::string& detail)
        : Error(Code::kInTrash, detail), item(std::move(found)) {}
    trash::Item item;
    std::optional<std::size_t> position;  // in the array that was sent, from 0
};

// A write that the table does not take: what stands in its way.
struct WriteFault : Error {
    using Error::Error;
    std::string column, constraint;
    std::optional<std::size_t> position;  // in the array that was sent, from 0
};

// A row that refers to one in the trash.
struct TrashedParent : WriteFault {
    TrashedParent(trash::Item found, const std::string& detail)
        : WriteFault(Code::kConflict, detail), item(std::move(found)) {}
    trash::Item item;
};

// method-not-allowed, with the verbs that are.
struct WrongVerb : Error {
    explicit WrongVerb(std::string allowed)
        : Error(Code::kMethodNotAllowed, "this address answers " + allowed),
          allow(std::move(allowed)) {}
    std::string allow;
};

// Reading a trashed object answers 410, every other in-trash 409.
int status_of(Code code, bool reading);
std::string_view title_of(Code code);

// resources may be null (before there are any).
Response problem(const Error& error, const Resources* resources, const std::string& request_id,
                 bool reading);
// Of whatever is in flight; logs what a client must not see.
Response problem_of_current_exception(const Resources* resources, const std::string& request_id,
                                      bool reading);

}  // namespace trashd::service
