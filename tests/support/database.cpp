#include "tests/support/database.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "schema/identifier.hpp"
#include "tests/support/access.hpp"
#include "tests/support/pooler.hpp"

namespace trashd::test {
namespace {

struct Holder {
    std::string directory = temporary_directory();
    std::unique_ptr<schema::Cluster> cluster = std::make_unique<schema::Cluster>(directory);

    // The cases have roles of their own.
    Holder() { let_in(*cluster, directory, "local all all trust\nlocal replication all trust\n"); }
    ~Holder() {
        cluster.reset();
        std::error_code none;
        std::filesystem::remove_all(directory, none);
    }
};

void at_server(const std::string& sql) {
    TestConnection(TestCluster::get().url("postgres"))->exec(sql);
}

}  // namespace

std::string temporary_directory() {
    std::string name = "/tmp/trashd-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    return name;
}

void let_in(const schema::Cluster& cluster, const std::string& directory,
            const std::string& lines) {
    // Of a session that was begun since: what the server knew when it began.
    const auto loaded = [&] {
        return TestConnection(cluster.url("postgres")).value("SELECT pg_conf_load_time()");
    };
    const auto before = loaded();
    std::ofstream(directory + "/data/pg_hba.conf") << lines;
    TestConnection(cluster.url("postgres"))->exec("SELECT pg_reload_conf()");
    while (loaded() == before) usleep(1000);
}

schema::Cluster& TestCluster::get() {
    static Holder holder;
    return *holder.cluster;
}

bool older_than(int number) {
    const auto found = std::stoi(
        TestConnection(TestCluster::get().url("postgres")).value("SHOW server_version_num"));
    if (found >= number) return false;
    MESSAGE("not on this server: " << found);
    return true;
}

TempDatabase::TempDatabase(const std::string& script) {
    static std::atomic<int> counter = 0;
    name_ = "test_" + std::to_string(getpid()) + "_" + std::to_string(++counter);
    at_server("CREATE DATABASE " + schema::quoted(name_));
    if (!script.empty()) TestConnection(url())->script(script);
}

TempDatabase::~TempDatabase() {
    try {
        at_server("DROP DATABASE " + schema::quoted(name_) + " WITH (FORCE)");
    } catch (const std::exception&) {  // goes with its cluster
    }
}

std::string TempDatabase::url() const {
    return through_pooler() ? TestPooler::get().url(name_) : TestCluster::get().url(name_);
}

// the last of two settings of one name holds
std::string TempDatabase::url(const std::string& role) const {
    std::string value;
    for (const char c : role)
        value += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
    return url() + " user='" + value + "'";
}

TestConnection::TestConnection(const std::string& url)
    : pool_(direct(url), 1), lease_(pool_.lease()) {}

std::string TestConnection::value(const std::string& sql) {
    return lease_.connection().exec(sql).value(0, 0).value_or("NULL");
}

std::string copy_of_all_tables(schema::Connection& connection, const std::string& trash_schema) {
    const auto tables = connection.exec(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
        " AND n.nspname NOT IN ('information_schema', $1) ORDER BY n.nspname, c.relname",
        {trash_schema});
    std::string out;
    for (int i = 0; i < tables.rows(); ++i) {
        const std::string name(tables.text(i, 0));
        const auto rows = connection.exec("SELECT ROW(t.*)::text FROM ONLY " + name +
                                          " t ORDER BY ROW(t.*)::text COLLATE \"C\"");
        out += "## " + name + '\n';
        for (int row = 0; row < rows.rows(); ++row) out += std::string(rows.text(row, 0)) + '\n';
    }
    return out;
}

std::string source_file(const std::string& path) {
    std::ifstream in(std::string(TRASHD_SOURCE_DIR) + '/' + path);
    if (!in) throw std::runtime_error("no file " + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace trashd::test
