// How much one user may ask, whatever they ask from.
#pragma once

#include "falconer/time_source.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::console {

/// Two buckets for each user: one of questions, and one of the time that the store spends on them.
/// Threading: the loop thread.
class user_limits {
public:
    struct options {
        std::size_t          per_second = 50;  // questions
        std::size_t          at_once    = 200;
        std::chrono::seconds store_time{120};  // in a minute; as much at once
    };
    user_limits(time_source& time, options opt) : time_(time), opt_(opt) {}

    /// Nothing: they may ask now, and have asked. Else when they may.
    std::optional<std::chrono::seconds> ask(std::string_view user);
    /// What a question has cost.
    void spent(std::string_view user, steady_time::duration of_the_store);

private:
    struct account {
        double      questions = 0, seconds = 0;  // that are left
        steady_time at{};
    };
    account& of(std::string_view user);
    void     tidy();

    time_source&                                time_;
    options                                     opt_;
    std::map<std::string, account, std::less<>> accounts_{};
};

}  // namespace falconer::console
