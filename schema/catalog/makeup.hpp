// What the values of a column are made of where that may change under them: the labels of an enum,
// the attributes of a composite type. No SQL is run here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {

struct Column;
struct Table;

// A user's type, as the catalog has it.
struct Type {
    struct Part {
        Oid number = 0;  // of a label its oid, of an attribute its attnum
        std::string name, type;
        Oid type_oid = 0;
    };
    char kind = 'b';  // e, c, d as pg_type.typtype; a: an array
    std::string fingerprint;
    std::vector<Part> parts;  // labels in order, attributes by number, or what it stands on
};
using Types = std::map<Oid, Type>;

// Of the type under the domains. Parts are in the order of the text of a value.
struct Makeup {
    struct Part {
        Oid number = 0;
        std::string name;     // as it is called now
        std::string written;  // a label as values have it; of an attribute the type
        std::string inner;    // labels and attributes inside of an attribute
    };
    Oid type = 0;
    char kind = 'o';  // e: enum, c: composite; o: one part, whose inner says all
    std::vector<Part> parts;

    std::string text() const;
    static Makeup read(const std::string& text);  // of what text() gave
};

// Empty where nothing about the type may change.
std::string makeup_of(const Types& types, Oid oid);

// How text that was written under one makeup reads under another.
struct Reading {
    std::map<std::string, std::string> labels;  // written -> today's, where that is another
    bool moved = false;                         // the fields of a composite are others
    std::vector<int> fields;   // where today's are in the text, from 1; 0: it lacks the field
    std::vector<int> dropped;  // places in the text of fields that are gone
    bool retyped = false;      // fields have other types: their text may read as other values
    bool doubtful = false;     // parts inside may mean something else
    std::string from, to;      // cast between these types, as ALTER TABLE did; empty: none
};
Reading reading_of(const Makeup& then, const Makeup& now);

// A row as it was written: how its columns were numbered, their types, and what these were made of
// (text[], or empty: not known).
struct Written {
    const std::vector<int>& attnums;
    const std::vector<std::string>& types;
    std::string_view makeup;
};
// Per position. table: as it is; nullptr: gone.
std::vector<Reading> readings_of(const Table* table, const Written& written);

// SQL over the text of such a value: the text as its type would write it today; the other way
// round, of a label of today; whether a field that is gone held a value.
std::string read_today(const Reading& reading, const std::string& text);
std::string write_then(const Reading& reading, const std::string& text);
std::string held_dropped(const Reading& reading, const std::string& text);

// SQL over the text of an enum's label, and what its type was made of when that was written (text,
// as Makeup::text): what the label is called today; how text of another makeup writes it.
bool is_enum(const Column& column);
std::string label_today(const std::string& text, const std::string& makeup);
std::string label_under(const std::string& text, const std::string& makeup,
                        const std::string& other);

// Lets `then` follow: the names of its parts now, and their numbers where the type is another one,
// as in a copy of the database. False: nothing changed.
bool follow(Makeup& then, const Makeup& now);

}  // namespace trashd::schema
