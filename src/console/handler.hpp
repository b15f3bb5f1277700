// The role `console` as an HTTP handler: who asks, what for, and what they may see of the answer.
#pragma once

#include "event_view.hpp"
#include "falconer/alerts/rule_check.hpp"
#include "falconer/net/http_handler.hpp"
#include "falconer/net/sealed_box.hpp"
#include "falconer/ports/alert_desk.hpp"
#include "falconer/ports/alert_previews.hpp"
#include "falconer/ports/event_queries.hpp"
#include "falconer/ports/incident_desk.hpp"
#include "falconer/ports/landscape_queries.hpp"
#include "falconer/ports/provider_queries.hpp"
#include "falconer/ports/triage_desk.hpp"
#include "falconer/time_source.hpp"
#include "falconer/turnstile.hpp"
#include "falconer/value.hpp"
#include "kept_answers.hpp"
#include "news_desk.hpp"
#include "search_parameters.hpp"
#include "sessions.hpp"
#include "user_limits.hpp"
#include "wire.hpp"

#include <asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace falconer::console {

class oidc_sign_in;

/// Puts a quarantined body back: as an event, if it is one by today's rules.
class body_replay {
public:
    virtual ~body_replay() = default;

    struct outcome {
        bool           stored = false;
        std::string    why{};  // not
        event_position at{};   // of the event
    };
    /// Errors : those of storing.
    virtual task<result<outcome>> replay(aside_body what) = 0;
};

/// Threading: the loop thread. Borrows store, replay and time.
class handler final : public net::http_handler {
public:
    struct options {
        sessions::options        sign_in{};
        bool                     tls             = false;  // cookies are for encrypted ways only
        std::string              frame_ancestors = "'none'";
        std::vector<std::string> hosts{};  // names it answers to, without ports; none: any
        std::string              version{};
        std::vector<std::string> stores{"main"};
        std::size_t              questions = 8, tails = 6, exports = 2;  // of one session, at once
        std::size_t              files   = 16;                           // of all sessions, at once
        std::size_t              reading = 2;  // of these, for how many a page is read at once
        user_limits::options     limits{};
        bool                     audit_reads = false;  // each question is a line of the log
        /// Under which sessions lie in their cookies, so that every replica knows them; none: they
        /// are this process's.
        std::optional<net::sealed_box> box{};
    };

    handler(
        asio::any_io_executor loop, time_source& time, event_queries& store, body_replay& replay,
        options opt
    );

    /// Where it is kept what people think of events. Without it nothing of that is here.
    void use(triage_desk& desk) { triage_ = &desk; }
    /// And of incidents; likewise.
    void use(incident_desk& desk) { incidents_ = &desk; }
    /// Where alert rules and silences are kept, and rules tried. Without it there are none here.
    /// `ground`: what rules may lean on; without receivers there any name will do.
    void use(
        alerts::alert_desk& desk, alerts::alert_previews& previews, alerts::rule_ground ground = {}
    ) {
        alerts_         = &desk;
        alert_previews_ = &previews;
        ground_         = std::move(ground);
    }
    /// Where events are counted by days. Without it there is no landscape.
    void use(landscape_queries& counts) { landscape_ = &counts; }
    /// Who answers as Gardener's falco-event-provider does. Without it that API is not here.
    void use(provider_queries& events) { provider_ = &events; }
    /// From now on whoever the garden knows is let in. It outlives every request.
    void let_in_by(garden_access& garden) { garden_ = &garden; }

    /// … and whoever signs in there. Only with a garden. It outlives every request.
    void sign_in_at(oidc_sign_in& there) { oidc_ = &there; }

    std::optional<net::http_response> screen(net::http_request& head) override;
    task<net::http_response>          handle(net::http_request request) override;

private:
    /// A request whose sender is known.
    struct question {
        session_ptr       who{};
        std::string       token{};
        address           where{};
        net::http_request request{};
    };
    using reply = task<net::http_response>;
    struct route;
    static const route* route_of(
        const std::string& method, std::string_view path, bool& path_known
    );

    task<net::http_response> api(net::http_request request, address where);
    net::http_response documents(const net::http_request& request, const address& where) const;
    std::optional<net::http_response> forged(const net::http_request& request) const;
    net::http_response                with_guards(net::http_response answer) const;

    net::http_response       ways_to_sign_in() const;
    task<net::http_response> sign_in(net::http_request request);
    task<net::http_response> sign_in_with_token(value what);
    /// `cookie`: of a session that another replica has opened; else empty.
    /// `until`: when that session ends; nothing: it begins here.
    task<result<sessions::opened>> let_in(
        secret token, std::string kind, std::string cookie, std::optional<utc_time> until = {}
    );
    task<result<session_ptr>> resumed(std::string cookie);
    task<net::http_response>  begin_elsewhere(address where);
    task<net::http_response>  back_from_elsewhere(address back, std::string kept);
    net::http_response        refusal_of_garden(const failure& why);
    /// Nothing: `q.who` may ask.
    task<std::optional<net::http_response>> enter(question& q);
    std::optional<problem>                  too_much_of(const question& q);
    task<net::http_response>                answered(const route& by, question q);
    void note(const session& of, const std::string& what, unsigned status) const;

