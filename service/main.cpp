// The program: everything is in run_cli() of service/cli, so that tests can link it.
#include "service/cli/cli.hpp"

int main(int argc, char** argv) {
    return trashd::service::run_cli(argc, argv);
}
