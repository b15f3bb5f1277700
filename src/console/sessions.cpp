#include "sessions.hpp"

#include "access/garden_access.hpp"
#include "falconer/base64.hpp"
#include "falconer/sha256.hpp"

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

/// No cookie: it has a letter that none of ours has.
std::string bearer_key(const secret& token) {
    const auto digest = sha256(token.reveal());
    return "bearer:" + hex_text({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

/// However long a cookie is.
std::string digest_of(std::string_view token) {
    const auto digest = sha256(token);
    return {digest.begin(), digest.end()};
}

constexpr std::size_t most_over = 100'000;

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
    return open({.who = *who}, std::nullopt);
}

sessions::opened sessions::open(session of, std::optional<utc_time> ends, std::string token) {
    of.ends = time_.utc() + opt_.life;
    if (ends) of.ends = std::min(of.ends, *ends);
    of.sealed = !token.empty();
    // Of a request at the same time: of one cookie there is one session, which can be ended.
    if (auto there = find(token)) return {std::move(token), std::move(there)};
    if (token.empty()) token = new_token();
    opened it{std::move(token), std::make_shared<session>(std::move(of))};
    keep(it.token, it.what);
    return it;
}

void sessions::keep(std::string token, session_ptr what) {
    tidy();
    make_room(what->who);
    oldest_first_.push_back(token);
    all_.insert_or_assign(std::move(token), std::move(what));
}

session_ptr sessions::find_bearer(const secret& token) {
    return find(bearer_key(token));
}

session_ptr sessions::open_bearer(session of, std::optional<utc_time> ends) {
    if (auto there = find_bearer(of.token)) return there;  // of a request at the same time
    of.ends = time_.utc() + opt_.life;
    if (ends) of.ends = std::min(of.ends, *ends);
    auto key  = bearer_key(of.token);
    auto made = std::make_shared<session>(std::move(of));
    keep(std::move(key), made);
    return made;
}

std::size_t sessions::count(std::string_view user, std::size_t session::* what) const {
    std::size_t all = 0;
    for (const auto& [token, each] : all_)
        if (each->who.name == user) all += (*each).*what;
    return all;
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
    if (!it->second->over && it->second->ends > time_.utc()) return it->second;
    sign_out(it->first);
    return nullptr;
}

task<result<void>> look_again(session_ptr who, time_source& time) {
    const failure over{errc::denied, "the session has ended"};
    if (who->over || who->ends <= time.utc()) co_return over;
    if (who->garden == nullptr || time.now() < who->looked_until) co_return result<void>{};
    secret token = who->token;
    auto   now   = co_await who->garden->of(std::move(token), garden_access::right::read);
    if (!now && now.error().code == errc::denied) who->over = true;
    if (!now) co_return std::move(now).error();
    // A token that is somebody else's now is none of this session's.
    if (now->who.name != who->who.name) who->over = true;
    if (who->over) co_return over;
    who->who.sees       = std::move(now->sees);
    who->who.may_replay = now->operates;
    who->looked_until   = now->good_until;
    co_return result<void>{};
}

bool sessions::sign_out(std::string_view token) {
    const auto it = all_.find(token);
    if (it == all_.end()) return false;
    it->second->over = true;
    if (it->second->sealed) is_over_now(it->first, it->second->ends);
    std::erase(oldest_first_, it->first);
    all_.erase(it);
    return true;
}

bool sessions::is_over(std::string_view token) const {
    return over_.contains(digest_of(token));
}

void sessions::is_over_now(std::string_view token, utc_time ends) {
    const auto now = time_.utc();
    while (!over_until_.empty() && (over_until_.front().second <= now || over_.size() >= most_over)
    ) {
        over_.erase(over_until_.front().first);
        over_until_.pop_front();
    }
    if (ends <= now) return;
    const auto [at, news] = over_.insert(digest_of(token));
    if (news) over_until_.emplace_back(*at, ends);
}

}  // namespace falconer::console
