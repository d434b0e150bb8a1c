#include "service/server/access_log.hpp"

#include <fmt/chrono.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>

#include "schema/error.hpp"
#include "service/api/json.hpp"
#include "service/http/url.hpp"

namespace trashd::service {

namespace {

std::string now() {
    using namespace std::chrono;
    const auto time = floor<milliseconds>(system_clock::now());
    return fmt::format("{:%FT%T}Z", time);
}

std::string readable(const std::string& text) {
    return is_utf8(text) ? text : "(not UTF-8)";
}

std::shared_ptr<spdlog::logger> opened(const std::string& where) {
    spdlog::sink_ptr sink;
    try {
        if (where == "-")
            sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
        else
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(where);
    } catch (const spdlog::spdlog_ex&) {
        throw Error(Code::kUnavailable, "log.access: " + where + " cannot be written");
    }
    auto logger = std::make_shared<spdlog::logger>("access", sink);
    logger->set_pattern("%v");
    logger->flush_on(spdlog::level::trace);
    return logger;
}

}  // namespace

AccessLog::AccessLog(const std::string& where) : where_(where) {
    if (on()) logger_ = opened(where_);
}

void AccessLog::reopen() {
    if (!on()) return;
    try {
        auto logger = opened(where_);
        const std::lock_guard lock(mutex_);
        logger_.swap(logger);
        spdlog::info("the access log was opened again");
    } catch (const Error& error) {
        spdlog::error("{}; it is written where it was", error.what());
    }
}

void AccessLog::write(const LoggedRequest& access) const {
    if (!on()) return;
    JsonWriter out;
    out.StartObject();
    out.key("time").text(now());
    out.key("requestId").text(access.request_id);
    out.key("peer").text(access.peer);
    out.key("method").text(access.method);
    out.key("path").text(readable(access.target.substr(0, access.target.find('?'))));
    out.key("status").Int(access.status);
    out.key("bytes").Uint64(access.bytes);
    out.key("seconds").Double(std::round(access.seconds * 1e6) / 1e6);
    out.key("userAgent").text(readable(access.user_agent));
    out.EndObject();
    const std::lock_guard lock(mutex_);
    logger_->info(out.take());
}

}  // namespace trashd::service
