// The server itself cuts a long text, as bytes, and all of it comes in one stream: the text is
// computed once, and here only a piece of it is held at a time.
#include "schema/session/pieces.hpp"

#include <fmt/format.h>

#include "schema/session/connection.hpp"

namespace trashd::schema {
namespace {

constexpr int kPiece = 1 << 16;

std::string names(int fields) {
    std::string out;
    for (int at = 0; at < fields; ++at) out += fmt::format("f{}, ", at);
    return out + "t";
}

// Each text is computed once, and made bytes once where it is long: a piece of bytes is found
// without looking at those before it.
std::string pieces_sql(const LongTexts& asked) {
    std::string fields;
    for (int at = 0; at < asked.fields; ++at)
        fields += fmt::format("CASE WHEN n.n OPERATOR(pg_catalog.=) 0 THEN q.f{} END, ", at);
    return fmt::format(
        "SELECT {0}n.n, CASE WHEN q.b IS NULL THEN q.t END, pg_catalog.substring(q.b, n.n "
        "OPERATOR(pg_catalog.*) {1} OPERATOR(pg_catalog.+) 1, {1}) FROM (SELECT p.*, CASE WHEN "
        "pg_catalog.octet_length(p.t) OPERATOR(pg_catalog.>) {1} THEN "
        "pg_catalog.convert_to(p.t, pg_catalog.pg_client_encoding()) END AS b FROM (SELECT * FROM "
        "({2}) s({3}) OFFSET 0) p "
        "OFFSET 0) q CROSS JOIN LATERAL pg_catalog.generate_series(0, "
        "COALESCE((pg_catalog.octet_length(q.b) OPERATOR(pg_catalog.-) 1) "
        "OPERATOR(pg_catalog./) {1}, 0)) n(n)",
        fields, kPiece, asked.select, names(asked.fields));
}

int digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

// \x and two digits for each byte.
std::string bytes_of(std::string_view hex) {
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t at = 2; at + 1 < hex.size(); at += 2)
        bytes += static_cast<char>(digit(hex[at]) * 16 + digit(hex[at + 1]));
    return bytes;
}

}  // namespace

std::string short_text(const std::string& text, std::size_t most) {
    return fmt::format(
        "(SELECT CASE WHEN pg_catalog.octet_length(x.t) OPERATOR(pg_catalog.<=) {} THEN x.t END "
        "FROM (SELECT {} AS t OFFSET 0) x)",
        most, text);
}

void read_long(Connection& connection, const LongTexts& asked, const LongTextSink& sink) {
    const int number = asked.fields, text = number + 1, bytes = number + 2;
    connection.stream(pieces_sql(asked), asked.params, [&](const Result& row) {
        if (sink.begin && row.integer(0, number) == 0) sink.begin(row);
        if (!row.null(0, text))
            sink.piece(row.text(0, text));
        else if (!row.null(0, bytes))
            sink.piece(bytes_of(row.text(0, bytes)));
    });
}

}  // namespace trashd::schema
