// One cluster: its quota, its rate, its quarantine, the tokens it may use.
#pragma once

#include "falconer/heartbeat.hpp"
#include "falconer/messages.hpp"
#include "falconer/ports/cluster_desk.hpp"
#include "token_bucket.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace falconer::actors {

/// Lifetime : made with the first valid token, forgotten when idle (clusters).
/// Threading: the loop thread only. Never suspends: it decides, others act.
class cluster_actor final : public cluster_desk {
public:
    struct options {
        std::uint64_t events_per_day      = 10'000;  // burst: a third
        std::uint64_t urgent_factor       = 10;  // Emergency to Critical: so many budgets, at once
        std::uint64_t requests_per_second = 500;
        std::chrono::milliseconds hold{5'000};  // in the hard rate's queue
        /// Bodies kept in quarantine; and as many beside events that had to be changed.
        std::uint64_t quarantined_per_day       = 1'000;
        std::uint64_t quarantined_bytes_per_day = 16 * 1024 * 1024;
        std::uint64_t samples_per_day           = 1'000;  // beyond the quota, all replicas together
        std::size_t   sampled_rules             = 256;    // per minute
        std::size_t   named_rules = 16;  // per minute, without a sample; further ones share a tally
        /// With them beats are checked of which no controller has told; null: there are none.
        std::shared_ptr<const heartbeat_secrets> heartbeats{};
    };

    cluster_actor(cluster_ref name, options opt, time_source& time);

    void tell(const cluster_message& what);

    const cluster_ref& name() const noexcept override { return name_; }
    bool               token_is_revoked(std::optional<utc_time> issued) const noexcept override;
    void               note_refused_token() noexcept override { ++refused_tokens_; }
    std::optional<steady_time::duration> take_turn(steady_time now) noexcept override;
    ingest_record                        admit(falco_event event) override;
    ingest_record                        set_aside(quarantined_body body) override;

    /// For the rate ledger: what was spent since the last settlement, under which limits.
    struct account {
        std::uint64_t ordinary_spent = 0, urgent_spent = 0;
        double        ordinary_per_day = 0, urgent_per_day = 0;
        double        ordinary_burst = 0, urgent_burst = 0;
        double        ordinary_left = 0, urgent_left = 0;
        std::uint64_t samples_spent = 0, samples_left = 0;  // the latter as of the last settlement
        /// None: not since it was opened. A refusal counts as well.
        std::optional<steady_time> settled_at{};
        bool                       refused = false;  // that settlement was

        bool spent_nothing() const noexcept {
            return ordinary_spent + urgent_spent + samples_spent == 0;
        }
    };
    account spending() const noexcept;
    /// Its spending cannot be booked: no use in trying at once again.
    void settlement_was_refused() noexcept {
        settled_at_         = time_.now();
        settlement_refused_ = true;
    }
    /// Tokens refused since the last time somebody asked.
    std::uint64_t take_refused_tokens() noexcept { return std::exchange(refused_tokens_, 0); }
    /// Events stored without their exact bytes since the last time somebody asked.
    std::uint64_t take_bytes_not_kept() noexcept { return std::exchange(bytes_not_kept_, 0); }
    steady_time   last_seen() const noexcept { return last_seen_; }
    /// Of the last event that was not stored for want of budget.
    std::optional<steady_time> over_quota_at() const noexcept { return over_quota_at_; }
    /// The last heartbeat that proved itself.
    std::optional<steady_time> beat_at() const noexcept { return beat_at_; }

private:
    void handle(const tokens_revoked& order);
    void handle(const budget_changed& fact);
    void handle(const quota_settled& fact);
    void handle(const token_rotated& fact);
    void handle(const heartbeat_expected& fact);
    void handle(const cluster_known&) {}
    void handle(const cluster_gone& fact);
    void handle(const budget_spent&) {}    // …
    void handle(const heartbeat_seen&) {}  // is known to those who look after all clusters
    void look_for_heartbeat(falco_event& event);
    bool is_proven(std::string_view words, utc_time received) const;
    void set_budget(std::uint64_t events_per_day);

    /// Bodies that were kept byte for byte.
    struct kept_bodies {
        utc_time      day{};
        std::uint64_t count = 0, bytes = 0;
    };
    bool fits(kept_bodies& kept, utc_time received, std::size_t bytes) const noexcept;
    void bound_bytes(falco_event& event);

    enum class turn { store, sample, count };
    turn        quota_verdict(const falco_event& event, utc_time minute);
    bool        take_sample(utc_time minute);
    event_tally tally_of(const falco_event& event, utc_time minute) const;

    cluster_ref                name_;
    options                    opt_;
    time_source&               time_;
    std::optional<utc_time>    tokens_from_;                            // by order
    std::optional<utc_time>    newest_generation_, generation_before_;  // of tokens, when issued
    std::optional<secret>      heartbeat_key_;
    std::optional<steady_time> beat_at_, over_quota_at_;
    token_bucket               ordinary_;
    token_bucket               urgent_;
    steady_time next_turn_ = steady_time::min();  // the hard rate: when the queue is empty
    steady_time last_seen_;

    std::uint64_t              refused_tokens_ = 0;
    std::optional<steady_time> settled_at_;
    bool                       settlement_refused_ = false;
    utc_time                   named_minute_{};
    std::set<std::string, std::less<>>
                  named_;  // rules sampled, or named in tallies, in that minute
    utc_time      samples_day_{};
    std::uint64_t samples_known_ = 0;  // of that day, all replicas'
    std::uint64_t samples_spent_ = 0;  // ours that no settlement knows of

    kept_bodies   quarantined_{}, beside_events_{};
    std::uint64_t bytes_not_kept_ = 0;
};

}  // namespace falconer::actors
