#include "service/server/http_server.hpp"

#include <fcntl.h>
#include <httplib.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <utility>

#include "schema/catalog/reader.hpp"
#include "schema/catalog/stale_catalog.hpp"
#include "schema/session/connection.hpp"
#include "service/api/caller.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/context.hpp"
#include "service/api/cors.hpp"
#include "service/api/csv_table.hpp"
#include "service/api/json_indent.hpp"
#include "service/api/problem.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/allowed_hosts.hpp"
#include "service/http/body_decoder.hpp"
#include "service/http/client_address.hpp"
#include "service/http/metrics.hpp"
#include "service/http/request_head.hpp"
#include "service/rights/act_as_role.hpp"
#include "service/rights/authenticator.hpp"
#include "service/rights/tenant_scope.hpp"
#include "service/server/access_log.hpp"
#include "service/server/admission.hpp"
#include "service/server/resource_cache.hpp"
#include "service/server/router.hpp"
#include "service/transport/body_seats.hpp"
#include "service/transport/connection_server.hpp"
#include "service/transport/request_stream.hpp"
#include "service/transport/tls.hpp"
#include "trash/records/operations.hpp"
#include "trash/records/principals.hpp"

namespace trashd::service {

namespace {

// A request while it is served, beside what the library knows of it.
struct Exchange {
    Head head;
    std::string peer;
    std::string prefix;  // that a proxy has taken off the address; empty: none
    bool close = false;  // the connection ends with this answer
    std::string request_id;
    int status = 0;
    RequestStream* stream = nullptr;
};
thread_local Exchange* current = nullptr;

std::string new_request_id() {
    thread_local std::mt19937_64 random{std::random_device{}()};
    return fmt::format("{:016x}", random());
}

std::string request_id_of(const Head& head) {
    auto id = head.value("X-Request-Id");
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

// The verb that is meant: POST may stand for another one.
std::string verb_of(const std::string& method, const Query& query) {
    if (method == "HEAD") return "GET";
    auto meant = query.text("method");
    if (method != "POST" || !meant) return method;
    if (*meant == "DELETE" || *meant == "PUT" || *meant == "PATCH") return *meant;
    throw Error(Code::kBadRequest, "'method' must be DELETE, PUT or PATCH");
}

// Addresses of the service's own, as the client has to write them.
void put_prefix(Response& reply, const std::string& prefix) {
    if (prefix.empty()) return;
    for (auto& [name, value] : reply.headers) {
        if (name == "Location" && value.starts_with('/')) value.insert(0, prefix);
        if (name == "Link" && value.starts_with("</")) value.insert(1, prefix);
    }
}

// Piece by piece from the spool, which lives until the last byte is sent.
void send_spool(const Response& reply, httplib::Response& response) {
    response.set_content_provider(
        reply.spool->size(), reply.type,
        [spool = reply.spool](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            std::array<char, 1 << 16> piece;
            const auto wanted = std::span(piece).first(std::min(length, piece.size()));
            const auto got = spool->read(offset, wanted);
            return got > 0 && sink.write(piece.data(), got);
        });
}

// How many answers go on as things happen: each has a thread of its own as long as it does.
class Streams {
  public:
    explicit Streams(int most) : most_(most) {}
    // True: there are too many. As long as the value lives it is one of them.
    std::shared_ptr<bool> enter() {
        const bool too_many = ++now_ > most_;
        return {new bool(too_many), [this](const bool* one) {
                    --now_;
                    delete one;
                }};
    }

  private:
    const int most_;
    std::atomic<int> now_ = 0;
};

// Nothing, too, where the next piece cannot be had: the client comes back.
std::optional<std::string> next_piece(const Response& reply) {
    try {
        return reply.next();
    } catch (const std::exception& error) {
        spdlog::warn("a stream of events ends: {}", in_log(error));
        return std::nullopt;
    }
}

// Each piece goes out at once. stopping: the service ends, and the answer with it. Where there are
// too many its first piece is all that comes.
void send_stream(const Response& reply, httplib::Response& response,
                 const std::function<bool()>& stopping, Streams& streams) {
    response.set_chunked_content_provider(
        reply.type, [reply, stopping, too_many = streams.enter(), begun = std::make_shared<bool>()](
                        std::size_t, httplib::DataSink& sink) {
            const bool ends = stopping() || (std::exchange(*begun, true) && *too_many);
            const auto piece = ends ? std::nullopt : next_piece(reply);
            if (!piece) {
                sink.done();
                return true;
            }
            return piece->empty() ||
                   (sink.write(piece->data(), piece->size()) && current->stream->flush());
        });
}

void send(const Response& reply, const std::string& request_id, httplib::Response& response) {
    response.status = reply.status;
    if (reply.spool)
        send_spool(reply, response);
    else if (!reply.type.empty())
        response.set_content(reply.body, reply.type);
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    response.set_header("X-Request-Id", request_id);
    if (!response.has_header("Cache-Control")) response.set_header("Cache-Control", "no-store");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Accept-Ranges", "none");
}

// In the place of the library's own options (docs/decisions/library-writes-answers.md).
void reuse_address(socket_t socket) {
    int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

// What the library is given to read in the place of the client's head
// (docs/decisions/library-writes-answers.md).
std::string head_for_library(const Exchange& exchange) {
    const bool head = exchange.head.method == "HEAD";
    return fmt::format("{} / HTTP/1.1\r\n{}\r\n", head ? "HEAD" : "GET",
                       exchange.close ? "Connection: close\r\n" : "");
}

// The library's own are too small (docs/decisions/library-writes-answers.md).
constexpr int kBacklog = 1024;
constexpr std::size_t kMostRequests = 1000000;  // of one connection

struct Listener : httplib::Server {
    int listening() const { return svr_sock_; }
    // True when the answer has been written.
    bool process(RequestStream& stream) {
        bool closed = false;
        const bool whole = process_request(stream, false, closed, nullptr);
        return stream.flush() && whole;
    }
};

}  // namespace

struct HttpServer::Impl {
    Impl(trash::Trash& trash, ResourceCache& resources, const Config& config)
        : trash(trash), resources(resources), config(config) {}

    trash::Trash& trash;
    ResourceCache& resources;
    const Config& config;
    Authenticator authenticator{config, trash};
    trash::Principals principals{trash.pool(), trash.schema_name()};
    Admission admission{config, authenticator};
    Listener server;
    AccessLog access_log{config.access_log};
    std::optional<TlsContext> tls{
        config.tls.on() ? std::optional<TlsContext>(std::in_place, config.tls) : std::nullopt};
    ConnectionServer front{config.limits, static_cast<std::size_t>(config.threads),
                           [this](Connection& connection) { return serve(connection); },
                           tls ? &*tls : nullptr};

    Streams streams{std::max(1, config.threads / 4)};

    void set_up();
    bool serve(Connection& connection);
    bool serve_one(Connection& connection, std::size_t length);
    void log_access(const Exchange& exchange, std::chrono::duration<double> taken) const;
    std::string receive_body();
    std::string body_or_refusal(httplib::Request& request);
    // Half of the threads at most, so that requests without a body always find one.
    BodySeats body_seats{static_cast<std::size_t>(std::max(1, config.threads / 2))};
    void answer(httplib::Response& response, std::string body);
    std::optional<Response> read(Request& request) const;
    Response handle(Request& request, Caller& caller, Context& context);
    std::string_view path_of(Request& request, const Context& context) const;
    Response dispatch(Request& request, Caller& caller, Context& context);
};

// A panel that is turned off is at no address.
std::string_view HttpServer::Impl::path_of(Request& request, const Context& context) const {
    const auto path = match_path(request, *context.resources);
    return is_of_panel(path) && !config.panel.enabled ? std::string_view() : path;
}

Response HttpServer::Impl::dispatch(Request& request, Caller& caller, Context& context) {
    auto path = path_of(request, context);
    admission.admit(request, caller, path, std::chrono::steady_clock::now());
    if (path.empty() && request.target.segments[0] == "v1") {
        context.resources = resources.refresh();  // a table may have been made just now
        path = path_of(request, context);
    }
    if (request.verb == "OPTIONS" && !path.empty())
        return {204, "", "", {{"Allow", allowed_verbs(path)}}};
    if (is_of_tenant(request, path)) {
        narrow_to_tenant(request, caller, context);
        act_as_role(caller, context);
    }
    try {
        auto reply = answer_route(request, caller, context, path);
        if (request.verb == "GET" && is_table(path) && wants_csv(request)) write_as_csv(reply);
        return reply;
    } catch (const Forbidden& error) {
        if (authenticator.is_anonymous(caller)) authenticator.ask_for_credentials(error.what());
        throw;
    }
}

// Reads what the head says before the address is looked at; an answer where that is all there is.
std::optional<Response> HttpServer::Impl::read(Request& request) const {
    const auto& head = current->head;
    if (head.refusal) throw Error(*head.refusal);
    if (!config.credentials.configured() && !is_known_host(head.values("Host"), config.hosts))
        throw Error(Code::kForbidden,
                    "this service asks for no credentials and so answers to localhost alone; name "
                    "the Host in 'hosts' under [http] of its configuration, or configure "
                    "[credentials]");
    request.verb = head.method;
    if (is_preflight(request)) return answer_preflight(request, config);
    if (head.method == "OPTIONS" && head.target == "*")
        return Response{204, "", "", {{"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}}};
    request.target = parse_target(head.target);
    request.indent = wants_indent(request);
    request.verb = verb_of(head.method, request.target.query);
    return std::nullopt;
}

Response HttpServer::Impl::handle(Request& request, Caller& caller, Context& context) {
    if (auto reply = read(request)) return std::move(*reply);
    context.resources = resources.get();
    auto recover = [&](const Error& error, const schema::Attempts& attempts) {
        if (attempts.last() || !schema::is_stale(error)) throw;
        context.resources = resources.refresh();
        context.trash = &trash;
    };
    return schema::retry(
        schema::Attempts(2), [&] { return dispatch(request, caller, context); }, recover);
}

void HttpServer::Impl::answer(httplib::Response& response, std::string body) {
    const auto start = std::chrono::steady_clock::now();
    const auto& head = current->head;
    Request request;
    request.head = head.method == "HEAD";
    request.safe = is_reading(head.method);
    request.request_id = request_id_of(head);
    request.peer = current->peer;
    request.body = std::move(body);
    request.headers = [&head](const std::string& name) { return head.values(name); };
    Caller caller;
    Context context{nullptr, &trash, nullptr, &config};
    context.principals = &principals;
    Response reply;
    try {
        reply = handle(request, caller, context);
        lay_out(request, reply);
    } catch (...) {
        reply =
            problem_of_current_exception(context.resources.get(), request.request_id, request.safe);
        lay_out(request, reply);
    }
    put_prefix(reply, current->prefix);
    say_allowance(caller, reply);
    allow_origin(request, config, reply);
    compress(request, reply);
    send(reply, request.request_id, response);
    if (reply.next)
        send_stream(
            reply, response, [this] { return front.stopping(); }, streams);
    current->request_id = request.request_id;
    current->status = reply.status;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    count_request(head.method.empty() ? "unreadable" : head.method, reply.status, taken.count());
}

// Throws Error when it is too long, broken or late; what is left of it is then not read.
std::string HttpServer::Impl::receive_body() {
    auto& stream = *current->stream;
    BodyDecoder body(current->head, config.limits.body_bytes);
    const auto take = [&](bool more) {
        const auto bytes = stream.ahead(more);
        stream.skip(body.take(bytes));
        return !bytes.empty();
    };
    take(false);
    if (body.done()) return std::move(body.text());
    static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    if (current->head.expects_continue) {
        stream.write(kGoOn.data(), kGoOn.size());
        stream.flush();
    }
    const BodySeats::Seat seat(body_seats, client_network(current->peer), stream);
    while (!body.done() && take(true)) {
    }
    if (body.done()) return std::move(body.text());
    if (seat.given_away())
        throw Error(Code::kUnavailable,
                    "too many clients are sending bodies slowly; send it again, all at once");
    if (stream.late())
        throw Error(Code::kBadRequest, fmt::format("the body did not come within {} s",
                                                   config.limits.request_seconds));
    throw Error(Code::kBadRequest, "the body is not what its headers say");
}

// With a body that is not read to its end the connection ends.
std::string HttpServer::Impl::body_or_refusal(httplib::Request& request) {
    if (current->head.refusal) return "";
    try {
        return receive_body();
    } catch (const Error& error) {
        current->head.refusal = error;
        current->close = true;
        request.set_header("Connection", "close");
        return "";
    }
}

void HttpServer::Impl::log_access(const Exchange& exchange,
                                  std::chrono::duration<double> taken) const {
    const auto& head = exchange.head;
    access_log.write({exchange.request_id, exchange.peer, head.method, head.target,
                      head.value("User-Agent"), exchange.status, exchange.stream->written(),
                      taken.count()});
}

bool HttpServer::Impl::serve_one(Connection& connection, std::size_t length) {
    const auto start = std::chrono::steady_clock::now();
    Exchange exchange;
    auto limits = config.limits;
    exchange.head = parse_head(std::string_view(connection.input).substr(0, length), limits);
    if (connection.refusal) {
        exchange.head.refusal = connection.refusal;
        limits.write_seconds = 0;  // the thread of all connections does not wait
    }
    exchange.peer = client_address(connection.peer, exchange.head, config.proxies);
    exchange.prefix = forwarded_prefix(connection.peer, exchange.head, config.proxies);
    exchange.close = exchange.head.refusal || !exchange.head.keep_alive || front.stopping();
    RequestStream stream(connection.wire, limits, head_for_library(exchange),
                         connection.input.substr(length));
    exchange.stream = &stream;
    current = &exchange;
    const bool answered = server.process(stream);
    current = nullptr;
    if (access_log.on()) log_access(exchange, std::chrono::steady_clock::now() - start);
    connection.input = stream.rest();
    return answered && !exchange.close;
}

// Requests may come in a row without waiting for answers.
bool HttpServer::Impl::serve(Connection& connection) {
    for (;;) {
        const auto length = std::min(head_length(connection.input), connection.input.size());
        if (!serve_one(connection, length)) return false;
        while (connection.input.starts_with("\r\n")) connection.input.erase(0, 2);
        if (head_length(connection.input) == std::string::npos) return true;
    }
}

namespace {

// Memory that goes back to the system while several threads run stops all of them for a moment:
// what an answer of usual length takes is kept for the next one.
constexpr int kKeptMemory = 1 << 20;  // bytes of each arena

void keep_memory() {
    mallopt(M_TRIM_THRESHOLD, kKeptMemory);
    mallopt(M_MMAP_THRESHOLD, kKeptMemory);
}

}  // namespace

void HttpServer::Impl::set_up() {
    keep_memory();
    using httplib::Request, httplib::Response;
    server.set_keep_alive_max_count(kMostRequests);
    server.set_keep_alive_timeout(config.limits.idle_seconds);
    server.set_socket_options(reuse_address);
    server.set_pre_routing_handler([this](const Request& request, Response& response) {
        answer(response, body_or_refusal(const_cast<Request&>(request)));
        return Listener::HandlerResponse::Handled;
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
    ::listen(server.listening(), kBacklog);
    fcntl(server.listening(), F_SETFL, O_NONBLOCK);
    return port;
}

void HttpServer::serve() {
    impl_->front.run(impl_->server.listening());
}

void HttpServer::reload() {
    impl_->access_log.reopen();
    if (!impl_->tls) return;
    try {
        impl_->tls->reload();
        spdlog::info("the certificate was read again");
    } catch (const Error& error) {
        spdlog::error("the certificate in force stays so: {}", error.what());
    }
}

void HttpServer::stop() {
    impl_->front.stop();
}

}  // namespace trashd::service
