#include "ingestor_role.hpp"

#include "falconer/log.hpp"

#include <algorithm>
#include <utility>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;

/// Three batches of events under way, one of tallies and one of the spool's.
constexpr std::size_t connections = 5;

/// A store that is away delays the start by no more; one that may be slow is waited for as long as
/// it is with a batch.
constexpr std::chrono::milliseconds policy_limit = 2s;

/// A batch that nobody took for so long: the disk of the spool hangs, or both refuse. Another
/// replica may be better off, so let senders go there.
constexpr auto stuck = 10s;

/// With so little room left, one more batch may not fit.
bool is_full(const spool_status& spool) {
    return spool.bytes + spool.capacity / 50 >= spool.capacity;
}

}  // namespace

ingestor_role::ingestor_role(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    const store_configuration& store, const ingestor_configuration& how,
    const peers_configuration& peers, const alerts_configuration& alerts, shoot_office* shoots
)
    : loop_(loop), time_(time), metrics_(metrics), opt_(how), peers_opt_(peers),
      alerts_opt_(alerts), postgres_(store.postgres),
      events_(
          loop, time, {.postgres = store.postgres, .insert_limit = how.writer.longest_replay_limit},
          connections
      ),
      quotas_(loop, time, {.postgres = store.postgres}),
      sights_(loop, time, {.postgres = store.postgres}), heartbeat_secret_(how.heartbeat_secret),
      http_metrics_(metrics), spool_metrics_(metrics),
      clusters_open_(metrics.make_gauge("falconer_clusters", "Clusters heard of lately.")),
      recovered_(metrics.make_gauge(
          "falconer_spool_recovered_records", "Records that the spool held at the start."
      )),
      waiting_records_(
          metrics.make_gauge("falconer_store_waiting_records", "Records that wait for their batch.")
      ),
      writing_(loop), settling_(loop), scope_(loop) {
    shoots_.add(shoots);
}

/// The same keys, for tokens of two kinds: of clusters, and of controllers.
result<void> ingestor_role::load_keys() {
    auto keys = ingest::key_ring::load(keys_of(opt_));
    if (!keys) return std::move(keys).error();
    keys_ = std::move(*keys);
    if (!peers_opt_.answer) return {};
    auto of_peers     = keys_of(opt_);
    of_peers.audience = peers_opt_.audience;
    of_peers.profiles = {net::token_profile::central};
    auto peers        = ingest::key_ring::load(std::move(of_peers));
    if (!peers) return std::move(peers).error();
    peer_keys_ = std::move(*peers);
    return {};
}

task<result<void>> ingestor_role::start() {
    if (auto keys = load_keys(); !keys) co_return std::move(keys).error();
    if (auto beats = read_heartbeat_secret(); !beats) co_return std::move(beats).error();
    opt_.clusters.cluster.heartbeats = heartbeats_;

    ingest::disk_spool::options where;
    where.directory     = opt_.spool.directory;
    where.capacity      = opt_.spool.capacity;
    where.segment_bytes = opt_.spool.segment;
    auto spool          = co_await ingest::disk_spool::open(loop_, time_, std::move(where));
    if (!spool)
        co_return failure{
            spool.error().code, "ingestor.spool.directory: " + spool.error().detail +
                                    "; name a folder of this user's own, in one that is there"
        };
    spool_ = std::move(*spool);
    recovered_.set(static_cast<double>(spool_->status().pending));

    writer_.emplace(loop_, time_, events_, *spool_, metrics_, opt_.writer);
    clusters_.emplace(time_, *writer_, opt_.clusters, &shoots_);
    if (peer_keys_) {
        carrier::peer_handler::options answering;
        answering.body_bytes = opt_.push.body_bytes;
        peers_.emplace(time_, *peer_keys_, *clusters_, metrics_, std::move(answering));
        shoots_.add(&*peers_);
    }
    store::policy_watch::options decided;
    decided.postgres = postgres_;
    policies_.emplace(loop_, time_, *clusters_, std::move(decided));
    store::ingestor_notices::options beside;
    beside.postgres = postgres_;
    notices_.emplace(loop_, time_, *clusters_, std::move(beside));
    clusters_->tell_also(*notices_);
    store::rollup_options counting;
    counting.postgres = postgres_;
    rollups_.emplace(loop_, time_, metrics_, std::move(counting));
    store::incident_options gathering;
    gathering.postgres = postgres_;
    incidents_.emplace(loop_, time_, metrics_, std::move(gathering));
    sight_watch_.emplace(
        time_, *clusters_, sights_, metrics_,
        [this] { return writer_->store_is_away() || spool_->status().pending > 0; },
        actors::sight_watch::options{}, &shoots_
    );
    ledger_.emplace(time_, *clusters_, quotas_, actors::rate_ledger::options{});
    handler_.emplace(time_, *keys_, *clusters_, *writer_, metrics_, opt_.push);
    front_.emplace(*handler_, peers_ ? &*peers_ : nullptr);
    endpoint_.emplace("ingest", loop_, time_, opt_.http, *front_);

    // Whose tokens are revoked is known before anybody is let in, if the store is there to ask.
    auto asked = policies_->look();
    auto known = co_await with_timeout(
        time_, std::max(policy_limit, opt_.writer.store_limit), std::move(asked)
    );
    if (!known)
        log_of("app").warn(
            "policies of clusters are not known yet reason=\"{}\"", known.error().detail
        );

    auto listening = endpoint_->start(opt_.listen, opt_.tls);
    if (!listening) co_return std::move(listening).error().while_doing("ingestor.listen");
    listening_ = true;
    if (opt_.tls) certificate_metrics_.emplace(metrics_, "ingest");
    writing_.keep("writer", time_, [this] { return writer_->run(); });
    scope_.keep("keys", time_, [this] { return keys_->watch(time_); });
    if (peer_keys_) scope_.keep("peers' keys", time_, [this] { return peer_keys_->watch(time_); });
    scope_.keep("heartbeats", time_, [this] { return watch_heartbeat_secret(); });
    scope_.keep("clusters", time_, [this] { return clusters_->run(); });
    scope_.keep("policies", time_, [this] { return policies_->run(); });
    scope_.keep("hearing other ingestors", time_, [this] { return notices_->listen(); });
    scope_.keep("telling other ingestors", time_, [this] { return notices_->send(); });
    scope_.keep("rollups", time_, [this] { return rollups_->run(); });
    scope_.keep("sight", time_, [this] { return sight_watch_->run(); });
    scope_.keep("incidents", time_, [this] { return incidents_->run(); });
    settling_.keep("quotas", time_, [this] { return ledger_->run(); });
    if (alerts_opt_.enabled) {
        alerting_.emplace(loop_, time_, metrics_, postgres_);
        if (auto up = alerting_->start(alerts_opt_); !up) co_return std::move(up).error();
    }
    log_of("app").info(
        "taking events in address={} tls={} spool={}",
        endpoint_text({opt_.listen.address(), port()}), opt_.tls.has_value(),
        opt_.spool.directory.string()
    );
    co_return result<void>{};
}

