#include "peer_handler.hpp"

#include "falconer/mailbox.hpp"
#include "falconer/spelling.hpp"

#include <algorithm>
#include <utility>

namespace falconer::carrier {
namespace {

using net::http_request;
using net::http_response;
using namespace std::chrono_literals;

/// Controllers that ask no more often than that have gone.
constexpr auto gone_after = 2min;

constexpr std::size_t most_refusals = 100;  // that an answer lists

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

std::optional<std::string_view> bearer_of(const http_request& head) {
    constexpr std::string_view scheme = "Bearer ";
    const auto                 value  = head.headers.find("Authorization");
    if (!value || !value->starts_with(scheme)) return std::nullopt;
    return value->substr(scheme.size());
}

/// What a controller has to say; all else clusters hear from the store, or from each other.
bool is_a_controllers(const cluster_message& what) {
    return std::holds_alternative<token_rotated>(what) ||
           std::holds_alternative<heartbeat_expected>(what) ||
           std::holds_alternative<cluster_known>(what) ||
           std::holds_alternative<cluster_gone>(what);
}

http_response answered(const peer_answer& is) {
    http_response reply{.body = text_of(is)};
    reply.headers.add("Content-Type", "application/json");
    return reply;
}

}  // namespace

/// A place among those who wait.
class peer_handler::seat {
public:
    seat(peer_handler& of, peer_state& peer)
        : of_(of), peer_(peer), bell_(of.time_.make_bell()),
          at_(of.waiting_.insert(of.waiting_.end(), bell_.get())) {
        ++peer_.waiting;
    }
    ~seat() {
        --peer_.waiting;
        of_.waiting_.erase(at_);
    }
    seat(const seat&)            = delete;
    seat& operator=(const seat&) = delete;

