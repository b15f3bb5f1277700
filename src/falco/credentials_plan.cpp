#include "falconer/falco/credentials_plan.hpp"

#include "falconer/base64.hpp"
#include "falconer/heartbeat.hpp"
#include "falconer/rfc3339.hpp"
#include "falconer/spelling.hpp"
#include "utc_of.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace falconer::falco {
namespace {

using std::chrono::seconds;

constexpr auto epoch_key     = "service-account-epoch";
constexpr auto heartbeat_key = "heartbeat.key";

constexpr std::size_t heartbeat_key_bytes = 32;

/// Anything else would be a key that can be guessed.
bool is_heartbeat_key(const secret& kept) {
    const auto bytes = decode_base64(kept.reveal());
    return bytes && bytes->size() == heartbeat_key_bytes;
}

result<secret> random_key() {
    std::array<unsigned char, heartbeat_key_bytes> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        return failure{errc::unavailable, "the system has no random numbers"};
    return secret{encode_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()})};
}

bool same(const std::optional<kept_secret>& a, const kept_secret& b) {
    if (!a) return b.data.empty();
    return a->labels == b.labels &&
           std::ranges::equal(a->data, b.data, [](const auto& x, const auto& y) {
               return x.first == y.first && x.second.reveal() == y.second.reveal();
           });
}

std::optional<utc_time> time_of(const secret& kept) {
    const auto  read = parse_rfc3339(kept.reveal());
    const auto* time = std::get_if<event_time>(&read);
    if (time == nullptr) return {};
    return utc_of(*time);
}

/// The epoch that is kept, or the one that begins now.
utc_time epoch_at(const secret& kept, utc_time now) {
    const auto began = time_of(kept);
    if (began && *began <= now && now < *began + service_account_epoch_length) return *began;
    return std::chrono::floor<seconds>(now);
}

bool has_service_account(const falco_service& service, const operator_settings& settings) {
    return std::ranges::any_of(service.destinations, [&](const destination& each) {
        return each.is_enabled() && (each.name == "logging" || each.name == "otlp" ||
                                     settings.find_global(each.name) != nullptr);
    });
}

result<token_plan> plan_jwts(
    const std::optional<kept_secret>& kept, const credentials_want& want, utc_time now
) {
    token_wants wants{.cluster = want.cluster.identity};
    wants.revoked_before = want.tokens_revoked_before;
    for (const auto kind : want.needs.tokens) {
        const auto lifetime = kind == cluster_token::central || !want.settings.identity_tokens
                                  ? want.settings.central.token_lifetime
                                  : want.settings.identity_tokens->lifetime;
        wants.tokens.push_back({kind, lifetime});
    }
    if (want.mint != nullptr) return plan_tokens(kept, wants, *want.mint, now);
    if (!wants.tokens.empty())
        return failure{errc::malformed, "a token is needed, and there is no key to sign it with"};
    return token_plan{.kept = kept.value_or(kept_secret{})};
}

}  // namespace

result<credentials_plan> plan_credentials(
    const std::optional<kept_secret>& kept_certificates,
    const std::optional<kept_secret>& kept_tokens, const credentials_want& want, utc_time now
) {
    credentials_plan plan;
    if (want.needs.falcosidekick) {
        certificate_want certificates{.cluster_name = want.cluster.name};
        certificates.policy = want.settings.certificates;
        certificates.known  = want.known;
        if (want.cluster.authorities_rotated)
            certificates.rotation_asked = utc_of(*want.cluster.authorities_rotated);
        auto planned = plan_certificates(kept_certificates, certificates, want.moved, now);
        if (!planned) return std::move(planned).error();
        plan.look_again   = planned->look_again;
        plan.certificates = std::move(*planned);
    }

    auto jwts = plan_jwts(kept_tokens, want, now);
    if (!jwts) return std::move(jwts).error();
    plan.tokens     = std::move(jwts->kept);
    plan.look_again = std::min(plan.look_again, jwts->look_again);
    for (auto& [kind, token] : jwts->tokens) {
        if (kind == cluster_token::central) plan.central_issued = token.issued;
        plan.ready.emplace(kind, std::move(token.token));
    }

    auto& data = plan.tokens.data;
    if (has_service_account(want.service, want.settings)) {
        const auto began           = epoch_at(plan.tokens.at(epoch_key), now);
        plan.service_account_epoch = text_of(event_time_of(began));
        plan.look_again = std::min(plan.look_again, began + service_account_epoch_length);
        data.insert_or_assign(epoch_key, secret{plan.service_account_epoch});
    } else {
        data.erase(epoch_key);
    }
    const auto& landscape = want.settings.heartbeat_secret;
    if (want.service.heartbeat_event && !landscape.empty()) {
        // Whoever has the landscape's secret can make it again: it need not be kept.
        data.erase(heartbeat_key);
        plan.heartbeat_key = heartbeat_key_of(landscape, want.cluster.identity);
    } else if (want.service.heartbeat_event) {
        if (!is_heartbeat_key(plan.tokens.at(heartbeat_key))) {
            auto fresh = random_key();
            if (!fresh) return std::move(fresh).error();
            data.insert_or_assign(heartbeat_key, std::move(*fresh));
        }
        plan.heartbeat_key = plan.tokens.at(heartbeat_key);
    } else {
        data.erase(heartbeat_key);
    }
    if (!data.empty()) plan.tokens.labels[kept_secret::persist_label] = "true";
    plan.write_tokens = !same(kept_tokens, plan.tokens);
    return plan;
}

std::string certificate_secret_of(extension_class is) {
    return is == extension_class::garden ? garden_certificate_secret : certificate_secret;
}

std::string token_secret_of(extension_class is) {
    return is == extension_class::garden ? garden_token_secret : token_secret;
}

value as_object(const kept_secret& kept, const std::string& name, const std::string& in) {
    value object{
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata", {{"name", name}, {"namespace", in}}},
        {"type", kept.type},
        {"data", value::map()},
    };
    for (const auto& [key, is] : kept.labels) object["metadata"]["labels"][key] = is;
    for (const auto& [key, is] : kept.data) object["data"][key] = encode_base64(is.reveal());
    return object;
}

result<kept_secret> as_kept(const value& object) {
    kept_secret kept;
    if (const auto type = object.text_at({"type"}); !type.empty()) kept.type = type;
    if (const auto* labels = object.find_path({"metadata", "labels"}))
        for (const auto& [key, is, line] : labels->entries())
            if (is.is_text()) kept.labels[key] = *is.text();
    const auto* data = object.find("data");
    if (data == nullptr) return kept;
    for (const auto& [key, is, line] : data->entries()) {
        auto decoded =
            is.is_text() ? decode_base64(*is.text()) : failure{errc::malformed, "not base64"};
        if (!decoded)
            return failure{
                errc::malformed, "Secret " + in_one_line(object.text_at({"metadata", "name"})) +
                                     ": " + in_one_line(key) + " is " + decoded.error().detail
            };
        kept.data.insert_or_assign(key, secret{std::move(*decoded)});
    }
    return kept;
}

}  // namespace falconer::falco
