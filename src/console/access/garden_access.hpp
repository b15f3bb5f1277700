// What the garden's people may see here, asked of the garden and remembered for a moment.
#pragma once

#include "falconer/one_shot.hpp"
#include "falconer/ports/event_queries.hpp"
#include "falconer/task_scope.hpp"
#include "falconer/turnstile.hpp"
#include "garden_questions.hpp"
#include "project_watch.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::console {

/// - Events of a project are read with `get shoots` in its namespace; everything, also what is no
///   shoot's, with `list shoots` everywhere.
/// - Who has `update falcoevents.falco.gardener.cloud` there, or `update shoots`, changes what is
///   thought of them.
/// - Quarantined bodies are put back by whoever has `get secrets` everywhere, as the dashboard's
///   administrators have.
/// - Everything is changed by whoever has all of that everywhere.
///
/// A decision is believed for `keep`, never past the token's end; all of a token's are asked for
/// together, once however many wait for them. What the garden has not said is not allowed.
///
/// Lifetime : start() once; stop() before destruction. Borrows the API.
/// Threading: the loop thread.
class garden_access {
public:
    struct options {
        std::chrono::seconds keep{30};
        std::chrono::seconds keep_refused{5};  // of a token that nobody has
        std::size_t          tokens  = 2000;   // remembered
        std::size_t          at_once = 16;     // questions about one token
        std::size_t          strange = 8;      // tokens looked at that were not known before
        std::size_t          waiting = 64;     // … and others that wait for it
        std::string          landscape{};      // of the projects; empty: of any
    };
    enum class right { read, change };

    struct rights {
        garden_user             who{};
        readable_clusters       sees{};
        bool                    operates = false;
        std::optional<utc_time> ends{};        // with the token
        steady_time             good_until{};  // then they are looked at again
    };

    garden_access(asio::any_io_executor loop, time_source& time, kube_api& garden, options opt);

    void       start();
    task<void> stop() { return scope_.stop(); }

    /// Errors : denied       nobody has this token (any more)
    ///          unavailable, timed_out   the garden does not say
    ///          overloaded   too many unknown tokens at once
    task<result<rights>> of(secret token, right which);

    /// The project that has this namespace. Nothing: none, as far as one knows.
    std::optional<std::string> project_of(std::string_view namespace_name) const;

    bool knows(std::string_view project) const;
    /// When the projects began that are known, by their names.
    std::map<std::string, utc_time> begun() const;
    /// Whose shoots they are; empty: of any.
    const std::string& landscape() const { return opt_.landscape; }

    /// Nothing: people can be let in.
    std::optional<std::string> missing() const { return projects_.missing(); }

private:
    struct entry {
        std::optional<result<rights>>                is{};
        steady_time                                  until{};
        std::uint64_t                                version   = 0;  // of the projects
        bool                                         under_way = false;
        std::vector<std::shared_ptr<one_shot<bool>>> waiting{};
    };
    using entry_ptr = std::shared_ptr<entry>;
    struct survey;

    bool                 is_good(const entry& which) const;
    entry_ptr            entry_of(const secret& token, right which);
    void                 tidy();
    task<void>           look(entry_ptr into, secret token, right which);
    task<result<rights>> ask(secret token, right which);
    task<result<bool>>   may_everywhere(garden_user who, right which);
    task<result<void>>   ask_projects(rights& of, right which);
    task<void>           work(std::shared_ptr<survey> on);

    asio::any_io_executor            loop_;
    time_source&                     time_;
    options                          opt_;
    garden_questions                 garden_;
    project_watch                    projects_;
    std::map<std::string, entry_ptr> known_{};  // by the token's digest and the right
    turnstile                        strange_;
    std::size_t                      strangers_ = 0;
    task_scope                       scope_;
};

}  // namespace falconer::console
