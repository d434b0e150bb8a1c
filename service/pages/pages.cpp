#include "service/pages/pages.hpp"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "cascade/policy.hpp"
#include "generated/kOpenapi.hpp"
#include "schema/catalog/catalog.hpp"
#include "service/api/caller.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/request_head.hpp"

namespace trashd::service {

namespace {

struct Explanation {
    Code code;
    const char *meaning, *when, *remedy;
};

constexpr std::array kExplanations = {
    Explanation{Code::kBadRequest, "The request cannot be understood.",
                "The address, a parameter, a header or the body is malformed or not known here, or "
                "did not come in time.",
                "Read detail, correct the request and send it again. Nothing has changed."},
    Explanation{Code::kConfirmationRequired, "The resource asks for a confirmation.",
                "Deleting from this resource was configured to need it.",
                "Look at impact, which says what would be taken, and send the request again with "
                "?confirm=true."},
    Explanation{Code::kReasonRequired, "The resource asks for a reason.",
                "Deleting from this resource was configured to need one.",
                "Send the request again with ?reason=, up to 500 characters."},
    Explanation{Code::kUnauthorized, "Credentials are missing or wrong.",
                "No token or key was sent, or it is not valid, or no longer.",
                "Send valid credentials; the header WWW-Authenticate names the kinds."},
    Explanation{Code::kForbidden, "This is not allowed.",
                "The credentials do not grant the right, or a browser fetched ahead or for another "
                "site.",
                "Ask who runs the service for the right, or send the request yourself."},
    Explanation{
        Code::kNotFound, "There is no such thing.",
        "It never was, or was purged, or belongs to another tenant; or the address is wrong.",
        "Check the address: /v1/ lists the resources."},
    Explanation{Code::kMethodNotAllowed, "This address does not answer the verb.",
                "The verb is none of those in the header Allow.", "Use one of those."},
    Explanation{Code::kHasDependents, "Other objects refer to it and refuse.",
                "A foreign key that does not cascade points to what would be deleted.",
                "Look at dependents, which lists them all. Delete or change those first, or send "
                "?cascade=true to take them along. Nothing has changed."},
    Explanation{Code::kInTrash, "The object is in the trash.",
                "It was deleted and can be restored; trashItem is its item.",
                "Restore it with POST to the item's address and /$restore, or purge it."},
    Explanation{Code::kNotGroupRoot, "The object is not the root of its group.",
                "A hard delete was asked for an object that went into the trash with another one.",
                "Delete the item named in root instead: the group goes as a whole."},
    Explanation{
        Code::kRestoreConflict, "The group cannot go back as it is.",
        "A key is taken, a parent is missing, or the schema has changed since.",
        "Look at conflicts, which lists them all, and resolve them; ?with=ancestors restores "
        "missing parents first. Nothing has changed."},
    Explanation{Code::kMissingGrant, "The service may not do this in the database.",
                "The role that the service logs in with lacks a privilege on a table that is "
                "concerned.",
                "Have the database's owner grant it; trashd doctor prints the statements. Nothing "
                "has changed."},
    Explanation{Code::kConflict, "The database refuses.",
                "A constraint, a trigger or a right of the database stands against it.",
                "Read detail, which names the constraint. Nothing has changed."},
    Explanation{Code::kChanged, "It is not what was expected.",
                "Since you looked, something was added, changed or taken away; detail says what.",
                "Look again, and send what you expect then. Nothing has changed by this request."},
    Explanation{Code::kHeld, "It is kept by a hold.", "What is held may not be purged.",
                "Have the hold lifted first."},
    Explanation{
        Code::kTooLarge, "The delete would take more rows than you may take at once.",
        "What the configuration allows your roles is less than what hangs on the object.",
        "Look at impact. Delete parts of it first, or ask someone whose role may take more. "
        "Nothing has changed."},
    Explanation{
        Code::kRowTooLarge, "A row has more in it than can be written as one text.",
        "PostgreSQL writes up to 1 GB as one text, and bytes take two characters each.",
        "Ask for some of its columns with ?select=. Before it can be deleted its values must "
        "become smaller. Nothing has changed."},
    Explanation{
        Code::kGone, "It was in the trash and is not there any more.",
        "The group was restored or purged since; outcome, at and by say which.",
        "After a restore the object is at its own address. What was purged does not return."},
    Explanation{Code::kStale, "The object has changed.",
                "If-Match named another version than the one there is.",
                "Read the object again, decide again, and send its new ETag."},
    Explanation{Code::kPayloadTooLarge, "The body is too large.",
                "It is longer than the configured limit, which detail names.",
                "Send less at once."},
    Explanation{Code::kUnsupportedMediaType, "The body is of a kind that is not read here.",
                "Its Content-Type or Content-Encoding is not understood.",
                "Send application/json, not compressed."},
    Explanation{Code::kInvalid, "A value cannot be stored.",
                "A column does not exist, or the value is of the wrong type, missing, too long, or "
                "refused by a check.",
                "Read detail, which names the column or the constraint, and correct the value."},
    Explanation{Code::kTooManyRequests, "There were too many requests.",
                "The client sent more than it may in this time.",
                "Wait as long as the header Retry-After says."},
    Explanation{Code::kInternal, "Something went wrong inside the service.",
                "This is a fault of the service, not of the request.",
                "Tell who runs it the requestId: the log has more under it."},
    Explanation{Code::kUnavailable, "The service cannot do it now.",
                "The database cannot be reached, something else holds the rows, or all threads are "
                "busy.",
                "Send the request again after the time in the header Retry-After."},
};
static_assert(kExplanations.size() == static_cast<std::size_t>(Code::kUnavailable) + 1);

constexpr const char* kPanel = "/panel/";

// Links are relative to the page, so that they hold under whatever prefix a proxy puts in front.
constexpr std::array<std::array<const char*, 2>, 8> kLinks = {{
    {kPanel, "the trash in a browser"},
    {"/v1/", "the resources there are"},
    {"/v1/trash?root=true", "what was deleted"},
    {"/docs", "how to use them"},
    {"/openapi.yaml", "the same for programs"},
    {"/problems", "what error codes mean"},
    {"/privacy", "what is kept of people, and who may see it"},
    {"/healthz", "whether it is alive"},
}};

constexpr const char* kWhat = "trashd " TRASHD_VERSION ": a trash bin for a PostgreSQL database";

Response page(const Request& request, const std::string& html, const std::string& text) {
    auto reply = prefers_html(request) ? fixed_reply(request, html, "text/html; charset=utf-8")
                                       : fixed_reply(request, text, "text/plain; charset=utf-8");
    reply.headers.emplace_back("Vary", "Accept");
    return reply;
}

}  // namespace

std::string html_of(std::string_view text) {
    std::string html;
    bool code = false;
    for (char c : text) {
        switch (c) {
            case '&':
                html += "&amp;";
                break;
            case '<':
                html += "&lt;";
                break;
            case '>':
                html += "&gt;";
                break;
            case '"':
                html += "&quot;";
                break;
            case '\'':
                html += "&#39;";
                break;
            case '`':
                html += code ? "</code>" : "<code>";
                code = !code;
                break;
            default:
                html += c;
        }
    }
    return code ? html + "</code>" : html;
}

std::string html_page(std::string_view title, std::string_view body, std::string_view language) {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n"
        "<style>body{{font:16px/1.5 sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
        "color:#222;background:#fff}}code{{background:#f3f3f3}}h2{{margin-top:2rem;border-top:"
        "1px solid #ddd;padding-top:1rem}}dt{{font-weight:bold}}td,th{{text-align:left;"
        "vertical-align:top;padding-right:1rem}}</style>\n{}</html>\n",
        language, html_of(title), body);
}

