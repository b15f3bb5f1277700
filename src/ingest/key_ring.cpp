#include "key_ring.hpp"

#include "falconer/file_stamp.hpp"
#include "falconer/read_file.hpp"

#include <openssl/evp.h>

namespace falconer::ingest {
namespace {

constexpr std::size_t longest_token = 8 * 1024;  // what is longer is not worth a digest

token_digest digest_of(std::string_view token) {
    struct freed {
        void operator()(EVP_MD* x) const noexcept { EVP_MD_free(x); }
        void operator()(EVP_MD_CTX* x) const noexcept { EVP_MD_CTX_free(x); }
    };
    // Fetched once: a fetch costs more than the digest.
    static const std::unique_ptr<EVP_MD, freed> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    static const std::unique_ptr<EVP_MD_CTX, freed> context{EVP_MD_CTX_new()};
    token_digest                                    digest{};
    EVP_DigestInit_ex2(context.get(), sha256.get(), nullptr);
    EVP_DigestUpdate(context.get(), token.data(), token.size());
    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
    return digest;
}

result<std::vector<net::public_key>> read_keys(const std::filesystem::path& file) {
    constexpr std::size_t most = (1 << 20) + 1;  // parse_keys() says it of one that is larger
    const auto            text = read_file(file, most);
    if (!text && text.error().code == errc::denied)
        return failure{errc::denied, file.string() + ": cannot be read: check its owner and mode"};
    if (!text)
        return failure{
            text.error().code, file.string() + ": " + text.error().detail +
                                   "; the public keys of the clusters' tokens belong there"
        };
    return net::parse_keys(file.string(), *text);
}

token_verdict refusal(std::string_view why, std::string once_of = {}) {
    token_verdict no;
    no.why     = why;
    no.once_of = std::move(once_of);
    return no;
}

}  // namespace

key_ring::key_ring(options opt)
    : opt_(std::move(opt)),
      rules_{.issuer = opt_.issuer, .audience = opt_.audience, .profiles = opt_.profiles},
      good_(opt_.good_tokens), bad_(opt_.bad_tokens) {}

result<std::unique_ptr<key_ring>> key_ring::load(options opt) {
    std::unique_ptr<key_ring> made(new key_ring(std::move(opt)));
    if (auto done = made->reload(); !done) return std::move(done).error();
    return made;
}

result<void> key_ring::reload() {
    seen_     = file_stamp(opt_.file);
    auto keys = read_keys(opt_.file);
    if (!keys) return std::move(keys).error();
    keys_ = std::move(*keys);
    // Verdicts by keys that may have gone; the next look at each token costs one verification.
    good_.forget();
    bad_.forget();
    return {};
}

task<void> key_ring::watch(time_source& time) {
    const auto clock = time.make_bell();
    for (;;) {
        co_await clock->wait_until(time.now() + opt_.look);
        if (file_stamp(opt_.file) == seen_) continue;
        if (auto done = reload(); !done)
            log_of("ingest").error("the old keys stay in force reason=\"{}\"", done.error().detail);
        else
            log_of("ingest").info(
                "new keys are in force file={} keys={}", opt_.file.string(), keys_.size()
            );
    }
}

token_verdict key_ring::check(std::string_view bearer, utc_time now) {
    if (bearer.empty() || bearer.size() > longest_token) return refusal("malformed");
    const auto  digest = digest_of(bearer);
    const auto* known  = good_.find(digest);
    if (known == nullptr) {
        if (const auto* bad = bad_.find(digest)) return refusal(bad->why);
        ++verifications_;
        auto verdict = net::verify_jwt(bearer, keys_, rules_, now);
        if (verdict.cluster.empty()) {  // never good, whatever the time
            // Only what has cost a verification is worth its place.
            if (verdict.why == "signature" || !verdict.thumbprint.empty())
                bad_.remember(digest, {.why = verdict.why});
            return refusal(verdict.why);
        }
        auto cluster =
            std::make_shared<const cluster_identity>(cluster_identity{std::move(verdict.cluster)});
        good_.remember(
            digest, {.cluster    = std::move(cluster),
                     .issued     = verdict.issued,
                     .valid_from = verdict.valid_from,
                     .expires    = verdict.expires}
        );
        known = good_.find(digest);
    }
    if (now >= known->expires) return refusal("expired", known->cluster->text);
    if (now < known->valid_from) return refusal("not_yet_valid", known->cluster->text);
    token_verdict yes;
    yes.cluster = known->cluster;
    yes.issued  = known->issued;
    return yes;
}

}  // namespace falconer::ingest