    bell& alarm() { return *bell_; }

private:
    peer_handler&              of_;
    peer_state&                peer_;
    std::unique_ptr<bell>      bell_;
    std::list<bell*>::iterator at_;
};

peer_handler::peer_handler(
    time_source& time, token_check& tokens, post_office& clusters, metrics_registry& metrics,
    options opt
)
    : time_(time), tokens_(tokens), clusters_(clusters), metrics_(metrics), opt_(std::move(opt)),
      name_(uuid::random().text()), owners_(opt_.owners), board_(opt_.facts),
      heard_of_(metrics.make_gauge(
          "falconer_peers", "Controllers of seeds that have asked within two minutes."
      )) {}

bool peer_handler::is_ours(std::string_view target) {
    return path_of(target).starts_with("/peer/");
}

// --- before the body ----------------------------------------------------------------------------

http_response peer_handler::refuse(unsigned status, const char* reason, std::string why) {
    metrics_
        .make_counter(
            "falconer_peer_requests_refused_total", "Requests of peers refused, by reason.",
            {{"reason", reason}}
        )
        .add();
    if (const auto held = request_gate_.open(time_.now()))
        log_of("carrier").warn(
            "a peer's request is refused reason={} why=\"{}\" suppressed={}", reason,
            in_one_line(why), *held
        );
    http_response no{.status = status, .body = text_of(peer_refusal{.why = std::move(why)})};
    no.headers.add("Content-Type", "application/json");
    return no;
}

std::optional<http_response> peer_handler::screen(http_request& head) {
    const auto path = path_of(head.target);
    if (path != tell_path && path != hear_path)
        return refuse(404, "not_found", "peers ask /peer/v1/tell and /peer/v1/hear");
    if (head.method != "POST") {
        auto no = refuse(405, "method", "peers ask by POST");
        no.headers.add("Allow", "POST");
        return no;
    }
    if (head.headers.find("Content-Type") != "application/json")
        return refuse(415, "content_type", "a body is application/json");
    if (head.content_length && *head.content_length > opt_.body_bytes)
        return refuse(
            413, "too_large", "a body has at most " + std::to_string(opt_.body_bytes) + " bytes"
        );
    return check_token(head);
}

std::optional<http_response> peer_handler::check_token(http_request& head) {
    const auto bearer = bearer_of(head);
    if (!bearer)
        return refuse(401, "token", "an Authorization header with a Bearer token is needed");
    const auto verdict = tokens_.check(*bearer, time_.utc());
    if (!verdict) return refuse(401, "token", "the token is refused: " + std::string(verdict.why));
    const std::string_view name = verdict.cluster->text;
    if (!name.starts_with(controller_prefix) || name.size() == controller_prefix.size())
        return refuse(403, "token", "the token is no controller's");
    auto who     = std::make_shared<visit>();
    who->seed    = name.substr(controller_prefix.size());
    head.client  = {verdict.cluster, &verdict.cluster->text};
    head.context = std::move(who);
    return std::nullopt;
}

void peer_handler::refused(const http_request&, unsigned status) {
    const char* const reason = status == 413   ? "too_large"
                               : status == 503 ? "no_memory"
                                               : "malformed";
    metrics_
        .make_counter(
            "falconer_peer_requests_refused_total", "Requests of peers refused, by reason.",
            {{"reason", reason}}
        )
        .add();
}

// --- with the body ------------------------------------------------------------------------------

task<http_response> peer_handler::handle(http_request request) {
    const auto who = std::static_pointer_cast<visit>(request.context);
    if (!who) co_return refuse(500, "token", "the request was not screened");
    const std::string& seed = who->seed;
    if (path_of(request.target) == tell_path) {
        const auto told = read_tell(request.body);
        if (!told) co_return refuse(400, "malformed", told.error().detail);
        if (auto no = check_sender(seed, peer_state::path::tell, told->from))
            co_return std::move(*no);
        co_return tell_all(seed, *told);
    }
    auto asked = read_hear(request.body);
    if (!asked) co_return refuse(400, "malformed", asked.error().detail);
    if (auto no = check_sender(seed, peer_state::path::hear, asked->from)) co_return std::move(*no);
    request.body = {};
    co_return co_await hear_news(seed, std::move(*asked));
}

std::optional<http_response> peer_handler::check_sender(
    const std::string& seed, peer_state::path which, const sender& from
) {
    auto& peer = peers_[seed];
    switch (peer.take(which, from, time_.now())) {
        case peer_state::verdict::good: owners_.heard_of(seed, time_.now()); return std::nullopt;
        case peer_state::verdict::replayed:
            return refuse(409, "replayed", "that request, or one after it, has been here already");
        case peer_state::verdict::older_reign: break;
    }
    auto no = refuse(
        409, "older_reign", "somebody else leads that seed's controller since after you began"
    );
    no.body = text_of(peer_refusal{.why = "an older reign", .newest = peer.began()});
    return no;
}

http_response peer_handler::tell_all(const std::string& seed, const tell_request& told) {
    peer_answer said;
    for (const auto& each : told.messages) take_message(seed, each, said);
    auto& peer = peers_[seed];
    peer.told(told.after, told.upto);
    said.by      = name_;
    said.applied = peer.applied();
    return answered(said);
}

/// One message that is wrong costs none of the others its place.
void peer_handler::take_message(const std::string& seed, const value& wire, peer_answer& into) {
    const auto read = cluster_message_of(wire);
    if (!read.problem.empty()) return count_refused("malformed", seed, read.problem);
    if (!read.unknown.empty()) {
        if (into.unknown.size() < most_refusals) into.unknown.push_back(read.unknown);
        return count_refused("unknown", seed, read.unknown);
    }
    if (!is_a_controllers(*read.message))
        return count_refused("not_theirs", seed, std::string(kind_of(*read.message)));
    if (may_speak(seed, read.to.text, into)) apply(seed, read.to, *read.message);
}

bool peer_handler::may_speak(
    const std::string& seed, const std::string& cluster, peer_answer& into
) {
    const char* why = nullptr;
    switch (owners_.claim(cluster, seed, time_.now())) {
        case ownership::verdict::known: return true;
        case ownership::verdict::taken: board_.renew(cluster); return true;
        case ownership::verdict::foreign: why = "foreign"; break;
        case ownership::verdict::too_many: why = "too_many"; break;
    }
    count_refused(why, seed, cluster);
    if (into.refused.size() < most_refusals) into.refused.push_back({cluster, why});
    return false;
}

void peer_handler::apply(
    const std::string& seed, const cluster_identity& to, const cluster_message& what
) {
    metrics_
        .make_counter(
            "falconer_peer_messages_total", "Messages of peers taken, by kind.",
            {{"kind", std::string(kind_of(what))}}
        )
        .add();
    clusters_.tell(to, what);
    if (std::holds_alternative<cluster_gone>(what)) {
        owners_.release(to.text, seed);
        board_.forget(to.text);
    }
    if (opt_.heard) opt_.heard(to, what);
}

void peer_handler::count_refused(
    const char* reason, const std::string& seed, const std::string& what
) {
    metrics_
        .make_counter(
            "falconer_peer_messages_refused_total", "Messages of peers passed over, by reason.",
            {{"reason", reason}}
        )
        .add();
    if (const auto held = message_gate_.open(time_.now()))
        log_of("carrier").warn(
            "a peer's message is passed over reason={} seed=\"{}\" what=\"{}\" suppressed={}",
            reason, in_one_line(seed), in_one_line(what), *held
        );
}

// --- what shoots must know ----------------------------------------------------------------------

void peer_handler::tell(const cluster_identity& to, const shoot_message& what) {
    const bool travels = std::holds_alternative<tokens_refused>(what) ||
                         std::holds_alternative<quota_changed>(what) ||
                         std::holds_alternative<heartbeat_changed>(what) ||
                         std::holds_alternative<sight_changed>(what);
    if (!travels || !board_.put(to, what)) return;
    for (auto* each : waiting_) each->ring();
}

void peer_handler::own(const cluster_identity& which, const std::string& seed) {
    owners_.heard_of(seed, never);  // as long as this process is there, so is that controller
    (void)owners_.claim(which.text, seed, time_.now());
}

void peer_handler::disown(const cluster_identity& which, const std::string& seed) {
    owners_.release(which.text, seed);
}

/// Of the clusters that this seed's controller speaks for.
peer_answer peer_handler::news_of(const std::string& seed, std::uint64_t after) const {
    peer_answer all{.by = name_, .upto = after};
    board_.each_after(after, [&](std::uint64_t number, const auto& to, const auto& what) {
        if (all.messages.size() >= opt_.batch) {
            all.more = true;
            return false;
        }
        all.upto         = number;
        const auto owner = owners_.owner_of(to.text);
        if (owner != nullptr && *owner == seed) all.messages.push_back(to_wire(to, what));
        return true;
    });
    if (!all.more) all.upto = board_.last();
    return all;
}

task<http_response> peer_handler::hear_news(std::string seed, hear_request asked) {
    auto& peer = peers_[seed];
    if (closed_) co_return refuse(503, "draining", "this ingestor is about to end");
    if (peer.waiting >= opt_.waiting_each)
        co_return refuse(429, "crowded", "that seed's controller has asked often enough to wait");
    seat       mine(*this, peer);
    const auto end   = time_.now() + std::min(asked.wait, opt_.longest_wait);
    const auto known = asked.cursors.find(name_);
    const bool reset = known == asked.cursors.end() || known->second > board_.last() ||
                       known->second < board_.horizon();
    auto cursor = reset ? 0 : known->second;
    for (;;) {
        auto news    = news_of(seed, cursor);
        news.reset   = reset;
        news.applied = peer.applied();
        if (!news.messages.empty() || reset || closed_ || time_.now() >= end)
            co_return answered(news);
        cursor = news.upto;
        co_await mine.alarm().wait_until(end);
    }
}

void peer_handler::close() {
    closed_ = true;
    for (auto* each : waiting_) each->ring();
}

void peer_handler::refresh_metrics() {
    const auto now = time_.now();
    heard_of_.set(static_cast<double>(std::ranges::count_if(peers_, [&](const auto& each) {
        const auto at = each.second.heard_at();
        return at != steady_time::min() && now - at < gone_after;
    })));
}

}  // namespace falconer::carrier
