// falconer version: what this program is and what it is made of.
#include "commands.hpp"

#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <rapidjson/rapidjson.h>
#include <spdlog/version.h>
#include <asio/version.hpp>
#include <boost/version.hpp>

#include <iostream>

namespace falconer::cli {
namespace {

void print_version() {
    const int pq = PQlibVersion();
    std::cout << "falconer " << FALCONER_VERSION << '\n'
              << "commit     " << FALCONER_COMMIT << '\n'
              << "compiler   " << FALCONER_COMPILER << '\n'
              << "asio       " << ASIO_VERSION / 100000 << '.' << ASIO_VERSION / 100 % 1000 << '.'
              << ASIO_VERSION % 100 << '\n'
              << "beast      Boost " << BOOST_VERSION / 100000 << '.' << BOOST_VERSION / 100 % 1000
              << '\n'
              << "libpq      " << pq / 10000 << '.' << pq % 10000 << '\n'
              << "openssl    " << OpenSSL_version(OPENSSL_VERSION_STRING) << '\n'
              << "rapidjson  " << RAPIDJSON_VERSION_STRING << '\n'
              << "spdlog     " << SPDLOG_VER_MAJOR << '.' << SPDLOG_VER_MINOR << '.'
              << SPDLOG_VER_PATCH << '\n';
}

}  // namespace

void add_version_command(CLI::App& root, int&) {
    root.add_subcommand("version", "Prints version, commit, compiler and library versions")
        ->footer("Example:\n  falconer version")
        ->callback(print_version);
}

}  // namespace falconer::cli
