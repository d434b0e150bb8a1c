#include "service/server.hpp"

#include <httplib.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "service/http_error.hpp"
#include "service/metrics.hpp"
#include "service/router.hpp"

namespace trashd::service {

namespace {

// What the library adds to the headers by itself.
constexpr std::size_t kAddedHeaders = 4;
// True while this thread works on a request, from its headers to the last byte of its answer.
thread_local bool in_request = false;

// The verb of the request whose body this thread reads, while the library takes it for a POST.
thread_local std::string verb_sent;
// Its body is compressed, which the library must not undo: a small body may become a huge one.
thread_local bool encoded = false;

std::string new_request_id() {
    thread_local std::mt19937_64 random{std::random_device{}()};
    return fmt::format("{:016x}", random());
}

std::string request_id_of(const httplib::Request& request) {
    auto id = request.get_header_value("X-Request-Id");
    auto plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    };
    if (id.empty() || id.size() > 64 || !std::all_of(id.begin(), id.end(), plain))
        return new_request_id();
    return id;
}

bool is_reading(const std::string& verb) {
    return verb == "GET" || verb == "HEAD";
}

bool has_body(const httplib::Request& request) {
    auto length = request.get_header_value("Content-Length");
    return request.has_header("Transfer-Encoding") || (!length.empty() && length != "0");
}

// The verb that is meant: POST may stand for another one.
std::string verb_of(const std::string& method, const Query& query) {
    if (method == "HEAD") return "GET";
    auto meant = query.text("method");
    if (method != "POST" || !meant) return method;
    if (*meant == "DELETE" || *meant == "PUT" || *meant == "PATCH") return *meant;
    throw Error(Code::kBadRequest, "'method' must be DELETE, PUT or PATCH");
}

// Piece by piece from the spool, which lives until the last byte is sent.
void send_spool(const Reply& reply, httplib::Response& response) {
    response.set_content_provider(
        reply.spool->size(), reply.type,
        [spool = reply.spool](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            std::array<char, 1 << 16> piece;
            const auto wanted = std::span(piece).first(std::min(length, piece.size()));
            const auto got = spool->read(offset, wanted);
            return got > 0 && sink.write(piece.data(), got);
        });
}

void send(const Reply& reply, const std::string& request_id, httplib::Response& response) {
    response.status = reply.status;
    if (reply.spool)
        send_spool(reply, response);
    else if (!reply.type.empty())
        response.set_content(reply.body, reply.type);
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    response.set_header("X-Request-Id", request_id);
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Content-Type-Options", "nosniff");
}

Code code_of_status(int status) {
    switch (status) {
        case 404:
            return Code::kNotFound;
        case 405:
            return Code::kMethodNotAllowed;
        case 413:
            return Code::kPayloadTooLarge;
        case 415:
            return Code::kUnsupportedMediaType;
        case 503:
            return Code::kUnavailable;
        default:
            return status < 500 ? Code::kBadRequest : Code::kInternal;
    }
}

std::string detail_of_status(int status) {
    if (status == 414) return "the address is too long";
    if (status == 416) return "the Range header cannot be read; leave it out";
    return "the request cannot be read as HTTP";
}

// REUSEADDR alone: the library's default, REUSEPORT, lets two servers share a port unnoticed.
void reuse_address(socket_t socket) {
    int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

// The library listens with a backlog of five.
struct Listener : httplib::Server {
    void widen() { ::listen(svr_sock_, 1024); }
};

// Ends connections on which nothing runs: the library would wait for their next request.
void end_reading(int port) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
        const int socket = std::atoi(entry.path().filename().c_str());
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
        const bool six = address.ss_family == AF_INET6;
        if (!six && address.ss_family != AF_INET) continue;
        const auto own = six ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                             : reinterpret_cast<sockaddr_in&>(address).sin_port;
        if (ntohs(own) == port) ::shutdown(socket, SHUT_RD);
    }
}

}  // namespace

struct HttpServer::Impl {
    Impl(trash::Trash& trash, ResourceCache& resources, const Config& config)
        : trash(trash), resources(resources), config(config) {}

    trash::Trash& trash;
    ResourceCache& resources;
    const Config& config;
    Listener server;
    std::atomic<int> running{0};
    int port = 0;

    void set_up();
    void set_handlers();
    void begin();
    void end();
    static void prepare_body(httplib::Request& request);
    void take_with_body(const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader& reader);
    void answer(const httplib::Request& request, httplib::Response& response, std::string body,
                const Error* refused = nullptr);
    void check_limits(const httplib::Request& request) const;
    Reply handle(const httplib::Request& request, Call& call);
    Reply dispatch(Call& call);
    void answer_for_library(const httplib::Request& request, httplib::Response& response) const;
};

void HttpServer::Impl::check_limits(const httplib::Request& request) const {
    if (request.target.size() > config.limits.url_bytes)
        throw Error(Code::kBadRequest, "the address is too long");
    if (request.headers.size() > config.limits.header_count + kAddedHeaders)
        throw Error(Code::kBadRequest, "there are too many headers");
    for (const auto& [name, value] : request.headers)
        if (!is_utf8(value)) throw Error(Code::kBadRequest, "a header is not UTF-8");
}

Reply HttpServer::Impl::dispatch(Call& call) {
    auto path = match_path(call);
    if (path.empty() && call.verb == "DELETE") {
        call.resources = resources.refresh();
        path = match_path(call);
    }
    return find_route(call, path).handler(call);
}

