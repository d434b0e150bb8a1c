// A server that follows another one and takes no writes itself.
#include <doctest/doctest.h>

#include <filesystem>

#include "schema/error.hpp"
#include "schema/session/cluster.hpp"
#include "schema/session/transaction.hpp"
#include "schema/subprocess.hpp"
#include "tests/support/database.hpp"
#include "tests/support/http.hpp"
#include "tests/support/programs.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

const std::string kRefusal =
    "the database is a standby, which takes no writes; name the primary, or all servers with "
    "target_session_attrs=read-write in the connection string";

// A copy of the tests' cluster that follows it.
class Standby {
  public:
    Standby() {
        schema::give_to(directory_, "postgres");
        run("pg_basebackup",
            {"-R", "-c", "fast", "-D", directory_ + "/data", "-d",
             TestCluster::get().url("postgres")},
            "postgres");
        cluster_ = std::make_unique<schema::Cluster>(directory_);
    }
    ~Standby() {
        cluster_.reset();
        std::filesystem::remove_all(directory_);
    }
    std::string url(const std::string& database) const { return cluster_->url(database); }

  private:
    std::string directory_ = temporary_directory();
    std::unique_ptr<schema::Cluster> cluster_;
};

std::string refusal_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        CHECK(error.code() == Code::kUnavailable);
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a standby is read, and a change or a start of the service there says where to go" *
          kNeedsPrograms) {
    const TempDatabase database("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (7)");
    const Standby standby;
    const auto url = standby.url(database.name());
    schema::Pool pool(url, 1);
    CHECK(schema::run_one(pool, schema::Mode::kRead, {"SELECT a FROM t"}).integer(0, 0) == 7);
    CHECK(refusal_of([&] { schema::run_one(pool, schema::Mode::kMove, {"DELETE FROM t"}); }) ==
          kRefusal);
    CHECK(refusal_of([&] {
              schema::run(pool, schema::Mode::kWrite, [](schema::Transaction&) {});
          }) == kRefusal);
    const auto started = run_program({"serve", "--listen", "127.0.0.1:0", "--database", url});
    CHECK(started.status == 5);
    CHECK(started.output.find(kRefusal) != std::string::npos);
}
