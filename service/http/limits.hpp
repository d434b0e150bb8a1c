// How much of anything a client may send, hold or ask for, and where the service listens: values
// that the configuration fills.
#pragma once

#include <cstddef>
#include <string>

namespace trashd::service {

// What one who asks may do; 0: without a limit.
struct PrincipalLimits {
    long long delete_rows = 0;               // at once
    int requests_per_second = 0, burst = 0;  // burst: at once, 0: those of a second
};

// For the bytes of requests, and for what they may set going.
struct RequestLimits {
    std::size_t body_bytes = 1 << 20, url_bytes = 8000, header_count = 100, header_bytes = 32768;
    std::size_t connections = 4096;
    // For the next request, its head, its body, and taking the answer.
    int idle_seconds = 60, header_seconds = 10, request_seconds = 60, write_seconds = 60;
    std::size_t json_depth = 64, where_terms = 50;
    long long async_rows = 100000;  // more rows than that move apart from the request; 0: never
    long long operations = 100;     // of one principal that wait or run; 0: any
    long long lock_timeout_ms = 5000, statement_timeout_ms = 30000;
    PrincipalLimits asker;
};

// Files in PEM; both or none.
struct TlsFiles {
    std::string certificate, key;
    bool on() const { return !certificate.empty(); }
};

}  // namespace trashd::service
