#include "window.hpp"

#include "falconer/sha256.hpp"

#include <algorithm>
#include <charconv>

namespace falconer::alerts {
namespace {

std::uint64_t digest_of(std::string_view text) {
    const auto    whole = sha256(text);
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < 8; ++i) first = first << 8 | whole[i];
    return first;
}

value number_text(std::uint64_t n) {
    return value::number(std::to_string(n));
}

std::uint64_t number_in(const value& is) {
    std::uint64_t n = 0;
    if (const auto* text = is.numeral_text())
        std::from_chars(text->data(), text->data() + text->size(), n);
    return n;
}

}  // namespace

event_window::event_window(const threshold& of)
    : of_(of), step_(std::max<std::int64_t>(1, of.window.count() / 60)),
      steps_(std::max<std::int64_t>(1, (of.window.count() + step_ - 1) / step_)) {}

std::int64_t event_window::step_of(utc_time t) const {
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count() / step_;
}

std::uint64_t event_window::within(std::int64_t first, std::int64_t last) const {
    std::uint64_t n = 0;
    if (of_.how == kind::distinct) {
        for (const auto& [digest, step] : values_)
            if (step >= first && step <= last) ++n;
        return n;
    }
    for (auto at = counts_.lower_bound(first); at != counts_.end() && at->first <= last; ++at)
        n += at->second;
    return n;
}

bool event_window::add(utc_time received, std::string_view what) {
    const auto step = step_of(received);
    if (of_.how == kind::first_seen) {
        const auto digest = digest_of(what);
        const auto had    = values_.find(digest);
        const bool fresh  = had == values_.end() || had->second + steps_ < step;
        auto&      last   = values_[digest];
        last              = std::max(last, step);
        if (values_.size() > most_values)
            values_.erase(std::ranges::min_element(values_, {}, [](const auto& each) {
                return each.second;
            }));
        return fresh && received >= learns_until_;
    }
    if (of_.how == kind::distinct) {
        auto& last = values_[digest_of(what)];
        last       = std::max(last, step);
        // More than are asked for, of the newest, say no more than these.
        if (values_.size() > std::max<std::size_t>(2 * of_.at_least, 64))
            values_.erase(std::ranges::min_element(values_, {}, [](const auto& each) {
                return each.second;
            }));
        return within(step - steps_ + 1, step) >= of_.at_least;
    }
    counts_[step]     += 1;
    const auto newest  = counts_.rbegin()->first;
    // Every window that it is in, by the step it ends with; of the newest event's there is one.
    for (auto last = step; last <= std::min(newest, step + steps_ - 1); ++last)
        if (within(last - steps_ + 1, last) >= of_.at_least) return true;
    return false;
}

bool event_window::is_enough(utc_time now) const {
    const auto step = step_of(now);
    return within(step - steps_ + 1, step) >= of_.at_least;
}

bool event_window::prune(utc_time now) {
    // Twice the window: a late event may still find its neighbours.
    const auto oldest = step_of(now) - 2 * steps_;
    counts_.erase(counts_.begin(), counts_.lower_bound(oldest));
    while (counts_.size() > most_steps) counts_.erase(counts_.begin());
    std::erase_if(values_, [&](const auto& each) { return each.second < oldest; });
    return counts_.empty() && values_.empty();
}

value event_window::value_of() const {
    value is = value::map(), counts = value::list(), values = value::list();
    for (const auto& [step, n] : counts_) {
        counts.push_back(step);
        counts.push_back(number_text(n));
    }
    for (const auto& [digest, step] : values_) {
        values.push_back(number_text(digest));
        values.push_back(step);
    }
    if (!counts_.empty()) is["counts"] = std::move(counts);
    if (!values_.empty()) is["values"] = std::move(values);
    is["step"] = step_;
    is["learn"] =
        std::chrono::floor<std::chrono::seconds>(learns_until_).time_since_epoch().count();
    return is;
}

void event_window::put(const value& is) {
    const auto* step  = is.find("step");
    const auto* learn = is.find("learn");
    if (learn != nullptr)
        learns_until_ = utc_time{std::chrono::seconds{learn->integer().value_or(0)}};
    // Of another window, as its rule was before it was changed: it begins anew.
    if (step == nullptr || step->integer() != step_) return;
    const auto pairs = [&](std::string_view key, const auto& put_one) {
        const auto* list = is.find(key);
        if (list == nullptr) return;
        const auto& items = list->items();
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) put_one(items[i], items[i + 1]);
    };
    pairs("counts", [&](const value& at, const value& n) {
        counts_[at.integer().value_or(0)] = number_in(n);
    });
    pairs("values", [&](const value& digest, const value& at) {
        values_[number_in(digest)] = at.integer().value_or(0);
    });
}

}  // namespace falconer::alerts