Response fixed_reply(const Request& request, const std::string& body, const std::string& type) {
    const auto etag = fmt::format("W/\"{:016x}\"", std::hash<std::string>()(body + type));
    return tagged_reply(request, etag, body, type);
}

Response tagged_reply(const Request& request, const std::string& etag, const std::string& body,
                      const std::string& type) {
    Response reply{304, "", "", {}};
    reply.headers = {{"ETag", etag},
                     {"Cache-Control", "public, max-age=300"},
                     {"Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                      "form-action 'none'; frame-ancestors 'none'"}};
    for (const auto& value : request.headers("If-None-Match"))
        for (const auto& known : list_of(value))
            if (known == etag || known == "*") return reply;
    reply.status = 200;
    reply.body = body;
    reply.type = type;
    return reply;
}

Response home(const Request& request, const Caller&, const Context& context) {
    std::string items, text = std::string(kWhat) + "\n\n";
    for (const auto& [address, what] : kLinks) {
        if (std::string_view(address) == kPanel && !context.config->panel.enabled) continue;
        items += fmt::format("<dt><a href=\"{0}\">{1}</a><dd>{2}\n", address + 1, address, what);
        text += fmt::format("{:<20} {}\n", address, what);
    }
    return page(
        request,
        html_page("trashd", fmt::format("<h1>trashd</h1>\n<p>{}.\n<dl>{}</dl>\n", kWhat, items)),
        text);
}

namespace {

Response list_problems(const Request& request) {
    std::string items, text;
    for (const auto& [code, meaning, when, remedy] : kExplanations) {
        const auto name = code_name(code);
        const auto status = status_of(code, false);
        items += fmt::format("<dt><a href=\"problems/{0}\">{0}</a> ({1})<dd>{2}\n", name, status,
                             meaning);
        text += fmt::format("{} ({}): {}\n", name, status, meaning);
    }
    return page(request,
                html_page("Error codes", fmt::format("<h1>Error codes</h1>\n<dl>{}</dl>\n", items)),
                text);
}

}  // namespace

Response explain_problem(const Request& request, const Caller&, const Context&) {
    if (request.target.segments.size() == 1) return list_problems(request);
    for (const auto& [code, meaning, when, remedy] : kExplanations) {
        if (code_name(code) != request.target.segments[1]) continue;
        const auto title = fmt::format("{} ({})", code_name(code), status_of(code, false));
        return page(request,
                    html_page(title, fmt::format("<h1>{}</h1>\n<dl><dt>What it means<dd>{}<dt>When "
                                                 "it comes<dd>{}<dt>What to do<dd>{}</dl>\n",
                                                 title, meaning, when, remedy)),
                    fmt::format("{}\n\nWhat it means: {}\nWhen it comes: {}\nWhat to do: {}\n",
                                title, meaning, when, remedy));
    }
    throw Error(Code::kNotFound, "there is no such error code; /problems lists them");
}

Response docs(const Request& request, const Caller&, const Context&) {
    static const std::string html = openapi_page(kOpenapi);
    return fixed_reply(request, html, "text/html; charset=utf-8");
}

}  // namespace trashd::service
