#include "push_handler.hpp"

#include "event_json.hpp"

#include <algorithm>

namespace falconer::ingest {
namespace {

using net::http_request;
using net::http_response;
using namespace std::chrono_literals;

constexpr std::string_view paths[] = {"/ingestor/api/v1/push", "/v1/events"};

/// One line for the sender's log: Falcosidekick prints the body of a refusal.
http_response refusal(unsigned status, std::string why) {
    why += '\n';
    http_response no{.status = status, .body = std::move(why)};
    no.headers.add("Content-Type", "text/plain; charset=utf-8");
    return no;
}

bool same_ascii(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `application/json`, with or without parameters, any case. None at all is taken for JSON.
bool is_json(std::optional<std::string_view> content_type) {
    if (!content_type) return true;
    return same_ascii(
        trimmed(content_type->substr(0, content_type->find(';'))), "application/json"
    );
}

bool is_identity(std::optional<std::string_view> content_encoding) {
    return !content_encoding || content_encoding->empty() ||
           same_ascii(*content_encoding, "identity");
}

/// The token of `Authorization: Bearer <token>` (RFC 6750 §2.1; the scheme in any case).
std::optional<std::string_view> bearer_of(const http_request& head) {
    constexpr std::string_view scheme = "bearer ";
    const auto                 value  = head.headers.find("Authorization");
    if (!value || value->size() <= scheme.size()) return std::nullopt;
    if (!same_ascii(value->substr(0, scheme.size()), scheme)) return std::nullopt;
    return trimmed(value->substr(scheme.size()));
}

}  // namespace

/// Between screen() and the answer. Gone without one: the sender has left.
struct push_handler::visit {
    explicit visit(push_accounts& books, steady_time now) : ticket(books), begun(now) {}

