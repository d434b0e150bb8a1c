// PgBouncer in transaction mode before the tests' cluster: three backends for each database,
// however many connections a test opens.
#pragma once

#include <string>

namespace trashd::test {

class TestPooler {
  public:
    // Started when first asked for, stopped at the end of the program.
    static TestPooler& get();
    TestPooler(const TestPooler&) = delete;
    ~TestPooler();
    std::string url(const std::string& database) const;

  private:
    TestPooler();

    std::string directory_;
};

// Whether TRASHD_TEST_POOLER is set: then the databases of all tests are reached through it.
bool through_pooler();
// The same database without it.
std::string direct(const std::string& url);

}  // namespace trashd::test
