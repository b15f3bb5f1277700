#include "ingestors.hpp"

#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view gone_kind = "cluster_gone";

constexpr auto token_lifetime = 5min;

std::int64_t milliseconds_of(utc_time at) {
    return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
}

}  // namespace

ingestors::ingestors(
    asio::any_io_executor loop, time_source& time, net::http_client& client, shoot_office& shoots,
    metrics_registry& metrics, signer sign, options opt
)
    : time_(time), metrics_(metrics), sign_(std::move(sign)), opt_(std::move(opt)),
      reign_(uuid::random().text()), began_(milliseconds_of(time.utc())), board_(opt_.facts),
      heard_(shoots, opt_.facts),
      answering_(metrics.make_gauge(
          "falconer_peer_ingestors_answering", "Addresses of ingestors at which somebody answers."
      )),
      waiting_(metrics.make_gauge(
          "falconer_peer_facts_waiting",
          "Facts about clusters that some ingestor has not been told yet."
      )),
      scope_(std::move(loop)) {
    for (const auto& each : opt_.places)
        lines_.push_back(std::make_unique<ingestor_line>(
            time_, client, each, static_cast<line_owner&>(*this), metrics, opt_.line
        ));
}

void ingestors::start() {
    for (const auto& each : lines_) {
        auto* const line = each.get();
        scope_.keep("telling " + line->name(), time_, [line] { return line->tell(); });
        scope_.keep("hearing " + line->name(), time_, [line] { return line->hear(); });
    }
    scope_.keep("repeating what ingestors say", time_, [this] { return repeat(); });
}

task<void> ingestors::stop() {
    co_await scope_.stop();
    answering_.set(0);
    waiting_.set(0);
}

void ingestors::tell(const cluster_identity& to, const cluster_message& what) {
    const bool goes = std::holds_alternative<cluster_gone>(what);
    if (goes) board_.forget(to.text, gone_kind);
    if (!board_.put(to, what)) return;
    if (goes) refused_.erase(to.text);
    for (const auto& each : lines_) each->news();
}

void ingestors::look_after(std::set<std::string> clusters) {
    for (const auto& each : clusters)
        if (!ours_.contains(each)) tell({each}, cluster_known{});
    for (const auto& each : ours_)
        if (!clusters.contains(each)) tell({each}, cluster_gone{});
    ours_ = std::move(clusters);
}

tell_request ingestors::facts(std::uint64_t after, std::size_t messages) const {
    tell_request all{.after = after, .upto = after};
    bool         whole = true;
    board_.each_after(after, [&](std::uint64_t number, const auto& to, const auto& what) {
        if (all.messages.size() >= messages) return whole = false;
        all.upto = number;
        all.messages.push_back(to_wire(to, what));
        return true;
    });
    if (whole) all.upto = std::max(all.upto, board_.last());
    return all;
}

/// Somebody has led since after we began, by its own clock; but we lead now.
void ingestors::begin_later(std::int64_t than) {
    began_ = std::max({began_, than + 1, milliseconds_of(time_.utc())});
    reign_ = uuid::random().text();
}

result<std::string> ingestors::token() {
    if (time_.now() < token_until_) return token_;
    auto made = sign_(time_.utc(), token_lifetime);
    if (!made) return made;
    token_       = *made;
    token_until_ = time_.now() + opt_.token;
    return made;
}

void ingestors::take(const std::string& by, const value& wire) {
    const auto  read   = shoot_message_of(wire);
    const char* reason = nullptr;
    std::string what;
    if (!read.problem.empty()) {
        reason = "malformed";
        what   = read.problem;
    } else if (!read.unknown.empty()) {
        reason = "unknown";
        what   = read.unknown;
    } else if (!heard_.hear(by, read.to, *read.message)) {
        reason = "not_theirs";
        what   = kind_of(*read.message);
    }
    if (reason == nullptr) return;
    metrics_
        .make_counter(
            "falconer_peer_messages_refused_total", "Messages of peers passed over, by reason.",
            {{"reason", reason}}
        )
        .add();
    if (const auto held = gate_.open(time_.now()))
        log_of("carrier").warn(
            "an ingestor's message is passed over reason={} what=\"{}\" suppressed={}", reason,
            in_one_line(what), *held
        );
}

void ingestors::heard(const peer_answer& answer) {
    if (answer.reset) heard_.begin_anew(answer.by);
    for (const auto& each : answer.messages) take(answer.by, each);
    if (!answer.more) heard_.said_all(answer.by);
}

/// Another seed's controller speaks for them, or an older ingestor does not understand: the one
/// mends itself when that controller lets go, the other with the ingestor's update.
void ingestors::refused(const peer_answer& answer) {
    for (const auto& each : answer.refused) {
        if (refused_.size() < opt_.facts) refused_.insert(each.to);
        if (const auto held = refusal_gate_.open(time_.now()))
            log_of("carrier").warn(
                "an ingestor does not let us speak for a cluster cluster=\"{}\" why={} "
                "suppressed={}",
                in_one_line(each.to), in_one_line(each.why), *held
            );
    }
    for (const auto& kind : answer.unknown)
        if (const auto held = gate_.open(time_.now()))
            log_of("carrier").warn(
                "an ingestor does not know a kind of message kind=\"{}\" suppressed={}",
                in_one_line(kind), *held
            );
}

task<void> ingestors::repeat() {
    const auto clock = time_.make_bell();
    for (;;) {
        co_await clock->wait_until(time_.now() + opt_.again);
        heard_.repeat();
        const auto again = std::exchange(refused_, {});
        for (const auto& each : again) board_.renew(each);
        if (again.empty()) continue;
        for (const auto& each : lines_) each->news();
    }
}

std::vector<std::string> ingestors::troubles() const {
    std::vector<std::string> all;
    for (const auto& each : lines_)
        if (each->trouble()) all.push_back(each->name() + ": " + *each->trouble());
    return all;
}

void ingestors::refresh_metrics() {
    std::uint64_t told = board_.last();
    double        good = 0;
    for (const auto& each : lines_) {
        told = std::min(told, each->told_up_to());
        if (!each->trouble()) ++good;
    }
    std::size_t left = 0;
    board_.each_after(told, [&](auto, const auto&, const auto&) {
        ++left;
        return true;
    });
    answering_.set(good);
    waiting_.set(static_cast<double>(left));
}

}  // namespace falconer::carrier
