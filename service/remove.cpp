#include <algorithm>

#include "service/handlers.hpp"
#include "service/http_error.hpp"

namespace trashd::service {

namespace {

struct Wish {
    bool hard = false, cascade = false, dry_run = false, confirmed = false, represent = false;
    std::vector<std::string> if_match;
};

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

bool wants_representation(const Call& call) {
    for (const auto& value : call.headers("Prefer"))
        if (value.find("return=representation") != std::string::npos) return true;
    return false;
}

Wish parse(const Call& call) {
    const auto& query = call.target.query;
    query.only({"hard", "permanent", "cascade", "dryRun", "confirm", "reason"});
    Wish wish;
    wish.hard = query.flag("hard", query.flag("permanent"));
    if (query.flag("permanent", wish.hard) != wish.hard)
        throw Error(Code::kBadRequest, "'hard' and 'permanent' mean the same; give one of them");
    wish.cascade = query.flag("cascade");
    wish.dry_run = query.flag("dryRun");
    wish.confirmed = query.flag("confirm");
    wish.represent = wants_representation(call);
    for (const auto& value : call.headers("If-Match")) add_etags(wish.if_match, value);
    auto reason = query.text("reason").value_or("");
    auto characters = std::count_if(reason.begin(), reason.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    if (characters > 500) throw Error(Code::kBadRequest, "'reason' may have up to 500 characters");
    return wish;
}

// Of what is not live: nothing would move when it is in the trash, else it is not there.
std::optional<trash::Impact> find_impact(const Call& call, const std::vector<std::string>& id,
                                         bool cascade) {
    try {
        return call.trash->impact(call.resource->table->name, id, cascade);
    } catch (const Error& error) {
        if (error.code() != Code::kNotFound) throw;
        return std::nullopt;
    }
}

Reply dry_run(const Call& call, const std::vector<std::string>& id, const Wish& wish) {
    auto impact = find_impact(call, id, wish.cascade);
    if (!impact) {
        auto item = call.trash->find(call.resource->table->name, id, false);
        if (!item) throw not_found(call);
        impact = trash::Impact{item->table, item->object_id, 0, {}, {}};
    }
    Reply reply;
    reply.body = impact_json(*impact, *call.resources);
    return reply;
}

// A repeated delete changes nothing, so it needs neither confirmation nor reason.
void ask_for_what_is_missing(const Call& call, const std::vector<std::string>& id,
                             const Wish& wish) {
    const bool no_confirm = call.resource->confirm && !wish.confirmed;
    const bool no_reason =
        call.resource->require_reason && call.target.query.text("reason").value_or("").empty();
    if (!no_confirm && !no_reason) return;
    auto impact = find_impact(call, id, wish.cascade);
    if (!impact && !call.trash->find(call.resource->table->name, id, false)) throw not_found(call);
    if (!impact && !wish.hard) return;
    if (no_confirm) throw ConfirmationRequired(impact);
    throw Error(Code::kReasonRequired, "this resource asks for ?reason=");
}

Reply render(const Call& call, const trash::DeleteResult& result, const Wish& wish) {
    Reply reply{204, "", "", {}};
    if (!result.item) return reply;
    const auto& item = *result.item;
    reply.headers.emplace_back("Location", "/v1/trash/" + item.id);
    reply.headers.emplace_back("X-Trash-Group", item.group_id);
    if (!wish.represent) return reply;
    reply.status = 200;
    reply.type = "application/json";
    reply.headers.emplace_back("Preference-Applied", "return=representation");
    reply.body = item_json(call.trash->item(item.id, true), *call.resources, true);
    return reply;
}

Reply execute(const Call& call, const Wish& wish) {
    const auto id = object_id(call);
    if (wish.dry_run) return dry_run(call, id, wish);
    ask_for_what_is_missing(call, id, wish);
    auto result = call.trash->remove(call.resource->table->name, id,
                                     {wish.cascade, wish.hard, wish.if_match}, context_of(call));
    return render(call, result, wish);
}

}  // namespace

Reply remove_object(const Call& call) {
    refuse_foreign(call);
    return execute(call, parse(call));
}

}  // namespace trashd::service
