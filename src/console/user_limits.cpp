#include "user_limits.hpp"

#include <algorithm>
#include <cmath>

namespace falconer::console {
namespace {

constexpr std::size_t many = 1000;  // accounts; those that are full are nobody's loss

double seconds_of(steady_time::duration is) {
    return std::chrono::duration<double>(is).count();
}

}  // namespace

user_limits::account& user_limits::of(std::string_view user) {
    const auto now  = time_.now();
    const auto most = static_cast<double>(opt_.at_once);
    const auto time = static_cast<double>(opt_.store_time.count());
    auto       had  = accounts_.find(user);
    if (had == accounts_.end()) {
        tidy();
        had = accounts_.emplace(std::string(user), account{most, time, now}).first;
    }
    auto&      it     = had->second;
    const auto passed = seconds_of(now - it.at);
    it.questions = std::min(most, it.questions + passed * static_cast<double>(opt_.per_second));
    it.seconds   = std::min(time, it.seconds + passed * time / 60);
    it.at        = now;
    return it;
}

void user_limits::tidy() {
    if (accounts_.size() < many) return;
    // After so long either is full again.
    const auto full = time_.now() - std::chrono::minutes(10);
    std::erase_if(accounts_, [&](const auto& each) { return each.second.at < full; });
}

std::optional<std::chrono::seconds> user_limits::ask(std::string_view user) {
    auto&      it     = of(user);
    const auto refill = static_cast<double>(opt_.store_time.count()) / 60;
    double     wait   = 0;
    if (it.questions < 1) wait = (1 - it.questions) / static_cast<double>(opt_.per_second);
    if (it.seconds <= 0) wait = std::max(wait, -it.seconds / refill + 1);
    if (wait > 0) return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(wait)));
    it.questions -= 1;
    return std::nullopt;
}

void user_limits::spent(std::string_view user, steady_time::duration of_the_store) {
    of(user).seconds -= seconds_of(of_the_store);
}

}  // namespace falconer::console