// A table that changed under a read: 42P01 no such table, 42703 no such column.
Reply HttpServer::Impl::handle(const httplib::Request& request, Call& call) {
    call.target = parse_target(request.target);
    call.verb = verb_of(request.method, call.target.query);
    call.resources = resources.get();
    try {
        return dispatch(call);
    } catch (const Error& error) {
        if (!error.is("42P01") && !error.is("42703")) throw;
    }
    call.resources = resources.refresh();
    return dispatch(call);
}

void HttpServer::Impl::answer(const httplib::Request& request, httplib::Response& response,
                              std::string body, const Error* refused) {
    const auto start = std::chrono::steady_clock::now();
    Call call;
    call.head = request.method == "HEAD";
    call.safe = is_reading(request.method);
    call.request_id = request_id_of(request);
    call.body = std::move(body);
    call.trash = &trash;
    call.config = &config;
    call.headers = [&request](const std::string& name) {
        auto [first, last] = request.headers.equal_range(name);
        HeaderValues values;
        for (; first != last; ++first) values.push_back(first->second);
        return values;
    };
    Reply reply;
    try {
        if (refused) throw Error(*refused);
        check_limits(request);
        reply = handle(request, call);
    } catch (...) {
        reply = problem_of_current_exception(call.resources.get(), call.request_id, call.safe);
    }
    send(reply, call.request_id, response);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    count_request(request.method, reply.status, taken.count());
}

// The library reads a body of POST, and not always of DELETE, never of GET: what it leaves would be
// taken for the next request. It also takes multipart bodies apart, for which there is no receiver.
void HttpServer::Impl::prepare_body(httplib::Request& request) {
    verb_sent = request.method;
    request.method = "POST";
    encoded = request.headers.erase("Content-Encoding") > 0;
    if (!request.is_multipart_form_data()) return;
    request.headers.erase("Content-Type");
    request.set_header("Content-Type", "application/octet-stream");
}

// It is read to its end even where it is refused, so that the next request is found behind it; what
// exceeds the limit is not kept.
void HttpServer::Impl::take_with_body(const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& reader) {
    const auto most = config.limits.body_bytes;
    std::string body;
    bool large = false;
    const bool whole = reader([&](const char* data, std::size_t length) {
        large = large || length > most - body.size();
        if (!large) body.append(data, length);
        return true;
    });
    const_cast<httplib::Request&>(request).method = verb_sent;
    std::optional<Error> refused;
    if (large || (!whole && response.status == 413))
        refused.emplace(Code::kPayloadTooLarge,
                        fmt::format("the body may have up to {} bytes", most));
    else if (encoded)
        refused.emplace(Code::kUnsupportedMediaType, "send the body without Content-Encoding");
    else if (!whole)
        refused.emplace(Code::kBadRequest, "the body is not what its headers say");
    answer(request, response, std::move(body), refused ? &*refused : nullptr);
}

void HttpServer::Impl::answer_for_library(const httplib::Request& request,
                                          httplib::Response& response) const {
    if (!response.body.empty()) return;
    const auto id = request_id_of(request);
    const Error error(code_of_status(response.status), detail_of_status(response.status));
    send(problem(error, nullptr, id, false), id, response);
}

void HttpServer::Impl::set_up() {
    server.set_tcp_nodelay(true);
    server.set_keep_alive_max_count(1000000);
    server.set_keep_alive_timeout(5);
    server.set_read_timeout(10);
    server.set_write_timeout(30);
    server.set_payload_max_length(config.limits.body_bytes);
    server.set_socket_options(reuse_address);
    const auto threads = static_cast<std::size_t>(config.threads);
    server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
    set_handlers();
}

void HttpServer::Impl::begin() {
    in_request = true;
    ++running;
}

void HttpServer::Impl::end() {
    if (std::exchange(in_request, false)) --running;
}

void HttpServer::Impl::set_handlers() {
    using httplib::Request, httplib::Response;
    server.set_logger([this](const Request&, const Response&) { end(); });
    server.set_pre_routing_handler([this](const Request& request, Response& response) {
        begin();
        auto& changeable = const_cast<Request&>(request);
        changeable.ranges.clear();  // would cut answers of JSON into pieces
        if (has_body(request)) {
            prepare_body(changeable);
            return Listener::HandlerResponse::Unhandled;
        }
        answer(request, response, "");
        return Listener::HandlerResponse::Handled;
    });
    auto with_body = [this](const Request& request, Response& response,
                            const httplib::ContentReader& reader) {
        take_with_body(request, response, reader);
    };
    server.Post("[^]*", with_body);
    server.set_error_handler([this](const Request& request, Response& response) {
        answer_for_library(request, response);
    });
}

HttpServer::HttpServer(trash::Trash& trash, ResourceCache& resources, const Config& config)
    : impl_(std::make_unique<Impl>(trash, resources, config)) {
    impl_->set_up();
}

HttpServer::~HttpServer() = default;

int HttpServer::bind(const Endpoint& endpoint) {
    auto& server = impl_->server;
    int port = endpoint.port;
    if (port == 0)
        port = server.bind_to_any_port(endpoint.host);
    else if (!server.bind_to_port(endpoint.host, port))
        port = -1;
    if (port <= 0)
        throw Error(Code::kUnavailable,
                    fmt::format("cannot listen on {}:{}; is something else there?", endpoint.host,
                                endpoint.port));
    server.widen();
    return impl_->port = port;
}

void HttpServer::serve() {
    impl_->server.listen_after_bind();
}

void HttpServer::stop() {
    const auto pause = std::chrono::milliseconds(10);
    while (!impl_->server.is_running()) std::this_thread::sleep_for(pause);
    impl_->server.stop();
    while (impl_->running > 0) std::this_thread::sleep_for(pause);
    end_reading(impl_->port);
}

}  // namespace trashd::service
