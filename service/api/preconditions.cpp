#include "service/api/preconditions.hpp"

#include "schema/sqlstate.hpp"
#include "service/http/request_head.hpp"
#include "service/api/content_negotiation.hpp"
#include "trash/read/live_row.hpp"
#include "trash/read/trashed_rows.hpp"

namespace trashd::service {

namespace {

// The entity tags of a list; commas inside the quotes belong to the tag. "*" asks for nothing more
// than that the row is there, which a delete does anyway.
void add_etags(std::vector<std::string>& tags, const std::string& list) {
    std::string tag;
    bool quoted = false;
    auto end_tag = [&] {
        if (!tag.empty() && tag != "*") tags.push_back(tag);
        tag.clear();
    };
    for (char c : list) {
        if (c == '"') quoted = !quoted;
        if (c == ',' && !quoted)
            end_tag();
        else if (quoted || (c != ' ' && c != '\t'))
            tag += c;
    }
    end_tag();
}

}  // namespace

std::optional<std::string> reason_of(const Call& call) {
    auto reason = call.target.query.text("reason");
    if (reason && is_blank(*reason)) reason.reset();
    return reason;
}

trash::Context context_of(const Call& call) {
    trash::Context context;
    context.reason = reason_of(call);
    context.by = call.principal.id;
    if (!call.request_id.empty()) context.request_id = call.request_id;
    if (!call.peer.empty()) context.address = call.peer;
    return context;
}

Error not_found(const Call& call) {
    if (call.resource)
        return Error(Code::kNotFound,
                     "there is no such object in " + encode_path(call.resource->path));
    const bool item = call.target.segments.at(1) == "trash";
    return Error(Code::kNotFound,
                 item ? "there is no such TrashItem" : "there is no such operation");
}

std::vector<std::string> object_id(const Call& call) {
    const auto& table = *call.resource->table;
    auto id = split_id(call.raw_id, table.identity.size());
    if (!can_be_key(table, id)) throw not_found(call);
    return id;
}

bool is_bad_key(const Error& error) {
    for (const char* state :
         {"22P02", "22P03", "22003", "22007", "22008", "22009", "22015", "22021", "22026", "22P05"})
        if (error.is(state)) return true;
    return false;
}

bool refuses_id(const Call& call, const Error& error) {
    if (!error.sql() || error.code() == Code::kUnavailable) return false;
    if (!call.resource || call.raw_id.empty()) return false;
    const auto& table = *call.resource->table;
    std::vector<trash::TypedText> parts;
    for (const auto& part : object_id(call))
        parts.push_back({part, table.column(table.identity[parts.size()])->type});
    bool bad = false;
    try {
        call.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
            bad = trash::first_bad(transaction.connection(), call.trash->readable_schema(), parts)
                      .has_value();
        });
    } catch (const Error& untold) {  // it cannot even be asked about
        if (!untold.is(sqlstate::kUntranslatable)) throw;
        bad = true;
    }
    return bad;
}

namespace {

[[noreturn]] void refuse_page() {
    throw Error(Code::kForbidden, "a page of another site must not change anything");
}

// A browser that fetches, renders or shows ahead what nobody has asked for.
void refuse_prefetch(const Call& call) {
    for (const char* name : {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"})
        for (const auto& value : call.headers(name))
            for (const char* word : {"prefetch", "prerender", "preview"})
                if (lower_case(value).find(word) != std::string::npos)
                    throw Error(Code::kForbidden, "a prefetch must not change anything");
}

// The page came from this service, by the name that the request calls it.
bool is_own(const Call& call, const std::string& origin) {
    const auto hosts = call.headers("Host");
    return hosts.size() == 1 && (origin == "http://" + hosts[0] || origin == "https://" + hosts[0]);
}

}  // namespace

void refuse_foreign(const Call& call) {
    refuse_prefetch(call);
    for (const auto& origin : call.headers("Origin")) {
        if (is_allowed_origin(*call.config, origin)) return;
        if (!is_own(call, origin)) refuse_page();
    }
    // another port of the same host is the same site, and another's page
    for (const auto& value : call.headers("Sec-Fetch-Site"))
        if (const auto site = lower_case(value); site != "same-origin" && site != "none")
            refuse_page();
}

std::vector<std::string> if_match(const Call& call) {
    std::vector<std::string> tags;
    for (const auto& value : call.headers("If-Match")) add_etags(tags, value);
    return tags;
}

bool prefers(const Call& call, std::string_view word) {
    for (const auto& value : call.headers("Prefer"))
        for (const auto& preference : list_of(value)) {
            const auto end = preference.find_first_of(word.find('=') == word.npos ? "=; " : "; ");
            if (preference.substr(0, end) == word) return true;
        }
    return false;
}

void JsonArray::add(std::initializer_list<std::string_view> pieces) {
    spool_->append(spool_->size() == 0 ? "[" : ",");
    for (const auto piece : pieces) spool_->append(piece);
}

std::shared_ptr<Spool> JsonArray::finish() {
    spool_->append(spool_->size() == 0 ? "[]" : "]");
    return spool_;
}

}  // namespace trashd::service
