#include "service/api/problem.hpp"

#include <spdlog/spdlog.h>

#include "schema/catalog/catalog.hpp"
#include "service/api/hold_json.hpp"
#include "service/api/json.hpp"
#include "service/api/readiness.hpp"
#include "service/auth/errors.hpp"
#include "service/auth/permissions.hpp"
#include "service/config/config.hpp"
#include "service/config/resources.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/hold.hpp"
#include "trash/records/kept_answers.hpp"

namespace trashd::service {

namespace {

struct Meaning {
    int status;
    const char* title;
};

Meaning meaning_of(Code code) {
    switch (code) {
        case Code::kBadRequest:
            return {400, "The request cannot be understood"};
        case Code::kConfirmationRequired:
            return {400, "Confirmation is required"};
        case Code::kReasonRequired:
            return {400, "A reason is required"};
        case Code::kUnauthorized:
            return {401, "Credentials are missing or wrong"};
        case Code::kForbidden:
            return {403, "Not allowed"};
        case Code::kNotFound:
            return {404, "Not found"};
        case Code::kMethodNotAllowed:
            return {405, "Method not allowed"};
        case Code::kHasDependents:
            return {409, "Other objects refer to it"};
        case Code::kInTrash:
            return {409, "It is in the trash"};
        case Code::kNotGroupRoot:
            return {409, "It is not the root of its group"};
        case Code::kRestoreConflict:
            return {409, "It cannot go back as it is"};
        case Code::kMissingGrant:
            return {409, "The service lacks a grant"};
        case Code::kConflict:
            return {409, "Conflict"};
        case Code::kChanged:
            return {409, "It is not what was expected"};
        case Code::kHeld:
            return {409, "It is held"};
        case Code::kTooLarge:
            return {409, "More rows than may go at once"};
        case Code::kRowTooLarge:
            return {409, "A row is too large"};
        case Code::kGone:
            return {410, "Gone"};
        case Code::kStale:
            return {412, "The object has changed"};
        case Code::kPayloadTooLarge:
            return {413, "The body is too large"};
        case Code::kUnsupportedMediaType:
            return {415, "Unsupported media type"};
        case Code::kInvalid:
            return {422, "Invalid"};
        case Code::kTooManyRequests:
            return {429, "Too many requests"};
        case Code::kInternal:
            return {500, "Internal error"};
        case Code::kUnavailable:
            return {503, "Unavailable"};
    }
    return {500, "Internal error"};
}

void write_missing(JsonWriter& out, const std::vector<Missing>& missing) {
    out.StartArray();
    for (const auto& one : missing) {
        out.StartObject();
        out.key("right").text(std::string(right_name(one.right)));
        out.key("resource")
            .text_or_null(one.resource.empty() ? std::optional<std::string>() : one.resource);
        out.EndObject();
    }
    out.EndArray();
}

// What a dry run would answer now.
void write_stale(JsonWriter& out, const trash::StalePlan& stale, const Resources& resources) {
    if (stale.now) out.key("dryRun").raw(restored_json(*stale.now, resources));
    if (!stale.conflicts.empty()) write_conflicts(out.key("conflicts"), stale.conflicts, resources);
    if (stale.blocked) write_blockers(out.key("dependents"), stale.blocked->blockers, resources);
}

void write_row(JsonWriter& out, const schema::QualifiedName& table, const std::string& id,
               const Resources& resources) {
    out.key("resource").text(resources.path_of(table));
    out.key("id").text_or_null(id.empty() ? std::optional<std::string>() : id);
}

void write_changed_rows(JsonWriter& out, const std::vector<trash::ChangedRow>& rows,
                        const Resources& resources) {
    out.StartArray();
    for (const auto& row : rows) {
        out.StartObject();
        write_row(out, row.table, row.id, resources);
        out.key("referredBy").StartArray();
        for (const auto& by : row.referred_by) {
            out.StartObject();
            write_row(out, by.table, by.id, resources);
            out.key("constraint").text(by.constraint);
            out.EndObject();
        }
        out.EndArray();
        out.EndObject();
    }
    out.EndArray();
}

void write_reasons(JsonWriter& out, const NotReady& not_ready) {
    out.key("reasons").StartArray();
    for (const auto& one : not_ready.reasons) {
        out.StartObject();
        out.key("reason").text(one.reason);
        out.key("detail").text(one.detail);
        out.EndObject();
    }
    out.EndArray();
}

void write_extra(JsonWriter& out, const Error& error, const Resources& resources) {
    if (const auto* blocked = dynamic_cast<const trash::Blocked*>(&error))
        write_blockers(out.key("dependents"), blocked->impact.blockers, resources);
    if (const auto* conflicted = dynamic_cast<const trash::Conflicted*>(&error))
        write_conflicts(out.key("conflicts"), conflicted->conflicts, resources);
    if (const auto* stale = dynamic_cast<const trash::StalePlan*>(&error))
        write_stale(out, *stale, resources);
    if (const auto* changed = dynamic_cast<const trash::ChangedSince*>(&error))
        write_changed_rows(out.key("rows"), changed->rows, resources);
    if (const auto* gone = dynamic_cast<const trash::GoneError*>(&error)) {
        out.key("outcome").text(gone->gone.outcome);
        out.key("at").text(gone->gone.at);
        out.key("by").text(gone->gone.by);
        write_name(out, "byName", gone->gone.by_name);
    }
    if (const auto* member = dynamic_cast<const trash::NotRoot*>(&error);
        member && !member->root.id.empty())
        write_item(out.key("root"), member->root, resources, false);
    if (const auto* trashed = dynamic_cast<const InTrash*>(&error)) {
        if (!trashed->item.id.empty())
            write_item(out.key("trashItem"), trashed->item, resources, true);
        if (trashed->position) out.key("position").Uint64(*trashed->position);
    }
    if (const auto* parent = dynamic_cast<const TrashedParent*>(&error))
        write_item(out.key("trashItem"), parent->item, resources, false);
    if (const auto* fault = dynamic_cast<const WriteFault*>(&error)) {
        if (!fault->column.empty()) out.key("column").text(fault->column);
        if (!fault->constraint.empty()) out.key("constraint").text(fault->constraint);
        if (fault->position) out.key("position").Uint64(*fault->position);
    }
    if (const auto* emptying = dynamic_cast<const PurgeUnconfirmed*>(&error)) {
        out.key("groups").Int64(emptying->counts.groups);
        out.key("items").Int64(emptying->counts.items);
    }
    if (const auto* held = dynamic_cast<const trash::Held*>(&error))
        write_holds(out.key("holds"), held->holds, resources);
    if (const auto* forbidden = dynamic_cast<const Forbidden*>(&error))
        write_missing(out.key("missing"), forbidden->missing);
    if (const auto* confirm = dynamic_cast<const ConfirmationRequired*>(&error))
        if (confirm->impact) write_impact(out.key("impact"), *confirm->impact, resources);
    if (const auto* large = dynamic_cast<const TooManyRows*>(&error))
        if (large->impact) write_impact(out.key("impact"), *large->impact, resources);
}

// What the database refused is logged even where it is no fault: its own words are nowhere else. So
// is what the database's owner must change, as a missing grant.
void log_error(const Error& error, const std::string& request_id) {
    const bool fault = meaning_of(error.code()).status >= 500;
    const bool owners = error.code() == Code::kConflict || error.code() == Code::kMissingGrant;
    if (!fault && !error.sql() && !owners) return;
    spdlog::log(fault ? spdlog::level::err : spdlog::level::warn, "request {}: {}", request_id,
                in_log(error));
}

}  // namespace

int status_of(Code code, bool reading) {
    if (code == Code::kInTrash && reading) return 410;
    return meaning_of(code).status;
}

std::string_view title_of(Code code) {
    return meaning_of(code).title;
}

Response problem(const Error& error, const Resources* resources, const std::string& request_id,
                 bool reading) {
    Response reply{status_of(error.code(), reading), "", "application/problem+json", {}};
    const std::string code(code_name(error.code()));
    JsonWriter out;
    out.StartObject();
    out.key("type").text("/problems/" + code);
    out.key("title").text(std::string(title_of(error.code())));
    out.key("status").Int(reply.status);
    out.key("detail").text(error.code() == Code::kInternal
                               ? "something went wrong; the log has it under the requestId"
                               : error.what());
    out.key("code").text(code);
    out.key("requestId").text(request_id);
    if (const auto* not_ready = dynamic_cast<const NotReady*>(&error))
        write_reasons(out, *not_ready);
    if (resources) write_extra(out, error, *resources);
    out.EndObject();
    reply.body = out.take();
    if (reply.status == 503 || dynamic_cast<const trash::StillRunning*>(&error) ||
        dynamic_cast<const trash::TooManyOperations*>(&error))
        reply.headers.emplace_back("Retry-After", "1");
    if (const auto* wrong = dynamic_cast<const WrongVerb*>(&error))
        reply.headers.emplace_back("Allow", wrong->allow);
    if (const auto* unknown = dynamic_cast<const Unauthorized*>(&error))
        reply.headers.emplace_back("WWW-Authenticate", unknown->challenge);
    return reply;
}

Response problem_of_current_exception(const Resources* resources, const std::string& request_id,
                                      bool reading) {
    try {
        throw;
    } catch (const Error& error) {
        log_error(error, request_id);
        return problem(error, resources, request_id, reading);
    } catch (const std::exception& error) {
        spdlog::error("request {}: {}", request_id, error.what());
    }
    return problem(Error(Code::kInternal, ""), resources, request_id, reading);
}

}  // namespace trashd::service
