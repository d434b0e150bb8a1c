// Whether a text can be a key is PostgreSQL's to say, so a bad id shows as an error of the
// statement that used it. It is asked again then, about the id alone, because the same error could
// be a trigger's.
#include "service/parsing/object_id.hpp"

#include <map>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "schema/text.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/http/url.hpp"
#include "service/parsing/cursor.hpp"
#include "trash/read/trashed_rows.hpp"
#include "trash/rows/live_row.hpp"

namespace trashd::service {

Error not_found(const Request& request) {
    if (request.resource)
        return Error(Code::kNotFound,
                     "there is no such object in " + encode_path(request.resource->path));
    static const std::map<std::string, std::string> kThings = {
        {"trash", "TrashItem"}, {"groups", "group"}, {"@groups", "group"}, {"@keys", "key"}};
    const auto found = kThings.find(request.target.segments.at(1));
    return Error(Code::kNotFound,
                 "there is no such " + (found == kThings.end() ? "operation" : found->second));
}

std::vector<std::string> object_id(const Request& request) {
    const auto& table = *request.resource->table;
    auto id = split_id(request.raw_id, table.identity.size());
    if (!trash::can_be_key(table, id)) throw not_found(request);
    return id;
}

const Resource& resource_called(const Context& context, const std::string& path) {
    auto segments = schema::split(path, '/');
    for (auto& segment : segments) segment = percent_decode(segment);
    std::size_t used = 0;
    const auto* resource = context.resources->match(segments, 0, used);
    if (!resource || used != segments.size())
        throw Error(Code::kNotFound, "there is no such resource; /v1/ lists those there are");
    return *resource;
}

std::string trash_item_id(const Request& request) {
    auto id = percent_decode(request.raw_id);
    if (!is_uuid(id)) throw Error(Code::kNotFound, "there is no such TrashItem");
    return id;
}

bool is_bad_key(const Error& error) {
    using namespace sqlstate;
    for (const auto state :
         {kInvalidText, kInvalidBinary, kNumberOutOfRange, kInvalidDatetime, kDatetimeOverflow,
          kInvalidTimeZone, kIntervalOverflow, kNotInRepertoire, kLengthMismatch, kUntranslatable})
        if (error.is(state)) return true;
    return false;
}

bool refuses_id(const Request& request, const Context& context, const Error& error) {
    if (!error.sql() || error.code() == Code::kUnavailable) return false;
    if (!request.resource || request.raw_id.empty()) return false;
    const auto& table = *request.resource->table;
    std::vector<trash::TypedText> parts;
    for (const auto& part : object_id(request))
        parts.push_back({part, table.column(table.identity[parts.size()])->type});
    bool bad = false;
    try {
        context.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
            bad =
                trash::first_bad(transaction.connection(), context.trash->readable_schema(), parts)
                    .has_value();
        });
    } catch (const Error& untold) {  // it cannot even be asked about
        if (!untold.is(sqlstate::kUntranslatable)) throw;
        bad = true;
    }
    return bad;
}

}  // namespace trashd::service
