// Certificates, and a client whose TLS the test has in its hands.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/support/http.hpp"

namespace trashd::test {

// A key and a certificate that it signed itself, for 127.0.0.1, in a folder of their own.
class CertificateFiles {
  public:
    explicit CertificateFiles(const std::string& name);
    CertificateFiles(const CertificateFiles&) = delete;
    ~CertificateFiles();
    // New ones in their place.
    void make(const std::string& name) const;
    std::string certificate() const { return folder_ + "/certificate.pem"; }
    std::string key() const { return folder_ + "/key.pem"; }
    // The section of the configuration.
    std::string toml() const;

  private:
    std::string folder_;
};

// A connection through TLS that sends what and when the test wants; certificates are not checked.
class TlsClient {
  public:
    // newest: the highest version offered.
    explicit TlsClient(int port, int newest = TLS1_3_VERSION);
    TlsClient(const TlsClient&) = delete;
    ~TlsClient();
    bool connected() const { return connected_; }
    std::string version() const { return SSL_get_version(session_.get()); }
    // The name in the certificate that the server showed.
    std::string server_name() const;
    void send(const std::string& bytes) const;
    // Bytes past TLS.
    void send_raw(const std::string& bytes) const;
    // All that has come so far, as soon as the text is in it or the server has ended TLS; waits for
    // at most 30 s.
    const std::string& receive(const std::string& text);
    const std::string& receive_all();
    // The server ended TLS as TLS is to be ended.
    bool ended() const;

  private:
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> session_;
    int socket_;
    bool connected_ = false;
    std::string received_;
};

}  // namespace trashd::test
