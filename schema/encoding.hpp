// A database of the encoding SQL_ASCII knows bytes alone: a text that is no UTF-8 could not be
// read, nor any list that it stands in, so its clients take bytes as they are.
#pragma once

#include <libpq-fe.h>

#include <string_view>

namespace trashd::schema {

inline bool bytes_alone(const PGconn* connection) {
    const char* encoding = PQparameterStatus(connection, "server_encoding");
    return encoding != nullptr && std::string_view(encoding) == "SQL_ASCII";
}

}  // namespace trashd::schema
