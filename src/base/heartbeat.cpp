#include "falconer/heartbeat.hpp"

#include "falconer/base64.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdio>

namespace falconer {

std::string heartbeat_minute(utc_time at) {
    using namespace std::chrono;
    const auto           day  = floor<days>(at);
    const year_month_day date = day;
    const hh_mm_ss       time{floor<minutes>(at - day)};
    char                 text[32];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count())
    );
    return text;
}

std::string heartbeat_proof(const secret& key, std::string_view minute, std::string_view node) {
    const auto said = std::string(minute) + '\n' + std::string(node);
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned                                   size = 0;
    HMAC(
        EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()),
        reinterpret_cast<const unsigned char*>(said.data()), said.size(), bytes.data(), &size
    );
    return hex_text({reinterpret_cast<const char*>(bytes.data()), size});
}

secret heartbeat_key_of(const secret& landscape, std::string_view cluster) {
    using block     = std::array<unsigned char, 32>;
    const auto hmac = [](const void* key, std::size_t size, std::string_view of) {
        block    made{};
        unsigned length = 0;
        HMAC(
            EVP_sha256(), key, static_cast<int>(size),
            reinterpret_cast<const unsigned char*>(of.data()), of.size(), made.data(), &length
        );
        return made;
    };
    const block no_salt{};
    auto        extracted = hmac(no_salt.data(), no_salt.size(), landscape.reveal());
    // One block is all that is needed, and its number is 1.
    const auto expanded = hmac(extracted.data(), extracted.size(), std::string(cluster) + '\x01');
    OPENSSL_cleanse(extracted.data(), extracted.size());
    return secret{encode_base64({reinterpret_cast<const char*>(expanded.data()), expanded.size()})};
}

bool proves_heartbeat(const secret& key, std::string_view arguments, utc_time received) {
    const auto word_after = [&](std::string_view option) {
        const auto at = arguments.find(option);
        if (at == std::string_view::npos) return std::string_view{};
        const auto rest = arguments.substr(at + option.size());
        return rest.substr(0, rest.find(' '));
    };
    const auto minute = word_after("--time "), node = word_after("--node "),
               proof = word_after("--proof ");
    if (minute.empty() || proof.empty()) return false;
    // Its journey takes a moment, and clocks differ; an older one may be a copy.
    bool timely = false;
    for (int back = -2; back <= 10 && !timely; ++back)
        timely = heartbeat_minute(received - std::chrono::minutes(back)) == minute;
    if (!timely) return false;
    const auto ours = heartbeat_proof(key, minute, node);
    return ours.size() == proof.size() &&
           CRYPTO_memcmp(ours.data(), proof.data(), proof.size()) == 0;
}

}  // namespace falconer
