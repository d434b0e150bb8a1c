// A PostgreSQL cluster of its own under a directory: the embedded default, and throw-away clusters
// of the tests. Socket only, and for the user of this process only: the folders are its own, and
// pg_hba.conf lets in nobody else. initdb refuses root, so as root the server runs as user
// postgres.
#pragma once

#include <sys/types.h>

#include <string>

namespace trashd::schema {

class Cluster {
  public:
    // One process at a time may hold a directory; a second gets Error kUnavailable.
    // Makes the cluster under directory when it is not there, writes its pg_hba.conf and
    // pg_ident.conf anew, starts it when it is not running (also after a crash that left a
    // postmaster.pid), waits until it answers.
    // extra: lines for postgresql.conf. Throws Error kUnavailable saying what is missing.
    explicit Cluster(const std::string& directory, const std::string& extra = "");
    Cluster(const Cluster&) = delete;
    ~Cluster();  // stop(), fast
    // libpq connection string of a database; the superuser is "postgres".
    std::string url(const std::string& database = "trashd") const;
    void create_database(const std::string& name);  // no-op when it exists
    void stop();
    void kill_immediately();  // immediate shutdown: a crash, for tests
    void start();

  private:
    void hold_directory();

    std::string directory_, socket_;
    int lock_ = -1;  // descriptor of the locked file; goes with the process, however it ends
};

// Whether there is a cluster under the directory that this user may see; whether a process holds
// it.
bool has_cluster(const std::string& directory);
bool is_held(const std::string& directory);
// What Cluster::url of that directory gives.
std::string cluster_url(const std::string& directory, const std::string& database);

// Where initdb and pg_ctl are: the folder that TRASHD_SERVER_BIN names, else pg_config --bindir,
// PATH, /usr/lib/postgresql/*/bin, newest first. Throws Error kUnavailable.
std::string server_programs();

}  // namespace trashd::schema
