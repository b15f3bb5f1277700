// What to do about the certificates of our webhook: keep them, renew, or move to a new authority in
// steps between which whoever calls us always trusts whatever any replica serves.
#pragma once

#include "falconer/falco/certificates.hpp"
#include "falconer/falco/kept_secret.hpp"
#include "falconer/result.hpp"
#include "falconer/time_source.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace falconer::admissions {

/// Source: gardener/gardener, extensions/pkg/webhook/certificates, but for `settle`: API servers
/// hear of a new bundle a little after it has been written.
struct webhook_certificate_policy {
    std::chrono::seconds authority = std::chrono::days(30);
    std::chrono::seconds leaf      = std::chrono::days(30);
    std::chrono::seconds overlap   = std::chrono::days(1);  // an old authority is trusted for
    std::chrono::seconds settle{60};  // a new one is trusted for, before it signs

    /// What is wrong with it, a sentence each, beginning with the option's name.
    std::vector<std::string> problems() const;
};

struct webhook_certificate_want {
    std::string                name = "admission-shoot-falco-service-webhook";
    std::vector<std::string>   names{};  // DNS names and addresses that we are called by
    webhook_certificate_policy policy{};
};

/// introduce: a new authority is trusted beside the old one, which still signs. note_published: the
/// bundle with it has been seen in all webhook configurations. switch_over: the new one signs.
/// retire: the old one is trusted no longer.
enum class webhook_step {
    keep,
    start_anew,
    renew_leaf,
    introduce,
    note_published,
    switch_over,
    retire
};
std::string_view text_of(webhook_step what) noexcept;

struct webhook_certificate_plan {
    webhook_step       step = webhook_step::keep;
    std::string        why{};
    falco::kept_secret kept{};         // as it is to be kept
    bool               write = false;  // it differs from what is kept
    falco::key_pair    serving{};
    std::string        authority{};   // has signed `serving`
    std::string        trust{};       // the bundle: PEM of all authorities to be trusted
    utc_time           look_again{};  // when time alone will change the answer
};

/// One step per call: write the Secret only over the very one that was read, read again, plan
/// again. `kept`: nothing, only if the Secret does not exist. `published`: the bundles of all
/// webhook configurations, an empty one for each that is not there; when we start anew, whoever is
/// trusted in them stays trusted for the time of the overlap. Pure, but for new keys. Errors:
/// malformed, for names that no certificate can hold.
result<webhook_certificate_plan> plan_webhook_certificates(
    const std::optional<falco::kept_secret>& kept, const webhook_certificate_want& want,
    const std::vector<std::string>& published, utc_time now
);

/// Each certificate of a PEM bundle, in a form that can be compared.
std::vector<std::string> certificates_in(std::string_view bundle);
/// Whether `bundle` holds all that `trust` does.
bool is_trusted_by(std::string_view trust, std::string_view bundle);

}  // namespace falconer::admissions
