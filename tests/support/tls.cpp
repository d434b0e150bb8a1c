#include "tests/support/tls.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace trashd::test {

CertificateFiles::CertificateFiles(const std::string& name) {
    folder_ = "/tmp/trashd-test-tls-XXXXXX";
    if (!mkdtemp(folder_.data())) throw std::runtime_error("no folder");
    make(name);
}

CertificateFiles::~CertificateFiles() {
    std::filesystem::remove_all(folder_);
}

void CertificateFiles::make(const std::string& name) const {
    const auto command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN={} -addext subjectAltName=IP:127.0.0.1 -keyout {} -out {} 2>/dev/null",
        name, key(), certificate());
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificate");
}

std::string CertificateFiles::toml() const {
    return fmt::format("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate(), key());
}

TlsClient::TlsClient(int port, int newest)
    : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      session_(nullptr, SSL_free),
      socket_(connect_to(port)) {
    // Else the library itself offers nothing older than TLS 1.2.
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), newest);
    session_.reset(SSL_new(context_.get()));
    const timeval most{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    SSL_set_fd(session_.get(), socket_);
    connected_ = SSL_connect(session_.get()) == 1;
}

TlsClient::~TlsClient() {
    close(socket_);
}

std::string TlsClient::server_name() const {
    char name[256] = "";
    std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(session_.get()),
                                                      X509_free);
    if (shown)
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name,
                                  sizeof name);
    return name;
}

void TlsClient::send(const std::string& bytes) const {
    SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

void TlsClient::send_raw(const std::string& bytes) const {
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

const std::string& TlsClient::receive(const std::string& text) {
    char buffer[4096];
    while (received_.find(text) == std::string::npos) {
        const int length = SSL_read(session_.get(), buffer, sizeof buffer);
        if (length <= 0) break;
        received_.append(buffer, static_cast<std::size_t>(length));
    }
    return received_;
}

const std::string& TlsClient::receive_all() {
    return receive(std::string(1, '\0') + "never");
}

bool TlsClient::ended() const {
    return SSL_get_shutdown(session_.get()) & SSL_RECEIVED_SHUTDOWN;
}

}  // namespace trashd::test
