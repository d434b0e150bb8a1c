// A reload makes a whole context before it takes the place of the one in use: sessions that are
// open keep theirs, and files that cannot be used change nothing.
#include "service/transport/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>

#include "schema/error.hpp"

namespace trashd::service {

namespace {

using Context = std::unique_ptr<ssl_ctx_st, FreeTls>;

[[noreturn]] void fail(const std::string& what) {
    const auto* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    throw Error(Code::kUnavailable, reason ? what + ": " + reason : what);
}

// A key that needs a passphrase would have the library ask the terminal for it.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Context make_context() {
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) fail("TLS cannot be set up");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    // Sessions are resumed by tickets alone, which the clients keep.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
    return context;
}

Context load(const TlsFiles& files) {
    auto context = make_context();
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
        fail(
            fmt::format("tls.certificate: '{}' cannot be used; it must hold the certificate and "
                        "those that vouch for it, as PEM",
                        files.certificate));
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1)
        fail(
            fmt::format("tls.key: '{}' cannot be used; it must hold the key of the certificate, "
                        "as PEM without a passphrase",
                        files.key));
    return context;
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

void FreeTls::operator()(ssl_st* session) const {
    SSL_free(session);
}

TlsContext::TlsContext(const TlsFiles& files) : files_(files), context_(load(files)) {
    // The library writes to sockets without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
}

void TlsContext::reload() {
    auto context = load(files_);
    const std::lock_guard lock(mutex_);
    context_.swap(context);
}

TlsSession TlsContext::session(int socket) const {
    TlsSession session;
    {
        const std::lock_guard lock(mutex_);
        session.reset(SSL_new(context_.get()));
    }
    if (!session || SSL_set_fd(session.get(), socket) != 1) return nullptr;
    SSL_set_accept_state(session.get());
    return session;
}

}  // namespace trashd::service