    /// When the session ends that lies in a cookie. Nothing: none lies there.
    std::optional<utc_time> end_of(const std::string& cookie) const;
    net::http_response      sign_out(const net::http_request& request);
    task<std::string>       me_json(session_ptr of);
    std::string             cookie_field(std::string_view token, utc_time::duration life) const;

    reply me(question q);
    reply fields(question q);
    reply events(question q);
    reply event(question q);
    reply raw_event(question q);
    reply facets(question q);
    reply histogram(question q);
    reply tail(question q);
    reply file(question q);
    reply clusters(question q);
    reply quarantine(question q);
    reply quarantined(question q);
    reply quarantined_bytes(question q);
    reply replay(question q);

    reply assess(question q);
    reply undo(question q);
    reply history(question q);
    reply actions(question q);
    reply suppressions(question q);
    reply one_suppression(question q);
    reply preview_suppression(question q);
    reply suppress(question q);
    reply change_suppression(question q);
    reply exception_of(question q);

    reply                               incidents(question q);
    reply                               incident_by_id(question q);
    reply                               act_on_incidents(question q);
    reply                               first_seen(question q);
    reply                               similar_events(question q);
    task<result<std::vector<incident>>> similar_to(
        filter::node_ptr what, uuid but, readable_clusters who, utc_time since
    );

    reply standing_alerts(question q);
    reply alert_rules(question q);
    reply one_alert_rule(question q);
    reply preview_alert_rule(question q);
    reply write_alert_rule(question q);
    reply delete_alert_rule(question q);
    reply silences(question q);
    reply silence_alerts(question q);
    reply end_silence(question q);
    /// A rule in a body whose receivers and time zone are there.
    std::variant<alerts::alert_rule, problem> founded_rule_in(const value& body) const;
    /// The one that a path names, so many parts before its last, if it is theirs to see.
    task<std::variant<alerts::kept_rule, problem>> rule_by_path(
        std::string path, readable_clusters who, int from_the_end
    );

    reply       landscape(question q);
    std::string project_in(const address& where) const;

    static bool              is_of_provider(std::string_view path);
    task<net::http_response> provider(net::http_request request, address where);
    task<net::http_response> pull_events(const question& q);
    task<net::http_response> pull_groups(const question& q);
    task<net::http_response> pull_counts(const question& q);

    task<result<found_event>> find_event(const question& q);

    /// Of whose events they may say what is thought; nobody's: they may not.
    /// Errors: those of asking the garden.
    task<result<readable_clusters>> changeable(session_ptr who);

    /// What is searched for, with what is hidden of it.
    task<std::variant<event_search, problem>> searched(address where, readable_clusters who);
    /// And a number from 1 on, whose parameter is called `name`; nothing given: `otherwise`.
    task<std::variant<bounded_search, problem>> bounded(
        const question& q, std::string_view name, std::size_t otherwise, std::size_t most
    );
    task<result<assessments>>    standing_of(std::vector<event_position> all);
    task<std::optional<problem>> find_asked(
        assess_order& order, std::optional<address> filter, readable_clusters who,
        found_places& found
    );
    /// The one that a path names, so many parts before its last.
    task<std::variant<suppression, problem>> suppression_in(
        std::string path, readable_clusters who, int from_the_end
    );
    task<result<void>> leave_out_others(std::vector<triage_action>& done, readable_clusters who);
    static problem     not_theirs_to_triage();
    static problem     problem_of_triage(const failure& why);

    asio::any_io_executor   loop_;
    time_source&            time_;
    event_queries&          store_;
    body_replay&            replay_;
    triage_desk*            triage_         = nullptr;
    incident_desk*          incidents_      = nullptr;
    alerts::alert_desk*     alerts_         = nullptr;
    landscape_queries*      landscape_      = nullptr;
    provider_queries*       provider_       = nullptr;
    alerts::alert_previews* alert_previews_ = nullptr;
    alerts::rule_ground     ground_{};
    options                 opt_;
    sessions                sessions_;
    news_desk               news_;
    user_limits             limits_;
    kept_answers            counted_;
    garden_access*          garden_ = nullptr;
    oidc_sign_in*           oidc_   = nullptr;
    log_gate                refused_{}, away_{};
    /// Each file that is being written holds it: so many are there, and we.
    std::shared_ptr<turnstile> turns_;
};

}  // namespace falconer::console
