// The role `ingestor`: takes events in and makes them durable.
#pragma once

#include "actors/clusters.hpp"
#include "actors/rate_ledger.hpp"
#include "actors/sight_watch.hpp"
#include "actors/store_writer.hpp"
#include "alerting.hpp"
#include "carrier/peer_handler.hpp"
#include "configuration.hpp"
#include "falconer/heartbeat.hpp"
#include "heartbeat_secret_file.hpp"
#include "http_endpoint.hpp"
#include "ingest/key_ring.hpp"
#include "ingest/push_handler.hpp"
#include "ingest/spool.hpp"
#include "ingest_front.hpp"
#include "ingestor_metrics.hpp"
#include "offices.hpp"
#include "store/incident_follower.hpp"
#include "store/ingestor_notices.hpp"
#include "store/pg_event_store_pool.hpp"
#include "store/pg_quota_ledger.hpp"
#include "store/pg_sight_ledger.hpp"
#include "store/policy_watch.hpp"
#include "store/rollups.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::app {

/// Lifetime : start() once; stop() before destruction, even if start() failed.
class ingestor_role {
public:
    ingestor_role(
        asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
        const store_configuration& store, const ingestor_configuration& how,
        const peers_configuration& peers, const alerts_configuration& alerts,
        shoot_office* shoots = nullptr
    );

    /// Returns when it listens. Errors: one sentence that says what to do.
    task<result<void>> start();
    /// Keys and certificates from their files.
    void reload();
    /// Other alert rules and receivers from now on. Errors: a file that cannot be used; all is as
    /// before then.
    result<void> use(const alerts_configuration& alerts);
    /// Answers all that has been taken in; what the store does not take goes to the spool.
    task<void> drain();
    task<void> stop();

    /// Why no sender should be sent here. Empty: ready.
    std::vector<std::string> not_ready() const;
    void                     refresh_metrics();

    unsigned short port() const { return endpoint_->port(); }
    spool_status   spool_now() const { return spool_ ? spool_->status() : spool_status{}; }
    /// From the controller of that seed in this process: it speaks for its clusters.
    void tell(const std::string& seed, const cluster_identity& to, const cluster_message& what);
    bool store_is_away() const { return writer_ && writer_->store_is_away(); }

private:
    result<void> load_keys();
    result<void> read_heartbeat_secret();
    void         reread_heartbeat_secret();
    task<void>   watch_heartbeat_secret();

    asio::any_io_executor  loop_;
    time_source&           time_;
    metrics_registry&      metrics_;
    ingestor_configuration opt_;
    peers_configuration    peers_opt_;
    alerts_configuration   alerts_opt_;
    store::pg_options      postgres_;
    shoot_offices          shoots_{};

    store::pg_event_store_pool events_;
    store::pg_quota_ledger     quotas_;
    store::pg_sight_ledger     sights_;

    heartbeat_secret_file                   heartbeat_secret_;
    std::shared_ptr<heartbeat_secrets>      heartbeats_ = std::make_shared<heartbeat_secrets>();
    std::unique_ptr<ingest::key_ring>       keys_, peer_keys_;
    std::unique_ptr<ingest::disk_spool>     spool_;
    std::optional<actors::store_writer>     writer_;
    std::optional<actors::clusters>         clusters_;
    std::optional<actors::rate_ledger>      ledger_;
    std::optional<ingest::push_handler>     handler_;
    std::optional<carrier::peer_handler>    peers_;
    std::optional<ingest_front>             front_;
    std::optional<http_endpoint>            endpoint_;
    std::optional<store::policy_watch>      policies_;
    std::optional<store::ingestor_notices>  notices_;
    std::optional<store::rollups>           rollups_;
    std::optional<store::incident_follower> incidents_;
    std::optional<actors::sight_watch>      sight_watch_;
    std::optional<alerting>                 alerting_;

    bool                               listening_ = false;
    http_metrics                       http_metrics_;
    spool_metrics                      spool_metrics_;
    std::optional<certificate_metrics> certificate_metrics_;
    gauge&                             clusters_open_;
    gauge&                             recovered_;
    gauge&                             waiting_records_;

    task_scope writing_;   // ends by itself, once the writer has been closed
    task_scope settling_;  // and this one with the ledger
    task_scope scope_;
};

}  // namespace falconer::app
