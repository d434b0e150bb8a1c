// A server for all tests of a program, a database for each test.
#pragma once

#include <memory>
#include <string>

#include "schema/session/cluster.hpp"
#include "schema/session/pool.hpp"

namespace trashd::test {

// One throw-away cluster for the program, made when first asked for, removed at its end.
class TestCluster {
  public:
    static schema::Cluster& get();
};

// Whether the server of this run is too old to have what a case is about, as server_version_num
// counts; says so then.
bool older_than(int number);

// A database of its own for one test; dropped, with its connections, at the end of the scope.
class TempDatabase {
  public:
    // script: SQL to load first; empty: none.
    explicit TempDatabase(const std::string& script = "");
    TempDatabase(const TempDatabase&) = delete;
    ~TempDatabase();
    const std::string& name() const { return name_; }
    // Through a pooler where TRASHD_TEST_POOLER is set.
    std::string url() const;
    // The same database as another role; it must exist and may log in.
    std::string url(const std::string& role) const;

  private:
    std::string name_;
};

// A connection of its own to a database, for tests that need just one; never through a pooler.
class TestConnection {
  public:
    explicit TestConnection(const std::string& url);
    schema::Connection& get() { return lease_.connection(); }
    schema::Connection* operator->() { return &lease_.connection(); }
    // The single value of a query, "NULL" for NULL.
    std::string value(const std::string& sql);

  private:
    schema::Pool pool_;
    schema::Lease lease_;
};

// Every row of every user table outside the trash schema as text: tables in name order, rows
// sorted, each table of an inheritance or partition tree by itself.
std::string copy_of_all_tables(schema::Connection& connection,
                               const std::string& trash_schema = "trashd");

// A new one under /tmp; who made it removes it.
std::string temporary_directory();

// The text of a file below the source directory.
std::string source_file(const std::string& path);

}  // namespace trashd::test
