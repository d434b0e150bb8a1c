#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <iostream>

#include "tests/support/programs.hpp"

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    if (!trashd::test::has_client_programs()) {
        std::cout << "this server came without pg_dump and psql: what needs them is left out\n";
        context.addFilter("test-suite-exclude", "needs client programs");
    }
    return context.run();
}
