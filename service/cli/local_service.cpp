#include "service/cli/local_service.hpp"

#include <pwd.h>
#include <unistd.h>

#include <sstream>

#include "schema/catalog/catalog.hpp"
#include "schema/session/pool.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/api/row_stream.hpp"
#include "service/config/did_you_mean.hpp"
#include "service/http/utf8_mender.hpp"
#include "service/server/router.hpp"

namespace trashd::service {

std::string user_name() {
    const passwd* user = getpwuid(getuid());
    return "cli:" + (user ? std::string(user->pw_name) : std::to_string(getuid()));
}

namespace {

std::string with_parameters(std::string address, const Parameters& parameters) {
    char mark = '?';
    for (const auto& [name, value] : parameters) {
        if (!value) continue;
        address += mark + name + "=" + percent_encode(*value);
        mark = '&';
    }
    return address;
}

// The % that neither %2C nor %25 begins with is itself.
std::string escaped_percents(const std::string& id) {
    std::string out;
    for (std::size_t i = 0; i < id.size(); ++i) {
        const auto code = id.substr(i, 3);
        const bool meant = code == "%25" || code == "%2C" || code == "%2c";
        out += id[i] == '%' && !meant ? "%25" : std::string(1, id[i]);
    }
    return out;
}

std::vector<std::string> segments_of(const std::string& path, bool decode) {
    std::vector<std::string> segments;
    std::istringstream parts(path);
    for (std::string part; std::getline(parts, part, '/');)
        segments.push_back(decode ? percent_decode(part) : part);
    return segments;
}

const Resource* exactly(const Resources& resources, const std::vector<std::string>& path) {
    std::size_t used = 0;
    const auto* found = resources.match(path, 0, used);
    return found && found->path == path ? found : nullptr;
}

// As it is called, or as lists write it.
const Resource* resource_named(const Resources& resources, const std::string& path) {
    const auto* found = exactly(resources, segments_of(path, false));
    return found ? found : exactly(resources, segments_of(path, true));
}

std::string next_of(const Response& reply) {
    for (const auto& [name, value] : reply.headers)
        if (name == "Link") return value.substr(1, value.find('>') - 1);
    return "";
}

}  // namespace

// Held first and asked then: a service that starts meanwhile must not find it held by a question.
std::string LocalDatabase::private_url(const std::string& directory) {
    try {
        cluster_.emplace(directory);
    } catch (const Error&) {
        if (!schema::is_held(directory)) throw;
    }
    return schema::cluster_url(directory, "trashd");
}

LocalDatabase::LocalDatabase(const Config& config) {
    std::string url = config.database;
    if (url.empty() && !schema::has_cluster(config.data_dir))
        throw Error(Code::kUnavailable,
                    "there is no private PostgreSQL in " + config.data_dir +
                        ", or this user may not look; name a database with --database, or the "
                        "directory with --data-dir");
    if (url.empty()) url = private_url(config.data_dir);
    pool_ =
        std::make_unique<schema::Pool>(url, 2, std::chrono::seconds(5), database_limits(config));
}

LocalService::LocalService(const Config& config)
    : config_(config),
      database_(config_),
      trash_(database_.pool(), config_.trash_schema),
      resources_(trash_, config_) {
    resources_.require_configured();
    config_.limits.async_rows = 0;  // nobody would run it
}

Response LocalService::answer(Request& request, const Context& context) {
    Caller caller;
    caller.principal.id = user_name();
    try {
        const auto path = match_path(request, *context.resources);
        return answer_route(request, caller, context, path);
    } catch (...) {
        return problem_of_current_exception(context.resources.get(), "cli", request.safe);
    }
}

const Resource& LocalService::called(const Resources& resources, const std::string& name) {
    if (const auto* found = resource_named(resources, name)) return *found;
    std::vector<std::string> paths;
    for (const auto& one : resources.all()) paths.push_back(encode_path(one.path));
    throw Error(Code::kNotFound, "there is no resource '" + name + "'" + did_you_mean(name, paths));
}

schema::QualifiedName LocalService::table_of(const std::string& resource) {
    const auto resources = resources_.get();
    return called(*resources, resource).table->name;
}

std::string LocalService::address_of(const std::string& resource, const std::string& id) {
    const auto resources = resources_.get();
    const auto& found = called(*resources, resource);
    const auto columns = found.table->identity.size();
    return "/v1/" + encode_path(found.path) + "/" +
           encode_object_id(columns > 1 ? escaped_percents(id) : id, columns);
}

LocalAnswer LocalService::call(const std::string& verb, const std::string& address,
                               const Parameters& parameters, const Sent& sent) {
    Request request;
    request.verb = verb;
    request.safe = verb == "GET";
    request.target = parse_target(with_parameters(address, parameters));
    request.body = sent.json;
    request.headers = [&sent](const std::string& name) {
        const bool type = name == "Content-Type" && !sent.json.empty();
        return type ? HeaderValues{"application/json"} : HeaderValues{};
    };
    Context context{resources_.get(), &trash_, nullptr, &config_};
    context.progress = sent.progress;
    const auto reply = answer(request, context);
    return {reply.status, legible(reply.spool ? text_of(*reply.spool) : reply.body),
            next_of(reply)};
}

}  // namespace trashd::service
