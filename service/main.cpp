#include "service/cli/cli.hpp"

int main(int argc, char** argv) {
    return trashd::service::run_cli(argc, argv);
}
