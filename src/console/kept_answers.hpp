// Answers that were given a moment ago, for whoever asks the same.
#pragma once

#include "falconer/time_source.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace falconer::console {

/// Threading: the loop thread.
class kept_answers {
public:
    struct options {
        std::chrono::seconds keep{10};
        std::size_t          most  = 200;
        std::size_t          bytes = 32 * 1024 * 1024;  // of all, about
    };
    kept_answers(time_source& time, options opt) : time_(time), opt_(opt) {}

    /// Nothing: it is to be found anew.
    std::optional<std::string> find(const std::string& question) const {
        const auto had = all_.find(question);
        if (had == all_.end() || time_.now() >= had->second.until) return std::nullopt;
        return had->second.text;
    }
    void keep(const std::string& question, std::string text) {
        const auto more = question.size() + text.size();
        if (more > opt_.bytes) return;
        if (is_too_much(more))
            std::erase_if(all_, [&](const auto& each) { return time_.now() >= each.second.until; });
        if (is_too_much(more)) all_.clear();
        all_[question] = {std::move(text), time_.now() + opt_.keep};
    }

private:
    bool is_too_much(std::size_t more) const {
        for (const auto& [question, is] : all_) more += question.size() + is.text.size();
        return all_.size() >= opt_.most || more > opt_.bytes;
    }

    struct answer {
        std::string text{};
        steady_time until{};
    };
    time_source&                  time_;
    options                       opt_;
    std::map<std::string, answer> all_{};
};

}  // namespace falconer::console
