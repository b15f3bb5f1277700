// What a bearer token is worth: our keys, and a memory of tokens seen before.
#pragma once

#include "falconer/async.hpp"
#include "falconer/log.hpp"
#include "falconer/net/jwt.hpp"
#include "falconer/ports/token_check.hpp"
#include "token_memory.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace falconer::ingest {

/// Threading: the loop thread only.
class key_ring final : public token_check {
public:
    struct options {
        std::filesystem::path file{};  // the Go ingestor's keys file, a JWKS, or PEM blocks
        std::string           issuer{};
        std::string           audience{};
        /// Of tokens that are taken.
        std::set<net::token_profile> profiles    = net::jwt_rules{}.profiles;
        std::size_t                  good_tokens = 65'536;  // remembered
        std::size_t                  bad_tokens  = 4'096;
        std::chrono::seconds         look{5};  // how often the file is looked at
    };

    /// Errors: not_found, denied, malformed; in a sentence that names the file and what to do.
    static result<std::unique_ptr<key_ring>> load(options opt);

    /// A token is verified once; after that its digest is enough, until it or its key ends.
    token_verdict check(std::string_view bearer, utc_time now) override;

    /// Takes the keys the file holds now. Errors: as load; the old keys stay.
    result<void> reload();
    /// Reloads when the file changes, until cancelled. A bad file is complained of once.
    task<void> watch(time_source& time);

    const std::vector<net::public_key>& keys() const noexcept { return keys_; }
    /// Tokens that were not remembered, good or bad: each has cost up to an RSA operation per key.
    std::uint64_t verifications() const noexcept { return verifications_; }

private:
    explicit key_ring(options opt);

    options                      opt_;
    net::jwt_rules               rules_;
    std::vector<net::public_key> keys_;
    std::string                  seen_;  // the file's stamp
    token_memory                 good_;
    token_memory                 bad_;
    std::uint64_t                verifications_ = 0;
};

}  // namespace falconer::ingest