    push_accounts::ticket         ticket;
    steady_time                   begun;
    std::shared_ptr<cluster_desk> desk{};
};

push_handler::push_handler(
    time_source& time, token_check& tokens, cluster_desks& desks, event_sink& sink,
    metrics_registry& metrics, options opt
)
    : time_(time), tokens_(tokens), desks_(desks), sink_(sink), opt_(opt), books_(metrics),
      seconds_(metrics.make_histogram(
          "falconer_ingest_answer_seconds", "From a request's header to its answer.",
          {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
      )),
      held_(metrics.make_counter(
          "falconer_ingest_held_total",
          "Requests that waited for their turn in their cluster's hard rate."
      )),
      metrics_(metrics) {
    constexpr const char* names[] = {"store", "quarantine", "reject400"};
    for (std::size_t i = 0; i < verdicts_.size(); ++i)
        verdicts_[i] = &metrics.make_counter(
            "falconer_ingest_verdicts_total", "Bodies checked, by verdict.", {{"verdict", names[i]}}
        );
}

// --- before the body ----------------------------------------------------------------------------

std::optional<http_response> push_handler::screen(http_request& head) {
    auto who = std::make_shared<visit>(books_, time_.now());
    auto no  = refusal_of(head, *who);
    if (!no) {
        const auto& cluster = who->desk->name();
        head.client         = {cluster, &cluster->text};  // no copy: it lives as long as the name
        head.context        = std::move(who);
        head.headers        = {};  // all has been read, and the body may be long in coming
    }
    return no;
}

std::optional<http_response> push_handler::refusal_of(const http_request& head, visit& who) {
    const auto refuse = [&](unsigned status, const char* reason, std::string why) {
        who.ticket.refused(reason);
        return refusal(status, std::move(why));
    };
    const auto path = std::string_view(head.target).substr(0, head.target.find('?'));
    if (std::ranges::find(paths, path) == std::end(paths))
        return refuse(404, "not_found", "events are taken at /v1/events and /ingestor/api/v1/push");
    if (head.method != "POST" && head.method != "PUT") {
        auto no = refuse(405, "method", "events are taken by POST and PUT");
        no.headers.add("Allow", "POST, PUT");
        return no;
    }
    if (!is_identity(head.headers.find("Content-Encoding")))
        return refuse(
            415, "content_encoding", "a body is taken as it is, without Content-Encoding"
        );
    if (!is_json(head.headers.find("Content-Type")))
        return refuse(415, "content_type", "a body is application/json");
    if (head.content_length && *head.content_length > opt_.body_bytes)
        return refuse(
            413, "too_large", "a body has at most " + std::to_string(opt_.body_bytes) + " bytes"
        );
    return check_token(head, who);
}

std::optional<http_response> push_handler::check_token(const http_request& head, visit& who) {
    const auto refuse = [&](const char* reason, std::string why) {
        who.ticket.refused(reason);
        auto no = refusal(401, std::move(why));
        no.headers.add("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        return no;
    };
    const auto bearer = bearer_of(head);
    if (!bearer) return refuse("token", "an Authorization header with a Bearer token is needed");

    const auto verdict = tokens_.check(*bearer, time_.utc());
    if (!verdict) {
        note_refused(verdict);
        return refuse("token", "the token is refused: " + std::string(verdict.why));
    }
    who.desk = desks_.desk_of(verdict.cluster);
    if (who.desk->token_is_revoked(verdict.issued)) {
        who.desk->note_refused_token();
        return refuse("revoked", "the token has been revoked");
    }
    return std::nullopt;
}

void push_handler::note_refused(const token_verdict& verdict) {
    metrics_
        .make_counter(
            "falconer_ingest_tokens_refused_total", "Tokens refused, by cause.",
            {{"cause", std::string(verdict.why)}}
        )
        .add();
    if (verdict.once_of.empty()) return;
    // Its signature is good: a cluster of ours that sleeps too long or whose clock is wrong.
    desks_.desk_of(std::make_shared<const cluster_identity>(cluster_identity{verdict.once_of}))
        ->note_refused_token();
    if (const auto held = token_gate_.open(time_.now()))
        log_of("ingest").warn(
            "a cluster presents tokens that are refused cluster=\"{}\" cause={} suppressed={}",
            verdict.once_of, verdict.why, *held
        );
}

void push_handler::refused(const http_request& head, unsigned status) {
    const auto who = std::static_pointer_cast<visit>(head.context);
    if (!who) return;
    who->ticket.refused(status == 413 ? "too_large" : status == 503 ? "no_memory" : "malformed");
}

// --- with the body ------------------------------------------------------------------------------

task<http_response> push_handler::handle(http_request request) {
    const auto who = std::static_pointer_cast<visit>(request.context);
    if (!who) co_return refusal(500, "the request was not screened");

    const auto turn = who->desk->take_turn(time_.now());
    if (!turn || *turn > 0s) {
        co_await hold(turn.value_or(opt_.hold));
        if (!turn) {
            who->ticket.refused("flooding");
            auto no = refusal(429, "more requests than the cluster's hard rate allows");
            no.headers.add("Retry-After", "5");
            co_return no;
        }
    }

    const auto& cluster  = who->desk->name();
    const auto  received = time_.utc();
    auto        verdict  = check_event(request.body, *cluster, received);
    switch (verdict.what) {
        case event_verdict::kind::reject400:
            count_verdict(2);
            who->ticket.refused("malformed");
            co_return refusal(400, std::move(verdict.reason));
        case event_verdict::kind::quarantine: {
            count_verdict(1);
            auto aside = who->desk->set_aside({
                .from     = cluster,
                .received = received,
                .about    = std::move(verdict.about),
                .reason   = std::move(verdict.reason),
                .body     = std::move(request.body),
            });
            co_return co_await keep(*who, std::move(aside), 202);
        }
        case event_verdict::kind::store: break;
    }
    count_verdict(0);
    request.body           = {};  // the event has what it needs, and may wait for its commit
    verdict.event.from     = cluster;
    verdict.event.received = received;
    auto record            = who->desk->admit(std::move(verdict.event));
    co_return co_await keep(*who, std::move(record), 200);
}

/// Until its cluster's turn, or, where the cluster floods, long enough.
task<void> push_handler::hold(steady_time::duration wait) {
    held_.add();
    const auto clock = time_.make_bell();
    co_await clock->wait_until(time_.now() + wait);
}

task<http_response> push_handler::keep(visit& who, ingest_record record, unsigned status) {
    auto kept = co_await sink_.submit(std::move(record));
    seconds_.observe(std::chrono::duration<double>(time_.now() - who.begun).count());
    if (!kept) {
        who.ticket.refused("held_too_long");
        auto no = refusal(503, "neither the store nor the spool takes events now");
        no.headers.add("Retry-After", "30");
        co_return no;
    }
    who.ticket.acknowledged(*kept);
    co_return http_response{.status = status};
}

}  // namespace falconer::ingest
