#include "ingestor_metrics.hpp"

#include <chrono>

namespace falconer::app {

http_metrics::http_metrics(metrics_registry& metrics)
    : connections_(metrics.make_gauge("falconer_http_connections", "Connections that are open.")),
      parked_(metrics.make_gauge(
          "falconer_http_connections_parked", "Of these, idle and without a buffer."
      )),
      body_bytes_(metrics.make_gauge("falconer_http_body_bytes", "Memory that request bodies hold.")
      ),
      body_waiting_(metrics.make_gauge(
          "falconer_http_body_waiting", "Requests that wait for memory for their body."
      )),
      crowded_(metrics.make_gauge(
          "falconer_http_crowded", "1 while somebody waits for a place because all are taken."
      )) {
    using stats      = net::http_statistics;
    const auto plain = [&](const char* name, const char* help, field what) {
        counters_.emplace_back(&metrics.make_counter(name, help), what);
    };
    const auto labelled = [&](const char* name, const char* help, const char* label,
                              const char* value, field what) {
        counters_.emplace_back(&metrics.make_counter(name, help, {{label, value}}), what);
    };
    plain("falconer_http_accepted_total", "Connections accepted.", &stats::accepted);
    plain("falconer_http_requests_total", "Requests read whole and handed on.", &stats::requests);
    plain(
        "falconer_http_screened_total", "Requests answered before their body was read.",
        &stats::screened
    );
    plain("falconer_http_answers_total", "Answers written whole.", &stats::answers);
    plain("falconer_http_abandoned_total", "Answers whose client had gone.", &stats::abandoned);
    plain("falconer_http_received_bytes_total", "Bytes read.", &stats::bytes_in);
    plain("falconer_http_sent_bytes_total", "Bytes written.", &stats::bytes_out);
    plain(
        "falconer_http_handler_failed_total", "Requests answered with 500.", &stats::handler_failed
    );

    const auto refused = [&](const char* why, field what) {
        labelled(
            "falconer_http_refused_total", "What was refused before it was a request, by reason.",
            "reason", why, what
        );
    };
    refused("malformed", &stats::refused_malformed);
    refused("header_too_large", &stats::refused_header);
    refused("body_too_large", &stats::refused_body);
    refused("version", &stats::refused_version);
    refused("no_memory", &stats::refused_budget);
    refused("cut_short", &stats::cut_short);

    const auto closed = [&](const char* why, field what) {
        labelled(
            "falconer_http_closed_total", "Connections closed by us, by reason.", "reason", why,
            what
        );
    };
    closed("handshake_failed", &stats::handshake_failed);
    closed("handshake_timeout", &stats::closed_handshake);
    closed("idle", &stats::closed_idle);
    closed("receive_timeout", &stats::closed_receive);
    closed("answer_timeout", &stats::closed_answer);
    closed("write_timeout", &stats::closed_write);
    closed("crowded", &stats::closed_crowded);
}

void http_metrics::show(const net::http_statistics& now) {
    for (auto& [shown, what] : counters_) shown->raise_to(now.*what);
    connections_.set(static_cast<double>(now.connections));
    parked_.set(static_cast<double>(now.parked));
    body_bytes_.set(static_cast<double>(now.body_bytes));
    body_waiting_.set(static_cast<double>(now.body_waiting));
    crowded_.set(static_cast<double>(now.crowded));
}

certificate_metrics::certificate_metrics(metrics_registry& metrics, const std::string& endpoint)
    : expires_(metrics.make_gauge(
          "falconer_certificate_expires_timestamp_seconds",
          "When the certificate that is shown there ends.", {{"endpoint", endpoint}}
      )) {}

void certificate_metrics::show(utc_time expires) {
    expires_.set(std::chrono::duration<double>(expires.time_since_epoch()).count());
}

spool_metrics::spool_metrics(metrics_registry& metrics)
    : bytes_(metrics.make_gauge("falconer_spool_bytes", "Size of the spool on disk.")),
      capacity_(metrics.make_gauge("falconer_spool_capacity_bytes", "What the spool may grow to.")),
      pending_(
          metrics.make_gauge("falconer_spool_pending_records", "Records that wait to be replayed.")
      ),
      oldest_(metrics.make_gauge(
          "falconer_spool_oldest_seconds", "Age of the oldest record that waits."
      )),
      damaged_(metrics.make_counter(
          "falconer_spool_damaged_total", "Records lost to damage on the disk."
      )),
      failed_writes_(metrics.make_counter(
          "falconer_spool_failed_writes_total",
          "Writes that the disk refused; nothing of them was acknowledged."
      )),
      silent_(metrics.make_gauge(
          "falconer_spool_silent_seconds", "How long the spool's disk has owed an answer."
      )) {}

void spool_metrics::show(const spool_status& now, utc_time utc) {
    using seconds = std::chrono::duration<double>;
    bytes_.set(static_cast<double>(now.bytes));
    capacity_.set(static_cast<double>(now.capacity));
    pending_.set(static_cast<double>(now.pending));
    oldest_.set(now.oldest ? std::max(0.0, seconds(utc - *now.oldest).count()) : 0.0);
    damaged_.raise_to(now.damaged);
    failed_writes_.raise_to(now.failed_writes);
    silent_.set(seconds(now.silent).count());
}

}  // namespace falconer::app