result<void> ingestor_role::read_heartbeat_secret() {
    auto done = heartbeat_secret_.read();
    if (!done) return std::move(done).error().while_doing("heartbeat.secretFile");
    // Pods get keys of a new one only by and by.
    if (*done) heartbeats_->before = std::exchange(heartbeats_->current, heartbeat_secret_.now());
    return {};
}

void ingestor_role::reread_heartbeat_secret() {
    if (auto done = read_heartbeat_secret(); !done)
        log_of("app").error(
            "the secret of heartbeats is not read again; the old one stays in use reason=\"{}\"",
            done.error().detail
        );
}

/// Kubernetes swaps the files of a mounted Secret within a minute or two, and tells nobody.
task<void> ingestor_role::watch_heartbeat_secret() {
    const auto clock = time_.make_bell();
    for (;;) {
        co_await clock->wait_until(time_.now() + 30s);
        reread_heartbeat_secret();
    }
}

result<void> ingestor_role::use(const alerts_configuration& alerts) {
    if (!alerting_) return {};
    return alerting_->use(alerts);
}

void ingestor_role::reload() {
    reread_heartbeat_secret();
    if (keys_) {
        if (auto done = keys_->reload(); !done)
            log_of("app").error("the keys are not read again reason=\"{}\"", done.error().detail);
    }
    if (peer_keys_) (void)peer_keys_->reload();  // the same file: said already
    if (endpoint_) endpoint_->reload();
}

void ingestor_role::tell(
    const std::string& seed, const cluster_identity& to, const cluster_message& what
) {
    if (!clusters_) return;
    clusters_->tell(to, what);
    if (!peers_) return;
    if (std::holds_alternative<cluster_gone>(what))
        peers_->disown(to, seed);
    else
        peers_->own(to, seed);
}

std::vector<std::string> ingestor_role::not_ready() const {
    std::vector<std::string> why;
    if (!listening_) {
        why.emplace_back("starting");
    } else if (writer_->takes_nothing()) {
        why.emplace_back("neither the store nor the spool takes anything");
    } else if (writer_->store_is_away() && is_full(spool_->status())) {
        why.emplace_back("the store is away and the spool is full");
    } else if (const auto wait = writer_->longest_wait(); wait > stuck) {
        why.push_back(
            "neither the store nor the spool has taken a batch for " +
            std::to_string(std::chrono::floor<std::chrono::seconds>(wait).count()) + " s"
        );
    }
    return why;
}

void ingestor_role::refresh_metrics() {
    if (!endpoint_) return;
    http_metrics_.show(endpoint_->counts());
    if (certificate_metrics_ && endpoint_->tls() != nullptr)
        certificate_metrics_->show(endpoint_->tls()->expires());
    spool_metrics_.show(spool_->status(), time_.utc());
    if (peers_) peers_->refresh_metrics();
    clusters_open_.set(static_cast<double>(clusters_->size()));
    waiting_records_.set(static_cast<double>(writer_->waiting_records()));
}

task<void> ingestor_role::drain() {
    if (!endpoint_) co_return;
    if (peers_) peers_->close();
    co_await endpoint_->drain(opt_.drain);
    writer_->close();
    co_await writing_.drained();
    ledger_->close();
    co_await settling_.drained();
}

task<void> ingestor_role::stop() {
    if (endpoint_) co_await endpoint_->stop();
    if (alerting_) co_await alerting_->stop();
    co_await scope_.stop();
    co_await settling_.stop();
    if (writer_) {
        writer_->close();
        co_await writing_.stop();
        co_await writer_->stop();
    }
    if (spool_) co_await spool_->close();
}

}  // namespace falconer::app
