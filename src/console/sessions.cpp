#include "sessions.hpp"

#include <algorithm>

namespace falconer::console {
namespace {

/// In a time that tells nothing of where they differ.
bool same(std::string_view a, std::string_view b) {
    unsigned differs = a.size() != b.size() ? 1U : 0U;
    for (std::size_t i = 0; i < a.size(); ++i)
        differs |= static_cast<unsigned char>(a[i] ^ (b.empty() ? '\0' : b[i % b.size()]));
    return differs == 0;
}

/// 244 random bits.
std::string new_token() {
    auto text = uuid::random().text() + uuid::random().text();
    std::erase(text, '-');
    return text;
}

}  // namespace

result<sessions::opened> sessions::sign_in(std::string_view name, std::string_view password) {
    const auto now = time_.now();
    while (!failed_.empty() && failed_.front() + std::chrono::minutes(1) <= now)
        failed_.pop_front();
    if (failed_.size() >= opt_.failures)
        return failure{errc::overloaded, "too many wrong passwords in the last minute"};
    const user* who = nullptr;
    for (const auto& each : opt_.users)
        if (same(name, each.name) && !each.password.empty() &&
            same(password, each.password.reveal()))
            who = &each;
    if (who == nullptr) {
        failed_.push_back(now);
        return failure{errc::denied, "no user has this name and this password"};
    }
    tidy();
    make_room(*who);
    opened it{
        new_token(),
        std::make_shared<session>(session{.who = *who, .ends = time_.utc() + opt_.life})
    };
    all_[it.token] = it.what;
    oldest_first_.push_back(it.token);
    return it;
}

/// Those that have ended, and the oldest where there are too many.
void sessions::tidy() {
    while (!oldest_first_.empty()) {
        const auto it = all_.find(oldest_first_.front());
        if (it != all_.end() && it->second->ends > time_.utc() && all_.size() < opt_.most) return;
        if (it != all_.end())
            sign_out(it->first);
        else
            oldest_first_.pop_front();
    }
}

/// One user's many sessions end their own, nobody else's.
void sessions::make_room(const user& who) {
    const auto theirs = [&](const std::string& token) {
        const auto it = all_.find(token);
        return it != all_.end() && it->second->who.name == who.name;
    };
    if (static_cast<std::size_t>(std::ranges::count_if(oldest_first_, theirs)) < opt_.of_one)
        return;
    const std::string oldest = *std::ranges::find_if(oldest_first_, theirs);
    sign_out(oldest);
}

session_ptr sessions::find(std::string_view token) {
    const auto it = all_.find(token);
    if (it == all_.end()) return nullptr;
    if (it->second->ends > time_.utc()) return it->second;
    sign_out(it->first);
    return nullptr;
}

void sessions::sign_out(std::string_view token) {
    const auto it = all_.find(token);
    if (it == all_.end()) return;
    it->second->over = true;
    std::erase(oldest_first_, it->first);
    all_.erase(it);
}

}  // namespace falconer::console
