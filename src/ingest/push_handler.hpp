// The endpoint that Falcosidekick's webhook output posts to.
#pragma once

#include "falconer/log.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/ports/cluster_desk.hpp"
#include "falconer/ports/event_sink.hpp"
#include "falconer/ports/token_check.hpp"
#include "push_accounts.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

namespace falconer::ingest {

/// POST or PUT one event to /ingestor/api/v1/push or /v1/events. Answers 2xx, always empty, only
/// when the event is durable.
///
/// Falcosidekick never retries: whatever else it hears deletes the event. So a sender is held
/// before it is refused, and what can be kept in any form is kept.
///
/// Threading: the loop thread only.
class push_handler final : public net::http_handler {
public:
    struct options {
        std::uint64_t             body_bytes = 1024 * 1024;
        std::chrono::milliseconds hold{5'000};  // of a cluster that floods, before 429
    };

    push_handler(
        time_source& time, token_check& tokens, cluster_desks& desks, event_sink& sink,
        metrics_registry& metrics, options opt
    );

    /// Everything the header decides: path, method, types, size, token.
    std::optional<net::http_response> screen(net::http_request& head) override;
    void                     refused(const net::http_request& head, unsigned status) override;
    task<net::http_response> handle(net::http_request request) override;

private:
    struct visit;  // what screen learned, for handle

    std::optional<net::http_response> refusal_of(const net::http_request& head, visit& who);
    std::optional<net::http_response> check_token(const net::http_request& head, visit& who);
    void                              note_refused(const token_verdict& verdict);
    task<void>                        hold(steady_time::duration wait);
    task<net::http_response>          keep(visit& who, ingest_record record, unsigned status);
    void count_verdict(std::size_t which) noexcept { verdicts_[which]->add(); }

    time_source&            time_;
    token_check&            tokens_;
    cluster_desks&          desks_;
    event_sink&             sink_;
    options                 opt_;
    push_accounts           books_;
    histogram&              seconds_;
    counter&                held_;
    std::array<counter*, 3> verdicts_;  // store, quarantine, reject400
    metrics_registry&       metrics_;
    log_gate                token_gate_;
};

}  // namespace falconer::ingest
