#include "push_accounts.hpp"

namespace falconer::ingest {

push_accounts::push_accounts(metrics_registry& metrics)
    : metrics_(metrics), received_(metrics.make_counter(
                             "falconer_ingest_received_total",
                             "Requests to the ingest endpoint, whatever came of them."
                         )),
      acknowledged_(metrics.make_counter(
          "falconer_ingest_answered_2xx_total", "Requests answered 2xx: their event is durable."
      )),
      abandoned_(metrics.make_counter(
          "falconer_ingest_abandoned_total", "Requests whose sender left before they were whole."
      )),
      in_flight_(
          metrics.make_gauge("falconer_ingest_in_flight", "Requests received and not answered yet.")
      ) {
    constexpr const char* ways[] = {"committed", "duplicate", "quarantined",
                                    "counted",   "spooled",   "dead_letter"};
    for (std::size_t i = 0; i < acknowledged_as_.size(); ++i)
        acknowledged_as_[i] = &metrics.make_counter(
            "falconer_ingest_acknowledged_total",
            "Requests answered 2xx, by how their event was made durable.", {{"as", ways[i]}}
        );
    for (const auto* reason :
         {"not_found", "method", "content_type", "content_encoding", "token", "revoked",
          "too_large", "malformed", "no_memory", "flooding", "held_too_long"})
        refused_for(reason);
}

counter& push_accounts::refused_for(std::string_view reason) {
    auto found = refused_.find(reason);
    if (found == refused_.end()) {
        auto& made = metrics_.make_counter(
            "falconer_ingest_refused_total", "Requests refused, by reason.",
            {{"reason", std::string(reason)}}
        );
        found = refused_.emplace(std::string(reason), &made).first;
    }
    return *found->second;
}

push_accounts::ticket::ticket(push_accounts& books) : books_(books) {
    books_.received_.add();
    books_.in_flight_.add(1);
}

push_accounts::ticket::~ticket() {
    if (closed_) return;
    close();
    books_.abandoned_.add();
}

void push_accounts::ticket::close() noexcept {
    closed_ = true;
    books_.in_flight_.add(-1);
}

void push_accounts::ticket::acknowledged(kept_as how) noexcept {
    close();
    books_.acknowledged_.add();
    books_.acknowledged_as_[static_cast<std::size_t>(how)]->add();
}

void push_accounts::ticket::refused(std::string_view reason) {
    close();
    books_.refused_for(reason).add();
}

}  // namespace falconer::ingest
