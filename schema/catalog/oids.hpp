// Values that hold oids: of regclass and its kin, in arrays and in attributes of composite types.
// They are written as numbers, which follow renames and hang on no search path.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {

struct Column;

// The type that reads the names of the column's oids ("regclass"); of a composite type an array
// literal, per attribute that or empty. Empty: it has none.
std::string oids_of(const Column& column);

// The kinds in what oids_of gave, without empty ones.
std::vector<std::string> kinds_in(const std::string& oids);

// SQL of the text of a composite c whose attributes hold oids, those as numbers. c is not NULL.
std::string fields_with_oids(const Column& column, const std::string& c);

}  // namespace trashd::schema
